// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "athena_protocol/wire_schema.h"
#include "athena_protocol/zone_key.h"

// The SDK's order of values, type by type, over plain C++ values: for loops. Follows: the federation SDK's ArrowTypeComparator.

namespace lotic::athena {

template <typename T>
int OrderOf(T a, T b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

/// A number whose order is Java's Double.compare: NaN equal to itself and above all, -0.0 below 0.0.
/// -1.5 is bits 0xBFF8... negative: all but the sign are turned over, so that larger magnitudes come first.
inline int64_t OrderedBits(double value) {
  if (std::isnan(value)) return std::numeric_limits<int64_t>::max();
  const auto bits = std::bit_cast<int64_t>(value);
  return bits < 0 ? bits ^ std::numeric_limits<int64_t>::max() : bits;
}

/// Java's String.compareTo over valid UTF-8. Bytes have the order of code points; UTF-16 differs where one text has a supplementary character (lead byte F0..F4, surrogates from
/// D800) and the other one of U+E000..U+FFFF (lead byte EE, EF).
inline int CompareUtf16(std::string_view a, std::string_view b) {
  const size_t shared = a.size() < b.size() ? a.size() : b.size();
  size_t at = 0;
  while (at < shared && a[at] == b[at]) ++at;
  if (at == shared) return OrderOf(a.size(), b.size());
  const auto x = static_cast<uint8_t>(a[at]), y = static_cast<uint8_t>(b[at]);
  const int order = x < y ? -1 : 1;
  return x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0) ? -order : order;
}

/// Packed zoned timestamps: by instant, then local time, then zone id. Different zones are never equal. An unknown key stands at UTC.
int CompareZoned(int64_t a, int64_t b);

/// `value` of scale `from` in scale `to`, rounded HALF_UP; beyond 128 bits: the largest or smallest of them, outside every decimal.
Int128 RescaleHalfUp(Int128 value, int from, int to);

/// Invalid if the SDK cannot test a value of `column` against a set of `set`: other types (of timestamps only the unit counts, of decimals nothing), types without an order.
Status CheckComparable(const WireType& set, const WireType& column);

}  // namespace lotic::athena
