// SPDX-License-Identifier: Apache-2.0
#include "server/session_pool.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <utility>

namespace lotic::server {
namespace {

class NoRows final : public sql::QueryResult {
 public:
  const std::vector<sql::ResultColumn>& columns() const override { return columns_; }
  Result<sql::TextChunk> Next(const CallContext&, sql::CellForm) override { return sql::TextChunk{}; }
  std::vector<TableCertificate> Certificates() const override { return {}; }

 private:
  const std::vector<sql::ResultColumn> columns_;
};

class FakeEngine final : public sql::Engine {
 public:
  Status Attach(const CallContext&, const std::string&, std::shared_ptr<Connector>) override { return Status::OK(); }
  std::vector<sql::StatementText> SplitStatements(const std::string&) override { return {}; }
  Result<std::unique_ptr<sql::QueryResult>> Execute(const CallContext&, const std::string&) override {
    return std::unique_ptr<sql::QueryResult>(std::make_unique<NoRows>());
  }
  sql::QueryProgress Progress() const override { return {}; }
  std::vector<std::string> Complete(const std::string&, size_t*) override { return {}; }
  std::string EngineVersion() const override { return ""; }
};

class SessionPoolTest : public testing::Test {
 protected:
  SessionPoolTest() : pool_(Options()) {}
  SessionPoolOptions Options() {
    SessionPoolOptions options;
    options.max_sessions = 1;
    options.open_engine = [this](const sql::EngineOptions&) -> Result<std::unique_ptr<sql::Engine>> {
      ++opened_;
      if (out_of_memory_) throw std::bad_alloc();
      return std::unique_ptr<sql::Engine>(std::make_unique<FakeEngine>());
    };
    return options;
  }
  /// Takes without waiting: whether there is a place.
  Result<SessionPool::Lease> Take() {
    CallContext ctx;
    ctx.deadline = std::chrono::steady_clock::now() + (opened_ == 0 ? std::chrono::seconds(20) : std::chrono::milliseconds(200));
    return pool_.Take(ctx);
  }

  int opened_ = 0;
  bool out_of_memory_ = false;
  SessionPool pool_;
};

TEST_F(SessionPoolTest, UsesASessionAgain) {
  for (int i = 0; i < 3; ++i) {
    auto lease = Take();
    ASSERT_TRUE(lease.ok()) << lease.status();
    lease->Ended(Status::OK());
    lease->Ended(Status::Invalid("no such column"));
  }
  EXPECT_EQ(opened_, 1);
}

TEST_F(SessionPoolTest, DoesNotUseASessionAgainWhoseEngineMayBeBroken) {
  {
    auto lease = Take();
    ASSERT_TRUE(lease.ok()) << lease.status();
    lease->Ended(Status::UnknownError("database has been invalidated because of a previous fatal error"));
  }
  {
    auto lease = Take();
    ASSERT_TRUE(lease.ok()) << lease.status();
    EXPECT_EQ(opened_, 2);
    lease->Ended(Status::OK());
  }
  try {
    auto lease = Take();
    ASSERT_TRUE(lease.ok()) << lease.status();
    throw std::runtime_error("in the middle of a query");
  } catch (const std::runtime_error&) {
  }
  EXPECT_TRUE(Take().ok());
  EXPECT_EQ(opened_, 3);
}

TEST_F(SessionPoolTest, KeepsThePlaceOfASessionThatCouldNotBeOpened) {
  out_of_memory_ = true;
  EXPECT_THROW((void)Take(), std::bad_alloc);
  out_of_memory_ = false;
  const auto lease = Take();
  EXPECT_TRUE(lease.ok()) << lease.status();
}

}  // namespace
}  // namespace lotic::server
