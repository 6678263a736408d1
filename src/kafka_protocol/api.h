// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <ostream>
#include <span>
#include <string_view>

#include "lotic/status.h"

namespace lotic::kafka_protocol {

/// The requests this library speaks, by their numbers in the protocol.
enum class ApiKey : int16_t {
  kProduce = 0,
  kFetch = 1,
  kListOffsets = 2,
  kMetadata = 3,
  kFindCoordinator = 10,
  kSaslHandshake = 17,
  kApiVersions = 18,
  kCreateTopics = 19,
  kInitProducerId = 22,
  kOffsetForLeaderEpoch = 23,
  kDescribeConfigs = 32,
  kDescribeLogDirs = 35,
  kSaslAuthenticate = 36,
  kDescribeCluster = 60,
};

/// "Fetch"; "api 99" is "unknown".
std::string_view ApiName(ApiKey api);
inline std::ostream& operator<<(std::ostream& out, ApiKey api) { return out << ApiName(api); }

/// Versions min..max, both included. Empty when max < min.
struct VersionRange {
  int16_t min = 0;
  int16_t max = -1;
  bool Contains(int16_t version) const { return version >= min && version <= max; }
  bool empty() const { return max < min; }
  bool operator==(const VersionRange&) const = default;
};

/// Every request above, ascending.
std::span<const ApiKey> SupportedApis();
/// The versions that this library encodes and decodes, both directions; empty for an API it does not know.
VersionRange SupportedVersions(ApiKey api);
/// True from the version on that uses compact strings and tagged fields ("flexible versions", KIP-482).
bool IsFlexible(ApiKey api, int16_t version);
/// The version of the request header (1, or 2 when flexible) and of the response header (0, or 1 when flexible; always
/// 0 for ApiVersions, so that a client which knows nothing yet can read it).
int16_t RequestHeaderVersion(ApiKey api, int16_t version);
int16_t ResponseHeaderVersion(ApiKey api, int16_t version);

struct ApiVersionsResponse;

/// What one broker speaks, from its ApiVersions response. Immutable once made; any thread.
class BrokerVersions {
 public:
  BrokerVersions() = default;  ///< speaks nothing
  explicit BrokerVersions(const ApiVersionsResponse& response);
  /// Does the broker offer any version of `api` that we speak too?
  bool Has(ApiKey api) const;
  /// The newest version of `api` that both sides speak, not above `ceiling`.
  /// NotImplemented, naming both ranges, when there is none.
  Result<int16_t> Pick(ApiKey api, int16_t ceiling = INT16_MAX) const;
  /// What the broker announced; empty for what it did not.
  VersionRange Offered(ApiKey api) const;

 private:
  std::map<int16_t, VersionRange> ranges_;
};

}  // namespace lotic::kafka_protocol
