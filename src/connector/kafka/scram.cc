// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <charconv>
#include <optional>

#include "lotic/source_error.h"

// The exchange, each line one message (RFC 5802 §5):
//
//   client-first  n,,n=<user>,r=<client nonce>
//   server-first  r=<client nonce><server nonce>,s=<salt, base64>,i=<iterations>
//   client-final  c=biws,r=<the nonce of server-first>,p=<proof, base64>         biws: base64 of "n,,"
//   server-final  v=<signature, base64>   or   e=<error>
//
//   SaltedPassword = PBKDF2(password, salt, iterations)        AuthMessage = client-first-bare , server-first ,
//   client-final-without-proof ClientKey = HMAC(SaltedPassword, "Client Key")             proof = ClientKey XOR
//   HMAC(H(ClientKey), AuthMessage) ServerKey = HMAC(SaltedPassword, "Server Key")             signature =
//   HMAC(ServerKey, AuthMessage)

namespace lotic::kafka {
namespace {

using net::Secret;

constexpr std::string_view kGs2Header = "n,,";

std::string ToBase64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

std::optional<std::string> FromBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  size_t padding = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    if (c == '=' && i + 2 >= text.size()) {
      ++padding;
    } else if (!letter || padding > 0) {
      return std::nullopt;
    }
  }
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(static_cast<size_t>(size) - padding);
  return bytes;
}

// "=" and "," stand for themselves in no name (RFC 5802 §5.1).
std::string EscapeName(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '=') {
      out += "=3D";
    } else if (c == ',') {
      out += "=2C";
    } else {
      out += c;
    }
  }
  return out;
}

// Takes "<key>=value" up to the next comma off `rest`.
std::optional<std::string_view> TakeAttribute(char key, std::string_view* rest) {
  if (rest->size() < 2 || (*rest)[0] != key || (*rest)[1] != '=') return std::nullopt;
  const size_t comma = rest->find(',');
  const std::string_view value = rest->substr(2, comma == std::string_view::npos ? comma : comma - 2);
  rest->remove_prefix(comma == std::string_view::npos ? rest->size() : comma + 1);
  return value;
}

// What the peer wrote, fit for a message: printable, short.
std::string Shown(std::string_view text) {
  constexpr size_t kMaxShown = 100;
  std::string out;
  for (const char c : text.substr(0, kMaxShown)) out += c >= 0x20 && c < 0x7f ? c : '?';
  return out;
}

class Scram final : public SaslMechanism {
 public:
  Scram(bool sha512, const SaslCredentials& credentials, std::string nonce)
      : hash_(sha512 ? EVP_sha512() : EVP_sha256()),
        name_(sha512 ? "SCRAM-SHA-512" : "SCRAM-SHA-256"),
        user_(credentials.username),
        password_(credentials.password),
        client_nonce_(std::move(nonce)) {}

  std::string_view name() const override { return name_; }
  bool done() const override { return state_ == State::kDone; }

  Result<SaslBytes> Step(std::span<const uint8_t> challenge) override {
    const std::string_view text(reinterpret_cast<const char*>(challenge.data()), challenge.size());
    if (text.size() > kMaxScramMessageBytes) {
      return Fail(Status::CapacityError("SASL ", name_, ": the broker's message of ", text.size(), " bytes is longer than ", kMaxScramMessageBytes));
    }
    switch (state_) {
      case State::kStart:
        if (!text.empty()) return Broken("the broker spoke first");
        client_first_bare_ = "n=" + EscapeName(user_) + ",r=" + client_nonce_;
        state_ = State::kSentFirst;
        return ToBytes(std::string(kGs2Header) + client_first_bare_);
      case State::kSentFirst: return AnswerServerFirst(text);
      case State::kSentFinal: return CheckServerFinal(text);
      case State::kDone:
      case State::kFailed: break;
    }
    return Status::Invalid("SASL ", name_, ": the exchange is over");
  }

 private:
  enum class State { kStart, kSentFirst, kSentFinal, kDone, kFailed };

  static SaslBytes ToBytes(const std::string& text) { return SaslBytes(text.begin(), text.end()); }

  Status Fail(const Status& status) {
    state_ = State::kFailed;
    password_ = Secret();
    return status.WithDetail(std::make_shared<SourceError>(false));
  }
  Status Broken(std::string_view what) { return Fail(Status::IOError("SASL ", name_, ": ", what)); }

  Secret Hmac(const Secret& key, std::string_view data) const {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    LOTIC_CHECK(HMAC(hash_, key.Reveal().data(), static_cast<int>(key.Reveal().size()), reinterpret_cast<const unsigned char*>(data.data()), data.size(), out,
                     &size) != nullptr);
    Secret result(std::string(reinterpret_cast<char*>(out), size));
    net::Wipe(out, sizeof out);
    return result;
  }

