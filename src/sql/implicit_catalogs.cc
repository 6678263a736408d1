// SPDX-License-Identifier: Apache-2.0
#include "sql/implicit_catalogs.h"

#include <utility>
#include <vector>

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/function/table_function.hpp"
#include "duckdb/main/attached_database.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/config.hpp"
#include "duckdb/main/database.hpp"
#include "duckdb/main/database_manager.hpp"
#include "duckdb/parser/parsed_data/attach_info.hpp"
#include "duckdb/parser/parsed_data/create_table_function_info.hpp"
#include "duckdb/parser/tableref/basetableref.hpp"
#include "sql/catalog.h"
#include "sql/seam.h"

namespace lotic::sql {
namespace {

struct FunctionInfo final : duckdb::TableFunctionInfo {
  FunctionInfo(std::shared_ptr<Session> of, size_t number) : session(std::move(of)), index(number) {}
  const std::shared_ptr<Session> session;
  const size_t index;  // in EngineOptions::table_functions
};

duckdb::unique_ptr<duckdb::TableRef> ReplaceCall(duckdb::ClientContext& context, duckdb::TableFunctionBindInput& input) {
  auto& info = input.info->Cast<FunctionInfo>();
  const NamedTableFunction& function = info.session->options().table_functions[info.index];
  std::vector<std::string> arguments;
  for (size_t i = 0; i < input.inputs.size(); ++i) {
    if (input.inputs[i].IsNull()) ThrowStatus(Status::Invalid(function.name, ": the argument ", function.parameters[i], " is NULL"));
    arguments.push_back(input.inputs[i].ToString());
  }
  NamedTable table = ValueOrThrow(function.table(arguments));
  EnsureCatalog(context, *info.session, table.catalog);
  if (!table.query.empty()) {
    if (!IsConnectorCatalog(context, table.catalog)) ThrowStatus(Status::NotFound(function.name, ": no source is attached as \"", table.catalog, "\""));
    table.name = QueryTableName(table.query);
  }
  auto ref = duckdb::make_uniq<duckdb::BaseTableRef>();
  ref->catalog_name = std::move(table.catalog);
  ref->schema_name = std::move(table.name.schema);
  ref->table_name = std::move(table.name.table);
  return ref;
}

}  // namespace

void EnsureCatalog(duckdb::ClientContext& context, Session& session, const std::string& name) {
  if (!session.options().open_catalog) return;
  auto& manager = duckdb::DatabaseManager::Get(context);
  if (manager.GetDatabase(context, name)) return;
  std::shared_ptr<Connector> connector = ValueOrThrow(session.options().open_catalog(name));
  if (connector == nullptr) return;
  const uint64_t offer = session.Offer(std::move(connector));
  duckdb::AttachInfo info;
  info.name = name;
  info.path = std::to_string(offer);
  info.options["type"] = duckdb::Value(kOfferedType);
  duckdb::AttachOptions options(info.options, duckdb::DBConfig::GetConfig(context).options.access_mode);
  options.visibility = duckdb::AttachVisibility::HIDDEN;
  const Status attached = GuardDuckDb([&]() -> Status {
    manager.AttachDatabase(context, info, options);
    return Status::OK();
  });
  (void)session.Take(offer);
  if (!attached.ok()) ThrowStatus(attached);
}

void RegisterTableFunctions(duckdb::DatabaseInstance& database, const std::shared_ptr<Session>& session) {
  const std::vector<NamedTableFunction>& functions = session->options().table_functions;
  for (size_t i = 0; i < functions.size(); ++i) {
    duckdb::TableFunction function(functions[i].name, duckdb::vector<duckdb::LogicalType>(functions[i].parameters.size(), duckdb::LogicalType::VARCHAR),
                                   nullptr);
    function.bind_replace = ReplaceCall;
    function.function_info = duckdb::make_shared_ptr<FunctionInfo>(session, i);
    duckdb::CreateTableFunctionInfo info(std::move(function));
    info.internal = true;
    duckdb::Catalog::GetSystemCatalog(database).CreateFunction(duckdb::CatalogTransaction::GetSystemTransaction(database), info);
  }
}

}  // namespace lotic::sql
