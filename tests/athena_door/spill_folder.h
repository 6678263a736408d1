// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace lotic {

/// A folder for spilled blocks, for the length of a test.
class SpillFolder {
 public:
  SpillFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lotic-spill-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~SpillFolder() { std::filesystem::remove_all(path_); }
  SpillFolder(const SpillFolder&) = delete;
  SpillFolder& operator=(const SpillFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace lotic
