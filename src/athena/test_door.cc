// SPDX-License-Identifier: Apache-2.0
#include "athena/test_door.h"

#include "athena/athena_table.h"

namespace lotic::athena {
namespace {

class BentReader final : public Reader {
 public:
  BentReader(std::unique_ptr<Reader> inner, const BentConnector& bent) : inner_(std::move(inner)), bent_(bent) {}
  Result<ReadBatch> Next(const CallContext& ctx) override {
    return bent_.next ? bent_.next(ctx, [&] { return inner_->Next(ctx); }) : inner_->Next(ctx);
  }
  Result<uint32_t> Add(SplitStart start) override { return inner_->Add(std::move(start)); }
  Result<SplitStart> Release(uint32_t split) override { return inner_->Release(split); }
  SplitCertificate Certificate(uint32_t split) const override {
    SplitCertificate certificate = inner_->Certificate(split);
    if (bent_.change_certificate) bent_.change_certificate(&certificate);
    return certificate;
  }
  ReaderProgress Progress() const override { return inner_->Progress(); }
  void Wake() override { inner_->Wake(); }
  Status Close(const CallContext& ctx) override { return inner_->Close(ctx); }

 private:
  const std::unique_ptr<Reader> inner_;
  const BentConnector& bent_;
};

}  // namespace

TestDoor::TestDoor(std::shared_ptr<Connector> connector, Environment environment, std::shared_ptr<const UdfRegistry> functions, const ReadPolicy& policy) {
  environment.emplace("spill_bucket", "bucket");
  ConnectorFunctionParts parts;
  parts.connector = std::move(connector);
  parts.options = DoorOptions::FromEnvironment(environment).ValueOrDie();
  parts.options.policy = policy;
  parts.environment = environment;
  if (!parts.options.spill_bucket.starts_with(kDirectoryBucket)) parts.spill_store = store;
  parts.functions = std::move(functions);
  parts.log = &log;
  parts.sleep = [this](const CallContext&, std::chrono::milliseconds time) {
    const std::lock_guard lock(mutex_);
    waits_.push_back(time.count());
    return Status::OK();
  };
  function = MakeConnectorFunction(std::move(parts)).ValueOrDie();
  engine = std::make_unique<TestEngine>(*function, store.get());
}

std::vector<int64_t> TestDoor::waits() const {
  const std::lock_guard lock(mutex_);
  return waits_;
}

Result<std::vector<Block>> ReadDirectly(Connector& connector, const TableName& name, const ReadPolicy& policy, const std::string& without) {
  const CallContext ctx;
  LOTIC_ASSIGN_OR_RETURN(const TableInfo table, connector.GetTable(ctx, name));
  ScanRequest request;
  request.table = table.name;
  request.policy = policy;
  request.layout = VisibleColumns(table);
  std::erase_if(request.layout.fields, [&](const Field& field) { return field.name == without; });
  LOTIC_ASSIGN_OR_RETURN(const Prepared plan, connector.Prepare(ctx, request));
  request.token = plan.token;
  LOTIC_ASSIGN_OR_RETURN(const WireSchema wire, AthenaSchema(request.layout));
  std::vector<Block> blocks;
  PageRequest page;
  while (!plan.partitions.empty()) {
    LOTIC_ASSIGN_OR_RETURN(const SplitPage splits, connector.Splits(ctx, request, plan.partitions, page));
    for (const Split& split : splits.splits) {
      const SplitStart start{split, split.start};
      LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader, connector.Open(ctx, request, std::span(&start, 1)));
      for (bool ended = false; !ended;) {
        LOTIC_ASSIGN_OR_RETURN(const ReadBatch read, reader->Next(ctx));
        ended = read.runs.empty();
        for (const Run& run : read.runs) {
          LOTIC_RETURN_NOT_OK(run.status);
          ended = ended || run.ended;
        }
        if (!read.rows) continue;
        LOTIC_ASSIGN_OR_RETURN(Block block, ToAthenaBlock(*read.rows, wire));
        blocks.push_back(std::move(block));
      }
    }
    if (splits.next_page.empty()) break;
    page.page_token = splits.next_page;
  }
  return blocks;
}

Result<std::vector<std::string>> Expected(const std::vector<Block>& blocks, const Constraints& constraints,
                                          const std::optional<std::vector<std::string>>& columns) {
  std::vector<std::string> texts;
  for (const Block& block : blocks) {
    LOTIC_ASSIGN_OR_RETURN(const Batch plain, UnpackZones(block));
    std::vector<uint8_t> by_sets, by_expressions;
    LOTIC_RETURN_NOT_OK(EvaluateConstraints({constraints.columns, {}}, CompareOptions{CompareOptions::StringOrder::kUtf16Unit, true}, plain, &by_sets));
    LOTIC_RETURN_NOT_OK(EvaluateConstraints({{}, constraints.expressions}, CompareOptions(), plain, &by_expressions));
    std::vector<int64_t> kept;
    for (size_t row = 0; row < by_sets.size(); ++row) {
      if (by_sets[row] != 0 && by_expressions[row] != 0) kept.push_back(static_cast<int64_t>(row));
    }
    Batch rows = block.rows.Take(kept);
    if (columns) {
      std::vector<size_t> projection;
      for (const std::string& name : *columns) projection.push_back(*block.schema.IndexOf(name));
      rows = rows.Select(projection);
    }
    for (std::string& text : RowTexts(rows)) texts.push_back(std::move(text));
  }
  return texts;
}

Result<std::vector<std::string>> BentConnector::ListSchemas(const CallContext& ctx) {
  if (on_call) on_call(ctx);
  return inner_->ListSchemas(ctx);
}

Result<TablePage> BentConnector::ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) {
  if (on_call) on_call(ctx);
  if (refuse_list) LOTIC_RETURN_NOT_OK(refuse_list());
  return inner_->ListTables(ctx, schema, page);
}

Result<TableInfo> BentConnector::GetTable(const CallContext& ctx, const TableName& name) {
  ++tables_asked;
  if (on_call) on_call(ctx);
  if (on_get_table) on_get_table(ctx);
  if (refuse_table) LOTIC_RETURN_NOT_OK(refuse_table());
  LOTIC_ASSIGN_OR_RETURN(TableInfo info, inner_->GetTable(ctx, name));
  if (change_table) change_table(&info);
  return info;
}

Result<Prepared> BentConnector::Prepare(const CallContext& ctx, const ScanRequest& request) {
  ++prepared;
  if (on_call) on_call(ctx);
  return inner_->Prepare(ctx, request);
}

Result<SplitPage> BentConnector::Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions,
                                        const PageRequest& page) {
  if (on_call) on_call(ctx);
  LOTIC_ASSIGN_OR_RETURN(SplitPage splits, inner_->Splits(ctx, request, partitions, page));
  if (change_splits) change_splits(&splits);
  return splits;
}

Result<std::unique_ptr<Reader>> BentConnector::Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) {
  if (on_call) on_call(ctx);
  if (on_open) on_open(request);
  if (refuse_open) LOTIC_RETURN_NOT_OK(refuse_open());
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<Reader> reader, inner_->Open(ctx, request, splits));
  return std::unique_ptr<Reader>(std::make_unique<BentReader>(std::move(reader), *this));
}

}  // namespace lotic::athena
