// SPDX-License-Identifier: Apache-2.0
#include "athena/runtime_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>
#include <thread>
#include <vector>

#include "athena/http_connection.h"
#include "athena/test_functions.h"
#include "athena_protocol/function_error.h"
#include "net/test_no_threads.h"

namespace lotic::athena {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr const char* kInvoke = "/2015-03-31/functions/function/invocations";

class Client {
 public:
  explicit Client(uint16_t port) : connection_(net::Stream::Connect({}, {"127.0.0.1", port}).ValueOrDie(), HttpParser::Kind::kResponse, Limits()) {}
  static HttpLimits Limits() {
    HttpLimits limits;
    limits.max_body_bytes = size_t{16} << 20;
    return limits;
  }
  void Raw(std::string_view bytes) { (void)connection_.Write({}, bytes, ""); }
  void Send(const std::string& method, const std::string& path, std::string_view body, const std::string& headers = "Host: 127.0.0.1\r\n") {
    ASSERT_TRUE(
        connection_.Write({}, method + " " + path + " HTTP/1.1\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n", body).ok());
  }
  HttpMessage Answer() {
    auto answer = connection_.Read({}, {.first_byte = milliseconds(20'000)});
    return answer.ok() && *answer ? **answer : HttpMessage{};
  }
  HttpMessage Ask(const std::string& method, const std::string& path, std::string_view body = "", const std::string& headers = "Host: 127.0.0.1\r\n") {
    Send(method, path, body, headers);
    return Answer();
  }
  HttpMessage Invoke(std::string_view payload) { return Ask("POST", kInvoke, payload); }
  bool Closed() {
    const auto read = connection_.Read({}, {.first_byte = milliseconds(20'000)});
    return read.ok() ? !read->has_value() : read.status().code() == StatusCode::kIOError;
  }
  void Leave() { connection_.stream().Abort(); }

 private:
  HttpConnection connection_;
};

FunctionMaker Obedient() {
  return [](const Environment& environment) { return MakeTestFunction("obedient", environment); };
}
FunctionMaker Made(TestFunction::Body body) {
  return [body = std::move(body)](const Environment&) -> Result<std::unique_ptr<LambdaFunction>> {
    return std::unique_ptr<LambdaFunction>(std::make_unique<TestFunction>(body));
  };
}

class Server {
 public:
  explicit Server(FunctionMaker make = Obedient(), RuntimeServerOptions options = {}, Environment environment = {})
      : server_(RuntimeServer::Start(options, std::move(make), std::move(environment), InvocationLog::Nowhere()).ValueOrDie()) {
    CallContext ctx;
    ctx.stop = stop_.get_token();
    outcome_ = std::async(std::launch::async, [this, ctx] { return server_->Serve(ctx); });
  }
  ~Server() {
    stop_.request_stop();
    EXPECT_TRUE(outcome_.get().ok());
  }
  uint16_t port() const { return server_->port(); }
  void RequestStop() { stop_.request_stop(); }

 private:
  std::unique_ptr<RuntimeServer> server_;
  std::stop_source stop_;
  std::future<Status> outcome_;
};

TEST(RuntimeServer, AnswersManyInvocationsOverOneConnection) {
  const Server server;
  Client client(server.port());
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i) {
    const std::string payload = "{\"n\":" + std::to_string(i) + "}";
    const HttpMessage answer = client.Invoke(payload);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, payload);
    EXPECT_EQ(answer.Header("content-type"), "application/json");
    EXPECT_EQ(answer.Header("x-amz-executed-version"), "$LATEST");
    EXPECT_EQ(answer.Header("x-amz-function-error"), "");
    ids.emplace(answer.Header("x-amzn-requestid"));
  }
  EXPECT_EQ(ids.size(), 20u);
  EXPECT_EQ(ids.begin()->size(), 36u);
}

TEST(RuntimeServer, TakesAnyFunctionNameAndHandsOnWhatTheCallerSays) {
  const Server server(Obedient(), {.timeout = milliseconds(60'000)}, {{"kafka_endpoint", "k:9"}});
  Client client(server.port());
  const HttpMessage answer =
      client.Ask("POST", "/2015-03-31/functions/my-kafka/invocations?Qualifier=1", "\"context\"", "Host: localhost:9001\r\nX-Amzn-Trace-Id: Root=1-a\r\n");
  EXPECT_THAT(answer.body, HasSubstr("\"request_id\":\"" + std::string(answer.Header("x-amzn-requestid")) + "\""));
  EXPECT_THAT(answer.body, HasSubstr(":function:my-kafka\",\"trace_id\":\"Root=1-a\",\"left_ms\":59"));
  EXPECT_EQ(client.Invoke("\"env kafka_endpoint\"").body, "\"k:9\"");
}

TEST(RuntimeServer, MarksAFunctionError) {
  const Server server;
  Client client(server.port());
  const HttpMessage answer = client.Invoke("\"throttled\"");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("x-amz-function-error"), "Unhandled");
  EXPECT_EQ(ParseFunctionError(answer.body).ValueOrDie().type, kThrottleErrorType);
  EXPECT_THAT(client.Invoke("\"throw\"").body, HasSubstr("thrown"));
  EXPECT_EQ(client.Invoke("\"well\"").body, "\"well\"");
}

TEST(RuntimeServer, KeepsLambdasLimitsInBothDirections) {
  const Server server;
  Client client(server.port());
  EXPECT_EQ(client.Invoke("\"huge 6291556\"").body.size(), kMaxPayloadOutBytes);
  const HttpMessage refused = client.Invoke("\"huge 6291557\"");
  EXPECT_EQ(refused.Header("x-amz-function-error"), "Unhandled");
  EXPECT_THAT(refused.body, testing::AllOf(HasSubstr("6291557"), HasSubstr("6291556")));

  const std::string payload(kMaxPayloadInBytes, 'x');
  EXPECT_EQ(client.Invoke(payload).body.size(), payload.size());
  const HttpMessage too_long = client.Invoke(payload + "x");
  EXPECT_EQ(too_long.status, 413);
  EXPECT_THAT(too_long.body, testing::AllOf(HasSubstr("6291457"), HasSubstr("6291456")));
  EXPECT_EQ(client.Invoke("1").body, "1");  // the connection is still in step
}

TEST(RuntimeServer, InvitesABodyOnlyWhenItWillTakeIt) {
  const Server server;
  Client client(server.port());
  client.Raw("POST " + std::string(kInvoke) + " HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  client.Raw("abc");
  EXPECT_EQ(client.Answer().body, "abc");  // the client passes over status 100
  client.Raw("POST " + std::string(kInvoke) + " HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 7000000\r\n\r\n");
  EXPECT_EQ(client.Answer().status, 413);
  EXPECT_TRUE(client.Closed());
}

TEST(RuntimeServer, ReadsChunkedRequestsAndPipelinedOnes) {
  const Server server;
  Client client(server.port());
  const std::string head = "POST " + std::string(kInvoke) + " HTTP/1.1\r\nHost: [::1]:9001\r\nTransfer-Encoding: chunked\r\n\r\n";
  client.Raw(head + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" + head + "1\r\nf\r\n0\r\n\r\n");
  EXPECT_EQ(client.Answer().body, "abcde");
  EXPECT_EQ(client.Answer().body, "f");
}

TEST(RuntimeServer, AnswersOtherRequestsClearly) {
  const Server server;
  Client client(server.port());
  const struct {
    const char *method, *path, *headers;
    int status;
    const char* says;
  } cases[] = {
      {"GET", "/", "Host: 127.0.0.1\r\n", 200, "POST an event to http://127.0.0.1:"},
      {"PUT", "/", "Host: 127.0.0.1\r\n", 405, "only GET"},
      {"GET", kInvoke, "Host: 127.0.0.1\r\n", 405, "only POST invokes"},
      {"POST", "/invoke", "Host: 127.0.0.1\r\n", 404, "/invoke: no such path"},
      {"POST", "/2015-03-31/functions//invocations", "Host: 127.0.0.1\r\n", 404, "no such path"},
      {"POST", "/2015-03-31/functions/invocations", "Host: 127.0.0.1\r\n", 404, "no such path"},
      {"POST", "/2015-03-31/functions/a/b/invocations", "Host: 127.0.0.1\r\n", 404, "no such path"},
      {"POST", kInvoke, "Host: 127.0.0.1\r\nX-Amz-Invocation-Type: Event\r\n", 400, "X-Amz-Invocation-Type Event"},
      {"POST", kInvoke, "Host: 127.0.0.1\r\nX-Amz-Invocation-Type: DryRun\r\n", 204, ""},
      {"POST", kInvoke, "Host: evil.example\r\n", 403, "Host is evil.example"},
      {"POST", kInvoke, "Host: 127.evil.example\r\n", 403, "Host is 127.evil.example"},
  };
  for (const auto& each : cases) {
    const HttpMessage answer = client.Ask(each.method, each.path, "", each.headers);
    EXPECT_EQ(answer.status, each.status) << each.method << " " << each.path;
    EXPECT_THAT(answer.body, HasSubstr(each.says));
    EXPECT_TRUE(answer.keep_alive);
  }
}

TEST(RuntimeServer, RefusesWhatIsNoHttpAndEndsTheConnection) {
  const Server server;
  const struct {
    std::string bytes;
    int status;
  } cases[] = {
      {"\x16\x03\x01\x02 a TLS client", 400},
      {"GET / HTTP/1.1\n\n", 400},
      {"GET / HTTP/3\r\n\r\n", 505},
      {"GET / HTTP/1.1\r\nA: " + std::string(20'000, 'x') + "\r\n\r\n", 431},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413},
  };
  for (const auto& each : cases) {
    Client client(server.port());
    client.Raw(each.bytes);
    EXPECT_EQ(client.Answer().status, each.status) << each.bytes.substr(0, 40);
    EXPECT_TRUE(client.Closed());
  }
  Client client(server.port());
  EXPECT_EQ(client.Invoke("1").body, "1");
}

TEST(RuntimeServer, DoesNotWaitForeverForASlowClient) {
  const Server server(Obedient(), {.idle_time = milliseconds(100), .head_time = milliseconds(100), .body_time = milliseconds(100)});
  Client idle(server.port());
  EXPECT_TRUE(idle.Closed());
  Client slow_head(server.port());
  slow_head.Raw("POST / HT");
  EXPECT_EQ(slow_head.Answer().status, 408);
  EXPECT_TRUE(slow_head.Closed());
  Client slow_body(server.port());
  slow_body.Raw("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_EQ(slow_body.Answer().status, 408);
  EXPECT_TRUE(slow_body.Closed());
}

TEST(RuntimeServer, ClosesAfterTheAnswerWhenAskedTo) {
  const Server server;
  Client client(server.port());
  EXPECT_EQ(client.Ask("POST", kInvoke, "1", "Host: localhost\r\nConnection: close\r\n").body, "1");
  EXPECT_TRUE(client.Closed());
}

TEST(RuntimeServer, GivesEachFunctionOneInvocationAtATime) {
  constexpr size_t kFunctions = 3, kClients = 12, kEach = 30;
  std::atomic<int> made{0}, running{0}, most{0};
  std::atomic<bool> overlapped{false};
  const Server server(
      [&](const Environment&) -> Result<std::unique_ptr<LambdaFunction>> {
        ++made;
        auto busy = std::make_shared<std::atomic<bool>>(false);
        return std::unique_ptr<LambdaFunction>(
            std::make_unique<TestFunction>([&, busy](const CallContext&, const Invocation& invocation) -> Result<std::string> {
              if (busy->exchange(true)) overlapped = true;
              const int now = ++running;
              int seen = most;
              while (seen < now && !most.compare_exchange_weak(seen, now)) {
              }
              std::this_thread::yield();
              --running;
              *busy = false;
              return std::string(invocation.payload);
            }));
      },
      {.max_functions = kFunctions});
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (size_t i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      Client client(server.port());
      for (size_t n = 0; n < kEach; ++n) {
        const std::string payload = std::to_string(i) + "/" + std::to_string(n) + std::string(n * 1000, 'x');
        if (client.Invoke(payload).body == payload) ++right;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, static_cast<int>(kClients * kEach));
  EXPECT_FALSE(overlapped);
  EXPECT_LE(made, static_cast<int>(kFunctions));
  EXPECT_LE(most, static_cast<int>(kFunctions));
}

TEST(RuntimeServer, ThrottlesWhenAllFunctionsStayBusy) {
  std::promise<void> started, release;
  std::shared_future<void> released = release.get_future().share();
  std::atomic<bool> first{true};
  const Server server(Made([&](const CallContext&, const Invocation& invocation) -> Result<std::string> {
                        if (first.exchange(false)) {
                          started.set_value();
                          released.wait();  // deaf: heeds neither stop nor deadline
                        }
                        return std::string(invocation.payload);
                      }),
                      {.timeout = milliseconds(300), .max_functions = 1});
  Client deaf(server.port()), waiting(server.port());
  deaf.Send("POST", kInvoke, "1");
  started.get_future().wait();
  const HttpMessage throttled = waiting.Invoke("2");
  EXPECT_EQ(ParseFunctionError(throttled.body).ValueOrDie().type, kThrottleErrorType);
  EXPECT_THAT(throttled.body, HasSubstr("busy"));

  // The deaf one is answered without it, and when it ends it is replaced.
  const HttpMessage late = deaf.Answer();
  EXPECT_EQ(late.Header("x-amz-function-error"), "Unhandled");
  EXPECT_EQ(ParseFunctionError(late.body).ValueOrDie().type, "Sandbox.Timedout");
  EXPECT_THAT(late.body, HasSubstr("timed out after 0.30 seconds"));
  EXPECT_TRUE(deaf.Closed());
  release.set_value();
  HttpMessage again;
  while (again.body != "3") again = waiting.Invoke("3");  // until the deaf one has ended
}

TEST(RuntimeServer, EndsAFunctionThatHeedsItsDeadlineBeforeItsCallerGivesUp) {
  const Server server(Obedient(), {.timeout = milliseconds(200)});
  Client client(server.port());
  const HttpMessage answer = client.Invoke("\"wait\"");
  EXPECT_EQ(ParseFunctionError(answer.body).ValueOrDie().type, kThrottleErrorType);
  EXPECT_EQ(client.Invoke("1").body, "1");
}

TEST(RuntimeServer, RefusesMoreConnectionsThanItsLimit) {
  const Server server;
  std::vector<std::unique_ptr<Client>> clients;
  for (size_t i = 0; i < RuntimeServer::kMaxConnections; ++i) {
    clients.push_back(std::make_unique<Client>(server.port()));
    ASSERT_EQ(clients.back()->Invoke("1").body, "1");
  }
  Client one_more(server.port());
  EXPECT_EQ(one_more.Answer().status, 503);
  one_more.Leave();
  clients.clear();
  HttpMessage answer;
  while (answer.status != 200) answer = Client(server.port()).Invoke("1");  // until a place is free
}

TEST(RuntimeServer, AMachineWithoutAThreadToSpareRefusesTheConnectionAndServesOn) {
  const Server server;
  Client kept(server.port());
  ASSERT_EQ(kept.Invoke("1").body, "1");
  {
    const net::NoThreads none;
    Client one_more(server.port());
    const HttpMessage refused = one_more.Answer();
    EXPECT_EQ(refused.status, 503);
    EXPECT_THAT(refused.body, HasSubstr("no thread for one more connection"));
    EXPECT_TRUE(one_more.Closed());
    EXPECT_EQ(kept.Invoke("2").body, "2");
  }
  EXPECT_EQ(Client(server.port()).Invoke("3").body, "3");
}

TEST(RuntimeServer, SurvivesCallersThatLeave) {
  std::promise<void> started, release;
  std::shared_future<void> released = release.get_future().share();
  std::atomic<bool> first{true};
  const Server server(Made([&](const CallContext&, const Invocation& invocation) -> Result<std::string> {
    if (first.exchange(false)) {
      started.set_value();
      released.wait();
    }
    return std::string(invocation.payload);
  }));
  {
    Client leaves(server.port());
    leaves.Send("POST", kInvoke, "1");
    started.get_future().wait();
    leaves.Leave();
  }
  release.set_value();
  for (int i = 0; i < 5; ++i) {
    Client half(server.port());
    half.Raw("POST " + std::string(kInvoke) + " HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf");
  }
  Client client(server.port());
  EXPECT_EQ(client.Invoke("2").body, "2");
}

TEST(RuntimeServer, StopsRunningInvocationsAndAnswersThem) {
  std::promise<void> started;
  Server server(Made([&](const CallContext& ctx, const Invocation&) -> Result<std::string> {
    started.set_value();
    return WaitForTheEnd(ctx);
  }));
  Client idle(server.port()), running(server.port());
  running.Send("POST", kInvoke, "1");
  started.get_future().wait();
  server.RequestStop();
  EXPECT_EQ(running.Answer().Header("x-amz-function-error"), "Unhandled");
  EXPECT_TRUE(running.Closed());
  EXPECT_TRUE(idle.Closed());
}

TEST(RuntimeServer, SaysWhyItCannotStart) {
  const Server first;
  const auto taken = RuntimeServer::Start({.port = first.port()}, Obedient(), {}, InvocationLog::Nowhere());
  EXPECT_EQ(taken.status().code(), StatusCode::kIOError);
  EXPECT_THAT(taken.status().message(), HasSubstr(std::to_string(first.port())));
  const auto refused = RuntimeServer::Start(
      {}, [](const Environment& environment) { return MakeTestFunction("refuses", environment); }, {}, InvocationLog::Nowhere());
  EXPECT_EQ(refused.status().code(), StatusCode::kUnauthorized);
  EXPECT_EQ(RuntimeServer::Start({.timeout = milliseconds(0)}, Obedient(), {}, InvocationLog::Nowhere()).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(RuntimeServer::Start({.max_functions = 0}, Obedient(), {}, InvocationLog::Nowhere()).status().code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace lotic::athena
