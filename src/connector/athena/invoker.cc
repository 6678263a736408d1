// SPDX-License-Identifier: Apache-2.0
#include "connector/athena/invoker.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "aws/aws_error.h"
#include "aws/http_client.h"
#include "lotic/source_error.h"

namespace lotic::athena_source {
namespace {

constexpr size_t kShownBytes = 300;  // of an answer that is none, in an error

std::string Shown(std::string_view body) {
  std::string text(body.substr(0, kShownBytes));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E) c = ' ';
  }
  return text + (body.size() > kShownBytes ? "..." : "");
}

class HttpInvoker final : public Invoker {
 public:
  HttpInvoker(std::shared_ptr<aws::HttpClient> http, std::string url) : http_(std::move(http)), url_(std::move(url)), name_(url_.substr(0, url_.find('?'))) {}

  Result<Invoked> Invoke(const CallContext& ctx, std::string_view payload) override {
    aws::HttpRequest request;
    request.method = "POST";
    request.url = url_;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = {reinterpret_cast<const uint8_t*>(payload.data()), payload.size()};
    request.max_response_bytes = kMaxAnswerBytes;
    // A connection kept from an earlier call may be closed unseen, and the client then sends again: an invocation only reads, so that is harmless.
    Result<aws::HttpResponse> response = http_->Send(ctx, request);
    if (!response.ok()) return aws::ToSourceStatus(response.status());
    const auto function_error = response->Header("X-Amz-Function-Error");
    if (response->status == 200 || function_error) {
      const bool failed = function_error.has_value() || LooksLikeFunctionError(response->body);
      return Invoked{std::move(response->body), failed};
    }
    const bool refused = response->status == 401 || response->status == 403;
    const bool throttled = response->status == 429;
    const bool again = throttled || response->status == 502 || response->status == 503 || response->status == 504;
    const Status status(refused     ? StatusCode::kUnauthorized
                        : throttled ? StatusCode::kThrottled
                                    : StatusCode::kIOError,
                        "invoking " + name_ + ": HTTP status " + std::to_string(response->status) + ": " + Shown(response->body));
    return status.WithDetail(std::make_shared<SourceError>(again));
  }

  std::string name() const override { return name_; }

 private:
  const std::shared_ptr<aws::HttpClient> http_;
  const std::string url_;
  const std::string name_;
};

}  // namespace

Result<std::string> InvocationUrl(std::string_view target) {
  const size_t scheme = target.starts_with("http://") ? 7 : target.starts_with("https://") ? 8 : 0;
  if (scheme == 0) return Status::Invalid("a function's address begins with http:// or https://, not \"", target.substr(0, 40), "\"");
  const std::string_view rest = target.substr(scheme);
  const size_t path = rest.find_first_of("/?#");
  const std::string_view host = rest.substr(0, path);
  if (host.find('@') != std::string_view::npos) return Status::Invalid("a function's address must not hold user information");
  if (host.empty()) return Status::Invalid("the address \"", target, "\" has no host");
  for (const char c : rest) {
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F)
      return Status::Invalid("the address of host \"", host, "\" holds a character that addresses have not");
  }
  std::string url(target);
  if (path == std::string_view::npos) return url + std::string(kInvocationPath);
  if (rest.substr(path) == "/") return url + std::string(kInvocationPath.substr(1));
  return url;
}

std::shared_ptr<Invoker> MakeHttpInvoker(std::shared_ptr<aws::HttpClient> http, std::string url) {
  return std::make_shared<HttpInvoker>(std::move(http), std::move(url));
}

bool LooksLikeFunctionError(std::string_view payload) {
  // An answer begins with its type; only what does not is worth parsing, and an error is short.
  constexpr size_t kMaxErrorBytes = size_t{1} << 20;
  if (payload.size() > kMaxErrorBytes || payload.substr(0, 64).find("\"@type\"") != std::string_view::npos) return false;
  const auto parsed = nlohmann::json::parse(payload, nullptr, /*allow_exceptions=*/false);
  return parsed.is_object() && !parsed.contains("@type") && (parsed.contains("errorMessage") || parsed.contains("errorType"));
}

}  // namespace lotic::athena_source
