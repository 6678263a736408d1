// SPDX-License-Identifier: Apache-2.0
#include "table/kept_views.h"

#include <gtest/gtest.h>

namespace lotic::table {
namespace {

using std::chrono::seconds;

TEST(KeptViews, AskingAgainDoesNotKeepAViewForEver) {
  KeptViews views;
  const auto view = std::make_shared<const TableView>();
  KeptViews::Instant now;
  views.Keep("a", view, now);
  // As queries do that name a snapshot: found, planned with, kept, every half minute.
  int found = 0;
  for (int i = 1; i <= 10; ++i) {
    now += seconds(30);
    const auto kept = views.Find("a", now);
    if (kept == nullptr) break;
    EXPECT_EQ(kept, view);
    views.Keep("a", kept, now);
    ++found;
  }
  EXPECT_EQ(found, 4);
  const auto newer = std::make_shared<const TableView>();
  views.Keep("a", newer, now);
  EXPECT_EQ(views.Find("a", now + seconds(120)), newer);
  EXPECT_EQ(views.Find("a", now + seconds(121)), nullptr);
}

TEST(KeptViews, AViewWhoseTimeIsOverWhileItIsPlannedWithIsNotKeptAnew) {
  KeptViews views;
  const auto view = std::make_shared<const TableView>();
  const KeptViews::Instant now;
  views.Keep("a", view, now);
  ASSERT_EQ(views.Find("a", now + seconds(119)), view);
  EXPECT_EQ(views.Find("another", now + seconds(124)), nullptr);
  views.Keep("a", view, now + seconds(125));  // planning took six seconds
  EXPECT_EQ(views.Find("a", now + seconds(125)), nullptr);
  views.Keep("b", std::make_shared<const TableView>(), now + seconds(125));
  EXPECT_NE(views.Find("b", now + seconds(200)), nullptr);
}

TEST(KeptViews, TheLeastRecentlyUsedGoesFirst) {
  KeptViews views;
  const KeptViews::Instant now;
  for (size_t i = 0; i < KeptViews::kMax; ++i) views.Keep(std::to_string(i), std::make_shared<const TableView>(), now);
  EXPECT_NE(views.Find("0", now), nullptr);
  views.Keep("one more", std::make_shared<const TableView>(), now);
  EXPECT_NE(views.Find("0", now), nullptr);
  EXPECT_EQ(views.Find("1", now), nullptr);
  EXPECT_NE(views.Find("2", now), nullptr);
}

}  // namespace
}  // namespace lotic::table
