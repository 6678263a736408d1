// SPDX-License-Identifier: Apache-2.0
#include "server/home_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lotic::server {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(HomePage, EscapesWhateverItShows) {
  HomeTable table;
  table.name = "<script>";
  table.status.topic = "a\"onclick='x'&";
  table.status.error = "</td><b>";
  const HttpResponse page = HomePage({table}, {});
  EXPECT_THAT(page.body, Not(HasSubstr("<script>")));
  EXPECT_THAT(page.body, Not(HasSubstr("<b>")));
  EXPECT_THAT(page.body, HasSubstr("<a href=\"/tables/%3Cscript%3E\">&lt;script&gt;</a>"));
  EXPECT_THAT(page.body, HasSubstr("a&quot;onclick=&#39;x&#39;&amp;"));
  EXPECT_EQ(page.headers.front().first, "Content-Security-Policy");
  EXPECT_THAT(page.headers.front().second, HasSubstr("default-src 'none'"));
}

TEST(HomePage, ShowsTheDelayOfThePartitionThatIsFurthestBehind) {
  HomeTable table;
  table.name = "events";
  EXPECT_THAT(HomePage({table}, {}).body, HasSubstr("<a href=\"/tables/events/consumingSegmentsInfo\">not known</a>"));
  table.status.partitions.resize(3);
  table.status.delays_ms = {{0, 37}, {1, 1200}};
  EXPECT_THAT(HomePage({table}, {}).body, HasSubstr(">1200 ms (partition 1), not known of 1</a>"));
  table.status.delays_ms = {{0, 0}, {1, 0}, {2, 0}};
  EXPECT_THAT(HomePage({table}, {}).body, HasSubstr(">0 ms</a>"));
}

TEST(HomePage, ListsEveryRoute) {
  Router router;
  router.Get("/tables/{t}", Access::kRead, [](const CallContext&, const HttpRequest&) { return HttpResponse{}; });
  router.Add({"POST", "/query/sql", Access::kQuery, Lane::kQuery, [](const CallContext&, const HttpRequest&) { return HttpResponse{}; }});
  const std::string page = HomePage({}, router.routes()).body;
  EXPECT_THAT(page, HasSubstr("<td>POST</td><td><code>/query/sql</code></td>"));
  EXPECT_LT(page.find("/query/sql"), page.find("/tables/{t}"));
  EXPECT_THAT(page, HasSubstr("None yet."));
}

}  // namespace
}  // namespace lotic::server
