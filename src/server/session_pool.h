// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <condition_variable>
#include <mutex>

#include "lotic/call_context.h"
#include "lotic/connector.h"
#include "lotic/status.h"
#include "sql/engine.h"

namespace lotic::server {

inline constexpr const char* kTablesCatalog = "tables";  ///< what a session calls the tables
inline constexpr const char* kSessionMemory = "1GB";     ///< DuckDB's memory_limit of each session; beyond it, it spills

struct SessionPoolOptions {
  std::function<Result<std::unique_ptr<sql::Engine>>(sql::EngineOptions)> open_engine;
  std::shared_ptr<Connector> connector;
  size_t max_sessions = 4;  ///< a query more waits
  std::function<void(const std::string&)> warn;
};

/// SQL sessions, opened when needed and used again. Files, and everything else of this machine, are out of their reach. Any thread.
class SessionPool {
 public:
  explicit SessionPool(SessionPoolOptions options) : options_(std::move(options)) { idle_.reserve(options_.max_sessions); }

  /// A session of this pool, for one query; given back when it is destroyed. One whose engine may be broken is closed instead: see Ended; so is one that an exception passes.
  class Lease {
   public:
    Lease(SessionPool* pool, std::unique_ptr<sql::Engine> engine) : pool_(pool), engine_(std::move(engine)) {}
    ~Lease();
    Lease(Lease&& other) noexcept : pool_(other.pool_), engine_(std::move(other.engine_)), broken_(other.broken_) {}
    Lease& operator=(Lease&&) = delete;
    sql::Engine& engine() { return *engine_; }
    /// How a query of the session ended. After an internal error DuckDB refuses all that follows, and says so with that code too.
    void Ended(const Status& status) { broken_ = broken_ || status.code() == StatusCode::kUnknownError; }

   private:
    SessionPool* pool_;
    std::unique_ptr<sql::Engine> engine_;
    bool broken_ = false;
    const int exceptions_ = std::uncaught_exceptions();
  };
  /// Waits while all sessions are in use. Errors: Cancelled, DeadlineExceeded, OpenEngine's. Throws what open_engine throws.
  Result<Lease> Take(const CallContext& ctx);

 private:
  Result<std::unique_ptr<sql::Engine>> Open(const CallContext& ctx) const;
  /// Null: the place only.
  void GiveBack(std::unique_ptr<sql::Engine> engine);

  const SessionPoolOptions options_;
  std::mutex mutex_;  // guards all members below
  std::condition_variable_any changed_;
  std::vector<std::unique_ptr<sql::Engine>> idle_;
  size_t taken_ = 0;
};

}  // namespace lotic::server
