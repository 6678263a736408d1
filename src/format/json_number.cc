// SPDX-License-Identifier: Apache-2.0
#include "format/json_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "format/json_text.h"

namespace lotic::json {
namespace {

/// A number's digits without leading and trailing zeroes, and the power of ten of the last of them.
struct Digits {
  bool negative = false;
  std::string text;
  int64_t exponent = 0;
};

constexpr int64_t kMaxExponent = 1'000'000;  // further out, the sign of the exponent alone decides
constexpr size_t kMaxDigits = 64;            // more than any type holds

/// False if digits beyond kMaxDigits were taken as 0. `token` is a number.
bool TakeApart(std::string_view token, Digits* out) {
  size_t i = 0;
  if (token[0] == '-') out->negative = true, i = 1;
  int64_t zeroes = 0;  // seen since the last other digit, not yet in the text
  int64_t fraction = 0;
  bool behind_point = false;
  bool exact = true;
  for (; i < token.size() && (token[i] | 0x20) != 'e'; ++i) {
    if (token[i] == '.') {
      behind_point = true;
      continue;
    }
    fraction += behind_point;
    if (token[i] == '0') {
      ++zeroes;
      continue;
    }
    if (out->text.empty()) zeroes = 0;
    if (out->text.size() + static_cast<size_t>(zeroes) >= kMaxDigits) {
      exact = false;
      ++zeroes;
      continue;
    }
    out->text.append(static_cast<size_t>(zeroes), '0').push_back(token[i]);
    zeroes = 0;
  }
  int64_t exponent = 0;
  if (i < token.size()) {
    ++i;
    const bool down = token[i] == '-';
    if (token[i] == '-' || token[i] == '+') ++i;
    for (; i < token.size(); ++i) exponent = std::min(exponent * 10 + (token[i] - '0'), kMaxExponent);
    if (down) exponent = -exponent;
  }
  out->exponent = exponent - fraction + zeroes;
  return exact;
}

/// What from_chars calls out of range: too small is a zero of the number's sign, too large is none.
template <typename T>
bool ParseFloating(std::string_view token, T* value) {
  bool integral;
  if (!IsNumber(token, &integral)) return false;
  const auto [stop, error] = std::from_chars(token.data(), token.data() + token.size(), *value);
  if (error == std::errc() && std::isfinite(*value)) return true;
  Digits digits;
  (void)TakeApart(token, &digits);
  if (digits.exponent + static_cast<int64_t>(digits.text.size()) > 0) return false;  // 1 or more, so not too small
  *value = digits.negative ? -T{0} : T{0};
  return true;
}

constexpr double kPowersOfTen[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21};

}  // namespace

namespace internal {

/// With a sign, or of more than 16 digits, or none.
bool ParseOtherInt64(const uint8_t* p, uint32_t size, int64_t* value) {
  if (size == 0) return false;
  const bool negative = *p == '-';
  if (negative) ++p, --size;
  if (size - 1 < 16) {
    if (!ParseDigits(p, size, value)) return false;
    *value = negative ? -*value : *value;
    return true;
  }
  if (size == 0 || size > 19 || *p == '0') return false;
  uint64_t magnitude = 0;
  for (uint32_t i = 0; i < size; ++i) {
    if (p[i] < '0' || p[i] > '9') return false;
    magnitude = magnitude * 10 + (p[i] - '0');  // 19 digits stay below 2^64
  }
  if (magnitude > uint64_t{std::numeric_limits<int64_t>::max()} + (negative ? 1 : 0)) return false;
  *value = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
  return true;
}

}  // namespace internal

bool ParseUInt64(std::string_view token, uint64_t* value) {
  bool integral;
  if (!IsNumber(token, &integral) || !integral) return false;
  if (token[0] == '-') return *value = 0, token == "-0";
  const auto [stop, error] = std::from_chars(token.data(), token.data() + token.size(), *value);
  return error == std::errc();
}

bool ParseDouble(std::string_view token, double* value) {
  // Up to 15 digits and a power of ten up to 10^21 are exact, so that one division rounds once: 26.7 = 267 / 10.
  if (token.size() <= 17 && !token.empty()) {
    size_t i = token[0] == '-' ? 1 : 0;
    const bool negative = i != 0;
    const size_t first = i;
    uint64_t digits = 0;
    size_t point = 0;
    for (; i < token.size(); ++i) {
      const uint8_t digit = static_cast<uint8_t>(token[i] - '0');
      if (digit <= 9) {
        digits = digits * 10 + digit;
      } else if (token[i] == '.' && point == 0 && i != first) {
        point = i;
      } else {
        break;
      }
    }
    const size_t whole = (point == 0 ? i : point) - first;
    const size_t fraction = point == 0 ? 0 : token.size() - point - 1;
    const bool plain = i == token.size() && whole != 0 && (point == 0 || fraction != 0) && !(whole > 1 && token[first] == '0');
    if (plain && whole + fraction <= 15) {
      const double quotient = static_cast<double>(digits) / kPowersOfTen[fraction];
      *value = negative ? -quotient : quotient;
      return true;
    }
  }
  return ParseFloating(token, value);
}

bool ParseFloat(std::string_view token, float* value) { return ParseFloating(token, value); }

bool ParseDecimal(std::string_view token, int precision, int scale, Int128* value) {
  bool integral;
  Digits digits;
  if (!IsNumber(token, &integral) || !TakeApart(token, &digits)) return false;
  *value = 0;
  if (digits.text.empty()) return true;
  const int64_t shift = digits.exponent + scale;
  if (shift < 0 || static_cast<int64_t>(digits.text.size()) + shift > precision) return false;
  for (const char c : digits.text) *value = *value * 10 + (c - '0');
  for (int64_t i = 0; i < shift; ++i) *value *= 10;
  if (digits.negative) *value = -*value;
  return true;
}

bool ParseRoundedDecimal(std::string_view token, int precision, int scale, Int128* value) {
  bool integral;
  Digits digits;
  if (!IsNumber(token, &integral)) return false;
  (void)TakeApart(token, &digits);  // digits too many to keep are behind the place that rounding looks at, or make the number too large
  *value = 0;
  if (digits.text.empty()) return true;
  const int64_t shift = digits.exponent + scale;
  const int64_t size = static_cast<int64_t>(digits.text.size());
  const int64_t kept = std::min(size + shift, size);  // 26.75 with scale 1: of 2675, 3
  if (kept < 0) return true;
  if (size + shift > precision) return false;
  for (int64_t i = 0; i < kept; ++i) *value = *value * 10 + (digits.text[static_cast<size_t>(i)] - '0');
  for (int64_t i = 0; i < shift; ++i) *value *= 10;
  if (kept < size && digits.text[static_cast<size_t>(kept)] >= '5') *value += 1;
  Int128 limit = 1;
  for (int i = 0; i < precision; ++i) limit *= 10;
  if (*value >= limit) return false;  // 9.96 in DECIMAL(2,1)
  if (digits.negative) *value = -*value;
  return true;
}

}  // namespace lotic::json
