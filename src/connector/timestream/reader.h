// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "connector/timestream/page_fetcher.h"
#include "connector/timestream/page_parser.h"
#include "connector/timestream/query_text.h"
#include "connector/timestream/timestream_client.h"
#include "lotic/connector.h"

namespace lotic::timestream {

inline constexpr const char* kStart = "start";
inline constexpr const char* kEnd = "end";

/// Reads splits, each of which is one query of the service, one after the other.
class TimestreamReader final : public Reader {
 public:
  static constexpr int kMaxQueries = 2;  ///< of one split: sent again if it was lost before its first row was delivered
  static constexpr int64_t kRowsPerCountBatch = int64_t{1} << 20;

  /// `request` and `source` make the query, for every split the same.
  static Result<std::unique_ptr<TimestreamReader>> Make(std::shared_ptr<TimestreamClient> client, const ScanRequest& request, Dialect dialect,
                                                        int64_t page_rows, std::span<const SplitStart> splits);
  ~TimestreamReader() override;

  Result<ReadBatch> Next(const CallContext& ctx) override;
  Result<uint32_t> Add(SplitStart start) override;
  Result<SplitStart> Release(uint32_t split) override;
  SplitCertificate Certificate(uint32_t split) const override;
  ReaderProgress Progress() const override;
  void Wake() override;
  Status Close(const CallContext& ctx) override;

 private:
  struct State {
    SplitStart at;
    bool live = true;
    QueryPlan plan;
    int queries = 0;
    int64_t pages = 0;
    int64_t counted_left = -1;  // of a count: rows still to be handed out
    SplitCertificate certificate;
  };
  /// What the service said of one query.
  struct Running {
    std::string query_id;
    int64_t pages = 0, rows = 0, attempts = 0, scanned = 0, metered = 0;
    bool more = true;  // the last page has not come
  };
  TimestreamReader(std::shared_ptr<TimestreamClient> client, const ScanRequest& request, Dialect dialect, int64_t page_rows);

  Result<std::optional<ReadBatch>> Step(const CallContext& ctx, uint32_t index);
  Result<std::optional<ReadBatch>> Take(uint32_t index, PageFetcher::Page page);
  Result<std::optional<ReadBatch>> TakeCount(uint32_t index, const Batch& rows);
  std::optional<ReadBatch> Fail(uint32_t index, const Status& failure);
  Status CheckColumns(const std::vector<ColumnInfo>& columns) const;
  void BeginQuery(const CallContext& ctx, State* split);
  void EndQuery(State* split);
  void End(State* split, EndReason reason, bool complete);
  ReadBatch EndRun(uint32_t index, Status status) const;
  void Moved(State* split) const;

  const std::shared_ptr<TimestreamClient> client_;
  const ScanRequest request_;
  const Dialect dialect_;
  const int64_t page_rows_;
  std::shared_ptr<const Schema> layout_;  // of the answers that are parsed: the request's, or the one column of a count
  std::vector<int> targets_;
  std::vector<std::string> names_;
  std::vector<State> splits_;
  Running running_;
  std::optional<PageParser> parser_;
  std::optional<BatchBuilder> builder_;
  std::optional<int64_t> rows_left_;
  std::atomic<int64_t> records_{0}, bytes_{0};
  std::atomic<double> fraction_{0};
  std::mutex mutex_;                      // guards what follows, for Wake
  std::unique_ptr<PageFetcher> fetcher_;  // of the split that is read
  bool woken_ = false;
};

}  // namespace lotic::timestream
