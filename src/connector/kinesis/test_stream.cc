// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/test_stream.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace lotic::kinesis {
namespace {

std::string Base64(const std::string& bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : kDigits[group >> (18 - 6 * k) & 63];
  }
  return out;
}

/// The text or number of a member; requests are flat but for the filter.
std::string Member(const std::string& body, const std::string& name) {
  const size_t at = body.find("\"" + name + "\":");
  if (at == std::string::npos) return "";
  size_t from = at + name.size() + 3;
  if (body[from] == '"') return body.substr(from + 1, body.find('"', from + 1) - from - 1);
  return body.substr(from, body.find_first_of(",}", from) - from);
}

aws::TestHttpAnswer Refusal(const std::string& code) {
  return {.status = 400, .headers = {}, .body = R"({"__type":")" + code + R"(","message":"scripted"})", .raw = {}};
}

/// Numbers of the service: the longer one is the greater.
bool Less(const std::string& a, const std::string& b) { return a.size() != b.size() ? a.size() < b.size() : a < b; }

}  // namespace

TestStream::TestStream() {
  shards_["shardId-000000000000"];
  shards_["shardId-000000000001"];
  server_ = std::make_unique<aws::TestHttpServer>([this](const aws::TestHttpRequest& request) {
    std::optional<aws::TestHttpAnswer> first = intercept ? intercept(request) : std::nullopt;
    aws::TestHttpAnswer answer = first ? std::move(*first) : Answer(request);
    if (answered) {
      const std::string target = request.Header("X-Amz-Target");
      answered(target.substr(target.find('.') + 1));
    }
    const std::time_t seconds = NowMs() / 1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[64];
    answer.headers.push_back({"Date", std::string(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc))});
    return answer;
  });
}

aws::Session TestStream::Session(const aws::RetryClock* clock) const {
  aws::Session session;
  session.region = "eu-west-1";
  session.credentials = aws::FixedCredentials({"AKID", net::Secret("the-secret"), net::Secret("")}).ValueOrDie();
  session.http = aws::HttpClient::Create({}).ValueOrDie();
  session.retry_clock = clock != nullptr ? clock : &time;
  return session;
}

std::shared_ptr<Connector> TestStream::Connect(KinesisOptions options, const aws::RetryClock* clock) {
  options.endpoint = server_->url();
  return MakeKinesisConnector(Session(clock), std::move(options)).ValueOrDie();
}

void TestStream::Put(const std::string& shard, const std::string& data, int64_t arrival_ms, const std::string& key) {
  const std::lock_guard lock(mutex_);
  const int64_t number = next_number_++;
  shards_.at(shard).records.push_back({arrival_ms, key.empty() ? "key-" + std::to_string(number) : key, data, number});
}

std::string TestStream::ShardName(size_t number) {
  const std::string digits = std::to_string(number);
  return "shardId-" + std::string(12 - digits.size(), '0') + digits;
}

std::string TestStream::Split(const std::string& parent) {
  const std::lock_guard lock(mutex_);
  shards_.at(parent).closed = true;
  const size_t count = shards_.size();
  for (size_t i = count; i < count + 2; ++i) shards_[ShardName(i)].parents = {parent};
  return ShardName(count);
}

std::string TestStream::Merge(const std::string& parent, const std::string& other) {
  const std::lock_guard lock(mutex_);
  shards_.at(parent).closed = shards_.at(other).closed = true;
  const std::string child = ShardName(shards_.size());
  shards_[child].parents = {parent, other};
  return child;
}

std::string TestStream::AddShard() {
  const std::lock_guard lock(mutex_);
  const std::string name = ShardName(shards_.size());
  shards_[name].parents = {"shardId-"};
  return name;
}

void TestStream::OpenShards(size_t count) {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < count; ++i) shards_[ShardName(i)];
}

void TestStream::Close(const std::string& shard) {
  const std::lock_guard lock(mutex_);
  shards_.at(shard).closed = true;
}

void TestStream::Expire(const std::string& shard) {
  const std::lock_guard lock(mutex_);
  shards_.erase(shard);
}

void TestStream::Remake() {
  const std::lock_guard lock(mutex_);
  created_s += 100;
  for (auto& [id, shard] : shards_) shard = Shard();
}

void TestStream::Script(const std::string& operation, aws::TestHttpAnswer answer, int times) {
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < times; ++i) scripted_[operation].push_back(answer);
}

void TestStream::Meet() {
  std::unique_lock lock(meeting_);
  ++met_;
  all_met_.notify_all();
  // A reader that calls one after the other would wait for ever: it is let go, and the test sees that they have not met.
  if (all_met_.wait_for(lock, std::chrono::seconds(10), [this] { return met_ >= meet; })) meet = 0;
}

int TestStream::Calls(const std::string& operation) {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(calls_[operation].size());
}

std::vector<int64_t> TestStream::GetRecordsTimes(const std::string& shard) {
  const std::lock_guard lock(mutex_);
  return calls_["GetRecords " + shard];
}

