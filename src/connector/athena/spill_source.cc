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

constexpr std::string_view kDirectoryScheme = "file://";

Status Gone(const std::string& object) { return Status::DataLoss("the spilled block ", object, " does not exist: its rows are lost; run the query again"); }

class S3Objects {
 public:
  explicit S3Objects(std::function<Result<aws::Session>()> session) : session_(std::move(session)) {}

  Result<std::string> Read(const CallContext& ctx, const athena::SpillLocation& location) {
    LOTIC_ASSIGN_OR_RETURN(aws::S3Client * client, Client(location));
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
  Result<aws::S3Client*> Client(const athena::SpillLocation& location) {
    const std::lock_guard lock(mutex_);
    if (client_ == nullptr) {
      if (session_ == nullptr) return Status::Invalid("the answer is spilled to s3://", location.bucket, ", and no access to S3 is configured");
      LOTIC_ASSIGN_OR_RETURN(aws::Session session, session_());
      LOTIC_ASSIGN_OR_RETURN(client_, aws::S3Client::Create(std::move(session)));
    }
    return client_.get();
  }

  const std::function<Result<aws::Session>()> session_;
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

Status ReadFailed(const std::string& path, int error) {
  return Status::IOError("reading the spilled block ", path, ": ", std::strerror(error)).WithDetail(std::make_shared<SourceError>(false));
}

Result<std::string> ReadObjectFile(const std::string& path) {
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat facts {};
  if (file.fd < 0 && errno == ENOENT) return Gone(path);
  if (file.fd < 0 || ::fstat(file.fd, &facts) != 0) return ReadFailed(path, errno);
  if (!S_ISREG(facts.st_mode)) return Status::Invalid("the spilled block ", path, " is not a file");
  if (facts.st_size > kMaxSpillObjectBytes)
    return Status::CapacityError("the spilled block ", path, " has ", facts.st_size, " bytes; at most ", kMaxSpillObjectBytes, " are read");
  std::string bytes(static_cast<size_t>(facts.st_size), '\0');
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t got = ::read(file.fd, bytes.data() + at, bytes.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ReadFailed(path, errno);
    if (got == 0) return Status::DataLoss("the spilled block ", path, " ends after ", at, " of ", bytes.size(), " bytes");
    at += static_cast<size_t>(got);
  }
  return bytes;
}

class SpilledObjects final : public SpillSource {
 public:
  SpilledObjects(std::function<Result<aws::Session>()> session, bool this_machine) : s3_(std::move(session)), this_machine_(this_machine) {}

  Result<std::string> Read(const CallContext& ctx, const athena::SpillLocation& location) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("reading a spilled block"));
    if (!location.bucket.starts_with(kDirectoryScheme)) return s3_.Read(ctx, location);
    if (!this_machine_) {
      return Status::Invalid("the answer is spilled to the directory ", location.bucket, ", but the function runs on another machine: let it spill to S3");
    }
    const std::string directory = location.bucket.substr(kDirectoryScheme.size());
    if (!directory.starts_with("/") || !StaysInside(location.key)) {
      return Status::Invalid("the spilled block ", location.bucket, "/", location.key, " lies in no directory");
    }
    return ReadObjectFile(directory + "/" + location.key);
  }

 private:
  S3Objects s3_;
  const bool this_machine_;
};

}  // namespace

std::shared_ptr<SpillSource> MakeSpillSource(std::function<Result<aws::Session>()> session, bool this_machine) {
  return std::make_shared<SpilledObjects>(std::move(session), this_machine);
}

}  // namespace lotic::athena_source
