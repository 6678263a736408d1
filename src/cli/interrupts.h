// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "lotic/status.h"

namespace lotic::cli {

/// What Ctrl-C (SIGINT) does, for the whole process; make one, in main, before other threads.
///
///   a query runs       the first asks it to stop; a second, while it still has not ended, leaves the program with 130
///   the prompt waits   wake_fd() becomes readable: the line is dropped
///
/// A signal handler that does nothing but async-signal-safe work, and one thread that calls request_stop. SIGTERM, SIGHUP and SIGQUIT
/// end the program as ever, but give the terminal its settings back and remove temporary files first. SIGPIPE is ignored: writing reports it.
class Interrupts {
 public:
  enum class Mode {
    kCommand,  ///< everything the program does is one query: a Ctrl-C stops all of it
    kPrompt,   ///< only what runs between Begin and End
  };
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  void SetMode(Mode mode);

  /// From now on SIGTERM stops what runs, as SIGINT does, instead of ending the program by the signal.
  void StopOnTermination();

  /// A query begins: the token that stops it. In Mode::kCommand all queries share one.
  std::stop_token Begin();
  void End();

  /// Readable once a SIGINT has come, whatever it did; DrainWake() takes it back.
  int wake_fd() const;
  void DrainWake();

  /// Remembers the terminal's settings at `fd`, to be restored by whatever ends the program.
  void GuardTerminal(int fd);
  /// The folder of temporary files, if there will be one: whatever ends the program at once removes it with the files in it. Once, before any
  /// query. Errors: Invalid (a path that is too long).
  Status GuardFolder(const std::string& path);
  void RestoreTerminal();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Begin and End around one query.
class QueryScope {
 public:
  explicit QueryScope(Interrupts& interrupts) : interrupts_(interrupts), stop_(interrupts.Begin()) {}
  ~QueryScope() { interrupts_.End(); }
  QueryScope(const QueryScope&) = delete;
  QueryScope& operator=(const QueryScope&) = delete;
  const std::stop_token& stop() const { return stop_; }

 private:
  Interrupts& interrupts_;
  const std::stop_token stop_;
};

}  // namespace lotic::cli
