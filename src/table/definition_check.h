// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/pinot_schema.h"
#include "catalog/pinot_table_config.h"
#include "lotic/status.h"

// What a definition must hold beside the one there is: one place for what is changed and for what is only validated.

namespace lotic::table {

/// What there is of a table before a definition takes its place.
struct DefinitionBefore {
  std::optional<catalog::PinotSchema> schema;
  std::optional<catalog::PinotTableConfig> config;  ///< none: a schema alone, or nothing
};

/// `after` may be the schema from now on, also of the configuration there is. `force` as for Tables::AddSchema. Errors: Invalid.
Status CheckSchemaAfter(const DefinitionBefore& before, const catalog::PinotSchema& after, bool force);

/// `after` may be the configuration from now on, as far as nobody needs to be asked: another topic needs a place to begin. Whether other brokers have the
/// same topic only they know: a warning says so. Errors: Invalid.
Status CheckConfigAfter(const DefinitionBefore& before, const catalog::PinotTableConfig& after, bool start_given, std::vector<std::string>* warnings);

/// Where to begin in another topic, as a caller says it; none: he does not. Errors: Invalid.
Result<std::optional<catalog::OffsetCriteria>> ParseConsumeFrom(std::string_view text);

}  // namespace lotic::table
