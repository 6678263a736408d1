// SPDX-License-Identifier: Apache-2.0
#include "tests/athena/judge.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>

extern char** environ;

namespace lotic::athena_pack {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kAnswerSeconds = 120;  // an answer that takes longer is a hang; the slowest takes a few seconds
constexpr int kEndSeconds = 10;      // a child whose input ended has this long to go by itself

struct Pipe {
  int read = -1;
  int write = -1;
  bool Open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
};

// The pid, or -1. Descriptors of -1 stay as they are.
pid_t Spawn(const std::vector<std::string>& words, const std::map<std::string, std::string>& environment, int in, int out, int err) {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t at = text.find('=');
    if (at != std::string::npos) all[text.substr(0, at)] = text.substr(at + 1);
  }
  for (const auto& [name, value] : environment) all[name] = value;
  std::vector<std::string> entries;
  for (const auto& [name, value] : all) entries.push_back(name + "=" + value);
  std::vector<char*> env;
  for (std::string& entry : entries) env.push_back(entry.data());
  env.push_back(nullptr);
  std::vector<std::string> copies = words;
  std::vector<char*> arguments;
  for (std::string& word : copies) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (in >= 0) posix_spawn_file_actions_adddup2(&actions, in, 0);
  if (out >= 0) posix_spawn_file_actions_adddup2(&actions, out, 1);
  if (err >= 0) posix_spawn_file_actions_adddup2(&actions, err, 2);
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), env.data());
  posix_spawn_file_actions_destroy(&actions);
  return failed == 0 ? pid : -1;
}

// Whether it ended by itself before the deadline; the status is then in *status.
bool WaitUntil(pid_t pid, Clock::time_point deadline, int* status) {
  // No wait with a deadline exists for a pid that may not be a child of a signal loop: look often, end at the deadline.
  while (waitpid(pid, status, WNOHANG) == 0) {
    if (Clock::now() >= deadline) return false;
    poll(nullptr, 0, 5);
  }
  return true;
}

int MillisUntil(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

}  // namespace

bool FullSize() {
  const char* const size = std::getenv("LOTIC_SIZE");
  return size != nullptr && std::string(size) == "full";
}

std::unique_ptr<Child> Child::Start(const std::vector<std::string>& words, const std::map<std::string, std::string>& environment) {
  signal(SIGPIPE, SIG_IGN);
  Pipe in;
  Pipe out;
  if (!in.Open() || !out.Open()) return nullptr;
  std::unique_ptr<Child> child(new Child());
  child->pid_ = Spawn(words, environment, in.read, out.write, -1);
  close(in.read);
  close(out.write);
  child->in_ = in.write;
  child->out_ = out.read;
  return child->pid_ < 0 ? nullptr : std::move(child);
}

Child::~Child() {
  if (in_ >= 0) close(in_);
  int status = 0;
  if (pid_ > 0) {
    kill(pid_, SIGTERM);
    if (!WaitUntil(pid_, Clock::now() + std::chrono::seconds(kEndSeconds), &status)) {
      kill(pid_, SIGKILL);
      waitpid(pid_, &status, 0);
    }
  }
  if (out_ >= 0) close(out_);
}

