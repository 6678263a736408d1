// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <cstdio>
#include <memory>
#include <random>
#include <string>

#include "connector/timestream/page_parser.h"

// Answers of Query into columns. `small` is a page of 100 rows, `full` one of about 1 MB, as the service sends them; of five columns, or one of 40. Counters: bytes of
// answers and rows per second.

namespace lotic::timestream {
namespace {

struct Pages {
  std::shared_ptr<Schema> layout = std::make_shared<Schema>();
  std::vector<int> targets;
  std::vector<std::string> names;
  std::string answer;
  int64_t rows = 0;
};

Pages Make(size_t columns, int64_t rows) {
  std::mt19937_64 random(42);
  Pages made;
  made.answer = R"({"QueryId":"AEDQCANYKWJDFGEMZ4","NextToken":"AYADeEx","ColumnInfo":[)";
  const Type types[] = {Type::String(), Type::Timestamp(TimeUnit::kMicro, false), Type::Float64(), Type::Int64(), Type::Bool()};
  const char* const scalars[] = {"VARCHAR", "TIMESTAMP", "DOUBLE", "BIGINT", "BOOLEAN"};
  for (size_t c = 0; c < columns; ++c) {
    made.names.push_back("c" + std::to_string(c));
    made.layout->fields.push_back({made.names.back(), types[c % 5], {}});
    made.targets.push_back(static_cast<int>(c));
    made.answer += std::string(c == 0 ? "" : ",") + R"({"Name":")" + made.names.back() + R"(","Type":{"ScalarType":")" + scalars[c % 5] + "\"}}";
  }
  made.answer += R"(],"Rows":[)";
  for (int64_t row = 0; row < rows; ++row) {
    made.answer += row == 0 ? R"({"Data":[)" : R"(,{"Data":[)";
    for (size_t c = 0; c < columns; ++c) {
      if (c != 0) made.answer += ',';
      if (random() % 20 == 0) {
        made.answer += R"({"NullValue":true})";
        continue;
      }
      made.answer += R"({"ScalarValue":")";
      char text[64];
      switch (c % 5) {
        case 0: std::snprintf(text, sizeof(text), "host-%06d", static_cast<int>(random() % 1'000'000)); break;
        case 1:
          std::snprintf(text, sizeof(text), "2026-08-%02d %02d:%02d:00.%09d", static_cast<int>(random() % 28 + 1), static_cast<int>(random() % 24),
                        static_cast<int>(random() % 60), static_cast<int>(random() % 1'000'000'000));
          break;
        case 2: std::snprintf(text, sizeof(text), "%.17g", static_cast<double>(random() % 1'000'000) / 977); break;
        case 3: std::snprintf(text, sizeof(text), "%d", static_cast<int>(random() % 1'000'000'000)); break;
        default: std::snprintf(text, sizeof(text), "%s", random() % 2 == 0 ? "true" : "false"); break;
      }
      made.answer += text;
      made.answer += "\"}";
    }
    made.answer += "]}";
  }
  made.answer += "]}";
  made.answer.reserve(made.answer.size() + PageParser::kPadding);
  made.rows = rows;
  return made;
}

void Parse(benchmark::State& state, size_t columns, int64_t rows) {
  const Pages pages = Make(columns, rows);
  PageParser parser(pages.layout, pages.targets, pages.names);
  for (auto _ : state) {
    BatchBuilder builder(pages.layout);
    const Result<QueryPage> page = parser.Parse(pages.answer, &builder);
    LOTIC_CHECK(page.ok() && page->rows == pages.rows);
    benchmark::DoNotOptimize(builder.Finish(page->rows));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(pages.answer.size()));
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK_CAPTURE(Parse, five_columns_small, 5, 100);
BENCHMARK_CAPTURE(Parse, five_columns_full, 5, 5'000);
BENCHMARK_CAPTURE(Parse, forty_columns_full, 40, 600);

}  // namespace
}  // namespace lotic::timestream
