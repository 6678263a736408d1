// SPDX-License-Identifier: Apache-2.0
#include "sql/names.h"

#include <algorithm>
#include <array>
#include <optional>

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/catalog/catalog_search_path.hpp"
#include "duckdb/catalog/entry_lookup_info.hpp"
#include "duckdb/common/string_util.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/client_data.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/expression/subquery_expression.hpp"
#include "duckdb/parser/parsed_data/create_table_info.hpp"
#include "duckdb/parser/parsed_data/create_view_info.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node/cte_node.hpp"
#include "duckdb/parser/query_node/recursive_cte_node.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/query_node/set_operation_node.hpp"
#include "duckdb/parser/statement/copy_statement.hpp"
#include "duckdb/parser/statement/create_statement.hpp"
#include "duckdb/parser/statement/delete_statement.hpp"
#include "duckdb/parser/statement/explain_statement.hpp"
#include "duckdb/parser/statement/insert_statement.hpp"
#include "duckdb/parser/statement/prepare_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/statement/update_statement.hpp"
#include "duckdb/parser/tableref/list.hpp"
#include "sql/implicit_catalogs.h"
#include "sql/insert.h"
#include "sql/seam.h"

namespace lotic::sql {
namespace {

using duckdb::StringUtil;

/// Names that DuckDB would read as a file: a catalog that cannot be reached must not get in their way.
bool LooksLikeFile(const std::string& name) {
  static constexpr std::array kEnds = {".parquet", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".gz", ".zst", ".db", ".duckdb"};
  const std::string folded = StringUtil::Lower(name);
  return folded.find('/') != std::string::npos || std::any_of(kEnds.begin(), kEnds.end(), [&](const char* end) { return StringUtil::EndsWith(folded, end); });
}

class NameResolver {
 public:
  NameResolver(duckdb::ClientContext& context, Session& session, std::map<size_t, std::string> hinted)
      : context_(context), session_(session), hinted_(std::move(hinted)) {}

  void Statement(duckdb::SQLStatement& statement) {
    switch (statement.type) {
      case duckdb::StatementType::SELECT_STATEMENT: return Query(*statement.Cast<duckdb::SelectStatement>().node);
      case duckdb::StatementType::EXPLAIN_STATEMENT: return Statement(*statement.Cast<duckdb::ExplainStatement>().stmt);
      case duckdb::StatementType::PREPARE_STATEMENT: return Statement(*statement.Cast<duckdb::PrepareStatement>().statement);
      case duckdb::StatementType::COPY_STATEMENT: {
        auto& info = *statement.Cast<duckdb::CopyStatement>().info;
        if (info.select_statement) Query(*info.select_statement);
        return;
      }
      case duckdb::StatementType::INSERT_STATEMENT: {
        auto& insert = statement.Cast<duckdb::InsertStatement>();
        if (insert.select_statement) Query(*insert.select_statement->node);
        return Insert(insert);
      }
      case duckdb::StatementType::CREATE_STATEMENT: {
        auto& info = *statement.Cast<duckdb::CreateStatement>().info;
        if (info.type == duckdb::CatalogType::VIEW_ENTRY) {
          auto& view = info.Cast<duckdb::CreateViewInfo>();
          if (view.query) Query(*view.query->node);
        } else if (info.type == duckdb::CatalogType::TABLE_ENTRY) {
          auto& table = info.Cast<duckdb::CreateTableInfo>();
          if (table.query) Query(*table.query->node);
          if (table.catalog.empty() && table.schema.empty() && session_.declared()->Find(table.table) != nullptr) {
            ThrowStatus(Status::Invalid("table \"", table.table, "\" exists: it was declared with a connector; DROP TABLE it first"));
          }
        }
        return;
      }
      case duckdb::StatementType::DELETE_STATEMENT: {
        auto& deletion = statement.Cast<duckdb::DeleteStatement>();
        for (auto& ref : deletion.using_clauses) Ref(ref.get());
        Expression(deletion.condition.get());
        return;
      }
      case duckdb::StatementType::UPDATE_STATEMENT: {
        auto& update = statement.Cast<duckdb::UpdateStatement>();
        Ref(update.from_table.get());
        return;
      }
      default: return;
    }
  }

  StatementFacts TakeFacts() {
    if (!hinted_.empty()) {
      ThrowStatus(Status::Invalid("the hint OPTIONS stands directly behind the name of a table that is read: FROM t /*+ OPTIONS('k' = 'v') */"),
                  hinted_.begin()->first == kInsertTarget ? std::nullopt : std::optional<size_t>(hinted_.begin()->first));
    }
    return std::move(facts_);
  }

