// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sql/session.h"
#include "sql/using_function.h"

namespace duckdb {
class DatabaseInstance;
class SQLStatement;
}  // namespace duckdb

namespace lotic::sql {

using ExternalFunctions = std::shared_ptr<const std::vector<ExternalFunction>>;

/// Makes EngineOptions::lambdas callable from SQL: one hidden function through which all calls go. Once for each database. Throws.
void RegisterFunctionCall(duckdb::DatabaseInstance& database, std::shared_ptr<Session> session);

/// Turns the calls of these functions in a query into calls of the hidden one. A column keeps the name that it would have had. Session::external_functions
/// must hold them while the query is bound. Throws (another statement than a query; DISTINCT, FILTER, ORDER BY or OVER at a call; a wrong number of arguments).
void RewriteCalls(const std::vector<ExternalFunction>& functions, duckdb::SQLStatement& statement);

}  // namespace lotic::sql
