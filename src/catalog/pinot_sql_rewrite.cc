// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_sql_rewrite.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "catalog/pinot_sql_names.h"

namespace lotic::catalog {
namespace {

using Kind = PinotExpr::Kind;

/// A number among the literals, texts that are one included.
std::optional<double> NumberOf(const PinotExpr& literal) {
  switch (literal.kind) {
    case Kind::kLong: return static_cast<double>(literal.integer);
    case Kind::kDouble: return literal.real;
    case Kind::kText: {
      double value = 0;
      const char* end = literal.text.data() + literal.text.size();
      const auto read = std::from_chars(literal.text.data(), end, value);
      return read.ec == std::errc() && read.ptr == end ? std::optional<double>(value) : std::nullopt;
    }
    default: return std::nullopt;
  }
}

PinotExprPtr FoldedLong(int64_t value, size_t at) {
  PinotExpr node = *PinotLong(value, at);
  node.folded = true;
  return std::make_shared<const PinotExpr>(std::move(node));
}

/// Null: not folded.
PinotExprPtr FoldArithmetic(const PinotExpr& call) {
  if (call.text == "minusprefix" && call.args.size() == 1) {
    const PinotExpr& one = *call.args[0];
    if (one.kind == Kind::kDouble) return PinotDouble(-one.real, call.at);
    if (one.kind == Kind::kLong && one.integer != INT64_MIN) return one.folded ? FoldedLong(-one.integer, call.at) : PinotLong(-one.integer, call.at);
    return nullptr;
  }
  if (call.args.size() != 2) return nullptr;
  const bool plus = call.text == "plus", minus = call.text == "minus", times = call.text == "times", divide = call.text == "divide", mod = call.text == "mod";
  if (!plus && !minus && !times && !divide && !mod) return nullptr;
  const PinotExpr& left = *call.args[0];
  const PinotExpr& right = *call.args[1];
  if (left.kind == Kind::kLong && right.kind == Kind::kLong) {
    int64_t exact = 0;
    if (plus && !__builtin_add_overflow(left.integer, right.integer, &exact)) return FoldedLong(exact, call.at);
    if (minus && !__builtin_sub_overflow(left.integer, right.integer, &exact)) return FoldedLong(exact, call.at);
    if (times && !__builtin_mul_overflow(left.integer, right.integer, &exact)) return FoldedLong(exact, call.at);
    if (mod && right.integer > 0) return FoldedLong(left.integer % right.integer, call.at);
  }
  const std::optional<double> a = NumberOf(left), b = NumberOf(right);
  if (!a || !b) return nullptr;
  return PinotDouble(plus ? *a + *b : minus ? *a - *b : times ? *a * *b : divide ? *a / *b : std::fmod(*a, *b), call.at);
}

/// Milliseconds of an ISO 8601 duration of days and below: P1D, PT1H30M, -PT0.5S.
std::optional<int64_t> IsoPeriod(std::string_view text) {
  double total = 0;
  bool negative = false, time = false, any = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty() || (text[0] != 'P' && text[0] != 'p')) return std::nullopt;
  text.remove_prefix(1);
  while (!text.empty()) {
    if (text[0] == 'T' || text[0] == 't') {
      if (time) return std::nullopt;
      time = true;
      text.remove_prefix(1);
      continue;
    }
    double count = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
    if (read.ec != std::errc() || read.ptr == text.data() + text.size()) return std::nullopt;
    const char unit = static_cast<char>(*read.ptr & ~0x20);
    const double ms = !time && unit == 'D' ? 86'400'000 : time && unit == 'H' ? 3'600'000 : time && unit == 'M' ? 60'000 : time && unit == 'S' ? 1000 : 0;
    if (ms == 0) return std::nullopt;
    total += count * ms;
    any = true;
    text.remove_prefix(static_cast<size_t>(read.ptr + 1 - text.data()));
  }
  if (!any || !(std::abs(total) < 9e15)) return std::nullopt;
  return static_cast<int64_t>(std::llround(negative ? -total : total));
}

using Rewrite = std::function<Result<PinotExprPtr>(const PinotExprPtr&)>;

/// Applies `rewrite` to every expression of a query.
Status ForEach(PinotSelect* select, bool items, bool where, const Rewrite& rewrite) {
  if (items) {
    for (PinotSelectItem& item : select->items) {
      LOTIC_ASSIGN_OR_RETURN(item.expr, rewrite(item.expr));
    }
  }
  if (where && select->where != nullptr) {
    LOTIC_ASSIGN_OR_RETURN(select->where, rewrite(select->where));
  }
  for (PinotExprPtr& key : select->group_by) {
    LOTIC_ASSIGN_OR_RETURN(key, rewrite(key));
  }
  if (select->having != nullptr) {
    LOTIC_ASSIGN_OR_RETURN(select->having, rewrite(select->having));
  }
  for (PinotOrderItem& item : select->order_by) {
    LOTIC_ASSIGN_OR_RETURN(item.expr, rewrite(item.expr));
  }
  return Status::OK();
}

struct Alias {
  PinotExprPtr expr;
  std::string text;  // of expr
  bool aggregate;
};
using Aliases = std::map<std::string, Alias, std::less<>>;

/// Puts the aliased expressions in the place of their names, not within themselves: `GROUP BY f(ts)` where `f(ts) AS ts` is selected means f(ts), and no aggregate gets into another.
PinotExprPtr WithAliases(const PinotExprPtr& expr, const Aliases& aliases, bool no_aggregates) {
  if (expr->kind == Kind::kName) {
    const auto found = aliases.find(expr->text);
    return found == aliases.end() || (no_aggregates && found->second.aggregate) ? expr : found->second.expr;
  }
  if (expr->kind != Kind::kCall) return expr;
  const std::string text = PinotExprText(*expr);
  for (const auto& [name, alias] : aliases) {
    if (alias.text == text) return expr;
  }
  no_aggregates = no_aggregates || IsPinotAggregate(expr->text);
  std::vector<PinotExprPtr> args;
  bool changed = false;
  for (const PinotExprPtr& arg : expr->args) {
    args.push_back(WithAliases(arg, aliases, no_aggregates));
    changed = changed || args.back() != arg;
  }
  return changed ? PinotCall(expr->text, std::move(args), expr->at) : expr;
}

Result<PinotExprPtr> CheckSize(PinotExprPtr expr, size_t* nodes) {
  *nodes += expr->size;
  if (*nodes > kMaxPinotSqlNodes || expr->depth > kMaxPinotSqlDepth) {
    return Status::CapacityError("with its aliases and ordinals put in, the query has more than ", kMaxPinotSqlNodes,
                                 " operators, names and literals, or is nested more than ", kMaxPinotSqlDepth, " deep")
        .WithDetail(std::make_shared<PinotErrorDetail>(PinotErrorCode::kSqlParsing));
  }
  return expr;
}

Status ApplyAliases(PinotSelect* select) {
  Aliases aliases;
  std::set<std::string> lower;
  for (const PinotSelectItem& item : select->items) {
    if (!item.alias || (item.expr->kind == Kind::kName && item.expr->text == *item.alias)) continue;
    std::string key;
    for (const char c : *item.alias) key += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (!lower.insert(key).second) return PinotError(PinotErrorCode::kSqlParsing, "Duplicated alias name found.");
    aliases[*item.alias] = {item.expr, PinotExprText(*item.expr), HasPinotAggregate(*item.expr)};
  }
  if (aliases.empty()) return Status::OK();
  size_t nodes = 0;
  if (select->where != nullptr) {
    LOTIC_ASSIGN_OR_RETURN(select->where, CheckSize(WithAliases(select->where, aliases, true), &nodes));
  }
  return ForEach(select, false, false, [&](const PinotExprPtr& expr) { return CheckSize(WithAliases(expr, aliases, false), &nodes); });
}

Status ApplyOrdinals(PinotSelect* select) {
  size_t nodes = 0;
  const auto ordinal = [&](PinotExprPtr* expr) {
    if ((*expr)->kind != Kind::kLong || (*expr)->folded) return Status::OK();
    const int64_t number = (*expr)->integer;
    if (number < 1 || number > static_cast<int64_t>(select->items.size())) {
      return PinotError(PinotErrorCode::kSqlParsing, "Expected Ordinal value to be between 1 and ", select->items.size(), ", not ", number);
    }
    LOTIC_ASSIGN_OR_RETURN(*expr, CheckSize(select->items[static_cast<size_t>(number - 1)].expr, &nodes));
    return Status::OK();
  };
  for (PinotExprPtr& key : select->group_by) LOTIC_RETURN_NOT_OK(ordinal(&key));
  for (PinotOrderItem& item : select->order_by) LOTIC_RETURN_NOT_OK(ordinal(&item.expr));
  return Status::OK();
}

/// sum(arraysum(x)) is summv(x), and so on; as Pinot names them.
PinotExprPtr WithArrayAggregates(const PinotExprPtr& expr) {
  if (expr->kind != Kind::kCall) return expr;
  for (const char* name : {"sum", "min", "max"}) {
    if (expr->is_call(name) && expr->args.size() == 1 && expr->args[0]->is_call("array" + std::string(name)))
      return PinotCall(std::string(name) + "mv", expr->args[0]->args, expr->at);
  }
  std::vector<PinotExprPtr> args;
  for (const PinotExprPtr& arg : expr->args) args.push_back(WithArrayAggregates(arg));
  return args == expr->args ? expr : PinotCall(expr->text, std::move(args), expr->at);
}

void Names(const PinotExpr& expr, std::set<std::string>* names) {
  if (expr.kind == Kind::kName && expr.text != "*") names->insert(expr.text);
  for (const PinotExprPtr& arg : expr.args) Names(*arg, names);
}

/// Whether a column is read outside of aggregates and of the group's keys. @return its name.
std::optional<std::string> Ungrouped(const PinotExpr& expr, const std::set<std::string>& keys) {
  if (expr.is_literal() || keys.contains(PinotExprText(expr))) return std::nullopt;
  if (expr.kind == Kind::kName) return expr.text;
  if (IsPinotAggregate(expr.text) || expr.text == "filter") return std::nullopt;
  for (const PinotExprPtr& arg : expr.args) {
    if (std::optional<std::string> found = Ungrouped(*arg, keys)) return found;
  }
  return std::nullopt;
}

Status CheckDistinct(const PinotSelect& select) {
  std::set<std::string> texts;
  for (const PinotSelectItem& item : select.items) {
    if (item.expr->kind == Kind::kName && item.expr->text == "*") {
      return PinotError(PinotErrorCode::kSqlParsing,
                        "Syntax error: Pinot currently does not support DISTINCT with *. Please specify each column name after DISTINCT keyword");
    }
    if (HasPinotAggregate(*item.expr))
      return PinotError(PinotErrorCode::kSqlParsing, "Syntax error: Use of DISTINCT with aggregation functions is not supported");
    texts.insert(PinotExprText(*item.expr));
  }
  if (select.limit && *select.limit <= 0) return PinotError(PinotErrorCode::kSqlParsing, "DISTINCT must have positive LIMIT");
  for (const PinotOrderItem& item : select.order_by) {
    if (!texts.contains(PinotExprText(*item.expr))) {
      return PinotError(PinotErrorCode::kSqlParsing, "ORDER-BY columns should be included in the DISTINCT columns: ", PinotExprText(*item.expr));
    }
  }
  return Status::OK();
}

Status CheckGroups(PinotSelect* select) {
  const auto aggregates = [](const auto& list) {
    return std::any_of(list.begin(), list.end(), [](const auto& item) { return HasPinotAggregate(*item.expr); });
  };
  const bool any = aggregates(select->items) || aggregates(select->order_by) || (select->having != nullptr && HasPinotAggregate(*select->having));
  if (select->distinct) {
    if (!select->group_by.empty()) return PinotError(PinotErrorCode::kSqlParsing, "DISTINCT with GROUP BY is not supported");
    if (select->having != nullptr) return PinotError(PinotErrorCode::kSqlParsing, "DISTINCT with HAVING is not supported");
    return CheckDistinct(*select);
  }
  std::set<std::string> keys;
  for (const PinotExprPtr& key : select->group_by) {
    if (HasPinotAggregate(*key))
      return PinotError(PinotErrorCode::kSqlParsing, "Aggregate expression '", PinotExprText(*key), "' is not allowed in GROUP BY clause.");
    keys.insert(PinotExprText(*key));
  }
  if (select->group_by.empty() && !any) {
    if (select->having != nullptr) return PinotError(PinotErrorCode::kSqlParsing, "HAVING without GROUP BY and aggregates");
    return Status::OK();
  }
  if (!any && select->having == nullptr) {  // the groups are the rows
    std::set<std::string> selected, grouped;
    for (const PinotSelectItem& item : select->items) Names(*item.expr, &selected);
    for (const PinotExprPtr& key : select->group_by) Names(*key, &grouped);
    for (const std::string& name : selected) {
      if (!grouped.contains(name)) {
        return PinotError(PinotErrorCode::kSqlParsing,
                          "For non-aggregation group by query, all the identifiers in select clause should be in groupBys. Found identifier: [", name, "]");
      }
    }
    select->group_by.clear();
    select->distinct = true;
    return CheckDistinct(*select);
  }
  for (const PinotSelectItem& item : select->items) {
    if (const std::optional<std::string> name = Ungrouped(*item.expr, keys)) {
      if (select->group_by.empty())
        return PinotError(PinotErrorCode::kSqlParsing, "Columns and Aggregate functions can't co-exist without GROUP BY clause: '", *name, "'");
      return PinotError(PinotErrorCode::kSqlParsing, "'", PinotExprText(*item.expr), "' should appear in GROUP BY clause.");
    }
  }
  return Status::OK();
}

}  // namespace

