// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/pinot_schema.h"

namespace lotic::catalog {

/// A function of one row whose translation is a template. `parameters`, a letter each: D DOUBLE, L LONG, I INT, S text, B BYTES, M a time in milliseconds, O BOOLEAN, A an array,
/// E an element of the array before, X anything as it is, s a text literal, i a whole literal, z a literal that names a time zone. `sql`: $1 … are the arguments.
struct PinotFunction {
  std::string_view name;
  std::string_view parameters;
  PinotType result = PinotType::kString;
  std::string_view sql;
  enum class Shape : unsigned char {
    kScalar,
    kArray,      ///< an array of `result`
    kSameArray,  ///< an array like the first argument's; `result` plays no part
  } shape = Shape::kScalar;
};

/// By canonical name and number of arguments; null: none.
const PinotFunction* FindPinotFunction(std::string_view name, size_t arguments);
/// The numbers of arguments that a name takes, ascending; empty: no such function in the table.
std::vector<size_t> PinotFunctionArities(std::string_view name);
/// All names in the table, sorted, once each.
std::vector<std::string> TablePinotFunctions();

}  // namespace lotic::catalog
