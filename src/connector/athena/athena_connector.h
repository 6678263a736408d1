// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "connector/athena/function_client.h"
#include "lotic/connector.h"

namespace lotic::athena_source {

inline constexpr size_t kPartitionsPerRequest = 1000;                 ///< rows of the layout in one GetSplits request
inline constexpr size_t kPartitionBytesPerRequest = size_t{2} << 20;  ///< and their bytes, whichever comes first
inline constexpr int kSplitsPerPage = 10'000;                         ///< of ours, where the caller names no size
inline constexpr size_t kKeptSplitPages = 8;                          ///< answers to GetSplits, for pages smaller than the function's own; the oldest goes
inline constexpr size_t kKeptRemainders = 64;                         ///< spilled answers of released splits, read on by another reader; the oldest goes

/// A connector of Athena's federation protocol as a source: its tables with the types of LogicalSchema, zoned timestamps as instants.
///
/// Snapshot kind: none. A split is one ReadRecords call, consistent in itself; positions say how many of its blocks were returned, and are not durable: a
/// spilled answer that was given up half-way can be read on in this process only. Every constraint is applied again by the door (sent_constraints.h).
/// Every reading of a split spills to a place of its own, below the one that the function named, under a key of its own: a split may be read twice at
/// once, and some functions name one place for several splits, which would then overwrite each other's blocks.
std::shared_ptr<Connector> MakeAthenaConnector(std::shared_ptr<FunctionClient> client);

}  // namespace lotic::athena_source
