// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lotic/connector.h"

namespace lotic {

/// Tells waiting readers that something changed. Any thread.
class ChangeSignal {
 public:
  void Notify();
  uint64_t version() const;
  /// Waits until the version differs from `seen`; false if `ctx` ended first (stop or deadline).
  bool WaitPast(uint64_t seen, const CallContext& ctx);

 private:
  mutable std::mutex mutex_;  // guards all members below
  std::condition_variable_any changed_;
  uint64_t version_ = 0;
};

/// A source whose rows are numbered from 0 in each partition and never change: all that such a source must say. Any thread.
class IndexedSource {
 public:
  virtual ~IndexedSource() = default;
  virtual std::string type_name() const = 0;
  /// Sorted.
  virtual std::vector<TableName> Tables() const = 0;
  /// The schema of one of Tables().
  virtual std::shared_ptr<const Schema> SchemaOf(const TableName& table) const = 0;
  /// How many rows each partition holds now. Partitions are only added, rows only appended.
  virtual Result<std::vector<int64_t>> Ends(const CallContext& ctx, const TableName& table) = 0;
  /// The rows from `first` on, at least one and at most `count`; they exist. Columns as SchemaOf says.
  virtual Result<Batch> Rows(const CallContext& ctx, const TableName& table, size_t partition, int64_t first, int64_t count) = 0;
  /// Told of every append, where rows can arrive while others are read (Role::kEndless); else null.
  virtual std::shared_ptr<ChangeSignal> changes() const { return nullptr; }
};

/// Rows a split of an indexed source holds at most; larger partitions are cut.
inline constexpr int64_t kIndexedRowsPerSplit = 10000;

/// A whole connector over an indexed source: hidden columns _partition_id and _partition_offset (aliases _partition, _offset), exact snapshots,
/// splits, constraints, limit, resuming, certificates, and endless reading with discovery if the source has changes(). Its plans
/// read nothing but Ends().
std::shared_ptr<Connector> MakeIndexedConnector(std::shared_ptr<IndexedSource> source);

}  // namespace lotic
