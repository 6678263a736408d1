// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/sasl.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "connector/kafka/property_names.h"
#include "connector/kafka/scram.h"
#include "lotic/source_error.h"

namespace lotic::kafka {
namespace {

constexpr std::array<std::string_view, 3> kBuilt = {"SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"};
constexpr std::array<std::string_view, 3> kKnownNotBuilt = {"GSSAPI", "OAUTHBEARER", "AWS_MSK_IAM"};
constexpr std::string_view kWhatWorks = "PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 work";

// RFC 4616: [authorization id] NUL user NUL password. Kafka answers with nothing.
class Plain final : public SaslMechanism {
 public:
  explicit Plain(const SaslCredentials& credentials) : user_(credentials.username), password_(credentials.password) {}

  std::string_view name() const override { return "PLAIN"; }
  bool done() const override { return state_ == 2; }

  Result<SaslBytes> Step(std::span<const uint8_t> challenge) override {
    if (state_ == 2) return Status::Invalid("SASL PLAIN: the exchange is over");
    if (state_++ == 1) return SaslBytes{};
    if (!challenge.empty()) {
      return Status::IOError("SASL PLAIN: the broker spoke first").WithDetail(std::make_shared<SourceError>(false));
    }
    SaslBytes message;
    message.reserve(2 + user_.size() + password_.Reveal().size());
    message.push_back(0);
    message.insert(message.end(), user_.begin(), user_.end());
    message.push_back(0);
    message.insert(message.end(), password_.Reveal().begin(), password_.Reveal().end());
    password_ = net::Secret();
    return message;
  }

 private:
  const std::string user_;
  net::Secret password_;
  int state_ = 0;  // 0 nothing sent, 1 sent, 2 answered
};

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}

Result<std::string> RandomNonce() {
  // 24 random bytes as 32 printable characters; RFC 5802 allows all printable ASCII but the comma.
  std::array<uint8_t, 24> bytes;
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return Status::UnknownError("SASL: no random numbers from OpenSSL");
  }
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string nonce;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const uint32_t group = bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) nonce += kAlphabet[group >> shift & 63];
  }
  return nonce;
}

}  // namespace

std::span<const std::string_view> BuiltSaslMechanisms() { return kBuilt; }

Status CheckSaslMechanism(std::string_view mechanism) {
  const std::string upper = Upper(mechanism);
  if (std::find(kBuilt.begin(), kBuilt.end(), upper) != kBuilt.end()) return Status::OK();
  if (std::find(kKnownNotBuilt.begin(), kKnownNotBuilt.end(), upper) != kKnownNotBuilt.end()) {
    return Status::NotImplemented("SASL mechanism ", upper, " is not built yet; ", kWhatWorks);
  }
  std::vector<std::string_view> all(kBuilt.begin(), kBuilt.end());
  all.insert(all.end(), kKnownNotBuilt.begin(), kKnownNotBuilt.end());
  const std::string_view nearest = NearestName(upper, all);
  return Status::Invalid("\"", mechanism.substr(0, 100), "\" is no SASL mechanism of Kafka; ",
                         nearest.empty() ? std::string() : "did you mean " + std::string(nearest) + "? ", kWhatWorks);
}

Result<std::unique_ptr<SaslMechanism>> MakeSaslMechanism(const SaslCredentials& credentials) {
  LOTIC_RETURN_NOT_OK(CheckSaslMechanism(credentials.mechanism));
  const std::string mechanism = Upper(credentials.mechanism);
  if (credentials.username.empty()) return Status::Invalid("SASL ", mechanism, ": sasl.username is missing");
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  if (has_nul(credentials.username) || has_nul(credentials.password.Reveal())) {
    return Status::Invalid("SASL ", mechanism, ": user name and password cannot hold a NUL byte");
  }
  if (mechanism == "PLAIN") return std::unique_ptr<SaslMechanism>(std::make_unique<Plain>(credentials));
  LOTIC_ASSIGN_OR_RETURN(std::string nonce, RandomNonce());
  return MakeScram(mechanism == "SCRAM-SHA-512", credentials, std::move(nonce));
}

std::unique_ptr<SaslMechanism> MakeScramForTest(bool sha512, const SaslCredentials& credentials, std::string nonce) {
  return MakeScram(sha512, credentials, std::move(nonce));
}

}  // namespace lotic::kafka
