// SPDX-License-Identifier: Apache-2.0
// A peer of the benchmarks: the stream of a real-time table, read and decoded as lotic does it, into DuckDB's appender, chunk by chunk, committed once a second.
// usage: bench_appender SCHEMA_FILE TABLE_FILE DATABASE ROWS; ends when so many rows are in.
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "apps/realtime_streams.h"
#include "duckdb.h"
#include "table/record_pipeline.h"
#include "table/stream_plan.h"

namespace lotic::benchmarks {
namespace {

constexpr std::chrono::seconds kCommitInterval{1};

Result<std::string> ReadText(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status::IOError("cannot read ", path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Status Check(duckdb_state state, const char* what) { return state == DuckDBSuccess ? Status::OK() : Status::IOError(what, " failed"); }

/// Rows of batches go into one table of a database file.
class Appender {
 public:
  static Result<std::unique_ptr<Appender>> Open(const char* path, const Schema& columns) {
    auto made = std::make_unique<Appender>();
    LOTIC_RETURN_NOT_OK(Check(duckdb_open(path, &made->database_), "opening the database"));
    LOTIC_RETURN_NOT_OK(Check(duckdb_connect(made->database_, &made->connection_), "connecting"));
    std::string create = "CREATE TABLE events (";
    for (const Field& field : columns.fields) {
      const duckdb_type type = field.type.id() == TypeId::kString  ? DUCKDB_TYPE_VARCHAR
                               : field.type.id() == TypeId::kInt32 ? DUCKDB_TYPE_INTEGER
                                                                   : DUCKDB_TYPE_BIGINT;
      made->types_.push_back(type);
      made->logical_.push_back(duckdb_create_logical_type(type));
      create += (made->types_.size() > 1 ? ", \"" : "\"") + field.name +
                (type == DUCKDB_TYPE_VARCHAR   ? "\" VARCHAR"
                 : type == DUCKDB_TYPE_INTEGER ? "\" INTEGER"
                                               : "\" BIGINT");
    }
    LOTIC_RETURN_NOT_OK(Check(duckdb_query(made->connection_, (create + ")").c_str(), nullptr), "CREATE TABLE"));
    LOTIC_RETURN_NOT_OK(Check(duckdb_appender_create(made->connection_, nullptr, "events", &made->appender_), "the appender"));
    made->chunk_ = duckdb_create_data_chunk(made->logical_.data(), made->logical_.size());
    return made;
  }

  Status Append(const Batch& rows) {
    const auto most = static_cast<int64_t>(duckdb_vector_size());
    for (int64_t first = 0; first < rows.num_rows(); first += most) {
      const int64_t count = std::min(most, rows.num_rows() - first);
      duckdb_data_chunk_reset(chunk_);
      for (size_t i = 0; i < types_.size(); ++i) {
        const Column& column = rows.column(i);
        if (column.null_count > 0) return Status::Invalid("a NULL among the events");
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, i);
        if (types_[i] == DUCKDB_TYPE_VARCHAR) {
          for (int64_t row = 0; row < count; ++row) {
            const std::string_view text = column.Text(first + row);
            duckdb_vector_assign_string_element_len(vector, static_cast<idx_t>(row), text.data(), text.size());
          }
        } else {
          const size_t width = types_[i] == DUCKDB_TYPE_INTEGER ? 4 : 8;
          std::memcpy(duckdb_vector_get_data(vector), column.data + static_cast<size_t>(first) * width, static_cast<size_t>(count) * width);
        }
      }
      duckdb_data_chunk_set_size(chunk_, static_cast<idx_t>(count));
      LOTIC_RETURN_NOT_OK(Check(duckdb_append_data_chunk(appender_, chunk_), "appending"));
    }
    return Status::OK();
  }
  Status Commit() { return Check(duckdb_appender_flush(appender_), "committing"); }

 private:
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
  duckdb_appender appender_ = nullptr;
  duckdb_data_chunk chunk_ = nullptr;
  std::vector<duckdb_type> types_;
  std::vector<duckdb_logical_type> logical_;
};

Status Fill(const char* schema_file, const char* table_file, const char* database, int64_t wanted) {
  LOTIC_ASSIGN_OR_RETURN(const std::string schema_json, ReadText(schema_file));
  LOTIC_ASSIGN_OR_RETURN(const std::string table_json, ReadText(table_file));
  LOTIC_ASSIGN_OR_RETURN(const auto schema, catalog::ParsePinotSchema(schema_json));
  LOTIC_ASSIGN_OR_RETURN(const auto config, catalog::ParsePinotTableConfig(table_json));
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Connector> stream, MakeRealtimeStream(config.value.stream, nullptr));
  LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<table::RecordPipeline> pipeline, table::RecordPipeline::Create(schema.value, config.value, nullptr));
  CallContext ctx;
  LOTIC_ASSIGN_OR_RETURN(const table::StreamPlan plan, table::PlanStream(ctx, *stream, config.value.stream, config.value.stream.start, 0));
  LOTIC_ASSIGN_OR_RETURN(const Schema layout, table::ResolveRawLayout(ctx, *stream, config.value.stream, pipeline->raw_layout()));
  ScanRequest request = table::StreamRequest(config.value.stream, layout);
  request.token = plan.token;
  std::vector<SplitStart> starts;
  std::vector<int32_t> partitions;
  for (const auto& [partition, split] : plan.splits) {
    starts.push_back({split, split.start});
    partitions.push_back(partition);
  }
  LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader, stream->Open(ctx, request, starts));
  LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<Appender> appender, Appender::Open(database, *pipeline->stored_columns()));
  auto committed = std::chrono::steady_clock::now();
  for (int64_t done = 0; done < wanted;) {
    LOTIC_ASSIGN_OR_RETURN(const ReadBatch batch, reader->Next(ctx));
    int64_t first = 0;
    for (const Run& run : batch.runs) {
      LOTIC_RETURN_NOT_OK(run.status);
      for (int64_t left = run.num_rows; left > 0;) {
        LOTIC_ASSIGN_OR_RETURN(const table::PipelineResult result, pipeline->Run(ctx, *batch.rows, first, left, partitions[run.split]));
        LOTIC_RETURN_NOT_OK(appender->Append(result.rows));
        done += result.rows.num_rows();
        first += result.records;
        left -= result.records;
      }
    }
    if (std::chrono::steady_clock::now() - committed >= kCommitInterval) {
      LOTIC_RETURN_NOT_OK(appender->Commit());
      committed = std::chrono::steady_clock::now();
    }
  }
  return appender->Commit();
}

}  // namespace
}  // namespace lotic::benchmarks

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s SCHEMA_FILE TABLE_FILE DATABASE ROWS\n", argv[0]);
    return 2;
  }
  const lotic::Status status = lotic::benchmarks::Fill(argv[1], argv[2], argv[3], std::strtoll(argv[4], nullptr, 10));
  if (!status.ok()) std::fprintf(stderr, "bench_appender: %s\n", status.ToString().c_str());
  std::fflush(stderr);
  _exit(status.ok() ? 0 : 1);  // tearing down is not what is measured
}
