// SPDX-License-Identifier: Apache-2.0
#include "connector/athena/function_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "athena_protocol/function_error.h"
#include "connector/athena/answer_checks.h"
#include "connector/athena/athena_connector.h"
#include "connector/athena/sent_constraints.h"
#include "connector/athena/test_function.h"
#include "lotic/source_error.h"

namespace lotic::athena_source {
namespace {

using athena::FederationRequest;
using athena::FederationResponse;
using testing::HasSubstr;

const TableName kNumbers{"default", "numbers"};

CallContext Soon() {
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  return ctx;
}

// Everything that the connector gives of the table: n of each row, and how it ended.
struct Reading {
  Status status;
  std::vector<int64_t> numbers;
  std::vector<SplitCertificate> certificates;
};

Reading ReadAll(Connector& connector, ScanRequest request = {}) {
  Reading out;
  const auto run = [&]() -> Status {
    request.table = kNumbers;
    LOTIC_ASSIGN_OR_RETURN(const TableInfo info, connector.GetTable(Soon(), kNumbers));
    request.layout = info.schema;
    LOTIC_ASSIGN_OR_RETURN(const Prepared prepared, connector.Prepare(Soon(), request));
    request.token = prepared.token;
    std::vector<SplitStart> starts;
    PageRequest page;
    do {
      LOTIC_ASSIGN_OR_RETURN(const SplitPage splits, connector.Splits(Soon(), request, prepared.partitions, page));
      for (const Split& split : splits.splits) starts.push_back({split, split.start});
      page.page_token = splits.next_page;
    } while (!page.page_token.empty());
    LOTIC_ASSIGN_OR_RETURN(const auto reader, connector.Open(Soon(), request, starts));
    Status failed;
    for (;;) {
      LOTIC_ASSIGN_OR_RETURN(const ReadBatch batch, reader->Next(Soon()));
      if (batch.runs.empty()) break;
      for (const lotic::Run& one : batch.runs) {
        if (!one.status.ok()) failed = one.status;
      }
      if (!batch.rows) continue;
      for (const int32_t n : batch.rows->column(1).values<int32_t>()) out.numbers.push_back(n);
    }
    for (uint32_t i = 0; i < starts.size(); ++i) out.certificates.push_back(reader->Certificate(i));
    return failed;
  };
  out.status = run();
  return out;
}

std::vector<int64_t> UpTo(int64_t end) {
  std::vector<int64_t> numbers;
  for (int64_t n = 0; n < end; ++n) numbers.push_back(n);
  return numbers;
}

class FunctionClientTest : public testing::Test {
 protected:
  std::shared_ptr<ScriptedFunction> function_ = std::make_shared<ScriptedFunction>();
  Reading Read(ScanRequest request = {}) { return ReadAll(*MakeAthenaConnector(ClientOf(function_)), std::move(request)); }
};

TEST_F(FunctionClientTest, RequestsAreWrittenInTheLowerOfBothVersions) {
  for (const int theirs : {2, 3, 4, 5, 6, 9}) {
    for (const int ours : {2, 4, 6}) {
      auto function = std::make_shared<ScriptedFunction>();
      function->serde_version = theirs;
      ClientOptions options;
      options.max_serde_version = ours;
      const Reading reading = ReadAll(*MakeAthenaConnector(ClientOf(function, options)));
      ASSERT_TRUE(reading.status.ok()) << theirs << ": " << reading.status;
      EXPECT_EQ(reading.numbers, UpTo(30)) << theirs;
      for (const athena::ParsedRequest& request : function->requests()) {
        if (!std::holds_alternative<athena::ReadRecordsRequest>(request.request)) continue;
        EXPECT_EQ(request.serde_version, std::max(3, std::min(ours, theirs))) << "2 and 3 have one form";
      }
      EXPECT_EQ(function->count("GetDataSourceCapabilitiesRequest"), std::min(ours, theirs) >= 4 ? 1 : 0);
    }
  }
}

TEST_F(FunctionClientTest, AFunctionOfVersionOneIsRefusedClearly) {
  function_->damage = [](const FederationRequest& request, Invoked* out) {
    if (std::holds_alternative<athena::PingRequest>(request))
      out->payload = R"({"@type":"PingResponse","catalogName":"lotic","queryId":"q","sourceType":null,"capabilities":23})";
  };
  const Status status = ClientOf(function_)->ListSchemas(Soon(), "q").status();
  EXPECT_EQ(status.code(), StatusCode::kNotImplemented) << status;
  EXPECT_THAT(status.message(), HasSubstr("serde version 1"));
}

TEST_F(FunctionClientTest, OnePingServesAllLaterCalls) {
  const auto client = ClientOf(function_);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client->ListSchemas(Soon(), "q").ok());
  EXPECT_EQ(function_->count("PingRequest"), 1);
}

TEST_F(FunctionClientTest, AFunctionErrorKeepsItsKindAndText) {
  const Status status = ClientOf(function_)->GetTable(Soon(), "q", {"default", "nothing"}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound) << status;
  EXPECT_THAT(status.message(), HasSubstr("default.nothing"));
}

TEST_F(FunctionClientTest, AThrottledCallIsRepeatedAndThenGivenUp) {
  int refusals = 2;
  function_->damage = [&](const FederationRequest& request, Invoked* out) {
    if (!std::holds_alternative<athena::ListSchemasRequest>(request) || refusals-- <= 0) return;
    *out = {athena::WriteFunctionError(athena::FunctionErrorOf(Status::Throttled("slow down"))), true};
  };
  EXPECT_TRUE(ClientOf(function_)->ListSchemas(Soon(), "q").ok());
  EXPECT_EQ(function_->count("ListSchemasRequest"), 3);
  refusals = 1000;
  CallContext stopped = Soon();
  std::stop_source stop;
  stopped.stop = stop.get_token();
  function_->damage = [&](const FederationRequest& request, Invoked* out) {
    if (!std::holds_alternative<athena::ListSchemasRequest>(request)) return;
    *out = {athena::WriteFunctionError(athena::FunctionErrorOf(Status::Throttled("slow down"))), true};
    stop.request_stop();
  };
  EXPECT_EQ(ClientOf(function_)->ListSchemas(stopped, "q").status().code(), StatusCode::kCancelled) << "a pause ends when the caller does";
}

// Every prefix of a real answer is an error, never a short result.
TEST_F(FunctionClientTest, ACutAnswerIsAnErrorWhereverItIsCut) {
  std::string whole;
  function_->partitions = 1;
  function_->damage = [&](const FederationRequest& request, Invoked* out) {
    if (std::holds_alternative<athena::ReadRecordsRequest>(request)) whole = out->payload;
  };
  ASSERT_TRUE(Read().status.ok());
  ASSERT_GT(whole.size(), 500u);
  for (size_t keep = 0; keep < whole.size(); keep += 1 + keep / 50) {
    function_->damage = [&](const FederationRequest& request, Invoked* out) {
      if (std::holds_alternative<athena::ReadRecordsRequest>(request)) out->payload.resize(std::min(out->payload.size(), keep));
    };
    const Reading reading = Read();
    ASSERT_FALSE(reading.status.ok()) << "cut after " << keep;
    for (const SplitCertificate& certificate : reading.certificates) ASSERT_FALSE(certificate.complete);
  }
}

TEST_F(FunctionClientTest, AnAnswerOfAnotherTypeIsAnError) {
  function_->change = [](const FederationRequest& request, FederationResponse* answer) {
    if (std::holds_alternative<athena::GetTableLayoutRequest>(request)) *answer = athena::ListSchemasResponse{"lotic", {}};
  };
  const Reading reading = Read();
  EXPECT_EQ(reading.status.code(), StatusCode::kIOError);
  EXPECT_THAT(reading.status.message(), HasSubstr("ListSchemasResponse"));
}

TEST_F(FunctionClientTest, RecordsWithOtherColumnsAreDataLoss) {
  const auto with = [&](const std::function<void(athena::ReadRecordsResponse*)>& change) {
    function_->change = [change](const FederationRequest&, FederationResponse* answer) {
      if (auto* records = std::get_if<athena::ReadRecordsResponse>(answer)) change(records);
    };
    return Read().status;
  };
  Status status = with([](auto* records) {
    const size_t kept[] = {0, 1};
    records->records.schema.fields.pop_back();
    records->records.rows = records->records.rows.Select(kept);
  });
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(status.message(), HasSubstr("\"s\""));
  status = with([](auto* records) { records->records.schema.fields[0].name = "q"; });
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_EQ(with([](auto* records) { records->records.schema.fields[0].metadata.clear(); }).code(), StatusCode::kOk) << "metadata changes no value";
  const size_t turned[] = {2, 1, 0};
  EXPECT_EQ(with([&](auto* records) {
              std::swap(records->records.schema.fields[0], records->records.schema.fields[2]);
              records->records.rows = records->records.rows.Select(turned);
            }).code(),
            StatusCode::kOk)
      << "columns are found by name";
}

TEST_F(FunctionClientTest, SpilledRowsEqualInlineRows) {
  for (const int blocks : {1, 2, 3, 10}) {
    for (const bool encrypt : {true, false}) {
      function_->blocks = blocks;
      function_->encrypt = encrypt;
      const Reading reading = Read();
      ASSERT_TRUE(reading.status.ok()) << reading.status;
      EXPECT_EQ(reading.numbers, UpTo(30)) << "blocks are read in the order of their numbers";
      for (const SplitCertificate& certificate : reading.certificates) EXPECT_TRUE(certificate.complete);
    }
  }
}

TEST_F(FunctionClientTest, AListOfBlocksThatIsNotWholeIsDataLoss) {
  function_->blocks = 4;
  const auto with = [&](const std::function<void(std::vector<athena::SpillLocation>*)>& change) {
    function_->change = [change](const FederationRequest&, FederationResponse* answer) {
      if (auto* remote = std::get_if<athena::RemoteReadRecordsResponse>(answer)) change(&remote->remote_blocks);
    };
    return Read();
  };
  const Reading gap = with([](auto* blocks) { blocks->erase(blocks->begin() + 1); });
  EXPECT_EQ(gap.status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(gap.status.message(), HasSubstr(".2: its rows are missing"));
  EXPECT_TRUE(gap.numbers.empty()) << "nothing of a list that is not whole is used";
  const Reading repeat = with([](auto* blocks) { blocks->push_back(blocks->front()); });
  EXPECT_THAT(repeat.status.message(), HasSubstr("twice"));
  const Reading foreign = with([](auto* blocks) { blocks->front().key = "spill/another.3"; });
  EXPECT_THAT(foreign.status.message(), HasSubstr("none of this split's"));
  const Reading padded = with([](auto* blocks) { blocks->front().key += "\x30"; });  // .30
  EXPECT_EQ(padded.status.code(), StatusCode::kDataLoss);
}

TEST_F(FunctionClientTest, ADamagedOrMissingBlockIsDataLoss) {
  function_->blocks = 2;
  function_->change = [](const FederationRequest&, FederationResponse* answer) {
    if (auto* remote = std::get_if<athena::RemoteReadRecordsResponse>(answer)) remote->encryption_key->key[0] ^= 1;
  };
  Reading reading = Read();
  EXPECT_EQ(reading.status.code(), StatusCode::kDataLoss) << reading.status;
  function_->change = [](const FederationRequest& request, FederationResponse* answer) {
    auto* remote = std::get_if<athena::RemoteReadRecordsResponse>(answer);
    if (remote == nullptr || std::get<athena::ReadRecordsRequest>(request).split.properties[0].second != "1") return;
    remote->remote_blocks.push_back(remote->remote_blocks[0]);
    remote->remote_blocks.back().key.back() = '2';  // an object that was never written
  };
  reading = Read();
  EXPECT_EQ(reading.status.code(), StatusCode::kDataLoss) << reading.status;
  EXPECT_EQ(reading.numbers.size(), 30u) << "the other splits go on, and nothing that came is taken back";
  EXPECT_FALSE(reading.certificates[1].complete);
  EXPECT_EQ(reading.certificates[1].reason, EndReason::kError);
  EXPECT_TRUE(reading.certificates[2].complete);
}

TEST_F(FunctionClientTest, PagesOfSplitsAreFollowedThroughEmptyOnes) {
  function_->partitions = 7;
  function_->splits_per_page = 2;
  function_->change = [](const FederationRequest& request, FederationResponse* answer) {
    auto* splits = std::get_if<athena::GetSplitsResponse>(answer);
    if (splits == nullptr || std::get<athena::GetSplitsRequest>(request).continuation_token != std::nullopt) return;
    splits->splits.clear();  // an empty page with a token
    splits->continuation_token = "0";
  };
  const Reading reading = Read();
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  EXPECT_EQ(reading.numbers, UpTo(70));
}

TEST_F(FunctionClientTest, TokensThatGoRoundInACircleEnd) {
  function_->change = [](const FederationRequest&, FederationResponse* answer) {
    if (auto* splits = std::get_if<athena::GetSplitsResponse>(answer)) splits->continuation_token = "1";
  };
  Reading reading = Read();
  EXPECT_EQ(reading.status.code(), StatusCode::kDataLoss) << reading.status;
  EXPECT_THAT(reading.status.message(), HasSubstr("never end"));
  function_->change = [](const FederationRequest& request, FederationResponse* answer) {
    auto* list = std::get_if<athena::ListTablesResponse>(answer);
    if (list != nullptr) list->next_token = std::get<athena::ListTablesRequest>(request).next_token == "a" ? "b" : "a";
  };
  const Status status = ClientOf(function_)->AllTables(Soon(), "q", "default").status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
}

TEST_F(FunctionClientTest, ATableThatIsServedAndNotListedIsFoundByItsName) {
  const auto connector = MakeAthenaConnector(ClientOf(function_));
  const Result<TableInfo> info = connector->GetTable({}, {"default", "unlisted"});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->name, (TableName{"default", "unlisted"}));
  EXPECT_EQ(info->schema.fields.size(), 3u);
  const Status wrong = connector->GetTable({}, {"default", "number"}).status();
  EXPECT_EQ(wrong.code(), StatusCode::kNotFound) << wrong;
  EXPECT_THAT(wrong.message(), HasSubstr("did you mean \"numbers\"?"));
  function_->damage = [](const athena::FederationRequest& request, Invoked* answer) {
    if (std::holds_alternative<athena::GetTableRequest>(request))
      *answer = {R"({"errorType":"java.lang.RuntimeException","errorMessage":"out of luck"})", true};
  };
  EXPECT_THAT(connector->GetTable({}, {"default", "number"}).status().message(), AllOf(HasSubstr("did you mean \"numbers\"?"), HasSubstr("out of luck")));
}

TEST_F(FunctionClientTest, SplitsThatShareASpillLocationGetOneEach) {
  function_->shared_location = true;
  function_->blocks = 2;
  const Reading reading = Read();
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  EXPECT_EQ(reading.numbers, UpTo(30)) << "else the blocks of one split overwrite another's";
  std::set<std::string> places;
  for (const athena::ParsedRequest& request : function_->requests()) {
    if (const auto* read = std::get_if<athena::ReadRecordsRequest>(&request.request)) places.insert(read->split.spill_location->key);
  }
  EXPECT_EQ(places.size(), 3u);
}

TEST_F(FunctionClientTest, AReleasedSplitGoesOnBehindTheBlocksThatWereReturned) {
  function_->blocks = 5;
  const auto connector = MakeAthenaConnector(ClientOf(function_));
  ScanRequest request;
  request.table = kNumbers;
  request.layout = connector->GetTable(Soon(), kNumbers).ValueOrDie().schema;
  const Prepared prepared = connector->Prepare(Soon(), request).ValueOrDie();
  request.token = prepared.token;
  const SplitPage page = connector->Splits(Soon(), request, prepared.partitions, {}).ValueOrDie();
  const SplitStart start{page.splits[0], page.splits[0].start};
  const auto first = connector->Open(Soon(), request, std::span(&start, 1)).ValueOrDie();
  ASSERT_EQ(first->Next(Soon()).ValueOrDie().rows->num_rows(), 2);
  const SplitStart rest = first->Release(0).ValueOrDie();
  EXPECT_FALSE(first->Certificate(0).complete);
  const auto second = connector->Open(Soon(), request, {}).ValueOrDie();
  ASSERT_TRUE(second->Add(rest).ok());
  int64_t rows = 0;
  for (ReadBatch batch = second->Next(Soon()).ValueOrDie(); !batch.runs.empty(); batch = second->Next(Soon()).ValueOrDie()) rows += batch.runs[0].num_rows;
  EXPECT_EQ(rows, 8);
  EXPECT_EQ(function_->count("ReadRecordsRequest"), 1) << "asked again, the function might answer otherwise";
  EXPECT_EQ(second->Add(rest).status().code(), StatusCode::kInvalid) << "elsewhere and later the rest is gone, and that is said";
}

TEST_F(FunctionClientTest, TheTablesSchemaReachesReadRecordsUnchanged) {
  ASSERT_TRUE(Read().status.ok());
  for (const athena::ParsedRequest& request : function_->requests()) {
    if (const auto* read = std::get_if<athena::ReadRecordsRequest>(&request.request)) {
      EXPECT_EQ(read->schema, ScriptedFunction::TableSchema());
    }
    if (const auto* layout = std::get_if<athena::GetTableLayoutRequest>(&request.request)) {
      EXPECT_EQ(layout->schema, ScriptedFunction::TableSchema());
    }
  }
}

TEST_F(FunctionClientTest, PartitionsAreAskedForWithTheConstraintsOnThem) {
  ScanRequest request;
  request.constraints.columns["p"] = ValueSet::Listed({Scalar(int64_t{1})});
  const Reading reading = Read(request);
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  EXPECT_THAT(reading.numbers, testing::ElementsAre(10, 11, 12, 13, 14, 15, 16, 17, 18, 19));
}

TEST(SentConstraints, WhatTheProtocolOrdersOtherwiseIsKeptBack) {
  using athena::WireKind;
  athena::WireSchema table{{{"f", true, {.kind = WireKind::kFloat, .bit_width = 64}, {}, {}},
                            {"t", true, {.kind = WireKind::kUtf8}, {}, {}},
                            {"z", true, {.kind = WireKind::kTimestamp, .unit = athena::WireUnit::kMilli, .timezone = "UTC"}, {}, {}}},
                           {}};
  const auto pushed = [&](const char* column, const ValueSet& set) {
    ScanRequest request;
    request.table = kNumbers;
    request.layout = athena::LogicalSchema(table).ValueOrDie();
    request.constraints.columns[column] = set;
    const SentConstraints sent = ChooseConstraints(request, table, false).ValueOrDie();
    EXPECT_EQ(sent.report.size(), 1u);
    EXPECT_EQ(sent.wire.summary.size(), sent.report[0].pushdown == Pushdown::kHint ? 1u : 0u) << sent.report[0].reason;
    return sent.report[0].pushdown;
  };
  EXPECT_EQ(pushed("f", ValueSet::Range({Scalar(1.5), true, std::nullopt, true})), Pushdown::kHint);
  EXPECT_EQ(pushed("f", ValueSet::Range({Scalar(0.0), true, std::nullopt, true})), Pushdown::kNot) << "-0.0 is below 0.0 there";
  EXPECT_EQ(pushed("f", ValueSet::Listed({Scalar(-0.0)})), Pushdown::kNot);
  EXPECT_EQ(pushed("t", ValueSet::Range({Scalar(std::string("z")), true, std::nullopt, true})), Pushdown::kHint);
  EXPECT_EQ(pushed("t", ValueSet::Range({Scalar(std::string("\xEF\xBC\xA1")), true, std::nullopt, true})), Pushdown::kNot)
      << "U+FF21 is above U+10000 in UTF-16";
  EXPECT_EQ(pushed("t", ValueSet::Listed({Scalar(std::string("\xEF\xBC\xA1"))})), Pushdown::kHint) << "equality has no order";
  EXPECT_EQ(pushed("z", ValueSet::Listed({Scalar(int64_t{1})})), Pushdown::kNot);
}

TEST(Invoker, AddressesGetTheStandardPath) {
  EXPECT_EQ(*InvocationUrl("http://127.0.0.1:9001"), "http://127.0.0.1:9001/2015-03-31/functions/function/invocations");
  EXPECT_EQ(*InvocationUrl("http://127.0.0.1:9001/"), "http://127.0.0.1:9001/2015-03-31/functions/function/invocations");
  EXPECT_EQ(*InvocationUrl("https://host/own/path?x=1"), "https://host/own/path?x=1");
  for (const char* bad : {"127.0.0.1:9001", "ftp://host", "http://", "http://user:secret@host/", "http://ho st/"}) {
    const Status status = InvocationUrl(bad).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << bad;
    EXPECT_THAT(status.message(), testing::Not(HasSubstr("secret")));
  }
}

TEST(Invoker, AnErrorIsToldFromAnAnswer) {
  EXPECT_TRUE(LooksLikeFunctionError(R"({"errorMessage":"m","errorType":"java.lang.RuntimeException","stackTrace":[]})"));
  EXPECT_FALSE(LooksLikeFunctionError(R"({"@type":"ListSchemasResponse","catalogName":"errorMessage","schemas":["errorType"]})"));
  EXPECT_FALSE(LooksLikeFunctionError("null"));
  EXPECT_FALSE(LooksLikeFunctionError("{"));
}

}  // namespace
}  // namespace lotic::athena_source
