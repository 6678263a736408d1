// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "connector/kafka/test_topic.h"
#include "format/inference.h"
#include "lotic/partition_tokens.h"

namespace lotic::kafka {
namespace {

using broker::Record;
using kafka_protocol::ApiKey;
using testing::ElementsAre;
using testing::HasSubstr;

class ConnectorTest : public BrokerTest {
 protected:
  void SetUp() override { StartBroker(); }
  void Fill(const std::string& topic, const std::vector<std::optional<std::string>>& values, int32_t partition = 0) {
    std::vector<Record> records;
    int64_t time = 1000;
    for (const auto& value : values) {
      Record record{.key = "k", .timestamp_ms = time++};
      if (value.has_value()) record.value = *value;
      records.push_back(record);
    }
    ASSERT_TRUE(broker_->Append(topic, partition, records).ok());
  }
  static std::vector<std::string> Names(const Schema& schema) {
    std::vector<std::string> names;
    for (const Field& field : schema.fields) names.push_back(field.name);
    return names;
  }
};

TEST_F(ConnectorTest, ListsTopicsInPages) {
  for (const char* topic : {"b", "c", "a", "d", "e"}) ASSERT_TRUE(broker_->CreateTopic(topic).ok());
  auto connector = Connect();
  std::vector<std::string> names;
  PageRequest page;
  page.max_items = 2;
  do {
    const TablePage got = connector->ListTables(Soon(), "default", page).ValueOrDie();
    for (const TableName& table : got.tables) names.push_back(table.table);
    page.page_token = got.next_page;
  } while (!page.page_token.empty());
  EXPECT_THAT(names, ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(connector->ListTables(Soon(), "public", {}).status().code(), StatusCode::kNotFound);
}

TEST_F(ConnectorTest, AnUnknownTopicNamesTheNearestAndANewOneIsFound) {
  ASSERT_TRUE(broker_->CreateTopic("orders").ok());
  auto connector = Connect();
  const Status status = connector->GetTable(Soon(), {"default", "order"}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("orders"));
  ASSERT_TRUE(broker_->CreateTopic("order").ok());
  EXPECT_EQ(connector->GetTable(Soon(), {"default", "order"}).ValueOrDie().name.table, "order");
}

TEST_F(ConnectorTest, AnExactNameWinsAndSaysWhatItHides) {
  for (const char* topic : {"Orders", "ORDERS"}) ASSERT_TRUE(broker_->CreateTopic(topic).ok());
  auto connector = Connect();
  EXPECT_EQ(connector->GetTable(Soon(), {"default", "orders"}).status().code(), StatusCode::kInvalid);
  const TableInfo info = connector->GetTable(Soon(), {"default", "Orders"}).ValueOrDie();
  EXPECT_EQ(info.name.table, "Orders");
  EXPECT_THAT(info.notes, testing::Contains(HasSubstr("ORDERS")));
}

TEST_F(ConnectorTest, ColumnsComeFromASampleAndTheUsersNameWins) {
  ASSERT_TRUE(broker_->CreateTopic("t", 2).ok());
  Fill("t", {R"({"id": 1, "_key": "mine", "_OFFSET": 3})", std::nullopt});
  Fill("t", {R"({"id": 2, "name": "x"})"}, 1);
  const TableInfo info = Connect()->GetTable(Soon(), {"default", "t"}).ValueOrDie();
  EXPECT_THAT(Names(info.schema), ElementsAre("id", "_key", "_OFFSET", "name"));
  EXPECT_EQ(info.properties.at("format"), "json");
  EXPECT_EQ(info.properties.at("sample_records"), "3");
  EXPECT_FALSE(info.hidden.IndexOf("_key").has_value());
  EXPECT_TRUE(info.hidden.IndexOf("_message").has_value());
  EXPECT_EQ(info.aliases.count("_offset"), 0u);
  EXPECT_EQ(info.aliases.at("_value"), "_message");
}

TEST_F(ConnectorTest, WhatIsNotJsonIsKeyAndMessage) {
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Fill("t", {"plain text", "{\"a\": 1}"});
  const TableInfo info = Connect()->GetTable(Soon(), {"default", "t"}).ValueOrDie();
  EXPECT_THAT(Names(info.schema), ElementsAre("_key", "_message"));
  EXPECT_EQ(info.properties.at("format"), "raw");
  // An alias names a hidden column. What is shown under another name has a hidden column of its own for it.
  for (const auto& [alias, column] : info.aliases) EXPECT_TRUE(info.hidden.IndexOf(column).has_value()) << alias;
  const std::optional<size_t> value = info.hidden.IndexOf("_value");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(MetadataColumnOf(info.hidden.fields[*value]), MetadataColumn::kMessage);
}

TEST_F(ConnectorTest, TheSampleIsOfTheNewestRecordsAndWithinItsLimit) {
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Fill("t", {R"({"old": 1})"});
  std::vector<std::optional<std::string>> values(1500, R"({"new": 1})");
  Fill("t", values);
  const TableInfo info = Connect()->GetTable(Soon(), {"default", "t"}).ValueOrDie();
  EXPECT_THAT(Names(info.schema), ElementsAre("new"));
  EXPECT_EQ(info.properties.at("sample_records"), "1000");
}

TEST_F(ConnectorTest, TheSampleGoesBackPastATailThatYieldsNoRecords) {
  ASSERT_TRUE(broker_->CreateTopic("t", 2).ok());
  Fill("t", std::vector<std::optional<std::string>>(1500, R"({"new": 1})"));
  broker::BatchSettings transaction;
  transaction.producer_id = 7;
  transaction.transactional = true;
  const std::vector<Record> dropped(1500, Record{.key = "k", .value = R"({"aborted": 1})", .timestamp_ms = 1});
  ASSERT_TRUE(broker_->Append("t", 0, dropped, transaction).ok());
  ASSERT_TRUE(broker_->AppendMarker("t", 0, 7, broker::MarkerType::kAbort).ok());
  // Compaction took all of the other one's records but the first.
  broker::BatchSettings compacted;
  compacted.last_offset = 3000;
  Fill("t", {R"({"other": 1})"}, 1);
  ASSERT_TRUE(broker_->Append("t", 1, {}, compacted).ok());
  const TableInfo info = Connect()->GetTable(Soon(), {"default", "t"}).ValueOrDie();
  EXPECT_THAT(Names(info.schema), testing::UnorderedElementsAre("new", "other"));
  EXPECT_EQ(info.properties.at("format"), "json");
  EXPECT_EQ(info.properties.at("sample_records"), "501");  // a partition's share is half of 1,000
  const auto summaries = Connect()->TopicSummaries(Soon(), true).ValueOrDie();
  EXPECT_EQ(summaries[0].format, "json");
}

TEST_F(ConnectorTest, ASampleThatFoundNothingInItsLimitsSaysWhereItLooked) {
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Fill("t", {R"({"id": 1})"});
  broker::BatchSettings transaction;
  transaction.producer_id = 7;
  transaction.transactional = true;
  const std::vector<Record> dropped(
      2000, Record{.key = "k", .value = std::string_view("{\"aborted\": \"0123456789012345678901234567890123456789\"}"), .timestamp_ms = 1});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(broker_->Append("t", 0, dropped, transaction).ok());
  ASSERT_TRUE(broker_->AppendMarker("t", 0, 7, broker::MarkerType::kAbort).ok());
  KafkaOptions options = Options();
  options.sample_bytes = 64 << 10;  // bounds what is looked through, too: less than a megabyte of what was aborted
  options.sample_records = 10;
  options.sample_time = std::chrono::seconds(60);
  const TableInfo info = MakeKafkaConnector(options).ValueOrDie()->GetTable(Soon(), {"default", "t"}).ValueOrDie();
  EXPECT_EQ(info.properties.at("sample_records"), "0");
  EXPECT_THAT(info.notes, testing::Contains(testing::ContainsRegex("partition 0: none of its newest [0-9]+ offsets, from [0-9]+ on, holds a record")));
}

TEST_F(ConnectorTest, TheSampleSaysWhichLimitCutIt) {
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  const std::string large = R"({"id": 1, "text": ")" + std::string(1000, 'x') + "\"}";
  for (int i = 0; i < 50; ++i) Fill("t", std::vector<std::optional<std::string>>(20, large));
  KafkaOptions options = Options();
  options.client.max_partition_fetch_bytes = 64 << 10;
  options.sample_time = std::chrono::milliseconds(1);
  broker::Fault late;
  late.action = broker::FaultAction::Delay(std::chrono::milliseconds(300));
  late.skip = 1;
  late.times = broker::Fault::kAlways;
  broker_->AddFault(late);
  TableInfo info = MakeKafkaConnector(options).ValueOrDie()->GetTable(Soon(), {"default", "t"}).ValueOrDie();
  EXPECT_EQ(info.properties.at("sample_cut"), "time");
  EXPECT_THAT(info.notes, testing::Contains(HasSubstr("the sample was cut after 1 ms")));
  EXPECT_LT(std::stoi(info.properties.at("sample_records")), 1000);
  broker_->ClearFaults();
  options.sample_time = std::chrono::seconds(60);
  options.sample_bytes = 64 << 10;
  info = MakeKafkaConnector(options).ValueOrDie()->GetTable(Soon(), {"default", "t"}).ValueOrDie();
  EXPECT_EQ(info.properties.at("sample_cut"), "bytes");
  EXPECT_THAT(info.notes, testing::Contains(testing::ContainsRegex("the sample was cut after [0-9]+ bytes")));
  EXPECT_LT(std::stoi(info.properties.at("sample_bytes")), 3 * (64 << 10));
  // Partitions whose turn did not come are not said to be empty.
  ASSERT_TRUE(broker_->CreateTopic("wide", 8).ok());
  for (int i = 0; i < 160; ++i) Fill("wide", std::vector<std::optional<std::string>>(20, large), i % 8);
  info = MakeKafkaConnector(options).ValueOrDie()->GetTable(Soon(), {"default", "wide"}).ValueOrDie();
  EXPECT_EQ(info.properties.at("sample_cut"), "bytes");
  EXPECT_THAT(info.notes, testing::Not(testing::Contains(HasSubstr("none of its newest"))));
}

TEST_F(ConnectorTest, ATopicThatMayNotBeSeenIsDeniedNotMissing) {
  ASSERT_TRUE(broker_->CreateTopic("secrets").ok());
  broker::Fault denied;  // a broker leaves such a topic out of the list, and says why where it is named
  denied.api = ApiKey::kMetadata;
  denied.action = broker::FaultAction::Error(kafka_protocol::ErrorCode::kTopicAuthorizationFailed);
  denied.topic = "secret";
  denied.times = broker::Fault::kAlways;
  broker_->AddFault(denied);
  const Status status = Connect()->GetTable(Soon(), {"default", "secret"}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnauthorized) << status;
  EXPECT_THAT(status.message(),
              testing::AllOf(HasSubstr("topic 'secret'"), HasSubstr("without a login"), HasSubstr("DESCRIBE and READ"), HasSubstr("\"secrets\"")));
  EXPECT_EQ(Connect()->TopicOffsets(Soon(), "secret", false).status().code(), StatusCode::kUnauthorized);
  EXPECT_EQ(Connect()->GetTable(Soon(), {"default", "secre"}).status().code(), StatusCode::kNotFound);
}

TEST_F(ConnectorTest, ATopicThatMayNotBeReadNamesTheUserAndTheRemedy) {
  broker::BrokerOptions secure;
  secure.sasl_users = {{"alice", "wonderland"}};
  StartBroker(secure);
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Fill("t", {R"({"id": 1})"});
  broker::Fault denied;
  denied.action = broker::FaultAction::Error(kafka_protocol::ErrorCode::kTopicAuthorizationFailed);
  denied.times = broker::Fault::kAlways;
  broker_->AddFault(denied);
  KafkaOptions options = Options();
  options.client.security_protocol = SecurityProtocol::kSaslPlaintext;
  options.client.sasl_mechanism = "PLAIN";
  options.client.sasl_username = "alice";
  options.client.sasl_password = net::Secret("wonderland");
  auto connector = MakeKafkaConnector(options).ValueOrDie();
  const TestRead read = std::move(Read(*connector, RawRequest("t"))).ValueOrDie();
  ASSERT_EQ(read.failures.size(), 1u);
  EXPECT_EQ(read.failures[0].code(), StatusCode::kUnauthorized);
  EXPECT_THAT(read.failures[0].message(), testing::AllOf(HasSubstr("topic 't'"), HasSubstr("as 'alice'"), HasSubstr("READ")));
}

TEST_F(ConnectorTest, ASchemaDocumentTakesTheSamplesPlace) {
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Fill("t", {R"({"id": 1})"});
  KafkaOptions options = Options();
  options.schema_documents["t"] = R"({"topic": "t", "format": "json", "columns": [{"name": "late", "type": "BIGINT", "path": "/late"}]})";
  const TableInfo info = MakeKafkaConnector(options).ValueOrDie()->GetTable(Soon(), {"default", "t"}).ValueOrDie();
  EXPECT_THAT(Names(info.schema), ElementsAre("late"));
  EXPECT_EQ(broker_->RequestCount(ApiKey::kFetch), 0);
  options.schema_documents["t"] = "{";
  EXPECT_EQ(MakeKafkaConnector(options).status().code(), StatusCode::kInvalid);
}

TEST_F(ConnectorTest, BadMessagesAreNullSkippedOrFailByPolicy) {
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  std::vector<std::optional<std::string>> values(20, R"({"id": 1, "name": "x"})");
  Fill("t", values);
  auto connector = Connect();
  const TableInfo info = connector->GetTable(Soon(), {"default", "t"}).ValueOrDie();
  Fill("t", {R"({"id": "no number", "name": "y"})", R"({"id": 3, "name": "z"})"});
  ScanRequest request;
  request.table = info.name;
  request.layout = info.schema;
  TestRead read = std::move(Read(*connector, request)).ValueOrDie();
  EXPECT_EQ(read.num_rows, 22);
  EXPECT_EQ(read.certificates[0].undecodable_values, 1);
  // Where only metadata is asked for, no value is decoded: none can be found undecodable.
  request.layout.fields = {MetadataField(MetadataColumn::kOffset), MetadataField(MetadataColumn::kMessageLength)};
  read = std::move(Read(*connector, request)).ValueOrDie();
  EXPECT_EQ(read.num_rows, 22);
  EXPECT_EQ(read.certificates[0].undecodable_values, 0);
  // The policy judges whole messages, whatever is asked for, also when nothing is.
  for (const bool nothing : {false, true}) {
    request.layout = nothing ? Schema() : info.schema;
    request.policy.on_error = OnError::kSkip;
    read = std::move(Read(*connector, request)).ValueOrDie();
    EXPECT_EQ(read.num_rows, 21);
    EXPECT_EQ(read.counts().skipped, 1);
    request.policy.on_error = OnError::kFail;
    read = std::move(Read(*connector, request)).ValueOrDie();
    ASSERT_EQ(read.failures.size(), 1u);
    EXPECT_EQ(read.failures[0].code(), StatusCode::kInvalid);
    EXPECT_THAT(read.failures[0].message(), HasSubstr("offset 20"));
    EXPECT_FALSE(read.complete());
    EXPECT_EQ(read.counts().missing, 0);  // records that were not decoded are not gaps
  }
}

TEST_F(ConnectorTest, FiltersOnMessagesAndMetadataTogetherKeepTheCounts) {
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  std::vector<std::optional<std::string>> values;
  for (int i = 0; i < 3000; ++i) values.push_back("{\"id\": " + std::to_string(i) + ", \"name\": \"n" + std::to_string(i % 10) + "\"}");
  Fill("t", values);
  auto connector = Connect();
  const TableInfo info = connector->GetTable(Soon(), {"default", "t"}).ValueOrDie();
  ScanRequest request;
  request.table = info.name;
  request.layout = info.schema;
  request.layout.fields.push_back(info.hidden.fields[*info.hidden.IndexOf("_message_length")]);
  request.constraints.columns["id"] = ValueSet::Range({Scalar(int64_t{100}), true, Scalar(int64_t{2000}), false});
  request.constraints.columns["name"] = ValueSet::Listed({Scalar(std::string("n3")), Scalar(std::string("n7"))});
  request.constraints.columns["_message_length"] = ValueSet::Listed({Scalar(static_cast<int64_t>(values[103]->size()))});
  const TestRead read = std::move(Read(*connector, request)).ValueOrDie();
  EXPECT_EQ(read.num_rows, 180);  // three digits, ending in 3 or 7
  EXPECT_EQ(read.counts().returned, 180);
  EXPECT_EQ(read.counts().filtered, 2820);
}

TEST_F(ConnectorTest, AColumnThatIsNotTheTopicsIsRefused) {
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  ScanRequest request = RawRequest("t");
  request.layout.fields.push_back({"nope", Type::Int64()});
  EXPECT_EQ(Connect()->Prepare(Soon(), request).status().code(), StatusCode::kInvalid);
  request = RawRequest("t");
  request.layout.fields[0].type = Type::String();
  EXPECT_EQ(Connect()->Prepare(Soon(), request).status().code(), StatusCode::kInvalid);
}

TEST_F(ConnectorTest, SummariesTellRecordsTimesAndFormat) {
  ASSERT_TRUE(broker_->CreateTopic("full", 2).ok());
  ASSERT_TRUE(broker_->CreateTopic("empty").ok());
  Fill("full", {R"({"a": 1})", R"({"a": 2})"});
  Fill("full", {R"({"a": 3})"}, 1);
  const auto summaries = Connect()->TopicSummaries(Soon(), true).ValueOrDie();
  ASSERT_EQ(summaries.size(), 2u);
  EXPECT_EQ(summaries[0].name, "empty");
  EXPECT_EQ(summaries[0].records, 0);
  EXPECT_FALSE(summaries[0].first_ms.has_value());
  EXPECT_EQ(summaries[1].records, 3);
  EXPECT_EQ(summaries[1].partitions, 2);
  EXPECT_EQ(summaries[1].first_ms, 1000);
  EXPECT_EQ(summaries[1].last_ms, 1001);
  EXPECT_EQ(summaries[1].format, "json");
  const auto ends = Connect()->TopicOffsets(Soon(), "full", false).ValueOrDie();
  EXPECT_EQ(ends[0].offset, 2);
  EXPECT_EQ(ends[1].offset, 1);
}

TEST_F(ConnectorTest, HeadersKeepTheirOrderWithinAKey) {
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Record record{.key = "k", .value = "v", .timestamp_ms = 1};
  record.headers = {{"b", "1"}, {"a", "2"}, {"b", std::nullopt}, {"b", "3"}};
  ASSERT_TRUE(broker_->Append("t", 0, {&record, 1}).ok());
  ScanRequest request = RawRequest("t");
  request.layout.fields = {MetadataField(MetadataColumn::kHeaders)};
  auto connector = Connect();
  const Prepared plan = connector->Prepare(Soon(), request).ValueOrDie();
  request.token = plan.token;
  const Split split = connector->Splits(Soon(), request, plan.partitions, {}).ValueOrDie().splits[0];
  const SplitStart start{split, split.start};
  const auto reader = std::move(connector->Open(Soon(), request, {&start, 1})).ValueOrDie();
  const ReadBatch batch = std::move(reader->Next(Soon())).ValueOrDie();
  ASSERT_TRUE(batch.rows.has_value());
  ASSERT_TRUE(batch.rows->Validate().ok()) << batch.rows->Validate();
  const Column& map = batch.rows->column(0);
  ASSERT_EQ(map.children[0].length, 2);
  EXPECT_EQ(map.children[0].Text(0), "b");
  EXPECT_EQ(map.children[0].Text(1), "a");
  const Column& lists = map.children[1];
  EXPECT_THAT(std::vector<int32_t>(lists.offsets().begin(), lists.offsets().end()), ElementsAre(0, 3, 4));
  EXPECT_EQ(lists.children[0].Text(0), "1");
  EXPECT_TRUE(lists.children[0].IsNull(1));
  EXPECT_EQ(lists.children[0].Text(2), "3");
}

TEST_F(ConnectorTest, HeaderKeysThatLookAlikeAsTextAreOneKey) {
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Record record{.key = "k", .value = "v", .timestamp_ms = 1};
  record.headers = {{"\xFFx", "1"}, {"\xFEx", "2"}};
  ASSERT_TRUE(broker_->Append("t", 0, {&record, 1}).ok());
  ScanRequest request = RawRequest("t");
  request.layout.fields = {MetadataField(MetadataColumn::kHeaders)};
  auto connector = Connect();
  const Prepared plan = connector->Prepare(Soon(), request).ValueOrDie();
  request.token = plan.token;
  const Split split = connector->Splits(Soon(), request, plan.partitions, {}).ValueOrDie().splits[0];
  const SplitStart start{split, split.start};
  const auto reader = std::move(connector->Open(Soon(), request, {&start, 1})).ValueOrDie();
  const ReadBatch batch = std::move(reader->Next(Soon())).ValueOrDie();
  ASSERT_TRUE(batch.rows.has_value());
  const Column& map = batch.rows->column(0);
  ASSERT_EQ(map.children[0].length, 1) << "a map's keys differ";
  EXPECT_EQ(map.children[0].Text(0), "\xEF\xBF\xBDx");
  EXPECT_EQ(map.children[1].children[0].length, 2);
}

TEST_F(ConnectorTest, NewPartitionsAreDiscoveredOnce) {
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  auto connector = Connect();
  ScanRequest request = RawRequest("t");
  request.unbounded = true;
  request.token = connector->Prepare(Soon(), request).ValueOrDie().token;
  Discovered found = connector->Discover(Soon(), request, {}, {}).ValueOrDie();
  EXPECT_TRUE(found.splits.empty());
  ASSERT_TRUE(broker_->AddPartitions("t", 3).ok());
  const DiscoveryState before = found.state;
  found = connector->Discover(Soon(), request, before, {}).ValueOrDie();
  ASSERT_EQ(found.splits.size(), 2u);
  EXPECT_EQ(found.splits[0].partition, "1");
  EXPECT_EQ(found.splits[0].start.text, "0");
  EXPECT_FALSE(found.splits[0].end.has_value());
  EXPECT_TRUE(connector->Discover(Soon(), request, found.state, {}).ValueOrDie().splits.empty());
  EXPECT_EQ(connector->Discover(Soon(), request, {"rubbish"}, {}).status().code(), StatusCode::kInvalid);
  ASSERT_TRUE(broker_->RecreateTopic("t").ok());
  EXPECT_EQ(connector->Discover(Soon(), request, found.state, {}).status().code(), StatusCode::kDataLoss);
}

TEST_F(ConnectorTest, AtATimestampEndsAtTheFirstRecordAtOrAfterIt) {
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  std::vector<std::optional<std::string>> values(100, "v");
  Fill("t", values);
  ScanRequest request = RawRequest("t");
  request.as_of_ms = 1040;
  auto connector = Connect();
  EXPECT_EQ(Read(*connector, request).ValueOrDie().num_rows, 40);
  request.as_of_ms = 0;
  EXPECT_EQ(connector->Prepare(Soon(), request).status().code(), StatusCode::kInvalid);
  request = RawRequest("t");
  request.start.kind = ScanStart::Kind::kTime;
  request.start.time_ms = 1090;
  EXPECT_EQ(Read(*connector, request).ValueOrDie().num_rows, 10);
  request.start.kind = ScanStart::Kind::kLatest;
  EXPECT_EQ(Read(*connector, request).ValueOrDie().num_rows, 0);
  request.start.kind = ScanStart::Kind::kPositions;
  request.start.positions = {{"0", {"95"}}};
  EXPECT_EQ(Read(*connector, request).ValueOrDie().num_rows, 5);
}

TEST_F(ConnectorTest, APartitionsOwnTokenIsEnoughToSplitAndReadIt) {
  ASSERT_TRUE(broker_->CreateTopic("t", 3).ok());
  for (int32_t partition = 0; partition < 3; ++partition)
    Fill("t", std::vector<std::optional<std::string>>(static_cast<size_t>(partition + 2), "{}"), partition);
  auto connector = Connect();
  auto* parts = dynamic_cast<PartitionTokens*>(connector.get());
  ASSERT_NE(parts, nullptr);
  ScanRequest request;
  request.table = {"default", "t"};
  request.layout = Schema{{MetadataField(MetadataColumn::kOffset)}};
  const Prepared plan = connector->Prepare(Soon(), request).ValueOrDie();
  const std::vector<std::string> tokens = parts->TokensOf(plan.token, plan.partitions).ValueOrDie();
  ASSERT_EQ(tokens.size(), 3u);
  for (size_t i = 0; i < tokens.size(); ++i) {
    EXPECT_LT(tokens[i].size(), plan.token.size());
    const std::span<const LayoutPartition> partition(&plan.partitions[i], 1);
    request.token = plan.token;
    const SplitPage whole = connector->Splits(Soon(), request, partition, {}).ValueOrDie();
    request.token = tokens[i];
    const SplitPage own = connector->Splits(Soon(), request, partition, {}).ValueOrDie();
    EXPECT_EQ(own.splits, whole.splits);
    int64_t rows = 0;
    for (const Split& split : own.splits) {
      const SplitStart start{split, split.start};
      const std::unique_ptr<Reader> reader = connector->Open(Soon(), request, std::span(&start, 1)).ValueOrDie();
      for (bool ended = false; !ended;) {
        const ReadBatch read = reader->Next(Soon()).ValueOrDie();
        ended = read.runs.empty();
        for (const lotic::Run& run : read.runs) {
          ASSERT_TRUE(run.status.ok()) << run.status;
          ended = ended || run.ended;
        }
        if (read.rows) rows += read.rows->num_rows();
      }
    }
    EXPECT_EQ(rows, static_cast<int64_t>(i) + 2);
  }
  LayoutPartition foreign = plan.partitions[0];
  foreign.properties["partition"] = "7";
  EXPECT_EQ(parts->TokensOf(plan.token, std::span(&foreign, 1)).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(parts->TokensOf("nonsense", plan.partitions).status().code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace lotic::kafka
