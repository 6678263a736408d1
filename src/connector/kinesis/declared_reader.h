// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/row_format.h"
#include "lotic/batch_builder.h"
#include "lotic/connector.h"

namespace lotic::kinesis {

/// Where a column of a declared table comes from.
struct DeclaredSource {
  enum class Kind : uint8_t {
    kPayload,   ///< the format, by the column's name
    kRecord,    ///< a column of the stream, perhaps of another type
    kConstant,  ///< the same text in every row
    kNull,      ///< never known
  };
  Kind kind = Kind::kPayload;
  std::string column;    ///< kRecord: "_arrival_timestamp", …
  std::string constant;  ///< kConstant
};

/// What to do with a record that the format does not take.
enum class BadRecords : uint8_t { kFail, kSkip };

/// Rows of a declared table from the records that a reader of its stream gives: payloads decoded, the stream's columns cast. A bad record ends its split, which is then as if it had been
/// read to the batch before; or it is skipped and counted. Threads: as Reader.
class DeclaredReader final : public Reader {
 public:
  struct Plan {
    std::shared_ptr<const Schema> layout;  ///< of the rows wanted
    std::vector<DeclaredSource> sources;   ///< one a column
    Schema stream;                         ///< of the reader underneath: kRecord's columns, and where `payload`, _data and _sequence_number
    bool payload = false;                  ///< whether records are judged and decoded at all
    BadRecords bad = BadRecords::kFail;
    bool strict = false;           ///< a field that does not fit makes its record a bad one, whatever the format ignores
    std::optional<int64_t> limit;  ///< stop after so many rows
    std::shared_ptr<const RowFormat> format;
  };
  /// `num_splits`: that `records` was opened with.
  static Result<std::unique_ptr<DeclaredReader>> Make(Plan plan, std::unique_ptr<Reader> records, size_t num_splits);

  Result<ReadBatch> Next(const CallContext& ctx) override;
  Result<uint32_t> Add(SplitStart start) override;
  Result<SplitStart> Release(uint32_t split) override;
  SplitCertificate Certificate(uint32_t split) const override;
  ReaderProgress Progress() const override { return records_->Progress(); }
  void Wake() override { records_->Wake(); }
  Status Close(const CallContext& ctx) override { return records_->Close(ctx); }

 private:
  struct State {
    SplitCertificate last;  // after the last batch that was handed on
    int64_t skipped = 0;    // records that became no row
    int64_t more = 0;       // rows beyond one a record
    int64_t undecodable = 0;
    bool live = true;
    bool ended_here = false;  // by a bad record or the limit: `last` is its certificate, whatever the reader underneath has read
  };
  DeclaredReader(Plan plan, std::unique_ptr<Reader> records) : plan_(std::move(plan)), records_(std::move(records)) {}
  /// Records [first, first + count): takes them apart into payloads_; `good` are those that become rows, `bad` names a record, counted from `first`.
  void Judge(const Batch& records, int64_t first, int64_t count, std::vector<uint32_t>* good, std::optional<BadMessage>* bad);
  /// Those that Judge did not take and that hold several rows, in their rows' places. False: none does.
  bool TakeApart(const std::vector<uint32_t>& selection, const std::vector<uint32_t>& good);
  uint32_t RecordOf(uint32_t row) const { return record_of_.empty() ? row : record_of_[row]; }
  /// How many records `good` are of.
  int64_t NumRecords(const std::vector<uint32_t>& good) const;
  /// Ends a split at `last.read_end`. @return its last run, without rows.
  Run End(uint32_t split, EndReason reason, bool complete);
  Run Fail(uint32_t split, std::string_view sequence_number, const std::string& reason);
  /// Ends a split within its run, behind row `good.back()` of it.
  void Cut(const Batch& records, int64_t first, const std::vector<uint32_t>& good, Run* run);
  void AppendRows(const Batch& records, int64_t first, const std::vector<uint32_t>& good, BatchBuilder* out);

  const Plan plan_;
  const std::unique_ptr<Reader> records_;
  std::unique_ptr<MessageDecoder> decoder_;  // of the columns of kind kPayload; null if there are none
  std::unique_ptr<MessageChecker> checker_;
  std::vector<size_t> decoded_;  // their places in the layout
  std::optional<int64_t> rows_left_;
  std::vector<State> splits_;
  std::vector<PayloadView> payloads_;  // of the run under way, one a row
  std::vector<uint32_t> record_of_;    // which record each is of; empty: a row a record
};

}  // namespace lotic::kinesis
