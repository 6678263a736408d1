// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "catalog/pinot_table_config.h"

namespace lotic::catalog {

Status CheckTransforms(const PinotTableConfig& table, const PinotSchema& schema) {
  std::set<std::string> columns;
  for (const PinotTransform& transform : AllTransforms(table, schema)) {
    if (!columns.insert(transform.column).second) return Status::Invalid("column \"", transform.column.substr(0, 100), "\" has two transforms, one of the schema and one of the table");
  }
  return Status::OK();
}

}  // namespace lotic::catalog
