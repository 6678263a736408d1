// SPDX-License-Identifier: Apache-2.0
#include "table/segment_sizer.h"

#include <algorithm>
#include <cmath>

namespace lotic::table {

namespace {

constexpr int64_t kLeastTimeLeftMs = 10LL * 60 * 1000;
constexpr double kMostRows = 1e9;  // a segment's rows are counted in 32 bits elsewhere

}  // namespace

SegmentSizer::SegmentSizer(const catalog::FlushThresholds& flush, uint64_t seed) : flush_(flush), random_(seed) {}

void SegmentSizer::Completed(const CompletedSegment& segment) {
  if (segment.reason == EndOfSegment::kForced || segment.rows <= 0 || segment.bytes <= 0) return;
  const double now = static_cast<double>(segment.rows) / static_cast<double>(segment.bytes);
  ratio_ = ratio_ == 0 ? now : 0.1 * now + 0.9 * ratio_;
  last_ = segment;
  if (last_time_ms_ == 0) last_time_ms_ = flush_.time_ms;
}

int64_t SegmentSizer::BySize() const {
  const auto wanted = static_cast<double>(flush_.segment_bytes);
  double rows = 0;
  if (!last_.has_value()) {
    rows = ratio_ > 0 ? ratio_ * wanted : static_cast<double>(flush_.initial_rows);
    return static_cast<int64_t>(std::clamp(rows, 1.0, kMostRows));
  }
  const auto bytes = static_cast<double>(last_->bytes);
  if (last_->reason == EndOfSegment::kTime && last_->rows < last_->threshold_rows && bytes < wanted) {
    rows = static_cast<double>(last_->rows) * 1.1;
    if (last_time_ms_ > 0 && flush_.time_ms < last_time_ms_) {
      rows *= static_cast<double>(flush_.time_ms) / static_cast<double>(last_time_ms_);
    }
  } else if (bytes < 0.5 * wanted) {
    rows = static_cast<double>(last_->rows) * 1.5;
  } else if (bytes > 1.5 * wanted) {
    rows = static_cast<double>(last_->rows) / 2;
  } else {
    rows = ratio_ * wanted;
  }
  return static_cast<int64_t>(std::clamp(rows, static_cast<double>(kLeastRows), kMostRows));
}

int64_t SegmentSizer::NextRows(int64_t partitions) {
  int64_t rows = 0;
  if (flush_.segment_rows.has_value()) {
    rows = *flush_.segment_rows;
  } else if (flush_.by_size()) {
    rows = BySize();
  } else {
    rows = flush_.total_rows / std::max<int64_t>(partitions, 1);
  }
  if (flush_.variance > 0) {
    std::uniform_real_distribution<double> spread(-flush_.variance, flush_.variance);
    rows = static_cast<int64_t>(std::llround(static_cast<double>(rows) * (1 + spread(random_))));
  }
  return std::max<int64_t>(rows, 1);
}

int64_t SegmentEndTime(int64_t created_ms, int64_t taken_up_ms, int64_t flush_ms) {
  return std::max(created_ms + flush_ms, taken_up_ms + std::min(kLeastTimeLeftMs, flush_ms));
}

}  // namespace lotic::table
