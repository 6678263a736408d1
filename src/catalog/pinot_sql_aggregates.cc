// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "catalog/pinot_sql_names.h"
#include "catalog/pinot_sql_translator.h"

// Aggregates, with Pinot's result types and its values for no rows.

namespace lotic::catalog {
namespace {

constexpr const char* kMinusInfinity = "CAST('-Infinity' AS DOUBLE)";

bool IsWhole(const PinotValue& value) {
  return value.bits > 0 || value.type == PinotType::kInt || value.type == PinotType::kLong || value.type == PinotType::kTimestamp;
}

/// The moments and their like: DuckDB's function over DOUBLEs.
const std::map<std::string, std::string, std::less<>>& Moments() {
  static const auto* moments = new std::map<std::string, std::string, std::less<>>{
      {"stddevpop", "stddev_pop"}, {"stddevsamp", "stddev_samp"}, {"stddev", "stddev_samp"},   {"varpop", "var_pop"}, {"varsamp", "var_samp"},
      {"variance", "var_samp"},    {"covarpop", "covar_pop"},     {"covarsamp", "covar_samp"}, {"corr", "corr"},      {"skewness", "skewness"},
      {"kurtosis", "kurtosis"}};
  return *moments;
}

/// Counts of distinct values, all of them exact: the type of the result, and how many arguments are taken (what is behind the first tunes a sketch).
const std::map<std::string, std::pair<PinotType, size_t>, std::less<>>& Distinct() {
  static const auto* distinct = new std::map<std::string, std::pair<PinotType, size_t>, std::less<>>{{"distinctcount", {PinotType::kInt, 1}},
                                                                                                     {"distinctcountbitmap", {PinotType::kInt, 1}},
                                                                                                     {"segmentpartitioneddistinctcount", {PinotType::kLong, 1}},
                                                                                                     {"distinctcountoffheap", {PinotType::kInt, 1}},
                                                                                                     {"distinctcountsmarthll", {PinotType::kInt, 2}},
                                                                                                     {"distinctcounthll", {PinotType::kLong, 3}},
                                                                                                     {"distinctcounthllplus", {PinotType::kLong, 3}},
                                                                                                     {"distinctcountull", {PinotType::kLong, 3}},
                                                                                                     {"distinctcountthetasketch", {PinotType::kLong, 3}},
                                                                                                     {"distinctcountcpcsketch", {PinotType::kLong, 3}},
                                                                                                     {"fasthll", {PinotType::kLong, 3}}};
  return *distinct;
}

constexpr std::string_view kOverElements[] = {
    "count", "min", "max", "sum", "avg", "minmaxrange", "distinctcount", "distinctcountbitmap", "distinctcounthll", "distinctsum", "distinctavg"};

PinotValue Made(PinotType type, std::string sql, bool array = false) {
  PinotValue value;
  value.type = type;
  value.array = array;
  value.sql = std::move(sql);
  return value;
}

}  // namespace

Result<PinotValue> PinotTranslator::Argument(const PinotExprPtr& expr) {
  const bool before = in_aggregate_;
  in_aggregate_ = true;
  Result<PinotValue> value = Value(expr);
  in_aggregate_ = before;
  return value;
}

Result<PinotValue> PinotTranslator::Aggregate(const PinotExpr& call, const std::string& filter) {
  std::string name = call.text;
  const std::string when = filter.empty() ? "" : " FILTER (WHERE " + filter + ")";
  const auto or_empty = [&](std::string sql, std::string_view empty) { return null_handling() ? sql : "coalesce(" + sql + ", " + std::string(empty) + ")"; };
  if (name == "count") {
    LOTIC_RETURN_NOT_OK(Need(call, 1, 1));
    if (!null_handling() || (call.args[0]->kind == PinotExpr::Kind::kName && call.args[0]->text == "*")) {
      if (call.args[0]->kind == PinotExpr::Kind::kCall) LOTIC_RETURN_NOT_OK(Argument(call.args[0]).status());
      return Made(PinotType::kLong, "count(*)" + when);
    }
    LOTIC_ASSIGN_OR_RETURN(const PinotValue value, Argument(call.args[0]));
    return Made(PinotType::kLong, "count(" + value.sql + ")" + when);
  }
  if (name.starts_with("percentile")) return Percentile(call, filter);
  if (name == "firstwithtime" || name == "lastwithtime") return WithTime(call, filter);
  if (call.args.empty()) return PinotError(PinotErrorCode::kQueryValidation, "Invalid aggregation function: ", name, "() needs an argument");

  LOTIC_ASSIGN_OR_RETURN(PinotValue value, Argument(call.args[0]));
  bool over_elements = name.ends_with("mv");
  if (over_elements) name.resize(name.size() - 2);
  if (value.array && !over_elements && name != "arrayagg" && name != "anyvalue")
    over_elements = true;  // plain names over multi-value columns mean the elements, as later releases have it
  if (over_elements) {
    if (std::find(std::begin(kOverElements), std::end(kOverElements), name) == std::end(kOverElements)) {
      return PinotNotSupported(PinotErrorCode::kQueryValidation, "Invalid aggregation function: ", PinotExprText(call).substr(0, 200),
                               ": not built over multi-value columns");
    }
    if (!value.array) return PinotError(PinotErrorCode::kQueryValidation, call.text, " aggregates a multi-value column: ", PinotExprText(call).substr(0, 200));
    const std::string& list = value.sql;
    if (name != "count" && !name.starts_with("distinctcount")) LOTIC_RETURN_NOT_OK(NeedNumbers(call, value));
    if (name == "count") return Made(PinotType::kLong, "CAST(coalesce(sum(len(" + list + "))" + when + ", 0) AS BIGINT)");
    if (name == "sum") return Made(PinotType::kDouble, "CAST(" + or_empty("sum(list_sum(" + list + "))" + when, "0") + " AS DOUBLE)");
    if (name == "min") return Made(PinotType::kDouble, or_empty("CAST(min(list_min(" + list + "))" + when + " AS DOUBLE)", "CAST('Infinity' AS DOUBLE)"));
    if (name == "max") return Made(PinotType::kDouble, or_empty("CAST(max(list_max(" + list + "))" + when + " AS DOUBLE)", kMinusInfinity));
    if (name == "avg") {
      return Made(PinotType::kDouble,
                  or_empty("CAST(sum(list_sum(" + list + "))" + when + " AS DOUBLE) / CAST(sum(len(" + list + "))" + when + " AS DOUBLE)", kMinusInfinity));
    }
    if (name == "minmaxrange") {
      return Made(
          PinotType::kDouble,
          or_empty("CAST(max(list_max(" + list + "))" + when + " AS DOUBLE) - CAST(min(list_min(" + list + "))" + when + " AS DOUBLE)", kMinusInfinity));
    }
    const std::string elements = "list_distinct(flatten(list(" + list + ")" + when + "))";
    if (name == "distinctsum") return Made(PinotType::kDouble, "CAST(" + or_empty("list_sum(" + elements + ")", "0") + " AS DOUBLE)");
    if (name == "distinctavg") return Made(PinotType::kDouble, or_empty("CAST(list_avg(" + elements + ") AS DOUBLE)", kMinusInfinity));
    return Made(name == "distinctcounthll" ? PinotType::kLong : PinotType::kInt,
                "CAST(coalesce(len(" + elements + "), 0) AS " + (name == "distinctcounthll" ? "BIGINT)" : "INTEGER)"));
  }

  if (const auto distinct = Distinct().find(name); distinct != Distinct().end()) {
    const auto [type, most] = distinct->second;
    LOTIC_RETURN_NOT_OK(Need(call, 1, most));
    return Made(type, "CAST(count(DISTINCT " + value.sql + ")" + when + (type == PinotType::kInt ? " AS INTEGER)" : " AS BIGINT)"));
  }
  if (name == "anyvalue") return Made(value.type, "any_value(" + value.sql + ")" + when, value.array);
  if (name == "booland" || name == "boolor") {
    LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, PinotType::kBoolean));
    return Made(PinotType::kBoolean, or_empty((name == "booland" ? "bool_and(" : "bool_or(") + value.sql + ")" + when, name == "booland" ? "TRUE" : "FALSE"));
  }
  if (name == "minstring" || name == "maxstring") {
    LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, PinotType::kString));
    return Made(PinotType::kString, or_empty(name.substr(0, 3) + "(" + value.sql + ")" + when, "'null'"));
  }
  if (name == "arrayagg") {
    LOTIC_RETURN_NOT_OK(Need(call, 2, 3));
    LOTIC_ASSIGN_OR_RETURN(const std::string type_name, TextLiteral(call, 1));
    const Result<PinotType> type = ParsePinotType(type_name);
    if (!type.ok()) return PinotError(PinotErrorCode::kQueryValidation, "arrayagg: ", type.status().message());
    LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, *type));
    bool unique = false;
    if (call.args.size() == 3) {
      LOTIC_ASSIGN_OR_RETURN(unique, PinotTruthOf(*call.args[2]));
    }
    return Made(*type, std::string("coalesce(list(") + (unique ? "DISTINCT " : "") + value.sql + ")" + when + ", [])", true);
  }
  if (name == "listagg") {
    LOTIC_RETURN_NOT_OK(Need(call, 2, 3));
    LOTIC_ASSIGN_OR_RETURN(const std::string separator, TextLiteral(call, 1));
    LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, PinotType::kString));
    return Made(PinotType::kString, or_empty("string_agg(" + value.sql + ", " + QuotedLiteral(separator) + ")" + when, "''"));
  }
  if (name == "mode") {
    LOTIC_RETURN_NOT_OK(Need(call, 1, 2));
    std::string pick = "MIN";
    if (call.args.size() == 2) {
      LOTIC_ASSIGN_OR_RETURN(pick, TextLiteral(call, 1));
    }
    if (pick != "MIN" && pick != "MAX" && pick != "AVG")
      return PinotError(PinotErrorCode::kQueryValidation, "mode's second argument is 'MIN', 'MAX' or 'AVG', not '", pick, "'");
    if (!IsWhole(value) || value.bits > 63) {
      LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, PinotType::kDouble));
    }
    const std::string counts = "histogram(" + value.sql + ")" + when;
    const std::string winners = "list_transform(list_filter(map_entries(" + counts + "), lambda lotic_e: lotic_e.value = list_max(map_values(" + counts +
                                "))), lambda lotic_e: lotic_e.key)";
    return Made(PinotType::kDouble, or_empty("CAST(" +
                                                 std::string(pick == "MIN"   ? "list_min("
                                                             : pick == "MAX" ? "list_max("
                                                                             : "list_avg(") +
                                                 winners + ") AS DOUBLE)",
                                             kMinusInfinity));
  }
  if (const auto moment = Moments().find(name); moment != Moments().end()) {
    const bool two = name.starts_with("covar") || name == "corr";
    LOTIC_RETURN_NOT_OK(Need(call, two ? 2 : 1, two ? 2 : 1));
    LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, PinotType::kDouble));
    std::string arguments = value.sql;
    if (two) {
      LOTIC_ASSIGN_OR_RETURN(PinotValue second, Argument(call.args[1]));
      LOTIC_ASSIGN_OR_RETURN(second, ConvertValue(second, PinotType::kDouble));
      arguments += ", " + second.sql;
    }
    return Made(PinotType::kDouble, or_empty(moment->second + "(" + arguments + ")" + when, kMinusInfinity));
  }

  static constexpr std::string_view kNumeric[] = {"sum",     "min",     "max",          "avg",         "minmaxrange", "sumlong", "sumint",
                                                  "minlong", "maxlong", "sumprecision", "distinctsum", "distinctavg", "sum0"};
  if (std::find(std::begin(kNumeric), std::end(kNumeric), name) == std::end(kNumeric)) {
    return PinotNotSupported(PinotErrorCode::kQueryValidation, "Invalid aggregation function: ", PinotExprText(call).substr(0, 200), ": ", name,
                             " is not built yet");
  }
  LOTIC_RETURN_NOT_OK(Need(call, 1, name == "sumprecision" ? 3 : 1));
  if (!IsWhole(value)) {
    if (value.type == PinotType::kBoolean) {
      LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, PinotType::kInt));
    } else if (name != "sumprecision" || value.literal != nullptr) {
      LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, PinotType::kDouble));
    }
  }
  const bool whole = IsWhole(value);
  std::string of = value.sql;
  if (name == "sum" && value.column != nullptr && value.column->substitute != nullptr && !value.column->epoch_ms) {
    const PinotExpr& substitute = *value.column->substitute;
    if (PinotNumberOf(substitute).value_or(1) == 0) of = value.type == value.column->type ? value.column->raw : of;  // a NULL adds what its 0 would
  }
  const auto real = [](const std::string& sql) { return "CAST(" + sql + " AS DOUBLE)"; };
  if (name == "sum" || name == "sum0") return Made(PinotType::kDouble, real(or_empty("sum(" + of + ")" + when, "0")));
  if (name == "distinctsum") return Made(PinotType::kDouble, real(or_empty("sum(DISTINCT " + of + ")" + when, "0")));
  if (name == "distinctavg") return Made(PinotType::kDouble, or_empty("avg(DISTINCT " + of + ")" + when, kMinusInfinity));
  if (name == "min") return Made(PinotType::kDouble, or_empty(real("min(" + of + ")" + when), "CAST('Infinity' AS DOUBLE)"));
  if (name == "max") return Made(PinotType::kDouble, or_empty(real("max(" + of + ")" + when), kMinusInfinity));
  if (name == "avg") return Made(PinotType::kDouble, or_empty("avg(" + of + ")" + when, kMinusInfinity));
  if (name == "minmaxrange") return Made(PinotType::kDouble, or_empty(real("max(" + of + ")" + when) + " - " + real("min(" + of + ")" + when), kMinusInfinity));
  if (name == "sumprecision") {
    std::string sum = "CAST(sum(" + of + ")" + when + " AS VARCHAR)";
    if (!whole) {
      LOTIC_ASSIGN_OR_RETURN(const PinotValue text, ConvertValue(value, PinotType::kString));
      sum = "sum(lotic_exact_decimal(" + text.sql + "))" + when;
    }
    if (whole && call.args.size() == 1) return Made(PinotType::kString, or_empty(sum, "'0'"));
    std::string rounded[2] = {"-1", whole ? "-2" : "-1"};  // precision, scale: not asked for
    for (size_t i = 1; i < call.args.size(); ++i) {
      const std::optional<double> number = call.args[i]->is_literal() ? PinotNumberOf(*call.args[i]) : std::nullopt;
      if (!number || !(*number >= (i == 1 ? 1 : 0) && *number <= 1000) || *number != std::floor(*number)) {
        return PinotError(PinotErrorCode::kQueryValidation, "Invalid aggregation function: ", PinotExprText(call).substr(0, 200),
                          ": precision and scale are whole numbers up to 1000");
      }
      rounded[i - 1] = std::to_string(static_cast<int>(*number));
    }
    if (whole) sum = "lotic_exact_decimal(" + sum + ")";
    return Made(PinotType::kString, or_empty("lotic_precise_text(" + sum + ", " + rounded[0] + ", " + rounded[1] + ")", "'0'"));
  }
  LOTIC_ASSIGN_OR_RETURN(const PinotValue integer, ConvertValue(value, PinotType::kLong));
  if (name == "minlong" || name == "maxlong") {
    return Made(PinotType::kLong, or_empty(name.substr(0, 3) + "(" + integer.sql + ")" + when,
                                           name == "minlong" ? "9223372036854775807" : "CAST(-9223372036854775808 AS BIGINT)"));
  }
  return Made(PinotType::kLong, "lotic_sum_to_long(" + or_empty("sum(" + integer.sql + ")" + when, "0") + ")");
}

