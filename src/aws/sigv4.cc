// SPDX-License-Identifier: Apache-2.0
#include "aws/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <map>
#include <utility>

#include "aws/ascii.h"

namespace lotic::aws {
namespace {

using Digest = std::array<uint8_t, 32>;

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

// What proxies, or libcurl, may set or change on the way.
constexpr std::string_view kNeverSigned[] = {"connection", "expect", "te", "transfer-encoding", "user-agent", "x-amzn-trace-id"};
// What the signer itself sets.
constexpr std::string_view kOwn[] = {"authorization", "x-amz-date", "x-amz-security-token"};

std::string Hex(std::span<const uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::span<const uint8_t> Bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

Digest Hmac(std::span<const uint8_t> key, std::string_view text) {
  Digest out;
  unsigned size = 0;
  LOTIC_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const uint8_t*>(text.data()), text.size(), out.data(), &size) !=
              nullptr);
  LOTIC_CHECK(size == out.size());
  return out;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Undoes percent-encoding; a '%' that begins none stands for itself.
std::string UriDecode(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexValue(text[i + 1]) >= 0 && HexValue(text[i + 2]) >= 0) {
      plain.push_back(static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2])));
      i += 2;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

// RFC 3986's dot segments removed, and runs of slashes made one: "/a/./b//../c/" is "/a/c/".
std::string NormalizePath(std::string_view path) {
  std::vector<std::string_view> kept;
  bool ends_open = false;  // the path ends in "/", "/." or "/.."
  for (size_t begin = 0; begin <= path.size();) {
    const size_t slash = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, slash - begin);
    ends_open = segment.empty() || segment == "." || segment == "..";
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!ends_open) {
      kept.push_back(segment);
    }
    begin = slash + 1;
  }
  std::string normal;
  for (const std::string_view segment : kept) normal.append("/").append(segment);
  if (ends_open || normal.empty()) normal.push_back('/');
  return normal;
}

std::string CanonicalPath(std::string_view path, bool s3_rules) {
  if (path.empty()) return "/";
  return s3_rules ? std::string(path) : UriEncode(NormalizePath(path), /*keep_slash=*/true);
}

std::string CanonicalQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view item = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (item.empty()) continue;
    const size_t equals = std::min(item.find('='), item.size());
    const std::string_view value = equals < item.size() ? item.substr(equals + 1) : std::string_view();
    parameters.emplace_back(UriEncode(UriDecode(item.substr(0, equals)), false), UriEncode(UriDecode(value), false));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string canonical;
  for (const auto& [name, value] : parameters) {
    if (!canonical.empty()) canonical.push_back('&');
    canonical.append(name).append("=").append(value);
  }
  return canonical;
}

// Blanks around the value go, runs of them inside become one.
std::string CanonicalValue(std::string_view value) {
  std::string canonical;
  bool gap = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      gap = !canonical.empty();
      continue;
    }
    if (gap) canonical.push_back(' ');
    gap = false;
    canonical.push_back(c);
  }
  return canonical;
}

using HeaderMap = std::map<std::string, std::string>;  // lower-case name -> canonical value; several values joined by ','

void AddTo(HeaderMap& map, std::string_view name, std::string_view value) {
  const auto [entry, is_new] = map.try_emplace(AsciiLower(name), CanonicalValue(value));
  if (!is_new) entry->second.append(",").append(CanonicalValue(value));
}

Status CheckRequest(const SigningRequest& request, const SigningScope& scope, const Credentials& credentials) {
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return Status::Invalid("signing a request for ", scope.service, ": the credentials have no access key id or no secret");
  }
  if (scope.region.empty() || scope.service.empty()) return Status::Invalid("signing a request: no region or no service");
  if (request.host.empty()) return Status::Invalid("signing a request for ", scope.service, ": no host");
  for (const HttpHeader& header : request.headers) {
    const std::string name = AsciiLower(header.name);
    if (name == "host" || std::find(std::begin(kOwn), std::end(kOwn), name) != std::end(kOwn) || (scope.s3_rules && name == "x-amz-content-sha256")) {
      return Status::Invalid("signing a request for ", scope.service, ": the header '", header.name, "' is set by the signer itself");
    }
    if (name.empty() || name.find_first_of("\r\n:\0 ", 0, 5) != std::string::npos) {
      return Status::Invalid("signing a request for ", scope.service, ": '", CanonicalValue(header.name), "' is no header's name");
    }
  }
  return Status::OK();
}

