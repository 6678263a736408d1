// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "athena/spill_store.h"
#include "athena/throttling_invoker.h"
#include "athena_protocol/messages.h"
#include "lotic/batch.h"
#include "lotic/call_context.h"

namespace lotic::athena {

struct SpillerOptions {
  int threads = 2;         ///< writers; >= 1
  int queue_capacity = 2;  ///< blocks that wait for a writer; at the limit Submit waits. >= 1
  /// Starts a writer; throws std::system_error if the machine has no thread to spare. None: a std::jthread. For tests.
  std::function<std::jthread(std::function<void()>)> start;
};

/// Writes the blocks of one split to a spill store, several at a time. A block gets its number when it is submitted; the objects are
/// the split's key + ".0", ".1", ... without a gap, each written once. The list of them has one owner, this object, and is given out once, after the last write.
/// Memory: at most `threads` + `queue_capacity` blocks, and the bytes of `threads` objects. One thread; its writers are its own. A machine that has no thread to spare (a limit on tasks, no
/// memory for a stack) gets fewer writers, and without any Submit writes.
class Spiller {
 public:
  /// Borrows all but `location` and `key`; they outlive it. `location` is the split's: a prefix.
  Spiller(const CallContext& ctx, SpillStore& store, ThrottlingInvoker& invoker, SpillLocation location, std::optional<EncryptionKey> key,
          SpillerOptions options);
  /// Without Keep(): stops the writers, waits for them and abandons what was written.
  ~Spiller();
  Spiller(const Spiller&) = delete;
  Spiller& operator=(const Spiller&) = delete;

  /// Takes a block with at least one row. Errors: the first error of any write so far; Invalid (a location that is no prefix); Cancelled, DeadlineExceeded.
  Status Submit(Batch block);
  /// Waits for all writes. @return every object, by number. Errors: as Submit. The destructor abandons what was written all the same, until Keep().
  Result<std::vector<SpillLocation>> Finish();
  /// The answer that names the objects goes out: they stay. After Finish().
  void Keep();

  int64_t blocks() const { return submitted_; }
  /// Of the objects written so far.
  int64_t bytes() const;
  /// Whether an object stands in the store.
  RowsWritten written() const;

 private:
  struct Job {
    int64_t number;
    Batch block;
  };
  void StartWriter();
  void Write(std::stop_token stop);
  void WriteFront(std::unique_lock<std::mutex>& lock);
  Status WriteOne(const Job& job, int64_t* bytes);
  std::string KeyOf(int64_t number) const;
  Status Wait(std::unique_lock<std::mutex>& lock, const std::function<bool()>& done);

  const CallContext ctx_;  // its stop is ours: set by the caller's, by the first failure and by the destructor
  std::stop_source stop_;
  const std::stop_callback<std::function<void()>> outer_stop_;
  SpillStore& store_;
  ThrottlingInvoker& invoker_;
  const SpillLocation location_;
  const std::optional<EncryptionKey> key_;
  const SpillerOptions options_;
  int64_t submitted_ = 0;
  bool finished_ = false, kept_ = false;
  mutable std::mutex mutex_;  // guards the members below, up to the threads
  std::condition_variable_any changed_;
  std::deque<Job> queue_;
  int writing_ = 0;
  bool no_more_ = false;
  Status failure_;
  int64_t bytes_ = 0;
  std::vector<int64_t> written_;  // numbers, in the order of completion
  std::vector<std::jthread> threads_;
};

}  // namespace lotic::athena
