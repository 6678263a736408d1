// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/where_text.h"

#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "format/iso_time.h"
#include "format/json_number.h"

namespace lotic::cli {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

/// Reads a text from front to back.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  void SkipBlanks() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
  }
  bool AtEnd() {
    SkipBlanks();
    return at_ == text_.size();
  }
  size_t position() const { return at_; }
  std::string_view rest() const { return text_.substr(at_); }

  /// The word, if it is the next; a word ends where another character follows.
  bool TakeWord(std::string_view word) {
    SkipBlanks();
    if (!StartsWithWord(at_, word)) return false;
    at_ += word.size();
    return true;
  }
  bool Take(std::string_view token) {
    SkipBlanks();
    if (!rest().starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  std::optional<std::string> TakeName() {
    SkipBlanks();
    if (at_ < text_.size() && text_[at_] == '"') return TakeQuoted('"');
    const size_t begin = at_;
    while (at_ < text_.size() && IsWord(text_[at_])) ++at_;
    if (at_ == begin) return std::nullopt;
    return std::string(text_.substr(begin, at_ - begin));
  }
  /// A quoted value, or what stands before the next comma, AND, or (in a list) closing parenthesis. No value: there is nothing.
  std::optional<std::string> TakeValue(bool in_list) {
    SkipBlanks();
    if (at_ < text_.size() && text_[at_] == '\'') return TakeQuoted('\'');
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ',' && !(in_list && text_[at_] == ')')) {
      if (IsBlank(text_[at_ - 1]) && StartsWithWord(at_, "AND")) break;  // an operator stands before the value, so there is a character before
      ++at_;
    }
    const std::string_view value = Trimmed(text_.substr(begin, at_ - begin));
    if (value.empty()) return std::nullopt;
    return std::string(value);
  }

 private:
  bool StartsWithWord(size_t at, std::string_view word) const {
    if (text_.size() - at < word.size()) return false;
    for (size_t i = 0; i < word.size(); ++i) {
      const char c = text_[at + i];
      if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) != word[i]) return false;
    }
    return at + word.size() == text_.size() || !IsWord(text_[at + word.size()]);
  }
  std::optional<std::string> TakeQuoted(char quote) {
    std::string value;
    for (size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] != quote) {
        value += text_[i];
      } else if (i + 1 < text_.size() && text_[i + 1] == quote) {
        value += text_[i++];
      } else {
        at_ = i + 1;
        return value;
      }
    }
    return std::nullopt;
  }

  const std::string_view text_;
  size_t at_ = 0;
};

