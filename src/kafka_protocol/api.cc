// SPDX-License-Identifier: Apache-2.0
#include "kafka_protocol/api.h"

#include <algorithm>
#include <array>

#include "kafka_protocol/messages.h"

namespace lotic::kafka_protocol {
namespace {

struct ApiFacts {
  ApiKey api;
  std::string_view name;
  VersionRange versions;
  int16_t first_flexible;  // INT16_MAX: none
};

constexpr std::array kApis = {
    ApiFacts{ApiKey::kProduce, "Produce", {3, 12}, 9},
    ApiFacts{ApiKey::kFetch, "Fetch", {4, 17}, 12},
    ApiFacts{ApiKey::kListOffsets, "ListOffsets", {1, 10}, 6},
    ApiFacts{ApiKey::kMetadata, "Metadata", {0, 12}, 9},
    ApiFacts{ApiKey::kFindCoordinator, "FindCoordinator", {0, 4}, 3},
    ApiFacts{ApiKey::kSaslHandshake, "SaslHandshake", {0, 1}, INT16_MAX},
    ApiFacts{ApiKey::kApiVersions, "ApiVersions", {0, 4}, 3},
    ApiFacts{ApiKey::kCreateTopics, "CreateTopics", {2, 7}, 5},
    ApiFacts{ApiKey::kInitProducerId, "InitProducerId", {0, 5}, 2},
    ApiFacts{ApiKey::kOffsetForLeaderEpoch, "OffsetForLeaderEpoch", {2, 4}, 4},
    ApiFacts{ApiKey::kDescribeConfigs, "DescribeConfigs", {1, 4}, 4},
    ApiFacts{ApiKey::kDescribeLogDirs, "DescribeLogDirs", {1, 4}, 2},
    ApiFacts{ApiKey::kSaslAuthenticate, "SaslAuthenticate", {0, 2}, 2},
    ApiFacts{ApiKey::kDescribeCluster, "DescribeCluster", {0, 1}, 0},
};

constexpr auto kKeys = [] {
  std::array<ApiKey, kApis.size()> keys{};
  for (size_t i = 0; i < kApis.size(); ++i) keys[i] = kApis[i].api;
  return keys;
}();

const ApiFacts* Find(ApiKey api) {
  const auto found = std::find_if(kApis.begin(), kApis.end(), [api](const ApiFacts& facts) { return facts.api == api; });
  return found == kApis.end() ? nullptr : &*found;
}

}  // namespace

std::string_view ApiName(ApiKey api) {
  const ApiFacts* facts = Find(api);
  return facts ? facts->name : "unknown";
}

std::span<const ApiKey> SupportedApis() { return kKeys; }

VersionRange SupportedVersions(ApiKey api) {
  const ApiFacts* facts = Find(api);
  return facts ? facts->versions : VersionRange{};
}

bool IsFlexible(ApiKey api, int16_t version) {
  const ApiFacts* facts = Find(api);
  return facts && version >= facts->first_flexible;
}

int16_t RequestHeaderVersion(ApiKey api, int16_t version) { return IsFlexible(api, version) ? 2 : 1; }

int16_t ResponseHeaderVersion(ApiKey api, int16_t version) { return api != ApiKey::kApiVersions && IsFlexible(api, version) ? 1 : 0; }

BrokerVersions::BrokerVersions(const ApiVersionsResponse& response) {
  for (const ApiVersionsResponse::Api& api : response.apis) ranges_[api.key] = {api.min, api.max};
}

VersionRange BrokerVersions::Offered(ApiKey api) const {
  const auto found = ranges_.find(static_cast<int16_t>(api));
  return found == ranges_.end() ? VersionRange{} : found->second;
}

bool BrokerVersions::Has(ApiKey api) const { return Pick(api).ok(); }

Result<int16_t> BrokerVersions::Pick(ApiKey api, int16_t ceiling) const {
  const VersionRange ours = SupportedVersions(api);
  const VersionRange theirs = Offered(api);
  if (theirs.empty()) return Status::NotImplemented("the broker does not offer ", api, "; we need version ", ours.min, " to ", ours.max);
  const int16_t newest = std::min({ours.max, theirs.max, ceiling});
  if (newest < ours.min || newest < theirs.min) {
    return Status::NotImplemented("no version of ", api, " in common: the broker offers ", theirs.min, " to ", theirs.max, ", we speak ", ours.min, " to ",
                                  std::min(ours.max, ceiling));
  }
  return newest;
}

}  // namespace lotic::kafka_protocol
