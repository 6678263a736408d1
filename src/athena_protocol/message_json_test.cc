// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/message_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "athena_protocol/ipc.h"
#include "athena_protocol/test_messages.h"

// The numbers are those of the conformance checks of docs/reference/athena.md.

namespace lotic::athena {
namespace {

using namespace testing;  // NOLINT: the samples
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kIdentity[] = R"({"id":"UNKNOWN","principal":"UNKNOWN","account":"1","arn":"a","tags":{},"groups":[],"configOptions":{}})";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " in " << text;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

template <typename Request>
Request Parsed(const std::string& json) {
  const Result<ParsedRequest> parsed = ParseRequest(json);
  EXPECT_TRUE(parsed.ok()) << parsed.status() << "\n" << json;
  const Request* request = parsed.ok() ? std::get_if<Request>(&parsed->request) : nullptr;
  EXPECT_NE(request, nullptr);
  return request != nullptr ? *request : Request{};
}

std::string ErrorOf(const std::string& json) {
  const Result<ParsedRequest> parsed = ParseRequest(json);
  EXPECT_FALSE(parsed.ok()) << json;
  return parsed.status().ToString();
}

std::string ListTables(const std::string& rest) {
  return R"({"@type":"ListTablesRequest","identity":)" + std::string(kIdentity) + R"(,"queryId":"q","catalogName":"lake","schemaName":"sales")" + rest + "}";
}

template <typename Request>
std::string RequestJson(int version = 6) {
  for (const FederationRequest& request : EveryRequest()) {
    if (!std::holds_alternative<Request>(request)) continue;
    FederationRequest plain = request;
    // What older versions cannot say is left out.
    const auto strip = [&](WireConstraints* constraints) {
      if (version < 6) constraints->plan.reset();
      if (version < 5) constraints->passthrough.clear();
      if (version >= 4) return;
      constraints->expressions.clear();
      constraints->order_by.clear();
      constraints->limit = -1;
    };
    if (auto* layout = std::get_if<GetTableLayoutRequest>(&plain)) strip(&layout->constraints);
    if (auto* splits = std::get_if<GetSplitsRequest>(&plain)) strip(&splits->constraints);
    if (auto* read = std::get_if<ReadRecordsRequest>(&plain)) strip(&read->constraints);
    if (auto* get = std::get_if<GetTableRequest>(&plain); get != nullptr && version < 5) get->passthrough.clear();
    const Result<std::string> json = WriteRequest(plain, version);
    EXPECT_TRUE(json.ok()) << json.status();
    return json.ok() ? *json : "";
  }
  return "";
}

TEST(MessageJson, Check1EveryMessageSurvivesARoundTrip) {
  for (const FederationRequest& request : EveryRequest()) {
    const std::string json = WriteRequest(request, 6).ValueOrDie();
    const Result<ParsedRequest> parsed = ParseRequest(json);
    ASSERT_TRUE(parsed.ok()) << parsed.status() << "\n" << json;
    EXPECT_EQ(WriteRequest(parsed->request, 6).ValueOrDie(), json);
    EXPECT_EQ(parsed->serde_version, 6);
  }
  for (const FederationResponse& response : EveryResponse()) {
    const std::string json = WriteResponse(response);
    const Result<FederationResponse> parsed = ParseResponse(json, {});
    ASSERT_TRUE(parsed.ok()) << parsed.status() << "\n" << json;
    EXPECT_EQ(WriteResponse(*parsed), json);
  }
  const auto read = Parsed<ReadRecordsRequest>(RequestJson<ReadRecordsRequest>());
  EXPECT_EQ(read.constraints, SampleConstraints());
  EXPECT_EQ(read.schema, SampleSchema());
  EXPECT_EQ(read.identity, SampleIdentity());
  const auto splits = Parsed<GetSplitsRequest>(RequestJson<GetSplitsRequest>());
  EXPECT_EQ(Show(splits.partitions.rows), Show(SampleBlock(3).rows));
}

TEST(MessageJson, RecordsThatAreNotJoinedYetAreWrittenLikeABlock) {
  const Block block = SampleBlock(9);
  const std::vector<RowRange> ranges = {{block.rows, 0, 4}, {block.rows, 4, 5}};
  EXPECT_EQ(WriteRecords({"lake", {block.schema, Batch()}}, JoinedMessage(ranges, Framing::kModern)), WriteResponse(ReadRecordsResponse{"lake", block}));
  EXPECT_EQ(WriteRecords({"lake", {block.schema, Batch()}}, JoinedMessage({}, Framing::kModern)),
            WriteResponse(ReadRecordsResponse{"lake", {block.schema, Batch()}}));
}

TEST(MessageJson, Check1AnswersStandInTheOrderOfTheOriginal) {
  EXPECT_EQ(WriteResponse(PingResponse{"lake", "0f3c-demo", "demo"}),
            R"({"@type":"PingResponse","catalogName":"lake","queryId":"0f3c-demo","sourceType":"demo","capabilities":24,"serDeVersion":6})");
  EXPECT_EQ(WriteResponse(ListTablesResponse{{{"sales", "orders"}}, "lake", {}}),
            R"({"@type":"ListTablesResponse","tables":[{"schemaName":"sales","tableName":"orders"}],"catalogName":"lake","nextToken":null})");
  EXPECT_EQ(
      WriteResponse(GetSplitsResponse{"lake", {WireSplit{SpillLocation{"my-spill", "p/q-1/5d7c", true}, {}, {{"shard", "3"}}}}, {}}),
      R"({"@type":"GetSplitsResponse","catalogName":"lake","splits":[{"spillLocation":{"@type":"S3SpillLocation","bucket":"my-spill","key":"p/q-1/5d7c","directory":true},)"
      R"("encryptionKey":null,"properties":{"shard":"3"}}],"continuationToken":null})");
  EXPECT_EQ(
      WriteResponse(GetDataSourceCapabilitiesResponse{"lake", {{"supports_filter_pushdown", {{"sorted_range_set", {}}}}}}),
      R"({"@type":"GetDataSourceCapabilitiesResponse","catalogName":"lake","capabilities":{"supports_filter_pushdown":[{"subType":"sorted_range_set","properties":[]}]}})");
  PingRequest ping;
  ping.identity = FederatedIdentity{"1", "a", {}, {}, {}};
  ping.catalog = "lake";
  ping.query_id = "q";
  EXPECT_EQ(WriteRequest(ping, 6).ValueOrDie(), R"({"@type":"PingRequest","identity":)" + std::string(kIdentity) + R"(,"catalogName":"lake","queryId":"q"})");
}

TEST(MessageJson, Check2AStrictReaderTakesEveryAnswer) {
  for (const FederationResponse& response : EveryResponse()) {
    const std::string json = WriteResponse(response);
    const Result<FederationResponse> parsed = ParseResponse(json, {.strict = true});
    EXPECT_TRUE(parsed.ok()) << parsed.status() << "\n" << json;
  }
}

TEST(MessageJson, Check2AStrictReaderSeesOrderGapsAndStrangers) {
  const std::string good = R"({"@type":"ListTablesResponse","tables":[{"schemaName":"s","tableName":"t"}],"catalogName":"lake","nextToken":null})";
  EXPECT_TRUE(ParseResponse(good, {.strict = true}).ok());
  const auto strict = [](const std::string& json) { return ParseResponse(json, {.strict = true}).status().ToString(); };
  EXPECT_THAT(strict(R"({"tables":[],"@type":"ListTablesResponse","catalogName":"lake","nextToken":null})"), HasSubstr("@type: must be the first member"));
  EXPECT_THAT(strict(R"({"@type":"ListTablesResponse","catalogName":"lake","tables":[],"nextToken":null})"),
              HasSubstr("member \"catalogName\" at position 1, where the original reads tables"));
  EXPECT_THAT(strict(R"({"@type":"ListTablesResponse","tables":[{"tableName":"t","schemaName":"s"}],"catalogName":"lake"})"),
              HasSubstr("ListTablesResponse.tables[0]: member \"tableName\""));
  EXPECT_THAT(strict(R"({"@type":"ListTablesResponse","tables":[{"schemaName":"s","tableName":"t","x":1}],"catalogName":"lake"})"),
              HasSubstr("the end of the object"));
  EXPECT_THAT(strict(R"({"@type":"ListTablesResponse","tables":[{"schemaName":"s"}],"catalogName":"lake"})"), HasSubstr("tables[0].tableName: missing"));
  EXPECT_THAT(strict(R"({"@type":"GetSplitsResponse","catalogName":"lake","splits":[]})"), HasSubstr("continuationToken: missing"));
  EXPECT_EQ(strict(R"({"@type":"ListTablesResponse","tables":[],"catalogName":"lake"})"), "OK");  // optional for the original too
  EXPECT_EQ(strict(R"({"@type":"ListTablesResponse","tables":[],"catalogName":"lake","nextToken":null,"x":[1]})"),
            "OK");  // behind the last one it reads, at the root
  EXPECT_TRUE(ParseResponse(R"({"catalogName":"lake","new":1,"tables":[],"@type":"ListTablesResponse"})", {}).ok());
}

TEST(MessageJson, Check3PingWithAndWithoutWhatCameLater) {
  const std::string ping = R"({"@type":"PingRequest","identity":)" + std::string(kIdentity) + R"(,"catalogName":"lake","queryId":"q"})";
  EXPECT_EQ(Parsed<PingRequest>(ping).catalog, "lake");
  EXPECT_EQ(Parsed<PingRequest>(Replaced(ping, R"(,"configOptions":{})", "")).identity->account, "1");
  EXPECT_EQ(Parsed<PingRequest>(Replaced(ping, R"("queryId":"q")", R"("queryId":"q","later":{"a":[1,2]},"more":7)")).query_id, "q");
  EXPECT_EQ(Parsed<PingRequest>(R"({"@type":"PingRequest","identity":{"id":"UNKNOWN","principal":"UNKNOWN","account":"7"},"catalogName":"lake","queryId":"q"})")
                .identity->account,
            "7");
  const auto answer = ParseResponse(R"({"@type":"PingResponse","catalogName":"lake","queryId":"q","sourceType":null,"capabilities":23})", {.strict = true});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(std::get<PingResponse>(*answer).serde_version, 1);
  EXPECT_EQ(
      std::get<PingResponse>(
          ParseResponse(R"({"@type":"PingResponse","catalogName":"c","queryId":"q","sourceType":null,"capabilities":1,"serDeVersion":0})", {}).ValueOrDie())
          .serde_version,
      1);
}

TEST(MessageJson, Check4OrderDoesNotMatterWhenReading) {
  const std::string ping = R"({"queryId":"q","catalogName":"lake","identity":{"configOptions":{"a":"b"},"groups":["g"],"arn":"x"},"@type":"PingRequest"})";
  const auto parsed = Parsed<PingRequest>(ping);
  EXPECT_EQ(parsed.query_id, "q");
  EXPECT_EQ(parsed.identity->config_options.at("a"), "b");
  EXPECT_THAT(parsed.identity->groups, ElementsAre("g"));
  EXPECT_THAT(WriteRequest(parsed, 6).ValueOrDie(), StartsWith(R"({"@type":"PingRequest","identity":{"id":"UNKNOWN","principal":"UNKNOWN",)"));
}

TEST(MessageJson, Check5ListTablesVariants) {
  const auto read = [](const std::string& rest) { return Parsed<ListTablesRequest>(ListTables(rest)); };
  EXPECT_EQ(read("").page_size, -1);
  EXPECT_FALSE(read("").next_token.has_value());
  EXPECT_EQ(read(R"(,"nextToken":null,"pageSize":10)").page_size, 10);
  EXPECT_EQ(read(R"(,"nextToken":null,"pageSize":-1)").page_size, -1);
  EXPECT_EQ(read(R"(,"nextToken":"t","pageSize":"25")").page_size, 25);
  EXPECT_EQ(read(R"(,"nextToken":"t")").page_size, -1);
  EXPECT_EQ(read(R"(,"nextToken":"t")").next_token, "t");
  EXPECT_EQ(read(R"(,"pageSize":7,"nextToken":"t")").page_size, 7);
  EXPECT_EQ(read(R"(,"pageSize":7,"nextToken":"t")").next_token, "t");
  EXPECT_EQ(read(R"(,"nextToken":77)").next_token, "77");
  EXPECT_FALSE(Parsed<ListTablesRequest>(Replaced(ListTables(""), R"("sales")", "null")).schema_name.has_value());
}

TEST(MessageJson, Check6TheVersionFollowsFromTheMembers) {
  const auto version = [](const std::string& json) { return ParseRequest(json).ValueOrDie().serde_version; };
  const int constraint_versions[] = {3, 3, 4, 5, 6};  // of a sender of 2 .. 6
  const int table_versions[] = {4, 4, 4, 6, 6};
  for (int sender = 2; sender <= 6; ++sender) {
    EXPECT_EQ(version(RequestJson<GetTableLayoutRequest>(sender)), constraint_versions[sender - 2]) << sender;
    EXPECT_EQ(version(RequestJson<GetSplitsRequest>(sender)), constraint_versions[sender - 2]) << sender;
    EXPECT_EQ(version(RequestJson<ReadRecordsRequest>(sender)), constraint_versions[sender - 2]) << sender;
    EXPECT_EQ(version(RequestJson<GetTableRequest>(sender)), table_versions[sender - 2]) << sender;
    EXPECT_EQ(version(RequestJson<PingRequest>(sender)), 6);
  }
  const auto old = Parsed<ReadRecordsRequest>(RequestJson<ReadRecordsRequest>(2)).constraints;
  EXPECT_EQ(old.summary, SampleConstraints().summary);
  EXPECT_TRUE(old.expressions.empty() && old.order_by.empty() && old.passthrough.empty() && !old.plan);
  EXPECT_EQ(old.limit, -1);
}

TEST(MessageJson, Check6AnOldVersionRefusesWhatItCannotSay) {
  for (const FederationRequest& request : EveryRequest()) {
    const bool carries = std::holds_alternative<GetTableLayoutRequest>(request) || std::holds_alternative<GetSplitsRequest>(request) ||
                         std::holds_alternative<ReadRecordsRequest>(request);
    for (int version = 2; version <= 6; ++version) {
      const bool table = std::holds_alternative<GetTableRequest>(request) && version < 5;
      const bool capabilities = std::holds_alternative<GetDataSourceCapabilitiesRequest>(request) && version < 4;
      EXPECT_EQ(WriteRequest(request, version).ok(), !((carries && version < 6) || table || capabilities)) << MessageName(request) << " " << version;
    }
  }
  EXPECT_EQ(WriteRequest(PingRequest{}, 1).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(WriteRequest(PingRequest{}, 7).status().code(), StatusCode::kInvalid);
  ReadRecordsRequest read;
  read.constraints.limit = 5;
  EXPECT_THAT(WriteRequest(read, 3).status().ToString(), HasSubstr("serde version 3 has no Constraints.limit"));
  // Version 2 wrote the old framing: no marker FF FF FF FF before the length.
  EXPECT_THAT(RequestJson<GetTableLayoutRequest>(3), HasSubstr(R"("schema":"/////)"));
  EXPECT_THAT(RequestJson<GetTableLayoutRequest>(2), ::testing::Not(HasSubstr(R"("schema":"/////)")));
}

TEST(MessageJson, Check7PassthroughOfGetTable) {
  const std::string json = RequestJson<GetTableRequest>(4);
  EXPECT_TRUE(Parsed<GetTableRequest>(json).passthrough.empty());
  const std::string with = json.substr(0, json.size() - 1) + R"(,"queryPassthroughArguments":)";
  EXPECT_TRUE(Parsed<GetTableRequest>(with + "{}}").passthrough.empty());
  EXPECT_THAT(Parsed<GetTableRequest>(with + R"({"QUERY":"a","QUERY":"b"}})").passthrough, ElementsAre(std::pair<std::string, std::string>("QUERY", "b")));
  EXPECT_THAT(ErrorOf(with + "null}"), HasSubstr("GetTableRequest.queryPassthroughArguments: expected an object, found null"));
}

TEST(MessageJson, Check8AnUnknownTypeIsNamed) {
  EXPECT_THAT(ErrorOf(R"({"@type":"DropTableRequest"})"), HasSubstr("request.@type: unknown \"DropTableRequest\"; known are PingRequest, ListSchemasRequest"));
  EXPECT_THAT(ErrorOf(R"({"@type":"com.amazonaws.athena.connector.lambda.metadata.PingRequest"})"), HasSubstr("unknown"));
  EXPECT_THAT(ErrorOf(R"({"queryId":"q"})"), HasSubstr("request.@type: missing"));
}

TEST(MessageJson, Check9Base64OfStandardAlphabetWithPadding) {
  const std::string json = RequestJson<ReadRecordsRequest>();
  const std::string key = R"("key":"a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=")";
  EXPECT_EQ(Parsed<ReadRecordsRequest>(json).split.encryption_key->key, std::string(32, 'k'));
  EXPECT_THAT(ErrorOf(Replaced(json, key, R"("key":"a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s")")),
              HasSubstr("ReadRecordsRequest.split.encryptionKey.key: "));
  EXPECT_THAT(ErrorOf(Replaced(json, key, R"("key":"_-tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=")")), HasSubstr("encryptionKey.key: "));
  const std::string broken = Replaced(json, key, R"("key":"a2tra2tra2tra2tra2tra2tr\na2tra2tra2tra2tra2s=")");
  EXPECT_EQ(Parsed<ReadRecordsRequest>(broken).split.encryption_key->key, std::string(32, 'k'));
  EXPECT_EQ(json.find('\n'), std::string::npos);
  EXPECT_EQ(json.find("\\n") == std::string::npos ? 0u : 1u, 0u) << "line breaks in base64";
}

TEST(MessageJson, Check10SizesOf64Bits) {
  const std::string json = RequestJson<ReadRecordsRequest>();
  EXPECT_THAT(json, HasSubstr(R"("maxBlockSize":"100000000000")"));
  EXPECT_EQ(Parsed<ReadRecordsRequest>(json).max_block_size, 100000000000);
  const auto with = [&](const std::string& size) { return Replaced(json, R"("maxBlockSize":"100000000000")", R"("maxBlockSize":)" + size); };
  EXPECT_EQ(Parsed<ReadRecordsRequest>(with("100000000000")).max_block_size, 100000000000);
  EXPECT_EQ(Parsed<ReadRecordsRequest>(with("-1")).max_block_size, -1);
  for (const char* junk : {"null", R"("abc")", R"("")", "1.5", "true", "[]", R"("9223372036854775808")", "9223372036854775808", R"("1e3")", R"(" 5")"}) {
    EXPECT_THAT(ErrorOf(with(junk)), HasSubstr("ReadRecordsRequest.maxBlockSize: expected a whole number of 64 bits")) << junk;
  }
  EXPECT_FALSE(ParseRequest(with(std::string(1200, '7'))).ok());
}

TEST(MessageJson, Check26LimitsAndDirections) {
  const std::string json = RequestJson<ReadRecordsRequest>();
  for (const int64_t limit : {int64_t{-1}, int64_t{0}, int64_t{7}}) {
    EXPECT_EQ(Parsed<ReadRecordsRequest>(Replaced(json, R"("limit":50)", R"("limit":)" + std::to_string(limit))).constraints.limit, limit);
  }
  EXPECT_EQ(Parsed<ReadRecordsRequest>(Replaced(json, R"("limit":50)", R"("limit":"50")")).constraints.limit, 50);
  EXPECT_THAT(ErrorOf(Replaced(json, R"("limit":50)", R"("limit":null)")), HasSubstr("constraints.limit: expected a whole number of 64 bits, found null"));
  EXPECT_THAT(ErrorOf(Replaced(json, "DESC_NULLS_LAST", "SIDEWAYS")), HasSubstr("orderByClause[0].direction: expected one of ASC_NULLS_FIRST"));
  const char* names[] = {"ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(Parsed<ReadRecordsRequest>(Replaced(json, "DESC_NULLS_LAST", names[i])).constraints.order_by[0].direction, static_cast<SortDirection>(i));
  }
}

TEST(MessageJson, Check27CapabilitiesKeepTheirOddNames) {
  const GetDataSourceCapabilitiesResponse response{
      "lake",
      {{"supports_top_n_pushdown", {{"SUPPORTS_ORDER_BY", {}}}},
       {"supports_filter_pushdown", {{"equatable_range_set", {}}}},
       {"SYSTEM.QUERY", {{"query_passthrough_schema", {"system"}}, {"query_passthrough_name", {"query"}}, {"query_passthrough_arguments", {"QUERY"}}}}}};
  const std::string json = WriteResponse(response);
  EXPECT_THAT(
      json,
      HasSubstr(R"("SYSTEM.QUERY":[{"subType":"query_passthrough_schema","properties":["system"]},{"subType":"query_passthrough_name","properties":["query"]},)"
                R"({"subType":"query_passthrough_arguments","properties":["QUERY"]}])"));
  EXPECT_EQ(std::get<GetDataSourceCapabilitiesResponse>(ParseResponse(json, {.strict = true}).ValueOrDie()).capabilities, response.capabilities);
  EXPECT_FALSE(ParseResponse(Replaced(json, "supports_top_n_pushdown", "SYSTEM.QUERY"), {}).ok());
}

TEST(MessageJson, Check28PassthroughArgumentsTravelInOrder) {
  const auto read = Parsed<ReadRecordsRequest>(RequestJson<ReadRecordsRequest>());
  EXPECT_THAT(read.constraints.passthrough,
              ElementsAre(std::pair<std::string, std::string>("schemaFunctionName", "SYSTEM.QUERY"), std::pair<std::string, std::string>("QUERY", "select 1")));
  EXPECT_THAT(ErrorOf(Replaced(RequestJson<ReadRecordsRequest>(), R"("select 1")", "null")),
              HasSubstr("queryPassthroughArguments.QUERY: expected a text, found null"));
}

TEST(MessageJson, Check29QueryPlans) {
  const std::string json = RequestJson<ReadRecordsRequest>();
  const std::string plan = R"("queryPlan":{"substraitVersion":"1.0.0","substraitPlan":"CgA="})";
  EXPECT_EQ(Parsed<ReadRecordsRequest>(json).constraints.plan->substrait_plan, "CgA=");
  EXPECT_FALSE(Parsed<ReadRecordsRequest>(Replaced(json, plan, R"("queryPlan":null)")).constraints.plan);
  const auto absent = ParseRequest(Replaced(json, "," + plan, ""));
  ASSERT_TRUE(absent.ok());
  EXPECT_EQ(absent->serde_version, 5);
  EXPECT_THAT(ErrorOf(Replaced(json, plan, R"("queryPlan":{"substraitVersion":"1.0.0"})")), HasSubstr("queryPlan.substraitPlan: missing"));
}

TEST(MessageJson, Check48RequestsOfEveryVersionKeepTheirForm) {
  EXPECT_THAT(RequestJson<ReadRecordsRequest>(3), ::testing::Not(HasSubstr("\"expression\"")));
  EXPECT_THAT(RequestJson<ReadRecordsRequest>(4), HasSubstr(R"("limit":50})"));
  EXPECT_THAT(RequestJson<ReadRecordsRequest>(5), HasSubstr(R"("QUERY":"select 1"}})"));
  EXPECT_THAT(RequestJson<ReadRecordsRequest>(6), HasSubstr(R"("queryPlan":{)"));
  EXPECT_THAT(RequestJson<GetTableRequest>(4), ::testing::EndsWith(R"("tableName":{"schemaName":"sales","tableName":"orders"}})"));
}

TEST(MessageJson, Check49NumbersAsTextsAndJunk) {
  for (const char* junk : {"null", R"("abc")", "true", "2.9", "1e400", R"("99999999999999999999")", "99999999999999999999"}) {
    EXPECT_FALSE(ParseRequest(ListTables(std::string(R"(,"nextToken":null,"pageSize":)") + junk)).ok()) << junk;
  }
  EXPECT_FALSE(ParseRequest(ListTables(R"(,"nextToken":null,"pageSize":)" + std::string(1001, '1'))).ok());
}

TEST(MessageJson, Check50WhatTheParserTakes) {
  const std::string ping = R"({"@type":"PingRequest","identity":null,"catalogName":"lake","queryId":"q"})";
  EXPECT_TRUE(ParseRequest("\xEF\xBB\xBF" + ping).ok());
  EXPECT_TRUE(ParseRequest(" \n\t" + ping + "\n ").ok());
  EXPECT_EQ(Parsed<PingRequest>(Replaced(ping, "\"q\"", R"("\u0000\ud83c\udf0a\n")")).query_id, std::string("\0", 1) + "\xF0\x9F\x8C\x8A\n");
  EXPECT_FALSE(ParseRequest(Replaced(ping, "lake", "la\xffke")).ok());
  EXPECT_FALSE(ParseRequest(Replaced(ping, "lake", "la\nke")).ok());
  for (const char* lone : {R"(\ud800)", R"(\udc00)", R"(\udc00\ud800)", R"(\ud800x)"}) EXPECT_FALSE(ParseRequest(Replaced(ping, "lake", lone)).ok()) << lone;
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_EQ(ParseRequest(Replaced(ping, "}", R"(,"later":)" + deep + "}")).status().code(), StatusCode::kCapacityError);
  EXPECT_EQ(ParseRequest(std::string(static_cast<size_t>(kMaxRequestBytes) + 1, ' ')).status().code(), StatusCode::kCapacityError);
  EXPECT_TRUE(ParseRequest(ping).ok());
}

TEST(MessageJson, Check50AMessageTooLargeInCountIsRefusedBeforeItIsBuilt) {
  std::string many = R"({"@type":"PingRequest","identity":null,"catalogName":"lake","queryId":"q","later":[0)";
  for (int i = 0; i < 1200000; ++i) many += ",0";
  EXPECT_EQ(ParseRequest(many + "]}").status().code(), StatusCode::kCapacityError);
}

TEST(MessageJson, Check51DocumentsThatAreNoMessage) {
  for (const char* json : {"null", "{}", "[]", "[1]", "7", "\"x\"", "", " ", "{", "true", R"({"@type":null})", R"({"@type":7})", R"({"@type":{}})"}) {
    EXPECT_EQ(ParseRequest(json).status().code(), StatusCode::kInvalid) << json;
    EXPECT_EQ(ParseResponse(json, {}).status().code(), StatusCode::kInvalid) << json;
  }
  EXPECT_FALSE(Parsed<ListSchemasRequest>(R"({"@type":"ListSchemasRequest","identity":null,"queryId":null,"catalogName":"c"})").identity);
  EXPECT_TRUE(Parsed<PingRequest>(R"({"@type":"PingRequest","identity":{"account":"1","arn":"a","tags":null,"groups":null},"catalogName":"c","queryId":"q"})")
                  .identity->tags.empty());
  EXPECT_THAT(ErrorOf(R"({"@type":"GetDataSourceCapabilitiesRequest","identity":[],"queryId":"q","catalogName":"c"})"),
              HasSubstr("GetDataSourceCapabilitiesRequest.identity: expected an object, found an array"));
}

TEST(MessageJson, Check55Version1IsRefusedWithAReason) {
  EXPECT_THAT(ErrorOf(Replaced(RequestJson<GetTableLayoutRequest>(3), R"("schema":"/////)", R"("schema":{"schema":"/////)")),
              ::testing::Not(::testing::IsEmpty()));
  const std::string wrapped =
      R"({"@type":"ReadRecordsRequest","identity":null,"queryId":"q","catalogName":"c","tableName":{"schemaName":"s","tableName":"t"},"schema":{"schema":""},)"
      R"("split":{"spillLocation":null,"encryptionKey":null,"properties":{}},"constraints":{"summary":{}},"maxBlockSize":1,"maxInlineBlockSize":1})";
  EXPECT_THAT(ErrorOf(wrapped), HasSubstr("serde version 1 is not supported"));
}

TEST(MessageJson, MembersThatStandTwiceAreErrors) {
  const std::string json = RequestJson<ReadRecordsRequest>();
  EXPECT_THAT(ErrorOf(Replaced(json, R"("limit":50)", R"("limit":50,"limit":60)")), HasSubstr("constraints.limit: stands twice"));
  EXPECT_THAT(ErrorOf(Replaced(json, R"("properties":{)", R"("properties":{"shard":"4",)")), HasSubstr("split.properties.shard: stands twice"));
  EXPECT_THAT(ErrorOf(Replaced(json, R"("name":{"@type")", R"("id":{"@type")")), HasSubstr("constraints.summary.id: stands twice"));
  EXPECT_EQ(Parsed<ReadRecordsRequest>(Replaced(json, R"("team":"x")", R"("team":"x","team":"y")")).identity->tags[0].second, "y");
}

TEST(MessageJson, ErrorsNeverShowSecrets) {
  const std::string json = RequestJson<ReadRecordsRequest>();
  const std::string secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ";
  EXPECT_EQ(ErrorOf(Replaced(json, "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=", secret)).find(secret), std::string::npos);
  EXPECT_EQ(ErrorOf(Replaced(json, R"("spill_bucket":"b")", R"("fas_token":["SECRET"])")).find("SECRET"), std::string::npos);
}

TEST(MessageJson, TextsAreEscapedAndStayValid) {
  const std::string odd = std::string("a\"b\\c\n\x01\x7f/\xc3\xa4\xf0\x9f\x8c\x8a\xff\xed\xa0\x80z\0", 21);
  const std::string json = WriteResponse(ListSchemasResponse{"lake", {odd}});
  const auto parsed = ParseResponse(json, {.strict = true});
  ASSERT_TRUE(parsed.ok()) << parsed.status() << json;
  const std::string fffd = "\xEF\xBF\xBD";
  EXPECT_EQ(std::get<ListSchemasResponse>(*parsed).schemas[0],
            std::string("a\"b\\c\n\x01\x7f/\xc3\xa4\xf0\x9f\x8c\x8a") + fffd + fffd + fffd + fffd + std::string("z\0", 2));
}

TEST(MessageJson, TheReferencePageIsWhatTheTablesSay) {
  std::ifstream file(std::string(LOTIC_TESTDATA) + "/../docs/reference/athena-messages.md");
  std::stringstream page;
  page << file.rdbuf();
  const std::string described = DescribeMessages();
  if (page.str() != described) std::ofstream("athena-messages.md") << described;
  EXPECT_EQ(page.str(), described) << "the new page is in athena-messages.md of the build folder";
}

}  // namespace
}  // namespace lotic::athena
