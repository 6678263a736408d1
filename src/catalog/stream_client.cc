// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cctype>

#include "catalog/ddl_tokens.h"
#include "catalog/stream_reader.h"
#include "format/base64_text.h"

namespace lotic::catalog {
namespace {

constexpr std::string_view kBuilt = "PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 are";
constexpr std::array<std::string_view, 2> kLocations{"ssl.truststore.location", "ssl.keystore.location"};

/// "bytes" in base64, PEM or DER, as PEM with this label.
Result<std::string> PemOf(std::string_view key, const std::string& text, std::string_view label) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr size_t kLineChars = 64;
  if (text.starts_with(kBegin)) return text;
  std::string packed;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) packed += c;
  }
  std::string bytes;
  if (!DecodeBase64(packed, &bytes) || bytes.empty()) return Status::Invalid(key, ": expected the base64 of a PEM or DER file");
  if (bytes.find(kBegin) != std::string::npos) return bytes;
  std::string pem = std::string(kBegin) + std::string(label) + "-----\n";
  for (size_t at = 0; at < packed.size(); at += kLineChars) pem += packed.substr(at, kLineChars) + "\n";
  return pem + "-----END " + std::string(label) + "-----\n";
}

/// Pinot writes stores from certificates in pieces; here the pieces themselves are the properties.
Status ReadCertificates(const StreamValues& given, StreamConfig* config, Findings* findings) {
  const std::string prefix = "stream." + config->type + ".ssl.";
  std::map<std::string, std::string>& out = config->client_properties;
  const auto take = [&](const std::string& key, std::string_view label, const std::string& property, std::string_view store) -> Status {
    const auto found = given.find(key);
    if (found == given.end()) return Status::OK();
    LOTIC_ASSIGN_OR_RETURN(out[property], PemOf(key, found->second.text, label));
    for (const std::string_view part : {"location", "password", "type"}) {
      const std::string replaced = "ssl." + std::string(store) + "." + std::string(part);
      if (out.erase(replaced) > 0 && part == "location") findings->WarnNoEffect(replaced, key + " is given, and no file is made of it");
    }
    return Status::OK();
  };
  LOTIC_RETURN_NOT_OK(take(prefix + "server.certificate", "CERTIFICATE", "ssl.truststore.certificates", "truststore"));
  LOTIC_RETURN_NOT_OK(take(prefix + "client.certificate", "CERTIFICATE", "ssl.keystore.certificate.chain", "keystore"));
  LOTIC_RETURN_NOT_OK(take(prefix + "client.key", "PRIVATE KEY", "ssl.keystore.key", "keystore"));
  const bool certificate = given.contains(prefix + "client.certificate"), key = given.contains(prefix + "client.key");
  if (certificate != key)
    return Status::Invalid(prefix, certificate ? "client.certificate needs " : "client.key needs ", prefix, certificate ? "client.key" : "client.certificate");
  return Status::OK();
}

/// The mechanism decides over the login module, which only says user and password.
Status ReadLogin(StreamConfig* config, Findings* findings) {
  std::map<std::string, std::string>& out = config->client_properties;
  std::string mechanism;
  if (const auto found = out.find("sasl.mechanism"); found != out.end()) {
    for (const char c : found->second) mechanism += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (mechanism == "GSSAPI" || mechanism == "OAUTHBEARER" || mechanism == "AWS_MSK_IAM")
      return Status::Invalid("sasl.mechanism: ", mechanism, " is not built yet; ", kBuilt);
    if (mechanism != "PLAIN" && mechanism != "SCRAM-SHA-256" && mechanism != "SCRAM-SHA-512")
      return Status::Invalid("sasl.mechanism: this mechanism is unknown; ", kBuilt, " built");
    found->second = mechanism;
  }
  const auto jaas = out.find("sasl.jaas.config");
  if (jaas == out.end()) return Status::OK();
  std::string& text = jaas->second;
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return Status::Invalid("sasl.jaas.config: the login module is missing");
  const size_t end = std::min(text.find_first_of(" \t\r\n", first), text.size());
  const std::string module = text.substr(first, end - first);
  const std::string name = module.substr(module.rfind('.') + 1);
  if (name == "OAuthBearerLoginModule" || name == "IAMLoginModule" || name == "Krb5LoginModule")
    return Status::Invalid("sasl.jaas.config: ", name, " is not built yet; ", kBuilt);
  if (name != "PlainLoginModule" && name != "ScramLoginModule")
    return Status::Invalid("sasl.jaas.config: only PlainLoginModule and ScramLoginModule, in any package, are understood; no code is loaded");
  if (mechanism.empty()) {
    if (name == "ScramLoginModule") return Status::Invalid("sasl.mechanism is missing; SCRAM-SHA-256 or SCRAM-SHA-512 goes with ScramLoginModule");
    return Status::OK();
  }
  const std::string_view fits = mechanism == "PLAIN" ? "PlainLoginModule" : "ScramLoginModule";
  if (name == fits) return Status::OK();
  findings->Warn("sasl.jaas.config names " + name + ", and sasl.mechanism is " + mechanism +
                 ": the mechanism decides, the module only gives user and password");
  text = text.substr(0, first) + std::string(fits) + text.substr(end);
  return Status::OK();
}

}  // namespace

Status ReadClientProperties(const StreamValues& given, StreamConfig* config, Findings* findings) {
  for (const auto& [name, value] : given) {
    if (FindPinotKey("client", name) != nullptr) config->client_properties.emplace(name, value.text);
  }
  const std::string algorithm = "ssl.endpoint.identification.algorithm";
  if (const auto found = given.find(algorithm); found != given.end() && AsciiLower(found->second.text) != "https") {
    return Status::Invalid(algorithm, ": expected https, not ", found->second.shown,
                           "; that a broker's name is checked cannot be switched off in a table's document");
  }
  LOTIC_RETURN_NOT_OK(ReadCertificates(given, config, findings));
  LOTIC_RETURN_NOT_OK(ReadLogin(config, findings));
  for (const std::string_view key : kLocations) {
    const auto found = config->client_properties.find(std::string(key));
    if (found != config->client_properties.end()) config->files.push_back({std::string(key), found->second});
  }
  return Status::OK();
}

}  // namespace lotic::catalog
