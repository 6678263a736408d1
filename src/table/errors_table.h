// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "lotic/connector.h"

// `_errors`: what became of records that gave no row, or not the whole one. The newest of each table (ErrorRing), as rows.

namespace lotic::table {

/// Its columns: ts, table, topic, partition, offset, key, stage, column, message, payload; hidden: $timestamp, the stream's time of the record. Snapshots are of kind none: errors come and go
/// while they are read.
TableInfo ErrorsTableInfo();
/// One partition and one split for each table of the data directory. Constraints on "table" and "topic" are exact.
Result<Prepared> PrepareErrors(const CallContext& ctx, const std::string& data_folder, const ScanRequest& request);
Result<SplitPage> ErrorSplits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page);
Result<std::unique_ptr<Reader>> OpenErrors(const std::string& data_folder, const ScanRequest& request, std::span<const SplitStart> splits);

}  // namespace lotic::table
