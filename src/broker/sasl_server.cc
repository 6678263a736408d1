// SPDX-License-Identifier: Apache-2.0
#include "broker/sasl_server.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>

namespace lotic::broker {
namespace {

constexpr int kIterations = 4096;  // the least that RFC 7677 and Kafka's clients accept
constexpr size_t kSaltBytes = 16, kNonceBytes = 18;

const unsigned char* Raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string Random(size_t size) {
  std::string bytes(size, '\0');
  LOTIC_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) == 1);
  return bytes;
}

std::string ToBase64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  text.resize(static_cast<size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), Raw(bytes), static_cast<int>(bytes.size()))));
  return text;
}

std::optional<std::string> FromBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > 1024) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), Raw(text), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(static_cast<size_t>(size) - (text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0));
  return bytes;
}

std::string Hmac(const EVP_MD* hash, std::string_view key, std::string_view text) {
  std::string out(static_cast<size_t>(EVP_MD_get_size(hash)), '\0');
  unsigned int size = 0;
  HMAC(hash, key.data(), static_cast<int>(key.size()), Raw(text), text.size(), reinterpret_cast<unsigned char*>(out.data()), &size);
  return out;
}

std::string Hash(const EVP_MD* hash, std::string_view text) {
  std::string out(static_cast<size_t>(EVP_MD_get_size(hash)), '\0');
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr, hash, nullptr);
  return out;
}

bool SameSecret(std::string_view a, std::string_view b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

const EVP_MD* HashOf(std::string_view mechanism) { return mechanism == "SCRAM-SHA-512" ? EVP_sha512() : EVP_sha256(); }

// The value of attribute `name` in "a=x,b=y".
std::optional<std::string_view> Attribute(std::string_view message, char name) {
  while (!message.empty()) {
    const std::string_view part = message.substr(0, message.find(','));
    if (part.size() >= 2 && part[0] == name && part[1] == '=') return part.substr(2);
    message.remove_prefix(std::min(message.size(), part.size() + 1));
  }
  return std::nullopt;
}

// A name as SCRAM writes it: "=2C" is a comma, "=3D" an equals sign.
std::string UnescapeName(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const std::string_view code = name.substr(i, 3);
    if (code == "=2C" || code == "=3D") {
      out += code == "=2C" ? ',' : '=';
      i += 2;
    } else {
      out += name[i];
    }
  }
  return out;
}

}  // namespace

Status SaslServer::Refused() const {
  return Status::Unauthorized("Authentication failed during authentication due to invalid credentials with SASL mechanism ", mechanism_);
}

Status SaslServer::Begin(const std::string& mechanism) {
  const std::vector<std::string> known = Mechanisms();
  if (std::find(known.begin(), known.end(), mechanism) == known.end()) return Status::NotImplemented("SASL mechanism ", mechanism);
  mechanism_ = mechanism;
  begun_ = true;
  done_ = false;
  server_first_.clear();
  return Status::OK();
}

Result<std::string> SaslServer::Step(std::string_view message) {
  if (!begun_ || done_) return Status::Unauthorized("no SASL handshake is under way");
  if (mechanism_ == "PLAIN") return Plain(message);
  return server_first_.empty() ? ScramFirst(message) : ScramFinal(message);
}

// [authorization identity] NUL name NUL password
Result<std::string> SaslServer::Plain(std::string_view message) {
  const size_t first = message.find('\0');
  const size_t second = first == std::string_view::npos ? first : message.find('\0', first + 1);
  if (second == std::string_view::npos) return Refused();
  const auto user = users_.find(std::string(message.substr(first + 1, second - first - 1)));
  if (user == users_.end() || !SameSecret(user->second, message.substr(second + 1))) return Refused();
  done_ = true;
  return std::string();
}

// client-first := gs2-header "n=" name ",r=" nonce;  server-first := "r=" nonce server-nonce ",s=" salt ",i="
// iterations
Result<std::string> SaslServer::ScramFirst(std::string_view message) {
  const size_t comma = message.find(',');
  const size_t second = comma == std::string_view::npos ? comma : message.find(',', comma + 1);
  if (second == std::string_view::npos || !message.starts_with("n,")) return Refused();
  header_ = message.substr(0, second + 1);
  client_first_bare_ = message.substr(second + 1);
  const auto name = Attribute(client_first_bare_, 'n');
  const auto nonce = Attribute(client_first_bare_, 'r');
  if (!name || !nonce || nonce->empty()) return Refused();
  const auto user = users_.find(UnescapeName(*name));
  if (user == users_.end()) return Refused();
  const EVP_MD* const hash = HashOf(mechanism_);
  const std::string salt = Random(kSaltBytes);
  salted_password_.assign(static_cast<size_t>(EVP_MD_get_size(hash)), '\0');
  PKCS5_PBKDF2_HMAC(user->second.data(), static_cast<int>(user->second.size()), Raw(salt), static_cast<int>(salt.size()), kIterations, hash,
                    static_cast<int>(salted_password_.size()), reinterpret_cast<unsigned char*>(salted_password_.data()));
  nonce_ = std::string(*nonce) + ToBase64(Random(kNonceBytes));
  server_first_ = "r=" + nonce_ + ",s=" + ToBase64(salt) + ",i=" + std::to_string(kIterations);
  return server_first_;
}

// client-final := "c=" base64(gs2-header) ",r=" nonce ",p=" proof;  server-final := "v=" signature
Result<std::string> SaslServer::ScramFinal(std::string_view message) {
  const EVP_MD* const hash = HashOf(mechanism_);
  const auto binding = Attribute(message, 'c');
  const auto nonce = Attribute(message, 'r');
  const size_t proof_at = message.rfind(",p=");
  if (!binding || !nonce || proof_at == std::string_view::npos || *nonce != nonce_ || FromBase64(*binding) != header_) return Refused();
  const std::optional<std::string> proof = FromBase64(message.substr(proof_at + 3));
  const std::string auth_message = client_first_bare_ + "," + server_first_ + "," + std::string(message.substr(0, proof_at));
  const std::string stored_key = Hash(hash, Hmac(hash, salted_password_, "Client Key"));
  std::string client_key = Hmac(hash, stored_key, auth_message);
  if (!proof || proof->size() != client_key.size()) return Refused();
  for (size_t i = 0; i < client_key.size(); ++i) client_key[i] = static_cast<char>(client_key[i] ^ (*proof)[i]);
  if (!SameSecret(Hash(hash, client_key), stored_key)) return Refused();
  done_ = true;
  return "v=" + ToBase64(Hmac(hash, Hmac(hash, salted_password_, "Server Key"), auth_message));
}

}  // namespace lotic::broker
