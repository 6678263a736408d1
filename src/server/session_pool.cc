// SPDX-License-Identifier: Apache-2.0
#include "server/session_pool.h"

#include <utility>

namespace lotic::server {

SessionPool::Lease::~Lease() {
  if (!engine_) return;
  if (broken_ || std::uncaught_exceptions() > exceptions_) engine_.reset();
  pool_->GiveBack(std::move(engine_));
}

Result<SessionPool::Lease> SessionPool::Take(const CallContext& ctx) {
  std::unique_lock lock(mutex_);
  const auto has_room = [this] { return !idle_.empty() || taken_ < options_.max_sessions; };
  if (!changed_.wait_until(lock, ctx.stop, ctx.deadline, has_room)) {
    LOTIC_RETURN_NOT_OK(ctx.Check("waiting for a SQL session"));
    return Status::DeadlineExceeded("all ", options_.max_sessions, " SQL sessions are in use");
  }
  ++taken_;
  if (!idle_.empty()) {
    Lease lease(this, std::move(idle_.back()));
    idle_.pop_back();
    return lease;
  }
  lock.unlock();
  struct Place {  // given back unless a lease does it
    ~Place() {
      if (pool != nullptr) pool->GiveBack(nullptr);
    }
    SessionPool* pool;
  } place{this};
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<sql::Engine> engine, Open(ctx));
  place.pool = nullptr;
  return Lease(this, std::move(engine));
}

void SessionPool::GiveBack(std::unique_ptr<sql::Engine> engine) {
  const std::lock_guard lock(mutex_);
  --taken_;
  if (engine) idle_.push_back(std::move(engine));
  changed_.notify_one();
}

Result<std::unique_ptr<sql::Engine>> SessionPool::Open(const CallContext& ctx) const {
  sql::EngineOptions options;
  options.allow_files = false;
  options.warn = options_.warn;
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<sql::Engine> engine, options_.open_engine(std::move(options)));
  LOTIC_RETURN_NOT_OK(engine->Attach(ctx, kTablesCatalog, options_.connector));
  // What catalog::TranslatePinotQuery counts on, and a bound of our own.
  for (const std::string& setting : {std::string("SET ieee_floating_point_ops = true"), "SET memory_limit = '" + std::string(kSessionMemory) + "'"}) {
    LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<sql::QueryResult> done, engine->Execute(ctx, setting));
    LOTIC_RETURN_NOT_OK(done->Next(ctx, sql::CellForm::kText).status());
  }
  return engine;
}

}  // namespace lotic::server
