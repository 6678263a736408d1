// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "broker/demo_data.h"
#include "connector/kafka/kafka_connector.h"
#include "connector/memory/memory_connector.h"
#include "sql/engine.h"

// Runs the cases of *.test (README.md tells the form) through the engine: those here over the memory connector's sample data, those in demo/
// over the demo's topics in an in-process broker.

namespace lotic::sql {
namespace {

struct SqlCase {
  int line = 0;
  std::string statement;
  std::vector<std::string> expected;
};

std::vector<SqlCase> ReadCases(const std::filesystem::path& file) {
  std::vector<SqlCase> cases;
  std::ifstream in(file);
  SqlCase current;
  bool in_expected = false;
  int number = 0;
  const auto finish = [&] {
    if (!current.statement.empty()) cases.push_back(current);
    current = SqlCase();
    in_expected = false;
  };
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty()) {
      finish();
    } else if (line == "----") {
      in_expected = true;
    } else if (in_expected) {
      current.expected.push_back(line);
    } else if (line.rfind("--", 0) != 0) {
      if (current.statement.empty()) current.line = number;
      current.statement += (current.statement.empty() ? "" : "\n") + line;
    }
  }
  finish();
  return cases;
}

/// EXPLAIN's boxes broken into words by single spaces.
std::string Words(const std::string& text) {
  std::string out;
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    std::string plain;
    for (size_t i = 0; i < word.size(); ++i) {
      if (static_cast<unsigned char>(word[i]) == 0xE2) {
        i += 2;  // a box-drawing character
      } else {
        plain.push_back(word[i]);
      }
    }
    if (!plain.empty()) out += (out.empty() ? "" : " ") + plain;
  }
  return out;
}

class Warnings {
 public:
  void Add(const std::string& sentence) {
    std::lock_guard lock(mutex_);
    all_ += sentence + "\n";
  }
  std::string Take() {
    std::lock_guard lock(mutex_);
    return std::exchange(all_, std::string());
  }

 private:
  std::mutex mutex_;
  std::string all_;
};

struct Outcome {
  std::vector<std::string> rows;
  Status status;
};

Outcome Run(Engine& engine, const std::string& statement) {
  Outcome outcome;
  const CallContext ctx;
  Result<std::unique_ptr<QueryResult>> result = engine.Execute(ctx, statement);
  if (!result.ok()) return {{}, result.status()};
  for (;;) {
    Result<TextChunk> chunk = (*result)->Next(ctx, CellForm::kText);
    if (!chunk.ok()) return {{}, chunk.status()};
    if (chunk->num_rows == 0) return outcome;
    for (size_t r = 0; r < chunk->num_rows; ++r) {
      std::string row;
      for (size_t c = 0; c < chunk->cells.size(); ++c) {
        const auto& cell = chunk->cells[c][r];
        row += (c == 0 ? "" : "\t") + (!cell ? "NULL" : cell->empty() ? "(empty)" : *cell);
      }
      outcome.rows.push_back(row);
    }
  }
}

bool HasOrder(const std::string& statement) {
  std::string upper = statement;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper.find("ORDER BY") != std::string::npos || upper.rfind("DESCRIBE", 0) == 0;
}

void Check(Engine& engine, Warnings& warnings, const SqlCase& one) {
  warnings.Take();
  Outcome outcome = Run(engine, one.statement);
  const std::string warned = warnings.Take();
  std::vector<std::string> expected;
  bool rows_expected = true;
  for (const std::string& line : one.expected) {
    if (line.rfind("warning: ", 0) == 0) {
      EXPECT_NE(warned.find(line.substr(9)), std::string::npos) << "no such warning: " << line << "\nwarnings: " << warned;
    } else if (line.rfind("contains: ", 0) == 0) {
      rows_expected = false;
      std::string all;
      for (const std::string& row : outcome.rows) all += row + " ";
      EXPECT_NE(Words(all).find(Words(line.substr(10))), std::string::npos) << "not there: " << line.substr(10) << "\nin: " << Words(all);
    } else if (line.rfind("error: ", 0) == 0) {
      rows_expected = false;
      const size_t space = line.find(' ', 7);
      const std::string code = line.substr(7, space == std::string::npos ? space : space - 7);
      EXPECT_EQ(StatusCodeName(outcome.status.code()), code) << outcome.status;
      if (space != std::string::npos) {
        EXPECT_NE(outcome.status.message().find(line.substr(space + 1)), std::string::npos) << outcome.status;
      }
      outcome.status = Status::OK();
    } else {
      expected.push_back(line);
    }
  }
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  if (!rows_expected) return;
  if (!HasOrder(one.statement)) {
    std::sort(expected.begin(), expected.end());
    std::sort(outcome.rows.begin(), outcome.rows.end());
  }
  EXPECT_EQ(outcome.rows, expected);
}

