// SPDX-License-Identifier: Apache-2.0
#include "net/tls_store.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "net/jks.h"

namespace lotic::net {
namespace {

struct FreeMore {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(PKCS12* p) const { PKCS12_free(p); }
  void operator()(OSSL_LIB_CTX* p) const { OSSL_LIB_CTX_free(p); }
  void operator()(STACK_OF(X509) * p) const { sk_X509_pop_free(p, X509_free); }
};
using BioPtr = std::unique_ptr<BIO, FreeMore>;

// "ssl.keystore.location (/etc/k.p12)": how messages name a source.
std::string Describe(const StoreSource& source) {
  const std::string setting = source.setting.empty() ? "store" : source.setting;
  return source.path.empty() ? setting + " (given inline)" : setting + " (" + source.path + ")";
}

Status Bad(const StoreSource& source, const std::string& why) { return Status::Invalid(Describe(source), ": ", why); }

std::string TakeOpenSslReason() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown reason";
}

BioPtr Memory(const Secret& bytes) { return BioPtr(BIO_new_mem_buf(bytes.Reveal().data(), static_cast<int>(bytes.Reveal().size()))); }

std::span<const uint8_t> AsBytes(const Secret& text) { return {reinterpret_cast<const uint8_t*>(text.Reveal().data()), text.Reveal().size()}; }

// PEM given inside a configuration value has often lost its line breaks: they became blanks, or the two characters \n.
// Puts each block's body back into lines.
Secret RepairInlinePem(const Secret& given) {
  std::string text = given.Reveal();
  for (size_t at = 0; (at = text.find("\\n", at)) != std::string::npos;) text.replace(at, 2, "\n");
  std::string out;
  size_t at = 0;
  while (true) {
    const size_t begin = text.find("-----BEGIN ", at);
    const size_t begin_end = begin == std::string::npos ? begin : text.find("-----", begin + 11);
    const size_t end = begin_end == std::string::npos ? begin_end : text.find("-----END ", begin_end + 5);
    const size_t end_end = end == std::string::npos ? end : text.find("-----", end + 9);
    if (end_end == std::string::npos) break;
    const std::string body = text.substr(begin_end + 5, end - begin_end - 5);
    out += text.substr(begin, begin_end + 5 - begin) + "\n";
    if (body.find(':') != std::string::npos) {  // headers of the old encrypted form: their line breaks mean something
      out += body;
    } else {
      size_t column = 0;
      for (const char c : body) {
        if (std::isspace(static_cast<unsigned char>(c))) continue;
        out += c;
        if (++column % 64 == 0) out += '\n';
      }
      if (column % 64 != 0) out += '\n';
    }
    out += text.substr(end, end_end + 5 - end) + "\n";
    at = end_end + 5;
  }
  Wipe(text.data(), text.size());
  return Secret(std::move(out));
}

Result<Secret> ReadSource(const StoreSource& source) {
  if (source.path.empty()) {
    if (source.inline_pem.Reveal().find("-----BEGIN ") == std::string::npos) {
      return Bad(source, "this is not PEM: no \"-----BEGIN\" in it");
    }
    return RepairInlinePem(source.inline_pem);
  }
  std::ifstream file(source.path, std::ios::binary);
  if (!file) {
    const int error = errno;
    const std::string why = Describe(source) + ": cannot open the file: " + std::strerror(error);
    return error == ENOENT ? Status::NotFound(why) : Status::IOError(why);
  }
  std::string bytes;
  char chunk[8192];
  while (file.read(chunk, sizeof chunk) || file.gcount() > 0) {
    bytes.append(chunk, static_cast<size_t>(file.gcount()));
    if (bytes.size() > kMaxStoreBytes) {
      return Status::CapacityError(Describe(source), ": the file is longer than ", kMaxStoreBytes, " bytes");
    }
  }
  Wipe(chunk, sizeof chunk);
  if (file.bad()) return Status::IOError(Describe(source), ": cannot read the file");  // a folder, for instance
  if (bytes.empty()) return Bad(source, "the file is empty");
  return Secret(std::move(bytes));
}

Result<StoreFormat> Detect(const StoreSource& source, const Secret& bytes) {
  const std::string& text = bytes.Reveal();
  if (LooksLikeJks(AsBytes(bytes))) return StoreFormat::kJks;
  if (text.find("-----BEGIN ") != std::string::npos) return StoreFormat::kPem;
  if (static_cast<uint8_t>(text[0]) == 0x30) return StoreFormat::kPkcs12;
  return Bad(source, "neither PEM nor PKCS12 nor a Java key store (JKS)");
}

// --- PEM

struct PasswordRequest {
  const Secret* password;
  bool asked = false;
};

int GivePassword(char* buffer, int size, int, void* data) {
  auto* request = static_cast<PasswordRequest*>(data);
  request->asked = true;
  const std::string& text = request->password->Reveal();
  if (text.empty() || text.size() > static_cast<size_t>(size)) return -1;
  std::memcpy(buffer, text.data(), text.size());
  return static_cast<int>(text.size());
}

Result<std::vector<X509Ptr>> PemCertificates(const StoreSource& source, const Secret& bytes) {
  const BioPtr bio = Memory(bytes);
  std::vector<X509Ptr> found;
  ERR_clear_error();
  while (X509* certificate = PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)) found.emplace_back(certificate);
  const unsigned long error = ERR_peek_last_error();
  const bool clean_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  const std::string reason = TakeOpenSslReason();
  if (!clean_end) {
    return Bad(source, "certificate " + std::to_string(found.size() + 1) + " cannot be read: " + reason);
  }
  if (found.empty()) return Bad(source, "no certificate in it");
  return found;
}

