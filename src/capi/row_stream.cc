// SPDX-License-Identifier: Apache-2.0
#include "capi/row_stream.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace lotic::capi {
namespace {

constexpr std::chrono::seconds kCloseTime{2};  // how long closing a reader may take to cancel at the source
constexpr size_t kNoResidual = std::numeric_limits<size_t>::max();

}  // namespace

RowStream::RowStream(const CallContext& ctx, std::shared_ptr<Connector> connector, ScanRequest request, std::vector<SplitStart> splits)
    : connector_(std::move(connector)), request_(std::move(request)), splits_(std::move(splits)), ctx_(ctx), left_(request_.limit) {
  stopped_by_call_.emplace(ctx.stop, std::function<void()>([this] { stop_.request_stop(); }));
  ctx_.stop = stop_.get_token();
}

Result<std::unique_ptr<RowStream>> RowStream::Open(const CallContext& ctx, std::shared_ptr<Connector> connector, ScanRequest request,
                                                   std::vector<SplitStart> splits) {
  if (request.unbounded) return Status::NotImplemented("reading without an end over the C interface is not built yet");
  for (const SplitStart& each : splits) {
    if (!each.split.end)
      return Status::NotImplemented("split ", each.split.partition, " has no end: reading without an end over the C interface is not built yet");
  }
  std::unique_ptr<RowStream> stream(new RowStream(ctx, std::move(connector), std::move(request), std::move(splits)));
  for (const SplitStart& each : stream->splits_) {
    const Constraints& residual = each.split.residual;
    if (residual.empty()) {
      stream->residual_of_.push_back(kNoResidual);
      continue;
    }
    const auto at = std::find(stream->residuals_.begin(), stream->residuals_.end(), residual);
    stream->residual_of_.push_back(static_cast<size_t>(at - stream->residuals_.begin()));
    if (at == stream->residuals_.end()) stream->residuals_.push_back(residual);
  }
  LOTIC_ASSIGN_OR_RETURN(stream->reader_, stream->connector_->Open(stream->ctx_, stream->request_, stream->splits_));
  return stream;
}

RowStream::~RowStream() { Close(); }

void RowStream::Close() {
  if (closed_ || reader_ == nullptr) return;
  closed_ = true;
  CallContext ctx = ctx_;
  ctx.stop = {};  // what was stopped still cancels at the source what runs there
  ctx.deadline = std::chrono::steady_clock::now() + kCloseTime;
  (void)reader_->Close(ctx);  // the rows are taken; what the source says to being cancelled changes nothing
}

Result<Schema> RowStream::OutputSchema(size_t columns) const {
  if (columns > num_columns()) return Status::Invalid(columns, " columns are asked for; the request's layout has ", num_columns());
  Schema schema = request_.layout;
  schema.fields.resize(columns, Field{"", Type::Bool()});
  return schema;
}

Result<std::optional<Batch>> RowStream::Next() {
  if (!status_.ok()) return status_;
  if (ended_) return std::optional<Batch>();
  Result<std::optional<Batch>> next = ReadNext();
  if (!next.ok()) {
    status_ = next.status();
    Close();
  } else if (!next->has_value()) {
    ended_ = true;
    Close();
  }
  return next;
}

Result<std::optional<Batch>> RowStream::ReadNext() {
  while (!left_ || *left_ > 0) {
    LOTIC_RETURN_NOT_OK(ctx_.Check("reading rows"));
    LOTIC_ASSIGN_OR_RETURN(const ReadBatch read, reader_->Next(ctx_));
    if (read.runs.empty() && !read.rows) {
      LOTIC_RETURN_NOT_OK(CheckComplete());
      return std::optional<Batch>();
    }
    for (const Run& run : read.runs) LOTIC_RETURN_NOT_OK(run.status);
    LOTIC_ASSIGN_OR_RETURN(std::optional<Batch> wanted, Wanted(read));
    if (!wanted) continue;
    if (left_) *left_ -= wanted->num_rows();
    return wanted;
  }
  return std::optional<Batch>();
}

// The rows that satisfy their split's residual, at most as many as are left of the limit.
Result<std::optional<Batch>> RowStream::Wanted(const ReadBatch& read) {
  if (!read.rows || read.rows->num_rows() == 0) return std::optional<Batch>();
  const Batch& rows = *read.rows;
  std::vector<std::vector<uint8_t>> keep(residuals_.size());
  std::vector<int64_t> taken;
  bool all = true;
  int64_t row = 0;
  const int64_t most = left_.value_or(std::numeric_limits<int64_t>::max());
  for (const Run& run : read.runs) {
    const int64_t end = row + run.num_rows;
    LOTIC_CHECK(run.split < residual_of_.size() && end <= rows.num_rows());
    const size_t residual = residual_of_[run.split];
    if (residual != kNoResidual && keep[residual].empty() && run.num_rows > 0) {
      LOTIC_RETURN_NOT_OK(EvaluateConstraints(residuals_[residual], request_.compare, rows, &keep[residual]));
    }
    for (; row < end; ++row) {
      const bool wanted = (residual == kNoResidual || keep[residual][static_cast<size_t>(row)] != 0) && static_cast<int64_t>(taken.size()) < most;
      all = all && wanted;
      if (wanted) taken.push_back(row);
    }
  }
  LOTIC_CHECK(row == rows.num_rows());
  if (taken.empty()) return std::optional<Batch>();
  return std::optional<Batch>(all ? rows : rows.Take(taken));
}

Status RowStream::CheckComplete() const {
  if (request_.policy.on_data_loss == OnDataLoss::kWarn) return Status::OK();
  for (size_t i = 0; i < splits_.size(); ++i) {
    const SplitCertificate certificate = reader_->Certificate(static_cast<uint32_t>(i));
    if (certificate.complete) continue;
    return Status::DataLoss("the reading of ", request_.table.ToString(), " is not complete: partition ", certificate.partition, " stopped at ",
                            certificate.read_end.text, " of ", certificate.planned_end ? certificate.planned_end->text : "an open end", " (",
                            EndReasonName(certificate.reason), ")");
  }
  return Status::OK();
}

Result<SplitCertificate> RowStream::Certificate(int64_t split) const {
  if (split < 0 || split >= static_cast<int64_t>(splits_.size())) return Status::Invalid("no split ", split, ": the reader has ", splits_.size());
  SplitCertificate certificate = reader_->Certificate(static_cast<uint32_t>(split));
  if (status_.ok() && left_ && *left_ <= 0 && !certificate.complete) {  // enough rows: the rest is proved unneeded
    certificate.complete = true;
    certificate.reason = EndReason::kLimit;
  }
  return certificate;
}

}  // namespace lotic::capi
