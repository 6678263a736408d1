// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connector/kinesis/kinesis_client.h"
#include "lotic/status.h"

// Endless reading: which shard may be read when, so that a key's records come in order though shards are split and merged.

namespace lotic::kinesis {

inline constexpr size_t kMaxStateBytes = size_t{4} << 20;  ///< of a discovery state or a token; a longer one is Invalid

/// What an endless reading knows of the shards of a stream. A shard becomes readable once each parent is finished or unknown: no longer
/// listed, not wanted, or left out by the plan. A value; its text is canonical and goes into tokens and discovery states.
struct StreamLineage {
  std::string arn;
  int64_t created_ms = 0;
  std::string last_shard;          ///< the greatest id listed so far: greater ones are new
  std::set<std::string> pending;   ///< seen, and not readable yet
  std::set<std::string> finished;  ///< read to the end or left out, and still listed

  std::string ToText() const;  ///< kinesis-shards1|<created, ms>|<last shard>|<ARN>|<pending, comma-separated>|<finished, too>
  /// Errors: Invalid.
  static Result<StreamLineage> Parse(std::string_view text);

  /// Takes in a listing of all shards, sorted by id. @return the shards that have become readable; those `wanted` refuses never are.
  /// Errors: IOError (a shard that would be its own ancestor).
  Result<std::vector<Shard>> Advance(std::span<const Shard> listed, const std::function<bool(const Shard&)>& wanted);

  bool operator==(const StreamLineage&) const = default;
};

/// The token of an endless plan: where reading begins, and what was known of the shards.
struct EndlessToken {
  std::optional<int64_t> start_ms;
  StreamLineage lineage;

  std::string ToText() const;  ///< kinesis-endless1|<start, ms, or nothing>|<lineage>
  static Result<EndlessToken> Parse(std::string_view text);
};

/// The ancestors of `ids` among `listed`.
std::set<std::string> AncestorsOf(const std::set<std::string>& ids, std::span<const Shard> listed);

}  // namespace lotic::kinesis
