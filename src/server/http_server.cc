// SPDX-License-Identifier: Apache-2.0
// The one file that knows Boost.Asio and Boost.Beast.
#include "server/http_server.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <thread>
#include <utility>

#include "lotic/call_context.h"
#include "server/browser_rules.h"
#include "server/request_target.h"

namespace lotic::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr size_t kIoThreads = 2;
constexpr size_t kReadBytes = size_t{8} << 10;       // asked for at once while a head arrives
constexpr size_t kMaxLingerBytes = size_t{1} << 20;  // of a refused request, read away so that the refusal arrives
constexpr std::chrono::seconds kLingerTime{2};
constexpr std::chrono::milliseconds kLookPause{100};    // between two looks after a client whose next request has begun
constexpr std::chrono::milliseconds kAcceptPause{100};  // after the system refused to accept (too many open files)
constexpr std::string_view kNoRoom =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 46\r\n\r\n"
    "{\"code\":503,\"error\":\"too many open connections\"}";

/// Workers of one lane, with a bounded queue before them.
class Workers {
 public:
  explicit Workers(size_t threads) : capacity_(threads + kMaxQueuedRequests), pool_(threads) {}

  /// False: no room.
  template <typename Work>
  bool TryPost(Work work) {
    if (pending_.fetch_add(1) >= capacity_) {
      pending_.fetch_sub(1);
      return false;
    }
    struct Place {  // given back however the work ends, or if it never begins
      explicit Place(std::atomic<size_t>* of) : pending(of) {}
      ~Place() { pending->fetch_sub(1); }
      std::atomic<size_t>* const pending;
    };
    asio::post(pool_, [place = std::make_unique<Place>(&pending_), work = std::move(work)]() mutable { work(); });
    return true;
  }
  void Join() { pool_.join(); }

 private:
  const size_t capacity_;
  std::atomic<size_t> pending_{0};
  asio::thread_pool pool_;
};

/// Where the head in `text` ends, behind its empty line; 0: not yet. Lines that end in a bare line feed count, to be refused at once.
size_t HeadEnd(std::string_view text) {
  for (size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (text.substr(at + 1, 1) == "\n") return at + 2;
    if (text.substr(at + 1, 2) == "\r\n") return at + 3;
  }
  return 0;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return lower;
}

}  // namespace

struct HttpServer::Impl {
  class Session;

  explicit Impl(HttpServerOptions given)
      : options(std::move(given)), io(static_cast<int>(kIoThreads)), control(kControlWorkers), queries(options.query_workers) {}

  Status Listen();
  void Serve();
  void Accept(size_t listener);
  /// Whether there is no room for one more connection from there.
  bool IsFull(const asio::ip::address& from);
  void Enter(Session* session);
  void Leave(Session* session);
  void Stop();
  void Log(const std::string& sentence) const {
    if (options.log) options.log(sentence);
  }

  const HttpServerOptions options;
  std::atomic<const Router*> router{nullptr};  // null: not ready
  mutable std::mutex mutex;                    // guards sessions, their addresses and handling
  std::condition_variable changed;
  std::set<Session*> sessions;
  std::map<asio::ip::address, size_t> of_address;
  size_t handling = 0;
  asio::io_context io;  // destroys the sessions that are left
  Workers control, queries;
  std::vector<tcp::acceptor> acceptors;
  std::vector<uint16_t> bound;
  std::vector<std::jthread> threads;
  std::atomic<bool> stopping{false};
  std::stop_source stop_all;
  std::atomic<int64_t> connections{0}, requests{0}, refused{0};
  std::atomic<size_t> unsent_bytes{0};  // of answers that are being written
  bool stopped = false;                 // of the thread that calls Stop
};

