// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "lotic/connector.h"
#include "lotic/scan.h"

namespace lotic::capi {

/// The wanted rows of some splits: a Reader with what the door owes applied (residuals, the limit, completeness). One thread at a time, except
/// Cancel.
class RowStream {
 public:
  /// @param num_columns  the first so many of the request's layout come out. Errors: those of Connector::Open; NotImplemented (unbounded).
  static Result<std::unique_ptr<RowStream>> Open(const CallContext& ctx, std::shared_ptr<Connector> connector, ScanRequest request,
                                                 std::vector<SplitStart> splits);
  ~RowStream();
  RowStream(const RowStream&) = delete;
  RowStream& operator=(const RowStream&) = delete;

  size_t num_columns() const { return request_.layout.fields.size(); }
  size_t num_splits() const { return splits_.size(); }
  /// Of the batches, when the first `columns` of the layout are taken. Errors: Invalid (fewer there).
  Result<Schema> OutputSchema(size_t columns) const;
  /// The next rows, at least one, in the layout's columns; none: the end. Errors are remembered: status(). DataLoss where the end was reached
  /// and a split is not complete, unless the policy goes on after losses.
  Result<std::optional<Batch>> Next();
  const Status& status() const { return status_; }
  /// Of a split so far. Errors: Invalid (no such split).
  Result<SplitCertificate> Certificate(int64_t split) const;
  /// Any thread: a waiting Next ends with Cancelled. For good.
  void Cancel() { stop_.request_stop(); }
  /// Ends the reading: cancels at the source what is still running there. Certificates stay.
  void Close();

 private:
  RowStream(const CallContext& ctx, std::shared_ptr<Connector> connector, ScanRequest request, std::vector<SplitStart> splits);
  Result<std::optional<Batch>> ReadNext();
  Result<std::optional<Batch>> Wanted(const ReadBatch& read);
  Status CheckComplete() const;

  const std::shared_ptr<Connector> connector_;
  const ScanRequest request_;
  const std::vector<SplitStart> splits_;
  std::stop_source stop_;  // synchronises itself
  std::optional<std::stop_callback<std::function<void()>>> stopped_by_call_;
  CallContext ctx_;
  std::vector<Constraints> residuals_;  // the different ones
  std::vector<size_t> residual_of_;     // split -> index in residuals_; kNoResidual
  std::unique_ptr<Reader> reader_;
  std::optional<int64_t> left_;  // of the limit
  bool ended_ = false;
  bool closed_ = false;
  Status status_;
};

}  // namespace lotic::capi
