// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/declared_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "connector/conformance.h"
#include "connector/kinesis/kinesis_connector.h"
#include "connector/kinesis/test_put_stream.h"
#include "lotic/batch_builder.h"
#include "lotic/constraints.h"
#include "lotic/plan_preview.h"
#include "lotic/table_writer.h"

namespace lotic::kinesis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Kind = ColumnDefinition::Kind;
using Options = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kShard0 = "shardId-000000000000";
constexpr const char* kShard1 = "shardId-000000000001";

ColumnDefinition Physical(const std::string& name, Type type, bool not_null = false) { return {.name = name, .type = std::move(type), .not_null = not_null}; }
ColumnDefinition Metadata(const std::string& name, Type type, const std::string& key, bool read_only = true) {
  return {.name = name, .kind = Kind::kMetadata, .type = std::move(type), .metadata_key = key, .read_only = read_only};
}

TableDefinition Clicks(std::vector<ColumnDefinition> columns, const Options& more = {}, const std::string& format = "json") {
  TableDefinition made;
  made.name = {"default", "t"};
  made.columns = std::move(columns);
  made.options = {{"connector", "kinesis"}, {"stream", "clicks"}, {"aws.region", "eu-west-1"}, {"format", format}};
  made.options.insert(made.options.end(), more.begin(), more.end());
  return made;
}

std::shared_ptr<Connector> Defined(const TestStream& stream, TableDefinition definition) {
  definition.options.emplace_back("aws.endpoint", stream.url());
  Result<DefinedTable> made = MakeDeclaredTable(definition, [&stream](const ConnectionOptions&) -> Result<aws::Session> { return stream.Session(); });
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ValueOrDie().connector;
}

struct Outcome {
  std::vector<std::string> rows;  // "a|b|c"
  Status status;
  std::vector<SplitCertificate> certificates;
  Prepared plan;
};

/// Reads `columns` (all of SELECT * where empty), hidden ones too.
Outcome ReadAll(Connector& connector, std::vector<std::string> columns = {}, ScanRequest request = {}) {
  Outcome out;
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  request.table = {"default", "t"};
  const TableInfo info = connector.GetTable(ctx, request.table).ValueOrDie();
  if (columns.empty()) request.layout = info.schema;
  for (const std::string& name : columns) {
    const Schema& in = info.schema.IndexOf(name) ? info.schema : info.hidden;
    request.layout.fields.push_back(in.fields[*in.IndexOf(name)]);
  }
  Result<Prepared> plan = connector.Prepare(ctx, request);
  if (!plan.ok()) return out.status = plan.status(), out;
  out.plan = *plan;
  request.token = plan->token;
  std::vector<SplitStart> starts;
  for (const Split& split : connector.Splits(ctx, request, plan->partitions, {}).ValueOrDie().splits) starts.push_back({split, split.start});
  const std::unique_ptr<Reader> reader = connector.Open(ctx, request, starts).ValueOrDie();
  for (;;) {
    const Result<ReadBatch> batch = reader->Next(ctx);
    if (!batch.ok()) return out.status = batch.status(), out;
    if (batch->runs.empty()) break;
    int64_t rows = 0;
    for (const lotic::Run& run : batch->runs) {
      rows += run.num_rows;
      if (!run.status.ok()) out.status = run.status;
    }
    EXPECT_EQ(rows, batch->rows ? batch->rows->num_rows() : 0);
    for (int64_t row = 0; row < rows; ++row) {
      std::string text;
      for (size_t c = 0; c < batch->rows->num_columns(); ++c) {
        const Column& column = batch->rows->column(c);
        text += (c == 0 ? "" : "|") + (column.type.is_nested() ? std::string("nested") : ScalarToString(column.type, ScalarAt(column, row)));
      }
      out.rows.push_back(text);
    }
  }
  for (uint32_t i = 0; i < starts.size(); ++i) out.certificates.push_back(reader->Certificate(i));
  return out;
}

