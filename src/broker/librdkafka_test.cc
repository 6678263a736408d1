// SPDX-License-Identifier: Apache-2.0
// librdkafka of the version that setup builds, on script, against the broker: its admin client, its idempotent producer and its reader.
#include <gmock/gmock.h>
#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"

namespace lotic::broker {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr int kWaitMs = 20'000;  // for each answer; a failure, not a pause

struct Destroy {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
};
template <typename T>
using Owned = std::unique_ptr<T, Destroy>;

struct Seen {
  int64_t offset;
  std::string key;
  std::string value;
  int64_t timestamp_ms;
  std::string header;
  bool operator==(const Seen&) const = default;
};
void PrintTo(const Seen& seen, std::ostream* out) {
  *out << seen.offset << " " << seen.key << "=" << seen.value << " @" << seen.timestamp_ms << " " << seen.header;
}

Seen Expected(int i) {
  return {i, "k" + std::to_string(i), "value " + std::to_string(i) + std::string(static_cast<size_t>(i % 50), 'x'), 1'700'000'000'000 + i,
          "h" + std::to_string(i)};
}

class LibrdkafkaTest : public testing::Test {
 protected:
  void SetUp() override { broker_ = Broker::Start({.node_count = 2}).ValueOrDie(); }

  Owned<rd_kafka_t> Client(rd_kafka_type_t type, std::map<std::string, std::string> properties) {
    properties["bootstrap.servers"] = broker_->bootstrap();
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char why[512];
    for (const auto& [name, value] : properties) {
      EXPECT_EQ(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why, sizeof why), RD_KAFKA_CONF_OK) << why;
    }
    if (type == RD_KAFKA_PRODUCER) {
      rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
        EXPECT_EQ(message->err, RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_err2str(message->err);
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++*static_cast<int*>(message->_private);
      });
    }
    Owned<rd_kafka_t> client(rd_kafka_new(type, conf, why, sizeof why));
    EXPECT_NE(client, nullptr) << why;
    return client;
  }

  // Everything from `first` to the end that the isolation level gives; the end is the one that librdkafka announces.
  std::vector<Seen> ReadAll(const std::string& topic, int32_t partition, const std::string& isolation) {
    const auto client = Client(RD_KAFKA_CONSUMER, {{"enable.partition.eof", "true"}, {"isolation.level", isolation}, {"check.crcs", "true"}});
    const Owned<rd_kafka_topic_t> handle(rd_kafka_topic_new(client.get(), topic.c_str(), nullptr));
    EXPECT_EQ(rd_kafka_consume_start(handle.get(), partition, RD_KAFKA_OFFSET_BEGINNING), 0);
    std::vector<Seen> seen;
    for (;;) {
      rd_kafka_message_t* const message = rd_kafka_consume(handle.get(), partition, kWaitMs);
      if (message == nullptr) {
        ADD_FAILURE() << "no answer for " << topic << " after " << seen.size() << " records";
        break;
      }
      const rd_kafka_resp_err_t code = message->err;
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        Seen one{message->offset,
                 {static_cast<const char*>(message->key), message->key_len},
                 {static_cast<const char*>(message->payload), message->len},
                 rd_kafka_message_timestamp(message, nullptr),
                 ""};
        rd_kafka_headers_t* headers = nullptr;
        const void* value = nullptr;
        size_t size = 0;
        if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
            rd_kafka_header_get_last(headers, "name", &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR) {
          one.header.assign(static_cast<const char*>(value), size);
        }
        seen.push_back(std::move(one));
      }
      rd_kafka_message_destroy(message);
      if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) break;
      EXPECT_EQ(code, RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_err2str(code);
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) break;
    }
    rd_kafka_consume_stop(handle.get(), partition);
    return seen;
  }

  std::unique_ptr<Broker> broker_;
};

TEST_F(LibrdkafkaTest, ItIsTheVersionThatSetupBuilds) { EXPECT_EQ(rd_kafka_version(), 0x020f01ff) << rd_kafka_version_str(); }

// lz4 aside, each codec travels as such: librdkafka takes FindCoordinator, which this broker does not announce, as the sign of one that knows lz4.
TEST_F(LibrdkafkaTest, WhatItsIdempotentProducerWritesItsReaderReadsBack) {
  constexpr int kRecords = 2000;
  for (const char* codec : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    SCOPED_TRACE(codec);
    const std::string topic = std::string("out-") + codec;
    ASSERT_TRUE(broker_->CreateTopic(topic, 2).ok());
    {
      const auto producer = Client(RD_KAFKA_PRODUCER, {{"enable.idempotence", "true"}, {"compression.codec", codec}, {"linger.ms", "5"}});
      int delivered = 0;
      for (int i = 0; i < kRecords; ++i) {
        const Seen record = Expected(i);
        ASSERT_EQ(rd_kafka_producev(producer.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(1), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                    RD_KAFKA_V_KEY(record.key.data(), record.key.size()),
                                    RD_KAFKA_V_VALUE(const_cast<char*>(record.value.data()), record.value.size()), RD_KAFKA_V_TIMESTAMP(record.timestamp_ms),
                                    RD_KAFKA_V_HEADER("name", record.header.data(), static_cast<ssize_t>(record.header.size())), RD_KAFKA_V_OPAQUE(&delivered),
                                    RD_KAFKA_V_END),
                  RD_KAFKA_RESP_ERR_NO_ERROR);
      }
      ASSERT_EQ(rd_kafka_flush(producer.get(), kWaitMs), RD_KAFKA_RESP_ERR_NO_ERROR);
      EXPECT_EQ(delivered, kRecords);
    }
    std::vector<Seen> expected;
    for (int i = 0; i < kRecords; ++i) expected.push_back(Expected(i));
    EXPECT_EQ(ReadAll(topic, 1, "read_committed"), expected);
    EXPECT_THAT(ReadAll(topic, 0, "read_committed"), SizeIs(0));
  }
}

