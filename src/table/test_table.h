// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lotic/batch.h"
#include "lotic/status.h"
#include "table/data_folder.h"
#include "table/store.h"

namespace lotic::table {

/// A data directory of its own with tables whose rows a test commits, through the store as ingest does. One thread; checks stop the process.
///
/// Every table has the columns user STRING, qty INT, amount DOUBLE, ok BOOLEAN, tags STRING multi-value, body BYTES, ts TIMESTAMP, its time column; row r of a partition is a function
/// of its offset.
class TestData {
 public:
  TestData();
  ~TestData();
  const std::string& folder() const { return folder_; }

  /// Errors are the process's end.
  void AddTable(const std::string& raw_name, int partitions, const std::string& table_id = "6f1c2d0e");
  /// The definition and all files.
  void RemoveTable(const std::string& raw_name);
  void AddPartition(const std::string& raw_name, int32_t partition);
  TableStore& store(const std::string& raw_name) { return *stores_.at(raw_name); }

  /// One commit of `count` records from the partition's position on, of which each tenth (offset % 10 == 9) gives no row: filtered, a bad value, a transaction marker and a compacted offset in turn.
  void Commit(const std::string& raw_name, int32_t partition, int64_t count);
  void Roll(const std::string& raw_name, int32_t partition);
  /// Pauses, and goes on at `start`: ahead of the position, or before it.
  void ResumeAt(const std::string& raw_name, int32_t partition, int64_t start);
  /// Dropped long ago: the partition does not name the segment any more, and its files are gone.
  void Forget(const std::string& raw_name, int32_t partition, int64_t sequence);
  /// The store's owner ends and another opens it.
  void Reopen(const std::string& raw_name);

  /// Of offset `offset`: what `ts` holds.
  static int64_t TimeOf(int64_t offset) { return 1'700'000'000'000 + offset * 1000; }
  static int64_t RowsIn(int64_t start, int64_t end);

 private:
  std::string folder_;
  std::unique_ptr<DataFolder> owned_;
  std::map<std::string, std::unique_ptr<TableStore>> stores_;
};

}  // namespace lotic::table
