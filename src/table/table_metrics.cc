// SPDX-License-Identifier: Apache-2.0
#include "table/table_metrics.h"

#include <map>

namespace lotic::table {

void AppendMetrics(const std::string& table, const std::string& topic, const TableIngest& ingest, int64_t now_ms, std::vector<Metric>* metrics) {
  std::map<int32_t, PartitionCounters> counters;
  for (auto& [partition, one] : ingest.counters()) counters[partition] = one;
  int64_t missing_segments = 0;
  for (const PartitionStatus& status : ingest.status()) {
    const PartitionCounters& c = counters[status.partition];
    const auto add = [&](const char* name, bool counter, double value) { metrics->push_back({name, counter, table, topic, status.partition, value}); };
    const auto count = [&](const char* name, int64_t value) { add(name, true, static_cast<double>(value)); };
    const auto gauge = [&](const char* name, int64_t value) { add(name, false, static_cast<double>(value)); };
    if (const std::optional<int64_t> delay = IngestDelayMs(status, now_ms, ingest.WasHeard(status, now_ms))) gauge("realtimeIngestionDelayMs", *delay);
    if (status.lag.has_value()) gauge("realtimeIngestionOffsetLag", *status.lag);
    if (status.upstream.has_value()) gauge("realtimeIngestionUpstreamOffset", *status.upstream);
    gauge("realtimeIngestionConsumingOffset", status.position);
    gauge("highestStreamOffsetConsumed", status.position - 1);
    const bool consuming = status.state == PartitionState::kConsuming;
    gauge("llcPartitionConsuming", consuming ? 1 : 0);
    if (!consuming && status.state != PartitionState::kPaused) ++missing_segments;
    gauge("numRowsThreshold", c.row_threshold);
    count("realtimeRowsConsumed", c.fates.rows);
    count("realtimeRowsFetched", c.fetched);
    count("realtimeRowsFiltered", c.fates.filtered);
    count("invalidRealtimeRowsDropped", c.fates.dropped_decode);
    count("incompleteRealtimeRowsConsumed", c.fates.incomplete);
    count("rowsWithErrors", c.fates.dropped_transform + c.fates.dropped_convert + c.fates.dropped_time);
    count("realtimeBytesConsumed", c.bytes);
    count("realtimeBytesDropped", c.bytes_dropped);
    count("realtimeConsumptionExceptions", c.exceptions);
    count("streamDataLoss", c.losses);
    count("llcStreamDataLoss", c.losses);  // the same as the controller sees it: there is one process
  }
  metrics->push_back({"lastRealtimeSegmentCreationDurationSeconds", false, table, topic, -1, ingest.last_seal_seconds()});
  metrics->push_back({"missingConsumingSegmentTotalCount", false, table, topic, -1, ingest.paused() ? 0.0 : static_cast<double>(missing_segments)});
  metrics->push_back({"tableConsumptionPaused", false, table, topic, -1, ingest.paused() ? 1.0 : 0.0});
}

}  // namespace lotic::table
