// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/kinesis_client.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <functional>
#include <iterator>

#include "aws/aws_error.h"
#include "format/base64_text.h"
#include "format/decoder.h"
#include "format/json_text.h"

namespace lotic::kinesis {
namespace {

using json::Extent;
using json::ExtentKind;

int64_t Millis(MonoTime time) { return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count(); }

/// Calls `take` for each member of an object, in valid JSON.
Status ForMembers(const Extent& object, const std::function<Status(std::string_view, const Extent&)>& take) {
  if (object.kind != ExtentKind::kContainer || object.data[0] != '{') return Status::IOError("an object was expected in the answer");
  const uint8_t* p = object.data + 1;
  const uint8_t* const end = object.data + object.size;
  for (;;) {
    p = json::SkipSpace(p, end);
    if (p < end && *p == ',') p = json::SkipSpace(p + 1, end);
    if (p >= end || *p == '}') return Status::OK();
    Extent name;
    Extent value;
    p = json::ReadExtent(p, end, &name);
    if (p == nullptr) return Status::IOError("the answer is broken");
    p = json::SkipSpace(p, end);
    if (p >= end || *p != ':') return Status::IOError("the answer is broken");
    p = json::ReadExtent(json::SkipSpace(p + 1, end), end, &value);
    if (p == nullptr) return Status::IOError("the answer is broken");
    if (value.kind == ExtentKind::kBare && value.text() == "null") continue;  // as if it were absent
    LOTIC_RETURN_NOT_OK(take(name.text(), value));
  }
}

Status ForItems(const Extent& list, const std::function<Status(const Extent&)>& take) {
  if (list.kind != ExtentKind::kContainer || list.data[0] != '[') return Status::IOError("a list was expected in the answer");
  const uint8_t* p = list.data + 1;
  const uint8_t* const end = list.data + list.size;
  for (;;) {
    p = json::SkipSpace(p, end);
    if (p < end && *p == ',') p = json::SkipSpace(p + 1, end);
    if (p >= end || *p == ']') return Status::OK();
    Extent value;
    p = json::ReadExtent(p, end, &value);
    if (p == nullptr) return Status::IOError("the answer is broken");
    LOTIC_RETURN_NOT_OK(take(value));
  }
}

/// The whole text as an object. `body` has the padding that the walkers read.
Result<Extent> Root(std::string_view operation, const std::string& body) {
  const auto* begin = reinterpret_cast<const uint8_t*>(body.data());
  size_t where = 0;
  if (!json::IsValidJson(begin, begin + body.size(), 64, &where)) {
    return Status::IOError("kinesis ", operation, ": the answer of ", body.size(), " bytes is not valid JSON at byte ", where);
  }
  Extent root;
  json::ReadExtent(json::SkipSpace(begin, begin + body.size()), begin + body.size(), &root);
  if (root.kind != ExtentKind::kContainer || *root.data != '{') return Status::IOError("kinesis ", operation, ": the answer is no JSON object");
  return root;
}

Status TakeString(std::string_view name, const Extent& value, std::string* out) {
  out->clear();
  if (value.kind != ExtentKind::kString || !json::Unescape(value.text(), out)) return Status::IOError("member ", name, " of the answer is no text");
  return Status::OK();
}

Status TakeNumber(std::string_view name, const Extent& value, double scale, int64_t* out) {
  double number = 0;
  const std::string_view text = value.text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (value.kind != ExtentKind::kBare || error != std::errc() || end != text.data() + text.size() || !(std::abs(number) * scale < 9e15)) {
    return Status::IOError("member ", name, " of the answer is no usable number: ", text.substr(0, 40));
  }
  *out = std::llround(number * scale);
  return Status::OK();
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + "\"";
}

/// Of letters, digits and "_.-", as the API's reference has it: other ids could not be told apart in tokens.
bool IsShardId(std::string_view id) {
  return !id.empty() && id.size() <= 128 &&
         std::all_of(id.begin(), id.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-'; });
}

constexpr int64_t kMaxRetentionHours = 1'000'000;  // the service keeps 8,760 at most; what is far above is no answer of it

Status InAnswer(std::string_view operation, const Status& status) { return status.WithMessage("kinesis ", operation, ": ", status.message()); }

}  // namespace

void ServerTime::Learn(int64_t date_ms, MonoTime sent, MonoTime received) {
  if (date_ms == 0) return;
  // Written at some moment between the two, when the service's time was in [date, date + 1 s).
  const int64_t low = date_ms - Millis(received), high = date_ms + 1000 - Millis(sent);
  const std::lock_guard lock(mutex_);
  if (!low_ms_ || low > *high_ms_ || high < *low_ms_) {  // the first, or the service's clock was set
    low_ms_ = low;
    high_ms_ = high;
    return;
  }
  low_ms_ = std::max(*low_ms_, low);
  high_ms_ = std::min(*high_ms_, high);
}

std::optional<int64_t> ServerTime::EarliestMs(MonoTime now) const {
  const std::lock_guard lock(mutex_);
  return low_ms_ ? std::optional(*low_ms_ + Millis(now)) : std::nullopt;
}

std::optional<int64_t> ServerTime::LatestMs(MonoTime now) const {
  const std::lock_guard lock(mutex_);
  return high_ms_ ? std::optional(*high_ms_ + Millis(now)) : std::nullopt;
}

std::shared_ptr<ShardPace> ShardPace::Of(const aws::RetryClock& clock) {
  static const auto system = std::make_shared<ShardPace>();  // outlives its clients: the next query comes within the second
  if (&clock == &aws::RetryClock::System()) return system;
  static std::mutex mutex;  // guards what follows: times that tests make up
  static std::map<const aws::RetryClock*, std::weak_ptr<ShardPace>> others;
  const std::lock_guard lock(mutex);
  std::erase_if(others, [](const auto& other) { return other.second.expired(); });
  std::shared_ptr<ShardPace> pace = others[&clock].lock();
  if (pace == nullptr) others[&clock] = pace = std::make_shared<ShardPace>();
  return pace;
}

MonoTime ShardPace::TryCall(const std::string& shard, MonoTime now) {
  const std::lock_guard lock(mutex_);
  if (shards_.size() >= kMaxShards) shards_.clear();
  State& state = shards_[shard];
  if (state.bytes_until > now) return state.bytes_until;
  if (state.calls.size() == kCallsPerSecond) {
    const MonoTime free = state.calls.front() + std::chrono::seconds(1);
    if (free > now) return free;
    state.calls.erase(state.calls.begin());
  }
  state.calls.push_back(now);
  return now;
}

void ShardPace::Received(const std::string& shard, MonoTime now, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  State& state = shards_[shard];
  state.bytes_until = std::max(state.bytes_until, now) + std::chrono::microseconds(bytes * 1'000'000 / kBytesPerSecond);
}

std::string ShardPosition::ToText() const {
  switch (kind) {
    case Kind::kHorizon: return R"({"kind":"TRIM_HORIZON"})";
    case Kind::kTime: return R"({"kind":"AT_TIMESTAMP","ts_ms":)" + std::to_string(time_ms) + "}";
    case Kind::kAt: return R"({"kind":"AT_SEQUENCE_NUMBER","seq":)" + Quoted(sequence) + "}";
    case Kind::kAfter: return R"({"kind":"AFTER_SEQUENCE_NUMBER","seq":)" + Quoted(sequence) + "}";
    case Kind::kShardEnd: return R"({"kind":"SHARD_END"})";
  }
  return "";
}

Result<ShardPosition> ShardPosition::Parse(std::string_view text) {
  ShardPosition made;
  const std::string_view time = R"({"kind":"AT_TIMESTAMP","ts_ms":)", at = R"({"kind":"AT_SEQUENCE_NUMBER","seq":")",
                         after = R"({"kind":"AFTER_SEQUENCE_NUMBER","seq":")";
  if (text.substr(0, time.size()) == time) {
    made.kind = Kind::kTime;
    std::from_chars(text.data() + time.size(), text.data() + text.size(), made.time_ms);
  } else if (text.substr(0, at.size()) == at && text.size() > at.size() + 2) {
    made.kind = Kind::kAt;
    made.sequence = text.substr(at.size(), text.size() - at.size() - 2);
  } else if (text.substr(0, after.size()) == after && text.size() > after.size() + 2) {
    made.kind = Kind::kAfter;
    made.sequence = text.substr(after.size(), text.size() - after.size() - 2);
  } else if (text == R"({"kind":"SHARD_END"})") {
    made.kind = Kind::kShardEnd;
  }
  if (made.ToText() != text) return Status::Invalid("position '", text.substr(0, 200), "' is not one of a Kinesis shard");
  return made;
}

