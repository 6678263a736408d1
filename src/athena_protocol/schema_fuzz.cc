// SPDX-License-Identifier: Apache-2.0
// Any bytes as a schema message; what is accepted survives a round trip, and a block of it may be asked for.
#include "athena_protocol/ipc.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::athena;
  const auto schema = DecodeSchema({reinterpret_cast<const char*>(data), size});
  if (!schema.ok()) return 0;
  (void)CheckSupportedColumns(*schema).ok();
  (void)LogicalSchema(*schema).ok();
  for (const Framing framing : {Framing::kModern, Framing::kLegacy}) LOTIC_CHECK(DecodeSchema(EncodeSchema(*schema, framing)).ValueOrDie() == *schema);
  return 0;
}
