// SPDX-License-Identifier: Apache-2.0
#include "sql/declare.h"

#include <algorithm>
#include <map>
#include <string>
#include <variant>

#include "catalog/create_table.h"
#include "catalog/ddl_tokens.h"
#include "duckdb/catalog/catalog.hpp"
#include "duckdb/catalog/catalog_search_path.hpp"
#include "duckdb/catalog/entry_lookup_info.hpp"
#include "duckdb/common/string_util.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/client_data.hpp"
#include "duckdb/main/connection.hpp"
#include "duckdb/main/database.hpp"
#include "duckdb/main/prepared_statement.hpp"
#include "sql/catalog.h"
#include "sql/declared_tables.h"
#include "sql/flink_functions.h"
#include "sql/names.h"
#include "sql/seam.h"
#include "sql/statement_scanner.h"
#include "sql/table_model.h"

namespace lotic::sql {
namespace {

std::string QuotedName(const std::string& name) { return "\"" + duckdb::StringUtil::Replace(name, "\"", "\"\"") + "\""; }
std::string QuotedText(const std::string& text) { return "'" + duckdb::StringUtil::Replace(text, "'", "''") + "'"; }

std::string Joined(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& part : path) text += (text.empty() ? "" : ".") + part;
  return text;
}

Status NoSuchTable(const std::vector<std::string>& path, const std::vector<std::string>& names) {
  const std::vector<std::string> nearest = NearestNames(path.back(), names, 1);
  return Status::NotFound("no table \"", Joined(path), "\" was declared", nearest.empty() ? "" : "; did you mean \"" + nearest[0] + "\"?");
}

}  // namespace

TableDeclarations::TableDeclarations(std::shared_ptr<Session> session, duckdb::DuckDB& database, duckdb::Connection& connection)
    : session_(std::move(session)), database_(database), connection_(connection) {}

TableDeclarations::~TableDeclarations() = default;

Result<TableDeclarations::Front> TableDeclarations::Take(const std::string& statement) {
  Result<catalog::TableStatement> parsed = catalog::ParseTableStatement(statement);
  if (!parsed.ok()) return WithSqlPosition(parsed.status());
  Front front;
  if (const auto* const create = std::get_if<catalog::CreateTable>(&*parsed)) {
    front.done = true;
    LOTIC_RETURN_NOT_OK(Create(*create, &front));
    return front;
  }
  if (const auto* const drop = std::get_if<catalog::DropTable>(&*parsed)) {
    LOTIC_RETURN_NOT_OK(Drop(*drop, statement, &front));
    return front;
  }
  if (const auto* const show = std::get_if<catalog::ShowCreateTable>(&*parsed)) {
    LOTIC_ASSIGN_OR_RETURN(front.text, ShowCreate(*show));
    return front;
  }
  if (const auto* const alter = std::get_if<catalog::AlterTable>(&*parsed)) {
    LOTIC_ASSIGN_OR_RETURN(const auto table, Find(alter->table.parts));
    if (table != nullptr) {
      return Status::NotImplemented(alter->what, " is not built yet: \"", table->definition.name.table,
                                    "\" is a declared table; DROP TABLE and CREATE TABLE do the same");
    }
  }
  if (auto* const insert = std::get_if<catalog::InsertPartition>(&*parsed)) {
    session_->SetInsertConstants(std::move(insert->constants));
    front.text = BackticksToQuotes(insert->rest);
  } else {
    front.text = BackticksToQuotes(statement);
  }
  LOTIC_RETURN_NOT_OK(TakeHints(&front));
  return front;
}

Result<std::shared_ptr<const DeclaredTable>> TableDeclarations::Find(const std::vector<std::string>& path) const {
  const bool here = path.size() == 1 || (path.size() == 2 && (path[0] == kDeclaredSchema || path[0] == kDeclaredCatalog)) ||
                    (path.size() == 3 && path[0] == kDeclaredCatalog && path[1] == kDeclaredSchema);
  if (!here) return std::shared_ptr<const DeclaredTable>();
  const std::vector<std::string> names = session_->declared()->Names();
  const Result<size_t> index = ResolveName("table", path.back(), names);
  if (index.ok()) return session_->declared()->Find(names[*index]);
  if (index.status().code() == StatusCode::kNotFound) return std::shared_ptr<const DeclaredTable>();
  return index.status();
}

