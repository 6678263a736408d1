// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_sql_names.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <map>

namespace lotic::catalog {
namespace {

/// The filters of Pinot: their names keep the underscores, whatever way they are written.
const std::map<std::string, std::string, std::less<>>& FilterNames() {
  static const auto* names = new std::map<std::string, std::string, std::less<>>{{"notequals", "not_equals"},
                                                                                 {"greaterthan", "greater_than"},
                                                                                 {"greaterthanorequal", "greater_than_or_equal"},
                                                                                 {"lessthan", "less_than"},
                                                                                 {"lessthanorequal", "less_than_or_equal"},
                                                                                 {"notin", "not_in"},
                                                                                 {"regexplike", "regexp_like"},
                                                                                 {"textcontains", "text_contains"},
                                                                                 {"textmatch", "text_match"},
                                                                                 {"jsonmatch", "json_match"},
                                                                                 {"isnull", "is_null"},
                                                                                 {"isnotnull", "is_not_null"},
                                                                                 {"stdistance", "st_distance"}};
  return *names;
}

/// Example: digits "15", exponent 0 (1.5e0) → "1.5"; digits "1", exponent 10 → "1.0E10".
std::string JavaForm(std::string_view scientific) {
  const size_t e = scientific.find('e');
  std::string digits(scientific.substr(0, e));
  int exponent = 0;
  const std::string_view power = scientific.substr(e + 1);
  std::from_chars(power.data() + (power[0] == '+' ? 1 : 0), power.data() + power.size(), exponent);
  std::string sign;
  if (digits[0] == '-') {
    sign = "-";
    digits.erase(0, 1);
  }
  digits.erase(std::remove(digits.begin(), digits.end(), '.'), digits.end());
  if (digits == "0") return sign + "0.0";
  if (exponent < -3 || exponent >= 7) {
    return sign + digits.substr(0, 1) + "." + (digits.size() > 1 ? digits.substr(1) : "0") + "E" + std::to_string(exponent);
  }
  if (exponent < 0) return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0') + ".0";
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

template <typename Real>
std::string JavaText(Real value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  return JavaForm({buffer, static_cast<size_t>(end.ptr - buffer)});
}

}  // namespace

std::string JavaDoubleText(double value) { return JavaText(value); }
std::string JavaFloatText(float value) { return JavaText(value); }

std::string CanonicalPinotFunction(std::string_view name) {
  std::string canonical;
  for (const char c : name) {
    if (c != '_') canonical += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  const auto filter = FilterNames().find(canonical);
  return filter == FilterNames().end() ? canonical : filter->second;
}

std::string PinotLiteralText(const PinotExpr& literal) {
  switch (literal.kind) {
    case PinotExpr::Kind::kLong: return literal.folded ? JavaDoubleText(static_cast<double>(literal.integer)) : std::to_string(literal.integer);
    case PinotExpr::Kind::kDouble: return JavaDoubleText(literal.real);
    case PinotExpr::Kind::kBool: return literal.integer != 0 ? "true" : "false";
    case PinotExpr::Kind::kText: return literal.text;
    default: return "null";
  }
}

std::string PinotExprText(const PinotExpr& expr) {
  if (expr.kind == PinotExpr::Kind::kName) return expr.text;
  if (expr.kind != PinotExpr::Kind::kCall) return expr.kind == PinotExpr::Kind::kNull ? "null" : "'" + PinotLiteralText(expr) + "'";
  std::string text = expr.text + "(";
  for (size_t i = 0; i < expr.args.size(); ++i) {
    if (i > 0) text += ",";
    text += PinotExprText(*expr.args[i]);
  }
  return text + ")";
}

std::string PinotAggregateText(const PinotExpr& call, bool null_handling) {
  if (call.is_call("filter") && !call.args.empty()) return PinotAggregateText(*call.args[0], null_handling);
  if (call.text == "count") return null_handling && call.args.size() == 1 ? PinotExprText(call) : "count(*)";
  if (call.text.starts_with("percentile") && call.args.size() >= 2 && call.args[1]->is_literal()) {
    const PinotExpr& rank = *call.args[1];
    double percent = rank.kind == PinotExpr::Kind::kLong ? static_cast<double>(rank.integer) : rank.real;
    if (rank.kind == PinotExpr::Kind::kText) std::from_chars(rank.text.data(), rank.text.data() + rank.text.size(), percent);
    return call.text + "(" + PinotExprText(*call.args[0]) + ", " + JavaDoubleText(percent) + ")";
  }
  static constexpr std::string_view kAllArguments[] = {"firstwithtime", "lastwithtime", "covarpop", "covarsamp", "corr"};
  if (std::find(std::begin(kAllArguments), std::end(kAllArguments), call.text) != std::end(kAllArguments)) return PinotExprText(call);
  // Pinot prints the first argument of the others only.
  return call.args.empty() ? call.text + "()" : call.text + "(" + PinotExprText(*call.args[0]) + ")";
}

}  // namespace lotic::catalog
