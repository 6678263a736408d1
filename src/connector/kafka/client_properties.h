// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"
#include "net/endpoint.h"
#include "net/secret.h"
#include "net/stream.h"
#include "net/tls.h"

namespace lotic::kafka {

/// One `key = value` as somebody wrote it.
struct Property {
  std::string key;
  net::Secret value;   ///< may be a password, so it is treated as one until its key is known
  std::string origin;  ///< where it stood, for messages: "client.properties:7", "-X"
};

/// Reads Java's .properties format: `key=value`, `key: value`, `key value`; comments (# !), continuation lines, escapes
/// (\t \n \r \f \\ \uXXXX). UTF-8; bytes that are not UTF-8 make the whole Latin-1. Errors: Invalid
/// (malformed escape, NUL), CapacityError (more than
/// kMaxPropertiesBytes); `origin` names the file in messages and in the properties.
Result<std::vector<Property>> ParseProperties(std::string_view text, std::string_view origin);
/// The same from a file. Errors also: NotFound, IOError.
Result<std::vector<Property>> ReadPropertiesFile(const std::string& path);
/// "key=value" of one -X flag. Errors: Invalid.
Result<Property> ParseAssignment(std::string_view text, std::string_view origin = "-X");

inline constexpr size_t kMaxPropertiesBytes = size_t{1} << 20;

enum class SecurityProtocol { kPlaintext, kSsl, kSaslPlaintext, kSaslSsl };
enum class IsolationLevel { kReadUncommitted, kReadCommitted };
std::string_view SecurityProtocolName(SecurityProtocol protocol);  ///< "SASL_SSL"
std::string_view IsolationLevelName(IsolationLevel level);         ///< "read_committed"

/// How to talk to a Kafka cluster: what we use of Kafka's client properties, by Java's and librdkafka's names. Defaults
/// are ours where the comment says so, else Kafka's. A value type.
struct ClientProperties {
  std::vector<net::Endpoint> bootstrap_servers;  ///< bootstrap.servers, metadata.broker.list
  std::string client_id = "lotic";               ///< client.id
  SecurityProtocol security_protocol = SecurityProtocol::kPlaintext;
  std::string sasl_mechanism;  ///< upper case; empty unless security_protocol is SASL_*
  std::string sasl_username;
  net::Secret sasl_password;
  net::TlsOptions tls;                                              ///< used when security_protocol is *SSL
  net::AddressFamily address_family = net::AddressFamily::kAny;     ///< broker.address.family: any, v4, v6
  IsolationLevel isolation_level = IsolationLevel::kReadCommitted;  ///< ours: aborted data is not an answer
  int32_t fetch_max_bytes = 50 * 1024 * 1024;                       ///< one fetch answer; 1 .. 2^31-1
  int32_t max_partition_fetch_bytes = 8 * 1024 * 1024;              ///< ours; 1 .. 2^31-1
  int32_t fetch_min_bytes = 1;                                      ///< 0 .. 2^31-1
  std::chrono::milliseconds fetch_max_wait{500};                    ///< fetch.max.wait.ms; 0 .. 300 000
  std::chrono::milliseconds request_timeout{30'000};                ///< request.timeout.ms; 1 .. 3 600 000
  std::chrono::milliseconds connection_setup_timeout{10'000};       ///< socket.connection.setup.timeout.ms: look-up, TCP, TLS
  std::chrono::milliseconds api_timeout{60'000};                    ///< default.api.timeout.ms: a metadata call with its retries
  std::chrono::milliseconds retry_backoff{100};
  std::chrono::milliseconds retry_backoff_max{1'000};
  std::chrono::milliseconds reconnect_backoff{50};
  std::chrono::milliseconds reconnect_backoff_max{1'000};
  std::chrono::milliseconds connections_max_idle{540'000};  ///< -1 in the file (never) becomes milliseconds::max()
  std::chrono::milliseconds metadata_max_age{300'000};
  int64_t max_decompressed_batch_bytes = int64_t{64} << 20;  ///< ours: max.decompressed.batch.bytes; 1 MiB .. 2^31-1

  /// Sentences for the user about properties that were taken and have no effect here. In order; at most one a key.
  std::vector<std::string> warnings;

  bool uses_tls() const;
  bool uses_sasl() const;
  /// Do the fields fit each other and their ranges? Errors: Invalid, naming property, value, unit and range;
  /// NotImplemented for a mechanism we lack.
  Status Validate() const;
  /// The whole as `key=value` lines, secrets as "***".
  std::string Redacted() const;
};

/// Makes sense of properties: a later one wins over an earlier one of the same meaning (so put -X after the file).
/// Values may hold `${env:NAME}` and `${file:PATH}` (whole content, one trailing newline dropped). Bootstrap servers
/// may be missing; the caller sets them from -b. Errors: Invalid (unknown key, with the nearest known one; bad value; a
/// property that would load or run code); NotImplemented (known, not built); NotFound (a reference that leads nowhere).
/// Calls Validate().
Result<ClientProperties> MakeClientProperties(const std::vector<Property>& properties);

}  // namespace lotic::kafka
