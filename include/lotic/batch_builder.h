// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "lotic/batch.h"
#include "lotic/buffer.h"
#include "lotic/status.h"
#include "lotic/type.h"

namespace lotic {

/// Writes one column in place, in Arrow's layout. One thread. Three ways in, from slow to fast: Append* per value; Reserve() and
/// Unsafe* per value; UnsafeValues() and Advance() for whole runs of values.
///
/// Nested: a list row is appended by appending its items to child(0) and then FinishList(); a struct row by appending one value to
/// each child and then AppendValid(); a map row by appending to child(0) (key) and child(1) (value) and then FinishList().
class ColumnBuilder {
 public:
  explicit ColumnBuilder(const Type& type);
  ColumnBuilder(ColumnBuilder&&) noexcept = default;
  ColumnBuilder& operator=(ColumnBuilder&&) noexcept = default;

  const Type& type() const { return type_; }
  int64_t length() const { return length_; }
  int64_t null_count() const { return null_count_; }
  ColumnBuilder& child(size_t index) { return children_[index]; }
  /// Bytes of text or binary so far. A caller that may pass 2^31 - 1 cuts the batch before it does.
  size_t bytes_size() const { return bytes_.size(); }

  /// Room for `rows` more rows (of this column, not of its children, nor for text bytes).
  void Reserve(int64_t rows);

  /// A NULL. Struct: the children get a NULL each; list, map: an empty range.
  void AppendNull();
  void AppendBool(bool value);
  /// Of integer, date, time and timestamp types; the caller has checked the range of narrower ones.
  void AppendInt64(int64_t value);
  void AppendUInt64(uint64_t value) { AppendInt64(static_cast<int64_t>(value)); }
  /// Of the floating types.
  void AppendDouble(double value);
  void AppendDecimal(Int128 value);
  /// Of text and binary. Text must be valid UTF-8 (Validate() checks, this does not).
  void AppendBytes(std::string_view value);
  /// Ends a row of a list or map: its items are what was appended to the children since the last row.
  void FinishList();
  /// A row of a struct whose children have been appended to.
  void AppendValid();

  /// For text written piecewise: append to this, then FinishBytes() ends the row.
  Buffer& bytes() { return bytes_; }
  void FinishBytes();

  /// After Reserve(): where the next values go. T has the type's byte width. Advance() then counts them in as not NULL.
  /// Text and binary: T is int32_t. [0] is the end of the last row, the ends of the new rows go behind it, and their bytes to bytes().
  template <typename T>
  T* UnsafeValues() {
    return data_.as<T>() + length_;
  }
  void Advance(int64_t rows);
  /// Makes a row already appended a NULL.
  void SetNull(int64_t row);
  /// Takes back rows (and their children's), down to `length`.
  void Truncate(int64_t length);

 private:
  friend class BatchBuilder;
  void MaterializeValidity(int64_t capacity_rows);
  void PushValidity(bool valid);
  Column Finish();  // the column views this builder's buffers, which must not change any more

  Type type_;
  int64_t length_ = 0;
  int64_t null_count_ = 0;
  bool has_validity_ = false;  // the bitmap exists only once there is a NULL
  Buffer validity_;
  Buffer data_;
  Buffer bytes_;
  std::vector<ColumnBuilder> children_;
};

/// One builder per column of a schema, and a Batch from them. One thread.
class BatchBuilder {
 public:
  explicit BatchBuilder(std::shared_ptr<const Schema> schema);

  ColumnBuilder& column(size_t index) { return state_->columns[index]; }
  size_t num_columns() const { return state_->columns.size(); }
  const std::shared_ptr<const Schema>& schema() const { return schema_; }

  /// The batch of everything appended, with the builders' own memory (no copy), and empty builders for the next one.
  /// `num_rows` must be the length of every column (a mismatch stops the process); it matters where there are no columns.
  Batch Finish(int64_t num_rows);

 private:
  struct State {
    std::vector<ColumnBuilder> columns;
  };
  std::shared_ptr<const Schema> schema_;
  std::shared_ptr<State> state_;
};

}  // namespace lotic
