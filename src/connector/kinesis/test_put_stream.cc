// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/test_put_stream.h"

#include <nlohmann/json.hpp>

#include "format/base64_text.h"

namespace lotic::kinesis {

TestPutStream::TestPutStream() {
  stream.intercept = [this](const aws::TestHttpRequest& request) { return Answer(request); };
}

std::vector<std::vector<PutEntry>> TestPutStream::Requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<PutEntry> TestPutStream::Taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

std::optional<aws::TestHttpAnswer> TestPutStream::Answer(const aws::TestHttpRequest& request) {
  const std::string target = request.Header("X-Amz-Target");
  if (target == "Kinesis_20131202.DescribeStreamSummary" && max_record_kib != 0) {
    return aws::TestHttpAnswer{
        .body =
            R"({"StreamDescriptionSummary":{"StreamName":"clicks","StreamARN":"arn:aws:kinesis:eu-west-1:111122223333:stream/clicks","StreamStatus":"ACTIVE","MaxRecordSizeInKiB":)" +
            std::to_string(max_record_kib) + "}}"};
  }
  if (target != "Kinesis_20131202.PutRecords") return std::nullopt;
  const nlohmann::json body = nlohmann::json::parse(request.body);
  std::vector<PutEntry> entries;
  for (const auto& record : body.at("Records")) {
    PutEntry& entry = entries.emplace_back();
    DecodeBase64(record.at("Data").get<std::string>(), &entry.data);
    entry.key = record.at("PartitionKey").get<std::string>();
    entry.hash_key = record.value("ExplicitHashKey", "");
  }
  std::unique_lock lock(mutex_);
  const size_t call = requests_.size();
  requests_.push_back(entries);
  const std::optional<Instead> other = instead ? instead(call) : std::nullopt;
  nlohmann::json results = nlohmann::json::array();
  int refused = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string code = refuse ? refuse(call, i, entries[i]) : "";
    if (!code.empty()) {
      ++refused;
      results.push_back({{"ErrorCode", code}, {"ErrorMessage", "scripted"}});
      continue;
    }
    const std::string shard = TestStream::ShardName(std::hash<std::string>()(entries[i].key) % 2);
    if (!other || other->taken) {
      taken_.push_back(entries[i]);
      stream.Put(shard, entries[i].data, stream.NowMs(), entries[i].key);
    }
    results.push_back({{"ShardId", shard}, {"SequenceNumber", std::to_string(taken_.size())}});
  }
  if (other) return other->answer;
  return aws::TestHttpAnswer{.body = nlohmann::json{{"FailedRecordCount", refused}, {"Records", results}}.dump()};
}

}  // namespace lotic::kinesis
