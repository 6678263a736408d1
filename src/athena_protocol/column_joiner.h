// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "lotic/batch.h"
#include "lotic/buffer.h"

namespace lotic::athena {

/// Rows `first` .. `first + count` of a batch.
struct RowRange {
  Batch batch;
  int64_t first = 0;
  int64_t count = 0;
};

/// One batch of all of them, in order; a single whole batch is handed back as it is. All have `schema`'s types; fewer than 2^31 bytes a column.
Batch Concatenate(const std::shared_ptr<const Schema>& schema, std::span<const RowRange> ranges);

/// Puts columns together out of parts, in Arrow's layout, and owns the memory it makes. One thread.
class ColumnJoiner {
 public:
  struct Part {
    const Column* column;
    int64_t first;
    int64_t count;
  };

  /// The rows of all parts, which have this type.
  Column Join(const Type& type, const std::vector<Part>& parts);

  // The buffers of such a column, one by one; `length` is the rows of all parts.
  static int64_t CountNulls(const std::vector<Part>& parts);
  const uint8_t* JoinValidity(const std::vector<Part>& parts, int64_t length);
  const uint8_t* JoinBools(const std::vector<Part>& parts, int64_t length);
  /// Of text, binary, lists and maps: length + 1, the first 0.
  const uint8_t* JoinOffsets(const std::vector<Part>& parts, int64_t length);

 private:
  Buffer& NewBuffer() { return buffers_.emplace_back(); }
  static const uint8_t* Sealed(Buffer& buffer);
  void JoinChildren(const std::vector<Part>& parts, const Type& type, Column* out);
  void JoinItems(const std::vector<Part>& parts, const Type& type, Column* out);

  std::deque<Buffer> buffers_;
};

}  // namespace lotic::athena
