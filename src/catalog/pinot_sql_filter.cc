// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>
#include <functional>

#include "catalog/pinot_sql_names.h"
#include "catalog/pinot_sql_translator.h"

// Conditions. Where a default stands for NULL, a comparison of a bare column with a literal is decided for the default here, so that what remains is a plain comparison that a scan can take:
//   ts > X, default below X:   "ts" > X                        (NULL does not pass, and it should not)
//   ts < X, default below X:   ("ts" < X OR "ts" IS NULL)
// Negations are pushed down to the comparisons first, since NOT (NULL) would not pass where it should.

namespace lotic::catalog {
namespace {

using Kind = PinotExpr::Kind;

/// The other way round: what is true where `op` is false.
std::string_view Opposite(std::string_view op) {
  if (op == "=") return "<>";
  if (op == "<>") return "=";
  if (op == "<") return ">=";
  if (op == "<=") return ">";
  if (op == ">") return "<=";
  return "<";
}
/// With its sides exchanged.
std::string_view Mirrored(std::string_view op) {
  if (op == "<") return ">";
  if (op == "<=") return ">=";
  if (op == ">") return "<";
  if (op == ">=") return "<=";
  return op;
}

bool Holds(int order, std::string_view op) {
  if (op == "=") return order == 0;
  if (op == "<>") return order != 0;
  if (op == "<") return order < 0;
  if (op == "<=") return order <= 0;
  if (op == ">") return order > 0;
  return order >= 0;
}

/// A literal beside a value of `type`, ready to be compared: what is no value of that type becomes one that gives the same answer.
struct Bound {
  std::string_view op;
  std::string constant;       // of the value's DuckDB type
  std::string stored;         // of the column's, where that differs
  std::optional<bool> known;  // the comparison is that for every value
  PinotExprPtr literal;       // for the default
};

/// Compares a default with a literal of the same column. Nothing: not known here.
std::optional<int> Order(const PinotExpr& left, const PinotExpr& right, PinotType type) {
  const auto order = [](auto a, auto b) { return a < b ? -1 : a > b ? 1 : 0; };
  switch (type) {
    case PinotType::kInt:
    case PinotType::kLong:
      if (left.kind == Kind::kLong && right.kind == Kind::kLong) return order(left.integer, right.integer);
      return std::nullopt;
    case PinotType::kFloat:
    case PinotType::kDouble: {
      const std::optional<double> a = PinotNumberOf(left), b = PinotNumberOf(right);
      if (!a || !b) return std::nullopt;
      return type == PinotType::kFloat ? order(static_cast<float>(*a), static_cast<float>(*b)) : order(*a, *b);
    }
    case PinotType::kTimestamp: {
      const Result<int64_t> a = PinotMillisOf(left), b = PinotMillisOf(right);
      if (!a.ok() || !b.ok()) return std::nullopt;
      return order(*a, *b);
    }
    case PinotType::kBoolean: {
      const Result<bool> a = PinotTruthOf(left), b = PinotTruthOf(right);
      if (!a.ok() || !b.ok()) return std::nullopt;
      return order(*a, *b);
    }
    case PinotType::kBytes: {
      std::string a = PinotLiteralText(left), b = PinotLiteralText(right);
      for (std::string* hex : {&a, &b}) {
        for (char& c : *hex) {
          if (c >= 'A' && c <= 'F') c = static_cast<char>(c + 32);
        }
      }
      return order(a, b);  // as the bytes do
    }
    case PinotType::kString:
    case PinotType::kJson: return order(std::string_view(left.text), std::string_view(PinotLiteralText(right)));
    default: return std::nullopt;
  }
}

/// 1.5 against whole numbers: `> 1.5` is `> 1`, `= 1.5` never holds.
Result<Bound> WholeBound(std::string_view op, const PinotExprPtr& literal, PinotType type) {
  Bound bound{op, "", "", std::nullopt, literal};
  std::optional<double> number;
  if (literal->kind == Kind::kLong) {
    bound.constant = SqlLong(literal->integer);
    return bound;
  }
  if (literal->kind == Kind::kBool)
    return PinotError(PinotErrorCode::kQueryValidation, "'", PinotLiteralText(*literal), "' is no value of type ", PinotTypeName(type));
  if (literal->kind == Kind::kText && literal->text.find_first_of(".eEIN") == std::string::npos) {
    LOTIC_ASSIGN_OR_RETURN(bound.constant, SqlConstant(*literal, PinotType::kLong));
    int64_t value = 0;
    if (std::from_chars(literal->text.data(), literal->text.data() + literal->text.size(), value).ec == std::errc())
      bound.literal = PinotLong(value, literal->at);
    return bound;
  }
  number = PinotNumberOf(*literal);
  if (!number) return PinotError(PinotErrorCode::kQueryValidation, "'", PinotLiteralText(*literal), "' is no value of type ", PinotTypeName(type));
  const double value = *number;
  if (std::isnan(value)) {
    bound.known = op == "<>";
    return bound;
  }
  if (value >= 9223372036854775808.0 || value < -9223372036854775808.0) {
    bound.known = op == "<>" || (value > 0 ? op == "<" || op == "<=" : op == ">" || op == ">=");
    return bound;
  }
  if (value != std::floor(value)) {
    if (op == "=" || op == "<>") {
      bound.known = op == "<>";
      return bound;
    }
    const bool below = op == ">" || op == "<=";
    bound.literal = PinotLong(static_cast<int64_t>(below ? std::floor(value) : std::ceil(value)), literal->at);
  } else {
    bound.literal = PinotLong(static_cast<int64_t>(value), literal->at);
  }
  bound.constant = SqlLong(bound.literal->integer);
  return bound;
}

Result<Bound> BoundOf(std::string_view op, const PinotExprPtr& literal, const PinotValue& value) {
  if (literal->kind == Kind::kNull) return PinotError(PinotErrorCode::kSqlParsing, "NULL is nothing to compare with: write IS NULL");
  if (value.type == PinotType::kInt || value.type == PinotType::kLong || value.bits > 0) return WholeBound(op, literal, value.type);
  Bound bound{op, "", "", std::nullopt, literal};
  LOTIC_ASSIGN_OR_RETURN(bound.constant, SqlConstant(*literal, value.type));
  if (value.type == PinotType::kTimestamp) {
    LOTIC_ASSIGN_OR_RETURN(const int64_t ms, PinotMillisOf(*literal));
    bound.stored = SqlInstant(ms);
  }
  return bound;
}

std::string Decimal(const std::string& sql) { return "CAST(" + sql + " AS DECIMAL(38, 18))"; }

/// `test`: the condition over a subject, given as SQL and whether it is the stored form of a column.
using Test = std::function<std::string(const std::string& subject, bool stored)>;

/// A condition over the elements of an array: whether any passes.
std::string AnyElement(const PinotValue& array, const Test& test, bool none) {
  return "(len(list_filter(" + array.sql + ", lambda lotic_e: " + test("lotic_e", false) + ")) " + (none ? "= 0)" : "> 0)");
}

}  // namespace

Result<std::string> PinotTranslator::Filter(const PinotExprPtr& expr, bool negated) {
  Result<std::string> condition = Condition(expr, negated);
  if (!condition.ok()) return Placed(condition.status(), *expr);
  return condition;
}

Result<std::string> PinotTranslator::Condition(const PinotExprPtr& expr, bool negated) {
  LOTIC_RETURN_NOT_OK(Visit());
  const PinotExpr& call = *expr;
  if (call.kind == Kind::kBool) return std::string((call.integer != 0) != negated ? "TRUE" : "FALSE");
  if (call.kind == Kind::kNull && null_handling()) return std::string("CAST(NULL AS BOOLEAN)");
  if (call.kind == Kind::kCall) {
    const std::string& name = call.text;
    if (name == "and" || name == "or") {
      LOTIC_RETURN_NOT_OK(Need(call, 1, kMaxPinotSqlNodes));
      std::string joined;
      for (const PinotExprPtr& arg : call.args) {
        // In SQL's logic NOT stays where it is; without NULLs it is pushed down.
        LOTIC_ASSIGN_OR_RETURN(const std::string part, Filter(arg, negated));
        if (!joined.empty()) joined += (name == "and") != negated ? " AND " : " OR ";
        joined += part;
        if (joined.size() > kMaxDuckDbSqlBytes) {
          return Status::CapacityError("the query grows beyond ", kMaxDuckDbSqlBytes, " bytes when it is translated")
              .WithDetail(std::make_shared<PinotErrorDetail>(PinotErrorCode::kQueryValidation));
        }
      }
      return call.args.size() == 1 ? joined : "(" + joined + ")";
    }
    if (name == "not") {
      LOTIC_RETURN_NOT_OK(Need(call, 1, 1));
      return Filter(call.args[0], !negated);
    }
    static const std::map<std::string, std::string_view, std::less<>> comparisons{
        {"equals", "="}, {"not_equals", "<>"}, {"greater_than", ">"}, {"greater_than_or_equal", ">="}, {"less_than", "<"}, {"less_than_or_equal", "<="}};
    if (const auto op = comparisons.find(name); op != comparisons.end()) return Comparison(call, op->second, negated);
    if (name == "between") return Between(call, negated);
    if (name == "in" || name == "not_in") return In(call, negated != (name == "not_in"));
    if (name == "like" || name == "regexp_like") return Match(call, negated);
    if (name == "is_null" || name == "is_not_null") return NullTest(call, negated != (name == "is_not_null"));
    if (name == "isdistinctfrom" || name == "isnotdistinctfrom") return Distinctness(call, negated != (name == "isnotdistinctfrom"));
    if (name == "istrue" || name == "isfalse" || name == "isnottrue" || name == "isnotfalse") {
      LOTIC_RETURN_NOT_OK(Need(call, 1, 1));
      LOTIC_ASSIGN_OR_RETURN(PinotValue value, Value(call.args[0]));
      LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, PinotType::kBoolean));
      const bool not_ = (name == "isnottrue" || name == "isnotfalse") != negated;
      return "(" + value.sql + " IS " + (not_ ? "NOT " : "") + (name.ends_with("true") ? "TRUE)" : "FALSE)");
    }
    if (name == "text_match" || name == "json_match" || name == "text_contains") {
      return PinotNotSupported(PinotErrorCode::kQueryValidation, name, " is not built yet: LIKE, REGEXP_LIKE and JSON_EXTRACT_SCALAR find texts and values");
    }
  }
  // Anything else is true where it equals true.
  LOTIC_ASSIGN_OR_RETURN(PinotValue value, Value(expr));
  if (value.column != nullptr && value.type == PinotType::kBoolean && !value.array)
    return Comparison(*PinotCall("equals", {expr, PinotBool(true, call.at)}, call.at), "=", negated);
  if (value.type != PinotType::kBoolean || value.array || value.literal != nullptr) {
    if (value.array || value.literal == nullptr) {
      if (value.array || IsPinotText(value.type) || value.type == PinotType::kBytes || value.type == PinotType::kTimestamp) {
        return PinotError(PinotErrorCode::kQueryValidation, "a condition is expected, not ", PinotExprText(call).substr(0, 200), " of type ",
                          PinotResultTypeName(value.type, !value.array));
      }
    }
    LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, PinotType::kBoolean));
  }
  return negated ? "(NOT " + value.sql + ")" : value.sql;
}

