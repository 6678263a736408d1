// SPDX-License-Identifier: Apache-2.0
// Messages out of JSON, by their tables.
#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include "athena_protocol/ipc.h"
#include "athena_protocol/json_document.h"
#include "athena_protocol/message_json.h"
#include "athena_protocol/message_table.h"
#include "athena_protocol/value_block.h"
#include "athena_protocol/wire_type_table.h"
#include "lotic/batch_builder.h"

namespace lotic::athena {
namespace {

// Where a value stands, for messages: "ReadRecordsRequest.constraints.summary.id.ranges[3].low". A chain on the stack, put together only when something is wrong.
struct Path {
  const Path* up = nullptr;
  std::string_view name = {};
  int64_t index = -1;

  std::string ToString() const {
    std::string text = up == nullptr ? std::string() : up->ToString();
    if (index >= 0) return text + "[" + std::to_string(index) + "]";
    if (!text.empty()) text += '.';
    return text.append(name);
  }
};

constexpr size_t kShownCharacters = 60;

// One reading of one document.
struct Reading {
  const JsonDocument& document;
  bool strict = false;
  int serde_version = kSerdeVersion;  // lowered by the absence of what came later
  // Markers of one set repeat their schema: the last one is kept.
  std::string_view schema_text = {};
  WireSchema schema = {};
};

std::string Shown(const JsonNode& node) {
  if (node.kind == JsonKind::kInteger) return std::to_string(node.integer);
  if (node.kind != JsonKind::kText) return std::string(JsonKindName(node.kind));
  if (node.text.size() <= kShownCharacters) return "\"" + std::string(node.text) + "\"";
  return "a text of " + std::to_string(node.text.size()) + " bytes";
}

Status Expected(const Path& path, std::string_view what, const JsonNode& node) {
  return Status::Invalid(path.ToString(), ": expected ", what, ", found ", Shown(node));
}

Status At(const Path& path, const Status& status) { return status.ok() ? status : status.WithMessage(path.ToString(), ": ", status.message()); }

template <typename T>
Status ReadObject(Reading& r, const Path& path, const JsonNode& node, bool root, T* out);

// --------------------------------------------------------------------------------------------------------------- simple forms

Status Read(Reading&, form::Text, const Path& path, const JsonNode& node, std::string* out) {
  if (node.kind == JsonKind::kInteger) {
    *out = std::to_string(node.integer);
    return Status::OK();
  }
  if (node.kind != JsonKind::kText) return Expected(path, "a text", node);
  *out = node.text;
  return Status::OK();
}

Status ReadInteger(const Path& path, const JsonNode& node, int64_t least, int64_t most, int64_t* out) {
  bool whole = node.kind == JsonKind::kInteger;
  *out = node.integer;
  if (node.kind == JsonKind::kText) {
    const char* end = node.text.data() + node.text.size();
    const auto parsed = std::from_chars(node.text.data(), end, *out);
    whole = parsed.ec == std::errc() && parsed.ptr == end;
  }
  if (!whole || *out < least || *out > most) {
    return Expected(path, "a whole number of " + std::string(most > std::numeric_limits<int>::max() ? "64" : "32") + " bits", node);
  }
  return Status::OK();
}
Status Read(Reading&, form::Number, const Path& path, const JsonNode& node, int64_t* out) {
  return ReadInteger(path, node, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(), out);
}
Status Read(Reading&, form::Number, const Path& path, const JsonNode& node, int* out) {
  int64_t wide = 0;
  LOTIC_RETURN_NOT_OK(ReadInteger(path, node, std::numeric_limits<int>::min(), std::numeric_limits<int>::max(), &wide));
  *out = static_cast<int>(wide);
  return Status::OK();
}
Status Read(Reading& r, form::NumberText, const Path& path, const JsonNode& node, int64_t* out) { return Read(r, form::Number{}, path, node, out); }

Status Read(Reading&, form::Flag, const Path& path, const JsonNode& node, bool* out) {
  const bool yes = node.kind == JsonKind::kTrue || (node.kind == JsonKind::kText && node.text == "true");
  const bool no = node.kind == JsonKind::kFalse || (node.kind == JsonKind::kText && node.text == "false");
  if (!yes && !no) return Expected(path, "true or false", node);
  *out = yes;
  return Status::OK();
}

template <typename Enum, size_t N>
Status ReadWord(const Path& path, const JsonNode& node, const std::array<std::string_view, N>& words, Enum* out) {
  const auto found = node.kind == JsonKind::kText ? std::find(words.begin(), words.end(), node.text) : words.end();
  if (found == words.end()) {
    std::string known;
    for (const std::string_view word : words) known.append(known.empty() ? "" : ", ").append(word);
    return Expected(path, "one of " + known, node);
  }
  *out = static_cast<Enum>(found - words.begin());
  return Status::OK();
}
Status Read(Reading&, form::BoundName, const Path& path, const JsonNode& node, Bound* out) { return ReadWord(path, node, kBoundNames, out); }
Status Read(Reading&, form::DirectionName, const Path& path, const JsonNode& node, SortDirection* out) { return ReadWord(path, node, kDirectionNames, out); }
Status Read(Reading&, form::OnlyScalar, const Path& path, const JsonNode& node, std::string* out) {
  constexpr std::array<std::string_view, 1> kOnly = {"SCALAR"};
  int word = 0;
  LOTIC_RETURN_NOT_OK(ReadWord(path, node, kOnly, &word));
  *out = kOnly[0];
  return Status::OK();
}

// ------------------------------------------------------------------------------------------------------------ Arrow in base64

// A key must not be shown, so this never names the value.
Status Read(Reading&, form::Bytes, const Path& path, const JsonNode& node, std::string* out) {
  if (node.kind != JsonKind::kText) return Status::Invalid(path.ToString(), ": expected base64, found ", JsonKindName(node.kind));
  Result<std::string> bytes = DecodeBase64(node.text);
  if (!bytes.ok()) return At(path, bytes.status());
  *out = std::move(*bytes);
  return Status::OK();
}

Status Read(Reading& r, form::Schema, const Path& path, const JsonNode& node, WireSchema* out) {
  if (node.kind == JsonKind::kObject) return Expected(path, "a schema in base64 (serde version 1 is not supported)", node);
  if (node.kind != JsonKind::kText) return Expected(path, "a schema in base64", node);
  if (node.text.empty() || node.text != r.schema_text) {
    std::string bytes;
    LOTIC_RETURN_NOT_OK(Read(r, form::Bytes{}, path, node, &bytes));
    Result<WireSchema> schema = DecodeSchema(bytes);
    if (!schema.ok()) return At(path, schema.status());
    r.schema = std::move(*schema);
    r.schema_text = node.text;
  }
  *out = r.schema;
  return Status::OK();
}

Result<Batch> EmptyRows(const WireSchema& schema) {
  LOTIC_ASSIGN_OR_RETURN(Schema logical, LogicalSchema(schema));
  return BatchBuilder(std::make_shared<const Schema>(std::move(logical))).Finish(0);
}

// The strings of a block are looked up here and not by a table, since its rows can be read only under its schema.
Status Read(Reading& r, form::Block, const Path& path, const JsonNode& node, Block* out) {
  if (node.kind != JsonKind::kObject) return Expected(path, "a block", node);
  constexpr std::string_view kNames[] = {"aId", "schema", "records"};
  const JsonNode* found[3] = {};
  size_t position = 0;
  for (const JsonNode& member : r.document.children(node)) {
    const auto* name = std::find(std::begin(kNames), std::end(kNames), member.key);
    const auto index = static_cast<size_t>(name - std::begin(kNames));
    if (r.strict && index != position) return Status::Invalid(path.ToString(), ": member \"", member.key, "\" at position ", position, " of a block");
    ++position;
    if (index == 3) continue;
    if (found[index] != nullptr) return Status::Invalid(path.ToString(), ".", member.key, ": stands twice");
    found[index] = &member;
  }
  for (const size_t needed : {size_t{0}, size_t{1}, size_t{2}}) {
    if (found[needed] == nullptr && (needed != 0 || r.strict)) return Status::Invalid(path.ToString(), ".", kNames[needed], ": missing");
  }
  LOTIC_RETURN_NOT_OK(Read(r, form::Schema{}, {&path, "schema"}, *found[1], &out->schema));
  const Path records{&path, "records"};
  if (found[2]->kind == JsonKind::kText && found[2]->text.empty()) {
    Result<Batch> rows = EmptyRows(out->schema);
    if (!rows.ok()) return At(records, rows.status());
    out->rows = std::move(*rows);
    return Status::OK();
  }
  std::string bytes;
  LOTIC_RETURN_NOT_OK(Read(r, form::Bytes{}, records, *found[2], &bytes));
  Result<Block> block = DecodeBatch(out->schema, bytes);
  if (!block.ok()) return At(records, block.status());
  *out = std::move(*block);
  return Status::OK();
}

// ----------------------------------------------------------------------------------------------------------------- Arrow types

Status ReadTypeParameter(Reading& r, TypeParameter parameter, const Path& path, const JsonNode& node, WireType* out) {
  const auto number = [&](int64_t least, int64_t most, int* value) {
    int64_t wide = 0;
    LOTIC_RETURN_NOT_OK(ReadInteger(path, node, least, most, &wide));
    *value = static_cast<int>(wide);
    return Status::OK();
  };
  switch (parameter) {
    case TypeParameter::kNone: break;
    case TypeParameter::kListSize:
    case TypeParameter::kByteWidth: return number(0, std::numeric_limits<int>::max(), &out->fixed_size);
    case TypeParameter::kBitWidth: {
      LOTIC_RETURN_NOT_OK(number(8, 64, &out->bit_width));
      const bool time = out->kind == WireKind::kTime;
      const bool known = out->bit_width == 32 || out->bit_width == 64 || (!time && (out->bit_width == 8 || out->bit_width == 16));
      return known ? Status::OK() : Expected(path, time ? "32 or 64" : "8, 16, 32 or 64", node);
    }
    case TypeParameter::kIsSigned: return Read(r, form::Flag{}, path, node, &out->is_signed);
    case TypeParameter::kFloatPrecision: {
      int word = 0;
      LOTIC_RETURN_NOT_OK(ReadWord(path, node, kFloatPrecisions, &word));
      out->bit_width = 16 << word;
      return Status::OK();
    }
    case TypeParameter::kPrecision: out->bit_width = 128; return number(1, 38, &out->precision);
    case TypeParameter::kScale: return number(0, out->precision, &out->scale);
    case TypeParameter::kDateUnit: {
      int word = 0;
      LOTIC_RETURN_NOT_OK(ReadWord(path, node, kDateUnits, &word));
      out->unit = word == 0 ? WireUnit::kDay : WireUnit::kMilli;
      return Status::OK();
    }
    case TypeParameter::kTimeUnit: {
      int word = 0;
      LOTIC_RETURN_NOT_OK(ReadWord(path, node, kTimeUnits, &word));
      out->unit = static_cast<WireUnit>(static_cast<int>(WireUnit::kSecond) + word);
      return Status::OK();
    }
    case TypeParameter::kTimezone: {
      if (node.kind == JsonKind::kNull) return Status::OK();
      out->timezone.emplace();
      return Read(r, form::Text{}, path, node, &*out->timezone);
    }
    case TypeParameter::kIntervalUnit: {
      int word = 0;
      LOTIC_RETURN_NOT_OK(ReadWord(path, node, kIntervalUnits, &word));
      out->bit_width = 32 << word;
      return Status::OK();
    }
  }
  return Status::OK();
}

Status Read(Reading& r, form::Type, const Path& path, const JsonNode& node, WireType* out) {
  if (node.kind != JsonKind::kObject) return Expected(path, "an Arrow type", node);
  const JsonNode* tag = r.document.Find(node, "@type");
  if (tag == nullptr) return Status::Invalid(path.ToString(), ": an Arrow type without \"@type\" (serde version 1 is not supported)");
  const auto* form = std::find_if(std::begin(kWireTypeForms), std::end(kWireTypeForms),
                                  [&](const WireTypeForm& known) { return tag->kind == JsonKind::kText && known.name == tag->text; });
  if (form == std::end(kWireTypeForms)) return Status::Invalid(path.ToString(), ".@type: no Arrow type ", Shown(*tag), " that has a JSON form");
  *out = WireType();
  out->kind = form->kind;
  for (const TypeParameter parameter : form->parameters) {
    if (parameter == TypeParameter::kNone) continue;
    const Path at{&path, TypeParameterName(parameter)};
    const JsonNode* value = r.document.Find(node, at.name);
    if (value == nullptr) return Status::Invalid(at.ToString(), ": missing from type ", form->name);
    LOTIC_RETURN_NOT_OK(ReadTypeParameter(r, parameter, at, *value, out));
  }
  return Status::OK();
}

// ---------------------------------------------------------------------------------------------------------- forms made of forms

template <typename T>
Status Read(Reading& r, form::Object, const Path& path, const JsonNode& node, T* out) {
  return ReadObject(r, path, node, false, out);
}
// `@type` says which.
template <typename... Ts>
Status ReadChoice(Reading& r, const Path& path, const JsonNode& node, bool root, std::variant<Ts...>* out) {
  if (node.kind != JsonKind::kObject) return Expected(path, "an object", node);
  const JsonNode* tag = r.document.Find(node, "@type");
  if (tag == nullptr) return Status::Invalid(path.ToString(), ".@type: missing");
  Status status = Status::OK();
  const auto try_as = [&](auto* alternative) {
    using T = std::remove_pointer_t<decltype(alternative)>;
    if (tag->kind != JsonKind::kText || tag->text != MessageTable<T>::kName) return false;
    // The message's own name begins every path below it.
    const Path named{nullptr, MessageTable<T>::kName};
    status = ReadObject(r, root ? named : path, node, root, &out->template emplace<T>());
    return true;
  };
  if ((try_as(static_cast<Ts*>(nullptr)) || ...)) return status;
  std::string known;
  ((known += (known.empty() ? "" : ", ") + std::string(MessageTable<Ts>::kName)), ...);
  return Status::Invalid(path.ToString(), ".@type: unknown ", Shown(*tag), "; known are ", known);
}

Status Read(Reading& r, form::ValueSet, const Path& path, const JsonNode& node, WireValueSet* out);
Status Read(Reading& r, form::Expression, const Path& path, const JsonNode& node, WireExpression* out);

template <typename Item, typename T>
Status Read(Reading& r, form::OrNull<Item>, const Path& path, const JsonNode& node, T* out) {
  return node.kind == JsonKind::kNull ? Status::OK() : Read(r, Item{}, path, node, out);
}
template <typename Item, typename T>
Status Read(Reading& r, form::OrNull<Item>, const Path& path, const JsonNode& node, std::optional<T>* out) {
  return node.kind == JsonKind::kNull ? Status::OK() : Read(r, Item{}, path, node, &out->emplace());
}
template <typename Item, typename T>
Status Read(Reading& r, form::List<Item>, const Path& path, const JsonNode& node, std::vector<T>* out) {
  if (node.kind != JsonKind::kArray) return Expected(path, "an array", node);
  out->reserve(node.count);
  for (const JsonNode& item : r.document.children(node)) {
    const Path at{&path, {}, static_cast<int64_t>(out->size())};
    LOTIC_RETURN_NOT_OK(Read(r, Item{}, at, item, &out->emplace_back()));
  }
  return Status::OK();
}
template <typename Item, form::Repeated repeated, typename T>
Status Read(Reading& r, form::Map<Item, repeated>, const Path& path, const JsonNode& node, std::vector<std::pair<std::string, T>>* out) {
  if (node.kind != JsonKind::kObject) return Expected(path, "an object", node);
  out->reserve(node.count);
  std::map<std::string_view, size_t> places;
  for (const JsonNode& member : r.document.children(node)) {
    const Path at{&path, member.key};
    const auto [place, is_new] = places.emplace(member.key, out->size());
    if (!is_new && repeated == form::Repeated::kError) return Status::Invalid(at.ToString(), ": stands twice");
    if (is_new) out->emplace_back(std::string(member.key), T());
    T& value = (*out)[place->second].second;
    if (!is_new) value = T();
    LOTIC_RETURN_NOT_OK(Read(r, Item{}, at, member, &value));
  }
  return Status::OK();
}
template <typename Item, form::Repeated repeated, typename T>
Status Read(Reading& r, form::Map<Item, repeated> map, const Path& path, const JsonNode& node, std::map<std::string, T>* out) {
  std::vector<std::pair<std::string, T>> pairs;
  LOTIC_RETURN_NOT_OK(Read(r, map, path, node, &pairs));
  out->insert(std::make_move_iterator(pairs.begin()), std::make_move_iterator(pairs.end()));
  return Status::OK();
}

// --------------------------------------------------------------------------------------------------------------------- objects

struct MemberRule {
  std::string_view name;
  Absent absent;
  int since;
};
// What an object without one of its members tells of its sender.
struct Shape {
  std::string_view tag;  // the value of `@type`; empty: none
  std::span<const MemberRule> members;
};

// Finds the members of an object: found[i] is that of members[i] or null, where it may be absent.
Status FindMembers(Reading& r, const Shape& shape, const Path& path, const JsonNode& node, bool root, const JsonNode** found) {
  if (node.kind != JsonKind::kObject) return Expected(path, "an object", node);
  const std::span<const JsonNode> children = r.document.children(node);
  const bool typed = !shape.tag.empty();
  bool tagged = false;
  size_t next = 0;  // the member that would come now, were all in order
  for (size_t at = 0; at < children.size(); ++at) {
    const JsonNode& child = children[at];
    if (r.strict && root && next == shape.members.size()) break;  // the original has stopped reading
    if (typed && child.key == "@type") {
      if (tagged) return Status::Invalid(path.ToString(), ".@type: stands twice");
      if (r.strict && at != 0) return Status::Invalid(path.ToString(), ".@type: must be the first member, stands at ", at);
      tagged = true;
      continue;
    }
    if (r.strict && typed && !tagged) return Status::Invalid(path.ToString(), ".@type: must be the first member, is missing");
    size_t index = next;
    if (index >= shape.members.size() || shape.members[index].name != child.key) {
      for (index = 0; index < shape.members.size() && shape.members[index].name != child.key; ++index) {
      }
      if (r.strict) {
        const std::string_view wanted = next < shape.members.size() ? shape.members[next].name : "the end of the object";
        return Status::Invalid(path.ToString(), ": member \"", child.key, "\" at position ", at, ", where the original reads ", wanted);
      }
      if (index == shape.members.size()) continue;  // unknown: of a later version
    }
    if (found[index] != nullptr) return Status::Invalid(path.ToString(), ".", child.key, ": stands twice");
    found[index] = &child;
    next = index + 1;
  }
  for (size_t i = 0; i < shape.members.size(); ++i) {
    const MemberRule& rule = shape.members[i];
    if (found[i] != nullptr) continue;
    if (rule.since > 2) {
      r.serde_version = std::min(r.serde_version, rule.since - 1);
    } else if (rule.absent == Absent::kError || (r.strict && rule.absent == Absent::kTolerated)) {
      return Status::Invalid(path.ToString(), ".", rule.name, ": missing");
    }
  }
  return Status::OK();
}

template <typename T, typename Owner, typename Value, typename Form>
Status ReadMember(Reading& r, const Member<Owner, Value, Form>& member, const Path& path, const JsonNode* node, T* out) {
  if (node == nullptr) return Status::OK();
  return Read(r, member.form, {&path, member.name}, *node, &(out->*member.at));
}
template <typename T>
Status ReadMember(Reading&, const FixedMember&, const Path&, const JsonNode*, T*) {
  return Status::OK();
}

template <typename T>
Status ReadObject(Reading& r, const Path& path, const JsonNode& node, bool root, T* out) {
  using Table = MessageTable<T>;
  static constexpr auto kRules = std::apply(
      [](const auto&... member) {
        return std::array<MemberRule, sizeof...(member)>{MemberRule{member.name, member.absent, member.since}...};
      },
      Table::kMembers);
  const JsonNode* found[kRules.size()] = {};
  LOTIC_RETURN_NOT_OK(FindMembers(r, {Table::kTyped ? Table::kName : std::string_view(), kRules}, path, node, root, found));
  Status status = Status::OK();
  std::apply(
      [&](const auto&... member) {
        size_t index = 0;
        (void)((status = ReadMember(r, member, path, found[index++], out), status.ok()) && ...);
      },
      Table::kMembers);
  return status;
}

// ----------------------------------------------------------------------------------------------- value sets and expressions

Result<Marker> MarkerOf(const WireType& type, const MarkerJson& json) {
  Marker marker{{}, json.bound};
  LOTIC_ASSIGN_OR_RETURN(std::vector<Scalar> values, ValuesOf(json.value_block));
  const WireType& written = json.value_block.schema.fields[0].type;
  if (!(written == type)) return Status::Invalid("a marker of ", written.ToString(), " in a set of ", type.ToString());
  if (json.null_value) return marker;
  if (values.size() != 1) return Status::Invalid("a marker with ", values.size(), " values; it has exactly one");
  if (IsNull(values[0])) return Status::Invalid("a marker whose value is NULL, though nullValue is false");
  marker.value = std::move(values[0]);
  return marker;
}

Result<WireValueSet> ValueSetOf(SortedRangeSetJson json) {
  WireValueSet set;
  set.type = std::move(json.type);
  set.null_allowed = json.null_allowed;
  set.ranges.reserve(json.ranges.size());
  for (size_t i = 0; i < json.ranges.size(); ++i) {
    Result<Marker> low = MarkerOf(set.type, json.ranges[i].low);
    Result<Marker> high = MarkerOf(set.type, json.ranges[i].high);
    const Status& failed = low.ok() ? high.status() : low.status();
    if (!failed.ok()) return failed.WithMessage("range ", i, ": ", failed.message());
    set.ranges.push_back({std::move(*low), std::move(*high)});
  }
  return set;
}
Result<WireValueSet> ValueSetOf(EquatableValueSetJson json) {
  WireValueSet set;
  set.kind = WireValueSet::Kind::kEquatable;
  LOTIC_ASSIGN_OR_RETURN(set.values, ValuesOf(json.value_block));
  set.type = json.value_block.schema.fields[0].type;
  set.white_list = json.white_list;
  set.null_allowed = json.null_allowed;
  return set;
}
Result<WireValueSet> ValueSetOf(AllOrNoneValueSetJson json) {
  WireValueSet set;
  set.kind = WireValueSet::Kind::kAllOrNone;
  set.type = std::move(json.type);
  set.all = json.all;
  set.null_allowed = json.null_allowed;
  return set;
}

Status Read(Reading& r, form::ValueSet, const Path& path, const JsonNode& node, WireValueSet* out) {
  ValueSetJson json;
  LOTIC_RETURN_NOT_OK(ReadChoice(r, path, node, false, &json));
  Result<WireValueSet> set = std::visit([](auto& alternative) { return ValueSetOf(std::move(alternative)); }, json);
  if (!set.ok()) return At(path, set.status());
  *out = std::move(*set);
  return At(path, NormalizeWireValueSet(out));
}

Result<WireExpression> ExpressionOf(FunctionCallJson json) {
  return WireExpression{WireExpression::Kind::kFunctionCall, std::move(json.type), std::move(json.function.name), std::move(json.arguments), {}, false};
}
Result<WireExpression> ExpressionOf(VariableJson json) {
  if (json.column.empty()) return Status::Invalid("a variable without a column name");
  return WireExpression{WireExpression::Kind::kVariable, std::move(json.type), std::move(json.column), {}, {}, false};
}
Result<WireExpression> ExpressionOf(ConstantJson json) {
  WireExpression expression;
  expression.type = std::move(json.type);
  expression.null_block = !json.value_block.has_value();
  if (expression.null_block) return expression;
  LOTIC_ASSIGN_OR_RETURN(expression.constants, ValuesOf(*json.value_block));
  const WireType& written = json.value_block->schema.fields[0].type;
  if (!(written == expression.type)) return Status::Invalid("a constant of ", expression.type.ToString(), " whose values are ", written.ToString());
  return expression;
}

Status Read(Reading& r, form::Expression, const Path& path, const JsonNode& node, WireExpression* out) {
  ExpressionJson json;
  LOTIC_RETURN_NOT_OK(ReadChoice(r, path, node, false, &json));
  Result<WireExpression> expression = std::visit([](auto& alternative) { return ExpressionOf(std::move(alternative)); }, json);
  if (!expression.ok()) return At(path, expression.status());
  *out = std::move(*expression);
  return Status::OK();
}

}  // namespace

Result<ParsedRequest> ParseRequest(std::string_view json) {
  LOTIC_ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse("request", json, kMaxRequestBytes));
  Reading reading{document};
  ParsedRequest parsed;
  LOTIC_RETURN_NOT_OK(ReadChoice(reading, {nullptr, "request"}, document.root(), true, &parsed.request));
  parsed.serde_version = reading.serde_version;
  return parsed;
}

Result<FederationResponse> ParseResponse(std::string_view json, const ReadOptions& options) {
  LOTIC_ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse("response", json, kMaxResponseBytes));
  Reading reading{document, options.strict};
  FederationResponse response;
  LOTIC_RETURN_NOT_OK(ReadChoice(reading, {nullptr, "response"}, document.root(), true, &response));
  if (auto* ping = std::get_if<PingResponse>(&response)) {
    // Absent or 0: an SDK that did not know versions yet.
    if (document.Find(document.root(), "serDeVersion") == nullptr || ping->serde_version == 0) ping->serde_version = 1;
  }
  return response;
}

}  // namespace lotic::athena
