// SPDX-License-Identifier: Apache-2.0
#include "server/metrics_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lotic::server {
namespace {

using testing::HasSubstr;

TEST(MetricsPage, NamesWhatItMeasuresAsPinotsExporterDoes) {
  const std::vector<table::Metric> metrics = {{"realtimeRowsConsumed", true, "events_REALTIME", "events", 0, 17},
                                              {"tableConsumptionPaused", false, "events_REALTIME", "", -1, 1},
                                              {"realtimeRowsConsumed", true, "events_REALTIME", "a\"b\\", 1, 1e15},
                                              {"up", false, "", "", -1, 0.5}};
  const std::string page = MetricsPage(metrics, {3, 1, 40, 12}, {5, 6, 0});
  EXPECT_THAT(page, HasSubstr("# TYPE pinot_server_realtimeRowsConsumed_Count counter\n"
                              "pinot_server_realtimeRowsConsumed_Count{table=\"events_REALTIME\",partition=\"0\",topic=\"events\"} 17\n"
                              "pinot_server_realtimeRowsConsumed_Count{table=\"events_REALTIME\",partition=\"1\",topic=\"a\\\"b\\\\\"} 1e+15\n"));
  EXPECT_THAT(
      page,
      HasSubstr("# TYPE pinot_controller_tableConsumptionPaused_Value gauge\npinot_controller_tableConsumptionPaused_Value{table=\"events_REALTIME\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("\npinot_server_up_Value 0.5\n"));
  EXPECT_THAT(page, HasSubstr("\npinot_broker_queries_Count 3\n"));
  EXPECT_THAT(page, HasSubstr("\nlotic_http_requests_Count 6\n"));
}

}  // namespace
}  // namespace lotic::server