/// The condition over the subject of a comparison: its elements, the bare column or the value.
static Result<std::string> OverSubject(const PinotValue& subject, bool defaults, std::optional<bool> for_default, bool negated_any, const Test& positive,
                                       const Test& test) {
  if (subject.array) return AnyElement(subject, positive, negated_any);
  if (subject.column == nullptr || !defaults || subject.column->substitute == nullptr) {
    const bool stored = subject.column != nullptr;
    return test(stored ? subject.column->raw : subject.sql, stored);
  }
  if (!for_default) return test(subject.sql, false);
  const std::string& raw = subject.column->raw;
  return *for_default ? "(" + test(raw, true) + " OR " + raw + " IS NULL)" : test(raw, true);
}

Result<std::string> PinotTranslator::Comparison(const PinotExpr& call, std::string_view op, bool negated) {
  LOTIC_RETURN_NOT_OK(Need(call, 2, 2));
  PinotExprPtr left = call.args[0], right = call.args[1];
  if (left->is_literal() && !right->is_literal()) {
    std::swap(left, right);
    op = Mirrored(op);
  }
  LOTIC_ASSIGN_OR_RETURN(const PinotValue subject, Value(left));
  const bool defaults = nulls_ != PinotNulls::kSql;
  if (right->is_literal()) {
    if (left->is_literal()) {  // two literals
      if (left->kind == Kind::kNull || right->kind == Kind::kNull)
        return PinotError(PinotErrorCode::kSqlParsing, "NULL is nothing to compare with: write IS NULL");
      const std::optional<double> a = PinotNumberOf(*left), b = PinotNumberOf(*right);
      const std::string x = PinotLiteralText(*left), y = PinotLiteralText(*right);
      const int order = a && b ? (*a < *b ? -1 : *a > *b ? 1 : 0) : (x < y ? -1 : x > y ? 1 : 0);
      return std::string(Holds(order, op) != negated ? "TRUE" : "FALSE");
    }
    LOTIC_ASSIGN_OR_RETURN(const Bound bound, BoundOf(op, right, subject));
    if (bound.known) return std::string(*bound.known != negated ? "TRUE" : "FALSE");
    const std::string_view used = negated ? Opposite(bound.op) : bound.op;
    const auto test_with = [&](std::string_view sign) {
      return [&, sign](const std::string& of, bool stored) {
        if (subject.type == PinotType::kBigDecimal) return Decimal(of) + " " + std::string(sign) + " " + Decimal(bound.constant);
        const bool instant = stored && subject.column != nullptr && subject.column->epoch_ms;
        return of + " " + std::string(sign) + " " + (instant ? bound.stored : bound.constant);
      };
    };
    if (subject.array) {
      // `<>` and NOT (…): no element is equal, or within.
      const bool unequal = bound.op == "<>";
      return AnyElement(subject, test_with(unequal ? "=" : bound.op), unequal != negated);
    }
    std::optional<bool> for_default;
    if (defaults && subject.column != nullptr && subject.column->substitute != nullptr) {
      const std::optional<int> order = Order(*subject.column->substitute, *bound.literal, subject.type);
      if (order) for_default = Holds(*order, used);
    }
    return OverSubject(subject, defaults, for_default, false, test_with(used), test_with(used));
  }
  // Two expressions.
  LOTIC_ASSIGN_OR_RETURN(PinotValue other, Value(right));
  if (subject.array || other.array)
    return PinotError(PinotErrorCode::kQueryValidation, "multi-value columns are compared with literals only: ", PinotExprText(call).substr(0, 200));
  PinotValue one = subject;
  const std::string_view used = negated ? Opposite(op) : op;
  const auto whole = [](const PinotValue& value) {
    return value.bits > 0 || value.type == PinotType::kInt || value.type == PinotType::kLong || value.type == PinotType::kTimestamp;
  };
  if (other.constant && subject.column != nullptr && whole(subject) && whole(other) && subject.type != PinotType::kInt) {
    // A constant that DuckDB computes: it also decides what becomes of NULL, and the scan sees a plain comparison.
    const PinotColumn& column = *subject.column;
    const std::string stored = column.epoch_ms ? "timezone('UTC', make_timestamp_ms(CAST(" + other.sql + " AS BIGINT)))" : other.sql;
    std::string sql = column.raw + " " + std::string(used) + " " + stored;
    if (defaults && column.substitute != nullptr) {
      LOTIC_ASSIGN_OR_RETURN(const std::string substitute, SqlConstant(*column.substitute, column.type));
      sql = "(" + sql + " OR (" + column.raw + " IS NULL AND " + substitute + " " + std::string(used) + " " + other.sql + "))";
    }
    return sql;
  }
  if (one.type == PinotType::kBigDecimal || other.type == PinotType::kBigDecimal) {
    return Decimal(one.sql) + " " + std::string(used) + " " + Decimal(other.sql);
  }
  if (!(whole(one) && whole(other)) && !(one.type == other.type && one.bits == 0 && other.bits == 0) && !(IsPinotText(one.type) && IsPinotText(other.type))) {
    const PinotType type = one.type == PinotType::kTimestamp || other.type == PinotType::kTimestamp ? PinotType::kTimestamp
                           : one.type == PinotType::kBytes || other.type == PinotType::kBytes       ? PinotType::kBytes
                                                                                                    : PinotType::kDouble;
    LOTIC_ASSIGN_OR_RETURN(one, ConvertValue(one, type));
    LOTIC_ASSIGN_OR_RETURN(other, ConvertValue(other, type));
  }
  return one.sql + " " + std::string(used) + " " + other.sql;
}

