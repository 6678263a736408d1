// SPDX-License-Identifier: Apache-2.0
#include "cli/byte_sink.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace lotic::cli {

bool IsBrokenPipe(const Status& status) {
  return !status.ok() && status.detail() != nullptr && std::strcmp(status.detail()->type_id(), BrokenPipe().type_id()) == 0;
}

namespace {
bool CanBlock(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && !S_ISREG(info.st_mode);
}
}  // namespace

FdSink::FdSink(int fd, std::string name, int wake_fd) : fd_(fd), name_(std::move(name)), owned_(false), wake_fd_(wake_fd >= 0 && CanBlock(fd) ? wake_fd : -1) {}

FdSink::~FdSink() {
  (void)Flush();  // whoever cares for the outcome has called it
  if (owned_) ::close(fd_);
}

Status FdSink::Write(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) {
    LOTIC_RETURN_NOT_OK(Flush());
  }
  buffer_.append(bytes);
  return buffer_.size() >= kBufferBytes ? Flush() : Status::OK();
}

Status FdSink::Flush() {
  size_t done = 0;
  Status status;
  while (done < buffer_.size()) {
    size_t size = buffer_.size() - done;
    if (wake_fd_ >= 0) {
      pollfd ready[] = {{fd_, POLLOUT, 0}, {wake_fd_, POLLIN, 0}};
      if (::poll(ready, 2, -1) < 0 && errno == EINTR) continue;
      if (ready[0].revents == 0) {
        status = Status::Cancelled("writing to ", name_);
        break;
      }
      size = std::min<size_t>(size, PIPE_BUF);  // so much a pipe that is ready takes without blocking
    }
    const ssize_t wrote = ::write(fd_, buffer_.data() + done, size);
    if (wrote >= 0) {
      done += static_cast<size_t>(wrote);
    } else if (errno == EAGAIN) {  // somebody made a shared terminal non-blocking
      pollfd ready{fd_, POLLOUT, 0};
      (void)::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      const int error = errno;
      status = Status::IOError("writing to ", name_, ": ", std::strerror(error));
      if (error == EPIPE) status = status.WithDetail(std::make_shared<BrokenPipe>());
      break;
    }
  }
  buffer_.clear();
  return status;
}

}  // namespace lotic::cli