/// One connection: reads a request, has it handled, writes the answer, again. All but Handle runs on the connection's strand.
class HttpServer::Impl::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Impl* server, tcp::socket socket, asio::ip::address from)
      : server_(server), from_(std::move(from)), stream_(std::move(socket)), look_again_(stream_.get_executor()), buffer_(kMaxHeadBytes) {
    server_->Enter(this);
  }
  ~Session() { server_->Leave(this); }

  const asio::ip::address& from() const { return from_; }
  void Start() {
    asio::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->ReadRequest(); });
  }
  /// Any thread: ends the connection unless a request is being handled; then with its answer.
  void CloseIfIdle() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      if (!self->busy_) self->Close();
    });
  }

 private:
  using Parser = http::request_parser<http::string_body>;

  std::string_view Buffered() const { return {static_cast<const char*>(buffer_.data().data()), buffer_.size()}; }

  void ReadRequest() {
    if (server_->stopping) return Close();
    busy_ = false;
    parser_.reset();
    request_ = HttpRequest{};
    if (buffer_.size() > 0) return ReadHead();
    stream_.expires_after(kIdleTime);
    ReadMore();
  }

  void ReadMore() {
    const size_t room = buffer_.max_size() - buffer_.size();
    stream_.async_read_some(buffer_.prepare(std::min(kReadBytes, room)), [self = shared_from_this()](error_code error, size_t bytes) {
      if (error) return self->Close();  // gone, or silent for too long
      self->buffer_.commit(bytes);
      if (!self->busy_) {
        self->busy_ = true;
        self->stream_.expires_after(kReadTime);
      }
      self->ReadHead();
    });
  }

  void ReadHead() {
    if (!busy_) {
      busy_ = true;
      stream_.expires_after(kReadTime);
    }
    const size_t end = HeadEnd(Buffered());
    if (end == 0) {
      if (buffer_.size() >= kMaxHeadBytes) return Refuse(431, "the request's head has more than " + std::to_string(kMaxHeadBytes) + " bytes");
      return ReadMore();
    }
    const std::string_view head = Buffered().substr(0, end);
    const Status checked = CheckRequestHead(head);
    if (!checked.ok()) return Refuse(ErrorResponse(checked));
    // Beast would cut it short later; the status for it is another one.
    const size_t line_end = head.find('\r');
    if (head.substr(0, line_end).size() > kMaxTargetBytes + 32)
      return Refuse(414, "the request's target has more than " + std::to_string(kMaxTargetBytes) + " bytes");
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(kMaxHeadBytes));
    parser_->body_limit(kMaxBodyBytes);
    parser_->eager(true);
    error_code error;
    const size_t taken = parser_->put(asio::const_buffer(buffer_.data()), error);
    if (error && error != http::error::need_more) return RefuseParsed(error);
    buffer_.consume(taken);
    if (!parser_->is_header_done()) return Refuse(400, "the request's head is malformed");
    const auto& message = parser_->get();
    if (message.version() != 11 && message.version() != 10) return Refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    if (!message[http::field::content_encoding].empty()) return Refuse(415, "a compressed request body is not taken");
    if (parser_->is_done()) return Dispatch();
    if (beast::iequals(message[http::field::expect], "100-continue")) {
      auto go_on = std::make_shared<std::string>("HTTP/1.1 100 Continue\r\n\r\n");
      return asio::async_write(stream_, asio::buffer(*go_on), [self = shared_from_this(), go_on](error_code failed, size_t) {
        if (failed) return self->Close();
        self->ReadBody();
      });
    }
    ReadBody();
  }

  void ReadBody() {
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, size_t) {
      if (error == beast::error::timeout) return self->Refuse(408, "the request did not arrive within " + std::to_string(kReadTime.count()) + " s");
      if (error) return self->RefuseParsed(error);
      self->Dispatch();
    });
  }

  void RefuseParsed(error_code error) {
    if (error == http::error::body_limit) return Refuse(413, "the request's body has more than " + std::to_string(kMaxBodyBytes) + " bytes");
    if (error == http::error::header_limit) return Refuse(431, "the request's head has more than " + std::to_string(kMaxHeadBytes) + " bytes");
    if (error.category() == http::make_error_code(http::error::bad_version).category() && error != http::error::partial_message &&
        error != http::error::end_of_stream) {
      return Refuse(400, "the request is no HTTP/1.1: " + error.message());
    }
    Close();  // the client has gone
  }

  /// From Beast's message to ours. Errors: what the target is refused for.
  Status TakeRequest() {
    auto message = parser_->release();
    keep_alive_ = message.keep_alive();
    request_.method = std::string(message.method_string());
    LOTIC_ASSIGN_OR_RETURN(RequestTarget target, ParseRequestTarget({message.target().data(), message.target().size()}));
    request_.path = std::move(target.path);
    request_.query = std::move(target.query);
    for (const auto& field : message) {
      request_.headers.emplace_back(Lower({field.name_string().data(), field.name_string().size()}), std::string(field.value().data(), field.value().size()));
    }
    request_.body = std::move(message.body());
    return Status::OK();
  }

  void Dispatch() {
    stream_.expires_never();
    const Status taken = TakeRequest();
    if (!taken.ok()) return Answer(ErrorResponse(taken));
    const Router* const router = server_->router;
    if (router == nullptr) return Answer(Starting());
    const auto route = router->Find(&request_);
    const Status allowed = CheckBrowserRules(request_, route.ok() ? (*route)->access : Access::kRead);
    if (!allowed.ok()) return Answer(ErrorResponse(allowed));
    if (!route.ok()) return Answer(ErrorResponse(route.status()));
    // A query whose answer has no room is not run for nothing.
    if ((*route)->lane == Lane::kQuery && HasNoRoomFor(kSmallAnswerBytes)) return Answer(NoRoom());
    stop_ = std::stop_source();
    Watch();
    {
      const std::lock_guard lock(server_->mutex);
      ++server_->handling;
    }
    const bool posted =
        ((*route)->lane == Lane::kQuery ? server_->queries : server_->control).TryPost([self = shared_from_this(), route = *route] { self->Handle(*route); });
    if (posted) return;
    Handled();
    server_->refused.fetch_add(1);
    HttpResponse busy = ErrorResponse(429, "as many requests as this server handles at once are waiting already; try again");
    busy.headers.emplace_back("Retry-After", "1");
    Answer(std::move(busy));
  }

  static HttpResponse Starting() {
    HttpResponse response = ErrorResponse(503, "the server is starting: it opens its tables; try again");
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }

  void Handled() {
    const std::lock_guard lock(server_->mutex);
    --server_->handling;
    server_->changed.notify_all();
  }

  /// On a worker.
  void Handle(const Route& route) {
    HttpResponse response;
    {
      // Ends this request when the server stops.
      const std::stop_callback when_stopping(server_->stop_all.get_token(), [this] { stop_.request_stop(); });
      CallContext ctx;
      ctx.stop = stop_.get_token();
      ctx.deadline = std::chrono::steady_clock::now() + kMaxHandlingTime;
      try {  // memory that ran out ends this request, not the server
        response = route.handler(ctx, request_);
      } catch (const std::exception& thrown) {
        server_->Log(request_.method + " " + route.pattern + ": " + thrown.what());
        response = ErrorResponse(500, "the request could not be handled; the server's log says why");
      }
    }
    asio::post(stream_.get_executor(), [self = shared_from_this(), response = std::move(response)]() mutable {
      self->Handled();
      self->Answer(std::move(response));
    });
  }

  /// Stops the request once its client has gone.
  void Watch() {
    const uint64_t number = ++watched_;
    stream_.socket().async_wait(tcp::socket::wait_read, [self = shared_from_this(), number](error_code error) {
      if (error || number != self->watched_) return;
      char byte;
      const ssize_t seen = recv(self->stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
      if (seen > 0) return self->LookAgain(number);  // the next request, already
      // Readiness of bytes that were taken since is no news of the client.
      if (seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return self->Watch();
      self->stop_.request_stop();
    });
  }

  /// Watches a client with bytes that nobody takes yet: readiness tells nothing any more.
  void LookAgain(uint64_t number) {
    look_again_.expires_after(kLookPause);
    look_again_.async_wait([self = shared_from_this(), number](error_code error) {
      if (error || number != self->watched_) return;
      pollfd client{self->stream_.socket().native_handle(), POLLRDHUP, 0};
      if (poll(&client, 1, 0) > 0) return (void)self->stop_.request_stop();
      self->LookAgain(number);
    });
  }

  void Refuse(int status, const std::string& message) { Refuse(ErrorResponse(status, message)); }
  /// Answers what was not read to its end: the connection is of no use afterwards.
  void Refuse(HttpResponse response) {
    keep_alive_ = false;
    Answer(std::move(response));
  }

  bool HasNoRoomFor(size_t bytes) const {
    const size_t unsent = server_->unsent_bytes;
    return unsent > 0 && unsent + bytes > server_->options.max_unsent_bytes;
  }
  HttpResponse NoRoom() {
    server_->refused.fetch_add(1);
    HttpResponse response = ErrorResponse(503, "answers of " + std::to_string(server_->unsent_bytes) + " bytes wait for clients to read them, at most " +
                                                   std::to_string(server_->options.max_unsent_bytes) + " may; try again");
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }

  void Answer(HttpResponse response) {
    ++watched_;
    server_->requests.fetch_add(1);
    error_code ignored;
    stream_.socket().cancel(ignored);
    look_again_.cancel();
    if (server_->stopping) keep_alive_ = false;
    if (response.body.size() > kSmallAnswerBytes && request_.method != "HEAD" && HasNoRoomFor(response.body.size())) response = NoRoom();
    auto message = std::make_shared<http::response<http::string_body>>();
    message->version(11);
    message->result(static_cast<unsigned>(response.status));
    message->set(http::field::content_type, response.content_type);
    message->set("X-Content-Type-Options", "nosniff");
    message->set(http::field::cache_control, "no-store");
    for (const NamedText& header : response.headers) message->set(header.first, header.second);
    message->keep_alive(keep_alive_);
    if (request_.method == "HEAD") {
      message->content_length(response.body.size());
    } else {
      message->body() = std::move(response.body);
      message->prepare_payload();
    }
    Write(std::make_shared<Written>(server_, std::move(message)));
  }

  /// An answer on its way, counted while it is.
  struct Written {
    Written(Impl* of, std::shared_ptr<http::response<http::string_body>> what)
        : server(of), message(std::move(what)), bytes(message->body().size()), serializer(*message) {
      server->unsent_bytes.fetch_add(bytes);
    }
    ~Written() { server->unsent_bytes.fetch_sub(bytes); }
    Impl* const server;
    const std::shared_ptr<http::response<http::string_body>> message;
    const size_t bytes;
    http::response_serializer<http::string_body> serializer;
  };

  /// Piece by piece, each with its own time: a client that reads slowly is served, one that does not read is not.
  void Write(std::shared_ptr<Written> written) {
    stream_.expires_after(server_->options.write_time);
    auto& serializer = written->serializer;
    http::async_write_some(stream_, serializer, [self = shared_from_this(), written = std::move(written)](error_code error, size_t) mutable {
      if (error) return self->Close();
      if (!written->serializer.is_done()) return self->Write(std::move(written));
      written.reset();
      if (self->keep_alive_) return self->ReadRequest();
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, error);
      self->stream_.expires_after(kLingerTime);
      self->Linger(0);
    });
  }

  void Linger(size_t taken) {
    if (server_->stopping || taken > kMaxLingerBytes) return Close();
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(kReadBytes), [self = shared_from_this(), taken](error_code error, size_t bytes) {
      if (error) return self->Close();
      self->Linger(taken + bytes);
    });
  }

  void Close() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.close();
  }

  Impl* const server_;  // outlives every session
  const asio::ip::address from_;
  beast::tcp_stream stream_;
  asio::steady_timer look_again_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  HttpRequest request_;
  std::stop_source stop_;
  uint64_t watched_ = 0;
  bool keep_alive_ = false;
  bool busy_ = false;  // from the first byte of a request to the end of its answer
};

