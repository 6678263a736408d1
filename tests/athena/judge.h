// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// Programs that a test talks to, and the one that judges: Judge.java, the original SDK, one JVM a test program.

namespace lotic::athena_pack {

/// A child process with pipes on its standard input and output (its standard error is ours). Ended, if need be by SIGKILL, with this object. One thread.
class Child {
 public:
  /// @param words  program and arguments  @param environment  added to ours
  static std::unique_ptr<Child> Start(const std::vector<std::string>& words, const std::map<std::string, std::string>& environment);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// False if the child no longer reads.
  bool Write(const std::string& text);
  /// The next line without its end; false if none came within `seconds` or the child closed its output.
  bool ReadLine(int seconds, std::string* line);

 private:
  Child() = default;
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  std::string pending_;
};

/// What a command wrote and how it ended (124: it took longer than `seconds`).
struct Finished {
  std::string output;  ///< standard output
  std::string errors;  ///< standard error
  int exit_code = -1;
};
Finished Run(const std::vector<std::string>& words, const std::map<std::string, std::string>& environment, int seconds);

/// The judge of this program, started when first asked for; its requests are the commands of Judge.java. One thread.
class Judge {
 public:
  /// Null if the SDK is not installed here.
  static Judge* Get();
  /// Why a test cannot run without Get().
  static constexpr const char* kMissing = "the Athena SDK is not there: scripts/setup --test";
  /// Reports a failure of the test, and answers null, if the judge does not.
  nlohmann::json Ask(const nlohmann::json& command);
  /// The member of the answer; the judge's error is a failure of the test.
  std::string Text(const nlohmann::json& command, const std::string& member);
  /// Every sample message, requests or answers.
  std::vector<std::string> Names(const std::string& kind);
  /// What Samples.java calls `name`, by the mapper of `version`.
  std::string Write(const std::string& name, int version);
  /// The text of what the strict mapper of `version` reads.
  std::string Dump(const std::string& json, int version, const std::string& kind);
  /// Words that run a class of tests/athena/java with the SDK.
  static std::vector<std::string> JavaCommand(const std::string& main_class);
  /// Loopback, made-up credentials, `s3_url` (may be empty) as the endpoint of every AWS client.
  static std::map<std::string, std::string> Environment(const std::string& s3_url);

 private:
  std::unique_ptr<Child> child_;
};

/// LOTIC_SIZE=full
bool FullSize();

/// Skips without the SDK.
class JudgedTest : public testing::Test {
 protected:
  void SetUp() override {
    judge_ = Judge::Get();
    if (judge_ == nullptr) GTEST_SKIP() << Judge::kMissing;
  }
  Judge* judge_ = nullptr;
};

}  // namespace lotic::athena_pack
