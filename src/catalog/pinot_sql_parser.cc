// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_sql_parser.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <utility>

#include "catalog/pinot_sql_names.h"

namespace lotic::catalog {
namespace {

using Kind = PinotToken::Kind;

/// Words that are no names unless they stand in double quotes.
constexpr std::string_view kReserved[] = {"SELECT", "FROM",  "WHERE", "GROUP",    "HAVING", "ORDER",       "BY",      "LIMIT",   "OFFSET",  "AND",
                                          "OR",     "NOT",   "IN",    "BETWEEN",  "LIKE",   "IS",          "NULL",    "CASE",    "WHEN",    "THEN",
                                          "ELSE",   "END",   "AS",    "DISTINCT", "UNION",  "INTERSECT",   "EXCEPT",  "MINUS",   "JOIN",    "ON",
                                          "USING",  "INNER", "CROSS", "NATURAL",  "WITH",   "CAST",        "EXISTS",  "QUALIFY", "WINDOW",  "FETCH",
                                          "ASC",    "DESC",  "NULLS", "FILTER",   "OVER",   "TABLESAMPLE", "LATERAL", "UNNEST",  "INTERVAL"};

class Parser {
 public:
  Parser(std::string_view sql, const std::vector<PinotToken>& tokens) : sql_(sql), tokens_(tokens) {}

  Result<PinotSelect> Select();
  Result<PinotExprPtr> WholeExpression() {
    LOTIC_ASSIGN_OR_RETURN(PinotExprPtr expr, Expression());
    if (now().kind != Kind::kEnd) return Unexpected("the end of the expression");
    return expr;
  }

 private:
  const PinotToken& now() const { return tokens_[next_]; }
  const PinotToken& ahead(size_t n = 1) const { return tokens_[std::min(next_ + n, tokens_.size() - 1)]; }
  void Advance() {
    if (next_ + 1 < tokens_.size()) ++next_;
  }
  bool Take(std::string_view sign) { return now().Is(sign) && (Advance(), true); }
  bool TakeWord(std::string_view word) { return now().IsWord(word) && (Advance(), true); }

  template <typename... Args>
  Status Error(const Args&... args) const {
    return PinotError(PinotErrorCode::kSqlParsing, args..., " at ", PinotPosition(sql_, now().at));
  }
  Status NotSupported(std::string_view what) const {
    return PinotNotSupported(PinotErrorCode::kSqlParsing, what, " at ", PinotPosition(sql_, now().at), ": not part of the single-stage dialect");
  }
  Status Unexpected(std::string_view wanted) const {
    switch (now().kind) {
      case Kind::kEnd: return Error("expected ", wanted, ", but the text ends");
      case Kind::kText: return Error("expected ", wanted, ", not the text '", now().text, "'");
      case Kind::kQuoted: return Error("expected ", wanted, ", not the name \"", now().text, "\"");
      default: return Error("expected ", wanted, ", not ", now().text);
    }
  }
  Status Expect(std::string_view sign) { return Take(sign) ? Status::OK() : Unexpected(sign); }
  Status ExpectWord(std::string_view word) { return TakeWord(word) ? Status::OK() : Unexpected(word); }

  bool IsReserved() const {
    return std::any_of(std::begin(kReserved), std::end(kReserved), [&](std::string_view word) { return now().IsWord(word); });
  }
  bool IsName() const { return now().kind == Kind::kQuoted || (now().kind == Kind::kWord && !IsReserved()); }

  Result<PinotExprPtr> Make(std::string name, std::vector<PinotExprPtr> args, size_t at) {
    PinotExprPtr call = PinotCall(std::move(name), std::move(args), at);
    nodes_ += call->args.size() + 1;
    if (nodes_ > kMaxPinotSqlNodes || call->size > kMaxPinotSqlNodes) {
      return Status::CapacityError("more than ", kMaxPinotSqlNodes, " operators, names and literals")
          .WithDetail(std::make_shared<PinotErrorDetail>(PinotErrorCode::kSqlParsing));
    }
    return call->depth > kMaxPinotSqlDepth ? TooDeep() : Result<PinotExprPtr>(std::move(call));
  }
  Status TooDeep() const {
    return Status::CapacityError("expressions are nested more than ", kMaxPinotSqlDepth, " deep at ", PinotPosition(sql_, now().at))
        .WithDetail(std::make_shared<PinotErrorDetail>(PinotErrorCode::kSqlParsing));
  }

