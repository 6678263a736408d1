// SPDX-License-Identifier: Apache-2.0
#include "net/jks.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include <array>
#include <cstring>
#include <memory>
#include <optional>

// A Java key store as the JDK's provider "SUN" writes it; numbers are big-endian:
//
//   FEEDFEED | version u32: 1, 2 | entries u32 | entry … | SHA-1 digest, 20 bytes
//   entry:   tag u32 | alias text | created u64, ms | tag 1 (key): key block, chain length u32, certificate …
//                                                   | tag 2 (trusted): certificate
//   certificate: version 2 only: type text ("X.509") | length u32 | DER
//   text:    length u16 | modified UTF-8          key block: length u32 | EncryptedPrivateKeyInfo, DER
//   digest:  SHA-1(password as UTF-16BE | "Mighty Aphrodite" | all bytes before the digest)
//
// Key protection, the octets inside EncryptedPrivateKeyInfo: salt, 20 bytes | key XOR stream | SHA-1(password | key),
// where the stream is d1 d2 …, d1 = SHA-1(password | salt), d(i+1) = SHA-1(password | d(i)).

namespace lotic::net {
namespace {

constexpr uint32_t kMagic = 0xFEEDFEED;
constexpr uint32_t kJceksMagic = 0xCECECECE;
constexpr uint32_t kKeyTag = 1;
constexpr uint32_t kTrustedTag = 2;
constexpr size_t kDigestBytes = 20;
constexpr char kSunProtection[] = "1.3.6.1.4.1.42.2.17.1.1";
constexpr std::string_view kWhitener = "Mighty Aphrodite";

using Digest = std::array<uint8_t, kDigestBytes>;
using Bytes = std::span<const uint8_t>;

class Sha1 {
 public:
  Sha1() : context_(EVP_MD_CTX_new()) { LOTIC_CHECK(context_ && EVP_DigestInit_ex(context_, EVP_sha1(), nullptr) == 1); }
  ~Sha1() { EVP_MD_CTX_free(context_); }
  Sha1(const Sha1&) = delete;
  Sha1& operator=(const Sha1&) = delete;
  Sha1& Add(Bytes bytes) {
    LOTIC_CHECK(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
    return *this;
  }
  Digest Finish() {
    Digest digest;
    LOTIC_CHECK(EVP_DigestFinal_ex(context_, digest.data(), nullptr) == 1);
    return digest;
  }

 private:
  EVP_MD_CTX* const context_;
};

Bytes AsBytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

// The password as Java hashes it: UTF-16BE of its characters. Bytes that are not UTF-8 count as Latin-1.
Secret ToUtf16(const Secret& password) {
  const std::string& text = password.Reveal();
  std::string out;
  out.reserve(2 * text.size());
  const auto put = [&out](uint32_t unit) {
    out.push_back(static_cast<char>(unit >> 8));
    out.push_back(static_cast<char>(unit & 0xff));
  };
  for (size_t i = 0; i < text.size();) {
    const auto at = [&](size_t k) { return static_cast<uint8_t>(text[k]); };
    const uint8_t lead = at(i);
    const size_t length = lead < 0x80 ? 1 : (lead >> 5) == 6 ? 2 : (lead >> 4) == 14 ? 3 : (lead >> 3) == 30 ? 4 : 0;
    bool whole = length > 0 && i + length <= text.size();
    uint32_t code = length <= 1 ? lead : lead & (0x7fu >> length);
    for (size_t k = 1; whole && k < length; ++k) {
      whole = (at(i + k) & 0xc0) == 0x80;
      code = code << 6 | (at(i + k) & 0x3f);
    }
    if (!whole) {
      put(lead);
      ++i;
      continue;
    }
    i += length;
    if (code < 0x10000) {
      put(code);
    } else {
      put(0xd800 + ((code - 0x10000) >> 10 & 0x3ff));
      put(0xdc00 + ((code - 0x10000) & 0x3ff));
    }
  }
  return Secret(std::move(out));
}

class Cursor {
 public:
  explicit Cursor(Bytes bytes) : rest_(bytes) {}
  std::optional<Bytes> Take(size_t size) {
    if (size > rest_.size()) return std::nullopt;
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  std::optional<uint64_t> Number(size_t size) {
    const auto bytes = Take(size);
    if (!bytes) return std::nullopt;
    uint64_t value = 0;
    for (const uint8_t b : *bytes) value = value << 8 | b;
    return value;
  }
  std::optional<Bytes> Block(size_t length_size) {
    const auto length = Number(length_size);
    return length ? Take(*length) : std::nullopt;
  }
  bool empty() const { return rest_.empty(); }

 private:
  Bytes rest_;
};

Status CutShort(uint64_t entry) { return Status::Invalid("the Java key store is cut short or damaged in entry ", entry + 1); }

Status ReadCertificate(Cursor* cursor, uint32_t version, uint64_t number, JksEntry* entry) {
  if (version == 2 && !cursor->Block(2)) return CutShort(number);
  const auto der = cursor->Block(4);
  if (!der) return CutShort(number);
  entry->certificates.emplace_back(der->begin(), der->end());
  return Status::OK();
}

struct FreeX509Sig {
  void operator()(X509_SIG* sig) const { X509_SIG_free(sig); }
};

// XORs the stream of `password` and `salt` over `data`.
void ApplyStream(const Secret& password, Bytes salt, std::span<uint8_t> data) {
  Digest block = Sha1().Add(AsBytes(password.Reveal())).Add(salt).Finish();
  for (size_t i = 0; i < data.size(); ++i) {
    if (i > 0 && i % kDigestBytes == 0) block = Sha1().Add(AsBytes(password.Reveal())).Add(block).Finish();
    data[i] ^= block[i % kDigestBytes];
  }
  Wipe(block.data(), block.size());
}

Digest StoreDigest(const Secret& password, Bytes body) {
  const Secret wide = ToUtf16(password);
  return Sha1().Add(AsBytes(wide.Reveal())).Add(AsBytes(kWhitener)).Add(body).Finish();
}

}  // namespace

bool LooksLikeJks(Bytes bytes) {
  const auto magic = Cursor(bytes).Number(4);
  return magic == kMagic || magic == kJceksMagic;
}

Result<JksStore> ReadJks(Bytes bytes, const Secret& password) {
  const auto magic = Cursor(bytes).Number(4);
  if (magic == kJceksMagic) {
    return Status::NotImplemented(
        "the key store is of type JCEKS, which is not read; convert it: keytool -importkeystore "
        "-srcstoretype JCEKS -deststoretype PKCS12 -srckeystore OLD -destkeystore NEW");
  }
  if (magic != kMagic) return Status::Invalid("not a Java key store: it does not start with FEEDFEED");
  if (bytes.size() < 12 + kDigestBytes) return Status::Invalid("the Java key store is cut short: ", bytes.size(), " bytes");
  const Bytes body = bytes.first(bytes.size() - kDigestBytes);
  if (!password.empty()) {
    const Digest expected = StoreDigest(password, body);
    if (CRYPTO_memcmp(expected.data(), bytes.data() + body.size(), kDigestBytes) != 0) {
      return Status::Invalid("the password of the Java key store is wrong, or the file was damaged");
    }
  }
  Cursor cursor(body.subspan(4));
  JksStore store;
  store.version = static_cast<uint32_t>(*cursor.Number(4));
  if (store.version != 1 && store.version != 2) {
    return Status::Invalid("Java key store of version ", store.version, "; 1 and 2 are read");
  }
  const uint64_t count = *cursor.Number(4);
  for (uint64_t i = 0; i < count; ++i) {  // each round consumes bytes or fails, so a lying count ends at once
    const auto tag = cursor.Number(4);
    const auto alias = cursor.Block(2);
    const auto created = cursor.Number(8);
    if (!tag || !alias || !created) return CutShort(i);
    JksEntry entry;
    entry.alias.assign(alias->begin(), alias->end());
    entry.created_ms = static_cast<int64_t>(*created);
    uint64_t certificates = 1;
    if (*tag == kKeyTag) {
      const auto key = cursor.Block(4);
      const auto chain = key ? cursor.Number(4) : std::nullopt;
      if (!chain || key->empty()) return CutShort(i);
      entry.protected_key.assign(key->begin(), key->end());
      certificates = *chain;
    } else if (*tag != kTrustedTag) {
      return Status::Invalid("entry ", i + 1, " of the Java key store is of unknown kind ", *tag, "; 1 and 2 are known");
    }
    for (uint64_t c = 0; c < certificates; ++c) LOTIC_RETURN_NOT_OK(ReadCertificate(&cursor, store.version, i, &entry));
    store.entries.push_back(std::move(entry));
  }
  if (!cursor.empty()) return Status::Invalid("bytes are left after the last entry of the Java key store");
  return store;
}

Result<Secret> UnprotectJksKey(Bytes protected_key, const Secret& password) {
  const uint8_t* at = protected_key.data();
  const std::unique_ptr<X509_SIG, FreeX509Sig> sig(d2i_X509_SIG(nullptr, &at, static_cast<long>(protected_key.size())));
  if (!sig) return Status::Invalid("the private key block of the Java key store is malformed");
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_OCTET_STRING* octets = nullptr;
  X509_SIG_get0(sig.get(), &algorithm, &octets);
  char oid[80] = "";
  OBJ_obj2txt(oid, sizeof oid, algorithm->algorithm, 1);
  if (std::string_view(oid) != kSunProtection) {
    return Status::NotImplemented("the private key is protected by ", oid, "; in a Java key store ", kSunProtection, " is read");
  }
  const Bytes all(ASN1_STRING_get0_data(octets), static_cast<size_t>(ASN1_STRING_length(octets)));
  if (all.size() <= 2 * kDigestBytes) return Status::Invalid("the private key block of the Java key store is too short");
  const Secret wide = ToUtf16(password);
  const Bytes hidden = all.subspan(kDigestBytes, all.size() - 2 * kDigestBytes);
  std::string plain(hidden.begin(), hidden.end());
  ApplyStream(wide, all.first(kDigestBytes), {reinterpret_cast<uint8_t*>(plain.data()), plain.size()});
  Secret key(std::move(plain));
  const Digest digest = Sha1().Add(AsBytes(wide.Reveal())).Add(AsBytes(key.Reveal())).Finish();
  if (CRYPTO_memcmp(digest.data(), all.last(kDigestBytes).data(), kDigestBytes) != 0) {
    return Status::Invalid("the password of the private key in the Java key store is wrong");
  }
  return key;
}

std::vector<uint8_t> WriteJks(const JksStore& store, const Secret& password) {
  std::vector<uint8_t> out;
  const auto number = [&out](uint64_t value, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(value >> shift));
  };
  const auto block = [&](Bytes bytes, int length_size) {
    number(bytes.size(), length_size);
    out.insert(out.end(), bytes.begin(), bytes.end());
  };
  number(kMagic, 4);
  number(store.version, 4);
  number(store.entries.size(), 4);
  for (const JksEntry& entry : store.entries) {
    number(entry.is_key() ? kKeyTag : kTrustedTag, 4);
    block(AsBytes(entry.alias), 2);
    number(static_cast<uint64_t>(entry.created_ms), 8);
    if (entry.is_key()) {
      block(entry.protected_key, 4);
      number(entry.certificates.size(), 4);
    }
    for (const auto& der : entry.certificates) {
      if (store.version == 2) block(AsBytes("X.509"), 2);
      block(der, 4);
    }
  }
  const Digest digest = StoreDigest(password, out);
  out.insert(out.end(), digest.begin(), digest.end());
  return out;
}

std::vector<uint8_t> ProtectJksKey(Bytes pkcs8, const Secret& password, Bytes salt) {
  LOTIC_CHECK(salt.size() == kDigestBytes);
  const Secret wide = ToUtf16(password);
  std::vector<uint8_t> octets(salt.begin(), salt.end());
  octets.insert(octets.end(), pkcs8.begin(), pkcs8.end());
  ApplyStream(wide, salt, std::span(octets).subspan(kDigestBytes));
  const Digest digest = Sha1().Add(AsBytes(wide.Reveal())).Add(pkcs8).Finish();
  octets.insert(octets.end(), digest.begin(), digest.end());

  const std::unique_ptr<X509_SIG, FreeX509Sig> sig(X509_SIG_new());
  X509_ALGOR* algorithm = nullptr;
  ASN1_OCTET_STRING* string = nullptr;
  X509_SIG_getm(sig.get(), &algorithm, &string);
  X509_ALGOR_set0(algorithm, OBJ_txt2obj(kSunProtection, 1), V_ASN1_NULL, nullptr);
  ASN1_OCTET_STRING_set(string, octets.data(), static_cast<int>(octets.size()));
  uint8_t* der = nullptr;
  const int size = i2d_X509_SIG(sig.get(), &der);
  LOTIC_CHECK(size > 0);
  std::vector<uint8_t> out(der, der + size);
  OPENSSL_free(der);
  return out;
}

}  // namespace lotic::net
