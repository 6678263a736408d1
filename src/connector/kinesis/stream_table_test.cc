// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "connector/kinesis/test_stream.h"
#include "lotic/constraints.h"

// A stream as a table without DDL: how it is found, what its columns are made of, and what conditions on its columns spare.

namespace lotic::kinesis {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kShard0 = "shardId-000000000000";
constexpr const char* kShard1 = "shardId-000000000001";
constexpr int64_t kMinuteMs = 60'000;

aws::TestHttpAnswer Refused(const std::string& code) { return {.status = 400, .headers = {}, .body = R"({"__type":")" + code + R"("})", .raw = {}}; }
aws::TestHttpAnswer Names(const std::string& names) { return {.headers = {}, .body = R"({"HasMoreStreams":false,"StreamNames":[)" + names + "]}", .raw = {}}; }

TableInfo InfoOf(TestStream& stream, const std::string& name = "clicks") { return stream.Connect()->GetTable({}, {"default", name}).ValueOrDie(); }

std::vector<std::string> NamesOf(const Schema& columns) {
  std::vector<std::string> names;
  for (const Field& field : columns.fields) names.push_back(field.name);
  return names;
}

struct Outcome {
  Prepared plan;
  int64_t rows = 0;
  std::vector<std::string> numbers;  // of the rows that pass what is left to the door, where the layout has them; sorted
  std::vector<SplitCertificate> certificates;
};

/// A bounded read that is proved complete. `between` is called behind the first batch.
Outcome Read(
    Connector& connector, ScanRequest request, const std::function<void()>& between = [] {}) {
  request.table = {"default", "clicks"};
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  Outcome out;
  out.plan = connector.Prepare(ctx, request).ValueOrDie();
  request.token = out.plan.token;
  std::vector<SplitStart> starts;
  for (const Split& split : connector.Splits(ctx, request, out.plan.partitions, {}).ValueOrDie().splits) starts.push_back({split, split.start});
  const std::unique_ptr<Reader> reader = connector.Open(ctx, request, starts).ValueOrDie();
  const std::optional<size_t> numbers = request.layout.IndexOf("_sequence_number");
  for (bool first = true;; first = false) {
    const ReadBatch batch = reader->Next(ctx).ValueOrDie();
    if (batch.runs.empty()) break;
    for (const lotic::Run& run : batch.runs) {
      EXPECT_TRUE(run.status.ok()) << run.status;
      out.rows += run.num_rows;
    }
    if (batch.rows && numbers) {
      std::vector<uint8_t> keep;
      EXPECT_TRUE(EvaluateConstraints(starts[0].split.residual, request.compare, *batch.rows, &keep).ok());
      for (size_t row = 0; row < keep.size(); ++row) {
        if (keep[row] != 0) out.numbers.push_back(std::string(batch.rows->column(*numbers).Text(static_cast<int64_t>(row))));
      }
    }
    if (first) between();
  }
  for (uint32_t i = 0; i < starts.size(); ++i) {
    out.certificates.push_back(reader->Certificate(i));
    EXPECT_TRUE(out.certificates.back().complete);
  }
  std::sort(out.numbers.begin(), out.numbers.end());
  return out;
}

TEST(StreamTable, IsFoundByItsNameWithoutTheList) {
  TestStream stream;
  stream.Script("ListStreams", Refused("AccessDeniedException"), 5);
  EXPECT_EQ(InfoOf(stream).name, (TableName{"default", "clicks"}));
  EXPECT_EQ(stream.Calls("ListStreams"), 0) << "a role may read what it may not list";
}

TEST(StreamTable, IsFoundWhateverTheCaseOfItsName) {
  TestStream stream;
  EXPECT_EQ(InfoOf(stream, "CLICKS").name, (TableName{"default", "clicks"}));
  stream.Script("ListStreams", Names(R"("Clicks","clicks")"));
  const Status two = stream.Connect()->GetTable({}, {"default", "CLICKS"}).status();
  EXPECT_FALSE(two.ok());
  EXPECT_THAT(two.message(), AllOf(HasSubstr("Clicks"), HasSubstr("clicks")));
}

TEST(StreamTable, HasTheColumnsOfItsNewestRecordsAndSaysHowManyItSaw) {
  TestStream stream;
  stream.Put(kShard0, R"({"old":1})", stream.NowMs() - 3 * kMinuteMs);
  stream.Put(kShard0, R"({"id":1,"name":"a"})", stream.NowMs() - kMinuteMs / 2);
  stream.Put(kShard1, R"({"id":2})", stream.NowMs() - kMinuteMs / 3);
  const TableInfo info = InfoOf(stream);
  EXPECT_THAT(NamesOf(info.schema), ElementsAre("id", "name")) << "those of the last minute";
  EXPECT_THAT(NamesOf(info.hidden), ElementsAre("_partition_key", "_data", "_arrival_timestamp", "_shard_id", "_sequence_number"));
  EXPECT_THAT(info.notes, ElementsAre("JSON; columns inferred from 2 records of 2 shards"));
}

TEST(StreamTable, LooksFurtherBackWhereNothingIsNew) {
  for (const int64_t age_ms : {30 * kMinuteMs, 600 * kMinuteMs}) {
    TestStream stream;
    stream.Put(kShard1, R"({"id":1})", stream.NowMs() - age_ms);
    EXPECT_THAT(NamesOf(InfoOf(stream).schema), ElementsAre("id")) << age_ms;
  }
}

TEST(StreamTable, HasKeyAndBytesWhereAMessageIsNoJsonObjectOrNoneIsThere) {
  for (const char* const data : {"", "1,2", "[1]"}) {
    TestStream stream;
    stream.Put(kShard0, R"({"id":1})", stream.NowMs() - kMinuteMs / 2);
    stream.Put(kShard0, data, stream.NowMs() - kMinuteMs / 2);
    EXPECT_THAT(NamesOf(InfoOf(stream).schema), ElementsAre("_partition_key", "_data")) << data;
  }
  TestStream stream;
  const TableInfo info = InfoOf(stream);
  EXPECT_THAT(NamesOf(info.schema), ElementsAre("_partition_key", "_data"));
  EXPECT_THAT(info.notes, ElementsAre("no columns inferred from 0 records of 0 shards"));
}

TEST(StreamTable, AStartThatIsOlderThanRetentionPrunesNothing) {
  TestStream stream;
  for (int i = 0; i < 40; ++i) stream.Put(i % 2 == 0 ? kShard0 : kShard1, R"({"id":1})", stream.NowMs() - 40'000 + i);
  int filtered = 0;
  stream.intercept = [&](const aws::TestHttpRequest& request) -> std::optional<aws::TestHttpAnswer> {
    if (!request.Header("X-Amz-Target").ends_with(".ListShards") || request.body.find("FROM_TIMESTAMP") == std::string::npos) return std::nullopt;
    ++filtered;
    return Refused("InvalidArgumentException");
  };
  ScanRequest request;
  const auto connector = stream.Connect();
  request.layout = connector->GetTable({}, {"default", "clicks"}).ValueOrDie().hidden;
  request.constraints.columns["_arrival_timestamp"] = ValueSet::Range({Scalar(stream.NowMs() - 40'000 + 10), true, std::nullopt, true});
  EXPECT_EQ(Read(*connector, request).rows, 30);
  EXPECT_EQ(filtered, 1);
}

TEST(StreamTable, AnIteratorThatHasGrownOldIsReplacedBeforeItIsUsed) {
  TestStream stream;
  for (int i = 0; i < 30; ++i) stream.Put(kShard0, R"({"id":1})", stream.NowMs() - 40'000 + i);  // two answers
  stream.Close(kShard0);
  stream.Expire(kShard1);
  for (const int64_t rest_ms : {250'000, 290'000}) {
    const auto connector = stream.Connect();
    ASSERT_TRUE(connector->GetTable({}, {"default", "clicks"}).ok()) << "the sample is taken before";
    const int before = stream.Calls("GetShardIterator");
    EXPECT_EQ(Read(*connector, {}, [&] { stream.time.passed_ms += rest_ms; }).rows, 30);
    EXPECT_EQ(stream.Calls("GetShardIterator") - before, rest_ms < 270'000 ? 1 : 2) << "the service takes none of more than 300 s";
  }
}

/// A hundred records in the first shard, ten in the second, all with numbers of 56 digits.
struct Numbered {
  Numbered() {
    stream.number_prefix = std::string("49665") + std::string(44, '0');
    stream.first_sequence = stream.number_prefix + "1000001";
    for (int i = 0; i < 110; ++i) stream.Put(i < 100 ? kShard0 : kShard1, R"({"id":1})", stream.NowMs() - 40'000 + i);
    connector = stream.Connect();
    request.layout = connector->GetTable({}, {"default", "clicks"}).ValueOrDie().hidden;
  }
  std::string Number(int record) const { return stream.number_prefix + std::to_string(1'000'000 + record); }
  void Shard(const std::string& id) { request.constraints.columns["_shard_id"] = ValueSet::Listed({Scalar(id)}); }
  void Numbers(ValueSet set) { request.constraints.columns["_sequence_number"] = std::move(set); }
  static const PushedConstraint& LineOf(const Outcome& out) {
    const auto& report = out.plan.report;
    return *std::find_if(report.begin(), report.end(), [](const PushedConstraint& line) { return line.column == "_sequence_number"; });
  }

  TestStream stream;
  std::shared_ptr<Connector> connector;
  ScanRequest request;
};

TEST(StreamNumbers, SayWhereReadingOfOneShardBegins) {
  Numbered on;
  on.Shard(kShard0);
  on.Numbers(ValueSet::Range({Scalar(on.Number(81)), true, std::nullopt, true}));
  const Outcome out = Read(*on.connector, on.request);
  EXPECT_EQ(out.rows, 20) << "of a hundred";
  EXPECT_EQ(Numbered::LineOf(out).pushdown, Pushdown::kHint);
  EXPECT_EQ(out.certificates[0].planned_start.text, R"({"kind":"AT_SEQUENCE_NUMBER","seq":")" + on.Number(81) + "\"}");
  on.Numbers(ValueSet::Range({Scalar(on.Number(80)), false, std::nullopt, true}));
  EXPECT_EQ(Read(*on.connector, on.request).numbers, out.numbers) << "behind a number: the door leaves that one out";
}

TEST(StreamNumbers, SayWhereReadingOfOneShardStops) {
  Numbered on;
  on.Shard(kShard0);
  on.Numbers(ValueSet::Range({std::nullopt, true, Scalar(on.Number(5)), true}));
  const int before = on.stream.Calls("GetRecords");
  const Outcome out = Read(*on.connector, on.request);
  EXPECT_EQ(out.numbers.size(), 5u);
  EXPECT_EQ(on.stream.Calls("GetRecords") - before, 1) << "the first answer shows that the rest lies behind";
  EXPECT_EQ(out.certificates[0].proof, "past_number");
}

TEST(StreamNumbers, AreLeftToTheDoorWhereTheyCannotBeUsed) {
  Numbered on;
  on.Numbers(ValueSet::Range({Scalar(on.Number(81)), true, std::nullopt, true}));
  Outcome out = Read(*on.connector, on.request);
  EXPECT_EQ(out.rows, 110) << "two shards: which of them has the number?";
  EXPECT_EQ(out.numbers.size(), 30u);
  EXPECT_EQ(Numbered::LineOf(out).pushdown, Pushdown::kNot);
  on.Shard(kShard0);
  for (const char* const text : {"5", "x", "", "4966500000000000000000000000000000000000000000000100008x"}) {
    on.Numbers(ValueSet::Range({Scalar(std::string(text)), true, std::nullopt, true}));
    out = Read(*on.connector, on.request);
    EXPECT_EQ(out.rows, 100) << text;
    EXPECT_EQ(Numbered::LineOf(out).pushdown, Pushdown::kNot) << text;
  }
}

TEST(StreamNumbers, ThatTheServiceHasNotIssuedAreReadFromTheOldestRecord) {
  for (const char* const code : {"InvalidArgumentException", "ResourceNotFoundException"}) {
    Numbered on;
    on.Shard(kShard0);
    on.Numbers(ValueSet::Range({Scalar(on.Number(81)), true, std::nullopt, true}));
    on.stream.Script("GetShardIterator", Refused(code));
    const Outcome out = Read(*on.connector, on.request);
    EXPECT_EQ(out.rows, 100) << code;
    EXPECT_EQ(out.numbers.size(), 20u);
    EXPECT_THAT(out.certificates[0].notes, testing::Contains(HasSubstr("the service takes no iterator at number " + on.Number(81))));
  }
}

TEST(StreamNumbers, ChangeNoRowHoweverLongTheyAre) {
  std::mt19937 random(7);
  int pushed = 0;
  for (const bool long_ones : {false, true}) {
    TestStream stream;
    if (long_ones) stream.number_prefix = std::string("49665") + std::string(44, '0');
    stream.number_base = long_ones ? 1'000'000 : 950;  // short ones get a digit more on the way
    const std::string first = stream.number_prefix + std::to_string(stream.number_base + 1);
    stream.first_sequence = first;
    for (int i = 0; i < 100; ++i) stream.Put(kShard0, R"({"id":1})", stream.NowMs() - 40'000 + i);
    stream.Close(kShard0);
    const auto connector = stream.Connect();
    ScanRequest request;
    request.layout = connector->GetTable({}, {"default", "clicks"}).ValueOrDie().hidden;
    const std::vector<std::string> all = Read(*connector, request).numbers;
    ASSERT_EQ(all.size(), 100u);
    request.constraints.columns["_shard_id"] = ValueSet::Listed({Scalar(std::string(kShard0))});
    const auto number = [&] { return stream.number_prefix + std::to_string(stream.number_base - 10 + static_cast<int64_t>(random() % 130)); };
    for (int round = 0; round < 60; ++round) {
      ValueSet set = random() % 3 == 0 ? ValueSet::Listed({Scalar(number()), Scalar(number())})
                                       : ValueSet::Range({random() % 3 == 0 ? std::nullopt : std::optional(Scalar(number())), random() % 2 == 0,
                                                          random() % 3 == 0 ? std::nullopt : std::optional(Scalar(number())), random() % 2 == 0});
      ASSERT_TRUE(NormalizeValueSet(Type::String(), request.compare, &set).ok());
      request.constraints.columns["_sequence_number"] = set;
      std::vector<std::string> expected;
      for (const std::string& one : all) {
        if (ValueSetAllows(Type::String(), request.compare, set, Scalar(one))) expected.push_back(one);
      }
      const Outcome out = Read(*connector, request);
      EXPECT_EQ(out.numbers, expected) << "round " << round;
      for (const PushedConstraint& line : out.plan.report) pushed += line.column == "_sequence_number" && line.pushdown == Pushdown::kHint ? 1 : 0;
    }
  }
  EXPECT_GT(pushed, 40) << "the test would say nothing if nothing were used";
}

}  // namespace
}  // namespace lotic::kinesis
