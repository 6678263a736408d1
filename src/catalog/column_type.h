// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "catalog/ddl_tokens.h"
#include "lotic/type.h"

namespace lotic::catalog {

/// A type as a column declares it.
struct DeclaredType {
  Type type = Type::Bool();
  std::string text;  ///< normalised, lengths and precisions written out: "DECIMAL(10, 0)", "TIMESTAMP(3) WITH LOCAL TIME ZONE", "ROW<`a` INT NOT NULL>"
  bool not_null = false;
};

inline constexpr int kMaxTypeDepth = 32;       ///< of ARRAY, MAP, MULTISET and ROW in one another
inline constexpr size_t kMaxRowFields = 1000;  ///< of one ROW

/// Reads a type of Flink's and its NOT NULL from where `tokens` stand: CHAR, VARCHAR, STRING, BOOLEAN, BINARY, VARBINARY, BYTES, DECIMAL, the integers, FLOAT, DOUBLE,
/// DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ, ARRAY, MULTISET, MAP, ROW. A MULTISET is a MAP to the count of each item.
/// Errors: Invalid with TextPosition (no type, a length or precision out of range, two ROW fields of one name), NotImplemented (INTERVAL, RAW, structured types).
Result<DeclaredType> ParseColumnType(Tokens* tokens);

}  // namespace lotic::catalog