bool TableDeclarations::IsOwn(const std::string& name) {
  bool own = false;
  connection_.context->RunFunctionInTransaction([&] {
    auto& context = *connection_.context;
    const duckdb::EntryLookupInfo lookup(duckdb::CatalogType::TABLE_ENTRY, name);
    for (const auto& place : duckdb::ClientData::Get(context).catalog_search_path->Get()) {
      if (IsConnectorCatalog(context, place.catalog)) continue;
      const auto entry = duckdb::Catalog::GetEntry(context, place.catalog, place.schema, lookup, duckdb::OnEntryNotFound::RETURN_NULL);
      own = own || (entry != nullptr && !entry->internal);
    }
  });
  return own;
}

Status TableDeclarations::Create(const catalog::CreateTable& create, Front* front) {
  TableDefinition definition = create.definition;
  const std::string name = definition.name.table;
  const std::string place = definition.name.schema;
  if (!place.empty() && place != kDeclaredSchema && place != std::string(kDeclaredCatalog) + "." + kDeclaredSchema) {
    return Status::Invalid("CREATE TABLE ", place, ".", name, ": there is no database \"", place, "\"; declared tables are in ", kDeclaredCatalog, ".",
                           kDeclaredSchema, ": write the name alone");
  }
  if (session_->declared()->Find(name) != nullptr || IsOwn(name)) {
    if (create.if_not_exists) return Status::OK();
    return Status::Invalid("table \"", name, "\" exists; DROP TABLE it first, or write CREATE TABLE IF NOT EXISTS");
  }
  if (!session_->options().define_table) return Status::NotImplemented("CREATE TABLE … WITH ('connector' = …): tables cannot be declared here");
  definition.name.schema = kDeclaredSchema;
  LOTIC_ASSIGN_OR_RETURN(DeclaredTable table, Define(std::move(definition)));
  LOTIC_RETURN_NOT_OK(Attach(front));
  const std::vector<std::string> warnings = table.defined.warnings;
  const bool watermark = table.definition.watermark.has_value();
  LOTIC_RETURN_NOT_OK(session_->declared()->Add(std::make_shared<const DeclaredTable>(std::move(table))));
  for (const std::string& warning : warnings) session_->Warn(name + ": " + warning);
  if (watermark) session_->Warn(name + ": the WATERMARK is kept and has no effect on queries");
  return Status::OK();
}

Result<DeclaredTable> TableDeclarations::Define(TableDefinition definition) {
  DeclaredTable table;
  std::map<std::string, std::string> folded;
  for (const ColumnDefinition& column : definition.columns) {
    const auto [other, is_new] = folded.emplace(duckdb::StringUtil::Lower(column.name), column.name);
    const bool computes =
        std::any_of(definition.columns.begin(), definition.columns.end(), [](const auto& one) { return one.kind == ColumnDefinition::Kind::kComputed; });
    if (!is_new && computes) {
      return Status::Invalid("columns \"", other->second, "\" and \"", column.name,
                             "\" differ in case only, which an expression cannot tell apart: leave the computed columns out, or rename one");
    }
  }
  for (const ColumnDefinition& column : definition.columns) {
    if (column.kind != ColumnDefinition::Kind::kComputed) continue;
    std::string expression = WithFlinkFunctions(BackticksToQuotes(column.expression));
    LOTIC_ASSIGN_OR_RETURN(std::string type, TypeOf(definition, column, expression));
    table.computed[column.name] = ComputedColumn{std::move(expression), std::move(type)};
  }
  Result<DefinedTable> defined = session_->options().define_table(definition);
  if (!defined.ok()) return defined.status().WithMessage("table \"", definition.name.table, "\": ", defined.status().message());
  table.definition = std::move(definition);
  table.defined = *std::move(defined);
  return table;
}

