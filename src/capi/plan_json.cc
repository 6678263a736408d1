// SPDX-License-Identifier: Apache-2.0
#include "capi/plan_json.h"

#include <charconv>
#include <set>

#include <nlohmann/json.hpp>

#include "lotic/scan_json.h"

namespace lotic::capi {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 64;
constexpr const char* kRoles[] = {"bounded_scan", "remote_planner", "endless"};
constexpr const char* kSnapshots[] = {"exact", "time", "none"};
constexpr const char* kPushdowns[] = {"exact", "hint", "not"};

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// Text that one of our own writers made.
Json Own(const std::string& text) { return Json::parse(text, nullptr, /*allow_exceptions=*/false); }

Json Texts(const std::map<std::string, std::string>& map) {
  Json out = Json::object();
  for (const auto& [key, value] : map) out[key] = value;
  return out;
}

Result<Json> Parse(std::string_view text, const char* what) {
  if (text.size() > kMaxTextBytes) return Status::CapacityError(what, ": JSON of ", text.size(), " bytes; the limit is ", kMaxTextBytes);
  bool too_deep = false, twice = false;
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) too_deep = true;
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) twice = true;
    return !too_deep;
  };
  Json json = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (too_deep) return Status::CapacityError(what, ": JSON nested deeper than ", kMaxDepth);
  if (json.is_discarded()) return Status::Invalid(what, ": not well-formed JSON");
  if (twice) return Status::Invalid(what, ": a member stands twice in an object");
  return json;
}

Status Expected(const char* what, const char* member, const char* expected) { return Status::Invalid(what, ": member \"", member, "\": expected ", expected); }

Result<Json> ParseArray(std::string_view text, const char* what) {
  LOTIC_ASSIGN_OR_RETURN(Json json, Parse(text, what));
  if (!json.is_array()) return Status::Invalid(what, ": expected an array");
  if (json.size() > kMaxItems) return Status::CapacityError(what, ": ", json.size(), " items; the limit is ", kMaxItems);
  return json;
}

Result<Json> ParseObject(std::string_view text, const char* what, const std::set<std::string>& known) {
  LOTIC_ASSIGN_OR_RETURN(Json json, Parse(text, what));
  if (!json.is_object()) return Status::Invalid(what, ": expected an object");
  for (const auto& item : json.items()) {
    if (known.find(item.key()) == known.end()) return Status::Invalid(what, ": unknown member \"", item.key(), "\"");
  }
  return json;
}

Result<const Json*> Member(const Json& json, const char* what, const char* name) {
  const auto at = json.find(name);
  if (at == json.end()) return Status::Invalid(what, ": no member \"", name, "\"");
  return &*at;
}

Result<std::string> Text(const Json& json, const char* what, const char* name) {
  LOTIC_ASSIGN_OR_RETURN(const Json* value, Member(json, what, name));
  if (!value->is_string()) return Expected(what, name, "a text");
  return value->get<std::string>();
}

Result<int64_t> Whole(const Json& value, const char* what, const char* name) {
  int64_t number = 0;
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
    if (!text.empty() && end.ec == std::errc() && end.ptr == text.data() + text.size()) return number;
  }
  return Expected(what, name, "a whole number as text");
}

Result<std::optional<int64_t>> MaybeWhole(const Json& json, const char* what, const char* name) {
  const auto at = json.find(name);
  if (at == json.end()) return std::optional<int64_t>();
  LOTIC_ASSIGN_OR_RETURN(const int64_t number, Whole(*at, what, name));
  return std::optional<int64_t>(number);
}

Result<std::map<std::string, std::string>> TextsIn(const Json& json, const char* what, const char* name) {
  if (!json.is_object()) return Expected(what, name, "an object of texts");
  std::map<std::string, std::string> out;
  for (const auto& [key, text] : json.items()) {
    if (!text.is_string()) return Expected(what, key.c_str(), "a text");
    out[key] = text.get<std::string>();
  }
  return out;
}

Result<Json> Array(const Json& json, const char* what, const char* name) {
  LOTIC_ASSIGN_OR_RETURN(const Json* value, Member(json, what, name));
  if (!value->is_array()) return Expected(what, name, "an array");
  return *value;
}

