// SPDX-License-Identifier: Apache-2.0
#include "net/stream.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "lotic/source_error.h"
#include "net/test_no_threads.h"

namespace lotic::net {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

const Endpoint kLoopback{"127.0.0.1", 0};

std::span<const uint8_t> Bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

struct Pair {
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Stream> client, server;
};

Pair Connected() {
  Pair pair;
  pair.listener = Listener::Listen(kLoopback).ValueOrDie();
  pair.client = Stream::Connect({}, pair.listener->endpoint()).ValueOrDie();
  pair.server = pair.listener->Accept({}).ValueOrDie();
  return pair;
}

// A loopback port where the kernel completes no connection: its queue is full and nobody accepts.
class DeafPort {
 public:
  DeafPort() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(listen(fd_, 0), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    endpoint_ = {"127.0.0.1", ntohs(at.sin_port)};
    for (int& filler : fillers_) {
      filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      (void)connect(filler, reinterpret_cast<sockaddr*>(&at), size);
    }
  }
  ~DeafPort() {
    for (const int filler : fillers_) close(filler);
    close(fd_);
  }
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  int fd_;
  int fillers_[4];
  Endpoint endpoint_;
};

TEST(Endpoint, ReadsHostsAddressesAndLists) {
  EXPECT_EQ(*Endpoint::Parse("broker-1.example:9092"), (Endpoint{"broker-1.example", 9092}));
  EXPECT_EQ(*Endpoint::Parse("[::1]:9092"), (Endpoint{"::1", 9092}));
  EXPECT_EQ(*Endpoint::Parse("SASL_SSL://b:1"), (Endpoint{"b", 1}));
  EXPECT_EQ(*Endpoint::Parse("b", 9092), (Endpoint{"b", 9092}));
  EXPECT_EQ((Endpoint{"::1", 9092}).ToString(), "[::1]:9092");
  EXPECT_EQ(Endpoint::ParseList(" a:1 , b:2,")->size(), 2u);
}

TEST(Endpoint, NamesTheTextItCannotRead) {
  for (const char* bad : {"", "b", ":9092", "b:", "b:x", "b:65536", "::1:9092", "[::1", "[::1]x", "a b:1", "b:-1"}) {
    const auto status = Endpoint::Parse(bad).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << bad;
    EXPECT_THAT(status.message(), HasSubstr(std::string("\"") + bad + "\" is not host:port"));
  }
  EXPECT_FALSE(Endpoint::ParseList(" , ").ok());
}

TEST(Stream, CarriesBytesBothWays) {
  Pair pair = Connected();
  ASSERT_TRUE(pair.client->WriteAll({}, Bytes("ping")).ok());
  std::vector<uint8_t> got(4);
  ASSERT_TRUE(pair.server->ReadAll({}, got).ok());
  EXPECT_EQ(std::string(got.begin(), got.end()), "ping");
  ASSERT_TRUE(pair.server->WriteAll({}, Bytes("pong")).ok());
  ASSERT_TRUE(pair.client->ReadAll({}, got).ok());
  EXPECT_EQ(std::string(got.begin(), got.end()), "pong");
  EXPECT_EQ(pair.client->bytes_read(), 4u);
  EXPECT_EQ(pair.client->bytes_written(), 4u);
}

TEST(Stream, TellsNothingYetFromTheEnd) {
  Pair pair = Connected();
  std::vector<uint8_t> got(16);
  EXPECT_TRUE(pair.client->ReadSome(got)->would_block());
  pair.server.reset();
  PollItem item = pair.client->PollFor(true, false);
  ASSERT_EQ(*Wait({}, {&item, 1}, nullptr, milliseconds(-1)), WaitOutcome::kReady);
  EXPECT_TRUE(pair.client->ReadSome(got)->end());
}

TEST(Stream, MovesMoreThanTheSocketHolds) {
  Pair pair = Connected();
  std::vector<uint8_t> sent(8 << 20);
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<uint8_t>(i * 31 >> 3);
  std::thread writer([&] { EXPECT_TRUE(pair.server->WriteAll({}, sent).ok()); });
  std::vector<uint8_t> got(sent.size());
  EXPECT_TRUE(pair.client->ReadAll({}, got).ok());
  writer.join();
  EXPECT_EQ(got, sent);
}

TEST(Stream, ReadAllSaysHowFarItGotWhenThePeerCloses) {
  Pair pair = Connected();
  ASSERT_TRUE(pair.server->WriteAll({}, Bytes("abc")).ok());
  pair.server.reset();
  std::vector<uint8_t> got(10);
  const Status status = pair.client->ReadAll({}, got);
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(), AllOf(HasSubstr(pair.listener->endpoint().ToString()), HasSubstr("after 3 of 10 bytes")));
}

