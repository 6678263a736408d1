// SPDX-License-Identifier: Apache-2.0
// A schema message and, behind it, a batch message under that schema, both of any bytes. First byte: the schema's length in units of 8 bytes. What is accepted is a
// valid batch of our layout and survives a round trip.
#include "athena_protocol/ipc.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::athena;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t schema_bytes = std::min(bytes.size(), size_t{data[0]} * 8);
  const auto schema = DecodeSchema(bytes.substr(0, schema_bytes));
  if (!schema.ok()) return 0;
  const auto block = DecodeBatch(*schema, bytes.substr(schema_bytes));
  if (!block.ok()) return 0;
  const lotic::Status valid = block->rows.Validate();
  LOTIC_CHECK(valid.ok());
  LOTIC_CHECK(block->rows.size_bytes() <= 2 * static_cast<int64_t>(size) + 4 * static_cast<int64_t>(schema->fields.size() * kMaxNesting + 64));
  std::string again;
  EncodeBatch(block->rows, Framing::kLegacy, &again);
  LOTIC_CHECK(DecodeBatch(*schema, again).ValueOrDie().rows.num_rows() == block->rows.num_rows());
  (void)UnpackZones(*block).ok();
  (void)BlockSizeBytes(block->rows);
  return 0;
}
