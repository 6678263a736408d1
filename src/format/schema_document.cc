// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

#include "format/inference.h"

namespace lotic {
namespace {

/// A longer document is refused.
constexpr size_t kMaxDocumentBytes = 16u << 20;

using Json = nlohmann::ordered_json;

std::string Text(const std::string& text) { return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace); }

/// Every key of `object` is one of `known`. `place` begins the message.
Status OnlyKnownKeys(const Json& object, const std::vector<std::string>& known, const std::string& place) {
  for (const auto& item : object.items()) {
    if (std::find(known.begin(), known.end(), item.key()) != known.end()) continue;
    const std::vector<std::string> nearest = NearestNames(item.key(), known, 1);
    std::string hint;
    if (!nearest.empty()) hint = "; did you mean \"" + nearest[0] + "\"?";
    return Status::Invalid("schema document: unknown key \"", item.key(), "\" in ", place, hint);
  }
  return Status::OK();
}

Status ReadText(const Json& object, const char* key, const std::string& place, bool required, std::string* out) {
  const auto found = object.find(key);
  if (found == object.end()) {
    return required ? Status::Invalid("schema document: no \"", key, "\" in ", place) : Status::OK();
  }
  if (!found->is_string()) return Status::Invalid("schema document: \"", key, "\" in ", place, " is not text");
  *out = found->get<std::string>();
  return Status::OK();
}

Status ReadCount(const Json& object, const char* key, int64_t* out) {
  const auto found = object.find(key);
  if (found == object.end()) return Status::OK();
  if (!found->is_number_integer() || found->get<int64_t>() < 0) {
    return Status::Invalid("schema document: \"", key, "\" in \"sample\" is not a count");
  }
  *out = found->get<int64_t>();
  return Status::OK();
}

Status ReadSample(const Json& sample, SampleInfo* out) {
  if (!sample.is_object()) return Status::Invalid("schema document: \"sample\" is not an object");
  LOTIC_RETURN_NOT_OK(OnlyKnownKeys(sample, {"records", "bytes", "tombstones", "cut"}, "\"sample\""));
  LOTIC_RETURN_NOT_OK(ReadCount(sample, "records", &out->records));
  LOTIC_RETURN_NOT_OK(ReadCount(sample, "bytes", &out->bytes));
  LOTIC_RETURN_NOT_OK(ReadCount(sample, "tombstones", &out->tombstones));
  const auto cut = sample.find("cut");
  if (cut == sample.end() || cut->is_null()) return Status::OK();
  if (*cut != "time" && *cut != "bytes") return Status::Invalid("schema document: \"cut\" is \"time\", \"bytes\" or null");
  out->cut = cut->get<std::string>();
  return Status::OK();
}

Status ReadColumn(const Json& column, size_t number, Schema* out) {
  const std::string place = "column " + std::to_string(number);
  if (!column.is_object()) return Status::Invalid("schema document: ", place, " is not an object");
  LOTIC_RETURN_NOT_OK(OnlyKnownKeys(column, {"name", "type", "path", "hint"}, place));
  std::string name, type_text, path, hint;
  LOTIC_RETURN_NOT_OK(ReadText(column, "name", place, true, &name));
  LOTIC_RETURN_NOT_OK(ReadText(column, "type", place, true, &type_text));
  path = PointerTo(name);
  LOTIC_RETURN_NOT_OK(ReadText(column, "path", place, false, &path));
  LOTIC_RETURN_NOT_OK(ReadText(column, "hint", place, false, &hint));
  Result<Type> type = Type::Parse(type_text);
  if (!type.ok()) {
    return type.status().WithMessage("schema document: column \"", name, "\": ", type.status().message());
  }
  if (out->IndexOf(name).has_value()) return Status::Invalid("schema document: two columns are named \"", name, "\"");
  Field field{name, *type, {{kPathMetadata, path}}};
  if (!hint.empty()) field.metadata[kHintMetadata] = hint;
  out->fields.push_back(std::move(field));
  return Status::OK();
}

/// Parses, and finds keys given twice in one object, which the library would drop silently.
Result<Json> ParseStrictly(std::string_view text) {
  std::vector<std::set<std::string>> open;
  std::string twice;
  const auto watch = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end && !open.empty()) open.pop_back();
    if (event == Json::parse_event_t::key && !open.back().insert(value.get<std::string>()).second && twice.empty()) {
      twice = value.get<std::string>();
    }
    return true;
  };
  try {
    Json document = Json::parse(text, watch);
    if (!twice.empty()) return Status::Invalid("schema document: the key \"", twice, "\" appears twice in one object");
    return document;
  } catch (const Json::parse_error& error) {
    return Status::Invalid("schema document: not valid JSON at byte ", error.byte);
  } catch (const Json::exception& error) {  // a number out of every range
    return Status::Invalid("schema document: ", error.what());
  }
}

}  // namespace

