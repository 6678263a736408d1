// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <gmock/gmock.h>

namespace lotic::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CommandLine Parse(const std::vector<std::string>& args) {
  const auto line = ParseCommandLine(args);
  EXPECT_TRUE(line.ok()) << line.status();
  return line.ok() ? *line : CommandLine{};
}
Status Failure(const std::vector<std::string>& args) {
  const auto line = ParseCommandLine(args);
  EXPECT_FALSE(line.ok());
  return line.status();
}

TEST(CommandLine, TakesBrokersPropertiesFilesAndStatements) {
  const CommandLine line = Parse({"-b", "b:9092", "-X", "a=1", "-X", "b=2", "-f", "x.sql", "-f", "y.sql", "SELECT 1", "SELECT 2"});
  EXPECT_EQ(line.command, Command::kSql);
  EXPECT_EQ(line.brokers, "b:9092");
  EXPECT_THAT(line.properties, ElementsAre("a=1", "b=2"));
  EXPECT_THAT(line.files, ElementsAre("x.sql", "y.sql"));
  EXPECT_THAT(line.statements, ElementsAre("SELECT 1", "SELECT 2"));
}

TEST(CommandLine, RunsDashCBeforeTheArguments) { EXPECT_THAT(Parse({"SELECT 2", "-c", "SELECT 1"}).statements, ElementsAre("SELECT 1", "SELECT 2")); }

TEST(CommandLine, KeepsAPropertyThatHoldsSpacesAndEqualSignsWhole) {
  const std::string jaas = "sasl.jaas.config=org.x.PlainLoginModule required username=\"a\" password=\"b\";";
  EXPECT_THAT(Parse({"-b", "b", "-X", jaas, "SELECT 1"}).properties, ElementsAre(jaas));
}

TEST(CommandLine, TakesAStatementThatBeginsWithAComment) { EXPECT_THAT(Parse({"-c", "-- nothing\nSELECT 1"}).statements, ElementsAre("-- nothing\nSELECT 1")); }

TEST(CommandLine, ReadsPolicyAndTimes) {
  const CommandLine line = Parse({"--on-error", "skip", "--tombstones=skip", "--max-out-of-order", "5m", "--timeout", "1.5"});
  EXPECT_EQ(line.policy.on_error, OnError::kSkip);
  EXPECT_EQ(line.policy.tombstones, Tombstones::kSkip);
  EXPECT_EQ(line.policy.max_out_of_order_ms, 300'000);
  EXPECT_EQ(line.timeout, std::chrono::milliseconds(1500));
}

TEST(CommandLine, NamesTheNearestOptionForAnUnknownOne) {
  const Status status = Failure({"--fromat", "csv", "SELECT 1"});
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("unknown option --fromat: did you mean --format?"));
}

TEST(CommandLine, NamesTheNearestFormat) { EXPECT_THAT(Failure({"--format", "jsnl"}).message(), HasSubstr("unknown format \"jsnl\": did you mean jsonl?")); }

TEST(CommandLine, NamesTheNearestCommand) {
  EXPECT_THAT(Failure({"topcis", "-b", "b"}).message(), HasSubstr("did you mean topics?"));
  EXPECT_THAT(Parse({"commit"}).statements, ElementsAre("commit"));
}

TEST(CommandLine, RefusesKcatsMannerAsNotBuilt) {
  for (const char* option : {"-t", "-P", "-L", "-C"}) {
    const Status status = Failure({"-b", "b:9092", option, "orders"});
    EXPECT_EQ(status.code(), StatusCode::kNotImplemented) << option;
    EXPECT_THAT(status.message(), HasSubstr("kcat"));
  }
  EXPECT_EQ(Failure({"-b", "b:9092", "-torders"}).code(), StatusCode::kNotImplemented);
}

TEST(CommandLine, DoesNotEchoAMalformedPropertySinceItMayBeASecret) {
  EXPECT_THAT(Failure({"-b", "b", "-X", "hunter2"}).message(), testing::Not(HasSubstr("hunter2")));
}

TEST(CommandLine, KnowsItsCommands) {
  EXPECT_EQ(Parse({"demo"}).command, Command::kDemo);
  EXPECT_EQ(Parse({"topics", "-b", "b"}).command, Command::kTopics);
  EXPECT_EQ(Parse({"--version"}).command, Command::kVersion);
  EXPECT_THAT(Parse({"--help"}).help, HasSubstr("jsonl (one JSON object a line) into a pipe"));
  EXPECT_THAT(Failure({"topics"}).message(), HasSubstr("needs brokers"));
  EXPECT_EQ(Parse({"tables", "--data", "d"}).command, Command::kTables);
  EXPECT_EQ(Parse({"--data", "d", "SELECT 1"}).data_folder, "d");
  EXPECT_THAT(Failure({"tables"}).message(), HasSubstr("needs a data directory"));
  EXPECT_THAT(Failure({"demo", "SELECT 1"}).message(), HasSubstr("takes no argument"));
}

TEST(CommandLine, TakesTheOffsetsOfOneTopicOrAll) {
  EXPECT_EQ(Parse({"topics", "-b", "b", "--offsets"}).offsets_of, "");
  EXPECT_EQ(Parse({"topics", "-b", "b", "--offsets", "orders", "--time", "earliest"}).offsets_of, "orders");
  EXPECT_THAT(Failure({"--offsets", "orders"}).message(), HasSubstr("belongs to lotic topics"));
}

TEST(ParseDuration, KnowsUnitsAndRefusesTheRest) {
  EXPECT_EQ(*ParseDuration("x", "250ms"), std::chrono::milliseconds(250));
  EXPECT_EQ(*ParseDuration("x", "2h"), std::chrono::hours(2));
  EXPECT_EQ(*ParseDuration("x", "1d"), std::chrono::hours(24));
  for (const char* wrong : {"", "s", "-1s", "5x", "1e300d", "nan"}) EXPECT_FALSE(ParseDuration("x", wrong).ok()) << wrong;
}

}  // namespace
}  // namespace lotic::cli
