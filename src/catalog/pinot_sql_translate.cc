// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <set>

#include "catalog/pinot_sql.h"
#include "catalog/pinot_sql_names.h"
#include "catalog/pinot_sql_rewrite.h"
#include "catalog/pinot_sql_translator.h"

// A whole query: its columns, groups, order and limit around what PinotTranslator makes of the expressions.

namespace lotic::catalog {
namespace {

using Kind = PinotExpr::Kind;

/// What GET prints as a default, as a literal of the column's type.
PinotExprPtr DefaultLiteral(const PinotField& field) {
  const std::string& text = field.default_null;
  switch (field.type) {
    case PinotType::kInt:
    case PinotType::kLong: {
      int64_t value = 0;
      const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
      if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return PinotLong(value, 0);
      const std::optional<double> number = PinotNumberOf(*PinotText(text, 0));
      return PinotLong(number ? static_cast<int64_t>(*number) : 0, 0);
    }
    case PinotType::kFloat:
    case PinotType::kDouble: return PinotDouble(PinotNumberOf(*PinotText(text, 0)).value_or(0), 0);
    case PinotType::kBoolean: return PinotBool(text == "true" || text == "1" || text == "TRUE", 0);
    case PinotType::kTimestamp: {
      int64_t ms = 0;
      return PinotLong(ParsePinotTimestamp(text, &ms) ? ms : 0, 0);
    }
    default: return PinotText(text, 0);
  }
}

PinotColumn Virtual(std::string name, PinotType type, std::string raw = "") {
  PinotColumn column;
  column.raw = raw.empty() ? QuotedName(name) : std::move(raw);
  column.name = std::move(name);
  column.type = type;
  return column;
}

std::vector<PinotColumn> ColumnsOf(const PinotSchema& schema) {
  std::vector<PinotColumn> columns;
  for (const PinotField& field : schema.fields) {
    PinotColumn column;
    column.name = field.name;
    column.type = field.type;
    column.array = !field.single_value;
    column.raw = QuotedName(field.name);
    column.substitute = DefaultLiteral(field);
    column.epoch_ms = field.type == PinotType::kTimestamp;
    columns.push_back(std::move(column));
  }
  columns.push_back(Virtual("$segmentName", PinotType::kString));
  columns.push_back(Virtual("$hostName", PinotType::kString));
  columns.push_back(Virtual("$docId", PinotType::kInt, "CAST(\"$docId\" AS INTEGER)"));
  columns.push_back(Virtual("$partitionId", PinotType::kString, "CAST(\"$partitionId\" AS VARCHAR)"));
  columns.push_back(Virtual("$offset", PinotType::kLong));
  columns.push_back(Virtual("$timestamp", PinotType::kTimestamp));
  columns.back().epoch_ms = true;
  return columns;
}

std::string RawTableName(std::string table) {
  for (const std::string_view type : {"_REALTIME", "_OFFLINE"}) {
    if (table.ends_with(type)) table.resize(table.size() - type.size());
  }
  return table;
}

class QueryTranslation {
 public:
  QueryTranslation(const PinotQuery& query, const PinotSchema& schema, const PinotTranslateOptions& options)
      : query_(query), schema_(schema), options_(options), select_(*query.select) {}

  Result<PinotTranslation> Run();

 private:
  bool OnlyLiterals() const {
    return std::all_of(select_.items.begin(), select_.items.end(), [](const PinotSelectItem& item) { return item.expr->is_literal(); });
  }
  Status Literals();
  void ExpandStar();
  Status Resolve(PinotTranslator* translator);
  Status Rows(PinotTranslator* translator);
  Status Groups(PinotTranslator* translator, const std::vector<PinotExprPtr>& keys);
  Status Add(const PinotSelectItem& item, const PinotValue& value, std::string name);
  Status Order(PinotTranslator* translator);
  void Limit(bool one_row);

