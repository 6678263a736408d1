// SPDX-License-Identifier: Apache-2.0
#include "sql/ingest_expressions.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "catalog/pinot_expression.h"
#include "duckdb/common/types/data_chunk.hpp"
#include "duckdb/function/table_function.hpp"
#include "duckdb/main/config.hpp"
#include "duckdb/main/connection.hpp"
#include "duckdb/main/database.hpp"
#include "duckdb/main/extension/extension_loader.hpp"
#include "duckdb/main/prepared_statement.hpp"
#include "duckdb/main/query_result.hpp"
#include "lotic/batch_builder.h"
#include "sql/chunk_batch.h"
#include "sql/pinot_functions.h"
#include "sql/seam.h"
#include "sql/table_model.h"
#include "sql/vectors.h"

namespace lotic::sql {
namespace {

/// Of the private DuckDB: one batch and what the expressions make of it, for each partition at work.
constexpr const char* kIngestExpressionMemory = "512MB";
constexpr const char* kInputFunction = "lotic_ingest_input";

/// Where a prepared statement finds the batch it runs over. One thread at a time.
struct InputSlot {
  std::shared_ptr<const Schema> schema;
  std::optional<Batch> rows;
};

/// The slots that a statement can name by number. Any thread.
struct InputSlots : duckdb::TableFunctionInfo {
  std::mutex mutex;  // guards all members
  std::map<int64_t, std::shared_ptr<InputSlot>> by_number;
  int64_t next = 1;

