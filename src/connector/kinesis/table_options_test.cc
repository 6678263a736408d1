// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/table_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connector/kinesis/start_time.h"

namespace lotic::kinesis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Options = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kArn = "arn:aws:kinesis:eu-west-1:111122223333:stream/turnstiles";

TableDefinition Definition(const Options& options, std::vector<std::string> partitioned_by = {}) {
  TableDefinition made;
  made.name = {"default", "t"};
  made.columns = {{.name = "gate_id", .type = Type::String(), .type_text = "STRING"},
                  {.name = "passengers", .type = Type::Int32(), .type_text = "INT"},
                  {.name = "passed_at", .type = Type::Timestamp(TimeUnit::kMilli, false), .type_text = "TIMESTAMP(3)"},
                  {.name = "arrived",
                   .kind = ColumnDefinition::Kind::kMetadata,
                   .type = Type::Timestamp(TimeUnit::kMilli, true),
                   .metadata_key = "timestamp",
                   .read_only = true}};
  made.partitioned_by = std::move(partitioned_by);
  made.options = options;
  return made;
}

Options Legacy(const Options& more) {
  Options made = {{"connector", "kinesis"}, {"stream", "turnstiles"}, {"aws.region", "eu-west-1"}, {"format", "json"}};
  made.insert(made.end(), more.begin(), more.end());
  return made;
}
Options New(const Options& more) {
  Options made = {{"connector", "kinesis"}, {"stream.arn", kArn}, {"aws.region", "eu-west-1"}, {"format", "json"}};
  made.insert(made.end(), more.begin(), more.end());
  return made;
}

KinesisTableOptions Parsed(const Options& options) {
  Result<KinesisTableOptions> made = ParseTableOptions(Definition(options));
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ok() ? *made : KinesisTableOptions();
}

TEST(TableOptions, OldAndNewNamesSayTheSame) {
  const KinesisTableOptions old = Parsed(Legacy({{"scan.stream.initpos", "at_timestamp"}, {"scan.stream.initpos-timestamp", "2026-08-01T02:00:00.250+02:00"}}));
  const KinesisTableOptions now = Parsed(New({{"source.init.position", "AT_TIMESTAMP"}, {"source.init.timestamp", "2026-08-01T02:00:00.250+02:00"}}));
  EXPECT_EQ(old.profile, Profile::kLegacy);
  EXPECT_EQ(now.profile, Profile::kNew);
  for (const KinesisTableOptions* options : {&old, &now}) {
    EXPECT_EQ(options->connection.stream, "turnstiles");
    EXPECT_EQ(options->connection.region, "eu-west-1");
    EXPECT_EQ(options->scan.start, ScanOptions::Start::kTime);
    EXPECT_EQ(options->scan.start_ms, 1'785'542'400'250);
    EXPECT_THAT(options->warnings, IsEmpty());
  }
  EXPECT_EQ(now.connection.arn, kArn);
}

TEST(TableOptions, TheRegionOfTheArnDecides) {
  Options options = New({});
  options[2].second = "us-east-1";
  const KinesisTableOptions made = Parsed(options);
  EXPECT_EQ(made.connection.region, "eu-west-1");
  EXPECT_THAT(made.warnings, ElementsAre("the region eu-west-1 of 'stream.arn' is used, not 'aws.region' = 'us-east-1'"));
}

