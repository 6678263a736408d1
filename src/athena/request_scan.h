// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "athena/athena_table.h"
#include "athena_protocol/messages.h"
#include "lotic/scan.h"
#include "lotic/status.h"

namespace lotic::athena {

/// What a request's constraints ask for, and who does it. The same for the planner and every reader, since it follows from the constraints alone.
struct RequestScan {
  /// What the connector is asked: table or query, columns that constraints name, value sets, the limit if nothing is filtered; no expressions.
  ScanRequest scan;
  /// What the door applies to the rows of the connector, with SQL's comparison.
  std::vector<Expression> expressions;
  /// At so many rows of a split the door stops. Set only where everything that the request asks of rows has been applied exactly by then, and nothing is to be sorted.
  std::optional<int64_t> limit;
};

/// Errors: Invalid (values that do not fit the columns; another query than the layout's), NotImplemented (an expression that the door cannot evaluate: Athena pushes only what
/// GetDataSourceCapabilities names, and may not look at it again; a query of the source's own for a layout that was not made of one).
Result<RequestScan> MakeRequestScan(const TableReference& table, const WireConstraints& constraints, const ReadPolicy& policy);

/// The columns that value sets and expressions name, as Athena calls them.
std::set<std::string> ColumnsNamedBy(const WireConstraints& constraints);

/// How the SDK's evaluator compares, and so what every value set means.
inline constexpr CompareOptions kSdkCompare{CompareOptions::StringOrder::kUtf16Unit, true};

/// What the answer to GetDataSourceCapabilities begins with: what the door finishes, whatever the connector does.
GetDataSourceCapabilitiesResponse DoorCapabilities(std::string catalog);

}  // namespace lotic::athena
