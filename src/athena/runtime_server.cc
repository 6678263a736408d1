// SPDX-License-Identifier: Apache-2.0
#include "athena/runtime_server.h"

#include <atomic>
#include <cstdio>
#include <list>
#include <random>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "athena/function_pool.h"
#include "athena/http_connection.h"
#include "athena/invocation_answer.h"
#include "athena/overdue_watch.h"
#include "athena_protocol/function_error.h"
#include "net/stream.h"

namespace lotic::athena {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::string_view kPrefix = "/2015-03-31/functions/";
constexpr std::string_view kSuffix = "/invocations";
constexpr std::chrono::milliseconds kWriteTime{60'000};    // for an answer that its reader does not read
constexpr std::chrono::milliseconds kShortWriteTime{100};  // for one that fits any socket's buffer

std::string_view Reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 417: return "Expectation Failed";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
  }
  return "Error";
}

// The class that an AWS client makes of it.
std::string_view ErrorTypeOf(int status) {
  switch (status) {
    case 403: return "AccessDeniedException";
    case 404: return "ResourceNotFoundException";
    case 413: return "RequestTooLargeException";
    case 503: return "ServiceUnavailableException";
  }
  return "InvalidRequestContentException";
}

struct Response {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string headers;  // more of them, each with its CR LF
  std::string body;
  bool keep_alive = true;
};

Response Refusal(int status, std::string message) {
  Response response;
  response.status = status;
  response.headers = "X-Amzn-ErrorType: " + std::string(ErrorTypeOf(status)) + "\r\n";
  response.body = WriteFunctionError({.message = std::move(message), .type = std::string(ErrorTypeOf(status))});
  return response;
}

Response ResponseOf(InvocationAnswer answer) {
  Response response;
  response.headers = "X-Amz-Executed-Version: $LATEST\r\n";
  if (answer.failed) response.headers += "X-Amz-Function-Error: Unhandled\r\n";
  response.body = std::move(answer.body);
  return response;
}

Status Send(HttpConnection& connection, const CallContext& ctx, const Response& response, std::string_view request_id, std::chrono::milliseconds limit) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(Reason(response.status)) + "\r\n";
  if (response.status != 204) {
    head.append("Content-Type: ").append(response.content_type).append("\r\nContent-Length: ").append(std::to_string(response.body.size())).append("\r\n");
  }
  if (!request_id.empty()) head.append("X-Amzn-RequestId: ").append(request_id).append("\r\n");
  head.append(response.headers);
  head.append(response.keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
  // An answer in hand goes out although the server is asked to stop.
  CallContext out;
  out.deadline = SteadyClock::now() + limit;
  out.clock = ctx.clock;
  return connection.Write(out, head, response.body);
}

// "127.0.0.1:9001" -> "127.0.0.1"
std::string_view HostName(std::string_view host) {
  if (!host.empty() && host[0] == '[') return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}
bool IsThisMachine(std::string_view host) {
  const std::string_view name = HostName(host);
  return host.empty() || name == "localhost" || name == "[::1]" || (name.substr(0, 4) == "127." && name.find_first_not_of("0123456789.") == name.npos);
}

}  // namespace

struct RuntimeServer::Impl {
  struct Worker {
    std::atomic<bool> done{false};
    std::unique_ptr<HttpConnection> connection;  // the thread's, once that has begun
    std::thread thread;
  };

  Impl(const RuntimeServerOptions& the_options, FunctionMaker make, Environment environment, InvocationLog& the_log)
      : options(the_options), log(the_log), pool(std::move(make), std::move(environment), the_options.max_functions) {
    std::random_device random;
    id_prefix = (uint64_t{random()} << 32) | random();
  }

  // A UUID in form: random per process, counted within.
  std::string NextRequestId() {
    const uint64_t number = next_request++;
    char text[40];
    std::snprintf(text, sizeof text, "%08x-%04x-4%03x-8%03x-%012llx", static_cast<unsigned>(id_prefix >> 32), static_cast<unsigned>((id_prefix >> 16) & 0xffff),
                  static_cast<unsigned>((id_prefix >> 4) & 0xfff), static_cast<unsigned>((number >> 48) & 0xfff),
                  static_cast<unsigned long long>(number & 0xffffffffffffULL));
    return text;
  }

  void Converse(const CallContext& ctx, HttpConnection& connection);
  // Answers one request. @return whether another may follow.
  bool AnswerRequest(const CallContext& ctx, HttpConnection& connection, const HttpMessage& request);
  bool Invoke(const CallContext& ctx, HttpConnection& connection, const HttpMessage& request, std::string_view name);
  // Answers a connection that cannot be served, and ends it.
  void TurnAway(const CallContext& ctx, HttpConnection& connection, std::string message);
  void Reap(bool all);

