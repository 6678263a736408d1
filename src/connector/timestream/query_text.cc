// SPDX-License-Identifier: Apache-2.0
#include "connector/timestream/query_text.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "connector/timestream/column_info.h"

namespace lotic::timestream {
namespace {

std::string Quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

/// The shortest digits that make the number again, and the power of ten of the first one: 0.5 is "5" and -1.
std::string ShortestDigits(double magnitude, int* exponent) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), magnitude, std::chars_format::scientific).ptr;
  std::string digits;
  const char* at = text;
  for (; *at != 'e'; ++at) {
    if (*at != '.') digits += *at;
  }
  ++at;
  const bool negative = *at == '-';
  int value = 0;
  std::from_chars(at + 1, end, value);
  *exponent = negative ? -value : value;
  return digits;
}

std::string Joined(const std::vector<std::string>& parts, const char* between) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : between) + part;
  return out;
}

std::string SelectList(const Schema& layout) {
  std::vector<std::string> names;
  for (const Field& field : layout.fields) names.push_back(QuoteName(SourceNameOf(field)));
  return Joined(names, ", ");
}

/// ORDER BY of a request, or "" and why the service's order is another.
std::string OrderText(const ScanRequest& request, std::string* reason) {
  std::vector<std::string> keys;
  for (const SortKey& key : request.order_by) {
    const std::optional<size_t> at = request.layout.IndexOf(key.column);
    if (!at) {
      *reason = "column '" + key.column + "' is not read";
      return "";
    }
    const Field& field = request.layout.fields[*at];
    const auto source = field.metadata.find(kSourceType);
    const std::string type = source == field.metadata.end() ? "" : source->second;
    const bool is_double = field.type.id() == TypeId::kFloat64;
    const bool plain =
        type == "varchar" || type == "bigint" || type == "integer" || type == "int" || type == "boolean" || type == "date" || type == "timestamp";
    if ((!plain && !(is_double && type == "double")) || (type == "varchar" && request.compare.string_order != CompareOptions::StringOrder::kBytes) ||
        (is_double && request.compare.signed_zero_distinct)) {
      *reason = "the service may order '" + key.column + "' differently";
      return "";
    }
    if (type == "timestamp" && field.type.unit() != TimeUnit::kNano && &key != &request.order_by.back()) {
      *reason = "times that are equal here are ordered to the nanosecond by the service, before its next key";
      return "";
    }
    const std::string name = QuoteName(SourceNameOf(field));
    const std::string how = std::string(key.descending ? " DESC" : " ASC") + (key.nulls_first ? " NULLS FIRST" : " NULLS LAST");
    if (is_double) keys.push_back("is_nan(" + name + ")" + how);  // NaN is the greatest
    keys.push_back(name + how);
  }
  return " ORDER BY " + Joined(keys, ", ");
}

}  // namespace

std::string QuoteName(std::string_view name) { return Quoted(name, '"'); }
std::string QuoteText(std::string_view text) { return Quoted(text, '\''); }

std::string DoubleLiteral(double value, Dialect dialect) {
  LOTIC_CHECK(!std::isnan(value));
  const bool own = dialect == Dialect::kOwn;
  const std::string sign = std::signbit(value) ? "-" : "";
  if (std::isinf(value)) return sign + (own ? "infinity()" : "Infinity");
  if (value == 0) return sign + (own ? "0E0" : "0.0");
  int exponent = 0;
  std::string digits = ShortestDigits(std::fabs(value), &exponent);
  if (!own && exponent >= -3 && exponent < 7) {  // Java: 10^-3 <= |value| < 10^7 has no exponent
    if (exponent < 0) return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
    const size_t whole = static_cast<size_t>(exponent) + 1;
    if (digits.size() < whole) digits.append(whole - digits.size(), '0');
    return sign + digits.substr(0, whole) + "." + (digits.size() > whole ? digits.substr(whole) : "0");
  }
  const std::string fraction = digits.size() > 1 ? "." + digits.substr(1) : own ? "" : ".0";
  return sign + digits.substr(0, 1) + fraction + "E" + std::to_string(exponent);
}

