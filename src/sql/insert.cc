// SPDX-License-Identifier: Apache-2.0
#include "sql/insert.h"

#include <algorithm>
#include <optional>
#include <set>

#include "duckdb/common/string_util.hpp"
#include "duckdb/common/types/data_chunk.hpp"
#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/execution/physical_operator.hpp"
#include "duckdb/execution/physical_plan_generator.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/parser/statement/insert_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/planner/binder.hpp"
#include "duckdb/planner/expression/bound_cast_expression.hpp"
#include "duckdb/planner/expression/bound_columnref_expression.hpp"
#include "duckdb/planner/operator/logical_expression_get.hpp"
#include "duckdb/planner/operator/logical_insert.hpp"
#include "duckdb/planner/operator/logical_projection.hpp"
#include "lotic/table_writer.h"
#include "sql/chunk_batch.h"
#include "sql/seam.h"

namespace lotic::sql {
namespace {

using duckdb::ClientContext;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;

/// Decimal digits before the point that hold every value of an integer type; 0 for other types.
int IntegerDigits(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::UTINYINT: return 3;
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::USMALLINT: return 5;
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::UINTEGER: return 10;
    case LogicalTypeId::BIGINT: return 19;
    case LogicalTypeId::UBIGINT: return 20;
    default: return 0;
  }
}

bool IsUnsigned(const LogicalType& type) {
  return type.id() == LogicalTypeId::UTINYINT || type.id() == LogicalTypeId::USMALLINT || type.id() == LogicalTypeId::UINTEGER ||
         type.id() == LogicalTypeId::UBIGINT;
}

/// Fractional digits of a local timestamp; -1 for other types.
int FractionDigits(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::DATE:
    case LogicalTypeId::TIMESTAMP_SEC: return 0;
    case LogicalTypeId::TIMESTAMP_MS: return 3;
    case LogicalTypeId::TIMESTAMP: return 6;
    case LogicalTypeId::TIMESTAMP_NS: return 9;
    default: return -1;
  }
}

/// Whether every value of `from` is a value of `to`.
bool IsLossless(const LogicalType& from, const LogicalType& to) {
  if (from == to || from.id() == LogicalTypeId::SQLNULL) return true;
  const int digits = IntegerDigits(from);
  if (digits != 0 && IntegerDigits(to) != 0) {
    const auto from_bytes = duckdb::GetTypeIdSize(from.InternalType()), to_bytes = duckdb::GetTypeIdSize(to.InternalType());
    return IsUnsigned(from) == IsUnsigned(to) ? from_bytes <= to_bytes : IsUnsigned(from) && from_bytes < to_bytes;
  }
  switch (to.id()) {
    case LogicalTypeId::FLOAT: return digits != 0 && digits <= 5;
    case LogicalTypeId::DOUBLE: return from.id() == LogicalTypeId::FLOAT || (digits != 0 && digits <= 10);
    case LogicalTypeId::DECIMAL: {
      const int whole = duckdb::DecimalType::GetWidth(to) - duckdb::DecimalType::GetScale(to);
      if (from.id() != LogicalTypeId::DECIMAL) return digits != 0 && digits <= whole;
      const int from_scale = duckdb::DecimalType::GetScale(from);
      return from_scale <= duckdb::DecimalType::GetScale(to) && duckdb::DecimalType::GetWidth(from) - from_scale <= whole;
    }
    case LogicalTypeId::VARCHAR: return from.id() == LogicalTypeId::VARCHAR || from.id() == LogicalTypeId::ENUM;
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_NS: {
      const int have = FractionDigits(from);
      // The range of nanoseconds ends in 2262.
      return have >= 0 && have <= FractionDigits(to) && (to.id() != LogicalTypeId::TIMESTAMP_NS || from.id() == to.id());
    }
    case LogicalTypeId::LIST:
      if (from.id() == LogicalTypeId::ARRAY) return IsLossless(duckdb::ArrayType::GetChildType(from), duckdb::ListType::GetChildType(to));
      return from.id() == LogicalTypeId::LIST && IsLossless(duckdb::ListType::GetChildType(from), duckdb::ListType::GetChildType(to));
    case LogicalTypeId::MAP:
      return from.id() == LogicalTypeId::MAP && IsLossless(duckdb::MapType::KeyType(from), duckdb::MapType::KeyType(to)) &&
             IsLossless(duckdb::MapType::ValueType(from), duckdb::MapType::ValueType(to));
    case LogicalTypeId::STRUCT: {
      if (from.id() != LogicalTypeId::STRUCT) return false;
      const auto& have = duckdb::StructType::GetChildTypes(from);
      const auto& want = duckdb::StructType::GetChildTypes(to);
      if (have.size() != want.size()) return false;
      for (size_t i = 0; i < have.size(); ++i) {
        if (!duckdb::StringUtil::CIEquals(have[i].first, want[i].first) || !IsLossless(have[i].second, want[i].second)) return false;
      }
      return true;
    }
    default: return false;
  }
}

