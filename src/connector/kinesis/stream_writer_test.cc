// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/stream_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "connector/kinesis/partition_key.h"
#include "connector/kinesis/test_put_stream.h"
#include "lotic/batch_builder.h"

namespace lotic::kinesis {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kThrottled = "ProvisionedThroughputExceededException";

/// (key, data) rows of a stream without a declaration.
Batch Rows(const std::vector<std::pair<std::string, std::string>>& rows) {
  BatchBuilder builder(std::make_shared<const Schema>(Schema{{{"_partition_key", Type::String()}, {"_data", Type::Binary()}}}));
  for (const auto& [key, data] : rows) {
    builder.column(0).AppendBytes(key);
    builder.column(1).AppendBytes(data);
  }
  return builder.Finish(static_cast<int64_t>(rows.size()));
}

/// `count` rows "0", "1", … of ten keys.
Batch Numbered(int count, int from = 0) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (int i = from; i < from + count; ++i) rows.emplace_back("k" + std::to_string(i % 10), std::to_string(i));
  return Rows(rows);
}

WriteRequest Plain() { return {{"default", "clicks"}, {{{"_partition_key", Type::String()}, {"_data", Type::Binary()}}}, {}}; }

struct Writing {
  explicit Writing(TestPutStream& stream, SinkOptions options = {}, const aws::RetryClock* clock = nullptr) {
    SinkTable table = PlainStream("clicks");
    table.options = options;
    writer = OpenStreamWriter({}, stream.Client(clock), table, Plain()).ValueOrDie();
  }
  WriteReceipt Finish() { return writer->Finish({}).ValueOrDie(); }
  std::unique_ptr<TableWriter> writer;
};

std::vector<std::string> Data(const std::vector<PutEntry>& entries) {
  std::vector<std::string> data;
  for (const PutEntry& entry : entries) data.push_back(entry.data);
  return data;
}

SinkOptions OneByOne(size_t batch = 500) {
  SinkOptions options;
  options.max_in_flight = 1;
  options.batch_records = batch;
  return options;
}

TEST(StreamWriter, EveryRowIsAcknowledgedAndThere) {
  TestPutStream stream;
  Writing writing(stream);
  ASSERT_TRUE(writing.writer->Write({}, Numbered(700)).ok());
  ASSERT_TRUE(writing.writer->Write({}, Numbered(501, 700)).ok());
  const WriteReceipt receipt = writing.Finish();
  EXPECT_EQ(receipt.outcome, WriteOutcome::kCommitted) << receipt.error;
  EXPECT_EQ(receipt.acknowledged, 1201);
  EXPECT_EQ(receipt.rejected + receipt.unknown + receipt.retries, 0);
  int64_t bytes = 0;
  std::set<std::string> there;
  for (const PutEntry& entry : stream.Taken()) bytes += entry.bytes(), there.insert(entry.data);
  EXPECT_EQ(there.size(), 1201u);
  EXPECT_EQ(receipt.bytes, bytes);
  for (const auto& request : stream.Requests()) EXPECT_LE(request.size(), 500u);
}

