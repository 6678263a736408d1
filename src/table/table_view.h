// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lotic/batch.h"
#include "lotic/call_context.h"
#include "lotic/status.h"
#include "lotic/type.h"
#include "table/ports.h"
#include "table/segment.h"
#include "table/store.h"

namespace lotic::table {

/// One partition in a view.
struct PartitionView {
  int32_t partition = 0;
  int64_t start = 0;                  ///< where the partition began
  int64_t position = 0;               ///< behind the last published offset
  std::vector<SegmentInfo> segments;  ///< by sequence; dropped ones too (as far as they are still named)
  std::vector<LostRange> losses;      ///< newest last
  Status damaged;                     ///< not OK: the manifest of this partition is damaged; no rows of it can be served
  /// The sequence of a consuming segment whose rows file is damaged, while its owner has not settled that: how far it was published is not known, its `end` stands at its start.
  std::optional<int64_t> unknown_end;
};

/// What of a table was published at one moment, for any process, beside the owner or without one. Reads no rows. Immutable, any thread.
/// Within a partition it is one moment; of two partitions, one may be a little later.
class TableView {
 public:
  /// `folder` of the table. Errors: NotFound (no table there), DataLoss (discovery journal damaged), Invalid (a newer format), IOError.
  static Result<std::shared_ptr<const TableView>> Open(const std::string& folder);

  const std::string& folder() const { return folder_; }
  const TableIdentity& identity() const { return identity_; }
  const std::string& discovery_state() const { return discovery_state_; }
  const std::vector<PartitionView>& partitions() const { return partitions_; }  ///< by number
  const PartitionView* Find(int32_t partition) const;
  /// The path of one of a segment's files.
  std::string PathOf(int32_t partition, const std::string& file) const;
  /// Rows of all segments that are neither damaged nor dropped.
  int64_t rows() const;
  /// On disk, of the segments that are not dropped.
  int64_t bytes() const;

 private:
  std::string folder_;
  TableIdentity identity_;
  std::string discovery_state_;
  std::vector<PartitionView> partitions_;
};

struct SegmentRowsOptions {
  int64_t first_row = 0;              ///< rows passed over
  std::optional<int64_t> end_offset;  ///< rows of this offset and later are not wanted: a snapshot that ends within the segment
};

/// The rows of one segment of a view, in the order of their offsets: from the mapped rows file (each buffer's CRC is checked when this process first reads it),
/// or through `files` (the file's CRC is checked when this process first opens it). Small commits are put together into batches of at least kMinRows (fewer before a large one and at the end); large blocks are not
/// copied. A batch stays valid after the reader, the view and even the file are gone. One thread.
class SegmentRows {
 public:
  static constexpr int64_t kMinRows = 2048;
  static constexpr int64_t kMaxRows = 65'536;  ///< of a batch that was put together; a larger block is handed over whole

  /// `layout`: the columns wanted, by name (none: rows are only counted); one the segment does not have is all NULL; one of another type is cast where no value changes, and NULL where it does
  /// not fit. `files` may be null for segments that have a rows file. Errors: DataLoss (damaged segment, or a file that fails its checksum, with its name),
  /// NotFound (the file is gone: the view is older than snapshot_keep; plan again), Invalid (a type that cannot be cast).
  static Result<std::unique_ptr<SegmentRows>> Open(const CallContext& ctx, const TableView& view, const SegmentInfo& segment, const Schema& layout,
                                                   SegmentFiles* files, SegmentRowsOptions options = {});
  virtual ~SegmentRows() = default;
  /// None: the end. Errors: Cancelled, DeadlineExceeded, DataLoss.
  virtual Result<std::optional<Batch>> Next(const CallContext& ctx) = 0;
  /// The number of the row that Next returns first, counted from the segment's first row.
  virtual int64_t next_row() const = 0;
  /// Values of the batches so far that are NULL since they do not fit the type wanted.
  virtual int64_t misfits() const { return 0; }
};

}  // namespace lotic::table
