// SPDX-License-Identifier: Apache-2.0
#include "aws/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "aws/shared_profile.h"

namespace lotic::aws {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lotic-aws-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    environment_["HOME"] = folder_;
  }
  ~CredentialsTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = std::filesystem::path(folder_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  Result<Credentials> Resolve() {
    auto provider = ResolveCredentials(options_, environment_);
    if (!provider.ok()) return provider.status();
    description_ = (*provider)->Describe();
    return (*provider)->Get({});
  }
  Status Failure() {
    auto result = Resolve();
    EXPECT_FALSE(result.ok());
    return result.status();
  }

  std::string folder_;
  Environment environment_;
  CredentialsOptions options_;
  std::string description_;
};

TEST_F(CredentialsTest, FixedKeysComeFirst) {
  environment_["AWS_ACCESS_KEY_ID"] = "ENVID";
  environment_["AWS_SECRET_ACCESS_KEY"] = "env-secret";
  options_.fixed = {"FIXEDID", net::Secret("fixed-secret"), {}};
  EXPECT_EQ(Resolve().ValueOrDie().access_key_id, "FIXEDID");
}

TEST_F(CredentialsTest, TheEnvironmentComesBeforeTheProfileOfAVariable) {
  environment_["AWS_ACCESS_KEY_ID"] = "ENVID";
  environment_["AWS_SECRET_ACCESS_KEY"] = "env-secret";
  environment_["AWS_SESSION_TOKEN"] = "env-token";
  environment_["AWS_PROFILE"] = "dev";
  Write(".aws/credentials", "[dev]\naws_access_key_id=DEVID\naws_secret_access_key=dev-secret\n");
  const Credentials found = Resolve().ValueOrDie();
  EXPECT_EQ(found.access_key_id, "ENVID");
  EXPECT_EQ(found.secret_access_key.Reveal(), "env-secret");
  EXPECT_EQ(found.session_token.Reveal(), "env-token");
  EXPECT_EQ(description_, "environment");
  options_.profile = "dev";  // the user's own word
  EXPECT_EQ(Resolve().ValueOrDie().access_key_id, "DEVID");
}

TEST_F(CredentialsTest, HalfAKeyPairIsAnErrorAndNotSkipped) {
  environment_["AWS_SECRET_ACCESS_KEY"] = "env-secret";
  EXPECT_EQ(Failure().ToString(), "Invalid: AWS credentials: AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID");
  environment_.erase("AWS_SECRET_ACCESS_KEY");
  Write(".aws/credentials", "[default]\naws_access_key_id=ONLY\n");
  EXPECT_THAT(Failure().message(), HasSubstr("has aws_access_key_id without aws_secret_access_key"));
}

TEST_F(CredentialsTest, AnEmptyVariableIsNoVariable) {
  environment_["AWS_ACCESS_KEY_ID"] = "";
  environment_["AWS_SECRET_ACCESS_KEY"] = "";
  EXPECT_EQ(Failure().code(), StatusCode::kUnauthorized);
}

TEST_F(CredentialsTest, TheCredentialsFileWinsOverTheConfigFile) {
  Write(".aws/config",
        "[default]\nregion = eu-west-1\naws_access_key_id = CONFIGID\naws_secret_access_key = config-secret\n"
        "[profile dev]\nregion=eu-north-1\naws_session_token = config-token\n");
  Write(".aws/credentials",
        "[default]\naws_access_key_id = FILEID\naws_secret_access_key = file-secret\n"
        "[dev]\naws_access_key_id = DEVID\naws_secret_access_key = dev#secret ; a comment\n");
  EXPECT_EQ(Resolve().ValueOrDie().access_key_id, "FILEID");
  EXPECT_EQ(ResolveRegion(options_, environment_).ValueOrDie(), "eu-west-1");
  environment_["AWS_PROFILE"] = "dev";
  const Credentials found = Resolve().ValueOrDie();
  EXPECT_EQ(found.access_key_id, "DEVID");
  EXPECT_EQ(found.secret_access_key.Reveal(), "dev#secret");
  EXPECT_EQ(found.session_token.Reveal(), "config-token");
  EXPECT_EQ(ResolveRegion(options_, environment_).ValueOrDie(), "eu-north-1");
  EXPECT_THAT(description_, AllOf(HasSubstr("profile 'dev'"), HasSubstr("/.aws/credentials"), Not(HasSubstr("secret"))));
}

