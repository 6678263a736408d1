// SPDX-License-Identifier: Apache-2.0
#include "apps/aws_functions.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "apps/declared_streams.h"
#include "apps/shown_tables.h"
#include "athena/environment_values.h"
#include "aws/credentials.h"
#include "aws/session.h"
#include "catalog/option_value.h"
#include "connector/kinesis/kinesis_connector.h"
#include "connector/timestream/timestream_connector.h"
#include "lotic/type.h"

namespace lotic {
namespace {

using athena::Environment;
using athena::ValueOf;

/// A variable that is known by name; `otherwise` is the value that asks for nothing.
struct NotBuilt {
  const char* name;
  const char* what;
  const char* otherwise = "";
};

/// Errors: NotImplemented, Invalid: a variable with the prefix that neither list has, since a slip of the pen would change what is read.
Status CheckVariables(const Environment& environment, const std::string& prefix, std::vector<std::string> known, std::initializer_list<NotBuilt> not_built) {
  for (const NotBuilt& each : not_built) {
    known.emplace_back(each.name);
    const std::string value = ValueOf(environment, each.name);
    if (!value.empty() && value != each.otherwise) return Status::NotImplemented("environment variable ", each.name, ": ", each.what, " is not built yet");
  }
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(prefix) || std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto near = NearestNames(name, known, 1);
    return Status::Invalid("environment variable ", name, " is unknown", near.empty() ? "" : "; did you mean " + near[0] + "?");
  }
  return Status::OK();
}

Result<bool> TrueOrFalse(const Environment& environment, const std::string& name, bool otherwise) {
  const std::string text = ValueOf(environment, name, otherwise ? "true" : "false");
  return catalog::ParseBooleanOption("environment variable " + name, text);
}

Status DurationOf(const Environment& environment, const std::string& name, std::chrono::milliseconds* out) {
  const std::string text = ValueOf(environment, name);
  if (text.empty()) return Status::OK();
  LOTIC_ASSIGN_OR_RETURN(*out, catalog::ParseDurationOption("environment variable " + name, text));
  return Status::OK();
}

Result<aws::Session> OpenSession(const Environment& environment, const std::string& region_variable, aws::SessionOptions options) {
  options.region = ValueOf(environment, region_variable);
  if (!options.region.empty()) LOTIC_RETURN_NOT_OK(aws::ValidateRegion(options.region));
  return aws::Session::Open(options, environment);
}

}  // namespace

