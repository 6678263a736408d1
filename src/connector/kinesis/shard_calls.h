// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "connector/kinesis/kinesis_client.h"
#include "connector/kinesis/kinesis_connector.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::kinesis {

inline constexpr int64_t kMaxAnswerBytes =
    int64_t{1} << 20;  ///< of an answer to more than one record; a longer one is given up, and fewer records are asked for
inline constexpr int64_t kWantedAnswerBytes =
    kMaxAnswerBytes / 2;                                ///< so many records are asked for that the answer is about as long; a shard gives 2 MiB a second
inline constexpr int64_t kFirstRecords = 100;           ///< asked for before any answer has told how long records are
inline constexpr int64_t kMaxRecordsAnAnswer = 10'000;  ///< the service's

/// One thing to ask for one shard: whether its stream is still the planned one, else an iterator if it has none, else records.
struct ShardCall {
  uint32_t split = 0;
  bool identity = false;  // the first: an answer to a request after `mark`, of StreamIdentity
  uint64_t mark = 0;
  std::string arn, shard;
  std::string iterator;
  ShardPosition from;      // where the iterator is to begin
  bool inclusive = false;  // and whether with the record that `from` names
  int64_t limit = 0;
  int64_t max_bytes = kMaxAnswerBytes;  // of the answer
  int64_t created_ms = 0;               // of the stream; 0: not known
  CallContext ctx;                      // its stop and deadline are not used: a call outlives the Next that began it

  /// What it may hold in the end: an answer and its decoded copy.
  int64_t Bytes() const { return iterator.empty() ? kIteratorCallBytes : 2 * max_bytes; }
  static constexpr int64_t kIteratorCallBytes = 4 << 10;
};

struct ShardAnswer {
  uint32_t split = 0;
  Status status;
  bool identity = false;            // of a call that asked for it
  uint64_t identified = 0;          // of one that found the planned stream: the number of the request
  std::string iterator;             // of a call that asked for one; the stream was found to be the planned one
  std::optional<RecordPage> page;   // of one that asked for records
  std::optional<int64_t> asked_ms;  // the earliest that the service's time can have been when it was asked
  bool shard_expired = false;       // the service does not know the shard, and still has the same stream
  Status replaced;                  // DataLoss, naming both: the stream of that name is another one
  bool abandoned = false;
  int64_t counted_bytes = 0;
};

/// The calls of one reader that are on their way, each on a thread of its own; threads begin as they are needed. All methods but Wake() are for
/// the reader's thread.
class ShardCalls {
 public:
  /// `max_calls`: 1 .. kMaxCallsInFlight.
  ShardCalls(std::shared_ptr<KinesisClient> client, size_t max_calls, int64_t max_held_bytes)
      : client_(std::move(client)), max_calls_(max_calls), max_held_bytes_(max_held_bytes) {}
  ~ShardCalls();

  /// `budget_bytes`: the caller's, for this reader alone.
  bool HasRoomFor(int64_t bytes, int64_t budget_bytes) const;
  /// HasRoomFor() said so.
  void Start(ShardCall call);
  /// An answer if one has come.
  std::optional<ShardAnswer> Take();
  size_t in_flight() const { return in_flight_; }

  /// Waits for an answer, Wake(), `time`, or the end of `ctx`, whatever comes first. While nothing is in flight the time is the client's clock's.
  /// Errors: Cancelled, DeadlineExceeded.
  Status Wait(const CallContext& ctx, std::chrono::milliseconds time);
  /// Any thread: Wait returns, now or when it is called next.
  void Wake();
  /// Was Wake() called since this was asked last?
  bool TakeWoken();
  /// What is in flight is cut off; its answers say that they were abandoned.
  void Abandon();

 private:
  void Work(const std::stop_token& stop);
  ShardAnswer Ask(ShardCall call, const std::stop_token& stop);
  void FindWhatIsGone(const CallContext& ctx, const ShardCall& call, ShardAnswer* answer);

  const std::shared_ptr<KinesisClient> client_;
  const size_t max_calls_;
  const int64_t max_held_bytes_;
  size_t in_flight_ = 0;  // begun and not taken: the reader's thread's
  int64_t bytes_ = 0;     // counted for them, too; part of the client's

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any work_, answered_;
  std::deque<ShardCall> calls_;
  std::deque<ShardAnswer> answers_;
  size_t idle_ = 0;  // threads without a call
  bool woken_ = false;
  std::stop_source interrupt_;         // of a wait by the client's clock
  std::stop_source abandon_;           // of the calls begun since the last Abandon()
  std::vector<std::jthread> threads_;  // last: they end before the rest goes
};

}  // namespace lotic::kinesis
