// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lotic/batch.h"
#include "lotic/batch_builder.h"
#include "lotic/buffer.h"
#include "lotic/status.h"
#include "lotic/type.h"

namespace lotic::table {

/// Puts runs of rows of several columns of one type together, in whole runs and not value by value. One thread.
class ColumnGather {
 public:
  explicit ColumnGather(const Type& type);
  int64_t length() const { return length_; }
  /// Bytes that an Append of these rows must not take beyond 2^31: of text here or in children.
  void Append(const Column& column, int64_t first, int64_t count);
  void AppendNulls(int64_t count);
  /// Would `count` rows of `column` more pass what offsets can say?
  bool HasRoom(const Column& column, int64_t first, int64_t count) const;
  /// A view of this gather's memory, which must not change any more.
  Column Finish();

 private:
  void AppendValidity(const uint8_t* bits, int64_t first, int64_t count);
  const Type type_;
  int64_t length_ = 0;
  int64_t null_count_ = 0;
  Buffer validity_;  // empty until there is a NULL
  Buffer data_;
  Buffer bytes_;
  std::vector<ColumnGather> children_;
};

/// Can values of `from` become `to` one by one, NULL where one does not fit? Numbers among each other, numbers and booleans as text.
bool CanCast(const Type& from, const Type& to);
/// `column` as `to`; CanCast holds. @return how many values are NULL since they do not fit.
int64_t CastRows(const Column& column, int64_t first, int64_t count, const Type& to, ColumnBuilder* out);

}  // namespace lotic::table
