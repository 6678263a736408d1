// SPDX-License-Identifier: Apache-2.0
#include "server/query_rates.h"

#include <gtest/gtest.h>

namespace lotic::server {
namespace {

using std::chrono::milliseconds;

const std::chrono::steady_clock::time_point kStart{std::chrono::hours(1)};

TEST(QueryRates, AllowWhatASecondAllowsAndNoMore) {
  QueryRates rates;
  int passed = 0;
  for (int i = 0; i < 10; ++i) passed += rates.Take("t", 4, kStart) ? 1 : 0;
  EXPECT_EQ(passed, 4);
  EXPECT_FALSE(rates.Take("t", 4, kStart + milliseconds(240)));
  EXPECT_TRUE(rates.Take("t", 4, kStart + milliseconds(251)));
  EXPECT_FALSE(rates.Take("t", 4, kStart + milliseconds(252)));
  passed = 0;
  for (int i = 0; i < 10; ++i) passed += rates.Take("t", 4, kStart + std::chrono::hours(1)) ? 1 : 0;
  EXPECT_EQ(passed, 4);  // an idle hour saves up nothing
}

TEST(QueryRates, BelowOneASecondAllowOneAtATime) {
  QueryRates rates;
  EXPECT_TRUE(rates.Take("t", 0.5, kStart));
  EXPECT_FALSE(rates.Take("t", 0.5, kStart + milliseconds(1900)));
  EXPECT_TRUE(rates.Take("t", 0.5, kStart + milliseconds(2001)));
}

TEST(QueryRates, OfTablesAreApartAndChangeWithTheirLimit) {
  QueryRates rates(2);
  EXPECT_TRUE(rates.Take("a", 1, kStart));
  EXPECT_FALSE(rates.Take("a", 1, kStart));
  EXPECT_TRUE(rates.Take("b", 1, kStart + milliseconds(1)));
  EXPECT_TRUE(rates.Take("b", 2, kStart + milliseconds(1)));
  EXPECT_TRUE(rates.Take("c", 1, kStart + milliseconds(2)));  // the one that was not asked for the longest time is forgotten
  EXPECT_FALSE(rates.Take("c", 1, kStart + milliseconds(2)));
  EXPECT_TRUE(rates.Take("a", 1, kStart + milliseconds(3)));
}

}  // namespace
}  // namespace lotic::server