TEST(Stream, WritingToAClosedPeerIsAnErrorAndNoSignal) {
  Pair pair = Connected();
  pair.server.reset();
  Status status;
  const std::vector<uint8_t> block(1 << 16);
  for (int i = 0; i < 100 && status.ok(); ++i) status = pair.client->WriteAll({}, block);
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(), HasSubstr(pair.listener->endpoint().ToString()));
}

TEST(Connect, NamesHostPortAndCauseWhenRefused) {
  Endpoint closed;
  {
    auto listener = Listener::Listen(kLoopback).ValueOrDie();
    closed = listener->endpoint();
  }
  const Status status = Stream::Connect({}, closed).status();
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_EQ(status.message(), "cannot connect to " + closed.ToString() + ": Connection refused; is the address right, and is the server running?");
  const auto* detail = dynamic_cast<const SourceError*>(status.detail().get());
  ASSERT_NE(detail, nullptr);
  EXPECT_TRUE(detail->retryable);
}

TEST(Connect, TriesTheOtherAddressesOfAName) {
  auto listener = Listener::Listen(kLoopback).ValueOrDie();  // localhost is often ::1 first, where nobody listens
  auto stream = Stream::Connect({}, {"localhost", listener->endpoint().port});
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ((*stream)->address(), listener->endpoint().ToString());
  EXPECT_EQ((*stream)->peer().host, "localhost");
}

TEST(Connect, SpeaksIPv6) {
  auto listener = Listener::Listen({"::1", 0});
  if (!listener.ok()) GTEST_SKIP() << "no IPv6 here: " << listener.status();
  auto stream = Stream::Connect({}, (*listener)->endpoint());
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ((*stream)->address(), (*listener)->endpoint().ToString());
  ConnectOptions only_v4;
  only_v4.family = AddressFamily::kIPv4;
  EXPECT_FALSE(Stream::Connect({}, (*listener)->endpoint(), only_v4).ok());
}

TEST(Connect, NamesAHostThatDoesNotExist) {
  const Status status = Stream::Connect({}, {"no-such-host.invalid", 9092}).status();
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("cannot connect to no-such-host.invalid:9092"), HasSubstr("look-up")));
}

TEST(Connect, AMachineWithoutAThreadForTheLookUpMayBeAskedAgain) {
  auto listener = Listener::Listen(kLoopback).ValueOrDie();
  const Endpoint by_name{"localhost", listener->endpoint().port};
  ConnectOptions only_v4;
  only_v4.family = AddressFamily::kIPv4;
  {
    const NoThreads none;
    const Status status = Stream::Connect({}, by_name, only_v4).status();
    EXPECT_EQ(status.code(), StatusCode::kIOError);
    EXPECT_THAT(status.message(), AllOf(HasSubstr(by_name.ToString()), HasSubstr("no thread for the name look-up")));
    ASSERT_NE(SourceError::From(status), nullptr);
    EXPECT_TRUE(SourceError::From(status)->retryable);
  }
  EXPECT_TRUE(Stream::Connect({}, by_name, only_v4).ok());
}

TEST(Connect, TimesOutWithTheLimitInTheMessage) {
  DeafPort deaf;
  ConnectOptions options;
  options.timeout = milliseconds(50);
  const Status status = Stream::Connect({}, deaf.endpoint(), options).status();
  EXPECT_EQ(status.code(), StatusCode::kIOError) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr(deaf.endpoint().ToString()), HasSubstr("timed out after 50 ms")));
}

TEST(Connect, EndsAtTheDeadlineOfTheCall) {
  DeafPort deaf;
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + milliseconds(50);
  const Status status = Stream::Connect(ctx, deaf.endpoint()).status();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(status.message(), HasSubstr(deaf.endpoint().ToString()));
}

TEST(Connect, StopsWhenAskedTo) {
  DeafPort deaf;
  std::stop_source stop;
  CallContext ctx;
  ctx.stop = stop.get_token();
  ConnectOptions options;
  options.timeout = std::chrono::minutes(10);  // the test's own time limit would be reached without the stop
  Status status;
  std::thread connecting([&] { status = Stream::Connect(ctx, deaf.endpoint(), options).status(); });
  stop.request_stop();
  connecting.join();
  EXPECT_TRUE(status.IsCancelled()) << status;
  EXPECT_THAT(status.message(), HasSubstr(deaf.endpoint().ToString()));
}

