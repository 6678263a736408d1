// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lotic/scan.h"
#include "server/broker_response.h"
#include "table/status_file.h"
#include "table/table_view.h"

// The segments of a table that a query is about, and what became of them: the counts and the freshness of its answer.

namespace lotic::server {

struct QueriedSegment {
  std::string name;
  bool consuming = false;
  bool empty = false;    ///< no offsets yet: no certificate names it
  int64_t rows = 0;      ///< stored when it was looked at
  int64_t fresh_ms = 0;  ///< of a consuming one: see FreshAsOf
  int32_t partition = 0;
  int64_t sequence = 0;
};

struct QueriedSegments {
  int64_t rows = 0;
  std::vector<QueriedSegment> list;
};

/// As of when a query sees the stream's partition that `consuming` reads, in ms since 1970: read to its end, when the stream last said so; else the stream's time of
/// the newest record that was read, in this segment or one before; with no record at all, when the segment began. `now`: as the ingest sees the partition; null: it
/// says nothing.
int64_t FreshAsOf(const table::PartitionView& partition, const table::SegmentInfo& consuming, const table::PartitionStatus* now);

/// What is published, without what retention dropped.
QueriedSegments SegmentsOf(const table::TableView& view, std::span<const table::PartitionStatus> statuses);

/// Those that a reading found damaged: its certificate says so.
std::vector<const QueriedSegment*> DamagedSegments(const QueriedSegments& segments, std::span<const TableCertificate> certificates);

/// Sets the counts of documents and segments and the freshness of `response`. What was counted instead of read (count(*) alone) counts as scanned: its certificate
/// says its rows. Pruned is what the plan left out.
void CountSegments(const QueriedSegments& segments, std::span<const TableCertificate> certificates, BrokerResponse* response);

}  // namespace lotic::server
