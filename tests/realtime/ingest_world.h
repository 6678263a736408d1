// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/broker.h"
#include "net/tls.h"
#include "table/tables.h"

namespace lotic::table {

/// What the published rows of a table say. A record of the topic is {"id": N, "v": N % 97, ...}.
struct Published {
  std::map<std::pair<int32_t, int64_t>, int64_t> ids;  ///< (partition, offset) → id
  int64_t rows = 0;
  int64_t sum_v = 0;
  int64_t doubled = 0;  ///< rows of a (partition, offset) that was there already
};

/// A broker in this process, a data directory, and the tables in it. Checks stop the process.
class IngestWorld {
 public:
  explicit IngestWorld(int32_t partitions = 2, int nodes = 1, std::shared_ptr<const net::TlsContext> tls = nullptr);
  ~IngestWorld();

  static constexpr const char* kTopic = "events";

  broker::Broker& broker() { return *broker_; }
  const std::string& folder() const { return folder_; }
  Tables& tables() { return *tables_; }
  SegmentFiles& files() { return *files_; }

  /// Options with short intervals.
  TablesOptions Options();
  void Open() { Open(Options()); }
  void Open(TablesOptions options);
  void Close();
  static std::string SchemaJson();
  /// `more`: of the stream map, "key": "value" each; with a comma in front where not empty.
  std::string TableJson(const std::vector<std::pair<std::string, std::string>>& more = {}) const;
  void AddTable(const std::vector<std::pair<std::string, std::string>>& more = {}, const std::string& schema = SchemaJson());

  /// `count` records with ids of their own, in batches of at most `batch`; they are expected as rows.
  void Produce(int32_t partition, int count, int batch = 100);
  /// A transaction with as many records.
  void ProduceTransaction(int32_t partition, int count, bool commit);
  /// A record that becomes no row.
  void ProduceValue(int32_t partition, std::optional<std::string_view> value);
  /// (partition, offset) → id of everything that must become a row.
  const std::map<std::pair<int32_t, int64_t>, int64_t>& expected() const { return expected_; }
  void Forget(int32_t partition, int64_t from, int64_t to);

  Published Read();
  /// Waits until the table's position in each partition is the end of the log; false after `limit`.
  bool CaughtUp(std::chrono::milliseconds limit = std::chrono::milliseconds(20'000));
  PartitionStatus StatusOf(int32_t partition);
  bool WaitFor(const std::function<bool()>& what, std::chrono::milliseconds limit = std::chrono::milliseconds(20'000));
  std::vector<std::string> Log();
  bool Logged(std::string_view part);

 private:
  std::string folder_;
  std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<SegmentFiles> files_;
  std::unique_ptr<Tables> tables_;
  std::map<std::pair<int32_t, int64_t>, int64_t> expected_;
  int64_t next_id_ = 0;
  int64_t clock_ = 1'700'000'000'000;
  int64_t next_producer_ = 9000;
  std::mutex log_mutex_;
  std::vector<std::string> log_;
};

/// What is published in `folder` (of a table).
Published ReadPublished(const std::string& table_folder, SegmentFiles& files);

}  // namespace lotic::table
