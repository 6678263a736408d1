// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/uio.h>

#include "lotic/status.h"

// Files as a store needs them: every failure carries what was attempted, the path and the system's words; what is replaced is replaced whole.

namespace lotic::table {

/// Attached to IOErrors of this folder.
struct FileError final : StatusDetail {
  explicit FileError(int error) : error(error) {}
  const char* type_id() const override { return "lotic::table::FileError"; }
  std::string ToString() const override;
  /// ENOSPC or EDQUOT: nothing was published; the same call works once there is space.
  static bool IsDiskFull(const Status& status);
  const int error;  ///< errno
};

/// IOError "cannot WHAT PATH: no space left on device" with a FileError.
Status FileFailure(std::string_view what, const std::string& path, int error);

/// A descriptor and its path. Closed by the destructor. One thread, but for Sync.
class File {
 public:
  File() = default;
  File(File&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File();

  /// `flags` as of open(2); files are made 0600. Errors: NotFound, IOError.
  static Result<File> Open(const std::string& path, int flags);
  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  const std::string& path() const { return path_; }
  Result<int64_t> Size() const;
  /// All of `parts` at `offset`, also where the system writes less at a time. On an error the file may hold a part of it behind `offset`.
  Status WriteAt(int64_t offset, std::span<const iovec> parts) const;
  Status WriteAt(int64_t offset, std::string_view bytes) const;
  /// Exactly `size` bytes. Errors: DataLoss (the file ends before).
  Status ReadAt(int64_t offset, void* to, size_t size) const;
  Status Truncate(int64_t size) const;
  /// fdatasync. After an error the file must not be synced again: what it holds on the disk is unknown.
  Status Sync() const;

 private:
  File(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_ = -1;
};

/// The whole file. Errors: NotFound; IOError; CapacityError (more than `max_bytes`).
Result<std::string> ReadWholeFile(const std::string& path, size_t max_bytes);
/// `path` holds `text`, durable, or what it held before: a temporary file beside it, fsync, rename, fsync of the folder.
Status ReplaceFile(const std::string& path, std::string_view text);
/// The same, but not durable: for what is written again soon.
Status ReplaceFileUnsynced(const std::string& path, std::string_view text);
/// Makes a folder (0700) unless it is there, and its entry durable.
Status MakeFolder(const std::string& path);
Status SyncFolder(const std::string& path);
/// rename(2), then the folder is synced.
Status RenameFile(const std::string& from, const std::string& to);
/// Missing is fine.
Status RemoveFile(const std::string& path);
/// The folder and everything in it. Missing is fine.
Status RemoveFolder(const std::string& path);
Result<std::vector<std::string>> ListFolder(const std::string& path);  ///< names, sorted
std::string FolderOf(const std::string& path);
/// CRC-32C of the whole file, and its size.
struct FileSum {
  uint32_t crc = 0;
  int64_t bytes = 0;
};
Result<FileSum> SumFile(const std::string& path);

}  // namespace lotic::table
