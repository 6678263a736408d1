// SPDX-License-Identifier: Apache-2.0
#include "format/pinot_cells.h"

#include <emmintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "format/json_number.h"
#include "format/json_writer.h"
#include "format/pinot_number.h"
#include "format/value_text.h"

namespace lotic::pinot {
namespace {

using json::AppendCodePoint;
using json::Extent;
using json::ExtentKind;

constexpr size_t kMaxShownBytes = 60;  // of a value in a reason
constexpr int64_t kMinInt = std::numeric_limits<int32_t>::min(), kMaxInt = std::numeric_limits<int32_t>::max();

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; }

/// The first of `text`, cut before a character.
std::string_view CutAt(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && IsContinuation(text[bytes])) --bytes;
  return text.substr(0, bytes);
}

/// Bytes of the longest prefix of at most `units` UTF-16 units: a character of four bytes is two of them, any other one. Whole characters only.
size_t PrefixOfUnits(std::string_view text, size_t units) {
  size_t at = 0;
  while (at < text.size()) {
    const uint8_t lead = static_cast<uint8_t>(text[at]);
    const size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const size_t takes = size == 4 ? 2 : 1;
    if (units < takes) break;
    units -= takes;
    at += size;
  }
  return std::min(at, text.size());
}

bool DecodeHex(std::string_view text, std::string* out) {
  if (text.size() % 2 != 0) return false;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = json::HexDigit(static_cast<uint8_t>(text[i])), low = json::HexDigit(static_cast<uint8_t>(text[i + 1]));
    if (high < 0 || low < 0) return false;
    out->push_back(static_cast<char>(high << 4 | low));
  }
  return true;
}

bool IsInteger(std::string_view token) { return token.find_first_of(".eE") == std::string_view::npos; }

/// A number's value; too large is an infinity.
double DoubleOf(std::string_view token) {
  double value;
  if (json::ParseDouble(token, &value)) return value;
  return token[0] == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
}

/// Appends to `bytes`; 16 bytes behind the text are readable.
[[gnu::always_inline]] inline void CopyText(const Extent& cell, Buffer& bytes) {
  bytes.Reserve(cell.size + 16);
  uint8_t* const out = bytes.data() + bytes.size();
  for (uint32_t i = 0; i < cell.size; i += 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm_loadu_si128(reinterpret_cast<const __m128i*>(cell.data + i)));
  }
  bytes.Resize(bytes.size() + cell.size);
}

}  // namespace

std::string_view CellName(PinotCell cell) {
  switch (cell) {
    case PinotCell::kInt: return "INT";
    case PinotCell::kLong: return "LONG";
    case PinotCell::kFloat: return "FLOAT";
    case PinotCell::kDouble: return "DOUBLE";
    case PinotCell::kBigDecimal: return "BIG_DECIMAL";
    case PinotCell::kBoolean: return "BOOLEAN";
    case PinotCell::kTimestamp: return "TIMESTAMP";
    case PinotCell::kString: return "STRING";
    case PinotCell::kJson: return "JSON";
    case PinotCell::kBytes: return "BYTES";
    case PinotCell::kRaw: return "text";
  }
  return "text";
}

void AppendUnescaped(std::string_view inside, std::string* out) {
  const auto quad = [&](size_t at) {
    return static_cast<uint32_t>(
        json::HexQuad(reinterpret_cast<const uint8_t*>(inside.data()) + at, reinterpret_cast<const uint8_t*>(inside.data()) + inside.size()));
  };
  size_t i = 0;
  while (i < inside.size()) {
    const size_t run = i;
    i = std::min(inside.find('\\', i), inside.size());
    out->append(inside, run, i - run);
    if (i + 1 >= inside.size()) return;
    const char letter = inside[i + 1];
    i += 2;
    switch (letter) {
      case 'b': out->push_back('\b'); break;
      case 'f': out->push_back('\f'); break;
      case 'n': out->push_back('\n'); break;
      case 'r': out->push_back('\r'); break;
      case 't': out->push_back('\t'); break;
      case 'u': {
        const uint32_t unit = quad(i);
        i += 4;
        const bool high = unit >= 0xd800 && unit <= 0xdbff;
        if (high && inside.substr(i, 2) == "\\u") {
          const uint32_t low = quad(i + 2);
          if (low >= 0xdc00 && low <= 0xdfff) {
            AppendCodePoint(0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00)), out);
            i += 6;
            break;
          }
        }
        AppendCodePoint(unit >= 0xd800 && unit <= 0xdfff ? '?' : unit, out);
        break;
      }
      default: out->push_back(letter); break;
    }
  }
}

