// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_sql.h"

#include <algorithm>
#include <charconv>

#include "catalog/pinot_sql_lexer.h"
#include "catalog/pinot_sql_parser.h"
#include "catalog/pinot_sql_rewrite.h"

namespace lotic::catalog {
namespace {

using Kind = PinotToken::Kind;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

std::string_view Unquote(std::string_view text) {
  if (text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front()) return text.substr(1, text.size() - 2);
  return text;
}

Status AddOption(PinotQueryOptions* options, std::string_view part, std::string_view where) {
  const size_t equals = part.find('=');
  const std::string_view key = Unquote(Trim(part.substr(0, equals)));
  if (equals == std::string_view::npos || key.empty()) {
    return PinotError(PinotErrorCode::kSqlParsing, where, " expects key=value, not '", part.substr(0, 200), "'");
  }
  if (options->size() >= kMaxPinotOptions) {
    return Status::CapacityError(where, ": more than ", kMaxPinotOptions, " options")
        .WithDetail(std::make_shared<PinotErrorDetail>(PinotErrorCode::kSqlParsing));
  }
  (*options)[Lower(key)] = std::string(Unquote(Trim(part.substr(equals + 1))));
  return Status::OK();
}

/// The parts of `text` between `separator`s that stand outside of quotes.
Status AddOptions(PinotQueryOptions* options, std::string_view text, char separator, std::string_view where) {
  size_t begin = 0;
  char quote = '\0';
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : separator;
    if (quote != '\0' && i < text.size()) {
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == separator) {
      const std::string_view part = Trim(text.substr(begin, i - begin));
      if (!part.empty()) LOTIC_RETURN_NOT_OK(AddOption(options, part, where));
      begin = i + 1;
    }
  }
  return Status::OK();
}

/// What a text is made of, before its query is parsed.
struct Cut {
  std::vector<PinotToken> query;  // ends with kEnd
  PinotQueryOptions set, tail;
};

class Cutter {
 public:
  Cutter(std::string_view sql, std::vector<PinotToken> tokens) : sql_(sql), tokens_(std::move(tokens)) {}

  Result<Cut> Run() {
    size_t begin = 0;
    int depth = 0;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      const PinotToken& token = tokens_[i];
      if (token.Is("(")) ++depth;
      if (token.Is(")")) --depth;
      const bool end = token.kind == Kind::kEnd || token.Is(";");
      // Statements that stand behind the query without a semicolon before them.
      const bool set = depth == 0 && i > begin && token.IsWord("SET") && i + 2 < tokens_.size() && IsKey(tokens_[i + 1]) && tokens_[i + 2].Is("=");
      if (!end && !set) continue;
      LOTIC_RETURN_NOT_OK(Statement(begin, i));
      begin = end ? i + 1 : i;
      depth = 0;
    }
    if (cut_.query.empty()) return PinotError(PinotErrorCode::kSqlParsing, "no query in the text");
    PinotToken last;
    last.at = last.end = cut_.query.back().end;
    cut_.query.push_back(last);
    return std::move(cut_);
  }

 private:
  static bool IsKey(const PinotToken& token) { return token.kind == Kind::kWord || token.kind == Kind::kQuoted; }

  Status Statement(size_t begin, size_t end) {
    if (begin == end) return Status::OK();
    if (tokens_[begin].IsWord("SET")) return Set(begin, end);
    while (TakeTail(begin, &end)) {
      LOTIC_RETURN_NOT_OK(tail_status_);
    }
    LOTIC_RETURN_NOT_OK(tail_status_);
    if (begin == end) return Status::OK();
    const bool limit = tokens_[begin].IsWord("LIMIT") || tokens_[begin].IsWord("OFFSET");
    if (!cut_.query.empty() && !limit) {
      return PinotError(PinotErrorCode::kSqlParsing, "a second statement at ", PinotPosition(sql_, tokens_[begin].at), ": one query at a time");
    }
    if (!cut_.query.empty()) {
      PinotToken semicolon = tokens_[begin];
      semicolon.kind = Kind::kSign;
      semicolon.text = ";";
      cut_.query.push_back(std::move(semicolon));
    }
    cut_.query.insert(cut_.query.end(), tokens_.begin() + static_cast<ptrdiff_t>(begin), tokens_.begin() + static_cast<ptrdiff_t>(end));
    return Status::OK();
  }

