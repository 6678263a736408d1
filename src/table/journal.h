// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"
#include "table/files.h"

// Small records, each durable before it counts, in two copies: manifests and the discovery journal.
//
//   0    "LOTICJRN"   8 u32 version 1   12 u32 CRC-32C of [0, 12) and [24, 64)   16 u64 published, a live word (rows_format.h)
//   24   u64 how often it was written anew   32 zeroes
//   64   records: "REC1", u32 CRC-32C of the rest of the record, u32 length, u32 CRC of the record before (0: first), u64 number from 0, then the payload
//
// Everything up to the published length must hold; a record behind it counts if it is whole (the process ended between record and publishing).

namespace lotic::table {

inline constexpr size_t kMaxJournalBytes = size_t{256} << 20;
inline constexpr size_t kJournalHeaderBytes = 64, kRecordHeaderBytes = 24;

struct JournalContents {
  std::vector<std::string> records;
  int64_t good_bytes = 0;  ///< behind the last whole record
  uint32_t last_crc = 0;
  uint64_t anew = 0;  ///< how often the journal was written anew, as this copy knows
};
/// Errors: DataLoss (damaged), Invalid (a newer format).
Result<JournalContents> ParseJournal(std::string_view bytes);
std::string EncodeJournal(std::span<const std::string> records, uint64_t anew = 0);

/// What a reader of any process gets: the first copy, or the second where that does not hold. Errors: NotFound (neither is there), DataLoss (neither holds), IOError.
Result<JournalContents> ReadJournal(const std::string& path);
/// Changes whenever the journal does: of its inode, size and published word. Errors: NotFound, IOError.
Result<std::string> JournalStamp(const std::string& path);

/// The journal written, by its owner. One thread at a time.
class Journal {
 public:
  /// Both copies, durable. Errors: IOError (also if it exists).
  static Result<std::unique_ptr<Journal>> Create(const std::string& path, std::span<const std::string> records);
  /// The copy that was written anew more often counts, of two the same the longer one. One that is damaged or behind is moved to `quarantine` (a folder, made if needed; empty: removed) and written anew; `found` says what was.
  static Result<std::unique_ptr<Journal>> Open(const std::string& path, const std::string& quarantine, JournalContents* contents,
                                               std::vector<std::string>* found);

  /// The fewest records that say what the journal says, with the record that is being appended or without it.
  using Rebuild = std::function<std::vector<std::string>(bool with_record)>;
  /// Durable in the first copy when it returns OK. Not written at all (a full disk, an error of the disk): an error, and the record does not count. `rebuild` is asked
  /// where a file has to be replaced because it is not known what an earlier failure left in it.
  Status Append(const std::string& record, const Rebuild& rebuild);
  /// Both copies hold exactly `records` instead.
  Status Rewrite(std::span<const std::string> records);
  /// Of one copy.
  int64_t bytes() const { return bytes_; }

 private:
  explicit Journal(std::string path) : path_(std::move(path)) {}
  Status AppendTo(const std::string& path, const std::string& record) const;

  const std::string path_;
  bool first_known_ = false, copy_known_ = false;  // what the files hold; no: written anew at the next change
  size_t count_ = 0;
  int64_t bytes_ = 0;
  uint32_t last_crc_ = 0;
  uint64_t anew_ = 0;  // of the last attempt: a file may have it although that failed
};

}  // namespace lotic::table
