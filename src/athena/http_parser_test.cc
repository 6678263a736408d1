// SPDX-License-Identifier: Apache-2.0
#include "athena/http_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lotic::athena {
namespace {

using testing::HasSubstr;
using Kind = HttpParser::Kind;

HttpLimits Limits() {
  HttpLimits limits;
  limits.max_head_bytes = 1000;
  limits.max_headers = 5;
  limits.max_body_bytes = 20;
  limits.max_dropped_bytes = 100;
  return limits;
}

// Fed in pieces of `step` bytes; an end of the stream follows.
Result<HttpMessage> Parse(Kind kind, std::string_view bytes, size_t step = 1000) {
  HttpParser parser(kind, Limits());
  for (size_t at = 0; at < bytes.size() && !parser.complete();) {
    LOTIC_ASSIGN_OR_RETURN(const size_t taken, parser.Feed(bytes.substr(at, step)));
    at += taken;
  }
  LOTIC_RETURN_NOT_OK(parser.End());
  if (!parser.complete()) return Status::NotFound("nothing");
  return parser.Take();
}

TEST(HttpParser, ReadsARequestInPiecesOfAnySize) {
  constexpr std::string_view kRequest = "POST /a/b?c HTTP/1.1\r\nHost: x\r\nContent-Length:  5 \r\nX-Trace: \t a b \r\n\r\nhello";
  for (size_t step = 1; step <= kRequest.size(); ++step) {
    const auto request = Parse(Kind::kRequest, kRequest, step);
    ASSERT_TRUE(request.ok()) << step << ": " << request.status();
    EXPECT_EQ(request->method, "POST");
    EXPECT_EQ(request->target, "/a/b?c");
    EXPECT_EQ(request->body, "hello");
    EXPECT_EQ(request->Header("x-trace"), "a b");
    EXPECT_EQ(request->Header("absent"), "");
    EXPECT_TRUE(request->keep_alive);
  }
}

TEST(HttpParser, ReadsChunksWithExtensionsAndTrailers) {
  constexpr std::string_view kResponse =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;name=x\r\nWiki\r\nA\r\npedia in c\r\n0\r\nExpires: never\r\n\r\n";
  for (const size_t step : {1, 2, 3, 7, 1000}) {
    const auto response = Parse(Kind::kResponse, kResponse, step);
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "Wikipedia in c");
    EXPECT_TRUE(response->keep_alive);
  }
}

TEST(HttpParser, TakesOneMessageAndLeavesTheNext) {
  constexpr std::string_view kTwo = "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n";
  HttpParser parser(Kind::kRequest, Limits());
  const size_t taken = parser.Feed(kTwo).ValueOrDie();
  EXPECT_EQ(taken, kTwo.size() / 2);
  EXPECT_EQ(parser.Take().target, "/1");
  EXPECT_FALSE(parser.started());
  EXPECT_EQ(parser.Feed(kTwo.substr(taken)).ValueOrDie(), kTwo.size() - taken);
  EXPECT_EQ(parser.Take().target, "/2");
}

TEST(HttpParser, PassesOverInformationalResponses) {
  const auto response = Parse(Kind::kResponse, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 202);
  EXPECT_EQ(response->body, "ok");
}

TEST(HttpParser, ReadsAResponseWithoutLengthToTheEnd) {
  const auto response = Parse(Kind::kResponse, "HTTP/1.1 200\r\n\r\nall of it");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->body, "all of it");
  EXPECT_FALSE(response->keep_alive);
}