/// Without the casts around it that lose nothing: what VALUES adds to make its rows alike.
const duckdb::Expression& Peeled(const duckdb::Expression& expression) {
  const duckdb::Expression* inner = &expression;
  while (inner->GetExpressionClass() == duckdb::ExpressionClass::BOUND_CAST &&
         IsLossless(inner->Cast<duckdb::BoundCastExpression>().child->return_type, inner->return_type)) {
    inner = inner->Cast<duckdb::BoundCastExpression>().child.get();
  }
  return *inner;
}

/// What a query gives for one column: expressions that are its values, where they stand in the statement itself.
std::vector<const duckdb::Expression*> WrittenValues(const duckdb::LogicalOperator& plan, size_t column) {
  if (plan.type == duckdb::LogicalOperatorType::LOGICAL_EXPRESSION_GET) {  // VALUES
    std::vector<const duckdb::Expression*> values;
    for (const auto& row : plan.Cast<duckdb::LogicalExpressionGet>().expressions) values.push_back(row[column].get());
    return values;
  }
  if (plan.type != duckdb::LogicalOperatorType::LOGICAL_PROJECTION || column >= plan.expressions.size()) return {};
  const duckdb::Expression& expression = Peeled(*plan.expressions[column]);
  if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_COLUMN_REF) return {&expression};
  if (plan.children.size() != 1) return {};
  return WrittenValues(*plan.children[0], expression.Cast<duckdb::BoundColumnRefExpression>().binding.column_index);
}

/// Whether this very value is one of `to`: 1 of SMALLINT, '2024-01-01' of none but VARCHAR.
bool FitsExactly(ClientContext& context, const duckdb::Expression& expression, const LogicalType& to) {
  const duckdb::Expression& inner = Peeled(expression);
  if (IsLossless(inner.return_type, to)) return true;
  if (!inner.IsFoldable() || !inner.IsConsistent()) return false;  // now() is another value when the statement runs
  duckdb::Value value;
  if (!duckdb::ExpressionExecutor::TryEvaluateScalar(context, inner, value)) return false;
  if (value.IsNull()) return true;
  const bool number = value.type().IsNumeric() && to.IsNumeric();
  const bool time = FractionDigits(value.type()) >= 0 && FractionDigits(to) >= 0;
  if (!number && !time) return false;
  duckdb::Value cast, back;
  std::string error;
  if (!value.DefaultTryCastAs(to, cast, &error, true) || !cast.DefaultTryCastAs(value.type(), back, &error, true)) return false;
  return back == value;
}

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

const ModelColumn& ColumnOf(const FoundTable& sink, const std::string& name) {
  std::vector<std::string> names;
  for (const ModelColumn& column : sink.model->columns) names.push_back(column.name);
  const Result<size_t> index = ResolveName("column", name, names);
  if (!index.ok()) ThrowStatus(index.status().WithMessage("INSERT INTO ", sink.table, ": ", index.status().message()));
  return sink.model->columns[*index];
}

