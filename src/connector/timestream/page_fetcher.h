// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "connector/timestream/timestream_client.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::timestream {

/// Sends a query and fetches its pages one after the other in a thread of its own, a page ahead of who takes them: the next one is asked for as soon as its
/// token is seen. One thread at a time, except Wake().
class PageFetcher {
 public:
  static constexpr size_t kMaxPagesAhead = 2;  ///< fetched and not taken; the thread then waits

  struct Page {
    std::string text;        ///< an answer of Query
    std::string next_token;  ///< with which the next one is asked for; "": this is the last
    int attempts = 1;
  };

  /// Begins at once. `ctx`: for the requests; a stop of it ends them.
  PageFetcher(std::shared_ptr<TimestreamClient> client, const CallContext& ctx, std::string query, int64_t max_rows);
  /// Stops requests under way and waits for the thread (within 200 ms).
  ~PageFetcher();

  /// The next page; none if Wake() was called meanwhile. Not called after the last page or an error. Errors: the client's; Cancelled, DeadlineExceeded of `ctx`.
  Result<std::optional<Page>> Next(const CallContext& ctx);
  /// Any thread.
  void Wake();

 private:
  void Work(std::stop_token stop);

  const std::shared_ptr<TimestreamClient> client_;
  const CallContext ctx_;
  const std::string query_;
  const int64_t max_rows_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::deque<Page> pages_;
  Status failure_;
  bool woken_ = false;
  std::jthread worker_;  // last: ends before the rest goes
};

}  // namespace lotic::timestream
