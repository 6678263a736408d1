// SPDX-License-Identifier: Apache-2.0
#include "tests/realtime/ingest_world.h"

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "apps/realtime_streams.h"
#include "table/stored_table.h"
#include "table/table_view.h"
#include "tests/realtime/plain_segment_files.h"

namespace lotic::table {

using std::chrono::milliseconds;

namespace {

std::string MakeFolder() {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/lotic-ingest-XXXXXX";
  LOTIC_CHECK(::mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

}  // namespace

IngestWorld::IngestWorld(int32_t partitions, int nodes, std::shared_ptr<const net::TlsContext> tls) : folder_(MakeFolder()), files_(MakePlainSegmentFiles()) {
  broker::BrokerOptions options;
  options.node_count = nodes;
  options.tls = std::move(tls);
  broker_ = broker::Broker::Start(options).ValueOrDie();
  LOTIC_CHECK(broker_->CreateTopic(kTopic, partitions).ok());
}

IngestWorld::~IngestWorld() {
  tables_.reset();
  broker_->Stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

TablesOptions IngestWorld::Options() {
  TablesOptions options;
  options.folder = folder_ + "/data";
  options.streams = [](const catalog::StreamConfig& config) { return MakeRealtimeStream(config, nullptr); };
  options.files = files_.get();
  options.discovery_interval = milliseconds(200);
  options.retry_first = milliseconds(20);
  options.retry_most = milliseconds(200);
  options.sync_interval = milliseconds(100);
  options.log = [this](const std::string& sentence) {
    std::lock_guard lock(log_mutex_);
    log_.push_back(sentence);
    if (std::getenv("LOTIC_TEST_LOG") != nullptr) fprintf(stderr, "%s\n", sentence.c_str());
  };
  return options;
}

void IngestWorld::Open(TablesOptions options) {
  tables_.reset();
  tables_ = Tables::Open(std::move(options)).ValueOrDie();
}

void IngestWorld::Close() {
  const Status stopped = tables_->Stop();
  if (!stopped.ok()) fprintf(stderr, "%s\n", stopped.ToString().c_str());
  LOTIC_CHECK(stopped.ok());
  tables_.reset();
}

std::string IngestWorld::SchemaJson() {
  return R"({"schemaName": "events", "dimensionFieldSpecs": [{"name": "id", "dataType": "LONG"}, {"name": "text", "dataType": "STRING"}],
             "metricFieldSpecs": [{"name": "v", "dataType": "LONG"}],
             "dateTimeFieldSpecs": [{"name": "ts", "dataType": "LONG", "format": "1:MILLISECONDS:EPOCH", "granularity": "1:MILLISECONDS"}]})";
}

std::string IngestWorld::TableJson(const std::vector<std::pair<std::string, std::string>>& more) const {
  std::string rest;
  bool reset = false;
  for (const auto& [key, value] : more) {
    reset = reset || key.find("auto.offset.reset") != std::string::npos;
    rest += ", \"" + key + "\": \"" + value + "\"";
  }
  if (!reset) rest += R"(, "stream.kafka.consumer.prop.auto.offset.reset": "smallest")";
  return R"({"tableName": "events", "tableType": "REALTIME", "tenants": {}, "metadata": {}, "segmentsConfig": {"timeColumnName": "ts", "replication": "1"},
             "tableIndexConfig": {}, "ingestionConfig": {"streamIngestionConfig": {"streamConfigMaps": [{"streamType": "kafka", "stream.kafka.topic.name": "events",
             "stream.kafka.broker.list": ")" +
         broker_->bootstrap() + R"(", "stream.kafka.isolation.level": "read_committed",
             "stream.kafka.decoder.class.name": "org.apache.pinot.plugin.inputformat.json.JSONMessageDecoder")" +
         rest + "}]}}}";
}

void IngestWorld::AddTable(const std::vector<std::pair<std::string, std::string>>& more, const std::string& schema) {
  const Result<Accepted> added = tables_->AddSchema(schema, true, false);
  if (!added.ok()) fprintf(stderr, "%s\n", added.status().ToString().c_str());
  LOTIC_CHECK(added.ok());
  const Result<Accepted> table = tables_->AddTable(TableJson(more));
  if (!table.ok()) fprintf(stderr, "%s\n", table.status().ToString().c_str());
  LOTIC_CHECK(table.ok());
}

namespace {

std::string Value(int64_t id, int64_t ts) {
  return "{\"id\": " + std::to_string(id) + ", \"v\": " + std::to_string(id % 97) + ", \"text\": \"text " + std::to_string(id) +
         "\", \"ts\": " + std::to_string(ts) + "}";
}

}  // namespace

void IngestWorld::Produce(int32_t partition, int count, int batch) {
  while (count > 0) {
    const int now = std::min(count, batch);
    count -= now;
    std::vector<std::string> values;
    std::vector<broker::Record> records;
    const int64_t first_id = next_id_;
    for (int i = 0; i < now; ++i) values.push_back(Value(next_id_++, clock_ + i));
    for (const std::string& value : values) records.push_back({.key = "k", .value = value, .timestamp_ms = clock_++});
    const int64_t offset = broker_->Append(kTopic, partition, records).ValueOrDie();
    for (int i = 0; i < now; ++i) expected_[{partition, offset + i}] = first_id + i;
  }
}

void IngestWorld::ProduceTransaction(int32_t partition, int count, bool commit) {
  broker::BatchSettings settings;
  settings.producer_id = ++next_producer_;
  settings.transactional = true;
  std::vector<std::string> values;
  std::vector<broker::Record> records;
  const int64_t first_id = next_id_;
  for (int i = 0; i < count; ++i) values.push_back(Value(next_id_++, clock_ + i));
  for (const std::string& value : values) records.push_back({.key = "k", .value = value, .timestamp_ms = clock_++});
  const int64_t offset = broker_->Append(kTopic, partition, records, settings).ValueOrDie();
  LOTIC_CHECK(broker_->AppendMarker(kTopic, partition, settings.producer_id, commit ? broker::MarkerType::kCommit : broker::MarkerType::kAbort).ok());
  for (int i = 0; commit && i < count; ++i) expected_[{partition, offset + i}] = first_id + i;
}

void IngestWorld::ProduceValue(int32_t partition, std::optional<std::string_view> value) {
  const broker::Record record{.key = "k", .value = value, .timestamp_ms = clock_++};
  LOTIC_CHECK(broker_->Append(kTopic, partition, {&record, 1}).ok());
}

void IngestWorld::Forget(int32_t partition, int64_t from, int64_t to) {
  expected_.erase(expected_.lower_bound({partition, from}), expected_.lower_bound({partition, to}));
}

Published IngestWorld::Read() { return ReadPublished(TableFolder(folder_ + "/data", "events_REALTIME"), *files_); }

Published ReadPublished(const std::string& table_folder, SegmentFiles& files) {
  Published published;
  const std::shared_ptr<const TableView> view = TableView::Open(table_folder).ValueOrDie();
  Schema layout;
  layout.fields = {{"id", Type::Int64()}, {"v", Type::Int64()}, {"$offset", Type::Int64()}};
  for (const PartitionView& partition : view->partitions()) {
    LOTIC_CHECK(partition.damaged.ok());
    for (const SegmentInfo& segment : partition.segments) {
      if (segment.state == SegmentState::kDropped || segment.totals.rows == 0) continue;
      const std::unique_ptr<SegmentRows> rows = SegmentRows::Open({}, *view, segment, layout, &files).ValueOrDie();
      while (true) {
        const std::optional<Batch> batch = rows->Next({}).ValueOrDie();
        if (!batch.has_value()) break;
        const auto ids = batch->column(0).values<int64_t>();
        const auto vs = batch->column(1).values<int64_t>();
        const auto offsets = batch->column(2).values<int64_t>();
        for (size_t i = 0; i < ids.size(); ++i) {
          ++published.rows;
          published.sum_v += vs[i];
          published.doubled += published.ids.emplace(std::pair(partition.partition, offsets[i]), ids[i]).second ? 0 : 1;
        }
      }
    }
  }
  return published;
}

bool IngestWorld::WaitFor(const std::function<bool()>& what, milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!what()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(2));  // how often it is looked at, not how long it takes
  }
  return true;
}

bool IngestWorld::CaughtUp(milliseconds limit) {
  return WaitFor(
      [this] {
        const Result<TableStatus> status = tables_->GetStatus("events");
        const Result<std::shared_ptr<const TableView>> view = tables_->View("events");
        if (!status.ok() || !view.ok()) return false;
        for (const PartitionStatus& partition : status->partitions) {
          const Result<broker::PartitionState> log = broker_->Describe(kTopic, partition.partition);
          if (!log.ok() || partition.position < log->last_stable_offset) return false;
          // Where damage took rows back, the status hears of it after the files.
          const PartitionView* const published = (*view)->Find(partition.partition);
          if (published != nullptr && !published->segments.empty() && published->segments.back().end < log->last_stable_offset) return false;
        }
        return true;
      },
      limit);
}

PartitionStatus IngestWorld::StatusOf(int32_t partition) {
  for (const PartitionStatus& status : tables_->GetStatus("events").ValueOrDie().partitions) {
    if (status.partition == partition) return status;
  }
  return {};
}

std::vector<std::string> IngestWorld::Log() {
  std::lock_guard lock(log_mutex_);
  return log_;
}

bool IngestWorld::Logged(std::string_view part) {
  for (const std::string& line : Log()) {
    if (line.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace lotic::table
