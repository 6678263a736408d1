// SPDX-License-Identifier: Apache-2.0
#include "server/browser_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lotic::server {
namespace {

int StatusOf(const std::vector<NamedText>& headers, Access access, const std::string& method = "POST") {
  HttpRequest request;
  request.method = method;
  request.headers = headers;
  const Status status = CheckBrowserRules(request, access);
  return status.ok() ? 200 : ErrorResponse(status).status;
}

TEST(BrowserRules, AnswerToLoopbackNamesOnly) {
  for (const char* host :
       {"localhost", "localhost:9000", "LOCALHOST:1", "app.localhost:8", "127.0.0.1:8099", "127.1.2.3", "[::1]:9000", "[::1]", "localhost.:80"}) {
    EXPECT_EQ(StatusOf({{"host", host}}, Access::kWrite), 200) << host;
  }
  for (const char* host : {"example.com", "evil-localhost:9000", "localhost.example.com", "127.0.0.1.nip.io:9000", "127.0.0.256", "127.1", "0.0.0.0",
                           "192.168.1.1", "[::2]", "2130706433", "0177.0.0.1", "127.0.00.1"}) {
    EXPECT_EQ(StatusOf({{"host", host}}, Access::kOpen), 421) << host;
  }
  EXPECT_EQ(StatusOf({}, Access::kOpen), 400);
  EXPECT_EQ(StatusOf({{"host", ""}}, Access::kOpen), 400);
  EXPECT_EQ(StatusOf({{"host", "localhost:port"}}, Access::kOpen), 400);
  EXPECT_EQ(StatusOf({{"host", "localhost"}, {"host", "localhost"}}, Access::kOpen), 400);
}

TEST(BrowserRules, RefuseWhatABrowserSendsForAnotherOrigin) {
  const NamedText host{"host", "localhost:9000"};
  for (const Access access : {Access::kRead, Access::kQuery, Access::kWrite}) {
    EXPECT_EQ(StatusOf({host, {"sec-fetch-site", "cross-site"}}, access), 403);
    EXPECT_EQ(StatusOf({host, {"sec-fetch-site", "same-site"}}, access), 403);
    EXPECT_EQ(StatusOf({host, {"sec-fetch-site", "same-origin"}}, access), 200);
    EXPECT_EQ(StatusOf({host, {"sec-fetch-site", "none"}}, access), 200);
    EXPECT_EQ(StatusOf({host, {"origin", "http://evil.example"}}, access), 403);
    EXPECT_EQ(StatusOf({host, {"origin", "null"}}, access), 403);
    EXPECT_EQ(StatusOf({host, {"origin", "http://localhost:9001"}}, access), 403);
    EXPECT_EQ(StatusOf({host, {"origin", "http://localhost:9000"}}, access), 200);
    EXPECT_EQ(StatusOf({host}, access), 200);
  }
}

TEST(BrowserRules, LetALinkBeFollowedToWhatIsOnlyRead) {
  const std::vector<NamedText> link = {{"host", "localhost:9000"}, {"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "navigate"}};
  EXPECT_EQ(StatusOf(link, Access::kRead, "GET"), 200);
  EXPECT_EQ(StatusOf(link, Access::kRead, "POST"), 403);
  EXPECT_EQ(StatusOf(link, Access::kQuery, "GET"), 403);
  EXPECT_EQ(StatusOf(link, Access::kWrite, "GET"), 403);
  EXPECT_EQ(StatusOf(link, Access::kOpen, "GET"), 200);
}

}  // namespace
}  // namespace lotic::server