Result<std::shared_ptr<Connector>> MakeKinesisOf(const Environment& environment) {
  LOTIC_RETURN_NOT_OK(CheckVariables(environment, "kinesis_",
                                     {"kinesis_region", "kinesis_endpoint", "kinesis_streams", "kinesis_definitions", "kinesis_ddl", "kinesis_time_floor",
                                      "kinesis_metadata_columns", "kinesis_bounded_grace", "kinesis_bounded_settle", "kinesis_bounded_stall_timeout"},
                                     {{"kinesis_consumer_arn", "enhanced fan-out"},
                                      {"glue_catalog", "reading definitions from Glue"},
                                      {"cross_account_role_arn", "assuming a role of another account"}}));
  const std::string ddl = ValueOf(environment, "kinesis_ddl");
  const std::string definitions = ValueOf(environment, "kinesis_definitions", ddl.empty() ? "sample" : "ddl,sample");
  const bool declared = definitions == "ddl" || definitions == "ddl,sample", sampled = definitions != "ddl";
  if (!declared && definitions != "sample") {
    return Status::NotImplemented("environment variable kinesis_definitions = '", definitions.substr(0, 100),
                                  "': sample, ddl and ddl,sample are built; glue is not yet");
  }
  if (declared != !ddl.empty())
    return Status::Invalid("environment variables kinesis_definitions = '", definitions, "' and kinesis_ddl = '", ddl.substr(0, 100),
                           "': the folder is set where ddl is asked for, and only there");
  if (ddl.starts_with("s3://"))
    return Status::NotImplemented("environment variable kinesis_ddl = '", ddl.substr(0, 100), "': a folder of the package is built, S3 is not yet");
  kinesis::KinesisOptions options;
  options.endpoint = ValueOf(environment, "kinesis_endpoint");
  options.hand_on_throttles = true;  // to the door, which slows down by the throttle_* variables or tells Athena
  LOTIC_RETURN_NOT_OK(DurationOf(environment, "kinesis_bounded_grace", &options.grace));
  LOTIC_RETURN_NOT_OK(DurationOf(environment, "kinesis_bounded_settle", &options.settle));
  LOTIC_RETURN_NOT_OK(DurationOf(environment, "kinesis_bounded_stall_timeout", &options.stall_timeout));
  ShownTables shown;
  shown.variable = "kinesis_streams";
  const std::string streams = ValueOf(environment, "kinesis_streams");
  if (!streams.empty()) {
    if (!sampled)
      return Status::Invalid("environment variable kinesis_streams = '", streams.substr(0, 100),
                             "' chooses among streams without a definition, and kinesis_definitions = 'ddl' shows none of those");
    LOTIC_ASSIGN_OR_RETURN(shown.patterns, ParseTablePatterns("kinesis_streams", streams));
  }
  LOTIC_ASSIGN_OR_RETURN(shown.hidden_columns, TrueOrFalse(environment, "kinesis_metadata_columns", true));
  std::shared_ptr<Connector> connector;
  if (sampled) {
    LOTIC_ASSIGN_OR_RETURN(aws::Session session, OpenSession(environment, "kinesis_region", {}));
    LOTIC_ASSIGN_OR_RETURN(connector, kinesis::MakeKinesisConnector(std::move(session), options));
    connector = ShowTables(std::move(connector), {std::move(shown.patterns), true, shown.variable});
    shown.patterns.clear();
  }
  if (declared) {
    DeclaredStreams streams_of;
    streams_of.hand_on_throttles = options.hand_on_throttles;
    LOTIC_ASSIGN_OR_RETURN(streams_of.time_floor, TrueOrFalse(environment, "kinesis_time_floor", false));
    LOTIC_ASSIGN_OR_RETURN(streams_of.definitions, ReadDefinitions(ddl));
    streams_of.others = std::move(connector);
    Environment inner = environment;  // what a definition does not say itself
    if (!options.endpoint.empty()) inner["AWS_ENDPOINT_URL_KINESIS"] = options.endpoint;
    if (const std::string region = ValueOf(environment, "kinesis_region"); !region.empty()) inner["AWS_REGION"] = region;
    LOTIC_ASSIGN_OR_RETURN(connector, MakeDeclaredStreams(std::move(streams_of), inner));
  }
  return ShowTables(std::move(connector), std::move(shown));
}

Result<std::shared_ptr<Connector>> MakeTimestreamOf(const Environment& environment) {
  LOTIC_RETURN_NOT_OK(
      CheckVariables(environment, "timestream_",
                     {"timestream_region", "timestream_query_endpoint", "timestream_write_endpoint", "timestream_page_rows", "timestream_time_precision"},
                     {{"timestream_split_count", "reading a table in several queries"},
                      {"timestream_split_min_hours", "reading a table in several queries"},
                      {"timestream_unload", "UNLOAD", "never"},
                      {"timestream_unload_bucket", "UNLOAD"},
                      {"timestream_unload_after_pages", "UNLOAD"},
                      {"timestream_measure_mode", "one column for the measures of a table", "raw"},
                      {"timestream_max_bytes_scanned", "a limit of bytes scanned"},
                      {"glue_connection", "merging the properties of a Glue connection"}}));
  timestream::TimestreamOptions options;
  options.time_precision = TimeUnit::kMilli;
  const std::string precision = ValueOf(environment, "timestream_time_precision", "ms");
  if (precision != "ms")
    return Status::Invalid("environment variable timestream_time_precision = '", precision.substr(0, 100),
                           "': Athena's timestamps have milliseconds; expected ms");
  options.client.query_endpoint = ValueOf(environment, "timestream_query_endpoint");
  options.client.write_endpoint = ValueOf(environment, "timestream_write_endpoint");
  options.client.hand_on_throttles = true;  // as of Kinesis
  LOTIC_ASSIGN_OR_RETURN(options.page_rows, athena::IntegerOf(environment, "timestream_page_rows", 0, 1, 1000));
  const std::string disable_glue = ValueOf(environment, "disable_glue");
  options.glue = disable_glue.empty() || disable_glue == "false";  // the original takes any other word for yes
  options.glue_catalog = ValueOf(environment, "glue_catalog");
  aws::SessionOptions session;
  session.http.connect_timeout = std::chrono::seconds(5);
  session.http.silence_timeout = std::chrono::seconds(70);  // the service may think for 60 s about a page
  session.http.user_agent = "aws-athena-timestream-connector lotic";
  LOTIC_ASSIGN_OR_RETURN(aws::Session opened, OpenSession(environment, "timestream_region", std::move(session)));
  return timestream::MakeTimestreamConnector(std::move(opened), std::move(options));
}

}  // namespace lotic