  const RuntimeServerOptions options;
  InvocationLog& log;
  FunctionPool pool;
  OverdueWatch watch;
  uint64_t id_prefix = 0;  // fixed after construction
  std::atomic<uint64_t> next_request{1};
  std::unique_ptr<net::Listener> listener;
  std::list<std::unique_ptr<Worker>> workers;  // the accepting thread only
};

bool RuntimeServer::Impl::Invoke(const CallContext& ctx, HttpConnection& connection, const HttpMessage& request, std::string_view name) {
  const auto now = SteadyClock::now();
  const auto end = now + options.timeout;
  const std::string id = NextRequestId();
  const std::string arn = "arn:aws:lambda:us-east-1:012345678912:function:" + std::string(name);
  const CallContext invocation_ctx = ctx.WithDeadline(FunctionDeadline(now, end));
  // A function that does not end in time cannot be taken out of its thread, but its caller is answered.
  const OverdueWatch::Key key = watch.Add(end, [&] {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.2f", std::chrono::duration<double>(options.timeout).count());
    Response response = ResponseOf(
        {true, WriteFunctionError({.message = "RequestId: " + id + " Error: Task timed out after " + seconds + " seconds", .type = "Sandbox.Timedout"})});
    response.keep_alive = false;
    (void)Send(connection, ctx, response, id, kShortWriteTime);  // its caller may have gone
    connection.stream().Abort();
  });
  Result<std::unique_ptr<LambdaFunction>> function = pool.Take(invocation_ctx);
  Invocation invocation;
  invocation.payload = request.body;
  invocation.request_id = id;
  invocation.function_arn = arn;
  invocation.trace_id = request.Header("x-amzn-trace-id");
  InvocationAnswer answer = function.ok() ? Answer(**function, invocation_ctx, invocation, log) : FailedAnswer(function.status(), invocation, log);
  const bool in_time = watch.Remove(key);
  if (function.ok()) pool.GiveBack(in_time ? *std::move(function) : nullptr);
  if (!in_time) return false;
  Response response = ResponseOf(std::move(answer));
  response.keep_alive = request.keep_alive && !ctx.stop.stop_requested();
  return Send(connection, ctx, response, id, kWriteTime).ok() && response.keep_alive;
}

bool RuntimeServer::Impl::AnswerRequest(const CallContext& ctx, HttpConnection& connection, const HttpMessage& request) {
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  const auto answer = [&](Response response) {
    response.keep_alive = request.keep_alive;
    return Send(connection, ctx, response, NextRequestId(), kWriteTime).ok() && response.keep_alive;
  };
  if (!IsThisMachine(request.Header("host"))) {
    return answer(Refusal(403, "Host is " + std::string(request.Header("host")) + ": this server is for programs of this machine, as 127.0.0.1 or localhost"));
  }
  const bool ends_so = path.size() > kPrefix.size() + kSuffix.size() && path.substr(path.size() - kSuffix.size()) == kSuffix;
  const std::string_view name =
      ends_so && path.substr(0, kPrefix.size()) == kPrefix ? path.substr(kPrefix.size(), path.size() - kPrefix.size() - kSuffix.size()) : std::string_view();
  if (path == "/") {
    Response response = request.method == "GET" ? Response{} : Refusal(405, request.method + " /: only GET");
    if (response.status == 405) {
      response.headers += "Allow: GET\r\n";
    } else {
      response.content_type = "text/plain; charset=utf-8";
      response.body = "A Lambda function of lotic lambda local. POST an event to http://127.0.0.1:" + std::to_string(listener->endpoint().port) +
                      "/2015-03-31/functions/function/invocations\n";
    }
    return answer(std::move(response));
  }
  if (name.empty() || name.find('/') != name.npos) {
    return answer(
        Refusal(404, request.method + " " + std::string(path) + ": no such path; POST to " + std::string(kPrefix) + "function" + std::string(kSuffix)));
  }
  if (request.method != "POST") {
    Response response = Refusal(405, request.method + " " + std::string(path) + ": only POST invokes a function");
    response.headers += "Allow: POST\r\n";
    return answer(std::move(response));
  }
  if (request.body_dropped()) {
    return answer(Refusal(413, "the request's payload is " + std::to_string(request.body_bytes) + " bytes long; Lambda's limit is " +
                                   std::to_string(kMaxPayloadInBytes) + " bytes"));
  }
  const std::string_view type = request.Header("x-amz-invocation-type");
  if (type == "DryRun") {
    Response response;
    response.status = 204;
    return answer(std::move(response));
  }
  if (!type.empty() && type != "RequestResponse") {
    return answer(Refusal(400, "X-Amz-Invocation-Type " + std::string(type) + ": only RequestResponse, which waits for the answer, and DryRun are built"));
  }
  return Invoke(ctx, connection, request, name);
}

