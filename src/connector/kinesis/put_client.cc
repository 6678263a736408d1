// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/put_client.h"

#include <nlohmann/json.hpp>

#include "format/base64_text.h"
#include "format/json_writer.h"

namespace lotic::kinesis {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 8;  // of an answer; the service's have four

/// The answer as an object, or an IOError.
Result<Json> Parsed(std::string_view operation, std::string_view body) {
  int depth = 0;
  bool deep = false;
  const auto shallow = [&](int, Json::parse_event_t event, Json&) {
    if (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start) deep = deep || ++depth > kMaxDepth;
    if (event == Json::parse_event_t::object_end || event == Json::parse_event_t::array_end) --depth;
    return !deep;
  };
  Json made = Json::parse(body, shallow, false);
  if (made.is_discarded() || deep || !made.is_object())
    return Status::IOError("kinesis ", operation, ": the answer of ", body.size(), " bytes is no JSON object");
  return made;
}

/// A member's text; "" where it is absent or null. False if it is something else.
bool TakeText(const Json& object, const char* name, std::string* out) {
  const auto at = object.find(name);
  if (at == object.end() || at->is_null()) return true;
  if (!at->is_string()) return false;
  *out = at->get<std::string>();
  return true;
}

}  // namespace

Result<std::vector<PutResult>> ParsePutAnswer(std::string_view body, size_t entries) {
  LOTIC_ASSIGN_OR_RETURN(const Json answer, Parsed("PutRecords", body));
  const auto records = answer.find("Records");
  if (records == answer.end() || !records->is_array() || records->size() != entries) {
    return Status::IOError("kinesis PutRecords: the answer tells of ", records != answer.end() && records->is_array() ? records->size() : 0, " records, and ",
                           entries, " were sent");
  }
  std::vector<PutResult> results;
  for (const Json& record : *records) {
    PutResult result;
    std::string shard, sequence;
    if (!record.is_object() || !TakeText(record, "ErrorCode", &result.error_code) || !TakeText(record, "ErrorMessage", &result.error_message) ||
        !TakeText(record, "ShardId", &shard) || !TakeText(record, "SequenceNumber", &sequence) || (result.error_code.empty() && sequence.empty())) {
      return Status::IOError("kinesis PutRecords: record ", results.size(), " of the answer has neither a SequenceNumber nor an ErrorCode that is text");
    }
    results.push_back(std::move(result));
  }
  return results;
}

Result<WriteTarget> ParseWriteTarget(std::string_view body) {
  LOTIC_ASSIGN_OR_RETURN(const Json answer, Parsed("DescribeStreamSummary", body));
  const auto summary = answer.find("StreamDescriptionSummary");
  WriteTarget made;
  if (summary == answer.end() || !summary->is_object() || !TakeText(*summary, "StreamName", &made.name) || !TakeText(*summary, "StreamARN", &made.arn) ||
      !TakeText(*summary, "StreamStatus", &made.status) || made.name.empty() || made.arn.empty()) {
    return Status::IOError("kinesis DescribeStreamSummary: the answer has no name or no ARN");
  }
  const auto size = summary->find("MaxRecordSizeInKiB");
  if (size != summary->end() && !size->is_null()) {
    if (!size->is_number_unsigned() || size->get<uint64_t>() < 1 || size->get<uint64_t>() > 1 << 20)
      return Status::IOError("kinesis DescribeStreamSummary: MaxRecordSizeInKiB of the answer is no size");
    made.max_record_bytes = static_cast<int64_t>(size->get<uint64_t>()) << 10;
  }
  return made;
}

std::string PutRequest(const WriteTarget& target, std::span<const PutEntry* const> entries) {
  std::string body = "{\"StreamName\":";
  AppendJsonString(target.name, &body);
  body += ",\"StreamARN\":";
  AppendJsonString(target.arn, &body);
  body += ",\"Records\":[";
  for (const PutEntry* const entry : entries) {
    if (entry != entries[0]) body += ',';
    body += "{\"Data\":\"";
    AppendBase64(entry->data, &body);
    body += "\",\"PartitionKey\":";
    AppendJsonString(entry->key, &body);
    if (!entry->hash_key.empty()) {
      body += ",\"ExplicitHashKey\":";
      AppendJsonString(entry->hash_key, &body);
    }
    body += '}';
  }
  return body + "]}";
}

Result<std::shared_ptr<PutClient>> PutClient::Create(const aws::Session& session, const std::string& endpoint) {
  aws::JsonClientOptions options;
  options.endpoint = endpoint;
  const aws::RetryClock& clock = *session.retry_clock;
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<aws::JsonClient> json, aws::JsonClient::Create(aws::KinesisService(), session, options));
  return std::shared_ptr<PutClient>(new PutClient(std::move(json), clock));
}

Result<WriteTarget> PutClient::Describe(const CallContext& ctx, const std::string& stream) {
  std::string body = "{\"StreamName\":";
  AppendJsonString(stream, &body);
  LOTIC_ASSIGN_OR_RETURN(const aws::JsonAnswer answer, json_->Call(ctx, "DescribeStreamSummary", body + "}"));
  return ParseWriteTarget(answer.body);
}

Result<std::vector<PutResult>> PutClient::Put(const CallContext& ctx, const WriteTarget& target, std::span<const PutEntry* const> entries) {
  static const aws::RetryPolicy once = [] {
    aws::RetryPolicy policy;
    policy.max_attempts = 1;
    return policy;
  }();
  aws::JsonCallOptions options;
  options.retry = &once;
  options.max_response_bytes = kMaxPutAnswerBytes;
  options.fresh_connection = true;  // else a request could arrive twice, and the count of rows be wrong
  LOTIC_ASSIGN_OR_RETURN(const aws::JsonAnswer answer, json_->Call(ctx, "PutRecords", PutRequest(target, entries), options));
  return ParsePutAnswer(answer.body, entries.size());
}

int PutClient::TakeNumber() {
  const std::lock_guard lock(mutex_);
  int number = 0;
  while (!numbers_.insert(number).second) ++number;
  return number;
}

void PutClient::GiveBackNumber(int number) {
  const std::lock_guard lock(mutex_);
  numbers_.erase(number);
}

}  // namespace lotic::kinesis
