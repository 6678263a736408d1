// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lotic/batch.h"
#include "lotic/status.h"

namespace lotic {

/// A decimal number: unscaled · 10^-scale. `scale` may be larger than a column's, or negative.
struct Decimal {
  Int128 unscaled = 0;
  int scale = 0;

  /// Exactly the value of `number`, which has as many digits as its binary form needs, rounded HALF_UP to `scale` places (0 .. 38).
  /// Errors: Invalid (not finite, or more than 38 digits).
  static Result<Decimal> FromDouble(double number, int scale);
  /// "-12.50": with all the digits of the scale.
  std::string ToString() const;
};

/// The unscaled value of `value` in a DECIMAL(precision, scale) column, rounded HALF_UP (ties away from zero).
/// Errors: Invalid, with value and type (more digits than the precision).
Result<Int128> RescaleHalfUp(const Decimal& value, int precision, int scale);

}  // namespace lotic
