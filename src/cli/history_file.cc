// SPDX-License-Identifier: Apache-2.0
#include "cli/history_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "cli/byte_sink.h"
#include "cli/log.h"

namespace lotic::cli {
namespace {

std::string Escaped(std::string_view entry) {
  std::string out;
  for (const char c : entry) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Unescaped(std::string_view line) {
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size()) {
      out += line[++i] == 'n' ? '\n' : line[i];
    } else {
      out += line[i];
    }
  }
  return out;
}

}  // namespace

std::string HistoryFile::DefaultPath() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return std::string(state) + "/lotic/history";
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? std::string(home) + "/.local/state/lotic/history" : "";
}

Result<std::vector<std::string>> HistoryFile::Load() {
  std::vector<std::string> entries;
  std::ifstream file(path_);
  if (!file) {
    if (path_.empty() || errno == ENOENT) return entries;
    return Status::IOError("cannot read the history ", path_, ": ", std::strerror(errno));
  }
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.size() <= 2 * kMaxEntryBytes) entries.push_back(Unescaped(line));
  }
  const bool cut = entries.size() > 2 * kMaxEntries;
  if (entries.size() > kMaxEntries) entries.erase(entries.begin(), entries.end() - kMaxEntries);
  if (cut) {
    const std::string next = path_ + ".next";
    const int fd = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return Status::IOError("cannot write the history ", next, ": ", std::strerror(errno));
    FdSink sink(fd, next);
    for (const auto& entry : entries) LOTIC_RETURN_NOT_OK(sink.Write(Escaped(entry) + "\n"));
    LOTIC_RETURN_NOT_OK(sink.Flush());
    if (::rename(next.c_str(), path_.c_str()) != 0) return Status::IOError("cannot replace the history ", path_, ": ", std::strerror(errno));
  }
  return entries;
}

Status HistoryFile::Add(std::string_view entry) {
  if (path_.empty() || entry.empty() || entry.size() > kMaxEntryBytes || HoldsSecret(entry)) return Status::OK();
  int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 && errno == ENOENT) {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
    fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }
  if (fd < 0) return Status::IOError("cannot write the history ", path_, ": ", std::strerror(errno));
  FdSink sink(fd, path_);
  LOTIC_RETURN_NOT_OK(sink.Write(Escaped(entry) + "\n"));
  return sink.Flush();
}

}  // namespace lotic::cli