TEST_F(CredentialsTest, FilesElsewhereAreNamedByVariablesAndOptions) {
  Write("a", "[default]\naws_access_key_id=A\naws_secret_access_key=s\n");
  Write("b", "[default]\naws_access_key_id=B\naws_secret_access_key=s\n");
  Write("c", "[default]\nregion=ap-south-1\n");
  environment_["AWS_SHARED_CREDENTIALS_FILE"] = "~/a";
  environment_["AWS_CONFIG_FILE"] = folder_ + "/c";
  EXPECT_EQ(Resolve().ValueOrDie().access_key_id, "A");
  EXPECT_EQ(ResolveRegion(options_, environment_).ValueOrDie(), "ap-south-1");
  options_.credentials_file = folder_ + "/b";
  EXPECT_EQ(Resolve().ValueOrDie().access_key_id, "B");
}

TEST_F(CredentialsTest, VariablesNameTheRegionFirst) {
  Write(".aws/config", "[default]\nregion=eu-west-1\n");
  environment_["AWS_DEFAULT_REGION"] = "us-west-2";
  EXPECT_EQ(ResolveRegion(options_, environment_).ValueOrDie(), "us-west-2");
  environment_["AWS_REGION"] = "ca-central-1";
  EXPECT_EQ(ResolveRegion(options_, environment_).ValueOrDie(), "ca-central-1");
  environment_["AWS_REGION"] = "evil.example.com/";
  EXPECT_EQ(ResolveRegion(options_, environment_).status().ToString(),
            "Invalid: AWS_REGION: 'evil.example.com/' is not the name of an AWS region; one looks like us-east-1");
  environment_.clear();
  EXPECT_EQ(ResolveRegion(options_, environment_).ValueOrDie(), "");
}

TEST_F(CredentialsTest, AProfileThatWasAskedForMustExist) {
  environment_["AWS_PROFILE"] = "gone";
  EXPECT_THAT(Failure().ToString(), AllOf(HasSubstr("Invalid: "), HasSubstr("there is no profile 'gone'"), HasSubstr(folder_)));
  Write(".aws/config", "[profile gone]\nregion=eu-west-1\n");
  EXPECT_THAT(Failure().ToString(), AllOf(HasSubstr("Unauthorized: "), HasSubstr("holds no aws_access_key_id")));
}

TEST_F(CredentialsTest, WhatIsNotBuiltNamesItself) {
  const struct {
    const char* setting;
    const char* name;
  } cases[] = {
      {"role_arn = arn:aws:iam::1:role/r\nsource_profile = base", "assume role"},
      {"role_arn = arn:aws:iam::1:role/r\nweb_identity_token_file = /t", "web identity"},
      {"role_arn = arn:aws:iam::1:role/r\nsource_profile = base\naws_access_key_id = A\naws_secret_access_key = B", "assume role"},
      {"sso_session = corp", "single sign-on"},
      {"sso_start_url = https://x", "single sign-on"},
      {"credential_process = /bin/helper --token hidden-token", "credential process"},
      {"login_session = arn:aws:iam::1:user/u", "console login"},
  };
  for (const auto& [setting, name] : cases) {
    Write(".aws/config", std::string("[default]\n") + setting + "\n");
    const Status status = Failure();
    EXPECT_EQ(status.code(), StatusCode::kNotImplemented) << setting;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(name), HasSubstr("not built"), Not(HasSubstr("hidden")))) << setting;
  }
  std::filesystem::remove_all(folder_ + "/.aws");
  for (const auto& [variable, name] : std::map<std::string, std::string>{{"AWS_WEB_IDENTITY_TOKEN_FILE", "web identity"},
                                                                         {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "container"},
                                                                         {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "container"}}) {
    environment_[variable] = "/v2/x";
    EXPECT_THAT(Failure().ToString(), AllOf(HasSubstr("NotImplemented: "), HasSubstr(name), HasSubstr(variable)));
    environment_.erase(variable);
  }
  for (const CredentialsSource source : {CredentialsSource::kWebIdentity, CredentialsSource::kSingleSignOn, CredentialsSource::kAssumeRole,
                                         CredentialsSource::kProcess, CredentialsSource::kContainer, CredentialsSource::kInstance, CredentialsSource::kLogin}) {
    options_.source = source;
    EXPECT_THAT(Failure().ToString(), AllOf(HasSubstr("NotImplemented: "), HasSubstr(std::string(CredentialsSourceName(source)))));
  }
}

