// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lotic/status.h"
#include "net/secret.h"

namespace lotic::net {

/// What a key or trust store is written in. kDetect looks at its first bytes: FEEDFEED is JKS, an ASN.1 SEQUENCE is
/// PKCS12,
/// "-----BEGIN" is PEM.
enum class StoreFormat { kDetect, kPem, kPkcs12, kJks };

/// One file, or the same given inline, that holds certificates and perhaps a key. All empty: not given.
struct StoreSource {
  std::string path;                           ///< read when the context is made, at most kMaxStoreBytes
  Secret inline_pem;                          ///< PEM text, instead of `path`
  StoreFormat format = StoreFormat::kDetect;  ///< checked against the content: the content wins
  Secret password;                            ///< of the store. An empty one skips the integrity check of a JKS trust store, as Java does
  std::string setting;                        ///< the name of the option it comes from, for messages: "ssl.truststore.location"

  bool given() const { return !path.empty() || !inline_pem.empty(); }
};

/// No key store or certificate file read is longer than this.
inline constexpr size_t kMaxStoreBytes = size_t{16} << 20;

/// How a TLS connection is made. TLS 1.2 and 1.3 only; certificate and host name are checked unless switched off.
struct TlsOptions {
  StoreSource trust;               ///< certificates of the authorities to believe; not given: the system's
  StoreSource key_store;           ///< own key and certificate chain in one store (PKCS12, JKS, or PEM with both)
  StoreSource certificate;         ///< own certificate chain, PEM; with `private_key`, instead of `key_store`
  StoreSource private_key;         ///< own key, PEM: PKCS8, encrypted PKCS8, PKCS1
  Secret key_password;             ///< of the private key; empty: the store's password
  bool verify_certificate = true;  ///< false: anybody may answer
  bool verify_host_name = true;    ///< false: any certificate of a trusted authority will do
  std::string ciphers;             ///< the only cipher suites to use, OpenSSL's or IANA's (Java's) names, by comma or colon;
                                   ///< empty: OpenSSL's choice
  bool allow_tls12 = true;         ///< at least one of the two
  bool allow_tls13 = true;
  bool require_client_certificate = false;  ///< server side only: refuse who shows none of a `trust`ed authority
};

/// Options made ready: stores read, keys decrypted. Immutable, shared by all connections of one client. Any thread.
class TlsContext {
 public:
  /// For connecting. Errors: Invalid (a store that cannot be read, a wrong password, a key that does not fit its
  /// certificate), each naming setting and file and never a secret; NotFound (no such file).
  static Result<std::shared_ptr<const TlsContext>> Client(const TlsOptions& options);
  /// For accepting; needs a key. Same errors.
  static Result<std::shared_ptr<const TlsContext>> Server(const TlsOptions& options);

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  bool verifies_host_name() const { return verify_host_name_; }
  bool is_server() const { return server_; }
  bool has_own_certificate() const { return has_own_certificate_; }
  /// OpenSSL's SSL_CTX*, for stream.cc.
  void* native() const { return native_; }

 private:
  TlsContext() = default;
  static Result<std::shared_ptr<const TlsContext>> Make(const TlsOptions& options, bool server);
  void* native_ = nullptr;
  bool verify_host_name_ = true;
  bool server_ = false;
  bool has_own_certificate_ = false;
};

}  // namespace lotic::net
