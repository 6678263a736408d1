// SPDX-License-Identifier: Apache-2.0
#include "catalog/column_type.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace lotic::catalog {
namespace {

constexpr int kMaxLength = 2147483647;

class TypeParser {
 public:
  explicit TypeParser(Tokens* tokens) : tokens_(*tokens) {}

  Result<DeclaredType> Whole(int depth) {
    if (depth > kMaxTypeDepth) return Tokens::Error(tokens_.now().at, "types lie deeper than " + std::to_string(kMaxTypeDepth) + " in one another");
    LOTIC_ASSIGN_OR_RETURN(DeclaredType declared, Plain(depth));
    LOTIC_RETURN_NOT_OK(TakeNullability(&declared));
    while (tokens_.Is("array") || tokens_.Is("multiset")) {  // `t ARRAY`
      if (++depth > kMaxTypeDepth) return Tokens::Error(tokens_.now().at, "types lie deeper than " + std::to_string(kMaxTypeDepth) + " in one another");
      const bool array = tokens_.Is("array");
      tokens_.Advance();
      declared = array ? Array(std::move(declared)) : Multiset(std::move(declared));
      LOTIC_RETURN_NOT_OK(TakeNullability(&declared));
    }
    return declared;
  }

 private:
  static std::string Text(const DeclaredType& declared) { return declared.text + (declared.not_null ? " NOT NULL" : ""); }
  static DeclaredType Array(DeclaredType item) { return {Type::List(item.type), "ARRAY<" + Text(item) + ">", false}; }
  static DeclaredType Multiset(DeclaredType item) { return {Type::Map(item.type, Type::Int32()), "MULTISET<" + Text(item) + ">", false}; }

  Status TakeNullability(DeclaredType* declared) {
    if (tokens_.Take("not")) {
      declared->not_null = true;
      return tokens_.Expect("null");
    }
    (void)tokens_.Take("null");
    return Status::OK();
  }

  /// "(n)", or `otherwise`.
  Result<int> Parameter(int least, int most, int otherwise) {
    if (!tokens_.TakeSign('(')) return otherwise;
    LOTIC_ASSIGN_OR_RETURN(const int number, Number(least, most));
    LOTIC_RETURN_NOT_OK(tokens_.ExpectSign(')'));
    return number;
  }

