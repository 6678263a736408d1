// SPDX-License-Identifier: Apache-2.0
// Reads a schema message and a batch message, and says them again in both framings: for arrow_test.py. On standard input and output, each piece behind its length in
// 4 bytes, little endian. In: schema, batch. Out: an error message, which is empty if both were understood; then schema and batch modern, schema and batch legacy, the modern batch
// as base64. Ends when the input does.
#include <cstdint>
#include <cstdio>
#include <string>

#include "athena_protocol/ipc.h"

namespace {

using lotic::athena::Framing;

bool ReadPiece(std::string* out) {
  uint32_t length = 0;
  if (std::fread(&length, sizeof length, 1, stdin) != 1) return false;
  out->resize(length);
  return length == 0 || std::fread(out->data(), length, 1, stdin) == 1;
}

void WritePiece(const std::string& piece) {
  const auto length = static_cast<uint32_t>(piece.size());
  std::fwrite(&length, sizeof length, 1, stdout);
  std::fwrite(piece.data(), 1, piece.size(), stdout);
}

lotic::Status Echo(const std::string& schema_bytes, const std::string& batch_bytes) {
  LOTIC_ASSIGN_OR_RETURN(lotic::athena::WireSchema schema, lotic::athena::DecodeSchema(schema_bytes));
  LOTIC_ASSIGN_OR_RETURN(lotic::athena::Block block, lotic::athena::DecodeBatch(schema, batch_bytes));
  LOTIC_RETURN_NOT_OK(block.rows.Validate());
  WritePiece("");
  for (const Framing framing : {Framing::kModern, Framing::kLegacy}) {
    std::string batch;
    lotic::athena::EncodeBatch(block.rows, framing, &batch);
    WritePiece(lotic::athena::EncodeSchema(schema, framing));
    WritePiece(batch);
  }
  std::string base64;
  lotic::athena::EncodeBatchBase64(block.rows, Framing::kModern, &base64);
  WritePiece(base64);
  return lotic::Status::OK();
}

}  // namespace

int main() {
  std::string schema, batch;
  while (ReadPiece(&schema) && ReadPiece(&batch)) {
    const lotic::Status status = Echo(schema, batch);
    if (!status.ok()) WritePiece(status.ToString());
    std::fflush(stdout);
  }
  return 0;
}
