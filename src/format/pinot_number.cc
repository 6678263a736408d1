// SPDX-License-Identifier: Apache-2.0
#include "format/pinot_number.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "format/json_number.h"
#include "format/pinot_decoder.h"

namespace lotic::pinot {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// A numeral taken apart: views into its text.
struct Numeral {
  bool negative = false;
  std::string_view whole, fraction, exponent;  ///< exponent: digits, with their sign; empty: none
};

/// [+-] digits [. digits] [e [+-] digits]; digits before or behind the point may be left out, not both. False if there is more.
bool TakeApart(std::string_view text, Numeral* out) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t begin = i;
    while (i < text.size() && IsDigit(text[i])) ++i;
    return text.substr(begin, i - begin);
  };
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) out->negative = text[i++] == '-';
  out->whole = digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    out->fraction = digits();
  }
  if (out->whole.empty() && out->fraction.empty()) return false;
  if (i < text.size() && (text[i] | 0x20) == 'e') {
    const size_t begin = ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits().empty()) return false;
    out->exponent = text.substr(begin, i - begin);
  }
  return i == text.size();
}

template <typename T>
bool ParseFloating(std::string_view text, T* value, bool (*parse)(std::string_view, T*)) {
  text = Trim(text);
  if (text.empty()) return false;
  std::string_view word = text;
  const bool negative = word[0] == '-';
  if (word[0] == '-' || word[0] == '+') word.remove_prefix(1);
  if (word == "NaN") return *value = std::numeric_limits<T>::quiet_NaN(), true;
  const T infinity = negative ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
  if (word == "Infinity") return *value = infinity, true;
  const char last = static_cast<char>(text.back() | 0x20);
  if (last == 'f' || last == 'd') text.remove_suffix(1);
  Numeral numeral;
  if (!TakeApart(text, &numeral)) return false;
  // In the form that JSON has for it.
  std::string token = numeral.negative ? "-" : "";
  const size_t zeros = std::min(numeral.whole.find_first_not_of('0'), numeral.whole.size());
  const std::string_view whole = numeral.whole.substr(zeros);
  token.append(whole.empty() ? std::string_view("0") : whole);
  if (!numeral.fraction.empty()) token.append(".").append(numeral.fraction);
  if (!numeral.exponent.empty()) token.append("e").append(numeral.exponent);
  if (!parse(token, value)) *value = infinity;
  return true;
}

}  // namespace

std::string_view Trim(std::string_view text) {
  const auto is_blank = [](char c) { return static_cast<uint8_t>(c) <= ' '; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool ParseLong(std::string_view text, int64_t* value) {
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.empty()) return false;
  const uint64_t limit = uint64_t{std::numeric_limits<int64_t>::max()} + (negative ? 1 : 0);
  uint64_t magnitude = 0;
  for (const char c : text) {
    if (!IsDigit(c)) return false;
    const uint64_t digit = static_cast<uint64_t>(c - '0');
    if (magnitude > (limit - digit) / 10) return false;
    magnitude = magnitude * 10 + digit;
  }
  *value = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
  return true;
}

bool ParseDouble(std::string_view text, double* value) { return ParseFloating<double>(text, value, json::ParseDouble); }
bool ParseFloat(std::string_view text, float* value) { return ParseFloating<float>(text, value, json::ParseFloat); }

int64_t ToLong(double value) {
  if (std::isnan(value)) return 0;
  if (value >= 0x1p63) return std::numeric_limits<int64_t>::max();
  if (value < -0x1p63) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

int32_t ToInt(double value) {
  if (std::isnan(value)) return 0;
  if (value >= 0x1p31) return std::numeric_limits<int32_t>::max();
  if (value < -0x1p31) return std::numeric_limits<int32_t>::min();
  return static_cast<int32_t>(value);
}

int64_t LowBits(std::string_view digits) {
  const bool negative = !digits.empty() && digits[0] == '-';
  uint64_t bits = 0;
  for (const char c : digits) {
    if (IsDigit(c)) bits = bits * 10 + static_cast<uint64_t>(c - '0');
  }
  return static_cast<int64_t>(negative ? 0 - bits : bits);
}

bool AppendPlainDecimal(std::string_view text, bool keep_zeros, std::string* out) {
  Numeral numeral;
  if (!TakeApart(text, &numeral)) return false;
  if (numeral.whole.size() + numeral.fraction.size() > kMaxBigDecimalDigits) return false;
  int64_t exponent = 0;
  for (const char c : numeral.exponent) {
    if (IsDigit(c)) exponent = std::min<int64_t>(exponent * 10 + (c - '0'), 1'000'000'000);
  }
  if (!numeral.exponent.empty() && numeral.exponent[0] == '-') exponent = -exponent;

  std::string digits = std::string(numeral.whole).append(numeral.fraction);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  int64_t places = static_cast<int64_t>(numeral.fraction.size()) - exponent;  // behind the point; negative: zeros before it
  if (!keep_zeros) {
    while (!digits.empty() && digits.back() == '0') digits.pop_back(), --places;
    if (digits.empty()) places = 0;
  }
  const bool zero = digits.empty();
  if (zero) digits.assign(1, '0'), places = std::max<int64_t>(places, 0);
  const int64_t limit = static_cast<int64_t>(kMaxBigDecimalDigits);
  if (places > limit || static_cast<int64_t>(digits.size()) - std::min<int64_t>(places, 0) > limit) return false;
  if (places < 0) digits.append(static_cast<size_t>(-places), '0'), places = 0;
  if (numeral.negative && !zero) out->push_back('-');
  const size_t behind = static_cast<size_t>(places);
  if (digits.size() <= behind) digits.insert(0, behind + 1 - digits.size(), '0');
  out->append(digits, 0, digits.size() - behind);
  if (behind != 0) out->append(".").append(digits, digits.size() - behind);
  return true;
}

}  // namespace lotic::pinot