  Result<int> Number(int least, int most) {
    const Token& token = tokens_.now();
    int number = 0;
    const auto end = std::from_chars(token.text.data(), token.text.data() + token.text.size(), number);
    if (token.kind != TokenKind::kNumber || end.ec != std::errc() || end.ptr != token.text.data() + token.text.size() || number < least || number > most) {
      return tokens_.Unexpected("a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    tokens_.Advance();
    return number;
  }

  static TimeUnit UnitOf(int digits) {
    return digits == 0 ? TimeUnit::kSecond : digits <= 3 ? TimeUnit::kMilli : digits <= 6 ? TimeUnit::kMicro : TimeUnit::kNano;
  }

  Result<DeclaredType> Sized(const std::string& name, Type type) {
    LOTIC_ASSIGN_OR_RETURN(const int length, Parameter(1, kMaxLength, 1));
    return DeclaredType{std::move(type), name + "(" + std::to_string(length) + ")", false};
  }

  Result<DeclaredType> Timestamp(bool local, size_t start) {
    LOTIC_ASSIGN_OR_RETURN(const int digits, Parameter(0, 9, 6));
    const size_t at = tokens_.now().at;
    if (tokens_.Take("without")) {
      if (local) return Tokens::Error(at, "TIMESTAMP_LTZ has a time zone: the session's");
      LOTIC_RETURN_NOT_OK(tokens_.Expect("time"));
      LOTIC_RETURN_NOT_OK(tokens_.Expect("zone"));
    } else if (!local && tokens_.Take("with")) {
      if (tokens_.Is("time"))
        return Tokens::Error(at, "TIMESTAMP WITH TIME ZONE is no type of Flink's; write TIMESTAMP WITH LOCAL TIME ZONE, or TIMESTAMP_LTZ");
      LOTIC_RETURN_NOT_OK(tokens_.Expect("local"));
      LOTIC_RETURN_NOT_OK(tokens_.Expect("time"));
      LOTIC_RETURN_NOT_OK(tokens_.Expect("zone"));
      local = true;
    }
    if (local && digits > 6) {
      return Tokens::Error(start,
                           "TIMESTAMP_LTZ(" + std::to_string(digits) + ") cannot be held: an instant counts microseconds here, so at most TIMESTAMP_LTZ(6)");
    }
    return DeclaredType{Type::Timestamp(UnitOf(digits), local), "TIMESTAMP(" + std::to_string(digits) + ")" + (local ? " WITH LOCAL TIME ZONE" : ""), false};
  }

  Result<DeclaredType> Decimal() {
    int precision = 10, scale = 0;
    if (tokens_.TakeSign('(')) {
      LOTIC_ASSIGN_OR_RETURN(precision, Number(1, 38));
      if (tokens_.TakeSign(',')) {
        LOTIC_ASSIGN_OR_RETURN(scale, Number(0, precision));
      }
      LOTIC_RETURN_NOT_OK(tokens_.ExpectSign(')'));
    }
    return DeclaredType{Type::Decimal(precision, scale), "DECIMAL(" + std::to_string(precision) + ", " + std::to_string(scale) + ")", false};
  }

  /// Held as the number that Flink's formats read and write for it: INT months or BIGINT milliseconds.
  Result<DeclaredType> Interval() {
    static constexpr std::array<const char*, 6> kUnits = {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"};
    static constexpr size_t kMonth = 1, kDay = 2, kSecond = 5;
    std::string text = "INTERVAL";
    const auto take_unit = [&](size_t least, size_t most) -> Result<size_t> {
      for (size_t unit = least; unit <= most; ++unit) {
        if (!tokens_.Take(AsciiLower(kUnits[unit]))) continue;
        text += std::string(" ") + kUnits[unit];
        if (tokens_.IsSign('(')) {
          LOTIC_ASSIGN_OR_RETURN(const int digits, Parameter(unit == kSecond ? 0 : 1, unit == kSecond ? 9 : unit == kDay ? 6 : 4, 0));
          text += "(" + std::to_string(digits) + ")";
        }
        return unit;
      }
      return tokens_.Unexpected(std::string("an interval's unit, ") + kUnits[least] + (least == most ? "" : std::string(" to ") + kUnits[most]));
    };
    LOTIC_ASSIGN_OR_RETURN(const size_t first, take_unit(0, kSecond));
    const size_t last = first <= kMonth ? kMonth : kSecond;
    if (first < last && tokens_.Take("to")) {
      text += " TO";
      LOTIC_RETURN_NOT_OK(take_unit(first + 1, last).status());
    }
    return DeclaredType{first <= kMonth ? Type::Int32() : Type::Int64(), std::move(text), false};
  }

  Result<DeclaredType> Row(size_t at, int depth) {
    const char close = tokens_.IsSign('<') ? '>' : ')';
    if (!tokens_.TakeSign('<') && !tokens_.TakeSign('(')) return tokens_.Unexpected("< and the fields of the ROW");
    std::vector<Field> fields;
    std::string text;
    do {
      if (fields.size() == kMaxRowFields) return Tokens::Error(at, "a ROW of more than " + std::to_string(kMaxRowFields) + " fields");
      const Token name = tokens_.now();
      if (!tokens_.IsName()) return tokens_.Unexpected("the name of a field");
      tokens_.Advance();
      LOTIC_ASSIGN_OR_RETURN(DeclaredType type, Whole(depth + 1));
      for (const Field& other : fields) {
        if (other.name == name.text) return Tokens::Error(name.at, "this ROW has two fields called " + name.text);
      }
      text += (fields.empty() ? "" : ", ") + BacktickName(name.text) + " " + Text(type);
      if (tokens_.now().kind == TokenKind::kText) {  // a comment
        text += " " + QuotedText(tokens_.now().text);
        tokens_.Advance();
      }
      fields.push_back({name.text, std::move(type.type)});
    } while (tokens_.TakeSign(','));
    LOTIC_RETURN_NOT_OK(tokens_.ExpectSign(close));
    return DeclaredType{Type::Struct(std::move(fields)), "ROW<" + text + ">", false};
  }

  Result<DeclaredType> Plain(int depth) {
    const Token token = tokens_.now();
    if (token.kind != TokenKind::kWord) return tokens_.Unexpected("a type");
    const std::string name = AsciiLower(token.text);
    tokens_.Advance();
    if (name == "boolean") return DeclaredType{Type::Bool(), "BOOLEAN", false};
    if (name == "tinyint") return DeclaredType{Type::Int8(), "TINYINT", false};
    if (name == "smallint") return DeclaredType{Type::Int16(), "SMALLINT", false};
    if (name == "int" || name == "integer") return DeclaredType{Type::Int32(), "INT", false};
    if (name == "bigint") return DeclaredType{Type::Int64(), "BIGINT", false};
    if (name == "float") return DeclaredType{Type::Float32(), "FLOAT", false};
    if (name == "double") {
      (void)tokens_.Take("precision");
      return DeclaredType{Type::Float64(), "DOUBLE", false};
    }
    if (name == "string") return DeclaredType{Type::String(), "STRING", false};
    if (name == "bytes") return DeclaredType{Type::Binary(), "BYTES", false};
    if (name == "char" || name == "character") {
      const bool varying = tokens_.Take("varying");
      return Sized(varying ? "VARCHAR" : "CHAR", Type::String());
    }
    if (name == "varchar") return Sized("VARCHAR", Type::String());
    if (name == "binary") {
      const bool varying = tokens_.Take("varying");
      return Sized(varying ? "VARBINARY" : "BINARY", Type::Binary());
    }
    if (name == "varbinary") return Sized("VARBINARY", Type::Binary());
    if (name == "decimal" || name == "dec" || name == "numeric") return Decimal();
    if (name == "date") return DeclaredType{Type::Date(), "DATE", false};
    if (name == "time") {
      LOTIC_ASSIGN_OR_RETURN(const int digits, Parameter(0, 9, 0));
      if (digits > 6)
        return Tokens::Error(token.at, "TIME(" + std::to_string(digits) + ") cannot be held: a TIME counts microseconds here, so at most TIME(6)");
      if (tokens_.Take("without")) {
        LOTIC_RETURN_NOT_OK(tokens_.Expect("time"));
        LOTIC_RETURN_NOT_OK(tokens_.Expect("zone"));
      }
      return DeclaredType{Type::Time(), "TIME(" + std::to_string(digits) + ")", false};
    }
    if (name == "timestamp") return Timestamp(false, token.at);
    if (name == "timestamp_ltz") return Timestamp(true, token.at);
    if (name == "array" || name == "multiset") {
      LOTIC_RETURN_NOT_OK(tokens_.ExpectSign('<'));
      LOTIC_ASSIGN_OR_RETURN(DeclaredType item, Whole(depth + 1));
      LOTIC_RETURN_NOT_OK(tokens_.ExpectSign('>'));
      return name == "array" ? Array(std::move(item)) : Multiset(std::move(item));
    }
    if (name == "map") {
      LOTIC_RETURN_NOT_OK(tokens_.ExpectSign('<'));
      LOTIC_ASSIGN_OR_RETURN(const DeclaredType key, Whole(depth + 1));
      LOTIC_RETURN_NOT_OK(tokens_.ExpectSign(','));
      LOTIC_ASSIGN_OR_RETURN(const DeclaredType value, Whole(depth + 1));
      LOTIC_RETURN_NOT_OK(tokens_.ExpectSign('>'));
      return DeclaredType{Type::Map(key.type, value.type), "MAP<" + Text(key) + ", " + Text(value) + ">", false};
    }
    if (name == "row") return Row(token.at, depth);
    if (name == "interval") return Interval();
    for (const char* known : {"raw", "structured", "variant", "descriptor"}) {
      if (name == known) {
        return Status::NotImplemented("a column of type ", token.text, " cannot be read or written here").WithDetail(std::make_shared<TextPosition>(token.at));
      }
    }
    static const std::vector<std::string> kNames = {"BOOLEAN",   "TINYINT",       "SMALLINT", "INT",    "BIGINT",    "FLOAT", "DOUBLE", "DECIMAL",
                                                    "CHAR",      "VARCHAR",       "STRING",   "BINARY", "VARBINARY", "BYTES", "DATE",   "TIME",
                                                    "TIMESTAMP", "TIMESTAMP_LTZ", "INTERVAL", "ARRAY",  "MULTISET",  "MAP",   "ROW"};
    std::string upper = token.text.substr(0, 40);
    std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    const std::vector<std::string> nearest = NearestNames(upper, kNames, 1);
    return Tokens::Error(token.at, upper + " is no type of Flink's" + (nearest.empty() ? "" : "; did you mean " + nearest[0] + "?"));
  }

  Tokens& tokens_;
};

}  // namespace

Result<DeclaredType> ParseColumnType(Tokens* tokens) { return TypeParser(tokens).Whole(0); }

}  // namespace lotic::catalog
