// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>

#include "connector/indexed_connector.h"
#include "lotic/batch_builder.h"

// A whole connector in sixty lines: a thermometer that keeps its readings, one partition for each sensor. MakeIndexedConnector() adds
// planning, splits, filters, limits, resuming, certificates and endless reading. docs/architecture.md says what a larger source does itself.
class Thermometer final : public lotic::IndexedSource {
 public:
  /// One reading more; a sensor number one past the last adds a sensor. Any thread.
  void Measure(size_t sensor, double celsius) {
    {
      const std::lock_guard lock(mutex_);
      if (sensor >= readings_.size()) readings_.resize(sensor + 1);
      readings_[sensor].push_back(celsius);
    }
    changes_->Notify();
  }

  std::string type_name() const override { return "thermometer"; }
  std::vector<lotic::TableName> Tables() const override { return {{"default", "readings"}}; }
  std::shared_ptr<const lotic::Schema> SchemaOf(const lotic::TableName&) const override { return schema_; }

  lotic::Result<std::vector<int64_t>> Ends(const lotic::CallContext&, const lotic::TableName&) override {
    const std::lock_guard lock(mutex_);
    std::vector<int64_t> ends;
    for (const auto& sensor : readings_) ends.push_back(static_cast<int64_t>(sensor.size()));
    return ends;
  }

  lotic::Result<lotic::Batch> Rows(const lotic::CallContext&, const lotic::TableName&, size_t sensor, int64_t first, int64_t count) override {
    const std::lock_guard lock(mutex_);
    lotic::BatchBuilder builder(schema_);
    count = std::min<int64_t>(count, 4096);
    for (int64_t row = first; row < first + count; ++row) {
      const double celsius = readings_[sensor][static_cast<size_t>(row)];
      builder.column(0).AppendInt64(static_cast<int64_t>(sensor));
      builder.column(1).AppendDouble(celsius);
      builder.column(2).AppendBytes(celsius < 0 ? "frost" : "mild");
    }
    return builder.Finish(count);
  }

  std::shared_ptr<lotic::ChangeSignal> changes() const override { return changes_; }

 private:
  const std::shared_ptr<const lotic::Schema> schema_ = std::make_shared<const lotic::Schema>(
      lotic::Schema{{{"sensor", lotic::Type::Int64()}, {"celsius", lotic::Type::Float64()}, {"verdict", lotic::Type::String()}}});
  const std::shared_ptr<lotic::ChangeSignal> changes_ = std::make_shared<lotic::ChangeSignal>();
  std::mutex mutex_;  // guards all members below
  std::vector<std::vector<double>> readings_;
};
