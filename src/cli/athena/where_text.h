// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "lotic/constraints.h"
#include "lotic/status.h"
#include "lotic/type.h"

namespace lotic::cli {

/// How `column != value` treats rows whose column is NULL.
enum class UnequalNulls {
  kDrop,  ///< as SQL's WHERE does
  kPass,  ///< as the validator of Athena's SDK does, where != is the complement of =
};

inline constexpr size_t kMaxWhereBytes = 1 << 20;  ///< of a text of constraints
inline constexpr size_t kMaxWhereTerms = 1000;     ///< every term over a column is intersected with those before it

/// Reads constraints: terms joined by commas or AND, each of
///   column op value      op: = != <> > >= < <=; a value may stand in single quotes; none at all means NULL (= is IS NULL, != is IS NOT NULL)
///   column IS NULL, column IS NOT NULL, column IN (value, ...), column NOT IN (value, ...)
/// Column names as ResolveName takes them, in double quotes where they hold more than letters, digits, _ and $. Values are read by the column's type: decimals exactly, dates and
/// times in ISO 8601 form, binary as the bytes of its text; text is UTF-8. The result names columns exactly and is normalised; terms over one column are intersected.
/// Errors: Invalid, with the term, and where in the text it begins; CapacityError (longer, or more terms, than the limits above).
Result<Constraints> ParseWhere(std::string_view text, const Schema& schema, UnequalNulls unequal_nulls);

/// One value of a scalar type, as above. Errors: Invalid, with the text and the type.
Result<Scalar> ParseValue(const Type& type, const std::string& text);

}  // namespace lotic::cli