 private:
  void Query(duckdb::QueryNode& node) {
    const size_t outer = scope_.size();
    for (auto& [name, cte] : node.cte_map.map) {
      // A CTE sees those before it, and itself if it is recursive.
      const bool recursive = cte->query && cte->query->node->type == duckdb::QueryNodeType::RECURSIVE_CTE_NODE;
      if (recursive) scope_.push_back(name);
      if (cte->query) Query(*cte->query->node);
      if (!recursive) scope_.push_back(name);
    }
    const auto expression = [this](duckdb::unique_ptr<duckdb::ParsedExpression>& child) { Expression(child.get()); };
    switch (node.type) {
      case duckdb::QueryNodeType::SELECT_NODE: {
        auto& select = node.Cast<duckdb::SelectNode>();
        for (auto& item : select.select_list) Expression(item.get());
        Ref(select.from_table.get());
        Expression(select.where_clause.get());
        for (auto& group : select.groups.group_expressions) Expression(group.get());
        Expression(select.having.get());
        Expression(select.qualify.get());
        break;
      }
      case duckdb::QueryNodeType::SET_OPERATION_NODE:
        for (auto& child : node.Cast<duckdb::SetOperationNode>().children) Query(*child);
        break;
      case duckdb::QueryNodeType::RECURSIVE_CTE_NODE: {
        auto& recursive = node.Cast<duckdb::RecursiveCTENode>();
        Query(*recursive.left);
        Query(*recursive.right);
        break;
      }
      case duckdb::QueryNodeType::CTE_NODE: {
        auto& cte = node.Cast<duckdb::CTENode>();
        Query(*cte.query);
        scope_.push_back(cte.ctename);
        Query(*cte.child);
        break;
      }
      default: break;
    }
    duckdb::ParsedExpressionIterator::EnumerateQueryNodeModifiers(node, expression);
    scope_.resize(outer);
  }

  void Expression(duckdb::ParsedExpression* expression) {
    if (expression == nullptr) return;
    if (expression->GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY) {
      Query(*expression->Cast<duckdb::SubqueryExpression>().subquery->node);
    } else if (expression->GetExpressionClass() == duckdb::ExpressionClass::CONSTANT) {
      const duckdb::Value& value = expression->Cast<duckdb::ConstantExpression>().value;
      if (value.type().id() == duckdb::LogicalTypeId::VARCHAR && !value.IsNull()) facts_.constants.insert(duckdb::StringValue::Get(value));
    }
    duckdb::ParsedExpressionIterator::EnumerateChildren(*expression, [this](duckdb::unique_ptr<duckdb::ParsedExpression>& child) { Expression(child.get()); });
  }

  void Ref(duckdb::TableRef* ref) {
    if (ref == nullptr) return;
    switch (ref->type) {
      case duckdb::TableReferenceType::BASE_TABLE: return Base(ref->Cast<duckdb::BaseTableRef>());
      case duckdb::TableReferenceType::SUBQUERY: return Query(*ref->Cast<duckdb::SubqueryRef>().subquery->node);
      case duckdb::TableReferenceType::JOIN: {
        auto& join = ref->Cast<duckdb::JoinRef>();
        Ref(join.left.get());
        Ref(join.right.get());
        return Expression(join.condition.get());
      }
      case duckdb::TableReferenceType::TABLE_FUNCTION: return Function(ref->Cast<duckdb::TableFunctionRef>());
      case duckdb::TableReferenceType::PIVOT: return Ref(ref->Cast<duckdb::PivotRef>().source.get());
      case duckdb::TableReferenceType::EXPRESSION_LIST:
        for (auto& row : ref->Cast<duckdb::ExpressionListRef>().values) {
          for (auto& value : row) Expression(value.get());
        }
        return;
      case duckdb::TableReferenceType::SHOW_REF: {
        auto& show = ref->Cast<duckdb::ShowRef>();
        if (!show.query) {
          if (show.table_name.find("show_tables_expanded") != std::string::npos) facts_.lists_columns = true;  // SHOW ALL TABLES
          return;
        }
        const bool outer = describing_;
        describing_ = show.show_type == duckdb::ShowType::DESCRIBE;
        Query(*show.query);
        describing_ = outer;
        return;
      }
      default: return;
    }
  }

