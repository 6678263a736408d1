// SPDX-License-Identifier: Apache-2.0
#include "lotic/scan_json.h"

#include <charconv>
#include <cstring>
#include <set>

#include <nlohmann/json.hpp>

namespace lotic {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxBytes = size_t{16} << 20;
constexpr int kMaxDepth = 64;

// ------------------------------------------------------------------------------------------------------------------ base64

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string Base64(std::string_view in) {
  std::string out;
  for (size_t i = 0; i < in.size(); i += 3) {
    uint32_t group = 0;
    const size_t count = std::min<size_t>(3, in.size() - i);
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? static_cast<uint8_t>(in[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) out += k <= count ? kBase64[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

Result<std::string> FromBase64(std::string_view in) {
  std::string out;
  if (in.size() % 4 != 0) return Status::Invalid("base64 of ", in.size(), " characters");
  for (size_t i = 0; i < in.size(); i += 4) {
    uint32_t group = 0;
    size_t count = 3;
    for (size_t k = 0; k < 4; ++k) {
      const char c = in[i + k];
      if (c == '=' && i + 4 == in.size() && k >= 2 && in[in.size() - 1] == '=') {
        count = std::min(count, k - 1);
        group <<= 6;
        continue;
      }
      const char* at = c == '\0' ? nullptr : std::strchr(kBase64, c);
      if (at == nullptr) return Status::Invalid("base64: bad character at ", i + k);
      group = group << 6 | static_cast<uint32_t>(at - kBase64);
    }
    for (size_t k = 0; k < count; ++k) out += static_cast<char>(group >> (16 - 8 * k) & 255);
  }
  return out;
}

// -------------------------------------------------------------------------------------------------------- reading, with paths

// An object being read: every member must be taken, so that what we do not know is an error and not dropped.
class ObjectReader {
 public:
  static Result<ObjectReader> Of(const Json& json, std::string what) {
    if (!json.is_object()) return Status::Invalid(what, ": expected an object");
    return ObjectReader(json, std::move(what));
  }
  const Json* Find(const char* name) {
    seen_.insert(name);
    const auto at = json_->find(name);
    return at == json_->end() ? nullptr : &*at;
  }
  Result<const Json*> Need(const char* name) {
    const Json* found = Find(name);
    if (found == nullptr) return Status::Invalid(what_, ": no member \"", name, "\"");
    return found;
  }
  Result<std::string> Text(const char* name) {
    LOTIC_ASSIGN_OR_RETURN(const Json* value, Need(name));
    if (!value->is_string()) return Bad(name, "a text");
    return value->get<std::string>();
  }
  Result<int64_t> Integer(const char* name) {
    LOTIC_ASSIGN_OR_RETURN(const std::string text, Text(name));
    int64_t number = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
    if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return Bad(name, "a whole number as text");
    return number;
  }
  Result<bool> Boolean(const char* name) {
    LOTIC_ASSIGN_OR_RETURN(const Json* value, Need(name));
    if (!value->is_boolean()) return Bad(name, "true or false");
    return value->get<bool>();
  }
  Result<std::map<std::string, std::string>> Texts(const char* name) {
    LOTIC_ASSIGN_OR_RETURN(const Json* value, Need(name));
    std::map<std::string, std::string> out;
    if (!value->is_object()) return Bad(name, "an object of texts");
    for (const auto& [key, text] : value->items()) {
      if (!text.is_string()) return Bad(name, "an object of texts");
      out[key] = text.get<std::string>();
    }
    return out;
  }
  Result<const Json*> Array(const char* name) {
    LOTIC_ASSIGN_OR_RETURN(const Json* value, Need(name));
    if (!value->is_array()) return Bad(name, "an array");
    return value;
  }
  /// One of `names`, by index.
  template <typename Enum, size_t N>
  Result<Enum> OneOf(const char* name, const char* const (&names)[N]) {
    LOTIC_ASSIGN_OR_RETURN(const std::string text, Text(name));
    for (size_t i = 0; i < N; ++i) {
      if (text == names[i]) return static_cast<Enum>(i);
    }
    return Status::Invalid(what_, ": member \"", name, "\": unknown value \"", text, "\"");
  }
  Status Finish() const {
    for (const auto& item : json_->items()) {
      if (seen_.count(item.key()) == 0) return Status::Invalid(what_, ": unknown member \"", item.key(), "\"");
    }
    return Status::OK();
  }
  Status Bad(const char* name, const char* expected) const { return Status::Invalid(what_, ": member \"", name, "\": expected ", expected); }

 private:
  ObjectReader(const Json& json, std::string what) : json_(&json), what_(std::move(what)) {}
  const Json* json_;
  std::string what_;
  std::set<std::string> seen_;
};

// A parser that refuses to build what is too deep or has a member twice, before it is built.
Result<Json> ParseBounded(std::string_view text) {
  if (text.size() > kMaxBytes) return Status::CapacityError("JSON of ", text.size(), " bytes; the limit is ", kMaxBytes);
  bool too_deep = false;
  bool twice = false;
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) too_deep = true;
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) twice = true;
    return !too_deep;
  };
  Json json = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (too_deep) return Status::CapacityError("JSON: nested deeper than ", kMaxDepth);
  if (json.is_discarded()) return Status::Invalid("JSON: not well formed");
  if (twice) return Status::Invalid("JSON: a member stands twice in an object");
  return json;
}

// ----------------------------------------------------------------------------------------------------------------- the pieces

constexpr const char* kStartKinds[] = {"earliest", "latest", "time", "positions"};
constexpr const char* kIsolations[] = {"read_committed", "read_uncommitted"};
constexpr const char* kOnErrors[] = {"null", "skip", "fail"};
constexpr const char* kTombstones[] = {"emit", "skip"};
constexpr const char* kOnDataLoss[] = {"fail", "warn"};
constexpr const char* kStringOrders[] = {"bytes", "utf16"};
constexpr const char* kSetKinds[] = {"all", "none", "ranges", "listed", "unlisted"};
constexpr const char* kExpressionKinds[] = {"constant", "column", "call"};
constexpr const char* kEndReasons[] = {"none", "end", "limit", "pruned", "released", "cancelled", "error", "stalled", "data_loss"};

template <typename Enum, size_t N>
const char* NameOf(Enum value, const char* const (&names)[N]) {
  return names[static_cast<size_t>(value)];
}

Json Texts(const std::map<std::string, std::string>& map) {
  Json out = Json::object();
  for (const auto& [key, value] : map) out[key] = value;
  return out;
}

Json ScalarJson(const Type& type, const Scalar& value) {
  switch (value.index()) {
    case 0: return nullptr;
    case 1: return std::get<bool>(value);
    case 2: return std::to_string(std::get<int64_t>(value));
    case 3: return std::to_string(std::get<uint64_t>(value));
    case 4: {
      char text[40];
      const auto end = std::to_chars(text, text + sizeof(text), std::get<double>(value));
      return std::string(text, end.ptr);
    }
    case 5: return ScalarToString(Type::Decimal(38, 0), value);
    default: break;
  }
  const std::string& text = std::get<std::string>(value);
  return type.id() == TypeId::kBinary ? Json(Base64(text)) : Json(text);
}

Result<Scalar> ScalarFrom(const Type& type, const Json& json) {
  if (json.is_null()) return Scalar();
  const auto bad = [&] {
    return Status::Invalid("a value of ", type.ToString(), ": ", json.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 80));
  };
  if (type.id() == TypeId::kBool) {
    if (!json.is_boolean()) return bad();
    return Scalar(json.get<bool>());
  }
  if (!json.is_string() || type.is_nested()) return bad();
  const std::string text = json.get<std::string>();
  const char* begin = text.data();
  const char* end = begin + text.size();
  if (type.id() == TypeId::kString) return Scalar(text);
  if (type.id() == TypeId::kBinary) {
    LOTIC_ASSIGN_OR_RETURN(std::string bytes, FromBase64(text));
    return Scalar(std::move(bytes));
  }
  if (type.id() == TypeId::kFloat32 || type.id() == TypeId::kFloat64) {
    double value = 0;
    const auto read = std::from_chars(begin, end, value);
    if (read.ec != std::errc() || read.ptr != end) return bad();
    return Scalar(value);
  }
  if (type.id() == TypeId::kDecimal128) {
    unsigned __int128 magnitude = 0;
    const bool negative = !text.empty() && text[0] == '-';
    const size_t digits = text.size() - (negative ? 1 : 0);
    if (digits == 0 || digits > 38) return bad();
    for (size_t i = negative ? 1 : 0; i < text.size(); ++i) {
      if (text[i] < '0' || text[i] > '9') return bad();
      magnitude = magnitude * 10 + static_cast<unsigned>(text[i] - '0');
    }
    const auto value = static_cast<Int128>(magnitude);
    return Scalar(negative ? -value : value);
  }
  if (type.is_unsigned()) {
    uint64_t value = 0;
    const auto read = std::from_chars(begin, end, value);
    if (read.ec != std::errc() || read.ptr != end) return bad();
    return Scalar(value);
  }
  int64_t value = 0;
  const auto read = std::from_chars(begin, end, value);
  if (read.ec != std::errc() || read.ptr != end) return bad();
  return Scalar(value);
}

Json SchemaJson(const Schema& schema) {
  Json fields = Json::array();
  for (const Field& field : schema.fields) {
    Json entry = {{"name", field.name}, {"type", field.type.ToString()}};
    if (!field.metadata.empty()) entry["metadata"] = Texts(field.metadata);
    fields.push_back(std::move(entry));
  }
  Json out = {{"fields", std::move(fields)}};
  if (!schema.metadata.empty()) out["metadata"] = Texts(schema.metadata);
  return out;
}

Result<Schema> SchemaFrom(const Json& json) {
  LOTIC_ASSIGN_OR_RETURN(ObjectReader in, ObjectReader::Of(json, "schema"));
  Schema schema;
  LOTIC_ASSIGN_OR_RETURN(const Json* fields, in.Array("fields"));
  for (const Json& entry : *fields) {
    LOTIC_ASSIGN_OR_RETURN(ObjectReader field, ObjectReader::Of(entry, "schema field"));
    LOTIC_ASSIGN_OR_RETURN(std::string name, field.Text("name"));
    LOTIC_ASSIGN_OR_RETURN(const std::string type_text, field.Text("type"));
    LOTIC_ASSIGN_OR_RETURN(Type type, Type::Parse(type_text));
    Field made{std::move(name), std::move(type)};
    if (field.Find("metadata") != nullptr) {
      LOTIC_ASSIGN_OR_RETURN(made.metadata, field.Texts("metadata"));
    }
    LOTIC_RETURN_NOT_OK(field.Finish());
    schema.fields.push_back(std::move(made));
  }
  if (in.Find("metadata") != nullptr) {
    LOTIC_ASSIGN_OR_RETURN(schema.metadata, in.Texts("metadata"));
  }
  LOTIC_RETURN_NOT_OK(in.Finish());
  return schema;
}

Json ExpressionJson(const Expression& expression) {
  Json out = {{"kind", NameOf(expression.kind, kExpressionKinds)}, {"type", expression.type.ToString()}};
  if (expression.kind == Expression::Kind::kConstant) {
    out["value"] = ScalarJson(expression.type, expression.constant);
  } else {
    out["name"] = expression.name;
  }
  if (expression.kind == Expression::Kind::kCall) {
    out["args"] = Json::array();
    for (const Expression& arg : expression.args) out["args"].push_back(ExpressionJson(arg));
  }
  return out;
}

Result<Expression> ExpressionFrom(const Json& json) {
  LOTIC_ASSIGN_OR_RETURN(ObjectReader in, ObjectReader::Of(json, "expression"));
  Expression expression;
  LOTIC_ASSIGN_OR_RETURN(expression.kind, in.OneOf<Expression::Kind>("kind", kExpressionKinds));
  LOTIC_ASSIGN_OR_RETURN(const std::string type, in.Text("type"));
  LOTIC_ASSIGN_OR_RETURN(expression.type, Type::Parse(type));
  if (expression.kind == Expression::Kind::kConstant) {
    LOTIC_ASSIGN_OR_RETURN(const Json* value, in.Need("value"));
    LOTIC_ASSIGN_OR_RETURN(expression.constant, ScalarFrom(expression.type, *value));
  } else {
    LOTIC_ASSIGN_OR_RETURN(expression.name, in.Text("name"));
  }
  if (expression.kind == Expression::Kind::kCall) {
    LOTIC_ASSIGN_OR_RETURN(const Json* args, in.Array("args"));
    for (const Json& arg : *args) {
      LOTIC_ASSIGN_OR_RETURN(Expression made, ExpressionFrom(arg));
      expression.args.push_back(std::move(made));
    }
  }
  LOTIC_RETURN_NOT_OK(in.Finish());
  return expression;
}

Json ConstraintsJson(const Constraints& constraints, const Schema& layout) {
  Json columns = Json::array();
  for (const auto& [name, set] : constraints.columns) {
    const auto index = layout.IndexOf(name);
    const Type type = index ? layout.fields[*index].type : Type::String();
    Json entry = {{"column", name}, {"kind", NameOf(set.kind, kSetKinds)}, {"null_allowed", set.null_allowed}};
    if (set.kind == ValueSet::Kind::kRanges) {
      entry["ranges"] = Json::array();
      for (const ValueRange& range : set.ranges) {
        Json out = Json::object();
        if (range.low) {
          out["low"] = ScalarJson(type, *range.low);
          out["low_inclusive"] = range.low_inclusive;
        }
        if (range.high) {
          out["high"] = ScalarJson(type, *range.high);
          out["high_inclusive"] = range.high_inclusive;
        }
        entry["ranges"].push_back(std::move(out));
      }
    } else if (set.kind == ValueSet::Kind::kListed || set.kind == ValueSet::Kind::kUnlisted) {
      entry["values"] = Json::array();
      for (const Scalar& value : set.values) entry["values"].push_back(ScalarJson(type, value));
    }
    columns.push_back(std::move(entry));
  }
  Json expressions = Json::array();
  for (const Expression& expression : constraints.expressions) expressions.push_back(ExpressionJson(expression));
  return {{"columns", std::move(columns)}, {"expressions", std::move(expressions)}};
}

Result<Constraints> ConstraintsFrom(const Json& json, const Schema& layout, const CompareOptions& options) {
  LOTIC_ASSIGN_OR_RETURN(ObjectReader in, ObjectReader::Of(json, "constraints"));
  Constraints constraints;
  LOTIC_ASSIGN_OR_RETURN(const Json* columns, in.Array("columns"));
  for (const Json& entry : *columns) {
    LOTIC_ASSIGN_OR_RETURN(ObjectReader column, ObjectReader::Of(entry, "constraint"));
    LOTIC_ASSIGN_OR_RETURN(const std::string name, column.Text("column"));
    const auto index = layout.IndexOf(name);
    if (!index) return Status::Invalid("constraint on \"", name, "\": the layout has no such column");
    const Type& type = layout.fields[*index].type;
    ValueSet set;
    LOTIC_ASSIGN_OR_RETURN(set.kind, column.OneOf<ValueSet::Kind>("kind", kSetKinds));
    LOTIC_ASSIGN_OR_RETURN(set.null_allowed, column.Boolean("null_allowed"));
    if (set.kind == ValueSet::Kind::kRanges) {
      LOTIC_ASSIGN_OR_RETURN(const Json* ranges, column.Array("ranges"));
      for (const Json& item : *ranges) {
        LOTIC_ASSIGN_OR_RETURN(ObjectReader bounds, ObjectReader::Of(item, "range"));
        ValueRange range;
        if (const Json* low = bounds.Find("low"); low != nullptr) {
          LOTIC_ASSIGN_OR_RETURN(range.low, ScalarFrom(type, *low));
          LOTIC_ASSIGN_OR_RETURN(range.low_inclusive, bounds.Boolean("low_inclusive"));
        }
        if (const Json* high = bounds.Find("high"); high != nullptr) {
          LOTIC_ASSIGN_OR_RETURN(range.high, ScalarFrom(type, *high));
          LOTIC_ASSIGN_OR_RETURN(range.high_inclusive, bounds.Boolean("high_inclusive"));
        }
        LOTIC_RETURN_NOT_OK(bounds.Finish());
        set.ranges.push_back(std::move(range));
      }
    } else if (set.kind == ValueSet::Kind::kListed || set.kind == ValueSet::Kind::kUnlisted) {
      LOTIC_ASSIGN_OR_RETURN(const Json* values, column.Array("values"));
      for (const Json& item : *values) {
        LOTIC_ASSIGN_OR_RETURN(Scalar value, ScalarFrom(type, item));
        set.values.push_back(std::move(value));
      }
    }
    LOTIC_RETURN_NOT_OK(column.Finish());
    LOTIC_RETURN_NOT_OK(NormalizeValueSet(type, options, &set));
    if (!constraints.columns.emplace(name, std::move(set)).second) return Status::Invalid("constraint on \"", name, "\" stands twice");
  }
  LOTIC_ASSIGN_OR_RETURN(const Json* expressions, in.Array("expressions"));
  for (const Json& entry : *expressions) {
    LOTIC_ASSIGN_OR_RETURN(Expression expression, ExpressionFrom(entry));
    constraints.expressions.push_back(std::move(expression));
  }
  LOTIC_RETURN_NOT_OK(in.Finish());
  return constraints;
}

Json SplitJson(const Split& split, const Schema& layout) {
  return {{"partition", split.partition},
          {"start", split.start.text},
          {"end", split.end ? Json(split.end->text) : Json(nullptr)},
          {"properties", Texts(split.properties)},
          {"residual", ConstraintsJson(split.residual, layout)}};
}

Result<std::optional<Position>> OptionalPosition(ObjectReader* in, const char* name) {
  LOTIC_ASSIGN_OR_RETURN(const Json* value, in->Need(name));
  if (value->is_null()) return std::optional<Position>();
  if (!value->is_string()) return in->Bad(name, "a position as text, or null");
  return std::optional<Position>(Position{value->get<std::string>()});
}

Result<Split> SplitFrom(const Json& json, const Schema& layout) {
  LOTIC_ASSIGN_OR_RETURN(ObjectReader in, ObjectReader::Of(json, "split"));
  Split split;
  LOTIC_ASSIGN_OR_RETURN(split.partition, in.Text("partition"));
  LOTIC_ASSIGN_OR_RETURN(split.start.text, in.Text("start"));
  LOTIC_ASSIGN_OR_RETURN(split.end, OptionalPosition(&in, "end"));
  LOTIC_ASSIGN_OR_RETURN(split.properties, in.Texts("properties"));
  LOTIC_ASSIGN_OR_RETURN(const Json* residual, in.Need("residual"));
  LOTIC_ASSIGN_OR_RETURN(split.residual, ConstraintsFrom(*residual, layout, CompareOptions()));
  LOTIC_RETURN_NOT_OK(in.Finish());
  return split;
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string ToJson(const Schema& schema) { return Dump(SchemaJson(schema)); }

Result<Schema> SchemaFromJson(std::string_view text) {
  LOTIC_ASSIGN_OR_RETURN(const Json json, ParseBounded(text));
  return SchemaFrom(json);
}

std::string ToJson(const ScanRequest& r) {
  Json positions = Json::object();
  for (const auto& [partition, position] : r.start.positions) positions[partition] = position.text;
  Json order = Json::array();
  for (const SortKey& key : r.order_by) order.push_back({{"column", key.column}, {"descending", key.descending}, {"nulls_first", key.nulls_first}});
  const ReadPolicy& p = r.policy;
  Json out = {{"schema", r.table.schema},
              {"table", r.table.table},
              {"start", {{"kind", NameOf(r.start.kind, kStartKinds)}, {"time_ms", std::to_string(r.start.time_ms)}, {"positions", std::move(positions)}}},
              {"unbounded", r.unbounded},
              {"layout", SchemaJson(r.layout)},
              {"constraints", ConstraintsJson(r.constraints, r.layout)},
              {"order_by", std::move(order)},
              {"policy",
               {{"isolation", NameOf(p.isolation, kIsolations)},
                {"on_error", NameOf(p.on_error, kOnErrors)},
                {"tombstones", NameOf(p.tombstones, kTombstones)},
                {"on_data_loss", NameOf(p.on_data_loss, kOnDataLoss)}}},
              {"compare", {{"string_order", NameOf(r.compare.string_order, kStringOrders)}, {"signed_zero_distinct", r.compare.signed_zero_distinct}}},
              {"arguments", Texts(r.arguments)},
              {"token", r.token}};
  if (p.max_out_of_order_ms) out["policy"]["max_out_of_order_ms"] = std::to_string(*p.max_out_of_order_ms);
  if (r.limit) out["limit"] = std::to_string(*r.limit);
  if (r.as_of_ms) out["as_of_ms"] = std::to_string(*r.as_of_ms);
  return Dump(out);
}

Result<ScanRequest> ScanRequestFromJson(std::string_view text) {
  LOTIC_ASSIGN_OR_RETURN(const Json json, ParseBounded(text));
  LOTIC_ASSIGN_OR_RETURN(ObjectReader in, ObjectReader::Of(json, "scan request"));
  ScanRequest r;
  LOTIC_ASSIGN_OR_RETURN(r.table.schema, in.Text("schema"));
  LOTIC_ASSIGN_OR_RETURN(r.table.table, in.Text("table"));
  LOTIC_ASSIGN_OR_RETURN(const Json* start_json, in.Need("start"));
  LOTIC_ASSIGN_OR_RETURN(ObjectReader start, ObjectReader::Of(*start_json, "start"));
  LOTIC_ASSIGN_OR_RETURN(r.start.kind, start.OneOf<ScanStart::Kind>("kind", kStartKinds));
  LOTIC_ASSIGN_OR_RETURN(r.start.time_ms, start.Integer("time_ms"));
  LOTIC_ASSIGN_OR_RETURN(const auto positions, start.Texts("positions"));
  for (const auto& [partition, position] : positions) r.start.positions[partition] = Position{position};
  LOTIC_RETURN_NOT_OK(start.Finish());
  LOTIC_ASSIGN_OR_RETURN(r.unbounded, in.Boolean("unbounded"));
  LOTIC_ASSIGN_OR_RETURN(const Json* layout, in.Need("layout"));
  LOTIC_ASSIGN_OR_RETURN(r.layout, SchemaFrom(*layout));
  LOTIC_ASSIGN_OR_RETURN(const Json* compare_json, in.Need("compare"));
  LOTIC_ASSIGN_OR_RETURN(ObjectReader compare, ObjectReader::Of(*compare_json, "compare"));
  LOTIC_ASSIGN_OR_RETURN(r.compare.string_order, compare.OneOf<CompareOptions::StringOrder>("string_order", kStringOrders));
  LOTIC_ASSIGN_OR_RETURN(r.compare.signed_zero_distinct, compare.Boolean("signed_zero_distinct"));
  LOTIC_RETURN_NOT_OK(compare.Finish());
  LOTIC_ASSIGN_OR_RETURN(const Json* constraints, in.Need("constraints"));
  LOTIC_ASSIGN_OR_RETURN(r.constraints, ConstraintsFrom(*constraints, r.layout, r.compare));
  LOTIC_ASSIGN_OR_RETURN(const Json* order, in.Array("order_by"));
  for (const Json& entry : *order) {
    LOTIC_ASSIGN_OR_RETURN(ObjectReader key, ObjectReader::Of(entry, "sort key"));
    SortKey made;
    LOTIC_ASSIGN_OR_RETURN(made.column, key.Text("column"));
    LOTIC_ASSIGN_OR_RETURN(made.descending, key.Boolean("descending"));
    LOTIC_ASSIGN_OR_RETURN(made.nulls_first, key.Boolean("nulls_first"));
    LOTIC_RETURN_NOT_OK(key.Finish());
    r.order_by.push_back(std::move(made));
  }
  if (in.Find("limit") != nullptr) {
    LOTIC_ASSIGN_OR_RETURN(r.limit, in.Integer("limit"));
    if (*r.limit < 0) return Status::Invalid("scan request: limit ", *r.limit, " is negative");
  }
  LOTIC_ASSIGN_OR_RETURN(const Json* policy_json, in.Need("policy"));
  LOTIC_ASSIGN_OR_RETURN(ObjectReader policy, ObjectReader::Of(*policy_json, "policy"));
  LOTIC_ASSIGN_OR_RETURN(r.policy.isolation, policy.OneOf<Isolation>("isolation", kIsolations));
  LOTIC_ASSIGN_OR_RETURN(r.policy.on_error, policy.OneOf<OnError>("on_error", kOnErrors));
  LOTIC_ASSIGN_OR_RETURN(r.policy.tombstones, policy.OneOf<Tombstones>("tombstones", kTombstones));
  LOTIC_ASSIGN_OR_RETURN(r.policy.on_data_loss, policy.OneOf<OnDataLoss>("on_data_loss", kOnDataLoss));
  if (policy.Find("max_out_of_order_ms") != nullptr) {
    LOTIC_ASSIGN_OR_RETURN(r.policy.max_out_of_order_ms, policy.Integer("max_out_of_order_ms"));
  }
  LOTIC_RETURN_NOT_OK(policy.Finish());
  LOTIC_ASSIGN_OR_RETURN(r.arguments, in.Texts("arguments"));
  LOTIC_ASSIGN_OR_RETURN(r.token, in.Text("token"));
  if (in.Find("as_of_ms") != nullptr) {
    LOTIC_ASSIGN_OR_RETURN(r.as_of_ms, in.Integer("as_of_ms"));
  }
  LOTIC_RETURN_NOT_OK(in.Finish());
  return r;
}

std::string ToJson(const LayoutPartition& partition, const TableInfo& table) {
  Json values = Json::array();
  for (size_t i = 0; i < partition.values.size(); ++i) {
    const std::string& name = i < table.partition_columns.size() ? table.partition_columns[i] : "";
    auto index = table.schema.IndexOf(name);
    const Schema& schema = index ? table.schema : table.hidden;
    if (!index) index = schema.IndexOf(name);
    values.push_back(ScalarJson(index ? schema.fields[*index].type : Type::String(), partition.values[i]));
  }
  return Dump(Json{{"values", std::move(values)}, {"properties", Texts(partition.properties)}});
}

Result<LayoutPartition> LayoutPartitionFromJson(std::string_view text, const TableInfo& table) {
  LOTIC_ASSIGN_OR_RETURN(const Json json, ParseBounded(text));
  LOTIC_ASSIGN_OR_RETURN(ObjectReader in, ObjectReader::Of(json, "partition"));
  LayoutPartition partition;
  LOTIC_ASSIGN_OR_RETURN(const Json* values, in.Array("values"));
  if (values->size() != table.partition_columns.size()) {
    return Status::Invalid("partition: ", values->size(), " values, the table has ", table.partition_columns.size(), " partition columns");
  }
  for (size_t i = 0; i < values->size(); ++i) {
    const std::string& name = table.partition_columns[i];
    auto index = table.schema.IndexOf(name);
    const Schema& schema = index ? table.schema : table.hidden;
    if (!index) index = schema.IndexOf(name);
    if (!index) return Status::Invalid("partition: the table has no column \"", name, "\"");
    LOTIC_ASSIGN_OR_RETURN(Scalar value, ScalarFrom(schema.fields[*index].type, (*values)[i]));
    partition.values.push_back(std::move(value));
  }
  LOTIC_ASSIGN_OR_RETURN(partition.properties, in.Texts("properties"));
  LOTIC_RETURN_NOT_OK(in.Finish());
  return partition;
}

std::string ToJson(const Split& split, const Schema& layout) { return Dump(SplitJson(split, layout)); }

Result<Split> SplitFromJson(std::string_view text, const Schema& layout) {
  LOTIC_ASSIGN_OR_RETURN(const Json json, ParseBounded(text));
  return SplitFrom(json, layout);
}

std::string ToJson(const SplitStart& start, const Schema& layout) {
  return Dump(Json{{"split", SplitJson(start.split, layout)}, {"position", start.position.text}});
}

Result<SplitStart> SplitStartFromJson(std::string_view text, const Schema& layout) {
  LOTIC_ASSIGN_OR_RETURN(const Json json, ParseBounded(text));
  LOTIC_ASSIGN_OR_RETURN(ObjectReader in, ObjectReader::Of(json, "split start"));
  SplitStart start;
  LOTIC_ASSIGN_OR_RETURN(const Json* split, in.Need("split"));
  LOTIC_ASSIGN_OR_RETURN(start.split, SplitFrom(*split, layout));
  LOTIC_ASSIGN_OR_RETURN(start.position.text, in.Text("position"));
  LOTIC_RETURN_NOT_OK(in.Finish());
  return start;
}

std::string ToJson(const SplitCertificate& c) {
  const RecordCounts& r = c.records;
  const auto number = [](int64_t value) { return std::to_string(value); };
  Json out = {{"partition", c.partition},
              {"planned_start", c.planned_start.text},
              {"planned_end", c.planned_end ? Json(c.planned_end->text) : Json(nullptr)},
              {"read_start", c.read_start.text},
              {"read_end", c.read_end.text},
              {"complete", c.complete},
              {"reason", NameOf(c.reason, kEndReasons)},
              {"returned", number(r.returned)},
              {"filtered", number(r.filtered)},
              {"skipped", number(r.skipped)},
              {"aborted", number(r.aborted)},
              {"control", number(r.control)},
              {"missing", number(r.missing)},
              {"rows", number(c.rows)},
              {"undecodable_values", number(c.undecodable_values)},
              {"bytes_fetched", number(c.bytes_fetched)},
              {"notes", c.notes},
              {"first_record", c.first_record ? Json(c.first_record->text) : Json(nullptr)},
              {"last_record", c.last_record ? Json(c.last_record->text) : Json(nullptr)},
              {"proof", c.proof}};
  return Dump(out);
}

Result<SplitCertificate> SplitCertificateFromJson(std::string_view text) {
  LOTIC_ASSIGN_OR_RETURN(const Json json, ParseBounded(text));
  LOTIC_ASSIGN_OR_RETURN(ObjectReader in, ObjectReader::Of(json, "certificate"));
  SplitCertificate c;
  LOTIC_ASSIGN_OR_RETURN(c.partition, in.Text("partition"));
  LOTIC_ASSIGN_OR_RETURN(c.planned_start.text, in.Text("planned_start"));
  LOTIC_ASSIGN_OR_RETURN(c.planned_end, OptionalPosition(&in, "planned_end"));
  LOTIC_ASSIGN_OR_RETURN(c.read_start.text, in.Text("read_start"));
  LOTIC_ASSIGN_OR_RETURN(c.read_end.text, in.Text("read_end"));
  LOTIC_ASSIGN_OR_RETURN(c.complete, in.Boolean("complete"));
  LOTIC_ASSIGN_OR_RETURN(c.reason, in.OneOf<EndReason>("reason", kEndReasons));
  struct Counter {
    const char* name;
    int64_t* value;
  };
  for (const Counter& counter : {Counter{"returned", &c.records.returned},
                                 {"filtered", &c.records.filtered},
                                 {"skipped", &c.records.skipped},
                                 {"aborted", &c.records.aborted},
                                 {"control", &c.records.control},
                                 {"missing", &c.records.missing},
                                 {"rows", &c.rows},
                                 {"undecodable_values", &c.undecodable_values},
                                 {"bytes_fetched", &c.bytes_fetched}}) {
    LOTIC_ASSIGN_OR_RETURN(*counter.value, in.Integer(counter.name));
  }
  LOTIC_ASSIGN_OR_RETURN(const Json* notes, in.Array("notes"));
  for (const Json& note : *notes) {
    if (!note.is_string()) return in.Bad("notes", "texts");
    c.notes.push_back(note.get<std::string>());
  }
  LOTIC_ASSIGN_OR_RETURN(c.first_record, OptionalPosition(&in, "first_record"));
  LOTIC_ASSIGN_OR_RETURN(c.last_record, OptionalPosition(&in, "last_record"));
  LOTIC_ASSIGN_OR_RETURN(c.proof, in.Text("proof"));
  LOTIC_RETURN_NOT_OK(in.Finish());
  return c;
}

}  // namespace lotic
