// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sql/engine.h"

namespace lotic::cli {

/// An engine without SQL, for tests of what stands around one. It understands:
///   SELECT 1, 'a', NULL    one row of these
///   ROWS n                 n rows 0 .. n-1 of one column, `i`, in chunks of 1000
///   EMPTY                  a column and no row
///   SET ...                no columns
///   SCAN                   one row, and the certificate of a complete scan
///   LOSS                   one row, then DataLoss, and the certificate of an incomplete scan
///   FAIL at message        Invalid with a SqlErrorDetail for byte `at`
///   CODE n message         the failure with the code number n
///   SLEEP                  waits for the context to end
///   STUCK                  waits for ever, whatever the context says
class FakeEngine final : public sql::Engine {
 public:
  explicit FakeEngine(sql::EngineOptions options = {}) : options_(std::move(options)) {}

  Status Attach(const CallContext&, const std::string&, std::shared_ptr<Connector>) override { return Status::OK(); }
  std::vector<sql::StatementText> SplitStatements(const std::string& text) override;
  Result<std::unique_ptr<sql::QueryResult>> Execute(const CallContext& ctx, const std::string& statement) override;
  sql::QueryProgress Progress() const override { return {0.5, 1000, 2'000'000}; }
  std::vector<std::string> Complete(const std::string& text, size_t* word_start) override;
  std::string EngineVersion() const override { return "fake"; }

  const std::vector<std::string>& executed() const { return executed_; }

 private:
  const sql::EngineOptions options_;
  std::vector<std::string> executed_;
};

}  // namespace lotic::cli
