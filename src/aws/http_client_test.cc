// SPDX-License-Identifier: Apache-2.0
#include "aws/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "aws/test_http_server.h"
#include "net/test_certificates.h"

namespace lotic::aws {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::span<const uint8_t> Bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

TestHttpAnswer Echo(const TestHttpRequest& request) {
  TestHttpAnswer answer;
  answer.headers = {{"X-Seen-Method", request.method}};
  answer.body = request.method + " " + request.target + " " + request.body;
  return answer;
}

std::shared_ptr<HttpClient> Client(HttpClientOptions options = {}) { return HttpClient::Create(std::move(options)).ValueOrDie(); }

HttpRequest Get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

TEST(HttpClient, SendsWhatItIsGivenByteForByte) {
  TestHttpServer server(Echo);
  const auto client = Client();
  HttpRequest request;
  request.method = "PUT";
  request.url = server.url() + "/a//b/../c%2Fd%20e?x=1&y=%2B";
  request.headers = {{"X-Empty", ""}, {"X-One", "a  b"}, {"X-Two", "t\xC3\xBC"}};
  const std::string body("\0\r\n\xFF body", 9);
  request.body = Bytes(body);
  const HttpResponse response = client->Send({}, request).ValueOrDie();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "PUT /a//b/../c%2Fd%20e?x=1&y=%2B " + body);
  EXPECT_EQ(response.Header("x-seen-method"), "PUT");
  EXPECT_FALSE(response.Header("x-unseen"));
  EXPECT_GE(response.body.capacity(), response.body.size() + kBodyPadding);
  const TestHttpRequest seen = server.requests().at(0);
  EXPECT_EQ(seen.Header("x-one"), "a  b");
  EXPECT_EQ(seen.Header("x-two"), "t\xC3\xBC");
  EXPECT_EQ(seen.Header("Host"), server.url().substr(7));
  EXPECT_EQ(seen.Header("User-Agent"), "lotic");
  EXPECT_EQ(seen.Header("Content-Length"), "9");
  EXPECT_TRUE(FindHeader(seen.headers, "X-Empty"));
  EXPECT_FALSE(FindHeader(seen.headers, "Content-Type"));
  EXPECT_FALSE(FindHeader(seen.headers, "Expect"));
}

TEST(HttpClient, EveryMethodArrivesAsItself) {
  TestHttpServer server(Echo);
  const auto client = Client();
  for (const std::string method : {"GET", "PUT", "POST", "DELETE", "HEAD"}) {
    HttpRequest request = Get(server.url() + "/");
    request.method = method;
    const HttpResponse response = client->Send({}, request).ValueOrDie();
    EXPECT_EQ(response.Header("X-Seen-Method"), method);
    EXPECT_EQ(response.body, method == "HEAD" ? "" : method + " / ");
  }
}

TEST(HttpClient, ConnectionsAreReused) {
  TestHttpServer server(Echo);
  const auto client = Client();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client->Send({}, Get(server.url() + "/")).ok());
  EXPECT_EQ(client->connections_opened(), 1);
  HttpRequest request = Get(server.url() + "/");
  request.fresh_connection = true;
  ASSERT_TRUE(client->Send({}, request).ok());
  EXPECT_EQ(client->connections_opened(), 2);
}

TEST(HttpClient, AConnectionThatTheServerClosedIsReplaced) {
  TestHttpServer server([](const TestHttpRequest& request) {
    TestHttpAnswer answer = Echo(request);
    answer.close = true;
    return answer;
  });
  const auto client = Client();
  for (int i = 0; i < 5; ++i) {
    const auto response = client->Send({}, Get(server.url() + "/" + std::to_string(i)));
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->body, "GET /" + std::to_string(i) + " ");
  }
}

TEST(HttpClient, ManyThreadsShareIt) {
  TestHttpServer server(Echo);
  const auto client = Client();
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 20; ++i) {
          const std::string path = "/" + std::to_string(t) + "/" + std::to_string(i);
          const auto response = client->Send({}, Get(server.url() + path));
          right += response.ok() && response->body == "GET " + path + " ";
        }
      });
    }
  }
  EXPECT_EQ(right, 160);
  EXPECT_LE(client->connections_opened(), 8);
}

