// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"

// The definitions in a data directory, as files that any process may read:
//   DATA/schemas/events.json                  a schema document, as GET shows it
//   DATA/tables/events_REALTIME/table.json    StoredTable
// Each is replaced atomically and synced before its change is acknowledged.

namespace lotic::table {

/// Why a partition does not go on although nobody paused it: kept over restarts, since going on might read other records under offsets
/// that were read before. Ended by Resume with an explicit start.
struct StoppedPartition {
  std::string error;
  int64_t at_ms = 0;
  bool operator==(const StoppedPartition&) const = default;
};

/// table.json: what a table is, apart from its rows.
struct StoredTable {
  std::string name;      ///< with its type: "events_REALTIME"
  std::string raw_name;  ///< "events": also the name of its schema
  std::string table_id;  ///< 8 hex digits, new for each creation
  int64_t created_ms = 0;
  int64_t changed_ms = 0;  ///< when another configuration came last; 0: never, or before this was kept
  std::string config;      ///< the configuration's document

  bool paused = false;
  std::optional<std::string> pause_reason, pause_comment;
  std::optional<int64_t> pause_changed_ms;
  std::map<int32_t, StoppedPartition> stopped;
  bool operator==(const StoredTable&) const = default;
};

inline constexpr size_t kMaxStoredTableBytes = size_t{8} << 20;

std::string ToJson(const StoredTable& table);
/// Errors: Invalid (not such a document, or of a newer version). They show nothing of the document, which may hold credentials.
Result<StoredTable> StoredTableFromJson(std::string_view json);

std::string TablesFolder(const std::string& data_folder);
std::string SchemasFolder(const std::string& data_folder);
/// `name` with its type.
std::string TableFolder(const std::string& data_folder, const std::string& name);

/// "events" for "events", "events_REALTIME", "default.events" and "default.events_REALTIME".
std::string RawTableName(std::string_view name);

/// The raw names of a data directory's tables, sorted: of those too whose definition cannot be read, which is then an error of the table alone. Errors: IOError.
Result<std::vector<std::string>> ListTableNames(const std::string& data_folder);
/// A table of a data directory.
struct FoundTable {
  StoredTable table;
  Status damage;  ///< not OK: its definition cannot be read, with its path; only the two names in `table` are known
};
/// Every table of a data directory, sorted by name: a damaged definition is an error of its table alone. Errors: IOError.
Result<std::vector<FoundTable>> ListStoredTables(const std::string& data_folder);
/// By raw name or name with type. Errors: NotFound.
Result<StoredTable> ReadStoredTable(const std::string& data_folder, std::string_view name);
/// `folder` exists. Atomic and durable.
Status WriteStoredTable(const std::string& data_folder, const StoredTable& table);

/// The schema document of a table. Errors: NotFound.
Result<std::string> ReadSchemaDocument(const std::string& data_folder, const std::string& raw_name);
/// Names, sorted.
Result<std::vector<std::string>> ListSchemaDocuments(const std::string& data_folder);
Status WriteSchemaDocument(const std::string& data_folder, const std::string& raw_name, const std::string& document);
/// Errors: NotFound.
Status RemoveSchemaDocument(const std::string& data_folder, const std::string& raw_name);

}  // namespace lotic::table
