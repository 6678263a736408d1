// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_table_config.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <set>

#include "catalog/ddl_tokens.h"
#include "catalog/json_tree.h"
#include "catalog/option_keys.h"
#include "catalog/pinot_periods.h"
#include "catalog/pinot_reader.h"
#include "catalog/stream_reader.h"

namespace lotic::catalog {
namespace {

constexpr size_t kMaxTableName = 200;  // bytes; it becomes part of file names
constexpr int64_t kMaxQueryTimeoutMs = 24LL * 3600 * 1000;

using ColumnUse = PinotTableConfig::ColumnUse;

/// Lists of columns, and objects whose keys are columns.
struct ColumnKey {
  std::string_view key;
  bool single_value_only = false, text_only = false, long_only = false;
};
constexpr ColumnKey kColumnLists[] = {{"invertedIndexColumns"},         {"rangeIndexColumns"},   {"sortedColumn", true},      {"bloomFilterColumns"},
                                      {"jsonIndexColumns", true, true}, {"noDictionaryColumns"}, {"onHeapDictionaryColumns"}, {"varLengthDictionaryColumns"}};
constexpr ColumnKey kColumnObjects[] = {{"bloomFilterConfigs"}, {"jsonIndexConfigs", true, true}, {"noDictionaryConfig"}};

/// An upsertConfig of mode NONE and a dedupConfig that is not enabled: as Pinot has it without them.
bool IsSwitchedOff(std::string_view key, const JsonTree& value) {
  if (!value.is_object()) return false;
  if (key == "upsertConfig") return AsciiLower(TextAt(value, "mode")) == "none";
  return key == "dedupConfig" && value.Find("dedupEnabled") != nullptr && AsciiLower(TextAt(value, "dedupEnabled")) == "false";
}

class TableReader {
 public:
  explicit TableReader(const VariableLookup& variables) : variables_(variables) {}
  Result<Parsed<PinotTableConfig>> Read(std::string_view json);

 private:
  Status ReplaceInStreams();
  Status ReadEnvelope();
  Status ReadSegments(const JsonTree& segments);
  Status ReadIndexes(const JsonTree& indexes);
  Status ReadStarTrees(const JsonTree& indexes);
  Status ReadFieldConfigs();
  Status ReadQuery();
  Status ReadQuota();
  Status ReadIngestion(const JsonTree& ingestion);
  Status ReadStream();
  Status Use(std::string_view key, const std::string& column, const ColumnKey& how = {""});
  std::string Document() const;

