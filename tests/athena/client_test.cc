// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>

#include "athena_protocol/message_json.h"
#include "aws/http_client.h"
#include "aws/session.h"
#include "connector/athena/function_client.h"
#include "tests/athena/block_text.h"
#include "tests/athena/judge.h"
#include "tests/athena/servers.h"

// Our client plays Athena against a connector made with the original SDK.

namespace lotic::athena_pack {
namespace {

using athena_source::ClientOptions;
using athena_source::FunctionClient;
using nlohmann::json;

class ClientTest : public JudgedTest {
 protected:
  void SetUp() override {
    JudgedTest::SetUp();
    if (judge_ == nullptr) return;
    static const std::unique_ptr<FakeS3> s3 = FakeS3::Start();
    ASSERT_NE(s3, nullptr);
    s3_ = s3.get();
    static const std::unique_ptr<ServedFunction> sealed = StartMinimal(*s3);
    static const std::unique_ptr<ServedFunction> plain = StartMinimal(*s3, {{"disable_spill_encryption", "true"}});
    ASSERT_TRUE(sealed != nullptr && plain != nullptr);
    sealed_ = sealed->url();
    plain_ = plain->url();
    ctx_.deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  }

  std::shared_ptr<FunctionClient> Client(const std::string& url, ClientOptions options = {}) {
    const auto environment = s3_->Environment();
    auto http = aws::HttpClient::Create({}).ValueOrDie();
    auto spill = athena_source::MakeSpillSource([environment] { return aws::Session::Open({}, environment); }, false);
    return FunctionClient::Make(athena_source::MakeHttpInvoker(std::move(http), url), nullptr, std::move(spill), std::move(options)).ValueOrDie();
  }

  struct Answer {
    Status status;
    std::vector<std::string> rows;  ///< as the judge shows them, sorted
    int splits = 0;
    int pages = 0;
    size_t blocks = 0;
    int spilled = 0;
  };
  /// Every row of a table under `constraints`.
  Answer Read(FunctionClient& client, const std::string& table, const athena::WireConstraints& constraints = {}) {
    Answer answer;
    answer.status = ReadInto(client, table, constraints, &answer);
    std::sort(answer.rows.begin(), answer.rows.end());
    return answer;
  }
  Status ReadInto(FunctionClient& client, const std::string& name, const athena::WireConstraints& constraints, Answer* answer) {
    const std::string query = athena_source::NewQueryId();
    LOTIC_ASSIGN_OR_RETURN(const athena_source::RemoteTable table, client.GetTable(ctx_, query, {"oracle", name}));
    LOTIC_ASSIGN_OR_RETURN(const athena::Block partitions, client.GetTableLayout(ctx_, query, table, constraints));
    if (partitions.rows.num_rows() == 0) return Status::OK();
    std::optional<std::string> token;
    do {
      LOTIC_ASSIGN_OR_RETURN(athena::GetSplitsResponse page, client.GetSplits(ctx_, query, table, partitions, constraints, token));
      ++answer->pages;
      for (const athena::WireSplit& split : page.splits) {
        ++answer->splits;
        LOTIC_ASSIGN_OR_RETURN(const athena_source::RecordAnswer records, client.ReadRecords(ctx_, query, table.name, table.schema, split, constraints));
        if (!records.inline_rows.has_value()) ++answer->spilled;
        for (size_t i = 0; i < records.num_blocks(); ++i) {
          ++answer->blocks;
          LOTIC_ASSIGN_OR_RETURN(const athena::Block block, client.ReadBlock(ctx_, records, i, nullptr));
          for (std::string& row : RowTexts(block)) answer->rows.push_back(std::move(row));
        }
      }
      token = page.continuation_token;
    } while (token.has_value());
    return Status::OK();
  }
  std::vector<std::string> Expected(const std::string& table) { return Sorted(judge_->Ask({{"do", "expected"}, {"table", table}}), "rows"); }