void CheckTypes(ClientContext& context, const FoundTable& sink, duckdb::InsertStatement& insert, std::vector<const ModelColumn*> targets) {
  const auto query = insert.select_statement->Copy();
  auto& select = query->Cast<duckdb::SelectStatement>();
  const auto binder = duckdb::Binder::CreateBinder(context);
  const duckdb::BoundStatement bound = binder->Bind(*select.node);
  if (insert.column_order == duckdb::InsertColumnOrder::INSERT_BY_NAME) {
    targets.clear();
    for (const auto& name : bound.names) targets.push_back(&ColumnOf(sink, name));
  }
  if (bound.types.size() != targets.size()) return;  // DuckDB has words for that
  for (size_t i = 0; i < targets.size(); ++i) {
    const LogicalType& to = targets[i]->type;
    if (IsLossless(bound.types[i], to)) continue;
    const std::vector<const duckdb::Expression*> values = WrittenValues(*bound.plan, i);
    if (!values.empty() && std::all_of(values.begin(), values.end(), [&](const auto* value) { return FitsExactly(context, *value, to); })) continue;
    ThrowStatus(Status::Invalid("INSERT INTO ", sink.table, ": column ", Quoted(targets[i]->name), " is ", to.ToString(), " and the query gives ",
                                bound.types[i].ToString(), " for it, which may not fit; write CAST(… AS ", to.ToString(), ")"));
  }
}

void CheckAutoCommit(ClientContext& context, const std::string& table) {
  if (!context.transaction.IsAutoCommit())
    ThrowStatus(Status::NotImplemented("INSERT INTO ", table, ": what is written cannot be rolled back; run it outside of BEGIN … COMMIT"));
}

/// What the receipt says where not all went well: "3 rows acknowledged, 2 rejected, 1 unknown".
std::string Counts(const WriteReceipt& receipt) {
  const auto rows = [](int64_t count) { return std::to_string(count) + (count == 1 ? " row" : " rows"); };
  return rows(receipt.acknowledged) + " acknowledged, " + std::to_string(receipt.rejected) + " rejected, " + std::to_string(receipt.unknown) + " unknown";
}

/// The writer of one INSERT, abandoned unless it was finished.
class SinkState final : public duckdb::GlobalSinkState {
 public:
  SinkState(std::string table, std::shared_ptr<Connector> connector, std::shared_ptr<Session> session, std::shared_ptr<const Schema> columns,
            std::unique_ptr<TableWriter> writer)
      : table_(std::move(table)), connector_(std::move(connector)), session_(std::move(session)), columns_(std::move(columns)), writer_(std::move(writer)) {}

  ~SinkState() override {
    if (writer_ == nullptr) return;
    const WriteReceipt receipt = writer_->Abandon();
    session_->Warn("INSERT INTO " + table_ + " did not end: " + Counts(receipt) + " (rows acknowledged stay)");
    Tell(receipt);
  }

  void Write(duckdb::DataChunk& chunk) {
    const Status written = writer_->Write(session_->Context(), BatchOf(columns_, chunk));
    if (written.ok()) return;
    if (written.IsCancelled() || written.code() == StatusCode::kDeadlineExceeded) ThrowStatus(written);  // the destructor abandons
    Fail(Finished(), written);
  }

  /// What became of the rows; throws unless all of them were acknowledged.
  WriteReceipt Finish() {
    WriteReceipt receipt = Finished();
    if (receipt.outcome != WriteOutcome::kCommitted) Fail(receipt, receipt.error);
    Tell(receipt);
    acknowledged = receipt.acknowledged;
    return receipt;
  }

  int64_t acknowledged = 0;

 private:
  WriteReceipt Finished() {
    Result<WriteReceipt> receipt = writer_->Finish(session_->Context());
    if (receipt.ok()) {
      writer_.reset();
      return *std::move(receipt);
    }
    if (!receipt.status().IsCancelled()) writer_.reset();
    ThrowStatus(receipt.status());
  }

  [[noreturn]] void Fail(const WriteReceipt& receipt, const Status& why) const {
    Tell(receipt);
    std::string message = "INSERT INTO " + table_ + ": " + Counts(receipt);
    if (!why.ok()) message += ": " + why.message();
    ThrowStatus(why.ok() ? Status::IOError(message) : why.WithMessage(message));
  }

