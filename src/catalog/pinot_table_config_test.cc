// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_table_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

namespace lotic::catalog {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// The shape of the published guide to streams: the old place, classes of an old package.
constexpr char kGuide[] = R"({"tableName": "events", "tableType": "REALTIME",
  "segmentsConfig": {"timeColumnName": "ts", "schemaName": "events", "replicasPerPartition": "1"}, "tenants": {},
  "tableIndexConfig": {"loadMode": "MMAP", "streamConfigs": {"streamType": "kafka", "stream.kafka.consumer.type": "lowlevel", "stream.kafka.topic.name": "events",
    "stream.kafka.decoder.class.name": "org.apache.pinot.plugin.stream.kafka.KafkaJSONMessageDecoder",
    "stream.kafka.consumer.factory.class.name": "org.apache.pinot.plugin.stream.kafka20.KafkaConsumerFactory", "stream.kafka.broker.list": "kafka:9092",
    "realtime.segment.flush.threshold.rows": "0", "realtime.segment.flush.threshold.time": "24h", "realtime.segment.flush.threshold.segment.size": "50M",
    "stream.kafka.consumer.prop.auto.offset.reset": "smallest"}},
  "metadata": {"customConfigs": {}}})";

constexpr char kNewPlace[] =
    R"json({"tableName": "clicks_REALTIME", "tableType": "realtime", "tenants": {}, "tableIndexConfig": {"nullHandlingEnabled": true}, "metadata": {},
  "segmentsConfig": {"timeColumnName": "ts", "replication": "1", "retentionTimeUnit": "DAYS", "retentionTimeValue": "7"}, "query": {"timeoutMs": "2000"},
  "ingestionConfig": {"streamIngestionConfig": {"streamConfigMaps": [{"streamType": "kafka", "stream.kafka.topic.name": "clicks", "stream.kafka.broker.list": "b1:9092,b2:9092",
      "stream.kafka.decoder.class.name": "org.apache.pinot.plugin.inputformat.json.JSONMessageDecoder", "stream.kafka.metadata.populate": "true",
      "stream.kafka.consumer.prop.auto.offset.reset": "smallest", "realtime.segment.flush.threshold.rows": "0", "realtime.segment.flush.threshold.segment.size": "150M"}]},
    "transformConfigs": [{"columnName": "minute", "transformFunction": "dateTrunc('MINUTE', ts)"}], "filterConfig": {"filterFunction": "strcmp(kind, 'heartbeat') = 0"}, "continueOnError": true}})json";

Parsed<PinotTableConfig> Parse(const std::string& text, const VariableLookup& variables = nullptr) {
  auto parsed = ParsePinotTableConfig(text, variables);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? *parsed : Parsed<PinotTableConfig>{};
}

/// The preferred table with other keys in its stream; null takes one away.
std::string WithStream(const json& patch) {
  json table = json::parse(kNewPlace);
  table["ingestionConfig"]["streamIngestionConfig"]["streamConfigMaps"][0].merge_patch(patch);
  return table.dump();
}

TEST(PinotTableConfig, ReadsThePublishedGuidesTableWithoutAWarning) {
  const auto parsed = Parse(kGuide);
  EXPECT_THAT(parsed.warnings, IsEmpty());
  EXPECT_EQ(parsed.unrecognized, "{}");
  const PinotTableConfig& table = parsed.value;
  EXPECT_EQ(table.raw_name, "events");
  EXPECT_EQ(table.NameWithType(), "events_REALTIME");
  EXPECT_EQ(table.time_column, "ts");
  EXPECT_EQ(table.retention_ms, std::nullopt);
  EXPECT_EQ(table.deleted_retention_ms, 7LL * 86'400'000);
  EXPECT_EQ(table.stream.decoder_class, "JSONMessageDecoder");
  EXPECT_EQ(table.stream.topic, "events");
  EXPECT_EQ(table.stream.start.kind, OffsetCriteria::Kind::kSmallest);
  EXPECT_EQ(table.stream.isolation, StreamConfig::Isolation::kReadUncommitted);
  EXPECT_TRUE(table.stream.flush.by_size());
  EXPECT_EQ(table.stream.flush.segment_bytes, 50LL << 20);
  EXPECT_EQ(table.stream.flush.time_ms, 86'400'000);
  EXPECT_THAT(table.stream.client_properties, ElementsAre(Pair("bootstrap.servers", "kafka:9092")));
}

