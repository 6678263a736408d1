// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/arrow_c_abi.h"
#include "lotic/status.h"
#include "lotic/type.h"

namespace lotic {

using Int128 = __int128;

/// A borrowed, typed view of one column (or child): valid while the Batch it came from, or a copy of that, lives. Any thread.
/// `data`: fixed-width values, bits (bool), or length + 1 int32 offsets (text, binary, list, map). `bytes`: text and binary only.
struct Column {
  Type type;
  int64_t length = 0;
  int64_t null_count = 0;
  const uint8_t* validity = nullptr;  ///< one bit a row, 1 = not NULL; null pointer if and only if null_count is 0
  const uint8_t* data = nullptr;
  const uint8_t* bytes = nullptr;
  /// List: {items}; struct: members, each of this length; map: {keys, values}, of one length.
  std::vector<Column> children;

  bool IsNull(int64_t row) const { return validity != nullptr && ((validity[row >> 3] >> (row & 7)) & 1) == 0; }
  /// Of fixed-width types; T has the type's byte width.
  template <typename T>
  std::span<const T> values() const {
    return {reinterpret_cast<const T*>(data), static_cast<size_t>(length)};
  }
  bool Bool(int64_t row) const { return ((data[row >> 3] >> (row & 7)) & 1) != 0; }
  /// Offsets of text, binary, list and map: length + 1 of them, ascending, the first 0.
  std::span<const int32_t> offsets() const { return {reinterpret_cast<const int32_t*>(data), static_cast<size_t>(length + 1)}; }
  std::string_view Text(int64_t row) const {
    const int32_t* at = reinterpret_cast<const int32_t*>(data) + row;
    return {reinterpret_cast<const char*>(bytes) + at[0], static_cast<size_t>(at[1] - at[0])};
  }
};

/// Some rows in columns, in Arrow's layout. Immutable; a copy shares. Any thread.
///
/// What holds for every Batch, and what Validate() checks: offset 0; every column as long as the batch; exact null counts, and no
/// validity bitmap where there are none; buffers aligned to 64 bytes, padded with zeroes to a multiple of 64; offsets ascend from 0 and stay
/// below 2^31; map keys are never NULL; text is valid UTF-8; decimals fit their precision. Values under a NULL are unspecified but readable.
class Batch {
 public:
  /// No columns, no rows.
  Batch();
  /// Puts a batch together from columns whose memory `owner` keeps alive. Lengths are checked (a mismatch stops the process).
  Batch(std::shared_ptr<const Schema> schema, int64_t num_rows, std::vector<Column> columns, std::shared_ptr<const void> owner);

  int64_t num_rows() const { return storage_->num_rows; }
  const Schema& schema() const { return *storage_->schema; }
  const std::shared_ptr<const Schema>& schema_ptr() const { return storage_->schema; }
  size_t num_columns() const { return storage_->columns.size(); }
  const Column& column(size_t index) const { return storage_->columns[index]; }
  /// Bytes of all buffers, children included; what a memory budget counts.
  int64_t size_bytes() const;

  /// These columns only, in this order; shares the memory.
  Batch Select(std::span<const size_t> columns) const;

  /// Rows `rows` of this batch, in that order, copied. Used where filters drop rows.
  Batch Take(std::span<const int64_t> rows) const;

  /// A struct array that pins the memory until it is released. Follows: the Arrow C data interface.
  void Export(ArrowArray* out) const;

  /// Copies `array` (a struct array without nulls whose children have `schema`'s types, any offset and alignment) into the layout
  /// above, validates the copy and releases `array`, in any case. Errors: Invalid (types, buffers or values do not fit).
  static Result<Batch> Import(std::shared_ptr<const Schema> schema, ArrowArray* array);

  /// The full check of the layout above, reading every value. For tests, and for batches of foreign connectors.
  Status Validate() const;

 private:
  struct Storage {
    std::shared_ptr<const Schema> schema;
    int64_t num_rows;
    std::vector<Column> columns;
    std::shared_ptr<const void> owner;
  };
  std::shared_ptr<const Storage> storage_;
};

/// Schemas over the C data interface. Export: types as in TypeId, timestamps of instants with zone "UTC". Import: the types of
/// that list, and what widens to one without loss (LargeUtf8 and the like are refused: Invalid, with the column's name).
void ExportSchema(const Schema& schema, ArrowSchema* out);
Result<Schema> ImportSchema(const ArrowSchema& in);

}  // namespace lotic
