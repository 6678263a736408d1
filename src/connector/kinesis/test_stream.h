// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "aws/retry.h"
#include "aws/test_http_server.h"
#include "connector/kinesis/kinesis_connector.h"

namespace lotic::kinesis {

/// Time that passes only by waiting; the fake service dates its answers by it. It begins long before the system's, however short that has been up, so that
/// waiting reaches no deadline made from that. Any thread.
struct TestTime final : aws::RetryClock {
  static constexpr int64_t kBeginMs = 1'796'008'614'000;
  const std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now() - std::chrono::hours(1000);
  mutable std::atomic<int64_t> passed_ms{0};

  std::chrono::steady_clock::time_point Now() const override { return begin + std::chrono::milliseconds(passed_ms); }
  double Random() const override { return 0.5; }
  Status Wait(const CallContext& ctx, std::chrono::milliseconds time) const override {
    passed_ms += time.count();
    return ctx.Check("waiting");
  }
  int64_t ServerMs(int64_t skew_ms) const { return kBeginMs + 250 + skew_ms + passed_ms; }
};

/// One stream "clicks" of a fake service, over HTTP on loopback, with faults on script. Any thread.
class TestStream {
 public:
  struct Record {
    int64_t arrival_ms;
    std::string key, data;
    int64_t number;
  };
  TestStream();
  /// `clock`: null, the time below.
  std::shared_ptr<Connector> Connect(KinesisOptions options = {}, const aws::RetryClock* clock = nullptr);
  void Put(const std::string& shard, const std::string& data, int64_t arrival_ms, const std::string& key = "");
  /// Closes `parent` and opens two children; @return the first, whose sibling is the next one.
  std::string Split(const std::string& parent);
  /// Closes two shards and opens their child.
  std::string Merge(const std::string& parent, const std::string& other);
  /// A shard whose parent is no longer listed.
  std::string AddShard();
  static std::string ShardName(size_t number);
  /// Brings the stream to this many shards.
  void OpenShards(size_t count);
  void Close(const std::string& shard);
  /// It is no longer kept, nor are its records.
  void Expire(const std::string& shard);
  /// Deletes the stream and makes it anew 100 s younger, with shards of the same ids, all open, and nothing in them.
  void Remake();
  /// The next `times` calls of the operation are answered so.
  void Script(const std::string& operation, aws::TestHttpAnswer answer, int times = 1);
  /// Where the fake listens, and the session that Connect uses.
  std::string url() const { return server_->url(); }
  void WaitUntilHanging() { server_->WaitUntilHanging(); }
  aws::Session Session(const aws::RetryClock* clock = nullptr) const;
  /// Asked first, before the fake's own answers; set before the first request.
  std::function<std::optional<aws::TestHttpAnswer>(const aws::TestHttpRequest&)> intercept;
  /// Told of each answer of the fake that is made and not sent yet; set before the first request.
  std::function<void(const std::string& operation)> answered;
  int64_t NowMs() const { return time.ServerMs(skew_ms); }
  int Calls(const std::string& operation);
  std::vector<int64_t> GetRecordsTimes(const std::string& shard);

  TestTime time;
  int64_t skew_ms = 0;                                ///< service time less ours
  std::atomic<int> throttles{0};                      ///< so many GetRecords are refused
  std::atomic<int> expiries{0};                       ///< so many find their iterator expired
  std::atomic<int> empty_answers{0};                  ///< so many are empty though records wait
  std::atomic<int> truncated{0};                      ///< so many answers are cut off
  std::atomic<int> repeats{0};                        ///< so many answers begin with the records that came before them, once more
  std::atomic<bool> stuck{false};                     ///< answers nothing, always behind
  std::atomic<int> meet{0};                           ///< GetRecords answers when so many have come and none is answered; then as ever
  std::atomic<bool> never_ends{false};                ///< a closed shard always has a next iterator, and is behind
  std::string first_sequence = "1";                   ///< what every shard is said to begin with
  std::string last_sequence = "9223372036854775807";  ///< what a closed shard is said to end with
  std::string number_prefix;                          ///< of every record's sequence number
  int64_t number_base = 1'000'000;                    ///< behind it; the first record's number is one more
  size_t shards_per_page = 1'000;
  std::atomic<int> expired_pages{0};       ///< so many page tokens of ListShards have expired
  std::atomic<bool> split_on_read{false};  ///< the first GetRecords closes shard 0
  std::atomic<int64_t> created_s{1'700'000'000};
  int64_t retention_hours = 0;  ///< 0: not said

 private:
  struct Shard {
    std::vector<Record> records;
    bool closed = false;
    std::vector<std::string> parents;
  };
  aws::TestHttpAnswer Answer(const aws::TestHttpRequest& request);
  aws::TestHttpAnswer GetRecords(const std::string& iterator, int64_t limit);
  std::string Sequence(int64_t number) const { return number_prefix + std::to_string(number_base + number); }

  void Meet();

  std::mutex meeting_;  // guards met_
  std::condition_variable all_met_;
  int met_ = 0;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, Shard> shards_;
  int64_t next_number_ = 1;
  std::map<std::string, std::vector<int64_t>> calls_;
  std::map<std::string, std::deque<aws::TestHttpAnswer>> scripted_;
  std::unique_ptr<aws::TestHttpServer> server_;
};

}  // namespace lotic::kinesis