  Status Set(size_t begin, size_t end) {
    const std::string position = PinotPosition(sql_, tokens_[begin].at);
    if (end - begin < 4 || !IsKey(tokens_[begin + 1]) || !tokens_[begin + 2].Is("=")) {
      return PinotError(PinotErrorCode::kSqlParsing, "SET expects key = value at ", position);
    }
    const bool negative = tokens_[begin + 3].Is("-") && end - begin == 5;
    if (end - begin != 4 && !negative) return PinotError(PinotErrorCode::kSqlParsing, "SET expects one value, as in SET timeoutMs = 1000; at ", position);
    const PinotToken& value = tokens_[end - 1];
    if (value.kind == Kind::kSign) return PinotError(PinotErrorCode::kSqlParsing, "SET expects a value, not ", value.text, " at ", position);
    if (cut_.set.size() >= kMaxPinotOptions) {
      return Status::CapacityError("more than ", kMaxPinotOptions, " SET statements")
          .WithDetail(std::make_shared<PinotErrorDetail>(PinotErrorCode::kSqlParsing));
    }
    cut_.set[Lower(tokens_[begin + 1].text)] = (negative ? "-" : "") + value.text;
    return Status::OK();
  }

  /// Takes `OPTION ( … )` off the statement's end.
  bool TakeTail(size_t begin, size_t* end) {
    if (*end - begin < 3 || !tokens_[*end - 1].Is(")")) return false;
    size_t open = *end - 1;
    while (open > begin && !tokens_[open].Is("(")) --open;
    if (open == begin || !tokens_[open - 1].IsWord("OPTION")) return false;
    const size_t from = tokens_[open].end, to = tokens_[*end - 1].at;
    tail_status_ = AddOptions(&cut_.tail, sql_.substr(from, to - from), ',', "OPTION(…)");
    *end = open - 1;
    return true;
  }

  const std::string_view sql_;
  const std::vector<PinotToken> tokens_;
  Cut cut_;
  Status tail_status_;
};

}  // namespace

Result<PinotQueryOptions> ParsePinotOptions(std::string_view text) {
  PinotQueryOptions options;
  LOTIC_RETURN_NOT_OK(AddOptions(&options, text, ';', "queryOptions"));
  return options;
}

std::optional<std::string> PinotQuery::Option(std::string_view key) const {
  const auto found = options.find(std::string(key));
  return found == options.end() ? std::nullopt : std::optional<std::string>(found->second);
}

bool PinotQuery::Flag(std::string_view key) const { return Lower(Option(key).value_or("")) == "true"; }

Result<bool> PinotQuery::Truth(std::string_view name, bool fallback) const {
  const std::optional<std::string> text = Option(Lower(name));
  if (!text) return fallback;
  const std::string truth = Lower(*text);
  if (truth == "true" || truth == "false") return truth == "true";
  return PinotError(PinotErrorCode::kSqlParsing, "the option ", name, " is true or false, not '", text->substr(0, 200), "'");
}

Result<std::optional<int64_t>> PinotQuery::PositiveNumber(std::string_view name, std::string_view unit) const {
  const std::optional<std::string> text = Option(Lower(name));
  if (!text) return std::optional<int64_t>();
  int64_t number = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  if (read.ec != std::errc() || read.ptr != text->data() + text->size() || number <= 0) {
    return PinotError(PinotErrorCode::kSqlParsing, "the option ", name, " must be a number of ", unit, " above 0, not '", text->substr(0, 200), "'");
  }
  return std::optional<int64_t>(number);
}

Result<PinotQuery> ParsePinotQuery(std::string_view sql, const PinotQueryOptions& request) {
  if (sql.size() > kMaxPinotSqlBytes) {
    return Status::CapacityError("a query of ", sql.size(), " bytes; at most ", kMaxPinotSqlBytes)
        .WithDetail(std::make_shared<PinotErrorDetail>(PinotErrorCode::kSqlParsing));
  }
  LOTIC_ASSIGN_OR_RETURN(std::vector<PinotToken> tokens, PinotTokens(sql));
  LOTIC_ASSIGN_OR_RETURN(Cut cut, Cutter(sql, std::move(tokens)).Run());
  PinotQuery query;
  query.options = std::move(cut.set);
  query.options.merge(cut.tail);
  query.options.insert(request.begin(), request.end());
  size_t words = 0;
  if (cut.query[0].IsWord("EXPLAIN")) {
    words = cut.query.size() > 1 && cut.query[1].IsWord("IMPLEMENTATION") ? 4 : 3;
    if (cut.query.size() <= words || !cut.query[words - 2].IsWord("PLAN") || !cut.query[words - 1].IsWord("FOR")) {
      return PinotError(PinotErrorCode::kSqlParsing, "EXPLAIN expects PLAN FOR and a query");
    }
    query.explain = true;
    cut.query.erase(cut.query.begin(), cut.query.begin() + static_cast<ptrdiff_t>(words));
  }
  LOTIC_ASSIGN_OR_RETURN(PinotSelect select, ParsePinotSelect(sql, cut.query));
  LOTIC_RETURN_NOT_OK(RewritePinotSelect(&select));
  query.table = select.table;
  query.select = std::make_shared<const PinotSelect>(std::move(select));
  return query;
}

}  // namespace lotic::catalog
