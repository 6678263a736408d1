// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/command_function.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "athena/http_connection.h"
#include "lotic/source_error.h"
#include "net/stream.h"

namespace lotic::cli {
namespace {

constexpr std::string_view kRuntimePath = "/2018-06-01/runtime/";
constexpr size_t kMaxConnections = 16;
constexpr int kNotStarted = 127;  // the exit code, as of a shell that does not find its program

Status Failed(const std::string& what) { return Status::IOError(what).WithDetail(std::make_shared<SourceError>(false)); }

std::string Head(int status, const char* reason, size_t body_bytes, const std::string& more = "") {
  return "HTTP/1.1 " + std::to_string(status) + " " + reason + "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body_bytes) + "\r\n" +
         more + "\r\n";
}

// NAME=VALUE program: a variable of the program's environment, as in a shell. Behind exec it would be the program.
bool BeginsWithAssignment(const std::string& command) {
  size_t at = command.find_first_not_of(' ');
  if (at == std::string::npos) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (!letter(command[at])) return false;
  while (at < command.size() && (letter(command[at]) || (command[at] >= '0' && command[at] <= '9'))) ++at;
  return at < command.size() && command[at] == '=';
}

class CommandFunction final : public athena_source::Invoker {
 public:
  explicit CommandFunction(std::string command) : command_(std::move(command)) {}

  ~CommandFunction() override {
    stop_.request_stop();
    if (process_ > 0) {
      ::kill(-process_, SIGTERM);
      std::unique_lock lock(mutex_);
      if (!changed_.wait_for(lock, kCommandEndTime, [&] { return exited_; })) ::kill(-process_, SIGKILL);
    }
    // The threads end before what they use: members are destroyed in the opposite order.
  }

  Status Start() {
    LOTIC_ASSIGN_OR_RETURN(listener_, net::Listener::Listen({"127.0.0.1", 0}));
    LOTIC_RETURN_NOT_OK(Spawn(listener_->endpoint().ToString()));
    waiter_ = std::jthread([this] {
      int status = 0;
      while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
      }
      const std::lock_guard lock(mutex_);
      exited_ = true;
      ended_ =
          WIFEXITED(status) ? "it ended with exit code " + std::to_string(WEXITSTATUS(status)) : "it was ended by signal " + std::to_string(WTERMSIG(status));
      changed_.notify_all();
    });
    acceptor_ = std::jthread([this] { Accept(); });
    return Status::OK();
  }

  Result<athena_source::Invoked> Invoke(const CallContext& ctx, std::string_view payload) override {
    const std::lock_guard one_at_a_time(invoking_);
    std::unique_lock lock(mutex_);
    if (!ended_.empty()) return Failed("the command \"" + command_ + "\" cannot be asked: " + ended_);
    request_ = std::string(payload);
    request_id_ = "invocation-" + std::to_string(++invocations_);
    deadline_ = ctx.Remaining(std::chrono::minutes(15));
    answer_.reset();
    changed_.notify_all();
    const auto done = [&] { return answer_.has_value() || !ended_.empty(); };
    bool woken = false;
    if (ctx.deadline == std::chrono::steady_clock::time_point::max()) {
      woken = changed_.wait(lock, ctx.stop, done);
    } else {
      woken = changed_.wait_until(lock, ctx.stop, ctx.deadline, done);
    }
    request_.reset();
    const std::string id = std::exchange(request_id_, "");
    if (answer_) return *std::exchange(answer_, std::nullopt);
    if (woken) return Failed("the command \"" + command_ + "\" gave no answer: " + ended_);
    return ctx.Check("waiting for the command \"" + command_ + "\"");
  }

  std::string name() const override { return command_; }

 private:
  Status Spawn(const std::string& api) {
    std::vector<std::string> environment;
    for (char** variable = environ; *variable != nullptr; ++variable) {
      if (std::strncmp(*variable, "AWS_LAMBDA_", 11) != 0) environment.emplace_back(*variable);
    }
    environment.push_back("AWS_LAMBDA_RUNTIME_API=" + api);
    environment.emplace_back("AWS_LAMBDA_FUNCTION_NAME=function");
    environment.emplace_back("AWS_LAMBDA_FUNCTION_VERSION=$LATEST");
    environment.emplace_back("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=3008");
    std::vector<char*> variables;
    for (std::string& variable : environment) variables.push_back(variable.data());
    variables.push_back(nullptr);
    std::string shell = "/bin/sh", flag = "-c", script = BeginsWithAssignment(command_) ? command_ : "exec " + command_;
    char* arguments[] = {shell.data(), flag.data(), script.data(), nullptr};
    const pid_t program = ::getpid();
    process_ = ::fork();
    if (process_ == 0) {                   // System calls alone from here on: another thread may have held any lock.
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // this program may be killed
      if (::getppid() != program) ::_exit(kNotStarted);
      ::setpgid(0, 0);
      const int nothing = ::open("/dev/null", O_RDONLY);
      if (nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(2, 1) < 0) ::_exit(kNotStarted);
      ::execve(shell.c_str(), arguments, variables.data());
      ::_exit(kNotStarted);
    }
    if (process_ < 0) return Failed("starting the command \"" + command_ + "\": " + std::strerror(errno));
    ::setpgid(process_, process_);  // whichever of the two comes first
    return Status::OK();
  }

