// SPDX-License-Identifier: Apache-2.0
#include "tests/athena/servers.h"

#include <algorithm>

namespace lotic::athena_pack {
namespace {

constexpr int kStartSeconds = 60;  // a JVM on a busy machine takes some ten
constexpr const char* kRequest = "import sys, urllib.request as r; sys.stdout.write(r.urlopen(r.Request(sys.argv[2], method=sys.argv[1])).read().decode())";

}  // namespace

std::unique_ptr<FakeS3> FakeS3::Start() {
  auto s3 = std::make_unique<FakeS3>();
  s3->child_ = Child::Start({"python3", LOTIC_FAKE_S3, "--port", "0", "--bucket", "spill", "--access-key", "test", "--secret-key", "test", "--until-eof"}, {});
  if (s3->child_ == nullptr || !s3->child_->ReadLine(kStartSeconds, &s3->url_)) {
    ADD_FAILURE() << "fake_s3.py does not start";
    return nullptr;
  }
  return s3;
}

std::map<std::string, std::string> FakeS3::Environment() const { return Judge::Environment(url_); }

void FakeS3::RemoveObjects() {
  const Finished removed = Run({"python3", "-c", kRequest, "DELETE", url_ + "/_fake/objects"}, {}, kStartSeconds);
  EXPECT_EQ(removed.exit_code, 0) << removed.errors;
}

nlohmann::json FakeS3::Objects() {
  const Finished listed = Run({"python3", "-c", kRequest, "GET", url_ + "/_fake/objects"}, {}, kStartSeconds);
  EXPECT_EQ(listed.exit_code, 0) << listed.errors;
  return nlohmann::json::parse(listed.output, nullptr, false);
}

std::unique_ptr<ServedFunction> ServedFunction::Start(const std::vector<std::string>& words, const std::map<std::string, std::string>& environment) {
  auto function = std::make_unique<ServedFunction>();
  function->child_ = Child::Start(words, environment);
  if (function->child_ == nullptr || !function->child_->ReadLine(kStartSeconds, &function->url_) || !function->url_.starts_with("http://127.0.0.1:")) {
    ADD_FAILURE() << words[0] << " does not start: " << function->url_;
    return nullptr;
  }
  return function;
}

std::unique_ptr<ServedFunction> StartOurs(const std::string& name, const FakeS3& s3, std::map<std::string, std::string> more) {
  std::map<std::string, std::string> environment = s3.Environment();
  environment["spill_bucket"] = "spill";
  // Its log lines are not what is tested here, and there are thousands.
  std::vector<std::string> words = {"sh", "-c", "exec \"$0\" \"$@\" 2>/dev/null", LOTIC_COMMAND, "lambda", "local", name};
  for (const auto& [variable, value] : more) {
    words.push_back("--env");
    words.push_back(variable + "=" + value);
  }
  return ServedFunction::Start(words, environment);
}

std::unique_ptr<ServedFunction> StartMinimal(const FakeS3& s3, std::map<std::string, std::string> more) {
  std::map<std::string, std::string> environment = s3.Environment();
  environment["spill_bucket"] = "spill";
  environment.merge(more);
  std::vector<std::string> words = Judge::JavaCommand("lotic.oracle.Host");
  words.push_back("lotic.oracle.MinimalConnector");
  return ServedFunction::Start(words, environment);
}

std::vector<std::string> Sorted(const nlohmann::json& answer, const std::string& member) {
  if (!answer.is_object() || !answer.contains(member)) {
    ADD_FAILURE() << "no " << member << ": " << answer.dump().substr(0, 2000);
    return {};
  }
  auto texts = answer[member].get<std::vector<std::string>>();
  std::sort(texts.begin(), texts.end());
  return texts;
}

}  // namespace lotic::athena_pack
