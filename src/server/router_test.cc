// SPDX-License-Identifier: Apache-2.0
#include "server/router.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lotic::server {
namespace {

Route Named(const std::string& method, const std::string& pattern) {
  return {method, pattern, Access::kRead, Lane::kControl, [pattern](const CallContext&, const HttpRequest&) { return TextResponse(pattern); }};
}

HttpRequest Asking(const std::string& method, std::vector<std::string> path) {
  HttpRequest request;
  request.method = method;
  request.path = std::move(path);
  return request;
}

TEST(Router, PrefersALiteralSegmentToAWord) {
  Router router;
  router.Add(Named("GET", "/tables/{t}"));
  router.Add(Named("GET", "/tables/livebrokers"));
  router.Add(Named("GET", "/tables/{t}/schema"));
  HttpRequest literal = Asking("GET", {"tables", "livebrokers"});
  EXPECT_EQ(router.Find(&literal).ValueOrDie()->pattern, "/tables/livebrokers");
  HttpRequest word = Asking("GET", {"tables", "events"});
  EXPECT_EQ(router.Find(&word).ValueOrDie()->pattern, "/tables/{t}");
  EXPECT_EQ(word.Parameter("t"), "events");
  HttpRequest deeper = Asking("GET", {"tables", "livebrokers", "schema"});
  EXPECT_EQ(router.Find(&deeper).ValueOrDie()->pattern, "/tables/{t}/schema");
  EXPECT_EQ(deeper.Parameter("t"), "livebrokers");
}

TEST(Router, AnswersHeadWithTheRouteOfGetUnlessHeadHasItsOwn) {
  Router router;
  router.Add(Named("GET", "/health"));
  router.Add(Named("GET", "/mytables"));
  router.Add(Named("HEAD", "/mytables"));
  HttpRequest health = Asking("HEAD", {"health"});
  EXPECT_EQ(router.Find(&health).ValueOrDie()->method, "GET");
  HttpRequest mine = Asking("HEAD", {"mytables"});
  EXPECT_EQ(router.Find(&mine).ValueOrDie()->method, "HEAD");
}

TEST(Router, TellsAnUnknownPathFromAMethodThatIsNotThere) {
  Router router;
  router.Add(Named("GET", "/schemas"));
  router.Add(Named("POST", "/schemas"));
  HttpRequest unknown = Asking("GET", {"users"});
  const Status missing = router.Find(&unknown).status();
  EXPECT_EQ(ErrorResponse(missing).status, 404);
  EXPECT_EQ(missing.message(), "there is no /users here; GET / lists what there is");
  HttpRequest wrong = Asking("DELETE", {"schemas"});
  const Status method = router.Find(&wrong).status();
  EXPECT_EQ(ErrorResponse(method).status, 405);
  EXPECT_EQ(method.message(), "/schemas is asked by GET, POST, not by DELETE");
}

TEST(Router, FindsTheRootAndNothingBelowIt) {
  Router router;
  router.Add(Named("GET", "/"));
  HttpRequest root = Asking("GET", {});
  EXPECT_EQ(router.Find(&root).ValueOrDie()->pattern, "/");
  HttpRequest below = Asking("GET", {"x"});
  EXPECT_FALSE(router.Find(&below).ok());
}

}  // namespace
}  // namespace lotic::server
