// SPDX-License-Identifier: Apache-2.0
#include "sql/pushdown.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "duckdb/common/types/value.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/planner/expression/bound_between_expression.hpp"
#include "duckdb/planner/expression/bound_cast_expression.hpp"
#include "duckdb/planner/expression/bound_columnref_expression.hpp"
#include "duckdb/planner/expression/bound_comparison_expression.hpp"
#include "duckdb/planner/expression/bound_conjunction_expression.hpp"
#include "duckdb/planner/expression/bound_constant_expression.hpp"
#include "duckdb/planner/expression/bound_operator_expression.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "duckdb/planner/operator/logical_limit.hpp"
#include "duckdb/planner/operator/logical_top_n.hpp"
#include "sql/scan_bind.h"
#include "sql/seam.h"

namespace lotic::sql {
namespace {

using duckdb::ExpressionClass;
using duckdb::ExpressionType;

/// The one column that a conjunct speaks of.
struct Subject {
  const duckdb::LogicalGet& get;
  const TableModel& model;
  bool utc_session;  ///< the session's time zone is UTC and its calendar Gregorian: a local time and the instant that it is cast to are one number
  const ModelColumn* column = nullptr;

  /// The column that `expression` is, if it is the subject or the first seen. A local time compared with an instant (`time > now()`), or with a finer local time
  /// (`time > TIMESTAMP '...'` where it has milliseconds or seconds), comes as a cast.
  bool Is(const duckdb::Expression& expression) {
    if (expression.GetExpressionClass() == ExpressionClass::BOUND_CAST) {
      const auto& cast = expression.Cast<duckdb::BoundCastExpression>();
      const duckdb::LogicalTypeId from = cast.child->return_type.id(), to = cast.return_type.id();
      const bool coarse = from == duckdb::LogicalTypeId::TIMESTAMP_MS || from == duckdb::LogicalTypeId::TIMESTAMP_SEC;
      const bool to_instant = utc_session && to == duckdb::LogicalTypeId::TIMESTAMP_TZ && (coarse || from == duckdb::LogicalTypeId::TIMESTAMP);
      const bool to_finer = to == duckdb::LogicalTypeId::TIMESTAMP && coarse;
      return !cast.try_cast && (to_instant || to_finer) && Is(*cast.child);
    }
    if (expression.GetExpressionClass() != ExpressionClass::BOUND_COLUMN_REF) return false;
    const auto& binding = expression.Cast<duckdb::BoundColumnRefExpression>().binding;
    if (binding.table_index != get.table_index || binding.column_index >= get.GetColumnIds().size()) return false;
    const auto& id = get.GetColumnIds()[binding.column_index];
    if (id.HasChildren()) return false;
    const ModelColumn* found = model.Find(id.GetPrimaryIndex());
    if (found == nullptr || found->field.type.is_nested()) return false;
    if (column != nullptr && column != found) return false;
    column = found;
    return true;
  }
};

constexpr int64_t FloorDiv(int64_t a, int64_t b) { return a / b - ((a % b != 0) && ((a < 0) != (b < 0)) ? 1 : 0); }

/// A constant in the column's own terms. `inexact`: the constant lies between `value` and the next one (a time finer than the column's
/// unit). None: NULL, another type, or a value that our types do not have (infinite times).
struct Constant {
  Scalar value;
  bool inexact = false;
};
std::optional<Constant> ConstantFor(const ModelColumn& column, const duckdb::Expression& expression) {
  if (expression.GetExpressionType() != ExpressionType::VALUE_CONSTANT) return std::nullopt;
  const duckdb::Value& value = expression.Cast<duckdb::BoundConstantExpression>().value;
  const Type& type = column.field.type;
  // Only Subject lets an instant, or a finer local time, meet a local time. Both count microseconds.
  const duckdb::LogicalTypeId given = value.type().id();
  const bool in_micros = type.id() == TypeId::kTimestamp && type.unit() != TimeUnit::kNano &&
                         (given == duckdb::LogicalTypeId::TIMESTAMP_TZ || given == duckdb::LogicalTypeId::TIMESTAMP);
  if (value.IsNull() || (value.type() != column.type && !in_micros)) return std::nullopt;
  switch (type.id()) {
    case TypeId::kBool: return Constant{value.GetValueUnsafe<bool>()};
    case TypeId::kInt8: return Constant{int64_t{value.GetValueUnsafe<int8_t>()}};
    case TypeId::kInt16: return Constant{int64_t{value.GetValueUnsafe<int16_t>()}};
    case TypeId::kInt32: return Constant{int64_t{value.GetValueUnsafe<int32_t>()}};
    case TypeId::kInt64: return Constant{value.GetValueUnsafe<int64_t>()};
    case TypeId::kUInt8: return Constant{uint64_t{value.GetValueUnsafe<uint8_t>()}};
    case TypeId::kUInt16: return Constant{uint64_t{value.GetValueUnsafe<uint16_t>()}};
    case TypeId::kUInt32: return Constant{uint64_t{value.GetValueUnsafe<uint32_t>()}};
    case TypeId::kUInt64: return Constant{value.GetValueUnsafe<uint64_t>()};
    case TypeId::kFloat32: return Constant{static_cast<double>(value.GetValueUnsafe<float>())};
    case TypeId::kFloat64: return Constant{value.GetValueUnsafe<double>()};
    case TypeId::kString:
    case TypeId::kBinary: return Constant{duckdb::StringValue::Get(value)};
    case TypeId::kTime: return Constant{value.GetValueUnsafe<duckdb::dtime_t>().micros};
    case TypeId::kDate: {
      const duckdb::date_t date = value.GetValueUnsafe<duckdb::date_t>();
      if (!duckdb::Value::IsFinite(date)) return std::nullopt;
      return Constant{int64_t{date.days}};
    }
    case TypeId::kTimestamp: {
      const duckdb::timestamp_t time = value.GetValueUnsafe<duckdb::timestamp_t>();
      if (!duckdb::Value::IsFinite(time)) return std::nullopt;
      int64_t scale = 1;  // microseconds in the column's unit, where DuckDB's differs from it
      if (in_micros && type.unit() == TimeUnit::kMilli) scale = 1'000;
      if (in_micros && type.unit() == TimeUnit::kSecond) scale = 1'000'000;
      return Constant{FloorDiv(time.value, scale), time.value % scale != 0};
    }
    case TypeId::kDecimal128: {
      Int128 unscaled = 0;
      switch (value.type().InternalType()) {
        case duckdb::PhysicalType::INT16: unscaled = value.GetValueUnsafe<int16_t>(); break;
        case duckdb::PhysicalType::INT32: unscaled = value.GetValueUnsafe<int32_t>(); break;
        case duckdb::PhysicalType::INT64: unscaled = value.GetValueUnsafe<int64_t>(); break;
        default: {
          const auto huge = value.GetValueUnsafe<duckdb::hugeint_t>();
          unscaled = static_cast<Int128>((static_cast<unsigned __int128>(static_cast<uint64_t>(huge.upper)) << 64) | huge.lower);
        }
      }
      return Constant{unscaled};
    }
    default: return std::nullopt;
  }
}

/// Values that are not NULL for which `column <comparison> constant` holds.
std::optional<ValueSet> SetOfComparison(ExpressionType comparison, const Constant& constant) {
  const Scalar& value = constant.value;
  switch (comparison) {
    case ExpressionType::COMPARE_EQUAL:
    case ExpressionType::COMPARE_NOT_DISTINCT_FROM: return constant.inexact ? ValueSet::None(false) : ValueSet::Listed({value});
    case ExpressionType::COMPARE_NOTEQUAL:
    case ExpressionType::COMPARE_DISTINCT_FROM: {
      ValueSet set = ValueSet::All(comparison == ExpressionType::COMPARE_DISTINCT_FROM);
      if (!constant.inexact) {
        set.kind = ValueSet::Kind::kUnlisted;
        set.values = {value};
      }
      return set;
    }
    // An inexact constant lies above `value` and below its successor.
    case ExpressionType::COMPARE_LESSTHAN: return ValueSet::Range({std::nullopt, true, value, constant.inexact});
    case ExpressionType::COMPARE_LESSTHANOREQUALTO: return ValueSet::Range({std::nullopt, true, value, true});
    case ExpressionType::COMPARE_GREATERTHAN: return ValueSet::Range({value, false, std::nullopt, true});
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO: return ValueSet::Range({value, !constant.inexact, std::nullopt, true});
    default: return std::nullopt;
  }
}

ExpressionType Flipped(ExpressionType comparison) {
  switch (comparison) {
    case ExpressionType::COMPARE_LESSTHAN: return ExpressionType::COMPARE_GREATERTHAN;
    case ExpressionType::COMPARE_LESSTHANOREQUALTO: return ExpressionType::COMPARE_GREATERTHANOREQUALTO;
    case ExpressionType::COMPARE_GREATERTHAN: return ExpressionType::COMPARE_LESSTHAN;
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO: return ExpressionType::COMPARE_LESSTHANOREQUALTO;
    default: return comparison;
  }
}

std::optional<ValueSet> SetOf(const duckdb::Expression& expression, Subject* subject);

std::optional<ValueSet> Normalized(std::optional<ValueSet> set, const Subject& subject) {
  if (!set || subject.column == nullptr) return std::nullopt;
  if (!NormalizeValueSet(subject.column->field.type, DuckDbOrder(), &*set).ok()) return std::nullopt;
  return set;
}

std::optional<ValueSet> SetOfOperator(const duckdb::BoundOperatorExpression& op, Subject* subject) {
  const auto& children = op.children;
  switch (op.GetExpressionType()) {
    case ExpressionType::OPERATOR_IS_NULL: return subject->Is(*children[0]) ? std::optional(ValueSet::None(true)) : std::nullopt;
    case ExpressionType::OPERATOR_IS_NOT_NULL: return subject->Is(*children[0]) ? std::optional(ValueSet::All(false)) : std::nullopt;
    case ExpressionType::OPERATOR_NOT:
      if (!subject->Is(*children[0]) || subject->column->field.type.id() != TypeId::kBool) return std::nullopt;
      return ValueSet::Listed({false});
    case ExpressionType::COMPARE_IN:
    case ExpressionType::COMPARE_NOT_IN: {
      if (!subject->Is(*children[0])) return std::nullopt;
      const bool in = op.GetExpressionType() == ExpressionType::COMPARE_IN;
      ValueSet set;
      set.kind = in ? ValueSet::Kind::kListed : ValueSet::Kind::kUnlisted;
      for (size_t i = 1; i < children.size(); ++i) {
        std::optional<Constant> constant = ConstantFor(*subject->column, *children[i]);
        if (!constant) return std::nullopt;
        if (!constant->inexact) set.values.push_back(std::move(constant->value));
      }
      return set;
    }
    default: return std::nullopt;
  }
}

/// The values of the one column in `expression` for which it is true; none if it is not of that form.
std::optional<ValueSet> SetOf(const duckdb::Expression& expression, Subject* subject) {
  switch (expression.GetExpressionClass()) {
    case ExpressionClass::BOUND_COLUMN_REF:
      if (!subject->Is(expression) || subject->column->field.type.id() != TypeId::kBool) return std::nullopt;
      return ValueSet::Listed({true});
    case ExpressionClass::BOUND_COMPARISON: {
      const auto& comparison = expression.Cast<duckdb::BoundComparisonExpression>();
      const duckdb::Expression* column = comparison.left.get();
      const duckdb::Expression* other = comparison.right.get();
      ExpressionType type = comparison.GetExpressionType();
      if (column->GetExpressionClass() == ExpressionClass::BOUND_CONSTANT) {
        std::swap(column, other);
        type = Flipped(type);
      }
      if (!subject->Is(*column)) return std::nullopt;
      const std::optional<Constant> constant = ConstantFor(*subject->column, *other);
      if (!constant) return std::nullopt;
      return Normalized(SetOfComparison(type, *constant), *subject);
    }
    case ExpressionClass::BOUND_BETWEEN: {
      const auto& between = expression.Cast<duckdb::BoundBetweenExpression>();
      if (!subject->Is(*between.input)) return std::nullopt;
      const std::optional<Constant> low = ConstantFor(*subject->column, *between.lower);
      const std::optional<Constant> high = ConstantFor(*subject->column, *between.upper);
      if (!low || !high) return std::nullopt;
      const auto from = Normalized(SetOfComparison(between.LowerComparisonType(), *low), *subject);
      const auto to = Normalized(SetOfComparison(between.UpperComparisonType(), *high), *subject);
      if (!from || !to) return std::nullopt;
      return IntersectValueSets(subject->column->field.type, DuckDbOrder(), *from, *to);
    }
    case ExpressionClass::BOUND_OPERATOR: return Normalized(SetOfOperator(expression.Cast<duckdb::BoundOperatorExpression>(), subject), *subject);
    case ExpressionClass::BOUND_CONJUNCTION: {
      const auto& conjunction = expression.Cast<duckdb::BoundConjunctionExpression>();
      const bool is_or = conjunction.GetExpressionType() == ExpressionType::CONJUNCTION_OR;
      std::optional<ValueSet> all;
      for (const auto& child : conjunction.children) {
        std::optional<ValueSet> one = Normalized(SetOf(*child, subject), *subject);
        if (!one) return std::nullopt;
        if (!all) {
          all = std::move(one);
        } else if (is_or) {
          all = UniteValueSets(subject->column->field.type, DuckDbOrder(), *all, *one);
        } else {
          all = IntersectValueSets(subject->column->field.type, DuckDbOrder(), *all, *one);
        }
      }
      return all;
    }
    default: return std::nullopt;
  }
}

/// A LIMIT on its way down to the scans below it.
struct Limit {
  std::optional<int64_t> rows;  // what lies above takes so many at most
  std::string text;             // as EXPLAIN names one that did not arrive; empty: there is none
  std::string stopped_by;
};

Limit Stopped(Limit limit, const char* by) {
  limit.rows.reset();
  if (limit.stopped_by.empty()) limit.stopped_by = by;
  return limit;
}

const char* StopperOf(const duckdb::LogicalOperator& op) {
  switch (op.type) {
    case duckdb::LogicalOperatorType::LOGICAL_FILTER: return "a filter is left to the engine";
    case duckdb::LogicalOperatorType::LOGICAL_ORDER_BY: return "an ORDER BY stands before it";
    case duckdb::LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY: return "an aggregate stands before it";
    case duckdb::LogicalOperatorType::LOGICAL_DISTINCT: return "a DISTINCT stands before it";
    case duckdb::LogicalOperatorType::LOGICAL_WINDOW: return "a window function stands before it";
    case duckdb::LogicalOperatorType::LOGICAL_UNION: return "a UNION stands before it";
    case duckdb::LogicalOperatorType::LOGICAL_JOIN:
    case duckdb::LogicalOperatorType::LOGICAL_DELIM_JOIN:
    case duckdb::LogicalOperatorType::LOGICAL_COMPARISON_JOIN:
    case duckdb::LogicalOperatorType::LOGICAL_ANY_JOIN:
    case duckdb::LogicalOperatorType::LOGICAL_ASOF_JOIN:
    case duckdb::LogicalOperatorType::LOGICAL_POSITIONAL_JOIN:
    case duckdb::LogicalOperatorType::LOGICAL_CROSS_PRODUCT: return "a join stands before it";
    default: return "another part of the query stands before it";
  }
}

std::string LimitText(uint64_t rows) { return "LIMIT " + std::to_string(rows); }

void PassLimit(duckdb::LogicalOperator& op, Limit limit) {
  switch (op.type) {
    case duckdb::LogicalOperatorType::LOGICAL_LIMIT: {
      const auto& node = op.Cast<duckdb::LogicalLimit>();
      const bool constant = node.limit_val.Type() == duckdb::LimitNodeType::CONSTANT_VALUE;
      const bool no_offset = node.offset_val.Type() == duckdb::LimitNodeType::UNSET;
      if (!constant || (!no_offset && node.offset_val.Type() != duckdb::LimitNodeType::CONSTANT_VALUE)) {
        if (node.limit_val.Type() != duckdb::LimitNodeType::UNSET) limit = {std::nullopt, "LIMIT", "its number is not a constant"};
        break;
      }
      const uint64_t wanted = node.limit_val.GetConstantValue();
      const uint64_t skipped = no_offset ? 0 : node.offset_val.GetConstantValue();
      constexpr uint64_t kMost = uint64_t{1} << 61;  // beyond it, no limit
      if (wanted > kMost || skipped > kMost) break;
      // What lies above takes at most `limit` of the rows that are left after the skipped ones.
      const auto taken = limit.rows ? std::min(*limit.rows, static_cast<int64_t>(wanted)) : static_cast<int64_t>(wanted);
      const int64_t rows = taken + static_cast<int64_t>(skipped);
      return PassLimit(*op.children[0], {rows, LimitText(static_cast<uint64_t>(rows)), ""});
    }
    case duckdb::LogicalOperatorType::LOGICAL_TOP_N: {
      const auto& node = op.Cast<duckdb::LogicalTopN>();
      return PassLimit(*op.children[0], {std::nullopt, LimitText(node.limit + node.offset), "an ORDER BY stands before it"});
    }
    case duckdb::LogicalOperatorType::LOGICAL_PROJECTION: return PassLimit(*op.children[0], std::move(limit));
    case duckdb::LogicalOperatorType::LOGICAL_GET: {
      auto& get = op.Cast<duckdb::LogicalGet>();
      if (get.function.name != kScanName || limit.text.empty()) break;
      auto& bind = get.bind_data->Cast<ScanBind>();
      if (limit.rows && get.table_filters.filters.empty()) {
        bind.limit = limit.rows;
      } else {
        const std::pair<std::string, std::string> line(limit.text, limit.stopped_by.empty() ? "a filter is left to the engine" : limit.stopped_by);
        if (std::find(bind.not_pushed.begin(), bind.not_pushed.end(), line) == bind.not_pushed.end()) bind.not_pushed.push_back(line);
      }
      break;
    }
    default: break;
  }
  if (!limit.text.empty()) limit = Stopped(std::move(limit), StopperOf(op));
  for (auto& child : op.children) PassLimit(*child, limit);
}

}  // namespace

void PushFilters(duckdb::ClientContext& context, duckdb::LogicalGet& get, duckdb::FunctionData* data,
                 duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) {
  auto& bind = data->Cast<ScanBind>();
  const Constraints before = bind.constraints;
  bind.not_pushed.clear();
  std::vector<const ModelColumn*> subjects(filters.size(), nullptr);
  const auto is_set_to = [&context](const char* name, const char* wanted) {
    duckdb::Value value;
    return context.TryGetCurrentSetting(name, value) && !value.IsNull() && value.ToString() == wanted;
  };
  const bool utc_session = is_set_to("TimeZone", "UTC") && is_set_to("Calendar", "gregorian");  // the cast depends on both
  for (size_t i = 0; i < filters.size(); ++i) {
    Subject subject{get, *bind.model, utc_session};
    const std::optional<ValueSet> set = SetOf(*filters[i], &subject);
    if (!set) {
      bind.not_pushed.emplace_back(filters[i]->ToString(), "not a set of values of one column");
      continue;
    }
    subjects[i] = subject.column;
    const Field& field = subject.column->field;
    const auto known = bind.constraints.columns.find(field.name);
    if (known == bind.constraints.columns.end()) {
      bind.constraints.columns.emplace(field.name, *set);
    } else {
      known->second = IntersectValueSets(field.type, DuckDbOrder(), known->second, *set);
    }
  }
  if (bind.constraints == before) return;
  bind.Plan();
  // What was taken out of DuckDB's plan earlier must stay exact: if the narrower set is not, the scan keeps the wider one.
  for (const std::string& column : bind.exact) {
    if (bind.IsExact(column)) continue;
    bind.constraints = before;
    bind.Plan();
    for (size_t i = 0; i < filters.size(); ++i) {
      if (subjects[i] != nullptr) bind.not_pushed.emplace_back(filters[i]->ToString(), "an exact set of \"" + column + "\" would no longer be exact");
    }
    return;
  }
  duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> left;
  for (size_t i = 0; i < filters.size(); ++i) {
    if (subjects[i] != nullptr && bind.IsExact(subjects[i]->field.name)) {
      bind.exact.insert(subjects[i]->field.name);
    } else {
      left.push_back(std::move(filters[i]));
    }
  }
  filters = std::move(left);
}

duckdb::OptimizerExtension LimitExtension() {
  duckdb::OptimizerExtension extension;
  extension.optimize_function = [](duckdb::OptimizerExtensionInput&, duckdb::unique_ptr<duckdb::LogicalOperator>& plan) { PassLimit(*plan, {}); };
  return extension;
}

}  // namespace lotic::sql
