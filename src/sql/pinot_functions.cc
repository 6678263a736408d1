// SPDX-License-Identifier: Apache-2.0
#include "sql/pinot_functions.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "catalog/pinot_sql_names.h"
#include "duckdb/common/types/hugeint.hpp"
#include "duckdb/common/exception.hpp"
#include "duckdb/common/vector_operations/binary_executor.hpp"
#include "duckdb/common/vector_operations/ternary_executor.hpp"
#include "duckdb/common/vector_operations/unary_executor.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "duckdb/main/database.hpp"
#include "duckdb/main/extension/extension_loader.hpp"

namespace lotic::sql {
namespace {

using duckdb::DataChunk;
using duckdb::ExpressionState;
using duckdb::LogicalType;
using duckdb::Vector;

template <typename Whole>
Whole FromDouble(double value) {
  constexpr double kEnd = sizeof(Whole) == 4 ? 2147483648.0 : 9223372036854775808.0;
  if (std::isnan(value)) return 0;
  if (value >= kEnd) return std::numeric_limits<Whole>::max();
  if (value <= -kEnd) return std::numeric_limits<Whole>::min();
  return static_cast<Whole>(value);
}

template <typename Whole>
void DoubleTo(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::UnaryExecutor::Execute<double, Whole>(arguments.data[0], result, arguments.size(), FromDouble<Whole>);
}

void LongToInt(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::UnaryExecutor::Execute<int64_t, int32_t>(arguments.data[0], result, arguments.size(),
                                                   [](int64_t value) { return static_cast<int32_t>(static_cast<uint32_t>(value)); });
}

void SumToLong(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::UnaryExecutor::Execute<duckdb::hugeint_t, int64_t>(arguments.data[0], result, arguments.size(),
                                                             [](const duckdb::hugeint_t& value) { return static_cast<int64_t>(value.lower); });
}

void Times(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::BinaryExecutor::Execute<int64_t, int64_t, int64_t>(arguments.data[0], arguments.data[1], result, arguments.size(), [](int64_t a, int64_t b) {
    int64_t product;
    if (!__builtin_mul_overflow(a, b, &product)) return product;
    return (a < 0) == (b < 0) ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
  });
}

void DoubleText(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::UnaryExecutor::Execute<double, duckdb::string_t>(
      arguments.data[0], result, arguments.size(), [&](double value) { return duckdb::StringVector::AddString(result, catalog::JavaDoubleText(value)); });
}

void FloatText(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::UnaryExecutor::Execute<float, duckdb::string_t>(arguments.data[0], result, arguments.size(),
                                                          [&](float value) { return duckdb::StringVector::AddString(result, catalog::JavaFloatText(value)); });
}

// SUMPRECISION adds exactly: DECIMAL(38, 18), the widest that DuckDB has with places for both sides of the point.
constexpr int kSumPlaces = 18;
constexpr int kSumDigits = 38;

/// Of a number as Java writes it: "-1.5", "1800.0", "1.0E-19". What has no place in DECIMAL(38, 18) is an error, never rounded.
duckdb::hugeint_t ExactDecimal(const std::string& text) {
  const auto refuse = [&](const char* why) { throw duckdb::InvalidInputException("SUMPRECISION of " + text.substr(0, 100) + ": " + why); };
  size_t at = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  std::string digits;
  int64_t exponent = 0;
  bool point = false;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.' && !point) {
      point = true;
      continue;
    }
    if (text[at] < '0' || text[at] > '9') refuse("it is no number");
    digits.push_back(text[at]);
    if (point) --exponent;
  }
  if (digits.empty()) refuse("it is no number");
  if (at < text.size()) {
    const char* from = text.data() + at + 1;
    if (from < text.data() + text.size() && *from == '+') ++from;
    int32_t given = 0;
    const auto read = std::from_chars(from, text.data() + text.size(), given);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) refuse("it is no number");
    exponent += given;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  for (; !digits.empty() && digits.back() == '0'; ++exponent) digits.pop_back();
  if (digits.empty()) return duckdb::hugeint_t(0);
  if (exponent < -kSumPlaces) refuse("more than 18 places are not added");
  if (static_cast<int64_t>(digits.size()) + exponent + kSumPlaces > kSumDigits) refuse("more than 20 digits before the point are not added");
  digits.append(static_cast<size_t>(exponent + kSumPlaces), '0');
  __int128 value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  if (text[0] == '-') value = -value;
  duckdb::hugeint_t out;
  out.lower = static_cast<uint64_t>(static_cast<unsigned __int128>(value));
  out.upper = static_cast<int64_t>(value >> 64);
  return out;
}

void ToExactDecimal(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::UnaryExecutor::Execute<duckdb::string_t, duckdb::hugeint_t>(arguments.data[0], result, arguments.size(),
                                                                      [](const duckdb::string_t& text) { return ExactDecimal(text.GetString()); });
}

