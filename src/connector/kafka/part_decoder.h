// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "connector/kafka/columns.h"
#include "connector/kafka/pushdown.h"
#include "connector/kafka/row_builder.h"
#include "connector/kafka/split_state.h"
#include "kafka_protocol/aborted_transactions.h"
#include "kafka_protocol/record_batch.h"
#include "lotic/status.h"

namespace lotic::kafka {

/// Takes fetched records apart: batches, checksums, transactions, codecs, records; hands runs of them to a RowBuilder and counts what
/// became of every offset. Works on one part at a time and can stop anywhere in it. The reader thread only.
class PartDecoder {
 public:
  static constexpr int64_t kMaxRunBytes = int64_t{1} << 20;  ///< a run ends at the record that passes it

  /// `filters` (of the request): batches that they rule out by their header are not opened.
  PartDecoder(const PushedFilters& filters, bool read_committed, int64_t max_decompressed_bytes);

  enum class Outcome {
    kUsedUp,  ///< all of the part is accounted for
    kFull,    ///< `batch_rows` or `batch_bytes` is reached: call again with the same split
    kLimit,   ///< `rows_left` is reached
  };
  /// Goes on with split.parts.front() (begins with it if it is another one than last time), appending at most `rows_left` (> 0) rows.
  /// An error is the split's; what lies before it is in `rows` and counted.
  Result<Outcome> Continue(SplitState& split, RowBuilder& rows, int64_t rows_left, int64_t batch_rows, int64_t batch_bytes);
  /// Forgets the part in hand: its split was released or has failed.
  void Reset();
  /// Batches ruled out by their header, and batches counted by it: that these paths are taken shows nowhere else.
  int64_t batches_skipped() const { return batches_skipped_; }
  int64_t batches_counted() const { return batches_counted_; }

 private:
  void Begin(const FetchedPart& part);
  Result<std::optional<Outcome>> NextBatch(SplitState& split, RowBuilder& rows);
  Status AccountWhole(SplitState& split, const kafka_protocol::BatchView& batch, int64_t* count, int64_t known_filtered);
  Result<int64_t> CountInRange(const SplitState& split, const kafka_protocol::BatchView& batch);
  void Collect(const SplitState& split);
  size_t Trim(const SplitState& split, std::span<kafka_protocol::RecordView> records);
  std::span<const kafka_protocol::RecordView> run() const { return std::span(records_).first(run_size_); }
  void PadTail();
  Status Flush(SplitState& split, RowBuilder& rows);
  bool RuledOut(const kafka_protocol::BatchHeader& header) const;
  Status AtSplit(const SplitState& split, const Status& cause) const;

  const PushedFilters filters_;
  const bool read_committed_;
  kafka_protocol::BatchReader batch_reader_;
  const FetchedPart* part_ = nullptr;
  std::optional<kafka_protocol::BatchScanner> scanner_;
  std::optional<kafka_protocol::AbortedTransactions> transactions_;
  kafka_protocol::BatchView batch_;
  kafka_protocol::RecordCursor cursor_;
  bool batch_open_ = false;
  bool batch_decompressed_ = false;  // the open batch, or the last one: its records lie in [buffer_begin_, buffer_end_)
  const uint8_t* buffer_begin_ = nullptr;
  const uint8_t* buffer_end_ = nullptr;
  bool end_reached_ = false;
  TimestampType batch_type_ = TimestampType::kCreateTime;
  TimestampType run_type_ = TimestampType::kCreateTime;
  int32_t run_epoch_ = -1;
  std::vector<kafka_protocol::RecordView> records_;  // kMaxRunRecords; the first run_size_ are the run in hand
  size_t run_size_ = 0;
  int64_t run_bytes_ = 0;
  int64_t run_from_ = 0;    // records below are old ones
  int64_t advance_to_ = 0;  // where the position goes once the run is accounted for
  int64_t rows_left_ = 0;
  bool limit_reached_ = false;
  std::vector<std::unique_ptr<uint8_t[]>> tails_;  // values too near the end of a decompressed batch, with padding behind them
  int64_t batches_skipped_ = 0;
  int64_t batches_counted_ = 0;
};

}  // namespace lotic::kafka
