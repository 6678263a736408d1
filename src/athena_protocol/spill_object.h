// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "athena_protocol/wire_schema.h"
#include "lotic/status.h"

// A spilled block as it lies in the object store: one batch message in the legacy framing, encrypted with AES-GCM or plain.
// The wire format gives one key and one nonce to a whole split: every block of it is sealed under the same pair, which AES-GCM does not allow for more than one
// message if its contents are to stay secret from who sees the objects. Lotic cannot change that (the reader has no other nonce); what it does: a fresh random pair for every split, never reused (docs/reference/athena.md).

namespace lotic::athena {

/// Raw key material; never printed.
struct EncryptionKey {
  std::string key;    ///< 16 or 32 bytes
  std::string nonce;  ///< 12 bytes
  bool operator==(const EncryptionKey&) const = default;
};

/// 32 and 12 random bytes of the operating system. Errors: IOError (no entropy).
Result<EncryptionKey> MakeEncryptionKey();

/// Appends ciphertext and the 16-byte tag. No associated data. Errors: Invalid (sizes of key or nonce).
Status SealAesGcm(const EncryptionKey& key, std::string_view plain, std::string* out);
/// Errors: Invalid (sizes), DataLoss (the tag does not fit: damaged, or another key).
Result<std::string> OpenAesGcm(const EncryptionKey& key, std::string_view sealed);

/// The object of a block: batch message, sealed if there is a key.
Result<std::string> EncodeSpillObject(const Batch& rows, const std::optional<EncryptionKey>& key);
/// Either framing. Errors: as OpenAesGcm and DecodeBatch.
Result<Block> DecodeSpillObject(std::string_view object, const std::optional<EncryptionKey>& key, const WireSchema& schema);

}  // namespace lotic::athena