  void Tell(const WriteReceipt& receipt) const {
    for (size_t i = 0; i < receipt.notes.size() && i < kMaxReceiptNotes; ++i) session_->Warn("INSERT INTO " + table_ + ": " + receipt.notes[i]);
    if (receipt.duplicates_possible)
      session_->Warn("INSERT INTO " + table_ +
                     ": some rows may have been written twice: requests that the source answered with a failure of its own were sent again");
  }

  const std::string table_;
  const std::shared_ptr<Connector> connector_;
  const std::shared_ptr<Session> session_;
  const std::shared_ptr<const Schema> columns_;
  std::unique_ptr<TableWriter> writer_;  // null: finished
};

class CountState final : public duckdb::GlobalSourceState {
 public:
  bool given = false;
};

class ConnectorInsert final : public duckdb::PhysicalOperator {
 public:
  ConnectorInsert(duckdb::PhysicalPlan& plan, duckdb::idx_t cardinality, std::shared_ptr<const TableModel> sink, std::shared_ptr<Session> session,
                  WriteRequest request)
      : PhysicalOperator(plan, duckdb::PhysicalOperatorType::EXTENSION, {LogicalType::BIGINT}, cardinality),
        sink_(std::move(sink)),
        session_(std::move(session)),
        request_(std::move(request)) {}

  duckdb::string GetName() const override { return "LOTIC_INSERT"; }
  duckdb::InsertionOrderPreservingMap<duckdb::string> ParamsToString() const override {
    duckdb::InsertionOrderPreservingMap<duckdb::string> text;
    text["Table"] = request_.table.table;
    std::string columns;
    for (const Field& field : request_.columns.fields) columns += (columns.empty() ? "" : ", ") + field.name;
    text["Columns"] = columns;
    for (const auto& [name, value] : request_.constants) text["PARTITION " + name] = value;
    return text;
  }

  bool IsSink() const override { return true; }
  bool SinkOrderDependent() const override { return true; }  // and one thread: ParallelSink is false
  duckdb::unique_ptr<duckdb::GlobalSinkState> GetGlobalSinkState(ClientContext& context) const override {
    CheckAutoCommit(context, request_.table.table);  // again: EXECUTE runs what was prepared elsewhere
    auto& sink = dynamic_cast<TableSink&>(*sink_->connector);
    auto writer = ValueOrThrow(sink.OpenWriter(session_->Context(), request_));
    return duckdb::make_uniq<SinkState>(request_.table.table, sink_->connector, session_, std::make_shared<const Schema>(request_.columns), std::move(writer));
  }
  duckdb::SinkResultType Sink(duckdb::ExecutionContext&, duckdb::DataChunk& chunk, duckdb::OperatorSinkInput& input) const override {
    input.global_state.Cast<SinkState>().Write(chunk);
    return duckdb::SinkResultType::NEED_MORE_INPUT;
  }
  duckdb::SinkFinalizeType Finalize(duckdb::Pipeline&, duckdb::Event&, ClientContext&, duckdb::OperatorSinkFinalizeInput& input) const override {
    auto& state = input.global_state.Cast<SinkState>();
    const auto query = session_->query();
    if (query != nullptr && !session_->options().allow_partial) ThrowIfError(query->CheckComplete());  // rows of half a scan are not committed
    session_->SetInserted(state.Finish());
    return duckdb::SinkFinalizeType::READY;
  }

  bool IsSource() const override { return true; }
  duckdb::unique_ptr<duckdb::GlobalSourceState> GetGlobalSourceState(ClientContext&) const override { return duckdb::make_uniq<CountState>(); }

 protected:
  duckdb::SourceResultType GetDataInternal(duckdb::ExecutionContext&, duckdb::DataChunk& chunk, duckdb::OperatorSourceInput& input) const override {
    auto& state = input.global_state.Cast<CountState>();
    if (state.given) return duckdb::SourceResultType::FINISHED;
    state.given = true;
    chunk.SetValue(0, 0, duckdb::Value::BIGINT(sink_state->Cast<SinkState>().acknowledged));
    chunk.SetCardinality(1);
    return duckdb::SourceResultType::FINISHED;
  }

