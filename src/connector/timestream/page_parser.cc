// SPDX-License-Identifier: Apache-2.0
#include "connector/timestream/page_parser.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "connector/timestream/cell_text.h"
#include "format/json_text.h"
#include "lotic/decimal.h"

namespace lotic::timestream {
namespace {

constexpr int kMaxSkippedDepth = 64;  // of a member that we do not know
constexpr size_t kShownBytes = 60;    // of a text in a message

/// The first byte at or behind `p` that ends or escapes a string: '"', '\\' or below 0x20. There is one: a byte 0 stands behind the answer. Eight at a time:
/// x ^ "\"\"\"\"\"\"\"\"" has a zero byte where x has a quote, (y - 0x01…) & ~y & 0x80… marks zero bytes (exactly, up to and with the lowest one).
inline const uint8_t* EndOfPlain(const uint8_t* p) {
  constexpr uint64_t kOnes = 0x0101010101010101u, kHighs = 0x8080808080808080u;
  for (;; p += 8) {
    uint64_t x;
    std::memcpy(&x, p, 8);
    const uint64_t quote = x ^ (kOnes * '"'), slash = x ^ (kOnes * '\\');
    const uint64_t hit = (((quote - kOnes) & ~quote) | ((slash - kOnes) & ~slash) | ((x - kOnes * 0x20) & ~x)) & kHighs;
    if (hit != 0) return p + (__builtin_ctzll(hit) >> 3);
  }
}

template <size_t N>
inline bool StartsWith(const uint8_t* p, const char (&literal)[N]) {
  return std::memcmp(p, literal, N - 1) == 0;
}

std::string Shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kShownBytes)) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  while (!out.empty() && text.size() > kShownBytes && (static_cast<unsigned char>(out.back()) & 0xC0) == 0x80) out.pop_back();  // no half of a character
  if (text.size() > kShownBytes && !out.empty() && static_cast<unsigned char>(out.back()) >= 0xC0) out.pop_back();
  return text.size() > kShownBytes ? out + "…" : out;
}

}  // namespace

/// One answer. All steps return false after Fail(); `p_` never passes the byte 0 behind the answer.
class PageParser::Walk {
 public:
  Walk(const PageParser& parser, std::string_view answer, BatchBuilder* rows, std::string* scratch)
      : parser_(parser), begin_(reinterpret_cast<const uint8_t*>(answer.data())), end_(begin_ + answer.size()), p_(begin_), scratch_(*scratch) {
    for (const int target : parser.targets_) {
      builders_.push_back(target < 0 ? nullptr : &rows->column(static_cast<size_t>(target)));
      types_.push_back(target < 0 ? nullptr : &parser.layout_->fields[static_cast<size_t>(target)].type);
    }
  }

  Result<QueryPage> Run() {
    if (!Answer()) return failure_.ok() ? Status::IOError("the answer is broken") : failure_;
    return std::move(page_);
  }

 private:
  template <typename... Args>
  bool Fail(Args&&... args) {
    if (failure_.ok()) failure_ = Status::IOError(std::forward<Args>(args)...);
    return false;
  }
  bool FailHere(std::string_view expected) {
    if (p_ >= end_) return Fail("the answer is cut short behind byte ", end_ - begin_, ", where ", expected, " was expected");
    return Fail("the answer is not what Query gives: ", expected, " was expected at byte ", p_ - begin_, ", not '",
                Shown({reinterpret_cast<const char*>(p_), std::min<size_t>(static_cast<size_t>(end_ - p_), 12)}), "'");
  }

  void SkipSpace() {
    while (json::kIsSpace[*p_] != 0) ++p_;
  }
  bool Expect(char c) {
    if (*p_ != static_cast<uint8_t>(c)) SkipSpace();
    if (*p_ != static_cast<uint8_t>(c)) {
      const char expected[] = {'\'', c, '\'', '\0'};
      return FailHere(expected);
    }
    ++p_;
    return true;
  }
  bool At(char c) {
    if (*p_ != static_cast<uint8_t>(c)) SkipSpace();
    return *p_ == static_cast<uint8_t>(c);
  }

