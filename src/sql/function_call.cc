// SPDX-License-Identifier: Apache-2.0
#include "sql/function_call.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/common/string_util.hpp"
#include "duckdb/common/vector_operations/vector_operations.hpp"
#include "duckdb/execution/expression_executor_state.hpp"
#include "duckdb/function/cast/cast_function_set.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/database.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/expression/subquery_expression.hpp"
#include "duckdb/parser/expression/window_expression.hpp"
#include "duckdb/parser/parsed_data/create_scalar_function_info.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node/cte_node.hpp"
#include "duckdb/parser/query_node/recursive_cte_node.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/query_node/set_operation_node.hpp"
#include "duckdb/parser/statement/explain_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/joinref.hpp"
#include "duckdb/parser/tableref/subqueryref.hpp"
#include "duckdb/planner/expression/bound_constant_expression.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"
#include "lotic/batch_builder.h"
#include "sql/seam.h"
#include "sql/table_model.h"
#include "sql/vectors.h"

namespace lotic::sql {
namespace {

using duckdb::FlatVector;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Vector;

constexpr const char* kCallName = "lotic_call_function";

/// The type in which DuckDB hands an argument over: a TIMESTAMP counts microseconds here, whatever Athena's does.
LogicalType ArgumentType(const std::string& name, const Type& type) {
  switch (type.id()) {
    case TypeId::kTimestamp: return LogicalType::TIMESTAMP;
    case TypeId::kList: return LogicalType::LIST(ArgumentType(name, type.children()[0].type));
    case TypeId::kStruct: {
      duckdb::child_list_t<LogicalType> members;
      for (const Field& member : type.children()) members.emplace_back(member.name, ArgumentType(name, member.type));
      return LogicalType::STRUCT(std::move(members));
    }
    default: return ValueOrThrow(ToDuckDb(name, type));
  }
}

/// Makes a vector and all that is nested in it flat, for `count` rows.
void FlattenAll(Vector& vector, duckdb::idx_t count) {
  vector.Flatten(count);
  if (vector.GetType().id() == LogicalTypeId::STRUCT) {
    for (auto& member : duckdb::StructVector::GetEntries(vector)) FlattenAll(*member, count);
  } else if (vector.GetType().id() == LogicalTypeId::LIST) {
    FlattenAll(duckdb::ListVector::GetEntry(vector), duckdb::ListVector::GetListSize(vector));
  }
}

template <typename T>
int64_t IntegerAt(Vector& vector, duckdb::idx_t row) {
  return FlatVector::GetData<T>(vector)[row];
}

Int128 DecimalAt(Vector& vector, duckdb::idx_t row) {
  switch (vector.GetType().InternalType()) {
    case duckdb::PhysicalType::INT16: return IntegerAt<int16_t>(vector, row);
    case duckdb::PhysicalType::INT32: return IntegerAt<int32_t>(vector, row);
    case duckdb::PhysicalType::INT64: return IntegerAt<int64_t>(vector, row);
    default: {
      const duckdb::hugeint_t value = FlatVector::GetData<duckdb::hugeint_t>(vector)[row];
      return static_cast<Int128>(static_cast<unsigned __int128>(static_cast<uint64_t>(value.upper)) << 64 | value.lower);
    }
  }
}

/// Appends one cell of a flat vector. Throws where the type cannot hold it.
void AppendCell(Vector& vector, duckdb::idx_t row, ColumnBuilder& to) {
  if (FlatVector::IsNull(vector, row)) return to.AppendNull();
  switch (to.type().id()) {
    case TypeId::kBool: return to.AppendBool(FlatVector::GetData<bool>(vector)[row]);
    case TypeId::kInt8: return to.AppendInt64(IntegerAt<int8_t>(vector, row));
    case TypeId::kInt16: return to.AppendInt64(IntegerAt<int16_t>(vector, row));
    case TypeId::kInt32:
    case TypeId::kDate: return to.AppendInt64(IntegerAt<int32_t>(vector, row));
    case TypeId::kInt64: return to.AppendInt64(IntegerAt<int64_t>(vector, row));
    case TypeId::kFloat32: return to.AppendDouble(FlatVector::GetData<float>(vector)[row]);
    case TypeId::kFloat64: return to.AppendDouble(FlatVector::GetData<double>(vector)[row]);
    case TypeId::kDecimal128: return to.AppendDecimal(DecimalAt(vector, row));
    case TypeId::kTimestamp: {
      const int64_t micros = IntegerAt<int64_t>(vector, row);
      if (micros % 1000 != 0) {
        ThrowStatus(Status::Invalid("the timestamp ", duckdb::Value::TIMESTAMP(duckdb::timestamp_t(micros)).ToString(),
                                    " cannot be passed to a function of Athena, whose TIMESTAMP has milliseconds; date_trunc('milliseconds', ...) cuts it"));
      }
      return to.AppendInt64(micros / 1000);
    }
    case TypeId::kString:
    case TypeId::kBinary: {
      const duckdb::string_t text = FlatVector::GetData<duckdb::string_t>(vector)[row];
      return to.AppendBytes({text.GetData(), text.GetSize()});
    }
    case TypeId::kStruct: {
      auto& members = duckdb::StructVector::GetEntries(vector);
      for (size_t i = 0; i < members.size(); ++i) AppendCell(*members[i], row, to.child(i));
      return to.AppendValid();
    }
    case TypeId::kList: {
      const duckdb::list_entry_t entry = FlatVector::GetData<duckdb::list_entry_t>(vector)[row];
      Vector& items = duckdb::ListVector::GetEntry(vector);
      for (duckdb::idx_t i = 0; i < entry.length; ++i) AppendCell(items, entry.offset + i, to.child(0));
      return to.FinishList();
    }
    default: ThrowStatus(Status::UnknownError("an argument of type ", to.type().ToString()));
  }
}

struct CallInfo final : duckdb::ScalarFunctionInfo {
  explicit CallInfo(std::shared_ptr<Session> of) : session(std::move(of)) {}
  const std::shared_ptr<Session> session;
};

struct CallBind final : duckdb::FunctionData {
  std::shared_ptr<Session> session;
  ExternalFunctions functions;
  size_t index = 0;
  std::shared_ptr<const Schema> arguments;