Status HttpServer::Impl::Listen() {
  std::string host = options.host == "localhost" ? "127.0.0.1" : options.host;
  error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (error || !address.is_loopback()) {
    return Status::Invalid("serving on ", options.host,
                           " is refused: as long as nobody is asked who he is, only a loopback address is served (127.0.0.1, ::1)");
  }
  for (const uint16_t port : options.ports) {
    const auto fail = [&](const error_code& why) { return Status::IOError("cannot listen on ", host, ":", port, ": ", why.message()); };
    tcp::acceptor acceptor(io);
    const tcp::endpoint endpoint(address, port);
    acceptor.open(endpoint.protocol(), error);
    if (error) return fail(error);
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return fail(error);
    bound.push_back(acceptor.local_endpoint(error).port());
    if (error) return fail(error);
    acceptors.push_back(std::move(acceptor));
  }
  return Status::OK();
}

void HttpServer::Impl::Serve() {
  for (size_t i = 0; i < acceptors.size(); ++i) Accept(i);
  for (size_t i = 0; i < kIoThreads; ++i) {
    threads.emplace_back([this] {
      for (;;) {
        try {  // memory that ran out, or an answer that HTTP has no form for, ends one connection
          io.run();
          return;
        } catch (const std::exception& thrown) {
          Log(std::string("a connection was given up: ") + thrown.what());
        }
      }
    });
  }
}

