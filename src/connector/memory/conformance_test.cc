// SPDX-License-Identifier: Apache-2.0
#include "connector/conformance.h"
#include "connector/memory/memory_connector.h"
#include "lotic/batch_builder.h"

namespace lotic {
namespace {

class MemoryHarness final : public ConformanceHarness {
 public:
  explicit MemoryHarness(TableName table) : table_(std::move(table)) {}
  Connector& connector() override { return *connector_; }
  TableName table() override { return table_; }
  Status Append(size_t partition, int count) override {
    LOTIC_ASSIGN_OR_RETURN(const TableInfo info, connector_->GetTable(CallContext(), table_));
    BatchBuilder builder(std::make_shared<const Schema>(info.schema));
    for (int i = 0; i < count; ++i) {
      builder.column(0).AppendInt64(100000 + i);
      for (size_t c = 1; c < builder.num_columns(); ++c) builder.column(c).AppendNull();
    }
    return store_->Append(table_, partition, builder.Finish(count));
  }
  Status AddPartition() override { return Append(table_.table == "types" ? 3 : 4, 1); }

 private:
  const TableName table_;
  const std::shared_ptr<memory::MemoryStore> store_ = memory::MakeSampleData();
  const std::shared_ptr<Connector> connector_ = store_->connector();
};

INSTANTIATE_TEST_SUITE_P(Memory, ConnectorConformance,
                         testing::Values(ConformanceCase{"types",
                                                         [] {
                                                           return std::make_unique<MemoryHarness>(TableName{"default", "types"});
                                                         }},
                                         ConformanceCase{"numbers",
                                                         [] {
                                                           return std::make_unique<MemoryHarness>(TableName{"default", "numbers"});
                                                         }}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lotic
