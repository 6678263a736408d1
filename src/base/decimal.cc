// SPDX-License-Identifier: Apache-2.0
#include "lotic/decimal.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace lotic {
namespace {

using UInt128 = unsigned __int128;
constexpr int kMaxDigits = 38;

UInt128 PowerOfTen(int exponent) {
  UInt128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}
UInt128 Magnitude(Int128 value) { return value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value); }

std::string Digits(UInt128 value) {
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace

std::string Decimal::ToString() const {
  std::string digits = Digits(Magnitude(unscaled));
  if (scale < 0) {
    if (unscaled != 0) digits.append(static_cast<size_t>(-scale), '0');
  } else if (scale > 0) {
    const auto places = static_cast<size_t>(scale);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, ".");
  }
  return (unscaled < 0 ? "-" : "") + digits;
}

Result<Decimal> Decimal::FromDouble(double number, int scale) {
  LOTIC_CHECK(scale >= 0 && scale <= kMaxDigits);
  if (!std::isfinite(number)) return Status::Invalid(number, " is no decimal number");
  if (std::fabs(number) >= 1e38) return Status::Invalid(number, " has more than 38 digits");
  // printf writes the binary value exactly if it may write enough places: 1,074 are as many as any double has.
  constexpr int kAllPlaces = 1074;
  char text[kMaxDigits + kAllPlaces + 4];
  const int length = std::snprintf(text, sizeof text, "%.*f", kAllPlaces, std::fabs(number));
  LOTIC_CHECK(length > 0 && length < static_cast<int>(sizeof text));
  const char* const point = std::find(text, text + length, '.');
  UInt128 unscaled = 0;
  int digits = 0;
  for (const char* at = text; at <= point + scale; ++at) {
    if (at == point) continue;
    if (digits != 0 || *at != '0') ++digits;
    if (digits > kMaxDigits) return Status::Invalid(number, " has more than 38 digits with ", scale, " places");
    unscaled = unscaled * 10 + static_cast<UInt128>(*at - '0');
  }
  if (point[scale + 1] >= '5') ++unscaled;  // HALF_UP: the digits behind it cannot lower it
  if (unscaled >= PowerOfTen(kMaxDigits)) return Status::Invalid(number, " has more than 38 digits with ", scale, " places");
  const auto value = static_cast<Int128>(unscaled);
  return Decimal{number < 0 ? -value : value, scale};
}

Result<Int128> RescaleHalfUp(const Decimal& value, int precision, int scale) {
  const UInt128 limit = PowerOfTen(precision);
  UInt128 magnitude = Magnitude(value.unscaled);
  const auto refused = [&] { return Status::Invalid(value.ToString(), " does not fit DECIMAL(", precision, ",", scale, ")"); };
  const int64_t more = static_cast<int64_t>(scale) - value.scale;  // digits to add; negative: to round away
  if (more >= 0) {
    for (int64_t i = 0; i < more && magnitude != 0; ++i) {
      if (magnitude >= limit) return refused();
      magnitude *= 10;  // below 10^39 < 2^128
    }
  } else if (-more > kMaxDigits + 1) {
    magnitude = 0;  // 2^127 has 39 digits: less than half a unit
  } else {
    for (int64_t i = 1; i < -more; ++i) magnitude /= 10;
    // Only the first digit that goes decides: 5 or more rounds away from zero. 1.49 to one digit: 14 / 10 = 1, and 4 < 5.
    magnitude = magnitude / 10 + (magnitude % 10 >= 5 ? 1 : 0);
  }
  if (magnitude >= limit) return refused();
  const auto fitted = static_cast<Int128>(magnitude);
  return value.unscaled < 0 ? -fitted : fitted;
}

}  // namespace lotic
