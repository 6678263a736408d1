// SPDX-License-Identifier: Apache-2.0
#include "broker/demo_data.h"

#include <gmock/gmock.h>

#include <set>

#include "broker/demo_records.h"
#include "broker/test_client.h"

namespace lotic::broker {
namespace {

namespace kp = kafka_protocol;
using testing::AllOf;
using testing::Each;
using testing::Gt;
using testing::HasSubstr;
using testing::Le;
using testing::MatchesRegex;
using testing::SizeIs;

constexpr int64_t kNow = 1'700'000'000'000;

struct Log {
  std::vector<SeenRecord> records;
  std::string bytes;
  kp::FetchResponse::Partition answer;  // without its records: those borrowed the client
};

Log ReadAll(Broker& broker, const std::string& topic, int32_t partition) {
  auto client = TestClient::Connect(broker.port()).ValueOrDie();
  kp::FetchRequest request = FetchOf(topic, partition, broker.Describe(topic, partition)->log_start_offset);
  request.isolation_level = kp::IsolationLevel::kReadCommitted;
  request.topics[0].partitions[0].max_bytes = request.max_bytes;
  const auto response = client->Call<kp::FetchResponse>(request, 12).ValueOrDie();
  Log log{{}, {}, response.topics.at(0).partitions.at(0)};
  log.bytes = kp::AsText(*log.answer.records);
  log.records = ReadRecords(*log.answer.records).ValueOrDie();
  log.answer.records.reset();
  return log;
}

class DemoDataTest : public testing::Test {
 protected:
  const std::unique_ptr<Broker> broker_ = Broker::Start().ValueOrDie();
  const DemoOptions options_{.now_ms = kNow};
};

// One filled broker for the tests that only look at it.
class DemoTopicsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    broker_ = Broker::Start().ValueOrDie();
    ASSERT_TRUE(FillDemo(*broker_, {.now_ms = kNow}).ok());
  }
  static void TearDownTestSuite() { broker_.reset(); }

  static inline std::unique_ptr<Broker> broker_;
};

