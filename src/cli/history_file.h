// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"

namespace lotic::cli {

/// The shell's history on disk: one entry a line, line ends and backslashes in an entry escaped. Readable by its owner only. Each entry
/// is appended when it is added, so several shells share it and a crash loses none.
class HistoryFile {
 public:
  static constexpr size_t kMaxEntries = 5000;      ///< read back; the file is cut to these when it holds twice as many
  static constexpr size_t kMaxEntryBytes = 65536;  ///< longer ones are not kept

  explicit HistoryFile(std::string path) : path_(std::move(path)) {}
  /// $XDG_STATE_HOME/lotic/history, or ~/.local/state/lotic/history; empty without a home.
  static std::string DefaultPath();

  /// Oldest first. A missing file is an empty one. Errors: IOError.
  Result<std::vector<std::string>> Load();
  /// Creates folder and file as needed. What holds a secret (log.h: HoldsSecret) or is too long is left out, silently.
  Status Add(std::string_view entry);

 private:
  const std::string path_;
};

}  // namespace lotic::cli
