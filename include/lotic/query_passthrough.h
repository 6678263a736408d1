// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lotic/call_context.h"
#include "lotic/connector.h"
#include "lotic/status.h"

// Queries in the source's own language: optional for a connector, asked for by dynamic_cast.

namespace lotic {

/// How a passthrough query is called: SELECT … FROM TABLE(catalog.schema.name(argument => '…')).
struct PassthroughFunction {
  std::string schema = "system";
  std::string name = "query";
  std::vector<std::string> arguments;  ///< all of them text and needed, but the ones in `optional_arguments`
  std::vector<std::string> optional_arguments;
};

/// A connector that takes queries of its own language. Any thread.
class QueryPassthrough {
 public:
  virtual ~QueryPassthrough() = default;
  virtual PassthroughFunction Passthrough() const = 0;
  /// The table that such a query makes: its columns, without running it. `arguments` by the names of Passthrough(), in their case. Scans of it carry the same
  /// ScanRequest::arguments and the name in TableInfo::name; Prepare and Open need nothing else. Errors: Invalid (an argument missing, or a query that may change
  /// something, or one that the source refuses).
  virtual Result<TableInfo> DescribeQuery(const CallContext& ctx, const std::map<std::string, std::string>& arguments) = 0;
};

}  // namespace lotic
