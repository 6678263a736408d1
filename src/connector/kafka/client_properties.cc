// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/client_properties.h"

#include <algorithm>
#include <limits>

#include "connector/kafka/jaas.h"
#include "connector/kafka/property_names.h"
#include "connector/kafka/property_values.h"
#include "connector/kafka/sasl.h"

namespace lotic::kafka {
namespace {

using net::Secret;
using std::chrono::milliseconds;

constexpr int64_t kMaxInt = std::numeric_limits<int32_t>::max();
constexpr int64_t kHourMs = 3'600'000;

Status ReadSecurity(const PropertyValues& values, ClientProperties* out) {
  if (const GivenProperty* given = values.Find("security.protocol")) {
    std::string text = UpperCase(TrimBlanks(given->value.Reveal()));
    std::replace(text.begin(), text.end(), '-', '_');
    if (text == "PLAINTEXT") {
      out->security_protocol = SecurityProtocol::kPlaintext;
    } else if (text == "SSL") {
      out->security_protocol = SecurityProtocol::kSsl;
    } else if (text == "SASL_PLAINTEXT") {
      out->security_protocol = SecurityProtocol::kSaslPlaintext;
    } else if (text == "SASL_SSL") {
      out->security_protocol = SecurityProtocol::kSaslSsl;
    } else {
      return PropertyValues::Bad(*given, "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL is needed");
    }
  }
  return Status::OK();
}

Status ReadSasl(const PropertyValues& values, ClientProperties* out) {
  std::string mechanism;
  values.Text("sasl.mechanism", &mechanism);
  if (!out->uses_sasl()) {
    for (const char* key : {"sasl.mechanism", "sasl.username", "sasl.password", "sasl.jaas.config"}) {
      const GivenProperty* given = values.Find(key);
      if (given == nullptr) continue;
      out->warnings.push_back(given->key + " (" + given->origin + ") has no effect: security.protocol is " +
                              std::string(SecurityProtocolName(out->security_protocol)) + "; SASL_SSL or SASL_PLAINTEXT would log in");
      break;
    }
    return Status::OK();
  }
  if (!mechanism.empty()) LOTIC_RETURN_NOT_OK(CheckSaslMechanism(mechanism));
  mechanism = UpperCase(mechanism);
  if (const GivenProperty* jaas = values.Find("sasl.jaas.config")) {
    auto login = ParseJaas(jaas->value.Reveal());
    if (!login.ok()) return login.status().WithMessage(login.status().message(), " (", jaas->origin, ")");
    if (mechanism.empty() && !login->scram) mechanism = "PLAIN";
    if (!mechanism.empty() && (mechanism == "PLAIN") == login->scram) {
      return Status::Invalid("sasl.jaas.config (", jaas->origin, ") names ", login->scram ? "ScramLoginModule" : "PlainLoginModule",
                             ", which does not go with sasl.mechanism=", mechanism);
    }
    out->sasl_username = login->username;
    out->sasl_password = login->password;
    if (values.has("sasl.username") || values.has("sasl.password")) {
      out->warnings.push_back("sasl.username and sasl.password are used instead of what sasl.jaas.config (" + jaas->origin + ") says");
    }
  }
  if (const GivenProperty* given = values.Find("sasl.username")) out->sasl_username = given->value.Reveal();
  values.Take("sasl.password", &out->sasl_password);
  if (mechanism.empty()) {
    return Status::Invalid("security.protocol=", SecurityProtocolName(out->security_protocol), " needs sasl.mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512");
  }
  out->sasl_mechanism = mechanism;
  return Status::OK();
}

Status ReadStoreType(const PropertyValues& values, std::string_view key, net::StoreFormat* out) {
  const GivenProperty* given = values.Find(key);
  if (given == nullptr) return Status::OK();
  const std::string type = UpperCase(TrimBlanks(given->value.Reveal()));
  if (type == "JKS") {
    *out = net::StoreFormat::kJks;
  } else if (type == "PKCS12") {
    *out = net::StoreFormat::kPkcs12;
  } else if (type == "PEM") {
    *out = net::StoreFormat::kPem;
  } else {
    return PropertyValues::Bad(*given, "JKS, PKCS12 or PEM is needed");
  }
  return Status::OK();
}

// Fills a source from the first of the given keys that is there; a second one is an error naming both.
Status ReadSource(const PropertyValues& values, std::initializer_list<const char*> paths, std::initializer_list<const char*> inlines, net::StoreSource* out) {
  const GivenProperty* chosen = nullptr;
  const auto choose = [&](const char* key, bool is_path) -> Status {
    const GivenProperty* given = values.Find(key);
    if (given == nullptr || TrimBlanks(given->value.Reveal()).empty()) return Status::OK();
    if (chosen != nullptr) {
      return Status::Invalid("both ", chosen->key, " (", chosen->origin, ") and ", given->key, " (", given->origin, ") are given; one of the two is needed");
    }
    chosen = given;
    out->setting = given->key;
    if (is_path) {
      out->path = TrimBlanks(given->value.Reveal());
    } else {
      out->inline_pem = given->value;
      out->format = net::StoreFormat::kPem;
    }
    return Status::OK();
  };
  for (const char* key : paths) LOTIC_RETURN_NOT_OK(choose(key, true));
  for (const char* key : inlines) LOTIC_RETURN_NOT_OK(choose(key, false));
  return Status::OK();
}

Status ReadTlsVersions(const PropertyValues& values, ClientProperties* out) {
  for (const char* key : {"ssl.protocol", "ssl.enabled.protocols"}) {  // the second rules where both are given, as in Java
    const GivenProperty* given = values.Find(key);
    if (given == nullptr) continue;
    bool tls12 = false, tls13 = false;
    std::string_view rest = given->value.Reveal();
    while (!rest.empty()) {
      const size_t comma = rest.find(',');
      const std::string name = UpperCase(TrimBlanks(rest.substr(0, comma)));
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
      if (name == "TLSV1.2") {
        tls12 = true;
      } else if (name == "TLSV1.3") {
        tls13 = true;
        tls12 = tls12 || std::string_view(key) == "ssl.protocol";  // in Java a context "TLSv1.3" falls back to 1.2
      } else if (name == "TLS") {
        tls12 = tls13 = true;
      } else if (name == "TLSV1" || name == "TLSV1.1" || name == "SSL" || name == "SSLV2" || name == "SSLV3") {
        out->warnings.push_back(given->key + " (" + given->origin + "): " + name + " is not safe and is never used; TLSv1.2 and TLSv1.3 are");
      } else {
        return PropertyValues::Bad(*given, "TLSv1.2, TLSv1.3 or both are needed");
      }
    }
    if (!tls12 && !tls13) return PropertyValues::Bad(*given, "TLSv1.2, TLSv1.3 or both are needed");
    out->tls.allow_tls12 = tls12;
    out->tls.allow_tls13 = tls13;
  }
  return Status::OK();
}

Status ReadTls(const PropertyValues& values, ClientProperties* out) {
  net::TlsOptions& tls = out->tls;
  LOTIC_RETURN_NOT_OK(ReadSource(values, {"ssl.truststore.location", "ssl.ca.location"}, {"ssl.truststore.certificates", "ssl.ca.pem"}, &tls.trust));
  if (tls.trust.path == "probe") tls.trust = {};  // librdkafka's word for the system's authorities
  LOTIC_RETURN_NOT_OK(ReadStoreType(values, "ssl.truststore.type", &tls.trust.format));
  values.Take("ssl.truststore.password", &tls.trust.password);

  LOTIC_RETURN_NOT_OK(ReadSource(values, {"ssl.keystore.location"}, {}, &tls.key_store));
  LOTIC_RETURN_NOT_OK(ReadStoreType(values, "ssl.keystore.type", &tls.key_store.format));
  values.Take("ssl.keystore.password", &tls.key_store.password);
  LOTIC_RETURN_NOT_OK(ReadSource(values, {"ssl.certificate.location"}, {"ssl.keystore.certificate.chain", "ssl.certificate.pem"}, &tls.certificate));
  LOTIC_RETURN_NOT_OK(ReadSource(values, {"ssl.key.location"}, {"ssl.keystore.key", "ssl.key.pem"}, &tls.private_key));
  values.Take("ssl.key.password", &tls.key_password);

  LOTIC_RETURN_NOT_OK(values.Bool("enable.ssl.certificate.verification", &tls.verify_certificate));
  if (const GivenProperty* given = values.Find("ssl.endpoint.identification.algorithm")) {
    const std::string text = LowerCase(TrimBlanks(given->value.Reveal()));
    if (text != "https" && text != "none" && !text.empty()) return PropertyValues::Bad(*given, "https, or none or empty to switch the check off, is needed");
    tls.verify_host_name = text == "https";
  }
  values.Text("ssl.cipher.suites", &tls.ciphers);
  LOTIC_RETURN_NOT_OK(ReadTlsVersions(values, out));
  if (out->uses_tls()) {
    if (!tls.verify_certificate) out->warnings.push_back("enable.ssl.certificate.verification=false: anybody can pose as the broker");
    return Status::OK();
  }
  for (const PropertyName& known : AllProperties()) {
    const GivenProperty* given =
        known.fate == PropertyFate::kUsed && known.name.find("ssl.") != std::string_view::npos ? values.Find(known.canonical) : nullptr;
    if (given == nullptr) continue;
    out->warnings.push_back(given->key + " (" + given->origin + ") has no effect: security.protocol is " +
                            std::string(SecurityProtocolName(out->security_protocol)) + "; SSL or SASL_SSL would use TLS");
    break;
  }
  return Status::OK();
}

Status ReadFetch(const PropertyValues& values, ClientProperties* out) {
  if (const GivenProperty* given = values.Find("isolation.level")) {
    const std::string text = LowerCase(TrimBlanks(given->value.Reveal()));
    if (text != "read_committed" && text != "read_uncommitted") return PropertyValues::Bad(*given, "read_committed or read_uncommitted is needed");
    out->isolation_level = text == "read_committed" ? IsolationLevel::kReadCommitted : IsolationLevel::kReadUncommitted;
  }
  LOTIC_RETURN_NOT_OK(values.Number("fetch.max.bytes", 1, kMaxInt, "bytes", &out->fetch_max_bytes));
  LOTIC_RETURN_NOT_OK(values.Number("max.partition.fetch.bytes", 1, kMaxInt, "bytes", &out->max_partition_fetch_bytes));
  LOTIC_RETURN_NOT_OK(values.Number("fetch.min.bytes", 0, kMaxInt, "bytes", &out->fetch_min_bytes));
  LOTIC_RETURN_NOT_OK(values.Number("max.decompressed.batch.bytes", 1 << 20, kMaxInt, "bytes", &out->max_decompressed_batch_bytes));
  LOTIC_RETURN_NOT_OK(values.Duration("fetch.max.wait.ms", 0, 300'000, &out->fetch_max_wait));
  bool check_crcs = true;
  LOTIC_RETURN_NOT_OK(values.Bool("check.crcs", &check_crcs));
  if (!check_crcs) {
    out->warnings.push_back("check.crcs=false (" + values.Find("check.crcs")->origin + ") has no effect: checksums are always verified");
  }
  return Status::OK();
}

Status ReadTimes(const PropertyValues& values, ClientProperties* out) {
  LOTIC_RETURN_NOT_OK(values.Duration("request.timeout.ms", 1, kHourMs, &out->request_timeout));
  LOTIC_RETURN_NOT_OK(values.Duration("socket.connection.setup.timeout.ms", 1, kHourMs, &out->connection_setup_timeout));
  LOTIC_RETURN_NOT_OK(values.Duration("default.api.timeout.ms", 1, 24 * kHourMs, &out->api_timeout));
  LOTIC_RETURN_NOT_OK(values.Duration("retry.backoff.ms", 0, kHourMs, &out->retry_backoff));
  LOTIC_RETURN_NOT_OK(values.Duration("retry.backoff.max.ms", 0, kHourMs, &out->retry_backoff_max));
  LOTIC_RETURN_NOT_OK(values.Duration("reconnect.backoff.ms", 0, kHourMs, &out->reconnect_backoff));
  LOTIC_RETURN_NOT_OK(values.Duration("reconnect.backoff.max.ms", 0, kHourMs, &out->reconnect_backoff_max));
  LOTIC_RETURN_NOT_OK(values.Duration("metadata.max.age.ms", 0, 24 * kHourMs, &out->metadata_max_age));
  int64_t idle = out->connections_max_idle.count();
  LOTIC_RETURN_NOT_OK(values.Number("connections.max.idle.ms", -1, std::numeric_limits<int64_t>::max(), "milliseconds", &idle));
  out->connections_max_idle = idle < 0 ? milliseconds::max() : milliseconds(idle);
  // A value given above a ceiling that was not given lifts the ceiling: existing files rely on it.
  if (!values.has("retry.backoff.max.ms")) out->retry_backoff_max = std::max(out->retry_backoff_max, out->retry_backoff);
  if (!values.has("reconnect.backoff.max.ms")) out->reconnect_backoff_max = std::max(out->reconnect_backoff_max, out->reconnect_backoff);
  if (!values.has("default.api.timeout.ms")) out->api_timeout = std::max(out->api_timeout, out->request_timeout);
  if (!values.has("request.timeout.ms")) out->request_timeout = std::min(out->request_timeout, out->api_timeout);
  return Status::OK();
}

Status CheckRange(std::string_view name, int64_t value, int64_t least, int64_t most, std::string_view unit) {
  if (value >= least && value <= most) return Status::OK();
  return Status::Invalid(name, "=", value, ": a whole number of ", unit, " from ", least, " to ", most, " is needed");
}

Status CheckOrder(std::string_view low_name, milliseconds low, std::string_view high_name, milliseconds high) {
  if (low <= high) return Status::OK();
  return Status::Invalid(low_name, "=", low.count(), " ms is longer than ", high_name, "=", high.count(), " ms");
}

}  // namespace

std::string_view SecurityProtocolName(SecurityProtocol protocol) {
  switch (protocol) {
    case SecurityProtocol::kPlaintext: return "PLAINTEXT";
    case SecurityProtocol::kSsl: return "SSL";
    case SecurityProtocol::kSaslPlaintext: return "SASL_PLAINTEXT";
    case SecurityProtocol::kSaslSsl: return "SASL_SSL";
  }
  return "?";
}

std::string_view IsolationLevelName(IsolationLevel level) { return level == IsolationLevel::kReadCommitted ? "read_committed" : "read_uncommitted"; }

bool ClientProperties::uses_tls() const { return security_protocol == SecurityProtocol::kSsl || security_protocol == SecurityProtocol::kSaslSsl; }
bool ClientProperties::uses_sasl() const { return security_protocol == SecurityProtocol::kSaslPlaintext || security_protocol == SecurityProtocol::kSaslSsl; }

Status ClientProperties::Validate() const {
  LOTIC_RETURN_NOT_OK(CheckRange("fetch.max.bytes", fetch_max_bytes, 1, kMaxInt, "bytes"));
  LOTIC_RETURN_NOT_OK(CheckRange("max.partition.fetch.bytes", max_partition_fetch_bytes, 1, kMaxInt, "bytes"));
  LOTIC_RETURN_NOT_OK(CheckRange("fetch.min.bytes", fetch_min_bytes, 0, kMaxInt, "bytes"));
  LOTIC_RETURN_NOT_OK(CheckRange("max.decompressed.batch.bytes", max_decompressed_batch_bytes, 1 << 20, kMaxInt, "bytes"));
  LOTIC_RETURN_NOT_OK(CheckRange("fetch.max.wait.ms", fetch_max_wait.count(), 0, 300'000, "milliseconds"));
  LOTIC_RETURN_NOT_OK(CheckRange("request.timeout.ms", request_timeout.count(), 1, kHourMs, "milliseconds"));
  LOTIC_RETURN_NOT_OK(CheckRange("socket.connection.setup.timeout.ms", connection_setup_timeout.count(), 1, kHourMs, "milliseconds"));
  LOTIC_RETURN_NOT_OK(CheckRange("default.api.timeout.ms", api_timeout.count(), 1, 24 * kHourMs, "milliseconds"));
  LOTIC_RETURN_NOT_OK(CheckRange("retry.backoff.ms", retry_backoff.count(), 0, kHourMs, "milliseconds"));
  LOTIC_RETURN_NOT_OK(CheckRange("reconnect.backoff.ms", reconnect_backoff.count(), 0, kHourMs, "milliseconds"));
  LOTIC_RETURN_NOT_OK(CheckOrder("retry.backoff.ms", retry_backoff, "retry.backoff.max.ms", retry_backoff_max));
  LOTIC_RETURN_NOT_OK(CheckOrder("reconnect.backoff.ms", reconnect_backoff, "reconnect.backoff.max.ms", reconnect_backoff_max));
  LOTIC_RETURN_NOT_OK(CheckOrder("request.timeout.ms", request_timeout, "default.api.timeout.ms", api_timeout));
  LOTIC_RETURN_NOT_OK(CheckOrder("fetch.max.wait.ms", fetch_max_wait, "request.timeout.ms", request_timeout));
  constexpr size_t kMaxClientIdBytes = 255;
  if (client_id.size() > kMaxClientIdBytes) return Status::Invalid("client.id is longer than ", kMaxClientIdBytes, " bytes");
  if (uses_sasl()) {
    LOTIC_RETURN_NOT_OK(MakeSaslMechanism({sasl_mechanism, sasl_username, sasl_password}).status());
    if (sasl_password.empty()) return Status::Invalid("SASL ", sasl_mechanism, ": sasl.password is missing");
  }
  if (uses_tls() && tls.key_store.given() && (tls.certificate.given() || tls.private_key.given())) {
    return Status::Invalid("both ", tls.key_store.setting, " and ", tls.certificate.given() ? tls.certificate.setting : tls.private_key.setting,
                           " are given; one way to give the client's certificate is needed");
  }
  return Status::OK();
}

std::string ClientProperties::Redacted() const {
  std::string out;
  const auto line = [&out](std::string_view key, std::string_view value) {
    out += key;
    out += '=';
    out += value;
    out += '\n';
  };
  const auto number = [&](std::string_view key, int64_t value) { line(key, std::to_string(value)); };
  const auto source = [&](const net::StoreSource& s) {
    if (s.given()) line(s.setting, s.path.empty() ? "***" : s.path);
  };
  const auto secret = [&](std::string_view key, const Secret& s) {
    if (!s.empty()) line(key, "***");
  };
  std::string servers;
  for (const net::Endpoint& server : bootstrap_servers) servers += (servers.empty() ? "" : ",") + server.ToString();
  line("bootstrap.servers", servers);
  line("client.id", client_id);
  line("security.protocol", SecurityProtocolName(security_protocol));
  if (uses_sasl()) {
    line("sasl.mechanism", sasl_mechanism);
    line("sasl.username", sasl_username);
    secret("sasl.password", sasl_password);
  }
  if (uses_tls()) {
    source(tls.trust);
    secret("ssl.truststore.password", tls.trust.password);
    source(tls.key_store);
    secret("ssl.keystore.password", tls.key_store.password);
    source(tls.certificate);
    source(tls.private_key);
    secret("ssl.key.password", tls.key_password);
    line("ssl.endpoint.identification.algorithm", tls.verify_host_name ? "https" : "");
    line("enable.ssl.certificate.verification", tls.verify_certificate ? "true" : "false");
    line("ssl.enabled.protocols", tls.allow_tls12 && tls.allow_tls13 ? "TLSv1.2,TLSv1.3" : tls.allow_tls12 ? "TLSv1.2" : "TLSv1.3");
    if (!tls.ciphers.empty()) line("ssl.cipher.suites", tls.ciphers);
  }
  line("broker.address.family", address_family == net::AddressFamily::kAny ? "any" : address_family == net::AddressFamily::kIPv4 ? "v4" : "v6");
  line("isolation.level", IsolationLevelName(isolation_level));
  number("fetch.max.bytes", fetch_max_bytes);
  number("max.partition.fetch.bytes", max_partition_fetch_bytes);
  number("fetch.min.bytes", fetch_min_bytes);
  number("fetch.max.wait.ms", fetch_max_wait.count());
  number("max.decompressed.batch.bytes", max_decompressed_batch_bytes);
  number("request.timeout.ms", request_timeout.count());
  number("socket.connection.setup.timeout.ms", connection_setup_timeout.count());
  number("default.api.timeout.ms", api_timeout.count());
  number("retry.backoff.ms", retry_backoff.count());
  number("retry.backoff.max.ms", retry_backoff_max.count());
  number("reconnect.backoff.ms", reconnect_backoff.count());
  number("reconnect.backoff.max.ms", reconnect_backoff_max.count());
  number("connections.max.idle.ms", connections_max_idle == milliseconds::max() ? -1 : connections_max_idle.count());
  number("metadata.max.age.ms", metadata_max_age.count());
  return out;
}

Result<ClientProperties> MakeClientProperties(const std::vector<Property>& properties) {
  ClientProperties made;
  PropertyValues values(&made.warnings);
  for (const Property& property : properties) LOTIC_RETURN_NOT_OK(values.Add(property));
  if (const GivenProperty* given = values.Find("bootstrap.servers")) {
    constexpr uint16_t kDefaultPort = 9092;
    auto servers = net::Endpoint::ParseList(given->value.Reveal(), kDefaultPort);
    if (!servers.ok()) return servers.status().WithMessage(given->key, " (", given->origin, "): ", servers.status().message());
    made.bootstrap_servers = std::move(*servers);
  }
  values.Text("client.id", &made.client_id);
  if (const GivenProperty* given = values.Find("broker.address.family")) {
    const std::string text = LowerCase(TrimBlanks(given->value.Reveal()));
    if (text != "any" && text != "v4" && text != "v6") return PropertyValues::Bad(*given, "any, v4 or v6 is needed");
    made.address_family = text == "v4" ? net::AddressFamily::kIPv4 : text == "v6" ? net::AddressFamily::kIPv6 : net::AddressFamily::kAny;
  }
  LOTIC_RETURN_NOT_OK(ReadSecurity(values, &made));
  LOTIC_RETURN_NOT_OK(ReadSasl(values, &made));
  LOTIC_RETURN_NOT_OK(ReadTls(values, &made));
  LOTIC_RETURN_NOT_OK(ReadFetch(values, &made));
  LOTIC_RETURN_NOT_OK(ReadTimes(values, &made));
  LOTIC_RETURN_NOT_OK(made.Validate());
  return made;
}

}  // namespace lotic::kafka
