// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "catalog/table_statement.h"
#include "lotic/status.h"
#include "sql/session.h"
#include "sql/table_hints.h"

namespace duckdb {
class Connection;
class DuckDB;
}  // namespace duckdb

namespace lotic::sql {

/// The statements that are about declared tables, before DuckDB's parser sees them: CREATE TABLE … WITH ('connector' = …), DROP TABLE, SHOW CREATE TABLE, INSERT … PARTITION, and
/// the hints of queries. One thread at a time.
class TableDeclarations {
 public:
  /// Borrows both, which outlive it.
  TableDeclarations(std::shared_ptr<Session> session, duckdb::DuckDB& database, duckdb::Connection& connection);
  ~TableDeclarations();

  struct Front {
    bool done = false;                     ///< nothing is left to be run
    bool attached = false;                 ///< kDeclaredCatalog was attached just now
    std::string text;                      ///< what DuckDB runs: names in double quotes instead of backticks
    std::map<size_t, std::string> hinted;  ///< for ResolveNames
  };
  /// Errors: Invalid with SqlErrorDetail, NotFound, NotImplemented, and what EngineOptions::define_table says.
  Result<Front> Take(const std::string& statement);

 private:
  Status Create(const catalog::CreateTable& create, Front* front);
  Status Drop(const catalog::DropTable& drop, const std::string& statement, Front* front);
  Result<std::string> ShowCreate(const catalog::ShowCreateTable& show);
  Status TakeHints(Front* front);

  Result<DeclaredTable> Define(TableDefinition definition);
  /// The declared table that a name means; null: none. Errors: Invalid (two that differ in case).
  Result<std::shared_ptr<const DeclaredTable>> Find(const std::vector<std::string>& path) const;
  /// The type of a computed column, by DuckDB's name. Errors: Invalid (DuckDB does not know the expression).
  Result<std::string> TypeOf(const TableDefinition& definition, const ColumnDefinition& computed, const std::string& expression);
  /// Whether the session has a table or view of its own of that name.
  bool IsOwn(const std::string& name);
  Status Attach(Front* front);

  const std::shared_ptr<Session> session_;
  duckdb::DuckDB& database_;
  duckdb::Connection& connection_;
  std::unique_ptr<duckdb::Connection> checker_;  // asks for types; made when first needed
  bool attached_ = false;
  size_t hints_ = 0;
};

}  // namespace lotic::sql