TEST(Stream, AReadStopsWhenAskedTo) {
  Pair pair = Connected();
  std::stop_source stop;
  CallContext ctx;
  ctx.stop = stop.get_token();
  Status status;
  std::thread reading([&] {
    std::vector<uint8_t> got(1);
    status = pair.client->ReadAll(ctx, got);
  });
  stop.request_stop();
  reading.join();
  EXPECT_TRUE(status.IsCancelled()) << status;
  EXPECT_THAT(status.message(), HasSubstr(pair.client->peer().ToString()));
}

TEST(Stream, AbortFromAnotherThreadEndsAWait) {
  Pair pair = Connected();
  Result<Transfer> transfer = Transfer{};
  std::thread reading([&] {
    PollItem item = pair.client->PollFor(true, false);
    EXPECT_EQ(*Wait({}, {&item, 1}, nullptr, milliseconds(-1)), WaitOutcome::kReady);
    std::vector<uint8_t> got(1);
    transfer = pair.client->ReadSome(got);
  });
  pair.client->Abort();
  reading.join();
  EXPECT_TRUE(!transfer.ok() || transfer->end());
}

TEST(Wait, ServesSeveralStreamsInOneThread) {
  Pair a = Connected(), b = Connected();
  Waker waker;
  std::vector<PollItem> items = {a.client->PollFor(true, false), b.client->PollFor(true, false), PollItem{}};
  EXPECT_EQ(*Wait({}, items, &waker, milliseconds(0)), WaitOutcome::kTimeout);
  ASSERT_TRUE(b.server->WriteAll({}, Bytes("x")).ok());
  ASSERT_EQ(*Wait({}, items, &waker, milliseconds(-1)), WaitOutcome::kReady);
  EXPECT_FALSE(items[0].ready);
  EXPECT_TRUE(items[1].ready);
}

TEST(Wait, AWakeBeforeTheWaitIsNotLostAndIsUsedUpOnce) {
  Waker waker;
  waker.Wake();
  waker.Wake();
  EXPECT_EQ(*Wait({}, {}, &waker, milliseconds(-1)), WaitOutcome::kWoken);
  EXPECT_EQ(*Wait({}, {}, &waker, milliseconds(0)), WaitOutcome::kTimeout);
}

TEST(Wait, EndsByAWakeFromAnotherThread) {
  Waker waker;
  std::thread other([&] { waker.Wake(); });
  EXPECT_EQ(*Wait({}, {}, &waker, milliseconds(-1)), WaitOutcome::kWoken);
  other.join();
}

TEST(Wait, ReadyStreamsComeBeforeAWakeWhichStays) {
  Pair pair = Connected();
  ASSERT_TRUE(pair.server->WriteAll({}, Bytes("x")).ok());
  Waker waker;
  PollItem item = pair.client->PollFor(true, false);
  ASSERT_EQ(*Wait({}, {&item, 1}, nullptr, milliseconds(-1)), WaitOutcome::kReady);
  waker.Wake();
  EXPECT_EQ(*Wait({}, {&item, 1}, &waker, milliseconds(-1)), WaitOutcome::kReady);
  EXPECT_EQ(*Wait({}, {}, &waker, milliseconds(-1)), WaitOutcome::kWoken);
}

TEST(Wait, EndsByStopAndByDeadline) {
  std::stop_source stop;
  CallContext ctx;
  ctx.stop = stop.get_token();
  std::thread other([&] { stop.request_stop(); });
  EXPECT_TRUE(Wait(ctx, {}, nullptr, milliseconds(-1)).status().IsCancelled());
  other.join();
  CallContext limited;
  limited.deadline = std::chrono::steady_clock::now() + milliseconds(20);
  EXPECT_EQ(Wait(limited, {}, nullptr, milliseconds(-1)).status().code(), StatusCode::kDeadlineExceeded);
}

TEST(Listener, SaysWhyItCannotListen) {
  auto first = Listener::Listen(kLoopback).ValueOrDie();
  const Status status = Listener::Listen(first->endpoint()).status();
  EXPECT_EQ(status.message(), "cannot listen on " + first->endpoint().ToString() + ": Address already in use");
}

TEST(Secret, PrintsAsStars) {
  std::ostringstream out;
  out << Secret("hunter2") << Secret();
  EXPECT_EQ(out.str(), "***");
  Secret a("short"), b = std::move(a);
  EXPECT_EQ(b.Reveal(), "short");
  EXPECT_TRUE(a.empty());  // NOLINT: what is left is the point
}

}  // namespace
}  // namespace lotic::net
