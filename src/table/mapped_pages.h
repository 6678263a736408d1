// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "lotic/status.h"
#include "table/files.h"

namespace lotic::table {

/// A file mapped to be read, of which the process holds only so much: of all files together, what was read longest ago leaves its memory beyond the limit. It stays in the
/// kernel's page cache and is there again when it is read again, so that data which are valid stay valid. Shared and read-only: no page of it can be lost with what it holds.
/// Any thread.
class MappedPages {
 public:
  /// Of a process, of pages that were told to Used. What a reader holds and has not told yet comes on top.
  static constexpr int64_t kMaxResidentBytes = int64_t{128} << 20;

  /// `bytes` may reach beyond the file's end; who reads stays within it. Errors: IOError.
  static Result<std::shared_ptr<const MappedPages>> Map(const File& file, int64_t bytes);
  ~MappedPages();
  MappedPages(const MappedPages&) = delete;
  MappedPages& operator=(const MappedPages&) = delete;

  const uint8_t* data() const { return data_; }
  int64_t bytes() const { return bytes_; }

  /// Bytes [from, to) of the file.
  struct Range {
    int64_t from = 0;
    int64_t to = 0;
  };
  /// These were read just now, and their reader is done with them for the time being.
  void Used(std::span<const Range> ranges) const;
  /// [from, to) was read and will hardly be read again: it leaves the memory at once.
  void LetGo(int64_t from, int64_t to) const;

  /// For tests, instead of kMaxResidentBytes; from the next Used on.
  static void SetLimit(int64_t bytes);
  /// Of all files, as told.
  static int64_t resident_bytes();

 private:
  struct Registry;
  struct Piece {
    const MappedPages* of;
    size_t number;
  };
  using Place = std::list<Piece>::iterator;

  static Registry& TheRegistry();
  MappedPages(const uint8_t* data, int64_t bytes) : data_(data), bytes_(bytes) {}

  const uint8_t* const data_;
  const int64_t bytes_;
  mutable std::vector<Place> places_;  // of each piece in the registry's order; guarded by its mutex
};

}  // namespace lotic::table