/// Of n sorted values the one at floor(n × p / 100), counted from 0; the last for p = 100.
Result<PinotValue> PinotTranslator::Percentile(const PinotExpr& call, const std::string& filter) {
  // percentile, percentile95, percentileest95, percentiletdigestmv, …
  std::string_view rest = std::string_view(call.text).substr(10);
  const bool raw = rest.starts_with("raw");
  if (raw) rest.remove_prefix(3);
  std::string_view kind;
  for (const std::string_view one : {"smarttdigest", "tdigest", "est", "kll"}) {
    if (rest.starts_with(one)) {
      kind = one;
      rest.remove_prefix(one.size());
      break;
    }
  }
  std::string digits;
  while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9' && digits.size() < 9) {
    digits += rest[0];
    rest.remove_prefix(1);
  }
  const bool elements = rest == "mv";
  if (raw || (!rest.empty() && !elements)) {
    return PinotNotSupported(PinotErrorCode::kQueryValidation, "Invalid aggregation function: ", PinotExprText(call).substr(0, 200),
                             raw ? ": sketches are not given out" : "");
  }
  double percent = 0;
  if (!digits.empty()) {
    LOTIC_RETURN_NOT_OK(Need(call, 1, 1));
    percent = std::stod(digits);
  } else {
    LOTIC_RETURN_NOT_OK(Need(call, 2, kind.empty() || kind == "est" ? 2 : 3));
    const std::optional<double> number = call.args[1]->is_literal() ? PinotNumberOf(*call.args[1]) : std::nullopt;
    if (!number)
      return PinotError(PinotErrorCode::kQueryValidation, "Invalid percentile function: ", PinotExprText(call).substr(0, 200),
                        ": the second argument is a number from 0 to 100");
    percent = *number;
  }
  if (!(percent >= 0 && percent <= 100))
    return PinotError(PinotErrorCode::kQueryValidation, "Invalid percentile: ", JavaDoubleText(percent), ": from 0 to 100");
  LOTIC_ASSIGN_OR_RETURN(PinotValue value, Argument(call.args[0]));
  if (elements != value.array) {
    return PinotError(PinotErrorCode::kQueryValidation, call.text,
                      elements ? " aggregates a multi-value column: " : " aggregates a single-value column: ", PinotExprText(call).substr(0, 200));
  }
  if (value.array) LOTIC_RETURN_NOT_OK(NeedNumbers(call, value));
  std::string of = value.sql;
  if (!value.array) {
    LOTIC_ASSIGN_OR_RETURN(const PinotValue real, ConvertValue(value, PinotType::kDouble));
    of = real.sql;
  }
  std::string condition = filter;
  if (null_handling()) condition = (filter.empty() ? "" : "(" + filter + ") AND ") + of + " IS NOT NULL";
  const std::string when = condition.empty() ? "" : " FILTER (WHERE " + condition + ")";
  const bool estimate = kind == "est" || kind == "tdigest" || kind == "kll";
  std::string sql;
  if (estimate && !elements) {
    sql = "approx_quantile(" + of + ", " + "CAST(" + SqlDouble(percent / 100) + " AS FLOAT))" + when;
  } else {
    const std::string list = elements ? "flatten(list(" + of + ")" + when + ")" : "list(" + of + ")" + when;
    const std::string count = elements ? "len(" + list + ")" : "count(" + of + ")" + when;
    sql = "list_sort(" + list + ")[" + (percent == 100 ? "-1" : "CAST(floor(" + count + " * " + SqlDouble(percent) + " / 1e+02) AS BIGINT) + 1") + "]";
    sql = "CAST(" + sql + " AS DOUBLE)";
  }
  PinotValue result = Made(kind == "est" ? PinotType::kLong : PinotType::kDouble, sql);
  if (kind == "est") result.sql = "lotic_double_to_long(" + sql + ")";
  if (!null_handling()) {
    const char* empty = kind == "est" ? "CAST(-9223372036854775808 AS BIGINT)" : estimate ? "CAST('NaN' AS DOUBLE)" : kMinusInfinity;
    result.sql = "coalesce(" + result.sql + ", " + empty + ")";
  }
  return result;
}

