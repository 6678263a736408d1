// SPDX-License-Identifier: Apache-2.0
// Any bytes as a spilled object of one text column. First byte: 0 plain; 1 sealed under a fixed key; 2 sealed here first, so that what is inside gets through.
#include "athena_protocol/spill_object.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::athena;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const WireSchema schema{{{"id", true, {.kind = WireKind::kInt, .bit_width = 32}}, {"text", true, {.kind = WireKind::kUtf8}}}};
  const EncryptionKey key{std::string(32, 'k'), std::string(12, 'n')};
  std::string sealed;
  if (data[0] == 2) LOTIC_CHECK(SealAesGcm(key, bytes, &sealed).ok());
  const auto block = data[0] == 0   ? DecodeSpillObject(bytes, std::nullopt, schema)
                     : data[0] == 1 ? DecodeSpillObject(bytes, key, schema)
                                    : DecodeSpillObject(sealed, key, schema);
  if (block.ok()) LOTIC_CHECK(block->rows.Validate().ok());
  return 0;
}
