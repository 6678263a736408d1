// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupts.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>

#include "cli/exit_code.h"
#include "lotic/status.h"

namespace lotic::cli {
namespace {

enum State : int { kIdle, kRunning, kStopping };
constexpr int kPatienceMs = 1000;  // after that a stopping query's user learns of the second Ctrl-C

// All that the signal handlers touch. Lock-free atomics and plain memory written before the handlers are installed.
std::atomic<int> g_state{kIdle};
std::atomic<int> g_signal_pipe{-1};
std::atomic<bool> g_terminal_guarded{false};
int g_terminal_fd = -1;
termios g_terminal_settings;
std::atomic<bool> g_folder_guarded{false};
char g_folder[4096];
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

void RestoreGuardedTerminal() {
  if (g_terminal_guarded.load()) (void)::tcsetattr(g_terminal_fd, TCSANOW, &g_terminal_settings);
}

/// Removes the files of the guarded folder, then the folder. Other threads may still add some: until the folder itself is gone, again.
/// System calls only: opendir and its kind may not be called in a signal handler.
void RemoveGuardedFolder() {
  constexpr int kMostRounds = 64;
  constexpr size_t kNameAt = 19;  // of a linux_dirent64: inode (8 bytes), offset (8), length of the entry (2), type (1), name
  if (!g_folder_guarded.load()) return;
  for (int round = 0; round < kMostRounds; ++round) {
    const int fd = ::open(g_folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return;  // there is none
    alignas(8) char entries[8192];
    long got = 0;
    while ((got = ::syscall(SYS_getdents64, fd, entries, sizeof entries)) > 0) {
      for (long at = 0; at < got;) {
        uint16_t length = 0;
        std::memcpy(&length, entries + at + 16, sizeof length);
        (void)::unlinkat(fd, entries + at + kNameAt, 0);  // not "." and "..": those are folders
        at += length;
      }
    }
    (void)::close(fd);
    if (::rmdir(g_folder) == 0) return;
  }
}

void OnInterrupt(int) {
  const int saved_errno = errno;
  int running = kRunning;
  if (!g_state.compare_exchange_strong(running, kStopping) && running == kStopping) {
    RestoreGuardedTerminal();
    RemoveGuardedFolder();
    ::_exit(kExitInterrupted);
  }
  const char byte = 'i';
  (void)!::write(g_signal_pipe.load(), &byte, 1);
  errno = saved_errno;
}

void OnTermination(int signal_number) {
  RestoreGuardedTerminal();
  RemoveGuardedFolder();
  ::signal(signal_number, SIG_DFL);
  ::raise(signal_number);
}

void Install(int signal_number, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  ::sigaction(signal_number, &action, nullptr);
}

void InstallUnlessIgnored(int signal_number, void (*handler)(int)) {  // nohup stays in force
  struct sigaction before = {};
  if (::sigaction(signal_number, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) Install(signal_number, handler);
}

}  // namespace

struct Interrupts::Impl {
  int signal_pipe[2] = {-1, -1};
  int wake_pipe[2] = {-1, -1};
  std::mutex mutex;  // guards the members below
  Mode mode = Mode::kCommand;
  std::stop_source source;
  std::thread watcher;

  // The watcher thread: a byte 'i' is a SIGINT, 'q' ends it.
  void Watch() {
    while (true) {
      char byte = 0;
      const ssize_t got = ::read(signal_pipe[0], &byte, 1);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0 || byte == 'q') return;
      std::stop_source stopping;
      {
        const std::lock_guard lock(mutex);
        stopping = source;
      }
      (void)!::write(wake_pipe[1], &byte, 1);
      if (g_state.load() != kStopping) continue;
      stopping.request_stop();
      pollfd more{signal_pipe[0], POLLIN, 0};
      if (::poll(&more, 1, kPatienceMs) == 0 && g_state.load() == kStopping) {
        constexpr char kHint[] = "still stopping; Ctrl-C again leaves lotic at once\n";
        (void)!::write(STDERR_FILENO, kHint, sizeof kHint - 1);
      }
    }
  }
};

Interrupts::Interrupts() : impl_(std::make_unique<Impl>()) {
  LOTIC_CHECK(g_signal_pipe.load() == -1);  // one per process
  LOTIC_CHECK(::pipe2(impl_->signal_pipe, O_CLOEXEC) == 0 && ::pipe2(impl_->wake_pipe, O_CLOEXEC | O_NONBLOCK) == 0);
  g_signal_pipe = impl_->signal_pipe[1];
  g_state = kRunning;
  impl_->watcher = std::thread([this] { impl_->Watch(); });
  InstallUnlessIgnored(SIGINT, OnInterrupt);
  InstallUnlessIgnored(SIGTERM, OnTermination);
  InstallUnlessIgnored(SIGHUP, OnTermination);
  InstallUnlessIgnored(SIGQUIT, OnTermination);
  Install(SIGPIPE, SIG_IGN);
}

Interrupts::~Interrupts() {
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::signal(signal_number, SIG_DFL);
  RestoreTerminal();
  const char byte = 'q';
  (void)!::write(impl_->signal_pipe[1], &byte, 1);
  impl_->watcher.join();
  g_signal_pipe = -1;
  g_terminal_guarded = false;
  g_folder_guarded = false;
  for (const int fd : {impl_->signal_pipe[0], impl_->signal_pipe[1], impl_->wake_pipe[0], impl_->wake_pipe[1]}) ::close(fd);
}

void Interrupts::SetMode(Mode mode) {
  const std::lock_guard lock(impl_->mutex);
  impl_->mode = mode;
  impl_->source = std::stop_source();
  g_state = mode == Mode::kCommand ? kRunning : kIdle;
}

void Interrupts::StopOnTermination() { Install(SIGTERM, OnInterrupt); }

std::stop_token Interrupts::Begin() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->mode == Mode::kPrompt) {
    impl_->source = std::stop_source();
    g_state = kRunning;
  }
  return impl_->source.get_token();
}

void Interrupts::End() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->mode == Mode::kPrompt) g_state = kIdle;
}

int Interrupts::wake_fd() const { return impl_->wake_pipe[0]; }

void Interrupts::DrainWake() {
  char bytes[64];
  while (::read(impl_->wake_pipe[0], bytes, sizeof bytes) > 0) {
  }
}

void Interrupts::GuardTerminal(int fd) {
  if (::tcgetattr(fd, &g_terminal_settings) != 0) return;
  g_terminal_fd = fd;
  g_terminal_guarded = true;
}

Status Interrupts::GuardFolder(const std::string& path) {
  if (path.size() >= sizeof g_folder) return Status::Invalid("the folder for temporary files (TMPDIR): a path of ", path.size(), " bytes is too long");
  if (!g_folder_guarded.load()) std::memcpy(g_folder, path.c_str(), path.size() + 1);
  g_folder_guarded = true;
  return Status::OK();
}

void Interrupts::RestoreTerminal() { RestoreGuardedTerminal(); }

}  // namespace lotic::cli