Result<std::string> PinotTranslator::Between(const PinotExpr& call, bool negated) {
  LOTIC_RETURN_NOT_OK(Need(call, 3, 3));
  const PinotExprPtr low = PinotCall("greater_than_or_equal", {call.args[0], call.args[1]}, call.at);
  const PinotExprPtr high = PinotCall("less_than_or_equal", {call.args[0], call.args[2]}, call.at);
  LOTIC_ASSIGN_OR_RETURN(const PinotValue subject, Value(call.args[0]));
  if (!subject.array) return Filter(PinotCall("and", {low, high}, call.at), negated);
  // One element must lie within both.
  if (!call.args[1]->is_literal() || !call.args[2]->is_literal()) {
    return PinotError(PinotErrorCode::kQueryValidation, "multi-value columns are compared with literals only: ", PinotExprText(call).substr(0, 200));
  }
  LOTIC_ASSIGN_OR_RETURN(const Bound from, BoundOf(">=", call.args[1], subject));
  LOTIC_ASSIGN_OR_RETURN(const Bound to, BoundOf("<=", call.args[2], subject));
  if (from.known || to.known) {
    if (!from.known.value_or(true) || !to.known.value_or(true)) return std::string(negated ? "TRUE" : "FALSE");
  }
  const auto test = [&](const std::string& of, bool) {
    std::string sql = from.known ? "TRUE" : of + " >= " + from.constant;
    return sql + " AND " + (to.known ? "TRUE" : of + " <= " + to.constant);
  };
  return AnyElement(subject, test, negated);
}

