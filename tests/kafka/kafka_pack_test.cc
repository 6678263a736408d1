// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <tuple>

#include "connector/kafka/columns.h"
#include "connector/kafka/kafka_connector.h"
#include "scan/certificate.h"
#include "tests/kafka/lab_broker.h"
#include "tests/kafka/topic_reader.h"

// Topics of a real broker, record by record against Java's consumer: the whole, and every form in which a query asks for a part.

namespace lotic::kafka_pack {
namespace {

constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();
constexpr int64_t kMaxTimestampMs = kMaxInt64 / 1000;  // what a TIMESTAMP of microseconds can hold

using Wanted = std::function<bool(const OracleRecord&)>;

std::string LevelName(Isolation isolation) { return isolation == Isolation::kReadCommitted ? "read_committed" : "read_uncommitted"; }

// The same records, each once: nothing missing, nothing twice, nothing else; shows the first difference only.
testing::AssertionResult SameRecords(const std::vector<ReadRecord>& read, const std::vector<OracleRecord>& expected) {
  std::vector<const ReadRecord*> sorted;
  for (const ReadRecord& record : read) sorted.push_back(&record);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ReadRecord* a, const ReadRecord* b) { return std::pair(a->partition, a->offset) < std::pair(b->partition, b->offset); });
  for (size_t i = 0; i < std::max(sorted.size(), expected.size()); ++i) {
    const std::string ours = i < sorted.size() ? sorted[i]->shown : "nothing";
    const std::string java = i < expected.size() ? expected[i].shown : "nothing";
    if (ours != java) {
      return testing::AssertionFailure() << sorted.size() << " records, Java has " << expected.size() << "; the first difference, at " << i << ":\n  ours "
                                         << ours << "\n  Java " << java;
    }
  }
  return testing::AssertionSuccess();
}

class PackTest : public testing::Test {
 protected:
  void SetUp() override {
    broker_ = LabBroker::Get();
    if (broker_ == nullptr) {
      GTEST_SKIP() << "the jars of Apache Kafka " << LabBroker::version() << " are not there: scripts/setup --test";
    }
    ASSERT_EQ(broker_->trouble(), "");
    connector_ = MakeConnector([](kafka::KafkaOptions*) {});
    ASSERT_NE(connector_, nullptr);
  }

  std::shared_ptr<kafka::KafkaConnector> MakeConnector(const std::function<void(kafka::KafkaOptions*)>& change) {
    kafka::KafkaOptions options;
    options.client.bootstrap_servers = net::Endpoint::ParseList(broker_->env("BOOTSTRAP")).ValueOrDie();
    change(&options);
    auto made = kafka::MakeKafkaConnector(std::move(options));
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? *made : nullptr;
  }

  static ScanRequest RequestFor(const std::string& topic, Isolation isolation = Isolation::kReadCommitted) {
    ScanRequest request;
    request.table = {kafka::kDefaultSchema, topic};
    request.layout = MetadataLayout();
    request.policy.isolation = isolation;
    return request;
  }
  static Field FieldOf(kafka::MetadataColumn column) { return kafka::MetadataField(column); }
  static void Constrain(ScanRequest* request, kafka::MetadataColumn column, ValueSet set) {
    const Field field = FieldOf(column);
    ASSERT_TRUE(NormalizeValueSet(field.type, request->compare, &set).ok());
    request->constraints.columns[field.name] = std::move(set);
  }

  OracleTopic Oracle(const std::string& topic, Isolation isolation = Isolation::kReadCommitted) const { return broker_->Oracle(LevelName(isolation), topic); }
  static std::vector<OracleRecord> Filter(const OracleTopic& oracle, const Wanted& wanted) {
    std::vector<OracleRecord> some;
    std::copy_if(oracle.records.begin(), oracle.records.end(), std::back_inserter(some), wanted);
    return some;
  }

  // Reads with the constraints of `request` and expects exactly the records that `wanted` takes from the full read.
  Reading ExpectRecords(const ScanRequest& request, const OracleTopic& oracle, const Wanted& wanted) {
    Reading reading = Read(*connector_, request);
    EXPECT_TRUE(reading.status.ok()) << reading.status;
    EXPECT_THAT(reading.faults, testing::IsEmpty());
    EXPECT_TRUE(SameRecords(reading.records, Filter(oracle, wanted)));
    for (const PushedConstraint& pushed : reading.prepared.report) EXPECT_EQ(pushed.pushdown, Pushdown::kExact) << pushed.text;
    return reading;
  }

