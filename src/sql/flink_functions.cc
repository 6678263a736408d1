// SPDX-License-Identifier: Apache-2.0
#include "sql/flink_functions.h"

#include <cmath>
#include <optional>
#include <utility>

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/common/vector_operations/unary_executor.hpp"
#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/execution/expression_executor_state.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "duckdb/main/database.hpp"
#include "duckdb/parser/parsed_data/create_scalar_function_info.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"
#include "catalog/ddl_tokens.h"
#include "sql/seam.h"
#include "sql/statement_scanner.h"
#include "sql/timestamp_pattern.h"

namespace lotic::sql {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::ValidityMask;
using Arguments = duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>;

constexpr const char* kToTimestamp = "flink_to_timestamp";
constexpr const char* kToTimestampLtz = "flink_to_timestamp_ltz";
constexpr const char* kProctime = "date_trunc('milliseconds', now())";
// Flink gives NULL outside: the years 0 to 9999.
constexpr int64_t kLeastEpochMs = -62167219200000;
constexpr int64_t kMostEpochMs = 253402300799999;

struct PatternBind final : duckdb::FunctionData {
  explicit PatternBind(TimestampPattern made) : pattern(std::move(made)) {}
  const TimestampPattern pattern;
  duckdb::unique_ptr<FunctionData> Copy() const override { return duckdb::make_uniq<PatternBind>(pattern); }
  bool Equals(const FunctionData& other) const override { return pattern == other.Cast<PatternBind>().pattern; }
};

struct EpochBind final : duckdb::FunctionData {
  EpochBind(bool in_seconds, bool cut_off) : seconds(in_seconds), whole(cut_off) {}
  const bool seconds;
  const bool whole;  // a fraction is cut off before it is scaled
  duckdb::unique_ptr<FunctionData> Copy() const override { return duckdb::make_uniq<EpochBind>(seconds, whole); }
  bool Equals(const FunctionData& other) const override { return seconds == other.Cast<EpochBind>().seconds && whole == other.Cast<EpochBind>().whole; }
};

template <typename Bind>
const Bind& BindOf(duckdb::ExpressionState& state) {
  return state.expr.Cast<duckdb::BoundFunctionExpression>().bind_info->Cast<Bind>();
}

duckdb::unique_ptr<duckdb::FunctionData> BindToTimestamp(duckdb::ClientContext& context, duckdb::ScalarFunction&, Arguments& arguments) {
  if (arguments.size() == 1) return duckdb::make_uniq<PatternBind>(TimestampPattern::Loose());
  if (!arguments[1]->IsFoldable()) ThrowStatus(Status::Invalid("TO_TIMESTAMP: the pattern must be a text that stands in the expression"));
  const duckdb::Value pattern = duckdb::ExpressionExecutor::EvaluateScalar(context, *arguments[1]);
  if (pattern.IsNull()) return duckdb::make_uniq<PatternBind>(TimestampPattern::Loose());  // the answer is NULL
  return duckdb::make_uniq<PatternBind>(ValueOrThrow(TimestampPattern::Make(pattern.ToString())));
}

void ToTimestamp(duckdb::DataChunk& arguments, duckdb::ExpressionState& state, duckdb::Vector& result) {
  const TimestampPattern& pattern = BindOf<PatternBind>(state).pattern;
  duckdb::UnaryExecutor::ExecuteWithNulls<duckdb::string_t, int64_t>(arguments.data[0], result, arguments.size(),
                                                                     [&](duckdb::string_t text, ValidityMask& mask, duckdb::idx_t row) {
                                                                       const std::optional<int64_t> time = pattern.Parse({text.GetData(), text.GetSize()});
                                                                       if (!time) mask.SetInvalid(row);
                                                                       return time.value_or(0);
                                                                     });
}

duckdb::unique_ptr<duckdb::FunctionData> BindToTimestampLtz(duckdb::ClientContext& context, duckdb::ScalarFunction& bound, Arguments& arguments) {
  const LogicalType& type = arguments[0]->return_type;
  const bool decimal = type.id() == LogicalTypeId::DECIMAL;
  if (!type.IsNumeric() && type.id() != LogicalTypeId::SQLNULL) {
    ThrowStatus(Status::Invalid("TO_TIMESTAMP_LTZ takes a number and 0 (seconds) or 3 (milliseconds), not ", type.ToString()));
  }
  const bool constant = arguments[1]->IsFoldable();
  const duckdb::Value precision = constant ? duckdb::ExpressionExecutor::EvaluateScalar(context, *arguments[1]) : duckdb::Value();
  if (!constant || precision.IsNull() || (precision.ToString() != "0" && precision.ToString() != "3")) {
    ThrowStatus(Status::Invalid("TO_TIMESTAMP_LTZ: the precision must be 0 (seconds) or 3 (milliseconds)",
                                constant ? ", not " + precision.ToString() : ", as a number that stands in the expression"));
  }
  const bool exact = type.IsIntegral() && type.id() != LogicalTypeId::HUGEINT && type.id() != LogicalTypeId::UHUGEINT && type.id() != LogicalTypeId::UBIGINT;
  bound.arguments[0] = exact || type.id() == LogicalTypeId::SQLNULL ? LogicalType::BIGINT : LogicalType::DOUBLE;
  return duckdb::make_uniq<EpochBind>(precision.ToString() == "0", decimal);
}

void ToTimestampLtz(duckdb::DataChunk& arguments, duckdb::ExpressionState& state, duckdb::Vector& result) {
  const EpochBind& bind = BindOf<EpochBind>(state);
  const int64_t scale = bind.seconds ? 1000 : 1;
  const auto micros = [](int64_t millis, ValidityMask& mask, duckdb::idx_t row) {
    if (millis >= kLeastEpochMs && millis <= kMostEpochMs) return millis * 1000;
    mask.SetInvalid(row);
    return int64_t{0};
  };
  if (arguments.data[0].GetType().id() == LogicalTypeId::BIGINT) {
    duckdb::UnaryExecutor::ExecuteWithNulls<int64_t, int64_t>(arguments.data[0], result, arguments.size(),
                                                              [&](int64_t epoch, ValidityMask& mask, duckdb::idx_t row) {
                                                                if (epoch > kMostEpochMs || epoch < kLeastEpochMs)
                                                                  epoch = kMostEpochMs + 1;  // scaled, it must not run over
                                                                return micros(epoch * scale, mask, row);
                                                              });
    return;
  }
  duckdb::UnaryExecutor::ExecuteWithNulls<double, int64_t>(
      arguments.data[0], result, arguments.size(), [&](double epoch, ValidityMask& mask, duckdb::idx_t row) {
        double millis = std::trunc((bind.whole ? std::trunc(epoch) : epoch) * static_cast<double>(scale));
        if (std::isnan(millis)) millis = bind.seconds ? static_cast<double>(kMostEpochMs + 1) : 0;  // as Flink: NaN is in no range, and 0 when made an integer
        if (bind.seconds && epoch > static_cast<double>(kMostEpochMs / 1000)) millis = static_cast<double>(kMostEpochMs + 1);
        if (std::abs(millis) > static_cast<double>(kMostEpochMs)) millis = static_cast<double>(kMostEpochMs + 1);
        return micros(static_cast<int64_t>(millis), mask, row);
      });
}

void Register(duckdb::DatabaseInstance& database, duckdb::CreateScalarFunctionInfo info) {
  info.internal = true;
  duckdb::Catalog::GetSystemCatalog(database).CreateFunction(duckdb::CatalogTransaction::GetSystemTransaction(database), info);
}

/// Past comments and white space.
size_t SkipBlank(const StatementScanner& scanner, std::string_view text, size_t at) {
  bool open = false;
  bool blank = true;
  while (at < text.size()) {
    const size_t end = scanner.Skip(at, &open, &blank);
    if (!blank) break;
    at = end;
  }
  return at;
}

}  // namespace