  int64_t Add(std::shared_ptr<InputSlot> slot) {
    std::lock_guard lock(mutex);
    by_number[next] = std::move(slot);
    return next++;
  }
  void Remove(int64_t number) {
    std::lock_guard lock(mutex);
    by_number.erase(number);
  }
  std::shared_ptr<InputSlot> Find(int64_t number) {
    std::lock_guard lock(mutex);
    const auto at = by_number.find(number);
    return at == by_number.end() ? nullptr : at->second;
  }
};

struct InputBind final : duckdb::TableFunctionData {
  std::shared_ptr<InputSlot> slot;
};

struct InputState final : duckdb::GlobalTableFunctionState {
  Batch rows;
  duckdb::buffer_ptr<duckdb::VectorBuffer> keep;
  int64_t next = 0;
  idx_t MaxThreads() const override { return 1; }
};

duckdb::unique_ptr<duckdb::FunctionData> BindInput(duckdb::ClientContext&, duckdb::TableFunctionBindInput& input, duckdb::vector<duckdb::LogicalType>& types,
                                                   duckdb::vector<duckdb::string>& names) {
  auto bind = duckdb::make_uniq<InputBind>();
  bind->slot = input.info->Cast<InputSlots>().Find(input.inputs[0].GetValue<int64_t>());
  if (bind->slot == nullptr) ThrowStatus(Status::Invalid("there are no records to compute with"));
  for (const Field& field : bind->slot->schema->fields) {
    types.push_back(ValueOrThrow(ToDuckDb(field.name, field.type)));
    names.push_back(field.name);
  }
  if (names.empty()) {  // expressions of constants: only the rows count
    types.push_back(duckdb::LogicalType::BOOLEAN);
    names.push_back("row");
  }
  return bind;
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> BeginInput(duckdb::ClientContext&, duckdb::TableFunctionInitInput& input) {
  auto state = duckdb::make_uniq<InputState>();
  const InputSlot& slot = *input.bind_data->Cast<InputBind>().slot;
  if (!slot.rows) ThrowStatus(Status::Invalid("there are no records to compute with"));
  state->rows = *slot.rows;
  state->keep = KeepBatch(state->rows);
  return state;
}

void ScanInput(duckdb::ClientContext&, duckdb::TableFunctionInput& input, duckdb::DataChunk& out) {
  auto& state = input.global_state->Cast<InputState>();
  const int64_t count = std::min<int64_t>(STANDARD_VECTOR_SIZE, state.rows.num_rows() - state.next);
  for (size_t i = 0; i < state.rows.num_columns(); ++i) FillVector(out.data[i], state.rows.column(i), state.next, count, state.keep);
  if (state.rows.num_columns() == 0) out.data[0].Reference(duckdb::Value::BOOLEAN(true));
  out.SetCardinality(static_cast<duckdb::idx_t>(count));
  state.next += count;
}

struct Shared {
  std::unique_ptr<duckdb::DuckDB> database;
  duckdb::shared_ptr<InputSlots> slots = duckdb::make_shared_ptr<InputSlots>();
};

class Compiled final : public table::CompiledExpressions {
 public:
  /// `columns`: of Compile's input, those that are read. The statement is prepared by Prepare.
  Compiled(std::shared_ptr<Shared> shared, std::shared_ptr<const Schema> input, std::vector<size_t> columns, std::shared_ptr<const Schema> output)
      : shared_(std::move(shared)), input_(std::move(input)), columns_(std::move(columns)), output_(std::move(output)) {
    Schema read;
    for (const size_t column : columns_) {
      read.fields.push_back(input_->fields[column]);
      inputs_.push_back(input_->fields[column].name);
    }
    slot_->schema = std::make_shared<const Schema>(std::move(read));
    number_ = shared_->slots->Add(slot_);
  }
  ~Compiled() override {
    prepared_.reset();
    shared_->slots->Remove(number_);
  }

  Status Prepare(const std::string& list) {
    return GuardDuckDb([&]() -> Status {
      connection_ = std::make_unique<duckdb::Connection>(*shared_->database);
      for (const char* setting : {"SET errors_as_json=true", "SET TimeZone='UTC'", "SET ieee_floating_point_ops=true"}) {
        const auto done = connection_->Query(setting);
        if (done->HasError()) return StatusFrom(done->GetErrorObject());
      }
      prepared_ = connection_->Prepare("SELECT " + list + " FROM " + kInputFunction + "(" + std::to_string(number_) + ")");
      return prepared_->HasError() ? StatusFrom(prepared_->error) : Status::OK();
    });
  }

  const std::vector<std::string>& inputs() const override { return inputs_; }

  Result<Batch> Evaluate(const CallContext& ctx, const Batch& input) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("computing transforms and filters"));
    if (input.schema().fields.size() != input_->fields.size()) {
      return Status::Invalid("expressions compiled for ", input_->fields.size(), " columns are given ", input.schema().fields.size());
    }
    for (const size_t column : columns_) {
      if (input.column(column).type == input_->fields[column].type) continue;
      return Status::Invalid("the field ", input_->fields[column].name, " is ", input.column(column).type.ToString(), ", and was compiled as ",
                             input_->fields[column].type.ToString());
    }
    BatchBuilder builder(output_);
    if (input.num_rows() == 0) return builder.Finish(0);
    slot_->rows = columns_.empty() ? Batch(slot_->schema, input.num_rows(), {}, nullptr) : input.Select(columns_);
    const std::stop_callback on_stop(ctx.stop, [this] { connection_->Interrupt(); });
    Result<Batch> made = GuardDuckDb([&]() -> Result<Batch> {
      duckdb::vector<duckdb::Value> none;
      const auto result = prepared_->Execute(none, true);
      if (result->HasError()) return StatusFrom(result->GetErrorObject());
      int64_t rows = 0;
      while (true) {
        const auto chunk = result->Fetch();
        if (result->HasError()) return StatusFrom(result->GetErrorObject());
        if (!chunk || chunk->size() == 0) break;
        AppendChunk(*output_, *chunk, &builder);
        rows += static_cast<int64_t>(chunk->size());
      }
      if (rows != input.num_rows()) return Status::UnknownError("expressions gave ", rows, " rows for ", input.num_rows());
      return builder.Finish(rows);
    });
    slot_->rows.reset();
    if (made.ok()) return made;
    const StatusCode code = made.status().code();
    if (code == StatusCode::kCancelled || code == StatusCode::kCapacityError || code == StatusCode::kUnknownError) return made;
    return Status::Invalid(made.status().message());  // a value of some row cannot be computed
  }

