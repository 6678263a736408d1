// SPDX-License-Identifier: Apache-2.0
#include "sql/segment_files.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "duckdb/common/string_util.hpp"
#include "duckdb/common/types/data_chunk.hpp"
#include "duckdb/function/table_function.hpp"
#include "duckdb/main/config.hpp"
#include "duckdb/main/connection.hpp"
#include "duckdb/main/database.hpp"
#include "duckdb/main/extension/extension_loader.hpp"
#include "duckdb/main/materialized_query_result.hpp"
#include "duckdb/main/query_result.hpp"
#include "duckdb/parser/keyword_helper.hpp"
#include "lotic/batch_builder.h"
#include "sql/chunk_batch.h"
#include "sql/seam.h"
#include "sql/table_model.h"
#include "sql/vectors.h"

namespace lotic::sql {
namespace {

/// Of the private DuckDB: a row group in the making and some column chunks being read.
constexpr const char* kSegmentFileMemory = "512MB";
/// Batches that wait for the thread that writes them.
constexpr size_t kMaxWaitingBatches = 4;
/// A dictionary is given up at so many values: DuckDB's own limit lets columns whose values are all different (offsets, keys) fill one in vain, a sixth of the time of writing.
/// Version 2 writes numbers and lengths as differences: a third less to write and a quarter less to keep than plain pages, and half the time to read.
constexpr const char* kFileOptions = "FORMAT parquet, PARQUET_VERSION V2, COMPRESSION snappy, DICTIONARY_SIZE_LIMIT 4096, USE_TMP_FILE false";
constexpr const char* kRowNumber = "file_row_number";
constexpr const char* kRowsFunction = "lotic_segment_rows";

std::string Quoted(const std::string& name) { return duckdb::KeywordHelper::WriteQuoted(name, '"'); }
std::string QuotedText(const std::string& text) { return duckdb::KeywordHelper::WriteQuoted(text, '\''); }

/// A path that read_parquet takes as it is: *, ? and [ would look for other files.
std::string PathItself(const std::string& path) {
  std::string out;
  for (const char c : path) out += c == '*' || c == '?' || c == '[' ? std::string("[") + c + "]" : std::string(1, c);
  return out;
}

/// Batches on their way from the thread that gives them to the one that writes them. Any thread.
class RowsQueue {
 public:
  explicit RowsQueue(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)) {}

  const std::shared_ptr<const Schema>& schema() const { return schema_; }

  /// Waits for a place. @return false: nobody takes any more.
  bool Put(Batch rows) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || waiting_.size() < kMaxWaitingBatches; });
    if (closed_) return false;
    waiting_.push_back(std::move(rows));
    changed_.notify_all();
    return true;
  }
  void End() {
    std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  /// Neither side waits any longer; the taker gets an error unless the rows had ended.
  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  /// Waits for rows; none: the end. Errors: Cancelled.
  Result<std::optional<Batch>> Take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || ended_ || !waiting_.empty(); });
    if (closed_) return Status::Cancelled("the file was given up");
    if (waiting_.empty()) return std::optional<Batch>();
    std::optional<Batch> rows = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    return rows;
  }

 private:
  const std::shared_ptr<const Schema> schema_;
  std::mutex mutex_;  // guards all members below
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  bool ended_ = false, closed_ = false;
};

/// The queues that a statement can name by number. Any thread.
struct Queues : duckdb::TableFunctionInfo {
  std::mutex mutex;  // guards both
  std::map<int64_t, std::shared_ptr<RowsQueue>> by_number;
  int64_t next = 1;

  int64_t Add(std::shared_ptr<RowsQueue> queue) {
    std::lock_guard lock(mutex);
    by_number[next] = std::move(queue);
    return next++;
  }
  void Remove(int64_t number) {
    std::lock_guard lock(mutex);
    by_number.erase(number);
  }
  std::shared_ptr<RowsQueue> Find(int64_t number) {
    std::lock_guard lock(mutex);
    const auto at = by_number.find(number);
    return at == by_number.end() ? nullptr : at->second;
  }
};