/// The value at the greatest or smallest time; of equal times the later row's.
Result<PinotValue> PinotTranslator::WithTime(const PinotExpr& call, const std::string& filter) {
  LOTIC_RETURN_NOT_OK(Need(call, 3, 3));
  LOTIC_ASSIGN_OR_RETURN(std::string type_name, TextLiteral(call, 2));
  for (char& c : type_name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  const Result<PinotType> type = ParsePinotType(type_name);
  if (!type.ok() || *type == PinotType::kBigDecimal || *type == PinotType::kBytes || *type == PinotType::kMap || *type == PinotType::kJson) {
    return PinotError(PinotErrorCode::kQueryValidation, "Unsupported Value Type for ", call.text, " Function: ", type_name);
  }
  LOTIC_ASSIGN_OR_RETURN(PinotValue value, Argument(call.args[0]));
  LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, *type));
  LOTIC_ASSIGN_OR_RETURN(PinotValue time, Argument(call.args[1]));
  LOTIC_ASSIGN_OR_RETURN(time, ConvertValue(time, PinotType::kLong));
  const bool last = call.text == "lastwithtime";
  std::string order = time.sql;
  const Result<const PinotColumn*> offset = scope_.Find("$offset");
  if (offset.ok()) {
    read_.insert((*offset)->name);
    order = "row(" + time.sql + ", " + (last ? "" : "-") + (*offset)->raw + ")";
  }
  std::string sql = std::string(last ? "arg_max(" : "arg_min(") + value.sql + ", " + order + ")" + (filter.empty() ? "" : " FILTER (WHERE " + filter + ")");
  if (!null_handling()) {
    const char* empty = *type == PinotType::kInt                                      ? "CAST(-2147483648 AS INTEGER)"
                        : *type == PinotType::kLong || *type == PinotType::kTimestamp ? "CAST(-9223372036854775808 AS BIGINT)"
                        : *type == PinotType::kFloat                                  ? "CAST('NaN' AS FLOAT)"
                        : *type == PinotType::kDouble                                 ? "CAST('NaN' AS DOUBLE)"
                        : *type == PinotType::kBoolean                                ? "FALSE"
                                                                                      : "''";
    sql = "coalesce(" + sql + ", " + empty + ")";
  }
  return Made(*type, std::move(sql));
}

std::vector<std::string> KnownPinotAggregates() {
  std::vector<std::string> names{"count",
                                 "sum",
                                 "min",
                                 "max",
                                 "avg",
                                 "minmaxrange",
                                 "sumlong",
                                 "sumint",
                                 "minlong",
                                 "maxlong",
                                 "sumprecision",
                                 "distinctsum",
                                 "distinctavg",
                                 "sum0",
                                 "mode",
                                 "anyvalue",
                                 "booland",
                                 "boolor",
                                 "minstring",
                                 "maxstring",
                                 "arrayagg",
                                 "listagg",
                                 "percentile",
                                 "percentileest",
                                 "percentiletdigest",
                                 "percentilekll",
                                 "percentilesmarttdigest",
                                 "firstwithtime",
                                 "lastwithtime"};
  for (const auto& [name, function] : Moments()) names.push_back(name);
  for (const auto& [name, what] : Distinct()) names.push_back(name);
  for (const std::string_view name : kOverElements) names.push_back(std::string(name) + "mv");
  for (const char* name : {"percentilemv", "percentileestmv", "percentiletdigestmv", "percentilekllmv"}) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace lotic::catalog
