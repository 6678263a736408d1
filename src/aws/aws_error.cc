// SPDX-License-Identifier: Apache-2.0
#include "aws/aws_error.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "lotic/source_error.h"

namespace lotic::aws {
namespace {

constexpr size_t kMaxErrorBodyBytes = size_t{64} << 10;  // a longer error answer is not taken apart
constexpr size_t kShownBytes = 512;                      // of an answer that is neither JSON nor XML

struct KnownCode {
  std::string_view code;
  AwsErrorKind kind;
};

// The error codes that services of this project, S3 and the signing front end publish, and those that AWS's SDKs retry.
constexpr KnownCode kKnownCodes[] = {
    {"Throttling", AwsErrorKind::kThrottled},
    {"ThrottlingException", AwsErrorKind::kThrottled},
    {"ThrottledException", AwsErrorKind::kThrottled},
    {"RequestThrottled", AwsErrorKind::kThrottled},
    {"RequestThrottledException", AwsErrorKind::kThrottled},
    {"TooManyRequestsException", AwsErrorKind::kThrottled},
    {"ProvisionedThroughputExceededException", AwsErrorKind::kThrottled},
    {"KMSThrottlingException", AwsErrorKind::kThrottled},
    {"LimitExceededException", AwsErrorKind::kThrottled},
    {"RequestLimitExceeded", AwsErrorKind::kThrottled},
    {"BandwidthLimitExceeded", AwsErrorKind::kThrottled},
    {"PriorRequestNotComplete", AwsErrorKind::kThrottled},
    {"SlowDown", AwsErrorKind::kThrottled},
    {"EC2ThrottledException", AwsErrorKind::kThrottled},

    {"InternalFailure", AwsErrorKind::kTransient},
    {"InternalFailureException", AwsErrorKind::kTransient},
    {"InternalError", AwsErrorKind::kTransient},
    {"InternalServerError", AwsErrorKind::kTransient},
    {"InternalServerException", AwsErrorKind::kTransient},
    {"InternalServiceException", AwsErrorKind::kTransient},
    {"ServiceUnavailable", AwsErrorKind::kTransient},
    {"ServiceUnavailableException", AwsErrorKind::kTransient},
    {"RequestTimeout", AwsErrorKind::kTransient},
    {"RequestTimeoutException", AwsErrorKind::kTransient},

    {"ResourceNotFoundException", AwsErrorKind::kNotFound},
    {"EntityNotFoundException", AwsErrorKind::kNotFound},
    {"NotFoundException", AwsErrorKind::kNotFound},
    {"NoSuchBucket", AwsErrorKind::kNotFound},
    {"NoSuchKey", AwsErrorKind::kNotFound},
    {"NoSuchUpload", AwsErrorKind::kNotFound},
    {"KMSNotFoundException", AwsErrorKind::kNotFound},

    {"AccessDenied", AwsErrorKind::kUnauthorized},
    {"AccessDeniedException", AwsErrorKind::kUnauthorized},
    {"AllAccessDisabled", AwsErrorKind::kUnauthorized},
    {"AccountProblem", AwsErrorKind::kUnauthorized},
    {"AuthFailure", AwsErrorKind::kUnauthorized},
    {"IncompleteSignature", AwsErrorKind::kUnauthorized},
    {"IncompleteSignatureException", AwsErrorKind::kUnauthorized},
    {"InvalidAccessKeyId", AwsErrorKind::kUnauthorized},
    {"InvalidClientTokenId", AwsErrorKind::kUnauthorized},
    {"InvalidSignatureException", AwsErrorKind::kUnauthorized},
    {"InvalidToken", AwsErrorKind::kUnauthorized},
    {"KMSAccessDeniedException", AwsErrorKind::kUnauthorized},
    {"KMSOptInRequired", AwsErrorKind::kUnauthorized},
    {"MissingAuthenticationToken", AwsErrorKind::kUnauthorized},
    {"MissingAuthenticationTokenException", AwsErrorKind::kUnauthorized},
    {"NotAuthorized", AwsErrorKind::kUnauthorized},
    {"OptInRequired", AwsErrorKind::kUnauthorized},
    {"SignatureDoesNotMatch", AwsErrorKind::kUnauthorized},
    {"UnauthorizedOperation", AwsErrorKind::kUnauthorized},
    {"UnrecognizedClientException", AwsErrorKind::kUnauthorized},
    {"ExpiredToken", AwsErrorKind::kExpired},
    {"ExpiredTokenException", AwsErrorKind::kExpired},
    {"TokenRefreshRequired", AwsErrorKind::kExpired},

    {"RequestExpired", AwsErrorKind::kClockSkew},
    {"RequestInTheFuture", AwsErrorKind::kClockSkew},
    {"RequestTimeTooSkewed", AwsErrorKind::kClockSkew},

    {"BucketAlreadyExists", AwsErrorKind::kConflict},
    {"BucketAlreadyOwnedByYou", AwsErrorKind::kConflict},
    {"ConflictException", AwsErrorKind::kConflict},
    {"OperationAborted", AwsErrorKind::kConflict},
    {"PreconditionFailed", AwsErrorKind::kConflict},
    {"ResourceInUseException", AwsErrorKind::kConflict},

    {"NotImplemented", AwsErrorKind::kNotBuilt},
    {"UnknownOperationException", AwsErrorKind::kNotBuilt},

    {"AuthorizationHeaderMalformed", AwsErrorKind::kInvalid},
    {"EntityTooLarge", AwsErrorKind::kInvalid},
    {"InvalidArgument", AwsErrorKind::kInvalid},
    {"InvalidArgumentException", AwsErrorKind::kInvalid},
    {"InvalidBucketName", AwsErrorKind::kInvalid},
    {"InvalidParameterValue", AwsErrorKind::kInvalid},
    {"InvalidRequest", AwsErrorKind::kInvalid},
    {"SerializationException", AwsErrorKind::kInvalid},
    {"ValidationError", AwsErrorKind::kInvalid},
    {"ValidationException", AwsErrorKind::kInvalid},
};

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// Length of the UTF-8 sequence that begins here; 0 if none does (RFC 3629: no overlong forms, no surrogates).
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || length > text.size()) return 0;
  const uint8_t least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const uint8_t most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < least || byte(1) > most) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