void RegisterFlinkFunctions(duckdb::DatabaseInstance& database) {
  duckdb::ScalarFunctionSet to_timestamp(kToTimestamp);
  to_timestamp.AddFunction(duckdb::ScalarFunction({LogicalType::VARCHAR}, LogicalType::TIMESTAMP_MS, ToTimestamp, BindToTimestamp));
  to_timestamp.AddFunction(duckdb::ScalarFunction({LogicalType::VARCHAR, LogicalType::VARCHAR}, LogicalType::TIMESTAMP_MS, ToTimestamp, BindToTimestamp));
  Register(database, duckdb::CreateScalarFunctionInfo(std::move(to_timestamp)));
  Register(database, duckdb::CreateScalarFunctionInfo(duckdb::ScalarFunction(kToTimestampLtz, {LogicalType::ANY, LogicalType::INTEGER},
                                                                             LogicalType::TIMESTAMP_TZ, ToTimestampLtz, BindToTimestampLtz)));
}

std::string WithFlinkFunctions(std::string_view expression) {
  const StatementScanner scanner(expression);
  std::string text;
  bool qualified = false;  // a dot stands before
  for (size_t at = 0; at < expression.size();) {
    size_t end = at;
    while (end < expression.size() && IsNameByte(expression[end])) ++end;
    if (end == at) {
      bool open = false;
      bool blank = false;
      end = scanner.Skip(at, &open, &blank);
      if (!blank) qualified = expression[at] == '.';
      text += expression.substr(at, end - at);
      at = end;
      continue;
    }
    const std::string_view word = expression.substr(at, end - at);
    const std::string name = catalog::AsciiLower(word);
    const size_t bracket = SkipBlank(scanner, expression, end);
    const bool call = !qualified && bracket < expression.size() && expression[bracket] == '(';
    const size_t inside = call ? SkipBlank(scanner, expression, bracket + 1) : bracket;
    if (call && name == "proctime" && inside < expression.size() && expression[inside] == ')') {
      text += kProctime;
      end = inside + 1;
    } else if (call && name == "to_timestamp") {
      text += kToTimestamp;
    } else if (call && name == "to_timestamp_ltz") {
      text += kToTimestampLtz;
    } else {
      text += word;
    }
    qualified = false;
    at = end;
  }
  return text;
}

}  // namespace lotic::sql
