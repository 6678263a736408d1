// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "athena/test_door.h"
#include "athena_protocol/predicate.h"
#include "lotic/connector.h"

namespace lotic {

/// A query of one table.
struct DoorCase {
  std::string name;
  Constraints constraints = {};  ///< over the logical types that the door shows
  std::optional<std::vector<std::string>> columns = {};
  bool finds_nothing = false;
  bool limit_stops = true;  ///< false: a filter that the protocol's order makes another one, so that no row may be counted before the engine has looked
};

inline std::vector<std::string> SortedRows(std::vector<std::string> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

/// Through Athena's protocol, inline, spilled in small blocks, and limited, the rows are those that the connector gives when it is read directly and filtered here.
inline void ExpectSameRows(const std::shared_ptr<Connector>& connector, const TableName& table, const std::vector<DoorCase>& cases) {
  const auto direct = athena::ReadDirectly(*connector, table);
  ASSERT_TRUE(direct.ok()) << direct.status();
  athena::TestDoor door(connector);
  const auto described = door.engine->Table(table);
  ASSERT_TRUE(described.ok()) << described.status();
  for (const DoorCase& one : cases) {
    SCOPED_TRACE(one.name);
    const auto filtered = athena::Expected(*direct, one.constraints, one.columns);
    ASSERT_TRUE(filtered.ok()) << filtered.status();
    const std::vector<std::string> expected = SortedRows(*filtered);
    EXPECT_EQ(expected.empty(), one.finds_nothing);
    const auto constraints = athena::ToWireConstraints(one.constraints, described->schema);
    ASSERT_TRUE(constraints.ok()) << constraints.status();
    athena::EngineQuery query{table, one.columns, *constraints};
    const auto inline_answer = door.engine->Run(query);
    ASSERT_TRUE(inline_answer.ok()) << inline_answer.status();
    EXPECT_EQ(SortedRows(inline_answer->rows), expected);
    EXPECT_EQ(inline_answer->spilled_splits, 0u);
    athena::EngineQuery spilled = query;
    spilled.max_inline_block_size = 1;
    spilled.max_block_size = 3'000;
    const auto spilled_answer = door.engine->Run(spilled);
    ASSERT_TRUE(spilled_answer.ok()) << spilled_answer.status();
    EXPECT_EQ(SortedRows(spilled_answer->rows), expected);
    EXPECT_TRUE(one.finds_nothing || spilled_answer->objects.size() > 0u);
    athena::EngineQuery limited = query;
    limited.constraints.limit = 5;
    const auto limited_answer = door.engine->Run(limited);
    ASSERT_TRUE(limited_answer.ok()) << limited_answer.status();
    EXPECT_GE(limited_answer->rows.size(), std::min<size_t>(5, expected.size()));
    if (one.limit_stops) {
      EXPECT_LE(limited_answer->rows.size(), 5 * limited_answer->splits.size());
    }
    const std::vector<std::string> some = SortedRows(limited_answer->rows);
    EXPECT_TRUE(std::includes(expected.begin(), expected.end(), some.begin(), some.end()));
  }
}

}  // namespace lotic