  FakeS3* s3_ = nullptr;
  std::string sealed_;
  std::string plain_;
  CallContext ctx_;
};

TEST_F(ClientTest, ReadsEveryTypeInEverySerdeVersion) {  // checks 15, 16, 48; traps 1, 55, 62
  const std::vector<std::string> everything = Expected("everything");
  for (int version = 2; version <= 6; ++version) {
    SCOPED_TRACE(version);
    ClientOptions options;
    options.max_serde_version = version;
    std::vector<std::pair<std::string, std::string>> exchanged;
    options.observer = [&](const athena_source::Exchange& exchange) { exchanged.emplace_back(athena::MessageName(*exchange.request), exchange.request_json); };
    const auto client = Client(sealed_, options);
    const Answer answer = Read(*client, "everything");
    ASSERT_TRUE(answer.status.ok()) << answer.status.ToString();
    EXPECT_EQ(answer.rows, everything);
    EXPECT_EQ(answer.splits, 12);
    EXPECT_EQ(answer.pages, 3);
    EXPECT_EQ(answer.spilled, 0);
    // A composite handler also answers malformed requests, in version 1: judged is what was sent.
    std::map<std::string, int> seen;
    for (const auto& [name, request] : exchanged) {
      const json resolved = judge_->Ask({{"do", "resolve"}, {"json", request}});
      ASSERT_TRUE(resolved.contains("version")) << name << " " << resolved.dump();
      const bool constrained = name == "GetTableLayoutRequest" || name == "GetSplitsRequest" || name == "ReadRecordsRequest";
      const int expected = constrained ? std::max(3, version) : name == "GetTableRequest" && version < 5 ? 4 : 6;
      EXPECT_EQ(resolved["version"], expected) << name;
      ++seen[name];
    }
    EXPECT_EQ(seen["PingRequest"], 1);
    EXPECT_EQ(seen["ReadRecordsRequest"], 12);
  }
}

TEST_F(ClientTest, ReadsWhatTheOriginalSpilled) {  // checks 39, 54; trap 60
  for (const std::string& url : {sealed_, plain_}) {
    for (const std::string table : {"everything", "many", "whole"}) {
      for (const int64_t block_bytes : {int64_t{16'000'000}, int64_t{5000}}) {
        SCOPED_TRACE(table + " " + std::to_string(block_bytes) + (url == plain_ ? " plain" : ""));
        ClientOptions options;
        options.max_inline_bytes = 0;
        options.max_block_bytes = block_bytes;
        const Answer answer = Read(*Client(url, options), table);
        ASSERT_TRUE(answer.status.ok()) << answer.status.ToString();
        EXPECT_EQ(answer.rows, Expected(table));
        EXPECT_EQ(answer.spilled, answer.splits);
        if (table == "many" && block_bytes == 5000) {
          EXPECT_GT(answer.blocks, static_cast<size_t>(answer.splits));
        }
      }
    }
  }
}

TEST_F(ClientTest, ASpilledBlockThatIsGoneIsAnError) {  // check 53
  ClientOptions options;
  options.max_inline_bytes = 0;
  const auto client = Client(sealed_, options);
  const std::string query = athena_source::NewQueryId();
  const auto table = client->GetTable(ctx_, query, {"oracle", "whole"}).ValueOrDie();
  const auto partitions = client->GetTableLayout(ctx_, query, table, {}).ValueOrDie();
  const auto page = client->GetSplits(ctx_, query, table, partitions, {}, std::nullopt).ValueOrDie();
  const auto records = client->ReadRecords(ctx_, query, table.name, table.schema, page.splits.at(0), {}).ValueOrDie();
  ASSERT_EQ(records.blocks.size(), 1u);
  ASSERT_TRUE(client->ReadBlock(ctx_, records, 0, nullptr).ok());
  s3_->RemoveObjects();
  const auto gone = client->ReadBlock(ctx_, records, 0, nullptr);
  EXPECT_EQ(gone.status().code(), StatusCode::kDataLoss) << gone.status().ToString();
}

TEST_F(ClientTest, ListsAndConstrains) {
  const auto client = Client(sealed_);
  EXPECT_THAT(client->ListSchemas(ctx_, "q").ValueOrDie(), testing::ElementsAre("oracle", "empty"));
  std::vector<std::string> names;
  for (const TableName& table : client->AllTables(ctx_, "q", "oracle").ValueOrDie()) names.push_back(table.table);
  EXPECT_THAT(names, testing::ElementsAre("everything", "many", "void", "whole"));
  EXPECT_THAT(client->AllTables(ctx_, "q", "empty").ValueOrDie(), testing::IsEmpty());
  const auto first = client->ListTables(ctx_, "q", "oracle", std::nullopt, 3).ValueOrDie();
  EXPECT_EQ(first.tables.size(), 3u);
  EXPECT_EQ(first.next_token, "3");

  // part = 1 and id < 2100, as a client of the connector interface would send it.
  Constraints wanted;
  wanted.columns["part"] = ValueSet::Listed({int64_t{1}});
  wanted.columns["id"] = ValueSet::Range({std::nullopt, true, Scalar{int64_t{2100}}, false});
  const auto table = client->GetTable(ctx_, "q", {"oracle", "many"}).ValueOrDie();
  const auto wire = athena::ToWireConstraints(wanted, table.schema);
  ASSERT_TRUE(wire.ok()) << wire.status().ToString();
  const Answer answer = Read(*client, "many", *wire);
  ASSERT_TRUE(answer.status.ok()) << answer.status.ToString();
  EXPECT_EQ(answer.splits, 4);
  std::vector<std::string> expected;
  for (const std::string& row : Expected("many")) {
    if (row.find("part=1 ") != std::string::npos && std::stoll(row.substr(row.find("id=") + 3)) < 2100) expected.push_back(row);
  }
  EXPECT_EQ(expected.size(), 100u);
  EXPECT_EQ(answer.rows, expected);
}

TEST_F(ClientTest, FailuresOfTheOriginalKeepTheirMeaning) {  // check 40; trap 61
  const auto client = Client(sealed_);
  EXPECT_FALSE(client->GetTable(ctx_, "q", {"oracle", "nope"}).ok());
  EXPECT_THAT(client->GetTable(ctx_, "q", {"oracle", "nope"}).status().ToString(), testing::HasSubstr("no table oracle.nope"));
  const Status busy = client->GetTable(ctx_, "q", {"oracle", "busy"}).status();
  EXPECT_EQ(busy.code(), StatusCode::kThrottled) << busy.ToString();
  const Status broken = client->GetTable(ctx_, "q", {"oracle", "broken"}).status();
  EXPECT_FALSE(broken.ok());
  EXPECT_THAT(broken.ToString(), testing::HasSubstr("outer"));
}

TEST_F(ClientTest, CallsFunctionsOfEveryType) {  // checks 45, 54
  const auto client = Client(sealed_);
  const struct {
    const char* method;
    std::vector<std::string> arguments;
    const char* returns;
  } calls[] = {{"twice", {"int"}, "int"},
               {"invert", {"bit"}, "bit"},
               {"same_tinyint", {"tinyint"}, "tinyint"},
               {"same_smallint", {"smallint"}, "smallint"},
               {"plus", {"bigint", "bigint"}, "bigint"},
               {"same_real", {"float4"}, "float4"},
               {"half", {"float8"}, "float8"},
               {"third", {"decimal"}, "wide_decimal"},
               {"shout", {"varchar"}, "varchar"},
               {"reversed", {"varbinary"}, "varbinary"},
               {"next_day", {"dateday"}, "dateday"},
               {"next_hour", {"datemilli"}, "datemilli"},
               {"count_items", {"list_int"}, "int"},
               {"member", {"tx"}, "int"},
               {"words", {"varchar"}, "list_varchar"}};
  for (const auto& call : calls) {
    SCOPED_TRACE(call.method);
    const json command = {{"do", "udf"}, {"version", 6}, {"method", call.method}, {"arguments", call.arguments}, {"returns", call.returns}, {"rows", 25}};
    json called = command;
    called["url"] = sealed_;
    const json of_java = judge_->Ask(called);  // the original calling itself
    ASSERT_TRUE(of_java.contains("rows")) << of_java.dump();
    const auto request = athena::ParseRequest(judge_->Text(command, "json"));
    ASSERT_TRUE(request.ok()) << request.status().ToString();
    const auto& udf = std::get<athena::UserDefinedFunctionRequest>(request->request);
    const auto answer = client->CallFunction(ctx_, udf.method_name, udf.input, udf.output_schema);
    ASSERT_TRUE(answer.ok()) << answer.status().ToString();
    EXPECT_EQ(RowTexts(*answer), of_java["rows"].get<std::vector<std::string>>());
  }
  const auto failing =
      athena::ParseRequest(judge_->Text({{"do", "udf"}, {"version", 6}, {"method", "fail"}, {"arguments", {"int"}}, {"returns", "int"}, {"rows", 2}}, "json"));
  const auto& udf = std::get<athena::UserDefinedFunctionRequest>(failing->request);
  const Status failed = client->CallFunction(ctx_, "fail", udf.input, udf.output_schema).status();
  EXPECT_THAT(failed.ToString(), testing::HasSubstr("cannot do"));
}

// ---- the command ------------------------------------------------------------------------------------------------------

class CommandTest : public ClientTest {
 protected:
  Finished Lotic(std::vector<std::string> words) {
    words.insert(words.begin(), {LOTIC_COMMAND, "athena"});
    return athena_pack::Run(words, s3_->Environment(), 120);
  }
  static size_t Lines(const std::string& text) { return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')); }
};

TEST_F(CommandTest, ReadsTheOriginalInlineAndSpilled) {
  const Finished few = Lotic(
      {"read", "--target", sealed_, "--schema", "oracle", "--table", "many", "--where", "part = 1, id < 2100", "--columns", "id,name", "--format", "jsonl"});
  EXPECT_EQ(few.exit_code, 0) << few.errors;
  EXPECT_EQ(Lines(few.output), 100u) << few.output.substr(0, 500);
  for (const char* const table : {"everything", "many"}) {
    const Finished whole = Lotic({"read", "--target", sealed_, "--schema", "oracle", "--table", table, "--format", "jsonl"});
    EXPECT_EQ(whole.exit_code, 0) << whole.errors;
    EXPECT_EQ(Lines(whole.output), Expected(table).size());
    const Finished spilled =
        Lotic({"read", "--target", sealed_, "--schema", "oracle", "--table", table, "--inline-bytes", "0", "--block-bytes", "5000", "--format", "jsonl"});
    EXPECT_EQ(spilled.exit_code, 0) << spilled.errors;
    EXPECT_TRUE(spilled.output == whole.output) << spilled.output.substr(0, 1000);
  }
}

TEST_F(CommandTest, ValidatesTheOriginal) {  // check 46
  for (const std::string version : {"2", "3", "4", "5", "6"}) {
    const Finished validated = Lotic({"validate", "--target", sealed_, "--schema", "oracle", "--table", "many", "--serde", version});
    EXPECT_EQ(validated.exit_code, 0) << version << "\n" << validated.output << validated.errors;
  }
}

TEST_F(CommandTest, ValidatesOurs) {  // check 46
  const auto ours = StartOurs("memory", *s3_);
  ASSERT_NE(ours, nullptr);
  for (const std::string version : {"2", "3", "4", "5", "6"}) {
    const Finished validated = Lotic({"validate", "--target", ours->url(), "--schema", "default", "--table", "types", "--serde", version});
    EXPECT_EQ(validated.exit_code, 0) << version << "\n" << validated.output << validated.errors;
  }
}

TEST_F(CommandTest, SeesThatTwoSidesAreEqualAndThatTheyAreNot) {
  const Finished equal = Lotic({"diff", "--left", sealed_, "--right", plain_, "--schema", "oracle", "--table", "everything"});
  EXPECT_EQ(equal.exit_code, 0) << equal.output << equal.errors;
  const auto ours = StartOurs("memory", *s3_);
  ASSERT_NE(ours, nullptr);
  const Finished other = Lotic({"diff", "--left", sealed_, "--right", ours->url(), "--schema", "oracle", "--table", "everything"});
  EXPECT_NE(other.exit_code, 0) << other.output;
}

TEST_F(CommandTest, ReadsTheOriginalUnderLambdasOwnRuntimeClient) {
  std::string command = "env spill_bucket=spill";
  for (const std::string& word : Judge::JavaCommand("com.amazonaws.services.lambda.runtime.api.client.AWSLambda")) command += " '" + word + "'";
  command += " lotic.oracle.MinimalConnector";
  const Finished read = Lotic({"read", "--target", command, "--schema", "oracle", "--table", "everything", "--format", "jsonl"});
  EXPECT_EQ(read.exit_code, 0) << read.errors;
  EXPECT_EQ(Lines(read.output), Expected("everything").size());
  const Finished over_http = Lotic({"read", "--target", sealed_, "--schema", "oracle", "--table", "everything", "--format", "jsonl"});
  EXPECT_TRUE(read.output == over_http.output) << read.output.substr(0, 1000);
  const Finished failed = Lotic({"table", "--target", command, "--schema", "oracle", "--table", "broken"});
  EXPECT_NE(failed.exit_code, 0);
  EXPECT_THAT(failed.errors, testing::HasSubstr("outer"));
}

}  // namespace
}  // namespace lotic::athena_pack