std::string ApiTime(int64_t time_ms) {
  std::string fraction = std::to_string(1000 + time_ms % 1000);
  return std::to_string(time_ms / 1000) + "." + fraction.substr(1);
}

Result<RecordPage> ParseRecordsPlainly(std::string body) {
  body.reserve(body.size() + kDecoderPadding);
  RecordPage page;
  page.bytes = static_cast<int64_t>(body.size());
  LOTIC_ASSIGN_OR_RETURN(const Extent root, Root("GetRecords", body));
  struct Place {
    size_t sequence, key, data, end;
    int64_t arrival_ms;
  };
  std::vector<Place> places;
  std::string scratch, bytes;
  std::string text;
  const auto take_record = [&](const Extent& record) -> Status {
    Place place{};
    std::string sequence, key;
    bool arrived = false, has_data = false;
    bytes.clear();
    LOTIC_RETURN_NOT_OK(ForMembers(record, [&](std::string_view name, const Extent& value) -> Status {
      if (name == "SequenceNumber") return TakeString(name, value, &sequence);
      if (name == "PartitionKey") return TakeString(name, value, &key);
      if (name == "ApproximateArrivalTimestamp") {
        arrived = true;
        return TakeNumber(name, value, 1000, &place.arrival_ms);
      }
      if (name == "Data") {
        has_data = true;
        LOTIC_RETURN_NOT_OK(TakeString(name, value, &scratch));
        if (!DecodeBase64(scratch, &bytes)) return Status::IOError("Data of record ", sequence, " is not base64");
      }
      return Status::OK();
    }));
    if (sequence.empty() || !has_data) return Status::IOError("a record of the answer has no SequenceNumber or no Data");
    if (!arrived) return Status::IOError("record ", sequence, " has no ApproximateArrivalTimestamp, so that it cannot be told whether it came before the end");
    place.sequence = text.size();
    text += sequence;
    place.key = text.size();
    text += key;
    place.data = text.size();
    text += bytes;
    place.end = text.size();
    places.push_back(place);
    return Status::OK();
  };
  LOTIC_RETURN_NOT_OK(ForMembers(root, [&](std::string_view name, const Extent& value) -> Status {
    if (name == "NextShardIterator") return TakeString(name, value, &page.next_iterator);
    if (name == "Records") return ForItems(value, take_record);
    if (name != "MillisBehindLatest") return Status::OK();
    int64_t behind = 0;
    LOTIC_RETURN_NOT_OK(TakeNumber(name, value, 1, &behind));
    if (behind < 0) return Status::IOError("MillisBehindLatest ", behind, " is no distance");
    page.behind_ms = behind;
    return Status::OK();
  }));
  page.text_bytes = text.size();
  page.text = std::make_unique<char[]>(text.size() + kDecoderPadding);
  std::copy(text.begin(), text.end(), page.text.get());
  const std::string_view all(page.text.get(), page.text_bytes);
  for (const Place& at : places) {
    page.records.push_back(
        {all.substr(at.sequence, at.key - at.sequence), all.substr(at.key, at.data - at.key), all.substr(at.data, at.end - at.data), at.arrival_ms});
  }
  return page;
}

