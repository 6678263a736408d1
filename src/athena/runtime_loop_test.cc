// SPDX-License-Identifier: Apache-2.0
#include "athena/runtime_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "athena/http_connection.h"
#include "athena/lambda_limits.h"
#include "athena/test_functions.h"
#include "athena_protocol/function_error.h"
#include "net/stream.h"

namespace lotic::athena {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr HttpTimes kTimes{.first_byte = std::chrono::milliseconds(20'000)};

// Lambda's side of the runtime interface, played step by step by a test.
class FakeRuntimeApi {
 public:
  FakeRuntimeApi() : listener_(net::Listener::Listen({"127.0.0.1", 0}).ValueOrDie()) {}
  const net::Endpoint& endpoint() const { return listener_->endpoint(); }

  void Accept() {
    HttpLimits limits;
    limits.max_body_bytes = size_t{16} << 20;
    connection_ = std::make_unique<HttpConnection>(listener_->Accept({}).ValueOrDie(), HttpParser::Kind::kRequest, limits);
  }
  HttpMessage Request() { return connection_->Read({}, kTimes).ValueOrDie().value(); }
  bool Closed() {
    const auto read = connection_->Read({}, kTimes);
    return !read.ok() || !read->has_value();
  }
  void Raw(std::string_view bytes) { ASSERT_TRUE(connection_->Write({}, bytes, "").ok()); }
  void Reply(int status, const std::string& body, const std::string& headers = "") {
    Raw("HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body);
  }
  void GiveEvent(const std::string& id, const std::string& payload, int64_t left_ms = 60'000) {
    const HttpMessage next = Request();
    EXPECT_EQ(next.method + " " + next.target, "GET /2018-06-01/runtime/invocation/next");
    Reply(200, payload,
          "Lambda-Runtime-Aws-Request-Id: " + id + "\r\nLambda-Runtime-Deadline-Ms: " + std::to_string(Clock::System().NowMs() + left_ms) +
              "\r\nLambda-Runtime-Invoked-Function-Arn: arn:f\r\nLambda-Runtime-Trace-Id: Root=1-2;Sampled=0\r\n");
  }
  HttpMessage TakeAnswer(int status = 202) {
    HttpMessage answer = Request();
    Reply(status, "{\"status\":\"OK\"}");
    return answer;
  }
  void Hang() { connection_.reset(); }
  void StopListening() { listener_.reset(); }

 private:
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<HttpConnection> connection_;
};

class LinesLog final : public InvocationLog {
 public:
  void Split(const SplitLine& line) override { Add(ToJson(line, 0)); }
  void Finished(const InvocationLine& line) override { Add(ToJson(line, 0)); }
  void Warn(const WarningLine& line) override { Add(ToJson(line, 0)); }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  void Add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }
  std::mutex mutex_;  // guards lines_
  std::vector<std::string> lines_;
};

class RuntimeLoop : public testing::Test {
 protected:
  void Start(TestFunction::Body body) {
    function_ = std::make_unique<TestFunction>(std::move(body));
    Run();
  }
  void Start() {
    function_ = std::make_unique<ObedientFunction>(Environment{});
    Run();
  }
  void Run() {
    CallContext ctx;
    ctx.stop = stop_.get_token();
    outcome_ = std::async(std::launch::async, [this, ctx] { return RunRuntimeLoop(ctx, api_.endpoint(), *function_, log_); });
  }
  Status Stop() {
    stop_.request_stop();
    return outcome_.get();
  }
  ~RuntimeLoop() override { stop_.request_stop(); }

  FakeRuntimeApi api_;
  LinesLog log_;
  std::stop_source stop_;
  std::unique_ptr<LambdaFunction> function_;
  std::future<Status> outcome_;  // last: waited for first
};

TEST_F(RuntimeLoop, AnswersOneInvocationAfterTheOtherOverOneConnection) {
  Start();
  api_.Accept();
  for (int i = 0; i < 20; ++i) {
    const std::string id = "id-" + std::to_string(i), payload = "{\"n\":" + std::to_string(i) + "}";
    api_.GiveEvent(id, payload);
    const HttpMessage answer = api_.TakeAnswer();
    EXPECT_EQ(answer.method + " " + answer.target, "POST /2018-06-01/runtime/invocation/" + id + "/response");
    EXPECT_EQ(answer.Header("content-type"), "application/json");
    EXPECT_EQ(answer.body, payload);
  }
  EXPECT_TRUE(Stop().ok());
  EXPECT_EQ(log_.lines().size(), 20u);
  EXPECT_THAT(log_.lines()[3], HasSubstr("\"request_id\":\"id-3\",\"trace_id\":\"Root=1-2;Sampled=0\",\"request_bytes\":7,\"response_bytes\":7"));
}

TEST_F(RuntimeLoop, HandsOnWhatTheHeadersSay) {
  Start();
  api_.Accept();
  api_.GiveEvent("the-id", "\"context\"");
  EXPECT_THAT(api_.TakeAnswer().body, StartsWith("{\"request_id\":\"the-id\",\"arn\":\"arn:f\",\"trace_id\":\"Root=1-2;Sampled=0\",\"left_ms\":59"));
}

TEST_F(RuntimeLoop, ReadsAnEventInChunks) {
  Start();
  api_.Accept();
  (void)api_.Request();
  api_.Raw("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\"ab\r\n");
  api_.Raw("2\r\nc\"\r\n0\r\n\r\n");
  EXPECT_EQ(api_.TakeAnswer().body, "\"abc\"");
}

TEST_F(RuntimeLoop, PostsAFailureWithTheClassThatAthenaReactsTo) {
  Start();
  api_.Accept();
  api_.GiveEvent("1", "\"throttled\"");
  HttpMessage answer = api_.TakeAnswer();
  EXPECT_EQ(answer.target, "/2018-06-01/runtime/invocation/1/error");
  EXPECT_EQ(answer.Header("lambda-runtime-function-error-type"), kFunctionErrorHeader);
  auto error = ParseFunctionError(answer.body).ValueOrDie();
  EXPECT_EQ(error.type, kThrottleErrorType);
  EXPECT_THAT(error.message, HasSubstr("come back later"));

  api_.GiveEvent("2", "\"throw\"");
  answer = api_.TakeAnswer();
  EXPECT_EQ(answer.target, "/2018-06-01/runtime/invocation/2/error");
  error = ParseFunctionError(answer.body).ValueOrDie();
  EXPECT_EQ(error.type, kConnectorErrorType);
  EXPECT_THAT(error.message, HasSubstr("thrown"));
  EXPECT_THAT(log_.lines()[1], HasSubstr("\"level\":\"ERROR\""));
}

TEST_F(RuntimeLoop, SendsAnAnswerUpToTheLimitAndRefusesALongerOneBefore) {
  Start();
  api_.Accept();
  api_.GiveEvent("1", "\"huge 6291556\"");
  HttpMessage answer = api_.TakeAnswer();
  EXPECT_EQ(answer.target, "/2018-06-01/runtime/invocation/1/response");
  EXPECT_EQ(answer.body.size(), kMaxPayloadOutBytes);
  api_.GiveEvent("2", "\"huge 6291557\"");
  answer = api_.TakeAnswer();
  EXPECT_EQ(answer.target, "/2018-06-01/runtime/invocation/2/error");
  EXPECT_THAT(ParseFunctionError(answer.body).ValueOrDie().message, testing::AllOf(HasSubstr("6291557"), HasSubstr("6291556")));
}

TEST_F(RuntimeLoop, EndsTheFunctionBeforeItsInvocationEnds) {
  Start();
  api_.Accept();
  api_.GiveEvent("1", "\"wait\"", 400);
  const HttpMessage answer = api_.TakeAnswer();
  EXPECT_EQ(answer.target, "/2018-06-01/runtime/invocation/1/error");
  EXPECT_EQ(ParseFunctionError(answer.body).ValueOrDie().type, kThrottleErrorType);
}

TEST_F(RuntimeLoop, GivesTheFunctionATimeThatIsOverWhenTheDeadlineHasPassed) {
  Start([](const CallContext& ctx, const Invocation&) -> Result<std::string> {
    LOTIC_RETURN_NOT_OK(ctx.Check("reading"));
    return std::string("late");
  });
  api_.Accept();
  api_.GiveEvent("1", "{}", -1000);
  EXPECT_THAT(api_.TakeAnswer().target, testing::EndsWith("/error"));
}

TEST_F(RuntimeLoop, ReportsADeadlineThatIsNone) {
  Start();
  api_.Accept();
  (void)api_.Request();
  api_.Reply(200, "{}", "Lambda-Runtime-Aws-Request-Id: 1\r\nLambda-Runtime-Deadline-Ms: soon\r\n");
  const HttpMessage answer = api_.TakeAnswer();
  EXPECT_EQ(answer.target, "/2018-06-01/runtime/invocation/1/error");
  EXPECT_THAT(answer.body, HasSubstr("soon"));
}

TEST_F(RuntimeLoop, ConnectsAgainWhenTheServiceClosesBetweenRequests) {
  Start();
  api_.Accept();
  api_.GiveEvent("1", "{}");
  (void)api_.TakeAnswer();
  (void)api_.Request();  // waits for the next
  api_.Hang();
  api_.Accept();
  api_.GiveEvent("2", "\"again\"");
  (void)api_.Request();  // the answer, lost with its connection
  api_.Hang();
  api_.Accept();
  EXPECT_EQ(api_.TakeAnswer().body, "\"again\"");
}

TEST_F(RuntimeLoop, ConnectsAgainWhenTheServiceSaysSo) {
  Start();
  api_.Accept();
  (void)api_.Request();
  api_.Reply(200, "{}", "Lambda-Runtime-Aws-Request-Id: 1\r\nConnection: close\r\n");
  api_.Accept();
  EXPECT_EQ(api_.TakeAnswer().body, "{}");
}

TEST_F(RuntimeLoop, GoesOnWhenAnAnswerCameTooLate) {
  Start();
  api_.Accept();
  api_.GiveEvent("1", "{}");
  (void)api_.TakeAnswer(400);
  api_.GiveEvent("2", "{}");
  (void)api_.TakeAnswer(413);
  api_.GiveEvent("3", "\"still here\"");
  EXPECT_EQ(api_.TakeAnswer().body, "\"still here\"");
  EXPECT_THAT(log_.lines()[1], HasSubstr("HTTP status 400"));
}

TEST_F(RuntimeLoop, EndsWhenTheServiceAsksForIt) {
  for (const int status : {403, 500}) {
    std::stop_source stop;
    Start();
    api_.Accept();
    (void)api_.Request();
    api_.Reply(status, "{\"errorType\":\"Container\"}");
    const Status outcome = outcome_.get();
    EXPECT_EQ(outcome.code(), StatusCode::kIOError);
    EXPECT_THAT(outcome.message(), HasSubstr(std::to_string(status)));
  }
  Start();
  api_.Accept();
  api_.GiveEvent("1", "{}");
  (void)api_.TakeAnswer(500);
  EXPECT_EQ(outcome_.get().code(), StatusCode::kIOError);
}

TEST_F(RuntimeLoop, EndsWithAnErrorOnNonsense) {
  const char* answers[] = {"SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                           "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: a/../b\r\nContent-Length: 2\r\n\r\n{}",
                           "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"};
  for (const char* answer : answers) {
    Start();
    api_.Accept();
    (void)api_.Request();
    api_.Raw(answer);
    EXPECT_EQ(outcome_.get().code(), StatusCode::kIOError) << answer;
    EXPECT_TRUE(api_.Closed());
  }
}

TEST_F(RuntimeLoop, SaysThatNobodyListens) {
  api_.StopListening();
  FakeRuntimeApi gone;
  const net::Endpoint nobody = gone.endpoint();
  gone.StopListening();
  ObedientFunction function({});
  const Status status = RunRuntimeLoop({}, nobody, function, log_);
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(), testing::AllOf(HasSubstr("invocation/next"), HasSubstr(nobody.ToString())));
}

TEST_F(RuntimeLoop, StopsAtOnceWhileItWaits) {
  Start();
  api_.Accept();
  (void)api_.Request();
  EXPECT_TRUE(Stop().ok());
  EXPECT_TRUE(api_.Closed());
}

TEST_F(RuntimeLoop, AnswersTheRunningInvocationBeforeItStops) {
  std::promise<void> running;
  Start([&](const CallContext& ctx, const Invocation&) -> Result<std::string> {
    running.set_value();
    return WaitForTheEnd(ctx);
  });
  api_.Accept();
  api_.GiveEvent("1", "{}");
  running.get_future().wait();
  stop_.request_stop();
  EXPECT_EQ(api_.TakeAnswer().target, "/2018-06-01/runtime/invocation/1/error");
  EXPECT_TRUE(outcome_.get().ok());
}

TEST(PostInitError, TellsLambdaWhyThereIsNoFunction) {
  FakeRuntimeApi api;
  std::future<Status> outcome = std::async(std::launch::async, [&] { return PostInitError({}, api.endpoint(), Status::NotFound("no connector is called x")); });
  api.Accept();
  const HttpMessage posted = api.TakeAnswer();
  EXPECT_EQ(posted.target, "/2018-06-01/runtime/init/error");
  EXPECT_EQ(posted.Header("lambda-runtime-function-error-type"), "Runtime.ConfigInvalid");
  EXPECT_THAT(ParseFunctionError(posted.body).ValueOrDie().message, HasSubstr("no connector is called x"));
  EXPECT_TRUE(outcome.get().ok());
}

TEST(InvocationLog, WritesLinesThatAreJsonWhateverTheySay) {
  SplitLine split;
  split.request_id = "1";
  split.table = "default.a\"b\\c\n";
  split.outcome = "spilled";
  split.spilled_blocks = 2;
  split.spilled_bytes = 3000;
  split.certificate = "{\"split\":\"0\"}";
  EXPECT_EQ(ToJson(split, 1'700'000'000'123),
            "{\"timestamp\":\"2023-11-14T22:13:20.123Z\",\"level\":\"INFO\",\"event\":\"split\",\"request_id\":\"1\",\"table\":\"default.a\\\"b\\\\c\\u000a\","
            "\"outcome\":\"spilled\",\"spilled_blocks\":2,\"spilled_bytes\":3000,\"certificate\":{\"split\":\"0\"}}");
  InvocationLine line;
  line.request_id = "2";
  line.duration = std::chrono::microseconds(12'034);
  line.error_type = "T";
  line.error_message = "\xff|\xc3\xa4|\xed\xa0\x80|\xf0\x9f\x98\x80";
  EXPECT_EQ(
      ToJson(line, -1),
      "{\"timestamp\":\"1969-12-31T23:59:59.999Z\",\"level\":\"ERROR\",\"event\":\"invocation\",\"request_id\":\"2\",\"request_bytes\":0,\"response_bytes\":0,"
      "\"duration_ms\":12.034,\"error_type\":\"T\",\"error_message\":\"\\ufffd|\xc3\xa4|\\ufffd\\ufffd\\ufffd|\xf0\x9f\x98\x80\"}");
}

TEST(InvocationLog, LeavesOutACertificateThatIsTooLongForALine) {
  const std::string certificate = "{\"x\":\"" + std::string(kMaxLogLineBytes, 'x') + "\"}";
  SplitLine split;
  split.request_id = "1";
  split.certificate = certificate;
  const std::string line = ToJson(split, 0);
  EXPECT_LT(line.size(), 1000u);
  EXPECT_THAT(line, HasSubstr("\"certificate_bytes\":" + std::to_string(certificate.size()) + "}"));
}

}  // namespace
}  // namespace lotic::athena
