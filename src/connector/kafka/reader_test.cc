// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/reader.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include <random>
#include <thread>

#include "connector/kafka/test_topic.h"

namespace lotic::kafka {
namespace {

using broker::BatchSettings;
using broker::Fault;
using broker::FaultAction;
using broker::MarkerType;
using broker::Record;
using kafka_protocol::ApiKey;
using kafka_protocol::CodecId;
using kafka_protocol::ErrorCode;
using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr const char* kTopic = "t";
constexpr int64_t kStart = 1'700'000'000'000;

class ReaderTest : public BrokerTest {
 protected:
  void SetUp() override { StartBroker(); }

  void Create(int32_t partitions = 1, const std::map<std::string, std::string>& configs = {}) {
    ASSERT_TRUE(broker_->CreateTopic(kTopic, partitions, configs).ok());
  }
  /// Appends a batch of records "k"="vN" and notes them as expected if they are `visible`.
  int64_t Append(int count, BatchSettings settings = {}, int32_t partition = 0, bool visible = true, size_t value_bytes = 0) {
    std::vector<std::string> values;
    for (int i = 0; i < count; ++i) {
      values.push_back("v" + std::to_string(next_++));
      if (values.back().size() < value_bytes) values.back().resize(value_bytes, 'x');
    }
    std::vector<Record> records;
    for (const std::string& value : values) records.push_back({.key = "k", .value = value, .timestamp_ms = clock_++});
    const int64_t first = broker_->Append(kTopic, partition, records, settings).ValueOrDie();
    for (int i = 0; visible && i < count; ++i) {
      expected_.push_back({partition, first + i, records[static_cast<size_t>(i)].timestamp_ms, "k", values[static_cast<size_t>(i)]});
    }
    return first;
  }
  TestRead MustRead(ScanRequest request = RawRequest(kTopic)) {
    auto connector = Connect();
    Result<TestRead> read = Read(*connector, std::move(request));
    EXPECT_TRUE(read.ok()) << read.status();
    return read.ok() ? std::move(*read) : TestRead();
  }
  /// A read that must give exactly what was noted.
  TestRead ReadExpected(ScanRequest request = RawRequest(kTopic)) {
    TestRead read = MustRead(std::move(request));
    std::sort(expected_.begin(), expected_.end());
    EXPECT_EQ(read.rows, expected_);
    EXPECT_TRUE(read.failures.empty()) << read.failures[0];
    EXPECT_TRUE(read.complete());
    return read;
  }
  static BatchSettings Transaction(int64_t producer) {
    BatchSettings settings;
    settings.producer_id = producer;
    settings.transactional = true;
    return settings;
  }

