// SPDX-License-Identifier: Apache-2.0
#include "athena/runtime_loop.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "athena/http_connection.h"
#include "athena/invocation_answer.h"
#include "athena/lambda_limits.h"
#include "athena_protocol/function_error.h"
#include "net/stream.h"

namespace lotic::athena {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::string_view kPath = "/2018-06-01/runtime";
constexpr size_t kMaxEventBytes = 2 * kMaxPayloadInBytes;  // what is accepted of an event, should Lambda's limit grow
constexpr size_t kMaxRequestIdBytes = 128;
constexpr std::chrono::milliseconds kHeadTime{30'000};  // headers of an answer, once they have begun
constexpr std::chrono::milliseconds kBodyTime{60'000};
constexpr std::chrono::milliseconds kPostTime{30'000};  // from a post to the first byte of its answer, and for writing it
constexpr size_t kShownAnswerBytes = 200;

// An answer or an error given to Lambda must get out although the process is asked to stop.
CallContext PostContext(const CallContext& ctx) {
  CallContext post;
  post.clock = ctx.clock;
  post.deadline = SteadyClock::now() + kPostTime;
  return post;
}

// Requests over one connection, which is made when needed and kept.
class RuntimeApi {
 public:
  explicit RuntimeApi(const net::Endpoint& api) : api_(api), host_(api.ToString()) {}

  // GET. No limit for the wait.
  Result<HttpMessage> Next(const CallContext& ctx) {
    const std::string head = "GET " + std::string(kPath) + "/invocation/next HTTP/1.1\r\nHost: " + host_ + "\r\nUser-Agent: lotic-athena\r\n\r\n";
    return Ask(ctx, head, {}, {.head = kHeadTime, .body = kBodyTime}, "GET invocation/next");
  }

  Result<HttpMessage> Post(const CallContext& ctx, const std::string& resource, std::string_view body, std::string_view error_type) {
    std::string head = "POST " + std::string(kPath) + "/" + resource + " HTTP/1.1\r\nHost: " + host_ +
                       "\r\nUser-Agent: lotic-athena\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    if (!error_type.empty()) head += "Lambda-Runtime-Function-Error-Type: " + std::string(error_type) + "\r\n";
    head += "\r\n";
    return Ask(PostContext(ctx), head, body, {.first_byte = kPostTime, .head = kHeadTime, .body = kBodyTime}, "POST " + resource);
  }

 private:
  Result<HttpMessage> Ask(const CallContext& ctx, std::string_view head, std::string_view body, const HttpTimes& times, const std::string& doing) {
    for (;;) {
      const bool kept = connection_ != nullptr;
      Result<std::optional<HttpMessage>> answer = AskOnce(ctx, head, body, times);
      if (answer.ok() && answer->has_value()) {
        if (!(*answer)->keep_alive) connection_.reset();
        if ((*answer)->body_dropped()) {
          return Status::CapacityError(doing, " at ", host_, ": the answer is ", (*answer)->body_bytes, " bytes long, more than ", kMaxEventBytes);
        }
        return std::move(**answer);
      }
      connection_.reset();
      const StatusCode code = answer.status().code();
      if (code == StatusCode::kCancelled || (code == StatusCode::kDeadlineExceeded && SteadyClock::now() >= ctx.deadline)) {
        return answer.status().WithMessage(doing, " at ", host_, ": ", answer.status().message());
      }
      // The other side may close a kept connection at any time between two requests: asked again once, over a new one. A post that had
      // arrived after all is then refused as over, which is harmless.
      if (kept && (answer.ok() || code == StatusCode::kIOError)) continue;
      const std::string why = answer.ok() ? "the connection was closed without an answer" : answer.status().message();
      return Status::IOError(doing, " at ", host_, ": ", why);
    }
  }

  // None: closed before an answer began.
  Result<std::optional<HttpMessage>> AskOnce(const CallContext& ctx, std::string_view head, std::string_view body, const HttpTimes& times) {
    if (!connection_) {
      LOTIC_ASSIGN_OR_RETURN(auto stream, net::Stream::Connect(ctx, api_));
      HttpLimits limits;
      limits.max_body_bytes = kMaxEventBytes;
      connection_ = std::make_unique<HttpConnection>(std::move(stream), HttpParser::Kind::kResponse, limits);
    }
    LOTIC_RETURN_NOT_OK(connection_->Write(ctx, head, body));
    return connection_->Read(ctx, times);
  }

  const net::Endpoint api_;
  const std::string host_;
  std::unique_ptr<HttpConnection> connection_;
};

Status Unexpected(std::string_view doing, const HttpMessage& answer) {
  return Status::IOError(doing, ": Lambda's runtime interface answered with HTTP status ", answer.status, " ", answer.body.substr(0, kShownAnswerBytes));
}

// An id becomes part of a path.
bool IsRequestId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestIdBytes && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// The end of the invocation on our clock; without the header Lambda's own limit counts from now.
Result<SteadyClock::time_point> EndOf(const CallContext& ctx, const HttpMessage& event) {
  const auto now = SteadyClock::now();
  const std::string_view text = event.Header("lambda-runtime-deadline-ms");
  if (text.empty()) return now + kMaxInvocationTime;
  int64_t deadline_ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), deadline_ms);
  if (error != std::errc() || end != text.data() + text.size() || deadline_ms < 0) {
    return Status::IOError("Lambda-Runtime-Deadline-Ms is not a time in milliseconds: \"", text, "\"");
  }
  const int64_t left_ms = std::clamp<int64_t>(deadline_ms - ctx.clock->NowMs(), 0, std::chrono::milliseconds(kMaxInvocationTime).count());
  return now + std::chrono::milliseconds(left_ms);
}

InvocationAnswer Handle(const CallContext& ctx, const HttpMessage& event, LambdaFunction& function, InvocationLog& log) {
  Invocation invocation;
  invocation.payload = event.body;
  invocation.request_id = event.Header("lambda-runtime-aws-request-id");
  invocation.function_arn = event.Header("lambda-runtime-invoked-function-arn");
  invocation.trace_id = event.Header("lambda-runtime-trace-id");
  const Result<SteadyClock::time_point> end = EndOf(ctx, event);
  if (!end.ok()) return FailedAnswer(end.status(), invocation, log);
  return Answer(function, ctx.WithDeadline(FunctionDeadline(SteadyClock::now(), *end)), invocation, log);
}

}  // namespace

Status RunRuntimeLoop(const CallContext& ctx, const net::Endpoint& api, LambdaFunction& function, InvocationLog& log) {
  RuntimeApi runtime(api);
  while (!ctx.stop.stop_requested()) {
    const Result<HttpMessage> event = runtime.Next(ctx);
    if (!event.ok()) return event.status().IsCancelled() ? Status::OK() : event.status();
    if (event->status != 200) return Unexpected("asking for the next invocation", *event);
    const std::string id(event->Header("lambda-runtime-aws-request-id"));
    if (!IsRequestId(id)) return Status::IOError("Lambda's runtime interface sent an invocation with a request id that is none: \"", id, "\"");
    const InvocationAnswer answer = Handle(ctx, *event, function, log);
    const std::string resource = "invocation/" + id + (answer.failed ? "/error" : "/response");
    LOTIC_ASSIGN_OR_RETURN(const HttpMessage taken, runtime.Post(ctx, resource, answer.body, answer.failed ? kFunctionErrorHeader : ""));
    // 400: the invocation is over (it timed out); 413: its caller has been told. Anything else means that the process should end.
    if (taken.status != 202 && taken.status != 200 && taken.status != 400 && taken.status != 413) return Unexpected("posting to " + resource, taken);
    if (taken.status >= 400) {
      const std::string message = Unexpected("posting to " + resource, taken).message();
      log.Finished({.request_id = id,
                    .trace_id = event->Header("lambda-runtime-trace-id"),
                    .request_bytes = event->body.size(),
                    .response_bytes = answer.body.size(),
                    .error_type = "Runtime.AnswerRefused",
                    .error_message = message});
    }
  }
  return Status::OK();
}

Status PostInitError(const CallContext& ctx, const net::Endpoint& api, const Status& error) {
  RuntimeApi runtime(api);
  const bool configuration = error.code() == StatusCode::kInvalid || error.code() == StatusCode::kNotFound || error.code() == StatusCode::kNotImplemented;
  LOTIC_ASSIGN_OR_RETURN(const HttpMessage taken,
                         runtime.Post(ctx, "init/error", ErrorBody(error), configuration ? "Runtime.ConfigInvalid" : "Runtime.UnknownReason"));
  return taken.status == 202 || taken.status == 200 ? Status::OK() : Unexpected("posting init/error", taken);
}

}  // namespace lotic::athena
