// SPDX-License-Identifier: Apache-2.0
// The HTTP server over real sockets: what it takes, what it refuses, and how it ends.
#include "server/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/poll.h"
#include "net/stream.h"

namespace lotic::server {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::chrono::seconds kPatience{20};

CallContext Patient() {
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + kPatience;
  return ctx;
}

class Connection {
 public:
  explicit Connection(const HttpServer& server) : stream_(net::Stream::Connect(Patient(), {"127.0.0.1", server.ports()[0]}, {}).ValueOrDie()) {}
  void Send(std::string_view text) {
    const Status sent = TrySend(text);
    ASSERT_TRUE(sent.ok()) << sent.ToString();
  }
  Status TrySend(std::string_view text) { return stream_->WriteAll(Patient(), {reinterpret_cast<const uint8_t*>(text.data()), text.size()}); }
  /// The next response, head and body.
  std::string Receive() {
    while (buffer_.find("\r\n\r\n") == std::string::npos) {
      if (!More()) return std::exchange(buffer_, "");
    }
    const size_t head = buffer_.find("\r\n\r\n") + 4;
    const size_t at = buffer_.find("Content-Length: ");
    const size_t length = at < head ? std::stoul(buffer_.substr(at + 16)) : 0;
    const size_t size = head + (bodies_ ? length : 0);
    while (buffer_.size() < size) {
      if (!More()) break;
    }
    std::string response = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return response;
  }
  void WithoutBodies() { bodies_ = false; }
  /// The system takes little for this client ahead of its reading.
  void HoldLittle() {
    const int bytes = 256 << 10;
    ASSERT_EQ(setsockopt(stream_->PollFor(true, false).fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), 0);
  }
  /// Everything up to the end of the connection.
  std::string Rest() { return Rest(SIZE_MAX, {}); }
  /// The same, with a pause behind each `piece` bytes.
  std::string Rest(size_t piece, std::chrono::milliseconds pause) {
    size_t next = piece;
    while (More()) {
      if (buffer_.size() < next) continue;
      std::this_thread::sleep_for(pause);
      next += piece;
    }
    return std::exchange(buffer_, "");
  }

 private:
  bool More() {
    uint8_t bytes[4096];
    for (;;) {
      const auto read = stream_->ReadSome(bytes);
      if (!read.ok() || read->end()) return false;
      if (read->has_bytes()) {
        buffer_.append(reinterpret_cast<const char*>(bytes), read->bytes);
        return true;
      }
      net::PollItem item = stream_->PollFor(true, false);
      if (!net::Wait(Patient(), {&item, 1}, nullptr, std::chrono::milliseconds(-1)).ok()) return false;
    }
  }
  std::unique_ptr<net::Stream> stream_;
  std::string buffer_;
  bool bodies_ = true;
};

/// Opens when told, for handlers that wait.
class Gate {
 public:
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  /// False: the request was stopped.
  bool Wait(const CallContext& ctx) {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    const bool opened = changed_.wait_until(lock, ctx.stop, ctx.deadline, [this] { return open_; });
    if (!opened) ++stopped_;
    changed_.notify_all();
    return opened;
  }
  void UntilWaiting(size_t count) {
    Until([&] { return waiting_ >= count; });
  }
  void UntilStopped(size_t count) {
    Until([&] { return stopped_ >= count; });
  }

