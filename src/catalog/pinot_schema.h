// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/pinot_datetime.h"
#include "catalog/pinot_parsed.h"
#include "lotic/status.h"
#include "lotic/type.h"

// Schemas of real-time tables. Follows: Apache Pinot's schema JSON. All of it is values: any thread.

namespace lotic::catalog {

enum class PinotType : uint8_t { kInt, kLong, kFloat, kDouble, kBigDecimal, kBoolean, kTimestamp, kString, kJson, kBytes, kMap };
std::string_view PinotTypeName(PinotType type);  ///< "INT", "BIG_DECIMAL", …
/// Upper case only. Errors: Invalid, naming the types there are.
Result<PinotType> ParsePinotType(std::string_view name);
/// The name in answers: "INT", "STRING_ARRAY".
std::string PinotResultTypeName(PinotType type, bool single_value);
/// The logical type of one value: INT Int32, LONG Int64, FLOAT Float32, DOUBLE Float64, BOOLEAN Bool, TIMESTAMP Timestamp(ms, UTC), BYTES Binary, BIG_DECIMAL, STRING, JSON and MAP String.
Type LogicalType(PinotType type);

struct PinotField {
  enum class Kind : uint8_t { kDimension, kMetric, kDateTime, kComplex };
  /// What happens to a text longer than max_length.
  enum class TooLong : uint8_t { kTrim, kKeep, kError, kDefault };

  std::string name;
  PinotType type = PinotType::kString;
  Kind kind = Kind::kDimension;
  bool single_value = true;
  /// What stands for NULL where null handling is off, as text: digits, "true"/"false", "2024-01-31 10:20:30.5" (TIMESTAMP), hex (BYTES), "-Infinity"; of a multi-value column: its one element.
  std::string default_null;
  bool default_given = false;  ///< it is not the type's own default
  bool not_null = false;       ///< advisory
  int32_t max_length = 512;    ///< characters of STRING; JSON and BYTES under another rule than kKeep
  TooLong too_long = TooLong::kTrim;
  bool allow_trailing_zeros = false;        ///< BIG_DECIMAL
  std::string transform;                    ///< the deprecated transformFunction; empty: none
  std::string format;                       ///< kDateTime: as the document has it ("TIMESTAMP" for columns of that type)
  std::string granularity;                  ///< kDateTime
  std::optional<DateTimeFormat> date_time;  ///< kDateTime: `format`, compiled

  Type logical_type() const;  ///< with its list, for a multi-value column
};

/// Field metadata in PinotSchema::Columns(): "INT", "STRING", … (of the elements, for a multi-value column), and the text of default_null.
inline constexpr char kPinotTypeMetadata[] = "pinot:type";
inline constexpr char kPinotDefaultMetadata[] = "pinot:default";

inline constexpr size_t kMaxPinotColumns = 10000;

struct PinotSchema {
  std::string name;
  std::vector<PinotField> fields;  ///< dimensions, metrics, dateTimes, complex ones, each in the document's order
  std::vector<std::string> primary_keys;
  bool column_null_handling = false;
  std::string document;  ///< normalised JSON, as GET shows it: keys in Pinot's order, only what is not default; parses to the same schema

  /// Null: no column of exactly that name.
  const PinotField* Find(std::string_view column) const;
  /// The columns as stored, in the order of `fields`, with their metadata.
  Schema Columns() const;
};

/// Errors: Invalid (what HTTP 400 carries: the key or column, the offending value, what is expected), CapacityError (a named limit).
Result<Parsed<PinotSchema>> ParsePinotSchema(std::string_view json);

/// May `after` replace `before`? Columns may be added; kinds, defaults, lengths and granularities may change, and a time's format to another spelling of it. Errors: Invalid, naming the column and what is not compatible with the rows there are.
Status CheckSchemaChange(const PinotSchema& before, const PinotSchema& after);
/// The part of it that nobody can overrule for a table's time column: its segments are chosen by what its values meant when they were stored. Errors: Invalid.
Status CheckTimeFormatChange(const PinotSchema& before, const PinotSchema& after, std::string_view column);

}  // namespace lotic::catalog