// Foreign text for a message: valid UTF-8, no control characters, no longer than `limit`.
std::string Presentable(std::string_view text, size_t limit) {
  std::string clean;
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    const std::string_view piece = length == 0                                               ? std::string_view("?")
                                   : static_cast<uint8_t>(text[0]) < 0x20 || text[0] == 0x7F ? std::string_view(" ")
                                                                                             : text.substr(0, length);
    if (clean.size() + piece.size() > limit) return clean.append("…");
    clean.append(piece);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return clean;
}

// A refusal of a signature may quote the canonical request, session token included.
std::string WithoutSecrets(std::string_view text, const Credentials& credentials) {
  std::string clean(text);
  for (const net::Secret* secret : {&credentials.session_token, &credentials.secret_access_key}) {
    if (secret->empty()) continue;
    for (size_t at = 0; (at = clean.find(secret->Reveal(), at)) != std::string::npos; at += 3) {
      clean.replace(at, secret->Reveal().size(), "***");
    }
  }
  return clean;
}

// Foreign text for a message, without secrets of ours.
std::string Shown(std::string_view text, size_t limit, const Credentials& credentials) {
  return Presentable(WithoutSecrets(text.substr(0, kMaxErrorBodyBytes), credentials), limit);
}

// "com.amazonaws.kinesis#ResourceNotFoundException:http://…" names ResourceNotFoundException.
std::string_view BareCode(std::string_view code) {
  if (const size_t hash = code.rfind('#'); hash != std::string_view::npos) code.remove_prefix(hash + 1);
  code = code.substr(0, std::min(code.find(':'), code.size()));
  while (!code.empty() && code.back() == ' ') code.remove_suffix(1);
  return code;
}

void DecodeEntity(std::string_view name, std::string* out) {
  if (name == "amp")
    *out += '&';
  else if (name == "lt")
    *out += '<';
  else if (name == "gt")
    *out += '>';
  else if (name == "quot")
    *out += '"';
  else if (name == "apos")
    *out += '\'';
  else if (name == "#10" || name == "#xA" || name == "#13" || name == "#xD")
    *out += ' ';
  else
    out->append("&").append(name).append(";");
}

// The text of the first element of that name, wherever it stands: error answers are flat.
std::string XmlText(std::string_view xml, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">";
  const std::string close = "</" + std::string(name) + ">";
  const size_t begin = xml.find(open);
  if (begin == std::string_view::npos) return {};
  const size_t end = xml.find(close, begin);
  if (end == std::string_view::npos) return {};
  std::string_view raw = xml.substr(begin + open.size(), end - begin - open.size());
  std::string text;
  while (!raw.empty()) {
    const size_t semicolon = raw[0] == '&' ? raw.substr(0, 12).find(';') : std::string_view::npos;
    if (semicolon != std::string_view::npos) {
      DecodeEntity(raw.substr(1, semicolon - 1), &text);
      raw.remove_prefix(semicolon + 1);
    } else {
      text += raw[0];
      raw.remove_prefix(1);
    }
  }
  return text;
}

