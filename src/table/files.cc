// SPDX-License-Identifier: Apache-2.0
#include "table/files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "table/fault_point.h"

namespace lotic::table {
namespace {

std::string Words(int error) {
  std::array<char, 128> buffer{};
  return ::strerror_r(error, buffer.data(), buffer.size());
}

// The call's own result unless a test wants it to fail.
template <typename Call>
int Checked(std::string_view point, Call&& call) {
  if (const int error = FaultPoint(point); error != 0) {
    errno = error;
    return -1;
  }
  int result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

constexpr size_t kMaxParts = IOV_MAX;

}  // namespace

std::string FileError::ToString() const { return Words(error); }

bool FileError::IsDiskFull(const Status& status) {
  const auto* detail = dynamic_cast<const FileError*>(status.detail().get());
  return detail != nullptr && (detail->error == ENOSPC || detail->error == EDQUOT);
}

Status FileFailure(std::string_view what, const std::string& path, int error) {
  const std::string message = "cannot " + std::string(what) + " " + path + ": " + Words(error);
  return Status(error == ENOENT ? StatusCode::kNotFound : StatusCode::kIOError, message, std::make_shared<FileError>(error));
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<File> File::Open(const std::string& path, int flags) {
  const int fd = Checked("file.open", [&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0600); });
  if (fd < 0) return FileFailure((flags & O_CREAT) != 0 ? "create" : "open", path, errno);
  return File(path, fd);
}

Result<int64_t> File::Size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return FileFailure("look at", path_, errno);
  return static_cast<int64_t>(info.st_size);
}

Status File::WriteAt(int64_t offset, std::span<const iovec> parts) const {
  size_t total = 0;
  for (const iovec& part : parts) total += part.iov_len;
  const auto failure = [&](int error) { return FileFailure("write " + std::to_string(total) + " bytes at " + std::to_string(offset) + " of", path_, error); };
  if (const int error = FaultPoint("file.write"); error != 0) {
    // As a full disk does it: some of the bytes are there.
    if (!parts.empty()) (void)!::pwrite(fd_, parts[0].iov_base, parts[0].iov_len / 2, offset);
    return failure(error);
  }
  int64_t at = offset;
  while (!parts.empty()) {
    const size_t count = std::min(parts.size(), kMaxParts);
    const ssize_t written = ::pwritev(fd_, parts.data(), static_cast<int>(count), at);
    if (written < 0) {
      if (errno == EINTR) continue;
      return failure(errno);
    }
    if (written == 0 && total != 0) return failure(EIO);
    at += written;
    size_t left = static_cast<size_t>(written), whole = 0;
    while (whole < parts.size() && left >= parts[whole].iov_len) left -= parts[whole++].iov_len;
    parts = parts.subspan(whole);
    if (left != 0) {
      std::vector<iovec> rest(parts.begin(), parts.end());
      rest[0].iov_base = static_cast<char*>(rest[0].iov_base) + left;
      rest[0].iov_len -= left;
      return WriteAt(at, rest);
    }
  }
  return Status::OK();
}

Status File::WriteAt(int64_t offset, std::string_view bytes) const {
  const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  return WriteAt(offset, std::span(&part, 1));
}

Status File::ReadAt(int64_t offset, void* to, size_t size) const {
  if (const int error = FaultPoint("file.read"); error != 0) return FileFailure("read", path_, error);
  char* out = static_cast<char*>(to);
  while (size != 0) {
    const ssize_t got = ::pread(fd_, out, size, offset);
    if (got < 0) {
      if (errno == EINTR) continue;
      return FileFailure("read", path_, errno);
    }
    if (got == 0) return Status::DataLoss(path_, " ends at byte ", offset, ", ", size, " more were expected");
    out += got;
    offset += got;
    size -= static_cast<size_t>(got);
  }
  return Status::OK();
}

Status File::Truncate(int64_t size) const {
  if (Checked("file.truncate", [&] { return ::ftruncate(fd_, size); }) != 0) return FileFailure("cut", path_, errno);
  return Status::OK();
}

Status File::Sync() const {
  if (Checked("file.sync", [&] { return ::fdatasync(fd_); }) != 0) return FileFailure("sync", path_, errno);
  return Status::OK();
}

Result<std::string> ReadWholeFile(const std::string& path, size_t max_bytes) {
  LOTIC_ASSIGN_OR_RETURN(const File file, File::Open(path, O_RDONLY));
  LOTIC_ASSIGN_OR_RETURN(const int64_t size, file.Size());
  if (static_cast<uint64_t>(size) > max_bytes) return Status::CapacityError(path, " has ", size, " bytes, more than ", max_bytes);
  std::string text(static_cast<size_t>(size), '\0');
  LOTIC_RETURN_NOT_OK(file.ReadAt(0, text.data(), text.size()));
  return text;
}

namespace {

Status Replace(const std::string& path, std::string_view text, bool durable) {
  const std::string temporary = path + ".tmp";
  const auto write = [&]() -> Status {
    LOTIC_ASSIGN_OR_RETURN(const File file, File::Open(temporary, O_WRONLY | O_CREAT | O_TRUNC));
    LOTIC_RETURN_NOT_OK(file.WriteAt(0, text));
    return durable ? file.Sync() : Status::OK();
  };
  Status status = write();
  if (status.ok() && durable) {
    status = RenameFile(temporary, path);
  } else if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = FileFailure("rename to", path, errno);
  }
  if (!status.ok()) ::unlink(temporary.c_str());
  return status;
}

}  // namespace