KinesisClient::KinesisClient(std::unique_ptr<aws::JsonClient> json, const aws::RetryClock& clock)
    : json_(std::move(json)),
      clock_(clock),
      pace_(ShardPace::Of(clock)),
      identity_(clock, [this](const CallContext& ctx, const std::string& stream) -> Result<StreamSummary> {
        LOTIC_ASSIGN_OR_RETURN(std::string body, Call(ctx, "DescribeStreamSummary", "{\"StreamName\":" + Quoted(stream) + "}", {}));
        return ParseSummary(std::move(body));
      }) {}

Result<std::string> KinesisClient::Call(const CallContext& ctx, std::string_view operation, const std::string& body, const aws::JsonCallOptions& options) {
  const MonoTime sent = clock_.Now();
  LOTIC_ASSIGN_OR_RETURN(aws::JsonAnswer answer, json_->Call(ctx, operation, body, options));
  time_.Learn(answer.date_ms, sent, clock_.Now());
  return std::move(answer.body);
}

Result<std::vector<std::string>> KinesisClient::ListStreams(const CallContext& ctx) {
  std::vector<std::string> names;
  for (int pages = 0; pages < kMaxListPages; ++pages) {
    LOTIC_ASSIGN_OR_RETURN(
        const std::string body,
        Call(ctx, "ListStreams", names.empty() ? "{\"Limit\":1000}" : "{\"Limit\":1000,\"ExclusiveStartStreamName\":" + Quoted(names.back()) + "}", {}));
    bool more = false;
    const size_t before = names.size();
    const auto take = [&](std::string_view name, const Extent& value) -> Status {
      if (name == "HasMoreStreams") more = value.text() == "true";
      if (name != "StreamNames") return Status::OK();
      return ForItems(value, [&](const Extent& item) { return TakeString(name, item, &names.emplace_back()); });
    };
    LOTIC_ASSIGN_OR_RETURN(const Extent root, Root("ListStreams", body));
    const Status taken = ForMembers(root, take);
    if (!taken.ok()) return InAnswer("ListStreams", taken);
    if (!more || names.size() == before) {
      std::sort(names.begin(), names.end());
      return names;
    }
  }
  return Status::CapacityError("kinesis ListStreams: more than ", kMaxListPages, " pages");
}