  const ExternalFunction& function() const { return (*functions)[index]; }
  duckdb::unique_ptr<FunctionData> Copy() const override { return duckdb::make_uniq<CallBind>(*this); }
  bool Equals(const FunctionData& other) const override {
    const auto& that = other.Cast<CallBind>();
    return functions == that.functions && index == that.index;
  }
};

duckdb::unique_ptr<duckdb::FunctionData> BindCall(duckdb::ClientContext& context, duckdb::ScalarFunction& bound,
                                                  duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  auto bind = duckdb::make_uniq<CallBind>();
  bind->session = bound.GetExtraFunctionInfo().Cast<CallInfo>().session;
  bind->functions = bind->session->external_functions();
  const bool numbered = !arguments.empty() && arguments[0]->GetExpressionClass() == duckdb::ExpressionClass::BOUND_CONSTANT;
  const duckdb::Value number = numbered ? arguments[0]->Cast<duckdb::BoundConstantExpression>().value : duckdb::Value();
  if (bind->functions == nullptr || number.IsNull() || number.type().id() != LogicalTypeId::UBIGINT || number.GetValue<uint64_t>() >= bind->functions->size()) {
    ThrowStatus(Status::Invalid(kCallName, " is called by USING FUNCTION statements alone"));
  }
  bind->index = number.GetValue<uint64_t>();
  const ExternalFunction& function = bind->function();
  if (arguments.size() - 1 != function.arguments.size()) {
    ThrowStatus(Status::Invalid("function ", function.name, ": ", arguments.size() - 1, " arguments, declared are ", function.arguments.size()));
  }
  duckdb::Function::EraseArgument(bound, arguments, 0);
  bound.name = function.name;  // for EXPLAIN
  bound.arguments.clear();
  bound.varargs = LogicalType(LogicalTypeId::INVALID);
  for (size_t i = 0; i < arguments.size(); ++i) {
    const LogicalType wanted = ArgumentType(function.arguments[i].name, function.arguments[i].type);
    const LogicalType& given = arguments[i]->return_type;
    const bool open = given.id() == LogicalTypeId::UNKNOWN || given.id() == LogicalTypeId::SQLNULL;
    if (!open && duckdb::CastFunctionSet::ImplicitCastCost(context, given, wanted) < 0) {
      ThrowStatus(Status::Invalid("function ", function.name, ", argument ", function.arguments[i].name, ": ", given.ToString(), " does not become ",
                                  wanted.ToString(), " by itself; cast it"));
    }
    bound.arguments.push_back(wanted);
  }
  bound.return_type = ValueOrThrow(ToDuckDb(function.name, function.result.type));
  bind->arguments = std::make_shared<const Schema>(Schema{function.arguments});
  return bind;
}

/// What must hold of every answer, whoever gave it.
Status CheckAnswer(const ExternalFunction& function, const Batch& answer, int64_t rows) {
  const auto wrong = [&](const std::string& what) { return Status::DataLoss("function ", function.name, " of lambda ", function.lambda, " answered ", what); };
  if (answer.num_columns() != 1) return wrong(std::to_string(answer.num_columns()) + " columns instead of 1");
  if (!(answer.column(0).type == function.result.type)) return wrong(answer.column(0).type.ToString() + " instead of " + function.result.type.ToString());
  if (answer.num_rows() != rows) return wrong(std::to_string(answer.num_rows()) + " rows for " + std::to_string(rows));
  return Status::OK();
}

/// Calls with the rows [first, first + count) and puts the answer to their place in `result`; in halves where they are too many for one request.
Status CallRows(const CallBind& bind, const CallContext& ctx, const Batch& arguments, int64_t first, int64_t count, Vector& result) {
  const ExternalFunction& function = bind.function();
  Batch some = arguments;
  if (count != arguments.num_rows()) {
    std::vector<int64_t> rows;
    for (int64_t row = first; row < first + count; ++row) rows.push_back(row);
    some = arguments.Take(rows);
  }
  LOTIC_RETURN_NOT_OK(ctx.Check(function.name));
  const Result<Batch> answer = bind.session->options().lambdas.call(ctx, function.lambda, function.name, some, function.result);
  if (!answer.ok()) {
    if (answer.status().code() != StatusCode::kCapacityError) return answer.status();
    if (count == 1)
      return answer.status().WithMessage("function ", function.name, " of lambda ", function.lambda, ": one row is too large: ", answer.status().message());
    LOTIC_RETURN_NOT_OK(CallRows(bind, ctx, arguments, first, count / 2, result));
    return CallRows(bind, ctx, arguments, first + count / 2, count - count / 2, result);
  }
  LOTIC_RETURN_NOT_OK(CheckAnswer(function, *answer, count));
  Vector filled(result.GetType(), static_cast<duckdb::idx_t>(std::max<int64_t>(count, STANDARD_VECTOR_SIZE)));
  FillVector(filled, answer->column(0), 0, count, KeepBatch(*answer));
  duckdb::VectorOperations::Copy(filled, result, static_cast<duckdb::idx_t>(count), 0, static_cast<duckdb::idx_t>(first));
  return Status::OK();
}

void Call(duckdb::DataChunk& input, duckdb::ExpressionState& state, Vector& result) {
  const auto& bind = state.expr.Cast<duckdb::BoundFunctionExpression>().bind_info->Cast<CallBind>();
  const duckdb::idx_t count = input.size();
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  if (count == 0) return;
  BatchBuilder builder(bind.arguments);
  for (size_t c = 0; c < input.ColumnCount(); ++c) {
    FlattenAll(input.data[c], count);
    for (duckdb::idx_t row = 0; row < count; ++row) AppendCell(input.data[c], row, builder.column(c));
  }
  ThrowIfError(CallRows(bind, bind.session->Context(), builder.Finish(static_cast<int64_t>(count)), 0, static_cast<int64_t>(count), result));
}

class CallRewriter {
 public:
  explicit CallRewriter(const std::vector<ExternalFunction>& functions) : functions_(functions) {}

