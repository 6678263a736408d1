// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lotic/status.h"

namespace lotic::cli {

/// Where a result's bytes go. One thread at a time.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// Errors: IOError; with a BrokenPipe detail when the reader has gone.
  virtual Status Write(std::string_view bytes) = 0;
  /// Hands on what is buffered.
  virtual Status Flush() = 0;
};

/// The other end of a pipe was closed: a reason to stop, silently and successfully (`lotic ... | head -1`).
struct BrokenPipe final : StatusDetail {
  const char* type_id() const override { return "lotic::cli::BrokenPipe"; }
  std::string ToString() const override { return "the reader has gone"; }
};
bool IsBrokenPipe(const Status& status);

/// A buffered file descriptor; kBufferBytes are kept back at most. Errors of Write and Flush also: Cancelled.
class FdSink final : public ByteSink {
 public:
  static constexpr size_t kBufferBytes = size_t{64} << 10;
  /// Standard output or the like, borrowed. Where its reader does not read, waiting ends when `wake_fd` (if not -1) becomes readable.
  FdSink(int fd, std::string name, int wake_fd);
  /// A file just opened, which this closes.
  FdSink(int fd, std::string name) : fd_(fd), name_(std::move(name)), owned_(true) {}
  FdSink(const FdSink&) = delete;
  FdSink& operator=(const FdSink&) = delete;
  ~FdSink() override;
  Status Write(std::string_view bytes) override;
  Status Flush() override;

 private:
  const int fd_;
  const std::string name_;  // for messages
  const bool owned_;
  const int wake_fd_ = -1;  // of what can block only
  std::string buffer_;
};

/// Keeps everything in memory: for texts known to be short.
class StringSink final : public ByteSink {
 public:
  Status Write(std::string_view bytes) override { return text_.append(bytes), Status::OK(); }
  Status Flush() override { return Status::OK(); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace lotic::cli