struct RowsBind final : duckdb::TableFunctionData {
  std::shared_ptr<RowsQueue> queue;
};

struct RowsState final : duckdb::GlobalTableFunctionState {
  std::optional<Batch> rows;
  duckdb::buffer_ptr<duckdb::VectorBuffer> keep;
  int64_t next = 0;
  idx_t MaxThreads() const override { return 1; }
};

duckdb::unique_ptr<duckdb::FunctionData> BindRows(duckdb::ClientContext&, duckdb::TableFunctionBindInput& input, duckdb::vector<duckdb::LogicalType>& types,
                                                  duckdb::vector<duckdb::string>& names) {
  auto bind = duckdb::make_uniq<RowsBind>();
  bind->queue = input.info->Cast<Queues>().Find(input.inputs[0].GetValue<int64_t>());
  if (bind->queue == nullptr) ThrowStatus(Status::Invalid("there are no rows to write"));
  for (const Field& field : bind->queue->schema()->fields) {
    types.push_back(ValueOrThrow(ToDuckDb(field.name, field.type)));
    names.push_back(field.name);
  }
  return bind;
}

void ScanRows(duckdb::ClientContext&, duckdb::TableFunctionInput& input, duckdb::DataChunk& out) {
  auto& state = input.global_state->Cast<RowsState>();
  while (!state.rows || state.next == state.rows->num_rows()) {
    state.rows = ValueOrThrow(input.bind_data->Cast<RowsBind>().queue->Take());
    state.next = 0;
    if (!state.rows) return;
    state.keep = KeepBatch(*state.rows);
  }
  const int64_t count = std::min<int64_t>(STANDARD_VECTOR_SIZE, state.rows->num_rows() - state.next);
  for (size_t i = 0; i < out.ColumnCount(); ++i) FillVector(out.data[i], state.rows->column(i), state.next, count, state.keep);
  out.SetCardinality(static_cast<duckdb::idx_t>(count));
  state.next += count;
}

/// What the files share: the database, and the queues that its function reads.
struct Shared {
  std::unique_ptr<duckdb::DuckDB> database;
  duckdb::shared_ptr<Queues> queues = duckdb::make_shared_ptr<Queues>();

  Result<std::unique_ptr<duckdb::Connection>> Connect() {
    auto connection = std::make_unique<duckdb::Connection>(*database);
    for (const char* setting : {"SET errors_as_json=true", "SET TimeZone='UTC'"}) {
      const auto done = connection->Query(setting);
      if (done->HasError()) return StatusFrom(done->GetErrorObject());
    }
    return connection;
  }
};

class Writer final : public table::SegmentFileWriter {
 public:
  Writer(std::shared_ptr<Shared> shared, std::unique_ptr<duckdb::Connection> connection, std::shared_ptr<RowsQueue> queue, std::string path)
      : shared_(std::move(shared)),
        connection_(std::move(connection)),
        queue_(std::move(queue)),
        path_(std::move(path)),
        number_(shared_->queues->Add(queue_)) {
    thread_ = std::thread([this] { Copy(); });
  }
  ~Writer() override {
    queue_->Close();
    if (thread_.joinable()) thread_.join();
    shared_->queues->Remove(number_);
  }

  Status Write(const Batch& rows) override {
    if (rows.num_rows() == 0) return Status::OK();
    given_ += rows.num_rows();
    if (queue_->Put(rows)) return Status::OK();
    return Join();
  }

  Result<int64_t> Finish() override {
    queue_->End();
    LOTIC_RETURN_NOT_OK(Join());
    if (written_ != given_) return Status::UnknownError("writing ", path_, ": ", written_, " of ", given_, " rows arrived in the file");
    return written_;
  }