void RuntimeServer::Impl::Converse(const CallContext& ctx, HttpConnection& connection) {
  const HttpTimes times{.first_byte = options.idle_time, .head = options.head_time, .body = options.body_time};
  for (;;) {
    const Result<std::optional<HttpMessage>> request = connection.Read(ctx, times);
    if (!request.ok()) {
      const int status = HttpStatusOf(request.status(), 0);
      if (status == 0) return;  // it has gone, was idle, or the server stops
      Response response = Refusal(status, request.status().message());
      response.keep_alive = false;
      if (Send(connection, ctx, response, NextRequestId(), kShortWriteTime).ok()) connection.Finish(ctx);
      return;
    }
    if (!request->has_value()) return;
    if (!AnswerRequest(ctx, connection, **request)) return connection.Finish(ctx);
  }
}

void RuntimeServer::Impl::TurnAway(const CallContext& ctx, HttpConnection& connection, std::string message) {
  Response response = Refusal(503, std::move(message));
  response.keep_alive = false;
  if (Send(connection, ctx, response, NextRequestId(), kShortWriteTime).ok()) connection.Finish(ctx);
}

void RuntimeServer::Impl::Reap(bool all) {
  for (auto worker = workers.begin(); worker != workers.end();) {
    if (!all && !(*worker)->done) {
      ++worker;
      continue;
    }
    (*worker)->thread.join();
    worker = workers.erase(worker);
  }
}

RuntimeServer::RuntimeServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RuntimeServer::~RuntimeServer() = default;

Result<std::unique_ptr<RuntimeServer>> RuntimeServer::Start(const RuntimeServerOptions& options, FunctionMaker make, Environment environment,
                                                            InvocationLog& log) {
  if (options.timeout.count() <= 0) return Status::Invalid("the time limit of an invocation must be more than 0 ms, not ", options.timeout.count());
  if (options.max_functions < 1 || options.max_functions > kMaxConnections) {
    return Status::Invalid("the number of functions must be 1 to ", kMaxConnections, ", not ", options.max_functions);
  }
  auto impl = std::make_unique<Impl>(options, std::move(make), std::move(environment), log);
  LOTIC_ASSIGN_OR_RETURN(impl->listener, net::Listener::Listen({"127.0.0.1", options.port}));
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<LambdaFunction> first, impl->pool.Take(CallContext{}));
  impl->pool.GiveBack(std::move(first));
  return std::unique_ptr<RuntimeServer>(new RuntimeServer(std::move(impl)));
}

Status RuntimeServer::Serve(const CallContext& ctx) {
  HttpLimits limits;
  limits.max_body_bytes = kMaxPayloadInBytes;
  limits.max_dropped_bytes = kMaxDroppedBytes;
  Status outcome;
  while (outcome.ok()) {
    Result<std::unique_ptr<net::Stream>> stream = impl_->listener->Accept(ctx);
    if (!stream.ok()) {
      outcome = stream.status();
      break;
    }
    impl_->Reap(/*all=*/false);
    auto connection = std::make_unique<HttpConnection>(*std::move(stream), HttpParser::Kind::kRequest, limits);
    if (impl_->workers.size() >= kMaxConnections) {
      impl_->TurnAway(ctx, *connection, "more than " + std::to_string(kMaxConnections) + " connections at once; use kept ones, or another lotic lambda local");
      continue;
    }
    auto worker = std::make_unique<Impl::Worker>();
    worker->connection = std::move(connection);
    try {
      worker->thread = std::thread([impl = impl_.get(), ctx, own = worker.get()] {
        impl->Converse(ctx, *own->connection);
        own->connection.reset();
        own->done = true;
      });
    } catch (const std::system_error& thrown) {  // a limit on tasks, no memory for a stack: those that run go on
      impl_->TurnAway(ctx, *worker->connection, std::string("this machine has no thread for one more connection: ") + thrown.what() + "; use kept ones");
      continue;
    }
    impl_->workers.push_back(std::move(worker));
  }
  impl_->Reap(/*all=*/true);
  return outcome.IsCancelled() && ctx.stop.stop_requested() ? Status::OK() : outcome;
}

uint16_t RuntimeServer::port() const { return impl_->listener->endpoint().port; }
std::string RuntimeServer::InvokeUrl() const { return "http://127.0.0.1:" + std::to_string(port()) + "/2015-03-31/functions/function/invocations"; }

}  // namespace lotic::athena