  /// Behind the opening quote, to behind the closing one. `out` lives until the next string is read.
  bool RestOfString(std::string_view* out) {
    const uint8_t* const from = p_;
    const uint8_t* at = EndOfPlain(from);
    if (*at == '"') {
      *out = {reinterpret_cast<const char*>(from), static_cast<size_t>(at - from)};
      p_ = at + 1;
      return true;
    }
    while (*at == '\\') {
      if (at + 1 >= end_) break;
      at = EndOfPlain(at + 2);
    }
    if (at >= end_ || *at != '"') {
      p_ = at;
      return FailHere("the end of a text");
    }
    scratch_.clear();
    if (!json::Unescape({reinterpret_cast<const char*>(from), static_cast<size_t>(at - from)}, &scratch_)) {
      return Fail("the answer holds a text with a broken escape at byte ", from - begin_);
    }
    *out = scratch_;
    p_ = at + 1;
    return true;
  }
  bool String(std::string_view* out) {
    SkipSpace();
    if (*p_ != '"') return FailHere("a text");
    ++p_;
    return RestOfString(out);
  }

  bool SkipValue() {
    SkipSpace();
    json::Extent extent;
    const uint8_t* const from = p_;
    const uint8_t* const behind = p_ < end_ ? json::ReadExtent(p_, end_, &extent) : nullptr;
    size_t where = 0;
    if (behind == nullptr || behind > end_) return FailHere("a whole value");
    if (!json::IsValidJson(from, behind, kMaxSkippedDepth, &where)) {
      p_ = from + where;
      return FailHere("valid JSON");
    }
    p_ = behind;
    return true;
  }
  bool Null() {
    SkipSpace();
    if (!StartsWith(p_, "null")) return false;
    p_ += 4;
    return true;
  }

  /// Members of an object whose '{' is read; `some` of them were read before. `take(name)` reads the value.
  template <typename Take>
  bool Members(bool some, Take&& take) {
    for (;; some = true) {
      if (At('}')) {
        ++p_;
        return true;
      }
      if (some && !Expect(',')) return false;
      std::string_view name;
      if (!String(&name)) return false;
      // A name lives in the scratch text if it was escaped; names that we know never are.
      char known[64];
      if (name.size() < sizeof(known)) std::memcpy(known, name.data(), name.size());
      name = {known, name.size() < sizeof(known) ? name.size() : 0};
      if (!Expect(':')) return false;
      if (Null()) continue;
      if (!take(name)) return false;
    }
  }
  template <typename Take>
  bool Object(Take&& take) {
    return Expect('{') && Members(false, take);
  }
  template <typename Take>
  bool List(Take&& take) {
    if (!Expect('[')) return false;
    for (bool some = false;; some = true) {
      if (At(']')) {
        ++p_;
        return true;
      }
      if (some && !Expect(',')) return false;
      if (!take()) return false;
    }
  }
  bool Number(double* out) {
    SkipSpace();
    const char* const from = reinterpret_cast<const char*>(p_);
    const auto [to, error] = std::from_chars(from, reinterpret_cast<const char*>(end_), *out);
    if (error != std::errc() || !std::isfinite(*out)) return FailHere("a number");
    p_ += to - from;
    return true;
  }
  bool Count(int64_t* out) {
    double number = 0;
    if (!Number(&number)) return false;
    *out = number >= 0 && number < 9e18 ? static_cast<int64_t>(number) : 0;
    return true;
  }
  bool Text(std::string* out) {
    std::string_view text;
    if (!String(&text)) return false;
    *out = text;
    return true;
  }

  bool Answer() {
    if (!json::IsValidUtf8({reinterpret_cast<const char*>(begin_), static_cast<size_t>(end_ - begin_)})) return Fail("the answer is no UTF-8");
    const bool ok = Object([this](std::string_view name) {
      if (name == "Rows") return Rows();
      if (name == "ColumnInfo") return Columns();
      if (name == "NextToken") return Text(&page_.next_token);
      if (name == "QueryId") return Text(&page_.query_id);
      if (name == "QueryStatus") {
        return Object([this](std::string_view member) {
          if (member == "ProgressPercentage") return Number(&page_.progress_percent);
          if (member == "CumulativeBytesScanned") return Count(&page_.bytes_scanned);
          if (member == "CumulativeBytesMetered") return Count(&page_.bytes_metered);
          return SkipValue();
        });
      }
      return SkipValue();
    });
    if (!ok) return false;
    SkipSpace();
    if (p_ != end_) return FailHere("the end");
    if (page_.query_id.empty()) return Fail("the answer has no QueryId: it is none of Query");
    if (!has_rows_) return Fail("the answer has no Rows: whether there are none is not known");
    return true;
  }