ElementCursor::ElementCursor(std::string_view container)
    : p_(reinterpret_cast<const uint8_t*>(container.data()) + 1), end_(p_ + container.size() - 1), object_(container[0] == '{') {}

bool ElementCursor::Next(Extent* element) {
  p_ = json::SkipSpace(p_, end_);
  if (p_ < end_ && *p_ == ',') p_ = json::SkipSpace(p_ + 1, end_);
  if (p_ >= end_ || *p_ == ']' || *p_ == '}') return false;
  if (object_) {
    bool escaped = false;
    const uint8_t* close = json::ScanString(p_ + 1, end_, &escaped);
    if (close == nullptr) return false;
    p_ = json::SkipSpace(close + 1, end_);
    p_ = json::SkipSpace(p_ + 1, end_);
  }
  p_ = json::ReadExtent(p_, end_, element);
  return p_ != nullptr;
}

// ---- values

CellConverter::Value CellConverter::Read(const Extent& cell) {
  Value value;
  switch (cell.kind) {
    case ExtentKind::kBare:
      value.text = cell.text();
      if (*cell.data == 'n') return value.kind = Value::Kind::kNull, value;
      if (*cell.data == 't' || *cell.data == 'f') return value.kind = Value::Kind::kBool, value.truth = *cell.data == 't', value;
      value.kind = Value::Kind::kNumber;
      return value;
    case ExtentKind::kString:
      value.kind = Value::Kind::kText;
      value.text = cell.text();
      if (value.text.find('\\') != std::string_view::npos) {
        text_.clear();
        AppendUnescaped(value.text, &text_);
        value.text = text_;
      }
      return value;
    case ExtentKind::kContainer:
      value.kind = *cell.data == '[' ? Value::Kind::kList : Value::Kind::kObject;
      value.text = cell.text();
      return value;
    default: return value;
  }
}

bool CellConverter::Append(const Extent& cell, ColumnBuilder& out) { return AppendRow(Read(cell), out); }

bool CellConverter::AppendText(std::string_view text, ColumnBuilder& out) {
  Value value;
  value.kind = Value::Kind::kText;
  value.text = text;
  return AppendRow(value, out);
}

bool CellConverter::AppendRawBytes(std::string_view bytes, ColumnBuilder& out) {
  const Made made = AppendBytesCell(bytes, field_.single_value ? out : out.child(0));
  if (made == Made::kBad) return out.AppendNull(), false;
  if (!field_.single_value) out.FinishList();
  return true;
}

bool CellConverter::AppendRow(const Value& value, ColumnBuilder& out) {
  Made made = Made::kNull;
  if (field_.nested_is_missing && (value.kind == Value::Kind::kObject || (value.kind == Value::Kind::kList && field_.single_value))) {
    // As if it were not there.
  } else if (value.kind != Value::Kind::kNull) {
    made = field_.single_value ? AppendSingle(value, out) : AppendList(value, out);
  }
  if (made != Made::kValue) out.AppendNull();
  return made != Made::kBad;
}

CellConverter::Made CellConverter::AppendList(const Value& value, ColumnBuilder& out) {
  ColumnBuilder& items = out.child(0);
  const int64_t before = items.length();
  const size_t bytes_before = items.bytes_size();
  Made made = Made::kNull;
  if (value.kind == Value::Kind::kList || value.kind == Value::Kind::kObject) {
    ElementCursor elements(value.text);
    Extent element;
    while (made != Made::kBad && elements.Next(&element)) {
      const Value one = Read(element);
      if (one.kind != Value::Kind::kNull) made = AppendSingle(one, items);
      if (items.bytes_size() - bytes_before > kMaxMessageBytes) made = Bad("its values are too large");  // default values in place of short ones
    }
  } else {
    made = AppendSingle(value, items);
  }
  if (made == Made::kBad) return items.Truncate(before), made;
  if (items.length() == before) return Made::kNull;
  out.FinishList();
  return Made::kValue;
}