 private:
  const std::shared_ptr<const TableModel> sink_;
  const std::shared_ptr<Session> session_;
  const WriteRequest request_;
};

}  // namespace

void ResolveInsert(ClientContext& context, const FoundTable& sink, const InsertConstants& constants, duckdb::InsertStatement& insert) {
  const std::string into = "INSERT INTO " + sink.table + ": ";
  CheckAutoCommit(context, sink.table);
  if (insert.on_conflict_info) ThrowStatus(Status::NotImplemented(into, "ON CONFLICT is not supported: the table has no keys to compare"));
  if (!insert.returning_list.empty()) ThrowStatus(Status::NotImplemented(into, "RETURNING is not supported"));
  if (insert.default_values || !insert.select_statement) ThrowStatus(Status::NotImplemented(into, "DEFAULT VALUES is not supported; write the values"));

  std::set<std::string> constant;
  for (const auto& [name, value] : constants) constant.insert(ColumnOf(sink, name).name);
  const bool by_name = insert.column_order == duckdb::InsertColumnOrder::INSERT_BY_NAME;
  if (by_name && !constants.empty())
    ThrowStatus(Status::NotImplemented(into, "BY NAME together with PARTITION (…) is not supported; select the constant as a column"));
  std::vector<const ModelColumn*> targets;
  if (!insert.columns.empty()) {
    for (const auto& name : insert.columns) {
      const ModelColumn& column = ColumnOf(sink, name);
      if (constant.count(column.name) != 0) ThrowStatus(Status::Invalid(into, "column ", Quoted(column.name), " is in PARTITION and in the list of columns"));
      targets.push_back(&column);
    }
  } else if (!by_name) {
    for (const ModelColumn& column : sink.model->columns) {
      if (constant.count(column.name) != 0) continue;
      targets.push_back(&column);
      insert.columns.push_back(column.name);
    }
  }
  if (!by_name) {
    for (const ModelColumn& column : sink.model->columns) {
      const auto mark = column.field.metadata.find(kNotNullMetadata);
      if (mark == column.field.metadata.end() || mark->second != "true" || constant.count(column.name) != 0) continue;
      if (std::find(targets.begin(), targets.end(), &column) == targets.end()) {
        ThrowStatus(Status::Invalid(into, "column ", Quoted(column.name), " is NOT NULL and must be among those written"));
      }
    }
  }
  if (targets.empty() && !by_name) ThrowStatus(Status::Invalid(into, "no column is left to be written by the query"));
  CheckTypes(context, sink, insert, std::move(targets));
  insert.catalog = sink.catalog;
  insert.schema = sink.schema;
  insert.table = SinkName(sink.table);
}

duckdb::PhysicalOperator& PlanConnectorInsert(ClientContext&, duckdb::PhysicalPlanGenerator& planner, duckdb::LogicalInsert& insert,
                                              duckdb::PhysicalOperator& rows, std::shared_ptr<const TableModel> sink, std::shared_ptr<Session> session) {
  WriteRequest request;
  request.table = sink->info.name;
  request.constants = session->insert_constants();
  // column_index_map: for each column of the table, its place in the query; empty: all of them, in order.
  std::vector<const Field*> fields(rows.types.size(), nullptr);
  for (size_t i = 0; i < sink->columns.size(); ++i) {
    const duckdb::idx_t place = insert.column_index_map.empty() ? i : insert.column_index_map[duckdb::PhysicalIndex(i)];
    if (place < fields.size()) fields[place] = &sink->columns[i].field;
  }
  for (const Field* const field : fields) {
    if (field == nullptr) ThrowStatus(Status::UnknownError("INSERT INTO ", request.table.table, ": a column of the query has no column of the table"));
    request.columns.fields.push_back(*field);
  }
  auto& made = planner.Make<ConnectorInsert>(insert.estimated_cardinality, std::move(sink), std::move(session), std::move(request));
  made.children.push_back(rows);
  return made;
}

}  // namespace lotic::sql
