// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/json_client.h"
#include "connector/kinesis/stream_identity.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

// The operations of Kinesis Data Streams that reading needs. Follows: the service's API reference, 2013-12-02.

namespace lotic::kinesis {

using MonoTime = std::chrono::steady_clock::time_point;

/// What Date headers, in whole seconds, prove about the service's time: it lies in [Earliest, Latest]. Our own time of day plays no part. Any thread.
class ServerTime {
 public:
  /// An answer dated `date_ms` came to a request sent at `sent` and was received at `received`.
  void Learn(int64_t date_ms, MonoTime sent, MonoTime received);
  std::optional<int64_t> EarliestMs(MonoTime now) const;
  std::optional<int64_t> LatestMs(MonoTime now) const;

 private:
  mutable std::mutex mutex_;  // guards what follows: bounds of service time minus our monotonic time, in ms
  std::optional<int64_t> low_ms_;
  std::optional<int64_t> high_ms_;
};

/// The service's limits for one shard, shared by all readers of a process: 5 GetRecords a second, 2 MiB a second. Any thread.
class ShardPace {
 public:
  /// That of all clients that go by `clock`: a stream has one limit however many tables are declared over it. Shards are told apart by their stream's ARN.
  static std::shared_ptr<ShardPace> Of(const aws::RetryClock& clock);

  static constexpr size_t kMaxShards = 20'000;  // above it the memory of all is dropped: at worst the service refuses a call
  static constexpr int64_t kBytesPerSecond = 2 << 20;
  static constexpr size_t kCallsPerSecond = 5;

  /// Counts a call in and returns `now` if it may be sent now; else when it may, and counts nothing.
  MonoTime TryCall(const std::string& shard, MonoTime now);
  void Received(const std::string& shard, MonoTime now, int64_t bytes);

 private:
  struct State {
    std::vector<MonoTime> calls;  // the last kCallsPerSecond
    MonoTime bytes_until = MonoTime::min();
  };
  std::mutex mutex_;  // guards what follows
  std::map<std::string, State> shards_;
};

struct Shard {
  std::string id;
  std::string last_sequence;         ///< "": still open
  std::vector<std::string> parents;  ///< none, one, or the two that were merged; they may no longer be listed
  std::string first_sequence;        ///< "": not said. No record of it has a smaller number
};

/// Borrowed from the RecordPage.
struct RecordView {
  std::string_view sequence;
  std::string_view partition_key;
  std::string_view data;  ///< at least 64 readable bytes follow
  int64_t arrival_ms = 0;
};

struct RecordPage {
  std::vector<RecordView> records;
  std::string next_iterator;  ///< "": the shard has ended
  std::optional<int64_t> behind_ms;
  int64_t bytes = 0;             ///< of the answer
  std::unique_ptr<char[]> text;  // what the views borrow from
  size_t text_bytes = 0;         // of it; 64 more are readable
};

inline constexpr int64_t kMaxRecordAnswerBytes = 48 << 20;  ///< 10 MiB of data in base64 and 10,000 keys; more is a CapacityError
inline constexpr int kMaxListPages = 10'000;                ///< of streams or shards; more is a CapacityError
inline constexpr int kMaxListRestarts = 3;                  ///< of ListShards, whose page tokens expire; then its error is ours

/// Where in a shard to read from.
struct ShardPosition {
  enum class Kind : uint8_t { kHorizon, kTime, kAt, kAfter, kShardEnd };
  Kind kind = Kind::kHorizon;
  int64_t time_ms = 0;
  std::string sequence;

  std::string ToText()
      const;  ///< canonical: {"kind":"TRIM_HORIZON"}, {"kind":"AT_TIMESTAMP","ts_ms":1}, {"kind":"AT_SEQUENCE_NUMBER","seq":"7"}, {"kind":"AFTER_SEQUENCE_NUMBER","seq":"7"}, {"kind":"SHARD_END"}: nothing remains
  static Result<ShardPosition> Parse(std::string_view text);
};

/// A page of ListShards.
struct ShardPage {
  std::vector<Shard> shards;
  std::string next_token;  ///< "": this was the last
};

/// Parse the answers of ListShards and DescribeStreamSummary. Errors: IOError, naming what is wrong with it.
Result<ShardPage> ParseShards(std::string body);
Result<StreamSummary> ParseSummary(std::string body);

/// Parses an answer of GetRecords. Errors: IOError, naming what is wrong with it.
Result<RecordPage> ParseRecords(std::string body);
/// The same, a member at a time: for what the fast way does not take, and its oracle.
Result<RecordPage> ParseRecordsPlainly(std::string body);

/// `time_ms` as the API writes it: seconds with three decimals.
std::string ApiTime(int64_t time_ms);

/// Any thread. Errors are those of aws::JsonClient, AwsError attached; IOError for an answer that cannot be read.
class KinesisClient {
 public:
  KinesisClient(std::unique_ptr<aws::JsonClient> json, const aws::RetryClock& clock);

  Result<std::vector<std::string>> ListStreams(const CallContext& ctx);  ///< all, sorted
  Result<StreamSummary> Describe(const CallContext& ctx, const std::string& stream) { return identity_.Ask(ctx, stream); }
  /// Sorted by id, each once. `from_ms`: only those that may hold a record since then.
  Result<std::vector<Shard>> ListShards(const CallContext& ctx, const std::string& stream, std::optional<int64_t> from_ms);
  /// `inclusive`: of kAfter, beginning with the record that it names.
  Result<std::string> GetIterator(const CallContext& ctx, const std::string& arn, const std::string& shard, const ShardPosition& at, bool inclusive = false);
  /// Asks once: the caller decides what comes after a refusal. Also CapacityError: the answer is longer than `max_bytes`; nothing is then lost, and
  /// fewer records can be asked for.
  Result<RecordPage> GetRecords(const CallContext& ctx, const std::string& arn, const std::string& iterator, int64_t limit,
                                int64_t max_bytes = kMaxRecordAnswerBytes);

  const aws::RetryClock& clock() const { return clock_; }
  const ServerTime& time() const { return time_; }
  ShardPace& pace() { return *pace_; }
  /// What all readers of this client know of who their streams are; Describe tells it, too.
  StreamIdentity& identity() { return identity_; }
  /// What all readers of this client hold, by their own account: answers on their way and not yet taken, in bytes.
  std::atomic<int64_t>& held_bytes() { return held_bytes_; }

 private:
  Result<std::string> Call(const CallContext& ctx, std::string_view operation, const std::string& body, const aws::JsonCallOptions& options);

  const std::unique_ptr<aws::JsonClient> json_;
  const aws::RetryClock& clock_;
  ServerTime time_;
  const std::shared_ptr<ShardPace> pace_;
  StreamIdentity identity_;
  std::atomic<int64_t> held_bytes_{0};
};

}  // namespace lotic::kinesis