bool Child::Write(const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t n = write(in_, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

bool Child::ReadLine(int seconds, std::string* line) {
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds(seconds);
  size_t searched = 0;
  for (;;) {
    const size_t end = pending_.find('\n', searched);
    if (end != std::string::npos) {
      *line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return true;
    }
    searched = pending_.size();
    pollfd readable = {out_, POLLIN, 0};
    if (poll(&readable, 1, MillisUntil(deadline)) <= 0 && Clock::now() >= deadline) return false;
    char chunk[65536];
    const ssize_t n = read(out_, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    pending_.append(chunk, static_cast<size_t>(n));
  }
}

Finished Run(const std::vector<std::string>& words, const std::map<std::string, std::string>& environment, int seconds) {
  Finished finished;
  Pipe out;
  Pipe err;
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0 || !out.Open() || !err.Open()) return finished;
  const pid_t pid = Spawn(words, environment, nothing, out.write, err.write);
  close(nothing);
  close(out.write);
  close(err.write);
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds(seconds);
  pollfd both[2] = {{out.read, POLLIN, 0}, {err.read, POLLIN, 0}};
  std::string* const texts[2] = {&finished.output, &finished.errors};
  bool late = false;
  while (pid > 0 && !late && (both[0].fd >= 0 || both[1].fd >= 0)) {
    if (poll(both, 2, MillisUntil(deadline)) == 0) late = true;
    for (int i = 0; i < 2; ++i) {
      if ((both[i].revents & (POLLIN | POLLHUP)) == 0) continue;
      char chunk[65536];
      const ssize_t n = read(both[i].fd, chunk, sizeof chunk);
      if (n > 0) {
        texts[i]->append(chunk, static_cast<size_t>(n));
      } else if (n == 0 || errno != EINTR) {
        both[i].fd = -1;
      }
    }
  }
  int status = 0;
  if (pid > 0) {
    if (late || !WaitUntil(pid, deadline, &status)) {
      late = true;
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
    }
    finished.exit_code = late ? 124 : WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  close(out.read);
  close(err.read);
  return finished;
}

std::vector<std::string> Judge::JavaCommand(const std::string& main_class) { return {LOTIC_ATHENA_LAB, "java", LOTIC_ATHENA_CLASSES, main_class}; }

std::map<std::string, std::string> Judge::Environment(const std::string& s3_url) {
  // Where nothing is to be asked for, an address that refuses.
  return {{"AWS_REGION", "us-east-1"},
          {"AWS_ACCESS_KEY_ID", "test"},
          {"AWS_SECRET_ACCESS_KEY", "test"},
          {"AWS_EC2_METADATA_DISABLED", "true"},
          {"AWS_ENDPOINT_URL", s3_url.empty() ? "http://127.0.0.1:1" : s3_url}};
}

Judge* Judge::Get() {
  static const std::unique_ptr<Judge> judge = []() -> std::unique_ptr<Judge> {
    if (Run({LOTIC_ATHENA_LAB, "check"}, {}, 30).exit_code != 0) return nullptr;
    auto made = std::make_unique<Judge>();
    made->child_ = Child::Start(JavaCommand("lotic.oracle.Judge"), Environment(""));
    return made;
  }();
  return judge.get();
}

nlohmann::json Judge::Ask(const nlohmann::json& command) {
  std::string line;
  if (child_ == nullptr || !child_->Write(command.dump() + "\n") || !child_->ReadLine(kAnswerSeconds, &line)) {
    ADD_FAILURE() << "the judge does not answer " << command.dump().substr(0, 300);
    child_ = nullptr;  // what it may still say belongs to no question
    return nullptr;
  }
  nlohmann::json answer = nlohmann::json::parse(line, nullptr, false);
  if (answer.is_discarded()) ADD_FAILURE() << "the judge says " << line.substr(0, 300);
  return answer;
}

std::string Judge::Text(const nlohmann::json& command, const std::string& member) {
  const nlohmann::json answer = Ask(command);
  if (!answer.is_object() || !answer.contains(member) || !answer[member].is_string()) {
    ADD_FAILURE() << command.dump().substr(0, 300) << "\n  is answered " << answer.dump().substr(0, 1000);
    return "";
  }
  return answer[member].get<std::string>();
}

std::vector<std::string> Judge::Names(const std::string& kind) {
  std::vector<std::string> names;
  const nlohmann::json answer = Ask({{"do", "names"}});
  for (const auto& name : answer["names"]) {
    const std::string text = name.get<std::string>();
    if (text.substr(0, text.find('/')).ends_with(kind == "request" ? "Request" : "Response")) names.push_back(text);
  }
  EXPECT_FALSE(names.empty());
  return names;
}

std::string Judge::Write(const std::string& name, int version) { return Text({{"do", "write"}, {"message", name}, {"version", version}}, "json"); }

std::string Judge::Dump(const std::string& json, int version, const std::string& kind) {
  return Text({{"do", "read"}, {"json", json}, {"version", version}, {"kind", kind}}, "dump");
}

}  // namespace lotic::athena_pack
