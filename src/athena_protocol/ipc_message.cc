// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/ipc_message.h"

namespace lotic::athena {
namespace {

constexpr int16_t kMetadataV4 = 3;
constexpr int16_t kMetadataV5 = 4;
constexpr int32_t kContinuation = -1;

int32_t Int32At(std::string_view bytes, size_t at) {
  int32_t value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const FieldPath& path) {
  constexpr size_t kMaxShown = 200;
  if (path.parent != nullptr) out << *path.parent << ".";
  return out << path.name.substr(0, kMaxShown);
}

Result<IpcMessage> OpenMessage(std::string_view bytes, uint8_t header, std::string_view doing) {
  size_t prefix = 4;
  if (bytes.size() < 4) return Status::Invalid(doing, ": ", bytes.size(), " bytes are no Arrow message");
  int32_t length = Int32At(bytes, 0);
  if (length == kContinuation) {
    prefix = 8;
    if (bytes.size() < 8) return Status::Invalid(doing, ": the message is cut in its prefix, after ", bytes.size(), " bytes");
    length = Int32At(bytes, 4);
  }
  if (length <= 0) return Status::Invalid(doing, ": the message's metadata is said to have ", length, " bytes");
  if (static_cast<size_t>(length) > bytes.size() - prefix) {
    return Status::Invalid(doing, ": the message is cut: ", length, " bytes of metadata announced, ", bytes.size() - prefix, " there");
  }
  IpcMessage message{FlatReader(bytes.substr(prefix, static_cast<size_t>(length))), {}, {}};
  FlatReader& reader = message.reader;
  const FlatReader::Table root = reader.Root();
  const auto version = reader.Scalar<int16_t>(root, 0, 0);
  const auto kind = reader.Scalar<uint8_t>(root, 1, 0);
  message.header = reader.Child(root, 2);
  const auto body_bytes = reader.Scalar<int64_t>(root, 3, 0);
  LOTIC_RETURN_NOT_OK(reader.status(doing));
  if (version != kMetadataV4 && version != kMetadataV5) {
    return Status::Invalid(doing, ": Arrow metadata version V", version + 1, ", V4 or V5 expected");
  }
  if (kind != header || !message.header) {
    return Status::Invalid(doing, ": a message with header type ", static_cast<int>(kind), ", ", static_cast<int>(header),
                           header == kSchemaHeader ? " (a schema)" : " (a record batch)", " expected");
  }
  const std::string_view rest = bytes.substr(prefix + static_cast<size_t>(length));
  if (body_bytes < 0 || static_cast<uint64_t>(body_bytes) > rest.size()) {
    return Status::Invalid(doing, ": the message is cut: ", body_bytes, " bytes of body announced, ", rest.size(), " there");
  }
  message.body = rest.substr(0, static_cast<size_t>(body_bytes));
  return message;
}

void StartMessage(uint8_t header, Framing framing, int64_t body_bytes, FlatWriter* out) {
  const auto version = static_cast<uint64_t>(framing == Framing::kModern ? kMetadataV5 : kMetadataV4);
  const auto places = out->AddTable({{0, 2, version}, {1, 1, header}, FlatWriter::Offset(2), {3, 8, static_cast<uint64_t>(body_bytes)}});
  out->PointHere(places[2]);
}

void AppendFramed(const FlatWriter& metadata, Framing framing, std::string* out) {
  const size_t prefix = framing == Framing::kModern ? 8 : 4;
  const size_t padded = (prefix + metadata.bytes().size() + 7) / 8 * 8 - prefix;
  const auto length = static_cast<int32_t>(padded);
  if (framing == Framing::kModern) out->append(4, '\xff');
  out->append(reinterpret_cast<const char*>(&length), sizeof(length));
  *out += metadata.bytes();
  out->append(padded - metadata.bytes().size(), '\0');
}

}  // namespace lotic::athena
