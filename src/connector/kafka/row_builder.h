// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connector/kafka/columns.h"
#include "connector/kafka/value_filter.h"
#include "format/decoder.h"
#include "format/inference.h"
#include "lotic/batch.h"
#include "lotic/batch_builder.h"
#include "lotic/constraints.h"
#include "lotic/scan.h"
#include "lotic/status.h"

namespace lotic::kafka {

/// What rows are to be made of: a scan request's part that concerns single records.
struct RowPlan {
  std::shared_ptr<const Schema> layout;     ///< the output
  std::map<std::string, ValueSet> filters;  ///< of scalar columns of the layout; normalised
  CompareOptions compare;
  OnError on_error = OnError::kNull;
  Tombstones tombstones = Tombstones::kEmit;
  PayloadFormat format = PayloadFormat::kRaw;
  std::vector<DecoderField> declared;  ///< all columns of the messages: what on_error = skip, fail check
};

/// What became of a run of records.
struct RunOutcome {
  int64_t consumed = 0;  ///< the first so many records; fewer than all only where `max_rows` was reached
  int64_t returned = 0;
  int64_t filtered = 0;
  int64_t skipped = 0;  ///< consumed = returned + filtered + skipped
};

/// Turns runs of records into rows: cheap filters first, then the members a filter needs, then the other columns for the rows that
/// are left. One thread at a time.
class RowBuilder {
 public:
  static constexpr size_t kMaxRunRecords = 1024;

  /// Errors: Invalid (a column of the layout or a constraint that is not this topic's), those of MakeJsonDecoder.
  static Result<std::unique_ptr<RowBuilder>> Make(RowPlan plan);

  /// Appends the rows of `run` (at most kMaxRunRecords records), at most `max_rows` (> 0) of them. Every value must be followed by
  /// kDecoderPadding bytes that may be read, whatever they hold. Errors: Invalid with the offset, for on_error = fail.
  Result<RunOutcome> Append(const RecordRun& run, int64_t max_rows);
  /// Counts rows that have no columns, of records that nothing needs to look at. Only if counts_only().
  void AppendUnseen(int64_t rows);
  /// True if no record needs to be looked at: no columns, no filters, no policy that drops any.
  bool counts_only() const { return counts_only_; }

  int64_t rows() const { return rows_; }
  /// Bytes of the records behind the rows so far: an idea of the batch's size.
  int64_t bytes() const { return bytes_; }
  int64_t undecodable_values() const;
  /// The rows appended since the last Finish.
  Batch Finish();

 private:
  struct FilterColumn {
    size_t column;  // of the layout
    ValueFilter filter;
  };
  explicit RowBuilder(RowPlan plan);
  Status Compile();
  Status DropUnwanted(const RecordRun& run, int64_t* skipped);
  Status CheckMessages(const RecordRun& run, int64_t* skipped);
  void FilterMetadata(const RecordRun& run);
  Batch DecodeFilterColumns();
  void AppendRows(const RecordRun& run, const std::optional<Batch>& decoded, std::span<const uint32_t> decoded_rows);
  void Narrow(std::span<const uint8_t> keep);

  const RowPlan plan_;
  bool counts_only_ = false;
  bool needs_payloads_ = false;
  std::vector<MetadataColumn> kinds_;     // by layout column; meaningless for those of the message
  std::vector<size_t> metadata_columns_;  // of the layout, all of them
  std::vector<FilterColumn> metadata_filters_;
  std::vector<FilterColumn> message_filters_;
  std::shared_ptr<const Schema> filter_schema_;  // of message_filters_, in their order
  std::vector<size_t> other_columns_;            // of the message, not filtered
  std::unique_ptr<MessageDecoder> filter_decoder_;
  std::unique_ptr<MessageDecoder> other_decoder_;
  std::unique_ptr<MessageChecker> checker_;
  BatchBuilder out_;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
  int64_t broken_headers_ = 0;
  std::vector<uint32_t> all_;          // 0, 1, 2, ... kMaxRunRecords - 1
  std::vector<PayloadView> payloads_;  // of the run in hand
  std::vector<uint32_t> selection_;    // its records that are still wanted, ascending
  std::vector<uint8_t> keep_;
};

}  // namespace lotic::kafka
