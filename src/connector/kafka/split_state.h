// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connector/kafka/broker_connection.h"
#include "kafka_protocol/messages.h"
#include "lotic/connector.h"
#include "lotic/scan.h"
#include "lotic/status.h"

namespace lotic::kafka {

/// A place in a log, with the leader epoch of the last batch before it (-1: not known). A position's text is OFFSET or OFFSET@EPOCH.
struct LogPosition {
  int64_t offset = 0;
  int32_t leader_epoch = -1;

  /// `what` it is, for the error. Errors: Invalid.
  static Result<LogPosition> Parse(std::string_view what, std::string_view text);
};

/// One fetch answer, shared by the parts of it that wait to be decoded; counts in its reader's pending bytes while it lives.
struct FetchedAnswer {
  FetchedAnswer(Answer raw, int64_t* pending_bytes) : answer(std::move(raw)), pending(pending_bytes) {
    *pending += static_cast<int64_t>(answer.buffer->capacity());
  }
  ~FetchedAnswer() { *pending -= static_cast<int64_t>(answer.buffer->capacity()); }
  FetchedAnswer(const FetchedAnswer&) = delete;
  FetchedAnswer& operator=(const FetchedAnswer&) = delete;

  const Answer answer;
  kafka_protocol::FetchResponse response;  // borrows the answer's bytes
  int64_t* const pending;
};

/// What comes next for one split, in the order in which it must be accounted: records, a gap, or a failure.
struct FetchedPart {
  std::shared_ptr<const FetchedAnswer> answer;  ///< null for gaps and failures
  kafka_protocol::Bytes records;
  std::span<const kafka_protocol::AbortedTransaction> aborted;
  std::optional<int64_t> gap_to;  ///< no record lies before this offset
  bool lost = false;              ///< the gap is data that was there once: the split is not complete
  std::string note;
  Status failure;
};

/// One split of a reader: where it stands, what it has counted, how it is being fetched. The reader thread only.
struct SplitState {
  static constexpr int64_t kEndless = std::numeric_limits<int64_t>::max();
  static constexpr size_t kMaxPendingParts = 2;  ///< received and not yet decoded; a split with so many is not fetched
  static constexpr size_t kMaxNotes = 16;

  Split split;
  std::string topic;
  int32_t partition = 0;
  int64_t start = 0;  ///< where this reader began
  int64_t end = kEndless;
  int64_t position = 0;         ///< everything in [start, position) is accounted for
  int32_t position_epoch = -1;  ///< of the last batch before `position`; -1: not known
  int64_t fetch_offset = 0;     ///< what is asked for next: position and what waits in `parts`

  RecordCounts counts;
  int64_t rows = 0;
  int64_t undecodable_values = 0;
  int64_t bytes_fetched = 0;
  std::vector<std::string> notes;
  bool lost = false;
  bool ended = false;
  bool released = false;
  bool reported = false;  ///< the Run that says so has been returned
  EndReason reason = EndReason::kNone;
  Status status;

  std::deque<FetchedPart> parts;

  int32_t leader = -1;  ///< -1: to be looked up
  int32_t leader_epoch = -1;
  int32_t seen_epoch = -1;     ///< of the plan or the position, later of the last batch: what the log must still hold
  bool verify_epoch = false;   ///< the leader's epoch has risen: is the log the same up to here?
  bool out_of_range = false;   ///< the broker says so: find out how
  bool topic_checked = false;  ///< its id was looked at after the last bytes came
  int32_t max_bytes = 0;
  int failures = 0;
  int empty_answers = 0;  ///< in a row, to requests that could have been answered
  uint64_t last_served = 0;
  std::chrono::steady_clock::time_point retry_at{};
  std::chrono::milliseconds idle_since{0};  ///< on the reader's own clock
  Status last_error;
  int64_t end_now = -1;  ///< the log's end for our isolation level, as last heard; -1: not yet
  std::optional<int64_t> newest_ms;

  bool reading() const { return !ended && !released; }
  bool bounded() const { return end != kEndless; }
  bool wants_fetch() const { return reading() && fetch_offset < end && parts.size() < kMaxPendingParts && !out_of_range; }

  /// Where whoever goes on begins. An endless split's carries the epoch: a log that was cut below it, and has grown past it since, is found out then.
  Position Place() const;
  /// Everything up to `to` (clipped to the end) that was not counted otherwise holds no record.
  void AdvanceTo(int64_t to);
  void AddNote(std::string note);
  SplitCertificate Certificate() const;
};

}  // namespace lotic::kafka
