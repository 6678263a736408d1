// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lotic/batch.h"
#include "table/store.h"
#include "table/table_view.h"

namespace lotic::table {

/// A folder that is gone when the test is over.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// Rows of offsets [start, end), one each, but every seventh offset (offset % 7 == 6), which gives none: text (NULL for each fifth), value = 3 * offset, flag, list of two, $offset,
/// $timestamp.
Batch SomeRows(int64_t start, int64_t end);
/// The commit of these, with fates that add up.
Commit SomeCommit(int64_t start, int64_t end);
int64_t RowsIn(int64_t start, int64_t end);

/// Everything a view serves of one partition, row by row as text, in order. Dies on any error.
std::vector<std::string> RowsOf(const TableView& view, int32_t partition, SegmentFiles* files);
/// What that must be for [start, end).
std::vector<std::string> ExpectedRows(int64_t start, int64_t end);

TableIdentity SomeTable();
/// A new table "events" in `folder` with one partition 0 from offset `start`.
std::unique_ptr<TableStore> MakeStore(const std::string& folder, int64_t start = 0, StoreOptions options = {});

}  // namespace lotic::table