  bool Columns() {
    page_.has_columns = true;
    page_.columns.clear();
    return List([this] {
      if (page_.columns.size() >= kMaxColumns) {
        failure_ = Status::CapacityError("the answer has more than ", kMaxColumns, " columns");
        return false;
      }
      page_.columns.emplace_back();
      ColumnInfo column;
      if (!ColumnAt(&column, 0)) return false;
      page_.columns.back() = std::move(column);
      return true;
    });
  }
  bool ColumnAt(ColumnInfo* out, int depth) {
    if (depth > kMaxTypeDepth) {
      failure_ = Status::CapacityError("a column's type is nested more than ", kMaxTypeDepth, " deep");
      return false;
    }
    bool typed = false;
    if (!Object([&](std::string_view name) {
          if (name == "Name") return Text(&out->name);
          if (name != "Type") return SkipValue();
          return Object([&](std::string_view member) {
            const auto shaped = [&](ColumnInfo::Shape shape) {
              if (typed) return Fail("the answer gives column '", Shown(out->name), "' two types");
              typed = true;
              out->shape = shape;
              return true;
            };
            if (member == "ScalarType") return shaped(ColumnInfo::Shape::kScalar) && Text(&out->scalar);
            const bool series = member == "TimeSeriesMeasureValueColumnInfo";
            if (series || member == "ArrayColumnInfo") {
              if (!shaped(series ? ColumnInfo::Shape::kSeries : ColumnInfo::Shape::kArray)) return false;
              out->children.emplace_back();
              return ColumnAt(&out->children.back(), depth + 1);
            }
            if (member != "RowColumnInfo") return SkipValue();
            if (At('[') && p_[1] == ']') return SkipValue();  // an empty list: as if it were absent
            return shaped(ColumnInfo::Shape::kRow) && List([&] {
                     if (out->children.size() >= kMaxColumns) return Fail("the answer has a row of more than ", kMaxColumns, " members");
                     out->children.emplace_back();
                     return ColumnAt(&out->children.back(), depth + 1);
                   });
          });
        })) {
      return false;
    }
    return typed ? true : Fail("the answer gives column '", Shown(out->name), "' no type");
  }

  bool Rows() {
    has_rows_ = true;
    if (parser_.skip_rows_) {
      return List([this] {
        ++page_.rows;
        return SkipValue();
      });
    }
    if (page_.rows != 0) return Fail("the answer has two lists of rows");
    return List([this] { return Row(); });
  }
  bool Row() {
    SkipSpace();
    bool some = false;
    if (StartsWith(p_, "{\"Data\":[")) {
      p_ += 9;
      if (!Cells()) return false;
      some = true;
      if (*p_ == '}') {
        ++p_;
        ++page_.rows;
        return true;
      }
    } else if (!Expect('{')) {
      return false;
    }
    if (!Members(some, [&](std::string_view name) {
          if (name != "Data") return SkipValue();
          if (some) return Fail("row ", page_.rows, " of the answer has two lists of cells");
          some = true;
          return Expect('[') && Cells();
        })) {
      return false;
    }
    if (!some && !builders_.empty()) return Fail("row ", page_.rows, " of the answer has no cells");
    ++page_.rows;
    return true;
  }
  /// Behind the '[', to behind the ']'.
  bool Cells() {
    const size_t count = builders_.size();
    for (size_t c = 0; c < count; ++c) {
      if (At(']')) return Fail("row ", page_.rows, " of the answer has ", c, " cells, not ", count);
      if (c != 0 && !Expect(',')) return false;
      column_ = c;
      SkipSpace();
      if (StartsWith(p_, "{\"ScalarValue\":\"")) {
        p_ += 16;
        std::string_view text;
        if (!RestOfString(&text)) return false;
        if (*p_ == '}') {
          ++p_;
          if (builders_[c] != nullptr && !Scalar(text, *types_[c], builders_[c])) return false;
          continue;
        }
        if (builders_[c] != nullptr && !Scalar(text, *types_[c], builders_[c])) return false;
        if (!Members(true, [this](std::string_view name) { return IsValue(name) ? TwoValues() : SkipValue(); })) return false;
      } else if (StartsWith(p_, "{\"NullValue\":true}")) {
        p_ += 18;
        if (builders_[c] != nullptr) builders_[c]->AppendNull();
      } else if (builders_[c] == nullptr) {
        if (!SkipValue()) return false;
      } else if (!Datum(*types_[c], builders_[c])) {
        return false;
      }
    }
    if (!At(']')) {
      return *p_ == ',' ? Fail("row ", page_.rows, " of the answer has more than ", count, " cells") : FailHere("']'");
    }
    ++p_;
    return true;
  }

