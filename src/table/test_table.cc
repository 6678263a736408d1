// SPDX-License-Identifier: Apache-2.0
#include "table/test_table.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "catalog/pinot_schema.h"
#include "lotic/batch_builder.h"
#include "table/journal.h"
#include "table/manifest.h"
#include "table/stored_table.h"

namespace lotic::table {
namespace {

std::string SchemaText(const std::string& name) {
  return R"({"schemaName":")" + name +
         R"(","dimensionFieldSpecs":[{"name":"user","dataType":"STRING"},{"name":"ok","dataType":"BOOLEAN"},)"
         R"({"name":"tags","dataType":"STRING","singleValueField":false},{"name":"body","dataType":"BYTES"}],)"
         R"("metricFieldSpecs":[{"name":"qty","dataType":"INT"},{"name":"amount","dataType":"DOUBLE"}],)"
         R"("dateTimeFieldSpecs":[{"name":"ts","dataType":"TIMESTAMP","format":"TIMESTAMP","granularity":"1:MILLISECONDS"}]})";
}

std::string ConfigText(const std::string& name) {
  return R"({"tableName":")" + name + R"(_REALTIME","tableType":"REALTIME","segmentsConfig":{"timeColumnName":"ts","schemaName":")" + name +
         R"(","replication":"1"},"tenants":{},"tableIndexConfig":{},"metadata":{},"ingestionConfig":{"streamIngestionConfig":{"streamConfigMaps":[{"streamType":"kafka",)"
         R"("stream.kafka.topic.name":")" +
         name +
         R"(-topic","stream.kafka.broker.list":"127.0.0.1:9092","stream.kafka.consumer.factory.class.name":)"
         R"("org.apache.pinot.plugin.stream.kafka30.KafkaConsumerFactory","stream.kafka.decoder.class.name":"org.apache.pinot.plugin.stream.kafka.KafkaJSONMessageDecoder"}]}}})";
}

template <typename T>
T Must(Result<T> result, const char* what) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s: %s\n", what, result.status().ToString().c_str());
    std::abort();
  }
  return *std::move(result);
}

void Must(const Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, status.ToString().c_str());
  std::abort();
}

Schema StoredSchema(const std::string& name) {
  Schema schema = Must(catalog::ParsePinotSchema(SchemaText(name)), "schema").value.Columns();
  schema.fields.push_back({"$offset", Type::Int64(), {}});
  schema.fields.push_back({"$timestamp", Type::Timestamp(TimeUnit::kMilli, true), {}});
  return schema;
}

void AppendRow(int32_t partition, int64_t offset, BatchBuilder* builder) {
  for (size_t c = 0; c < builder->num_columns(); ++c) {
    ColumnBuilder& column = builder->column(c);
    const std::string& name = builder->schema()->fields[c].name;
    if (name == "user") {
      offset % 7 == 3 ? column.AppendNull() : column.AppendBytes("user-" + std::to_string(offset % 5));
    } else if (name == "ok") {
      offset % 11 == 5 ? column.AppendNull() : column.AppendBool(offset % 2 == 0);
    } else if (name == "tags") {
      for (int64_t i = 0; i < offset % 3; ++i) column.child(0).AppendBytes("t" + std::to_string(i));
      column.FinishList();
    } else if (name == "body") {
      column.AppendBytes(std::string("\0\xff", 2) + std::to_string(partition));
    } else if (name == "qty") {
      column.AppendInt64(offset % 100);
    } else if (name == "amount") {
      column.AppendDouble(static_cast<double>(offset) * 0.5);
    } else if (name == "$offset") {
      column.AppendInt64(offset);
    } else {  // ts, $timestamp
      column.AppendInt64(TestData::TimeOf(offset));
    }
  }
}

}  // namespace

