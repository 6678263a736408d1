// SPDX-License-Identifier: Apache-2.0
#include "server/queried_segments.h"

#include <algorithm>
#include <map>
#include <set>

namespace lotic::server {
int64_t FreshAsOf(const table::PartitionView& partition, const table::SegmentInfo& consuming, const table::PartitionStatus* now) {
  if (now != nullptr && now->lag && *now->lag <= 0 && now->heard_ms) return *now->heard_ms;
  if (now != nullptr && now->newest_stream_ms) return *now->newest_stream_ms;
  int64_t newest = -1, published = now == nullptr ? 0 : now->last_row_ms.value_or(0);
  for (const table::SegmentInfo& segment : partition.segments) {
    newest = std::max(newest, segment.totals.newest_stream_ms);
    published = std::max(published, segment.totals.newest_commit_ms);
  }
  if (newest >= 0) return newest;
  return published > 0 ? published : consuming.created_ms;
}

QueriedSegments SegmentsOf(const table::TableView& view, std::span<const table::PartitionStatus> statuses) {
  QueriedSegments segments;
  segments.rows = view.rows();
  std::map<int32_t, const table::PartitionStatus*> by_number;
  for (const table::PartitionStatus& status : statuses) by_number[status.partition] = &status;
  for (const table::PartitionView& partition : view.partitions()) {
    for (const table::SegmentInfo& info : partition.segments) {
      if (info.state == table::SegmentState::kDropped) continue;
      QueriedSegment segment;
      segment.name = info.name;
      segment.consuming = info.state == table::SegmentState::kConsuming;
      segment.empty = info.end <= info.start;
      segment.rows = info.totals.rows;
      segment.partition = info.partition;
      segment.sequence = info.sequence;
      if (segment.consuming) {
        const auto at = by_number.find(partition.partition);
        segment.fresh_ms = FreshAsOf(partition, info, at == by_number.end() ? nullptr : at->second);
      }
      segments.list.push_back(std::move(segment));
    }
  }
  return segments;
}

std::vector<const QueriedSegment*> DamagedSegments(const QueriedSegments& segments, std::span<const TableCertificate> certificates) {
  std::set<std::string> names;
  for (const TableCertificate& certificate : certificates) {
    for (const SplitCertificate& split : certificate.partitions) {
      if (split.reason == EndReason::kDataLoss) names.insert(split.partition);
    }
  }
  std::vector<const QueriedSegment*> damaged;
  for (const QueriedSegment& segment : segments.list) {
    if (names.count(segment.name) > 0) damaged.push_back(&segment);
  }
  return damaged;
}

void CountSegments(const QueriedSegments& segments, std::span<const TableCertificate> certificates, BrokerResponse* response) {
  std::set<std::string> read, matched;
  for (const TableCertificate& certificate : certificates) {
    for (const SplitCertificate& split : certificate.partitions) {
      response->docs_scanned += split.rows;
      if (split.rows > 0) matched.insert(split.partition);
      if (split.reason != EndReason::kPruned) read.insert(split.partition);
    }
  }
  response->total_docs = segments.rows;
  response->segments_queried = static_cast<int64_t>(segments.list.size());
  bool known = false;
  for (const QueriedSegment& segment : segments.list) {
    if (segment.consuming) {
      ++response->consuming_queried;
      response->freshness_ms = known ? std::min(response->freshness_ms, segment.fresh_ms) : segment.fresh_ms;
      known = true;
    }
    if (matched.count(segment.name) > 0) {
      ++response->segments_matched;
      if (segment.consuming) ++response->consuming_matched;
    }
    if (read.count(segment.name) == 0 && !segment.empty) continue;
    ++response->segments_processed;
    if (segment.consuming) ++response->consuming_processed;
  }
  response->pruned_by_value = response->segments_queried - response->segments_processed;
}

}  // namespace lotic::server
