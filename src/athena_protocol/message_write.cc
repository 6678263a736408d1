// SPDX-License-Identifier: Apache-2.0
// Messages as JSON, by their tables, straight into one string.
#include <map>

#include "athena_protocol/ipc.h"
#include "athena_protocol/json_text.h"
#include "athena_protocol/message_json.h"
#include "athena_protocol/message_table.h"
#include "athena_protocol/value_block.h"
#include "athena_protocol/wire_type_table.h"

namespace lotic::athena {
namespace {

// The label of the allocator that made a block. Every reader wants one, none looks at it.
constexpr std::string_view kAllocatorLabel = "lotic";

struct Writing {
  std::string* out;
  int serde_version = kSerdeVersion;
  Framing framing = Framing::kModern;
  const JoinedMessage* rows = nullptr;  // of the only block
  Status status = Status::OK();         // the first thing that has no form

  void Fail(const Status& failure) {
    if (status.ok()) status = failure;
  }
  void Key(std::string_view name) {
    if (out->back() != '{') out->push_back(',');
    AppendJsonText(name, out);
    out->push_back(':');
  }
};

template <typename T>
void WriteObject(Writing& w, const T& value);

void Write(Writing& w, form::Text, const std::string& value) { AppendJsonText(value, w.out); }
void Write(Writing& w, form::OnlyScalar, const std::string& value) { AppendJsonText(value, w.out); }
void Write(Writing& w, form::Number, int64_t value) { w.out->append(std::to_string(value)); }
void Write(Writing& w, form::NumberText, int64_t value) { AppendJsonText(std::to_string(value), w.out); }
void Write(Writing& w, form::Flag, bool value) { w.out->append(value ? "true" : "false"); }
void Write(Writing& w, form::BoundName, Bound value) { AppendJsonText(kBoundNames[static_cast<size_t>(value)], w.out); }
void Write(Writing& w, form::DirectionName, SortDirection value) { AppendJsonText(kDirectionNames[static_cast<size_t>(value)], w.out); }

void Write(Writing& w, form::Bytes, const std::string& value) {
  w.out->push_back('"');
  AppendBase64({reinterpret_cast<const uint8_t*>(value.data()), value.size()}, w.out);
  w.out->push_back('"');
}
void Write(Writing& w, form::Schema, const WireSchema& value) { Write(w, form::Bytes{}, EncodeSchema(value, w.framing)); }
void Write(Writing& w, form::Block, const Block& value) {
  w.out->push_back('{');
  w.Key("aId");
  AppendJsonText(kAllocatorLabel, w.out);
  w.Key("schema");
  Write(w, form::Schema{}, value.schema);
  w.Key("records");
  w.out->push_back('"');
  if (w.rows != nullptr) {
    if (w.rows->num_rows() > 0) w.rows->AppendBase64(w.out);
  } else if (value.rows.num_rows() > 0) {
    EncodeBatchBase64(value.rows, w.framing, w.out);
  }
  w.out->append("\"}");
}

void Write(Writing& w, form::Type, const WireType& type) {
  const WireTypeForm* form = nullptr;
  for (const WireTypeForm& known : kWireTypeForms) {
    if (known.kind == type.kind) form = &known;
  }
  if (form == nullptr || (type.kind == WireKind::kDecimal && type.bit_width == 256)) {
    w.Fail(Status::Invalid("type ", type.ToString(), " has no JSON form in the federation protocol"));
    w.out->append("null");
    return;
  }
  w.out->append("{\"@type\":");
  AppendJsonText(form->name, w.out);
  for (const TypeParameter parameter : form->parameters) {
    if (parameter == TypeParameter::kNone) continue;
    w.Key(TypeParameterName(parameter));
    const auto word = [&](std::string_view text) { AppendJsonText(text, w.out); };
    switch (parameter) {
      case TypeParameter::kNone: break;
      case TypeParameter::kIntervalUnit: word(kIntervalUnits[type.bit_width == 32 ? 0 : type.bit_width == 64 ? 1 : 2]); break;
      case TypeParameter::kListSize:
      case TypeParameter::kByteWidth: Write(w, form::Number{}, type.fixed_size); break;
      case TypeParameter::kBitWidth: Write(w, form::Number{}, type.bit_width); break;
      case TypeParameter::kIsSigned: Write(w, form::Flag{}, type.is_signed); break;
      case TypeParameter::kFloatPrecision: word(kFloatPrecisions[type.bit_width == 16 ? 0 : type.bit_width == 32 ? 1 : 2]); break;
      case TypeParameter::kPrecision: Write(w, form::Number{}, type.precision); break;
      case TypeParameter::kScale: Write(w, form::Number{}, type.scale); break;
      case TypeParameter::kDateUnit: word(kDateUnits[type.unit == WireUnit::kDay ? 0 : 1]); break;
      case TypeParameter::kTimeUnit: word(kTimeUnits[static_cast<size_t>(type.unit) - static_cast<size_t>(WireUnit::kSecond)]); break;
      case TypeParameter::kTimezone:
        if (type.timezone)
          word(*type.timezone);
        else
          w.out->append("null");
        break;
    }
  }
  w.out->push_back('}');
}

template <typename T>
void Write(Writing& w, form::Object, const T& value) {
  WriteObject(w, value);
}
template <typename... Ts>
void Write(Writing& w, form::Choice, const std::variant<Ts...>& value) {
  std::visit([&](const auto& alternative) { WriteObject(w, alternative); }, value);
}
void Write(Writing& w, form::ValueSet, const WireValueSet& set);
void Write(Writing& w, form::Expression, const WireExpression& expression);

template <typename Item, typename T>
void Write(Writing& w, form::OrNull<Item>, const T& value) {
  Write(w, Item{}, value);
}
template <typename Item, typename T>
void Write(Writing& w, form::OrNull<Item>, const std::optional<T>& value) {
  if (value)
    Write(w, Item{}, *value);
  else
    w.out->append("null");
}
template <typename Item, typename T>
void Write(Writing& w, form::List<Item>, const std::vector<T>& values) {
  w.out->push_back('[');
  bool first = true;
  for (const T& value : values) {
    if (!first) w.out->push_back(',');
    first = false;
    Write(w, Item{}, value);
  }
  w.out->push_back(']');
}
template <typename Item, form::Repeated repeated, typename Pairs>
void Write(Writing& w, form::Map<Item, repeated>, const Pairs& pairs) {
  w.out->push_back('{');
  for (const auto& [name, value] : pairs) {
    w.Key(name);
    Write(w, Item{}, value);
  }
  w.out->push_back('}');
}

// Whether a member may be left out of a message for an older reader.
template <typename Value>
bool SaysNothing(const Value& value, [[maybe_unused]] const Value& by_default) {
  if constexpr (std::is_arithmetic_v<Value>)
    return value == by_default;
  else if constexpr (requires { value.has_value(); })
    return !value.has_value();
  else if constexpr (requires { value.empty(); })
    return value.empty();
  else
    return false;
}

template <typename T, typename Owner, typename Value, typename Form>
void WriteMember(Writing& w, const Member<Owner, Value, Form>& member, const T& object) {
  if (member.since > w.serde_version) {
    if (SaysNothing(object.*member.at, T().*member.at)) return;
    w.Fail(Status::Invalid("serde version ", w.serde_version, " has no ", MessageTable<T>::kName, ".", member.name, " (it came with ", member.since,
                           "), but this request needs it"));
    return;
  }
  w.Key(member.name);
  Write(w, member.form, object.*member.at);
}
template <typename T>
void WriteMember(Writing& w, const FixedMember& member, const T&) {
  w.Key(member.name);
  AppendJsonText(member.value, w.out);
}

template <typename T>
void WriteObject(Writing& w, const T& value) {
  using Table = MessageTable<T>;
  w.out->push_back('{');
  if constexpr (Table::kTyped) {
    w.Key("@type");
    AppendJsonText(Table::kName, w.out);
  }
  std::apply([&](const auto&... member) { (WriteMember(w, member, value), ...); }, Table::kMembers);
  w.out->push_back('}');
}

// ----------------------------------------------------------------------------------------------- value sets and expressions

Block ValueBlock(Writing& w, const WireType& type, std::span<const Scalar> values) {
  Result<Block> block = MakeValueBlock(type, values);
  if (block.ok()) return std::move(*block);
  w.Fail(block.status());
  return {};
}

MarkerJson MarkerOf(Writing& w, const WireType& type, const Marker& marker) {
  const bool null = IsNull(marker.value);
  return {ValueBlock(w, type, {&marker.value, null ? size_t{0} : size_t{1}}), marker.bound, null};
}

void Write(Writing& w, form::ValueSet, const WireValueSet& set) {
  switch (set.kind) {
    case WireValueSet::Kind::kSortedRanges: {
      SortedRangeSetJson json{set.type, {}, set.null_allowed};
      for (const WireRange& range : set.ranges) json.ranges.push_back({MarkerOf(w, set.type, range.low), MarkerOf(w, set.type, range.high)});
      return WriteObject(w, json);
    }
    case WireValueSet::Kind::kEquatable: return WriteObject(w, EquatableValueSetJson{ValueBlock(w, set.type, set.values), set.white_list, set.null_allowed});
    case WireValueSet::Kind::kAllOrNone: return WriteObject(w, AllOrNoneValueSetJson{set.type, set.all, set.null_allowed});
  }
}

void Write(Writing& w, form::Expression, const WireExpression& expression) {
  switch (expression.kind) {
    case WireExpression::Kind::kFunctionCall: return WriteObject(w, FunctionCallJson{expression.type, {expression.name}, expression.args});
    case WireExpression::Kind::kVariable: return WriteObject(w, VariableJson{expression.name, expression.type});
    case WireExpression::Kind::kConstant: {
      ConstantJson json{{}, expression.type};
      if (!expression.null_block) json.value_block = ValueBlock(w, expression.type, expression.constants);
      return WriteObject(w, json);
    }
  }
}

// Where the bulk of a message is one block, its string grows once.
constexpr size_t kRoomForTheRest = 4096;
template <typename T>
size_t RoomFor(const T&) {
  return kRoomForTheRest;
}
size_t RoomFor(const Block& block) { return block.rows.num_rows() == 0 ? 0 : EncodedBatchSize(block.rows, Framing::kModern) / 3 * 4 + kRoomForTheRest; }
size_t RoomFor(const ReadRecordsResponse& response) { return RoomFor(response.records) + kRoomForTheRest; }
size_t RoomFor(const UserDefinedFunctionResponse& response) { return RoomFor(response.records) + kRoomForTheRest; }

}  // namespace

std::string WriteResponse(const FederationResponse& response) {
  std::string out;
  out.reserve(std::visit([](const auto& alternative) { return RoomFor(alternative); }, response));
  Writing writing{&out};
  Write(writing, form::Choice{}, response);
  LOTIC_CHECK(writing.status.ok());  // answers hold neither value sets nor expressions
  return out;
}

std::string WriteRecords(const ReadRecordsResponse& response, const JoinedMessage& rows) {
  LOTIC_CHECK(response.records.rows.num_rows() == 0);
  std::string out;
  out.reserve(rows.size_bytes() / 3 * 4 + 2 * kRoomForTheRest);
  Writing writing{&out};
  writing.rows = &rows;
  WriteObject(writing, response);
  LOTIC_CHECK(writing.status.ok());
  return out;
}

Result<std::string> WriteRequest(const FederationRequest& request, int serde_version) {
  if (serde_version < 2 || serde_version > kSerdeVersion) {
    return Status::Invalid("request for serde version ", serde_version, ": Lotic speaks 2 to ", kSerdeVersion);
  }
  const int since = std::visit([](const auto& alternative) { return MessageTable<std::decay_t<decltype(alternative)>>::kSince; }, request);
  if (serde_version < since) return Status::Invalid(MessageName(request), ": came with serde version ", since, "; the function speaks ", serde_version);
  std::string out;
  Writing writing{&out, serde_version, serde_version == 2 ? Framing::kLegacy : Framing::kModern};
  Write(writing, form::Choice{}, request);
  if (!writing.status.ok()) return writing.status.WithMessage(MessageName(request), ": ", writing.status.message());
  return out;
}

std::string_view MessageName(const FederationRequest& request) {
  return std::visit([](const auto& alternative) { return MessageTable<std::decay_t<decltype(alternative)>>::kName; }, request);
}
std::string_view MessageName(const FederationResponse& response) {
  return std::visit([](const auto& alternative) { return MessageTable<std::decay_t<decltype(alternative)>>::kName; }, response);
}

}  // namespace lotic::athena
