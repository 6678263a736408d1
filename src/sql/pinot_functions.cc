// SPDX-License-Identifier: Apache-2.0
#include "sql/pinot_functions.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "catalog/pinot_sql_names.h"
#include "duckdb/common/types/hugeint.hpp"
#include "duckdb/common/vector_operations/binary_executor.hpp"
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
  duckdb::UnaryExecutor::Execute<int64_t, int32_t>(arguments.data[0], result, arguments.size(), [](int64_t value) { return static_cast<int32_t>(static_cast<uint32_t>(value)); });
}

void SumToLong(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::UnaryExecutor::Execute<duckdb::hugeint_t, int64_t>(arguments.data[0], result, arguments.size(), [](const duckdb::hugeint_t& value) { return static_cast<int64_t>(value.lower); });
}

void Times(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::BinaryExecutor::Execute<int64_t, int64_t, int64_t>(arguments.data[0], arguments.data[1], result, arguments.size(), [](int64_t a, int64_t b) {
    int64_t product;
    if (!__builtin_mul_overflow(a, b, &product)) return product;
    return (a < 0) == (b < 0) ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
  });
}

void DoubleText(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::UnaryExecutor::Execute<double, duckdb::string_t>(arguments.data[0], result, arguments.size(),
                                                           [&](double value) { return duckdb::StringVector::AddString(result, catalog::JavaDoubleText(value)); });
}

void FloatText(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::UnaryExecutor::Execute<float, duckdb::string_t>(arguments.data[0], result, arguments.size(),
                                                          [&](float value) { return duckdb::StringVector::AddString(result, catalog::JavaFloatText(value)); });
}

}  // namespace

void RegisterPinotFunctions(duckdb::DatabaseInstance& database) {
  duckdb::ExtensionLoader loader(database, "lotic");
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_double_to_int", {LogicalType::DOUBLE}, LogicalType::INTEGER, DoubleTo<int32_t>));
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_double_to_long", {LogicalType::DOUBLE}, LogicalType::BIGINT, DoubleTo<int64_t>));
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_long_to_int", {LogicalType::BIGINT}, LogicalType::INTEGER, LongToInt));
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_sum_to_long", {LogicalType::HUGEINT}, LogicalType::BIGINT, SumToLong));
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_times", {LogicalType::BIGINT, LogicalType::BIGINT}, LogicalType::BIGINT, Times));
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_double_text", {LogicalType::DOUBLE}, LogicalType::VARCHAR, DoubleText));
  loader.RegisterFunction(duckdb::ScalarFunction("lotic_float_text", {LogicalType::FLOAT}, LogicalType::VARCHAR, FloatText));
}

}  // namespace lotic::sql