TEST_F(DemoTopicsTest, FillsItsFourTopicsWithRecordsUpToNow) {
  EXPECT_THAT(broker_->Topics(), testing::ElementsAre("customers", "events", "orders", "payments"));
  const Log events = ReadAll(*broker_, "events", 1);
  EXPECT_THAT(events.records, SizeIs(12'000));
  EXPECT_THAT(*events.records.front().value, MatchesRegex(R"(\{"ts": [0-9]+, "uuid": "[0-9a-f]+", "count": [0-9]+\})"));
  EXPECT_THAT(events.records, Each(testing::Field(&SeenRecord::timestamp, AllOf(Gt(kNow - 31 * 60'000), Le(kNow)))));
  const Log orders = ReadAll(*broker_, "orders", 0);
  EXPECT_THAT(orders.records, SizeIs(3'000));
  EXPECT_THAT(*orders.records.back().value,
              AllOf(HasSubstr("\"customer\": {\"name\": "), HasSubstr("\"items\": [{\"sku\": "), HasSubstr("\"created_at\": \"2023-11-14T2")));
}

TEST_F(DemoTopicsTest, OrdersUseEveryCodec) {
  const Log orders = ReadAll(*broker_, "orders", 2);
  std::set<kp::CodecId> codecs;
  auto client = TestClient::Connect(broker_->port()).ValueOrDie();
  kp::FetchRequest request = FetchOf("orders", 2, 0);
  request.topics[0].partitions[0].max_bytes = request.max_bytes;
  const auto response = client->Call<kp::FetchResponse>(request, 12).ValueOrDie();
  kp::BatchScanner scanner(*response.topics[0].partitions[0].records);
  for (kp::BatchView batch; scanner.Next(&batch);) codecs.insert(batch.header.codec());
  EXPECT_THAT(codecs, SizeIs(5));
}

TEST_F(DemoTopicsTest, CustomersHaveGapsAndTombstonesAndTheLastValueOfEveryKey) {
  const Log log = ReadAll(*broker_, "customers", 0);
  EXPECT_EQ(broker_->Describe("customers", 0)->high_watermark, 9'000);
  EXPECT_THAT(log.records, SizeIs(AllOf(Gt(1'500u), testing::Lt(2'500u))));
  size_t tombstones = 0;
  std::set<std::string> compacted;
  for (const SeenRecord& record : log.records) {
    tombstones += record.value.has_value() ? 0 : 1;
    if (record.offset < 8'600) {
      EXPECT_TRUE(compacted.insert(*record.key).second) << "only the last write of " << *record.key;
    }
  }
  EXPECT_GT(tombstones, 20u);
}

TEST_F(DemoTopicsTest, PaymentsHoldAbortedTransactionsAndNoOpenOne) {
  for (int32_t partition = 0; partition < 2; ++partition) {
    const Log log = ReadAll(*broker_, "payments", partition);
    EXPECT_GT(log.answer.aborted_transactions.value().size(), 2u);
    EXPECT_EQ(log.answer.last_stable_offset, log.answer.high_watermark);
    EXPECT_LT(log.records.size(), static_cast<size_t>(log.answer.high_watermark)) << "markers are among the offsets";
  }
}

TEST_F(DemoDataTest, TheSameSeedMakesTheSameRecords) {
  const auto other = Broker::Start().ValueOrDie();
  ASSERT_TRUE(FillDemo(*broker_, options_).ok());
  ASSERT_TRUE(FillDemo(*other, options_).ok());
  const Log here = ReadAll(*broker_, "orders", 3), there = ReadAll(*other, "orders", 3);
  EXPECT_FALSE(here.bytes.empty());
  EXPECT_TRUE(here.bytes == there.bytes);
}

TEST_F(DemoDataTest, TheTickerAppendsAsManyRecordsAsTimeHasPassed) {
  ASSERT_TRUE(FillDemo(*broker_, options_).ok());
  DemoTicker ticker(*broker_, options_);
  const auto total = [&](const std::string& topic, int32_t partitions) {
    int64_t sum = 0;
    for (int32_t p = 0; p < partitions; ++p) sum += broker_->Describe(topic, p)->high_watermark;
    return sum;
  };
  for (int step = 1; step <= 100; ++step) ASSERT_TRUE(ticker.Step(kNow + step * 37).ok());
  EXPECT_EQ(total("events", 3), 36'000 + 3'700 * DemoTicker::kEventsPerSecond / 1000);
  EXPECT_EQ(total("orders", 4), 12'000 + 3'700 * DemoTicker::kOrdersPerSecond / 1000);
  EXPECT_EQ(ReadAll(*broker_, "events", 0).records.back().timestamp / 1000, (kNow + 3'700) / 1000);
  ASSERT_TRUE(ticker.Step(kNow).ok());
  EXPECT_EQ(total("events", 3), 36'740) << "time that goes back brings nothing";
  ASSERT_TRUE(ticker.Step(kNow + 86'400'000).ok());
  EXPECT_EQ(total("events", 3), 36'740 + DemoTicker::kMaxRecordsPerStep) << "a long pause is not made up for";
}

TEST_F(DemoDataTest, TheTickersThreadAppendsUntilStopped) {
  ASSERT_TRUE(FillDemo(*broker_).ok());
  auto client = TestClient::Connect(broker_->port()).ValueOrDie();
  kp::FetchRequest request = FetchOf("events", 0, broker_->Describe("events", 0)->high_watermark);
  request.max_wait_ms = 20'000;
  DemoTicker ticker(*broker_);
  ticker.Start();
  const auto response = client->Call<kp::FetchResponse>(request, 12).ValueOrDie();
  EXPECT_GT(response.topics[0].partitions[0].records->size(), 0u);
  EXPECT_TRUE(ticker.Stop().ok());
}

}  // namespace
}  // namespace lotic::broker
