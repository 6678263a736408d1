// SPDX-License-Identifier: Apache-2.0
#include "apps/lotic-athena/bootstrap_process.h"

#include <pthread.h>
#include <signal.h>

#include <cstdio>
#include <stop_token>
#include <string>
#include <thread>

#include "cli/exit_code.h"

namespace lotic {
namespace {

// SIGTERM and SIGINT as a stop. Made before other threads, which inherit that the signals are blocked.
class StopOnSignals {
 public:
  StopOnSignals() {
    ::signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::thread([this] {
      int signal_number = 0;
      sigwait(&signals_, &signal_number);
      source_.request_stop();
    });
  }
  ~StopOnSignals() {
    pthread_kill(thread_.native_handle(), SIGTERM);  // ends its wait, if nothing has yet
    thread_.join();
  }
  StopOnSignals(const StopOnSignals&) = delete;
  StopOnSignals& operator=(const StopOnSignals&) = delete;
  std::stop_token token() const { return source_.get_token(); }

 private:
  sigset_t signals_{};
  std::stop_source source_;
  std::thread thread_;
};

int Fail(const Status& status, int code) {
  const std::string text = "lotic-athena: " + status.message() + "\n";
  std::fputs(text.c_str(), stderr);
  return code;
}

}  // namespace

int RunBootstrapProcess(const athena::NamedFunctionMaker& make) {
  const StopOnSignals signals;
  const athena::Environment environment = athena::ProcessEnvironment();
  const auto options = athena::BootstrapOptions::Of(environment);
  if (!options.ok()) return Fail(options.status(), cli::kExitUsage);
  CallContext ctx;
  ctx.stop = signals.token();
  const Status status = athena::RunBootstrap(ctx, *options, environment, make, athena::InvocationLog::StandardError());
  return status.ok() ? cli::kExitOk : Fail(status, cli::ExitCodeFor(status));
}

}  // namespace lotic
