// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "lotic/status.h"
#include "lotic/type.h"
#include "table/files.h"
#include "table/rows_format.h"

namespace lotic::table {

/// What a rows file holds, every byte of it checked. Reads with pread, so that an unreadable disk is an error and not a signal.
struct RowsCheck {
  RowsFileHeader header;
  Status header_damage;  ///< not OK: nothing of the file can be used
  int64_t file_bytes = 0;
  std::optional<int64_t> published;  ///< none: the word is damaged
  std::optional<int64_t> durable;
  bool sync_failed = false;
  int64_t good_bytes = kRowsHeaderBytes;  ///< up to here everything holds
  std::optional<BlockHeader> last;        ///< of the good blocks
  Schema schema;                          ///< of the last block
  Status damage;                          ///< what ended the good blocks before the published length; OK: nothing did

  int64_t end() const { return last.has_value() ? last->end : header.start; }
  int64_t epoch() const { return last.has_value() ? last->epoch : -1; }
  SegmentTotals totals() const { return last.has_value() ? last->totals : SegmentTotals{}; }
};
/// A check in several calls.
struct CheckPart {
  const RowsCheck* before = nullptr;  ///< what was found of the same file up to its good_bytes; null: begins at the first block
  int64_t most_bytes = INT64_MAX;     ///< ends behind the block that reaches it
};
/// `limit`: blocks that end behind it are not looked at (a sealed length; the durable length). Errors: NotFound, IOError; damage is in the result.
Result<RowsCheck> CheckRowsFile(const std::string& path, std::optional<int64_t> limit = std::nullopt, CheckPart part = {});

/// The rows file of a consuming segment, written. Append: one thread; Sync and what is const: any thread beside it.
class RowsFile {
 public:
  /// Durable when it returns. Errors: IOError (also if it exists).
  static Result<std::shared_ptr<RowsFile>> Create(const std::string& path, const RowsFileHeader& header);
  /// Goes on behind `check.good_bytes`; what lies behind is cut off, and the published length set to it.
  static Result<std::shared_ptr<RowsFile>> Continue(const std::string& path, const RowsCheck& check);
  /// A new file at `to` of the good blocks of `from`, as `generation`; durable when it returns.
  static Status CopyGood(const std::string& from, const RowsCheck& check, const std::string& to, int32_t generation);
  ~RowsFile();

  Status Append(const Commit& commit, const TimeRange& times, int64_t rows_without_time);
  Status Sync();

  struct State {
    int64_t published = kRowsHeaderBytes;
    int64_t end = 0;
    SegmentTotals totals;
    int64_t epoch = -1;  ///< of the last commit
  };
  State state() const;
  State durable() const;
  const std::string& path() const { return file_.path(); }
  bool full() const;

 private:
  RowsFile(File file, uint8_t* page, State state, std::shared_ptr<const Schema> schema, int64_t schema_at);
  void SetWord(int64_t place, int64_t value);

  const File file_;
  uint8_t* const page_;                   // the header page, mapped
  std::shared_ptr<const Schema> schema_;  // writer's thread only, and so the next three
  int64_t schema_at_ = 0;                 // 0: no schema block yet
  std::string schema_json_;
  EncodedBlock block_, schema_block_;
  std::mutex sync_mutex_;     // one sync at a time
  mutable std::mutex mutex_;  // guards what follows
  State state_, durable_;
  std::atomic<bool> failed_{false};
};

}  // namespace lotic::table