Result<QueryPlan> PlanQuery(const ScanRequest& request, const QuerySource& source, Dialect dialect) {
  QueryPlan plan;
  for (const Field& field : request.layout.fields) {
    const auto declared = field.metadata.find(kSourceType);
    if (declared == field.metadata.end() || declared->second != kUnreadable) continue;
    return Status::NotImplemented("column '", field.name, "' is declared as ", field.type.ToString(),
                                  ", and Timestream has no such values: leave it out of the query, or correct the type where it is declared (a Glue table)");
  }
  const bool passthrough = !source.passthrough.empty();
  plan.residual.expressions = request.constraints.expressions;
  plan.counts = request.layout.fields.empty() && !passthrough;
  std::string from = QuoteName(source.database) + "." + QuoteName(source.table), with;
  if (!source.view.empty()) {
    // A comment at its end must not swallow the bracket.
    with = "WITH t1 AS ( " + source.view + (source.view.find("--") == std::string::npos ? " )  " : "\n )  ");
    from = "t1";
  }
  const std::string head = with + "SELECT " + (plan.counts ? "count(*)" : SelectList(request.layout)) + " FROM " + from;
  if (!passthrough && head.size() > kMaxQueryBytes) {
    return Status::CapacityError("table ", source.database, ".", source.table, ": a query for ", request.layout.fields.size(), " columns has ", head.size(),
                                 " bytes, and Timestream takes ", kMaxQueryBytes, "; select fewer columns");
  }
  if (passthrough && source.passthrough.size() > kMaxQueryBytes) {
    return Status::CapacityError("the query has ", source.passthrough.size(), " bytes, and Timestream takes ", kMaxQueryBytes);
  }
  size_t room = kMaxQueryBytes - (passthrough ? 0 : head.size());
  std::vector<std::string> conjuncts;
  for (const auto& [name, set] : request.constraints.columns) {
    const std::optional<size_t> at = request.layout.IndexOf(name);
    if (!at) return Status::Invalid("a constraint names column '", name, "', which the layout lacks");
    PushedConstraint line{name, name, Pushdown::kNot, "a query of your own is sent as it is"};
    if (!passthrough) {
      LOTIC_ASSIGN_OR_RETURN(Conjunct made, ConjunctOf(request.layout.fields[*at], set, request.compare, dialect));
      if (made.outcome == Conjunct::Outcome::kText && made.text.size() + 16 > room) {
        made = {Conjunct::Outcome::kDropped, "", Pushdown::kNot, "the query would be longer than Timestream takes"};
      }
      if (made.outcome == Conjunct::Outcome::kNothing) plan.nothing = true;
      if (made.outcome == Conjunct::Outcome::kText) {
        room -= made.text.size() + 16;
        line.text = made.text;
        conjuncts.push_back(std::move(made.text));
      }
      line.pushdown = made.pushdown;
      line.reason = std::move(made.reason);
    }
    if (line.pushdown != Pushdown::kExact) plan.residual.columns.emplace(name, set);
    plan.report.push_back(std::move(line));
  }
  for (const Expression& expression : request.constraints.expressions) {
    plan.report.push_back({expression.ToString(), "", Pushdown::kNot, "expressions are left to the door"});
  }
  std::string tail;
  const bool filtered_here = !plan.residual.empty();
  bool ordered = request.order_by.empty();
  if (!request.order_by.empty()) {
    std::string reason = passthrough ? "a query of your own is sent as it is" : filtered_here ? "a filter is left to the door" : "";
    if (reason.empty() && request.limit) tail = OrderText(request, &reason);
    if (reason.empty() && !request.limit) reason = "without a LIMIT it saves nothing";
    ordered = reason.empty();
    plan.report.push_back({"ORDER BY", "ORDER BY", ordered ? Pushdown::kExact : Pushdown::kNot, ordered ? "the service orders the rows" : reason});
  }
  if (request.limit) {
    const bool pushed = !filtered_here && ordered;
    if (pushed) {
      plan.limit = std::max<int64_t>(*request.limit, 0);
      // A user's query keeps its text, and a count has one row: reading stops there by itself.
      if (!passthrough && !plan.counts) tail += " LIMIT " + std::to_string(*plan.limit);
    }
    plan.report.push_back({"LIMIT " + std::to_string(*request.limit), "LIMIT", pushed ? Pushdown::kExact : Pushdown::kNot,
                           !pushed       ? "a filter or an ORDER BY is left to the door"
                           : passthrough ? "reading stops there"
                                         : "sent with the query"});
  }
  if (passthrough) {
    plan.text = source.passthrough;
    return plan;
  }
  plan.text = head + (conjuncts.empty() ? "" : " WHERE " + Joined(conjuncts, " AND ")) + tail;
  return plan;
}

}  // namespace lotic::timestream
