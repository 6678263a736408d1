// SPDX-License-Identifier: Apache-2.0
#include "connector/conformance.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/broker.h"
#include "connector/kafka/kafka_connector.h"

namespace lotic {
namespace {

constexpr const char* kTopic = "orders";

class KafkaHarness final : public ConformanceHarness {
 public:
  static std::unique_ptr<ConformanceHarness> Start(broker::BrokerOptions options) {
    auto made = std::unique_ptr<KafkaHarness>(new KafkaHarness());
    options.node_count = 2;
    made->broker_ = broker::Broker::Start(std::move(options)).ValueOrDie();
    LOTIC_CHECK(made->broker_->CreateTopic(kTopic, 3).ok());
    // Two partitions hold rows in batches of several sizes and codecs, one with a gap and a transaction that came to nothing.
    for (int32_t partition = 0; partition < 2; ++partition) {
      for (int batch = 0; batch < 5; ++batch) {
        broker::BatchSettings settings;
        settings.codec = static_cast<kafka_protocol::CodecId>(batch);
        LOTIC_CHECK(made->AppendBatch(partition, 10 + batch, settings).ok());
      }
      broker::BatchSettings aborted;
      aborted.producer_id = 77;
      aborted.transactional = true;
      LOTIC_CHECK(made->AppendBatch(partition, 3, aborted).ok());
      LOTIC_CHECK(made->broker_->AppendMarker(kTopic, partition, 77, broker::MarkerType::kAbort).ok());
      const int64_t end = made->broker_->Describe(kTopic, partition).ValueOrDie().high_watermark;
      const std::string value = made->Value();
      const broker::Record after_gap{.key = "k", .value = value, .timestamp_ms = made->clock_++, .offset = end + 7};
      LOTIC_CHECK(made->broker_->Append(kTopic, partition, {&after_gap, 1}).ok());
    }
    kafka::KafkaOptions kafka_options;
    kafka_options.client.bootstrap_servers = net::Endpoint::ParseList(made->broker_->bootstrap()).ValueOrDie();
    made->connector_ = kafka::MakeKafkaConnector(std::move(kafka_options)).ValueOrDie();
    return made;
  }

  Connector& connector() override { return *connector_; }
  TableName table() override { return {kafka::kDefaultSchema, kTopic}; }
  Status Append(size_t partition, int count) override { return AppendBatch(static_cast<int32_t>(partition), count, {}); }
  Status AddPartition() override {
    LOTIC_RETURN_NOT_OK(broker_->AddPartitions(kTopic, ++partitions_));
    return AppendBatch(partitions_ - 1, 1, {});
  }

 private:
  std::string Value() {
    const int n = next_++;
    return "{\"id\": " + std::to_string(n) + ", \"name\": \"name " + std::to_string(n % 7) + "\", \"price\": " + std::to_string(n) +
           ".5, \"paid\": " + (n % 2 == 0 ? "true" : "false") + (n % 3 == 0 ? ", \"note\": null" : ", \"note\": \"x\"") + "}";
  }
  Status AppendBatch(int32_t partition, int count, const broker::BatchSettings& settings) {
    std::vector<std::string> values;
    std::vector<broker::Record> records;
    for (int i = 0; i < count; ++i) values.push_back(Value());
    for (const std::string& value : values) records.push_back({.key = "k", .value = value, .timestamp_ms = clock_++});
    return broker_->Append(kTopic, partition, records, settings).status();
  }

  std::unique_ptr<broker::Broker> broker_;
  std::shared_ptr<kafka::KafkaConnector> connector_;
  int next_ = 0;
  int32_t partitions_ = 3;
  int64_t clock_ = 1'700'000'000'000;
};

std::unique_ptr<ConformanceHarness> StartNewest() { return KafkaHarness::Start({}); }

/// A broker that knows no topic ids: topics are fetched by name.
std::unique_ptr<ConformanceHarness> StartByName() {
  broker::BrokerOptions options;
  options.versions = {{kafka_protocol::ApiKey::kFetch, {4, 11}}, {kafka_protocol::ApiKey::kMetadata, {0, 7}}};
  return KafkaHarness::Start(std::move(options));
}

INSTANTIATE_TEST_SUITE_P(Kafka, ConnectorConformance, testing::Values(ConformanceCase{"newest", StartNewest}, ConformanceCase{"by_name", StartByName}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lotic