TestData::TestData() {
  std::string pattern = (std::filesystem::temp_directory_path() / "lotic-tables-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) std::abort();
  folder_ = pattern;
  owned_ = Must(DataFolder::Own(folder_), "data folder");
}

TestData::~TestData() {
  stores_.clear();
  owned_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void TestData::AddTable(const std::string& raw_name, int partitions, const std::string& table_id) {
  StoredTable table;
  table.raw_name = raw_name;
  table.name = raw_name + "_REALTIME";
  table.table_id = table_id;
  table.created_ms = TimeOf(0);
  table.config = ConfigText(raw_name);
  const std::string folder = TableFolder(folder_, table.name);
  std::filesystem::create_directories(folder);
  stores_[raw_name] = Must(TableStore::Create(folder, {table_id, raw_name, "ts"}, {}), "create a table");
  Must(WriteSchemaDocument(folder_, raw_name, SchemaText(raw_name)), "write a schema");
  Must(WriteStoredTable(folder_, table), "write a definition");
  std::vector<PartitionStart> starts;
  for (int32_t p = 0; p < partitions; ++p) starts.push_back({p, 0, {}});
  Must(stores_[raw_name]->AddPartitions("state", starts), "add partitions");
}

void TestData::RemoveTable(const std::string& raw_name) {
  stores_.erase(raw_name);
  std::filesystem::remove_all(TableFolder(folder_, raw_name + "_REALTIME"));
}

void TestData::AddPartition(const std::string& raw_name, int32_t partition) {
  const PartitionStart start{partition, 0, {}};
  Must(store(raw_name).AddPartitions("state", {&start, 1}), "add a partition");
}

void TestData::Commit(const std::string& raw_name, int32_t partition, int64_t count) {
  PartitionWriter* writer = Must(store(raw_name).writer(partition), "writer");
  lotic::table::Commit commit;
  commit.start = writer->position();
  commit.end = commit.start + count;
  BatchBuilder builder(std::make_shared<const Schema>(StoredSchema(raw_name)));
  int64_t rows = 0;
  for (int64_t offset = commit.start; offset < commit.end; ++offset) {
    if (offset % 10 != 9) {
      AppendRow(partition, offset, &builder);
      ++rows;
    } else {
      int64_t* fates[] = {&commit.fates.filtered, &commit.fates.dropped_convert, &commit.fates.control, &commit.fates.missing};
      ++*fates[offset / 10 % 4];
    }
  }
  commit.rows = builder.Finish(rows);
  commit.fates.rows = rows;
  commit.newest_stream_ms = TimeOf(commit.end - 1);
  commit.commit_ms = TimeOf(commit.end - 1) + 5;
  Must(writer->Append(commit), "append");
}

void TestData::Roll(const std::string& raw_name, int32_t partition) {
  PartitionWriter* writer = Must(store(raw_name).writer(partition), "writer");
  Must(writer->Roll(SealReason::kRowLimit, TimeOf(writer->position())), "roll");
}

void TestData::ResumeAt(const std::string& raw_name, int32_t partition, int64_t start) {
  PartitionWriter* writer = Must(store(raw_name).writer(partition), "writer");
  Must(writer->RollAndPause(SealReason::kPause, TimeOf(writer->position())), "pause");
  Must(writer->Resume(start, TimeOf(start), "an operator said so"), "resume");
}

void TestData::Forget(const std::string& raw_name, int32_t partition, int64_t sequence) {
  const std::string folder = store(raw_name).folder();
  Must(store(raw_name).Close(), "close");
  stores_.erase(raw_name);
  const std::string path = folder + "/p" + std::to_string(partition);
  JournalContents contents;
  std::vector<std::string> found;
  auto journal = Must(Journal::Open(path + "/manifest", "", &contents, &found), "manifest");
  ManifestChange change;
  change.removed = {sequence};
  change.segments_forgotten = 1;
  Must(journal->Append(EncodeChange(change), nullptr), "forget");
  journal.reset();
  stores_[raw_name] = Must(TableStore::Open(folder, {}), "open");
}

void TestData::Reopen(const std::string& raw_name) {
  const std::string folder = store(raw_name).folder();
  Must(store(raw_name).Close(), "close");
  stores_.erase(raw_name);
  stores_[raw_name] = Must(TableStore::Open(folder, {}), "open");
}

int64_t TestData::RowsIn(int64_t start, int64_t end) {
  int64_t rows = 0;
  for (int64_t offset = start; offset < end; ++offset) rows += offset % 10 != 9 ? 1 : 0;
  return rows;
}

}  // namespace lotic::table
