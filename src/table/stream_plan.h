// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/stream_config.h"
#include "lotic/call_context.h"
#include "lotic/connector.h"
#include "lotic/status.h"

// What a table asks of its stream besides records: where to begin, which partitions are new, where each one begins and ends now. Plain calls of the
// connector interface; any thread.

namespace lotic::table {

/// What is needed to open a stream again without asking anybody: committed with the partitions it names, as the store's discovery state.
struct StreamPlan {
  std::string topic;
  std::string token;                 ///< of the plan that the table began with
  DiscoveryState state;              ///< of the connector; empty before the first discovery
  std::map<int32_t, Split> splits;   ///< as planned or discovered: `start` is where the partition began for us
  std::string cluster;               ///< of the stream, where it has one with an id
  std::map<int32_t, int64_t> since;  ///< the first segment with records of this stream, by its sequence; a partition that is not in it never read another

  std::string ToText() const;
  /// Errors: Invalid.
  static Result<StreamPlan> Parse(std::string_view text);
  bool operator==(const StreamPlan&) const = default;
};

/// An endless reading of the stream's raw columns, without a token. `layout`: see ResolveRawLayout.
ScanRequest StreamRequest(const catalog::StreamConfig& config, const Schema& layout);

/// The raw columns with what the connector wants back with them. Asks the stream. Errors: Invalid (a column that the stream does not have, or of another type), the stream's.
Result<Schema> ResolveRawLayout(const CallContext& ctx, Connector& connector, const catalog::StreamConfig& config, const Schema& wanted);

/// Where to begin by the table's criteria, at `now_ms`. Errors: Invalid (no endless reading, no such partition), the stream's.
Result<StreamPlan> PlanStream(const CallContext& ctx, Connector& connector, const catalog::StreamConfig& config, const catalog::OffsetCriteria& start,
                              int64_t now_ms);

/// Whether `connector` has the stream that `plan` is of: by the topic's id, where there is none by that of the cluster; false where neither is known. Errors:
/// the stream's.
Result<bool> HasStreamOf(const CallContext& ctx, Connector& connector, const catalog::StreamConfig& config, const StreamPlan& plan);

/// Partitions that `plan` does not know, and the state with them; `plan` with both. Errors: DataLoss (the stream was deleted and made anew, or is not the one
/// of the plan), the stream's.
Result<StreamPlan> DiscoverPartitions(const CallContext& ctx, Connector& connector, const catalog::StreamConfig& config, const StreamPlan& plan);

/// What each partition holds now: [first, end).
struct StreamRange {
  int64_t first = 0;
  int64_t end = 0;
};
Result<std::map<int32_t, StreamRange>> StreamRanges(const CallContext& ctx, Connector& connector, const catalog::StreamConfig& config);

/// A position as the number that the store keeps. Where the source's log has epochs, its text is OFFSET@EPOCH: reading that goes on there fails where the log in front
/// of it is not the one of that epoch any more. Errors: Invalid.
Result<int64_t> OffsetOf(const Position& position);
/// The epoch of such a position; -1: it has none, or is invalid.
int64_t EpochOf(const Position& position);
/// `epoch` -1: none.
Position PositionOf(int64_t offset, int64_t epoch = -1);

}  // namespace lotic::table
