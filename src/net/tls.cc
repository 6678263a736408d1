// SPDX-License-Identifier: Apache-2.0
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <algorithm>

#include "net/tls_store.h"

namespace lotic::net {
namespace {

// Where other systems than the one OpenSSL was built for keep their authorities (Amazon Linux in Lambda, Alpine,
// openSUSE).
constexpr const char* kSystemBundles[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                          "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem"};

std::string TakeReason() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown reason";
}

void TrustSystem(SSL_CTX* context) {
  SSL_CTX_set_default_verify_paths(context);
  if (access(X509_get_default_cert_file(), R_OK) != 0) {
    for (const char* bundle : kSystemBundles) {
      if (access(bundle, R_OK) == 0 && SSL_CTX_load_verify_file(context, bundle) == 1) break;
    }
  }
  ERR_clear_error();
}

Status ApplyTrust(SSL_CTX* context, const TlsOptions& options, bool server) {
  if (!options.trust.given()) {
    if (!server) TrustSystem(context);
    return Status::OK();
  }
  LOTIC_ASSIGN_OR_RETURN(const std::vector<X509Ptr> trusted, ReadTrustStore(options.trust));
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const X509Ptr& certificate : trusted) {
    if (X509_STORE_add_cert(store, certificate.get()) != 1) {
      return Status::Invalid(options.trust.setting, ": a certificate is not accepted: ", TakeReason());
    }
    if (server) SSL_CTX_add_client_CA(context, certificate.get());
  }
  // As in Java: whatever stands in the trust store is an anchor, an intermediate authority or the peer's own
  // certificate too.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  return Status::OK();
}

Status ApplyIdentity(SSL_CTX* context, const TlsOptions& options, bool* has_own) {
  *has_own = options.key_store.given() || options.certificate.given() || options.private_key.given();
  if (!*has_own) return Status::OK();
  OwnIdentity identity;
  if (options.key_store.given()) {
    if (options.certificate.given() || options.private_key.given()) {
      return Status::Invalid("TLS: both a key store (", options.key_store.setting, ") and a separate certificate or key (",
                             options.certificate.given() ? options.certificate.setting : options.private_key.setting, ") are given; one of the two is needed");
    }
    LOTIC_ASSIGN_OR_RETURN(identity, ReadKeyStore(options.key_store, options.key_password));
  } else {
    if (!options.certificate.given()) {
      return Status::Invalid("TLS: a private key (", options.private_key.setting, ") is given without its certificate");
    }
    LOTIC_ASSIGN_OR_RETURN(identity, ReadPemIdentity(options.certificate, options.private_key, options.key_password));
  }
  bool ok = SSL_CTX_use_certificate(context, identity.chain.front().get()) == 1 && SSL_CTX_use_PrivateKey(context, identity.key.get()) == 1;
  for (size_t i = 1; ok && i < identity.chain.size(); ++i) ok = SSL_CTX_add1_chain_cert(context, identity.chain[i].get()) == 1;
  if (!ok) return Status::Invalid("TLS: own certificate is not accepted: ", TakeReason());
  return Status::OK();
}

// Names as OpenSSL or as Java (the IANA registry) writes them, separated by commas or colons; those of TLS 1.3 go their
// own way.
Status ApplyCiphers(SSL_CTX* context, const std::string& names) {
  if (names.empty()) return Status::OK();
  std::string tls12, tls13;
  for (size_t at = 0; at <= names.size();) {
    const size_t end = std::min(names.find_first_of(",: ", at), names.size());
    const std::string name = names.substr(at, end - at);
    at = end + 1;
    if (name.empty()) continue;
    const bool is_tls13 = name.starts_with("TLS_") && name.find("_WITH_") == std::string::npos;
    const std::string_view converted = is_tls13 ? name.c_str() : OPENSSL_cipher_name(name.c_str());
    std::string& list = is_tls13 ? tls13 : tls12;
    list += (list.empty() ? "" : ":") + (converted == "(NONE)" ? name : std::string(converted));
  }
  if ((!tls12.empty() && SSL_CTX_set_cipher_list(context, tls12.c_str()) != 1) || (!tls13.empty() && SSL_CTX_set_ciphersuites(context, tls13.c_str()) != 1)) {
    return Status::Invalid("TLS: cipher suites \"", names, "\": ", TakeReason());
  }
  if (tls12.empty()) SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  if (tls13.empty()) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  return Status::OK();
}

}  // namespace

TlsContext::~TlsContext() { SSL_CTX_free(static_cast<SSL_CTX*>(native_)); }

Result<std::shared_ptr<const TlsContext>> TlsContext::Make(const TlsOptions& options, bool server) {
  if (!options.allow_tls12 && !options.allow_tls13) return Status::Invalid("TLS: neither TLSv1.2 nor TLSv1.3 is allowed");
  ERR_clear_error();
  std::shared_ptr<TlsContext> made(new TlsContext);
  SSL_CTX* context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
  if (context == nullptr) return Status::UnknownError("TLS: OpenSSL could not start: ", TakeReason());
  made->native_ = context;
  made->server_ = server;
  made->verify_host_name_ = options.verify_certificate && options.verify_host_name;
  SSL_CTX_set_min_proto_version(context, options.allow_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(context, options.allow_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(context, 1);  // several records a system call
  constexpr size_t kReadBufferBytes = 128 << 10;
  SSL_CTX_set_default_read_buffer_len(context, kReadBufferBytes);
  LOTIC_RETURN_NOT_OK(ApplyCiphers(context, options.ciphers));
  LOTIC_RETURN_NOT_OK(ApplyTrust(context, options, server));
  LOTIC_RETURN_NOT_OK(ApplyIdentity(context, options, &made->has_own_certificate_));
  if (server) {
    if (!made->has_own_certificate_) return Status::Invalid("TLS: a server needs a key and a certificate");
    SSL_CTX_set_verify(context, options.require_client_certificate ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE, nullptr);
  } else {
    SSL_CTX_set_verify(context, options.verify_certificate ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  }
  return std::shared_ptr<const TlsContext>(made);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::Client(const TlsOptions& options) { return Make(options, false); }
Result<std::shared_ptr<const TlsContext>> TlsContext::Server(const TlsOptions& options) { return Make(options, true); }

}  // namespace lotic::net
