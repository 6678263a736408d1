// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "aws/aws_error.h"
#include "aws/http_client.h"
#include "aws/retry.h"
#include "aws/session.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::aws {

inline constexpr int64_t kMaxPutBytes = int64_t{5} << 30;  ///< S3's own limit of one PutObject; more is a CapacityError

struct S3ClientOptions {
  std::string endpoint;  ///< a user's own, before AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL; "": the regional one
  /// Path style (http://host/bucket/key). Not set: with an overridden endpoint, and for a bucket whose name has a dot or cannot be
  /// part of a host name; else virtual host (https://bucket.s3.region.amazonaws.com/key).
  std::optional<bool> path_style;
  /// Leave the body out of the signature: saves a hash over it. Only over TLS; over plain HTTP the body is signed nevertheless.
  bool unsigned_payload = false;
  RetryPolicy retry;
};

struct S3GetOptions {
  std::optional<std::pair<int64_t, int64_t>> range;  ///< [first, last) in bytes; last > first >= 0
  int64_t max_bytes = int64_t{64} << 20;             ///< a longer object is a CapacityError
};

struct S3Object {
  std::string body;  ///< capacity() is at least size() + kBodyPadding
  std::string content_type;
  std::string etag;
  std::vector<HttpHeader> headers;
};

/// Objects of S3 or of something that speaks its HTTP API. Any thread.
///
/// Errors of all calls, each naming operation and s3://bucket/key: with AwsError, whose http_status and code say more: NotFound
/// (NoSuchBucket, NoSuchKey, 404), Unauthorized (AccessDenied, 403), Throttled (SlowDown), Invalid (also: the bucket is in another
/// region, which the message names), IOError (5xx); with TransportError when no answer came; CapacityError, Cancelled,
/// DeadlineExceeded. Names: a bucket has 3 to 255 of [A-Za-z0-9.-_], a key 1 to 1024 bytes; else Invalid.
class S3Client {
 public:
  /// Errors: Invalid (endpoint, region, policy).
  static Result<std::unique_ptr<S3Client>> Create(Session session, S3ClientOptions options = {});

  /// Writes the object whole, or not at all. Retried like every call: the same bytes under the same key.
  /// @param headers  sent and signed beside ours, e.g. x-amz-server-side-encryption; those that the client sets itself (Host,
  ///                 Content-Length, Authorization, X-Amz-Date, ...) are Invalid.
  Status PutObject(const CallContext& ctx, const std::string& bucket, const std::string& key, std::span<const uint8_t> body,
                   std::span<const HttpHeader> headers = {});

  Result<S3Object> GetObject(const CallContext& ctx, const std::string& bucket, const std::string& key, const S3GetOptions& options = {});

  /// OK: the bucket exists and we may use it. NotFound, Unauthorized and the rest as above; AwsError::http_status tells a refusal
  /// (403, 404) from a failing service, and its absence a failure on our side.
  Status HeadBucket(const CallContext& ctx, const std::string& bucket);

  /// OK also when there was no such object, as S3 answers.
  Status DeleteObject(const CallContext& ctx, const std::string& bucket, const std::string& key);

  /// A URL with which anybody may do `method` (GET, PUT, DELETE, HEAD) for `expires`.
  Result<std::string> Presign(const CallContext& ctx, const std::string& method, const std::string& bucket, const std::string& key,
                              std::chrono::seconds expires);

  const ServiceEndpoint& endpoint() const;
  const std::string& region() const;

  ~S3Client();

 private:
  struct Impl;
  explicit S3Client(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace lotic::aws
