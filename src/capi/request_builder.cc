// SPDX-License-Identifier: Apache-2.0
#include "capi/request_builder.h"

#include <set>
#include <utility>

#include "cli/athena/where_text.h"

namespace lotic::capi {
namespace {

// The columns by every name that finds them: an alias is a field of its own name here.
struct NamedColumns {
  Schema all;                      // what a filter may name
  std::vector<std::string> names;  // of `all`
  std::vector<size_t> column;      // for each: the index of the real column
};

NamedColumns ByName(const TableInfo& info) {
  NamedColumns named;
  named.all = VisibleAndHidden(info);
  for (size_t i = 0; i < named.all.fields.size(); ++i) {
    named.names.push_back(named.all.fields[i].name);
    named.column.push_back(i);
  }
  for (const auto& [alias, real] : info.aliases) {
    const auto index = named.all.IndexOf(real);
    if (!index) continue;
    named.column.push_back(*index);
    named.names.push_back(alias);
    Field field = named.all.fields[*index];
    field.name = alias;
    named.all.fields.push_back(std::move(field));
  }
  return named;
}

Status Intersect(const Schema& columns, const Constraints& more, Constraints* into) {
  for (const auto& [name, set] : more.columns) {
    const auto index = columns.IndexOf(name);
    if (!index) return Status::NotFound("constraint on '", name, "': the table has no such column");
    const auto before = into->columns.find(name);
    ValueSet both = before == into->columns.end() ? set : IntersectValueSets(columns.fields[*index].type, {}, before->second, set);
    into->columns[name] = std::move(both);
  }
  into->expressions.insert(into->expressions.end(), more.expressions.begin(), more.expressions.end());
  return Status::OK();
}

void ColumnsOf(const Expression& expression, std::set<std::string>* names) {
  if (expression.kind == Expression::Kind::kColumn) names->insert(expression.name);
  for (const Expression& arg : expression.args) ColumnsOf(arg, names);
}

}  // namespace

Schema VisibleAndHidden(const TableInfo& info) {
  Schema all = info.schema;
  all.fields.insert(all.fields.end(), info.hidden.fields.begin(), info.hidden.fields.end());
  return all;
}

Result<ScanRequest> BuildRequest(const TableInfo& info, const RowsWanted& wanted) {
  const NamedColumns named = ByName(info);
  ScanRequest request;
  request.table = info.name;
  request.limit = wanted.limit;
  if (wanted.columns) {
    for (const std::string& name : *wanted.columns) {
      LOTIC_ASSIGN_OR_RETURN(const size_t index, ResolveName("column", name, named.names));
      const Field& field = named.all.fields[named.column[index]];
      if (request.layout.IndexOf(field.name)) return Status::Invalid("column '", field.name, "' is asked for twice");
      request.layout.fields.push_back(field);
    }
  } else {
    request.layout.fields = info.schema.fields;
  }
  for (const Constraints& each : wanted.constraints) LOTIC_RETURN_NOT_OK(Intersect(named.all, each, &request.constraints));
  if (!wanted.filter.empty()) {
    LOTIC_ASSIGN_OR_RETURN(Constraints parsed, cli::ParseWhere(wanted.filter, named.all, cli::UnequalNulls::kDrop));
    for (auto& [name, set] : parsed.columns) {
      const Field& real = named.all.fields[named.column[*named.all.IndexOf(name)]];
      LOTIC_RETURN_NOT_OK(Intersect(named.all, Constraints{{{real.name, std::move(set)}}, {}}, &request.constraints));
    }
  }
  std::set<std::string> needed;
  for (const auto& [name, set] : request.constraints.columns) needed.insert(name);
  for (const Expression& expression : request.constraints.expressions) ColumnsOf(expression, &needed);
  for (const std::string& name : needed) {
    if (request.layout.IndexOf(name)) continue;
    const auto index = named.all.IndexOf(name);
    if (!index) return Status::NotFound("constraint on '", name, "': the table has no such column");
    request.layout.fields.push_back(named.all.fields[named.column[*index]]);
  }
  return request;
}

}  // namespace lotic::capi