Result<std::string> PinotTranslator::In(const PinotExpr& call, bool negated) {
  LOTIC_RETURN_NOT_OK(Need(call, 2, kMaxPinotSqlNodes));
  LOTIC_ASSIGN_OR_RETURN(const PinotValue subject, Value(call.args[0]));
  const bool defaults = nulls_ != PinotNulls::kSql;
  std::string constants, stored;
  std::optional<bool> for_default = false;
  for (size_t i = 1; i < call.args.size(); ++i) {
    if (!call.args[i]->is_literal()) {  // one by one
      std::vector<PinotExprPtr> parts;
      for (size_t k = 1; k < call.args.size(); ++k) parts.push_back(PinotCall("equals", {call.args[0], call.args[k]}, call.at));
      return Filter(PinotCall("or", std::move(parts), call.at), negated);
    }
    LOTIC_ASSIGN_OR_RETURN(const Bound bound, BoundOf("=", call.args[i], subject));
    if (bound.known) continue;  // no value equals it
    const std::string constant = subject.type == PinotType::kBigDecimal ? Decimal(bound.constant) : bound.constant;
    constants += (constants.empty() ? "" : ", ") + constant;
    stored += (stored.empty() ? "" : ", ") + (bound.stored.empty() ? constant : bound.stored);
    if (subject.column != nullptr && subject.column->substitute != nullptr && for_default) {
      const std::optional<int> order = Order(*subject.column->substitute, *bound.literal, subject.type);
      if (!order) {
        for_default.reset();
      } else if (*order == 0) {
        for_default = true;
      }
    }
  }
  if (constants.empty()) return std::string(negated ? "TRUE" : "FALSE");
  const auto test_with = [&](bool not_) {
    return [&, not_](const std::string& of, bool bare) {
      const bool instant = bare && subject.column != nullptr && subject.column->epoch_ms;
      return (subject.type == PinotType::kBigDecimal ? Decimal(of) : of) + (not_ ? " NOT IN (" : " IN (") + (instant ? stored : constants) + ")";
    };
  };
  if (subject.array) return AnyElement(subject, test_with(false), negated);
  if (for_default && negated) for_default = !*for_default;
  return OverSubject(subject, defaults, for_default, false, test_with(negated), test_with(negated));
}