 private:
  const std::shared_ptr<Shared> shared_;
  const std::shared_ptr<const Schema> input_;
  const std::vector<size_t> columns_;
  const std::shared_ptr<const Schema> output_;
  const std::shared_ptr<InputSlot> slot_ = std::make_shared<InputSlot>();
  std::vector<std::string> inputs_;
  int64_t number_ = 0;
  std::unique_ptr<duckdb::Connection> connection_;
  duckdb::unique_ptr<duckdb::PreparedStatement> prepared_;
};

class IngestExpressions final : public table::Expressions {
 public:
  static Result<std::shared_ptr<table::Expressions>> Make() {
    auto shared = std::make_shared<Shared>();
    LOTIC_RETURN_NOT_OK(GuardDuckDb([&]() -> Status {
      duckdb::DBConfig config;
      config.SetOptionByName("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
      config.SetOptionByName("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
      config.SetOptionByName("enable_external_access", duckdb::Value::BOOLEAN(false));
      config.SetOptionByName("threads", duckdb::Value::BIGINT(1));
      config.SetOptionByName("memory_limit", duckdb::Value(kIngestExpressionMemory));
      shared->database = std::make_unique<duckdb::DuckDB>(nullptr, &config);
      duckdb::TableFunction input(kInputFunction, {duckdb::LogicalType::BIGINT}, ScanInput, BindInput, BeginInput);
      input.function_info = shared->slots;
      duckdb::ExtensionLoader(*shared->database->instance, "lotic").RegisterFunction(input);
      RegisterPinotFunctions(*shared->database->instance);
      return Status::OK();
    }));
    return std::shared_ptr<table::Expressions>(std::make_shared<IngestExpressions>(std::move(shared)));
  }

  explicit IngestExpressions(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Result<std::vector<std::string>> Inputs(const std::string& text) override { return catalog::PinotExpressionInputs(text); }

  Result<std::unique_ptr<table::CompiledExpressions>> Compile(std::span<const table::NamedExpression> expressions, const Schema& input) override {
    std::vector<std::string> names;
    for (const Field& field : input.fields) names.push_back(field.name);
    std::set<size_t> read;
    Schema output;
    std::string list, texts;
    for (const table::NamedExpression& expression : expressions) {
      LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> inputs, catalog::PinotExpressionInputs(expression.text));
      LOTIC_ASSIGN_OR_RETURN(const std::string sql, catalog::TranslatePinotExpression(expression.text, input, expression.result.type));
      for (const std::string& name : inputs) {
        LOTIC_ASSIGN_OR_RETURN(const size_t index, ResolveName("field", name, names));
        read.insert(index);
      }
      LOTIC_ASSIGN_OR_RETURN(const duckdb::LogicalType type, ToDuckDb(expression.result.name, expression.result.type));
      list += (list.empty() ? "" : ", ") + ("CAST(" + sql + " AS " + type.ToString() + ")");
      texts += (texts.empty() ? "" : ", ") + expression.text;
      output.fields.push_back(expression.result);
    }
    if (output.fields.empty()) return Status::Invalid("no expressions to compile");
    auto compiled = std::make_unique<Compiled>(shared_, std::make_shared<const Schema>(input), std::vector<size_t>(read.begin(), read.end()),
                                               std::make_shared<const Schema>(std::move(output)));
    const Status prepared = compiled->Prepare(list);
    if (!prepared.ok()) return Status::Invalid("the expressions ", texts.substr(0, 500), ": ", prepared.message());
    return std::unique_ptr<table::CompiledExpressions>(std::move(compiled));
  }

 private:
  const std::shared_ptr<Shared> shared_;
};

}  // namespace

Result<std::shared_ptr<table::Expressions>> MakeIngestExpressions() { return IngestExpressions::Make(); }

}  // namespace lotic::sql
