// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "catalog/json_tree.h"
#include "catalog/pinot_schema.h"

namespace lotic::catalog {

/// What stands for NULL in a column of this type and kind when its document does not say; in the form of PinotField::default_null.
std::string TypeDefault(PinotType type, PinotField::Kind kind);
/// A default as given, in the form of PinotField::default_null. Errors: Invalid: "defaultNullValue …", with the value.
Result<std::string> CanonicalDefault(PinotType type, const JsonTree& given);
/// The other way: a number, a boolean or a text.
JsonTree DefaultAsJson(PinotType type, const std::string& canonical);

}  // namespace lotic::catalog
