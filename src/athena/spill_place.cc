// SPDX-License-Identifier: Apache-2.0
#include "athena/spill_place.h"

#include <array>
#include <cstdint>

#include <openssl/rand.h>

#include "athena/spill_store.h"

namespace lotic::athena {
namespace {

// An option of the request, unless it is blank.
std::optional<std::string> Override(const RequestBase& request, const std::string& name) {
  if (!request.identity) return std::nullopt;
  const auto at = request.identity->config_options.find(name);
  if (at == request.identity->config_options.end() || at->second.find_first_not_of(" \t\r\n") == std::string::npos) return std::nullopt;
  return at->second;
}

}  // namespace

Result<SpillPlace> SpillPlace::Of(const DoorOptions& options, const RequestBase& request) {
  SpillPlace place;
  place.bucket_ = Override(request, "spill_bucket").value_or(options.spill_bucket);
  place.prefix_ = Override(request, "spill_prefix").value_or(options.spill_prefix);
  if (place.bucket_.starts_with(kDirectoryBucket) && place.bucket_ != options.spill_bucket) {
    return Status::Unauthorized("spill_bucket of the request, '", place.bucket_.substr(0, 200), "': a directory is taken from the function's environment only");
  }
  const bool managed = place.prefix_.find(request.query_id) != std::string::npos;
  if (!managed) place.prefix_ += "/" + request.query_id;
  return place;
}

Result<std::optional<SpillLocation>> SpillPlace::NewLocation() const {
  if (bucket_.empty()) return std::optional<SpillLocation>();
  LOTIC_ASSIGN_OR_RETURN(const std::string uuid, RandomUuid());
  return std::optional<SpillLocation>(SpillLocation{bucket_, prefix_ + "/" + uuid, true});
}

Result<std::string> RandomUuid() {
  std::array<uint8_t, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return Status::IOError("making a random UUID: the system gives no random bytes");
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3F) | 0x80);
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 15];
  }
  return text;
}

}  // namespace lotic::athena
