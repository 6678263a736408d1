// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "lotic/connector.h"
#include "table/ports.h"

namespace lotic::table {

inline constexpr const char* kTablesType = "tables";         ///< type_name(), and what ATTACH (TYPE ...) calls it
inline constexpr const char* kTablesSchema = "default";      ///< the one schema
inline constexpr const char* kErrorsTable = "_errors";       ///< the records that became no row, of all tables
inline constexpr const char* kRealtimeSuffix = "_REALTIME";  ///< "events_REALTIME" is another name of "events"

// Hidden columns of every table. A column of the table's own schema with such a name hides the hidden one.
inline constexpr const char* kSegmentNameColumn = "$segmentName";
inline constexpr const char* kPartitionIdColumn = "$partitionId";  ///< of the stream; also called __metadata$partition
inline constexpr const char* kDocIdColumn = "$docId";              ///< the number of the row within its segment, from 0
inline constexpr const char* kHostNameColumn = "$hostName";
inline constexpr const char* kRowOffsetColumn = "$offset";        ///< of the row's record
inline constexpr const char* kRowTimestampColumn = "$timestamp";  ///< of the row's record, by the stream

struct TablesConnectorOptions {
  std::string folder;  ///< the data directory
  /// Reads sealed segments; borrowed, outlives the connector. Null: a sealed segment is an error of its split, consuming ones can be read.
  SegmentFiles* segment_files = nullptr;
  std::string host_name;  ///< $hostName; empty: Server_HOST_8098 of this machine, as Pinot writes it
  /// Errors: Invalid (no folder).
  Status Validate() const;
};

/// Real-time tables of a data directory, read beside the process that owns it (or without one). Nothing is written, and no lock is taken.
///
/// Tables are found by their raw name and with _REALTIME. Snapshots are exact: per partition the offsets up to which rows are published; a token (§12.2 of the tables' specification) gives the
/// same rows again as long as they are retained. One split is one segment of one generation; certificates count a segment's records in stream offsets. Serves the bounded scan and the remote planner;
/// not the endless role: rows cannot yet be handed over in the order of their offsets across a seal (read the topic itself for that).
/// Errors: Invalid (options); NotFound (no such folder); Invalid (a folder that is no data directory, or one of a newer version), each with the path.
Result<std::shared_ptr<Connector>> MakeTablesConnector(TablesConnectorOptions options);

}  // namespace lotic::table