/// Drops the last `drop` digits, HALF_EVEN.
void RoundHalfEven(std::string* digits, size_t drop) {
  if (drop > digits->size()) {
    *digits = "0";
    return;
  }
  const std::string gone = digits->substr(digits->size() - drop);
  digits->resize(digits->size() - drop);
  const bool tie = gone[0] == '5' && gone.find_first_not_of('0', 1) == std::string::npos;
  const bool odd = !digits->empty() && (digits->back() - '0') % 2 == 1;
  if (gone[0] > '5' || (gone[0] == '5' && (!tie || odd))) {
    size_t at = digits->size();
    while (at > 0 && (*digits)[at - 1] == '9') (*digits)[--at] = '0';
    if (at == 0)
      digits->insert(digits->begin(), '1');
    else
      ++(*digits)[at - 1];
  }
  if (digits->empty()) *digits = "0";
}

/// As BigDecimal.round(precision, HALF_EVEN).setScale(scale, HALF_EVEN).toString(); a negative precision or scale: not asked for. Without a scale zeros at the end go, but for the
/// first behind the point (-1), or that one too (-2: a sum of whole numbers).
std::string PreciseText(const duckdb::hugeint_t& sum, int32_t precision, int32_t scale) {
  std::string digits = duckdb::Hugeint::Abs(sum).ToString();
  int64_t places = kSumPlaces;
  const int64_t least = scale == -2 ? 0 : 1;
  for (; places > least && digits.size() > 1 && digits.back() == '0'; --places) digits.pop_back();
  if (digits == "0") places = least;
  if (precision > 0 && digits.size() > static_cast<size_t>(precision)) {
    const size_t drop = digits.size() - static_cast<size_t>(precision);
    RoundHalfEven(&digits, drop);
    places -= static_cast<int64_t>(drop);
    if (digits.size() > static_cast<size_t>(precision)) {  // 99.6 became 100
      digits.pop_back();
      --places;
    }
  }
  if (scale >= 0 && scale >= places) {
    if (digits != "0") digits.append(static_cast<size_t>(scale - places), '0');
    places = scale;
  } else if (scale >= 0) {
    RoundHalfEven(&digits, static_cast<size_t>(places - scale));
    places = scale;
  }
  const std::string sign = sum.upper < 0 && digits.find_first_not_of('0') != std::string::npos ? "-" : "";
  const int64_t adjusted = static_cast<int64_t>(digits.size()) - 1 - places;
  if (places < 0 || adjusted < -6) {
    std::string text = sign + digits.substr(0, 1);
    if (digits.size() > 1) text += "." + digits.substr(1);
    return text + "E" + (adjusted > 0 ? "+" : "") + std::to_string(adjusted);
  }
  if (places == 0) return sign + digits;
  if (digits.size() <= static_cast<size_t>(places)) digits.insert(0, static_cast<size_t>(places) + 1 - digits.size(), '0');
  return sign + digits.insert(digits.size() - static_cast<size_t>(places), ".");
}

void ToPreciseText(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::TernaryExecutor::Execute<duckdb::hugeint_t, int32_t, int32_t, duckdb::string_t>(
      arguments.data[0], arguments.data[1], arguments.data[2], result, arguments.size(), [&](const duckdb::hugeint_t& sum, int32_t precision, int32_t scale) {
        return duckdb::StringVector::AddString(result, PreciseText(sum, precision, scale));
      });
}

}  // namespace

void RegisterPinotFunctions(duckdb::DatabaseInstance& database) {
  duckdb::ExtensionLoader loader(database, "lotic");
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_double_to_int", {LogicalType::DOUBLE}, LogicalType::INTEGER, DoubleTo<int32_t>));
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_double_to_long", {LogicalType::DOUBLE}, LogicalType::BIGINT, DoubleTo<int64_t>));
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_long_to_int", {LogicalType::BIGINT}, LogicalType::INTEGER, LongToInt));
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_sum_to_long", {LogicalType::HUGEINT}, LogicalType::BIGINT, SumToLong));
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_times", {LogicalType::BIGINT, LogicalType::BIGINT}, LogicalType::BIGINT, Times));
  const LogicalType sum = LogicalType::DECIMAL(kSumDigits, kSumPlaces);
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_exact_decimal", {LogicalType::VARCHAR}, sum, ToExactDecimal));
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_precise_text", {sum, LogicalType::INTEGER, LogicalType::INTEGER}, LogicalType::VARCHAR, ToPreciseText));
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_double_text", {LogicalType::DOUBLE}, LogicalType::VARCHAR, DoubleText));
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_float_text", {LogicalType::FLOAT}, LogicalType::VARCHAR, FloatText));
}

}  // namespace lotic::sql
