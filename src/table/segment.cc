// SPDX-License-Identifier: Apache-2.0
#include "table/segment.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace lotic::table {
namespace {

template <typename Op>
void Each(RecordFates& a, const RecordFates& b, Op op) {
  op(a.rows, b.rows);
  op(a.filtered, b.filtered);
  op(a.tombstones, b.tombstones);
  op(a.dropped_decode, b.dropped_decode);
  op(a.dropped_transform, b.dropped_transform);
  op(a.dropped_convert, b.dropped_convert);
  op(a.dropped_time, b.dropped_time);
  op(a.aborted, b.aborted);
  op(a.control, b.control);
  op(a.missing, b.missing);
  op(a.incomplete, b.incomplete);
}

}  // namespace

RecordFates& RecordFates::operator+=(const RecordFates& other) {
  Each(*this, other, [](int64_t& a, int64_t b) { a += b; });
  return *this;
}

RecordFates& RecordFates::operator-=(const RecordFates& other) {
  Each(*this, other, [](int64_t& a, int64_t b) { a -= b; });
  return *this;
}

std::string_view SegmentStateName(SegmentState state) {
  switch (state) {
    case SegmentState::kConsuming: return "CONSUMING";
    case SegmentState::kSealing: return "SEALING";
    case SegmentState::kDone: return "DONE";
    case SegmentState::kDamaged: return "ERROR";
    case SegmentState::kDropped: return "DROPPED";
  }
  return "";
}

std::string_view SealReasonName(SealReason reason) {
  switch (reason) {
    case SealReason::kNone: return "";
    case SealReason::kTimeLimit: return "timeLimit";
    case SealReason::kRowLimit: return "rowLimit";
    case SealReason::kSizeLimit: return "sizeLimit";
    case SealReason::kEndOfPartition: return "endOfPartitionGroup";
    case SealReason::kForceCommit: return "forceCommitMessageReceived";
    case SealReason::kCapacity: return "indexCapacityThresholdBreached";
    case SealReason::kPause: return "pause";
    case SealReason::kSchemaChange: return "schemaChange";
  }
  return "";
}

int64_t SegmentBytes(const SegmentInfo& segment) { return segment.file.empty() ? segment.rows_bytes : segment.file_bytes; }

std::string SegmentName(std::string_view raw_table, int32_t partition, int64_t sequence, int64_t created_ms) {
  const std::time_t seconds = created_ms >= 0 ? created_ms / 1000 : -((-created_ms + 999) / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> minute{};
  std::snprintf(minute.data(), minute.size(), "%04d%02d%02dT%02d%02dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min);
  return std::string(raw_table) + "__" + std::to_string(partition) + "__" + std::to_string(sequence) + "__" + minute.data();
}

}  // namespace lotic::table