  const VariableLookup& variables_;
  JsonTree root_;
  Findings findings_;
  PinotTableConfig table_;
};

Status TableReader::Use(std::string_view key, const std::string& column, const ColumnKey& how) {
  ColumnUse use{std::string(key), column, how.single_value_only, how.text_only, how.long_only};
  if (use.column.empty()) return Status::Invalid(key, " names a column \"\"");
  for (const ColumnUse& other : table_.column_uses) {
    if (other.key == use.key && other.column == use.column) return Status::Invalid(key, " names \"", column.substr(0, 100), "\" twice");
  }
  if (table_.column_uses.size() >= kMaxPinotColumns) return Status::CapacityError("the indexes of a table name more than ", kMaxPinotColumns, " columns");
  table_.column_uses.push_back(std::move(use));
  return Status::OK();
}

/// Names of tables and columns, and expressions, are shown in messages; the stream's map is not.
Status TableReader::ReplaceInStreams() {
  if (JsonTree* const indexes = root_.Find("tableIndexConfig")) {
    if (JsonTree* const stream = indexes->Find("streamConfigs")) LOTIC_RETURN_NOT_OK(ReplaceVariables(variables_, stream));
  }
  if (JsonTree* const ingestion = root_.Find("ingestionConfig")) {
    if (JsonTree* const streams = ingestion->Find("streamIngestionConfig")) LOTIC_RETURN_NOT_OK(ReplaceVariables(variables_, streams));
  }
  return Status::OK();
}

Status TableReader::ReadEnvelope() {
  for (const std::string_view key : {"tableName", "tableType"}) {
    if (const JsonTree* const text = root_.Find(key)) LOTIC_RETURN_NOT_OK(CheckType(*text, KeyType::kText, std::string(key)));
  }
  const JsonTree* const name = root_.Find("tableName");
  if (name == nullptr || ScalarText(*name).empty()) return Status::Invalid("tableName is missing");
  const Result<std::string> raw = RawTableName(ScalarText(*name));
  if (!raw.ok()) return Status::Invalid("tableName ", ShownJson("", *name), raw.status().message().substr(raw.status().message().rfind("\": ") + 1));
  table_.raw_name = *raw;
  findings_.set_table_name(*raw);
  const std::string type = AsciiLower(TextAt(root_, "tableType"));
  if (type.empty()) return Status::Invalid("tableType is missing; REALTIME is needed");
  if (type == "offline") return Status::Invalid("tableType OFFLINE is not built yet: a table reads a stream, and is REALTIME");
  if (type != "realtime") return Status::Invalid("tableType: expected REALTIME, not ", ShownJson("", *root_.Find("tableType")));
  for (const std::string_view key : {"segmentsConfig", "tenants", "tableIndexConfig"}) {
    if (root_.Find(key) == nullptr) return Status::Invalid(key, " is missing; it may be empty: {}");
  }
  JsonTree asked = JsonTree::Object();  // without what is switched off: it is as if it were not there
  for (size_t i = 0; i < root_.keys.size(); ++i) {
    if (IsSwitchedOff(root_.keys[i], root_.items[i])) continue;
    asked.keys.push_back(root_.keys[i]);
    asked.items.push_back(root_.items[i]);
  }
  return CheckKeys(asked, "table", "", &findings_);
}

Status TableReader::ReadSegments(const JsonTree& segments) {
  const std::string path = "segmentsConfig.";
  LOTIC_RETURN_NOT_OK(CheckKeys(segments, "segmentsConfig", path, &findings_));
  table_.time_column = TextAt(segments, "timeColumnName");
  if (table_.time_column.empty()) return Status::Invalid(path, "timeColumnName is missing; a REALTIME table needs a dateTime column");
  const JsonTree* const deleted = segments.Find("deletedSegmentsRetentionPeriod");
  if (deleted != nullptr && !ScalarText(*deleted).empty()) {
    const Result<int64_t> period = ParsePeriod(ScalarText(*deleted));
    if (!period.ok() || *period < 0)
      return Status::Invalid(path, "deletedSegmentsRetentionPeriod: expected a period as 7d or 0d, not ", ShownJson("", *deleted));
    table_.deleted_retention_ms = *period;
  }
  const JsonTree* const unit = segments.Find("retentionTimeUnit");
  const JsonTree* const value = segments.Find("retentionTimeValue");
  const bool has_unit = unit != nullptr && !ScalarText(*unit).empty(), has_value = value != nullptr && !ScalarText(*value).empty();
  if (has_unit != has_value)
    return Status::Invalid(path, has_unit ? "retentionTimeUnit needs a retentionTimeValue" : "retentionTimeValue needs a retentionTimeUnit");
  if (!has_unit) return Status::OK();
  const Result<PinotTimeUnit> parsed = ParsePinotTimeUnit(ScalarText(*unit));
  if (!parsed.ok()) return Status::Invalid(path, "retentionTimeUnit: expected MINUTES, HOURS, DAYS or another time unit, not ", ShownJson("", *unit));
  const int64_t amount = IntAt(segments, "retentionTimeValue", 0);
  int64_t ms = 0;
  if (amount <= 0 || !UnitsToMillis(amount, 1, *parsed, &ms) || ms <= 0)
    return Status::Invalid(path, "retentionTimeValue: expected a number above zero, of at least a millisecond, not ", ShownJson("", *value));
  table_.retention_ms = ms;
  return Status::OK();
}

Status TableReader::ReadStarTrees(const JsonTree& indexes) {
  LOTIC_ASSIGN_OR_RETURN(const std::vector<PlacedObject> trees, ObjectsAt(indexes, "starTreeIndexConfigs", "tableIndexConfig."));
  for (const PlacedObject& place : trees) {
    for (const std::string_view key : {"dimensionsSplitOrder", "skipStarNodeCreationForDimensions", "functionColumnPairs"}) {
      const JsonTree* const columns = place.object->Find(key);
      if (columns == nullptr) continue;
      const std::string path = place.path + std::string(key);
      LOTIC_RETURN_NOT_OK(CheckType(*columns, KeyType::kTexts, path));
      for (const JsonTree& item : columns->items) {
        std::string column = item.text;
        if (key == "functionColumnPairs") {
          const size_t at = column.find("__");
          if (at == std::string::npos) return Status::Invalid(path, ": expected FUNCTION__column, not ", ShownJson("", item));
          column = column.substr(at + 2);
          if (column == "*" ||
              std::any_of(table_.column_uses.begin(), table_.column_uses.end(), [&](const ColumnUse& use) { return use.key == path && use.column == column; }))
            continue;
        }
        LOTIC_RETURN_NOT_OK(Use(path, column));
      }
    }
    LOTIC_ASSIGN_OR_RETURN(const std::vector<PlacedObject> sums, ObjectsAt(*place.object, "aggregationConfigs", place.path));
    for (const PlacedObject& sum : sums) {
      const std::string column = TextAt(*sum.object, "columnName");
      if (!column.empty() && column != "*") LOTIC_RETURN_NOT_OK(Use(sum.path + "columnName", column));
    }
  }
  return Status::OK();
}

Status TableReader::ReadIndexes(const JsonTree& indexes) {
  const std::string path = "tableIndexConfig.";
  LOTIC_RETURN_NOT_OK(CheckKeys(indexes, "tableIndexConfig", path, &findings_));
  table_.null_handling = BoolAt(indexes, "nullHandlingEnabled");
  for (const ColumnKey& list : kColumnLists) {
    for (const std::string& column : TextsAt(indexes, list.key)) LOTIC_RETURN_NOT_OK(Use(path + std::string(list.key), column, list));
  }
  for (const ColumnKey& object : kColumnObjects) {
    const JsonTree* const found = indexes.Find(object.key);
    if (found == nullptr) continue;
    for (const std::string& column : found->keys) LOTIC_RETURN_NOT_OK(Use(path + std::string(object.key), column, object));
  }
  const JsonTree* const partition = indexes.Find("segmentPartitionConfig");
  const JsonTree* const by_column = partition == nullptr ? nullptr : partition->Find("columnPartitionMap");
  if (by_column != nullptr) {
    LOTIC_RETURN_NOT_OK(CheckType(*by_column, KeyType::kObject, path + "segmentPartitionConfig.columnPartitionMap"));
    for (const std::string& column : by_column->keys) LOTIC_RETURN_NOT_OK(Use(path + "segmentPartitionConfig.columnPartitionMap", column));
  }
  const JsonTree* const texts = indexes.Find("multiColumnTextIndexConfig");
  const JsonTree* const of_texts = texts == nullptr ? nullptr : texts->Find("columns");
  if (of_texts != nullptr) {
    const std::string place = path + "multiColumnTextIndexConfig.columns";
    LOTIC_RETURN_NOT_OK(CheckType(*of_texts, KeyType::kTexts, place));
    for (const JsonTree& item : of_texts->items) LOTIC_RETURN_NOT_OK(Use(place, item.text, {"", false, true}));
  }
  return ReadStarTrees(indexes);
}

Status TableReader::ReadFieldConfigs() {
  LOTIC_ASSIGN_OR_RETURN(const std::vector<PlacedObject> configs, ObjectsAt(root_, "fieldConfigList", ""));
  for (const PlacedObject& place : configs) {
    const std::string name = TextAt(*place.object, "name");
    if (name.empty()) return Status::Invalid(place.path, "name is missing");
    LOTIC_RETURN_NOT_OK(CheckKeys(*place.object, "fieldConfig", place.path, &findings_));
    std::vector<std::string> indexes = TextsAt(*place.object, "indexTypes");
    indexes.push_back(TextAt(*place.object, "indexType"));
    ColumnKey how{""};
    for (const std::string& index : indexes) how.long_only = how.long_only || AsciiLower(index) == "timestamp";
    LOTIC_RETURN_NOT_OK(Use("fieldConfigList", name, how));
  }
  return Status::OK();
}

Status TableReader::ReadQuery() {
  const JsonTree* const query = root_.Find("query");
  if (query == nullptr) return Status::OK();
  LOTIC_RETURN_NOT_OK(CheckKeys(*query, "query", "query.", &findings_));
  for (const std::string_view key : {"maxQueryResponseSizeBytes", "maxServerResponseSizeBytes"}) {
    const JsonTree* const bytes = query->Find(key);
    if (bytes == nullptr) continue;
    const int64_t most = IntAt(*query, key, 0);
    if (most <= 0) return Status::Invalid("query.", key, ": expected a number of bytes above zero, not ", ShownJson("", *bytes));
    table_.max_response_bytes = std::min(most, table_.max_response_bytes.value_or(most));
  }
  const JsonTree* const timeout = query->Find("timeoutMs");
  if (timeout == nullptr) return Status::OK();
  const int64_t ms = IntAt(*query, "timeoutMs", 0);
  if (ms <= 0 || ms > kMaxQueryTimeoutMs)
    return Status::Invalid("query.timeoutMs: expected milliseconds from 1 to ", kMaxQueryTimeoutMs, ", not ", ShownJson("", *timeout));
  table_.query_timeout_ms = ms;
  return Status::OK();
}

Status TableReader::ReadQuota() {
  const JsonTree* const quota = root_.Find("quota");
  if (quota == nullptr) return Status::OK();
  LOTIC_RETURN_NOT_OK(CheckKeys(*quota, "quota", "quota.", &findings_));
  const JsonTree* const storage = quota->Find("storage");
  if (storage != nullptr && !ScalarText(*storage).empty()) {
    const Result<int64_t> bytes = ParseDataSize(ScalarText(*storage));
    if (!bytes.ok()) return Status::Invalid("quota.storage: expected a size as 100G, not ", ShownJson("", *storage));
    table_.max_storage_bytes = *bytes;
  }
  const JsonTree* const rate = quota->Find("maxQueriesPerSecond");
  double number = 0;
  if (rate != nullptr && !(ParseNumberText(ScalarText(*rate), &number) && number > 0))
    return Status::Invalid("quota.maxQueriesPerSecond: expected a number above zero, not ", ShownJson("", *rate));
  if (rate != nullptr) table_.max_queries_per_second = number;
  return Status::OK();
}

Status TableReader::ReadIngestion(const JsonTree& ingestion) {
  const std::string path = "ingestionConfig.";
  LOTIC_RETURN_NOT_OK(CheckKeys(ingestion, "ingestionConfig", path, &findings_));
  table_.continue_on_error = BoolAt(ingestion, "continueOnError");
  table_.row_time_value_check = BoolAt(ingestion, "rowTimeValueCheck");
  table_.strict_numbers = BoolAt(ingestion, "strictNumbers");
  if (const JsonTree* const filter = ingestion.Find("filterConfig")) {
    LOTIC_RETURN_NOT_OK(CheckKeys(*filter, "filterConfig", path + "filterConfig.", &findings_));
    table_.filter = TextAt(*filter, "filterFunction");
  }
  LOTIC_ASSIGN_OR_RETURN(const std::vector<PlacedObject> transforms, ObjectsAt(ingestion, "transformConfigs", path));
  std::set<std::string> columns;
  for (const PlacedObject& place : transforms) {
    LOTIC_RETURN_NOT_OK(CheckKeys(*place.object, "transformConfig", place.path, &findings_));
    PinotTransform transform{TextAt(*place.object, "columnName"), TextAt(*place.object, "transformFunction")};
    if (transform.column.empty()) return Status::Invalid(place.path, "columnName is missing");
    if (transform.function.empty()) return Status::Invalid(place.path, "transformFunction is missing");
    if (!columns.insert(transform.column).second)
      return Status::Invalid(path, "transformConfigs: column \"", transform.column.substr(0, 100), "\" has two transforms");
    table_.transforms.push_back(std::move(transform));
  }
  return Status::OK();
}

Status TableReader::ReadStream() {
  const JsonTree& indexes = *root_.Find("tableIndexConfig");
  const JsonTree* old_place = indexes.Find("streamConfigs");
  if (old_place != nullptr && old_place->items.empty()) old_place = nullptr;
  const JsonTree* const ingestion = root_.Find("ingestionConfig");
  const JsonTree* const streams = ingestion == nullptr ? nullptr : ingestion->Find("streamIngestionConfig");
  const std::string path = "ingestionConfig.streamIngestionConfig.";
  std::vector<PlacedObject> maps;
  if (streams != nullptr) {
    LOTIC_RETURN_NOT_OK(CheckKeys(*streams, "streamIngestionConfig", path, &findings_));
    LOTIC_ASSIGN_OR_RETURN(maps, ObjectsAt(*streams, "streamConfigMaps", path));
  }
  if (old_place != nullptr && !maps.empty())
    return Status::Invalid("tableIndexConfig.streamConfigs and ", path, "streamConfigMaps both name a stream; one of them is needed");
  if (maps.size() > 1) return Status::Invalid(path, "streamConfigMaps has ", maps.size(), " streams; tables of more than one are not built yet");
  if (old_place != nullptr) maps.push_back({old_place, "tableIndexConfig.streamConfigs."});
  if (maps.empty()) return Status::Invalid("the table has no stream; ", path, "streamConfigMaps holds one: [{\"streamType\": \"kafka\", …}]");
  const JsonTree& map = *maps[0].object;
  for (size_t i = 0; i < map.keys.size(); ++i) {
    if (map.items[i].text == kHiddenSecret && IsSecretOption(map.keys[i]))
      return Status::Invalid(map.keys[i], ": ****** is what is shown instead of a secret; the secret itself is needed");
  }
  LOTIC_ASSIGN_OR_RETURN(table_.stream, ReadStreamConfig(map, maps[0].path, &findings_));
  return Status::OK();
}

void DropNulls(JsonTree* tree) {
  size_t kept = 0;
  for (size_t i = 0; i < tree->items.size(); ++i) {
    if (tree->is_object() && tree->items[i].kind == JsonTree::Kind::kNull) continue;
    if (kept != i) {
      tree->items[kept] = std::move(tree->items[i]);
      if (tree->is_object()) tree->keys[kept] = std::move(tree->keys[i]);
    }
    DropNulls(&tree->items[kept++]);
  }
  tree->items.resize(kept);
  if (tree->is_object()) tree->keys.resize(kept);
}

void Fill(JsonTree* object, std::string_view key, JsonTree value) {
  if (object->Find(key) == nullptr) object->Set(key, std::move(value));
}

std::string TableReader::Document() const {
  JsonTree given = root_;
  DropNulls(&given);
  given.Set("tableName", JsonTree::Text(table_.NameWithType()));
  given.Set("tableType", JsonTree::Text("REALTIME"));
  Fill(&given, "metadata", JsonTree::Object());
  Fill(&given, "isDimTable", JsonTree::Boolean(false));
  JsonTree document = JsonTree::Object();
  for (const DefinitionKey& known : PinotKeys("table")) {
    if (const JsonTree* const value = given.Find(known.key)) document.Set(known.key, *value);
  }
  for (size_t i = 0; i < given.keys.size(); ++i) {
    if (FindPinotKey("table", given.keys[i]) == nullptr) document.Set(given.keys[i], given.items[i]);
  }
  for (size_t i = 0; i < document.keys.size(); ++i) {
    JsonTree& section = document.items[i];
    const std::string& key = document.keys[i];
    if (key == "segmentsConfig" && section.Find("replicasPerPartition") == nullptr) Fill(&section, "replication", JsonTree::Text("1"));
    if (key == "tenants") {
      Fill(&section, "broker", JsonTree::Text("DefaultTenant"));
      Fill(&section, "server", JsonTree::Text("DefaultTenant"));
    }
    if (key == "tableIndexConfig") {
      Fill(&section, "loadMode", JsonTree::Text("MMAP"));
      Fill(&section, "nullHandlingEnabled", JsonTree::Boolean(false));
    }
    if (key == "ingestionConfig") {
      Fill(&section, "continueOnError", JsonTree::Boolean(false));
      Fill(&section, "rowTimeValueCheck", JsonTree::Boolean(false));
      Fill(&section, "segmentTimeValueCheck", JsonTree::Boolean(true));
    }
  }
  return WriteJson(document);
}

Result<Parsed<PinotTableConfig>> TableReader::Read(std::string_view json) {
  LOTIC_ASSIGN_OR_RETURN(JsonDocument document, ParseJsonDocument(json));
  root_ = std::move(document.root);
  if (!root_.is_object()) return Status::Invalid("a table configuration is a JSON object, not ", ShownJson("", root_));
  for (const std::string& key : document.repeated) findings_.Warn("\"" + key.substr(0, 100) + "\" stands twice in an object; the last one counts");
  LOTIC_RETURN_NOT_OK(ReplaceInStreams());
  LOTIC_RETURN_NOT_OK(ReadEnvelope());
  LOTIC_RETURN_NOT_OK(ReadSegments(*root_.Find("segmentsConfig")));
  LOTIC_RETURN_NOT_OK(CheckKeys(*root_.Find("tenants"), "tenants", "tenants.", &findings_));
  LOTIC_RETURN_NOT_OK(ReadIndexes(*root_.Find("tableIndexConfig")));
  LOTIC_RETURN_NOT_OK(ReadFieldConfigs());
  LOTIC_RETURN_NOT_OK(ReadQuery());
  LOTIC_RETURN_NOT_OK(ReadQuota());
  if (const JsonTree* const ingestion = root_.Find("ingestionConfig")) LOTIC_RETURN_NOT_OK(ReadIngestion(*ingestion));
  LOTIC_RETURN_NOT_OK(ReadStream());
  table_.document = Document();
  if (table_.document.size() > kMaxPinotDocumentBytes)
    return Status::CapacityError("the normalised document is longer than ", kMaxPinotDocumentBytes, " bytes");
  Parsed<PinotTableConfig> parsed;
  parsed.value = std::move(table_);
  parsed.unrecognized = findings_.unrecognized();
  parsed.warnings = findings_.TakeWarnings();
  return parsed;
}

void Restore(const JsonTree& stored, JsonTree* tree) {
  for (size_t i = 0; i < tree->items.size(); ++i) {
    const JsonTree* const before = tree->is_object() ? stored.Find(tree->keys[i]) : stored.is_array() && i < stored.items.size() ? &stored.items[i] : nullptr;
    if (before == nullptr) continue;
    JsonTree& item = tree->items[i];
    if (tree->is_object() && item.kind == JsonTree::Kind::kText && item.text == kHiddenSecret && IsSecretOption(tree->keys[i])) {
      item = *before;
    } else {
      Restore(*before, &item);
    }
  }
}

}  // namespace

Result<std::string> RawTableName(std::string_view name) {
  constexpr std::string_view kDatabase = "default.", kSuffix = "_REALTIME";
  const auto bad = [&](std::string_view why) { return Status::Invalid("table name \"", name.substr(0, 100), "\": ", why); };
  std::string_view raw = name;
  if (raw.starts_with(kDatabase)) raw.remove_prefix(kDatabase.size());
  if (raw.ends_with(kSuffix)) raw.remove_suffix(kSuffix.size());
  if (raw.empty()) return bad("a name is needed");
  if (raw.size() > kMaxTableName) return bad("a name of more than 200 bytes");
  if (raw.find("__") != std::string_view::npos) return bad("two underscores in a row separate the parts of a segment's name");
  if (std::count(raw.begin(), raw.end(), '.') > 1) return bad("at most one dot, which separates a database");
  if (raw.front() == '.' || raw.back() == '.' || raw.front() == '-') return bad("a name begins and ends with a letter, a digit or an underscore");
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && std::isalnum(byte) == 0 && c != '_' && c != '-' && c != '.')
      return bad(byte <= ' ' ? "a name has no white space" : "letters, digits, _ - and . are allowed");
  }
  return std::string(raw);
}

Result<Parsed<PinotTableConfig>> ParsePinotTableConfig(std::string_view json, const VariableLookup& variables) { return TableReader(variables).Read(json); }

std::string ShownPinotTable(const std::string& document) {
  Result<JsonDocument> parsed = ParseJsonDocument(document);
  if (!parsed.ok()) return "{}";
  HideSecrets(&parsed->root);
  return WriteJson(parsed->root);
}

Result<std::string> WithStoredSecrets(std::string_view json, const std::string& stored) {
  if (json.find(kHiddenSecret) == std::string_view::npos) return std::string(json);
  LOTIC_ASSIGN_OR_RETURN(JsonDocument given, ParseJsonDocument(json));
  LOTIC_ASSIGN_OR_RETURN(const JsonDocument before, ParseJsonDocument(stored));
  Restore(before.root, &given.root);
  return WriteJson(given.root);
}

}  // namespace lotic::catalog