  static bool IsValue(std::string_view name) { return name == "ScalarValue" || name == "ArrayValue" || name == "RowValue" || name == "TimeSeriesValue"; }
  bool TwoValues() { return Fail(Where(), "the cell holds two values"); }
  std::string Where() const {
    return "row " + std::to_string(page_.rows) + " of the answer, column '" + (column_ < parser_.names_.size() ? parser_.names_[column_] : "") + "': ";
  }

  /// A value of any kind. The depth is that of `type`, which is bounded.
  bool Datum(const Type& type, ColumnBuilder* out) {
    bool filled = false;
    if (!Object([&](std::string_view name) {
          if (!IsValue(name)) return SkipValue();  // NullValue among them: a NULL is a cell without any other
          if (filled) return TwoValues();
          filled = true;
          if (name == "ScalarValue") {
            std::string_view text;
            return String(&text) && Scalar(text, type, out);
          }
          if (name == "RowValue") return RowValue(type, out);
          return name == "ArrayValue" ? ArrayValue(type, out) : SeriesValue(type, out);
        })) {
      return false;
    }
    if (!filled) out->AppendNull();
    return true;
  }
  bool Misfit(std::string_view what, const Type& type) { return Fail(Where(), what, " does not fit ", type.ToString()); }
  bool ArrayValue(const Type& type, ColumnBuilder* out) {
    if (type.id() != TypeId::kList) return Misfit("a list", type);
    const Type& item = type.children()[0].type;
    if (!List([&] { return Datum(item, &out->child(0)); })) return false;
    out->FinishList();
    return true;
  }
  bool RowValue(const Type& type, ColumnBuilder* out) {
    if (type.id() != TypeId::kStruct) return Misfit("a row", type);
    const std::vector<Field>& members = type.children();
    bool some = false;
    if (!Object([&](std::string_view name) {
          if (name != "Data") return SkipValue();
          if (std::exchange(some, true)) return TwoValues();
          size_t at = 0;
          if (!List([&] {
                if (at >= members.size()) return Fail(Where(), "a row has more than ", members.size(), " members");
                ++at;
                return Datum(members[at - 1].type, &out->child(at - 1));
              })) {
            return false;
          }
          return at == members.size() ? true : Fail(Where(), "a row has ", at, " members, not ", members.size());
        })) {
      return false;
    }
    if (!some) return Fail(Where(), "a row has no members");
    out->AppendValid();
    return true;
  }
  bool SeriesValue(const Type& type, ColumnBuilder* out) {
    const bool fits = type.id() == TypeId::kList && type.children()[0].type.id() == TypeId::kStruct && type.children()[0].type.children().size() == 2;
    if (!fits) return Misfit("a time series", type);
    const std::vector<Field>& members = type.children()[0].type.children();
    ColumnBuilder* const point = &out->child(0);
    if (!List([&] {
          bool timed = false, valued = false;
          if (!Object([&](std::string_view name) {
                if (name == "Time") {
                  std::string_view text;
                  if (std::exchange(timed, true)) return TwoValues();
                  return String(&text) && Scalar(text, members[0].type, &point->child(0));
                }
                if (name != "Value") return SkipValue();
                if (std::exchange(valued, true)) return TwoValues();
                return Datum(members[1].type, &point->child(1));
              })) {
            return false;
          }
          if (!timed) return Fail(Where(), "a point of a time series has no Time");
          if (!valued) point->child(1).AppendNull();
          point->AppendValid();
          return true;
        })) {
      return false;
    }
    out->FinishList();
    return true;
  }