TEST(PinotTableConfig, ReadsThePreferredPlace) {
  const auto parsed = Parse(kNewPlace);
  EXPECT_THAT(parsed.warnings, IsEmpty());
  const PinotTableConfig& table = parsed.value;
  EXPECT_EQ(table.raw_name, "clicks");
  EXPECT_EQ(table.retention_ms, 7LL * 86'400'000);
  EXPECT_TRUE(table.null_handling && table.continue_on_error && table.stream.metadata_populate);
  EXPECT_FALSE(table.row_time_value_check || table.strict_numbers);
  EXPECT_EQ(table.query_timeout_ms, 2000);
  EXPECT_EQ(table.filter, "strcmp(kind, 'heartbeat') = 0");
  EXPECT_THAT(table.transforms, ElementsAre(PinotTransform{"minute", "dateTrunc('MINUTE', ts)"}));
}

TEST(PinotTableConfig, TheDocumentIsInPinotsOrderWithDefaultsFilledIn) {
  const auto parsed = Parse(
      R"({"color": "red", "tableIndexConfig": {"bloomFilterColumns": null, "streamConfigs": {"streamType": "kafka", "stream.kafka.topic.name": "t", "stream.kafka.broker.list": "b:1",
    "stream.kafka.decoder.class.name": "JSONMessageDecoder"}}, "tenants": {"server": "mine"}, "segmentsConfig": {"timeColumnName": "ts"}, "tableType": "realtime", "tableName": "t", "ingestionConfig": {}})");
  EXPECT_EQ(parsed.value.document, R"({
  "tableName": "t_REALTIME",
  "tableType": "REALTIME",
  "segmentsConfig": {
    "timeColumnName": "ts",
    "replication": "1"
  },
  "tenants": {
    "server": "mine",
    "broker": "DefaultTenant"
  },
  "tableIndexConfig": {
    "streamConfigs": {
      "streamType": "kafka",
      "stream.kafka.topic.name": "t",
      "stream.kafka.broker.list": "b:1",
      "stream.kafka.decoder.class.name": "JSONMessageDecoder"
    },
    "loadMode": "MMAP",
    "nullHandlingEnabled": false
  },
  "metadata": {},
  "ingestionConfig": {
    "continueOnError": false,
    "rowTimeValueCheck": false,
    "segmentTimeValueCheck": true
  },
  "isDimTable": false,
  "color": "red"
})");
  EXPECT_EQ(parsed.unrecognized, "{\n  \"color\": \"red\"\n}");
  EXPECT_THAT(parsed.warnings, ElementsAre("tenants.server has no effect: one process holds the table, there is no cluster to spread it over"));
  EXPECT_EQ(Parse(parsed.value.document).value.document, parsed.value.document);
}

TEST(PinotTableConfig, SecretsInUnknownKeysAreNotRepeated) {
  std::string json = WithStream({{"security.protocol", "PLAINTEXT"}});
  json.insert(json.find('{') + 1, R"("mine": {"list": [{"password": "hunter2", "user": "u"}], "by": {"sasl.jaas.config": "hunter3", "secret": "${S}"}},)");
  const auto parsed = Parse(json);
  EXPECT_THAT(parsed.unrecognized, testing::AllOf(HasSubstr("\"user\": \"u\""), HasSubstr("\"password\": \"******\""),
                                                  HasSubstr("\"sasl.jaas.config\": \"******\""), testing::Not(HasSubstr("hunter"))));
}

TEST(PinotTableConfig, EmptyValuesOfTheStreamAreAbsent) {
  const auto parsed = Parse(WithStream({{"schema.registry.url", ""},
                                        {"security.protocol", ""},
                                        {"ssl.truststore.location", ""},
                                        {"ssl.keystore.location", ""},
                                        {"ssl.truststore.password", ""},
                                        {"ssl.keystore.password", ""},
                                        {"ssl.key.password", ""},
                                        {"stream.kafka.decoder.prop.schema.registry.rest.url", ""},
                                        {"stream.kafka.partition.ids", ""},
                                        {"realtime.segment.flush.threshold.time", ""},
                                        {"sasl.jaas.config", ""},
                                        {"ssl.endpoint.identification.algorithm", ""}}));
  EXPECT_THAT(parsed.value.stream.client_properties, ElementsAre(Pair("bootstrap.servers", "b1:9092,b2:9092")));
  EXPECT_THAT(parsed.value.stream.files, IsEmpty());
  EXPECT_THAT(
      parsed.warnings,
      ElementsAre("ssl.endpoint.identification.algorithm is empty, which would switch off that a broker's name is checked; it is checked all the same"));
}