  void Accept() {
    CallContext ctx;
    ctx.stop = stop_.get_token();
    std::list<std::jthread> connections;
    while (connections.size() < kMaxConnections * 64) {  // a runtime keeps its connection; one that opened so many is out of order
      auto stream = listener_->Accept(ctx);
      if (!stream.ok()) return;
      connections.emplace_back([this, ctx, opened = std::move(*stream)]() mutable { Serve(ctx, std::move(opened)); });
    }
    const std::lock_guard lock(mutex_);
    ended_ = "it opens a connection for every message";
    changed_.notify_all();
  }

  void Serve(const CallContext& ctx, std::unique_ptr<net::Stream> stream) {
    athena::HttpLimits limits;
    limits.max_body_bytes = static_cast<size_t>(athena_source::kMaxAnswerBytes);
    athena::HttpConnection connection(std::move(stream), athena::HttpParser::Kind::kRequest, limits);
    for (;;) {
      Result<std::optional<athena::HttpMessage>> message = connection.Read(ctx, {});
      if (!message.ok() || !*message) return;
      if (!Answer(ctx, **message, connection).ok()) return;
    }
  }

  // One message of the runtime interface.
  Status Answer(const CallContext& ctx, athena::HttpMessage& message, athena::HttpConnection& connection) {
    const auto accepted = [&] {
      const std::string body = "{\"status\":\"OK\"}";
      return connection.Write(ctx, Head(202, "Accepted", body.size()), body);
    };
    std::string_view path = message.target;
    if (!path.starts_with(kRuntimePath)) return connection.Write(ctx, Head(404, "Not Found", 0), "");
    path.remove_prefix(kRuntimePath.size());
    if (message.method == "GET" && path == "invocation/next") return GiveNext(ctx, connection);
    if (message.method == "POST" && path == "init/error") {
      {
        const std::lock_guard lock(mutex_);
        if (ended_.empty()) ended_ = "it reports that it cannot start: " + message.body.substr(0, 1000);
        changed_.notify_all();
      }
      return accepted();
    }
    const bool response = path.ends_with("/response"), error = path.ends_with("/error");
    if (message.method != "POST" || !path.starts_with("invocation/") || (!response && !error)) return connection.Write(ctx, Head(404, "Not Found", 0), "");
    const std::string id(path.substr(11, path.rfind('/') - 11));
    {
      const std::lock_guard lock(mutex_);
      if (id == request_id_ && !answer_) {
        answer_ = athena_source::Invoked{std::move(message.body), error};
        changed_.notify_all();
      }  // else: an invocation that was given up
    }
    return accepted();
  }

  Status GiveNext(const CallContext& ctx, athena::HttpConnection& connection) {
    std::string body, headers;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, ctx.stop, [&] { return request_.has_value(); })) return Status::Cancelled("the function is no longer needed");
      body = *std::exchange(request_, std::nullopt);
      headers = "Lambda-Runtime-Aws-Request-Id: " + request_id_ +
                "\r\nLambda-Runtime-Deadline-Ms: " + std::to_string(Clock::System().NowMs() + deadline_.count()) +
                "\r\nLambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:function\r\n"
                "Lambda-Runtime-Trace-Id: Root=1-00000000-000000000000000000000000;Sampled=0\r\n";
    }
    return connection.Write(ctx, Head(200, "OK", body.size(), headers), body);
  }

  const std::string command_;
  std::stop_source stop_;
  std::mutex invoking_;  // one invocation at a time
  std::mutex mutex_;     // guards the members down to deadline_
  std::condition_variable_any changed_;
  std::optional<std::string> request_;  // not fetched yet
  std::string request_id_;              // of the invocation under way
  std::optional<athena_source::Invoked> answer_;
  std::string ended_;  // why nothing can be asked any more
  bool exited_ = false;
  int64_t invocations_ = 0;
  std::chrono::milliseconds deadline_{0};
  pid_t process_ = -1;  // fixed after Start
  std::unique_ptr<net::Listener> listener_;
  std::jthread waiter_;  // the threads last: they end before what they use
  std::jthread acceptor_;
};

}  // namespace

Result<std::shared_ptr<athena_source::Invoker>> StartCommandFunction(const std::string& command) {
  auto function = std::make_shared<CommandFunction>(command);
  LOTIC_RETURN_NOT_OK(function->Start());
  return std::shared_ptr<athena_source::Invoker>(std::move(function));
}

}  // namespace lotic::cli
