// SPDX-License-Identifier: Apache-2.0
#include "athena/request_scan.h"

#include <algorithm>

#include "athena/passthrough.h"

namespace lotic::athena {
namespace {

// That a request asks for the query its layout was made of: the layout's arguments are the verified ones.
Status CheckSameQuery(const TableReference& table, const std::vector<std::pair<std::string, std::string>>& sent) {
  if (table.arguments.empty()) return sent.empty() ? Status::OK() : NoPassthrough(table.name);
  std::map<std::string, std::string> by_case;
  for (const auto& [name, value] : sent) {
    if (name != kSignatureKey && !value.empty()) by_case[LowerCase(name)] = value;
  }
  const bool same = by_case.size() == table.arguments.size() && std::all_of(table.arguments.begin(), table.arguments.end(), [&](const auto& own) {
                      const auto found = by_case.find(LowerCase(own.first));
                      return found != by_case.end() && found->second == own.second;
                    });
  if (same) return Status::OK();
  return Status::Invalid("query passthrough: the arguments of the request are not those that its table layout was made with (", table.name.ToString(), ")");
}

}  // namespace

std::set<std::string> ColumnsNamedBy(const WireConstraints& constraints) {
  std::set<std::string> names;
  for (const auto& [name, set] : constraints.summary) names.insert(name);
  std::vector<const WireExpression*> open;
  for (const WireExpression& expression : constraints.expressions) open.push_back(&expression);
  while (!open.empty()) {
    const WireExpression* expression = open.back();
    open.pop_back();
    if (expression->kind == WireExpression::Kind::kVariable) names.insert(expression->name);
    for (const WireExpression& arg : expression->args) open.push_back(&arg);
  }
  return names;
}

Result<RequestScan> MakeRequestScan(const TableReference& table, const WireConstraints& constraints, const ReadPolicy& policy) {
  LOTIC_RETURN_NOT_OK(CheckSameQuery(table, constraints.passthrough));
  RequestScan made;
  made.scan.arguments = table.arguments;
  LOTIC_ASSIGN_OR_RETURN(LogicalConstraints logical, ToLogicalConstraints(constraints, table.columns));
  if (!logical.expressions_exact) {
    std::string why;
    for (const std::string& sentence : logical.left_out) why += (why.empty() ? ": " : "; ") + sentence;
    return Status::NotImplemented("table ", table.name.ToString(), ": a filter expression cannot be evaluated", why,
                                  "; GetDataSourceCapabilities lists the functions that can be pushed down");
  }
  made.scan.table = table.name;
  made.scan.layout = table.columns;
  made.scan.constraints.columns = std::move(logical.constraints.columns);
  made.scan.policy = policy;
  made.scan.compare = kSdkCompare;
  made.expressions = std::move(logical.constraints.expressions);
  // A plan may hold filters that nothing else in the request does: rows must then not be counted before the engine has seen them.
  const bool may_stop = constraints.limit >= 0 && logical.exact && constraints.order_by.empty() && !constraints.plan;
  if (may_stop) made.limit = constraints.limit;
  // The connector may count only where the door drops nothing after it: the SDK's filter and SQL's differ (zeros, zones).
  const bool filtered = !constraints.summary.empty() || !constraints.expressions.empty();
  if (may_stop && !filtered && constraints.limit > 0) made.scan.limit = constraints.limit;
  return made;
}

GetDataSourceCapabilitiesResponse DoorCapabilities(std::string catalog) {
  // No arithmetic: the evaluator has none for decimals, and cannot refuse what it has promised. No top-N: nothing here sorts. No collation hint: strings are
  // compared as the SDK does, which is what Athena expects of it.
  return {std::move(catalog),
          {{"supports_filter_pushdown", {{"sorted_range_set", {}}, {"equatable_range_set", {}}, {"all_or_none_value_set", {}}, {"nullable_comparison", {}}}},
           {"supports_complex_expression_pushdown",
            {{"supported_function_expression_types",
              {"$and", "$or", "$not", "$is_null", "$equal", "$not_equal", "$less_than", "$less_than_or_equal", "$greater_than", "$greater_than_or_equal",
               "$is_distinct_from", "$in", "$array", "$like_pattern", "$nullif"}}}},
           {"supports_limit_pushdown", {{"integer_constant", {}}}}}};
}

}  // namespace lotic::athena