  void Query(duckdb::QueryNode& node) {
    for (auto& [name, cte] : node.cte_map.map) {
      if (cte->query) Query(*cte->query->node);
    }
    switch (node.type) {
      case duckdb::QueryNodeType::SELECT_NODE: {
        auto& select = node.Cast<duckdb::SelectNode>();
        for (auto& item : select.select_list) {
          // The name that the column would have had: the hidden function's would show otherwise.
          const std::string name = item->GetAlias().empty() ? item->ToString() : "";
          const size_t before = rewritten_;
          Expression(*item);
          if (rewritten_ != before && item->GetAlias().empty()) item->SetAlias(name);
        }
        if (select.from_table) Ref(*select.from_table);
        break;
      }
      case duckdb::QueryNodeType::SET_OPERATION_NODE:
        for (auto& child : node.Cast<duckdb::SetOperationNode>().children) Query(*child);
        break;
      case duckdb::QueryNodeType::RECURSIVE_CTE_NODE:
        Query(*node.Cast<duckdb::RecursiveCTENode>().left);
        Query(*node.Cast<duckdb::RecursiveCTENode>().right);
        break;
      case duckdb::QueryNodeType::CTE_NODE:
        Query(*node.Cast<duckdb::CTENode>().query);
        Query(*node.Cast<duckdb::CTENode>().child);
        break;
      default: break;
    }
    // Everything else; what was rewritten already is passed over.
    duckdb::ParsedExpressionIterator::EnumerateQueryNodeChildren(node, [this](duckdb::unique_ptr<duckdb::ParsedExpression>& child) { Expression(*child); });
  }