 private:
  void Until(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, kPatience, condition));
  }
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ = false;
  size_t waiting_ = 0, stopped_ = 0;
};

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    router_.Get("/health", Access::kOpen, [](const CallContext&, const HttpRequest&) { return TextResponse("OK"); });
    router_.Add({"POST", "/echo/{name}", Access::kWrite, Lane::kControl, [](const CallContext&, const HttpRequest& request) {
                   return TextResponse(request.Parameter("name") + "|" + std::string(request.Query("q").value_or("-")) + "|" +
                                       std::string(request.Header("x-test")) + "|" + request.body);
                 }});
    router_.Add({"GET", "/wait", Access::kQuery, Lane::kQuery,
                 [this](const CallContext& ctx, const HttpRequest&) { return gate_.Wait(ctx) ? TextResponse("done") : ErrorResponse(503, "stopped"); }});
    router_.Get("/stopped", Access::kRead, [](const CallContext& ctx, const HttpRequest&) {
      for (int i = 0; i < 100 && !ctx.stop.stop_requested(); ++i) std::this_thread::yield();
      return TextResponse(ctx.stop.stop_requested() ? "yes" : "no");
    });
    router_.Get("/throw", Access::kRead, [](const CallContext&, const HttpRequest&) -> HttpResponse { throw std::bad_alloc(); });
  }
  void Start() {
    HttpServerOptions options;
    options.ports = {0};
    options.query_workers = 2;
    options.write_time = write_time_;
    options.max_unsent_bytes = max_unsent_bytes_;
    options.log = [this](const std::string& sentence) {
      const std::lock_guard lock(mutex_);
      log_ += sentence + "\n";
      logged_.notify_all();
    };
    server_ = HttpServer::Listen(options).ValueOrDie();
    server_->Serve();
    if (ready_) server_->Begin(&router_);
  }
  std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  /// A client may know of a failure before the log does.
  bool Logged(std::string_view text) {
    std::unique_lock lock(mutex_);
    return logged_.wait_for(lock, kPatience, [&] { return log_.find(text) != std::string::npos; });
  }
  /// One request on a connection of its own that the server is to close, or whose answer ends the talk.
  std::string Ask(const std::string& text) {
    Connection connection(*server_);
    connection.Send(text);
    return connection.Receive();
  }

  Gate gate_;
  std::chrono::milliseconds write_time_ = kWriteTime;
  size_t max_unsent_bytes_ = kMaxUnsentBytes;
  bool ready_ = true;
  Router router_;
  std::mutex mutex_;
  std::condition_variable logged_;
  std::string log_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, KeepsAConnectionForTheNextRequest) {
  Start();
  Connection connection(*server_);
  for (int i = 0; i < 3; ++i) {
    connection.Send("POST /echo/a%20b?q=x%2By HTTP/1.1\r\nHost: localhost\r\nX-Test: t\r\nContent-Length: 4\r\n\r\nbody");
    EXPECT_THAT(connection.Receive(),
                AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\n\r\na b|x+y|t|body"), HasSubstr("X-Content-Type-Options: nosniff")));
  }
  EXPECT_EQ(server_->counters().connections, 1);
  EXPECT_EQ(server_->counters().requests, 3);
}

TEST_F(HttpServerTest, IsNotHealthyUntilItHasRoutes) {
  ready_ = false;
  Start();
  Connection connection(*server_);
  for (const char* path : {"/health", "/nothing", "/wait"}) {
    connection.Send("GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(connection.Receive(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: 1\r\n"), HasSubstr("the server is starting")));
  }
  server_->Begin(&router_);
  connection.Send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(connection.Receive(), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\n\r\nOK")));
}