class Harness final : public ConformanceHarness {
 public:
  explicit Harness(const std::string& format) {
    for (int i = 0; i < 60; ++i) {
      const std::string number = std::to_string(i), name = "n" + std::to_string(i % 7);
      Put(static_cast<size_t>(i) % 2,
          format == "json" ? R"({"id":)" + number + R"(,"name":")" + name + R"(","price":)" + number + ".5}" : number + "," + name + "," + number + ".5",
          stream_.NowMs() - 40'000 + i * 100);
    }
    row_ = format == "json" ? R"({"id":7,"name":"more","price":1.5})" : "7,more,1.5";
    connector_ = Defined(stream_, Clicks({Physical("id", Type::Int64(), true), Metadata("arrived", Type::Timestamp(TimeUnit::kMilli, true), "timestamp"),
                                          Physical("name", Type::String()), Physical("price", Type::Float64()),
                                          Metadata("at", Type::Timestamp(TimeUnit::kMicro, false), "timestamp"), Metadata("shard", Type::String(), "shard-id")},
                                         {}, format));
  }
  Connector& connector() override { return *connector_; }
  TableName table() override { return {"default", "t"}; }
  Status Append(size_t partition, int count) override {
    for (int i = 0; i < count; ++i) Put(partition, row_, stream_.NowMs());
    return Status::OK();
  }
  Status AddPartition() override {
    stream_.Put(stream_.AddShard(), row_, stream_.NowMs());
    return Status::OK();
  }

 private:
  void Put(size_t shard, const std::string& data, int64_t arrival_ms) { stream_.Put(TestStream::ShardName(shard), data, arrival_ms); }
  TestStream stream_;
  std::string row_;
  std::shared_ptr<Connector> connector_;
};

INSTANTIATE_TEST_SUITE_P(Declared, ConnectorConformance,
                         testing::Values(ConformanceCase{"json", [] { return std::make_unique<Harness>("json"); }},
                                         ConformanceCase{"csv", [] { return std::make_unique<Harness>("csv"); }}),
                         [](const auto& info) { return info.param.name; });

TEST(DeclaredTable, ColumnsComeFromThePayloadAndFromTheRecord) {
  TestStream stream;
  stream.Put(kShard1, R"({"gate":"north","n":3})", TestTime::kBeginMs - 40'000, "a key");
  const auto connector = Defined(
      stream, Clicks({Physical("gate", Type::String()), Metadata("arrived", Type::Timestamp(TimeUnit::kSecond, false), "timestamp"),
                      Metadata("as_text", Type::String(), "timestamp"), Metadata("shard", Type::String(), "shard-id"),
                      Metadata("seq", Type::String(), "sequence-number"), Metadata("key", Type::String(), "partition-key"),
                      Metadata("hash", Type::String(), "explicit-hash-key"), Metadata("stream", Type::String(), "stream"), Physical("n", Type::Int32())}));
  const Outcome out = ReadAll(*connector);
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_THAT(out.rows, ElementsAre("'north'|2026-11-30 03:16:14|'2026-11-30 03:16:14Z'|'shardId-000000000001'|'1000001'|'a key'|NULL|'clicks'|3"));
  EXPECT_THAT(ReadAll(*connector, {"n", "_data", "_shard_id"}).rows.size(), 1u) << "the stream's own columns are hidden ones";
}

TEST(DeclaredTable, PredicatesOnDeclaredMetadataPruneOrAreLeftToTheDoor) {
  TestStream stream;
  for (int i = 0; i < 20; ++i) stream.Put(i % 2 == 0 ? kShard0 : kShard1, R"({"n":)" + std::to_string(i) + "}", TestTime::kBeginMs - 40'000 + i * 1'000);
  const auto connector =
      Defined(stream, Clicks({Physical("n", Type::Int32()), Metadata("arrived", Type::Timestamp(TimeUnit::kMilli, false), "timestamp"),
                              Metadata("fine", Type::Timestamp(TimeUnit::kMicro, true), "timestamp"), Metadata("shard", Type::String(), "shard-id")}));
  ScanRequest request;
  request.constraints.columns["arrived"] = ValueSet::Range({Scalar(TestTime::kBeginMs - 40'000 + 10'000), true, std::nullopt, true});
  request.constraints.columns["shard"] = ValueSet::Listed({Scalar(std::string(kShard1))});
  request.constraints.columns["fine"] = ValueSet::All(false);
  const Outcome out = ReadAll(*connector, {"n", "arrived", "shard", "fine"}, request);
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows.size(), 5u);
  EXPECT_THAT(stream.GetRecordsTimes(kShard0), IsEmpty());
  ASSERT_EQ(out.plan.report.size(), 3u);
  for (const PushedConstraint& line : out.plan.report) EXPECT_EQ(line.pushdown, line.column == "fine" ? Pushdown::kNot : Pushdown::kExact) << line.column;
}

TEST(DeclaredTable, AConditionOnASequenceNumberBeginsThereAndIsCheckedAgain) {
  TestStream stream;
  stream.number_prefix = std::string("49665") + std::string(44, '0');
  stream.first_sequence = stream.number_prefix + "1000001";
  for (int i = 0; i < 20; ++i) stream.Put(kShard0, R"({"n":)" + std::to_string(i) + "}", TestTime::kBeginMs - 40'000 + i * 1'000);
  const auto connector = Defined(
      stream, Clicks({Physical("n", Type::Int32()), Metadata("seq", Type::String(), "sequence-number"), Metadata("shard", Type::String(), "shard-id")}));
  ScanRequest request;
  request.constraints.columns["shard"] = ValueSet::Listed({Scalar(std::string(kShard0))});
  request.constraints.columns["seq"] = ValueSet::Range({Scalar(stream.number_prefix + "1000018"), false, std::nullopt, true});
  request.limit = 1;
  const Outcome out = ReadAll(*connector, {"n", "seq", "shard"}, request);
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows.size(), 3u) << "the first of them does not fit, so that a limit must not count";
  ASSERT_EQ(out.plan.report.size(), 3u);
  for (const PushedConstraint& line : out.plan.report)
    EXPECT_EQ(line.pushdown, line.column == "seq" ? Pushdown::kHint : line.column == "shard" ? Pushdown::kExact : Pushdown::kNot) << line.column;
  CallContext ctx;
  request.table = {"default", "t"};
  request.layout = connector->GetTable(ctx, request.table)->schema;
  const Prepared plan = connector->Prepare(ctx, request).ValueOrDie();
  request.token = plan.token;
  EXPECT_EQ(connector->Splits(ctx, request, plan.partitions, {}).ValueOrDie().splits[0].residual.columns.count("seq"), 1u);
}

