// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/credentials.h"
#include "aws/http_client.h"
#include "lotic/status.h"

namespace lotic::aws {

/// For whom a signature is good, and by which of the two sets of rules.
struct SigningScope {
  std::string region;
  std::string service;  ///< the signing name: "kinesis", "s3", "timestream"
  /// S3's rules: the path is taken as it is (no normalisation, encoded once) and the payload's hash is a header of its own.
  bool s3_rules = false;
  /// False: the session token is added after signing, as a few services want it.
  bool sign_session_token = true;
};

/// What is signed: exactly what will be sent.
struct SigningRequest {
  std::string method = "GET";
  std::string host;                 ///< as the Host header has it: with the port where it is not the scheme's own
  std::string path;                 ///< from "/" on; percent-encoded as sent (vectors of the suite may hold raw bytes); "" is "/"
  std::string query;                ///< without '?', as sent
  std::vector<HttpHeader> headers;  ///< all are signed, except those a proxy may change (User-Agent, Connection, Expect, ...)
  std::span<const uint8_t> body;
  bool unsigned_payload = false;  ///< UNSIGNED-PAYLOAD instead of the body's hash: S3 over TLS only
};

/// SHA-256 in lower-case hexadecimal.
std::string Sha256Hex(std::span<const uint8_t> data);
std::string Sha256Hex(std::string_view text);

/// Percent-encodes all but A-Z a-z 0-9 - . _ ~ and, if told so, '/'. Hexadecimal digits are upper case.
std::string UriEncode(std::string_view text, bool keep_slash);

/// "20150830T123600Z".
std::string FormatSigningTime(int64_t now_ms);

/// The steps of a header signature as AWS's documentation names them.
struct SigningSteps {
  std::string canonical_request;
  std::string string_to_sign;
  std::string signed_headers;  ///< "host;x-amz-date"
  std::string signature;       ///< 64 hexadecimal digits
};

/// Signs by Signature Version 4 (AWS General Reference, "Signature Version 4 signing process"). Stateless; any thread.
/// @param now_ms  the service's time, milliseconds since 1970; more than five minutes off, a service refuses it.
/// @return        the headers to send beside those of `request`: X-Amz-Date, Authorization, and where they apply
///                X-Amz-Security-Token and X-Amz-Content-Sha256.
/// Errors: Invalid (a header of these names is in `request` already; a line break in a name; credentials without a key).
Result<std::vector<HttpHeader>> SignRequest(const SigningRequest& request, const SigningScope& scope, const Credentials& credentials, int64_t now_ms);

/// The steps behind SignRequest, for tests and for explaining a refusal. No secret is in them except a session token.
Result<SigningSteps> ExplainSignature(const SigningRequest& request, const SigningScope& scope, const Credentials& credentials, int64_t now_ms);

inline constexpr std::chrono::seconds kMaxPresignedLife{7 * 24 * 3600};  ///< the service's limit

/// A URL that carries its signature in the query. Only the Host header and `request.headers` are signed, so whoever uses it sends
/// those too. The payload is signed except with S3's rules.
/// @param scheme   "https" or "http".
/// @param expires  1 s .. kMaxPresignedLife; outside: Invalid.
Result<std::string> PresignUrl(std::string_view scheme, const SigningRequest& request, const SigningScope& scope, const Credentials& credentials,
                               int64_t now_ms, std::chrono::seconds expires);

}  // namespace lotic::aws