TEST(PinotTableConfig, ClientPropertiesGoByTheirJavaNames) {
  const auto parsed = Parse(WithStream(
      {{"security.protocol", "SASL_SSL"},
       {"sasl.mechanism", "PLAIN"},
       {"fetch.max.bytes", 1000},
       {"group.id", "mine"},
       {"max.poll.records", "5"},
       {"sasl.jaas.config", "org.apache.pinot.shaded.org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" password=\"hunter2\";"},
       {"stream.kafka.consumer.prop.client.rack", "r1"},
       {"stream.kafka.consumer.prop.request.timeout.ms", "900"},
       {"stream.kafka.consumer.prop.fetch.max.bytes", "5"},
       {"kafka.isolation.level", "read_committed"},
       {"my.own.password", "hunter3"},
       {"stream.pulsar.topic.name", "x"}}));
  EXPECT_THAT(parsed.value.stream.client_properties,
              UnorderedElementsAre(Pair("bootstrap.servers", "b1:9092,b2:9092"), Pair("security.protocol", "SASL_SSL"), Pair("sasl.mechanism", "PLAIN"),
                                   Pair("fetch.max.bytes", "1000"), Pair("request.timeout.ms", "900"),
                                   Pair("sasl.jaas.config", "PlainLoginModule required username=\"u\" password=\"hunter2\";")));
  EXPECT_EQ(parsed.unrecognized, R"({
  "ingestionConfig.streamIngestionConfig.streamConfigMaps.0.my.own.password": "******",
  "ingestionConfig.streamIngestionConfig.streamConfigMaps.0.stream.pulsar.topic.name": "x"
})");
  EXPECT_THAT(parsed.warnings,
              UnorderedElementsAre(
                  "group.id has no effect: positions are kept in the data directory, and no consumer group is joined",
                  "kafka.isolation.level has no effect: the key is stream.kafka.isolation.level",
                  "max.poll.records has no effect: buffers and sockets are sized by the process",
                  "stream.kafka.consumer.prop.client.rack has no effect: reads go to the leader",
                  "stream.kafka.consumer.prop.request.timeout.ms goes to the client as request.timeout.ms",
                  "stream.kafka.consumer.prop.fetch.max.bytes goes to the client as fetch.max.bytes",
                  "sasl.jaas.config names ScramLoginModule, and sasl.mechanism is PLAIN: the mechanism decides, the module only gives user and password"));
}