Result<std::string> TableDeclarations::TypeOf(const TableDefinition& definition, const ColumnDefinition& computed, const std::string& expression) {
  std::string columns;
  for (const ColumnDefinition& column : definition.columns) {
    if (column.kind == ColumnDefinition::Kind::kComputed) continue;
    LOTIC_ASSIGN_OR_RETURN(const duckdb::LogicalType type, ToDuckDb(column.name, column.type));
    columns += (columns.empty() ? "" : ", ") + ("CAST(NULL AS " + type.ToString() + ") AS ") + QuotedName(column.name);
  }
  return GuardDuckDb([&]() -> Result<std::string> {
    if (checker_ == nullptr) checker_ = std::make_unique<duckdb::Connection>(database_);
    // The other columns beside it, so that an aggregate is refused; the line break ends a comment.
    const auto prepared = checker_->Prepare("SELECT *, (" + expression + "\n) FROM (SELECT " + columns + ")");
    if (prepared->HasError()) {
      const Status error = StatusFrom(prepared->GetErrorObject());
      return Status(error.code(), "computed column \"" + computed.name + "\": " + error.message());
    }
    // What a WHERE cannot hold (a window function, UNNEST) is no value of one row.
    const auto filter = checker_->Prepare("SELECT true FROM (SELECT " + columns + ") WHERE (" + expression + "\n) IS NULL");
    if (filter->HasError()) {
      const Status error = StatusFrom(filter->GetErrorObject());
      return Status(error.code(), "computed column \"" + computed.name + "\" must be a value of its own row: " + error.message());
    }
    return prepared->GetTypes().back().ToString();
  });
}

Status TableDeclarations::Attach(Front* front) {
  if (attached_) return Status::OK();
  const uint64_t offer = session_->Offer(session_->declared());
  const auto result = connection_.Query("ATTACH '" + std::to_string(offer) + "' AS " + kDeclaredCatalog + " (TYPE " + kOfferedType + ")");
  (void)session_->Take(offer);
  if (result->HasError()) return StatusFrom(result->GetErrorObject());
  attached_ = front->attached = true;
  return Status::OK();
}

Status TableDeclarations::Drop(const catalog::DropTable& drop, const std::string& statement, Front* front) {
  LOTIC_ASSIGN_OR_RETURN(const auto table, Find(drop.table.parts));
  if (table != nullptr) {
    front->done = true;
    session_->declared()->Remove(table->definition.name.table);
    return Status::OK();
  }
  if (drop.table.parts.size() == 1 && !IsOwn(drop.table.parts[0])) {
    front->done = true;
    if (drop.if_exists) return Status::OK();
    return NoSuchTable(drop.table.parts, session_->declared()->Names());
  }
  front->text = BackticksToQuotes(statement);
  return Status::OK();
}

Result<std::string> TableDeclarations::ShowCreate(const catalog::ShowCreateTable& show) {
  LOTIC_ASSIGN_OR_RETURN(const auto table, Find(show.table.parts));
  if (table == nullptr) return NoSuchTable(show.table.parts, session_->declared()->Names());
  return "SELECT " + QuotedText(catalog::WriteCreateTable(table->definition)) + " AS create_table";
}

Status TableDeclarations::TakeHints(Front* front) {
  LOTIC_ASSIGN_OR_RETURN(const std::vector<TableHint> hints, FindTableHints(front->text));
  std::vector<std::pair<const TableHint*, std::string>> made;  // one table for all mentions under the same options
  for (const TableHint& hint : hints) {
    LOTIC_ASSIGN_OR_RETURN(const auto table, Find(hint.table));
    if (table == nullptr) {
      return NoSuchTable(hint.table, session_->declared()->Names())
          .WithMessage("the hint OPTIONS needs a declared table: no table \"", Joined(hint.table), "\" was declared")
          .WithDetail(std::make_shared<SqlErrorDetail>(hint.table_at));
    }
    const auto same =
        std::find_if(made.begin(), made.end(), [&](const auto& one) { return one.first->options == hint.options && one.first->table == hint.table; });
    if (same != made.end()) {
      front->hinted[hint.table_at] = same->second;
      continue;
    }
    LOTIC_ASSIGN_OR_RETURN(DeclaredTable under, Define(WithHint(table->definition, hint)));
    for (const std::string& warning : under.defined.warnings) session_->WarnOnce(table->definition.name.table + ": " + warning);
    std::string name;
    do {
      name = table->definition.name.table + "#" + std::to_string(++hints_);
    } while (session_->declared()->Find(name) != nullptr);
    session_->declared()->AddHinted(name, std::make_shared<const DeclaredTable>(std::move(under)));
    made.emplace_back(&hint, name);
    front->hinted[hint.table_at] = name;
  }
  catalog::Tokens tokens(front->text);
  if (!front->hinted.empty() && tokens.Take("insert") && tokens.Take("into")) {
    if (auto target = front->hinted.extract(tokens.now().at)) {
      target.key() = kInsertTarget;
      front->hinted.insert(std::move(target));
    }
  }
  return Status::OK();
}

}  // namespace lotic::sql
