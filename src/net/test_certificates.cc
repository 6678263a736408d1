// SPDX-License-Identifier: Apache-2.0
#include "net/test_certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include <atomic>

#include "lotic/status.h"
#include "net/tls_store.h"

namespace lotic::net {
namespace {

std::string TakeText(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string result(text, static_cast<size_t>(size));
  BIO_free(bio);
  return result;
}

KeyPtr NewKey() {
  KeyPtr key(EVP_EC_gen("P-256"));
  LOTIC_CHECK(key != nullptr);
  return key;
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  LOTIC_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509Ptr NewCertificate(const std::string& common_name, EVP_PKEY* key, int64_t from_s, int64_t to_s) {
  static std::atomic<long> serial{1000};
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to_s);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  return certificate;
}

TestIdentity ToPem(X509* certificate, EVP_PKEY* key) {
  BIO* certificate_out = BIO_new(BIO_s_mem());
  LOTIC_CHECK(PEM_write_bio_X509(certificate_out, certificate) == 1);
  BIO* key_out = BIO_new(BIO_s_mem());
  LOTIC_CHECK(PEM_write_bio_PrivateKey(key_out, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return {TakeText(certificate_out), TakeText(key_out)};
}

X509Ptr ReadCertificate(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509Ptr certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  LOTIC_CHECK(certificate != nullptr);
  return certificate;
}

KeyPtr ReadKey(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  KeyPtr key(PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  LOTIC_CHECK(key != nullptr);
  return key;
}

}  // namespace

std::vector<uint8_t> TestIdentity::certificate_der() const {
  const X509Ptr certificate = ReadCertificate(certificate_pem);
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  std::vector<uint8_t> out(der, der + size);
  OPENSSL_free(der);
  return out;
}

std::vector<uint8_t> TestIdentity::key_pkcs8_der() const {
  const KeyPtr key = ReadKey(key_pem);
  PKCS8_PRIV_KEY_INFO* info = EVP_PKEY2PKCS8(key.get());
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
  PKCS8_PRIV_KEY_INFO_free(info);
  std::vector<uint8_t> out(der, der + size);
  OPENSSL_free(der);
  return out;
}

std::string TestIdentity::encrypted_key_pem(const std::string& password) const {
  const KeyPtr key = ReadKey(key_pem);
  BIO* out = BIO_new(BIO_s_mem());
  LOTIC_CHECK(PEM_write_bio_PKCS8PrivateKey(out, key.get(), EVP_aes_256_cbc(), password.data(), static_cast<int>(password.size()), nullptr, nullptr) == 1);
  return TakeText(out);
}

std::string TestIdentity::pkcs12(const std::string& password, const std::string& authority_pem) const {
  const KeyPtr key = ReadKey(key_pem);
  const X509Ptr certificate = ReadCertificate(certificate_pem);
  STACK_OF(X509)* others = nullptr;
  if (!authority_pem.empty()) {
    others = sk_X509_new_null();
    sk_X509_push(others, ReadCertificate(authority_pem).release());
  }
  PKCS12* store = PKCS12_create(password.c_str(), "test", key.get(), certificate.get(), others, 0, 0, 0, 0, 0);
  sk_X509_pop_free(others, X509_free);
  LOTIC_CHECK(store != nullptr);
  BIO* out = BIO_new(BIO_s_mem());
  i2d_PKCS12_bio(out, store);
  PKCS12_free(store);
  return TakeText(out);
}

struct TestAuthority::Impl {
  KeyPtr key;
  X509Ptr certificate;
};

TestAuthority::TestAuthority(const std::string& name) : impl_(std::make_unique<Impl>()) {
  impl_->key = NewKey();
  impl_->certificate = NewCertificate(name, impl_->key.get(), -86400 * 10, 86400 * 10);
  X509* made = impl_->certificate.get();
  X509_set_issuer_name(made, X509_get_subject_name(made));
  AddExtension(made, made, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(made, made, NID_key_usage, "critical,keyCertSign,cRLSign");
  LOTIC_CHECK(X509_sign(made, impl_->key.get(), EVP_sha256()) > 0);
  identity_ = ToPem(made, impl_->key.get());
}

TestAuthority::~TestAuthority() = default;

TestIdentity TestAuthority::Issue(const std::string& common_name, const std::string& names, int64_t from_s, int64_t to_s) const {
  const KeyPtr key = NewKey();
  const X509Ptr made = NewCertificate(common_name, key.get(), from_s, to_s);
  X509_set_issuer_name(made.get(), X509_get_subject_name(impl_->certificate.get()));
  if (!names.empty()) AddExtension(made.get(), impl_->certificate.get(), NID_subject_alt_name, names);
  LOTIC_CHECK(X509_sign(made.get(), impl_->key.get(), EVP_sha256()) > 0);
  return ToPem(made.get(), key.get());
}

}  // namespace lotic::net