std::vector<std::string> Files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(LOTIC_SQL_CASES)) {
    if (entry.path().extension() != ".test") continue;
    names.push_back(std::filesystem::relative(entry.path(), LOTIC_SQL_CASES).replace_extension());
  }
  std::sort(names.begin(), names.end());
  return names;
}

constexpr int64_t kDemoNowMs = 1'700'000'000'000;  // the demo's records are the same in every run

Result<std::shared_ptr<Connector>> KafkaAt(const std::string& bootstrap) {
  kafka::KafkaOptions options;
  LOTIC_ASSIGN_OR_RETURN(kafka::Property servers, kafka::ParseAssignment("bootstrap.servers=" + bootstrap));
  LOTIC_ASSIGN_OR_RETURN(options.client, kafka::MakeClientProperties({servers}));
  LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<Connector> connector, kafka::MakeKafkaConnector(std::move(options)));
  return connector;
}

class SqlCases : public testing::TestWithParam<std::string> {};

TEST_P(SqlCases, GiveTheExpectedRows) {
  ::setenv("LOTIC_SQL_LIBRARY", LOTIC_SQL_FILE, 0);
  const std::filesystem::path file = std::filesystem::path(LOTIC_SQL_CASES) / (GetParam() + ".test");
  Warnings warnings;
  std::unique_ptr<broker::Broker> broker;
  if (GetParam().rfind("demo/", 0) == 0) {
    broker = broker::Broker::Start().ValueOrDie();
    broker::DemoOptions demo;
    demo.now_ms = kDemoNowMs;
    ASSERT_TRUE(broker::FillDemo(*broker, demo).ok());
    if (GetParam() == "demo/system_names") {
      const broker::Record record{.key = "k", .value = R"({"word": "here"})", .timestamp_ms = kDemoNowMs};
      for (const char* topic : {"duckdb_tables", "duckdb_columns", "duckdb_views", "my.topic"}) {
        ASSERT_TRUE(broker->CreateTopic(topic).ok());
        ASSERT_TRUE(broker->Append(topic, 0, {&record, 1}).ok());
      }
      for (const char* topic : {"casea", "CASEA", "CaseA"}) ASSERT_TRUE(broker->CreateTopic(topic).ok());
    }
  }
  EngineOptions options;
  options.connector_types = {"memory", "kafka"};
  options.make_connector = [&](const std::string& type, const std::string& path,
                               const std::map<std::string, std::string>& given) -> Result<std::shared_ptr<Connector>> {
    if (!given.empty()) return Status::Invalid("ATTACH: unknown option \"", given.begin()->first, "\"");
    if (type == "kafka") return KafkaAt(path == "demo" && broker != nullptr ? broker->bootstrap() : path);
    if (path == "unreachable") return Status::IOError("memory at ", path, ": nobody answers");
    return memory::MakeSampleData()->connector();
  };
  options.warn = [&](const std::string& sentence) { warnings.Add(sentence); };
  options.threads = 2;
  std::unique_ptr<Engine> engine = OpenEngine(std::move(options)).ValueOrDie();
  const bool demo = broker != nullptr;
  const Status attached =
      engine->Attach(CallContext(), demo ? "kafka" : "sample", demo ? KafkaAt(broker->bootstrap()).ValueOrDie() : memory::MakeSampleData()->connector());
  ASSERT_TRUE(attached.ok()) << attached;
  const std::vector<SqlCase> cases = ReadCases(file);
  ASSERT_FALSE(cases.empty()) << file;
  for (const SqlCase& one : cases) {
    SCOPED_TRACE(GetParam() + ".test:" + std::to_string(one.line) + ": " + one.statement);
    Check(*engine, warnings, one);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, SqlCases, testing::ValuesIn(Files()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
});

}  // namespace
}  // namespace lotic::sql