bool LooksLikeXml(std::string_view body) {
  const size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && body[first] == '<' && Contains(body, "<Code>");
}

void ReadJson(std::string_view body, std::string* code, std::string* message) {
  const nlohmann::json document = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return;
  const auto text = [&](std::initializer_list<const char*> names) -> std::string {
    for (const char* name : names) {
      const auto found = document.find(name);
      if (found != document.end() && found->is_string()) return found->get<std::string>();
    }
    return {};
  };
  if (code->empty()) *code = BareCode(text({"__type", "code", "Code"}));
  *message = text({"message", "Message", "errorMessage"});
}

std::chrono::milliseconds RetryAfter(const HttpResponse& response) {
  const auto number = [](std::string_view text) {
    int64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failed == std::errc() && end == text.data() + text.size() && value > 0 && value < 1'000'000'000 ? value : 0;
  };
  if (const auto ms = response.Header("x-amz-retry-after")) return std::chrono::milliseconds(number(*ms));
  if (const auto seconds = response.Header("Retry-After")) return std::chrono::milliseconds(number(*seconds) * 1000);
  return std::chrono::milliseconds(0);
}

StatusCode CodeOf(AwsErrorKind kind) {
  switch (kind) {
    case AwsErrorKind::kInvalid: return StatusCode::kInvalid;
    case AwsErrorKind::kNotFound: return StatusCode::kNotFound;
    case AwsErrorKind::kUnauthorized:
    case AwsErrorKind::kExpired:
    case AwsErrorKind::kClockSkew: return StatusCode::kUnauthorized;
    case AwsErrorKind::kThrottled: return StatusCode::kThrottled;
    case AwsErrorKind::kNotBuilt: return StatusCode::kNotImplemented;
    case AwsErrorKind::kTransient:
    case AwsErrorKind::kConflict:
    case AwsErrorKind::kOther: return StatusCode::kIOError;
  }
  return StatusCode::kUnknownError;
}

Status MakeStatus(std::shared_ptr<AwsError> error, std::string_view subject) {
  std::string text = error->service + " " + error->operation;
  if (!subject.empty()) text.append(" ").append(subject);
  text.append(": ").append(error->code);
  if (!error->message.empty()) text.append(": ").append(error->message);
  const StatusCode code = CodeOf(error->kind);
  return Status(code, std::move(text), std::move(error));
}

std::string RequestId(const HttpResponse& response, const Credentials& credentials) {
  for (const char* name : {"x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"}) {
    if (const auto id = response.Header(name)) return Shown(*id, 256, credentials);
  }
  return {};
}

}  // namespace

std::string AwsError::ToString() const {
  std::string text = service + " " + operation + ": " + code + ", HTTP " + std::to_string(http_status);
  if (!request_id.empty()) text += ", request " + request_id;
  return text;
}

bool AwsError::retryable() const { return kind == AwsErrorKind::kThrottled || kind == AwsErrorKind::kTransient; }

const AwsError* AwsError::From(const Status& status) {
  if (status.ok() || status.detail() == nullptr) return nullptr;
  return dynamic_cast<const AwsError*>(status.detail().get());
}

AwsErrorKind ClassifyAwsError(std::string_view code, int http_status, std::string_view message) {
  const auto* found = std::find_if(std::begin(kKnownCodes), std::end(kKnownCodes), [&](const KnownCode& known) { return known.code == code; });
  if (found != std::end(kKnownCodes)) {
    const bool says_when = Contains(message, "Signature expired") || Contains(message, "ignature not yet current");
    return found->kind == AwsErrorKind::kUnauthorized && says_when ? AwsErrorKind::kClockSkew : found->kind;
  }
  switch (http_status) {
    case 400:
    case 413: return AwsErrorKind::kInvalid;
    case 401:
    case 403: return AwsErrorKind::kUnauthorized;
    case 404: return AwsErrorKind::kNotFound;
    case 408: return AwsErrorKind::kTransient;
    case 409:
    case 412: return AwsErrorKind::kConflict;
    case 429: return AwsErrorKind::kThrottled;
    case 501: return AwsErrorKind::kNotBuilt;
    default: return http_status >= 500 ? AwsErrorKind::kTransient : AwsErrorKind::kOther;
  }
}

