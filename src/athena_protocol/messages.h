// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "athena_protocol/predicate.h"
#include "athena_protocol/spill_object.h"
#include "athena_protocol/wire_schema.h"
#include "lotic/scan.h"

// The requests and answers of the federation protocol, as values. Their JSON is in message_json.h, described once in a table there.

namespace lotic::athena {

inline constexpr int kSerdeVersion = 6;   ///< what we advertise
inline constexpr int kCapabilities = 24;  ///< PingResponse.capabilities of the SDK; nobody interprets it
inline constexpr int64_t kMaxRequestBytes = 6291456;
inline constexpr int64_t kMaxResponseBytes = 6291556;

struct FederatedIdentity {
  std::string account;
  std::string arn;
  std::vector<std::pair<std::string, std::string>> tags;
  std::vector<std::string> groups;
  std::map<std::string, std::string> config_options;  ///< per-request options; some are secret (fas_token): never printed
  bool operator==(const FederatedIdentity&) const = default;
};

struct SpillLocation {
  std::string bucket;
  std::string key;
  bool directory = true;  ///< true in a split (a prefix), false in an answer (an object)
  bool operator==(const SpillLocation&) const = default;
};

struct WireSplit {
  std::optional<SpillLocation> spill_location;
  std::optional<EncryptionKey> encryption_key;
  std::vector<std::pair<std::string, std::string>> properties;
  bool operator==(const WireSplit&) const = default;
};

/// What all metadata requests begin with. `identity` is empty where the message says null.
struct RequestBase {
  std::optional<FederatedIdentity> identity;
  std::string query_id;
  std::string catalog;
};

struct PingRequest : RequestBase {};
struct ListSchemasRequest : RequestBase {};
struct ListTablesRequest : RequestBase {
  std::optional<std::string> schema_name;
  std::optional<std::string> next_token;
  int64_t page_size = -1;  ///< -1: unlimited
};
struct GetTableRequest : RequestBase {
  TableName table;
  std::vector<std::pair<std::string, std::string>> passthrough;
};
struct GetTableLayoutRequest : RequestBase {
  TableName table;
  WireConstraints constraints;
  WireSchema schema;
  std::vector<std::string> partition_columns;
};
struct GetSplitsRequest : RequestBase {
  TableName table;
  Block partitions;
  std::vector<std::string> partition_columns;
  WireConstraints constraints;
  std::optional<std::string> continuation_token;
};
struct GetDataSourceCapabilitiesRequest : RequestBase {};
struct ReadRecordsRequest : RequestBase {
  TableName table;
  WireSchema schema;
  WireSplit split;
  WireConstraints constraints;
  int64_t max_block_size = 16000000;
  int64_t max_inline_block_size = 5242880;
};
struct UserDefinedFunctionRequest {
  std::optional<FederatedIdentity> identity;
  Block input;
  WireSchema output_schema;
  std::string method_name;
  std::string function_type = "SCALAR";
};

using FederationRequest = std::variant<PingRequest, ListSchemasRequest, ListTablesRequest, GetTableRequest, GetTableLayoutRequest, GetSplitsRequest,
                                       GetDataSourceCapabilitiesRequest, ReadRecordsRequest, UserDefinedFunctionRequest>;

struct PingResponse {
  std::string catalog;
  std::string query_id;
  std::optional<std::string> source_type;
  int capabilities = kCapabilities;
  int serde_version = kSerdeVersion;  ///< a missing one is read as 1
};
struct ListSchemasResponse {
  std::string catalog;
  std::vector<std::string> schemas;
};
struct ListTablesResponse {
  std::vector<TableName> tables;
  std::string catalog;
  std::optional<std::string> next_token;
};
struct GetTableResponse {
  std::string catalog;
  TableName table;
  WireSchema schema;
  std::vector<std::string> partition_columns;
};
struct GetTableLayoutResponse {
  std::string catalog;
  TableName table;
  Block partitions;
};
struct GetSplitsResponse {
  std::string catalog;
  std::vector<WireSplit> splits;
  std::optional<std::string> continuation_token;
};
struct Capability {
  std::string sub_type;
  std::vector<std::string> properties;
  bool operator==(const Capability&) const = default;
};
struct GetDataSourceCapabilitiesResponse {
  std::string catalog;
  std::vector<std::pair<std::string, std::vector<Capability>>> capabilities;
};
struct ReadRecordsResponse {
  std::string catalog;
  Block records;
};
struct RemoteReadRecordsResponse {
  std::string catalog;
  WireSchema schema;
  std::vector<SpillLocation> remote_blocks;
  std::optional<EncryptionKey> encryption_key;
};
struct UserDefinedFunctionResponse {
  Block records;
  std::string method_name;
};

using FederationResponse = std::variant<PingResponse, ListSchemasResponse, ListTablesResponse, GetTableResponse, GetTableLayoutResponse, GetSplitsResponse,
                                        GetDataSourceCapabilitiesResponse, ReadRecordsResponse, RemoteReadRecordsResponse, UserDefinedFunctionResponse>;

/// "GetTableRequest", as `@type` says it.
std::string_view MessageName(const FederationRequest& request);
std::string_view MessageName(const FederationResponse& response);

}  // namespace lotic::athena