  Status SelectList(PinotSelect* select);
  Result<std::optional<std::string>> Alias();
  Status From(PinotSelect* select);
  Status OrderBy(PinotSelect* select);
  Status Limit(PinotSelect* select);
  Result<int64_t> Count(std::string_view what);
  Status RefuseRest();

  Result<PinotExprPtr> Expression();
  Result<PinotExprPtr> Chain(std::string_view word, std::string name, Result<PinotExprPtr> (Parser::*part)());
  Result<PinotExprPtr> And() { return Chain("AND", "and", &Parser::Not); }
  Result<PinotExprPtr> Not();
  Result<PinotExprPtr> Predicate();
  Result<PinotExprPtr> Negate(bool negated, PinotExprPtr expr, size_t at) {
    if (!negated) return expr;
    return Make("not", {std::move(expr)}, at);
  }
  Result<PinotExprPtr> Sum();
  Result<PinotExprPtr> Product();
  Result<PinotExprPtr> Unary();
  Result<PinotExprPtr> Postfix();
  Result<PinotExprPtr> Primary();
  Result<PinotExprPtr> NameOrCall();
  Result<PinotExprPtr> Call(const std::string& name, size_t at);
  Result<PinotExprPtr> Case();
  Result<PinotExprPtr> Cast(std::string name);
  Result<std::string> CastType();
  Result<PinotExprPtr> Number(bool negative);
  Status Arguments(std::vector<PinotExprPtr>* args);