void HttpServer::Impl::Accept(size_t listener) {
  acceptors[listener].async_accept(asio::make_strand(io), [self = this, listener](error_code error, tcp::socket socket) {
    if (self->stopping || error == asio::error::operation_aborted) return;
    if (error) {
      self->Log("accepting a connection failed: " + error.message());
      auto timer = std::make_shared<asio::steady_timer>(self->io, kAcceptPause);
      timer->async_wait([self, listener, timer](error_code stopped) {
        if (!stopped && !self->stopping) self->Accept(listener);
      });
      return;
    }
    self->connections.fetch_add(1);
    const asio::ip::address from = socket.remote_endpoint(error).address();
    if (self->IsFull(from)) {
      self->refused.fetch_add(1);
      socket.non_blocking(true, error);
      if (!error) (void)socket.write_some(asio::buffer(kNoRoom.data(), kNoRoom.size()), error);  // fits the socket's buffer, which is empty
    } else {
      socket.set_option(tcp::no_delay(true), error);
      std::make_shared<Session>(self, std::move(socket), from)->Start();
    }
    self->Accept(listener);
  });
}

bool HttpServer::Impl::IsFull(const asio::ip::address& from) {
  const std::lock_guard lock(mutex);
  const auto known = of_address.find(from);
  return sessions.size() >= kMaxConnections || (known != of_address.end() && known->second >= kMaxConnectionsOfAddress);
}

