// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "aws/retry.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

// Which of the streams that had a name one after the other has it now.

namespace lotic::kinesis {

/// What DescribeStreamSummary says of a stream. One that was deleted and made anew has the name and the ARN of the one before: only the time of its
/// creation tells them apart.
struct StreamSummary {
  std::string name;
  std::string arn;
  std::string status;  ///< ACTIVE, UPDATING, CREATING, DELETING
  int64_t created_ms = 0;
  int64_t retention_hours = 0;  ///< 0: the answer did not say
};

/// "2023-11-14T22:13:20Z", for a message; 0 is a time that the service did not say.
std::string CreationText(int64_t created_ms);

/// Asks which stream has a name, no more often than needed: the service answers 20 such requests a second to all of an account. Any thread.
class StreamIdentity {
 public:
  static constexpr std::chrono::milliseconds kPause{100};     ///< between the requests for one stream that Recent and After make, at least
  static constexpr std::chrono::milliseconds kRecent{5'000};  ///< to delete a stream and to make it anew takes the service longer
  static constexpr size_t kMaxStreams = 1'000;                ///< known at a time; above it what is known is forgotten, and asked for again

  using Asker = std::function<Result<StreamSummary>(const CallContext& ctx, const std::string& stream)>;
  struct Known {
    uint64_t number = 0;  ///< of the request, in their order
    std::chrono::steady_clock::time_point asked;
    StreamSummary summary;
  };

  /// `clock` is borrowed; `ask` may be called by several threads at once.
  StreamIdentity(const aws::RetryClock& clock, Asker ask) : clock_(clock), ask_(std::move(ask)) {}

  // All of them: errors of `ask`, Cancelled, DeadlineExceeded.

  /// Asks, whatever is known.
  Result<StreamSummary> Ask(const CallContext& ctx, const std::string& stream);
  /// What a request says that was sent at most kRecent ago.
  Result<StreamSummary> Recent(const CallContext& ctx, const std::string& stream);
  /// A mark in the order of requests.
  uint64_t Mark() const;
  /// What a request says that was sent after `mark` was taken, one that others wait for included. None comes back that was deleted: the stream that it
  /// names has had the name at every moment from its creation to the mark.
  Result<Known> After(const CallContext& ctx, const std::string& stream, uint64_t mark);

 private:
  struct Entry {
    std::optional<Known> known;
    std::optional<std::chrono::steady_clock::time_point> asked;  // last, answered or not
    bool asking = false;                                         // Find's request; others wait for it
  };
  Result<Known> Find(const CallContext& ctx, const std::string& stream, const std::function<bool(const Known&)>& good);
  Result<Known> AskNow(const CallContext& ctx, const std::string& stream);
  Entry& EntryOf(const std::string& stream);

  const aws::RetryClock& clock_;
  const Asker ask_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any answered_;
  uint64_t begun_ = 0;
  std::map<std::string, Entry> entries_;
};

}  // namespace lotic::kinesis