TEST_F(CredentialsTest, WithoutAnyTheMessageSaysWhereItLooked) {
  EXPECT_THAT(Failure().ToString(), AllOf(HasSubstr("Unauthorized: no AWS credentials"), HasSubstr("AWS_ACCESS_KEY_ID"),
                                          HasSubstr(folder_ + "/.aws/credentials"), HasSubstr("instance")));
  environment_.clear();
  EXPECT_THAT(Failure().message(), HasSubstr("HOME is not set"));
}

TEST_F(CredentialsTest, KeysThatNoHeaderCanHoldAreRefusedWithoutBeingShown) {
  for (const char* token : {"tok\ren", "tok en", "t\xC3\xB6ken"}) {
    const Status status = FixedCredentials({"ID", net::Secret("s"), net::Secret(token)}).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid);
    EXPECT_THAT(status.message(), Not(HasSubstr(token)));
  }
  EXPECT_EQ(FixedCredentials({"I D", net::Secret("s"), {}}).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(FixedCredentials({"ID", net::Secret("s\n"), {}}).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(FixedCredentials({"", net::Secret("s"), {}}).status().code(), StatusCode::kInvalid);
}

TEST_F(CredentialsTest, PrintingShowsNoSecretAndLittleOfTheId) {
  std::ostringstream out;
  out << Credentials{"AKIAIOSFODNN7EXAMPLE", net::Secret("secret"), net::Secret("token")};
  EXPECT_EQ(out.str(), "…MPLE");
}

TEST(ProfileFile, ReadsTheDialect) {
  const auto sections = ParseProfileFile(
                            "\xEF\xBB\xBF# comment\r\n[default]\r\nregion=us-east-1\r\n; another\n\n[ profile   dev ] ; here too\nKey = a = b \nempty =\n"
                            "  nested = 1\n  other = 2\nafter = x#y # z\n[default]\nregion = eu-west-1\noutput=json\n",
                            "f")
                            .ValueOrDie();
  ASSERT_EQ(sections.size(), 2u);
  EXPECT_EQ(sections.at("default").at("region").Reveal(), "eu-west-1");
  EXPECT_EQ(sections.at("default").at("output").Reveal(), "json");
  const ProfileSettings& dev = sections.at("profile dev");
  EXPECT_EQ(dev.at("key").Reveal(), "a = b");
  EXPECT_EQ(dev.at("empty.nested").Reveal(), "1");
  EXPECT_EQ(dev.at("empty.other").Reveal(), "2");
  EXPECT_EQ(dev.at("after").Reveal(), "x#y");
}

TEST(ProfileFile, ANameWithBlanksStandsInQuotes) {
  const auto sections = ParseProfileFile("[profile \"a b\"]\n[profile 'c']\n[profile \"d]\n[profile \"\"]\n[profile e\"f\"]\n", "f").ValueOrDie();
  std::vector<std::string> names;
  for (const auto& section : sections) names.push_back(section.first);
  EXPECT_THAT(names, testing::UnorderedElementsAre("profile a b", "profile c", "profile \"d", "profile", "profile e\"f\""));
}

TEST(ProfileFile, ErrorsNameTheLineAndNotItsText) {
  const struct {
    std::string text, why;
  } cases[] = {
      {"[a]\nhush\n", "line 2: expected 'name = value'"},
      {"x = hush\n", "line 1: a setting before the first [section]"},
      {"[a\n", "line 1: a section without its closing ']'"},
      {"[a] hush\n", "line 1: text behind a section's ']'"},
      {"[ ]\n", "line 1: a section without a name"},
      {"[a]\n= hush\n", "line 2: expected"},
      {std::string("[a]\nx=\0hush\n", 12), "line 2: a zero byte"},
  };
  for (const auto& [text, why] : cases) {
    const Status status = ParseProfileFile(text, "the-file").status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << text;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("the-file, " + why), Not(HasSubstr("hush"))));
  }
}

TEST_F(CredentialsTest, AFileThatIsTooLargeOrNotReadableIsAnError) {
  Write(".aws/credentials", "[default]\n" + std::string(kMaxProfileFileBytes, '#'));
  EXPECT_THAT(Failure().ToString(), HasSubstr("CapacityError: "));
  std::filesystem::remove(folder_ + "/.aws/credentials");
  std::filesystem::create_directory(folder_ + "/.aws/credentials");
  EXPECT_THAT(Failure().ToString(), AllOf(HasSubstr("IOError: "), HasSubstr("/.aws/credentials")));
}

}  // namespace
}  // namespace lotic::aws