TEST(DeclaredTable, AnotherAccountsStreamOfThatNameIsNeitherReadNorWritten) {
  TestStream stream;
  TableDefinition definition = Clicks({Physical("id", Type::Int64())});
  definition.options = {
      {"connector", "kinesis"}, {"stream.arn", "arn:aws:kinesis:eu-west-1:999988887777:stream/clicks"}, {"aws.region", "eu-west-1"}, {"format", "json"}};
  const std::shared_ptr<Connector> connector = Defined(stream, definition);
  EXPECT_THAT(ReadAll(*connector).status.message(),
              HasSubstr("999988887777:stream/clicks', and these credentials reach 'arn:aws:kinesis:eu-west-1:111122223333"));
  auto& sink = dynamic_cast<TableSink&>(*connector);
  EXPECT_THAT(sink.OpenWriter({}, {{"default", "t"}, Schema{{{"id", Type::Int64()}}}, {}}).status().message(), HasSubstr("these credentials reach"));
  definition.options[1].second = "arn:aws:kinesis:eu-west-1:111122223333:stream/clicks";
  EXPECT_TRUE(ReadAll(*Defined(stream, definition)).status.ok());
}

TEST(DeclaredTable, APlanThatIsOnlyShownWaitsForNothing) {
  TestStream stream;
  const std::string later = std::to_string(stream.NowMs() / 1'000 + 3'600);
  const std::shared_ptr<Connector> connector =
      Defined(stream, Clicks({Physical("id", Type::Int64())}, {{"scan.bounded.mode", "timestamp"}, {"scan.bounded.timestamp", later}}));
  ScanRequest request;
  request.table = {"default", "t"};
  auto* const preview = dynamic_cast<PlanPreview*>(connector.get());
  ASSERT_NE(preview, nullptr);
  const Prepared shown = preview->Preview({}, request).ValueOrDie();
  EXPECT_EQ(stream.time.passed_ms, 0) << "its end has not passed";
  EXPECT_EQ(shown.partitions.size(), 2u);
  ASSERT_FALSE(shown.report.empty());
  EXPECT_THAT(shown.report[0].reason, HasSubstr("when the query runs"));
}

TEST(DeclaredTable, ATimeLimitAndTheCallsAtOnceAreKept) {
  TestStream stream;
  stream.OpenShards(8);
  std::atomic<int> calls{0}, most{0};
  stream.intercept = [&](const aws::TestHttpRequest& request) -> std::optional<aws::TestHttpAnswer> {
    if (request.Header("X-Amz-Target").ends_with(".GetRecords")) most = std::max(most.load(), ++calls);
    return std::nullopt;
  };
  stream.answered = [&](const std::string& operation) { calls -= operation == "GetRecords" ? 1 : 0; };
  const Outcome out = ReadAll(*Defined(stream, Clicks({Physical("id", Type::Int64())}, {{"scan.parallelism", "1"}})));
  EXPECT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(most, 1);
  stream.stuck = true;
  const Outcome late = ReadAll(*Defined(stream, Clicks({Physical("id", Type::Int64())}, {{"scan.bounded.timeout", "1 ms"}})));
  EXPECT_EQ(late.status.code(), StatusCode::kDeadlineExceeded) << late.status;
  EXPECT_THAT(late.status.message(),
              HasSubstr("'scan.bounded.timeout' has passed, after 1 ms: 0 of 8 shards were read to their end; shardId-000000000000 at "));
}

