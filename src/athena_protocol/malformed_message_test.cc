// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "athena_protocol/test_messages.h"

// Messages with something wrong, made from good ones: each is an error that says so, or an answer, and the next good message is read as ever.

namespace lotic::athena {
namespace {

using namespace testing;  // NOLINT: the samples

int64_t PeakKilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// Where a token of JSON begins or ends.
std::vector<size_t> TokenEdges(const std::string& json) {
  std::vector<size_t> edges;
  bool in_text = false;
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '"' && (i == 0 || json[i - 1] != '\\')) {
      in_text = !in_text;
      edges.push_back(i);
    } else if (!in_text && std::string_view("{}[],:").find(json[i]) != std::string_view::npos) {
      edges.push_back(i);
    }
  }
  return edges;
}

std::vector<std::string> GoodRequests() {
  std::vector<std::string> out;
  for (const FederationRequest& request : EveryRequest()) out.push_back(WriteRequest(request, 6).ValueOrDie());
  return out;
}

void ExpectProperError(const std::string& json, const std::string& what) {
  const Result<ParsedRequest> parsed = ParseRequest(json);
  ASSERT_FALSE(parsed.ok()) << what << ": " << json.substr(0, 300);
  const StatusCode code = parsed.status().code();
  EXPECT_TRUE(code == StatusCode::kInvalid || code == StatusCode::kCapacityError) << parsed.status();
  EXPECT_GT(parsed.status().message().size(), 10u) << parsed.status();
  EXPECT_LT(parsed.status().message().size(), 2000u) << "an error is no copy of the request";
}

TEST(MalformedMessage, CutAtEveryTokenIsAnError) {
  int count = 0;
  for (const std::string& good : GoodRequests()) {
    for (const size_t edge : TokenEdges(good)) {
      ExpectProperError(good.substr(0, edge), "cut");
      ++count;
    }
    EXPECT_TRUE(ParseRequest(good).ok());
  }
  EXPECT_GT(count, 200);
}

TEST(MalformedMessage, AnyMemberOfTheWrongKindIsAnErrorOrTaken) {
  // Every value in turn becomes each of these; what is still read must be written back as a good message.
  const std::string wrong[] = {"null",       "true", "[]", "{}", "\"\"", "\"?\"", "1.5", "99999999999999999999", "[[[[]]]]", R"({"@type":"Nonsense"})",
                               R"("\ud800")"};
  int errors = 0;
  for (const std::string& good : GoodRequests()) {
    const std::vector<size_t> edges = TokenEdges(good);
    for (size_t i = 0; i < edges.size(); ++i) {
      if (good[edges[i]] != ':') continue;
      // The value: a scalar up to the next separator, or an object or array up to its end.
      size_t end = edges[i] + 1, depth = 0;
      bool in_text = false;
      for (; end < good.size(); ++end) {
        const char c = good[end];
        if (c == '"' && good[end - 1] != '\\') in_text = !in_text;
        if (in_text) continue;
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
      }
      for (size_t w = i % 3; w < std::size(wrong); w += 3) {  // a third of them at each place
        const std::string& value = wrong[w];
        const std::string bad = good.substr(0, edges[i] + 1) + value + good.substr(end);
        const Result<ParsedRequest> parsed = ParseRequest(bad);
        if (!parsed.ok()) {
          ExpectProperError(bad, value);
          ++errors;
          continue;
        }
        const Result<std::string> again = WriteRequest(parsed->request, 6);
        ASSERT_TRUE(again.ok()) << again.status() << bad;
        ASSERT_TRUE(ParseRequest(*again).ok()) << *again;
      }
    }
  }
  EXPECT_GT(errors, 300);
}

TEST(MalformedMessage, ArrowThatIsNoArrowIsAnError) {
  const std::string read = GoodRequests()[7];
  const std::string splits = GoodRequests()[5];
  const auto member = [](const std::string& json, const std::string& name) {
    const size_t at = json.find("\"" + name + "\":\"") + name.size() + 4;
    return std::pair<size_t, size_t>(at, json.find('"', at) - at);
  };
  int count = 0;
  for (const std::string& json : {read, splits}) {
    for (const char* name : {"schema", "records"}) {
      const auto [at, length] = member(json, name);
      // Cut at every group of four characters, which keeps the base64 good and the message short.
      for (size_t kept = 4; kept + 8 < length; kept += 4) {
        const std::string bad = std::string(json).replace(at + kept, length - kept, "");
        const Result<ParsedRequest> parsed = ParseRequest(bad);
        // Only the zero padding at the very end may be missing.
        if (kept + 48 < length) ExpectProperError(bad, name);
        ++count;
      }
      // Lengths and counts blown up: eight bytes of FF anywhere.
      for (size_t from = 0; from + 16 < length; from += 8) {
        const Result<ParsedRequest> parsed = ParseRequest(std::string(json).replace(at + from, 12, "//////////8A"));
        if (!parsed.ok()) {
          EXPECT_FALSE(parsed.status().message().empty());
        }
        ++count;
      }
    }
    EXPECT_TRUE(ParseRequest(json).ok());
  }
  EXPECT_GT(count, 200);
}

TEST(MalformedMessage, NothingAtAllIsAnError) {
  for (const std::string_view nothing : {std::string_view(), std::string_view(""), std::string_view("\xEF\xBB\xBF")}) {
    const auto request = ParseRequest(nothing);
    EXPECT_EQ(request.status().code(), StatusCode::kInvalid);
    EXPECT_NE(request.status().message().find("empty"), std::string::npos) << request.status();
  }
}

TEST(MalformedMessage, DepthAndSizeAreBoundedInMemory) {
  const std::string read = GoodRequests()[7];
  ASSERT_TRUE(ParseRequest(read).ok());
  const int64_t before = PeakKilobytes();
  for (const std::string& open :
       {std::string("["), std::string("{\"a\":"),
        std::string(R"({"@type":"FunctionCallExpression","type":{"@type":"Bool"},"functionName":{"functionName":"$not"},"arguments":[)")}) {
    std::string deep;
    for (int i = 0; i < 100000 && deep.size() < 6000000; ++i) deep += open;
    ExpectProperError(deep, "deep");
    const size_t at = read.find("\"expression\":[") + 14;
    ExpectProperError(read.substr(0, at) + deep, "deep expression");
    ExpectProperError(R"({"@type":"PingRequest","x":)" + deep, "deep unknown member");
  }
  ExpectProperError(R"({"@type":"PingRequest","x":[)" + std::string(6000000, ','), "commas");
  ExpectProperError(std::string(6291456, '"'), "quotes");
  ExpectProperError(R"({"@type":"ListTablesRequest","identity":null,"queryId":")" + std::string(6000000, 'x'), "a text without an end");
  EXPECT_LT(PeakKilobytes() - before, 300 * 1024);
  EXPECT_TRUE(ParseRequest(read).ok());
}

TEST(MalformedMessage, AnswersCutAtEveryTokenAreErrorsInBothManners) {
  for (const FederationResponse& response : EveryResponse()) {
    const std::string good = WriteResponse(response);
    for (const size_t edge : TokenEdges(good)) {
      EXPECT_FALSE(ParseResponse(good.substr(0, edge), {}).ok());
      EXPECT_FALSE(ParseResponse(good.substr(0, edge), {.strict = true}).ok());
    }
    EXPECT_TRUE(ParseResponse(good, {.strict = true}).ok());
  }
}

}  // namespace
}  // namespace lotic::athena
