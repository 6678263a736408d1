// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"
#include "net/secret.h"

namespace lotic::net {

/// One entry of a Java key store: a private key with its chain, or a trusted certificate.
struct JksEntry {
  std::string alias;  ///< modified UTF-8, as stored
  int64_t created_ms = 0;
  std::vector<uint8_t> protected_key;              ///< EncryptedPrivateKeyInfo (DER); empty: a trusted certificate
  std::vector<std::vector<uint8_t>> certificates;  ///< X.509 DER; of a key: its chain, own certificate first

  bool is_key() const { return !protected_key.empty(); }
};

struct JksStore {
  uint32_t version = 2;
  std::vector<JksEntry> entries;
};

/// True if the bytes start like a Java key store (JKS, or JCEKS, which ReadJks refuses with advice).
bool LooksLikeJks(std::span<const uint8_t> bytes);

/// Reads a JKS store, versions 1 and 2. With a password the store's digest is checked; with an empty one it is not (as
/// Java does for trust stores). Allocates no more than the input holds. Errors: Invalid (not JKS, cut short, trailing
/// bytes, wrong password or tampered with), NotImplemented (JCEKS).
Result<JksStore> ReadJks(std::span<const uint8_t> bytes, const Secret& password);

/// Takes Sun's key protection (OID 1.3.6.1.4.1.42.2.17.1.1) off: PKCS8 DER of the key. The bytes are secret.
/// Errors: Invalid (wrong password, malformed), NotImplemented (another protection).
Result<Secret> UnprotectJksKey(std::span<const uint8_t> protected_key, const Secret& password);

/// The inverse of ReadJks and of UnprotectJksKey: for tests, and for round trips of the fuzz target. `salt` has 20
/// bytes.
std::vector<uint8_t> WriteJks(const JksStore& store, const Secret& password);
std::vector<uint8_t> ProtectJksKey(std::span<const uint8_t> pkcs8, const Secret& password, std::span<const uint8_t> salt);

}  // namespace lotic::net