  Secret Hash(const Secret& data) const {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    LOTIC_CHECK(EVP_Digest(data.Reveal().data(), data.Reveal().size(), out, &size, hash_, nullptr) == 1);
    return Secret(std::string(reinterpret_cast<char*>(out), size));
  }

  Result<SaslBytes> AnswerServerFirst(std::string_view text) {
    std::string_view rest = text;
    if (rest.starts_with("e=")) return Refused(rest.substr(2));
    if (rest.starts_with("m=")) return Broken("the broker demands an extension that is not known");
    const auto nonce = TakeAttribute('r', &rest);
    const auto salt64 = TakeAttribute('s', &rest);
    const auto count = TakeAttribute('i', &rest);
    if (!nonce || !salt64 || !count) return Broken("server-first-message is malformed");
    if (!nonce->starts_with(client_nonce_) || nonce->size() == client_nonce_.size()) {
      return Broken("the broker's nonce does not continue ours; somebody may stand in between");
    }
    const auto salt = FromBase64(*salt64);
    if (!salt) return Broken("the salt is not base64");
    uint32_t iterations = 0;
    const auto [end, error] = std::from_chars(count->data(), count->data() + count->size(), iterations);
    if (error != std::errc() || end != count->data() + count->size()) return Broken("the iteration count is not a number");
    if (iterations < kMinScramIterations) {
      return Broken("the broker asks for " + std::to_string(iterations) + " iterations; fewer than " + std::to_string(kMinScramIterations) + " are not safe");
    }
    if (iterations > kMaxScramIterations) {
      return Fail(Status::CapacityError("SASL ", name_, ": the broker asks for ", iterations, " iterations; the limit is ", kMaxScramIterations));
    }
    std::string salted(static_cast<size_t>(EVP_MD_get_size(hash_)), '\0');
    LOTIC_CHECK(PKCS5_PBKDF2_HMAC(password_.Reveal().data(), static_cast<int>(password_.Reveal().size()), reinterpret_cast<const unsigned char*>(salt->data()),
                                  static_cast<int>(salt->size()), static_cast<int>(iterations), hash_, static_cast<int>(salted.size()),
                                  reinterpret_cast<unsigned char*>(salted.data())) == 1);
    const Secret salted_password(std::move(salted));
    password_ = Secret();
    // Exactly the nonce of server-first: brokers compare it byte by byte.
    const std::string without_proof = "c=" + ToBase64(kGs2Header) + ",r=" + std::string(*nonce);
    const std::string auth_message = client_first_bare_ + "," + std::string(text) + "," + without_proof;
    const Secret client_key = Hmac(salted_password, "Client Key");
    const Secret signature = Hmac(Hash(client_key), auth_message);
    std::string proof = client_key.Reveal();
    for (size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature.Reveal()[i]);
    server_signature_ = Hmac(Hmac(salted_password, "Server Key"), auth_message);
    state_ = State::kSentFinal;
    return ToBytes(without_proof + ",p=" + ToBase64(proof));
  }

  Result<SaslBytes> CheckServerFinal(std::string_view text) {
    std::string_view rest = text;
    if (rest.starts_with("e=")) return Refused(rest.substr(2));
    const auto verifier = TakeAttribute('v', &rest);
    if (!verifier) return Broken("server-final-message is malformed");
    const auto signature = FromBase64(*verifier);
    const std::string& expected = server_signature_.Reveal();
    if (!signature || signature->size() != expected.size() || CRYPTO_memcmp(signature->data(), expected.data(), expected.size()) != 0) {
      return Fail(
          Status::Unauthorized("SASL ", name_, ": the broker could not prove that it knows the password of user \"", user_, "\"; it may be an impostor"));
    }
    server_signature_ = Secret();
    state_ = State::kDone;
    return SaslBytes{};
  }

  Status Refused(std::string_view error) { return Fail(Status::Unauthorized("SASL ", name_, ": the broker refused user \"", user_, "\": ", Shown(error))); }

  const EVP_MD* const hash_;
  const std::string name_;
  const std::string user_;
  Secret password_;
  const std::string client_nonce_;
  std::string client_first_bare_;
  Secret server_signature_;
  State state_ = State::kStart;
};

}  // namespace

std::unique_ptr<SaslMechanism> MakeScram(bool sha512, const SaslCredentials& credentials, std::string nonce) {
  return std::make_unique<Scram>(sha512, credentials, std::move(nonce));
}

}  // namespace lotic::kafka