TEST(StreamWriter, ARequestKeepsWithinTheBytesOfTheService) {
  TestPutStream stream;
  SinkOptions options = OneByOne();
  options.batch_bytes = 1 << 20;
  Writing writing(stream, options);
  std::vector<std::pair<std::string, std::string>> rows;
  for (int i = 0; i < 12; ++i) rows.emplace_back("key", std::string(250'000, static_cast<char>('a' + i)));
  ASSERT_TRUE(writing.writer->Write({}, Rows(rows)).ok());
  EXPECT_EQ(writing.Finish().acknowledged, 12);
  EXPECT_EQ(Data(stream.Taken()).size(), 12u);
  ASSERT_EQ(stream.Requests().size(), 3u);
  for (const auto& request : stream.Requests()) {
    int64_t bytes = 0;
    for (const PutEntry& entry : request) bytes += entry.bytes();
    EXPECT_LE(bytes, 1 << 20);
  }
}

TEST(StreamWriter, RefusedRowsGoFirstAndInTheirOrder) {
  TestPutStream stream;
  stream.refuse = [](size_t call, size_t index, const PutEntry&) { return call == 0 && index % 2 == 1 ? kThrottled : ""; };
  Writing writing(stream, OneByOne(4));
  ASSERT_TRUE(writing.writer->Write({}, Numbered(6)).ok());
  const WriteReceipt receipt = writing.Finish();
  EXPECT_EQ(receipt.acknowledged, 6) << receipt.error;
  EXPECT_EQ(receipt.retries, 2);
  EXPECT_FALSE(receipt.duplicates_possible) << "what the service refused is not there";
  ASSERT_EQ(stream.Requests().size(), 2u);
  EXPECT_THAT(Data(stream.Requests()[1]), ElementsAre("1", "3", "4", "5"));
  EXPECT_EQ(stream.stream.time.passed_ms, 50) << "half of 100 ms, by a chance of 0.5";
}

TEST(StreamWriter, WithRandomRefusalsEveryRowIsThereOnce) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (const bool ordered : {false, true}) {
    TestPutStream stream;
    std::mt19937 random(seed);
    stream.refuse = [&](size_t, size_t, const PutEntry&) { return random() % 4 == 0 ? (random() % 2 == 0 ? kThrottled : "InternalFailure") : ""; };
    SinkOptions options;
    options.batch_records = 40;
    options.max_buffered = 100;
    options.max_in_flight = 4;
    options.ordered_by_key = ordered;
    Writing writing(stream, options);
    for (int i = 0; i < 2'000; i += 100) ASSERT_TRUE(writing.writer->Write({}, Numbered(100, i)).ok());
    const WriteReceipt receipt = writing.Finish();
    EXPECT_EQ(receipt.outcome, WriteOutcome::kCommitted) << receipt.error;
    EXPECT_EQ(receipt.acknowledged, 2'000);
    EXPECT_GT(receipt.retries, 0);
    std::map<std::string, std::vector<int>> by_key;
    std::set<std::string> once;
    for (const PutEntry& entry : stream.Taken()) {
      by_key[entry.key].push_back(std::stoi(entry.data));
      EXPECT_TRUE(once.insert(entry.data).second) << entry.data;
    }
    EXPECT_EQ(once.size(), 2'000u);
    if (!ordered) continue;
    for (const auto& [key, numbers] : by_key) EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end())) << key;
    for (const auto& request : stream.Requests()) {
      std::set<std::string> keys;
      for (const PutEntry& entry : request) EXPECT_TRUE(keys.insert(entry.key).second) << "one row of a key in a request";
    }
  }
}

TEST(StreamWriter, ALostAnswerIsUnknownAndNotAskedAgain) {
  struct Loss {
    TestPutStream::Instead instead;
    const char* what;
  };
  for (const Loss& loss :
       {Loss{{{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"}, true}, "cut"}, Loss{{{.body = "{\"Records\":[]}"}, true}, "other records"},
        Loss{{{.body = "<html>"}, false}, "no JSON"}, Loss{{{.hang = true}, true}, "time out"}}) {
    SCOPED_TRACE(loss.what);
    TestPutStream stream;
    stream.instead = [&](size_t call) { return call == 1 ? std::optional(loss.instead) : std::nullopt; };
    SinkOptions options = OneByOne(3);
    options.request_timeout = milliseconds(300);
    Writing writing(stream, options);
    (void)writing.writer->Write({}, Numbered(10));
    const WriteReceipt receipt = writing.Finish();
    EXPECT_EQ(receipt.outcome, WriteOutcome::kUnknown);
    EXPECT_EQ(receipt.acknowledged, 3);
    EXPECT_EQ(receipt.unknown, 3);
    EXPECT_EQ(receipt.rejected, 4);
    EXPECT_FALSE(receipt.error.ok());
    EXPECT_THAT(receipt.notes, ElementsAre(HasSubstr("of 3 rows it is unknown whether they were written")));
    EXPECT_EQ(stream.Requests().size(), 2u) << "it is not sent again as if nothing had happened";
  }
}

TEST(StreamWriter, AThrottledRequestIsSentAgainAndAFailingServiceMayLeaveDuplicates) {
  for (const bool failing : {false, true}) {
    TestPutStream stream;
    stream.instead = [&](size_t call) -> std::optional<TestPutStream::Instead> {
      if (call >= 2) return std::nullopt;
      return TestPutStream::Instead{
          {.status = failing ? 503 : 400, .body = failing ? R"({"__type":"ServiceUnavailable"})" : R"({"__type":"LimitExceededException"})"}, false};
    };
    Writing writing(stream, OneByOne());
    ASSERT_TRUE(writing.writer->Write({}, Numbered(5)).ok());
    const WriteReceipt receipt = writing.Finish();
    EXPECT_EQ(receipt.outcome, WriteOutcome::kCommitted) << receipt.error;
    EXPECT_EQ(receipt.acknowledged, 5);
    EXPECT_EQ(receipt.retries, 10);
    EXPECT_EQ(receipt.duplicates_possible, failing);
    EXPECT_EQ(receipt.notes.size(), failing ? 1u : 0u);
  }
}

TEST(StreamWriter, AServiceThatFailsToTheEndLeavesRowsUnknown) {
  TestPutStream stream;
  stream.instead = [](size_t) { return TestPutStream::Instead{{.status = 500, .body = R"({"__type":"InternalFailure"})"}, false}; };
  SinkOptions options = OneByOne();
  options.retry_timeout = milliseconds(10'000);
  Writing writing(stream, options);
  (void)writing.writer->Write({}, Numbered(5));
  const WriteReceipt receipt = writing.Finish();
  EXPECT_EQ(receipt.outcome, WriteOutcome::kUnknown);
  EXPECT_EQ(receipt.unknown, 5);
}

TEST(StreamWriter, RefusalsEndWithTheRetryTimeout) {
  TestPutStream stream;
  stream.refuse = [](size_t, size_t, const PutEntry& entry) { return entry.data == "2" ? kThrottled : ""; };
  SinkOptions options = OneByOne();
  options.retry_timeout = milliseconds(60'000);
  Writing writing(stream, options);
  ASSERT_TRUE(writing.writer->Write({}, Numbered(4)).ok());
  const WriteReceipt receipt = writing.Finish();
  EXPECT_EQ(receipt.outcome, WriteOutcome::kPartial);
  EXPECT_EQ(receipt.acknowledged, 3);
  EXPECT_EQ(receipt.rejected, 1);
  EXPECT_EQ(receipt.error.code(), StatusCode::kThrottled);
  EXPECT_THAT(receipt.error.message(), HasSubstr("the first refusal was ProvisionedThroughputExceededException"));
  EXPECT_GE(stream.stream.time.passed_ms, 60'000);
  EXPECT_LE(stream.Requests().size(), 40u) << "pauses grow up to 5 s";
}

TEST(StreamWriter, WhatWillNeverBeTakenEndsAtOnce) {
  struct Case {
    const char* code;
    StatusCode status;
  };
  for (const Case& c : {Case{"ResourceNotFoundException", StatusCode::kNotFound}, Case{"AccessDeniedException", StatusCode::kUnauthorized},
                        Case{"ValidationException", StatusCode::kInvalid}}) {
    TestPutStream stream;
    stream.instead = [&](size_t) {
      return TestPutStream::Instead{{.status = 400, .body = std::string(R"({"__type":")") + c.code + R"(","message":"scripted"})"}, false};
    };
    Writing writing(stream, OneByOne());
    (void)writing.writer->Write({}, Numbered(4));
    const WriteReceipt receipt = writing.Finish();
    EXPECT_EQ(receipt.outcome, WriteOutcome::kAborted);
    EXPECT_EQ(receipt.rejected, 4);
    EXPECT_EQ(receipt.error.code(), c.status) << receipt.error;
    EXPECT_EQ(stream.Requests().size(), 1u);
  }
  TestPutStream stream;
  stream.refuse = [](size_t, size_t index, const PutEntry&) { return index == 1 ? "KMSDisabledException" : ""; };
  Writing writing(stream, OneByOne());
  (void)writing.writer->Write({}, Numbered(4));
  const WriteReceipt receipt = writing.Finish();
  EXPECT_EQ(receipt.outcome, WriteOutcome::kPartial);
  EXPECT_EQ(receipt.acknowledged, 3);
  EXPECT_THAT(receipt.error.message(), HasSubstr("KMSDisabledException"));
}

TEST(StreamWriter, FailOnErrorEndsWithTheFirstRefusal) {
  TestPutStream stream;
  stream.refuse = [](size_t, size_t index, const PutEntry&) { return index == 1 ? kThrottled : ""; };
  SinkOptions options = OneByOne();
  options.fail_on_error = true;
  Writing writing(stream, options);
  (void)writing.writer->Write({}, Numbered(4));
  const WriteReceipt receipt = writing.Finish();
  EXPECT_EQ(receipt.acknowledged, 3);
  EXPECT_EQ(receipt.rejected, 1);
  EXPECT_THAT(receipt.error.message(), HasSubstr("'sink.fail-on-error'"));
}

TEST(StreamWriter, ARowThatIsTooLargeIsNamed) {
  for (const int kib : {0, 2}) {
    TestPutStream stream;
    stream.max_record_kib = kib;
    Writing writing(stream, OneByOne(1));
    const size_t limit = kib == 0 ? 1 << 20 : 2 << 10;
    ASSERT_TRUE(writing.writer->Write({}, Rows({{"key", std::string(limit - 3, 'x')}})).ok()) << "data and key fill it";
    const Status large = writing.writer->Write({}, Rows({{"key", "small"}, {"key", std::string(limit - 2, 'x')}}));
    EXPECT_EQ(large.code(), StatusCode::kCapacityError);
    EXPECT_THAT(large.message(), HasSubstr("row 3: a record of " + std::to_string(limit + 1) + " bytes with its key"));
    const WriteReceipt receipt = writing.Finish();
    EXPECT_EQ(receipt.acknowledged + receipt.rejected, 3);
    EXPECT_GE(receipt.rejected, 1);
    EXPECT_EQ(receipt.acknowledged, static_cast<int64_t>(stream.Taken().size()));
    EXPECT_EQ(receipt.outcome, receipt.acknowledged > 0 ? WriteOutcome::kPartial : WriteOutcome::kAborted);
  }
}

TEST(StreamWriter, AWriterThatIsGivenUpWaitsShortlyForWhatIsUnderWay) {
  TestPutStream stream;
  stream.instead = [](size_t call) { return call == 0 ? std::optional(TestPutStream::Instead{{.hang = true}, true}) : std::nullopt; };
  SinkOptions options = OneByOne(2);
  options.abandon_wait = milliseconds(100);
  Writing writing(stream, options);
  ASSERT_TRUE(writing.writer->Write({}, Numbered(3)).ok());
  const auto begun = std::chrono::steady_clock::now();
  const WriteReceipt receipt = writing.writer->Abandon();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(3));
  EXPECT_EQ(receipt.acknowledged, 0);
  EXPECT_EQ(receipt.acknowledged + receipt.unknown + receipt.rejected, 3);
  EXPECT_EQ(receipt.unknown, static_cast<int64_t>(stream.Taken().size())) << "what was under way may be there; what was not sent is not";
  EXPECT_EQ(receipt.error.code(), StatusCode::kCancelled);
}

TEST(StreamWriter, AWriterThatWaitsForRoomEndsByStopAndDeadline) {
  for (const bool stop : {true, false}) {
    TestPutStream stream;
    stream.instead = [](size_t) { return TestPutStream::Instead{{.hang = true}, false}; };
    SinkOptions options = OneByOne(2);
    options.max_buffered = 4;
    options.abandon_wait = milliseconds(50);
    Writing writing(stream, options);
    std::stop_source source;
    CallContext ctx;
    ctx.stop = source.get_token();
    if (!stop) ctx.deadline = std::chrono::steady_clock::now() + milliseconds(100);
    std::jthread stopper([&] {
      if (stop) stream.stream.WaitUntilHanging(), source.request_stop();
    });
    const Status status = writing.writer->Write(ctx, Numbered(20));
    EXPECT_EQ(status.code(), stop ? StatusCode::kCancelled : StatusCode::kDeadlineExceeded) << status;
    const WriteReceipt receipt = writing.writer->Finish(ctx).ValueOrDie();
    EXPECT_EQ(receipt.acknowledged, 0);
    EXPECT_EQ(receipt.unknown, 2);
    EXPECT_EQ(receipt.rejected, 18);
  }
}

TEST(StreamWriter, RowsThatAreFewAreSentAfterAWhile) {
  TestPutStream stream;
  SinkOptions options = OneByOne();
  options.flush_timeout = milliseconds(20);
  Writing writing(stream, options, &aws::RetryClock::System());
  ASSERT_TRUE(writing.writer->Write({}, Numbered(1)).ok());
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (stream.Taken().empty() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  EXPECT_EQ(stream.Taken().size(), 1u) << "nobody called Finish";
  EXPECT_EQ(writing.Finish().acknowledged, 1);
}

TEST(StreamWriter, AStreamWithoutADeclarationIsWrittenAsItIs) {
  TestPutStream stream;
  const auto connector = stream.stream.Connect();
  auto* const sink = dynamic_cast<TableSink*>(connector.get());
  ASSERT_NE(sink, nullptr);
  EXPECT_EQ(sink->WritableColumns({}, {"default", "clicks"}).ValueOrDie().fields.size(), 2u);
  EXPECT_EQ(sink->WritableColumns({}, {"default", "clikcs"}).status().code(), StatusCode::kNotFound);
  auto writer = sink->OpenWriter({}, Plain()).ValueOrDie();
  ASSERT_TRUE(writer->Write({}, Rows({{"k", std::string("\0\xff", 2)}})).ok());
  EXPECT_EQ(writer->Finish({}).ValueOrDie().acknowledged, 1);
  EXPECT_EQ(stream.Taken()[0].data, std::string("\0\xff", 2));
}

TEST(StreamWriter, NullAndMissingKeysOfAPlainStreamAreRandom) {
  TestPutStream stream;
  BatchBuilder builder(std::make_shared<const Schema>(Plain().columns));
  for (int i = 0; i < 3; ++i) {
    i == 0 ? builder.column(0).AppendBytes("given") : builder.column(0).AppendNull();
    builder.column(1).AppendBytes("data");
  }
  Writing writing(stream, OneByOne());
  ASSERT_TRUE(writing.writer->Write({}, builder.Finish(3)).ok());
  EXPECT_EQ(writing.Finish().acknowledged, 3);
  const std::vector<PutEntry> taken = stream.Taken();
  EXPECT_EQ(taken[0].key, "given");
  EXPECT_THAT(taken[1].key, testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_NE(taken[1].key, taken[2].key);
}

TEST(StreamWriter, WhatTheRequestGetsWrongIsNamed) {
  TestPutStream stream;
  const auto open = [&](Schema columns, std::vector<std::pair<std::string, std::string>> constants = {}) {
    return OpenStreamWriter({}, stream.Client(), PlainStream("clicks"), {{"default", "clicks"}, std::move(columns), std::move(constants)}).status().message();
  };
  EXPECT_THAT(open({{{"_dat", Type::Binary()}}}), HasSubstr("no column '_dat' that can be written; did you mean '_data'?"));
  EXPECT_THAT(open({{{"_data", Type::String()}}}), HasSubstr("column '_data' is VARBINARY, and the rows have VARCHAR"));
  EXPECT_THAT(open({{{"_data", Type::Binary()}, {"_data", Type::Binary()}}}), HasSubstr("named twice"));
  EXPECT_THAT(open({{{"_partition_key", Type::String()}}}), HasSubstr("column '_data' is NOT NULL and must be given"));
  EXPECT_THAT(open({{{"_data", Type::Binary()}}}, {{"_partition_key", "x"}}), HasSubstr("not PARTITIONED BY it"));
  EXPECT_TRUE(stream.Requests().empty());
  EXPECT_EQ(OpenStreamWriter({}, stream.Client(), PlainStream("no-such"), Plain()).status().code(), StatusCode::kNotFound);
  Writing writing(stream);
  EXPECT_THAT(writing.writer->Write({}, Rows({{"", "x"}})).message(), HasSubstr("row 1: empty partition key"));
  Writing longer(stream);
  EXPECT_THAT(longer.writer->Write({}, Rows({{"ok", "x"}, {std::string(257, 'k'), "x"}})).message(), HasSubstr("row 2: a partition key of 257 characters"));
}

TEST(PutAnswer, WhatCannotBeReadIsAnError) {
  for (const char* const body :
       {"", "[]", "{}", "null", R"({"Records":{}})", R"({"Records":[]})", R"({"Records":[{}]})", R"({"Records":[7]})", R"({"Records":[{"ErrorCode":7}]})",
        R"({"Records":[{"ShardId":"s"}]})", R"({"Records":[{"ShardId":"s","SequenceNumber":1}]})",
        R"({"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]})", R"({"Records":[{"SequenceNumber":"1")", R"({"Records":[[[[[[[[[[[]]]]]]]]]]]})"}) {
    EXPECT_EQ(ParsePutAnswer(body, 1).status().code(), StatusCode::kIOError) << body;
  }
  const std::vector<PutResult> good =
      ParsePutAnswer(
          R"({"FailedRecordCount":1,"New":null,"Records":[{"SequenceNumber":"1","ShardId":"s","ErrorCode":null},{"ErrorCode":"InternalFailure","ErrorMessage":"m"}]})",
          2)
          .ValueOrDie();
  EXPECT_EQ(good[0].error_code, "");
  EXPECT_EQ(good[1].error_code, "InternalFailure");
  for (const char* const body : {"{}", R"({"StreamDescriptionSummary":7})", R"({"StreamDescriptionSummary":{"StreamName":"s"}})",
                                 R"({"StreamDescriptionSummary":{"StreamName":"s","StreamARN":"a","MaxRecordSizeInKiB":-1}})",
                                 R"({"StreamDescriptionSummary":{"StreamName":"s","StreamARN":"a","MaxRecordSizeInKiB":1e300}})"}) {
    EXPECT_EQ(ParseWriteTarget(body).status().code(), StatusCode::kIOError) << body;
  }
}

TEST(PartitionKey, IsPutTogetherAndCutAsFlinkDoes) {
  const auto key = [](const std::vector<std::string>& texts, const char* delimiter = "|") {
    KeyFromColumns made(delimiter);
    for (const std::string& text : texts) {
      if (!made.Add(text)) break;
    }
    return made.Finish();
  };
  EXPECT_EQ(key({"north-1", "7"}, ";"), "north-1;7");
  EXPECT_EQ(key({"", ""}), "|");
  EXPECT_EQ(key({""}), "");
  EXPECT_EQ(key({std::string(255, 'x'), "later"}), std::string(255, 'x'));
  EXPECT_EQ(key({std::string(254, 'x'), "y", "later"}), std::string(254, 'x') + "|y");
  EXPECT_EQ(key({std::string(300, 'x'), "later"}), std::string(256, 'x'));
  EXPECT_EQ(key({std::string(255, 'x') + "\xf0\x9f\x90\x98"}), std::string(255, 'x')) << "no half of a pair";
  EXPECT_EQ(key({"a", "b"}, ""), "ab");
}

}  // namespace
}  // namespace lotic::kinesis