  void Function(duckdb::TableFunctionRef& ref) {
    if (ref.function->GetExpressionClass() == duckdb::ExpressionClass::FUNCTION &&
        duckdb::StringUtil::CIEquals(ref.function->Cast<duckdb::FunctionExpression>().function_name, "duckdb_columns")) {
      facts_.lists_columns = true;
    }
    Expression(ref.function.get());
  }

  void Base(duckdb::BaseTableRef& ref) {
    if (duckdb::StringUtil::CIEquals(ref.table_name, "columns") && duckdb::StringUtil::CIEquals(ref.schema_name, "information_schema")) {
      facts_.lists_columns = true;
    }
    std::optional<FoundTable> found;
    if (const std::optional<size_t> place = Position(ref); place && hinted_.count(*place) != 0) return Hinted(ref, *place);
    const std::string& first = ref.catalog_name.empty() ? ref.schema_name : ref.catalog_name;
    if (!first.empty()) EnsureCatalog(context_, session_, first);
    if (!ref.catalog_name.empty()) {
      if (describing_) found = FindIn(context_, ref.catalog_name, ref.schema_name, ref.table_name);
    } else if (!ref.schema_name.empty()) {
      if (describing_) found = FindIn(context_, ref.schema_name, "", ref.table_name);
    } else {
      const bool is_cte = std::any_of(scope_.begin(), scope_.end(), [&](const std::string& name) { return StringUtil::CIEquals(name, ref.table_name); });
      if (is_cte) return;
      found = Bare(ref);
      if (found) {
        ref.catalog_name = found->catalog;
        ref.schema_name = found->schema;
        if (ref.alias.empty()) ref.alias = ref.table_name;  // what the statement called it
        ref.table_name = found->table;
      }
    }
    if (!ref.catalog_name.empty() || !ref.schema_name.empty()) facts_.qualified.insert(StringUtil::Lower(ref.table_name));
    if (found && found->model != nullptr && describing_) facts_.described.push_back(*std::move(found));
  }

  void Hinted(duckdb::BaseTableRef& ref, size_t place) {
    if (ref.alias.empty()) ref.alias = ref.table_name;
    ref.catalog_name = kDeclaredCatalog;
    ref.schema_name = kDeclaredSchema;
    ref.table_name = hinted_.at(place);
    hinted_.erase(place);
  }

  /// Where its table is a connector's, an INSERT is made one into what can be written of it.
  void Insert(duckdb::InsertStatement& insert) {
    duckdb::BaseTableRef ref;
    ref.table_name = insert.table;
    std::optional<FoundTable> found;
    const std::string first = insert.catalog.empty() ? insert.schema : insert.catalog;
    if (const auto hinted = hinted_.find(kInsertTarget); hinted != hinted_.end()) {
      found = FindIn(context_, kDeclaredCatalog, kDeclaredSchema, hinted->second);
      hinted_.erase(hinted);
    } else if (first.empty()) {
      found = Bare(ref);
    } else {
      EnsureCatalog(context_, session_, first);
      found = FindIn(context_, first, insert.catalog.empty() ? "" : insert.schema, insert.table);
    }
    if (found && found->model == nullptr) {
      insert.catalog = found->catalog;
      insert.schema = found->schema;
      found.reset();
    }
    if (!found) {
      if (!session_.insert_constants().empty())
        ThrowStatus(Status::NotFound("INSERT INTO ", insert.table, " PARTITION (…): no connector has a table of that name"));
      return;
    }
    if (!insert.cte_map.map.empty())
      ThrowStatus(Status::NotImplemented("INSERT INTO ", found->table, ": write WITH behind it: INSERT INTO t WITH x AS (…) SELECT …"));
    ResolveInsert(context_, FindSink(context_, *found), session_.insert_constants(), insert);
  }

