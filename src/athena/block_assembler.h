// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "athena_protocol/column_joiner.h"
#include "lotic/batch.h"
#include "lotic/status.h"

namespace lotic::athena {

/// What a column holds so far, as BlockSizeBytes counts it.
struct ColumnTally {
  int64_t bytes = 0;  ///< of text and binary
  int64_t rows = 0;
  std::vector<ColumnTally> children;
};

/// Puts rows together to blocks of at most a given size, as BlockSizeBytes counts it. A block is closed before the row with which it would pass that size; a
/// single row that is larger makes a block of its own. So no block is larger than asked for unless one row is (the SDK checks after each of its writes, and
/// passes it by what that wrote); whether one block is enough is decided alike. Holds the rows of one block at most, and pins their batches. One thread.
class BlockAssembler {
 public:
  BlockAssembler(std::shared_ptr<const Schema> schema, int64_t max_block_bytes);

  /// Appends rows of a batch of the schema. `full` is told of each block that was closed; its error is passed up.
  Status Add(const Batch& rows, const std::function<Status(Batch block)>& full);
  /// The block in progress, which may have no rows; a new one begins.
  Batch Take();
  /// Its rows, not joined; valid until the next Add or Take.
  std::span<const RowRange> ranges() const { return ranges_; }

  int64_t size_bytes() const;
  int64_t num_rows() const { return num_rows_; }

 private:
  int64_t SizeWith(const Batch& rows, int64_t first, int64_t count) const;
  void Append(const Batch& rows, int64_t first, int64_t count);

  const std::shared_ptr<const Schema> schema_;
  const int64_t max_block_bytes_;
  std::vector<RowRange> ranges_;
  std::vector<ColumnTally> tallies_;
  int64_t num_rows_ = 0;
};

}  // namespace lotic::athena
