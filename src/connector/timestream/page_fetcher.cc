// SPDX-License-Identifier: Apache-2.0
#include "connector/timestream/page_fetcher.h"

#include <utility>

#include "connector/timestream/page_parser.h"

namespace lotic::timestream {

PageFetcher::PageFetcher(std::shared_ptr<TimestreamClient> client, const CallContext& ctx, std::string query, int64_t max_rows)
    : client_(std::move(client)), ctx_(ctx), query_(std::move(query)), max_rows_(max_rows), worker_([this](std::stop_token stop) { Work(std::move(stop)); }) {}

PageFetcher::~PageFetcher() { worker_.request_stop(); }

void PageFetcher::Work(std::stop_token stop) {
  // The requests end when this fetcher goes and when the caller's own stop comes, whichever is first.
  std::stop_source either;
  const auto request = [&either] { either.request_stop(); };
  const std::stop_callback on_end(stop, request);
  const std::stop_callback on_stop(ctx_.stop, request);
  CallContext ctx = ctx_;
  ctx.stop = either.get_token();
  PageRequestBody body{query_, RandomToken(), "", max_rows_};
  for (;;) {
    Result<aws::JsonAnswer> answer = client_->Query(ctx, body);
    std::unique_lock lock(mutex_);
    if (!answer.ok()) {
      failure_ = answer.status();
      changed_.notify_all();
      return;
    }
    Page page;
    page.next_token = FindNextToken(answer->body);
    page.text = std::move(answer->body);
    page.attempts = answer->attempts;
    const bool last = page.next_token.empty();
    if (!last && page.next_token == body.next_token) {
      failure_ = Status::IOError("timestream Query: the answer gives the token that was asked with: the query would never end");
      changed_.notify_all();
      return;
    }
    body.client_token.clear();
    body.next_token = page.next_token;
    pages_.push_back(std::move(page));
    changed_.notify_all();
    if (last || !changed_.wait(lock, ctx.stop, [this] { return pages_.size() < kMaxPagesAhead; })) return;
  }
}

Result<std::optional<PageFetcher::Page>> PageFetcher::Next(const CallContext& ctx) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return woken_ || !pages_.empty() || !failure_.ok(); };
  if (ctx.deadline == std::chrono::steady_clock::time_point::max()) {
    changed_.wait(lock, ctx.stop, ready);
  } else {
    changed_.wait_until(lock, ctx.stop, ctx.deadline, ready);
  }
  LOTIC_RETURN_NOT_OK(ctx.Check("reading a Timestream query"));
  if (std::exchange(woken_, false)) return std::optional<Page>();
  if (!pages_.empty()) {
    Page page = std::move(pages_.front());
    pages_.pop_front();
    changed_.notify_all();
    return std::optional(std::move(page));
  }
  if (!failure_.ok()) return failure_;
  return Status::Cancelled("reading a Timestream query: the reader was stopped");
}

void PageFetcher::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

}  // namespace lotic::timestream
