// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <string_view>

#include "athena_protocol/flatbuffer.h"
#include "athena_protocol/ipc.h"

// The envelope of a message.
//
//   modern   FF FF FF FF | i32 bytes of metadata | Message flatbuffer, zero padding | body       (8 + metadata) % 8 == 0
//   legacy                 i32 bytes of metadata | Message flatbuffer, zero padding | body       (4 + metadata) % 8 == 0
//
// Message: version 0, header type 1, header 2, body length 3. Follows: Arrow's columnar format 1.5, Message.fbs.

namespace lotic::athena {

inline constexpr uint8_t kSchemaHeader = 1;
inline constexpr uint8_t kRecordBatchHeader = 3;

/// Where a field is in a schema; put together only when a message prints it, the names cut to a bearable length.
struct FieldPath {
  const FieldPath* parent;
  std::string_view name;
};
std::ostream& operator<<(std::ostream& out, const FieldPath& path);

struct IpcMessage {
  FlatReader reader;  ///< borrows the message
  FlatReader::Table header;
  std::string_view body;  ///< exactly as long as the message says
};

/// Errors: Invalid (cut, damaged, another metadata version than V4 and V5, another header than the wanted one).
Result<IpcMessage> OpenMessage(std::string_view bytes, uint8_t header, std::string_view doing);

/// The Message table up to its header, which is to be added next.
void StartMessage(uint8_t header, Framing framing, int64_t body_bytes, FlatWriter* out);
/// Prefix, flatbuffer and padding.
void AppendFramed(const FlatWriter& metadata, Framing framing, std::string* out);

}  // namespace lotic::athena