Result<KeyPtr> PemKey(const StoreSource& source, const Secret& bytes, const Secret& password) {
  const BioPtr bio = Memory(bytes);
  PasswordRequest request{&password};
  ERR_clear_error();
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, GivePassword, &request));
  const unsigned long error = ERR_peek_last_error();
  const std::string reason = TakeOpenSslReason();
  if (key) return key;
  if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE && !request.asked) {
    return Bad(source, "no private key in it");
  }
  if (request.asked && password.empty()) return Bad(source, "the private key is encrypted and no password is given (ssl.key.password)");
  if (request.asked) return Bad(source, "the private key cannot be decrypted: is the password right? (" + reason + ")");
  return Bad(source, "the private key cannot be read: " + reason);
}

// --- PKCS12

struct Pkcs12Content {
  KeyPtr key;
  X509Ptr certificate;
  std::vector<X509Ptr> others;
};

// Objects made under another library context, where old algorithms are allowed, are brought over as DER.
template <typename Ptr, typename Encode, typename Decode>
Ptr BringOver(const Ptr& from, Encode encode, Decode decode) {
  if (!from) return nullptr;
  unsigned char* der = nullptr;
  const int size = encode(from.get(), &der);
  if (size <= 0) return nullptr;
  const unsigned char* at = der;
  Ptr made(decode(nullptr, &at, size));
  OPENSSL_clear_free(der, static_cast<size_t>(size));
  return made;
}

bool Unpack(PKCS12* store, const Secret& password, Pkcs12Content* out) {
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* others = nullptr;
  ERR_clear_error();
  if (PKCS12_parse(store, password.Reveal().c_str(), &key, &certificate, &others) != 1) return false;
  out->key.reset(key);
  out->certificate.reset(certificate);
  for (int i = 0; others != nullptr && i < sk_X509_num(others); ++i) {
    X509_up_ref(sk_X509_value(others, i));
    out->others.emplace_back(sk_X509_value(others, i));
  }
  sk_X509_pop_free(others, X509_free);
  return true;
}

