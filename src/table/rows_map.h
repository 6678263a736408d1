// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lotic/batch.h"
#include "lotic/status.h"
#include "table/files.h"
#include "table/mapped_pages.h"
#include "table/rows_format.h"

namespace lotic::table {

/// A rows file as this process reads it: mapped read-only, its block headers indexed as they appear, every buffer's CRC checked when it is first asked for. One for each
/// file in a process, shared by all its readers. Any thread. What it hands out keeps the mapping alive.
class RowsMap {
 public:
  /// Errors: NotFound, DataLoss (header damaged), Invalid (a newer format), IOError.
  static Result<std::shared_ptr<RowsMap>> Open(const std::string& path);
  /// Forgets files that were removed and are not being read; so does Open when it meets a new one.
  static void Sweep();
  ~RowsMap();

  const RowsFileHeader& header() const { return header_; }
  const std::string& path() const { return file_.path(); }

  struct Published {
    int64_t bytes = kRowsHeaderBytes;
    int64_t end = 0;
    SegmentTotals totals;
  };
  /// What is published now, by the last block's header alone. Errors: DataLoss.
  Result<Published> ReadPublished();

  using Mapping = MappedPages;
  struct BlockSchema {
    std::shared_ptr<const Schema> schema;
    std::vector<ColumnPlace> places;
  };
  /// A block of rows. Lives as long as its RowsMap; does not change but for `checked`.
  struct Block {
    BlockHeader header;
    const BlockSchema* schema = nullptr;
    std::unique_ptr<std::atomic<bool>[]> checked;  ///< of each column
  };
  /// Blocks of rows up to `bytes`, a length that was published. Errors: DataLoss. @return how many.
  Result<size_t> IndexTo(int64_t bytes);
  const Block* block(size_t index) const;

  /// Column `index` of the block's schema. `mapping` keeps its memory alive; `ranges` is added what lies under it, which the reader tells the mapping when it is done
  /// with the column. Errors: DataLoss.
  Result<Column> ReadColumn(const Block& block, size_t index, std::shared_ptr<const Mapping>* mapping, std::vector<Mapping::Range>* ranges);

 private:
  struct Registry;
  static Registry& TheRegistry();
  RowsMap(File file, RowsFileHeader header) : file_(std::move(file)), header_(std::move(header)) {}
  Result<std::shared_ptr<const Mapping>> MapTo(int64_t bytes);  // under mutex_
  Status Damaged(const Status& status) const;

  const File file_;
  const RowsFileHeader header_;
  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Mapping> mapping_;
  std::deque<Block> blocks_;
  std::deque<BlockSchema> schemas_;
  std::optional<BlockHeader> last_;  // indexed so far, of any kind
  int64_t indexed_ = kRowsHeaderBytes;
};

}  // namespace lotic::table