TEST_F(HttpServerTest, OneAddressHasSoManyConnectionsAndNoMore) {
  constexpr std::string_view kHealth = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  Start();
  std::vector<std::unique_ptr<Connection>> open;
  for (size_t i = 0; i < kMaxConnectionsOfAddress; ++i) {
    open.push_back(std::make_unique<Connection>(*server_));
    open.back()->Send(kHealth);
    ASSERT_THAT(open.back()->Receive(), StartsWith("HTTP/1.1 200 OK\r\n")) << i;
  }
  EXPECT_THAT(Connection(*server_).Rest(), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(server_->counters().refused, 1);
  open.front()->Send(kHealth);
  EXPECT_THAT(open.front()->Receive(), StartsWith("HTTP/1.1 200 OK\r\n"));
  open.pop_back();
  std::string answer;
  for (const auto end = std::chrono::steady_clock::now() + kPatience; !answer.starts_with("HTTP/1.1 200 OK\r\n");) {  // until the server has seen it go
    ASSERT_LT(std::chrono::steady_clock::now(), end) << answer;
    Connection next(*server_);
    if (next.TrySend("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()) answer = next.Receive();
  }
}

TEST_F(HttpServerTest, AnswersRequestsThatWereSentTogetherInTheirOrder) {
  Start();
  Connection connection(*server_);
  connection.Send(
      "POST /echo/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\naPOST /echo/2 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_THAT(connection.Receive(), HasSubstr("1|-||a"));
  EXPECT_THAT(connection.Receive(), HasSubstr("2|-||abc"));
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  Start();
  Connection connection(*server_);
  connection.WithoutBodies();
  connection.Send("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(connection.Receive(), AllOf(StartsWith("HTTP/1.1 200 OK"), HasSubstr("Content-Length: 2\r\n")));
  EXPECT_THAT(connection.Receive(), StartsWith("HTTP/1.1 404 Not Found"));
}

TEST_F(HttpServerTest, ClosesWhenTheClientWantsIt) {
  Start();
  Connection connection(*server_);
  connection.Send("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(connection.Rest(), AllOf(StartsWith("HTTP/1.1 200 OK"), HasSubstr("Connection: close")));
}

struct BadRequest {
  std::string text;
  int status;
  const char* message;
};
TEST_F(HttpServerTest, RefusesWhatIsNoProperRequest) {
  Start();
  const std::string host = "Host: localhost\r\n";
  const std::vector<BadRequest> cases = {
      {"GET /health HTTP/1.1\r\n\r\n", 400, "no Host header"},
      {"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421, "loopback names only"},
      {"GET /health HTTP/1.1\nHost: localhost\n\n", 400, "bare line feed"},
      {"GET /health HTTP/1.1\r\n" + host + "A: b\r\n c\r\n\r\n", 400, "folded"},
      {"POST /echo/a HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "no HTTP/1.1"},
      {"POST /echo/a HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "no HTTP/1.1"},
      {"POST /echo/a HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", 400, "no HTTP/1.1"},
      {"POST /echo/a HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "no HTTP/1.1"},
      {"POST /echo/a HTTP/1.1\r\n" + host + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\na", 415, "compressed"},
      {"POST /echo/a HTTP/1.1\r\n" + host + "Content-Length: 1048577\r\n\r\n", 413, "more than 1048576 bytes"},
      {"GET /health HTTP/1.1\r\n" + host + "A: " + std::string(kMaxHeadBytes, 'a'), 431, "more than 16384 bytes"},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 414, "more than 8192 bytes"},
      {"GET /users;. HTTP/1.1\r\n" + host + "\r\n", 400, "semicolon"},
      {"GET /nothing HTTP/1.1\r\n" + host + "\r\n", 404, "there is no /nothing"},
      {"DELETE /health HTTP/1.1\r\n" + host + "\r\n", 405, "asked by GET, not by DELETE"},
      {"POST /echo/a HTTP/1.1\r\n" + host + "Origin: http://evil.example\r\nContent-Length: 0\r\n\r\n", 403, "another origin"},
      {"HELO\r\n\r\n", 400, "no HTTP/1.1"},
      {"GET /health HTTP/2.7\r\n" + host + "\r\n", 400, "no HTTP/1.1"},
      {"\x16\x03\x01\x02\x01\x0a\x0a", 400, ""},
  };
  for (const BadRequest& bad : cases) {
    const std::string answer = Ask(bad.text);
    EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 " + std::to_string(bad.status) + " "),
                              HasSubstr("{\"code\":" + std::to_string(bad.status) + ",\"error\":\""), HasSubstr(bad.message)))
        << bad.text.substr(0, 200);
  }
  EXPECT_THAT(Ask("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"), HasSubstr("OK"));
}

TEST_F(HttpServerTest, TakesALargeBodyAfterSayingSo) {
  Start();
  Connection connection(*server_);
  const std::string body(kMaxBodyBytes, 'b');
  connection.Send("POST /echo/a HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(connection.Receive(), "HTTP/1.1 100 Continue\r\n\r\n");
  connection.Send(body);
  EXPECT_EQ(connection.Receive().size() - body.size() < 400, true);
}

TEST_F(HttpServerTest, RefusesBeyondItsQueueAndStillAnswersTheRest) {
  Start();
  std::vector<std::unique_ptr<Connection>> waiting;
  for (size_t i = 0; i < 2 + kMaxQueuedRequests; ++i) {
    waiting.push_back(std::make_unique<Connection>(*server_));
    waiting.back()->Send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  gate_.UntilWaiting(2);
  // One more than there is room for: whichever comes last is refused, and all others are in the queue once it is.
  waiting.push_back(std::make_unique<Connection>(*server_));
  waiting.back()->Send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (const auto end = std::chrono::steady_clock::now() + kPatience; server_->counters().refused == 0; std::this_thread::yield()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
  }
  EXPECT_THAT(Ask("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"), HasSubstr("OK"));
  gate_.Open();
  size_t done = 0, busy = 0;
  for (auto& connection : waiting) {
    const std::string answer = connection->Receive();
    if (answer.find("done") != std::string::npos) ++done;
    if (answer.rfind("HTTP/1.1 429 ", 0) == 0) {
      ++busy;
      EXPECT_THAT(answer, HasSubstr("Retry-After: 1"));
    }
  }
  EXPECT_EQ(done, 2 + kMaxQueuedRequests);
  EXPECT_EQ(busy, 1U);
}

TEST_F(HttpServerTest, StopsARequestWhoseClientHasGone) {
  Start();
  {
    Connection connection(*server_);
    connection.Send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
    gate_.UntilWaiting(1);
  }
  gate_.UntilStopped(1);
}

TEST_F(HttpServerTest, DoesNotTakeAClientThatWaitsForOneThatHasGone) {
  Start();
  Connection connection(*server_);
  for (int i = 0; i < 500; ++i) {
    // In two parts, so that the second one's arrival is news that is old when the request is handled.
    connection.Send("GET /stopped HTTP/1.1\r\nHost: localhost\r\n");
    connection.Send("\r\n");
    ASSERT_THAT(connection.Receive(), HasSubstr("\r\n\r\nno")) << i;
  }
}

TEST_F(HttpServerTest, LetsRequestsEndBeforeItStops) {
  Start();
  Connection connection(*server_);
  connection.Send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  gate_.UntilWaiting(1);
  Connection idle(*server_);
  idle.Send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(idle.Receive(), HasSubstr("OK"));
  std::jthread stopping([this] { server_->Stop(); });
  EXPECT_EQ(idle.Rest(), "");  // closed at once
  gate_.Open();
  EXPECT_THAT(connection.Rest(), AllOf(StartsWith("HTTP/1.1 200 OK"), HasSubstr("Connection: close"), HasSubstr("done")));
}

TEST_F(HttpServerTest, CancelsRequestsThatDoNotEnd) {
  Start();
  Connection connection(*server_);
  connection.Send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  gate_.UntilWaiting(1);
  server_->Stop();
  EXPECT_THAT(connection.Rest(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("stopped")));
}

TEST_F(HttpServerTest, OutlivesAHandlerThatThrows) {
  Start();
  EXPECT_THAT(Ask("GET /throw HTTP/1.1\r\nHost: localhost\r\n\r\n"), AllOf(StartsWith("HTTP/1.1 500 "), Not(HasSubstr("bad_alloc"))));
  EXPECT_THAT(log(), HasSubstr("GET /throw: std::bad_alloc"));
  EXPECT_THAT(Ask("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"), HasSubstr("OK"));
}

TEST_F(HttpServerTest, OutlivesAnAnswerThatHttpHasNoFormFor) {
  router_.Get("/odd", Access::kRead, [](const CallContext&, const HttpRequest&) { return HttpResponse{1000, "text/plain", "odd"}; });
  Start();
  EXPECT_EQ(Ask("GET /odd HTTP/1.1\r\nHost: localhost\r\n\r\n"), "");
  EXPECT_TRUE(Logged("a connection was given up: "));
  EXPECT_THAT(Ask("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"), HasSubstr("OK"));
}

TEST_F(HttpServerTest, StopsARequestWhoseClientHasGoneWithItsNextRequestBegun) {
  Start();
  {
    Connection connection(*server_);
    connection.Send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
    gate_.UntilWaiting(1);
    connection.Send("G");
  }
  gate_.UntilStopped(1);
}

TEST_F(HttpServerTest, ServesAClientThatReadsSlowly) {
  constexpr size_t kBytes = size_t{20} << 20;
  router_.Get("/big", Access::kRead, [](const CallContext&, const HttpRequest&) { return TextResponse(std::string(kBytes, 'x')); });
  write_time_ = std::chrono::seconds(1);
  Start();
  Connection connection(*server_);
  connection.HoldLittle();
  connection.Send("GET /big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  // Longer than write_time in all; the pauses are a twentieth of it.
  EXPECT_GT(connection.Rest(size_t{512} << 10, std::chrono::milliseconds(50)).size(), kBytes);
}

TEST_F(HttpServerTest, BoundsWhatClientsHaveYetToRead) {
  constexpr size_t kBytes = size_t{16} << 20;
  router_.Get("/big", Access::kRead, [](const CallContext&, const HttpRequest&) { return TextResponse(std::string(kBytes, 'x')); });
  max_unsent_bytes_ = kBytes + kBytes / 2;
  Start();
  const std::string big = "GET /big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  Connection first(*server_);
  first.HoldLittle();
  first.Send(big);
  while (server_->counters().requests == 0) std::this_thread::yield();
  EXPECT_THAT(Ask(big), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: 1"), HasSubstr("wait for clients to read them")));
  EXPECT_THAT(Ask("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"), HasSubstr("OK"));
  EXPECT_GT(first.Rest().size(), kBytes);  // behind it stands the end, which the server sends once it has counted it out
  EXPECT_THAT(Ask(big), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, RunsNoQueryWhoseAnswerHasNoRoom) {
  constexpr size_t kBytes = size_t{16} << 20;
  std::atomic<int> run = 0;
  router_.Add({"GET", "/query", Access::kQuery, Lane::kQuery, [&run](const CallContext&, const HttpRequest&) {
                 ++run;
                 return TextResponse(std::string(kBytes, 'x'));
               }});
  max_unsent_bytes_ = kBytes;
  Start();
  const std::string query = "GET /query HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  Connection first(*server_);
  first.HoldLittle();
  first.Send(query);
  while (server_->counters().requests == 0) std::this_thread::yield();
  EXPECT_THAT(Ask(query), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: 1"), HasSubstr("wait for clients to read them")));
  EXPECT_EQ(run, 1);
  EXPECT_THAT(Ask("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"), HasSubstr("OK"));
  EXPECT_GT(first.Rest().size(), kBytes);
  EXPECT_THAT(Ask(query), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(run, 2);
}

TEST_F(HttpServerTest, ListensOnLoopbackOnly) {
  HttpServerOptions options;
  options.ports = {0};
  for (const char* host : {"0.0.0.0", "::", "192.168.1.5", "example.com", ""}) {
    options.host = host;
    const auto server = HttpServer::Listen(options);
    ASSERT_FALSE(server.ok()) << host;
    EXPECT_EQ(server.status().message(),
              "serving on " + std::string(host) + " is refused: as long as nobody is asked who he is, only a loopback address is served (127.0.0.1, ::1)");
  }
}

TEST_F(HttpServerTest, SaysWhichPortIsTaken) {
  Start();
  HttpServerOptions options;
  options.ports = {server_->ports()[0]};
  const auto second = HttpServer::Listen(options);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().message(), "cannot listen on 127.0.0.1:" + std::to_string(server_->ports()[0]) + ": Address already in use");
}

}  // namespace
}  // namespace lotic::server
