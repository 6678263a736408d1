// SPDX-License-Identifier: Apache-2.0
#include "table/data_folder.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "table/files.h"

namespace lotic::table {
namespace {

constexpr size_t kMaxSmallFileBytes = 4096;

// A missing version file is format 1 being made, or no data directory at all.
Result<int> VersionOf(const std::string& folder) {
  LOTIC_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(folder + "/version", kMaxSmallFileBytes));
  int version = 0;
  size_t digits = 0;
  for (; digits < text.size() && digits < 6 && text[digits] >= '0' && text[digits] <= '9'; ++digits) version = version * 10 + (text[digits] - '0');
  if (digits == 0 || text.substr(digits) != "\n") return Status::Invalid(folder, "/version does not hold a format number");
  if (version > DataFolder::kFormatVersion) {
    return Status::Invalid("the data directory ", folder, " has format ", version, ", this program knows up to ", DataFolder::kFormatVersion,
                           ": use a newer one");
  }
  return version;
}

}  // namespace

Result<std::unique_ptr<DataFolder>> DataFolder::Own(const std::string& folder) {
  LOTIC_RETURN_NOT_OK(MakeFolder(folder));
  const std::string path = folder + "/LOCK";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return FileFailure("open", path, errno);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    char pid[32] = {};
    const ssize_t got = ::pread(fd, pid, sizeof pid - 1, 0);
    ::close(fd);
    if (error != EWOULDBLOCK) return FileFailure("lock", path, error);
    std::string owner(pid, got > 0 ? static_cast<size_t>(got) : 0);
    while (!owner.empty() && (owner.back() == '\n' || owner.back() == '\0')) owner.pop_back();
    return Status::Invalid("the data directory ", folder, " is in use by ", owner.empty() ? "another process" : "process " + owner,
                           ": it has one owner at a time; read it beside that one, or stop it first");
  }
  std::unique_ptr<DataFolder> owned(new DataFolder(folder, fd));
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) return FileFailure("write", path, errno);
  const Result<int> version = VersionOf(folder);
  if (!version.ok()) {
    if (version.status().code() != StatusCode::kNotFound) return version.status();
    LOTIC_RETURN_NOT_OK(ReplaceFile(folder + "/version", std::to_string(kFormatVersion) + "\n"));
  }
  LOTIC_RETURN_NOT_OK(MakeFolder(owned->tables_folder()));
  return owned;
}

DataFolder::~DataFolder() { ::close(lock_); }

Status DataFolder::Check(const std::string& folder) {
  const Result<int> version = VersionOf(folder);
  if (!version.ok() && version.status().code() == StatusCode::kNotFound) return Status::NotFound("no data directory of Lotic at ", folder);
  return version.status();
}

}  // namespace lotic::table
