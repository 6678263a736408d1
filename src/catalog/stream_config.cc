// SPDX-License-Identifier: Apache-2.0
#include "catalog/stream_config.h"

#include <cctype>

#include "catalog/ddl_tokens.h"
#include "catalog/pinot_datetime.h"
#include "catalog/pinot_periods.h"
#include "catalog/pinot_reader.h"

namespace lotic::catalog {
namespace {

constexpr size_t kMaxCriteriaBytes = 64 << 10;

/// "0:100,1:250". False if `text` is anything else.
bool ParsePositions(std::string_view text, std::map<int32_t, int64_t>* positions) {
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const size_t colon = part.find(':');
    int64_t partition = 0, offset = 0;
    if (colon == std::string_view::npos || !ParseIntegerText(part.substr(0, colon), &partition) || !ParseIntegerText(part.substr(colon + 1), &offset))
      return false;
    if (partition < 0 || partition != static_cast<int32_t>(partition) || offset < 0) return false;
    if (positions->size() >= kMaxStreamPartitionIds || !positions->emplace(static_cast<int32_t>(partition), offset).second) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

std::string InstantText(int64_t ms) {
  std::string text = PinotTimestampText(ms);
  text[text.find(' ')] = 'T';
  return text + "Z";
}

}  // namespace

Result<OffsetCriteria> ParseOffsetCriteria(std::string_view text) {
  OffsetCriteria criteria;
  const std::string word = AsciiLower(text.substr(0, 20));
  if (word == "largest" || word == "latest") return criteria;
  criteria.kind = OffsetCriteria::Kind::kSmallest;
  if (word == "smallest" || word == "earliest") return criteria;
  const auto bad = [&] {
    return Status::Invalid("\"", text.substr(0, 100),
                           "\" is no place to begin: smallest, largest, a period (2d), an instant (2022-08-09T12:31:38.222Z) or positions (partition:offset, "
                           "as 0:100,1:250) is needed");
  };
  if (text.size() > kMaxCriteriaBytes) return bad();
  if (ParsePositions(text, &criteria.positions)) {
    criteria.kind = OffsetCriteria::Kind::kPositions;
    return criteria;
  }
  criteria.positions.clear();
  if (const Result<int64_t> instant = ParseInstant(text); instant.ok()) {
    criteria.kind = OffsetCriteria::Kind::kInstant;
    criteria.ms = *instant;
    return criteria;
  }
  // A bare number is no period here: Pinot takes it for an offset, and refuses it.
  const bool bare = text.find_first_not_of("0123456789") == std::string_view::npos;
  const Result<int64_t> period = ParsePeriod(text);
  if (bare || !period.ok()) return bad();
  criteria.kind = OffsetCriteria::Kind::kTimeAgo;
  criteria.ms = *period;
  return criteria;
}

std::string ToString(const OffsetCriteria& criteria) {
  switch (criteria.kind) {
    case OffsetCriteria::Kind::kLargest: return "largest";
    case OffsetCriteria::Kind::kSmallest: return "smallest";
    case OffsetCriteria::Kind::kTimeAgo: return std::to_string(criteria.ms) + "ms";
    case OffsetCriteria::Kind::kInstant: return InstantText(criteria.ms);
    case OffsetCriteria::Kind::kPositions: break;
  }
  std::string text;
  for (const auto& [partition, offset] : criteria.positions) text += (text.empty() ? "" : ",") + std::to_string(partition) + ":" + std::to_string(offset);
  return text;
}

bool StreamConfig::SameSource(const StreamConfig& other) const {
  const auto brokers = [](const StreamConfig& config) {
    const auto found = config.client_properties.find("bootstrap.servers");
    return found == config.client_properties.end() ? std::string() : found->second;
  };
  return type == other.type && topic == other.topic && brokers(*this) == brokers(other);
}

}  // namespace lotic::catalog