  const PinotQuery& query_;
  const PinotSchema& schema_;
  const PinotTranslateOptions& options_;
  PinotSelect select_;
  PinotTranslation made_;
  std::string where_, list_, from_, group_, having_, order_, limit_;
};

Result<PinotTranslation> QueryTranslation::Run() {
  if (query_.explain) return PinotNotSupported(PinotErrorCode::kSqlParsing, "EXPLAIN PLAN FOR is not built yet");
  LOTIC_ASSIGN_OR_RETURN(made_.timeout_ms, query_.PositiveNumber("timeoutMs", "milliseconds"));
  LOTIC_RETURN_NOT_OK(FoldPinotSelect(&select_, options_.now_ms));
  if (OnlyLiterals()) {
    LOTIC_RETURN_NOT_OK(Literals());
    return std::move(made_);
  }
  if (select_.table.empty()) return PinotError(PinotErrorCode::kQueryValidation, "Data source (FROM clause) not found");
  LOTIC_ASSIGN_OR_RETURN(made_.null_handling, query_.Truth("enableNullHandling", options_.enable_null_handling));
  const PinotScope scope(ColumnsOf(schema_), {RawTableName(select_.table), select_.table, select_.table_alias, "default." + RawTableName(select_.table)});
  const PinotNulls nulls = made_.null_handling                                            ? PinotNulls::kSql
                           : options_.basic_null_handling || schema_.column_null_handling ? PinotNulls::kDefaultsButKnown
                                                                                          : PinotNulls::kDefaults;
  PinotTranslator translator(scope, nulls, false);
  ExpandStar();
  LOTIC_RETURN_NOT_OK(Resolve(&translator));
  if (select_.where != nullptr) {
    if (HasPinotAggregate(*select_.where)) return PinotError(PinotErrorCode::kQueryValidation, "an aggregate may not stand in WHERE; HAVING filters groups");
    LOTIC_ASSIGN_OR_RETURN(where_, translator.Filter(select_.where));
  }
  std::vector<PinotExprPtr> keys = select_.group_by;
  if (select_.distinct) {
    for (const PinotSelectItem& item : select_.items) keys.push_back(item.expr);
  }
  const auto aggregates = [](const auto& list) {
    return std::any_of(list.begin(), list.end(), [](const auto& item) { return HasPinotAggregate(*item.expr); });
  };
  const bool grouped =
      !keys.empty() || aggregates(select_.items) || aggregates(select_.order_by) || (select_.having != nullptr && HasPinotAggregate(*select_.having));
  from_ = options_.from;
  if (grouped) {
    LOTIC_RETURN_NOT_OK(Groups(&translator, keys));
  } else {
    LOTIC_RETURN_NOT_OK(Rows(&translator));
  }
  Limit(grouped && keys.empty());
  made_.sql = "SELECT " + list_ + " FROM " + from_;
  if (!where_.empty()) made_.sql += " WHERE " + where_;
  made_.sql += group_ + having_ + order_ + limit_;
  if (made_.sql.size() > kMaxDuckDbSqlBytes) {
    return Status::CapacityError("the query grows beyond ", kMaxDuckDbSqlBytes, " bytes when it is translated")
        .WithDetail(std::make_shared<PinotErrorDetail>(PinotErrorCode::kQueryValidation));
  }
  made_.read.assign(translator.read().begin(), translator.read().end());
  return std::move(made_);
}

/// Pinot's broker answers these by itself, with one row.
Status QueryTranslation::Literals() {
  for (const PinotSelectItem& item : select_.items) {
    PinotValue value = LiteralValue(item.expr);
    if (value.type == PinotType::kInt) value.type = PinotType::kLong;
    LOTIC_RETURN_NOT_OK(Add(item, value, PinotLiteralText(*item.expr)));
  }
  made_.sql = "SELECT " + list_;
  return Status::OK();
}

void QueryTranslation::ExpandStar() {
  std::vector<std::string> names;
  for (const PinotField& field : schema_.fields) {
    if (!field.name.starts_with("$")) names.push_back(field.name);
  }
  std::sort(names.begin(), names.end());
  std::vector<PinotSelectItem> items;
  for (PinotSelectItem& item : select_.items) {
    if (item.expr->kind == Kind::kName && item.expr->text == "*") {
      for (const std::string& name : names) items.push_back({PinotName(name, item.expr->at), std::nullopt});
    } else {
      items.push_back(std::move(item));
    }
  }
  select_.items = std::move(items);
}

Status QueryTranslation::Resolve(PinotTranslator* translator) {
  for (PinotSelectItem& item : select_.items) {
    LOTIC_ASSIGN_OR_RETURN(item.expr, translator->Resolve(item.expr));
  }
  if (select_.where != nullptr) {
    LOTIC_ASSIGN_OR_RETURN(select_.where, translator->Resolve(select_.where));
  }
  for (PinotExprPtr& key : select_.group_by) {
    LOTIC_ASSIGN_OR_RETURN(key, translator->Resolve(key));
  }
  if (select_.having != nullptr) {
    LOTIC_ASSIGN_OR_RETURN(select_.having, translator->Resolve(select_.having));
  }
  for (PinotOrderItem& item : select_.order_by) {
    LOTIC_ASSIGN_OR_RETURN(item.expr, translator->Resolve(item.expr));
  }
  return Status::OK();
}

Status QueryTranslation::Add(const PinotSelectItem& item, const PinotValue& value, std::string name) {
  PinotOutputColumn column{item.alias ? *item.alias : std::move(name), PinotResultTypeName(value.type, !value.array)};
  std::string sql = OutputSql(value);
  if (value.literal != nullptr && value.literal->kind == Kind::kNull) {
    column.type = "UNKNOWN";
    sql = "CAST(NULL AS VARCHAR)";
  }
  if (!list_.empty()) list_ += ", ";
  list_ += sql;
  made_.columns.push_back(std::move(column));
  if (list_.size() > kMaxDuckDbSqlBytes) {
    return Status::CapacityError("the query grows beyond ", kMaxDuckDbSqlBytes, " bytes when it is translated")
        .WithDetail(std::make_shared<PinotErrorDetail>(PinotErrorCode::kQueryValidation));
  }
  return Status::OK();
}

Status QueryTranslation::Rows(PinotTranslator* translator) {
  if (select_.items.empty()) return PinotError(PinotErrorCode::kQueryValidation, "the table has no columns");
  for (const PinotSelectItem& item : select_.items) {
    LOTIC_ASSIGN_OR_RETURN(const PinotValue value, translator->Value(item.expr));
    LOTIC_RETURN_NOT_OK(Add(item, value, PinotExprText(*item.expr)));
  }
  return Order(translator);
}

Status QueryTranslation::Groups(PinotTranslator* translator, const std::vector<PinotExprPtr>& keys) {
  std::map<std::string, PinotValue> known;
  std::vector<std::pair<std::string, std::string>> exploded;  // its name, the array
  for (const PinotExprPtr& key : keys) {
    const std::string text = PinotExprText(*key);
    if (known.contains(text)) continue;
    if (key->kind == Kind::kNull) continue;
    LOTIC_ASSIGN_OR_RETURN(PinotValue value, translator->Value(key));
    value.column = nullptr;
    if (value.array) {  // a row belongs to the group of each of its elements
      const std::string name = QuotedName("$key" + std::to_string(exploded.size()));
      exploded.emplace_back(name, made_.null_handling ? "coalesce(" + value.sql + ", [NULL])" : value.sql);  // NULL is a group, too
      value.sql = name;
      value.array = false;
    } else if (value.literal != nullptr) {
      value.sql = OutputSql(value);  // a bare number would count columns
    }
    group_ += (group_.empty() ? " GROUP BY " : ", ") + value.sql;
    known.emplace(text, std::move(value));
  }
  translator->BeginGroups(std::move(known));
  for (const PinotSelectItem& item : select_.items) {
    LOTIC_ASSIGN_OR_RETURN(const PinotValue value, translator->Value(item.expr));
    const bool aggregate = item.expr->kind == Kind::kCall && (item.expr->text == "filter" || IsPinotAggregate(item.expr->text));
    LOTIC_RETURN_NOT_OK(Add(item, value, aggregate ? PinotAggregateText(*item.expr, made_.null_handling) : PinotExprText(*item.expr)));
  }
  if (select_.having != nullptr) {
    LOTIC_ASSIGN_OR_RETURN(const std::string having, translator->Filter(select_.having));
    having_ = " HAVING " + having;
  }
  LOTIC_RETURN_NOT_OK(Order(translator));
  LOTIC_ASSIGN_OR_RETURN(const bool skip_empty, query_.Truth("filteredAggregationsSkipEmptyGroups"));
  if (skip_empty && !keys.empty() && !translator->unfiltered_aggregate() && !translator->aggregate_filters().empty()) {
    std::string any;
    for (const std::string& filter : translator->aggregate_filters()) any += (any.empty() ? "(" : " OR ") + ("count(*) FILTER (WHERE " + filter + ") > 0");
    having_ += (having_.empty() ? " HAVING " : " AND ") + any + ")";
  }
  if (exploded.empty()) return Status::OK();
  // Each array is a sub-query of its own, so that several of them give all combinations.
  std::string columns;
  for (const std::string& name : translator->read()) columns += QuotedName(name) + ", ";
  std::string names;
  for (size_t i = 0; i < exploded.size(); ++i) {
    from_ = "(SELECT " + columns + names + "unnest(" + exploded[i].second + ") AS " + exploded[i].first + " FROM " + from_ +
            (i == 0 && !where_.empty() ? " WHERE " + where_ : "") + ")";
    names += exploded[i].first + ", ";
  }
  where_.clear();
  return Status::OK();
}

Status QueryTranslation::Order(PinotTranslator* translator) {
  for (const PinotOrderItem& item : select_.order_by) {
    LOTIC_ASSIGN_OR_RETURN(PinotValue value, translator->Value(item.expr));
    if (value.literal != nullptr) continue;
    if (value.array) return PinotError(PinotErrorCode::kQueryValidation, "ORDER BY a multi-value column: ", PinotExprText(*item.expr).substr(0, 200));
    if (value.type == PinotType::kBigDecimal) value.sql = "CAST(" + value.sql + " AS DECIMAL(38, 18))";
    order_ += (order_.empty() ? " ORDER BY " : ", ") + value.sql + (item.descending ? " DESC" : " ASC");
    // NULL is the largest value unless the query says otherwise.
    if (made_.null_handling || item.nulls_first) order_ += item.nulls_first.value_or(item.descending) ? " NULLS FIRST" : " NULLS LAST";
  }
  return Status::OK();
}

void QueryTranslation::Limit(bool one_row) {
  made_.limit = select_.limit;
  if (!made_.limit && !one_row && options_.default_limit >= 0) {
    made_.limit = options_.default_limit;
    made_.default_limit_applied = true;
  }
  if (made_.limit) limit_ = " LIMIT " + std::to_string(*made_.limit);
  if (select_.offset > 0) limit_ += " OFFSET " + std::to_string(select_.offset);
}

}  // namespace

Result<PinotTranslation> TranslatePinotQuery(const PinotQuery& query, const PinotSchema& schema, const PinotTranslateOptions& options) {
  return QueryTranslation(query, schema, options).Run();
}

std::vector<std::string> PinotFunctionNames() {
  std::vector<std::string> names = TablePinotFunctions();
  for (std::string& name : SpecialPinotFunctions()) names.push_back(std::move(name));
  for (std::string& name : KnownPinotAggregates()) names.push_back(std::move(name));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace lotic::catalog
