// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "athena_protocol/column_joiner.h"
#include "athena_protocol/wire_schema.h"
#include "lotic/batch.h"
#include "lotic/status.h"

// Schemas and record batches as single encapsulated Arrow IPC messages, in both framings. Follows: Arrow's columnar format, "Encapsulated message format".

namespace lotic::athena {

enum class Framing : uint8_t {
  kModern,  ///< FFFFFFFF, length, metadata V5: everything in JSON since serde version 3
  kLegacy,  ///< length, metadata V4: spilled objects always
};

/// The message, without base64. Never fails: any WireSchema that Athena's types allow. A type of DecodeSchema that Athena does not know is written as its number, without parameters (those that Arrow has have none).
std::string EncodeSchema(const WireSchema& schema, Framing framing);
/// Either framing; bytes after the message are ignored. Errors: Invalid, with what was expected and the offset (damaged flatbuffer, dictionaries, an unknown version; repeated metadata keys
/// are kept), CapacityError (more than kMaxSchemaFields fields or kMaxNesting levels).
Result<WireSchema> DecodeSchema(std::string_view message);
inline constexpr int kMaxSchemaFields = 65536;
inline constexpr int kMaxNesting = 64;

/// Bytes of the batch message (metadata and body) that EncodeBatch appends. No compression, no dictionaries; a validity bitmap is written for every column.
size_t EncodedBatchSize(const Batch& rows, Framing framing);
void EncodeBatch(const Batch& rows, Framing framing, std::string* out);
/// EncodeBatch as base64, in one pass over the columns' memory.
void EncodeBatchBase64(const Batch& rows, Framing framing, std::string* out);

/// One batch message of the rows of several batches, byte for byte that of their Concatenate: joined as it is written, not before, which is the hot path of every
/// answer. Immutable, pins the batches; a copy shares. Any thread.
class JoinedMessage {
 public:
  /// All ranges have the same types, and together fewer than 2^31 bytes a column.
  JoinedMessage(std::span<const RowRange> ranges, Framing framing);
  int64_t num_rows() const;
  /// Bytes of the message, without base64.
  size_t size_bytes() const;
  void AppendBase64(std::string* out) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

/// One batch message of either framing under `schema`. Copies into lotic's layout and validates it (buffers inside the body, offsets ascending, valid UTF-8, exact null counts);
/// an absent validity buffer and zero-length offsets of empty children are taken. Zoned timestamps stay packed. Errors: Invalid (does not fit, compressed, cut),
/// CapacityError (kMaxBatchRows rows or more; more NULLs without bits than the message is long).
Result<Block> DecodeBatch(const WireSchema& schema, std::string_view message);
inline constexpr int64_t kMaxBatchRows = int64_t{1} << 31;

/// What the SDK calls the size of a block: used bytes of all buffers, validity included; 0 for no rows. Decides between inline and spill.
int64_t BlockSizeBytes(const Batch& rows);

/// Standard base64 (RFC 4648 §4). Encoding never breaks lines. Decoding needs the padding, refuses the URL-safe alphabet, skips white space. Errors: Invalid, with the offset.
void AppendBase64(std::span<const uint8_t> bytes, std::string* out);
Result<std::string> DecodeBase64(std::string_view text);

}  // namespace lotic::athena