HeaderMap SignableHeaders(const SigningRequest& request) {
  HeaderMap map;
  AddTo(map, "host", request.host);
  for (const HttpHeader& header : request.headers) {
    const std::string name = AsciiLower(header.name);
    if (std::find(std::begin(kNeverSigned), std::end(kNeverSigned), name) == std::end(kNeverSigned)) AddTo(map, name, header.value);
  }
  return map;
}

std::string ScopeText(const SigningScope& scope, std::string_view time) {
  return std::string(time.substr(0, 8)) + "/" + scope.region + "/" + scope.service + "/aws4_request";
}

SigningSteps Steps(const SigningRequest& request, const HeaderMap& headers, std::string_view query, std::string_view payload_hash, const SigningScope& scope,
                   const Credentials& credentials, std::string_view time) {
  SigningSteps steps;
  std::string& canonical = steps.canonical_request;
  canonical.append(request.method).append("\n").append(CanonicalPath(request.path, scope.s3_rules)).append("\n");
  canonical.append(CanonicalQuery(query)).append("\n");
  for (const auto& [name, value] : headers) {
    canonical.append(name).append(":").append(value).append("\n");
    if (!steps.signed_headers.empty()) steps.signed_headers.push_back(';');
    steps.signed_headers.append(name);
  }
  canonical.append("\n").append(steps.signed_headers).append("\n").append(payload_hash);

  steps.string_to_sign.append(kAlgorithm).append("\n").append(time).append("\n").append(ScopeText(scope, time)).append("\n");
  steps.string_to_sign.append(Sha256Hex(canonical));

  std::string first = "AWS4" + credentials.secret_access_key.Reveal();
  Digest key = Hmac(Bytes(first), time.substr(0, 8));
  net::Wipe(first.data(), first.size());
  for (const std::string_view part : {std::string_view(scope.region), std::string_view(scope.service), std::string_view("aws4_request")}) {
    key = Hmac(key, part);
  }
  steps.signature = Hex(Hmac(key, steps.string_to_sign));
  net::Wipe(key.data(), key.size());
  return steps;
}

// A header signature: its steps, and the headers that it adds to the request.
struct HeaderSignature {
  SigningSteps steps;
  std::vector<HttpHeader> added;
};

Result<HeaderSignature> SignHeaders(const SigningRequest& request, const SigningScope& scope, const Credentials& credentials, int64_t now_ms) {
  LOTIC_RETURN_NOT_OK(CheckRequest(request, scope, credentials));
  const std::string time = FormatSigningTime(now_ms);
  const std::string payload = request.unsigned_payload ? std::string(kUnsignedPayload) : Sha256Hex(request.body);
  HeaderSignature signature;
  HeaderMap headers = SignableHeaders(request);
  signature.added.push_back({"X-Amz-Date", time});
  AddTo(headers, "x-amz-date", time);
  if (scope.s3_rules) {
    signature.added.push_back({"X-Amz-Content-Sha256", payload});
    AddTo(headers, "x-amz-content-sha256", payload);
  }
  if (!credentials.session_token.empty()) {
    signature.added.push_back({"X-Amz-Security-Token", credentials.session_token.Reveal()});
    if (scope.sign_session_token) AddTo(headers, "x-amz-security-token", credentials.session_token.Reveal());
  }
  signature.steps = Steps(request, headers, request.query, payload, scope, credentials, time);
  std::string authorization(kAlgorithm);
  authorization.append(" Credential=").append(credentials.access_key_id).append("/").append(ScopeText(scope, time));
  authorization.append(", SignedHeaders=").append(signature.steps.signed_headers);
  authorization.append(", Signature=").append(signature.steps.signature);
  signature.added.push_back({"Authorization", std::move(authorization)});
  return signature;
}

}  // namespace

