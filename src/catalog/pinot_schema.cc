// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_schema.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <map>
#include <set>

#include "catalog/ddl_tokens.h"
#include "catalog/json_tree.h"
#include "catalog/pinot_default.h"
#include "catalog/pinot_reader.h"

namespace lotic::catalog {
namespace {

using Kind = PinotField::Kind;
using TooLong = PinotField::TooLong;

constexpr std::array<std::string_view, 11> kVirtualColumns{"$docId",   "$hostName",  "$segmentName", "$partitionId", "$creationTime", "$startTime",
                                                           "$endTime", "$totalDocs", "$crc",         "$offset",      "$timestamp"};
constexpr std::array<std::string_view, 4> kTooLongNames{"TRIM_LENGTH", "NO_ACTION", "ERROR", "SUBSTITUTE_DEFAULT_VALUE"};
constexpr std::array<std::string_view, 6> kDescriptiveKeys{"childFieldSpecs", "description", "tags", "aliases", "metadata", "fieldId"};
constexpr int32_t kDefaultMaxLength = 512;
/// Between these a time is taken for one: 1971-01-01 and 2071-01-01.
constexpr int64_t kFirstValidMs = 31'536'000'000, kLastValidMs = 3'187'296'000'000;

struct List {
  std::string_view key;
  Kind kind;
  std::string_view field_type;
  std::string_view of_such;  // "a metric"
};
constexpr std::array<List, 4> kLists{{{"dimensionFieldSpecs", Kind::kDimension, "DIMENSION", "a dimension"},
                                      {"metricFieldSpecs", Kind::kMetric, "METRIC", "a metric"},
                                      {"dateTimeFieldSpecs", Kind::kDateTime, "DATE_TIME", "a dateTime column"},
                                      {"complexFieldSpecs", Kind::kComplex, "COMPLEX", "a complex column"}}};

const List& ListOf(Kind kind) { return kLists[static_cast<size_t>(kind)]; }

bool HasSpace(std::string_view name) {
  return std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
}

/// A field of the document with what of it is only shown again.
struct Entry {
  PinotField field;
  std::string sample;
  JsonTree descriptive = JsonTree::Object();
};

class SchemaReader {
 public:
  Result<Parsed<PinotSchema>> Read(std::string_view json);

 private:
  Status ReadFields(const JsonTree& root);
  Status ReadTimeField(const JsonTree& root);
  Result<Entry> ReadField(const PlacedObject& place, Kind kind);
  Status ReadKind(const JsonTree& object, Entry* entry);
  Status ReadLength(const JsonTree& object, PinotField* field);
  Status ReadDateTime(const JsonTree& object, Entry* entry);
  Status CheckNames() const;
  JsonTree Document(const JsonTree& root) const;

