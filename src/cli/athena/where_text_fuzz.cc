// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "athena_protocol/predicate.h"
#include "base/utf8.h"
#include "cli/athena/where_text.h"
#include "lotic/batch_builder.h"

// Constraints as text. What is accepted can be written as text again and means the same, rows can be tested against it, and a function can be sent it.

namespace lotic::cli {
namespace {

const Schema& TestSchema() {
  static const Schema schema{{{"flag", Type::Bool()},
                              {"tiny", Type::Int8()},
                              {"qty", Type::Int32()},
                              {"id", Type::Int64()},
                              {"big", Type::UInt64()},
                              {"ratio", Type::Float32()},
                              {"score", Type::Float64()},
                              {"price", Type::Decimal(38, 2)},
                              {"name", Type::String()},
                              {"raw", Type::Binary()},
                              {"day", Type::Date()},
                              {"at", Type::Timestamp(TimeUnit::kMilli, true)},
                              {"local", Type::Timestamp(TimeUnit::kMicro, false)},
                              {"Odd \"name\"", Type::Int32()},
                              {"tags", Type::List(Type::String())}}};
  return schema;
}

std::string Quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) out.append(c == quote ? 2 : 1, c);
  return out + quote;
}

std::string TextOf(const Type& type, const Scalar& value) {
  return Quoted(value.index() == 6 ? std::get<std::string>(value) : ScalarToString(type, value), '\'');
}

// Terms whose intersection is `set`: what terms can give is at most one interval with points taken out.
std::vector<std::string> TermsOf(const Field& field, const ValueSet& set) {
  const std::string column = Quoted(field.name, '"');
  const auto list = [&](const char* in) {
    std::string out = column + in;
    for (const Scalar& value : set.values) out += (&value == &set.values[0] ? " (" : ", ") + TextOf(field.type, value);
    return out + ")";
  };
  switch (set.kind) {
    case ValueSet::Kind::kAll:
      LOTIC_CHECK(!set.null_allowed);  // that would be no constraint, and there is no text for it
      return {column + " IS NOT NULL"};
    case ValueSet::Kind::kNone:
      if (set.null_allowed) return {column + " IS NULL"};
      return {column + " IS NULL", column + " IS NOT NULL"};
    case ValueSet::Kind::kListed: return {list(" IN")};
    case ValueSet::Kind::kUnlisted: return {list(" NOT IN")};
    case ValueSet::Kind::kRanges: break;
  }
  std::vector<std::string> terms;
  const ValueRange &first = set.ranges.front(), &last = set.ranges.back();
  if (first.low) terms.push_back(column + (first.low_inclusive ? " >= " : " > ") + TextOf(field.type, *first.low));
  if (last.high) terms.push_back(column + (last.high_inclusive ? " <= " : " < ") + TextOf(field.type, *last.high));
  for (size_t i = 1; i < set.ranges.size(); ++i) {
    LOTIC_CHECK(CompareScalars(field.type, *set.ranges[i - 1].high, *set.ranges[i].low, {}) == 0);
    terms.push_back(column + " <> " + TextOf(field.type, *set.ranges[i].low));
  }
  return terms;
}

void FuzzWhere(std::string_view text, UnequalNulls unequal_nulls) {
  const Schema& schema = TestSchema();
  const Result<Constraints> parsed = ParseWhere(text, schema, unequal_nulls);
  if (!parsed.ok()) {
    LOTIC_CHECK(parsed.status().code() == StatusCode::kInvalid || parsed.status().code() == StatusCode::kCapacityError);
    return;
  }
  LOTIC_CHECK(!parsed->columns.empty() && parsed->expressions.empty());
  std::string again;
  bool only_null_with_values = false;
  for (const auto& [name, set] : parsed->columns) {
    const Field& field = schema.fields[*schema.IndexOf(name)];
    if (field.type.id() == TypeId::kString) {
      for (const Scalar& value : set.values) LOTIC_CHECK(IsUtf8(std::get<std::string>(value)));
    }
    only_null_with_values = only_null_with_values || (set.kind == ValueSet::Kind::kUnlisted && set.null_allowed != (unequal_nulls == UnequalNulls::kPass));
    for (const std::string& term : TermsOf(field, set)) again += (again.empty() ? "" : again.size() % 2 == 0 ? ", " : " AND ") + term;
  }
  // NOT IN never takes NULL, != may: only the second can say so, and sets of one value are enough to see that it does.
  if (!only_null_with_values && unequal_nulls == UnequalNulls::kDrop) {
    const Result<Constraints> second = ParseWhere(again, schema, unequal_nulls);
    if (second.status().code() == StatusCode::kCapacityError) return;
    LOTIC_CHECK(second.ok());
    for (const auto& [name, set] : parsed->columns) {
      const Type& type = schema.fields[*schema.IndexOf(name)].type;
      const ValueSet& other = second->columns.at(name);
      LOTIC_CHECK(set.kind == other.kind && set.null_allowed == other.null_allowed);
      LOTIC_CHECK(set.values.size() == other.values.size() && set.ranges.size() == other.ranges.size());
      for (size_t i = 0; i < set.values.size(); ++i) LOTIC_CHECK(CompareScalars(type, set.values[i], other.values[i], {}) == 0);
    }
  }
  BatchBuilder rows(std::make_shared<const Schema>(schema));
  for (size_t i = 0; i < schema.fields.size(); ++i) rows.column(i).AppendNull();
  std::vector<uint8_t> keep;
  LOTIC_CHECK(EvaluateConstraints(*parsed, {}, rows.Finish(1), &keep).ok());
  bool every_null = true;
  for (const auto& [name, set] : parsed->columns) every_null = every_null && set.null_allowed;
  LOTIC_CHECK((keep[0] != 0) == every_null);
  const Result<athena::WireSchema> wire = athena::AthenaSchema(schema);
  LOTIC_CHECK(wire.ok());
  // Values that its types cannot hold are named, not cut.
  const Result<athena::WireConstraints> sent = athena::ToWireConstraints(*parsed, *wire);
  LOTIC_CHECK(sent.ok() || sent.status().code() == StatusCode::kInvalid);
}

}  // namespace
}  // namespace lotic::cli

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  lotic::cli::FuzzWhere(text, lotic::cli::UnequalNulls::kDrop);
  lotic::cli::FuzzWhere(text, lotic::cli::UnequalNulls::kPass);
  return 0;
}
