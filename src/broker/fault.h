// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka_protocol/api.h"
#include "kafka_protocol/error_code.h"
#include "kafka_protocol/messages.h"

namespace lotic::broker {

/// What a broker does instead of, or to, one of its answers.
struct FaultAction {
  enum class Kind {
    kDelay,        ///< answers `delay` later
    kHold,         ///< answers after Broker::Release
    kError,        ///< puts `error` at every matching place of the answer (partition, topic or whole answer), without data
    kClose,        ///< closes the connection instead of answering; the request has had no effect
    kCloseAfter,   ///< carries the request out, then closes the connection instead of answering
    kTear,         ///< sends the first `value` bytes of the answer's frame (its size included), then closes
    kFrameSize,    ///< the frame announces `value` bytes instead of its size, and is otherwise sent whole
    kArrayCount,   ///< the first array of the answer's body claims `value` elements
    kBatchLength,  ///< Fetch: the first record batch of a matching partition claims to be `value` bytes long
    kRecordCount,  ///< Fetch: it claims `value` records, under a right CRC
    kCorruptCrc,   ///< Fetch: its CRC is wrong
    kOverwrite,    ///< `bytes` lie over the answer's frame from byte `value` on (4: correlation id, 8: body or tags)
    kNoData,       ///< Fetch: an answer without records although there are some
    kCutRecords,   ///< Fetch: of a matching partition's records only the first `value` bytes are sent
  };
  Kind kind = Kind::kDelay;
  std::chrono::milliseconds delay{0};
  kafka_protocol::ErrorCode error = kafka_protocol::ErrorCode::kNone;
  int64_t value = 0;
  std::string bytes;

  static FaultAction Delay(std::chrono::milliseconds delay) { return Make(Kind::kDelay, 0, delay); }
  static FaultAction Hold() { return Make(Kind::kHold); }
  static FaultAction Error(kafka_protocol::ErrorCode error) { return Make(Kind::kError, 0, {}, error); }
  static FaultAction Close() { return Make(Kind::kClose); }
  static FaultAction CloseAfter() { return Make(Kind::kCloseAfter); }
  static FaultAction Tear(int64_t sent_bytes) { return Make(Kind::kTear, sent_bytes); }
  static FaultAction FrameSize(int64_t claimed_bytes) { return Make(Kind::kFrameSize, claimed_bytes); }
  static FaultAction ArrayCount(int64_t claimed) { return Make(Kind::kArrayCount, claimed); }
  static FaultAction BatchLength(int64_t claimed_bytes) { return Make(Kind::kBatchLength, claimed_bytes); }
  static FaultAction RecordCount(int64_t claimed) { return Make(Kind::kRecordCount, claimed); }
  static FaultAction CorruptCrc() { return Make(Kind::kCorruptCrc); }
  static FaultAction Overwrite(int64_t at, std::string bytes) {
    FaultAction action = Make(Kind::kOverwrite, at);
    action.bytes = std::move(bytes);
    return action;
  }
  static FaultAction NoData() { return Make(Kind::kNoData); }
  static FaultAction CutRecords(int64_t sent_bytes) { return Make(Kind::kCutRecords, sent_bytes); }

 private:
  static FaultAction Make(Kind kind, int64_t value = 0, std::chrono::milliseconds delay = {},
                          kafka_protocol::ErrorCode error = kafka_protocol::ErrorCode::kNone) {
    FaultAction action;
    action.kind = kind;
    action.value = value;
    action.delay = delay;
    action.error = error;
    return action;
  }
};

/// A fault on script: of the requests that match, the first `skip` pass unharmed, the next `times` meet `action`.
/// A request meets every active fault that matches it; where two contradict each other the one scripted first wins.
struct Fault {
  static constexpr int kAlways = -1;

  kafka_protocol::ApiKey api = kafka_protocol::ApiKey::kFetch;
  FaultAction action;
  std::optional<std::string> topic = {};  ///< only requests that name it (or its id)
  std::optional<int32_t> partition = {};  ///< only requests that name this partition
  std::optional<int32_t> node = {};       ///< only at this broker node
  int skip = 0;
  int times = 1;  ///< kAlways: until ClearFaults
};

/// One request as a broker node received it.
struct RequestRecord {
  kafka_protocol::ApiKey api = kafka_protocol::ApiKey::kApiVersions;
  int16_t version = 0;
  int32_t node = 0;
  int64_t connection = 0;  ///< numbered from 1 in the order they were accepted
  std::string client_id;
  size_t request_bytes = 0;

  struct Partition {
    std::string topic;          ///< for requests by id: the topic's name now, "" if there is none
    int32_t index = -1;         ///< -1: the request names topics only
    int64_t offset = -1;        ///< Fetch: where it reads from; ListOffsets: the timestamp asked for
    int32_t leader_epoch = -1;  ///< the client's idea of the current one
    int32_t max_bytes = -1;     ///< Fetch; Produce: size of the records
  };
  std::vector<Partition> partitions;
  kafka_protocol::IsolationLevel isolation_level = kafka_protocol::IsolationLevel::kReadUncommitted;  ///< Fetch, ListOffsets
  int32_t max_wait_ms = -1;                                                                           ///< Fetch
  int32_t min_bytes = -1;                                                                             ///< Fetch
  int32_t max_bytes = -1;                                                                             ///< Fetch
};

}  // namespace lotic::broker