Json CertificateList(const std::vector<SplitCertificate>& certificates) {
  Json out = Json::array();
  for (const SplitCertificate& certificate : certificates) out.push_back(Own(lotic::ToJson(certificate)));
  return out;
}

Json SchemaObject(const Schema& schema) { return Own(lotic::ToJson(schema)); }

// The partition columns, with their types.
Schema PartitionSchema(const TableInfo& info) {
  Schema schema;
  for (const std::string& name : info.partition_columns) {
    const auto shown = info.schema.IndexOf(name);
    const auto hidden = info.hidden.IndexOf(name);
    if (shown) {
      schema.fields.push_back(info.schema.fields[*shown]);
    } else if (hidden) {
      schema.fields.push_back(info.hidden.fields[*hidden]);
    }
  }
  return schema;
}

}  // namespace

std::string ToJson(const std::vector<std::string>& names) { return Dump(Json(names)); }

std::string ToJson(const TableInfo& info) {
  Json roles = Json::array();
  for (const Role role : info.roles) roles.push_back(kRoles[static_cast<size_t>(role)]);
  return Dump(Json{{"name", {{"schema", info.name.schema}, {"table", info.name.table}}},
                   {"columns", SchemaObject(info.schema)},
                   {"hidden", SchemaObject(info.hidden)},
                   {"aliases", Texts(info.aliases)},
                   {"partition_columns", info.partition_columns},
                   {"snapshot", kSnapshots[static_cast<size_t>(info.snapshot)]},
                   {"dense_positions", info.dense_positions},
                   {"durable_positions", info.durable_positions},
                   {"roles", std::move(roles)},
                   {"properties", Texts(info.properties)},
                   {"notes", info.notes}});
}

std::string ToJson(const TablePage& page) {
  Json tables = Json::array();
  for (const TableName& name : page.tables) tables.push_back({{"schema", name.schema}, {"table", name.table}});
  return Dump(Json{{"tables", std::move(tables)}, {"next_page", page.next_page}});
}

std::string ToJson(const SplitPage& page, const Schema& layout) {
  Json splits = Json::array();
  for (const Split& split : page.splits) splits.push_back(Own(lotic::ToJson(split, layout)));
  return Dump(Json{{"splits", std::move(splits)}, {"next_page", page.next_page}});
}

std::string ToJson(const Prepared& plan, const TableInfo& info) {
  Json partitions = Json::array();
  for (const LayoutPartition& partition : plan.partitions) partitions.push_back(Own(lotic::ToJson(partition, info)));
  Json report = Json::array();
  for (const PushedConstraint& line : plan.report) {
    report.push_back({{"text", line.text}, {"column", line.column}, {"pushdown", kPushdowns[static_cast<size_t>(line.pushdown)]}, {"reason", line.reason}});
  }
  const Estimate& e = plan.estimate;
  Json estimate = {{"source", e.source}, {"table_partitions", std::to_string(e.table_partitions)}};
  if (e.records) estimate["records"] = std::to_string(*e.records);
  if (e.bytes) estimate["bytes"] = std::to_string(*e.bytes);
  if (e.exact_rows) estimate["exact_rows"] = std::to_string(*e.exact_rows);
  if (e.table_records) estimate["table_records"] = std::to_string(*e.table_records);
  Json attributes = Json::array();
  for (const auto& [name, value] : plan.attributes) attributes.push_back({{"name", name}, {"value", value}});
  return Dump(Json{{"token", plan.token},
                   {"partition_columns", SchemaObject(PartitionSchema(info))},
                   {"partitions", std::move(partitions)},
                   {"report", std::move(report)},
                   {"estimate", std::move(estimate)},
                   {"attributes", std::move(attributes)},
                   {"partition_word", plan.partition_word},
                   {"left_out", CertificateList(plan.left_out)}});
}

Result<std::vector<std::string>> NamesFromJson(std::string_view text) {
  LOTIC_ASSIGN_OR_RETURN(const Json json, ParseArray(text, "names"));
  std::vector<std::string> names;
  for (const Json& name : json) {
    if (!name.is_string()) return Status::Invalid("names: expected an array of texts");
    names.push_back(name.get<std::string>());
  }
  return names;
}

