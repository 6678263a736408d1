// SPDX-License-Identifier: Apache-2.0
// Scalars: ordering, text, and reading them out of columns.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "lotic/batch_builder.h"
#include "lotic/constraints.h"

namespace lotic {
namespace {

template <typename T>
int Order(T a, T b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int CompareDoubles(double a, double b, const CompareOptions& options) {
  const bool a_nan = std::isnan(a), b_nan = std::isnan(b);
  if (a_nan || b_nan) return Order(a_nan, b_nan);
  if (a == 0 && b == 0 && options.signed_zero_distinct) return Order(!std::signbit(a), !std::signbit(b));
  return Order(a, b);
}

// The next code point of valid UTF-8; a broken byte stands for itself, so that any bytes have an order.
uint32_t NextCodePoint(std::string_view text, size_t* at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(*at);
  const size_t more = lead < 0xc0 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  if (*at + more >= text.size() + (more == 0 ? 1 : 0)) {
    ++*at;
    return lead;
  }
  uint32_t point = more == 0 ? lead : lead & (0x3f >> more);
  for (size_t i = 1; i <= more; ++i) point = point << 6 | (byte(*at + i) & 0x3f);
  *at += more + 1;
  return point;
}

// Java compares UTF-16 units: surrogates (code points from U+10000) sort below U+E000 .. U+FFFF.
int CompareUtf16(std::string_view a, std::string_view b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    const uint32_t x = NextCodePoint(a, &i), y = NextCodePoint(b, &j);
    if (x == y) continue;
    const auto unit = [](uint32_t point) { return point < 0x10000 ? point : 0xd800 + ((point - 0x10000) >> 10); };
    return unit(x) != unit(y) ? Order(unit(x), unit(y)) : Order(x, y);
  }
  return Order(i < a.size(), j < b.size());
}

std::string Int128ToString(Int128 value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  unsigned __int128 rest = negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  std::string digits;
  for (; rest != 0; rest /= 10) digits += static_cast<char>('0' + static_cast<int>(rest % 10));
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

// Days since 1970-01-01 to a proleptic Gregorian date. 1970-01-01 is day 719468 of the era arithmetic that starts at 0000-03-01.
std::string DateToString(int64_t days) {
  const int64_t z = days + 719468;
  const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const auto day_of_era = static_cast<int>(z - era * 146097);
  const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int month_from_march = (5 * day_of_year + 2) / 153;
  const int day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  char text[48];
  std::snprintf(text, sizeof(text), "%04lld-%02d-%02d", static_cast<long long>(year), month, day);
  return text;
}

std::string TimeToString(int64_t units, int64_t per_second, int digits) {
  char text[48];
  const int64_t seconds = units / per_second, fraction = units % per_second;
  std::snprintf(text, sizeof(text), "%02d:%02d:%02d", static_cast<int>(seconds / 3600), static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  std::string out = text;
  if (fraction != 0) {
    const std::string written = std::to_string(fraction);
    out += '.' + std::string(static_cast<size_t>(digits) - written.size(), '0') + written;
  }
  return out;
}

}  // namespace

int CompareScalars(const Type& type, const Scalar& a, const Scalar& b, const CompareOptions& options) {
  switch (a.index()) {
    case 1: return Order(std::get<bool>(a), std::get<bool>(b));
    case 2: return Order(std::get<int64_t>(a), std::get<int64_t>(b));
    case 3: return Order(std::get<uint64_t>(a), std::get<uint64_t>(b));
    case 4: return CompareDoubles(std::get<double>(a), std::get<double>(b), options);
    case 5: return Order(std::get<Int128>(a), std::get<Int128>(b));
    default: break;
  }
  const std::string& x = std::get<std::string>(a);
  const std::string& y = std::get<std::string>(b);
  if (type.id() == TypeId::kString && options.string_order == CompareOptions::StringOrder::kUtf16Unit) return CompareUtf16(x, y);
  const int order = x.compare(y);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

std::string ScalarToString(const Type& type, const Scalar& value) {
  switch (value.index()) {
    case 0: return "NULL";
    case 1: return std::get<bool>(value) ? "true" : "false";
    case 3: return std::to_string(std::get<uint64_t>(value));
    case 4: {
      char text[40];
      std::snprintf(text, sizeof(text), "%.17g", std::get<double>(value));
      return text;
    }
    case 5: {
      std::string digits = Int128ToString(std::get<Int128>(value));
      if (type.scale() == 0) return digits;
      const bool negative = digits[0] == '-';
      if (negative) digits.erase(0, 1);
      const auto scale = static_cast<size_t>(type.scale());
      if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
      digits.insert(digits.size() - scale, ".");
      return (negative ? "-" : "") + digits;
    }
    case 6: {
      std::string out = type.id() == TypeId::kBinary ? "'\\x" : "'";
      for (const char c : std::get<std::string>(value)) {
        if (type.id() == TypeId::kBinary) {
          char hex[3];
          std::snprintf(hex, sizeof(hex), "%02x", static_cast<uint8_t>(c));
          out += hex;
        } else {
          out += c == '\'' ? std::string("''") : std::string(1, c);
        }
      }
      return out + "'";
    }
    default: break;
  }
  const int64_t number = std::get<int64_t>(value);
  if (type.id() == TypeId::kDate) return DateToString(number);
  if (type.id() == TypeId::kTime) return TimeToString(number, 1000000, 6);
  if (type.id() == TypeId::kTimestamp) {
    const int digits = 3 * static_cast<int>(type.unit());
    int64_t per_second = 1;
    for (int i = 0; i < digits; ++i) per_second *= 10;
    int64_t days = number / (per_second * 86400), rest = number % (per_second * 86400);
    if (rest < 0) {
      rest += per_second * 86400;
      --days;
    }
    return DateToString(days) + " " + TimeToString(rest, per_second, digits) + (type.utc() ? "+00" : "");
  }
  return std::to_string(number);
}

Scalar ScalarAt(const Column& column, int64_t row) {
  if (column.IsNull(row)) return {};
  switch (column.type.id()) {
    case TypeId::kBool: return column.Bool(row);
    case TypeId::kInt8: return int64_t{column.values<int8_t>()[row]};
    case TypeId::kInt16: return int64_t{column.values<int16_t>()[row]};
    case TypeId::kInt32:
    case TypeId::kDate: return int64_t{column.values<int32_t>()[row]};
    case TypeId::kInt64:
    case TypeId::kTime:
    case TypeId::kTimestamp: return column.values<int64_t>()[row];
    case TypeId::kUInt8: return uint64_t{column.values<uint8_t>()[row]};
    case TypeId::kUInt16: return uint64_t{column.values<uint16_t>()[row]};
    case TypeId::kUInt32: return uint64_t{column.values<uint32_t>()[row]};
    case TypeId::kUInt64: return column.values<uint64_t>()[row];
    case TypeId::kFloat32: return double{column.values<float>()[row]};
    case TypeId::kFloat64: return column.values<double>()[row];
    case TypeId::kDecimal128: return column.values<Int128>()[row];
    case TypeId::kString:
    case TypeId::kBinary: return std::string(column.Text(row));
    default: break;
  }
  return {};
}

void AppendScalar(const Scalar& value, ColumnBuilder* out) {
  switch (value.index()) {
    case 0: return out->AppendNull();
    case 1: return out->AppendBool(std::get<bool>(value));
    case 2: return out->AppendInt64(std::get<int64_t>(value));
    case 3: return out->AppendUInt64(std::get<uint64_t>(value));
    case 4: return out->AppendDouble(std::get<double>(value));
    case 5: return out->AppendDecimal(std::get<Int128>(value));
    default: return out->AppendBytes(std::get<std::string>(value));
  }
}

}  // namespace lotic
