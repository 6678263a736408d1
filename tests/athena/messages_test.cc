// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "athena_protocol/function_error.h"
#include "athena_protocol/message_json.h"
#include "athena_protocol/messages.h"
#include "tests/athena/block_text.h"
#include "tests/athena/judge.h"

// Every message, written by the original and read by us; written again by us and read by the original's strict mappers. What both say must be the same.

namespace lotic::athena_pack {
namespace {

using athena::FederationRequest;
using athena::FederationResponse;
using athena::ParsedRequest;

/// The original reads and writes capabilities from version 4 on, and cannot read what it writes of a block with rows but no columns.
bool IsBeyondTheOriginal(const std::string& name, int version) {
  return (name.starts_with("GetDataSourceCapabilities") && version < 4) || name.ends_with("/no_columns");
}

bool HasConstraints(const std::string& name) { return name.starts_with("GetTableLayout") || name.starts_with("GetSplits") || name.starts_with("ReadRecords"); }

class MessagesTest : public JudgedTest, public testing::WithParamInterface<int> {};

TEST_P(MessagesTest, RequestsOfTheOriginalSurviveTheWayThroughOurs) {  // checks 1, 15, 20, 25, 29; traps 1, 2, 4, 43
  const int version = GetParam();
  size_t passed = 0;
  for (const std::string& name : judge_->Names("request")) {
    if (IsBeyondTheOriginal(name, version)) continue;
    SCOPED_TRACE(name);
    const std::string java = judge_->Write(name, version);
    const Result<ParsedRequest> parsed = athena::ParseRequest(java);
    ASSERT_TRUE(parsed.ok()) << parsed.status().ToString() << "\n" << java.substr(0, 2000);
    EXPECT_EQ(athena::MessageName(parsed->request), name.substr(0, name.find('/')));
    const Result<std::string> ours = athena::WriteRequest(parsed->request, version);
    ASSERT_TRUE(ours.ok()) << ours.status().ToString();
    ASSERT_EQ(judge_->Dump(*ours, version, "request"), judge_->Dump(java, version, "request")) << "ours " << *ours << "\nJava " << java;
    const nlohmann::json difference = judge_->Ask({{"do", "difference"}, {"json", *ours}, {"version", version}, {"kind", "request"}});
    ASSERT_TRUE(difference.contains("difference") && difference["difference"].is_null()) << difference.dump() << "\n" << *ours;
    ++passed;
  }
  EXPECT_GT(passed, 400u);
}

TEST_P(MessagesTest, AnswersOfTheOriginalSurviveTheWayThroughOurs) {  // checks 1, 2, 27, 31; traps 3, 17
  const int version = GetParam();
  size_t passed = 0;
  for (const std::string& name : judge_->Names("response")) {
    if (IsBeyondTheOriginal(name, version)) continue;
    SCOPED_TRACE(name);
    const std::string java = judge_->Write(name, version);
    const Result<FederationResponse> parsed = athena::ParseResponse(java, {.strict = true});
    ASSERT_TRUE(parsed.ok()) << parsed.status().ToString() << "\n" << java.substr(0, 2000);
    EXPECT_EQ(athena::MessageName(*parsed), name.substr(0, name.find('/')));
    const std::string ours = athena::WriteResponse(*parsed);
    ASSERT_EQ(judge_->Dump(ours, version, "response"), judge_->Dump(java, version, "response")) << "ours " << ours << "\nJava " << java;
    const nlohmann::json difference = judge_->Ask({{"do", "difference"}, {"json", ours}, {"version", version}, {"kind", "response"}});
    ASSERT_TRUE(difference.contains("difference") && difference["difference"].is_null()) << difference.dump() << "\n" << ours;
    ++passed;
  }
  EXPECT_GT(passed, 30u);
}

TEST_P(MessagesTest, ACompositeHandlerResolvesOurRequestsAsItsOwn) {  // checks 6, 48; trap 55
  const int version = GetParam();
  std::set<std::string> kinds;
  for (const std::string& name : judge_->Names("request")) {
    if (IsBeyondTheOriginal(name, version)) continue;
    // One of each kind is enough: what lies deeper is compared above.
    if (!kinds.insert(name.substr(0, name.find('/', name.find('/') + 1))).second) continue;
    SCOPED_TRACE(name);
    const std::string java = judge_->Write(name, version);
    const Result<ParsedRequest> parsed = athena::ParseRequest(java);
    ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
    const Result<std::string> ours = athena::WriteRequest(parsed->request, version);
    ASSERT_TRUE(ours.ok()) << ours.status().ToString();
    const nlohmann::json of_java = judge_->Ask({{"do", "resolve"}, {"json", java}});
    const nlohmann::json of_ours = judge_->Ask({{"do", "resolve"}, {"json", *ours}});
    ASSERT_TRUE(of_java.contains("version") && of_ours.contains("version")) << of_java.dump() << "\n" << of_ours.dump();
    EXPECT_EQ(of_ours, of_java);
    EXPECT_GE(of_ours["version"].get<int>(), 3);
    if (HasConstraints(name)) {
      EXPECT_EQ(of_java["version"].get<int>(), std::max(3, version));
      EXPECT_EQ(parsed->serde_version, of_java["version"].get<int>());
    } else if (name.starts_with("GetTableRequest")) {
      EXPECT_EQ(of_java["version"].get<int>(), version < 5 ? 4 : 6);
    } else {
      EXPECT_EQ(of_java["version"].get<int>(), 6);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(SerdeVersions, MessagesTest, testing::Values(2, 3, 4, 5, 6), [](const auto& info) { return "v" + std::to_string(info.param); });

using MessageFormTest = JudgedTest;

TEST_F(MessageFormTest, EveryValueIsReadAsTheOriginalReadsIt) {  // checks 15, 18, 19; trap 48
  for (const int version : {2, 6}) {                             // both framings
    for (const std::string& name : judge_->Names("response")) {
      if (!name.starts_with("ReadRecordsResponse") || IsBeyondTheOriginal(name, version)) continue;
      SCOPED_TRACE(name);
      const std::string java = judge_->Write(name, version);
      const Result<FederationResponse> parsed = athena::ParseResponse(java, {});
      ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
      std::string expected = judge_->Dump(java, version, "response");
      expected = expected.substr(expected.find("\n  rows "));
      const athena::Block& records = std::get<athena::ReadRecordsResponse>(*parsed).records;
      std::string ours = "\n  rows " + std::to_string(records.rows.num_rows());
      for (const std::string& row : RowTexts(records)) ours += "\n  row " + row;
      ASSERT_EQ(ours, expected);
      EXPECT_TRUE(records.rows.Validate().ok());
    }
  }
}

TEST_F(MessageFormTest, BlocksWithRowsAndNoColumnsKeepTheirRows) {  // check 13
  for (const int version : {2, 6}) {
    const std::string java = judge_->Write("ReadRecordsResponse/no_columns", version);
    const Result<FederationResponse> parsed = athena::ParseResponse(java, {.strict = true});
    ASSERT_TRUE(parsed.ok()) << parsed.status().ToString() << "\n" << java;
    EXPECT_EQ(std::get<athena::ReadRecordsResponse>(*parsed).records.rows.num_rows(), 5);
    // The original cannot read what it writes here; what we write it must read, or count(*) over a federated table fails.
    EXPECT_THAT(judge_->Dump(athena::WriteResponse(*parsed), 6, "response"), testing::HasSubstr("rows 5"));
    const nlohmann::json own = judge_->Ask({{"do", "read"}, {"json", java}, {"version", version}, {"kind", "response"}});
    EXPECT_TRUE(own.contains("error")) << "the original reads its own blocks without columns now: a special case may go";
  }
}

TEST_F(MessageFormTest, WhatALaterVersionAppendsIsIgnored) {  // checks 1 (forward-compatible Pings), 3; trap 5
  for (const std::string kind : {"request", "response"}) {
    const std::string name = kind == "request" ? "PingRequest" : "PingResponse";
    const std::string java = judge_->Write(name, 6);
    const std::string later = java.substr(0, java.size() - 1) + R"(,"later":{"a":[1,{"b":null}]},"another":"x"})";
    EXPECT_EQ(judge_->Dump(later, 6, kind), judge_->Dump(java, 6, kind));
    std::string ours;
    if (kind == "request") {
      const Result<ParsedRequest> parsed = athena::ParseRequest(later);
      ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
      ours = athena::WriteRequest(parsed->request, 6).ValueOrDie();
    } else {
      const Result<FederationResponse> parsed = athena::ParseResponse(later, {});
      ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
      ours = athena::WriteResponse(*parsed);
    }
    EXPECT_EQ(judge_->Dump(ours, 6, kind), judge_->Dump(java, 6, kind));
  }
}

TEST_F(MessageFormTest, PingsOfOlderSidesAreRead) {  // check 3
  std::string request = judge_->Write("PingRequest", 6);
  const std::string options = R"(,"configOptions":{)";
  const size_t at = request.find(options);
  ASSERT_NE(at, std::string::npos);
  request.erase(at, request.find('}', at) + 1 - at);
  EXPECT_EQ(judge_->Ask({{"do", "resolve"}, {"json", request}})["version"], 6);
  const Result<ParsedRequest> parsed = athena::ParseRequest(request);
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_TRUE(std::get<athena::PingRequest>(parsed->request).identity->config_options.empty());

  std::string answer = judge_->Write("PingResponse", 6);
  const size_t serde = answer.find(R"(,"serDeVersion")");
  ASSERT_NE(serde, std::string::npos);
  answer = answer.substr(0, serde) + "}";
  EXPECT_THAT(judge_->Dump(answer, 6, "response"), testing::HasSubstr("\nserde 1"));
  const Result<FederationResponse> read = athena::ParseResponse(answer, {});
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(std::get<athena::PingResponse>(*read).serde_version, 1);
}

TEST_F(MessageFormTest, FunctionErrorsAreReadByBothSides) {  // checks 1 (the exception sample), 40
  const std::string java = judge_->Text({{"do", "failure"}}, "json");
  const Result<athena::FunctionError> read = athena::ParseFunctionError(java);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->type, athena::kThrottleErrorType);
  EXPECT_EQ(read->message, "the source is busy: \"\xc3\xa9\"\n");
  EXPECT_FALSE(read->stack.empty());
  EXPECT_EQ(StatusOf(*read).code(), StatusCode::kThrottled);

  for (const int version : {2, 6}) {
    const Status failure = Status::Throttled("shard \"7\" is busy:\n\xe4\xb8\xad");
    const std::string ours = athena::WriteFunctionError(athena::FunctionErrorOf(failure));
    const std::string text = judge_->Text({{"do", "exception"}, {"json", ours}, {"version", version}}, "text");
    EXPECT_THAT(text, testing::HasSubstr("shard \"7\" is busy:\n\xe4\xb8\xad"));
    EXPECT_THAT(text, testing::HasSubstr(std::string(athena::kThrottleErrorType)));
  }
}

TEST_F(MessageFormTest, SetsSayOfThemselvesWhatTheOriginalSays) {  // checks 20, 21; traps 18, 19
  size_t sets = 0;
  for (const std::string& name : judge_->Names("request")) {
    if (!name.starts_with("GetTableLayoutRequest/") || name.find("/expression/") != std::string::npos || name.ends_with("/several")) continue;
    SCOPED_TRACE(name);
    const std::string java = judge_->Write(name, 6);
    const nlohmann::json said = judge_->Ask({{"do", "predicates"}, {"json", java}, {"version", 6}, {"kind", "request"}});
    const Result<ParsedRequest> parsed = athena::ParseRequest(java);
    ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
    const athena::WireConstraints& constraints = std::get<athena::GetTableLayoutRequest>(parsed->request).constraints;
    ASSERT_EQ(constraints.summary.size(), 1u);
    const athena::WireValueSet& set = constraints.summary[0].second;
    EXPECT_EQ(athena::IsNone(set), said["none"].get<bool>());
    EXPECT_EQ(athena::IsAll(set), said["all"].get<bool>());
    // The original compares byte arrays by identity: two equal ones are no single value to it.
    const bool arrays = set.type.kind == athena::WireKind::kBinary && set.kind == athena::WireValueSet::Kind::kSortedRanges && set.ranges.size() == 1;
    EXPECT_EQ(athena::IsSingleValue(set) && !arrays, said["single"].get<bool>());
    EXPECT_EQ(set.ranges.size(), said["ranges"].get<size_t>());
    ++sets;
  }
  EXPECT_GT(sets, 300u);
}

}  // namespace
}  // namespace lotic::athena_pack
