// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sql/catalog.h"
#include "sql/session.h"
#include "sql/table_model.h"

namespace duckdb {
class ClientContext;
class InsertStatement;
class LogicalInsert;
class PhysicalOperator;
class PhysicalPlanGenerator;
}  // namespace duckdb

namespace lotic::sql {

using InsertConstants = std::vector<std::pair<std::string, std::string>>;  ///< INSERT … PARTITION (c = 'v')

/// Makes an INSERT name `sink` (of FindSink) and the columns that it writes. Refused: columns that do not exist or must not be left out, and a query whose types would need a
/// cast that can lose something. Its SELECT has its names resolved. Needs a transaction. Throws.
void ResolveInsert(duckdb::ClientContext& context, const FoundTable& sink, const InsertConstants& constants, duckdb::InsertStatement& insert);

/// The plan of such an INSERT: one writer takes all rows, in their order, and its receipt is the statement's outcome; a stop or an error abandons it.
duckdb::PhysicalOperator& PlanConnectorInsert(duckdb::ClientContext& context, duckdb::PhysicalPlanGenerator& planner, duckdb::LogicalInsert& insert,
                                              duckdb::PhysicalOperator& rows, std::shared_ptr<const TableModel> sink, std::shared_ptr<Session> session);

}  // namespace lotic::sql
