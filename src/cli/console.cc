// SPDX-License-Identifier: Apache-2.0
#include "cli/console.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <string>

namespace lotic::cli {
namespace {

size_t TerminalWidth(int fd) {
  if (::isatty(fd) == 0) return 0;
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

std::mutex& SayMutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

Console Console::OfProcess(bool no_color) {
  Console console;
  console.in_terminal = ::isatty(console.in) != 0;
  console.out_terminal = ::isatty(console.out) != 0;
  console.err_terminal = ::isatty(console.err) != 0;
  const char* no_color_variable = std::getenv("NO_COLOR");  // its being set and not empty is the convention
  const char* term = std::getenv("TERM");
  console.color =
      console.err_terminal && !no_color && (no_color_variable == nullptr || *no_color_variable == '\0') && term != nullptr && std::string_view(term) != "dumb";
  return console;
}

size_t Console::out_width() const { return TerminalWidth(out); }
size_t Console::err_width() const { return TerminalWidth(err); }

void Console::Say(std::string_view text) const {
  const std::lock_guard lock(SayMutex());
  while (!text.empty()) {
    const ssize_t wrote = ::write(err, text.data(), text.size());
    if (wrote >= 0) {
      text.remove_prefix(static_cast<size_t>(wrote));
    } else if (errno == EAGAIN) {
      pollfd ready{err, POLLOUT, 0};
      (void)::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return;  // nobody listens
    }
  }
}

void Console::SayLine(std::string_view text) const { Say(std::string(text) + "\n"); }

}  // namespace lotic::cli
