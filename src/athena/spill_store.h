// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "athena/lambda_function.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::athena {

/// Where blocks go that do not fit into an answer. Any thread.
class SpillStore {
 public:
  virtual ~SpillStore() = default;
  /// May we write to this bucket? Errors: NotFound (there is none), Unauthorized (refused), others (could not be found out).
  virtual Status CheckBucket(const CallContext& ctx, const std::string& bucket) = 0;
  /// Writes an object whole, or not at all; when this returns, it can be read. Errors: Invalid (the names), Throttled, Unauthorized, IOError.
  virtual Status Put(const CallContext& ctx, const std::string& bucket, const std::string& key, std::string_view body) = 0;
  /// Errors: NotFound, CapacityError (longer than kMaxSpillObjectBytes), as Put.
  virtual Result<std::string> Get(const CallContext& ctx, const std::string& bucket, const std::string& key) = 0;
  /// An object that nobody will read. A store may leave it to its own clean-up. Errors: as Put.
  virtual Status Abandon(const CallContext& ctx, const std::string& bucket, const std::string& key) = 0;
};

inline constexpr int64_t kMaxSpillObjectBytes = int64_t{1} << 30;

/// A bucket that is a directory of this machine: "file:///absolute/path". Anything else is a bucket of S3.
inline constexpr std::string_view kDirectoryBucket = "file://";

/// The directory store. Only `root` ("file:///path") may be used as a bucket: a request that names another one is refused, so that what an
/// invocation says never decides where this machine is written to. An object is a file under the root by its key, made with its folders, complete or not
/// there at all, and never replaced: a second Put of a key is an error. Abandoned objects are removed. Errors: Invalid (no absolute path).
Result<std::shared_ptr<SpillStore>> MakeDirectorySpillStore(const std::string& root);

/// S3, or what speaks its HTTP (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL); region, keys and the rest as AWS's SDKs find them in `environment`. `headers` go
/// with every Put. Abandoned objects stay, as the original leaves them: the role of a connector may write and read, not delete; a life-cycle rule of the
/// bucket removes them. Opening it does not touch the network. Errors: Invalid, Unauthorized (no credentials), NotImplemented.
Result<std::shared_ptr<SpillStore>> MakeS3SpillStore(const Environment& environment, std::vector<std::pair<std::string, std::string>> headers);

}  // namespace lotic::athena