// The ciphers of old PKCS12 files (RC2-40, single DES) live in OpenSSL's legacy provider. It is loaded into a context
// of its own, so that nothing else in the process can use them.
bool UnpackLegacy(const Secret& bytes, const Secret& password, Pkcs12Content* out, bool* available) {
  const std::unique_ptr<OSSL_LIB_CTX, FreeMore> context(OSSL_LIB_CTX_new());
  OSSL_PROVIDER* legacy = context ? OSSL_PROVIDER_load(context.get(), "legacy") : nullptr;
  OSSL_PROVIDER* standard = legacy ? OSSL_PROVIDER_load(context.get(), "default") : nullptr;
  *available = standard != nullptr;
  bool unpacked = false;
  if (standard) {
    Pkcs12Content foreign;
    PKCS12* store = PKCS12_init_ex(NID_pkcs7_data, context.get(), nullptr);
    const BioPtr bio = Memory(bytes);
    if (store != nullptr && d2i_PKCS12_bio(bio.get(), &store) != nullptr) unpacked = Unpack(store, password, &foreign);
    PKCS12_free(store);
    out->key = BringOver(foreign.key, i2d_PrivateKey, [](EVP_PKEY** a, const unsigned char** at, long size) { return d2i_AutoPrivateKey(a, at, size); });
    out->certificate = BringOver(foreign.certificate, i2d_X509, d2i_X509);
    for (const X509Ptr& other : foreign.others) {
      if (X509Ptr made = BringOver(other, i2d_X509, d2i_X509)) out->others.push_back(std::move(made));
    }
  }
  if (standard) OSSL_PROVIDER_unload(standard);
  if (legacy) OSSL_PROVIDER_unload(legacy);
  return unpacked;
}

Result<Pkcs12Content> ReadPkcs12(const StoreSource& source, const Secret& bytes, const Secret& password) {
  const BioPtr bio = Memory(bytes);
  ERR_clear_error();
  const std::unique_ptr<PKCS12, FreeMore> store(d2i_PKCS12_bio(bio.get(), nullptr));
  if (!store) {
    return Bad(source, "not a PKCS12 store (a single DER certificate? convert it to PEM): " + TakeOpenSslReason());
  }
  if (PKCS12_mac_present(store.get()) && PKCS12_verify_mac(store.get(), password.Reveal().c_str(), -1) != 1 &&
      !(password.empty() && PKCS12_verify_mac(store.get(), nullptr, 0) == 1)) {
    const std::string reason = TakeOpenSslReason();
    return Bad(source, password.empty() ? "the PKCS12 store needs a password, and none is given"
                                        : "the password of the PKCS12 store is wrong, or the file was damaged (" + reason + ")");
  }
  Pkcs12Content content;
  if (Unpack(store.get(), password, &content)) return content;
  const std::string reason = TakeOpenSslReason();
  bool available = false;
  Pkcs12Content legacy;
  const bool unpacked = UnpackLegacy(bytes, password, &legacy, &available);
  ERR_clear_error();
  if (unpacked) return legacy;
  if (!available) {
    return Bad(source, "the PKCS12 store cannot be unpacked (" + reason +
                           "); if it is encrypted with RC2 or DES, convert it: openssl pkcs12 -legacy -in OLD -nodes | "
                           "openssl pkcs12 -export -out NEW");
  }
  return Bad(source, "the PKCS12 store cannot be unpacked: " + reason);
}

// --- JKS

Result<X509Ptr> DerCertificate(const StoreSource& source, const std::vector<uint8_t>& der, const std::string& alias) {
  const unsigned char* at = der.data();
  X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate) return Bad(source, "the certificate of entry \"" + alias + "\" cannot be read: " + TakeOpenSslReason());
  return certificate;
}

Result<JksStore> OpenJks(const StoreSource& source, const Secret& bytes) {
  auto store = ReadJks(AsBytes(bytes), source.password);
  if (!store.ok()) return store.status().WithMessage(Describe(source), ": ", store.status().message());
  return store;
}

Result<OwnIdentity> JksIdentity(const StoreSource& source, const Secret& bytes, const Secret& password) {
  LOTIC_ASSIGN_OR_RETURN(const JksStore store, OpenJks(source, bytes));
  Status failure = Bad(source, "no private key in it");
  for (const JksEntry& entry : store.entries) {
    if (!entry.is_key()) continue;
    auto der = UnprotectJksKey(entry.protected_key, password);
    if (!der.ok()) {
      failure = der.status().WithMessage(Describe(source), ", entry \"", entry.alias, "\": ", der.status().message());
      continue;
    }
    const unsigned char* at = AsBytes(*der).data();
    OwnIdentity identity;
    identity.key.reset(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der->Reveal().size())));
    if (!identity.key) return Bad(source, "the key of entry \"" + entry.alias + "\" cannot be read: " + TakeOpenSslReason());
    for (const auto& certificate : entry.certificates) {
      LOTIC_ASSIGN_OR_RETURN(X509Ptr made, DerCertificate(source, certificate, entry.alias));
      identity.chain.push_back(std::move(made));
    }
    if (identity.chain.empty()) return Bad(source, "the key of entry \"" + entry.alias + "\" has no certificate");
    return identity;
  }
  return failure;
}