  LabBroker* broker_ = nullptr;
  std::shared_ptr<kafka::KafkaConnector> connector_;
};

// ---- The whole topic.

class WholeTopicTest : public PackTest, public testing::WithParamInterface<std::tuple<std::string, Isolation>> {
 protected:
  void SetUp() override {
    PackTest::SetUp();
    if (broker_ != nullptr && !broker_->has_kcat() && topic().starts_with("t_rdk_")) GTEST_SKIP() << "kcat is not installed";
  }
  const std::string& topic() const { return std::get<0>(GetParam()); }
  Isolation isolation() const { return std::get<1>(GetParam()); }
  // Much data: read whole and by few bounds, not by all of them.
  bool is_heavy() const { return topic() == "t_large" || topic() == "t_bombs" || (LabBroker::full() && topic() == "t_documents"); }
};

TEST_P(WholeTopicTest, IsReadRecordByRecordAsJavaReadsIt) {
  const OracleTopic oracle = Oracle(topic(), isolation());
  ASSERT_FALSE(oracle.partitions.empty());
  const Reading reading = Read(*connector_, RequestFor(topic(), isolation()));
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  EXPECT_THAT(reading.faults, testing::IsEmpty());
  EXPECT_TRUE(SameRecords(reading.records, oracle.records));

  // The plan is the snapshot that Java sees: from the first retained offset to the end at this isolation level.
  const std::map<int32_t, Range> ranges = PlannedRanges(reading);
  ASSERT_EQ(ranges.size(), oracle.partitions.size());
  for (const auto& [partition, facts] : oracle.partitions) {
    EXPECT_EQ(ranges.at(partition).start, facts.begin) << "partition " << partition;
    EXPECT_EQ(ranges.at(partition).end, facts.end) << "partition " << partition;
  }
  // The certificates account for every offset of it, and say how many records there are.
  const TableCertificate whole = MakeTableCertificate(reading.prepared, [&] {
    std::vector<SplitCertificate> splits = reading.certificates;
    splits.resize(reading.splits.size());
    return splits;
  }());
  EXPECT_TRUE(whole.complete);
  ASSERT_EQ(whole.partitions.size(), oracle.partitions.size());
  for (const SplitCertificate& certificate : whole.partitions) {
    const int32_t partition = std::stoi(certificate.partition);
    const PartitionFacts& facts = oracle.partitions.at(partition);
    const auto records = std::count_if(oracle.records.begin(), oracle.records.end(), [&](const OracleRecord& record) { return record.partition == partition; });
    EXPECT_EQ(certificate.records.returned, records) << "partition " << partition;
    EXPECT_EQ(certificate.records.Sum(), facts.end - facts.begin) << "partition " << partition;
    EXPECT_EQ(certificate.records.filtered + certificate.records.skipped, 0);
    if (isolation() == Isolation::kReadUncommitted) {
      EXPECT_EQ(certificate.records.aborted, 0);
    }
  }
}

TEST_P(WholeTopicTest, IsTheSameThroughSeveralReadersAndSmallFetches) {
  const auto small = MakeConnector([](kafka::KafkaOptions* options) {
    options->client.max_partition_fetch_bytes = 20'000;  // far below many a batch
    options->client.fetch_max_bytes = 100'000;
    options->min_piece_records = 100;  // splits begin inside batches, transactions and gaps
    options->parallel_splits = 7;
  });
  const Reading reading = Read(*small, RequestFor(topic(), isolation()), {.num_readers = 3});
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  EXPECT_THAT(reading.faults, testing::IsEmpty());
  EXPECT_TRUE(SameRecords(reading.records, Oracle(topic(), isolation()).records));
}

TEST_P(WholeTopicTest, IsCountedWithoutColumns) {
  ScanRequest request = RequestFor(topic(), isolation());
  request.layout.fields.clear();
  const OracleTopic oracle = Oracle(topic(), isolation());
  const Reading reading = Read(*connector_, request);
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  EXPECT_THAT(reading.faults, testing::IsEmpty());
  EXPECT_EQ(reading.rows, static_cast<int64_t>(oracle.records.size()));
  if (reading.prepared.estimate.exact_rows.has_value()) {
    EXPECT_EQ(*reading.prepared.estimate.exact_rows, static_cast<int64_t>(oracle.records.size()));
  }
}

