// SPDX-License-Identifier: Apache-2.0
#include "cli/progress_line.h"

#include <cstdio>

#include "cli/row_writer.h"

namespace lotic::cli {

std::string DescribeProgress(const sql::QueryProgress& progress) {
  std::string text;
  if (progress.fraction >= 0) {
    char percent[16];
    std::snprintf(percent, sizeof percent, "%.0f %%, ", progress.fraction * 100);
    text += percent;
  }
  char megabytes[32];
  std::snprintf(megabytes, sizeof megabytes, "%.1f MB", static_cast<double>(progress.bytes) / 1e6);
  text += WithThousands(progress.records) + " records, " + megabytes;
  if (progress.throttled == 1) text += ", throttled once";
  if (progress.throttled > 1) text += ", throttled " + WithThousands(progress.throttled) + " times";
  return text;
}

ProgressLine::ProgressLine(const Console& console, bool wanted, std::function<sql::QueryProgress()> progress)
    : console_(console), progress_(std::move(progress)) {
  if (wanted && console.err_terminal) thread_ = std::thread([this] { Run(); });
}

void ProgressLine::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void ProgressLine::Run() {
  std::unique_lock lock(mutex_);
  bool shown = false;
  auto wait = kQuiet;
  while (!wake_.wait_for(lock, wait, [this] { return stopping_; })) {
    console_.Say("\r\x1b[K" + DescribeProgress(progress_()));
    shown = true;
    wait = kEvery;
  }
  if (shown) console_.Say("\r\x1b[K");
}

}  // namespace lotic::cli
