// SPDX-License-Identifier: Apache-2.0
#include "cli/byte_sink.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace lotic::cli {

bool IsBrokenPipe(const Status& status) {
  return !status.ok() && status.detail() != nullptr &&
         std::strcmp(status.detail()->type_id(), BrokenPipe().type_id()) == 0;
}

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
    const ssize_t wrote = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
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