template <typename T>
std::optional<T> Whole(std::string_view text) {
  T number{};
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

template <typename T>
std::optional<Scalar> Signed(std::string_view text) {
  const auto number = Whole<T>(text);
  return number ? std::optional<Scalar>(static_cast<int64_t>(*number)) : std::nullopt;
}
template <typename T>
std::optional<Scalar> Unsigned(std::string_view text) {
  const auto number = Whole<T>(text);
  return number ? std::optional<Scalar>(static_cast<uint64_t>(*number)) : std::nullopt;
}

std::optional<Scalar> Parse(const Type& type, const std::string& text) {
  switch (type.id()) {
    case TypeId::kBool:
      if (text == "true" || text == "TRUE") return Scalar(true);
      if (text == "false" || text == "FALSE") return Scalar(false);
      return std::nullopt;
    case TypeId::kInt8: return Signed<int8_t>(text);
    case TypeId::kInt16: return Signed<int16_t>(text);
    case TypeId::kInt32: return Signed<int32_t>(text);
    case TypeId::kInt64: return Signed<int64_t>(text);
    case TypeId::kUInt8: return Unsigned<uint8_t>(text);
    case TypeId::kUInt16: return Unsigned<uint16_t>(text);
    case TypeId::kUInt32: return Unsigned<uint32_t>(text);
    case TypeId::kUInt64: return Unsigned<uint64_t>(text);
    case TypeId::kFloat32: {
      if (text == "nan" || text == "NaN") return Scalar(std::numeric_limits<double>::quiet_NaN());
      const auto number = Whole<float>(text);
      return number ? std::optional<Scalar>(static_cast<double>(*number)) : std::nullopt;
    }
    case TypeId::kFloat64: {
      if (text == "nan" || text == "NaN") return Scalar(std::numeric_limits<double>::quiet_NaN());
      const auto number = Whole<double>(text);
      return number ? std::optional<Scalar>(*number) : std::nullopt;
    }
    case TypeId::kDecimal128: {
      Int128 value = 0;
      const bool number =
          !text.empty() && text.find_first_not_of("+-.0123456789eE") == std::string::npos && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'));
      return number && json::ParseDecimal(text, type.precision(), type.scale(), &value) ? std::optional<Scalar>(value) : std::nullopt;
    }
    case TypeId::kString: return IsUtf8(text) ? std::optional<Scalar>(text) : std::nullopt;
    case TypeId::kBinary: return Scalar(text);
    case TypeId::kDate: {
      int32_t days = 0;
      return ParseIsoDate(text, &days) ? std::optional<Scalar>(static_cast<int64_t>(days)) : std::nullopt;
    }
    case TypeId::kTime: {
      int64_t micros = 0;
      return ParseIsoTime(text, &micros) ? std::optional<Scalar>(micros) : std::nullopt;
    }
    case TypeId::kTimestamp: {
      IsoTimestamp at;
      int32_t days = 0;
      int64_t value = 0;
      if (ParseIsoDate(text, &days)) {
        at.seconds = int64_t{days} * 86400;
      } else if (!ParseIsoTimestamp(text, &at) || (at.zoned && !type.utc())) {
        return std::nullopt;
      }
      return ToUnit(at, type.unit(), &value) ? std::optional<Scalar>(value) : std::nullopt;
    }
    default: return std::nullopt;
  }
}

class WhereParser {
 public:
  WhereParser(std::string_view text, const Schema& schema, UnequalNulls unequal_nulls)
      : text_(text), cursor_(text), schema_(schema), unequal_nulls_(unequal_nulls) {
    for (const Field& field : schema.fields) names_.push_back(field.name);
  }

  Result<Constraints> Parse() {
    if (text_.size() > kMaxWhereBytes) return Status::CapacityError("the constraints have ", text_.size(), " bytes; at most ", kMaxWhereBytes, " are read");
    if (cursor_.AtEnd()) return Status::Invalid("there is no constraint in \"", text_, "\"");
    for (size_t term = 0;; ++term) {
      if (term == kMaxWhereTerms)
        return Status::CapacityError("the constraints have more than ", kMaxWhereTerms, " terms; IN and NOT IN take many values in one");
      begin_ = cursor_.position();
      LOTIC_RETURN_NOT_OK(Term());
      if (cursor_.AtEnd()) return std::move(out_);
      if (!cursor_.Take(",") && !cursor_.TakeWord("AND"))
        return Fault("a comma or AND was expected, and \"" + std::string(cursor_.rest().substr(0, 20)) + "\" stands there");
      if (cursor_.AtEnd()) return Fault("nothing follows the last comma or AND");
    }
  }

 private:
  Status Fault(const std::string& what) const {
    return Status::Invalid("constraint \"", Trimmed(text_.substr(begin_, 60)), "\" (character ", begin_ + 1, "): ", what);
  }

  Status Term() {
    const std::optional<std::string> name = cursor_.TakeName();
    if (!name) return Fault("it does not begin with a column");
    const Result<size_t> index = ResolveName("column", *name, names_);
    if (!index.ok()) return Fault(index.status().message());
    const Field& field = schema_.fields[*index];
    if (field.type.is_nested()) return Fault("column \"" + field.name + "\" is nested: values of " + field.type.ToString() + " cannot be compared");
    ValueSet set;
    if (cursor_.TakeWord("IS")) {
      const bool negated = cursor_.TakeWord("NOT");
      if (!cursor_.TakeWord("NULL")) return Fault("IS is followed by NULL or NOT NULL");
      set = negated ? ValueSet::All(false) : ValueSet::None(true);
    } else if (const bool negated = cursor_.TakeWord("NOT"); cursor_.TakeWord("IN")) {
      if (!cursor_.Take("(")) return Fault("IN is followed by values in parentheses");
      set.kind = negated ? ValueSet::Kind::kUnlisted : ValueSet::Kind::kListed;
      do {
        LOTIC_ASSIGN_OR_RETURN(Scalar value, ValueOf(field, cursor_.TakeValue(true)));
        set.values.push_back(std::move(value));
      } while (cursor_.Take(","));
      if (!cursor_.Take(")")) return Fault("the list of values is not closed");
    } else if (negated) {
      return Fault("NOT is followed by IN");
    } else {
      LOTIC_RETURN_NOT_OK(Comparison(field, &set));
    }
    LOTIC_RETURN_NOT_OK(NormalizeValueSet(field.type, {}, &set));
    const auto before = out_.columns.find(field.name);
    if (before != out_.columns.end()) set = IntersectValueSets(field.type, {}, before->second, set);
    out_.columns[field.name] = std::move(set);
    return Status::OK();
  }

  Status Comparison(const Field& field, ValueSet* set) {
    static constexpr const char* kOperators[] = {"!=", "<>", ">=", "<=", "=", ">", "<"};  // two characters win
    std::string op;
    for (const char* each : kOperators) {
      if (op.empty() && cursor_.Take(each)) op = each;
    }
    if (op.empty()) return Fault("the column is followed by none of = != > >= < <= IS IN");
    const bool equal = op == "=", unequal = op == "!=" || op == "<>";
    const bool quoted = (cursor_.SkipBlanks(), cursor_.rest().starts_with("'"));
    const std::optional<std::string> text = cursor_.TakeValue(false);
    if (!text && !quoted && (equal || unequal)) {
      *set = equal ? ValueSet::None(true) : ValueSet::All(false);
      return Status::OK();
    }
    LOTIC_ASSIGN_OR_RETURN(Scalar value, ValueOf(field, text));
    if (equal) {
      *set = ValueSet::Listed({std::move(value)});
    } else if (unequal) {
      *set = ValueSet{ValueSet::Kind::kUnlisted, unequal_nulls_ == UnequalNulls::kPass, {}, {std::move(value)}};
    } else if (op[0] == '>') {
      *set = ValueSet::Range({std::move(value), op == ">=", std::nullopt, true});
    } else {
      *set = ValueSet::Range({std::nullopt, true, std::move(value), op == "<="});
    }
    return Status::OK();
  }

  Result<Scalar> ValueOf(const Field& field, const std::optional<std::string>& text) const {
    if (!text) return Fault("a value is missing, or its quote is not closed");
    std::optional<Scalar> value = lotic::cli::Parse(field.type, *text);
    if (!value) return Fault("\"" + *text + "\" is no value of column \"" + field.name + "\", which is " + field.type.ToString());
    return *std::move(value);
  }

  const std::string_view text_;
  Cursor cursor_;
  const Schema& schema_;
  const UnequalNulls unequal_nulls_;
  std::vector<std::string> names_;
  size_t begin_ = 0;  // of the term
  Constraints out_;
};

}  // namespace

Result<Scalar> ParseValue(const Type& type, const std::string& text) {
  std::optional<Scalar> value = Parse(type, text);
  if (!value) return Status::Invalid("\"", text, "\" is no value of type ", type.ToString());
  return *std::move(value);
}

Result<Constraints> ParseWhere(std::string_view text, const Schema& schema, UnequalNulls unequal_nulls) {
  return WhereParser(text, schema, unequal_nulls).Parse();
}

}  // namespace lotic::cli
