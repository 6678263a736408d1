// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <vector>

#include "lotic/status.h"
#include "net/tls.h"

namespace lotic::net {

struct FreeOpenSsl {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
using X509Ptr = std::unique_ptr<X509, FreeOpenSsl>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeOpenSsl>;

/// Own key and chain, the own certificate first.
struct OwnIdentity {
  KeyPtr key;
  std::vector<X509Ptr> chain;
};

/// Certificates of a trust store (PEM, PKCS12, JKS): at least one, of a key entry's chain only where it is a PEM file.
/// Errors as of TlsContext::Client.
Result<std::vector<X509Ptr>> ReadTrustStore(const StoreSource& source);
/// Key and chain out of one store. `key_password` empty: the store's. Of several keys in a JKS store the first is taken
/// whose protection the password opens.
Result<OwnIdentity> ReadKeyStore(const StoreSource& source, const Secret& key_password);
/// Key and chain from separate PEM sources (or the same one named twice, or the chain's own file where `key` is not
/// given).
Result<OwnIdentity> ReadPemIdentity(const StoreSource& certificate, const StoreSource& key, const Secret& key_password);

}  // namespace lotic::net