TEST_P(WholeTopicTest, FromATimeOnIsWhatTheWholeReadHasFromThen) {
  const OracleTopic oracle = Oracle(topic(), isolation());
  std::vector<int64_t> bounds = {std::numeric_limits<int64_t>::min(), -(int64_t{1} << 61), -1000, -2, -1, 0};
  for (const int64_t time : LookedUpTimes()) bounds.push_back(time);
  if (is_heavy()) bounds = {0, kFirstMs + 1, kFirstMs + 2'000};
  for (const int64_t from : bounds) {
    SCOPED_TRACE("from " + std::to_string(from) + " ms");
    ScanRequest request = RequestFor(topic(), isolation());
    Constrain(&request, kafka::MetadataColumn::kTimestampMs, ValueSet::Range({Scalar(from), true, std::nullopt, true}));
    const Reading reading = ExpectRecords(request, oracle, [&](const OracleRecord& record) { return record.timestamp_ms >= from; });
    // It begins where the broker's look-up says, and nowhere else; never pruned for times that look-ups do not know.
    const std::map<int32_t, Range> ranges = PlannedRanges(reading);
    for (const auto& [partition, facts] : oracle.partitions) {
      const std::optional<int64_t> found = from > 0 ? facts.found.at(from) : std::optional(facts.begin);
      const Range& range = ranges.at(partition);
      if (found.has_value() && *found < facts.end) {
        EXPECT_EQ(range.start, std::max(*found, facts.begin)) << "partition " << partition;
        EXPECT_EQ(range.end, facts.end) << "partition " << partition;
      } else {
        EXPECT_TRUE(range.left_out) << "partition " << partition;
      }
    }
    if (from < -kMaxTimestampMs || from > kMaxTimestampMs) continue;
    ScanRequest instants = RequestFor(topic(), isolation());
    Constrain(&instants, kafka::MetadataColumn::kTimestamp, ValueSet::Range({Scalar(from * 1000), true, std::nullopt, true}));
    ExpectRecords(instants, oracle, [&](const OracleRecord& record) {
      return record.timestamp_ms >= from && record.timestamp_ms != -1 && record.timestamp_ms <= kMaxTimestampMs && record.timestamp_ms >= -kMaxTimestampMs;
    });
  }
}

TEST_P(WholeTopicTest, UpToATimeIsWhatTheWholeReadHasUpToThen) {
  const OracleTopic oracle = Oracle(topic(), isolation());
  for (const int64_t to : {int64_t{-2}, int64_t{0}, kFirstMs, kFirstMs + 120'001, int64_t{4'102'444'800'000}}) {
    if (is_heavy() && to > kFirstMs) continue;
    SCOPED_TRACE("up to " + std::to_string(to) + " ms");
    ScanRequest request = RequestFor(topic(), isolation());
    Constrain(&request, kafka::MetadataColumn::kTimestampMs, ValueSet::Range({std::nullopt, true, Scalar(to), true}));
    ExpectRecords(request, oracle, [&](const OracleRecord& record) { return record.timestamp_ms <= to; });
  }
}

TEST_P(WholeTopicTest, OffsetRangesAreCutOutOfTheWholeRead) {
  const OracleTopic oracle = Oracle(topic(), isolation());
  for (const auto& [from, to] :
       std::vector<std::pair<int64_t, int64_t>>{{0, 0}, {0, 1}, {1, 3}, {7, 8}, {99, 250}, {390, 401}, {400, kMaxInt64}, {kMaxInt64 - 1, kMaxInt64}, {-5, 4}}) {
    SCOPED_TRACE("offsets " + std::to_string(from) + " to " + std::to_string(to));
    ScanRequest request = RequestFor(topic(), isolation());
    Constrain(&request, kafka::MetadataColumn::kOffset, ValueSet::Range({Scalar(from), true, Scalar(to), true}));
    const Reading reading = ExpectRecords(request, oracle, [&](const OracleRecord& record) { return record.offset >= from && record.offset <= to; });
    for (const auto& [partition, range] : PlannedRanges(reading)) {
      if (range.left_out) continue;
      EXPECT_GE(range.start, from);
      EXPECT_TRUE(to == kMaxInt64 || range.end <= to + 1) << range.end;
    }
  }
}

TEST_P(WholeTopicTest, ALimitGivesSoManyOfItsRecordsAndStops) {
  const OracleTopic oracle = Oracle(topic(), isolation());
  std::map<std::pair<int32_t, int64_t>, std::string> all;
  for (const OracleRecord& record : oracle.records) all[{record.partition, record.offset}] = record.shown;
  for (const int64_t limit : {0, 1, 10, 1000, 1'000'000}) {
    if (is_heavy() && limit > 10) continue;
    SCOPED_TRACE("limit " + std::to_string(limit));
    ScanRequest request = RequestFor(topic(), isolation());
    request.limit = limit;
    const Reading reading = Read(*connector_, request);
    ASSERT_TRUE(reading.status.ok()) << reading.status;
    EXPECT_THAT(reading.faults, testing::IsEmpty());
    EXPECT_EQ(reading.rows, std::min<int64_t>(limit, static_cast<int64_t>(oracle.records.size())));
    for (const ReadRecord& record : reading.records) {
      const auto at = all.find({record.partition, record.offset});
      ASSERT_NE(at, all.end()) << "not in the full read, or twice: " << record.shown;
      EXPECT_EQ(record.shown, at->second);
      all.erase(at);
    }
    for (const ReadRecord& record : reading.records) all[{record.partition, record.offset}] = record.shown;
  }
}

std::string CaseName(const testing::TestParamInfo<std::tuple<std::string, Isolation>>& info) {
  std::string name = std::get<0>(info.param) + "_" + LevelName(std::get<1>(info.param));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Topics, WholeTopicTest,
                         testing::Combine(testing::ValuesIn(TortureTopics()), testing::Values(Isolation::kReadCommitted, Isolation::kReadUncommitted)),
                         CaseName);

// ---- What is asked of some topics only.

TEST_F(PackTest, TheTopicsAreWhatTheyAreMeantToBe) {
  const OracleTopic committed = Oracle("t_txn");
  const OracleTopic uncommitted = Oracle("t_txn", Isolation::kReadUncommitted);
  EXPECT_LT(committed.partitions.at(0).end, uncommitted.partitions.at(0).end) << "an open transaction holds the end back";
  EXPECT_EQ(committed.partitions.at(1).end, uncommitted.partitions.at(1).end);
  EXPECT_LT(committed.records.size(), uncommitted.records.size());
  EXPECT_EQ(Oracle("t_txn_all_aborted").records.size(), 0u);
  EXPECT_EQ(Oracle("t_txn_all_aborted").partitions.at(0).end, 105);
  EXPECT_EQ(Oracle("t_deleted").partitions.at(0).begin, 400);
  EXPECT_EQ(Oracle("t_deleted").partitions.at(1).begin, Oracle("t_deleted").partitions.at(1).end);
  const OracleTopic compacted = Oracle("t_compacted");
  EXPECT_LT(static_cast<int64_t>(compacted.records.size()), compacted.partitions.at(0).end) << "there are gaps";
  EXPECT_TRUE(std::any_of(compacted.records.begin(), compacted.records.end(), [](const OracleRecord& record) {
    return record.shown.find("\t-\t=\t") != std::string::npos;
  })) << "there are tombstones";
  const auto first_gap =
      std::adjacent_find(compacted.records.begin(), compacted.records.end(), [](const auto& a, const auto& b) { return b.offset != a.offset + 1; });
  EXPECT_NE(first_gap, compacted.records.end());
  const auto switched = Oracle("t_switched").records;
  for (const char* type : {"\tCREATE_TIME\t", "\tLOG_APPEND_TIME\t"}) {
    EXPECT_TRUE(std::any_of(switched.begin(), switched.end(), [&](const OracleRecord& record) { return record.shown.find(type) != std::string::npos; }))
        << type;
  }
}

TEST_F(PackTest, APartitionPredicateReadsTheseOnly) {
  const OracleTopic oracle = Oracle("t_wide");
  const auto read = [&](ValueSet set, const std::function<bool(int32_t)>& wanted) {
    ScanRequest request = RequestFor("t_wide");
    Constrain(&request, kafka::MetadataColumn::kPartition, std::move(set));
    const Reading reading = ExpectRecords(request, oracle, [&](const OracleRecord& record) { return wanted(record.partition); });
    for (const auto& [partition, range] : PlannedRanges(reading)) {
      EXPECT_TRUE(range.left_out || wanted(partition)) << partition;
    }
  };
  read(ValueSet::Listed({Scalar(int64_t{3})}), [](int32_t p) { return p == 3; });
  read(ValueSet::Listed({Scalar(int64_t{1}), Scalar(int64_t{50}), Scalar(int64_t{199}), Scalar(int64_t{7000})}),
       [](int32_t p) { return p == 1 || p == 50 || p == 199; });
  read(ValueSet::Range({Scalar(int64_t{190}), true, std::nullopt, true}), [](int32_t p) { return p >= 190; });
  read({ValueSet::Kind::kUnlisted, false, {}, {Scalar(int64_t{0}), Scalar(int64_t{1})}}, [](int32_t p) { return p > 1; });
  read(ValueSet::None(true), [](int32_t) { return false; });
}

TEST_F(PackTest, ADeclaredDisorderEndsTheReadEarlyWithoutLosingARecord) {
  struct Case {
    std::string topic;
    std::optional<int64_t> partition;
    int64_t max_out_of_order_ms;
    bool prunes;
  };
  for (const Case& one : {Case{"t_times", 5, 0, true}, Case{"t_times", 6, 40'000, true}, Case{"t_documents", std::nullopt, 0, true},
                          Case{"t_append_time", std::nullopt, 0, false}, Case{"t_txn_backdated", std::nullopt, 0, false}}) {
    for (const Isolation isolation : {Isolation::kReadCommitted, Isolation::kReadUncommitted}) {
      const OracleTopic oracle = Oracle(one.topic, isolation);
      for (const int64_t to : {kFirstMs, kFirstMs + 300, kFirstMs + 2'000, kFirstMs + 60'000, kFirstMs + 120'000}) {
        SCOPED_TRACE(one.topic + " " + LevelName(isolation) + " up to " + std::to_string(to));
        ScanRequest request = RequestFor(one.topic, isolation);
        request.policy.max_out_of_order_ms = one.max_out_of_order_ms;
        Constrain(&request, kafka::MetadataColumn::kTimestampMs, ValueSet::Range({std::nullopt, true, Scalar(to), true}));
        if (one.partition) Constrain(&request, kafka::MetadataColumn::kPartition, ValueSet::Listed({Scalar(*one.partition)}));
        const Reading reading = ExpectRecords(
            request, oracle, [&](const OracleRecord& record) { return record.timestamp_ms <= to && (!one.partition || record.partition == *one.partition); });
        if (!one.prunes) continue;
        int64_t offsets_read = 0;
        for (const SplitCertificate& certificate : reading.certificates) offsets_read += certificate.records.Sum();
        EXPECT_LT(offsets_read, static_cast<int64_t>(oracle.records.size()) * 9 / 10);
      }
    }
  }
}

TEST_F(PackTest, ATokenReadsTheSameRecordsAgain) {
  for (const std::string topic : {"t_txn", "t_compacted", "t_deleted", "t_wide"}) {
    SCOPED_TRACE(topic);
    const Reading first = Read(*connector_, RequestFor(topic));
    ASSERT_TRUE(first.status.ok()) << first.status;
    const auto other = MakeConnector([](kafka::KafkaOptions*) {});
    ScanRequest again = RequestFor(topic);
    again.token = first.prepared.token;
    const Reading second = Read(*other, again);
    ASSERT_TRUE(second.status.ok()) << second.status;
    EXPECT_TRUE(SameRecords(second.records, Oracle(topic).records));
    EXPECT_EQ(second.prepared.token, first.prepared.token);
  }
}

TEST_F(PackTest, AReadResumedAtEveryPositionGivesEachRecordOnce) {
  for (const std::string topic : {"t_txn", "t_compacted_hard", "t_codecs"}) {
    SCOPED_TRACE(topic);
    const OracleTopic oracle = Oracle(topic);
    for (int64_t cut = 0; cut <= 60; cut += 7) {
      // Two readings that meet at `cut` in every partition.
      ScanRequest tail = RequestFor(topic);
      tail.start.kind = ScanStart::Kind::kPositions;
      for (const auto& [partition, facts] : oracle.partitions) {
        tail.start.positions[std::to_string(partition)] = {std::to_string(std::min(cut, facts.end))};
      }
      ExpectRecords(tail, oracle, [&](const OracleRecord& record) { return record.offset >= cut; });
    }
  }
}

TEST_F(PackTest, ABombIsRefusedByTheDecompressedSizeThatTheUserAllows) {
  const auto careful = MakeConnector([](kafka::KafkaOptions* options) { options->client.max_decompressed_batch_bytes = 4 << 20; });
  const Reading reading = Read(*careful, RequestFor("t_bombs"));
  EXPECT_EQ(reading.status.code(), StatusCode::kCapacityError) << reading.status;
  EXPECT_THAT(reading.status.message(), testing::HasSubstr("max.decompressed.batch.bytes"));
}

TEST_F(PackTest, ATopicThatIsNotThereIsNotFoundWithTheNearestNames) {
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const Status status = connector_->GetTable(ctx, {kafka::kDefaultSchema, "t_codec"}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound) << status;
  EXPECT_THAT(status.message(), testing::AllOf(testing::HasSubstr("t_codec"), testing::HasSubstr("t_codecs")));
}

}  // namespace
}  // namespace lotic::kafka_pack
