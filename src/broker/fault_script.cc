// SPDX-License-Identifier: Apache-2.0
#include "broker/fault_script.h"

#include <algorithm>
#include <optional>

#include "base/crc32c.h"
#include "kafka_protocol/frame.h"
#include "kafka_protocol/record_batch.h"

namespace lotic::broker {

namespace kp = kafka_protocol;
using kp::ApiKey;
using kp::ErrorCode;
using Kind = FaultAction::Kind;

const Fault* Strikes::First(Kind kind) const {
  for (const One& one : all) {
    if (one.what.action.kind == kind) return &one.what;
  }
  return nullptr;
}

InjectedErrors Strikes::Errors() const {
  InjectedErrors errors;
  for (const One& one : all) {
    if (one.what.action.kind == Kind::kError) errors.places.push_back({one.what.topic, one.what.partition, one.what.action.error});
  }
  return errors;
}

ErrorCode InjectedErrors::ForPartition(std::string_view topic, int32_t partition) const {
  for (const Place& place : places) {
    if (place.topic.value_or(std::string(topic)) == topic && place.partition.value_or(partition) == partition) return place.error;
  }
  return ErrorCode::kNone;
}

ErrorCode InjectedErrors::ForTopic(std::string_view topic) const {
  for (const Place& place : places) {
    if (place.topic.value_or(std::string(topic)) == topic && !place.partition) return place.error;
  }
  return ErrorCode::kNone;
}

ErrorCode InjectedErrors::ForWhole() const { return places.empty() ? ErrorCode::kNone : places.front().error; }

int FaultScript::Add(Fault fault) {
  active_[next_] = {std::move(fault)};
  return next_++;
}

void FaultScript::Clear() { active_.clear(); }

int64_t FaultScript::Hits(int fault) const {
  const auto found = hits_.find(fault);
  return found == hits_.end() ? 0 : found->second;
}

Strikes FaultScript::Match(const RequestRecord& request) {
  Strikes strikes;
  for (auto& [number, active] : active_) {
    const Fault& fault = active.fault;
    if (fault.api != request.api || fault.node.value_or(request.node) != request.node) continue;
    if (fault.topic || fault.partition) {
      const bool named = std::any_of(request.partitions.begin(), request.partitions.end(), [&](const RequestRecord::Partition& asked) {
        const bool partition_fits = !fault.partition || asked.index < 0 || asked.index == *fault.partition;
        return fault.topic.value_or(asked.topic) == asked.topic && partition_fits;
      });
      if (!named) continue;
    }
    const int64_t nth = active.seen++;
    if (nth < fault.skip || (fault.times != Fault::kAlways && nth >= int64_t{fault.skip} + fault.times)) continue;
    ++hits_[number];
    strikes.all.push_back({number, fault});
  }
  return strikes;
}

namespace {

constexpr size_t kCrcAt = 17, kCrcStart = 21, kOldCrcAt = 12, kBatchLengthAt = 8, kRecordCountAt = 57;

void MangleBatch(const FaultAction& action, std::string* records) {
  if (records->size() < kp::kBatchHeaderBytes && action.kind != Kind::kCutRecords && action.kind != Kind::kNoData) return;
  char* const bytes = records->data();
  switch (action.kind) {
    case Kind::kNoData: records->clear(); break;
    case Kind::kCutRecords: records->resize(std::min<size_t>(records->size(), static_cast<size_t>(std::max<int64_t>(action.value, 0)))); break;
    case Kind::kBatchLength: kp::StoreBigEndian<int32_t>(bytes + kBatchLengthAt, static_cast<int32_t>(action.value)); break;
    case Kind::kCorruptCrc: bytes[bytes[kp::kMagicAt] < 2 ? kOldCrcAt : kCrcAt] ^= 0x55; break;
    case Kind::kRecordCount: {
      const auto length = kp::LoadBigEndian<int32_t>(reinterpret_cast<const uint8_t*>(bytes) + kBatchLengthAt);
      const size_t size = std::min(records->size(), static_cast<size_t>(length) + kp::kBatchPrefixBytes);
      kp::StoreBigEndian<int32_t>(bytes + kRecordCountAt, static_cast<int32_t>(action.value));
      kp::StoreBigEndian<uint32_t>(bytes + kCrcAt, Crc32c(kp::AsBytes(std::string_view(*records).substr(kCrcStart, size - kCrcStart))));
      break;
    }
    default: break;
  }
}

bool ChangesRecords(Kind kind) {
  return kind == Kind::kNoData || kind == Kind::kCutRecords || kind == Kind::kBatchLength || kind == Kind::kRecordCount || kind == Kind::kCorruptCrc;
}

// How many bytes of the body lie before its first array; nullopt for bodies without one that we name.
std::optional<size_t> FirstArrayAt(ApiKey api, int16_t version) {
  switch (api) {
    case ApiKey::kProduce: return 0;
    case ApiKey::kApiVersions: return 2;
    case ApiKey::kFetch: return version >= 7 ? 10 : 4;
    case ApiKey::kListOffsets: return version >= 2 ? 4 : 0;
    case ApiKey::kMetadata: return version >= 3 ? 4 : 0;
    case ApiKey::kCreateTopics:
    case ApiKey::kOffsetForLeaderEpoch:
    case ApiKey::kDescribeConfigs: return 4;
    case ApiKey::kDescribeLogDirs: return version >= 3 ? 6 : 4;
    default: return std::nullopt;
  }
}

void ClaimArrayCount(ApiKey api, int16_t version, int64_t claimed, std::string* frame) {
  const std::optional<size_t> in_body = FirstArrayAt(api, version);
  if (!in_body) return;
  const bool flexible = kp::IsFlexible(api, version);
  const size_t header = kp::kFrameSizeBytes + 4 + (kp::ResponseHeaderVersion(api, version) >= 1 ? 1 : 0);
  const size_t at = header + *in_body;
  std::string count;
  kp::Writer out(&count);
  size_t replaced = 4;
  if (flexible) {
    out.UVarint(static_cast<uint32_t>(claimed) + uint64_t{1});
    for (replaced = 1; at + replaced <= frame->size() && ((*frame)[at + replaced - 1] & 0x80) != 0;) ++replaced;
  } else {
    out.Int32(static_cast<int32_t>(claimed));
  }
  if (at + replaced <= frame->size()) frame->replace(at, replaced, count);
}

}  // namespace

void MangleRecords(const Strikes& strikes, Cluster& cluster, int16_t version, kp::FetchResponse* response, std::deque<std::string>* owned) {
  for (const Strikes::One& one : strikes.all) {
    if (!ChangesRecords(one.what.action.kind)) continue;
    for (kp::FetchResponse::Topic& topic : response->topics) {
      const Topic* const known = version >= 13 ? cluster.Find(topic.topic_id) : cluster.Find(topic.name);
      if (one.what.topic && (known == nullptr || known->name != *one.what.topic)) continue;
      for (kp::FetchResponse::Partition& partition : topic.partitions) {
        if (one.what.partition.value_or(partition.index) != partition.index || !partition.records) continue;
        owned->emplace_back(kp::AsText(*partition.records));
        MangleBatch(one.what.action, &owned->back());
        partition.records = kp::AsBytes(owned->back());
      }
    }
  }
}

Outgoing MangleFrame(const Strikes& strikes, ApiKey api, int16_t version, std::string frame) {
  Outgoing out;
  if (const Fault* fault = strikes.First(Kind::kArrayCount)) ClaimArrayCount(api, version, fault->action.value, &frame);
  for (const Strikes::One& one : strikes.all) {
    const FaultAction& action = one.what.action;
    if (action.kind != Kind::kOverwrite || action.value < 0 || static_cast<size_t>(action.value) >= frame.size()) continue;
    const auto at = static_cast<size_t>(action.value);
    frame.replace(at, std::min(action.bytes.size(), frame.size() - at), action.bytes, 0, frame.size() - at);
  }
  kp::StoreBigEndian<int32_t>(frame.data(), static_cast<int32_t>(frame.size() - kp::kFrameSizeBytes));
  if (const Fault* fault = strikes.First(Kind::kFrameSize)) {
    kp::StoreBigEndian<int32_t>(frame.data(), static_cast<int32_t>(fault->action.value));
  }
  if (const Fault* fault = strikes.First(Kind::kTear)) {
    frame.resize(std::min<size_t>(frame.size(), static_cast<size_t>(std::max<int64_t>(fault->action.value, 0))));
    out.close_behind = true;
  }
  out.bytes = std::move(frame);
  return out;
}

}  // namespace lotic::broker
