// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/pinot_decoder.h"
#include "lotic/batch.h"
#include "lotic/batch_builder.h"

// Columns that come from around a record's value: its key, headers, position and time.

namespace lotic::table {

/// What a column of such a name holds.
struct EnvelopeCell {
  enum class Kind : uint8_t { kKey, kHeader, kOffset, kPartition, kRecordTimestamp, kValueSize };
  Kind kind = Kind::kKey;
  std::string header;  ///< kHeader: its name

  /// "__key", "__metadata$recordSerializedValueSize"; and with `populate` "__header$NAME", "__metadata$offset", "__metadata$partition", "__metadata$recordTimestamp". Nothing: a member of the
  /// message like others.
  static std::optional<EnvelopeCell> Parse(std::string_view column, bool populate);
};

struct EnvelopeColumn {
  EnvelopeCell cell;
  size_t column = 0;  ///< of the builder
  PinotDecoderField field;
};

/// Fills the envelope columns. One thread.
class Envelope {
 public:
  /// `header_hex`: headers in STRING columns as hex, always; else only what is no UTF-8.
  Envelope(std::vector<EnvelopeColumn> columns, bool header_hex);

  bool reads_headers() const { return reads_headers_; }
  /// Of key and headers, where they are read. `raw` has RawLayout(reads_headers()).
  int64_t RecordBytes(const Batch& raw, int64_t record) const;

  /// Appends a row to each column for each of `records` (rows of `raw`). What does not convert is a NULL, and told to `misfit`.
  using Misfit = std::function<void(size_t column, size_t index, std::string reason)>;
  void Append(const Batch& raw, int32_t partition, std::span<const int64_t> records, BatchBuilder& out, const Misfit& misfit);

 private:
  /// The bytes of a key or header; nothing: it has none.
  std::optional<std::string_view> Bytes(const EnvelopeCell& cell, const Batch& raw, int64_t record) const;
  std::string Number(const EnvelopeCell& cell, const Batch& raw, int64_t record, int32_t partition) const;

  const std::vector<EnvelopeColumn> columns_;
  const bool header_hex_;
  bool reads_key_ = false, reads_headers_ = false;
  std::vector<std::unique_ptr<PinotTextCells>> cells_;  // of columns_
};

}  // namespace lotic::table
