// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_engine.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <sstream>

namespace lotic::cli {
namespace {

TableCertificate MakeCertificate(bool complete) {
  SplitCertificate split;
  split.partition = "0";
  split.planned_start.text = "0";
  split.planned_end = Position{"10"};
  split.read_start.text = "0";
  split.read_end.text = complete ? "10" : "4";
  split.complete = complete;
  split.reason = complete ? EndReason::kEnd : EndReason::kError;
  split.records.returned = complete ? 10 : 4;
  split.rows = split.records.returned;
  TableCertificate table;
  table.attributes = {{"topic", "orders"}};
  table.version = "token";
  table.complete = complete;
  table.partitions = {split};
  return table;
}

class FakeResult final : public sql::QueryResult {
 public:
  const std::vector<sql::ResultColumn>& columns() const override { return columns_; }

  Result<sql::TextChunk> Next(const CallContext& ctx, sql::CellForm form) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("query"));
    if (stuck_ || sleeps_) {
      std::mutex mutex;
      std::condition_variable_any wake;
      std::unique_lock lock(mutex);
      if (stuck_) wake.wait(lock, [] { return false; });
      const auto far = std::chrono::steady_clock::now() + std::chrono::hours(1);
      wake.wait_until(lock, ctx.stop, std::min(ctx.deadline, far), [] { return false; });
      LOTIC_RETURN_NOT_OK(ctx.Check("query"));
    }
    sql::TextChunk chunk;
    if (next_ == rows_) {
      if (!end_.ok()) return end_;
      return chunk;
    }
    const size_t count = std::min<size_t>(1000, rows_ - next_);
    chunk.num_rows = count;
    chunk.cells.resize(columns_.size());
    for (size_t row = 0; row < count; ++row, ++next_) {
      for (size_t i = 0; i < columns_.size(); ++i) {
        auto cell = numbers_ ? std::optional(std::to_string(next_)) : row_[i];
        if (cell && form == sql::CellForm::kJson && !columns_[i].numeric) cell = "\"" + *cell + "\"";
        chunk.cells[i].push_back(cell);
      }
    }
    return chunk;
  }
  std::vector<TableCertificate> Certificates() const override { return certificates_; }

  std::vector<sql::ResultColumn> columns_;
  std::vector<std::optional<std::string>> row_;
  bool numbers_ = false, sleeps_ = false, stuck_ = false;
  size_t rows_ = 0, next_ = 0;
  Status end_;
  std::vector<TableCertificate> certificates_;
};

void SelectLiterals(const std::string& list, FakeResult* result) {
  std::istringstream items(list);
  for (std::string item; std::getline(items, item, ',');) {
    item.erase(0, item.find_first_not_of(" \n"));
    const bool text = !item.empty() && item[0] == '\'';
    result->columns_.push_back({item, text ? "VARCHAR" : "INTEGER", !text && item != "NULL"});
    if (item == "NULL") {
      result->row_.push_back(std::nullopt);
    } else {
      result->row_.push_back(text ? item.substr(1, item.size() - 2) : item);
    }
  }
  result->rows_ = 1;
}

}  // namespace

std::vector<sql::StatementText> FakeEngine::SplitStatements(const std::string& text) {
  std::vector<sql::StatementText> statements;
  std::string statement;
  bool quoted = false, comment = false;
  const auto add = [&](bool complete) {
    const size_t first = statement.find_first_not_of(" \t\n");
    if (first != std::string::npos) {
      statement.erase(statement.find_last_not_of(" \t\n") + 1);
      statements.push_back({statement.substr(first), complete});
    }
    statement.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!quoted && text.compare(i, 2, "--") == 0) comment = true;
    if (c == '\n') comment = false;
    if (comment) continue;
    if (c == '\'') quoted = !quoted;
    if (c == ';' && !quoted) {
      add(true);
    } else {
      statement += c;
    }
  }
  add(false);
  return statements;
}

Result<std::unique_ptr<sql::QueryResult>> FakeEngine::Execute(const CallContext& ctx, const std::string& statement) {
  LOTIC_RETURN_NOT_OK(ctx.Check("statement"));
  executed_.push_back(statement);
  std::istringstream words(statement);
  std::string verb;
  words >> verb;
  std::string rest;
  std::getline(words, rest, '\0');
  auto result = std::make_unique<FakeResult>();
  if (verb == "SELECT") {
    SelectLiterals(rest, result.get());
  } else if (verb == "ROWS") {
    result->columns_ = {{"i", "BIGINT", true}};
    result->numbers_ = true;
    result->rows_ = std::stoul(rest);
  } else if (verb == "EMPTY") {
    result->columns_ = {{"i", "BIGINT", true}};
  } else if (verb == "SCAN" || verb == "LOSS") {
    SelectLiterals("10", result.get());
    result->certificates_ = {MakeCertificate(verb == "SCAN")};
    if (verb == "LOSS" && !options_.allow_partial) result->end_ = Status::DataLoss("partition 0 of orders ended at 4 of 10");
  } else if (verb == "SLEEP" || verb == "STUCK") {
    result->columns_ = {{"i", "BIGINT", true}};
    result->sleeps_ = verb == "SLEEP";
    result->stuck_ = verb == "STUCK";
  } else if (verb == "FAIL" || verb == "CODE") {
    std::istringstream parts(rest);
    size_t number = 0;
    std::string message;
    parts >> number >> std::ws;
    std::getline(parts, message);
    if (verb == "CODE") return Status(static_cast<StatusCode>(number), message);
    return Status(StatusCode::kInvalid, message, std::make_shared<sql::SqlErrorDetail>(number));
  } else if (verb != "SET") {
    return Status(StatusCode::kInvalid, "no such statement: " + verb, std::make_shared<sql::SqlErrorDetail>(size_t{0}));
  }
  return std::unique_ptr<sql::QueryResult>(std::move(result));
}

std::vector<std::string> FakeEngine::Complete(const std::string& text, size_t* word_start) {
  *word_start = text.find_last_of(" \n") + 1;
  std::vector<std::string> words;
  for (const char* word : {"SELECT", "SCAN", "ROWS"}) {
    if (std::string(word).rfind(text.substr(*word_start), 0) == 0) words.emplace_back(word);
  }
  return words;
}

}  // namespace lotic::cli