Status JsonServiceError(std::string_view service, std::string_view operation, const HttpResponse& response, const Credentials& signed_with) {
  auto error = std::make_shared<AwsError>();
  error->service = service;
  error->operation = operation;
  error->http_status = response.status;
  error->request_id = RequestId(response, signed_with);
  error->retry_after = RetryAfter(response);
  std::string code(BareCode(response.Header("x-amzn-errortype").value_or("")));
  std::string message;
  if (response.body.size() <= kMaxErrorBodyBytes) {
    if (LooksLikeXml(response.body)) {
      if (code.empty()) code = XmlText(response.body, "Code");
      message = XmlText(response.body, "Message");
      if (error->request_id.empty()) error->request_id = Shown(XmlText(response.body, "RequestId"), 256, signed_with);
    } else {
      ReadJson(response.body, &code, &message);
    }
  }
  error->kind = ClassifyAwsError(code, response.status, message);
  if (code.empty() && message.empty()) {
    message = Shown(response.body, kShownBytes, signed_with);
  }
  error->code = code.empty() ? "HTTP" + std::to_string(response.status) : Shown(code, 128, signed_with);
  error->message = Shown(message, kMaxErrorTextBytes, signed_with);
  return MakeStatus(std::move(error), "");
}

Status S3ServiceError(std::string_view operation, std::string_view subject, std::string_view region, const HttpResponse& response,
                      const Credentials& signed_with) {
  auto error = std::make_shared<AwsError>();
  error->service = "s3";
  error->operation = operation;
  error->http_status = response.status;
  error->request_id = RequestId(response, signed_with);
  error->retry_after = RetryAfter(response);
  std::string code;
  std::string message;
  std::string other_region(response.Header("x-amz-bucket-region").value_or(""));
  if (response.body.size() <= kMaxErrorBodyBytes && LooksLikeXml(response.body)) {
    code = XmlText(response.body, "Code");
    message = XmlText(response.body, "Message");
    if (error->request_id.empty()) error->request_id = Shown(XmlText(response.body, "RequestId"), 256, signed_with);
    if (other_region.empty()) other_region = XmlText(response.body, "Region");
  } else {
    message = Shown(response.body, kShownBytes, signed_with);
  }
  error->kind = ClassifyAwsError(code, response.status, message);
  const bool redirect = response.status >= 300 && response.status < 400;
  // S3 answers a request in the wrong region by a redirect, or by 400 naming the right one.
  if (redirect || (response.status == 400 && !other_region.empty() && other_region != region)) {
    error->kind = AwsErrorKind::kInvalid;
    if (!other_region.empty()) {
      message = "the bucket is in region " + other_region + ", not " + std::string(region) + "; set the region to " + other_region;
    } else {
      const std::string place = XmlText(response.body, "Endpoint");
      message = "the bucket must be asked at another address" + (place.empty() ? std::string() : ", " + place) +
                "; redirects are not followed, set region or endpoint so that none is needed";
    }
  }
  if (message.empty() && response.status == 404) message = "it does not exist";
  if (message.empty() && response.status == 403) message = "access is denied";
  error->code = code.empty() ? "HTTP" + std::to_string(response.status) : Shown(code, 128, signed_with);
  error->message = Shown(message, kMaxErrorTextBytes, signed_with);
  return MakeStatus(std::move(error), subject);
}

bool IsRetryable(const Status& status) {
  if (const AwsError* error = AwsError::From(status)) return error->retryable();
  if (const TransportError* error = TransportError::From(status)) return error->retryable;
  if (const SourceError* error = SourceError::From(status)) return error->retryable;
  return false;
}

Status ToSourceStatus(const Status& status) {
  const bool wanted = status.code() == StatusCode::kIOError || status.code() == StatusCode::kThrottled || status.code() == StatusCode::kUnauthorized;
  if (!wanted || SourceError::From(status) != nullptr) return status;
  const AwsError* error = AwsError::From(status);
  std::string message = status.message();
  // The detail that says it goes: a support case needs the request's id.
  if (error != nullptr && !error->request_id.empty()) message += " (request " + error->request_id + ")";
  return status.WithMessage(message).WithDetail(
      std::make_shared<SourceError>(IsRetryable(status), error != nullptr ? error->retry_after : std::chrono::milliseconds(0)));
}

}  // namespace lotic::aws
