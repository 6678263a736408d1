// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>

#include "connector/timestream/page_parser.h"
#include "connector/timestream/passthrough.h"
#include "connector/timestream/timestream_client.h"

// Answers of the service, and a user's query: no crash, no read beyond the text, and what is taken is a valid batch.

namespace {

using lotic::Type;
using lotic::timestream::PageParser;

lotic::Schema Layout() {
  const Type time = Type::Timestamp(lotic::TimeUnit::kMicro, false);
  return {{{"a", Type::String(), {}},
           {"b", Type::Float64(), {}},
           {"c", time, {}},
           {"d", Type::List(Type::Struct({{"time", time, {}}, {"v", Type::Int64(), {}}})), {}},
           {"e", Type::Struct({{"x", Type::Bool(), {}}, {"y", Type::List(Type::Decimal(9, 3)), {}}}), {}}},
          {}};
}

void FuzzAnswer(std::string text) {
  text.reserve(text.size() + PageParser::kPadding);
  const auto layout = std::make_shared<const lotic::Schema>(Layout());
  lotic::BatchBuilder builder(layout);
  PageParser parser(layout, {0, 1, 2, 3, 4}, {"a", "b", "c", "d", "e"});
  const lotic::Result<lotic::timestream::QueryPage> page = parser.Parse(text, &builder);
  if (page.ok()) {
    LOTIC_CHECK(builder.Finish(page->rows).Validate().ok());
    PageParser columns;
    LOTIC_CHECK(columns.Parse(text, nullptr).ok());
    (void)lotic::timestream::SchemaOf(page->columns, lotic::TimeUnit::kMicro);
  }
  (void)lotic::timestream::FindNextToken(text);
  (void)lotic::timestream::ParsePrepared(text);
  (void)lotic::timestream::ParseNames(text, "Tables", "TableName");
  (void)lotic::timestream::ParseEndpoints(text);
  const lotic::Result<std::string> query = lotic::timestream::CheckPassthrough(text);
  if (query.ok()) LOTIC_CHECK(lotic::timestream::CheckPassthrough(*query).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzAnswer(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