 private:
  void Copy() {
    outcome_ = GuardDuckDb([this]() -> Status {
      const auto result = connection_->Query("COPY (FROM " + std::string(kRowsFunction) + "(" + std::to_string(number_) + ")) TO " + QuotedText(path_) + " (" +
                                             kFileOptions + ")");
      if (result->HasError()) return StatusFrom(result->GetErrorObject());
      written_ = result->GetValue(0, 0).GetValue<int64_t>();
      return Status::OK();
    });
    queue_->Close();
  }
  Status Join() {
    if (thread_.joinable()) thread_.join();
    return outcome_.ok() ? Status::OK() : Status(outcome_.code(), "writing " + path_ + ": " + outcome_.message());
  }

  const std::shared_ptr<Shared> shared_;
  const std::unique_ptr<duckdb::Connection> connection_;
  const std::shared_ptr<RowsQueue> queue_;
  const std::string path_;
  const int64_t number_;
  int64_t given_ = 0;
  int64_t written_ = 0;  // by thread_, read after it has ended
  Status outcome_;       // the same
  std::thread thread_;   // last: it uses all of them
};

class Reader final : public table::SegmentFileReader {
 public:
  Reader(std::shared_ptr<Shared> shared, std::unique_ptr<duckdb::Connection> connection, duckdb::unique_ptr<duckdb::QueryResult> result,
         std::shared_ptr<const Schema> schema, std::string path, bool counts_misfits)
      : shared_(std::move(shared)),
        connection_(std::move(connection)),
        result_(std::move(result)),
        schema_(std::move(schema)),
        path_(std::move(path)),
        counts_misfits_(counts_misfits) {}

  int64_t misfits() const override { return misfits_; }

  Result<std::optional<Batch>> Next(const CallContext& ctx) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("reading " + path_));
    const std::stop_callback on_stop(ctx.stop, [this] { connection_->Interrupt(); });
    Result<std::optional<Batch>> rows = GuardDuckDb([&]() -> Result<std::optional<Batch>> {
      const auto chunk = result_->Fetch();
      if (result_->HasError()) return StatusFrom(result_->GetErrorObject());
      if (!chunk || chunk->size() == 0) return std::optional<Batch>();
      if (schema_->fields.empty()) return std::optional<Batch>(Batch(schema_, static_cast<int64_t>(chunk->size()), {}, nullptr));
      if (counts_misfits_) {  // the column behind those wanted
        duckdb::Vector& counts = chunk->data.back();
        counts.Flatten(chunk->size());
        for (size_t row = 0; row < chunk->size(); ++row) misfits_ += duckdb::FlatVector::GetData<int64_t>(counts)[row];
      }
      return std::optional<Batch>(BatchOf(schema_, *chunk));
    });
    if (!rows.ok() && rows.status().code() != StatusCode::kCancelled) return Status(rows.status().code(), "reading " + path_ + ": " + rows.status().message());
    return rows;
  }

 private:
  const std::shared_ptr<Shared> shared_;
  const std::unique_ptr<duckdb::Connection> connection_;
  const duckdb::unique_ptr<duckdb::QueryResult> result_;
  const std::shared_ptr<const Schema> schema_;
  const std::string path_;
  const bool counts_misfits_;
  int64_t misfits_ = 0;
};