// A list or object where one value is wanted.
CellConverter::Made CellConverter::AppendNested(const Value& value, ColumnBuilder& out) {
  const bool text = field_.cell == PinotCell::kString;
  Extent only;
  size_t count = 0;
  bool nested = false;
  ElementCursor elements(value.text);
  for (Extent element; elements.Next(&element);) {
    if (element.kind == ExtentKind::kBare && *element.data == 'n') continue;
    nested = nested || element.kind == ExtentKind::kContainer;
    only = element;
    ++count;
  }
  if (value.kind == Value::Kind::kObject) {
    if (text) return AppendJson(value, out);
    return count == 0 ? Made::kNull : Bad("an object is no single value");
  }
  if (count == 0) return Made::kNull;
  if (count == 1) return AppendSingle(Read(only), out);  // no deeper than kMaxPinotNesting
  if (text && nested) return AppendJson(value, out);
  return Bad("a list of more than one value, and the column is single-valued");
}

CellConverter::Made CellConverter::AppendSingle(const Value& value, ColumnBuilder& out) {
  if (value.kind == Value::Kind::kNull) return Made::kNull;
  if (field_.cell == PinotCell::kJson) return AppendJson(value, out);
  const bool nested = value.kind == Value::Kind::kList || value.kind == Value::Kind::kObject;
  if (field_.cell == PinotCell::kRaw) {
    if (nested) return AppendJson(value, out);
    out.AppendBytes(value.kind == Value::Kind::kBool ? std::string_view(value.truth ? "true" : "false") : value.text);
    return Made::kValue;
  }
  if (nested) return AppendNested(value, out);
  switch (field_.cell) {
    case PinotCell::kInt: {
      int32_t number;
      const Made made = ToInt(value, &number);
      if (made == Made::kValue) out.AppendInt64(number);
      return made;
    }
    case PinotCell::kLong: {
      int64_t number;
      const Made made = ToLong(value, &number);
      if (made == Made::kValue) out.AppendInt64(number);
      return made;
    }
    case PinotCell::kTimestamp: {
      int64_t number;
      const Made made = ToTimestamp(value, &number);
      if (made == Made::kValue) out.AppendInt64(number);
      return made;
    }
    case PinotCell::kFloat: {
      float number;
      const Made made = ToFloat(value, &number);
      if (made == Made::kValue) out.AppendDouble(static_cast<double>(number));
      return made;
    }
    case PinotCell::kDouble: {
      double number;
      const Made made = ToDouble(value, &number);
      if (made == Made::kValue) out.AppendDouble(number);
      return made;
    }
    case PinotCell::kBoolean: {
      bool truth;
      const Made made = ToBool(value, &truth);
      if (made == Made::kValue) out.AppendBool(truth);
      return made;
    }
    case PinotCell::kBigDecimal: {
      made_.clear();
      if (value.kind == Value::Kind::kBool) {
        made_.push_back(value.truth ? '1' : '0');
      } else if (!AppendPlainDecimal(Trim(value.text), field_.allow_trailing_zeros, &made_)) {
        return Bad("not a decimal number of at most 1000 digits");
      }
      out.AppendBytes(made_);
      return Made::kValue;
    }
    case PinotCell::kBytes: {
      if (value.kind != Value::Kind::kText) return Bad("bytes are written as text of hexadecimal digits");
      made_.clear();
      if (!DecodeHex(Trim(value.text), &made_)) return Bad("not an even number of hexadecimal digits");
      return AppendBytesCell(made_, out);
    }
    default: break;
  }
  // kString
  if (value.kind == Value::Kind::kText) return FinishText(value.text, out);
  if (value.kind == Value::Kind::kBool) return FinishText(value.truth ? "true" : "false", out);
  if (IsInteger(value.text)) return FinishText(value.text == "-0" ? "0" : value.text, out);
  made_.clear();
  AppendJavaDouble(DoubleOf(value.text), &made_);
  return FinishText(made_, out);
}

