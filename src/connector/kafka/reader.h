// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "connector/kafka/backoff.h"
#include "connector/kafka/cluster.h"
#include "connector/kafka/kafka_connector.h"
#include "connector/kafka/part_decoder.h"
#include "connector/kafka/pushdown.h"
#include "connector/kafka/row_builder.h"
#include "connector/kafka/split_state.h"
#include "lotic/connector.h"
#include "net/poll.h"

namespace lotic::kafka {

/// Reads splits of one topic. Everything happens inside Next(), on its caller's thread: one fetch in flight per leader, covering all of
/// its splits, the next one sent before the answer to the last is decoded.
class KafkaReader final : public Reader {
 public:
  static constexpr int64_t kMaxBatchRows = 4096;                ///< what a second-level cache holds, and malloc keeps
  static constexpr int64_t kMaxBatchBytes = int64_t{8} << 20;   ///< of the records behind a batch's rows; checked once a run
  static constexpr int64_t kMaxCountedRows = int64_t{1} << 20;  ///< of batches without columns
  /// A bounded fetch finds its data at the broker; it waits so long for a log that is still short of its end.
  static constexpr std::chrono::milliseconds kBoundedWait{100};
  static constexpr int32_t kFirstFetchWithLimit = 64 << 10;  ///< bytes a partition; doubles with every answer
  /// Answers of this size are decoded while they lie in the processor's cache: 1.5 times the rate of 8 MiB ones. Where the network is
  /// slow (an answer that was full was waited for longer than kSlowAnswer) they double, up to the client properties' limits.
  static constexpr int32_t kPartitionFetchBytes = 1 << 20;
  static constexpr int32_t kAnswerBytes = 2 << 20;
  static constexpr std::chrono::milliseconds kSlowAnswer{30};
  /// A whole answer without records, though the log reaches the end, has to come so often before the rest counts as empty.
  static constexpr int kEmptyAnswersToProve = 2;

  /// Errors: Invalid (splits of several topics, positions that are no offsets, a layout that is not this topic's).
  static Result<std::unique_ptr<KafkaReader>> Make(std::shared_ptr<Cluster> cluster, const KafkaOptions& options, const ScanRequest& request,
                                                   std::span<const SplitStart> splits);
  ~KafkaReader() override;

  Result<ReadBatch> Next(const CallContext& ctx) override;
  Result<uint32_t> Add(SplitStart start) override;
  Result<SplitStart> Release(uint32_t split) override;
  SplitCertificate Certificate(uint32_t split) const override;
  ReaderProgress Progress() const override;
  void Wake() override;
  Status Close(const CallContext& ctx) override;

 private:
  struct Asked {
    uint32_t split;
    int64_t offset;
  };
  struct Leader {
    int32_t node = -1;
    std::unique_ptr<BrokerConnection> connection;
    bool in_flight = false;
    int32_t correlation_id = 0;
    bool by_id = false;
    std::vector<Asked> asked;
    std::chrono::steady_clock::time_point sent_at{};
    int32_t max_bytes = kAnswerBytes;
    int failures = 0;
    std::chrono::steady_clock::time_point retry_at{};
  };

  KafkaReader(std::shared_ptr<Cluster> cluster, const KafkaOptions& options, const ScanRequest& request, PushedFilters pushed);
  Status Prepare(const SplitStart& first);

  // reader.cc: the loop
  Result<ReadBatch> Loop(const CallContext& ctx, const CallContext& inner);
  Status LateFor(const Status& status) const;
  ReadBatch Decode(const CallContext& ctx);
  void DecodeFront(ReadBatch* out, int64_t batch_rows);
  void ReportEnded(ReadBatch* out);
  void AddRun(ReadBatch* out, uint32_t split, int64_t rows);
  void EndSplit(SplitState& split, EndReason reason);
  void FailSplit(SplitState& split, const Status& status);
  void EndAllByLimit();
  bool AllReported() const;
  void CountProgress();

  // reader_fetch.cc: requests and answers
  Status Pump(bool* received);
  void SendFetches(const CallContext& inner);
  void SendFetch(const CallContext& inner, Leader& leader);
  Status HandleAnswer(Leader& leader, Answer answer);
  void TakeRecords(uint32_t index, std::shared_ptr<const FetchedAnswer> answer, const kafka_protocol::FetchResponse::Partition& partition,
                   bool whole_answer_empty, bool slow);
  void QueuePart(uint32_t index, FetchedPart part);
  void LeaderFailed(Leader& leader, const Status& cause);
  Result<bool> WaitForSomething(const CallContext& ctx);

  // reader_faults.cc: leaders, epochs, lost offsets
  Status RouteSplits(const CallContext& inner);
  void HandlePartitionError(uint32_t index, kafka_protocol::ErrorCode error);
  Status ResolveRanges(const CallContext& inner);
  Status VerifyEpochs(const CallContext& inner);
  Status CheckTopicAtEnd(const CallContext& inner, SplitState& split);
  void RetryLater(SplitState& split, const Status& cause);
  void FailInOrder(uint32_t index, Status status);
  void FailStalled();
  std::string Where(const SplitState& split) const;
  bool retry_possible(const Status& status) const;

  void Mark();

  const std::shared_ptr<Cluster> cluster_;
  const KafkaOptions options_;
  const ScanRequest request_;
  const PushedFilters pushed_;
  std::string topic_;
  kafka_protocol::Uuid topic_id_{};
  std::unique_ptr<RowBuilder> rows_;
  PartDecoder decoder_;
  std::deque<SplitState> splits_;     // never shrinks: numbers stay
  std::deque<uint32_t> ready_;        // one entry a part, in the order of arrival
  std::vector<uint32_t> unreported_;  // ended outside of decoding
  std::map<int32_t, Leader> leaders_;
  Backoff backoff_;
  int64_t pending_bytes_ = 0;  // of answers not decoded yet
  int64_t memory_budget_ = 0;
  int64_t rows_left_;  // of the limit
  uint64_t serve_counter_ = 0;
  bool stale_metadata_ = false;
  bool fetched_by_name_ = false;
  bool closed_ = false;
  std::chrono::milliseconds inside_{0};  // time spent in Next: the clock that stalls are measured by
  std::chrono::steady_clock::time_point marked_at_{};
  std::chrono::steady_clock::duration waited_{0};  // for the answers that are being taken now

  net::Waker waker_;
  std::atomic<bool> woken_{false};
  std::mutex interrupt_mutex_;  // guards interrupt_
  std::stop_source interrupt_;  // of the Next under way: its context's stop, or Wake

  std::atomic<int64_t> planned_records_{0};
  std::atomic<int64_t> done_records_{0};
  std::atomic<int64_t> fetched_bytes_{0};
};

}  // namespace lotic::kafka
