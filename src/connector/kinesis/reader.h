// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connector/kinesis/kinesis_client.h"
#include "connector/kinesis/kinesis_connector.h"
#include "connector/kinesis/page_rows.h"
#include "connector/kinesis/shard_calls.h"
#include "format/decoder.h"
#include "lotic/connector.h"

namespace lotic::kinesis {

inline constexpr int kMaxFailuresInARow =
    10;  ///< broken connections and the like of one shard, without an answer between; then the split fails. Throttles are waited out, or handed on

/// Reads shards with several calls in flight, one of a shard, whichever may be asked next; answers are taken in the order they come.
/// A shard's end is proved (docs/reference/kinesis.md) or it is not complete.
class KinesisReader final : public Reader {
 public:
  static Result<std::unique_ptr<KinesisReader>> Make(std::shared_ptr<KinesisClient> client, const KinesisOptions& options, const ScanRequest& request,
                                                     bool push_limit, std::span<const SplitStart> splits);
  Result<ReadBatch> Next(const CallContext& ctx) override;
  Result<uint32_t> Add(SplitStart start) override;
  Result<SplitStart> Release(uint32_t split) override;
  SplitCertificate Certificate(uint32_t split) const override;
  ReaderProgress Progress() const override;
  void Wake() override { calls_.Wake(); }
  Status Close(const CallContext&) override;

 private:
  struct State {
    SplitStart at;
    ShardPosition position;
    std::string arn;
    int64_t created_ms = 0;  // of the stream; 0: the split does not say
    std::string last_sequence;
    std::string stop_number;  // what lies behind it is not wanted; "": everything is
    RecordRange range;
    std::vector<std::string> parents;
    std::optional<int64_t> newest_ms;  // arrival of the newest record seen
    std::unique_ptr<MessageChecker> checker;
    SplitCertificate certificate;
    bool live = true;
    std::string iterator;
    MonoTime iterator_at, ready_at = MonoTime::min();
    bool in_flight = false;
    int64_t asked_records = 0, asked_bytes = 0;  // at most, by the call in flight
    int64_t record_bytes = 0;                    // of an answer for each record, the longest lately; 0: none has come
    int failures = 0;                            // in a row, throttles apart
    int throttles_in_a_row = 0;
    int64_t throttles = 0;  // in all
    bool renewed = false;   // its iterator, which the service called none of its own; no answer since
    int64_t repeated = 0;   // records that had come before
    bool resumes = false;   // endless, and nothing has come since it began behind a record: that one is asked for, too, to see whether it is still kept
    bool reopened = false;
    std::optional<MonoTime> idle_since;
    int64_t least_behind_ms = std::numeric_limits<int64_t>::max();
    const char* proof = nullptr;  // of its end, which counts once a request after `mark` has found the planned stream; until then the split is live
    uint64_t mark = 0;
  };
  KinesisReader(std::shared_ptr<KinesisClient> client, const KinesisOptions& options, const ScanRequest& request);
  Result<ReadBatch> Work(const CallContext& ctx);
  /// How far each shard has come, for a message; the first few.
  std::string WhereShardsAre() const;
  /// What the next call for records may ask of a shard, at most.
  void SizeNextCall(State* split) const;
  /// Is a parent of it, another split of this reader, still being read? Then it waits, so that a key's records come in order.
  bool WaitsForParent(const State& split) const;
  ReadBatch EndByLimit();
  /// Begins what may be asked now. @return how long until more may, if it is only a matter of time; `ended` gets a split of which nothing remained.
  std::optional<std::chrono::milliseconds> StartCalls(const CallContext& ctx, std::optional<ReadBatch>* ended);
  std::optional<ReadBatch> Answered(ShardAnswer answer);
  std::optional<ReadBatch> Failed(const ShardAnswer& answer);
  /// Of a shard that is no longer kept.
  ReadBatch EndExpired(uint32_t index);
  std::optional<ReadBatch> Take(uint32_t index, const RecordPage& page, std::optional<int64_t> asked_ms);
  void End(State& split, EndReason reason, bool complete, const std::string& note);
  void EndProved(State& split, const char* proof);
  /// Of the splits whose end waits for a look at who the stream is: those that the look `number` at the stream of `arn` speaks for.
  ReadBatch EndIdentified(const std::string& arn, uint64_t number);
  ReadBatch EndRun(uint32_t index, Status status) const;

  const std::shared_ptr<KinesisClient> client_;
  const KinesisOptions options_;
  const ScanRequest request_;
  ShardCalls calls_;
  std::optional<PageRows> rows_;
  std::optional<int64_t> rows_left_;
  std::vector<State> splits_;
  std::map<std::string, uint32_t, std::less<>> newest_;  // the newest split of a shard
  bool looking_ = false;  // a call that asks who the stream is is in flight: one speaks for all splits that waited when it was sent
  size_t turn_ = 0;
  size_t window_ = kMaxCallsInFlight;                              // so many calls may be in flight now
  int64_t record_bytes_ = 0;                                       // as State's, of whichever shard answered last
  std::optional<std::chrono::steady_clock::time_point> must_end_;  // by KinesisOptions::timeout, from the first Next
  std::atomic<int64_t> records_{0}, bytes_{0};
  std::atomic<int64_t> throttles_{0};  // calls refused as too many, and made again
};

}  // namespace lotic::kinesis
