// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "aws/session.h"
#include "connector/kinesis/table_options.h"
#include "lotic/table_definition.h"

namespace lotic::kinesis {

/// Opens the connection that a table's options describe; called when it is first needed, and again if that failed.
using SessionOpener = std::function<Result<aws::Session>(const ConnectionOptions& options)>;

/// A connector that serves exactly this table. Asks nobody anything. `hand_on_throttles` as in KinesisOptions. Errors: those of
/// ParseTableOptions and MakeRowFormat; Invalid for a metadata column whose key or type is none of the connector's, with those that are.
Result<DefinedTable> MakeDeclaredTable(const TableDefinition& definition, SessionOpener open, bool hand_on_throttles = false);

}  // namespace lotic::kinesis