CellConverter::Made CellConverter::AppendJson(const Value& value, ColumnBuilder& out) {
  made_.clear();
  switch (value.kind) {
    case Value::Kind::kBool: made_ = value.truth ? "true" : "false"; break;
    case Value::Kind::kText: {
      padded_.assign(value.text);
      padded_.append(kDecoderPadding, ' ');
      const uint8_t* const begin = reinterpret_cast<const uint8_t*>(padded_.data());
      if (json::IsValidJson(begin, begin + value.text.size(), kMaxPinotNesting, nullptr)) {
        json::AppendCompact(value.text, &made_);
      } else {
        AppendJsonString(value.text, &made_);
      }
      break;
    }
    default: json::AppendCompact(value.text, &made_); break;
  }
  return FinishText(made_, out);
}

// ---- single values

CellConverter::Made CellConverter::ToLong(const Value& value, int64_t* out) {
  switch (value.kind) {
    case Value::Kind::kBool: return *out = value.truth ? 1 : 0, Made::kValue;
    case Value::Kind::kText: return ParseLong(Trim(value.text), out) ? Made::kValue : Bad("not an integer in range");
    default: break;
  }
  if (ParseLong(value.text, out)) return Made::kValue;
  const bool integer = IsInteger(value.text);
  const double number = DoubleOf(value.text);
  if (field_.strict_numbers && (integer || !(number >= -0x1p63 && number < 0x1p63))) return Bad("out of range");
  *out = integer ? LowBits(value.text) : pinot::ToLong(number);
  return Made::kValue;
}

CellConverter::Made CellConverter::ToInt(const Value& value, int32_t* out) {
  if (value.kind == Value::Kind::kNumber && !IsInteger(value.text)) {
    const double number = DoubleOf(value.text);
    if (field_.strict_numbers && !(number > -0x1p31 - 1 && number < 0x1p31)) return Bad("out of range");
    return *out = pinot::ToInt(number), Made::kValue;
  }
  int64_t number;
  const Made made = ToLong(value, &number);
  if (made != Made::kValue) return made;
  const bool fits = number >= kMinInt && number <= kMaxInt;
  if (!fits && (field_.strict_numbers || value.kind == Value::Kind::kText)) return Bad("out of range");
  *out = static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(number)));
  return Made::kValue;
}

CellConverter::Made CellConverter::ToDouble(const Value& value, double* out) {
  switch (value.kind) {
    case Value::Kind::kBool: *out = value.truth ? 1 : 0; break;
    case Value::Kind::kText:
      if (!ParseDouble(value.text, out)) return Bad("not a number");
      break;
    default:
      *out = DoubleOf(value.text);
      if (field_.strict_numbers && std::isinf(*out)) return Bad("out of range");
      break;
  }
  if (!field_.finish) return Made::kValue;
  if (std::isnan(*out)) return Made::kNull;
  *out += 0.0;  // -0.0 becomes 0.0
  return Made::kValue;
}

CellConverter::Made CellConverter::ToFloat(const Value& value, float* out) {
  int64_t integer;
  if (value.kind == Value::Kind::kText) {
    if (!ParseFloat(value.text, out)) return Bad("not a number");
  } else if (value.kind == Value::Kind::kBool) {
    *out = value.truth ? 1 : 0;
  } else if (ParseLong(value.text, &integer)) {
    *out = static_cast<float>(integer);
  } else {
    *out = static_cast<float>(DoubleOf(value.text));  // a number of a message is a double first
    if (field_.strict_numbers && std::isinf(*out)) return Bad("out of range");
  }
  if (!field_.finish) return Made::kValue;
  if (std::isnan(*out)) return Made::kNull;
  *out += 0.0f;
  return Made::kValue;
}

CellConverter::Made CellConverter::ToTimestamp(const Value& value, int64_t* out) {
  if (value.kind == Value::Kind::kText) return field_.parse_timestamp(value.text, out) ? Made::kValue : Bad("no date and time that is known, nor milliseconds");
  if (value.kind == Value::Kind::kBool) return Bad("a boolean is no time");
  if (!IsInteger(value.text)) return *out = pinot::ToLong(DoubleOf(value.text)), Made::kValue;
  if (!ParseLong(value.text, out)) return Bad("out of range");
  // Such a number is an INT, which has no conversion to TIMESTAMP: seconds instead of milliseconds, as a rule.
  if (*out >= kMinInt && *out <= kMaxInt) return Bad("milliseconds since 1970 do not fit in 32 bits, so that this is taken for another unit");
  return Made::kValue;
}

