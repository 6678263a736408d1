// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "athena/connector_function.h"
#include "athena/test_engine.h"
#include "athena/test_spill_store.h"
#include "lotic/connector.h"

// What the tests of the door share: a door over a connector, the same rows read without it, and a connector that misbehaves.

namespace lotic::athena {

/// Keeps the lines.
class KeptLog final : public InvocationLog {
 public:
  struct Line {
    std::string query_id, table, certificate, outcome;
    size_t spilled_blocks = 0;
  };
  void Split(const SplitLine& line) override {
    lines.push_back({std::string(line.query_id), std::string(line.table), std::string(line.certificate), std::string(line.outcome), line.spilled_blocks});
  }
  void Finished(const InvocationLine&) override {}
  void Warn(const WarningLine& line) override { warnings.push_back(std::string(line.table) + ": " + std::string(line.message)); }
  std::vector<Line> lines;
  std::vector<std::string> warnings;  ///< "schema.table: message"
};

/// A door with a spill store in memory and bucket "bucket", unless the environment says otherwise.
struct TestDoor {
  explicit TestDoor(std::shared_ptr<Connector> connector, Environment environment = {}, std::shared_ptr<const UdfRegistry> functions = nullptr,
                    const ReadPolicy& policy = {});
  std::shared_ptr<TestSpillStore> store = std::make_shared<TestSpillStore>();
  KeptLog log;
  /// How long the door would have waited for services that throttle, in milliseconds; it does not.
  std::vector<int64_t> waits() const;
  std::unique_ptr<LambdaFunction> function;
  std::unique_ptr<TestEngine> engine;

 private:
  mutable std::mutex mutex_;  // guards the member below
  std::vector<int64_t> waits_;
};

/// All rows of a table as Athena would see them, read from the connector itself: blocks of all visible columns but `without`.
Result<std::vector<Block>> ReadDirectly(Connector& connector, const TableName& table, const ReadPolicy& policy = {}, const std::string& without = "");
/// The texts of the rows that satisfy `constraints`, which are over the logical types of the blocks (UnpackZones).
Result<std::vector<std::string>> Expected(const std::vector<Block>& blocks, const Constraints& constraints,
                                          const std::optional<std::vector<std::string>>& columns);

/// Passes everything on to `inner`, but for what the test changes.
class BentConnector final : public Connector {
 public:
  explicit BentConnector(std::shared_ptr<Connector> inner) : inner_(std::move(inner)) {}
  std::string type_name() const override { return inner_->type_name(); }
  Result<std::vector<std::string>> ListSchemas(const CallContext& ctx) override;
  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override;
  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override;
  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override;
  Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override;
  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override;

  /// Told of every call.
  std::function<void(const CallContext&)> on_call;
  std::function<void(const CallContext&)> on_get_table;
  /// An error is the answer.
  std::function<Status()> refuse_table, refuse_list;
  std::function<void(TableInfo*)> change_table;
  std::function<void(const ScanRequest&)> on_open;
  /// An error is the answer.
  std::function<Status()> refuse_open;
  std::function<void(SplitPage*)> change_splits;
  /// Called instead of the reader's own Next, with that as `next`.
  std::function<Result<ReadBatch>(const CallContext&, const std::function<Result<ReadBatch>()>& next)> next;
  std::function<void(SplitCertificate*)> change_certificate;
  int prepared = 0;
  int tables_asked = 0;

 private:
  const std::shared_ptr<Connector> inner_;
};

}  // namespace lotic::athena