  std::vector<TestRow> expected_;
  int next_ = 0;
  int64_t clock_ = kStart;
};

TEST_F(ReaderTest, ReadsEveryRecordOfEveryCodecOnce) {
  Create(3);
  for (int32_t partition = 0; partition < 3; ++partition) {
    for (const CodecId codec : {CodecId::kNone, CodecId::kGzip, CodecId::kSnappy, CodecId::kLz4, CodecId::kZstd}) {
      BatchSettings settings;
      settings.codec = codec;
      Append(100, settings, partition);
    }
  }
  const TestRead read = ReadExpected();
  EXPECT_EQ(read.counts().returned, 1500);
  EXPECT_EQ(read.counts().Sum(), 1500);
}

TEST_F(ReaderTest, ReadsOldMessageSets) {
  Create();
  for (const int8_t magic : {int8_t{1}, int8_t{0}}) {
    for (const CodecId codec : {CodecId::kNone, CodecId::kGzip}) {
      BatchSettings settings;
      settings.magic = magic;
      settings.codec = codec;
      const size_t before = expected_.size();
      Append(20, settings);
      for (size_t i = before; magic == 0 && i < expected_.size(); ++i) expected_[i].timestamp_ms = -1;
    }
  }
  Append(5);
  ReadExpected();
}

// testdata/kafka_protocol/records.txt: message sets and batches that Kafka's Java client 3.9.2 wrote, and what it reads from them. A
// broker of 0.11 serves them: Fetch 4, names, no topic ids.
TEST_F(ReaderTest, ReadsWhatJavaWroteInEveryFormatFromAnOldBroker) {
  broker::BrokerOptions options;
  options.versions = {{ApiKey::kFetch, {0, 4}}, {ApiKey::kMetadata, {0, 4}}, {ApiKey::kListOffsets, {0, 2}}, {ApiKey::kOffsetForLeaderEpoch, {}}};
  StartBroker(std::move(options));
  std::ifstream file(LOTIC_TESTDATA "/kafka_protocol/records.txt");
  ASSERT_TRUE(file.good());
  std::map<std::string, std::vector<TestRow>> topics;
  std::string line, topic;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string word, hex;
    words >> word;
    if (word == "bytes") {
      words >> topic >> hex;
      if (!topic.starts_with("magic")) break;  // transactions have tests of their own
      std::vector<uint8_t> bytes;
      for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back(static_cast<uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
      ASSERT_TRUE(broker_->CreateTopic(topic).ok());
      const auto appended = broker_->AppendBatch(topic, 0, bytes, {.keep_offsets = true});
      ASSERT_TRUE(appended.ok()) << topic << ": " << appended.status();
      topics[topic];
      continue;
    }
    TestRow row;
    words >> row.offset >> row.timestamp_ms;
    const auto text = [&words]() -> std::optional<std::string> {
      char first = 0;
      words >> first;
      std::string rest;
      if (first != '\'') return words >> rest, std::nullopt;  // NULL
      std::getline(words, rest, '\'');
      return rest;
    };
    row.key = text();
    row.value = text();
    topics[topic].push_back(std::move(row));
  }
  EXPECT_EQ(topics.size(), 22u);
  const auto connector = Connect();
  for (const auto& [name, rows] : topics) {
    const TestRead read = std::move(Read(*connector, RawRequest(name))).ValueOrDie();
    EXPECT_EQ(read.rows, rows) << name;
    EXPECT_TRUE(read.complete()) << name;
  }
  ASSERT_TRUE(broker_->LastRequest(ApiKey::kFetch).has_value());
  EXPECT_EQ(broker_->LastRequest(ApiKey::kFetch)->version, 4);
}

TEST_F(ReaderTest, AnEmptyTopicIsReadCompletelyWithoutAFetch) {
  Create(2);
  const TestRead read = ReadExpected();
  EXPECT_EQ(read.plan.left_out.size(), 2u);
  EXPECT_EQ(read.plan.estimate.exact_rows, 0);
  EXPECT_EQ(broker_->RequestCount(ApiKey::kFetch), 0);
}

TEST_F(ReaderTest, CountsGapsAsMissing) {
  Create();
  Append(3);
  const Record late{.key = "k", .value = "late", .timestamp_ms = clock_, .offset = 50};
  ASSERT_TRUE(broker_->Append(kTopic, 0, {&late, 1}).ok());
  expected_.push_back({0, 50, clock_, "k", "late"});
  const TestRead read = ReadExpected();
  EXPECT_EQ(read.counts().returned, 4);
  EXPECT_EQ(read.counts().missing, 47);
}

TEST_F(ReaderTest, BatchesWithoutRecordsAreGaps) {
  Create();
  Append(2);
  BatchSettings hollow;
  hollow.last_offset = 9;
  ASSERT_TRUE(broker_->Append(kTopic, 0, {}, hollow).ok());
  Append(2);
  BatchSettings last;
  last.last_offset = 19;
  ASSERT_TRUE(broker_->Append(kTopic, 0, {}, last).ok());
  const TestRead read = ReadExpected();
  EXPECT_EQ(read.counts().returned, 4);
  EXPECT_EQ(read.counts().missing, 16);
}

TEST_F(ReaderTest, LeavesOutAbortedAndOpenTransactions) {
  Create();
  Append(2);
  Append(3, Transaction(1));
  Append(4, Transaction(2), 0, false);
  ASSERT_TRUE(broker_->AppendMarker(kTopic, 0, 1, MarkerType::kCommit).ok());
  ASSERT_TRUE(broker_->AppendMarker(kTopic, 0, 2, MarkerType::kAbort).ok());
  Append(5, Transaction(2));
  ASSERT_TRUE(broker_->AppendMarker(kTopic, 0, 2, MarkerType::kCommit).ok());
  const size_t committed = expected_.size();
  Append(6, Transaction(3), 0, false);  // open at the end
  Append(7, {}, 0, false);              // behind the last stable offset
  const TestRead read = ReadExpected();
  EXPECT_EQ(read.counts().returned, static_cast<int64_t>(committed));
  EXPECT_EQ(read.counts().aborted, 4);
  EXPECT_EQ(read.counts().control, 3);
}

TEST_F(ReaderTest, ReadUncommittedShowsAllButTheMarkers) {
  Create();
  Append(2);
  Append(4, Transaction(2));
  ASSERT_TRUE(broker_->AppendMarker(kTopic, 0, 2, MarkerType::kAbort).ok());
  Append(6, Transaction(3));
  ScanRequest request = RawRequest(kTopic);
  request.policy.isolation = Isolation::kReadUncommitted;
  const TestRead read = ReadExpected(request);
  EXPECT_EQ(read.counts().returned, 12);
  EXPECT_EQ(read.counts().control, 1);
}

TEST_F(ReaderTest, ATopicOfNothingButAbortedRecordsEndsByPosition) {
  Create();
  Append(100, Transaction(2), 0, false);
  ASSERT_TRUE(broker_->AppendMarker(kTopic, 0, 2, MarkerType::kAbort).ok());
  const TestRead read = ReadExpected();
  EXPECT_EQ(read.counts().aborted, 100);
  EXPECT_EQ(read.counts().control, 1);
}

TEST_F(ReaderTest, TombstonesAreRowsOrSkippedByPolicy) {
  Create();
  Append(2);
  const std::vector<Record> records = {{.key = "a", .timestamp_ms = kStart}, {.key = "b", .value = "", .timestamp_ms = kStart}};
  ASSERT_TRUE(broker_->Append(kTopic, 0, records).ok());
  expected_.push_back({0, 2, kStart, "a", std::nullopt});
  expected_.push_back({0, 3, kStart, "b", ""});
  ReadExpected();
  expected_.erase(expected_.end() - 2);
  ScanRequest request = RawRequest(kTopic);
  request.policy.tombstones = Tombstones::kSkip;
  EXPECT_EQ(ReadExpected(request).counts().skipped, 1);
}

TEST_F(ReaderTest, ADeletedHeadInsideABatchIsNotCounted) {
  Create();
  Append(10);
  Append(10);
  ASSERT_TRUE(broker_->SetLogStart(kTopic, 0, 14).ok());
  expected_.erase(expected_.begin(), expected_.begin() + 14);
  const TestRead read = ReadExpected();
  EXPECT_EQ(read.counts().Sum(), 6);
}

TEST_F(ReaderTest, ReadsALogWhoseTailIsGone) {
  Create();
  Append(5);
  BatchSettings hollow;
  hollow.last_offset = 99;
  ASSERT_TRUE(broker_->Append(kTopic, 0, {}, hollow).ok());
  // The broker has nothing behind offset 5 although the log reaches 100: the answers stay empty.
  Fault fault;
  fault.action = FaultAction::NoData();
  fault.skip = 1;
  fault.times = 2;
  broker_->AddFault(fault);
  auto connector = Connect();
  KafkaOptions options = Options();
  options.client.max_partition_fetch_bytes = 1;
  connector = MakeKafkaConnector(options).ValueOrDie();
  const TestRead read = std::move(Read(*connector, RawRequest(kTopic))).ValueOrDie();
  EXPECT_EQ(read.rows, expected_);
  EXPECT_TRUE(read.complete());
  EXPECT_EQ(read.counts().missing, 95);
}

TEST_F(ReaderTest, LogAppendTimeIsTheBatchs) {
  Create();
  BatchSettings settings;
  settings.log_append_time_ms = 1234567;
  Append(3, settings);
  for (TestRow& row : expected_) row.timestamp_ms = 1234567;
  ReadExpected();
  ScanRequest request = RawRequest(kTopic);
  request.layout.fields = {MetadataField(MetadataColumn::kTimestampType)};
  request.constraints.columns["_timestamp_type"] = ValueSet::Listed({Scalar(std::string("LOG_APPEND_TIME"))});
  EXPECT_EQ(MustRead(request).num_rows, 3);
}

TEST_F(ReaderTest, ABatchLargerThanTheFetchSizeIsRead) {
  Create();
  Append(3, {}, 0, true, 200'000);
  Append(3);
  KafkaOptions options = Options();
  options.client.max_partition_fetch_bytes = 1000;
  options.client.fetch_max_bytes = 2000;
  auto connector = MakeKafkaConnector(options).ValueOrDie();
  const TestRead read = std::move(Read(*connector, RawRequest(kTopic))).ValueOrDie();
  EXPECT_EQ(read.rows, expected_);
}

TEST_F(ReaderTest, AnAnswerWithOnlyACutBatchIsAskedForAgainWithMoreBytes) {
  Create();
  Append(50, {}, 0, true, 1000);
  Fault cut;
  cut.action = FaultAction::CutRecords(3000);
  cut.times = 1;
  broker_->AddFault(cut);
  ReadExpected();
  const auto last = broker_->LastRequest(ApiKey::kFetch);
  ASSERT_TRUE(last.has_value());
  EXPECT_GE(broker_->RequestCount(ApiKey::kFetch), 2);
}

TEST_F(ReaderTest, WrongTimesSurvive) {
  Create();
  const std::vector<int64_t> times = {-1, 0, 5, -(int64_t{1} << 40), int64_t{1} << 61, std::numeric_limits<int64_t>::max() / 1000};
  for (const int64_t time : times) {
    const Record record{.key = "k", .value = "v", .timestamp_ms = time};
    const int64_t offset = broker_->Append(kTopic, 0, {&record, 1}).ValueOrDie();
    expected_.push_back({0, offset, time, "k", "v"});
  }
  ReadExpected();
  ScanRequest request = RawRequest(kTopic);
  request.layout.fields = {MetadataField(MetadataColumn::kTimestamp)};
  request.constraints.columns["_timestamp"] = ValueSet::None(true);  // IS NULL
  EXPECT_EQ(MustRead(request).num_rows, 2);                          // -1, and 2^61 ms
}

TEST_F(ReaderTest, CountsWithoutLookingAtRecords) {
  Create(2);
  BatchSettings zstd;
  zstd.codec = CodecId::kZstd;
  for (int i = 0; i < 10; ++i) Append(1000, zstd, i % 2);
  ScanRequest request = RawRequest(kTopic);
  request.layout = Schema();
  const TestRead read = MustRead(request);
  EXPECT_EQ(read.num_rows, 10'000);
  EXPECT_EQ(read.counts().returned, 10'000);
  EXPECT_TRUE(read.complete());
}

TEST_F(ReaderTest, ALimitEndsTheReadWithinARun) {
  Create(2);
  Append(500, {}, 0);
  Append(500, {}, 1);
  ScanRequest request = RawRequest(kTopic);
  request.limit = 13;
  const TestRead read = MustRead(request);
  EXPECT_EQ(read.num_rows, 13);
  EXPECT_EQ(read.counts().returned, 13);
  EXPECT_TRUE(read.complete());
  request.limit = 0;
  EXPECT_EQ(MustRead(request).num_rows, 0);
  request.limit = 13;
  request.layout = Schema();
  EXPECT_EQ(MustRead(request).num_rows, 13);
  // A filter that is left to the door must see every row.
  request = RawRequest(kTopic);
  request.limit = 13;
  Expression always;
  always.constant = Scalar(true);
  request.constraints.expressions.push_back(always);
  EXPECT_EQ(MustRead(request).num_rows, 1000);
}

TEST_F(ReaderTest, OffsetsAndPartitionsAreSeeks) {
  Create(4);
  for (int32_t partition = 0; partition < 4; ++partition) Append(100, {}, partition);
  ScanRequest request = RawRequest(kTopic);
  request.constraints.columns["_partition_id"] = ValueSet::Listed({Scalar(int64_t{1}), Scalar(int64_t{3})});
  request.constraints.columns["_partition_offset"] = ValueSet::Range({Scalar(int64_t{90}), true, Scalar(int64_t{95}), false});
  const TestRead read = MustRead(request);
  EXPECT_EQ(read.num_rows, 10);
  EXPECT_EQ(read.plan.left_out.size(), 2u);
  EXPECT_EQ(read.plan.estimate.records, 10);
  EXPECT_EQ(read.counts().Sum(), 10);
  for (const auto& line : read.plan.report) EXPECT_EQ(line.pushdown, Pushdown::kExact) << line.text;
}

TEST_F(ReaderTest, ALowerTimeBoundStartsLaterAndAnUpperOneOnlyWithDeclaredSlack) {
  Create();
  for (int i = 0; i < 20; ++i) Append(10);  // 10 ms a batch
  ScanRequest request = RawRequest(kTopic);
  const Type type = MetadataField(MetadataColumn::kTimestampMs).type;
  request.constraints.columns["_timestamp_ms"] = ValueSet::Range({Scalar(kStart + 150), true, Scalar(kStart + 159), true});
  TestRead read = MustRead(request);
  EXPECT_EQ(read.num_rows, 10);
  EXPECT_EQ(read.plan.partitions[0].properties.at("start"), "150");
  EXPECT_EQ(read.plan.partitions[0].properties.at("end"), "200");
  request.policy.max_out_of_order_ms = 5;
  read = MustRead(request);
  EXPECT_EQ(read.num_rows, 10);
  EXPECT_EQ(read.plan.partitions[0].properties.at("end"), "165");
  // Bounds at or before 1970 are not look-ups.
  broker_->ForgetRequests();
  request.policy.max_out_of_order_ms.reset();
  request.constraints.columns["_timestamp_ms"] = ValueSet::Range({Scalar(int64_t{-5}), true, {}, true});
  EXPECT_EQ(MustRead(request).num_rows, 200);
  for (const auto& asked : broker_->Requests(ApiKey::kListOffsets)) {
    for (const auto& partition : asked.partitions) EXPECT_LT(partition.offset, 0);
  }
}

TEST_F(ReaderTest, AMarkersTimeDoesNotEndTheReadEarly) {
  Create();
  // Transactions of today with records of old: each marker carries the broker's clock, far above every record's time.
  for (int i = 0; i < 4; ++i) {
    Append(5, Transaction(1));
    ASSERT_TRUE(broker_->AppendMarker(kTopic, 0, 1, MarkerType::kCommit).ok());
  }
  ScanRequest request = RawRequest(kTopic);
  request.constraints.columns["_timestamp_ms"] = ValueSet::Range({std::nullopt, true, Scalar(kStart + 1000), true});
  request.policy.max_out_of_order_ms = 0;
  ReadExpected(request);
}

TEST_F(ReaderTest, FollowsALeaderThatMoves) {
  broker::BrokerOptions options;
  options.node_count = 3;
  StartBroker(options);
  Create(2);
  for (int i = 0; i < 30; ++i) Append(50, {}, i % 2, true, 300);
  KafkaOptions small = Options();
  small.client.max_partition_fetch_bytes = 20'000;
  auto connector = MakeKafkaConnector(small).ValueOrDie();
  ScanRequest request = RawRequest(kTopic);
  const Prepared plan = connector->Prepare(Soon(), request).ValueOrDie();
  request.token = plan.token;
  std::vector<SplitStart> starts;
  for (const Split& split : connector->Splits(Soon(), request, plan.partitions, {}).ValueOrDie().splits) starts.push_back({split, split.start});
  const auto reader = std::move(connector->Open(Soon(), request, starts)).ValueOrDie();
  TestRead read;
  int32_t node = 1;
  for (int rounds = 0;; ++rounds) {
    Result<ReadBatch> batch = reader->Next(Soon());
    ASSERT_TRUE(batch.ok()) << batch.status();
    if (batch->runs.empty()) break;
    for (const lotic::Run& run : batch->runs) EXPECT_TRUE(run.status.ok()) << run.status;
    TakeRows(*batch, &read);
    node = node % 3 + 1;
    ASSERT_TRUE(broker_->MoveLeader(kTopic, rounds % 2, node).ok());
    if (rounds == 3) broker_->CloseConnections();
  }
  std::sort(read.rows.begin(), read.rows.end());
  std::sort(expected_.begin(), expected_.end());
  EXPECT_EQ(read.rows, expected_);
}

TEST_F(ReaderTest, GoesOnAfterTornAnswersAndClosedConnections) {
  Create();
  for (int i = 0; i < 10; ++i) Append(20);
  int skip = 0;
  std::vector<int> faults;
  for (const FaultAction& action :
       {FaultAction::Close(), FaultAction::CloseAfter(), FaultAction::Tear(3), FaultAction::Tear(100), FaultAction::Error(ErrorCode::kNotLeaderOrFollower),
        FaultAction::Error(ErrorCode::kUnknownServerError), FaultAction::Error(ErrorCode::kFencedLeaderEpoch), FaultAction::NoData()}) {
    Fault fault;
    fault.action = action;
    fault.skip = skip++;
    faults.push_back(broker_->AddFault(fault));
  }
  ReadExpected();
  for (const int fault : faults) EXPECT_EQ(broker_->FaultHits(fault), 1) << fault;
}

TEST_F(ReaderTest, BrokenBytesEndTheSplitWithTheOffset) {
  Create();
  Append(5);
  Append(5);
  for (const FaultAction& action : {FaultAction::CorruptCrc(), FaultAction::RecordCount(1'000'000), FaultAction::RecordCount(-5)}) {
    Fault fault;
    fault.action = action;
    fault.times = Fault::kAlways;
    broker_->AddFault(fault);
    for (const bool count_only : {false, true}) {
      ScanRequest request = RawRequest(kTopic);
      if (count_only) request.layout = Schema();
      const TestRead read = MustRead(request);
      ASSERT_EQ(read.failures.size(), 1u);
      EXPECT_EQ(read.failures[0].code(), StatusCode::kIOError) << read.failures[0];
      EXPECT_THAT(read.failures[0].message(), HasSubstr("topic 't', partition 0"));
      EXPECT_FALSE(read.complete());
    }
    broker_->ClearFaults();
  }
}

TEST_F(ReaderTest, HostileSizesAreErrorsNotAllocations) {
  Create();
  Append(5);
  for (const FaultAction& action : {FaultAction::FrameSize(2'000'000'000), FaultAction::FrameSize(-7), FaultAction::ArrayCount(1 << 30),
                                    FaultAction::BatchLength(1 << 30), FaultAction::BatchLength(1)}) {
    Fault fault;
    fault.action = action;
    fault.times = Fault::kAlways;
    broker_->AddFault(fault);
    KafkaOptions options = Options();
    options.poll_timeout = milliseconds(300);
    auto connector = MakeKafkaConnector(options).ValueOrDie();
    Result<TestRead> read = Read(*connector, RawRequest(kTopic));
    if (read.ok()) {
      ASSERT_EQ(read->failures.size(), 1u);
      EXPECT_FALSE(read->complete());
      EXPECT_TRUE(read->rows.empty());
    }
    broker_->ClearFaults();
  }
}

TEST_F(ReaderTest, ALogThatStaysShortOfItsEndIsAnErrorThatNamesThePlace) {
  Create();
  Append(10);
  KafkaOptions options = Options();
  options.poll_timeout = milliseconds(200);
  auto connector = MakeKafkaConnector(options).ValueOrDie();
  ScanRequest request = RawRequest(kTopic);
  const Prepared plan = connector->Prepare(Soon(), request).ValueOrDie();
  request.token = plan.token;
  Split split = connector->Splits(Soon(), request, plan.partitions, {}).ValueOrDie().splits[0];
  split.end = Position{"20"};
  const SplitStart start{split, split.start};
  const auto reader = std::move(connector->Open(Soon(), request, {&start, 1})).ValueOrDie();
  TestRead read;
  Status failure;
  while (true) {
    const ReadBatch batch = std::move(reader->Next(Soon())).ValueOrDie();
    if (batch.runs.empty()) break;
    TakeRows(batch, &read);
    for (const lotic::Run& run : batch.runs) {
      if (!run.status.ok()) failure = run.status;
    }
  }
  EXPECT_EQ(read.rows.size(), 10u);
  EXPECT_EQ(failure.code(), StatusCode::kDataLoss) << failure;
  EXPECT_THAT(failure.message(), HasSubstr("partition 0"));
  EXPECT_THAT(failure.message(), HasSubstr("offset 10 of 20"));
  EXPECT_FALSE(reader->Certificate(0).complete);
}

TEST_F(ReaderTest, LostOffsetsFailOrAreCountedByPolicy) {
  Create();
  for (int i = 0; i < 4; ++i) Append(10);
  auto connector = Connect();
  ScanRequest request = RawRequest(kTopic);
  request.token = connector->Prepare(Soon(), request).ValueOrDie().token;
  ASSERT_TRUE(broker_->SetLogStart(kTopic, 0, 25).ok());
  TestRead read = std::move(Read(*connector, request)).ValueOrDie();
  ASSERT_EQ(read.failures.size(), 1u);
  EXPECT_EQ(read.failures[0].code(), StatusCode::kDataLoss);
  EXPECT_THAT(read.failures[0].message(), HasSubstr("the log starts at 25"));
  request.policy.on_data_loss = OnDataLoss::kWarn;
  read = std::move(Read(*connector, request)).ValueOrDie();
  EXPECT_TRUE(read.failures.empty());
  EXPECT_EQ(read.rows.size(), 15u);
  EXPECT_EQ(read.counts().missing, 25);
  EXPECT_FALSE(read.complete());
  EXPECT_EQ(read.certificates[0].reason, EndReason::kDataLoss);
  EXPECT_FALSE(read.certificates[0].notes.empty());
}

TEST_F(ReaderTest, ATokenOfAnotherTimeIsCheckedAgainstTheTopic) {
  Create();
  for (int i = 0; i < 4; ++i) Append(10);
  auto connector = Connect();
  ScanRequest request = RawRequest(kTopic);
  request.token = connector->Prepare(Soon(), request).ValueOrDie().token;
  Append(5);
  EXPECT_EQ(Read(*connector, request).ValueOrDie().num_rows, 40);
  ASSERT_TRUE(broker_->TruncateTo(kTopic, 0, 20).ok());
  Status status = Read(*connector, request).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(status.message(), HasSubstr("truncated"));
  for (int i = 0; i < 4; ++i) Append(10);  // as long as it was, but another log
  status = Read(*connector, request).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(status.message(), HasSubstr("leader epoch"));
  ASSERT_TRUE(broker_->RecreateTopic(kTopic).ok());
  status = Read(*connector, request).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(status.message(), HasSubstr("created again"));
}

TEST_F(ReaderTest, ATopicRecreatedWhileItIsReadIsNotReadOn) {
  Create();
  for (int i = 0; i < 20; ++i) Append(50, {}, 0, true, 500);
  KafkaOptions small = Options();
  small.client.max_partition_fetch_bytes = 30'000;
  auto connector = MakeKafkaConnector(small).ValueOrDie();
  ScanRequest request = RawRequest(kTopic);
  const Prepared plan = connector->Prepare(Soon(), request).ValueOrDie();
  request.token = plan.token;
  const Split split = connector->Splits(Soon(), request, plan.partitions, {}).ValueOrDie().splits[0];
  const SplitStart start{split, split.start};
  const auto reader = std::move(connector->Open(Soon(), request, {&start, 1})).ValueOrDie();
  ASSERT_TRUE(reader->Next(Soon()).ok());
  ASSERT_TRUE(broker_->RecreateTopic(kTopic).ok());
  for (int i = 0; i < 30; ++i) Append(50, {}, 0, false, 500);
  Status failure;
  while (true) {
    const ReadBatch batch = std::move(reader->Next(Soon())).ValueOrDie();
    if (batch.runs.empty()) break;
    for (const lotic::Run& run : batch.runs) {
      if (!run.status.ok()) failure = run.status;
    }
  }
  EXPECT_EQ(failure.code(), StatusCode::kDataLoss) << failure;
}

/// By name such a topic answers as if nothing had happened: its id is looked at again before the last records are given out.
TEST_F(ReaderTest, ATopicRecreatedWhileItIsReadByNameIsFoundOutAtTheEnd) {
  broker::BrokerOptions old;
  old.versions = {{ApiKey::kFetch, {4, 12}}};
  StartBroker(old);
  Create();
  for (int i = 0; i < 20; ++i) Append(50, {}, 0, true, 500);
  KafkaOptions small = Options();
  small.client.max_partition_fetch_bytes = 30'000;
  auto connector = MakeKafkaConnector(small).ValueOrDie();
  ScanRequest request = RawRequest(kTopic);
  const Prepared plan = connector->Prepare(Soon(), request).ValueOrDie();
  request.token = plan.token;
  const Split split = connector->Splits(Soon(), request, plan.partitions, {}).ValueOrDie().splits[0];
  const SplitStart start{split, split.start};
  const auto reader = std::move(connector->Open(Soon(), request, {&start, 1})).ValueOrDie();
  ASSERT_TRUE(reader->Next(Soon()).ok());
  ASSERT_TRUE(broker_->RecreateTopic(kTopic).ok());
  for (int i = 0; i < 30; ++i) Append(50, {}, 0, false, 500);
  Status failure;
  while (true) {
    const ReadBatch batch = std::move(reader->Next(Soon())).ValueOrDie();
    if (batch.runs.empty()) break;
    for (const lotic::Run& run : batch.runs) {
      if (!run.status.ok()) failure = run.status;
    }
  }
  EXPECT_EQ(failure.code(), StatusCode::kDataLoss) << failure;
  EXPECT_THAT(failure.message(), HasSubstr("deleted and created again"));
}

TEST_F(ReaderTest, CancellationEndsAWaitAtOnce) {
  Create();
  Append(5);
  Fault hold;
  hold.action = FaultAction::Hold();
  hold.times = Fault::kAlways;
  broker_->AddFault(hold);
  auto connector = Connect();
  std::stop_source stop;
  CallContext ctx = Soon();
  ctx.stop = stop.get_token();
  std::thread canceller([&] {
    EXPECT_TRUE(broker_->WaitForRequests(ApiKey::kFetch, 1, std::chrono::seconds(10)));
    stop.request_stop();
  });
  const Result<TestRead> read = Read(*connector, RawRequest(kTopic), ctx);
  canceller.join();
  EXPECT_EQ(read.status().code(), StatusCode::kCancelled) << read.status();
}

TEST_F(ReaderTest, AtTheDeadlineAReadNamesTheBrokerItWaitsFor) {
  Create();
  Append(5);
  Fault hold;
  hold.action = FaultAction::Hold();
  hold.times = Fault::kAlways;
  broker_->AddFault(hold);
  auto connector = Connect();
  const Status status = Read(*connector, RawRequest(kTopic), Within(milliseconds(300))).status();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
  EXPECT_THAT(status.message(), testing::AllOf(HasSubstr(broker_->bootstrap()), HasSubstr("Fetch"), HasSubstr("topic 't'")));
}

TEST_F(ReaderTest, AnEndlessSplitDeliversWhatArrivesAndWakes) {
  Create();
  Append(3);
  auto connector = Connect();
  ScanRequest request = RawRequest(kTopic);
  request.unbounded = true;
  const Prepared plan = connector->Prepare(Soon(), request).ValueOrDie();
  request.token = plan.token;
  const Split split = connector->Splits(Soon(), request, plan.partitions, {}).ValueOrDie().splits[0];
  EXPECT_FALSE(split.end.has_value());
  const SplitStart start{split, split.start};
  const auto reader = std::move(connector->Open(Soon(), request, {&start, 1})).ValueOrDie();
  TestRead read;
  TakeRows(std::move(reader->Next(Soon())).ValueOrDie(), &read);
  EXPECT_EQ(read.num_rows, 3);
  const ReadBatch idle = std::move(reader->Next(Within(milliseconds(50)))).ValueOrDie();
  EXPECT_TRUE(idle.runs.empty());
  Append(2);
  const ReadBatch more = std::move(reader->Next(Soon())).ValueOrDie();
  TakeRows(more, &read);
  EXPECT_EQ(read.num_rows, 5);
  EXPECT_TRUE(more.runs[0].tip.has_value());
  std::thread waker([&] { reader->Wake(); });
  EXPECT_TRUE(std::move(reader->Next(Soon())).ValueOrDie().runs.empty());
  waker.join();
  ASSERT_TRUE(reader->Close(Soon()).ok());
}

TEST_F(ReaderTest, ManyPartitionsAreReadWithAFewFetches) {
  Create(200);
  for (int32_t partition = 0; partition < 200; ++partition) Append(2, {}, partition);
  ReadExpected();
  EXPECT_LT(broker_->RequestCount(ApiKey::kFetch), 40);
}

// Batches of every odd kind in random order; what must come out is noted while they are made.
TEST_F(ReaderTest, RandomLogsGiveExactlyWhatIsVisible) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  Create(4);
  int64_t producer = 100;
  for (int i = 0; i < 200; ++i) {
    const int32_t partition = below(4);
    BatchSettings settings;
    settings.codec = static_cast<CodecId>(below(5));
    switch (below(6)) {
      case 0: {
        const int64_t end = broker_->Describe(kTopic, partition).ValueOrDie().high_watermark;
        settings.last_offset = end + below(20);
        ASSERT_TRUE(broker_->Append(kTopic, partition, {}, settings).ok());
        break;
      }
      case 1:
      case 2: {
        const bool commit = below(2) == 0;
        settings.producer_id = ++producer;
        settings.transactional = true;
        Append(1 + below(40), settings, partition, commit);
        Append(1 + below(10), {}, partition);
        Append(1 + below(40), settings, partition, commit);
        ASSERT_TRUE(broker_->AppendMarker(kTopic, partition, producer, commit ? MarkerType::kCommit : MarkerType::kAbort).ok());
        break;
      }
      default: Append(1 + below(3000), settings, partition);
    }
  }
  KafkaOptions options = Options();
  options.client.max_partition_fetch_bytes = 1 + below(100'000);
  options.parallel_splits = 1 + below(16);
  options.min_piece_records = 1 + below(1000);
  auto connector = MakeKafkaConnector(options).ValueOrDie();
  const TestRead read = std::move(Read(*connector, RawRequest(kTopic))).ValueOrDie();
  std::sort(expected_.begin(), expected_.end());
  const auto differ = std::mismatch(read.rows.begin(), read.rows.end(), expected_.begin(), expected_.end());
  EXPECT_TRUE(read.rows == expected_) << read.rows.size() << " rows, " << expected_.size() << " expected; first difference: "
                                      << (differ.first == read.rows.end() ? "no more" : testing::PrintToString(*differ.first)) << " and "
                                      << (differ.second == expected_.end() ? "no more" : testing::PrintToString(*differ.second));
  EXPECT_TRUE(read.complete());
  // Filtered reads equal filtering everything.
  ScanRequest request = RawRequest(kTopic);
  const int64_t from = kStart + below(next_ + 1);
  const int64_t to = from + below(5000);
  request.constraints.columns["_timestamp_ms"] = ValueSet::Range({Scalar(from), true, Scalar(to), false});
  const TestRead some = std::move(Read(*connector, request)).ValueOrDie();
  std::vector<TestRow> wanted;
  for (const TestRow& row : expected_) {
    if (row.timestamp_ms >= from && row.timestamp_ms < to) wanted.push_back(row);
  }
  EXPECT_TRUE(some.rows == wanted) << some.rows.size() << " rows, " << wanted.size() << " expected";
  ScanRequest count = RawRequest(kTopic);
  count.layout = Schema();
  EXPECT_EQ(Read(*connector, count).ValueOrDie().num_rows, static_cast<int64_t>(expected_.size()));
}

}  // namespace
}  // namespace lotic::kafka