class ParquetFiles final : public table::SegmentFiles {
 public:
  static Result<std::shared_ptr<SegmentFiles>> Make() {
    auto shared = std::make_shared<Shared>();
    LOTIC_RETURN_NOT_OK(GuardDuckDb([&]() -> Status {
      duckdb::DBConfig config;
      config.SetOptionByName("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
      config.SetOptionByName("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
      config.SetOptionByName("threads", duckdb::Value::BIGINT(1));
      config.SetOptionByName("memory_limit", duckdb::Value(kSegmentFileMemory));
      shared->database = std::make_unique<duckdb::DuckDB>(nullptr, &config);
      duckdb::TableFunction rows(kRowsFunction, {duckdb::LogicalType::BIGINT}, ScanRows, BindRows,
                                 [](duckdb::ClientContext&, duckdb::TableFunctionInitInput&) -> duckdb::unique_ptr<duckdb::GlobalTableFunctionState> {
                                   return duckdb::make_uniq<RowsState>();
                                 });
      rows.function_info = shared->queues;
      duckdb::ExtensionLoader(*shared->database->instance, "lotic").RegisterFunction(rows);
      return Status::OK();
    }));
    return std::shared_ptr<SegmentFiles>(std::make_shared<ParquetFiles>(std::move(shared)));
  }

  explicit ParquetFiles(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Result<std::unique_ptr<table::SegmentFileWriter>> Create(const std::string& path, const Schema& schema) override {
    for (const Field& field : schema.fields) LOTIC_RETURN_NOT_OK(ToDuckDb(field.name, field.type).status());
    LOTIC_ASSIGN_OR_RETURN(auto connection, GuardDuckDb([&] { return shared_->Connect(); }));
    return std::unique_ptr<table::SegmentFileWriter>(
        std::make_unique<Writer>(shared_, std::move(connection), std::make_shared<RowsQueue>(std::make_shared<const Schema>(schema)), path));
  }

  Result<std::unique_ptr<table::SegmentFileReader>> Open(const CallContext& ctx, const std::string& path, const Schema& layout, int64_t first_row) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("reading " + path));
    return GuardDuckDb([&]() -> Result<std::unique_ptr<table::SegmentFileReader>> {
      const auto named = [&](const Status& status) { return Status(status.code(), "reading " + path + ": " + status.message()); };
      LOTIC_ASSIGN_OR_RETURN(auto connection, shared_->Connect());
      const std::string plain = "read_parquet(" + QuotedText(PathItself(path)) + ", hive_partitioning = false";
      const auto described = connection->Prepare("FROM " + plain + ")");
      if (described->HasError()) return named(StatusFrom(described->error));
      std::map<std::string, duckdb::LogicalType> present;
      for (size_t i = 0; i < described->GetNames().size(); ++i) present.emplace(described->GetNames()[i], described->GetTypes()[i]);
      // Where the file has a column of the row number's name, wanted or not, rows are passed over instead.
      const bool numbered = first_row > 0 && std::none_of(present.begin(), present.end(),
                                                          [](const auto& column) { return duckdb::StringUtil::CIEquals(column.first, kRowNumber); });
      const std::string file = plain + (numbered ? ", file_row_number = true)" : ")");
      std::string list, misfits;
      for (const Field& field : layout.fields) {
        LOTIC_ASSIGN_OR_RETURN(const duckdb::LogicalType wanted, ToDuckDb(field.name, field.type));
        const auto at = present.find(field.name);
        if (!list.empty()) list += ", ";
        if (at == present.end()) {
          list += "NULL::" + wanted.ToString();
        } else if (at->second == wanted) {
          list += Quoted(field.name);
        } else {
          const std::string cast = "TRY_CAST(" + Quoted(field.name) + " AS " + wanted.ToString() + ")";
          list += cast;
          misfits += (misfits.empty() ? "" : " + ") + ("(" + Quoted(field.name) + " IS NOT NULL AND " + cast + " IS NULL)::BIGINT");
        }
      }
      if (!misfits.empty()) list += ", CAST(" + misfits + " AS BIGINT)";
      std::string query = "SELECT " + (list.empty() ? std::string("true") : list) + " FROM " + file;
      if (first_row > 0) query += numbered ? " WHERE " + std::string(kRowNumber) + " >= " + std::to_string(first_row) : " OFFSET " + std::to_string(first_row);
      auto result = connection->SendQuery(query);
      if (result->HasError()) return named(StatusFrom(result->GetErrorObject()));
      return std::unique_ptr<table::SegmentFileReader>(
          std::make_unique<Reader>(shared_, std::move(connection), std::move(result), std::make_shared<const Schema>(layout), path, !misfits.empty()));
    });
  }

 private:
  const std::shared_ptr<Shared> shared_;
};

}  // namespace

Result<std::shared_ptr<table::SegmentFiles>> MakeSegmentFiles() { return ParquetFiles::Make(); }

}  // namespace lotic::sql