  const std::string_view sql_;
  const std::vector<PinotToken>& tokens_;
  size_t next_ = 0;
  int depth_ = 0;
  size_t nodes_ = 0;
};

Result<PinotSelect> Parser::Select() {
  PinotSelect select;
  if (now().IsWord("WITH")) return NotSupported("WITH (a common table expression)");
  if (now().IsWord("INSERT")) return NotSupported("INSERT");
  LOTIC_RETURN_NOT_OK(ExpectWord("SELECT"));
  if (TakeWord("DISTINCT")) {
    select.distinct = true;
  } else {
    TakeWord("ALL");
  }
  LOTIC_RETURN_NOT_OK(SelectList(&select));
  if (TakeWord("FROM")) LOTIC_RETURN_NOT_OK(From(&select));
  if (TakeWord("WHERE")) {
    LOTIC_ASSIGN_OR_RETURN(select.where, Expression());
  }
  if (TakeWord("GROUP")) {
    LOTIC_RETURN_NOT_OK(ExpectWord("BY"));
    do {
      if (now().IsWord("GROUPING") || now().IsWord("ROLLUP") || now().IsWord("CUBE")) return NotSupported(now().text);
      LOTIC_ASSIGN_OR_RETURN(PinotExprPtr key, Expression());
      select.group_by.push_back(std::move(key));
    } while (Take(","));
  }
  if (TakeWord("HAVING")) {
    LOTIC_ASSIGN_OR_RETURN(select.having, Expression());
  }
  LOTIC_RETURN_NOT_OK(RefuseRest());
  if (TakeWord("ORDER")) LOTIC_RETURN_NOT_OK(OrderBy(&select));
  LOTIC_RETURN_NOT_OK(Limit(&select));
  if (Take(";")) LOTIC_RETURN_NOT_OK(Limit(&select));  // what JDBC appends behind a statement's own semicolon
  while (Take(";")) {
  }
  LOTIC_RETURN_NOT_OK(RefuseRest());
  if (now().kind != Kind::kEnd) return Unexpected("the end of the query");
  return select;
}

Status Parser::RefuseRest() {
  for (const std::string_view word : {"UNION", "INTERSECT", "EXCEPT", "MINUS", "QUALIFY", "WINDOW", "FETCH", "TABLESAMPLE"}) {
    if (now().IsWord(word)) return NotSupported(word);
  }
  return Status::OK();
}

Status Parser::SelectList(PinotSelect* select) {
  do {
    PinotSelectItem item;
    if (now().Is("*")) {
      item.expr = PinotName("*", now().at);
      Advance();
    } else {
      LOTIC_ASSIGN_OR_RETURN(item.expr, Expression());
      LOTIC_ASSIGN_OR_RETURN(item.alias, Alias());
    }
    select->items.push_back(std::move(item));
  } while (Take(","));
  return Status::OK();
}

/// AS name, AS 'name', or the name alone.
Result<std::optional<std::string>> Parser::Alias() {
  const bool as = TakeWord("AS");
  if (now().IsWord("OVER")) return NotSupported("OVER (a window)");
  if (IsName() || (now().kind == Kind::kText) || (as && now().kind == Kind::kWord && !now().IsWord("FROM"))) {
    std::optional<std::string> alias = now().text;
    if (alias->empty()) return Error("an alias without characters");
    Advance();
    return alias;
  }
  if (as) return Unexpected("an alias");
  return std::optional<std::string>();
}

Status Parser::From(PinotSelect* select) {
  if (now().Is("(")) return NotSupported("a sub-query in FROM");
  if (now().IsWord("LATERAL") || now().IsWord("UNNEST")) return NotSupported(now().text);
  if (!IsName()) return Unexpected("the name of a table");
  std::vector<std::string> parts{now().text};
  Advance();
  while (Take(".")) {
    if (now().kind != Kind::kWord && now().kind != Kind::kQuoted) return Unexpected("the name of a table");
    parts.push_back(now().text);
    Advance();
  }
  if (now().Is("(")) return NotSupported("a function in FROM");
  if (parts.size() == 1) {  // "default.events" in one pair of quotes means the same
    const size_t dot = parts[0].find('.');
    if (dot != std::string::npos) parts = {parts[0].substr(0, dot), parts[0].substr(dot + 1)};
  }
  if (parts.size() > 2 || parts.back().empty()) return Error("the name of a table has one part, or two with its database");
  if (parts.size() == 2 && CanonicalPinotFunction(parts[0]) != "default") {
    return PinotError(PinotErrorCode::kTableMissing, "there is no database ", parts[0], " but default: in FROM ", parts[0], ".", parts[1]);
  }
  select->table = parts.back();
  const bool as = TakeWord("AS");
  if (IsName()) {
    select->table_alias = now().text;
    Advance();
  } else if (as) {
    return Unexpected("an alias of the table");
  }
  if (now().Is(",")) return NotSupported("a join (a second table in FROM)");
  for (const std::string_view word : {"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL"}) {
    if (now().IsWord(word)) return NotSupported("JOIN");
  }
  // An alias that is the first word of a join.
  if (now().IsWord("JOIN") || (now().IsWord("OUTER"))) return NotSupported("JOIN");
  return Status::OK();
}

Status Parser::OrderBy(PinotSelect* select) {
  LOTIC_RETURN_NOT_OK(ExpectWord("BY"));
  do {
    PinotOrderItem item;
    LOTIC_ASSIGN_OR_RETURN(item.expr, Expression());
    if (TakeWord("DESC")) {
      item.descending = true;
    } else {
      TakeWord("ASC");
    }
    if (TakeWord("NULLS")) {
      item.nulls_first = now().IsWord("FIRST");
      if (!TakeWord("FIRST") && !TakeWord("LAST")) return Unexpected("FIRST or LAST");
    }
    select->order_by.push_back(std::move(item));
  } while (Take(","));
  return Status::OK();
}

Result<int64_t> Parser::Count(std::string_view what) {
  int64_t count = 0;
  if (now().kind != Kind::kInteger) return Unexpected(std::string(what) + " (a number)");
  const std::string& text = now().text;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
  if (read.ec != std::errc() || count > std::numeric_limits<int32_t>::max()) return Error(what, " must be at most 2147483647, not ", text);
  Advance();
  return count;
}

Status Parser::Limit(PinotSelect* select) {
  if (TakeWord("LIMIT")) {
    if (select->limit) return Error("a second LIMIT");
    LOTIC_ASSIGN_OR_RETURN(select->limit, Count("LIMIT"));
    if (Take(",")) {
      select->offset = *select->limit;
      LOTIC_ASSIGN_OR_RETURN(select->limit, Count("LIMIT"));
    }
  }
  if (TakeWord("OFFSET")) {
    LOTIC_ASSIGN_OR_RETURN(select->offset, Count("OFFSET"));
    if (!TakeWord("ROWS")) TakeWord("ROW");
  }
  return Status::OK();
}

Result<PinotExprPtr> Parser::Expression() {
  if (++depth_ > kMaxPinotSqlDepth) return TooDeep();
  Result<PinotExprPtr> expr = Chain("OR", "or", &Parser::And);
  --depth_;
  return expr;
}

/// a AND b AND (c AND d) is one call with four arguments, as Pinot flattens it.
Result<PinotExprPtr> Parser::Chain(std::string_view word, std::string name, Result<PinotExprPtr> (Parser::*part)()) {
  const size_t at = now().at;
  LOTIC_ASSIGN_OR_RETURN(PinotExprPtr first, (this->*part)());
  if (!now().IsWord(word)) return first;
  std::vector<PinotExprPtr> parts;
  const auto add = [&](PinotExprPtr one) {
    if (one->is_call(name)) {
      parts.insert(parts.end(), one->args.begin(), one->args.end());
    } else {
      parts.push_back(std::move(one));
    }
  };
  add(std::move(first));
  while (TakeWord(word)) {
    LOTIC_ASSIGN_OR_RETURN(PinotExprPtr next, (this->*part)());
    add(std::move(next));
  }
  return Make(std::move(name), std::move(parts), at);
}

Result<PinotExprPtr> Parser::Not() {
  size_t nots = 0;
  const size_t at = now().at;
  while (TakeWord("NOT")) ++nots;
  LOTIC_ASSIGN_OR_RETURN(PinotExprPtr expr, Predicate());
  for (; nots > 0; --nots) {
    LOTIC_ASSIGN_OR_RETURN(expr, Make("not", {expr}, at));
  }
  return expr;
}

Result<PinotExprPtr> Parser::Predicate() {
  const size_t at = now().at;
  if (now().IsWord("EXISTS")) return NotSupported("EXISTS (a sub-query)");
  LOTIC_ASSIGN_OR_RETURN(PinotExprPtr left, Sum());
  static constexpr std::pair<std::string_view, std::string_view> kComparisons[] = {
      {"=", "equals"},       {"<>", "not_equals"}, {"!=", "not_equals"}, {">=", "greater_than_or_equal"}, {"<=", "less_than_or_equal"},
      {">", "greater_than"}, {"<", "less_than"}};
  while (true) {
    bool found = false;
    for (const auto& [sign, name] : kComparisons) {
      if (!Take(sign)) continue;
      if (now().IsWord("ANY") || now().IsWord("SOME") || now().IsWord("ALL")) return NotSupported("a comparison with " + now().text);
      LOTIC_ASSIGN_OR_RETURN(PinotExprPtr right, Sum());
      LOTIC_ASSIGN_OR_RETURN(left, Make(std::string(name), {left, right}, at));
      found = true;
      break;
    }
    if (found) continue;
    if (now().IsWord("IS")) {
      Advance();
      const bool negated = TakeWord("NOT");
      if (TakeWord("NULL")) {
        LOTIC_ASSIGN_OR_RETURN(left, Make(negated ? "is_not_null" : "is_null", {left}, at));
      } else if (TakeWord("TRUE")) {
        LOTIC_ASSIGN_OR_RETURN(left, Make(negated ? "isnottrue" : "istrue", {left}, at));
      } else if (TakeWord("FALSE")) {
        LOTIC_ASSIGN_OR_RETURN(left, Make(negated ? "isnotfalse" : "isfalse", {left}, at));
      } else if (TakeWord("DISTINCT")) {
        LOTIC_RETURN_NOT_OK(ExpectWord("FROM"));
        LOTIC_ASSIGN_OR_RETURN(PinotExprPtr right, Sum());
        LOTIC_ASSIGN_OR_RETURN(left, Make(negated ? "isnotdistinctfrom" : "isdistinctfrom", {left, right}, at));
      } else {
        return Unexpected("NULL, TRUE, FALSE or DISTINCT FROM");
      }
      continue;
    }
    const bool negated = now().IsWord("NOT") && (ahead().IsWord("IN") || ahead().IsWord("BETWEEN") || ahead().IsWord("LIKE"));
    if (negated) Advance();
    if (TakeWord("IN")) {
      LOTIC_RETURN_NOT_OK(Expect("("));
      if (now().IsWord("SELECT")) return NotSupported("a sub-query in IN");
      std::vector<PinotExprPtr> args{left};
      LOTIC_RETURN_NOT_OK(Arguments(&args));
      if (args.size() == 1) return Error("IN without values");
      LOTIC_ASSIGN_OR_RETURN(left, Make(negated ? "not_in" : "in", std::move(args), at));
    } else if (TakeWord("BETWEEN")) {
      if (now().IsWord("SYMMETRIC")) return NotSupported("BETWEEN SYMMETRIC");
      TakeWord("ASYMMETRIC");
      LOTIC_ASSIGN_OR_RETURN(PinotExprPtr low, Sum());
      LOTIC_RETURN_NOT_OK(ExpectWord("AND"));
      LOTIC_ASSIGN_OR_RETURN(PinotExprPtr high, Sum());
      LOTIC_ASSIGN_OR_RETURN(left, Make("between", {left, low, high}, at));
      LOTIC_ASSIGN_OR_RETURN(left, Negate(negated, left, at));
    } else if (TakeWord("LIKE")) {
      LOTIC_ASSIGN_OR_RETURN(PinotExprPtr pattern, Sum());
      if (now().IsWord("ESCAPE")) return NotSupported("ESCAPE (a backslash escapes)");
      LOTIC_ASSIGN_OR_RETURN(left, Make("like", {left, pattern}, at));
      LOTIC_ASSIGN_OR_RETURN(left, Negate(negated, left, at));
    } else if (now().IsWord("SIMILAR") || now().IsWord("RLIKE") || now().IsWord("ILIKE")) {
      return NotSupported(now().text);
    } else {
      return left;
    }
  }
}

Result<PinotExprPtr> Parser::Sum() {
  const size_t at = now().at;
  LOTIC_ASSIGN_OR_RETURN(PinotExprPtr left, Product());
  while (now().Is("+") || now().Is("-") || now().Is("||")) {
    std::string name = now().Is("+") ? "plus" : now().Is("-") ? "minus" : "concat";
    Advance();
    LOTIC_ASSIGN_OR_RETURN(PinotExprPtr right, Product());
    LOTIC_ASSIGN_OR_RETURN(left, Make(std::move(name), {left, right}, at));
  }
  return left;
}

Result<PinotExprPtr> Parser::Product() {
  const size_t at = now().at;
  LOTIC_ASSIGN_OR_RETURN(PinotExprPtr left, Unary());
  while (now().Is("*") || now().Is("/") || now().Is("%")) {
    std::string name = now().Is("*") ? "times" : now().Is("/") ? "divide" : "mod";
    Advance();
    LOTIC_ASSIGN_OR_RETURN(PinotExprPtr right, Unary());
    LOTIC_ASSIGN_OR_RETURN(left, Make(std::move(name), {left, right}, at));
  }
  return left;
}

Result<PinotExprPtr> Parser::Unary() {
  const size_t at = now().at;
  bool negative = false;
  size_t signs = 0;
  while (now().Is("-") || now().Is("+")) {
    if (now().Is("-")) negative = !negative;
    ++signs;
    Advance();
  }
  if (signs == 0) return Postfix();
  if (now().kind == Kind::kInteger || now().kind == Kind::kDecimal) return Number(negative);
  LOTIC_ASSIGN_OR_RETURN(PinotExprPtr expr, Postfix());
  if (!negative) return expr;
  return Make("minusprefix", {std::move(expr)}, at);
}

Result<PinotExprPtr> Parser::Postfix() {
  LOTIC_ASSIGN_OR_RETURN(PinotExprPtr expr, Primary());
  while (now().Is("[")) {
    const size_t at = now().at;
    Advance();
    LOTIC_ASSIGN_OR_RETURN(PinotExprPtr item, Expression());
    LOTIC_RETURN_NOT_OK(Expect("]"));
    LOTIC_ASSIGN_OR_RETURN(expr, Make("item", {expr, item}, at));
  }
  return expr;
}

Result<PinotExprPtr> Parser::Number(bool negative) {
  const PinotToken& token = now();
  const std::string text = (negative ? "-" : "") + token.text;
  ++nodes_;
  if (token.kind == Kind::kInteger) {
    int64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc()) return Error("a whole number that no LONG holds: ", text);
    Advance();
    return PinotLong(value, token.at);
  }
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc()) return Error("a number that no DOUBLE holds: ", text);
  Advance();
  return PinotDouble(value, token.at);
}

