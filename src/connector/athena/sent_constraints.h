// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "athena_protocol/predicate.h"
#include "lotic/scan.h"
#include "lotic/status.h"

namespace lotic::athena_source {

/// What of a request's constraints a function is told, and what becomes of each.
struct SentConstraints {
  athena::WireConstraints wire;
  std::vector<PushedConstraint> report;  ///< never exact: the door applies every constraint again
};

/// Chooses what may be sent: value sets of columns over which a function that follows the protocol drops no row that SQL keeps. Kept back are expressions, and sets
///  - over zoned timestamps: the protocol tells one instant in two zones apart, SQL does not;
///  - over floats with a bound of zero: it orders -0.0 before 0.0;
///  - over text with a range whose bound holds a character from U+D800 on: it orders by UTF-16 units, SQL by code points;
///  - with a value that the column's type cannot hold.
/// A limit is sent only if nothing else is to be applied, and only to a function that says it understands one (`takes_limit`).
/// Errors: Invalid (a constraint on a column that the layout lacks).
Result<SentConstraints> ChooseConstraints(const ScanRequest& request, const athena::WireSchema& table, bool takes_limit);

}  // namespace lotic::athena_source
