// SPDX-License-Identifier: Apache-2.0
#include "server/request_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lotic::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(RequestTarget, DecodesEachSegmentAndParameterOnce) {
  const RequestTarget target = ParseRequestTarget("/tables/my%20t%2525?type=real%2Btime&sql=select+1%3B&empty=&flag").ValueOrDie();
  EXPECT_THAT(target.path, ElementsAre("tables", "my t%25"));
  EXPECT_THAT(target.query, ElementsAre(Pair("type", "real+time"), Pair("sql", "select 1;"), Pair("empty", ""), Pair("flag", "")));
}

TEST(RequestTarget, TakesTheRootAndOneSlashAtTheEnd) {
  EXPECT_TRUE(ParseRequestTarget("/").ValueOrDie().path.empty());
  EXPECT_TRUE(ParseRequestTarget("/?a=1").ValueOrDie().path.empty());
  EXPECT_THAT(ParseRequestTarget("/tables/").ValueOrDie().path, ElementsAre("tables"));
}

struct BadTarget {
  const char* target;
  int status;
  const char* message;
};
class RequestTargetRefuses : public testing::TestWithParam<BadTarget> {};

TEST_P(RequestTargetRefuses, WhatHasMoreThanOneSpelling) {
  const auto parsed = ParseRequestTarget(GetParam().target);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(ErrorResponse(parsed.status()).status, GetParam().status);
  EXPECT_THAT(parsed.status().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(All, RequestTargetRefuses,
                         testing::Values(BadTarget{"", 400, "begin with a slash"}, BadTarget{"http://localhost/", 400, "begin with a slash"},
                                         BadTarget{"*", 400, "begin with a slash"}, BadTarget{"//tables", 400, "empty segment"},
                                         BadTarget{"/tables//x", 400, "empty segment"}, BadTarget{"/tables//", 400, "empty segment"},
                                         BadTarget{"//", 400, "empty segment"}, BadTarget{"/a/../b", 400, "dots"}, BadTarget{"/a/%2e%2E", 400, "dots"},
                                         BadTarget{"/./a", 400, "dots"}, BadTarget{"/users;.", 400, "semicolon"}, BadTarget{"/a%3Bb", 400, "semicolon"},
                                         BadTarget{"/a%2Fb", 400, "slash"}, BadTarget{"/a%5cb", 400, "backslash"}, BadTarget{"/a\\b", 400, "backslash"},
                                         BadTarget{"/a%00", 400, "control"}, BadTarget{"/a%", 400, "percent sign"}, BadTarget{"/a%4", 400, "percent sign"},
                                         BadTarget{"/a%zz", 400, "percent sign"}, BadTarget{"/a%ff", 400, "not UTF-8"},
                                         BadTarget{"/a?b=%c0%80", 400, "not UTF-8"}, BadTarget{"/a?b=%00", 400, "NUL"},
                                         BadTarget{"/a?b=%", 400, "percent sign"}));

TEST(RequestTarget, HasItsLimits) {
  const auto long_one = ParseRequestTarget("/" + std::string(kMaxTargetBytes, 'a'));
  EXPECT_EQ(ErrorResponse(long_one.status()).status, 414);
  std::string many = "/?";
  for (size_t i = 0; i <= kMaxQueryParameters; ++i) many += "a&";
  EXPECT_THAT(ParseRequestTarget(many).status().message(), HasSubstr("more than 100 parameters"));
}

TEST(RequestHead, IsLinesThatEndInCrLf) {
  EXPECT_TRUE(CheckRequestHead("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").ok());
  EXPECT_THAT(CheckRequestHead("GET / HTTP/1.1\nHost: localhost\r\n\r\n").message(), HasSubstr("bare line feed"));
  EXPECT_THAT(CheckRequestHead("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n").message(), HasSubstr("bare carriage return"));
  EXPECT_THAT(CheckRequestHead("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n").message(), HasSubstr("folded"));
  EXPECT_THAT(CheckRequestHead(std::string("GET / HTTP/1.1\r\nA: b\0\r\n\r\n", 24)).message(), HasSubstr("NUL"));
}

TEST(FormFile, IsTheOnePartOfAForm) {
  const std::string body =
      "--xyz\r\nContent-Disposition: form-data; name=\"schema\"; filename=\"s.json\"\r\nContent-Type: application/json\r\n\r\n{\"a\":1}\r\n--xyz--\r\n";
  EXPECT_EQ(FormFile("multipart/form-data; boundary=xyz", body).ValueOrDie(), "{\"a\":1}");
  EXPECT_EQ(FormFile("multipart/form-data; charset=utf-8; BOUNDARY=\"xyz\"", body).ValueOrDie(), "{\"a\":1}");
  EXPECT_EQ(FormFile("multipart/form-data; boundary=xyz", "--xyz\r\n\r\nbare\r\n--xyz--").ValueOrDie(), "bare");
}

TEST(FormFile, SaysWhatIsMissing) {
  EXPECT_THAT(FormFile("multipart/form-data", "").status().message(), HasSubstr("without a boundary"));
  EXPECT_THAT(FormFile("multipart/form-data; boundary=x", "{}").status().message(), HasSubstr("does not begin with its boundary"));
  EXPECT_THAT(FormFile("multipart/form-data; boundary=x", "--x\r\nA: b\r\n").status().message(), HasSubstr("no end of its headers"));
  EXPECT_THAT(FormFile("multipart/form-data; boundary=x", "--x\r\nA: b\r\n\r\n{}").status().message(), HasSubstr("does not end with the boundary"));
  EXPECT_THAT(FormFile("multipart/form-data; boundary=x", "--x\r\nA: b\r\n\r\n1\r\n--x\r\nA: c\r\n\r\n2\r\n--x--").status().message(),
              HasSubstr("more than one part"));
}

}  // namespace
}  // namespace lotic::server
