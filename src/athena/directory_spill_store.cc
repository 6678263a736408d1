// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "athena/spill_store.h"

namespace lotic::athena {
namespace {

Status SystemError(const char* doing, const std::string& path) {
  const int number = errno;
  const std::string what = std::string(doing) + " " + path + ": " + std::strerror(number);
  if (number == ENOENT) return Status::NotFound(what);
  if (number == EACCES || number == EPERM || number == EROFS) return Status::Unauthorized(what);
  return Status::IOError(what);
}

// Closes on every way out.
struct File {
  explicit File(int fd) : fd(fd) {}
  ~File() {
    if (fd >= 0) ::close(fd);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const int fd;
};

class DirectoryStore final : public SpillStore {
 public:
  explicit DirectoryStore(std::string root) : bucket_(std::string(kDirectoryBucket) + root), root_(std::move(root)) {}

  Status CheckBucket(const CallContext&, const std::string& bucket) override {
    LOTIC_RETURN_NOT_OK(CheckName(bucket));
    struct stat found {};
    if (::stat(root_.c_str(), &found) != 0) return SystemError("looking at the spill directory", root_);
    if (!S_ISDIR(found.st_mode)) return Status::NotFound("spill directory ", root_, ": not a directory");
    if (::access(root_.c_str(), W_OK | X_OK) != 0) return SystemError("writing to the spill directory", root_);
    return Status::OK();
  }

  Status Put(const CallContext& ctx, const std::string& bucket, const std::string& key, std::string_view body) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("writing a spill object"));
    LOTIC_ASSIGN_OR_RETURN(const std::string path, PathOf(bucket, key));
    std::error_code made;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), made);
    if (made) return Status::IOError("making the folder of ", path, ": ", made.message());
    // A file of this call alone; a link makes it visible at once, and fails where something is.
    std::string part = path + ".XXXXXX";
    {
      const File file(::mkostemp(part.data(), O_CLOEXEC));
      if (file.fd < 0) return SystemError("writing", part);
      for (size_t at = 0; at < body.size();) {
        const ssize_t wrote = ::write(file.fd, body.data() + at, body.size() - at);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) {
          const Status failed = SystemError("writing", part);
          ::unlink(part.c_str());
          return failed;
        }
        at += static_cast<size_t>(wrote);
      }
    }
    const int linked = ::link(part.c_str(), path.c_str());
    const Status outcome = linked == 0       ? Status::OK()
                           : errno == EEXIST ? Status::Invalid("spill object ", path, " exists: two splits, or two readings of one, write to the same place")
                                             : SystemError("publishing", path);
    ::unlink(part.c_str());
    return outcome;
  }

  Result<std::string> Get(const CallContext& ctx, const std::string& bucket, const std::string& key) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("reading a spill object"));
    LOTIC_ASSIGN_OR_RETURN(const std::string path, PathOf(bucket, key));
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.fd < 0) return SystemError("reading", path);
    struct stat found {};
    if (::fstat(file.fd, &found) != 0) return SystemError("reading", path);
    if (found.st_size > kMaxSpillObjectBytes)
      return Status::CapacityError("spill object ", path, " has ", found.st_size, " bytes; at most ", kMaxSpillObjectBytes);
    std::string body(static_cast<size_t>(found.st_size), '\0');
    for (size_t at = 0; at < body.size();) {
      const ssize_t got = ::read(file.fd, body.data() + at, body.size() - at);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return SystemError("reading", path);
      if (got == 0) return Status::DataLoss("spill object ", path, " ended at ", at, " of ", body.size(), " bytes");
      at += static_cast<size_t>(got);
    }
    return body;
  }

  Status Abandon(const CallContext&, const std::string& bucket, const std::string& key) override {
    LOTIC_ASSIGN_OR_RETURN(const std::string path, PathOf(bucket, key));
    return ::unlink(path.c_str()) == 0 || errno == ENOENT ? Status::OK() : SystemError("removing", path);
  }

 private:
  Status CheckName(const std::string& bucket) const {
    if (bucket == bucket_ || bucket == bucket_ + "/") return Status::OK();
    return Status::Unauthorized("spill bucket '", bucket.substr(0, 200), "': only ", bucket_,
                                " may be written to; spill_bucket of the function's environment says so");
  }

  Result<std::string> PathOf(const std::string& bucket, const std::string& key) const {
    LOTIC_RETURN_NOT_OK(CheckName(bucket));
    bool fits = !key.empty() && key.size() <= 1024 && key.find('\0') == std::string::npos;
    for (size_t at = 0; fits && at <= key.size();) {  // no part of the key leads upwards
      const size_t slash = std::min(key.find('/', at), key.size());
      const std::string_view part = std::string_view(key).substr(at, slash - at);
      fits = part != ".." && part != "." && !part.empty();
      at = slash + 1;
    }
    if (!fits) return Status::Invalid("spill object '", key.substr(0, 200), "': not a key that a directory can hold");
    return root_ + "/" + key;
  }

  const std::string bucket_;
  const std::string root_;
};

}  // namespace

Result<std::shared_ptr<SpillStore>> MakeDirectorySpillStore(const std::string& root) {
  if (!root.starts_with(kDirectoryBucket) || root.size() <= kDirectoryBucket.size() + 1 || root[kDirectoryBucket.size()] != '/') {
    return Status::Invalid("spill_bucket = '", root.substr(0, 200), "': expected file:///absolute/directory");
  }
  std::string path = root.substr(kDirectoryBucket.size());
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return std::shared_ptr<SpillStore>(std::make_shared<DirectoryStore>(std::move(path)));
}

}  // namespace lotic::athena