TEST(PinotTableConfig, CertificatesInPiecesBecomePem) {
  // "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n" in base64, and the bytes 1 2 3.
  const auto parsed =
      Parse(WithStream({{"security.protocol", "SSL"},
                        {"ssl.truststore.location", "/anywhere/client.jks"},
                        {"ssl.truststore.password", "p"},
                        {"stream.kafka.ssl.server.certificate", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="},
                        {"stream.kafka.ssl.client.certificate", "AQID"},
                        {"stream.kafka.ssl.client.key", "AQID"},
                        {"stream.kafka.ssl.client.key.algorithm", "RSA"}}));
  const auto& properties = parsed.value.stream.client_properties;
  EXPECT_EQ(properties.at("ssl.truststore.certificates"), "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
  EXPECT_EQ(properties.at("ssl.keystore.certificate.chain"), "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n");
  EXPECT_EQ(properties.at("ssl.keystore.key"), "-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----\n");
  EXPECT_FALSE(properties.contains("ssl.truststore.location"));
  EXPECT_THAT(parsed.value.stream.files, IsEmpty());
  EXPECT_THAT(parsed.warnings, Contains("ssl.truststore.location has no effect: stream.kafka.ssl.server.certificate is given, and no file is made of it"));
}

TEST(PinotTableConfig, VariablesAreReplacedAndNeverShown) {
  const std::map<std::string, std::string> set = {{"TOPIC", "secret-topic"}, {"PASSWORD", "hunter2"}, {"LEVEL", "hunter4"}};
  const VariableLookup variables = [&](std::string_view name) {
    return set.contains(std::string(name)) ? std::optional(set.at(std::string(name))) : std::nullopt;
  };
  const auto parsed = Parse(
      WithStream(
          {{"stream.kafka.topic.name", "${TOPIC}-${SUFFIX:eu}"}, {"ssl.truststore.password", "${PASSWORD}"}, {"client.rack", "${TOPIC}"}, {"x", "${TOPIC}"}}),
      variables);
  EXPECT_EQ(parsed.value.stream.topic, "secret-topic-eu");
  EXPECT_EQ(parsed.value.stream.client_properties.at("ssl.truststore.password"), "hunter2");
  EXPECT_THAT(parsed.value.document, HasSubstr("\"${TOPIC}-${SUFFIX:eu}\""));
  EXPECT_THAT(parsed.value.document, HasSubstr("\"${PASSWORD}\""));
  EXPECT_THAT(ShownPinotTable(parsed.value.document), HasSubstr("\"${PASSWORD}\""));
  EXPECT_THAT(parsed.unrecognized, HasSubstr("\"${TOPIC}\""));
  for (const std::string& sentence : parsed.warnings) EXPECT_THAT(sentence, Not(HasSubstr("secret-topic")));
  for (const json& patch :
       {json{{"stream.kafka.isolation.level", "${LEVEL}"}}, json{{"stream.kafka.consumer.prop.auto.offset.reset", "${LEVEL}"}},
        json{{"fetch.max.bytes", "${LEVEL}"}}, json{{"sasl.mechanism", "${LEVEL}"}}, json{{"realtime.segment.flush.threshold.time", "${LEVEL}"}},
        json{{"stream.kafka.decoder.class.name", "a.${LEVEL}"}}, json{{"streamType", "${LEVEL}"}}, json{{"stream.kafka.partition.ids", "${LEVEL}"}},
        json{{"stream.kafka.consumer.type", "${LEVEL}"}}}) {
    const Status status = ParsePinotTableConfig(WithStream(patch), variables).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << patch;
    EXPECT_THAT(status.message(), Not(HasSubstr("hunter4")));
  }
  json table = json::parse(kNewPlace);
  for (const char* const place : {"/tableName", "/tableType", "/segmentsConfig/retentionTimeUnit", "/segmentsConfig/retentionTimeValue", "/query/timeoutMs",
                                  "/quota/storage", "/tableIndexConfig/nullHandlingEnabled"}) {
    json bad = table;
    bad[json::json_pointer(place)] = "${LEVEL} 1";
    const Status status = ParsePinotTableConfig(bad.dump(), variables).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << place;
    EXPECT_THAT(status.message(), Not(HasSubstr("hunter4"))) << place;
  }
}

TEST(PinotTableConfig, WhatIsHiddenCanBeSentBack) {
  const auto stored = Parse(WithStream({{"ssl.truststore.password", "hunter2"}, {"security.protocol", "SSL"}})).value.document;
  const std::string shown = ShownPinotTable(stored);
  EXPECT_THAT(shown, Not(HasSubstr("hunter2")));
  EXPECT_THAT(shown, HasSubstr("\"ssl.truststore.password\": \"******\""));
  EXPECT_THAT(ParsePinotTableConfig(shown).status().message(), HasSubstr("ssl.truststore.password: ****** is what is shown"));
  const auto again = WithStoredSecrets(shown, stored);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(Parse(*again).value.document, stored);
}

TEST(PinotTableConfig, TheThresholdsOfAFlush) {
  const auto flush = [](const json& patch) { return Parse(WithStream(patch)).value.stream.flush; };
  const char* const rows = "realtime.segment.flush.threshold.rows";
  const char* const size = "realtime.segment.flush.threshold.segment.size";
  EXPECT_EQ(flush({{rows, nullptr}, {size, nullptr}}), FlushThresholds());
  EXPECT_TRUE(flush({{rows, nullptr}}).by_size());
  EXPECT_EQ(flush({{rows, "100"}, {size, nullptr}}).total_rows, 100);
  EXPECT_EQ(flush({{rows, nullptr}, {size, nullptr}, {"realtime.segment.flush.threshold.size", "77"}}).total_rows, 77);
  EXPECT_EQ(flush({{size, nullptr}, {"realtime.segment.flush.threshold.segment.rows", "50000"}}).segment_rows, 50000);
  EXPECT_EQ(flush({{"realtime.segment.flush.threshold.time", "3600000"}}).time_ms, 3'600'000);
  EXPECT_EQ(flush({{"realtime.segment.flush.threshold.variance.fraction", "0.25"}}).variance, 0.25);
}

TEST(OffsetCriteria, TakesAllForms) {
  const auto parse = [](std::string_view text) { return ParseOffsetCriteria(text).ValueOrDie(); };
  for (const char* const text : {"smallest", "largest", "2d", "1h30m", "2022-08-09T12:31:38.222Z", "0:100,7:250"})
    EXPECT_EQ(parse(ToString(parse(text))), parse(text)) << text;
  EXPECT_EQ(parse("EARLIEST"), parse("smallest"));
  EXPECT_EQ(parse("latest"), parse("largest"));
  EXPECT_EQ(parse("2d").ms, 172'800'000);
  EXPECT_EQ(parse("2022-08-09T12:31:38.222Z").ms, 1'660'048'298'222);
  EXPECT_THAT(parse("0:100,7:250").positions, ElementsAre(Pair(0, 100), Pair(7, 250)));
  EXPECT_THAT(Parse(WithStream({{"stream.kafka.consumer.prop.auto.offset.reset", "latest"}})).warnings,
              ElementsAre("stream.kafka.consumer.prop.auto.offset.reset: latest is taken for largest, Pinot's word for it"));
}

TEST(StreamFiles, OnlyBelowAnAllowedFolder) {
  namespace fs = std::filesystem;
  const fs::path base = fs::path(testing::TempDir()) / ("stream_files_" + std::to_string(::getpid()));
  fs::create_directories(base / "open" / "deep");
  fs::create_directories(base / "closed");
  for (const fs::path& file : {base / "open" / "deep" / "a.pem", base / "closed" / "b.pem"}) std::ofstream(file) << "x";
  fs::create_symlink(base / "closed" / "b.pem", base / "open" / "link.pem");
  fs::create_directory_symlink(base / "closed", base / "open" / "folder");
  fs::create_symlink(base / "open" / "deep", base / "open" / "short");
  std::ofstream(base / "open" / "large.pem") << std::string(kMaxNamedFileBytes + 1, 'x');
  const std::string open = (base / "open").string();
  const auto check = [&](const std::string& path, const std::vector<std::string>& folders, std::string* found = nullptr) {
    StreamConfig config = Parse(WithStream({{"ssl.truststore.location", path}})).value.stream;
    const Status status = CheckFiles(folders, &config);
    if (found != nullptr) *found = config.client_properties.at("ssl.truststore.location");
    return status.message();
  };
  std::string found;
  EXPECT_EQ(check(open + "/short/a.pem", {"/elsewhere", open + "/"}, &found), "");
  EXPECT_EQ(found, fs::canonical(base / "open" / "deep" / "a.pem").string());
  const std::string none =
      "ssl.truststore.location: files of a table's document are read below a folder that the operator allows (--allow-files DIR), and none is allowed; this "
      "one is not read";
  const std::string outside =
      "ssl.truststore.location: files of a table's document are read below a folder that the operator allows (--allow-files DIR), and this one is not below "
      "one";
  EXPECT_EQ(check(open + "/deep/a.pem", {}), none);
  EXPECT_EQ(check((base / "closed" / "b.pem").string(), {open}), outside);
  EXPECT_EQ(check((base / "closed" / "missing.pem").string(), {open}), outside);
  EXPECT_EQ(check(open + "/../closed/b.pem", {open}), outside);
  EXPECT_EQ(check(open + "x/b.pem", {open}), outside);
  EXPECT_EQ(check("a.pem", {open}), "ssl.truststore.location: expected an absolute path");
  for (const char* const path : {"/link.pem", "/folder/b.pem", "/folder/missing.pem"})
    EXPECT_THAT(check(open + path, {open}), HasSubstr(" leads out of the allowed folder ")) << path;
  EXPECT_THAT(check(open + "/missing.pem", {open}), HasSubstr("does not exist"));
  EXPECT_THAT(check(open + "/deep", {open}), HasSubstr("is no regular file"));
  EXPECT_THAT(check(open + "/large.pem", {open}), HasSubstr("has 1048577 bytes; at most 1048576 are read"));
  fs::remove_all(base);
}

TEST(PinotTableConfig, AChangeOfTheSourceNeedsAPlaceToBegin) {
  const PinotTableConfig before = Parse(kNewPlace).value;
  const PinotTableConfig after = Parse(WithStream({{"stream.kafka.topic.name", "others"}})).value;
  EXPECT_EQ(CheckTableChange(before, after, false).code(), StatusCode::kInvalid);
  EXPECT_TRUE(CheckTableChange(before, after, true).ok());
  EXPECT_TRUE(CheckTableChange(before, Parse(WithStream({{"realtime.segment.flush.threshold.time", "1h"}, {"security.protocol", "SSL"}})).value, false).ok());
}

TEST(PinotTableConfig, TableNamesLeadToOneRawName) {
  EXPECT_EQ(*RawTableName("events_REALTIME"), "events");
  EXPECT_EQ(*RawTableName("db.events"), "db.events");
  EXPECT_EQ(*RawTableName("default.events"), "events");
  EXPECT_EQ(*RawTableName("événements"), "événements");
  for (const char* const bad : {"", "_REALTIME", "a__b", "a b", "a/b", "..", "a.b.c", ".a", "a\n"})
    EXPECT_EQ(RawTableName(bad).status().code(), StatusCode::kInvalid) << bad;
}

}  // namespace
}  // namespace lotic::catalog