CellConverter::Made CellConverter::ToBool(const Value& value, bool* out) {
  if (value.kind == Value::Kind::kBool) return *out = value.truth, Made::kValue;
  if (value.kind == Value::Kind::kNumber)
    return *out = value.text.substr(0, value.text.find_first_of("eE")).find_first_of("123456789") != std::string_view::npos, Made::kValue;
  const std::string_view text = Trim(value.text);
  static constexpr std::string_view kTrue = "true";
  *out = text == "1" || (text.size() == 4 && std::equal(text.begin(), text.end(), kTrue.begin(), [](char a, char b) { return (a | 0x20) == b; }));
  return Made::kValue;
}

CellConverter::Made CellConverter::FinishText(std::string_view text, ColumnBuilder& out) {
  if (field_.finish) {
    const size_t nul = text.find('\0');
    const size_t most = static_cast<size_t>(field_.max_length);
    const bool longer = field_.too_long != PinotTooLong::kKeep && text.size() > most && PrefixOfUnits(text, most) < text.size();
    if (nul != std::string_view::npos || longer) [[unlikely]] {
      switch (field_.too_long) {
        case PinotTooLong::kError: return Bad(longer ? "longer than maxLength" : "it contains the character NUL");
        case PinotTooLong::kDefault: text = field_.default_value; break;
        case PinotTooLong::kTrim: text = text.substr(0, PrefixOfUnits(text, most)); [[fallthrough]];
        case PinotTooLong::kKeep: text = text.substr(0, std::min(text.find('\0'), text.size())); break;
      }
    }
  }
  out.AppendBytes(text);
  return Made::kValue;
}

CellConverter::Made CellConverter::AppendBytesCell(std::string_view bytes, ColumnBuilder& out) {
  const size_t most = static_cast<size_t>(field_.max_length);
  if (field_.finish && bytes.size() > most) {
    switch (field_.too_long) {
      case PinotTooLong::kError: return Bad("longer than maxLength");
      case PinotTooLong::kDefault: bytes = field_.default_value; break;
      case PinotTooLong::kTrim: bytes = bytes.substr(0, most); break;
      case PinotTooLong::kKeep: break;
    }
  }
  out.AppendBytes(bytes);
  return Made::kValue;
}

// ---- columns

// Fixed width, in place: `fast(cell, &value)` for what almost all cells are, `slow(value, &made)` for the others.
template <typename T, typename Fast, typename Slow>
void CellConverter::AppendFixed(std::span<const Extent> cells, ColumnBuilder& out, std::vector<uint32_t>* bad, Fast fast, Slow slow) {
  const int64_t first = out.length();
  T* values = out.UnsafeValues<T>();
  const size_t first_other = bad->size();
  for (size_t row = 0; row < cells.size(); ++row) {
    T value{};
    if (!fast(cells[row], &value)) [[unlikely]] {
      bad->push_back(static_cast<uint32_t>(row));  // for the moment: all that are not plain
      value = T{};
    }
    values[row] = value;
  }
  out.Advance(static_cast<int64_t>(cells.size()));
  size_t kept = first_other;
  for (size_t i = first_other; i < bad->size(); ++i) {
    const uint32_t row = (*bad)[i];
    const Value value = Read(cells[row]);
    const bool nested = value.kind == Value::Kind::kList || value.kind == Value::Kind::kObject;
    Made made = Made::kNull;
    if (nested && !field_.nested_is_missing) {
      ColumnBuilder one(out.type());
      made = AppendNested(value, one);
      if (made == Made::kValue) std::memcpy(out.UnsafeValues<T>() - static_cast<int64_t>(cells.size()) + row, one.UnsafeValues<T>() - 1, sizeof(T));
    } else if (!nested && value.kind != Value::Kind::kNull) {
      T number{};
      made = slow(value, &number);
      if (made == Made::kValue) *(out.UnsafeValues<T>() - static_cast<int64_t>(cells.size()) + row) = number;
    }
    if (made != Made::kValue) out.SetNull(first + row);
    if (made == Made::kBad) (*bad)[kept++] = row;
  }
  bad->resize(kept);
}