TEST_F(LibrdkafkaTest, ItSeesTransactionsGapsAndTimesAsTheyAre) {
  ASSERT_TRUE(broker_->CreateTopic("mixed", 1).ok());
  const auto append = [&](const std::string& value, int64_t time, BatchSettings settings, std::optional<int64_t> offset = std::nullopt) {
    const Record record{.key = "k", .value = value, .timestamp_ms = time, .headers = {}, .offset = offset};
    ASSERT_TRUE(broker_->Append("mixed", 0, std::span(&record, 1), settings).ok());
  };
  append("plain", 1000, {});                                                    // 0
  append("aborted", 2000, {.producer_id = 7, .transactional = true});           // 1
  ASSERT_TRUE(broker_->AppendMarker("mixed", 0, 7, MarkerType::kAbort).ok());   // 2
  append("committed", 3000, {.producer_id = 8, .transactional = true});         // 3
  ASSERT_TRUE(broker_->AppendMarker("mixed", 0, 8, MarkerType::kCommit).ok());  // 4
  append("behind a gap", 4000, {}, 9);
  append("open", 5000, {.producer_id = 9, .transactional = true});  // 10

  const auto values = [](const std::vector<Seen>& records) {
    std::vector<std::string> all;
    for (const Seen& one : records) all.push_back(std::to_string(one.offset) + " " + one.value);
    return all;
  };
  EXPECT_THAT(values(ReadAll("mixed", 0, "read_committed")), ElementsAre("0 plain", "3 committed", "9 behind a gap"));
  EXPECT_THAT(values(ReadAll("mixed", 0, "read_uncommitted")), ElementsAre("0 plain", "1 aborted", "3 committed", "9 behind a gap", "10 open"));

  const auto client = Client(RD_KAFKA_CONSUMER, {{"isolation.level", "read_uncommitted"}});
  int64_t low = -1, high = -1;
  ASSERT_EQ(rd_kafka_query_watermark_offsets(client.get(), "mixed", 0, &low, &high, kWaitMs), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(low, 0);
  EXPECT_EQ(high, 11);
  const Owned<rd_kafka_topic_partition_list_t> times(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(times.get(), "mixed", 0)->offset = 1500;
  ASSERT_EQ(rd_kafka_offsets_for_times(client.get(), times.get(), kWaitMs), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(times->elems[0].offset, 1);
  times->elems[0].offset = 3500;
  ASSERT_EQ(rd_kafka_offsets_for_times(client.get(), times.get(), kWaitMs), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(times->elems[0].offset, 2);  // the marker, whose time is that of its writing, as on a real broker
}

TEST_F(LibrdkafkaTest, ItsAdminClientCreatesTopicsAndReadsTheirConfigs) {
  const auto client = Client(RD_KAFKA_PRODUCER, {});
  const Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
  char why[512];
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new("made", 3, 1, why, sizeof why);
  ASSERT_NE(topic, nullptr) << why;
  ASSERT_EQ(rd_kafka_NewTopic_set_config(topic, "message.timestamp.type", "LogAppendTime"), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_CreateTopics(client.get(), &topic, 1, nullptr, queue.get());
  const Owned<rd_kafka_event_t> created(rd_kafka_queue_poll(queue.get(), kWaitMs));
  rd_kafka_NewTopic_destroy(topic);
  ASSERT_NE(created, nullptr);
  ASSERT_EQ(rd_kafka_event_error(created.get()), RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_event_error_string(created.get());
  size_t count = 0;
  const auto* const topics = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(created.get()), &count);
  ASSERT_EQ(count, 1u);
  EXPECT_EQ(rd_kafka_topic_result_error(topics[0]), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_TRUE(broker_->Describe("made", 2).ok());

  rd_kafka_ConfigResource_t* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, "made");
  rd_kafka_DescribeConfigs(client.get(), &resource, 1, nullptr, queue.get());
  const Owned<rd_kafka_event_t> described(rd_kafka_queue_poll(queue.get(), kWaitMs));
  rd_kafka_ConfigResource_destroy(resource);
  ASSERT_NE(described, nullptr);
  ASSERT_EQ(rd_kafka_event_error(described.get()), RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_event_error_string(described.get());
  const auto* const resources = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(described.get()), &count);
  ASSERT_EQ(count, 1u);
  std::map<std::string, std::string> configs;
  const auto* const entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  for (size_t i = 0; i < count; ++i) {
    const char* const value = rd_kafka_ConfigEntry_value(entries[i]);
    configs[rd_kafka_ConfigEntry_name(entries[i])] = value == nullptr ? "" : value;
  }
  EXPECT_EQ(configs["message.timestamp.type"], "LogAppendTime");
}

}  // namespace
}  // namespace lotic::broker
