// SPDX-License-Identifier: Apache-2.0
#include "connector/athena/spill_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include "aws/aws_error.h"
#include "aws/s3_client.h"
#include "lotic/source_error.h"

namespace lotic::athena_source {
namespace {

Status Gone(const std::string& object) {
  return Status::DataLoss("the spilled block ", object, " does not exist: its rows are lost; run the query again");
}

class S3SpillSource final : public SpillSource {
 public:
  explicit S3SpillSource(aws::Session session) : session_(std::move(session)) {}

  Result<std::string> Read(const CallContext& ctx, const athena::SpillLocation& location) override {
    LOTIC_ASSIGN_OR_RETURN(aws::S3Client * client, Client());
    aws::S3GetOptions options;
    options.max_bytes = kMaxSpillObjectBytes;
    Result<aws::S3Object> object = client->GetObject(ctx, location.bucket, location.key, options);
    if (!object.ok()) {
      if (object.status().code() == StatusCode::kNotFound) return Gone("s3://" + location.bucket + "/" + location.key);
      return aws::ToSourceStatus(object.status());
    }
    return std::move(object->body);
  }

 private:
  Result<aws::S3Client*> Client() {
    const std::lock_guard lock(mutex_);
    if (client_ == nullptr) {
      LOTIC_ASSIGN_OR_RETURN(client_, aws::S3Client::Create(session_));
    }
    return client_.get();
  }

  const aws::Session session_;
  std::mutex mutex_;  // guards all members below; the client itself is for any thread
  std::unique_ptr<aws::S3Client> client_;
};

struct OpenFile {
  explicit OpenFile(int descriptor) : fd(descriptor) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd >= 0) ::close(fd);
  }
  const int fd;
};

bool StaysInside(const std::string& name) {
  if (name.empty() || name.find('\0') != std::string::npos) return false;
  for (size_t at = 0; at <= name.size();) {
    const size_t slash = std::min(name.find('/', at), name.size());
    const std::string part = name.substr(at, slash - at);
    if (part == ".." || part == ".") return false;
    at = slash + 1;
  }
  return true;
}

class DirectorySpillSource final : public SpillSource {
 public:
  explicit DirectorySpillSource(std::string root) : root_(std::move(root)) {}

  Result<std::string> Read(const CallContext& ctx, const athena::SpillLocation& location) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("reading a spilled block"));
    if (!StaysInside(location.bucket) || !StaysInside(location.key)) {
      return Status::Invalid("the spilled block ", location.bucket, "/", location.key, " would lie outside of ", root_);
    }
    const std::string path = root_ + "/" + location.bucket + "/" + location.key;
    const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat facts {};
    if (file.fd < 0 && errno == ENOENT) return Gone(path);
    if (file.fd < 0 || ::fstat(file.fd, &facts) != 0) return Failed(path, errno);
    if (facts.st_size > kMaxSpillObjectBytes) return Status::CapacityError("the spilled block ", path, " has ", facts.st_size, " bytes; at most ", kMaxSpillObjectBytes, " are read");
    std::string bytes(static_cast<size_t>(facts.st_size), '\0');
    for (size_t at = 0; at < bytes.size();) {
      const ssize_t got = ::read(file.fd, bytes.data() + at, bytes.size() - at);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return Failed(path, errno);
      if (got == 0) return Status::DataLoss("the spilled block ", path, " ends after ", at, " of ", bytes.size(), " bytes");
      at += static_cast<size_t>(got);
    }
    return bytes;
  }

 private:
  static Status Failed(const std::string& path, int error) {
    return Status::IOError("reading the spilled block ", path, ": ", std::strerror(error)).WithDetail(std::make_shared<SourceError>(false));
  }
  const std::string root_;
};

}  // namespace

std::shared_ptr<SpillSource> MakeS3SpillSource(aws::Session session) { return std::make_shared<S3SpillSource>(std::move(session)); }
std::shared_ptr<SpillSource> MakeDirectorySpillSource(std::string root) { return std::make_shared<DirectorySpillSource>(std::move(root)); }

}  // namespace lotic::athena_source