TEST(HttpClient, AStopEndsACallAtOnce) {
  TestHttpServer server([](const TestHttpRequest&) { return TestHttpAnswer{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal", .hang = true}; });
  const auto client = Client();
  std::stop_source source;
  CallContext ctx;
  ctx.stop = source.get_token();
  std::chrono::steady_clock::time_point stopped;
  std::jthread stopper([&] {
    server.WaitUntilHanging();
    stopped = std::chrono::steady_clock::now();
    source.request_stop();
  });
  const Status status = client->Send(ctx, Get(server.url() + "/slow")).status();
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  EXPECT_THAT(status.message(), HasSubstr("GET " + server.url() + "/slow"));
  EXPECT_LT(std::chrono::steady_clock::now() - stopped, milliseconds(2000));  // 200 ms are promised
  EXPECT_EQ(client->Send(ctx, Get(server.url())).status().code(), StatusCode::kCancelled);
}

TEST(HttpClient, TheDeadlineEndsACall) {
  TestHttpServer server([](const TestHttpRequest&) { return TestHttpAnswer{.hang = true}; });
  CallContext ctx;
  const auto begin = std::chrono::steady_clock::now();
  ctx.deadline = begin + milliseconds(100);
  EXPECT_EQ(Client()->Send(ctx, Get(server.url())).status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(100));
}

TEST(HttpClient, SilenceEndsACall) {
  TestHttpServer server([](const TestHttpRequest&) { return TestHttpAnswer{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal", .hang = true}; });
  HttpClientOptions options;
  options.silence_timeout = milliseconds(100);
  const Status status = Client(options)->Send({}, Get(server.url())).status();
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(), HasSubstr("no byte in 100 ms"));
  ASSERT_NE(TransportError::From(status), nullptr);
  EXPECT_TRUE(TransportError::From(status)->may_have_been_sent);
}

TEST(HttpClient, AnAnswerIsNeverLongerThanAllowed) {
  TestHttpServer server([](const TestHttpRequest& request) {
    if (request.target == "/said") return TestHttpAnswer{.body = std::string(101, 'x')};
    if (request.target == "/fits") return TestHttpAnswer{.body = std::string(100, 'x')};
    if (request.target == "/headers") return TestHttpAnswer{.headers = {{"X-Long", std::string(50'000, 'h')}, {"X-Long", std::string(90'000, 'h')}}};
    return TestHttpAnswer{.raw = "HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x')};  // until the end of the connection
  });
  const auto client = Client();
  for (const char* path : {"/said", "/unsaid"}) {
    HttpRequest request = Get(server.url() + path);
    request.max_response_bytes = 100;
    const Status status = client->Send({}, request).status();
    EXPECT_EQ(status.code(), StatusCode::kCapacityError);
    EXPECT_THAT(status.message(), HasSubstr("longer than 100 bytes"));
  }
  HttpRequest request = Get(server.url() + "/fits");
  request.max_response_bytes = 100;
  EXPECT_EQ(client->Send({}, request).ValueOrDie().body.size(), 100u);
  EXPECT_EQ(client->Send({}, Get(server.url() + "/headers")).status().code(), StatusCode::kCapacityError);
}

TEST(HttpClient, ACutAnswerIsAnErrorAndNotAShortBody) {
  for (const char* raw : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "HTTP/1.1 20", "nonsense\r\n\r\n",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx"}) {
    TestHttpServer server([&](const TestHttpRequest&) { return TestHttpAnswer{.raw = raw}; });
    HttpRequest request = Get(server.url() + "/");
    request.fresh_connection = true;
    const Status status = Client()->Send({}, request).status();
    EXPECT_EQ(status.code(), StatusCode::kIOError) << raw;
    ASSERT_NE(TransportError::From(status), nullptr) << status;
    EXPECT_TRUE(TransportError::From(status)->may_have_been_sent) << raw;
  }
}

TEST(HttpClient, RefusedConnectionsSayThatNothingWasSent) {
  std::string url;
  { url = TestHttpServer(Echo).url(); }
  const Status status = Client()->Send({}, Get(url + "/x?token=hidden")).status();
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("GET " + url + "/x: "), Not(HasSubstr("hidden"))));
  ASSERT_NE(TransportError::From(status), nullptr);
  EXPECT_FALSE(TransportError::From(status)->may_have_been_sent);
  EXPECT_TRUE(TransportError::From(status)->retryable);
}

TEST(HttpClient, RedirectsAreFollowedOnlyWhenAsked) {
  TestHttpServer server([](const TestHttpRequest& request) {
    if (request.target == "/from") return TestHttpAnswer{.status = 302, .headers = {{"Location", "/to"}}, .body = "moved"};
    if (request.target == "/round") return TestHttpAnswer{.status = 302, .headers = {{"Location", "/round"}}};
    if (request.target == "/file") return TestHttpAnswer{.status = 302, .headers = {{"Location", "file:///etc/passwd"}}};
    return Echo(request);
  });
  const auto client = Client();
  EXPECT_EQ(client->Send({}, Get(server.url() + "/from")).ValueOrDie().status, 302);
  HttpRequest request = Get(server.url() + "/from");
  request.follow_redirects = true;
  EXPECT_EQ(client->Send({}, request).ValueOrDie().body, "GET /to ");
  for (const char* path : {"/round", "/file"}) {
    request.url = server.url() + path;
    const Status status = client->Send({}, request).status();
    EXPECT_EQ(status.code(), StatusCode::kIOError);
    EXPECT_FALSE(TransportError::From(status)->retryable) << status;
  }
  request.body = Bytes("x");
  EXPECT_EQ(client->Send({}, request).status().code(), StatusCode::kInvalid);
}

TEST(HttpClient, WhatIsNoRequestIsRefusedAndNoPasswordShown) {
  const auto client = Client();
  for (const char* url : {"", "ftp://h/", "file:///etc/passwd", "http://", "http://u:hush@h/", "http://h:99999/", "http://a b/", "http://h/\r\nX: y"}) {
    const Status status = client->Send({}, Get(url)).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << url;
    EXPECT_THAT(status.message(), Not(HasSubstr("hush")));
  }
  HttpRequest request = Get("http://127.0.0.1:1/");
  for (const HttpHeader& header : {HttpHeader{"X", "a\r\nY: b"}, HttpHeader{"X", std::string("a\0b", 3)}, HttpHeader{"X Y", "a"}, HttpHeader{"", "a"}}) {
    request.headers = {header};
    EXPECT_EQ(client->Send({}, request).status().code(), StatusCode::kInvalid);
  }
  request.headers.clear();
  request.method = "GET / HTTP/1.1\r\nX:";
  EXPECT_EQ(client->Send({}, request).status().code(), StatusCode::kInvalid);
}

TEST(HttpClient, LoopbackIsAskedWithoutTheProxyAndOthersThroughIt) {
  TestHttpServer proxy([](const TestHttpRequest&) { return TestHttpAnswer{.body = "proxied"}; });
  TestHttpServer server(Echo);
  HttpClientOptions options;
  options.proxy = ProxySettings::FromEnvironment({{"http_proxy", proxy.url()}, {"HTTP_PROXY", "http://ignored:1"}, {"no_proxy", "direct.invalid"}});
  const auto client = Client(options);
  EXPECT_EQ(client->Send({}, Get(server.url() + "/")).ValueOrDie().body, "GET / ");
  EXPECT_TRUE(proxy.requests().empty());
  EXPECT_EQ(client->Send({}, Get("http://elsewhere.invalid/x")).ValueOrDie().body, "proxied");
  ASSERT_EQ(proxy.requests().size(), 1u);
  EXPECT_EQ(proxy.requests()[0].target, "http://elsewhere.invalid/x");
  EXPECT_EQ(client->Send({}, Get("http://direct.invalid/x")).status().code(), StatusCode::kIOError);
  EXPECT_EQ(proxy.requests().size(), 1u);
}

TEST(HttpClient, TheProcessEnvironmentIsNotRead) {
  // Set for this process alone; libcurl would honour it if it were left to itself.
  ASSERT_EQ(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
  const Status status = Client()->Send({}, Get("http://elsewhere.invalid/")).status();
  unsetenv("http_proxy");
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(), Not(HasSubstr("127.0.0.1")));
}

TEST(HttpClient, CertificatesAreChecked) {
  net::TestAuthority authority("Test CA");
  net::TestAuthority stranger("Another CA");
  std::string folder = (std::filesystem::temp_directory_path() / "lotic-aws-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder + "/" + name) << text;
    return folder + "/" + name;
  };
  const net::TestIdentity identity = authority.Issue("server", "IP:127.0.0.1");
  net::TlsOptions tls;
  tls.key_store.inline_pem = net::Secret(identity.certificate_pem + identity.key_pem);
  TestHttpServer server(Echo, net::TlsContext::Server(tls).ValueOrDie());
  HttpClientOptions options;
  options.ca_file = write("aws-ca.pem", authority.certificate_pem());
  EXPECT_EQ(Client(options)->Send({}, Get(server.url() + "/")).ValueOrDie().body, "GET / ");
  options.ca_file = write("aws-stranger.pem", stranger.certificate_pem());
  const Status status = Client(options)->Send({}, Get(server.url() + "/")).status();
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_FALSE(TransportError::From(status)->retryable) << status;
  options.verify_peer = false;
  EXPECT_TRUE(Client(options)->Send({}, Get(server.url() + "/")).ok());
  std::filesystem::remove_all(folder);
}

TEST(HttpClient, OptionsAreValidated) {
  HttpClientOptions options;
  options.connect_timeout = milliseconds(0);
  EXPECT_EQ(HttpClient::Create(options).status().code(), StatusCode::kInvalid);
  options = {};
  options.silence_timeout = milliseconds(-1);
  EXPECT_EQ(HttpClient::Create(options).status().code(), StatusCode::kInvalid);
  options = {};
  options.user_agent = "a\r\nb";
  EXPECT_EQ(HttpClient::Create(options).status().code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace lotic::aws
