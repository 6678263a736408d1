// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lotic/status.h"

// Values as Pinot's answers write them, in JSON. Follows: realtime-tables §5.5 (Java's number and timestamp texts).

namespace lotic::server {

/// As Java's Double.toString and Float.toString write the shortest digits that read back: "1.0", "0.001", "1.0E7", "1.234E-5". Not finite: "NaN", "Infinity", "-Infinity", without quotes.
std::string JavaText(double value);
std::string JavaText(float value);

/// "2022-02-11 13:36:25.807", "1970-01-01 00:00:00.0": UTC, at least one digit behind the point, no trailing zeros.
std::string TimestampText(int64_t milliseconds);
/// "2022-02-11T13:36:25.807Z".
std::string InstantText(int64_t milliseconds);

/// How the cells of one result column become JSON.
class CellWriter {
 public:
  /// `type`: as `columnDataTypes` says it ("LONG", "STRING_ARRAY"). Errors: UnknownError (a type that is none of Pinot's).
  static Result<CellWriter> For(std::string_view type);

  /// Appends one cell. `cell`: the engine's JSON form of the value of the DuckDB type that catalog::PinotTranslation promises; nothing: NULL.
  /// Errors: UnknownError (the cell is not of that form: a bug of ours).
  Status Append(const std::optional<std::string>& cell, std::string* out) const;

 private:
  enum class Form : uint8_t { kBare, kFloat, kDouble, kTimestamp, kMap };
  CellWriter(Form form, bool array) : form_(form), array_(array) {}
  Status AppendValue(std::string_view value, std::string* out) const;
  Form form_;
  bool array_;
};

}  // namespace lotic::server