TEST(HttpParser, KnowsWhoKeepsTheConnection) {
  EXPECT_FALSE(Parse(Kind::kRequest, "GET / HTTP/1.0\r\n\r\n").ValueOrDie().keep_alive);
  EXPECT_TRUE(Parse(Kind::kRequest, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").ValueOrDie().keep_alive);
  EXPECT_FALSE(Parse(Kind::kRequest, "GET / HTTP/1.1\r\nConnection: te, Close\r\n\r\n").ValueOrDie().keep_alive);
}

TEST(HttpParser, DropsABodyOverTheLimitAndCountsIt) {
  const std::string body(50, 'x');
  const auto fixed = Parse(Kind::kRequest, "POST / HTTP/1.1\r\nContent-Length: 50\r\n\r\n" + body, 7);
  ASSERT_TRUE(fixed.ok()) << fixed.status();
  EXPECT_TRUE(fixed->body_dropped());
  EXPECT_EQ(fixed->body_bytes, 50u);
  EXPECT_EQ(fixed->body, "");
  const auto chunked = Parse(Kind::kRequest, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n32\r\n" + body + "\r\n0\r\n\r\n", 7);
  ASSERT_TRUE(chunked.ok()) << chunked.status();
  EXPECT_EQ(chunked->body_bytes, 50u);
  EXPECT_TRUE(chunked->body_dropped());
}

TEST(HttpParser, SaysWhichBytesAreWrong) {
  const struct {
    std::string bytes;
    int http_status;
    const char* message;
  } cases[] = {
      {"\x16\x03\x01 hello", 400, "begins with byte 22"},
      {"GET /\r\n", 400, "not an HTTP request line"},
      {"GET / HTTP/1.1\n\n", 400, "does not end with CR LF"},
      {"GET / HTTP/1.1\rX", 400, "does not end with CR LF"},
      {"GET / HTTP/2.0\r\n\r\n", 505, "not HTTP/1.1"},
      {"GET / SPDY/1.1\r\n\r\n", 400, "not HTTP/1.1"},
      {"GE(T / HTTP/1.1\r\n\r\n", 400, "not an HTTP method"},
      {"GET http://x/ HTTP/1.1\r\n\r\n", 400, "target is not a path"},
      {"GET /\xc3\xa4 HTTP/1.1\r\n\r\n", 400, "target is not a path"},
      {std::string("GET / HTTP/1.1\r\nA: \0\r\n\r\n", 24), 400, "control character"},
      {"GET / HTTP/1.1\r\nA : b\r\n\r\n", 400, "not an HTTP header: \"A : b\""},
      {"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400, "not an HTTP header: \" folded\""},
      {"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, "not an HTTP header"},
      {"GET / HTTP/1.1\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\n\r\n", 431, "more than 5 headers"},
      {"GET / HTTP/1.1\r\nA: " + std::string(1000, 'x') + "\r\n\r\n", 431, "longer than 1000 bytes"},
      {"POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\nhello", 400, "not a number of bytes"},
      {"POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400, "Content-Length is empty"},
      {"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400, "not a number of bytes"},
      {"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400, "two lengths"},
      {"POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", 413, "a body of 101 bytes; the limit is 20"},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "both"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "Transfer-Encoding"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "HTTP/1.0"},
      {"POST / HTTP/1.1\r\nExpect: magic\r\n\r\n", 417, "expectation"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, "not the size of a chunk: \"xyz\""},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 400, "not the size of a chunk"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400, "not the size of a chunk"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n", 413, "a chunk of"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400, "longer than its size"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(300, 'x'), 431, "longer than 256 bytes"},
      {"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhello", 400, "ended in the middle of the body, after 5 bytes"},
      {"POST / HTT", 400, "ended in the middle of the headers"},
  };
  for (const auto& each : cases) {
    for (const size_t step : {1, 1000}) {
      const auto request = Parse(Kind::kRequest, each.bytes, step);
      ASSERT_FALSE(request.ok()) << each.bytes;
      EXPECT_EQ(HttpStatusOf(request.status(), 0), each.http_status) << each.bytes << "\n" << request.status();
      EXPECT_THAT(request.status().message(), HasSubstr(each.message));
    }
  }
  for (const char* bytes :
       {"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "ICY 200 OK\r\n\r\n", "HTTP/1.1 101 Switch\r\n\r\n"}) {
    EXPECT_EQ(Parse(Kind::kResponse, bytes).status().code(), StatusCode::kInvalid) << bytes;
  }
}

TEST(HttpParser, EndsAChunkedBodyOverEveryLimit) {
  HttpParser parser(Kind::kRequest, Limits());
  ASSERT_TRUE(parser.Feed("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").ok());
  Status status;
  size_t sent = 0;
  while (status.ok() && sent < 1000) {
    status = parser.Feed("a\r\n0123456789\r\n").status();
    sent += 10;
  }
  EXPECT_EQ(HttpStatusOf(status, 0), 413) << status;
  EXPECT_EQ(sent, 110u);
}

}  // namespace
}  // namespace lotic::athena