Result<PinotExprPtr> Parser::Primary() {
  const PinotToken& token = now();
  ++nodes_;
  switch (token.kind) {
    case Kind::kInteger:
    case Kind::kDecimal: return Number(false);
    case Kind::kText: Advance(); return PinotText(token.text, token.at);
    case Kind::kQuoted: return NameOrCall();
    case Kind::kSign: {
      if (!token.Is("(")) return Unexpected("an expression");
      Advance();
      if (now().IsWord("SELECT")) return NotSupported("a sub-query");
      LOTIC_ASSIGN_OR_RETURN(PinotExprPtr expr, Expression());
      if (now().Is(",")) return NotSupported("a row of several values");
      LOTIC_RETURN_NOT_OK(Expect(")"));
      return expr;
    }
    default: break;
  }
  if (token.kind == Kind::kEnd) return Unexpected("an expression");
  if (token.IsWord("NULL")) return Advance(), PinotNull(token.at);
  if (token.IsWord("TRUE") || token.IsWord("FALSE")) return Advance(), PinotBool(token.IsWord("TRUE"), token.at);
  if (token.IsWord("CASE")) return Case();
  if (token.IsWord("CAST") || token.IsWord("TRY_CAST")) return Cast(CanonicalPinotFunction(token.text));
  if (token.IsWord("INTERVAL")) return NotSupported("INTERVAL");
  if ((token.IsWord("TIMESTAMP") || token.IsWord("DATE") || token.IsWord("TIME")) && ahead().kind == Kind::kText) {
    Advance();
    const PinotToken& text = now();
    Advance();
    return PinotText(text.text, text.at);
  }
  if (token.IsWord("ARRAY") && ahead().Is("[")) {
    Advance();
    Advance();
    std::vector<PinotExprPtr> args;
    while (!now().Is("]")) {
      LOTIC_ASSIGN_OR_RETURN(PinotExprPtr item, Expression());
      args.push_back(std::move(item));
      if (!Take(",")) break;
    }
    LOTIC_RETURN_NOT_OK(Expect("]"));
    return Make("arrayvalueconstructor", std::move(args), token.at);
  }
  if (IsReserved() && !(token.IsWord("MINUS") && ahead().Is("("))) return Unexpected("an expression");
  return NameOrCall();
}

