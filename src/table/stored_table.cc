// SPDX-License-Identifier: Apache-2.0
#include "table/stored_table.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "table/files.h"

namespace lotic::table {

namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr int kVersion = 1;
constexpr std::string_view kTypeSuffix = "_REALTIME";
constexpr std::string_view kDefaultDatabase = "default.";
constexpr const char* kTableFile = "table.json";
constexpr size_t kMaxSchemaBytes = size_t{8} << 20;

template <typename T>
std::optional<T> Optional(const Json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end() || at->is_null()) return std::nullopt;
  return at->get<T>();
}

}  // namespace

std::string ToJson(const StoredTable& table) {
  Json json;
  json["v"] = kVersion;
  json["name"] = table.name;
  json["rawName"] = table.raw_name;
  json["tableId"] = table.table_id;
  json["createdMs"] = table.created_ms;
  if (table.changed_ms != 0) json["changedMs"] = table.changed_ms;
  Json& state = json["state"];
  state["paused"] = table.paused;
  if (table.pause_reason.has_value()) state["reason"] = *table.pause_reason;
  if (table.pause_comment.has_value()) state["comment"] = *table.pause_comment;
  if (table.pause_changed_ms.has_value()) state["changedMs"] = *table.pause_changed_ms;
  if (!table.stopped.empty()) {
    Json& stopped = state["stopped"];
    for (const auto& [partition, why] : table.stopped) {
      stopped[std::to_string(partition)] = {{"error", why.error}, {"atMs", why.at_ms}};
    }
  }
  // Text, not an object: the document keeps the order and the numbers it was given with.
  json["config"] = table.config;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<StoredTable> StoredTableFromJson(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (const int version = json.at("v").get<int>(); version != kVersion) {
      return Status::Invalid("table definition: version ", version, " is not known (this program knows ", kVersion, ")");
    }
    StoredTable table;
    table.name = json.at("name").get<std::string>();
    table.raw_name = json.at("rawName").get<std::string>();
    table.table_id = json.at("tableId").get<std::string>();
    table.created_ms = json.at("createdMs").get<int64_t>();
    table.changed_ms = Optional<int64_t>(json, "changedMs").value_or(0);
    table.config = json.at("config").get<std::string>();
    const Json& state = json.at("state");
    table.paused = state.at("paused").get<bool>();
    table.pause_reason = Optional<std::string>(state, "reason");
    table.pause_comment = Optional<std::string>(state, "comment");
    table.pause_changed_ms = Optional<int64_t>(state, "changedMs");
    if (const auto stopped = state.find("stopped"); stopped != state.end()) {
      for (const auto& [partition, why] : stopped->items()) {
        table.stopped[std::stoi(partition)] = {why.at("error").get<std::string>(), why.at("atMs").get<int64_t>()};
      }
    }
    if (table.raw_name.empty() || table.name != table.raw_name + std::string(kTypeSuffix)) {
      return Status::Invalid("table definition: '", table.name, "' is not '", table.raw_name, kTypeSuffix, "'");
    }
    return table;
  } catch (const Json::parse_error& thrown) {  // its own words repeat what was read last: the configuration, with its credentials
    return Status::Invalid("table definition: no JSON from byte ", thrown.byte, " of ", text.size(), " on");
  } catch (const std::exception& thrown) {  // the library's, and stoi's
    return Status::Invalid("table definition: ", thrown.what());
  }
}

std::string TablesFolder(const std::string& data_folder) { return data_folder + "/tables"; }
std::string SchemasFolder(const std::string& data_folder) { return data_folder + "/schemas"; }
std::string TableFolder(const std::string& data_folder, const std::string& name) { return TablesFolder(data_folder) + "/" + name; }

std::string RawTableName(std::string_view name) {
  if (name.substr(0, kDefaultDatabase.size()) == kDefaultDatabase) name.remove_prefix(kDefaultDatabase.size());
  if (name.size() > kTypeSuffix.size() && name.substr(name.size() - kTypeSuffix.size()) == kTypeSuffix) name.remove_suffix(kTypeSuffix.size());
  return std::string(name);
}

