// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "aws/json_client.h"
#include "aws/session.h"
#include "connector/conformance.h"
#include "connector/kinesis/kinesis_connector.h"
#include "connector/kinesis/put_client.h"

// The suite of the connector interface against a service over HTTP, in its own time: run_conformance.py starts one and says where it is. No service opens a shard without closing another,
// so ANewPartitionIsDiscoveredOnceAndRead is left to kinesis_test.cc, whose fake can, and to kinesis_pack_test.py, which splits and merges.

namespace lotic::kinesis {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPoll{50};
// "Latest" is told in whole seconds of the service's clock: what was put before it has to be older than one.
constexpr milliseconds kLatestIsLater{2'100};

std::string Url() {
  const char* const url = std::getenv("LOTIC_KINESIS_URL");
  return url == nullptr ? "" : url;
}

aws::Session Session() {
  aws::Session session;
  session.region = "us-east-1";
  session.credentials = aws::FixedCredentials({"AKIDEXAMPLE", net::Secret("fake-secret"), net::Secret("")}).ValueOrDie();
  session.http = aws::HttpClient::Create({}).ValueOrDie();
  session.retry_clock = &aws::RetryClock::System();
  return session;
}

class Harness final : public ConformanceHarness {
 public:
  Harness() {
    static std::atomic<int> streams{0};
    stream_ = "conformance-" + std::to_string(++streams);
    aws::JsonClientOptions options;
    options.endpoint = Url();
    json_ = aws::JsonClient::Create(aws::KinesisService(), Session(), options).ValueOrDie();
    puts_ = PutClient::Create(Session(), Url()).ValueOrDie();
    (void)json_->Call({}, "CreateStream", R"({"StreamName":")" + stream_ + R"(","ShardCount":2})").ValueOrDie();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while ((target_ = puts_->Describe({}, stream_).ValueOrDie()).status != "ACTIVE" && std::chrono::steady_clock::now() < deadline) {
      (void)aws::RetryClock::System().Wait({}, kPoll);  // the API has no other way to wait
    }
    std::vector<std::string> rows[2];
    for (int i = 0; i < 60; ++i) {
      rows[i % 2].push_back(R"({"id":)" + std::to_string(i) + R"(,"name":"n)" + std::to_string(i % 7) + R"(","price":)" + std::to_string(i) + ".5}");
    }
    EXPECT_TRUE(Put(0, rows[0]).ok());
    EXPECT_TRUE(Put(1, rows[1]).ok());
    KinesisOptions reading;
    reading.endpoint = Url();
    reading.settle = milliseconds(100);
    connector_ = MakeKinesisConnector(Session(), reading).ValueOrDie();
    (void)aws::RetryClock::System().Wait({}, kLatestIsLater);
  }
  Connector& connector() override { return *connector_; }
  TableName table() override { return {"default", stream_}; }
  Status Append(size_t partition, int count) override { return Put(partition, std::vector<std::string>(static_cast<size_t>(count), R"({"id":100})")); }
  Status AddPartition() override { return Status::NotImplemented("a service opens no shard without closing another"); }

 private:
  Status Put(size_t shard, const std::vector<std::string>& rows) {
    std::vector<PutEntry> entries;
    std::vector<const PutEntry*> all;
    for (const std::string& row : rows) entries.push_back({row, "key", shard == 0 ? "1" : "340282366920938463463374607431768211454"});
    for (const PutEntry& entry : entries) all.push_back(&entry);
    LOTIC_ASSIGN_OR_RETURN(const std::vector<PutResult> results, puts_->Put({}, target_, all));
    for (const PutResult& result : results) {
      if (!result.error_code.empty()) return Status::IOError("PutRecords: ", result.error_code);
    }
    return Status::OK();
  }

  std::string stream_;
  std::unique_ptr<aws::JsonClient> json_;
  std::shared_ptr<PutClient> puts_;
  WriteTarget target_;
  std::shared_ptr<Connector> connector_;
};

INSTANTIATE_TEST_SUITE_P(KinesisService, ConnectorConformance, testing::Values(ConformanceCase{"http", [] { return std::make_unique<Harness>(); }}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lotic::kinesis