Result<std::map<std::string, std::string>> OptionsFromJson(std::string_view text) {
  LOTIC_ASSIGN_OR_RETURN(const Json json, Parse(text, "options"));
  if (!json.is_object()) return Status::Invalid("options: expected an object");
  return TextsIn(json, "options", "options");
}

Result<TableInfo> TableFromJson(std::string_view text) {
  constexpr const char* kWhat = "table";
  LOTIC_ASSIGN_OR_RETURN(const Json json, ParseObject(text, kWhat,
                                                      {"name", "columns", "hidden", "aliases", "partition_columns", "snapshot", "dense_positions",
                                                       "durable_positions", "roles", "properties", "notes"}));
  TableInfo info;
  LOTIC_ASSIGN_OR_RETURN(const Json* name, Member(json, kWhat, "name"));
  if (!name->is_object()) return Expected(kWhat, "name", "an object");
  LOTIC_ASSIGN_OR_RETURN(info.name.schema, Text(*name, kWhat, "schema"));
  LOTIC_ASSIGN_OR_RETURN(info.name.table, Text(*name, kWhat, "table"));
  LOTIC_ASSIGN_OR_RETURN(const Json* columns, Member(json, kWhat, "columns"));
  LOTIC_ASSIGN_OR_RETURN(info.schema, SchemaFromJson(Dump(*columns)));
  LOTIC_ASSIGN_OR_RETURN(const Json* hidden, Member(json, kWhat, "hidden"));
  LOTIC_ASSIGN_OR_RETURN(info.hidden, SchemaFromJson(Dump(*hidden)));
  LOTIC_ASSIGN_OR_RETURN(const Json* aliases, Member(json, kWhat, "aliases"));
  LOTIC_ASSIGN_OR_RETURN(info.aliases, TextsIn(*aliases, kWhat, "aliases"));
  LOTIC_ASSIGN_OR_RETURN(const Json columns_of_partitions, Array(json, kWhat, "partition_columns"));
  for (const Json& name : columns_of_partitions) {
    if (!name.is_string()) return Expected(kWhat, "partition_columns", "an array of texts");
    info.partition_columns.push_back(name.get<std::string>());
  }
  return info;
}