Result<std::vector<std::string>> ListTableNames(const std::string& data_folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entries(TablesFolder(data_folder), error);
  if (error == std::errc::no_such_file_or_directory) return names;
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename();
    if (name.size() <= kTypeSuffix.size() || name.substr(name.size() - kTypeSuffix.size()) != kTypeSuffix) continue;
    // Without a definition: a creation that did not come to its end.
    std::error_code ignored;
    if (fs::exists(entries->path() / kTableFile, ignored) || ignored) names.push_back(name.substr(0, name.size() - kTypeSuffix.size()));
  }
  if (error) return Status::IOError("list ", TablesFolder(data_folder), ": ", error.message());
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<FoundTable>> ListStoredTables(const std::string& data_folder) {
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListTableNames(data_folder));
  std::vector<FoundTable> tables;
  for (const std::string& name : names) {
    Result<StoredTable> read = ReadStoredTable(data_folder, name);
    if (read.status().code() == StatusCode::kNotFound) continue;  // deleted meanwhile
    FoundTable& found = tables.emplace_back();
    found.damage = read.status();
    if (read.ok()) {
      found.table = *std::move(read);
    } else {
      found.table.raw_name = name;
      found.table.name = name + std::string(kTypeSuffix);
    }
  }
  std::sort(tables.begin(), tables.end(), [](const FoundTable& a, const FoundTable& b) { return a.table.name < b.table.name; });
  return tables;
}

Result<StoredTable> ReadStoredTable(const std::string& data_folder, std::string_view name) {
  const std::string raw = RawTableName(name);
  if (raw.empty() || raw.find('/') != std::string::npos) return Status::NotFound("Table ", name, " does not exist");
  const std::string path = TableFolder(data_folder, raw + std::string(kTypeSuffix)) + "/" + kTableFile;
  const Result<std::string> text = ReadWholeFile(path, kMaxStoredTableBytes);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) return Status::NotFound("Table ", name, " does not exist");
  LOTIC_RETURN_NOT_OK(text.status());
  Result<StoredTable> table = StoredTableFromJson(*text);
  if (!table.ok()) return table.status().WithMessage(path, ": ", table.status().message());
  if (table->raw_name != raw)
    return Status::Invalid(path, ": it is the definition of ", table->name, ", of whose folder this is a copy perhaps; no table of that name was created");
  return table;
}

Status WriteStoredTable(const std::string& data_folder, const StoredTable& table) {
  return ReplaceFile(TableFolder(data_folder, table.name) + "/" + kTableFile, ToJson(table));
}

Result<std::string> ReadSchemaDocument(const std::string& data_folder, const std::string& raw_name) {
  Result<std::string> text = raw_name.empty() || raw_name.find('/') != std::string::npos
                                 ? Result<std::string>(Status::NotFound("Schema not found"))
                                 : ReadWholeFile(SchemasFolder(data_folder) + "/" + raw_name + ".json", kMaxSchemaBytes);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) return Status::NotFound("Schema not found: ", raw_name);
  return text;
}

Result<std::vector<std::string>> ListSchemaDocuments(const std::string& data_folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entries(SchemasFolder(data_folder), error);
  if (error == std::errc::no_such_file_or_directory) return names;
  if (error) return Status::IOError("list ", SchemasFolder(data_folder), ": ", error.message());
  for (const fs::directory_entry& entry : entries) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status WriteSchemaDocument(const std::string& data_folder, const std::string& raw_name, const std::string& document) {
  std::error_code error;
  fs::create_directories(SchemasFolder(data_folder), error);
  if (error) return Status::IOError("create ", SchemasFolder(data_folder), ": ", error.message());
  return ReplaceFile(SchemasFolder(data_folder) + "/" + raw_name + ".json", document);
}

Status RemoveSchemaDocument(const std::string& data_folder, const std::string& raw_name) {
  const std::string path = SchemasFolder(data_folder) + "/" + raw_name + ".json";
  if (::unlink(path.c_str()) != 0) return FileFailure("remove", path, errno);
  return SyncFolder(SchemasFolder(data_folder));
}

}  // namespace lotic::table
