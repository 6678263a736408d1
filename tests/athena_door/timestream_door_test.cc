// SPDX-License-Identifier: Apache-2.0
// Timestream through Athena's protocol, against fake_timestream.py, whose URL is in LOTIC_TIMESTREAM_URL.
#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/athena_door/same_rows.h"
#include "tests/timestream/reading.h"

namespace lotic {
namespace {

std::shared_ptr<Connector> Fake() {
  const char* const url = std::getenv("LOTIC_TIMESTREAM_URL");
  LOTIC_CHECK(url != nullptr);
  return timestream::ConnectTo(url, "ms");
}

const TableName kMulti{"ops", "multi"}, kCpu{"ops", "cpu"};

ValueSet Above(Scalar low) { return ValueSet::Range({std::move(low), false, std::nullopt, true}); }

TEST(TimestreamThroughAthena, GivesTheRowsOfTheConnectorInlineSpilledProjectedFilteredAndLimited) {
  constexpr int64_t kBeginMs = 1'785'542'400'000;  // 2026-08-01
  ExpectSameRows(Fake(), kMulti,
                 {{"all"},
                  {"projected", {}, {{"note", "odd \"name\"::x", "host"}}},
                  {"by a text with a quote", {{{"note", ValueSet::Listed({Scalar(std::string("o'hare")), Scalar(std::string("say \"x\""))})}}, {}}},
                  {"by a time between two milliseconds", {{{"time", ValueSet::Range({Scalar(kBeginMs), true, Scalar(kBeginMs + 1'000), true})}}, {}}},
                  {"by a time that is no key", {{{"seen", Above(Scalar(kBeginMs + 500))}}, {}}, {{"seen", "hits"}}},
                  {"doubles above zero, and NaN", {{{"load", Above(Scalar(0.0))}}, {}}, {{"load"}}, false, false},
                  {"doubles below infinity", {{{"load", ValueSet::Range({std::nullopt, true, Scalar(1e300), true})}}, {}}, {{"load"}}},
                  {"borders of BIGINT", {{{"hits", ValueSet::Listed({Scalar(INT64_MAX), Scalar(INT64_MIN)})}}, {}}},
                  {"NULL alone", {{{"up", ValueSet::None(true)}}, {}}},
                  {"all but some", {{{"small", ValueSet{ValueSet::Kind::kUnlisted, true, {}, {Scalar(int64_t{0}), Scalar(int64_t{7})}}}}, {}}, {{"small"}}},
                  {"a day and a truth", {{{"day", ValueSet::Listed({Scalar(int64_t{20666})})}, {"up", ValueSet::Listed({Scalar(true)})}}, {}}},
                  {"nothing", {{{"hits", ValueSet::Listed({Scalar(int64_t{77})})}}, {}}, {}, true}});
}

TEST(TimestreamThroughAthena, NamesOfTheServiceAreFoundInLowerCase) {
  ExpectSameRows(Fake(), {"green house", "sensors"}, {{"all"}, {"filtered", {{{"measure_value::double", Above(Scalar(60.5))}}, {}}}});
}

TEST(TimestreamThroughAthena, AQueryOfItsOwnGoesThrough) {
  const auto connector = Fake();
  athena::TestDoor door(connector);
  const TableName result{"system", "query"};
  const std::vector<std::pair<std::string, std::string>> arguments = {
      {"schemaFunctionName", "SYSTEM.QUERY"}, {"QUERY", "SELECT host, \"measure_value::bigint\" FROM \"ops\".\"cpu\" WHERE measure_name = 'count'"}};
  const auto table = door.engine->Table(result, arguments);
  ASSERT_TRUE(table.ok()) << table.status();
  ASSERT_EQ(table->schema.fields.size(), 2u);
  athena::EngineQuery query{result};
  query.constraints.passthrough = arguments;
  const auto answer = door.engine->Run(query);
  ASSERT_TRUE(answer.ok()) << answer.status();
  const Constraints counts{{{"measure_name", ValueSet::Listed({Scalar(std::string("count"))})}}, {}};
  const auto expected = athena::Expected(athena::ReadDirectly(*connector, kCpu).ValueOrDie(), counts, {{"host", "measure_value::bigint"}}).ValueOrDie();
  EXPECT_EQ(expected.size(), 60u);
  EXPECT_EQ(SortedRows(answer->rows), SortedRows(expected));
  // A statement that changes something is refused before it is sent.
  const Status refused = door.engine->Table(result, {{"schemaFunctionName", "SYSTEM.QUERY"}, {"QUERY", "UNLOAD (SELECT 1) TO 's3://x'"}}).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalid) << refused;
}

}  // namespace
}  // namespace lotic