void CellConverter::AppendStrings(std::span<const Extent> cells, bool plain, ColumnBuilder& out, std::vector<uint32_t>* bad) {
  const uint32_t most = field_.finish ? static_cast<uint32_t>(field_.max_length) : std::numeric_limits<uint32_t>::max();
  for (size_t row = 0; row < cells.size(); ++row) {
    const Extent& cell = cells[row];
    if (cell.kind == ExtentKind::kString && cell.size <= most && (plain || std::memchr(cell.data, '\\', cell.size) == nullptr)) [[likely]] {
      CopyText(cell, out.bytes());
      out.FinishBytes();
    } else if (!Append(cell, out)) {
      bad->push_back(static_cast<uint32_t>(row));
    }
  }
}

void CellConverter::AppendAll(std::span<const Extent> cells, bool plain, ColumnBuilder& out, std::vector<uint32_t>* bad) {
  out.Reserve(static_cast<int64_t>(cells.size()));
  const auto integer = [](const Extent& cell, int64_t* value) { return cell.kind == ExtentKind::kBare && json::ParseInt64(cell.data, cell.size, value); };
  if (field_.single_value) {
    switch (field_.cell) {
      case PinotCell::kLong:
        return AppendFixed<int64_t>(cells, out, bad, integer, [this](const Value& value, int64_t* number) { return ToLong(value, number); });
      case PinotCell::kInt:
        return AppendFixed<int32_t>(
            cells, out, bad,
            [&](const Extent& cell, int32_t* value) {
              int64_t wide;
              if (!integer(cell, &wide)) return false;
              *value = static_cast<int32_t>(wide);
              return *value == wide;
            },
            [this](const Value& value, int32_t* number) { return ToInt(value, number); });
      case PinotCell::kTimestamp:
        return AppendFixed<int64_t>(
            cells, out, bad, [&](const Extent& cell, int64_t* value) { return integer(cell, value) && (*value > kMaxInt || *value < kMinInt); },
            [this](const Value& value, int64_t* number) { return ToTimestamp(value, number); });
      case PinotCell::kDouble:
        return AppendFixed<double>(
            cells, out, bad,
            [](const Extent& cell, double* value) {
              if (cell.kind != ExtentKind::kBare || !json::ParseDouble(cell.text(), value)) return false;
              return *value != 0;  // the sign of a zero is the other path's matter
            },
            [this](const Value& value, double* number) { return ToDouble(value, number); });
      case PinotCell::kString: return AppendStrings(cells, plain, out, bad);
      default: break;
    }
  }
  for (size_t row = 0; row < cells.size(); ++row) {
    if (!Append(cells[row], out)) bad->push_back(static_cast<uint32_t>(row));
  }
}

// ---- reasons

std::string CellConverter::Sentence(const Value& value) {
  std::string sentence = value.kind == Value::Kind::kText ? "\"" : "";
  std::string_view shown = value.kind == Value::Kind::kBool ? std::string_view(value.truth ? "true" : "false") : value.text;
  const std::string_view cut = CutAt(shown, kMaxShownBytes);
  sentence.append(cut);
  if (cut.size() < shown.size()) sentence += "...";
  if (value.kind == Value::Kind::kText) sentence += "\"";
  sentence.append(" does not convert to ").append(CellName(field_.cell));
  if (!field_.single_value) sentence += " (multi-value)";
  return sentence.append(": ").append(why_);
}

std::string CellConverter::Reason(const Extent& cell) {
  ColumnBuilder scratch(field_.type());
  if (Append(cell, scratch)) return "";
  return Sentence(Read(cell));
}

std::string CellConverter::Reason(std::string_view text) {
  ColumnBuilder scratch(field_.type());
  if (AppendText(text, scratch)) return "";
  Value value;
  value.kind = Value::Kind::kText;
  value.text = text;
  return Sentence(value);
}

// ---- finishing