  /// The connector's table that a bare name means; a table of the session's own has no model, and is given only where its place must be written out.
  std::optional<FoundTable> Bare(const duckdb::BaseTableRef& ref) {
    const auto& path = *duckdb::ClientData::Get(context_).catalog_search_path;
    const auto& chosen = path.GetDefault();
    // A source that cannot say whether it has the table (one without permission, say) keeps no table of the session's own from being read.
    Status unsure;
    if (IsConnectorCatalog(context_, chosen.catalog)) {  // USE
      std::optional<FoundTable> found;
      unsure = GuardDuckDb([&] {
        found = FindIn(context_, chosen.catalog, chosen.schema, ref.table_name);
        return Status::OK();
      });
      if (found) return found;
    }
    const auto say_unsure = [&] {
      if (!unsure.ok())
        session_.Warn("the session's own \"" + ref.table_name + "\" is read; whether " + chosen.catalog + " has one is not known: " + unsure.message());
    };
    const duckdb::EntryLookupInfo lookup(duckdb::CatalogType::TABLE_ENTRY, ref.table_name);
    for (const auto& place : path.Get()) {
      if (place.catalog.empty() || IsConnectorCatalog(context_, place.catalog)) continue;
      const auto entry = duckdb::Catalog::GetEntry(context_, place.catalog, place.schema, lookup, duckdb::OnEntryNotFound::RETURN_NULL);
      if (!entry) continue;
      if (!entry->internal) {
        say_unsure();
        WarnOfHidden(ref.table_name);
      }
      if (unsure.ok()) return std::nullopt;
      return FoundTable{place.catalog, place.schema, ref.table_name, nullptr};  // or the binder asks the source again
    }
    if (!session_.declared()->Names().empty()) {
      if (std::optional<FoundTable> declared = FindIn(context_, kDeclaredCatalog, kDeclaredSchema, ref.table_name)) {
        say_unsure();
        return declared;
      }
    }
    if (!unsure.ok() && !LooksLikeFile(ref.table_name)) ThrowStatus(unsure, Position(ref));
    std::vector<FoundTable> found;
    const Status asked = GuardDuckDb([&] {
      found = FindEverywhere(context_, session_, ref.table_name);
      return Status::OK();
    });
    if (!asked.ok() && !LooksLikeFile(ref.table_name)) ThrowStatus(asked, Position(ref));
    if (found.empty()) return std::nullopt;
    if (found.size() > 1) {
      constexpr size_t kMostNamed = 8;
      std::string all;
      for (size_t i = 0; i < found.size() && i < kMostNamed; ++i) all += (i == 0 ? "" : i + 1 == found.size() ? " and " : ", ") + Qualified(found[i]);
      if (found.size() > kMostNamed) all += " and " + std::to_string(found.size() - kMostNamed) + " more";
      ThrowStatus(Status::Invalid("table name \"", ref.table_name, "\" is ambiguous: it is ", all, "; write the catalog before it"), Position(ref));
    }
    return std::move(found[0]);
  }

  static std::string Qualified(const FoundTable& table) { return table.catalog + "." + table.schema + ".\"" + table.table + "\""; }

  static std::optional<size_t> Position(const duckdb::BaseTableRef& ref) {
    if (!ref.query_location.IsValid()) return std::nullopt;
    return ref.query_location.GetIndex();
  }

  void WarnOfHidden(const std::string& name) {
    if (!session_.FirstTime("hidden by the session's own: " + name)) return;
    std::vector<FoundTable> hidden;
    const Status asked = GuardDuckDb([&] {
      hidden = FindEverywhere(context_, session_, name);
      return Status::OK();
    });
    if (asked.ok() && !hidden.empty()) session_.Warn("the session's own \"" + name + "\" hides " + Qualified(hidden[0]));
  }

  duckdb::ClientContext& context_;
  Session& session_;
  std::map<size_t, std::string> hinted_;  // those not met yet
  std::vector<std::string> scope_;
  bool describing_ = false;
  StatementFacts facts_;
};

}  // namespace

StatementFacts ResolveNames(duckdb::ClientContext& context, Session& session, duckdb::SQLStatement& statement, const std::map<size_t, std::string>& hinted) {
  StatementFacts facts;
  switch (statement.type) {
    case duckdb::StatementType::SELECT_STATEMENT:
    case duckdb::StatementType::EXPLAIN_STATEMENT:
    case duckdb::StatementType::PREPARE_STATEMENT:
    case duckdb::StatementType::COPY_STATEMENT:
    case duckdb::StatementType::INSERT_STATEMENT:
    case duckdb::StatementType::CREATE_STATEMENT:
    case duckdb::StatementType::DELETE_STATEMENT:
    case duckdb::StatementType::UPDATE_STATEMENT:
      context.RunFunctionInTransaction([&] {
        NameResolver resolver(context, session, hinted);
        resolver.Statement(statement);
        facts = resolver.TakeFacts();
      });
      break;
    default: break;
  }
  return facts;
}

}  // namespace lotic::sql
