// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/batch.h"

namespace lotic::kinesis {

inline constexpr size_t kMaxKeyUnits = 256;  ///< UTF-16 units of a key made from columns, where Flink cuts; of a given key, characters

/// A version-4 UUID in its text form.
std::string RandomKey(std::mt19937_64& random);

/// The text of a value in a key made from columns: text as it is, true, 7, 1.0E10, null. Of text, BOOLEAN, integer and float columns.
void AppendKeyText(const Column& column, int64_t row, std::string* out);

/// A key from the texts of columns, put together piece by piece as Flink does: text and delimiter until 256 UTF-16 units are reached; then without the last
/// delimiter, cut to 256 units, where no surrogate pair is cut in half.
class KeyFromColumns {
 public:
  explicit KeyFromColumns(std::string_view delimiter) : delimiter_(delimiter) {}
  /// False: the key is full, further columns do not count.
  bool Add(std::string_view text);
  std::string Finish();  ///< and begins the next

 private:
  const std::string delimiter_;
  std::string key_;
  size_t units_ = 0;
};

/// UTF-16 units and characters of valid UTF-8.
size_t Utf16Units(std::string_view text);
size_t Characters(std::string_view text);

}  // namespace lotic::kinesis