bool CellConverter::AppendFinished(const Column& in, int64_t row, ColumnBuilder& out) {
  if (in.IsNull(row)) return out.AppendNull(), true;
  const auto one = [&](const Column& from, int64_t at, ColumnBuilder& to) {
    if (from.IsNull(at)) return Made::kNull;
    switch (field_.cell) {
      case PinotCell::kInt: return to.AppendInt64(from.values<int32_t>()[static_cast<size_t>(at)]), Made::kValue;
      case PinotCell::kLong:
      case PinotCell::kTimestamp: return to.AppendInt64(from.values<int64_t>()[static_cast<size_t>(at)]), Made::kValue;
      case PinotCell::kFloat: {
        const float value = from.values<float>()[static_cast<size_t>(at)];
        return std::isnan(value) ? Made::kNull : (to.AppendDouble(static_cast<double>(value + 0.0f)), Made::kValue);
      }
      case PinotCell::kDouble: {
        const double value = from.values<double>()[static_cast<size_t>(at)];
        return std::isnan(value) ? Made::kNull : (to.AppendDouble(value + 0.0), Made::kValue);
      }
      case PinotCell::kBoolean: return to.AppendBool(from.Bool(at)), Made::kValue;
      case PinotCell::kBytes: return AppendBytesCell(from.Text(at), to);
      case PinotCell::kString: return FinishText(from.Text(at), to);
      case PinotCell::kRaw: return to.AppendBytes(from.Text(at)), Made::kValue;
      case PinotCell::kBigDecimal:
      case PinotCell::kJson: {
        Value value;
        value.kind = Value::Kind::kText;
        value.text = from.Text(at);
        return AppendSingle(value, to);
      }
    }
    return Made::kNull;
  };
  if (field_.single_value) {
    const Made made = one(in, row, out);
    if (made != Made::kValue) out.AppendNull();
    return made != Made::kBad;
  }
  ColumnBuilder& items = out.child(0);
  const int64_t before = items.length();
  const auto offsets = in.offsets();
  for (int32_t at = offsets[static_cast<size_t>(row)]; at < offsets[static_cast<size_t>(row) + 1]; ++at) {
    if (one(in.children[0], at, items) != Made::kBad) continue;
    items.Truncate(before);
    out.AppendNull();
    return false;
  }
  if (items.length() == before) return out.AppendNull(), true;
  out.FinishList();
  return true;
}

}  // namespace lotic::pinot

namespace lotic {

Type PinotDecoderField::type() const {
  const Type item = [this] {
    switch (cell) {
      case PinotCell::kInt: return Type::Int32();
      case PinotCell::kLong: return Type::Int64();
      case PinotCell::kFloat: return Type::Float32();
      case PinotCell::kDouble: return Type::Float64();
      case PinotCell::kBoolean: return Type::Bool();
      case PinotCell::kTimestamp: return Type::Timestamp(TimeUnit::kMilli, true);
      case PinotCell::kBytes: return Type::Binary();
      default: return Type::String();
    }
  }();
  return single_value ? item : Type::List(item);
}

namespace {

class TextCells final : public PinotTextCells {
 public:
  explicit TextCells(const PinotDecoderField& field) : converter_(field) {}
  bool Append(std::string_view text, ColumnBuilder& out, std::string* reason) override {
    if (converter_.AppendText(text, out)) return true;
    if (reason != nullptr) *reason = converter_.Reason(text);
    return false;
  }
  bool AppendBytes(std::string_view bytes, ColumnBuilder& out, std::string* reason) override {
    if (converter_.AppendRawBytes(bytes, out)) return true;
    if (reason != nullptr) *reason = std::to_string(bytes.size()) + " bytes do not convert to BYTES: longer than maxLength";
    return false;
  }

 private:
  pinot::CellConverter converter_;
};

}  // namespace

std::unique_ptr<PinotTextCells> MakePinotTextCells(const PinotDecoderField& field) { return std::make_unique<TextCells>(field); }

void FinishPinotColumn(const PinotDecoderField& field, const Column& in, ColumnBuilder& out, std::vector<int64_t>* bad) {
  pinot::CellConverter converter(field);
  out.Reserve(in.length);
  for (int64_t row = 0; row < in.length; ++row) {
    if (!converter.AppendFinished(in, row, out)) bad->push_back(row);
  }
}

}  // namespace lotic