void HttpServer::Impl::Enter(Session* session) {
  const std::lock_guard lock(mutex);
  sessions.insert(session);
  ++of_address[session->from()];
}

void HttpServer::Impl::Leave(Session* session) {
  const std::lock_guard lock(mutex);
  sessions.erase(session);
  if (const auto known = of_address.find(session->from()); --known->second == 0) of_address.erase(known);
  changed.notify_all();
}

void HttpServer::Impl::Stop() {
  if (stopped) return;
  stopped = true;
  stopping = true;
  asio::post(io, [this] {
    error_code ignored;
    for (tcp::acceptor& acceptor : acceptors) acceptor.close(ignored);
  });
  const auto close_idle = [this] {
    std::vector<std::shared_ptr<Session>> open;
    {
      const std::lock_guard lock(mutex);
      for (Session* session : sessions) {
        if (auto held = session->weak_from_this().lock()) open.push_back(std::move(held));
      }
    }
    for (const auto& session : open) session->CloseIfIdle();
  };
  close_idle();
  {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, kDrainTime, [this] { return handling == 0; });
  }
  stop_all.request_stop();
  control.Join();
  queries.Join();
  close_idle();
  {
    std::unique_lock lock(mutex);  // answers on their way
    changed.wait_for(lock, kDrainTime, [this] { return sessions.empty(); });
  }
  io.stop();
  threads.clear();
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { impl_->Stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(HttpServerOptions options) {
  if (options.query_workers == 0) options.query_workers = 2 * std::max(1U, std::thread::hardware_concurrency());
  std::unique_ptr<HttpServer> server(new HttpServer(std::make_unique<Impl>(std::move(options))));
  LOTIC_RETURN_NOT_OK(server->impl_->Listen());
  return server;
}

const std::vector<uint16_t>& HttpServer::ports() const { return impl_->bound; }
std::string HttpServer::url(size_t listener) const {
  const bool v6 = impl_->options.host.find(':') != std::string::npos;
  const std::string host = impl_->options.host == "localhost" ? "127.0.0.1" : impl_->options.host;
  return "http://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(impl_->bound[listener]);
}
void HttpServer::Serve() { impl_->Serve(); }
void HttpServer::Begin(const Router* router) { impl_->router = router; }
void HttpServer::Stop() { impl_->Stop(); }
HttpServer::Counters HttpServer::counters() const { return {impl_->connections, impl_->requests, impl_->refused}; }

}  // namespace lotic::server