std::string Sha256Hex(std::span<const uint8_t> data) {
  Digest out;
  unsigned size = 0;
  LOTIC_CHECK(EVP_Digest(data.data(), data.size(), out.data(), &size, EVP_sha256(), nullptr) == 1);
  return Hex(out);
}

std::string Sha256Hex(std::string_view text) { return Sha256Hex(Bytes(text)); }

std::string UriEncode(std::string_view text, bool keep_slash) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~' || (keep_slash && c == '/');
    if (plain) {
      encoded.push_back(c);
    } else {
      encoded.push_back('%');
      encoded.push_back(kDigits[byte >> 4]);
      encoded.push_back(kDigits[byte & 15]);
    }
  }
  return encoded;
}

std::string FormatSigningTime(int64_t now_ms) {
  // Years of four digits, whatever a broken clock says.
  const std::time_t seconds = static_cast<std::time_t>(std::clamp<int64_t>(now_ms / 1000, 0, 253'402'300'799));
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  const size_t size = std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return std::string(text, size);
}

Result<std::vector<HttpHeader>> SignRequest(const SigningRequest& request, const SigningScope& scope, const Credentials& credentials, int64_t now_ms) {
  LOTIC_ASSIGN_OR_RETURN(HeaderSignature signature, SignHeaders(request, scope, credentials, now_ms));
  return std::move(signature.added);
}

Result<SigningSteps> ExplainSignature(const SigningRequest& request, const SigningScope& scope, const Credentials& credentials, int64_t now_ms) {
  LOTIC_ASSIGN_OR_RETURN(HeaderSignature signature, SignHeaders(request, scope, credentials, now_ms));
  return std::move(signature.steps);
}

Result<std::string> PresignUrl(std::string_view scheme, const SigningRequest& request, const SigningScope& scope, const Credentials& credentials,
                               int64_t now_ms, std::chrono::seconds expires) {
  LOTIC_RETURN_NOT_OK(CheckRequest(request, scope, credentials));
  if (expires.count() < 1 || expires > kMaxPresignedLife) {
    return Status::Invalid("presigning a URL for ", scope.service, ": it can live 1 to ", kMaxPresignedLife.count(), " seconds, not ", expires.count());
  }
  const std::string time = FormatSigningTime(now_ms);
  const HeaderMap headers = SignableHeaders(request);
  std::string names;
  for (const auto& header : headers) names.append(names.empty() ? "" : ";").append(header.first);

  std::string query = request.query;
  const auto add = [&query](std::string_view name, std::string_view value) {
    if (!query.empty()) query.push_back('&');
    query.append(name).append("=").append(UriEncode(value, false));
  };
  add("X-Amz-Algorithm", kAlgorithm);
  add("X-Amz-Credential", credentials.access_key_id + "/" + ScopeText(scope, time));
  add("X-Amz-Date", time);
  add("X-Amz-Expires", std::to_string(expires.count()));
  add("X-Amz-SignedHeaders", names);
  const bool token_signed = !credentials.session_token.empty() && scope.sign_session_token;
  if (token_signed) add("X-Amz-Security-Token", credentials.session_token.Reveal());
  const std::string payload = scope.s3_rules ? std::string(kUnsignedPayload) : Sha256Hex(request.body);
  const SigningSteps steps = Steps(request, headers, query, payload, scope, credentials, time);
  if (!credentials.session_token.empty() && !token_signed) add("X-Amz-Security-Token", credentials.session_token.Reveal());
  add("X-Amz-Signature", steps.signature);

  std::string url(scheme);
  url.append("://").append(request.host).append(request.path.empty() ? "/" : request.path).append("?").append(query);
  return url;
}

}  // namespace lotic::aws
