// SPDX-License-Identifier: Apache-2.0
#include "lotic/type.h"

#include <algorithm>
#include <cctype>

#include "lotic/table_properties.h"

namespace lotic {
namespace {

struct Named {
  TypeId id;
  std::string_view name;
};
constexpr Named kPlain[] = {
    {TypeId::kBool, "BOOLEAN"},   {TypeId::kInt8, "TINYINT"},     {TypeId::kInt16, "SMALLINT"},   {TypeId::kInt32, "INTEGER"},  {TypeId::kInt64, "BIGINT"},
    {TypeId::kUInt8, "UTINYINT"}, {TypeId::kUInt16, "USMALLINT"}, {TypeId::kUInt32, "UINTEGER"},  {TypeId::kUInt64, "UBIGINT"}, {TypeId::kFloat32, "REAL"},
    {TypeId::kFloat64, "DOUBLE"}, {TypeId::kString, "VARCHAR"},   {TypeId::kBinary, "VARBINARY"}, {TypeId::kDate, "DATE"},      {TypeId::kTime, "TIME"},
};
constexpr int kUnitDigits[] = {0, 3, 6, 9};
constexpr int kMaxDepth = 64;

std::string Quoted(const std::string& name) {
  std::string out = "\"";
  for (char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

// type := WORD | DECIMAL(p,s) | TIMESTAMP(d) [UTC] | LIST<type> | MAP<type, type> | STRUCT<"name" type, ...>
class TypeParser {
 public:
  explicit TypeParser(std::string_view text) : text_(text) {}

  Result<Type> ParseAll() {
    LOTIC_ASSIGN_OR_RETURN(Type type, ParseType(0));
    SkipSpace();
    if (at_ != text_.size()) return Fail("the end");
    return type;
  }

 private:
  Status Fail(std::string_view expected) const { return Status::Invalid("type \"", text_, "\": expected ", expected, " at position ", at_); }
  void SkipSpace() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool Take(char c) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string Word() {
    SkipSpace();
    std::string word;
    while (at_ < text_.size() && std::isalnum(static_cast<unsigned char>(text_[at_])) != 0) {
      word += static_cast<char>(std::toupper(static_cast<unsigned char>(text_[at_++])));
    }
    return word;
  }
  std::optional<int> Number() {
    SkipSpace();
    int value = 0;
    const size_t begin = at_;
    while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0 && at_ - begin < 4) {
      value = value * 10 + (text_[at_++] - '0');
    }
    return at_ == begin ? std::nullopt : std::optional<int>(value);
  }
  Result<std::string> Name() {
    if (!Take('"')) return Fail("a member name in double quotes");
    std::string name;
    for (;;) {
      if (at_ >= text_.size()) return Fail("a closing double quote");
      const char c = text_[at_++];
      if (c != '"') {
        name += c;
      } else if (at_ < text_.size() && text_[at_] == '"') {
        name += text_[at_++];
      } else {
        return name;
      }
    }
  }

  Result<Type> ParseType(int depth) {
    if (depth > kMaxDepth) return Status::CapacityError("type: nested deeper than ", kMaxDepth);
    SkipSpace();
    const size_t begin = at_;
    const std::string word = Word();
    for (const Named& plain : kPlain) {
      if (word == plain.name) return MakePlain(plain.id);
    }
    if (word == "DECIMAL") {
      if (!Take('(')) return Fail("(");
      const auto precision = Number();
      if (!Take(',')) return Fail("a comma");
      const auto scale = Number();
      if (!precision || !scale || !Take(')')) return Fail("precision and scale");
      if (*precision < 1 || *precision > 38 || *scale > *precision) {
        return Status::Invalid("type \"", text_, "\": precision must be 1 to 38, scale 0 to the precision");
      }
      return Type::Decimal(*precision, *scale);
    }
    if (word == "TIMESTAMP") {
      if (!Take('(')) return Fail("(");
      const auto digits = Number();
      if (!digits || !Take(')')) return Fail("digits and )");
      const size_t after = at_;
      const bool utc = Word() == "UTC";
      if (!utc) at_ = after;
      for (int unit = 0; unit < 4; ++unit) {
        if (kUnitDigits[unit] == *digits) return Type::Timestamp(static_cast<TimeUnit>(unit), utc);
      }
      return Status::Invalid("type \"", text_, "\": a timestamp has 0, 3, 6 or 9 digits, not ", *digits);
    }
    if (word == "LIST") {
      if (!Take('<')) return Fail("<");
      LOTIC_ASSIGN_OR_RETURN(Type item, ParseType(depth + 1));
      if (!Take('>')) return Fail(">");
      return Type::List(std::move(item));
    }
    if (word == "MAP") {
      if (!Take('<')) return Fail("<");
      LOTIC_ASSIGN_OR_RETURN(Type key, ParseType(depth + 1));
      if (!Take(',')) return Fail("a comma");
      LOTIC_ASSIGN_OR_RETURN(Type value, ParseType(depth + 1));
      if (!Take('>')) return Fail(">");
      return Type::Map(std::move(key), std::move(value));
    }
    if (word == "STRUCT") {
      if (!Take('<')) return Fail("<");
      std::vector<Field> fields;
      if (Take('>')) return Type::Struct(std::move(fields));
      do {
        LOTIC_ASSIGN_OR_RETURN(std::string name, Name());
        LOTIC_ASSIGN_OR_RETURN(Type type, ParseType(depth + 1));
        fields.push_back({std::move(name), std::move(type)});
      } while (Take(','));
      if (!Take('>')) return Fail(", or >");
      return Type::Struct(std::move(fields));
    }
    at_ = begin;
    return Fail("a type name");
  }

  static Type MakePlain(TypeId id) {
    switch (id) {
      case TypeId::kBool: return Type::Bool();
      case TypeId::kInt8: return Type::Int8();
      case TypeId::kInt16: return Type::Int16();
      case TypeId::kInt32: return Type::Int32();
      case TypeId::kInt64: return Type::Int64();
      case TypeId::kUInt8: return Type::UInt8();
      case TypeId::kUInt16: return Type::UInt16();
      case TypeId::kUInt32: return Type::UInt32();
      case TypeId::kUInt64: return Type::UInt64();
      case TypeId::kFloat32: return Type::Float32();
      case TypeId::kFloat64: return Type::Float64();
      case TypeId::kBinary: return Type::Binary();
      case TypeId::kDate: return Type::Date();
      case TypeId::kTime: return Type::Time();
      default: return Type::String();
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return Lower(x) == Lower(y); });
}

// Levenshtein distance without regard to case, by one row of the table.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      const size_t change = diagonal + (Lower(a[i - 1]) == Lower(b[j - 1]) ? 0 : 1);
      row[j] = std::min({above + 1, row[j - 1] + 1, change});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

Type Type::Decimal(int precision, int scale) {
  LOTIC_CHECK(precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision);
  Type type(TypeId::kDecimal128);
  type.precision_ = static_cast<uint8_t>(precision);
  type.scale_ = static_cast<uint8_t>(scale);
  return type;
}

Type Type::Timestamp(TimeUnit unit, bool utc) {
  Type type(TypeId::kTimestamp);
  type.unit_ = unit;
  type.utc_ = utc;
  return type;
}

Type Type::List(Type item) {
  Type type(TypeId::kList);
  type.children_ = std::make_shared<const std::vector<Field>>(std::vector<Field>{{"item", std::move(item)}});
  return type;
}

Type Type::Struct(std::vector<Field> fields) {
  Type type(TypeId::kStruct);
  type.children_ = std::make_shared<const std::vector<Field>>(std::move(fields));
  return type;
}

Type Type::Map(Type key, Type value) {
  Type type(TypeId::kMap);
  type.children_ = std::make_shared<const std::vector<Field>>(std::vector<Field>{{"key", std::move(key)}, {"value", std::move(value)}});
  return type;
}

const std::vector<Field>& Type::children() const {
  static const std::vector<Field> none;
  return children_ ? *children_ : none;
}

int Type::byte_width() const {
  switch (id_) {
    case TypeId::kInt8:
    case TypeId::kUInt8: return 1;
    case TypeId::kInt16:
    case TypeId::kUInt16: return 2;
    case TypeId::kInt32:
    case TypeId::kUInt32:
    case TypeId::kFloat32:
    case TypeId::kDate: return 4;
    case TypeId::kInt64:
    case TypeId::kUInt64:
    case TypeId::kFloat64:
    case TypeId::kTime:
    case TypeId::kTimestamp: return 8;
    case TypeId::kDecimal128: return 16;
    default: return 0;
  }
}

std::string Type::ToString() const {
  for (const Named& plain : kPlain) {
    if (plain.id == id_) return std::string(plain.name);
  }
  switch (id_) {
    case TypeId::kDecimal128: return "DECIMAL(" + std::to_string(precision_) + "," + std::to_string(scale_) + ")";
    case TypeId::kTimestamp: return "TIMESTAMP(" + std::to_string(kUnitDigits[static_cast<int>(unit_)]) + ")" + (utc_ ? " UTC" : "");
    case TypeId::kList: return "LIST<" + children()[0].type.ToString() + ">";
    case TypeId::kMap: return "MAP<" + children()[0].type.ToString() + ", " + children()[1].type.ToString() + ">";
    default: break;
  }
  std::string out = "STRUCT<";
  for (const Field& field : children()) {
    if (out.size() > 7) out += ", ";
    out += Quoted(field.name) + " " + field.type.ToString();
  }
  return out + ">";
}

Result<Type> Type::Parse(std::string_view text) { return TypeParser(text).ParseAll(); }

bool Type::operator==(const Type& other) const {
  return id_ == other.id_ && precision_ == other.precision_ && scale_ == other.scale_ && unit_ == other.unit_ && utc_ == other.utc_ &&
         (children_ == other.children_ || children() == other.children());
}

std::optional<size_t> Schema::IndexOf(std::string_view name) const {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return i;
  }
  return std::nullopt;
}

Result<size_t> ResolveName(std::string_view what, std::string_view name, const std::vector<std::string>& names) {
  constexpr size_t kMostNamed = 8;  // of those that match; the rest is counted
  std::vector<size_t> found;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return i;
    if (EqualIgnoringCase(names[i], name)) found.push_back(i);
  }
  if (found.size() == 1) return found[0];
  if (!found.empty()) {
    std::string all;
    for (size_t i = 0; i < found.size() && i < kMostNamed; ++i) {
      all += i == 0 ? "" : i + 1 == found.size() ? " or " : ", ";
      all += "\"" + names[found[i]] + "\"";
    }
    if (found.size() > kMostNamed) all += " and " + std::to_string(found.size() - kMostNamed) + " more";
    return Status::Invalid(what, " name \"", name, "\" is ambiguous: ", all, "; write it in its exact case, in double quotes");
  }
  std::string hint;
  for (const std::string& near : NearestNames(name, names)) hint += (hint.empty() ? "; did you mean \"" : "\", \"") + near;
  if (!hint.empty()) hint += "\"?";
  return Status::NotFound("no ", what, " \"", name, "\"", hint);
}

void TellHiddenByCase(const std::string& name, const std::vector<std::string>& names, std::map<std::string, std::string>* properties) {
  std::string hidden;
  for (const std::string& other : names) {
    if (other != name && EqualIgnoringCase(other, name)) hidden += (hidden.empty() ? "" : ", ") + other;
  }
  if (!hidden.empty()) (*properties)[kHiddenByCase] = std::move(hidden);
}

std::vector<std::string> NearestNames(std::string_view name, const std::vector<std::string>& names, size_t limit) {
  constexpr size_t kLongestCompared = 256;  // longer names are not compared: the table is quadratic
  std::vector<std::pair<size_t, std::string>> ranked;
  if (name.size() > kLongestCompared) return {};
  for (const std::string& candidate : names) {
    if (candidate.size() > kLongestCompared) continue;
    const size_t distance = EditDistance(name, candidate);
    if (distance <= std::max<size_t>(2, name.size() / 3)) ranked.emplace_back(distance, candidate);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> nearest;
  for (size_t i = 0; i < ranked.size() && i < limit; ++i) nearest.push_back(ranked[i].second);
  return nearest;
}

}  // namespace lotic