  Findings findings_;
  std::vector<Entry> entries_;
  PinotSchema schema_;
};

Status SchemaReader::ReadKind(const JsonTree& object, Entry* entry) {
  PinotField& field = entry->field;
  const List& list = ListOf(field.kind);
  const std::string type = TextAt(object, "dataType");
  if (type == "UUID") {
    field.type = PinotType::kString;
    findings_.Warn("column \"" + field.name + "\": UUID is kept as STRING");
  } else {
    LOTIC_ASSIGN_OR_RETURN(field.type, ParsePinotType(type));
  }
  const std::string given_kind = TextAt(object, "fieldType");
  if (!given_kind.empty() && given_kind != list.field_type)
    return Status::Invalid("fieldType ", given_kind.substr(0, 40), " stands in ", list.key, ", whose columns are ", list.field_type);
  const bool number = field.type <= PinotType::kBigDecimal;
  const bool allowed = field.kind == Kind::kComplex  ? field.type == PinotType::kMap
                       : field.kind == Kind::kMetric ? number || field.type == PinotType::kBytes
                                                     : field.type != PinotType::kMap;
  if (!allowed) {
    return Status::Invalid(list.of_such, " cannot be ", PinotTypeName(field.type),
                           field.kind == Kind::kComplex    ? "; only MAP is supported"
                           : field.type == PinotType::kMap ? "; a MAP stands in complexFieldSpecs"
                                                           : "");
  }
  field.single_value = BoolAt(object, "singleValueField", true);
  if (!field.single_value) {
    if (field.kind != Kind::kDimension) return Status::Invalid(list.of_such, " cannot be multi-value");
    if (field.type == PinotType::kJson || field.type == PinotType::kBigDecimal)
      return Status::Invalid("a column of type ", PinotTypeName(field.type), " cannot be multi-value");
  }
  return Status::OK();
}

Status SchemaReader::ReadLength(const JsonTree& object, PinotField* field) {
  field->too_long = field->type == PinotType::kJson || field->type == PinotType::kBytes ? TooLong::kKeep : TooLong::kTrim;
  const int64_t length = IntAt(object, "maxLength", kDefaultMaxLength);
  if (length <= 0 || length > std::numeric_limits<int32_t>::max())
    return Status::Invalid("maxLength ", length, " is not between 1 and ", std::numeric_limits<int32_t>::max());
  field->max_length = static_cast<int32_t>(length);
  const std::string rule = TextAt(object, "maxLengthExceedStrategy");
  if (rule.empty()) return Status::OK();
  const auto* const found = std::find(kTooLongNames.begin(), kTooLongNames.end(), rule);
  if (found == kTooLongNames.end())
    return Status::Invalid("maxLengthExceedStrategy \"", rule.substr(0, 40), "\" is not one of TRIM_LENGTH, NO_ACTION, ERROR, SUBSTITUTE_DEFAULT_VALUE");
  field->too_long = static_cast<TooLong>(found - kTooLongNames.begin());
  return Status::OK();
}

Status SchemaReader::ReadDateTime(const JsonTree& object, Entry* entry) {
  PinotField& field = entry->field;
  field.format = TextAt(object, "format");
  field.granularity = TextAt(object, "granularity");
  if (field.format.empty()) return Status::Invalid("a dateTime column needs a format: 1:MILLISECONDS:EPOCH, TIMESTAMP, SIMPLE_DATE_FORMAT|yyyy-MM-dd");
  if (field.granularity.empty()) return Status::Invalid("a dateTime column needs a granularity: 1:MILLISECONDS");
  Result<DateTimeFormat> format = DateTimeFormat::Parse(field.format);
  if (!format.ok()) return format.status();
  LOTIC_RETURN_NOT_OK(CheckGranularity(field.granularity));
  if (field.type == PinotType::kTimestamp) {
    field.format = "TIMESTAMP";
    format = DateTimeFormat::Parse(field.format);
  }
  field.date_time = *std::move(format);
  const DateTimeFormat::Kind form = field.date_time->kind();
  if (const TimePattern* const pattern = field.date_time->pattern()) {
    const bool integer = field.type == PinotType::kInt || field.type == PinotType::kLong;
    if (!pattern->ordered())
      return Status::Invalid("dateTime format \"", field.format,
                             "\": texts of this pattern do not sort by time; y M d H m s S in this order, yyyy and two digits each, do");
    if (integer && !pattern->digits_only())
      return Status::Invalid("dateTime format \"", field.format, "\" gives no ", PinotTypeName(field.type), ": the pattern is not all digits");
    if (!integer && field.type != PinotType::kString)
      return Status::Invalid("dateTime format \"", field.format, "\" needs STRING, INT or LONG, not ", PinotTypeName(field.type));
  } else if (form == DateTimeFormat::Kind::kIso && field.type != PinotType::kString) {
    return Status::Invalid("dateTime format \"", field.format, "\" needs STRING, not ", PinotTypeName(field.type));
  }
  const JsonTree* const sample = object.Find("sampleValue");
  if (sample == nullptr) return Status::OK();
  entry->sample = ScalarText(*sample);
  int64_t ms = 0;
  if (!field.date_time->ToMillis(entry->sample, &ms))
    return Status::Invalid("sampleValue ", ShownJson("", *sample), " is no time of the format ", field.format);
  if (ms < kFirstValidMs || ms > kLastValidMs) return Status::Invalid("sampleValue ", ShownJson("", *sample), " is outside 1971-01-01 to 2071-01-01");
  return Status::OK();
}

Result<Entry> SchemaReader::ReadField(const PlacedObject& place, Kind kind) {
  const JsonTree& object = *place.object;
  Entry entry;
  PinotField& field = entry.field;
  field.kind = kind;
  field.name = TextAt(object, "name");
  if (field.name.empty()) return Status::Invalid(place.path, "name is missing");
  const auto in_column = [&](const Status& status) {
    return status.ok() ? status : status.WithMessage("column \"", field.name.substr(0, 100), "\": ", status.message());
  };
  if (TextAt(object, "dataType").empty()) return in_column(Status::Invalid("dataType is missing"));
  LOTIC_RETURN_NOT_OK(CheckKeys(object, "field", place.path, &findings_));
  LOTIC_RETURN_NOT_OK(in_column(ReadKind(object, &entry)));
  LOTIC_RETURN_NOT_OK(in_column(ReadLength(object, &field)));
  field.not_null = BoolAt(object, "notNull");
  field.allow_trailing_zeros = BoolAt(object, "allowTrailingZeros");
  field.transform = TextAt(object, "transformFunction");
  field.default_null = TypeDefault(field.type, field.kind);
  if (const JsonTree* const given = object.Find("defaultNullValue")) {
    Result<std::string> canonical = CanonicalDefault(field.type, *given);
    if (!canonical.ok()) return in_column(canonical.status());
    field.default_given = *canonical != field.default_null;
    field.default_null = *std::move(canonical);
  }
  if (kind == Kind::kDateTime) {
    LOTIC_RETURN_NOT_OK(in_column(ReadDateTime(object, &entry)));
  } else {
    for (const std::string_view key : {"format", "granularity", "sampleValue"}) {
      if (const JsonTree* const value = object.Find(key)) LOTIC_RETURN_NOT_OK(findings_.Unrecognized(place.path + std::string(key), *value));
    }
  }
  for (const std::string_view key : kDescriptiveKeys) {
    if (const JsonTree* const value = object.Find(key)) entry.descriptive.Set(key, *value);
  }
  return entry;
}

Status SchemaReader::ReadTimeField(const JsonTree& root) {
  const JsonTree* const spec = root.Find("timeFieldSpec");
  if (spec == nullptr) return Status::OK();
  const JsonTree* const in = spec->Find("incomingGranularitySpec");
  const JsonTree* out = spec->Find("outgoingGranularitySpec");
  if (in == nullptr || !in->is_object()) return Status::Invalid("timeFieldSpec.incomingGranularitySpec is missing; a column in dateTimeFieldSpecs is better");
  if (out == nullptr) out = in;
  for (const std::string_view key : {"name", "dataType", "timeType", "timeUnitSize", "timeFormat"}) {
    if (TextAt(*in, key) == TextAt(*out, key)) continue;
    return Status::Invalid("timeFieldSpec: incoming and outgoing ", key, " differ, \"", TextAt(*in, key).substr(0, 40), "\" and \"",
                           TextAt(*out, key).substr(0, 40), "\"; a column in dateTimeFieldSpecs with a transform does what is meant");
  }
  const std::string size = TextAt(*in, "timeUnitSize"), format = TextAt(*in, "timeFormat");
  const std::string unit = (size.empty() ? "1" : size) + ":" + TextAt(*in, "timeType");
  JsonTree field = JsonTree::Object();
  field.Set("name", JsonTree::Text(TextAt(*in, "name")));
  field.Set("dataType", JsonTree::Text(TextAt(*in, "dataType")));
  field.Set("format", JsonTree::Text(unit + ":" + (format.empty() ? "EPOCH" : format)));
  field.Set("granularity", JsonTree::Text(unit));
  LOTIC_ASSIGN_OR_RETURN(Entry entry, ReadField({&field, "timeFieldSpec.incomingGranularitySpec."}, Kind::kDateTime));
  findings_.Warn("timeFieldSpec is kept as a column of dateTimeFieldSpecs");
  entries_.push_back(std::move(entry));
  return Status::OK();
}

Status SchemaReader::ReadFields(const JsonTree& root) {
  for (const List& list : kLists) {
    if (list.kind == Kind::kDateTime) LOTIC_RETURN_NOT_OK(ReadTimeField(root));
    LOTIC_ASSIGN_OR_RETURN(const std::vector<PlacedObject> objects, ObjectsAt(root, list.key, ""));
    if (entries_.size() + objects.size() > kMaxPinotColumns) return Status::CapacityError("a schema of more than ", kMaxPinotColumns, " columns");
    for (const PlacedObject& place : objects) {
      LOTIC_ASSIGN_OR_RETURN(Entry entry, ReadField(place, list.kind));
      entries_.push_back(std::move(entry));
    }
  }
  if (entries_.empty()) return Status::Invalid("the schema has no columns; dimensionFieldSpecs, metricFieldSpecs or dateTimeFieldSpecs list them");
  return Status::OK();
}

Status SchemaReader::CheckNames() const {
  std::map<std::string, std::string> seen;  // lower case → as written
  for (const Entry& entry : entries_) {
    const std::string& name = entry.field.name;
    if (HasSpace(name)) return Status::Invalid("column \"", name.substr(0, 100), "\": a name has no white space");
    const std::string lowered = AsciiLower(name);
    for (const std::string_view reserved : kVirtualColumns) {
      if (AsciiLower(reserved) == lowered) return Status::Invalid("column \"", name, "\": every table has a column ", reserved, " of its own");
    }
    const auto [before, is_new] = seen.emplace(lowered, name);
    if (is_new) continue;
    if (before->second == name) return Status::Invalid("column \"", name.substr(0, 100), "\" is there twice");
    return Status::Invalid("columns \"", before->second.substr(0, 100), "\" and \"", name.substr(0, 100),
                           "\" differ in case only; names are found in any case");
  }
  std::set<std::string> keys;
  for (const std::string& key : schema_.primary_keys) {
    const auto is_key = [&](const Entry& entry) { return entry.field.name == key; };
    if (std::none_of(entries_.begin(), entries_.end(), is_key))
      return Status::Invalid("primaryKeyColumns: \"", key.substr(0, 100), "\" is no column of the schema");
    if (!keys.insert(key).second) return Status::Invalid("primaryKeyColumns: \"", key.substr(0, 100), "\" is there twice");
  }
  return Status::OK();
}

JsonTree SchemaReader::Document(const JsonTree& root) const {
  JsonTree document = JsonTree::Object();
  document.Set("schemaName", JsonTree::Text(schema_.name));
  for (const std::string_view key : {"description", "tags"}) {
    if (const JsonTree* const value = root.Find(key)) document.Set(key, *value);
  }
  document.Set("enableColumnBasedNullHandling", JsonTree::Boolean(schema_.column_null_handling));
  for (const List& list : kLists) {
    JsonTree array;
    array.kind = JsonTree::Kind::kArray;
    for (const Entry& entry : entries_) {
      const PinotField& field = entry.field;
      if (field.kind != list.kind) continue;
      JsonTree object = JsonTree::Object();
      object.Set("name", JsonTree::Text(field.name));
      object.Set("dataType", JsonTree::Text(std::string(PinotTypeName(field.type))));
      object.Set("fieldType", JsonTree::Text(std::string(list.field_type)));
      if (!field.single_value) object.Set("singleValueField", JsonTree::Boolean(false));
      if (field.not_null) object.Set("notNull", JsonTree::Boolean(true));
      if (field.max_length != kDefaultMaxLength) object.Set("maxLength", JsonTree::Number(field.max_length));
      const bool keeps = field.type == PinotType::kJson || field.type == PinotType::kBytes;
      if (field.too_long != (keeps ? TooLong::kKeep : TooLong::kTrim))
        object.Set("maxLengthExceedStrategy", JsonTree::Text(std::string(kTooLongNames[static_cast<size_t>(field.too_long)])));
      if (field.allow_trailing_zeros) object.Set("allowTrailingZeros", JsonTree::Boolean(true));
      if (field.default_given) object.Set("defaultNullValue", DefaultAsJson(field.type, field.default_null));
      if (!field.transform.empty()) object.Set("transformFunction", JsonTree::Text(field.transform));
      if (field.kind == Kind::kDateTime) {
        object.Set("format", JsonTree::Text(field.format));
        object.Set("granularity", JsonTree::Text(field.granularity));
        if (!entry.sample.empty()) object.Set("sampleValue", JsonTree::Text(entry.sample));
      }
      for (size_t i = 0; i < entry.descriptive.keys.size(); ++i) object.Set(entry.descriptive.keys[i], entry.descriptive.items[i]);
      array.items.push_back(std::move(object));
    }
    if (!array.items.empty()) document.Set(list.key, std::move(array));
  }
  if (!schema_.primary_keys.empty()) document.Set("primaryKeyColumns", *root.Find("primaryKeyColumns"));
  return document;
}

Result<Parsed<PinotSchema>> SchemaReader::Read(std::string_view json) {
  LOTIC_ASSIGN_OR_RETURN(const JsonDocument document, ParseJsonDocument(json));
  const JsonTree& root = document.root;
  if (!root.is_object()) return Status::Invalid("a schema is a JSON object, not ", ShownJson("", root));
  for (const std::string& key : document.repeated) findings_.Warn("\"" + key.substr(0, 100) + "\" stands twice in an object; the last one counts");
  if (const JsonTree* const name = root.Find("schemaName")) LOTIC_RETURN_NOT_OK(CheckType(*name, KeyType::kText, "schemaName"));
  schema_.name = TextAt(root, "schemaName");
  constexpr std::string_view kDatabase = "default.";  // the one there is
  if (schema_.name.starts_with(kDatabase)) schema_.name.erase(0, kDatabase.size());
  if (schema_.name.empty()) return Status::Invalid("schemaName is missing");
  LOTIC_RETURN_NOT_OK(CheckKeys(root, "schema", "", &findings_));
  if (HasSpace(schema_.name) || schema_.name.find('/') != std::string::npos)
    return Status::Invalid("schemaName \"", schema_.name.substr(0, 100), "\": a name has no white space and no slash");
  schema_.column_null_handling = BoolAt(root, "enableColumnBasedNullHandling");
  schema_.primary_keys = TextsAt(root, "primaryKeyColumns");
  LOTIC_RETURN_NOT_OK(ReadFields(root));
  LOTIC_RETURN_NOT_OK(CheckNames());
  schema_.document = WriteJson(Document(root));
  for (Entry& entry : entries_) schema_.fields.push_back(std::move(entry.field));
  Parsed<PinotSchema> parsed;
  parsed.value = std::move(schema_);
  parsed.unrecognized = findings_.unrecognized();
  parsed.warnings = findings_.TakeWarnings();
  return parsed;
}

}  // namespace

Result<Parsed<PinotSchema>> ParsePinotSchema(std::string_view json) { return SchemaReader().Read(json); }

Status CheckTimeFormatChange(const PinotSchema& before, const PinotSchema& after, std::string_view column) {
  const PinotField* const was = before.Find(column);
  const PinotField* const now = after.Find(column);
  if (was == nullptr || now == nullptr || !was->date_time || !now->date_time) return Status::OK();
  const DateTimeFormat &a = *was->date_time, &b = *now->date_time;
  const bool numbers = a.kind() == DateTimeFormat::Kind::kEpoch, text = a.kind() == DateTimeFormat::Kind::kPattern || a.kind() == DateTimeFormat::Kind::kIso;
  const bool same = a.kind() == b.kind() && (!numbers || (a.unit() == b.unit() && a.size() == b.size())) && (!text || was->format == now->format);
  if (same) return Status::OK();
  return Status::Invalid("backward incompatible schema: column \"", column, "\" has the format ", was->format, " and cannot change to ", now->format,
                         ": the values there are would stand for other times; add a column with the new format");
}

Status CheckSchemaChange(const PinotSchema& before, const PinotSchema& after) {
  if (before.name != after.name)
    return Status::Invalid("schema \"", before.name, "\" cannot be renamed to \"", after.name, "\"; the schema with the new name is another one");
  for (const PinotField& field : before.fields) {
    const PinotField* const now = after.Find(field.name);
    if (now == nullptr)
      return Status::Invalid("backward incompatible schema: column \"", field.name, "\" is missing; columns may be added, not removed or renamed");
    if (now->type != field.type) {
      return Status::Invalid("backward incompatible schema: column \"", field.name, "\" is ", PinotTypeName(field.type), " and cannot become ",
                             PinotTypeName(now->type));
    }
    if (now->single_value != field.single_value) {
      return Status::Invalid("backward incompatible schema: column \"", field.name, "\" is ", field.single_value ? "single-value" : "multi-value",
                             " and cannot become ", field.single_value ? "multi-value" : "single-value");
    }
    LOTIC_RETURN_NOT_OK(CheckTimeFormatChange(before, after, field.name));
  }
  if (!before.primary_keys.empty() && before.primary_keys != after.primary_keys)
    return Status::Invalid("backward incompatible schema: primaryKeyColumns cannot change once they are set");
  return Status::OK();
}

}  // namespace lotic::catalog
