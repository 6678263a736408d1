// SPDX-License-Identifier: Apache-2.0
#include "connector/timestream/passthrough.h"

#include <gmock/gmock.h>

namespace lotic::timestream {
namespace {

TEST(Passthrough, TakesWhatOnlyReads) {
  for (const char* const query :
       {"SELECT 1", "with t as (select 1) select * from t", "  -- why\n SELECT last_update FROM t", "/* a; DROP */ SELECT CREATE_TIME_SERIES(time, v) FROM t",
        "SELECT 'drop; it''s' AS \"update\"", "SHOW TABLES FROM \"db\"", "describe \"db\".\"t\"", "SELECT 1 -- DELETE"}) {
    const Result<std::string> checked = CheckPassthrough(query);
    ASSERT_TRUE(checked.ok()) << query << ": " << checked.status();
    EXPECT_EQ(*checked, query);
  }
  EXPECT_EQ(CheckPassthrough("SELECT 1 ; \n-- end").ValueOrDie(), "SELECT 1 ");
  EXPECT_TRUE(IsMetadataStatement(" /* x */ show DATABASES"));
  EXPECT_FALSE(IsMetadataStatement("SELECT 1"));
}

TEST(Passthrough, RefusesTheRestAndSaysWhy) {
  for (const auto& [query, message] : std::vector<std::pair<std::string, std::string>>{{"", "is empty"},
                                                                                       {"  ;", "is empty"},
                                                                                       {"-- only a comment", "is empty"},
                                                                                       {"SELECTED 1", "begins with 'SELECTED'"},
                                                                                       {"(SELECT 1)", "begins with '('"},
                                                                                       {"UNLOAD (SELECT 1) TO 's3://b'", "begins with 'UNLOAD'"},
                                                                                       {"INSERT INTO t VALUES (1)", "begins with 'INSERT'"},
                                                                                       {"WITH t AS (SELECT 1) DELETE FROM t", "holds DELETE at byte 21"},
                                                                                       {"SELECT 1; SELECT 2", "more than one statement"},
                                                                                       {"SELECT 'a", "no end of the text that begins at byte 7"},
                                                                                       {"SELECT \"a", "no end of the name that begins at byte 7"},
                                                                                       {"SELECT /* a", "no end of the comment that begins at byte 7"},
                                                                                       {std::string("SELECT \0", 8), "byte 0"}}) {
    const Status status = CheckPassthrough(query).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << query;
    EXPECT_THAT(status.message(), testing::HasSubstr(message)) << query;
  }
}

}  // namespace
}  // namespace lotic::timestream