  bool Scalar(std::string_view text, const Type& type, ColumnBuilder* out) {
    int64_t whole = 0;
    double real = 0;
    bool truth = false;
    const auto integer = [&](int64_t low, int64_t high) {
      if (!ParseInteger(text, low, high, &whole)) return false;
      out->AppendInt64(whole);
      return true;
    };
    bool fits = false;
    switch (type.id()) {
      case TypeId::kString: out->AppendBytes(text); return true;
      case TypeId::kFloat64:
        fits = ParseDouble(text, &real);
        if (fits) out->AppendDouble(real);
        break;
      case TypeId::kFloat32:
        fits = ParseDouble(text, &real) && (!std::isfinite(real) || std::isfinite(static_cast<float>(real)));
        if (fits) out->AppendDouble(real);
        break;
      case TypeId::kInt64: fits = integer(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()); break;
      case TypeId::kInt32: fits = integer(std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()); break;
      case TypeId::kInt16: fits = integer(std::numeric_limits<int16_t>::min(), std::numeric_limits<int16_t>::max()); break;
      case TypeId::kInt8: fits = integer(std::numeric_limits<int8_t>::min(), std::numeric_limits<int8_t>::max()); break;
      case TypeId::kBool:
        fits = ParseBool(text, &truth);
        if (fits) out->AppendBool(truth);
        break;
      case TypeId::kTimestamp:
        fits = ParseTimestamp(text, type.unit(), &whole);
        if (fits) out->AppendInt64(whole);
        break;
      case TypeId::kDate:
        fits = ParseDate(text, &whole);
        if (fits) out->AppendInt64(whole);
        break;
      case TypeId::kDecimal128: {
        Int128 unscaled = 0;
        fits = ParseDecimalText(text, type, &unscaled);
        if (fits) out->AppendDecimal(unscaled);
        break;
      }
      default: return Misfit("a scalar", type);
    }
    return fits ? true : Fail(Where(), "'", Shown(text), "' is no ", type.ToString());
  }
  /// Digits with at most `scale` behind the point, `precision` in all.
  static bool ParseDecimalText(std::string_view text, const Type& type, Int128* out) {
    const bool negative = !text.empty() && text.front() == '-';
    if (negative) text.remove_prefix(1);
    int digits = 0, behind = -1;
    Int128 value = 0;
    for (const char c : text) {
      if (c == '.' && behind < 0) {
        behind = 0;
        continue;
      }
      if (c < '0' || c > '9' || value > (Int128{1} << 120)) return false;
      value = value * 10 + (c - '0');
      ++digits;
      if (behind >= 0 && ++behind > type.scale()) return false;
    }
    if (digits == 0) return false;
    Int128 limit = 1;
    for (int i = 0; i < type.precision(); ++i) limit *= 10;
    for (int i = std::max(behind, 0); i < type.scale(); ++i) {
      if (value >= limit) return false;
      value *= 10;
    }
    if (value >= limit) return false;
    *out = negative ? -value : value;
    return true;
  }

  const PageParser& parser_;
  const uint8_t* const begin_;
  const uint8_t* const end_;
  const uint8_t* p_;
  std::string& scratch_;
  std::vector<ColumnBuilder*> builders_;  // by the answer's columns; null: passed over
  std::vector<const Type*> types_;
  size_t column_ = 0;
  QueryPage page_;
  bool has_rows_ = false;
  Status failure_;
};

PageParser::PageParser(std::shared_ptr<const Schema> layout, std::vector<int> targets, std::vector<std::string> names)
    : layout_(std::move(layout)), targets_(std::move(targets)), names_(std::move(names)) {}
PageParser::PageParser() : layout_(std::make_shared<const Schema>()), skip_rows_(true) {}
PageParser::~PageParser() = default;
PageParser::PageParser(PageParser&&) noexcept = default;

Result<QueryPage> PageParser::Parse(std::string_view answer, BatchBuilder* rows) { return Walk(*this, answer, rows, &scratch_).Run(); }

std::string FindNextToken(std::string_view answer) {
  // Inside a text a quote has a backslash before it, so these bytes are a text of their own: the member's name, or a cell's value, which no colon follows.
  constexpr std::string_view kName = "\"NextToken\"";
  for (size_t at = answer.find(kName); at != std::string_view::npos; at = answer.find(kName, at + 1)) {
    if (at > 0 && answer[at - 1] == '\\') continue;
    size_t from = answer.find_first_not_of(" \t\r\n", at + kName.size());
    if (from == std::string_view::npos || answer[from] != ':') continue;
    from = answer.find_first_not_of(" \t\r\n", from + 1);
    if (from == std::string_view::npos || answer[from] != '"') continue;
    size_t to = from + 1;
    while (to < answer.size() && answer[to] != '"') to += answer[to] == '\\' ? 2 : 1;
    std::string token;
    if (to >= answer.size() || !json::Unescape(answer.substr(from + 1, to - from - 1), &token)) return "";
    return token;
  }
  return "";
}

}  // namespace lotic::timestream
