// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "cli/console.h"
#include "sql/engine.h"

namespace lotic::cli {

/// A line on standard error that shows how far a query is, from its second second on, until Stop. Starts no thread where standard error
/// is no terminal. `progress` is called from a thread of its own.
class ProgressLine {
 public:
  static constexpr std::chrono::milliseconds kQuiet{1000};
  static constexpr std::chrono::milliseconds kEvery{200};

  ProgressLine(const Console& console, bool wanted, std::function<sql::QueryProgress()> progress);
  ~ProgressLine() { Stop(); }
  /// Takes the line away for good; what is written next begins at the left. Idempotent.
  void Stop();

 private:
  void Run();

  const Console& console_;
  const std::function<sql::QueryProgress()> progress_;
  std::mutex mutex_;  // guards stopping_
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

/// "43 %, 1,234,567 records, 12.3 MB, throttled 12 times"; the last only where the source refused calls
std::string DescribeProgress(const sql::QueryProgress& progress);

}  // namespace lotic::cli