Result<PinotExprPtr> FoldPinotLiterals(const PinotExprPtr& expr, std::optional<int64_t> now_ms) {
  if (expr->kind != Kind::kCall) return expr;
  std::vector<PinotExprPtr> args;
  bool changed = false, literal = true;
  for (const PinotExprPtr& arg : expr->args) {
    LOTIC_ASSIGN_OR_RETURN(PinotExprPtr folded, FoldPinotLiterals(arg, now_ms));
    changed = changed || folded != arg;
    literal = literal && folded->is_literal();
    args.push_back(std::move(folded));
  }
  const PinotExprPtr call = changed ? PinotCall(expr->text, std::move(args), expr->at) : expr;
  if (!literal) return call;
  if (now_ms && call->is_call("now") && call->args.empty()) return PinotLong(*now_ms, call->at);
  if (now_ms && call->is_call("ago") && call->args.size() == 1 && call->args[0]->kind == Kind::kText) {
    const std::optional<int64_t> period = IsoPeriod(call->args[0]->text);
    if (!period) return PinotError(PinotErrorCode::kSqlParsing, "ago() expects a period such as 'PT1H' or 'P1D', not '", call->args[0]->text, "'");
    return PinotLong(*now_ms - *period, call->at);
  }
  PinotExprPtr folded = FoldArithmetic(*call);
  return folded != nullptr ? folded : call;
}

Status FoldPinotSelect(PinotSelect* select, std::optional<int64_t> now_ms) {
  return ForEach(select, true, true, [&](const PinotExprPtr& expr) { return FoldPinotLiterals(expr, now_ms); });
}

Status RewritePinotSelect(PinotSelect* select) {
  LOTIC_RETURN_NOT_OK(FoldPinotSelect(select, std::nullopt));
  for (PinotSelectItem& item : select->items) item.expr = WithArrayAggregates(item.expr);
  LOTIC_RETURN_NOT_OK(ApplyAliases(select));
  LOTIC_RETURN_NOT_OK(ApplyOrdinals(select));
  return CheckGroups(select);
}

}  // namespace lotic::catalog
