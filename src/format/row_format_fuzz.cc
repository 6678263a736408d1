// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "format/row_format_harness.h"
#include "lotic/table_writer.h"

// The first byte picks format, options and columns; the rest is a record. What a format accepts it writes, and reads back the same.

namespace {

using namespace lotic;

const std::vector<std::pair<std::shared_ptr<const RowFormat>, Schema>>& Tables() {
  static const auto* const tables = [] {
    auto* made = new std::vector<std::pair<std::shared_ptr<const RowFormat>, Schema>>();
    const Schema flat{{{"a", Type::Int32(), {{kNotNullMetadata, "true"}}},
                       {"b", Type::String()},
                       {"c", Type::Float64()},
                       {"d", Type::Decimal(12, 3)},
                       {"e", Type::Timestamp(TimeUnit::kMicro, true)},
                       {"f", Type::Binary()},
                       {"g", Type::List(Type::Int64())},
                       {"h", Type::Struct({{"x", Type::Bool()}, {"y", Type::Date()}})}}};
    Schema nested = flat;
    nested.fields.push_back({"m", Type::Map(Type::String(), Type::List(Type::Time()))});
    const auto add = [&](const char* name, const FormatOptions& options, const Schema& schema) {
      made->emplace_back(MakeRowFormat(name, options, schema).ValueOrDie(), schema);
    };
    add("json", {}, nested);
    add("json", {{"ignore-parse-errors", "true"}, {"encode.ignore-null-fields", "true"}}, nested);
    add("csv", {{"null-literal", "\\N"}}, flat);
    add("csv", {{"null-literal", "n"}, {"escape-character", "\\"}, {"allow-comments", "true"}, {"ignore-parse-errors", "true"}}, flat);
    add("csv", {{"null-literal", "n"}, {"disable-quote-character", "true"}, {"field-delimiter", "|"}}, flat);
    add("raw", {}, {{{"s", Type::String()}}});
    add("raw", {{"endianness", "little-endian"}}, {{{"s", Type::Float32()}}});
    return made;
  }();
  return *tables;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 4'096) return 0;
  const auto& [format, schema] = Tables()[data[0] % Tables().size()];
  const DecodedRecords first = DecodeRecords(*format, schema, {std::string(reinterpret_cast<const char*>(data + 1), size - 1)});
  if (first.good.empty()) return 0;
  if (!first.rows->Validate().ok()) std::abort();
  std::string once, twice;
  if (!format->MakeSerializer()->Append(*first.rows, 0, &once).ok()) return 0;
  const DecodedRecords second = DecodeRecords(*format, schema, {once});
  if (second.good.empty() || second.undecodable != 0) std::abort();
  if (!format->MakeSerializer()->Append(*second.rows, 0, &twice).ok() || once != twice) std::abort();
  return 0;
}
