// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/spill_object.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>

#include "athena_protocol/ipc.h"

namespace lotic::athena {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kMadeKeyBytes = 32;
constexpr size_t kMaxCallBytes = size_t{1} << 30;  // OpenSSL counts in int

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// Of AES/GCM with 16 or 32 bytes of key. Looked up once: a fetch takes longer than sealing a small block.
const EVP_CIPHER* CipherOf(size_t key_bytes) {
  static const EVP_CIPHER* const aes128 = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  static const EVP_CIPHER* const aes256 = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return key_bytes == 16 ? aes128 : key_bytes == 32 ? aes256 : nullptr;
}

Result<Context> StartCipher(const EncryptionKey& key, bool seal, std::string_view doing) {
  if (key.key.size() != 16 && key.key.size() != 32) return Status::Invalid(doing, ": a key of ", key.key.size(), " bytes, 16 or 32 expected");
  if (key.nonce.size() != kNonceBytes) return Status::Invalid(doing, ": a nonce of ", key.nonce.size(), " bytes, ", kNonceBytes, " expected");
  Context context(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* cipher = CipherOf(key.key.size());
  const auto* secret = reinterpret_cast<const uint8_t*>(key.key.data());
  const auto* nonce = reinterpret_cast<const uint8_t*>(key.nonce.data());
  if (context == nullptr || cipher == nullptr || EVP_CipherInit_ex2(context.get(), cipher, secret, nonce, seal ? 1 : 0, nullptr) != 1) {
    return Status::UnknownError(doing, ": OpenSSL has no AES-GCM with ", key.key.size() * 8, " bits");
  }
  return context;
}

// `in` and `out` may be the same.
bool Update(EVP_CIPHER_CTX* context, const char* in, size_t count, char* out) {
  for (size_t done = 0; done < count;) {
    const size_t step = std::min(count - done, kMaxCallBytes);
    int written = 0;
    if (EVP_CipherUpdate(context, reinterpret_cast<uint8_t*>(out + done), &written, reinterpret_cast<const uint8_t*>(in + done), static_cast<int>(step)) != 1)
      return false;
    done += step;
  }
  return true;
}

// Seals `count` bytes at `in` to `out`, which has room for the tag behind them.
Status Seal(const EncryptionKey& key, const char* in, size_t count, char* out) {
  LOTIC_ASSIGN_OR_RETURN(Context context, StartCipher(key, true, "seal a spilled block"));
  int written = 0;
  uint8_t nothing[kTagBytes];
  if (!Update(context.get(), in, count, out) || EVP_CipherFinal_ex(context.get(), nothing, &written) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, out + count) != 1) {
    return Status::UnknownError("seal a spilled block: OpenSSL failed on ", count, " bytes");
  }
  return Status::OK();
}

}  // namespace

Result<EncryptionKey> MakeEncryptionKey() {
  EncryptionKey key{std::string(kMadeKeyBytes, '\0'), std::string(kNonceBytes, '\0')};
  for (std::string* bytes : {&key.key, &key.nonce}) {
    if (RAND_priv_bytes(reinterpret_cast<uint8_t*>(bytes->data()), static_cast<int>(bytes->size())) != 1) {
      return Status::IOError("make a key for spilled blocks: the system gives no random bytes");
    }
  }
  return key;
}

Status SealAesGcm(const EncryptionKey& key, std::string_view plain, std::string* out) {
  const size_t at = out->size();
  out->resize(at + plain.size() + kTagBytes);
  Status status = Seal(key, plain.data(), plain.size(), out->data() + at);
  if (!status.ok()) out->resize(at);
  return status;
}

Result<std::string> OpenAesGcm(const EncryptionKey& key, std::string_view sealed) {
  constexpr std::string_view doing = "open a spilled block";
  LOTIC_ASSIGN_OR_RETURN(Context context, StartCipher(key, false, doing));
  if (sealed.size() < kTagBytes) return Status::DataLoss(doing, ": ", sealed.size(), " bytes are fewer than the tag's ", kTagBytes);
  const size_t count = sealed.size() - kTagBytes;
  std::string plain(count, '\0');
  std::string tag(sealed.substr(count));
  uint8_t nothing[kTagBytes];
  int written = 0;
  if (!Update(context.get(), sealed.data(), count, plain.data()) || EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) != 1 ||
      EVP_CipherFinal_ex(context.get(), nothing, &written) != 1) {
    return Status::DataLoss(doing, ": the tag of ", sealed.size(), " bytes does not fit: they are damaged, or were sealed with another key");
  }
  return plain;
}

Result<std::string> EncodeSpillObject(const Batch& rows, const std::optional<EncryptionKey>& key) {
  std::string object;
  object.reserve(EncodedBatchSize(rows, Framing::kLegacy) + kTagBytes);
  EncodeBatch(rows, Framing::kLegacy, &object);
  if (!key) return object;
  const size_t plain_bytes = object.size();
  object.resize(plain_bytes + kTagBytes);
  LOTIC_RETURN_NOT_OK(Seal(*key, object.data(), plain_bytes, object.data()));
  return object;
}

Result<Block> DecodeSpillObject(std::string_view object, const std::optional<EncryptionKey>& key, const WireSchema& schema) {
  if (!key) return DecodeBatch(schema, object);
  LOTIC_ASSIGN_OR_RETURN(std::string plain, OpenAesGcm(*key, object));
  return DecodeBatch(schema, plain);
}

}  // namespace lotic::athena