TEST(TableOptions, DefaultsAreThoseOfTheManual) {
  const KinesisTableOptions made = Parsed(Legacy({}));
  EXPECT_EQ(made.scan.start, ScanOptions::Start::kLatest);
  EXPECT_EQ(made.sink.batch_records, 500u);
  EXPECT_EQ(made.sink.max_in_flight, 16u);
  EXPECT_EQ(made.sink.max_buffered, 10'000u);
  EXPECT_EQ(made.sink.batch_bytes, 5'242'880);
  EXPECT_EQ(made.sink.partitioner, SinkOptions::Partitioner::kRandom);
  EXPECT_FALSE(made.sink.fail_on_error);
}

TEST(TableOptions, OldProducerOptionsAreMappedOrIgnoredWithAWarningEach) {
  const KinesisTableOptions made = Parsed(Legacy({{"sink.producer.record-max-buffered-time", "1000"},
                                                  {"sink.producer.aggregation-enabled", "true"},
                                                  {"sink.producer.collection-max-count", "100"},
                                                  {"sink.producer.collection-max-size", "2097152"},
                                                  {"sink.producer.fail-on-error", "true"},
                                                  {"sink.fail-on-error", "false"},
                                                  {"sink.producer.verify-certificate", "true"}}));
  EXPECT_EQ(made.sink.flush_timeout, std::chrono::milliseconds(1000));
  EXPECT_EQ(made.sink.batch_records, 100u);
  EXPECT_EQ(made.sink.batch_bytes, 2'097'152);
  EXPECT_FALSE(made.sink.fail_on_error) << "the new name wins";
  EXPECT_FALSE(made.connection.trust_all_certificates);
  EXPECT_THAT(made.warnings, ElementsAre(HasSubstr("record-max-buffered-time"), HasSubstr("aggregation-enabled' does nothing since Flink 1.15"),
                                         HasSubstr("Flink takes it for another quantity"), HasSubstr("Flink takes it for another quantity"),
                                         HasSubstr("does nothing beside 'sink.fail-on-error'"), HasSubstr("'aws.trust.all.certificates' = 'false'")));
}

TEST(TableOptions, TheOldProducersEndpointIsUsedWhereNoneIsSaid) {
  EXPECT_EQ(Parsed(Legacy({{"sink.producer.kinesis-endpoint", "localhost"}, {"sink.producer.kinesis-port", "4567"}})).connection.endpoint,
            "https://localhost:4567");
  EXPECT_EQ(Parsed(Legacy({{"sink.producer.kinesis-endpoint", "localhost"}, {"aws.endpoint", "http://127.0.0.1:1"}})).connection.endpoint,
            "http://127.0.0.1:1");
}

TEST(TableOptions, WhatDoesNothingHereIsAWarning) {
  EXPECT_THAT(Parsed(Legacy({{"scan.shard.adaptivereads", "true"}})).warnings, ElementsAre("option 'scan.shard.adaptivereads' does nothing here"));
  EXPECT_THAT(Parsed(Legacy({{"scan.shard.getrecords.backoff.expconst", "1.5"}})).warnings, ElementsAre(HasSubstr("pauses and attempts are fixed")));
  EXPECT_THAT(Parsed(Legacy({{"scan.shard.idle.interval", "-1"}})).warnings, ElementsAre(HasSubstr("does nothing here")));
  EXPECT_THAT(Parsed(Legacy({{"scan.shard.consumer.error.recoverable[0].exception", "org.example.E"}})).warnings,
              ElementsAre(HasSubstr("what is tried again is fixed")));
  EXPECT_THAT(Parsed(Legacy({{"shard.consumer.error.recoverable[0].exception", "org.example.E"}})).warnings,
              ElementsAre(HasSubstr("what is tried again is fixed")))
      << "the manual's spelling";
  EXPECT_TRUE(Parsed(Legacy({{"scan.bounded.trust-lag", "true"}})).scan.trust_lag);
}

TEST(TableOptions, AScansLimitsAreTaken) {
  const KinesisTableOptions limited = Parsed(Legacy({{"scan.parallelism", "3"}, {"scan.memory.limit", "8 mb"}, {"scan.bounded.timeout", "1 min"}}));
  EXPECT_TRUE(limited.warnings.empty());
  EXPECT_EQ(limited.scan.max_calls, 3u);
  EXPECT_EQ(limited.scan.max_held_bytes, 8 << 20);
  EXPECT_EQ(limited.scan.timeout, std::chrono::minutes(1));
  const KinesisTableOptions many = Parsed(Legacy({{"scan.parallelism", "64"}}));
  EXPECT_EQ(many.scan.max_calls, kMaxCallsInFlight);
  EXPECT_THAT(many.warnings, ElementsAre("option 'scan.parallelism': 64 is taken as 16, the most that a reader asks at once"));
}

TEST(TableOptions, FanOutCanBeDeclaredAndWrittenButNotRead) {
  const KinesisTableOptions lazy = Parsed(Legacy({{"scan.stream.recordpublisher", "EFO"}, {"scan.stream.efo.consumername", "gate-report"}}));
  EXPECT_EQ(lazy.scan.problem.code(), StatusCode::kNotImplemented);
  EXPECT_THAT(lazy.scan.problem.message(), HasSubstr("'POLLING' reads the same records"));
  EXPECT_TRUE(lazy.sink.problem.ok());
  EXPECT_EQ(
      Parsed(Legacy({{"scan.stream.recordpublisher", "EFO"}, {"scan.stream.efo.registration", "NONE"}, {"scan.stream.efo.consumerarn.turnstiles", "arn:x"}}))
          .scan.problem.code(),
      StatusCode::kNotImplemented);
  EXPECT_EQ(Parsed(New({{"source.reader.type", "efo"}, {"source.efo.consumer.name", "c"}})).scan.problem.code(), StatusCode::kNotImplemented);
}

TEST(TableOptions, CredentialsComeInBothSpellings) {
  for (const std::string prefix : {"aws.credentials.", "aws.credentials.provider."}) {
    const KinesisTableOptions made = Parsed(Legacy({{prefix + "basic.accesskeyid", "AKID"}, {prefix + "basic.secretkey", "s3cret"}}));
    EXPECT_EQ(made.connection.credentials.source, aws::CredentialsSource::kFixed) << "BASIC is what two keys mean";
    EXPECT_EQ(made.connection.credentials.fixed.secret_access_key.Reveal(), "s3cret");
  }
  const KinesisTableOptions role = Parsed(Legacy({{"aws.credentials.provider", "ASSUME_ROLE"},
                                                  {"aws.credentials.role.arn", "arn:aws:iam::444455556666:role/stream-reader"},
                                                  {"aws.credentials.role.sessionName", "gates"},
                                                  {"aws.credentials.role.externalId", "gates-42"},
                                                  {"aws.credentials.role.provider", "ENV_VAR"}}));
  EXPECT_EQ(role.connection.credentials.source, aws::CredentialsSource::kAssumeRole);
}

TEST(TableOptions, PartitionedByMakesTheKey) {
  const KinesisTableOptions made = ParseTableOptions(Definition(Legacy({{"sink.partitioner-field-delimiter", ";"}}), {"gate_id", "passengers"})).ValueOrDie();
  EXPECT_EQ(made.sink.partitioner, SinkOptions::Partitioner::kColumns);
  EXPECT_THAT(made.sink.key_columns, ElementsAre("gate_id", "passengers"));
  EXPECT_EQ(made.sink.delimiter, ";");
}

TEST(TableOptions, FormatOptionsLoseTheirPrefix) {
  const KinesisTableOptions made = Parsed(Legacy({{"json.ignore-parse-errors", "true"}}));
  EXPECT_THAT(made.format_options, ElementsAre(std::make_pair("ignore-parse-errors", "true")));
}

struct Bad {
  Options options;
  StatusCode code;
  const char* message;
  std::vector<std::string> partitioned_by = {};
};

TEST(TableOptions, WhatIsWrongIsNamed) {
  const StatusCode invalid = StatusCode::kInvalid, unbuilt = StatusCode::kNotImplemented;
  const Bad cases[] = {
      {{{"connector", "kafka"}}, invalid, "'kafka' is neither kinesis nor kinesis-legacy"},
      {{{"connector", "kinesis"}, {"format", "json"}}, invalid, "option 'stream.arn' is missing"},
      {{{"connector", "kinesis-legacy"}, {"format", "json"}}, invalid, "option 'stream' is missing"},
      {{{"connector", "kinesis-legacy"}, {"stream.arn", kArn}, {"format", "json"}}, invalid, "option 'stream' is missing"},
      {{{"connector", "kinesis"}, {"stream", "a"}, {"aws.region", "eu-west-1"}}, invalid, "option 'format' is missing"},
      {{{"connector", "kinesis"}, {"stream", "a,b"}, {"format", "json"}}, invalid, "'a,b' is no name of one stream"},
      {{{"connector", "kinesis"}, {"stream", "other"}, {"stream.arn", kArn}, {"format", "json"}}, invalid, "name two streams"},
      {{{"connector", "kinesis"}, {"stream.arn", "turnstiles"}, {"format", "json"}}, invalid, "'turnstiles' is no ARN of a stream"},
      {{{"connector", "kinesis"}, {"stream.arn", "arn:aws:kinesis:eu-west-1:1111:stream/t"}, {"format", "json"}}, invalid, "is no ARN of a stream"},
      {{{"connector", "kinesis"}, {"stream.arn", kArn}, {"format", "json"}}, invalid, "option 'aws.region' is missing"},
      {{{"connector", "kinesis"}, {"stream", "a"}, {"format", "json"}}, invalid, "it, or 'aws.endpoint', says where the stream is"},
      {{{"connector", "kinesis"}, {"stream", "a"}, {"aws.region", "Ireland"}, {"format", "json"}}, invalid, "'Ireland' is no region"},
      {Legacy({{"aws.endpoint", "ftp://x"}}), invalid, "option 'aws.endpoint'"},
      {Legacy({{"stream", "again"}}), invalid, "option 'stream' is given twice"},
      {Legacy({{"scan.stream.initposs", "LATEST"}}), invalid, "did you mean 'scan.stream.initpos'?"},
      {Legacy({{"aws.credentials.basic.secret", "s3cret"}}), invalid, "did you mean 'aws.credentials.basic.secretkey'?"},
      {Legacy({{"sink.batch.maxsize", "5"}}), invalid, "did you mean 'sink.batch.max-size'?"},
      {Legacy({{"csv.null-literal", "x"}}), invalid, "unknown option 'csv.null-literal'"},
      {Legacy({{"source.init.position", "LATEST"}}), invalid, "write 'scan.stream.initpos'"},
      {New({{"scan.stream.initpos", "LATEST"}}), invalid, "write 'source.init.position'"},
      {New({{"scan.shard.adaptivereads", "true"}}), invalid, "it has no equivalent there, leave it out"},
      {New({{"scan.list.shards.maxretries", "3"}}), invalid, "it has no equivalent there, leave it out"},
      {Legacy({{"scan.stream.initpos", "EARLIEST"}}), invalid, "'EARLIEST' is none of LATEST, TRIM_HORIZON, AT_TIMESTAMP"},
      {Legacy({{"scan.stream.initpos", "AT_TIMESTAMP"}}), invalid, "option 'scan.stream.initpos-timestamp' is missing"},
      {Legacy({{"scan.stream.initpos", "AT_TIMESTAMP"}, {"scan.stream.initpos-timestamp", "yesterday"}}), invalid, "'yesterday' is no time of the pattern"},
      {Legacy({{"scan.stream.initpos", "AT_TIMESTAMP"}, {"scan.stream.initpos-timestamp", "-5"}}), invalid, "'-5' is negative"},
      {Legacy({{"scan.stream.initpos", "AT_TIMESTAMP"}, {"scan.stream.initpos-timestamp", "1"}, {"scan.stream.initpos-timestamp-format", "Q"}}), invalid,
       "the letter 'Q'"},
      {Legacy({{"scan.stream.recordpublisher", "EFO"}}), invalid, "option 'scan.stream.efo.consumername' is missing"},
      {Legacy({{"scan.stream.recordpublisher", "EFO"}, {"scan.stream.efo.registration", "NONE"}}), invalid,
       "option 'scan.stream.efo.consumerarn.turnstiles' is missing"},
      {New({{"source.reader.type", "EFO"}}), invalid, "option 'source.efo.consumer.name' is missing"},
      {Legacy({{"scan.stream.recordpublisher", "PUSH"}}), invalid, "'PUSH' is none of POLLING, EFO"},
      {Legacy({{"scan.shard.getrecords.maxrecordcount", "10001"}}), invalid, "10001 is out of range; 1 to 10000 is expected"},
      {Legacy({{"scan.shard.getrecords.intervalmillis", "300000"}}), invalid, "300000 is out of range"},
      {Legacy({{"scan.list.shards.maxretries", "-1"}}), invalid, "-1 is out of range"},
      {Legacy({{"scan.shard.adaptivereads", "yes"}}), invalid, "'yes' is no boolean"},
      {New({{"source.shard.discovery.interval", "10 fortnights"}}), invalid, "'10 fortnights' is no duration"},
      {Legacy({{"scan.shard-assigner", "org.example.Assigner"}}), invalid, "is none of default, uniform"},
      {Legacy({{"scan.bounded.mode", "timestamp"}}), invalid, "option 'scan.bounded.timestamp' is missing"},
      {Legacy({{"scan.bounded.timestamp", "1"}}), invalid, "needs 'scan.bounded.mode' = 'timestamp'"},
      {Legacy({{"scan.bounded.timeout", "0 s"}}), invalid, "option 'scan.bounded.timeout': '0 s' leaves no time"},
      {Legacy({{"scan.parallelism", "0"}}), invalid, "option 'scan.parallelism': 0 is out of range; at least 1 is expected"},
      {Legacy({{"scan.memory.limit", "1 kb"}}), invalid, "option 'scan.memory.limit': 1 kb is out of range; at least 1048576 bytes are expected"},
      {Legacy({{"scan.memory.limit", "much"}}), invalid, "option 'scan.memory.limit': 'much' is no size of memory"},
      {Legacy({{"scan.position.store", "/p"}}), unbuilt, "leave it out"},
      {Legacy({{"sink.aggregation", "kpl"}}), unbuilt, "only 'off' is"},
      {Legacy({{"aws.credentials.provider", "BASIC"}, {"aws.credentials.basic.accesskeyid", "AKID"}}), invalid,
       "option 'aws.credentials.basic.secretkey' is missing"},
      {Legacy({{"aws.credentials.provider", "MAGIC"}}), invalid, "'MAGIC' is none of AUTO, BASIC"},
      {Legacy({{"aws.credentials.provider", "ASSUME_ROLE"}}), invalid, "option 'aws.credentials.role.arn' is missing"},
      {Legacy({{"aws.credentials.basic.secretkey", "s3cret-a"}, {"aws.credentials.provider.basic.secretkey", "s3cret-b"}}), invalid, "have two values"},
      {Legacy({{"sink.batch.max-size", "501"}}), invalid, "501 is out of range; 1 to 500 is expected"},
      {Legacy({{"sink.batch.max-size", "0"}}), invalid, "0 is out of range"},
      {Legacy({{"sink.requests.max-buffered", "500"}}), invalid, "500 must be above 'sink.batch.max-size', which is 500"},
      {Legacy({{"sink.flush-buffer.size", "1000"}}), invalid, "1000 is out of range"},
      {Legacy({{"sink.partitioner", "org.example.GatePartitioner"}}), invalid, "is no partitioner here; fixed and random are"},
      {Legacy({{"sink.partitioner", "fixed"}}), invalid, "does not go with PARTITIONED BY", {"gate_id"}},
      {Legacy({}), invalid, "there is no column 'gate'", {"gate"}},
      {Legacy({}), invalid, "column 'gate_id' is named twice", {"gate_id", "gate_id"}},
      {Legacy({}), invalid, "not of 'passed_at' TIMESTAMP(3)", {"passed_at"}},
      {Legacy({}), invalid, "column 'arrived' is not a field of the record", {"arrived"}},
      {Legacy({{"sink.ordering", "strict"}}), invalid, "'strict' is none of none, key"},
      {Legacy({{"sink.retry.backoff.min", "10 s"}}), invalid, "are no range above 0"},
      {Legacy({{"sink.producer.record-max-buffered-time", "soon"}}), invalid, "option 'sink.producer.record-max-buffered-time'"},
  };
  for (const Bad& bad : cases) {
    const Status status = ParseTableOptions(Definition(bad.options, bad.partitioned_by)).status();
    EXPECT_EQ(status.code(), bad.code) << bad.message << "\n" << status;
    EXPECT_THAT(status.message(), HasSubstr(bad.message));
    EXPECT_THAT(status.message(), testing::StartsWith("table default.t: "));
    EXPECT_THAT(status.ToString(), Not(HasSubstr("s3cret"))) << "a secret is in no message";
  }
}

TEST(StartTime, PatternsAreThoseOfSimpleDateFormat) {
  constexpr int64_t kNoon = 1'785'585'600'000;  // 2026-08-01T12:00:00Z
  struct Case {
    const char *pattern, *text;
    int64_t ms;
  };
  const Case cases[] = {
      {kDefaultTimestampPattern, "2026-08-01T12:00:00.000Z", kNoon},
      {kDefaultTimestampPattern, "2026-08-01T14:00:00.5+02:00", kNoon + 5},
      {"yyyyMMddHHmmss", "20260801120000", kNoon},
      {"dd.MM.yy h:mm a", "01.08.26 12:00 PM", kNoon},
      {"dd.MM.yy h:mm a", "01.08.26 0:00 PM", -1},
      {"EEE, d MMM yyyy HH:mm:ss Z", "Sat, 1 Aug 2026 12:00:00 +0000", kNoon},
      {"EEEE d MMMM yyyy HH 'o''clock' z", "Saturday 1 August 2026 12 o'clock GMT", kNoon},
      {"yyyy-MM-dd HH:mmX", "2026-08-01 13:00+01", kNoon},
      {"yyyy-MM-dd HH:mmXX", "2026-08-01 11:30-0030", kNoon},
      {kDefaultTimestampPattern, "2026-08-01 12:00:00", kNoon},                // SQL
      {kDefaultTimestampPattern, "2026-08-01T12:00:00.123456Z", kNoon + 123},  // ISO-8601: 123456 is no number of ms
      {kDefaultTimestampPattern, "1785585600.1239", kNoon + 123},              // seconds
      {"yyyy-MM-dd", "1785585600", kNoon},
      {"yyyy-MM-dd", "2026-13-01", -1},
      {"yyyy-MM-dd", "2026-02-30", -1},
      {"HH:mm", "24:00", -1},
      {"yyyy-MM-dd", "0000-01-01", -1},
      {kDefaultTimestampPattern, "1969-01-01T00:00:00.000Z", -1},
      {kDefaultTimestampPattern, "", -1},
      {"'open", "x", -1},
      {"XXXX", "Z", -1},
      {kDefaultTimestampPattern, "99999999999999999", -1},
      {kDefaultTimestampPattern, "1.", -1},
  };
  for (const Case& c : cases) {
    const Result<StartTime> made = ParseStartTime("k", c.text, c.pattern);
    EXPECT_EQ(made.ok() ? made->ms : -1, c.ms) << c.pattern << " of " << c.text << " " << made.status();
    EXPECT_TRUE(made.ok() || made.status().code() == StatusCode::kInvalid);
  }
  EXPECT_THAT(ParseStartTime("k", "2026-08-01 and more", "yyyy-MM-dd").ValueOrDie().warning, HasSubstr("' and more' behind the start time is ignored"));
  EXPECT_THAT(ParseStartTime("k", "2026-08-01", "yyyy-MM-dd").ValueOrDie().warning, HasSubstr("no zone and is taken as UTC"));
  EXPECT_EQ(ParseStartTime("k", "2026-08-01T12:00:00.000Z", kDefaultTimestampPattern).ValueOrDie().warning, "");
}

}  // namespace
}  // namespace lotic::kinesis
