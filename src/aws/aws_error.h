// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "aws/credentials.h"
#include "aws/http_client.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::aws {

/// What kind of failure a service's error code is; decides the Status code and whether trying again may help.
enum class AwsErrorKind {
  kInvalid,  ///< the request itself
  kNotFound,
  kUnauthorized,  ///< who asks, or the permission; not retried
  kExpired,       ///< credentials that were good once
  kClockSkew,     ///< our time is too far from the service's
  kThrottled,
  kTransient,  ///< 5xx, time-outs inside the service
  kConflict,   ///< what is there stands against it (ResourceInUse, BucketAlreadyExists)
  kNotBuilt,   ///< an operation that the service, or rather its stand-in, does not have
  kOther,
};

/// Attached to every Status that is a service's own refusal.
struct AwsError final : StatusDetail {
  std::string service;     ///< "kinesis"
  std::string operation;   ///< "GetRecords"
  std::string code;        ///< "ResourceNotFoundException": without namespace, never empty ("HTTP503" where the service gave none)
  std::string message;     ///< the service's text, at most kMaxErrorTextBytes, control characters replaced
  std::string request_id;  ///< "" where none came
  int http_status = 0;
  AwsErrorKind kind = AwsErrorKind::kOther;
  std::chrono::milliseconds retry_after{0};  ///< zero: the service said nothing

  const char* type_id() const override { return "lotic::aws::AwsError"; }
  /// "kinesis GetRecords: ResourceNotFoundException, HTTP 400, request 4f0d…".
  std::string ToString() const override;
  bool retryable() const;

  static const AwsError* From(const Status& status);
};

inline constexpr size_t kMaxErrorTextBytes = 2048;  ///< of a service's text in our messages; the rest is cut off

/// The kind of an error code; `http_status` decides where the code is not known. `message` separates the codes that mean several
/// things (InvalidSignatureException: a wrong key or a wrong clock).
AwsErrorKind ClassifyAwsError(std::string_view code, int http_status, std::string_view message);

/// Reads the error answer of a JSON service (`__type`, x-amzn-errortype, Code; message or Message) or, where a gateway answered
/// in XML, that. Anything else gives the status and the first bytes. Never fails: an error that cannot be read is still one.
/// @param signed_with  a service that refuses a signature may repeat the session token in its text: it is taken out.
Status JsonServiceError(std::string_view service, std::string_view operation, const HttpResponse& response, const Credentials& signed_with);

/// Reads S3's XML error answer; a HEAD answer has none, and its status speaks.
/// @param subject  what was asked for, "s3://bucket/key", for the message.
/// @param region   the one that was signed for: a bucket in another one is Invalid, and the message names both.
Status S3ServiceError(std::string_view operation, std::string_view subject, std::string_view region, const HttpResponse& response,
                      const Credentials& signed_with);

/// May the same request be tried again with hope? Knows AwsError, TransportError and SourceError.
bool IsRetryable(const Status& status);

/// The same failure as connectors hand it on: an IOError, Throttled or Unauthorized whose AwsError or TransportError becomes a
/// SourceError (the message already names service, operation, code and request id). Other statuses are passed through.
Status ToSourceStatus(const Status& status);

}  // namespace lotic::aws
