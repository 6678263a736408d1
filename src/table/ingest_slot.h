// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "table/ingest.h"

namespace lotic::table {

/// A partition and how it is being read. The consuming thread only, but for `ingest` where that says so.
struct TableIngest::Slot {
  std::unique_ptr<PartitionIngest> ingest;
  std::optional<uint32_t> split;  // the reader's number while it is read
  RecordCounts counted;           // of the split's certificate: what has been taken over
  std::chrono::milliseconds backoff{0};
  Clock_::time_point retry_at{};
  Clock_::time_point moved_at{};     // when it last made progress, or was begun
  std::optional<uint64_t> classify;  // a position was refused: the first look that may say why
  Status refused;                    // with what words
  bool stopped = false;              // for good
  bool reopening = false;            // the keeping thread opens its writer anew: nothing is written, and the writer may be asked only

  void State(PartitionState state) {
    ingest->Tell([&](PartitionStatus& status, PartitionCounters&) { status.state = state; });
  }
  PartitionState state() const { return ingest->status().state; }
};

struct TableIngest::Jump {
  StreamPlan plan;
  bool other_stream = false;  // its offsets mean something else than those before
  bool stays_paused = false;  // if it is
  std::string word;           // consumeFrom
  std::string why;            // of offsets that are jumped over
};

/// What one look at the stream showed.
struct TableIngest::Look {
  uint64_t number = 0;
  uint64_t stream = 0;  // TableIngest::streams_ when it began
  std::optional<Schema> layout;
  Status status;                   // of the first step that failed
  Status discovered;               // of the discovery alone
  std::optional<StreamPlan> plan;  // as discovered
  std::map<int32_t, StreamRange> ranges;
};

}  // namespace lotic::table