 private:
  void Ref(duckdb::TableRef& ref) {
    if (ref.type == duckdb::TableReferenceType::SUBQUERY) return Query(*ref.Cast<duckdb::SubqueryRef>().subquery->node);
    if (ref.type == duckdb::TableReferenceType::JOIN) {
      Ref(*ref.Cast<duckdb::JoinRef>().left);
      Ref(*ref.Cast<duckdb::JoinRef>().right);
    }
  }

  void Expression(duckdb::ParsedExpression& expression) {
    switch (expression.GetExpressionClass()) {
      case duckdb::ExpressionClass::SUBQUERY: Query(*expression.Cast<duckdb::SubqueryExpression>().subquery->node); break;
      case duckdb::ExpressionClass::WINDOW:
        if (Find(expression.Cast<duckdb::WindowExpression>().function_name)) Refuse(expression, "with OVER");
        break;
      default: break;
    }
    duckdb::ParsedExpressionIterator::EnumerateChildren(expression, [this](duckdb::unique_ptr<duckdb::ParsedExpression>& child) { Expression(*child); });
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::FUNCTION) Function(expression.Cast<duckdb::FunctionExpression>());
  }

  void Function(duckdb::FunctionExpression& call) {
    if (!call.catalog.empty() || !call.schema.empty() || call.is_operator) return;
    const std::optional<size_t> found = Find(call.function_name);
    if (!found) return;
    if (call.distinct || call.filter || (call.order_bys && !call.order_bys->orders.empty())) Refuse(call, "with DISTINCT, FILTER or ORDER BY");
    const ExternalFunction& function = functions_[*found];
    if (call.children.size() != function.arguments.size()) {
      ThrowStatus(Status::Invalid("function ", function.name, ": ", call.children.size(), " arguments, declared are ", function.arguments.size()),
                  Position(call));
    }
    call.function_name = kCallName;
    call.children.insert(call.children.begin(), duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value::UBIGINT(*found)));
    ++rewritten_;
  }

  std::optional<size_t> Find(const std::string& name) const {
    const std::string lower = duckdb::StringUtil::Lower(name);
    for (size_t i = 0; i < functions_.size(); ++i) {
      if (functions_[i].name == lower) return i;
    }
    return std::nullopt;
  }

  static std::optional<size_t> Position(const duckdb::ParsedExpression& expression) {
    return expression.query_location.IsValid() ? std::optional<size_t>(expression.query_location.GetIndex()) : std::nullopt;
  }
  [[noreturn]] static void Refuse(const duckdb::ParsedExpression& expression, const std::string& what) {
    ThrowStatus(Status::Invalid("a function of USING FUNCTION is a scalar function: it cannot be called ", what), Position(expression));
  }

  const std::vector<ExternalFunction>& functions_;
  size_t rewritten_ = 0;
};

}  // namespace

void RegisterFunctionCall(duckdb::DatabaseInstance& database, std::shared_ptr<Session> session) {
  // Volatile: never evaluated while a plan is made, never once for many rows.
  duckdb::ScalarFunction function(kCallName, {LogicalType::UBIGINT}, LogicalType::ANY, Call, BindCall, nullptr, nullptr, nullptr, LogicalType::ANY,
                                  duckdb::FunctionStability::VOLATILE, duckdb::FunctionNullHandling::SPECIAL_HANDLING);
  function.SetExtraFunctionInfo<CallInfo>(std::move(session));
  duckdb::CreateScalarFunctionInfo info(std::move(function));
  info.internal = true;
  duckdb::Catalog::GetSystemCatalog(database).CreateFunction(duckdb::CatalogTransaction::GetSystemTransaction(database), info);
}

void RewriteCalls(const std::vector<ExternalFunction>& functions, duckdb::SQLStatement& statement) {
  duckdb::SQLStatement* query = &statement;
  if (query->type == duckdb::StatementType::EXPLAIN_STATEMENT) query = query->Cast<duckdb::ExplainStatement>().stmt.get();
  if (query->type != duckdb::StatementType::SELECT_STATEMENT) {
    ThrowStatus(Status::Invalid("USING FUNCTION stands before a query (SELECT, WITH, VALUES) and no other statement"));
  }
  CallRewriter(functions).Query(*query->Cast<duckdb::SelectStatement>().node);
}

}  // namespace lotic::sql