std::string ToJson(const SchemaDocument& document) {
  std::string text = "{\n  \"topic\": " + Text(document.topic) + ",\n  \"format\": \"";
  text += std::string(PayloadFormatName(document.format)) + "\",\n  \"columns\": [";
  const char* separator = "\n";
  for (const Field& field : document.columns.fields) {
    const auto path = field.metadata.find(kPathMetadata);
    const auto hint = field.metadata.find(kHintMetadata);
    text += std::string(separator) + "    {\"name\": " + Text(field.name) + ", \"type\": " + Text(field.type.ToString());
    text += ", \"path\": " + Text(path != field.metadata.end() ? path->second : PointerTo(field.name));
    if (hint != field.metadata.end()) text += ", \"hint\": " + Text(hint->second);
    text += "}";
    separator = ",\n";
  }
  text += document.columns.fields.empty() ? "],\n" : "\n  ],\n";
  const SampleInfo& sample = document.sample;
  text += "  \"sample\": {\"records\": " + std::to_string(sample.records) + ", \"bytes\": " + std::to_string(sample.bytes);
  text += ", \"tombstones\": " + std::to_string(sample.tombstones);
  text += ", \"cut\": " + (sample.cut.empty() ? "null" : Text(sample.cut)) + "}\n}\n";
  return text;
}

Result<SchemaDocument> SchemaDocumentFromJson(std::string_view text) {
  if (text.size() > kMaxDocumentBytes) {
    return Status::CapacityError("schema document: longer than ", kMaxDocumentBytes, " bytes");
  }
  LOTIC_ASSIGN_OR_RETURN(const Json json, ParseStrictly(text));
  if (!json.is_object()) return Status::Invalid("schema document: not a JSON object");
  LOTIC_RETURN_NOT_OK(OnlyKnownKeys(json, {"topic", "format", "columns", "sample"}, "the document"));
  SchemaDocument document;
  LOTIC_RETURN_NOT_OK(ReadText(json, "topic", "the document", false, &document.topic));
  std::string format;
  LOTIC_RETURN_NOT_OK(ReadText(json, "format", "the document", true, &format));
  if (format != "json" && format != "raw") {
    return Status::Invalid("schema document: \"format\" is \"json\" or \"raw\", not \"", format, "\"");
  }
  document.format = format == "json" ? PayloadFormat::kJson : PayloadFormat::kRaw;
  const auto columns = json.find("columns");
  if (columns == json.end() || !columns->is_array()) return Status::Invalid("schema document: no list \"columns\"");
  if (columns->size() > kMaxDecoderFields) {
    return Status::CapacityError("schema document: more than ", kMaxDecoderFields, " columns");
  }
  for (size_t i = 0; i < columns->size(); ++i) {
    LOTIC_RETURN_NOT_OK(ReadColumn((*columns)[i], i + 1, &document.columns));
  }
  if (document.format == PayloadFormat::kRaw && !columns->empty()) {
    return Status::Invalid("schema document: a topic of format \"raw\" has no columns");
  }
  const auto sample = json.find("sample");
  if (sample != json.end()) LOTIC_RETURN_NOT_OK(ReadSample(*sample, &document.sample));
  // Paths and types that no decoder takes are found here, while there is a file to blame.
  const auto decoder = MakeJsonDecoder(JsonFields(document.columns), {});
  if (!decoder.ok()) return decoder.status().WithMessage("schema document: ", decoder.status().message());
  return document;
}

}  // namespace lotic