aws::TestHttpAnswer TestStream::Answer(const aws::TestHttpRequest& request) {
  const std::string target = request.Header("X-Amz-Target");
  const std::string operation = target.substr(target.find('.') + 1);
  const std::string& body = request.body;
  if (operation == "GetRecords" && meet > 0) Meet();
  if (operation == "GetRecords" && split_on_read.exchange(false)) Split("shardId-000000000000");
  const std::lock_guard lock(mutex_);
  calls_[operation].push_back(time.passed_ms);
  if (request.Header("Authorization").find("/kinesis/aws4_request") == std::string::npos) return Refusal("MissingAuthenticationTokenException");
  if (std::deque<aws::TestHttpAnswer>& next = scripted_[operation]; !next.empty()) {
    aws::TestHttpAnswer answer = std::move(next.front());
    next.pop_front();
    return answer;
  }
  if (operation == "ListStreams") return {.headers = {}, .body = R"({"HasMoreStreams":false,"StreamNames":["clicks"]})", .raw = {}};
  if (operation == "DescribeStreamSummary") {
    if (Member(body, "StreamName") != "clicks") return Refusal("ResourceNotFoundException");
    return {
        .headers = {},
        .body =
            R"({"StreamDescriptionSummary":{"StreamName":"clicks","StreamARN":"arn:aws:kinesis:eu-west-1:111122223333:stream/clicks","StreamStatus":"ACTIVE","StreamCreationTimestamp":)" +
            std::to_string(created_s) + (retention_hours == 0 ? "" : ",\"RetentionPeriodHours\":" + std::to_string(retention_hours)) + "}}",
        .raw = {}};
  }
  if (operation == "ListShards") {
    const std::string token = Member(body, "NextToken");
    if (!token.empty() && expired_pages > 0 && expired_pages-- > 0) return Refusal("ExpiredNextTokenException");
    std::string list;
    size_t taken = 0;
    auto at = shards_.lower_bound(token);
    for (; at != shards_.end() && taken < shards_per_page; ++at, ++taken) {
      const Shard& shard = at->second;
      list += (list.empty() ? "" : ",") + (R"({"ShardId":")" + at->first + "\"");
      if (!shard.parents.empty()) list += R"(,"ParentShardId":")" + shard.parents[0] + "\"";
      if (shard.parents.size() > 1) list += R"(,"AdjacentParentShardId":")" + shard.parents[1] + "\"";
      list += R"(,"SequenceNumberRange":{"StartingSequenceNumber":")" + first_sequence + "\"";
      if (shard.closed) list += ",\"EndingSequenceNumber\":\"" + last_sequence + "\"";
      list += "}}";
    }
    return {.headers = {}, .body = R"({"Shards":[)" + list + "]" + (at == shards_.end() ? "" : R"(,"NextToken":")" + at->first + "\"") + "}", .raw = {}};
  }
  if (operation == "GetShardIterator") {
    const std::string type = Member(body, "ShardIteratorType"), shard = Member(body, "ShardId");
    if (shards_.count(shard) == 0) return Refusal("ResourceNotFoundException");
    size_t next = 0;
    const std::vector<Record>& records = shards_.at(shard).records;
    const double from_s = std::strtod(Member(body, "Timestamp").c_str(), nullptr);
    const std::string after = Member(body, "StartingSequenceNumber");
    while (next < records.size() && ((type == "AT_TIMESTAMP" && static_cast<double>(records[next].arrival_ms) < from_s * 1000) ||
                                     (type == "AFTER_SEQUENCE_NUMBER" && !Less(after, Sequence(records[next].number))) ||
                                     (type == "AT_SEQUENCE_NUMBER" && Less(Sequence(records[next].number), after)))) {
      ++next;
    }
    return {.headers = {}, .body = R"({"ShardIterator":")" + shard + "/" + std::to_string(next) + "\"}", .raw = {}};
  }
  if (operation == "GetRecords") return GetRecords(Member(body, "ShardIterator"), std::atoll(Member(body, "Limit").c_str()));
  return Refusal("UnknownOperationException");
}

aws::TestHttpAnswer TestStream::GetRecords(const std::string& iterator, int64_t limit) {
  const std::string id = iterator.substr(0, iterator.find('/'));
  size_t next = static_cast<size_t>(std::atoll(iterator.substr(iterator.find('/') + 1).c_str()));
  calls_["GetRecords " + id].push_back(time.passed_ms);
  if (throttles > 0 && throttles-- > 0) return Refusal("ProvisionedThroughputExceededException");
  if (expiries > 0 && expiries-- > 0) return Refusal("ExpiredIteratorException");
  if (shards_.count(id) == 0) return Refusal("ResourceNotFoundException");
  const Shard& shard = shards_.at(id);
  if (next > 0 && repeats > 0 && repeats-- > 0) next -= std::min<size_t>(next, 7);
  std::string list;
  const bool empty = stuck || (empty_answers > 0 && empty_answers-- > 0);
  // At most 20 an answer, so that a shard takes several.
  for (int64_t taken = 0; !empty && next < shard.records.size() && taken < std::min<int64_t>(limit, 20); ++next, ++taken) {
    const Record& record = shard.records[next];
    if (record.arrival_ms > NowMs()) break;
    list += (list.empty() ? "" : ",") + (R"({"SequenceNumber":")" + Sequence(record.number) + R"(","PartitionKey":")" + record.key + R"(","Data":")" +
                                         Base64(record.data) + R"(","ApproximateArrivalTimestamp":)" + std::to_string(record.arrival_ms / 1000) + "." +
                                         std::to_string(1000 + record.arrival_ms % 1000).substr(1) + "}");
  }
  const bool drained = next >= shard.records.size();
  std::string body = R"({"Records":[)" + list + R"(],"MillisBehindLatest":)" + (drained && !stuck && !(shard.closed && never_ends) ? "0" : "5000");
  if (!(shard.closed && drained) || never_ends) body += R"(,"NextShardIterator":")" + id + "/" + std::to_string(next) + "\"";
  body += "}";
  if (truncated > 0 && truncated-- > 0) body.resize(body.size() / 2);
  return {.headers = {}, .body = body, .raw = {}};
}

}  // namespace lotic::kinesis
