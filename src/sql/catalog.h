// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "duckdb/storage/storage_extension.hpp"
#include "lotic/connector.h"
#include "sql/session.h"
#include "sql/table_model.h"

namespace duckdb {
class ClientContext;
}

namespace lotic::sql {

/// Put before the path of an ATTACH that a connector serves, and taken off again by its storage: DuckDB would take 'http://...' for a file of its own.
constexpr char kPathMark = '=';

constexpr const char* kOfferedType = "lotic_offered";  ///< ATTACH '<number of Session::Offer>' AS name (TYPE lotic_offered)

/// A table found by name in one of the attached connectors.
struct FoundTable {
  std::string catalog;
  std::string schema;
  std::string table;  ///< its exact name
  std::shared_ptr<const TableModel> model;
};

/// Lets ATTACH make catalogs of connectors: of `type` by EngineOptions::make_connector, of kOfferedType from Session::Offer.
duckdb::shared_ptr<duckdb::StorageExtension> ConnectorStorage(std::shared_ptr<Session> session, std::string type);

/// The names of the catalogs made by ConnectorStorage, in the order they were attached, each with its default schema.
std::vector<std::pair<std::string, std::string>> ConnectorCatalogs(duckdb::ClientContext& context);

/// The tables called `name` in all of them; needs a transaction. A catalog that cannot be asked is passed over with a warning if another
/// has the table, else its error is thrown.
std::vector<FoundTable> FindEverywhere(duckdb::ClientContext& context, Session& session, const std::string& name);
/// The same in one catalog; nothing if `catalog` is none of ours. `schema` may be empty: the default one.
std::optional<FoundTable> FindIn(duckdb::ClientContext& context, const std::string& catalog, const std::string& schema, const std::string& name);
/// What of `table` an INSERT can write, as a table of its own that DuckDB finds by SinkName. Throws: NotImplemented (a table that can be read only).
FoundTable FindSink(duckdb::ClientContext& context, const FoundTable& table);
std::string SinkName(const std::string& table);
/// Under which DuckDB finds the table that a query in a source's own language makes (QueryPassthrough), in a catalog of that source.
TableName QueryTableName(const std::map<std::string, std::string>& arguments);
/// Names of tables that look like `name`, over all catalogs, from lists of names alone.
std::vector<std::string> SimilarTables(duckdb::ClientContext& context, const std::string& name);
bool IsConnectorCatalog(duckdb::ClientContext& context, const std::string& catalog);

}  // namespace lotic::sql
