// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/producer_state.h"
#include "kafka_protocol/messages.h"
#include "kafka_protocol/record_batch.h"
#include "lotic/status.h"

namespace lotic::broker {

/// Where a look-up by time ended.
struct TimeMatch {
  int64_t offset = -1;
  int64_t timestamp = -1;
  int32_t leader_epoch = -1;
};

/// One partition's log in memory: the batches' bytes one behind the other, an index of them, and what follows from them
/// (transactions, leader epochs, producers). One thread at a time: the broker's mutex guards it.
class PartitionLog {
 public:
  explicit PartitionLog(size_t max_bytes) : max_bytes_(max_bytes) {}

  int64_t start_offset() const { return start_offset_; }
  int64_t end_offset() const { return end_offset_; }
  int64_t last_stable_offset() const;
  size_t size_bytes() const { return bytes_.size() - dead_bytes_; }
  size_t num_batches() const { return entries_.size(); }

  struct AppendMode {
    bool keep_offsets = false;
    bool check = true;
    std::optional<int64_t> log_append_time;  ///< set: stamped on every magic 2 batch
  };
  /// Appends whole batches (or old messages) in the leader epoch that StartEpoch set last; all or none. Returns the
  /// first offset. Errors: IOError (broken), Invalid (offsets), CapacityError (max_bytes).
  Result<int64_t> Append(kafka_protocol::Bytes batches, const AppendMode& mode);

  struct Slice {
    kafka_protocol::Bytes records;  ///< borrowed until the log changes
    int64_t next_offset = 0;        ///< behind the last whole batch of `records`
  };
  /// The batches from the one that reaches `offset` on, of those that begin before `before`, cut at `max_bytes`. The
  /// first one is whole if `first_whole`, else nothing comes back when it does not fit.
  Slice Read(int64_t offset, int64_t before, int64_t max_bytes, bool first_whole) const;
  /// The aborted transactions that a reader of first..end (exclusive) must know.
  std::vector<kafka_protocol::AbortedTransaction> AbortedBetween(int64_t first, int64_t end) const;

  /// The first record at or behind the log's start whose timestamp is not before `timestamp`; nullopt: none.
  std::optional<TimeMatch> FindTimestamp(int64_t timestamp) const;
  /// The first record with the greatest timestamp; nullopt: no record has one.
  std::optional<TimeMatch> FindMaxTimestamp() const;
  /// The epoch in which the batch at `offset` was written; -1: none is there.
  int32_t EpochAt(int64_t offset) const;

  /// From now on appended batches belong to `epoch`, which is above all before.
  void StartEpoch(int32_t epoch);
  /// The largest epoch not above `epoch`, and where it ends: {-1, -1} for one that has not begun.
  std::pair<int32_t, int64_t> EndOfEpoch(int32_t epoch) const;

  void SetStart(int64_t offset);
  void TruncateTo(int64_t offset);
  void FixLastStableOffset(std::optional<int64_t> offset) { fixed_last_stable_ = offset; }

  ProducerStates& producers() { return producers_; }

 private:
  struct Entry {
    int64_t base_offset;
    int64_t last_offset;
    int64_t max_timestamp;
    size_t at;  // in bytes_
    size_t size;
    int32_t leader_epoch;
  };
  struct Aborted {
    int64_t producer_id, first_offset, last_offset;
  };

  Result<Entry> Prepare(std::string* staged, size_t at, const kafka_protocol::BatchView& batch, int64_t next, const AppendMode& mode);
  void Note(const Entry& entry);
  void DropFront();
  kafka_protocol::Bytes BytesOf(const Entry& entry) const;
  size_t IndexOf(int64_t offset) const;
  std::optional<TimeMatch> FindIn(const Entry& entry, int64_t at_least) const;

  const size_t max_bytes_;
  std::string bytes_;
  size_t dead_bytes_ = 0;  // at the front of bytes_, of batches that are gone
  std::deque<Entry> entries_;
  int64_t start_offset_ = 0;
  int64_t end_offset_ = 0;
  int32_t epoch_ = 0;
  std::vector<std::pair<int32_t, int64_t>> epochs_{{0, 0}};  // epoch, where it starts; ascending
  std::map<int64_t, int64_t> open_transactions_;             // producer → first offset
  std::vector<Aborted> aborted_;
  std::optional<int64_t> fixed_last_stable_;
  ProducerStates producers_;
};

}  // namespace lotic::broker