Status CheckFits(const StoreSource& source, const OwnIdentity& identity) {
  if (X509_check_private_key(identity.chain.front().get(), identity.key.get()) == 1) return Status::OK();
  ERR_clear_error();
  return Bad(source, "the private key does not belong to the first certificate");
}

}  // namespace

Result<std::vector<X509Ptr>> ReadTrustStore(const StoreSource& source) {
  LOTIC_ASSIGN_OR_RETURN(const Secret bytes, ReadSource(source));
  LOTIC_ASSIGN_OR_RETURN(const StoreFormat format, Detect(source, bytes));
  if (format == StoreFormat::kPem) return PemCertificates(source, bytes);
  std::vector<X509Ptr> found;
  if (format == StoreFormat::kPkcs12) {
    LOTIC_ASSIGN_OR_RETURN(Pkcs12Content content, ReadPkcs12(source, bytes, source.password));
    if (content.certificate && !content.key) found.push_back(std::move(content.certificate));
    for (X509Ptr& other : content.others) found.push_back(std::move(other));
  } else {
    LOTIC_ASSIGN_OR_RETURN(const JksStore store, OpenJks(source, bytes));
    for (const JksEntry& entry : store.entries) {
      if (entry.is_key()) continue;
      LOTIC_ASSIGN_OR_RETURN(X509Ptr made, DerCertificate(source, entry.certificates.front(), entry.alias));
      found.push_back(std::move(made));
    }
  }
  if (found.empty()) return Bad(source, "no trusted certificate in it");
  return found;
}

Result<OwnIdentity> ReadKeyStore(const StoreSource& source, const Secret& key_password) {
  LOTIC_ASSIGN_OR_RETURN(const Secret bytes, ReadSource(source));
  LOTIC_ASSIGN_OR_RETURN(const StoreFormat format, Detect(source, bytes));
  const Secret& password = key_password.empty() ? source.password : key_password;
  OwnIdentity identity;
  if (format == StoreFormat::kPem) {
    LOTIC_ASSIGN_OR_RETURN(identity.key, PemKey(source, bytes, password));
    LOTIC_ASSIGN_OR_RETURN(identity.chain, PemCertificates(source, bytes));
  } else if (format == StoreFormat::kJks) {
    LOTIC_ASSIGN_OR_RETURN(identity, JksIdentity(source, bytes, password));
  } else {
    // PKCS12 has one password for the whole store; where only the key's is given, that is it.
    LOTIC_ASSIGN_OR_RETURN(Pkcs12Content content, ReadPkcs12(source, bytes, source.password.empty() ? key_password : source.password));
    if (!content.key || !content.certificate) return Bad(source, "no private key with its certificate in it");
    identity.key = std::move(content.key);
    identity.chain.push_back(std::move(content.certificate));
    for (X509Ptr& other : content.others) identity.chain.push_back(std::move(other));
  }
  LOTIC_RETURN_NOT_OK(CheckFits(source, identity));
  return identity;
}

Result<OwnIdentity> ReadPemIdentity(const StoreSource& certificate, const StoreSource& key, const Secret& key_password) {
  LOTIC_ASSIGN_OR_RETURN(const Secret chain_bytes, ReadSource(certificate));
  OwnIdentity identity;
  LOTIC_ASSIGN_OR_RETURN(identity.chain, PemCertificates(certificate, chain_bytes));
  if (key.given()) {
    LOTIC_ASSIGN_OR_RETURN(const Secret key_bytes, ReadSource(key));
    LOTIC_ASSIGN_OR_RETURN(identity.key, PemKey(key, key_bytes, key_password));
  } else {
    LOTIC_ASSIGN_OR_RETURN(identity.key, PemKey(certificate, chain_bytes, key_password));
  }
  LOTIC_RETURN_NOT_OK(CheckFits(key.given() ? key : certificate, identity));
  return identity;
}

}  // namespace lotic::net