Result<std::string> PinotTranslator::Match(const PinotExpr& call, bool negated) {
  const bool like = call.text == "like";
  LOTIC_RETURN_NOT_OK(Need(call, 2, like ? 2 : 3));
  LOTIC_ASSIGN_OR_RETURN(PinotValue subject, Value(call.args[0]));
  const bool array = subject.array;
  if (array && !IsPinotText(subject.type)) return PinotError(PinotErrorCode::kQueryValidation, call.text, " over an array of ", PinotTypeName(subject.type));
  if (!array) {
    LOTIC_ASSIGN_OR_RETURN(subject, ConvertValue(subject, PinotType::kString));
  }
  LOTIC_ASSIGN_OR_RETURN(std::string pattern, TextLiteral(call, 1));
  std::string flags;
  if (!like && call.args.size() == 3) {
    LOTIC_ASSIGN_OR_RETURN(flags, TextLiteral(call, 2));
    if (flags != "i" && flags != "c") return PinotError(PinotErrorCode::kQueryValidation, "the third argument of REGEXP_LIKE is 'i' or 'c', not '", flags, "'");
  }
  if (like) {
    size_t backslashes = 0;
    while (backslashes < pattern.size() && pattern[pattern.size() - 1 - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 1) pattern += '\\';  // one that escapes nothing stands for itself
  }
  const auto test = [&](const std::string& of, bool) {
    if (like) return of + " ILIKE " + QuotedLiteral(pattern) + " ESCAPE '\\'";
    return "regexp_matches(" + of + ", " + QuotedLiteral(pattern) + (flags == "i" ? ", 'i')" : ")");
  };
  if (array) return AnyElement(subject, test, negated);
  return negated ? "(NOT " + test(subject.sql, false) + ")" : test(subject.sql, false);
}

Result<std::string> PinotTranslator::NullTest(const PinotExpr& call, bool negated) {
  LOTIC_RETURN_NOT_OK(Need(call, 1, 1));
  LOTIC_ASSIGN_OR_RETURN(const PinotValue subject, Value(call.args[0]));
  if (nulls_ == PinotNulls::kDefaults || (nulls_ == PinotNulls::kDefaultsButKnown && subject.column == nullptr)) return std::string(negated ? "TRUE" : "FALSE");
  const std::string& of = subject.column != nullptr ? subject.column->raw : subject.sql;
  return "(" + of + (negated ? " IS NOT NULL)" : " IS NULL)");
}

Result<std::string> PinotTranslator::Distinctness(const PinotExpr& call, bool negated) {
  LOTIC_RETURN_NOT_OK(Need(call, 2, 2));
  std::vector<PinotValue> values;
  for (const PinotExprPtr& arg : call.args) {
    LOTIC_ASSIGN_OR_RETURN(PinotValue value, Value(arg));
    values.push_back(std::move(value));
  }
  LOTIC_RETURN_NOT_OK(Unify(&values).status());
  return "(" + values[0].sql + " IS " + (negated ? "NOT " : "") + "DISTINCT FROM " + values[1].sql + ")";
}

}  // namespace lotic::catalog
