// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/json_client.h"
#include "aws/session.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

// The operations of Kinesis Data Streams that writing needs. Follows: the service's API reference, 2013-12-02.

namespace lotic::kinesis {

inline constexpr size_t kMaxPutEntries = 500;            ///< of one PutRecords
inline constexpr int64_t kMaxPutBytes = 10 << 20;        ///< data and keys of one PutRecords
inline constexpr int64_t kDefaultRecordBytes = 1 << 20;  ///< data and key of one record, where the stream does not say
inline constexpr int64_t kMaxPutAnswerBytes = 4 << 20;   ///< 500 results with their error texts; more is a CapacityError

/// A record on its way.
struct PutEntry {
  std::string data;
  std::string key;
  std::string hash_key;  ///< "": the key's own
  int64_t bytes() const { return static_cast<int64_t>(data.size() + key.size()); }
};

/// What became of an entry: taken, or why not.
struct PutResult {
  std::string error_code;  ///< "": taken
  std::string error_message;
};

struct WriteTarget {
  std::string name;
  std::string arn;
  std::string status;
  int64_t max_record_bytes = kDefaultRecordBytes;
};

/// Parses the answer of PutRecords for `entries` entries. Errors: IOError, naming what is wrong: it is then unknown what became of them.
Result<std::vector<PutResult>> ParsePutAnswer(std::string_view body, size_t entries);
/// Parses the answer of DescribeStreamSummary. Errors: IOError.
Result<WriteTarget> ParseWriteTarget(std::string_view body);
/// The body of a PutRecords. What the entries hold is not checked.
std::string PutRequest(const WriteTarget& target, std::span<const PutEntry* const> entries);

/// Any thread. Errors are those of aws::JsonClient, with AwsError or TransportError attached.
class PutClient {
 public:
  static Result<std::shared_ptr<PutClient>> Create(const aws::Session& session, const std::string& endpoint);

  Result<WriteTarget> Describe(const CallContext& ctx, const std::string& stream);
  /// One request, sent once at most. By position.
  Result<std::vector<PutResult>> Put(const CallContext& ctx, const WriteTarget& target, std::span<const PutEntry* const> entries);

  /// The lowest number that no other writer of this client has; it is free again after GiveBack.
  int TakeNumber();
  void GiveBackNumber(int number);

  const aws::RetryClock& clock() const { return clock_; }

 private:
  PutClient(std::unique_ptr<aws::JsonClient> json, const aws::RetryClock& clock) : json_(std::move(json)), clock_(clock) {}
  const std::unique_ptr<aws::JsonClient> json_;
  const aws::RetryClock& clock_;
  std::mutex mutex_;  // guards what follows
  std::set<int> numbers_;
};

}  // namespace lotic::kinesis
