// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lotic/batch.h"
#include "lotic/type.h"

// Values as the text that formats write. All append to `out`.

namespace lotic {

/// The shortest digits that give the number back, in Java's form: 1.0, 1.0E10, 1.0E-4, NaN, Infinity, -0.0.
void AppendJavaDouble(double value, std::string* out);
void AppendJavaFloat(float value, std::string* out);

/// How a DECIMAL is written.
enum class DecimalForm : uint8_t {
  kPlain,       ///< 0.000000027, 100.00
  kScientific,  ///< as Java's BigDecimal: 2.7E-8 where the plain form has six zeroes or more behind the point; 100.00
  kStripped,    ///< the same without trailing zeroes: 1E+2
};
void AppendDecimal(Int128 unscaled, int scale, DecimalForm form, std::string* out);

/// "2022-02-11". False, and nothing appended, outside the years 0001 to 9999.
bool AppendDate(int64_t days, std::string* out);
/// "13:34:45.807": as many digits behind the point as it takes, none and no point where all are zero. False outside a day.
bool AppendTime(int64_t micros, std::string* out);
/// "2022-02-11 13:34:45.807" with `separator` in place of the blank and "Z" behind it where `utc`. False outside the years 0001 to 9999.
bool AppendTimestamp(int64_t value, TimeUnit unit, bool utc, char separator, std::string* out);

}  // namespace lotic
