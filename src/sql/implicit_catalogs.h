// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "sql/session.h"

namespace duckdb {
class ClientContext;
class DatabaseInstance;
}  // namespace duckdb

namespace lotic::sql {

/// Sees to it that a catalog which the statement names is there: if nobody attached one of this name and EngineOptions::open_catalog knows it, it is attached, hidden from listings,
/// bare names and completion, for the rest of the session. Needs a transaction. Throws what opening it met.
void EnsureCatalog(duckdb::ClientContext& context, Session& session, const std::string& name);

/// Makes EngineOptions::table_functions known: each call becomes the table that it names.
void RegisterTableFunctions(duckdb::DatabaseInstance& database, const std::shared_ptr<Session>& session);

}  // namespace lotic::sql
