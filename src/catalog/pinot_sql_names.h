// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "catalog/pinot_sql_syntax.h"

namespace lotic::catalog {

/// A function's name without underscores in lower case; those of filters keep theirs ("not_equals", "regexp_like").
std::string CanonicalPinotFunction(std::string_view name);

/// The text that names a column without an alias: `datetrunc('hour',ts)`, `plus(a,'1')`, `count(*)`. Two expressions are the same if and only if their texts are.
std::string PinotExprText(const PinotExpr& expr);

/// The name of an aggregate's column, which differs where Pinot's does: `percentile(x, 95.0)`, `count(*)` for count(x) when NULL is not handled.
std::string PinotAggregateText(const PinotExpr& call, bool null_handling);

/// A literal's text without quotes, as Pinot keeps it: 1.5, 2.0, 1.0E10, true.
std::string PinotLiteralText(const PinotExpr& literal);

/// As Java prints a double or a float: the fewest digits that give it back, at least one behind the point; an exponent below 10^-3 and from 10^7 on.
std::string JavaDoubleText(double value);
std::string JavaFloatText(float value);

}  // namespace lotic::catalog
