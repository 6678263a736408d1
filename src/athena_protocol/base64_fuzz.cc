// SPDX-License-Identifier: Apache-2.0
// Any bytes as base64, and any bytes to base64 and back.
#include "athena_protocol/ipc.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::athena;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string text;
  AppendBase64({data, size}, &text);
  LOTIC_CHECK(DecodeBase64(text).ValueOrDie() == bytes);
  const auto decoded = DecodeBase64(bytes);
  if (!decoded.ok()) return 0;
  LOTIC_CHECK(decoded->size() <= size / 4 * 3);
  std::string again;
  AppendBase64({reinterpret_cast<const uint8_t*>(decoded->data()), decoded->size()}, &again);
  LOTIC_CHECK(DecodeBase64(again).ValueOrDie() == *decoded);
  return 0;
}
