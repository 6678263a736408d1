// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "connector/kafka/test_topic.h"

namespace lotic::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

class ClusterTest : public BrokerTest {
 protected:
  std::unique_ptr<Cluster> ClusterWith(milliseconds backoff) {
    auto settings = std::make_shared<ConnectionSettings>();
    settings->client = Options().client;
    settings->client.reconnect_backoff = backoff;
    settings->client.reconnect_backoff_max = backoff;
    settings->log = [this](LogDetail detail, const std::string& sentence) {
      const std::lock_guard lock(mutex_);
      (detail == LogDetail::kEvent ? events_ : details_).push_back(sentence);
    };
    return std::make_unique<Cluster>(std::move(settings));
  }
  static int64_t CountOf(const std::vector<std::string>& sentences, std::string_view part) {
    return std::count_if(sentences.begin(), sentences.end(), [&](const std::string& one) { return one.find(part) != std::string::npos; });
  }

  std::mutex mutex_;
  std::vector<std::string> events_, details_;
};

TEST_F(ClusterTest, ABrokerThatDoesNotAnswerRestsAndIsToldOnce) {
  StartBroker();
  ASSERT_TRUE(broker_->CreateTopic("orders").ok());
  ASSERT_TRUE(broker_->SetNodeDown(1, true).ok());
  const auto cluster = ClusterWith(milliseconds(200));
  const auto begun = steady_clock::now();
  for (int i = 0; i < 5; ++i) {
    const Status failed = cluster->TopicNames(Soon(), milliseconds(0)).status();
    EXPECT_EQ(failed.code(), StatusCode::kIOError);
    EXPECT_THAT(failed.message(), HasSubstr(broker_->bootstrap()));
  }
  EXPECT_GE(steady_clock::now() - begun, milliseconds(400));  // four rests of at least a half
  EXPECT_EQ(CountOf(events_, "connecting failed"), 1);
  EXPECT_EQ(CountOf(details_, "connecting failed"), 4);
  // A rest ends with the caller's time, and the failure is told all the same.
  const auto patient = ClusterWith(milliseconds(60'000));
  EXPECT_EQ(patient->TopicNames(Soon(), milliseconds(0)).status().code(), StatusCode::kIOError);
  const Status late = patient->TopicNames(Within(milliseconds(50)), milliseconds(0)).status();
  EXPECT_EQ(late.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(late.message(), HasSubstr(broker_->bootstrap()));
  std::stop_source stopped;
  stopped.request_stop();
  CallContext ctx = Soon();
  ctx.stop = stopped.get_token();
  EXPECT_TRUE(patient->TopicNames(ctx, milliseconds(0)).status().IsCancelled());
  // Back again.
  ASSERT_TRUE(broker_->SetNodeDown(1, false).ok());
  EXPECT_THAT(cluster->TopicNames(Soon(), milliseconds(0)).ValueOrDie(), testing::ElementsAre("orders"));
  EXPECT_EQ(CountOf(events_, "answers again"), 1);
  EXPECT_THAT(events_.back(), testing::AnyOf(HasSubstr("answers again"), HasSubstr("connected to broker")));
  // The next outage is one of its own.
  events_.clear();
  ASSERT_TRUE(broker_->SetNodeDown(1, true).ok());
  EXPECT_FALSE(cluster->TopicNames(Within(milliseconds(2000)), milliseconds(0)).ok());
  EXPECT_EQ(CountOf(events_, "connecting failed"), 1);
}

TEST_F(ClusterTest, ABrokerThatRestsHoldsUpNoOther) {
  StartBroker({.node_count = 2});
  ASSERT_TRUE(broker_->CreateTopic("orders").ok());
  const auto cluster = ClusterWith(milliseconds(60'000));
  ASSERT_TRUE(cluster->TopicNames(Soon(), milliseconds(0)).ok());
  ASSERT_TRUE(broker_->SetNodeDown(2, true).ok());
  EXPECT_EQ(cluster->Acquire(Soon(), 2).status().code(), StatusCode::kIOError);
  const auto begun = steady_clock::now();
  const Status resting = cluster->Acquire(Soon(), 2).status();  // not waited for: its reader has other brokers
  EXPECT_EQ(resting.code(), StatusCode::kIOError);
  EXPECT_THAT(resting.message(), HasSubstr("127.0.0.1"));
  EXPECT_TRUE(cluster->Acquire(Soon(), 1).ok());
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(cluster->TopicNames(Soon(), milliseconds(0)).ok());
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(10));
  EXPECT_EQ(CountOf(events_, "connecting failed") + CountOf(details_, "connecting failed"), 1);
}

}  // namespace
}  // namespace lotic::kafka