Result<Prepared> PlanFromJson(std::string_view text) {
  constexpr const char* kWhat = "plan";
  LOTIC_ASSIGN_OR_RETURN(
      const Json json,
      ParseObject(text, kWhat, {"token", "partition_columns", "partitions", "report", "estimate", "attributes", "partition_word", "left_out"}));
  Prepared plan;
  TableInfo typed;
  LOTIC_ASSIGN_OR_RETURN(plan.token, Text(json, kWhat, "token"));
  LOTIC_ASSIGN_OR_RETURN(const Json* columns, Member(json, kWhat, "partition_columns"));
  LOTIC_ASSIGN_OR_RETURN(typed.schema, SchemaFromJson(Dump(*columns)));
  for (const Field& field : typed.schema.fields) typed.partition_columns.push_back(field.name);
  LOTIC_ASSIGN_OR_RETURN(const Json partitions, Array(json, kWhat, "partitions"));
  for (const Json& each : partitions) {
    LOTIC_ASSIGN_OR_RETURN(LayoutPartition partition, LayoutPartitionFromJson(Dump(each), typed));
    plan.partitions.push_back(std::move(partition));
  }
  LOTIC_ASSIGN_OR_RETURN(const Json report, Array(json, kWhat, "report"));
  for (const Json& each : report) {
    PushedConstraint line;
    if (!each.is_object()) return Expected(kWhat, "report", "an array of objects");
    LOTIC_ASSIGN_OR_RETURN(line.text, Text(each, kWhat, "text"));
    LOTIC_ASSIGN_OR_RETURN(line.column, Text(each, kWhat, "column"));
    LOTIC_ASSIGN_OR_RETURN(line.reason, Text(each, kWhat, "reason"));
    LOTIC_ASSIGN_OR_RETURN(const std::string pushdown, Text(each, kWhat, "pushdown"));
    bool known = false;
    for (size_t i = 0; i < std::size(kPushdowns); ++i) {
      if (pushdown == kPushdowns[i]) line.pushdown = static_cast<Pushdown>(i), known = true;
    }
    if (!known) return Expected(kWhat, "pushdown", "exact, hint or not");
    plan.report.push_back(std::move(line));
  }
  LOTIC_ASSIGN_OR_RETURN(const Json* estimate, Member(json, kWhat, "estimate"));
  if (!estimate->is_object()) return Expected(kWhat, "estimate", "an object");
  LOTIC_ASSIGN_OR_RETURN(plan.estimate.source, Text(*estimate, kWhat, "source"));
  LOTIC_ASSIGN_OR_RETURN(const Json* table_partitions, Member(*estimate, kWhat, "table_partitions"));
  LOTIC_ASSIGN_OR_RETURN(plan.estimate.table_partitions, Whole(*table_partitions, kWhat, "table_partitions"));
  LOTIC_ASSIGN_OR_RETURN(plan.estimate.records, MaybeWhole(*estimate, kWhat, "records"));
  LOTIC_ASSIGN_OR_RETURN(plan.estimate.bytes, MaybeWhole(*estimate, kWhat, "bytes"));
  LOTIC_ASSIGN_OR_RETURN(plan.estimate.exact_rows, MaybeWhole(*estimate, kWhat, "exact_rows"));
  LOTIC_ASSIGN_OR_RETURN(plan.estimate.table_records, MaybeWhole(*estimate, kWhat, "table_records"));
  LOTIC_ASSIGN_OR_RETURN(const Json attributes, Array(json, kWhat, "attributes"));
  for (const Json& each : attributes) {
    if (!each.is_object()) return Expected(kWhat, "attributes", "an array of objects");
    LOTIC_ASSIGN_OR_RETURN(std::string name, Text(each, kWhat, "name"));
    LOTIC_ASSIGN_OR_RETURN(std::string value, Text(each, kWhat, "value"));
    plan.attributes.emplace_back(std::move(name), std::move(value));
  }
  LOTIC_ASSIGN_OR_RETURN(plan.partition_word, Text(json, kWhat, "partition_word"));
  LOTIC_ASSIGN_OR_RETURN(const Json left_out, Array(json, kWhat, "left_out"));
  for (const Json& each : left_out) {
    LOTIC_ASSIGN_OR_RETURN(SplitCertificate certificate, SplitCertificateFromJson(Dump(each)));
    plan.left_out.push_back(std::move(certificate));
  }
  return plan;
}

Result<std::vector<Constraints>> ConstraintsListFromJson(std::string_view text, const Schema& schema) {
  LOTIC_ASSIGN_OR_RETURN(Json json, ParseArray(text, "constraints"));
  std::vector<Constraints> list;
  for (Json& each : json) {
    // A split's residual has the same form, and is what scan_json.h can read by itself.
    const Json split = {{"partition", ""}, {"start", ""}, {"end", nullptr}, {"properties", Json::object()}, {"residual", std::move(each)}};
    LOTIC_ASSIGN_OR_RETURN(Split read, SplitFromJson(Dump(split), schema));
    list.push_back(std::move(read.residual));
  }
  return list;
}

Result<std::vector<SplitStart>> SplitStartsFromJson(std::string_view text, const Schema& layout) {
  LOTIC_ASSIGN_OR_RETURN(const Json json, ParseArray(text, "splits"));
  std::vector<SplitStart> starts;
  for (const Json& each : json) {
    if (each.is_object() && each.find("split") != each.end()) {
      LOTIC_ASSIGN_OR_RETURN(SplitStart start, SplitStartFromJson(Dump(each), layout));
      starts.push_back(std::move(start));
      continue;
    }
    LOTIC_ASSIGN_OR_RETURN(Split split, SplitFromJson(Dump(each), layout));
    Position start = split.start;
    starts.push_back({std::move(split), std::move(start)});
  }
  return starts;
}

Result<std::vector<std::optional<SplitCertificate>>> CertificatesFromJson(std::string_view text) {
  LOTIC_ASSIGN_OR_RETURN(const Json json, ParseArray(text, "certificates"));
  std::vector<std::optional<SplitCertificate>> certificates;
  for (const Json& each : json) {
    certificates.emplace_back();
    if (each.is_null()) continue;
    LOTIC_ASSIGN_OR_RETURN(certificates.back(), SplitCertificateFromJson(Dump(each)));
  }
  return certificates;
}

}  // namespace lotic::capi
