// SPDX-License-Identifier: Apache-2.0
#include "table/envelope.h"

#include "base/utf8.h"

namespace lotic::table {
namespace {

/// A larger key or header does not convert: as hex it would have twice the bytes.
constexpr size_t kMaxEnvelopeBytes = size_t{256} << 20;

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const uint8_t byte = static_cast<uint8_t>(c);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace

std::optional<EnvelopeCell> EnvelopeCell::Parse(std::string_view column, bool populate) {
  if (column == "__key") return EnvelopeCell{Kind::kKey, ""};
  if (column == "__metadata$recordSerializedValueSize") return EnvelopeCell{Kind::kValueSize, ""};
  if (!populate) return std::nullopt;
  if (column == "__metadata$offset") return EnvelopeCell{Kind::kOffset, ""};
  if (column == "__metadata$partition") return EnvelopeCell{Kind::kPartition, ""};
  if (column == "__metadata$recordTimestamp") return EnvelopeCell{Kind::kRecordTimestamp, ""};
  constexpr std::string_view kHeaderPrefix = "__header$";
  if (column.starts_with(kHeaderPrefix)) return EnvelopeCell{Kind::kHeader, std::string(column.substr(kHeaderPrefix.size()))};
  return std::nullopt;
}

Envelope::Envelope(std::vector<EnvelopeColumn> columns, bool header_hex) : columns_(std::move(columns)), header_hex_(header_hex) {
  for (const EnvelopeColumn& column : columns_) {
    reads_key_ = reads_key_ || column.cell.kind == EnvelopeCell::Kind::kKey;
    reads_headers_ = reads_headers_ || column.cell.kind == EnvelopeCell::Kind::kHeader;
    cells_.push_back(MakePinotTextCells(column.field));
  }
}

int64_t Envelope::RecordBytes(const Batch& raw, int64_t record) const {
  int64_t bytes = 0;
  if (reads_key_) bytes += static_cast<int64_t>(raw.column(3).Text(record).size());
  if (reads_headers_) {
    const Column& headers = raw.column(4);
    const Column& lists = headers.children[1];
    const auto values = [&](int64_t entry) { return lists.children[0].offsets()[static_cast<size_t>(lists.offsets()[static_cast<size_t>(entry)])]; };
    const auto at = headers.offsets().subspan(static_cast<size_t>(record), 2);
    bytes += values(at[1]) - values(at[0]);
  }
  return bytes;
}

std::optional<std::string_view> Envelope::Bytes(const EnvelopeCell& cell, const Batch& raw, int64_t record) const {
  if (cell.kind == EnvelopeCell::Kind::kKey) {
    const Column& keys = raw.column(3);
    if (keys.IsNull(record)) return std::nullopt;
    return keys.Text(record);
  }
  const Column& headers = raw.column(4);
  if (headers.IsNull(record)) return std::nullopt;
  const auto entries = headers.offsets().subspan(static_cast<size_t>(record), 2);
  for (int64_t entry = entries[0]; entry < entries[1]; ++entry) {
    if (headers.children[0].Text(entry) != cell.header) continue;
    const Column& lists = headers.children[1];
    if (lists.IsNull(entry)) return std::nullopt;
    const auto values = lists.offsets().subspan(static_cast<size_t>(entry), 2);
    if (values[0] == values[1] || lists.children[0].IsNull(values[1] - 1)) return std::nullopt;
    return lists.children[0].Text(values[1] - 1);  // the last one of the name counts
  }
  return std::nullopt;
}

std::string Envelope::Number(const EnvelopeCell& cell, const Batch& raw, int64_t record, int32_t partition) const {
  const size_t row = static_cast<size_t>(record);
  switch (cell.kind) {
    case EnvelopeCell::Kind::kOffset: return std::to_string(raw.column(0).values<int64_t>()[row]);
    case EnvelopeCell::Kind::kPartition: return std::to_string(partition);
    case EnvelopeCell::Kind::kRecordTimestamp: return std::to_string(raw.column(1).IsNull(record) ? -1 : raw.column(1).values<int64_t>()[row]);
    default: return std::to_string(raw.column(2).Text(record).size());
  }
}

void Envelope::Append(const Batch& raw, int32_t partition, std::span<const int64_t> records, BatchBuilder& out, const Misfit& misfit) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    const EnvelopeColumn& column = columns_[i];
    ColumnBuilder& to = out.column(column.column);
    PinotTextCells& cells = *cells_[i];
    const bool bytes_kind = column.cell.kind == EnvelopeCell::Kind::kKey || column.cell.kind == EnvelopeCell::Kind::kHeader;
    const bool always_hex = header_hex_ && column.cell.kind == EnvelopeCell::Kind::kHeader && column.field.cell == PinotCell::kString;
    for (size_t index = 0; index < records.size(); ++index) {
      std::string reason;
      bool fits = true;
      if (!bytes_kind) {
        fits = cells.Append(Number(column.cell, raw, records[index], partition), to, &reason);
      } else if (const std::optional<std::string_view> bytes = Bytes(column.cell, raw, records[index]); !bytes.has_value()) {
        to.AppendNull();
      } else if (bytes->size() > kMaxEnvelopeBytes) {
        to.AppendNull();
        fits = false;
        reason = "key or header of more than " + std::to_string(kMaxEnvelopeBytes) + " bytes";
      } else if (column.field.cell == PinotCell::kBytes) {
        fits = cells.AppendBytes(*bytes, to, &reason);
      } else {
        fits = always_hex || !IsUtf8(*bytes) ? cells.Append(Hex(*bytes), to, &reason) : cells.Append(*bytes, to, &reason);
      }
      if (!fits) misfit(column.column, index, std::move(reason));
    }
  }
}

}  // namespace lotic::table
