// SPDX-License-Identifier: Apache-2.0
// Any bytes as a schema message; what is accepted survives a round trip, and a block of it may be asked for.
#include "athena_protocol/ipc.h"

namespace {

bool HoldsOther(const std::vector<lotic::athena::WireField>& fields) {
  for (const auto& field : fields) {
    if (field.type.kind == lotic::athena::WireKind::kOther || HoldsOther(field.children)) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::athena;
  const auto schema = DecodeSchema({reinterpret_cast<const char*>(data), size});
  if (!schema.ok()) return 0;
  (void)CheckSupportedColumns(*schema).ok();
  (void)LogicalSchema(*schema).ok();
  if (HoldsOther(schema->fields)) return 0;
  for (const Framing framing : {Framing::kModern, Framing::kLegacy}) LOTIC_CHECK(DecodeSchema(EncodeSchema(*schema, framing)).ValueOrDie() == *schema);
  return 0;
}
