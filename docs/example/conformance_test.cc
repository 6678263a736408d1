// SPDX-License-Identifier: Apache-2.0
#include "connector/conformance.h"
#include "docs/example/thermometer.h"

namespace lotic {
namespace {

class ThermometerHarness final : public ConformanceHarness {
 public:
  ThermometerHarness() {
    for (int i = 0; i < 60; ++i) source_->Measure(static_cast<size_t>(i % 2), i - 30.5);
  }
  Connector& connector() override { return *connector_; }
  TableName table() override { return {"default", "readings"}; }
  Status Append(size_t partition, int count) override {
    for (int i = 0; i < count; ++i) source_->Measure(partition, i);
    return Status::OK();
  }
  Status AddPartition() override { return Append(2, 1); }

 private:
  const std::shared_ptr<Thermometer> source_ = std::make_shared<Thermometer>();
  const std::shared_ptr<Connector> connector_ = MakeIndexedConnector(source_);
};

INSTANTIATE_TEST_SUITE_P(Example, ConnectorConformance, testing::Values(ConformanceCase{"thermometer", [] { return std::make_unique<ThermometerHarness>(); }}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lotic
