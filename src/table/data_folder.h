// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "lotic/status.h"

namespace lotic::table {

/// The data directory of one owner: DATA/LOCK is held (flock), DATA/version says the format, DATA/tables holds the tables. Any thread.
/// Readers need none of this: see TableView.
class DataFolder {
 public:
  static constexpr int kFormatVersion = 1;

  /// Makes the directory (0700) where it is missing and takes the lock; the end of the process releases it, however it ends.
  /// Errors: Invalid (another process owns it: its pid; a newer format: both versions), IOError with the path and the system's words.
  static Result<std::unique_ptr<DataFolder>> Own(const std::string& folder);
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  const std::string& folder() const { return folder_; }
  std::string tables_folder() const { return folder_ + "/tables"; }

  /// For readers: is `folder` a data directory of a format that this program reads? Errors: NotFound, Invalid (newer), IOError.
  static Status Check(const std::string& folder);

 private:
  DataFolder(std::string folder, int lock) : folder_(std::move(folder)), lock_(lock) {}
  const std::string folder_;
  const int lock_;
};

}  // namespace lotic::table
