// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "athena/lambda_function.h"
#include "lotic/scan.h"
#include "lotic/status.h"

namespace lotic::athena {

/// casing_mode: what happens to the name of a schema or table before it is used at the source.
enum class CasingMode {
  kUnset,       ///< ResolveName: an exact match, else the one that ignores case
  kNone,        ///< nothing: exactly the name that the engine sent
  kLower,       ///< lower case, exactly
  kUpper,       ///< upper case, exactly
  kSearch,      ///< CASE_INSENSITIVE_SEARCH: the one name that is equal ignoring case; an exact match does not win over another
  kAnnotation,  ///< ANNOTATION: as a suffix of the table's name tells; without one as kUnset
};

/// Errors: Invalid (no such mode).
Result<CasingMode> CasingModeOf(const Environment& environment);
/// As the variable is written.
std::string_view CasingModeName(CasingMode mode);

/// The name to ask the source for, where the mode says it without looking. kLower, kUpper: in that case; else `name` itself.
std::string Cased(CasingMode mode, std::string_view name);
/// The index of the name that is meant. Errors: NotFound, naming mode and nearest names; Invalid, naming those that are all meant.
Result<size_t> FindName(CasingMode mode, std::string_view what, const std::string& name, const std::vector<std::string>& names);

/// Whether the name of a table has a suffix for kAnnotation: an equals sign behind its last @.
bool IsAnnotated(std::string_view table);
/// The names that an annotated one stands for: orders@schemaCase=upper&tableCase=lower, in any case; what the suffix does not tell stays as it is.
/// Errors: Invalid, naming the part of the suffix that is none of these.
Result<TableName> AnnotatedName(const TableName& table);

/// Those of `names` that differ from `name` in (ASCII) case only, as they come.
std::vector<std::string> OthersByCase(std::string_view name, const std::vector<std::string>& names);

}  // namespace lotic::athena
