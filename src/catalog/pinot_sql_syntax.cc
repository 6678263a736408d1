// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_sql_syntax.h"

#include <algorithm>
#include <set>

namespace lotic::catalog {
namespace {

PinotExpr Node(PinotExpr::Kind kind, size_t at) {
  PinotExpr node;
  node.kind = kind;
  node.at = at;
  return node;
}

PinotExprPtr Share(PinotExpr node) { return std::make_shared<const PinotExpr>(std::move(node)); }

/// All aggregates of Pinot, also those that are not built here: they must not be taken for functions of a row.
const std::set<std::string, std::less<>>& AggregateNames() {
  static const auto* names = new std::set<std::string, std::less<>>{"count",
                                                                    "min",
                                                                    "max",
                                                                    "sum",
                                                                    "sum0",
                                                                    "sumlong",
                                                                    "sumint",
                                                                    "minlong",
                                                                    "maxlong",
                                                                    "minstring",
                                                                    "maxstring",
                                                                    "sumprecision",
                                                                    "avg",
                                                                    "mode",
                                                                    "firstwithtime",
                                                                    "lastwithtime",
                                                                    "minmaxrange",
                                                                    "distinctcount",
                                                                    "distinctcountbitmap",
                                                                    "segmentpartitioneddistinctcount",
                                                                    "distinctcounthll",
                                                                    "distinctcountrawhll",
                                                                    "distinctcountoffheap",
                                                                    "distinctcounthllplus",
                                                                    "distinctcountrawhllplus",
                                                                    "distinctcountsmarthll",
                                                                    "distinctcountsmarthllplus",
                                                                    "distinctcountull",
                                                                    "distinctcountrawull",
                                                                    "distinctcountcpcsketch",
                                                                    "distinctcountrawcpcsketch",
                                                                    "fasthll",
                                                                    "distinctcountthetasketch",
                                                                    "distinctcountrawthetasketch",
                                                                    "distinctsum",
                                                                    "distinctavg",
                                                                    "idset",
                                                                    "histogram",
                                                                    "exprmin",
                                                                    "exprmax",
                                                                    "anyvalue",
                                                                    "stddevpop",
                                                                    "stddevsamp",
                                                                    "stddev",
                                                                    "varpop",
                                                                    "varsamp",
                                                                    "variance",
                                                                    "covarpop",
                                                                    "covarsamp",
                                                                    "corr",
                                                                    "skewness",
                                                                    "kurtosis",
                                                                    "fourthmoment",
                                                                    "boolor",
                                                                    "booland",
                                                                    "arrayagg",
                                                                    "listagg",
                                                                    "frequentlongssketch",
                                                                    "frequentstringssketch",
                                                                    "stunion",
                                                                    "funnelcount",
                                                                    "funnelmaxstep",
                                                                    "funnelcompletecount",
                                                                    "funnelmatchstep",
                                                                    "countmv",
                                                                    "minmv",
                                                                    "maxmv",
                                                                    "summv",
                                                                    "avgmv",
                                                                    "minmaxrangemv",
                                                                    "distinctcountmv",
                                                                    "distinctcountbitmapmv",
                                                                    "distinctcounthllmv",
                                                                    "distinctcountrawhllmv",
                                                                    "distinctsummv",
                                                                    "distinctavgmv"};
  return *names;
}

}  // namespace

PinotExprPtr PinotLong(int64_t value, size_t at) {
  PinotExpr node = Node(PinotExpr::Kind::kLong, at);
  node.integer = value;
  return Share(std::move(node));
}
PinotExprPtr PinotDouble(double value, size_t at) {
  PinotExpr node = Node(PinotExpr::Kind::kDouble, at);
  node.real = value;
  return Share(std::move(node));
}
PinotExprPtr PinotText(std::string value, size_t at) {
  PinotExpr node = Node(PinotExpr::Kind::kText, at);
  node.text = std::move(value);
  return Share(std::move(node));
}
PinotExprPtr PinotBool(bool value, size_t at) {
  PinotExpr node = Node(PinotExpr::Kind::kBool, at);
  node.integer = value ? 1 : 0;
  return Share(std::move(node));
}
PinotExprPtr PinotNull(size_t at) { return Share(Node(PinotExpr::Kind::kNull, at)); }
PinotExprPtr PinotName(std::string name, size_t at) {
  PinotExpr node = Node(PinotExpr::Kind::kName, at);
  node.text = std::move(name);
  return Share(std::move(node));
}
PinotExprPtr PinotCall(std::string name, std::vector<PinotExprPtr> args, size_t at) {
  PinotExpr node = Node(PinotExpr::Kind::kCall, at);
  node.text = std::move(name);
  for (const PinotExprPtr& arg : args) {
    node.depth = std::max(node.depth, arg->depth + 1);
    node.size += arg->size;
  }
  node.args = std::move(args);
  return Share(std::move(node));
}

bool IsPinotAggregate(std::string_view canonical) { return AggregateNames().contains(canonical) || canonical.starts_with("percentile"); }

bool HasPinotAggregate(const PinotExpr& expr) {
  if (expr.kind != PinotExpr::Kind::kCall) return false;
  if (IsPinotAggregate(expr.text)) return true;
  return std::any_of(expr.args.begin(), expr.args.end(), [](const PinotExprPtr& arg) { return HasPinotAggregate(*arg); });
}

std::optional<PinotErrorCode> PinotErrorCodeOf(const Status& status) {
  if (status.ok() || status.detail() == nullptr || std::string_view(status.detail()->type_id()) != "lotic::catalog::PinotErrorDetail") return std::nullopt;
  return static_cast<const PinotErrorDetail&>(*status.detail()).code;
}

}  // namespace lotic::catalog