Result<StreamSummary> ParseSummary(std::string body) {
  body.reserve(body.size() + kDecoderPadding);
  StreamSummary made;
  LOTIC_ASSIGN_OR_RETURN(const Extent root, Root("DescribeStreamSummary", body));
  const Status taken = ForMembers(root, [&](std::string_view outer, const Extent& inside) -> Status {
    if (outer != "StreamDescriptionSummary") return Status::OK();
    return ForMembers(inside, [&](std::string_view name, const Extent& value) -> Status {
      if (name == "StreamName") return TakeString(name, value, &made.name);
      if (name == "StreamARN") return TakeString(name, value, &made.arn);
      if (name == "StreamStatus") return TakeString(name, value, &made.status);
      if (name == "StreamCreationTimestamp") return TakeNumber(name, value, 1000, &made.created_ms);
      if (name == "RetentionPeriodHours") return TakeNumber(name, value, 1, &made.retention_hours);
      return Status::OK();
    });
  });
  if (!taken.ok()) return InAnswer("DescribeStreamSummary", taken);
  if (made.name.empty() || made.arn.empty()) return Status::IOError("kinesis DescribeStreamSummary: the answer has no StreamName or no StreamARN");
  if (made.arn.find('|') != std::string::npos || made.arn.size() > 2'048)
    return Status::IOError("kinesis DescribeStreamSummary: StreamARN '", made.arn.substr(0, 100), "' is none");
  if (made.retention_hours < 0 || made.retention_hours > kMaxRetentionHours) {
    return Status::IOError("kinesis DescribeStreamSummary: RetentionPeriodHours ", made.retention_hours, " is no time that is kept");
  }
  return made;
}

Result<ShardPage> ParseShards(std::string body) {
  body.reserve(body.size() + kDecoderPadding);
  ShardPage page;
  LOTIC_ASSIGN_OR_RETURN(const Extent root, Root("ListShards", body));
  const Status taken = ForMembers(root, [&](std::string_view outer, const Extent& value) -> Status {
    if (outer == "NextToken") return TakeString(outer, value, &page.next_token);
    if (outer != "Shards") return Status::OK();
    return ForItems(value, [&](const Extent& item) -> Status {
      Shard& shard = page.shards.emplace_back();
      LOTIC_RETURN_NOT_OK(ForMembers(item, [&](std::string_view name, const Extent& member) -> Status {
        if (name == "ShardId") return TakeString(name, member, &shard.id);
        if (name == "ParentShardId" || name == "AdjacentParentShardId") return TakeString(name, member, &shard.parents.emplace_back());
        if (name != "SequenceNumberRange") return Status::OK();
        return ForMembers(member, [&](std::string_view bound, const Extent& number) {
          if (bound == "StartingSequenceNumber") return TakeString(bound, number, &shard.first_sequence);
          return bound == "EndingSequenceNumber" ? TakeString(bound, number, &shard.last_sequence) : Status::OK();
        });
      }));
      for (const std::string& parent : shard.parents) {
        if (!IsShardId(parent)) return Status::IOError("shard '", shard.id, "' names a parent whose id is none: '", parent.substr(0, 40), "'");
      }
      return IsShardId(shard.id) ? Status::OK() : Status::IOError("a shard's id is missing or none: '", shard.id.substr(0, 40), "'");
    });
  });
  if (!taken.ok()) return InAnswer("ListShards", taken);
  return page;
}

Result<std::vector<Shard>> KinesisClient::ListShards(const CallContext& ctx, const std::string& stream, std::optional<int64_t> from_ms) {
  std::vector<Shard> shards;
  std::string next;
  int restarts = 0;
  for (int pages = 0; pages < kMaxListPages; ++pages) {
    std::string request = next.empty() ? "{\"StreamName\":" + Quoted(stream) : "{\"NextToken\":" + Quoted(next);
    if (next.empty() && from_ms) request += R"(,"ShardFilter":{"Type":"FROM_TIMESTAMP","Timestamp":)" + ApiTime(*from_ms) + "}";
    Result<std::string> body = Call(ctx, "ListShards", request + "}", {});
    if (!body.ok()) {
      const aws::AwsError* error = aws::AwsError::From(body.status());
      if (error == nullptr || error->code != "ExpiredNextTokenException" || next.empty() || ++restarts > kMaxListRestarts) return body.status();
      shards.clear();
      next.clear();
      continue;
    }
    LOTIC_ASSIGN_OR_RETURN(ShardPage page, ParseShards(*std::move(body)));
    if (page.next_token == next && !next.empty()) return Status::IOError("kinesis ListShards: the same page token twice, after ", shards.size(), " shards");
    next = std::move(page.next_token);
    std::move(page.shards.begin(), page.shards.end(), std::back_inserter(shards));
    if (next.empty()) {
      std::sort(shards.begin(), shards.end(), [](const Shard& a, const Shard& b) { return a.id < b.id; });
      shards.erase(std::unique(shards.begin(), shards.end(), [](const Shard& a, const Shard& b) { return a.id == b.id; }), shards.end());
      return shards;
    }
  }
  return Status::CapacityError("kinesis ListShards: more than ", kMaxListPages, " pages");
}

Result<std::string> KinesisClient::GetIterator(const CallContext& ctx, const std::string& arn, const std::string& shard, const ShardPosition& at,
                                               bool inclusive) {
  std::string request = "{\"StreamARN\":" + Quoted(arn) + ",\"ShardId\":" + Quoted(shard) + ",\"ShardIteratorType\":";
  if (at.kind == ShardPosition::Kind::kHorizon) request += "\"TRIM_HORIZON\"";
  if (at.kind == ShardPosition::Kind::kTime) request += "\"AT_TIMESTAMP\",\"Timestamp\":" + ApiTime(std::max<int64_t>(at.time_ms, 0));
  if (at.kind == ShardPosition::Kind::kAt || at.kind == ShardPosition::Kind::kAfter)
    request += std::string(inclusive || at.kind == ShardPosition::Kind::kAt ? "\"AT" : "\"AFTER") +
               "_SEQUENCE_NUMBER\",\"StartingSequenceNumber\":" + Quoted(at.sequence);
  LOTIC_ASSIGN_OR_RETURN(const std::string body, Call(ctx, "GetShardIterator", request + "}", {}));
  std::string iterator;
  LOTIC_ASSIGN_OR_RETURN(const Extent root, Root("GetShardIterator", body));
  const Status taken =
      ForMembers(root, [&](std::string_view name, const Extent& value) { return name == "ShardIterator" ? TakeString(name, value, &iterator) : Status::OK(); });
  if (!taken.ok()) return InAnswer("GetShardIterator", taken);
  if (iterator.empty()) return Status::IOError("kinesis GetShardIterator: the answer for ", shard, " holds no iterator");
  return iterator;
}

Result<RecordPage> KinesisClient::GetRecords(const CallContext& ctx, const std::string& arn, const std::string& iterator, int64_t limit, int64_t max_bytes) {
  static const aws::RetryPolicy once = [] {
    aws::RetryPolicy policy;
    policy.max_attempts = 1;
    return policy;
  }();
  aws::JsonCallOptions options;
  options.retry = &once;
  options.max_response_bytes = max_bytes;
  LOTIC_ASSIGN_OR_RETURN(
      std::string body,
      Call(ctx, "GetRecords", "{\"ShardIterator\":" + Quoted(iterator) + ",\"Limit\":" + std::to_string(limit) + ",\"StreamARN\":" + Quoted(arn) + "}",
           options));
  Result<RecordPage> page = ParseRecords(std::move(body));
  if (page.ok() || page.status().message().starts_with("kinesis ")) return page;
  return InAnswer("GetRecords", page.status());
}

}  // namespace lotic::kinesis
