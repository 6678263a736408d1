// SPDX-License-Identifier: Apache-2.0
#include "aws/s3_client.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "aws/ascii.h"
#include "aws/service_clock.h"
#include "aws/sigv4.h"

namespace lotic::aws {
namespace {

// Set by the client, the signer or libcurl; a caller's own would break the request or its signature.
constexpr std::string_view kOwnHeaders[] = {"authorization",        "connection", "content-length",      "expect", "host", "transfer-encoding",
                                            "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"};

constexpr int64_t kMaxAnswerBytes = int64_t{1} << 20;  // of answers that are no object

Status CheckBucket(std::string_view bucket) {
  const bool good = bucket.size() >= 3 && bucket.size() <= 255 && bucket != "..." && std::all_of(bucket.begin(), bucket.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
                    });
  if (good) return Status::OK();
  return Status::Invalid("'", bucket, "' is not the name of an S3 bucket: 3 to 255 letters, digits, '.', '-' or '_'");
}

Status CheckKey(std::string_view bucket, std::string_view key) {
  if (key.empty() || key.size() > 1024) {
    return Status::Invalid("an S3 key in bucket ", bucket, " has 1 to 1024 bytes, not ", key.size());
  }
  return Status::OK();
}

// May the bucket be a label of a host name that a certificate for *.s3.region.amazonaws.com covers?
bool FitsHostName(std::string_view bucket) {
  return bucket.size() <= 63 && bucket.front() != '-' && bucket.back() != '-' &&
         std::all_of(bucket.begin(), bucket.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

// Where one object (or, with an empty key, a bucket) lies.
struct Place {
  std::string host_header;
  std::string url;   // without path
  std::string path;  // encoded
};

}  // namespace

struct S3Client::Impl {
  Impl(Session given_session, S3ClientOptions given_options, ServiceEndpoint found)
      : session(std::move(given_session)),
        options(std::move(given_options)),
        endpoint(std::move(found)),
        region(SigningRegion(endpoint, session)),
        clock(*session.clock) {}

  const Session session;
  const S3ClientOptions options;
  const ServiceEndpoint endpoint;
  const std::string region;
  ServiceClock clock;

  bool UsesPathStyle(std::string_view bucket) const {
    if (options.path_style) return *options.path_style;
    return endpoint.overridden || endpoint.is_address() || !FitsHostName(bucket);
  }

  Place Locate(const std::string& bucket, std::string_view key) const {
    ServiceEndpoint at = endpoint;
    std::string path = endpoint.path;
    if (UsesPathStyle(bucket)) {
      path += "/" + bucket;
    } else {
      at.host = bucket + "." + at.host;
    }
    if (!key.empty()) path += "/" + UriEncode(key, /*keep_slash=*/true);
    at.path.clear();
    return {at.HostHeader(), at.Url(), path.empty() ? "/" : path};
  }

  SigningScope scope() const { return {region, "s3", /*s3_rules=*/true}; }

  // One request until it is answered with one of the good statuses.
  Result<HttpResponse> Call(const CallContext& ctx, std::string_view operation, const std::string& method, const std::string& bucket, const std::string& key,
                            std::span<const uint8_t> body, std::vector<HttpHeader> headers, int64_t max_response_bytes);
};

Result<HttpResponse> S3Client::Impl::Call(const CallContext& ctx, std::string_view operation, const std::string& method, const std::string& bucket,
                                          const std::string& key, std::span<const uint8_t> body, std::vector<HttpHeader> headers, int64_t max_response_bytes) {
  LOTIC_RETURN_NOT_OK(CheckBucket(bucket));
  const std::string subject = "s3://" + bucket + (key.empty() ? "" : "/" + key);
  const std::string doing = "s3 " + std::string(operation) + " " + subject;
  const Place place = Locate(bucket, key);
  SigningRequest signing;
  signing.method = method;
  signing.host = place.host_header;
  signing.path = place.path;
  signing.headers = std::move(headers);
  signing.body = body;
  signing.unsigned_payload = options.unsigned_payload && endpoint.scheme == "https";

  bool corrected = false;
  const auto attempt = [&](const auto& attempt_again) -> Result<HttpResponse> {
    LOTIC_ASSIGN_OR_RETURN(const Credentials credentials, session.credentials->Get(ctx));
    LOTIC_ASSIGN_OR_RETURN(std::vector<HttpHeader> signature, SignRequest(signing, scope(), credentials, clock.NowMs()));
    const int64_t sent_ms = clock.OwnMs();
    HttpRequest request;
    request.method = method;
    request.url = place.url + place.path;
    request.headers = signing.headers;
    request.headers.insert(request.headers.end(), std::make_move_iterator(signature.begin()), std::make_move_iterator(signature.end()));
    request.body = body;
    request.max_response_bytes = std::max(max_response_bytes, kMaxAnswerBytes);  // a refusal needs room too
    Result<HttpResponse> response = session.http->Send(ctx, request);
    if (!response.ok()) return response.status().WithMessage(doing, ": ", response.status().message());
    const bool good = response->status == 200 || response->status == 204 || response->status == 206;
    if (!good) {
      Status failure = S3ServiceError(operation, subject, region, *response, credentials);
      // Once, at once, beside the policy's attempts: our clock is put right.
      if (corrected || AwsError::From(failure)->kind != AwsErrorKind::kClockSkew || !clock.Learn(*response, sent_ms)) return failure;
      corrected = true;
      return attempt_again(attempt_again);
    }
    if (static_cast<int64_t>(response->body.size()) > max_response_bytes) {
      return Status::CapacityError(doing, ": the object has ", response->body.size(), " bytes, more than the ", max_response_bytes, " that may be read");
    }
    return response;
  };
  return Retry(ctx, options.retry, *session.retry_clock, doing, [&] { return attempt(attempt); });
}

S3Client::S3Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
S3Client::~S3Client() = default;

Result<std::unique_ptr<S3Client>> S3Client::Create(Session session, S3ClientOptions options) {
  LOTIC_RETURN_NOT_OK(options.retry.Validate());
  LOTIC_CHECK(session.http != nullptr && session.credentials != nullptr);
  LOTIC_ASSIGN_OR_RETURN(ServiceEndpoint endpoint, FindEndpoint({"S3", "s3"}, options.endpoint, session));
  auto impl = std::make_unique<Impl>(std::move(session), std::move(options), std::move(endpoint));
  return std::unique_ptr<S3Client>(new S3Client(std::move(impl)));
}

const ServiceEndpoint& S3Client::endpoint() const { return impl_->endpoint; }
const std::string& S3Client::region() const { return impl_->region; }

Status S3Client::PutObject(const CallContext& ctx, const std::string& bucket, const std::string& key, std::span<const uint8_t> body,
                           std::span<const HttpHeader> headers) {
  LOTIC_RETURN_NOT_OK(CheckKey(bucket, key));
  if (static_cast<int64_t>(body.size()) > kMaxPutBytes) {
    return Status::CapacityError("s3 PutObject s3://", bucket, "/", key, ": ", body.size(), " bytes are more than the ", kMaxPutBytes, " of one PutObject");
  }
  for (const HttpHeader& header : headers) {
    if (std::find(std::begin(kOwnHeaders), std::end(kOwnHeaders), AsciiLower(header.name)) != std::end(kOwnHeaders)) {
      return Status::Invalid("s3 PutObject s3://", bucket, "/", key, ": the header '", header.name, "' is set by the client itself");
    }
  }
  return impl_->Call(ctx, "PutObject", "PUT", bucket, key, body, {headers.begin(), headers.end()}, kMaxAnswerBytes).status();
}

Result<S3Object> S3Client::GetObject(const CallContext& ctx, const std::string& bucket, const std::string& key, const S3GetOptions& options) {
  LOTIC_RETURN_NOT_OK(CheckKey(bucket, key));
  std::vector<HttpHeader> headers;
  if (options.range) {
    const auto [first, last] = *options.range;
    if (first < 0 || last <= first) {
      return Status::Invalid("s3 GetObject s3://", bucket, "/", key, ": the range [", first, ", ", last, ") is empty or negative");
    }
    headers.push_back({"Range", "bytes=" + std::to_string(first) + "-" + std::to_string(last - 1)});
  }
  LOTIC_ASSIGN_OR_RETURN(HttpResponse response, impl_->Call(ctx, "GetObject", "GET", bucket, key, {}, std::move(headers), options.max_bytes));
  if (options.range && response.status != 206) {
    return Status::IOError("s3 GetObject s3://", bucket, "/", key, ": a range was asked for and HTTP ", response.status, " brought something else");
  }
  S3Object object;
  object.content_type = std::string(response.Header("Content-Type").value_or(""));
  object.etag = std::string(response.Header("ETag").value_or(""));
  object.body = std::move(response.body);
  object.headers = std::move(response.headers);
  return object;
}

Status S3Client::HeadBucket(const CallContext& ctx, const std::string& bucket) {
  return impl_->Call(ctx, "HeadBucket", "HEAD", bucket, "", {}, {}, 0).status();
}

Status S3Client::DeleteObject(const CallContext& ctx, const std::string& bucket, const std::string& key) {
  LOTIC_RETURN_NOT_OK(CheckKey(bucket, key));
  return impl_->Call(ctx, "DeleteObject", "DELETE", bucket, key, {}, {}, kMaxAnswerBytes).status();
}

Result<std::string> S3Client::Presign(const CallContext& ctx, const std::string& method, const std::string& bucket, const std::string& key,
                                      std::chrono::seconds expires) {
  LOTIC_RETURN_NOT_OK(CheckBucket(bucket));
  LOTIC_RETURN_NOT_OK(CheckKey(bucket, key));
  constexpr std::string_view kMethods[] = {"GET", "PUT", "DELETE", "HEAD"};
  if (std::find(std::begin(kMethods), std::end(kMethods), method) == std::end(kMethods)) {
    return Status::Invalid("presigning s3://", bucket, "/", key, ": the method is GET, PUT, DELETE or HEAD, not '", method, "'");
  }
  LOTIC_ASSIGN_OR_RETURN(const Credentials credentials, impl_->session.credentials->Get(ctx));
  const Place place = impl_->Locate(bucket, key);
  SigningRequest signing;
  signing.method = method;
  signing.host = place.host_header;
  signing.path = place.path;
  return PresignUrl(impl_->endpoint.scheme, signing, impl_->scope(), credentials, impl_->clock.NowMs(), expires);
}

}  // namespace lotic::aws