Result<PinotExprPtr> Parser::NameOrCall() {
  const size_t at = now().at;
  std::string name = now().text;
  const bool quoted = now().kind == Kind::kQuoted;
  Advance();
  if (!quoted && now().Is("(")) return Call(name, at);
  while (now().Is(".")) {
    Advance();
    if (now().Is("*")) return NotSupported("a table's name before *");
    if (now().kind != Kind::kWord && now().kind != Kind::kQuoted) return Unexpected("a name");
    name += "." + now().text;
    Advance();
  }
  return PinotName(std::move(name), at);
}

Status Parser::Arguments(std::vector<PinotExprPtr>* args) {
  if (Take(")")) return Status::OK();
  do {
    LOTIC_ASSIGN_OR_RETURN(PinotExprPtr arg, Expression());
    args->push_back(std::move(arg));
  } while (Take(","));
  return Expect(")");
}

/// Units stand bare in TIMESTAMPADD(DAY, 1, ts) and the like; Calcite reads them as such.
bool IsTimeUnitWord(const PinotToken& token) {
  for (const std::string_view unit : {"MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}) {
    if (token.IsWord(unit)) return true;
  }
  return false;
}

Result<PinotExprPtr> Parser::Call(const std::string& name, size_t at) {
  LOTIC_RETURN_NOT_OK(Expect("("));
  std::string canonical = CanonicalPinotFunction(name);
  std::vector<PinotExprPtr> args;
  bool distinct = false;
  if (now().IsWord("SELECT")) return NotSupported("a sub-query");
  if (canonical == "extract") {
    if (now().kind != Kind::kWord) return Unexpected("a field");
    args.push_back(PinotText(now().text, now().at));
    Advance();
    LOTIC_RETURN_NOT_OK(ExpectWord("FROM"));
    LOTIC_ASSIGN_OR_RETURN(PinotExprPtr from, Expression());
    args.push_back(std::move(from));
    LOTIC_RETURN_NOT_OK(Expect(")"));
  } else if (canonical == "trim" && (now().IsWord("BOTH") || now().IsWord("LEADING") || now().IsWord("TRAILING"))) {
    args.push_back(PinotText(now().text, now().at));
    Advance();
    LOTIC_ASSIGN_OR_RETURN(PinotExprPtr what, Expression());
    LOTIC_RETURN_NOT_OK(ExpectWord("FROM"));
    LOTIC_ASSIGN_OR_RETURN(PinotExprPtr from, Expression());
    args.push_back(std::move(what));
    args.push_back(std::move(from));
    LOTIC_RETURN_NOT_OK(Expect(")"));
  } else if (now().Is("*") && ahead().Is(")")) {
    if (!IsPinotAggregate(canonical)) return Error("* is no argument of ", name);
    args.push_back(PinotName("*", now().at));
    Advance();
    Advance();
  } else {
    distinct = TakeWord("DISTINCT");
    if (!distinct) TakeWord("ALL");
    if (now().kind == Kind::kWord && IsTimeUnitWord(now()) && ahead().Is(",") &&
        (canonical == "timestampadd" || canonical == "timestampdiff" || canonical == "dateadd" || canonical == "datediff")) {
      args.push_back(PinotText(now().text, now().at));
      Advance();
      Advance();
    }
    LOTIC_RETURN_NOT_OK(Arguments(&args));
  }
  if (canonical == "count" && args.empty()) args.push_back(PinotName("*", at));
  if (canonical == "ceiling") canonical = "ceil";
  if (distinct) {
    if (canonical == "count") {
      canonical = "distinctcount";
    } else if (canonical == "sum" || canonical == "avg") {
      canonical = "distinct" + canonical;
    } else if (canonical != "min" && canonical != "max") {
      return PinotError(PinotErrorCode::kSqlParsing, "Function '", name, "' on DISTINCT is not supported.");
    }
  }
  LOTIC_ASSIGN_OR_RETURN(PinotExprPtr call, Make(std::move(canonical), std::move(args), at));
  if (now().IsWord("FILTER") && ahead().Is("(")) {
    Advance();
    Advance();
    LOTIC_RETURN_NOT_OK(ExpectWord("WHERE"));
    LOTIC_ASSIGN_OR_RETURN(PinotExprPtr condition, Expression());
    LOTIC_RETURN_NOT_OK(Expect(")"));
    LOTIC_ASSIGN_OR_RETURN(call, Make("filter", {call, condition}, at));
  }
  if (now().IsWord("OVER")) return NotSupported("OVER (a window)");
  if (now().IsWord("WITHIN")) return NotSupported("WITHIN GROUP");
  return call;
}

/// All conditions, then all results, then the ELSE, as Pinot keeps them. CASE x WHEN v compares x with each v.
Result<PinotExprPtr> Parser::Case() {
  const size_t at = now().at;
  Advance();
  PinotExprPtr subject;
  if (!now().IsWord("WHEN")) {
    LOTIC_ASSIGN_OR_RETURN(subject, Expression());
  }
  std::vector<PinotExprPtr> conditions, results;
  while (TakeWord("WHEN")) {
    LOTIC_ASSIGN_OR_RETURN(PinotExprPtr condition, Expression());
    if (subject != nullptr) {
      if (!conditions.empty()) nodes_ += subject->size;  // it stands in each branch
      LOTIC_ASSIGN_OR_RETURN(condition, Make("equals", {subject, condition}, at));
    }
    LOTIC_RETURN_NOT_OK(ExpectWord("THEN"));
    LOTIC_ASSIGN_OR_RETURN(PinotExprPtr result, Expression());
    conditions.push_back(std::move(condition));
    results.push_back(std::move(result));
  }
  if (conditions.empty()) return Unexpected("WHEN");
  PinotExprPtr otherwise = PinotNull(at);
  if (TakeWord("ELSE")) {
    LOTIC_ASSIGN_OR_RETURN(otherwise, Expression());
  }
  LOTIC_RETURN_NOT_OK(ExpectWord("END"));
  conditions.insert(conditions.end(), results.begin(), results.end());
  conditions.push_back(std::move(otherwise));
  return Make("case", std::move(conditions), at);
}

Result<PinotExprPtr> Parser::Cast(std::string name) {
  const size_t at = now().at;
  Advance();
  LOTIC_RETURN_NOT_OK(Expect("("));
  LOTIC_ASSIGN_OR_RETURN(PinotExprPtr expr, Expression());
  PinotExprPtr type;
  if (Take(",")) {  // the function's form: cast(x, 'LONG')
    LOTIC_ASSIGN_OR_RETURN(type, Expression());
  } else {
    LOTIC_RETURN_NOT_OK(ExpectWord("AS"));
    const size_t type_at = now().at;
    LOTIC_ASSIGN_OR_RETURN(std::string text, CastType());
    type = PinotText(std::move(text), type_at);
  }
  LOTIC_RETURN_NOT_OK(Expect(")"));
  return Make(std::move(name), {std::move(expr), std::move(type)}, at);
}

Result<std::string> Parser::CastType() {
  if (now().kind != Kind::kWord && now().kind != Kind::kText && now().kind != Kind::kQuoted) return Unexpected("a type");
  std::string type = now().IsWord("DOUBLE") ? "DOUBLE" : now().text;  // a keyword of Pinot's parser, which prints those so
  Advance();
  if (now().IsWord("PRECISION")) Advance();  // DOUBLE PRECISION
  if (Take("(")) {                           // VARCHAR(10), DECIMAL(10, 2): lengths mean nothing to Pinot
    while (now().kind == Kind::kInteger || now().Is(",")) Advance();
    LOTIC_RETURN_NOT_OK(Expect(")"));
  }
  return type;
}

}  // namespace

Result<PinotSelect> ParsePinotSelect(std::string_view sql, const std::vector<PinotToken>& tokens) { return Parser(sql, tokens).Select(); }

Result<PinotExprPtr> ParsePinotExpression(std::string_view text) {
  if (text.size() > kMaxPinotSqlBytes) {
    return Status::CapacityError("an expression of ", text.size(), " bytes; at most ", kMaxPinotSqlBytes)
        .WithDetail(std::make_shared<PinotErrorDetail>(PinotErrorCode::kSqlParsing));
  }
  LOTIC_ASSIGN_OR_RETURN(const std::vector<PinotToken> tokens, PinotTokens(text));
  return Parser(text, tokens).WholeExpression();
}

}  // namespace lotic::catalog