Status ReplaceFile(const std::string& path, std::string_view text) { return Replace(path, text, true); }
Status ReplaceFileUnsynced(const std::string& path, std::string_view text) { return Replace(path, text, false); }

Status MakeFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0) {
    const int error = errno;
    struct stat info {};
    if (error == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return Status::OK();
    return FileFailure("make the folder", path, error);
  }
  return SyncFolder(FolderOf(path));
}

Status SyncFolder(const std::string& path) {
  LOTIC_ASSIGN_OR_RETURN(const File folder, File::Open(path, O_RDONLY | O_DIRECTORY));
  if (Checked("folder.sync", [&] { return ::fsync(folder.fd()); }) != 0) return FileFailure("sync the folder", path, errno);
  return Status::OK();
}

Status RenameFile(const std::string& from, const std::string& to) {
  if (Checked("file.rename", [&] { return ::rename(from.c_str(), to.c_str()); }) != 0) return FileFailure("rename to " + to + " the file", from, errno);
  return SyncFolder(FolderOf(to));
}

Status RemoveFile(const std::string& path) {
  if (Checked("file.remove", [&] { return ::unlink(path.c_str()); }) != 0 && errno != ENOENT) return FileFailure("remove", path, errno);
  return Status::OK();
}

Status RemoveFolder(const std::string& path) {
  Result<std::vector<std::string>> names = ListFolder(path);
  if (!names.ok()) return names.status().code() == StatusCode::kNotFound ? Status::OK() : names.status();
  for (const std::string& name : *names) {
    const std::string inner = path + "/" + name;
    struct stat info {};
    if (::lstat(inner.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
      LOTIC_RETURN_NOT_OK(RemoveFolder(inner));
    } else {
      LOTIC_RETURN_NOT_OK(RemoveFile(inner));
    }
  }
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return FileFailure("remove the folder", path, errno);
  return Status::OK();
}

Result<std::vector<std::string>> ListFolder(const std::string& path) {
  DIR* folder = ::opendir(path.c_str());
  if (folder == nullptr) return FileFailure("list", path, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int error = errno;
  ::closedir(folder);
  if (error != 0) return FileFailure("list", path, error);
  std::sort(names.begin(), names.end());
  return names;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<FileSum> SumFile(const std::string& path) {
  LOTIC_ASSIGN_OR_RETURN(const File file, File::Open(path, O_RDONLY));
  LOTIC_ASSIGN_OR_RETURN(const int64_t size, file.Size());
  constexpr int64_t kChunk = int64_t{1} << 20;
  std::vector<uint8_t> chunk(static_cast<size_t>(std::min(size, kChunk)));
  FileSum sum;
  while (sum.bytes < size) {
    const size_t count = static_cast<size_t>(std::min(size - sum.bytes, kChunk));
    LOTIC_RETURN_NOT_OK(file.ReadAt(sum.bytes, chunk.data(), count));
    sum.crc = Crc32c({chunk.data(), count}, sum.crc);
    sum.bytes += static_cast<int64_t>(count);
  }
  return sum;
}

}  // namespace lotic::table