TEST(DeclaredTable, ABadRecordFailsItsShardAndNamesIt) {
  TestStream stream;
  stream.Put(kShard0, R"({"n":1})", TestTime::kBeginMs - 3'000);
  stream.Put(kShard0, R"({"n":"many"})", TestTime::kBeginMs - 2'000);
  stream.Put(kShard1, R"({"n":5})", TestTime::kBeginMs - 1'000);
  Outcome out = ReadAll(*Defined(stream, Clicks({Physical("n", Type::Int32())})));
  EXPECT_EQ(out.status.message(), "shard shardId-000000000000, record 1000002: column \"n\": value does not fit INTEGER: \"many\"");
  EXPECT_THAT(out.rows, ElementsAre("5")) << "the other shard's rows are there";
  EXPECT_EQ(out.certificates[0].reason, EndReason::kError);
  EXPECT_FALSE(out.certificates[0].complete);
  EXPECT_EQ(out.certificates[0].records.returned, 0);
  EXPECT_EQ(out.certificates[0].read_end, out.certificates[0].read_start);
  EXPECT_TRUE(out.certificates[1].complete);
  // The whole record is judged, whatever a query asks for.
  EXPECT_FALSE(ReadAll(*Defined(stream, Clicks({Physical("n", Type::Int32())})), {"_shard_id"}).status.ok());
  EXPECT_FALSE(ReadAll(*Defined(stream, Clicks({Physical("n", Type::Int32())}, {}, "raw")), {"_shard_id"}).status.ok());
  ScanRequest skip;
  skip.policy.on_error = OnError::kSkip;
  out = ReadAll(*Defined(stream, Clicks({Physical("n", Type::Int32())})), {}, skip);
  EXPECT_THAT(out.rows, UnorderedElementsAre("1", "5"));
  EXPECT_EQ(out.certificates[0].records.skipped, 1);
  EXPECT_TRUE(out.certificates[0].complete);
}

TEST(DeclaredTable, AFieldThatTheFormatIgnoresFailsOnRequest) {
  TestStream stream;
  stream.Put(kShard0, R"({"n":"many"})", TestTime::kBeginMs - 2'000);
  TableDefinition definition = Clicks({Physical("n", Type::Int32())});
  definition.options.emplace_back("json.ignore-parse-errors", "true");
  const auto connector = Defined(stream, definition);
  EXPECT_THAT(ReadAll(*connector).rows, ElementsAre("NULL"));
  ScanRequest request;
  request.policy.on_error = OnError::kSkip;
  EXPECT_THAT(ReadAll(*connector, {}, request).rows, IsEmpty());
  request.policy.on_error = OnError::kFail;
  EXPECT_THAT(ReadAll(*connector, {}, request).status.message(), HasSubstr("column \"n\": value does not fit INTEGER"));
}

TEST(DeclaredTable, ALimitIsReachedBeforeABadRecordIsMet) {
  TestStream stream;
  for (const char* const data : {R"({"n":1})", "", R"({"n":2})", "{"}) stream.Put(kShard0, data, TestTime::kBeginMs - 3'000);
  ScanRequest request;
  request.limit = 2;
  const auto connector = Defined(stream, Clicks({Physical("n", Type::Int32())}));
  const Outcome out = ReadAll(*connector, {}, request);
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_THAT(out.rows, ElementsAre("1", "2"));
  EXPECT_EQ(out.certificates[0].reason, EndReason::kLimit);
  EXPECT_EQ(out.certificates[0].records.returned, 2);
  EXPECT_EQ(out.certificates[0].records.skipped, 1);
  EXPECT_EQ(out.certificates[0].read_end.text, R"({"kind":"AFTER_SEQUENCE_NUMBER","seq":"1000003"})");
  ASSERT_TRUE(out.certificates[0].first_record && out.certificates[0].last_record);
  EXPECT_EQ(out.certificates[0].first_record->text, "1000001");
  EXPECT_EQ(out.certificates[0].last_record->text, "1000003");
  EXPECT_GT(out.certificates[0].bytes_fetched, 0);
  request.limit = 3;
  EXPECT_FALSE(ReadAll(*connector, {}, request).status.ok());
}

TEST(DeclaredTable, IgnoredParseErrorsAndEmptyRecordsAreCounted) {
  TestStream stream;
  for (const char* const data : {R"({"n":1})", R"({"n":"many"})", "{", "", R"({"m":1})"}) stream.Put(kShard0, data, TestTime::kBeginMs - 3'000);
  const Outcome out = ReadAll(*Defined(stream, Clicks({Physical("n", Type::Int32()), Physical("m", Type::Int32())}, {{"json.ignore-parse-errors", "true"}})));
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_THAT(out.rows, ElementsAre("1|NULL", "NULL|NULL", "NULL|1"));
  EXPECT_EQ(out.certificates[0].records.returned, 3);
  EXPECT_EQ(out.certificates[0].records.skipped, 2);
  EXPECT_EQ(out.certificates[0].rows, 3);
  EXPECT_EQ(out.certificates[0].undecodable_values, 1);
  EXPECT_EQ(ReadAll(*Defined(stream, Clicks({Physical("n", Type::Int32())}, {{"json.ignore-parse-errors", "true"}})), {"_shard_id"}).rows.size(), 3u)
      << "a count knows what becomes no row";
}

TEST(DeclaredTable, AListAndSeveralObjectsAreARowEach) {
  TestStream stream;
  stream.Put(kShard0, R"([{"id":1,"name":"a"}, {"id":2}])", stream.NowMs() - 40'000);
  stream.Put(kShard0, " {\"id\":3}{\"id\":4}\n {\"id\":5} ", stream.NowMs() - 39'000);
  stream.Put(kShard0, "[]", stream.NowMs() - 38'000);
  stream.Put(kShard0, R"({"id":6,"name":"z"})", stream.NowMs() - 37'000);
  const std::vector<ColumnDefinition> columns = {Physical("id", Type::Int32()), Physical("name", Type::String()),
                                                 Metadata("shard", Type::String(), "shard-id")};
  const std::string shard = std::string("|") + kShard0;
  Outcome out = ReadAll(*Defined(stream, Clicks(columns)), {"id", "name", "_sequence_number"});
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_THAT(out.rows, ElementsAre("1|'a'|'1000001'", "2|NULL|'1000001'", "3|NULL|'1000002'", "4|NULL|'1000002'", "5|NULL|'1000002'", "6|'z'|'1000004'"));
  EXPECT_EQ(out.certificates[0].rows, 6);
  EXPECT_EQ(out.certificates[0].records.returned, 3);
  EXPECT_EQ(out.certificates[0].records.skipped, 1) << "the list of nothing";
  ScanRequest two;
  two.limit = 2;
  out = ReadAll(*Defined(stream, Clicks(columns)), {"id"}, two);
  EXPECT_THAT(out.rows, ElementsAre("1", "2"));
  two.limit = 4;  // within a record
  out = ReadAll(*Defined(stream, Clicks(columns)), {"id"}, two);
  EXPECT_THAT(out.rows, ElementsAre("1", "2", "3", "4"));
  EXPECT_EQ(out.certificates[0].rows, 4);
  stream.Put(kShard0, R"([{"id":7},8])", stream.NowMs() - 36'000);
  stream.Put(kShard0, R"({"id":9} x)", stream.NowMs() - 35'000);
  stream.Put(kShard0, R"([{"id":9},{"id":10])", stream.NowMs() - 34'000);
  out = ReadAll(*Defined(stream, Clicks(columns)), {"id"});
  EXPECT_THAT(out.status.message(), AllOf(HasSubstr("record 1000005"), HasSubstr("no JSON object"))) << out.status;
  out = ReadAll(*Defined(stream, Clicks(columns, {{"json.ignore-parse-errors", "true"}})), {"id"});
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_THAT(out.rows, ElementsAre("1", "2", "3", "4", "5", "6")) << "a record with a bad row is a bad one";
  EXPECT_EQ(out.certificates[0].records.skipped, 4);
}

TEST(DeclaredTable, ADecimalThatDoesNotFitIsNullAndCounted) {
  TestStream stream;
  stream.Put(kShard0, R"({"d":12.345,"e":{"d":99}})", stream.NowMs() - 40'000);
  stream.Put(kShard0, R"({"d":"1.25","e":{"d":1}})", stream.NowMs() - 39'000);
  const std::vector<ColumnDefinition> columns = {Physical("d", Type::Decimal(2, 1)), Physical("e", Type::Struct({{"d", Type::Decimal(2, 1)}}))};
  Outcome out = ReadAll(*Defined(stream, Clicks(columns)), {"d"});
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_THAT(out.rows, ElementsAre("NULL", "1.3"));
  EXPECT_EQ(out.certificates[0].undecodable_values, 1);
  ScanRequest strict;
  strict.policy.on_error = OnError::kFail;
  out = ReadAll(*Defined(stream, Clicks(columns)), {"d"}, strict);
  EXPECT_THAT(out.status.message(), HasSubstr("value does not fit DECIMAL(2,1): 12.345")) << out.status;
  stream.Put(kShard0, R"({"d":"much"})", stream.NowMs() - 38'000);
  EXPECT_THAT(ReadAll(*Defined(stream, Clicks(columns)), {"d"}).status.message(), HasSubstr("value does not fit DECIMAL(2,1): \"much\""));
}

TEST(DeclaredTable, TheOptionsSayWhereReadingBeginsAndEnds) {
  TestStream stream;
  for (int i = 0; i < 10; ++i) stream.Put(kShard0, std::to_string(i), TestTime::kBeginMs - 20'000 + i * 1'000);
  const auto rows = [&](const Options& options) {
    const Outcome out = ReadAll(*Defined(stream, Clicks({Physical("n", Type::String())}, options, "raw")));
    EXPECT_TRUE(out.status.ok()) << out.status;
    return out.rows.size();
  };
  const std::string fifth = "1796008599.000", eighth = "1796008602.000";
  EXPECT_EQ(rows({}), 10u) << "LATEST: from the horizon, as nothing else makes sense in a bounded read";
  EXPECT_EQ(rows({{"scan.stream.initpos", "TRIM_HORIZON"}}), 10u);
  EXPECT_EQ(rows({{"scan.stream.initpos", "AT_TIMESTAMP"}, {"scan.stream.initpos-timestamp", fifth}}), 5u);
  EXPECT_EQ(rows({{"scan.bounded.mode", "timestamp"}, {"scan.bounded.timestamp", eighth}}), 8u);
  const Outcome endless = ReadAll(*Defined(stream, Clicks({Physical("n", Type::String())}, {{"scan.bounded.mode", "unbounded"}}, "raw")));
  EXPECT_EQ(endless.status.code(), StatusCode::kNotImplemented);
  EXPECT_THAT(endless.status.message(), HasSubstr("'latest' ends now"));
  const Outcome fan_out = ReadAll(
      *Defined(stream, Clicks({Physical("n", Type::String())}, {{"scan.stream.recordpublisher", "EFO"}, {"scan.stream.efo.consumername", "c"}}, "raw")));
  EXPECT_EQ(fan_out.status.code(), StatusCode::kNotImplemented);
  const TableInfo info = Defined(stream, Clicks({Physical("n", Type::String())}, {}, "raw"))->GetTable({}, {"default", "T"}).ValueOrDie();
  EXPECT_THAT(info.notes, ElementsAre(HasSubstr("from LATEST it would find nothing")));
}

/// A writer's receipt for these rows.
WriteReceipt Insert(Connector& connector, const Batch& rows, std::vector<std::pair<std::string, std::string>> constants = {}) {
  auto* const sink = dynamic_cast<TableSink*>(&connector);
  Result<std::unique_ptr<TableWriter>> writer = sink->OpenWriter({}, {{"default", "t"}, rows.schema(), std::move(constants)});
  EXPECT_TRUE(writer.ok()) << writer.status();
  (void)(*writer)->Write({}, rows);
  return (*writer)->Finish({}).ValueOrDie();
}

TEST(DeclaredTable, WhatIsWrittenIsReadBackInEveryFormat) {
  for (const std::string format : {"json", "csv", "raw"}) {
    TestPutStream stream;
    std::vector<ColumnDefinition> columns = {Physical("s", Type::String()),
                                             Physical("i", Type::Int8()),
                                             Physical("d", Type::Float64()),
                                             Physical("m", Type::Decimal(20, 5)),
                                             Physical("y", Type::Binary()),
                                             Physical("dt", Type::Date()),
                                             Physical("t", Type::Time()),
                                             Physical("ts", Type::Timestamp(TimeUnit::kMilli, false)),
                                             Physical("tz", Type::Timestamp(TimeUnit::kMicro, true))};
    if (format == "raw") columns.resize(1);
    Schema schema;
    for (const ColumnDefinition& column : columns) schema.fields.push_back({column.name, column.type});
    const auto connector = Defined(stream.stream, Clicks(columns, format == "csv" ? Options{{"csv.null-literal", "\\N"}} : Options{}, format));
    BatchBuilder builder(std::make_shared<const Schema>(schema));
    for (int i = 0; i < 20; ++i) {
      builder.column(0).AppendBytes(i == 0 ? "a \"b\", c\n" : "text " + std::to_string(i));
      if (format == "raw") continue;
      if (i % 5 == 4) {
        for (size_t c = 1; c < columns.size(); ++c) builder.column(c).AppendNull();
        continue;
      }
      builder.column(1).AppendInt64(i - 10);
      builder.column(2).AppendDouble(i / 3.0);
      builder.column(3).AppendDecimal(Int128{i} * 100'000'000'000 - 1);
      builder.column(4).AppendBytes(std::string(static_cast<size_t>(i), '\xff'));
      builder.column(5).AppendInt64(i * 1'000);
      builder.column(6).AppendInt64(i * 1'000'001);
      builder.column(7).AppendInt64(i * 86'400'123LL);
      builder.column(8).AppendInt64(i * 86'400'000'001LL);
    }
    const Batch rows = builder.Finish(20);
    const WriteReceipt receipt = Insert(*connector, rows);
    EXPECT_EQ(receipt.outcome, WriteOutcome::kCommitted) << receipt.error;
    EXPECT_EQ(receipt.acknowledged, 20);
    std::vector<std::string> expected;
    for (int64_t row = 0; row < 20; ++row) {
      std::string text;
      for (size_t c = 0; c < rows.num_columns(); ++c) text += (c == 0 ? "" : "|") + ScalarToString(rows.column(c).type, ScalarAt(rows.column(c), row));
      expected.push_back(text);
    }
    stream.stream.time.passed_ms += 10;
    const Outcome out = ReadAll(*connector);
    EXPECT_TRUE(out.status.ok()) << out.status;
    EXPECT_THAT(out.rows, testing::UnorderedElementsAreArray(expected)) << format;
  }
}

TEST(DeclaredTable, PartitionKeysComeFromColumnsConstantsAndMetadata) {
  const Schema both{{{"hour_no", Type::Int32()}, {"gate_id", Type::String()}}};
  BatchBuilder builder(std::make_shared<const Schema>(both));
  builder.column(0).AppendInt64(7);
  builder.column(1).AppendBytes("north-1");
  const Batch row = builder.Finish(1);
  const auto definition = [](const std::vector<std::string>& keys, const Options& options) {
    TableDefinition made =
        Clicks({Physical("gate_id", Type::String()), Physical("hour_no", Type::Int32()), Physical("passengers", Type::Int32())}, options, "csv");
    made.partitioned_by = keys;
    return made;
  };
  TestPutStream stream;
  EXPECT_EQ(Insert(*Defined(stream.stream, definition({"gate_id", "hour_no"}, {{"sink.partitioner-field-delimiter", ";"}})), row).acknowledged, 1);
  EXPECT_EQ(Insert(*Defined(stream.stream, definition({"passengers", "hour_no"}, {})), row).acknowledged, 1);
  const size_t hour[] = {0};
  EXPECT_EQ(Insert(*Defined(stream.stream, definition({"gate_id"}, {})), row.Select(hour), {{"gate_id", "south"}}).acknowledged, 1);
  EXPECT_EQ(Insert(*Defined(stream.stream, definition({}, {{"sink.partitioner", "fixed"}})), row).acknowledged, 1);
  const std::vector<PutEntry> taken = stream.Taken();
  EXPECT_EQ(taken[0].key, "north-1;7");
  EXPECT_EQ(taken[0].data, "north-1,7,");
  EXPECT_EQ(taken[1].key, "null|7");
  EXPECT_EQ(taken[2].key, "south");
  EXPECT_EQ(taken[2].data, "south,7,");
  EXPECT_EQ(taken[3].key, "0");

  const Schema keyed{{{"n", Type::Int32()}, {"k", Type::String()}, {"h", Type::String()}}};
  BatchBuilder with_key(std::make_shared<const Schema>(keyed));
  with_key.column(0).AppendInt64(1);
  with_key.column(1).AppendBytes("mine");
  with_key.column(2).AppendBytes("340282366920938463463374607431768211455");
  const auto table = Defined(stream.stream, Clicks({Physical("n", Type::Int32()), Metadata("k", Type::String(), "partition-key", false),
                                                    Metadata("h", Type::String(), "explicit-hash-key", false)}));
  EXPECT_EQ(Insert(*table, with_key.Finish(1)).acknowledged, 1);
  EXPECT_EQ(stream.Taken().back().key, "mine");
  EXPECT_EQ(stream.Taken().back().hash_key, "340282366920938463463374607431768211455");
  EXPECT_EQ(stream.Taken().back().data, R"({"n":1})") << "the format sees physical columns only";
}

TEST(DeclaredTable, WhatCannotBeWrittenIsNamed) {
  TestPutStream stream;
  const auto open = [&](const TableDefinition& definition, Schema columns, std::vector<std::pair<std::string, std::string>> constants = {}) {
    const auto connector = Defined(stream.stream, definition);
    return dynamic_cast<TableSink*>(connector.get())->OpenWriter({}, {{"default", "t"}, std::move(columns), std::move(constants)}).status();
  };
  const Schema n{{{"n", Type::Int32()}}};
  Status status = open(Clicks({Physical("n", Type::Int32()), Metadata("at", Type::Timestamp(TimeUnit::kMilli, true), "timestamp", false)}), n);
  EXPECT_EQ(status.code(), StatusCode::kNotImplemented);
  EXPECT_THAT(status.message(), HasSubstr("column 'at' is METADATA FROM 'timestamp', which only the service sets; declare it VIRTUAL"));
  EXPECT_THAT(open(Clicks({Physical("n", Type::Int32()), Physical("m", Type::Int32(), true)}), n).message(),
              HasSubstr("column 'm' is NOT NULL and must be given"));
  EXPECT_THAT(open(Clicks({Physical("n", Type::Int64())}), n).message(), HasSubstr("column 'n' is BIGINT, and the rows have INTEGER"));
  TableDefinition keyed = Clicks({Physical("n", Type::Int32()), Physical("g", Type::Int8())});
  keyed.partitioned_by = {"g"};
  EXPECT_THAT(open(keyed, n, {{"g", "200"}}).message(), HasSubstr("PARTITION (g = '200'): this is no TINYINT"));
  EXPECT_THAT(open(keyed, n, {{"n", "1"}}).message(), HasSubstr("PARTITION (n = …): the table is not PARTITIONED BY it"));
  EXPECT_THAT(open(keyed, n, {{"g", "1"}, {"g", "2"}}).message(), HasSubstr("PARTITION names 'g' twice"));
  BatchBuilder null(std::make_shared<const Schema>(n));
  null.column(0).AppendInt64(1);
  null.column(0).AppendNull();
  const WriteReceipt receipt = Insert(*Defined(stream.stream, Clicks({Physical("n", Type::Int32(), true)})), null.Finish(2));
  EXPECT_THAT(receipt.error.message(), HasSubstr("row 2: column 'n' is NOT NULL, and the row has NULL"));
  BatchBuilder number(std::make_shared<const Schema>(Schema{{{"n", Type::Int32()}, {"h", Type::String()}}}));
  number.column(0).AppendInt64(1);
  number.column(1).AppendBytes("340282366920938463463374607431768211456");
  EXPECT_THAT(
      Insert(*Defined(stream.stream, Clicks({Physical("n", Type::Int32()), Metadata("h", Type::String(), "explicit-hash-key", false)})), number.Finish(1))
          .error.message(),
      HasSubstr("is no explicit hash key"));
}

TEST(DeclaredTable, WhatIsWrongWithADefinitionIsNamed) {
  struct Bad {
    TableDefinition definition;
    StatusCode code;
    const char* message;
  };
  TableDefinition two_keys = Clicks({Physical("n", Type::Int32()), Metadata("k", Type::String(), "partition-key", false)});
  two_keys.partitioned_by = {"n"};
  const StatusCode invalid = StatusCode::kInvalid, unbuilt = StatusCode::kNotImplemented;
  const Bad cases[] = {
      {Clicks({Metadata("at", Type::Timestamp(TimeUnit::kMilli, true), "timestamp")}), invalid, "no column is a field of the record"},
      {Clicks({Physical("n", Type::Int32()), Metadata("x", Type::String(), "offset")}), invalid,
       "there is no metadata 'offset'; known are timestamp (TIMESTAMP_LTZ(3)), shard-id"},
      {Clicks({Physical("n", Type::Int32()), Metadata("x", Type::Int64(), "sequence-number")}), invalid,
       "METADATA FROM 'sequence-number' cannot be cast to BIGINT; declare VARCHAR"},
      {Clicks({Physical("n", Type::Int32()), Metadata("x", Type::Int64(), "timestamp")}), invalid, "declare TIMESTAMP, TIMESTAMP_LTZ or VARCHAR"},
      {Clicks({Physical("n", Type::Int32()), Metadata("x", Type::Int64(), "sub-sequence-number")}), unbuilt, "is not built yet"},
      {two_keys, invalid, "gives the partition key, and so does PARTITIONED BY"},
      {Clicks({Physical("n", Type::Int32())}, {}, "avro"), unbuilt, "format 'avro' is not built yet"},
      {Clicks({Physical("n", Type::Int32())}, {}, "jsno"), invalid, "did you mean 'json'?"},
      {Clicks({Physical("n", Type::Int32())}, {{"json.ignore-parse-errors", "maybe"}}), invalid, "'maybe' is no boolean"},
      {Clicks({Physical("n", Type::Int32()), Physical("m", Type::Int32())}, {}, "raw"), invalid, "exactly one physical column"},
  };
  for (const Bad& bad : cases) {
    const Status status =
        MakeDeclaredTable(bad.definition, [](const ConnectionOptions&) -> Result<aws::Session> { return Status::Invalid("not asked"); }).status();
    EXPECT_EQ(status.code(), bad.code) << status;
    EXPECT_THAT(status.message(), HasSubstr(bad.message));
    EXPECT_THAT(status.message(), testing::AnyOf(HasSubstr("table default.t"), HasSubstr("column '")));
  }
}

TEST(DefineKinesisTable, ConnectsByTheEnvironmentWhenItIsFirstUsed) {
  TestPutStream stream;
  stream.stream.Put(kShard0, R"({"n":1})", stream.stream.NowMs() - 3'000);
  const TableDefinition definition = Clicks({Physical("n", Type::Int32())}, {{"scan.bounded.settle", "0"}});
  for (const char* const variable : {"AWS_ENDPOINT_URL_KINESIS", "AWS_ENDPOINT_URL"}) {
    const aws::Environment environment = {{variable, stream.stream.url()}, {"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "the-secret"}};
    const DefinedTable defined = DefineKinesisTable(definition, environment).ValueOrDie();
    EXPECT_EQ(defined.table.ToString(), "default.t");
    const WriteReceipt receipt = Insert(*defined.connector, [] {
      BatchBuilder builder(std::make_shared<const Schema>(Schema{{{"n", Type::Int32()}}}));
      builder.column(0).AppendInt64(2);
      return builder.Finish(1);
    }());
    EXPECT_EQ(receipt.acknowledged, 1) << receipt.error;
  }
  const DefinedTable nobody = DefineKinesisTable(definition, {{"HOME", "/nonexistent"}}).ValueOrDie();
  EXPECT_EQ(nobody.connector->GetTable({}, {"default", "t"}).ValueOrDie().schema.fields.size(), 1u) << "a definition is looked at without credentials";
  EXPECT_EQ(ReadAll(*nobody.connector).status.code(), StatusCode::kUnauthorized);
  TableDefinition role = definition;
  role.options.insert(role.options.end(), {{"aws.credentials.provider", "ASSUME_ROLE"}, {"aws.credentials.role.arn", "arn:aws:iam::444455556666:role/reader"}});
  const Status unbuilt = ReadAll(*DefineKinesisTable(role, {}).ValueOrDie().connector).status;
  EXPECT_EQ(unbuilt.code(), StatusCode::kNotImplemented) << unbuilt;
}

}  // namespace
}  // namespace lotic::kinesis
