// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/function_target.h"

#include <unistd.h>

#include <utility>
#include <vector>

#include "aws/http_client.h"
#include "aws/session.h"
#include "cli/athena/command_function.h"
#include "lotic/type.h"

namespace lotic::cli {
namespace {

bool IsAddress(const std::string& target) { return target.starts_with("http://") || target.starts_with("https://"); }

// ftp://...: an address of another kind. A command may hold one, behind a blank or an equals sign.
bool HasScheme(const std::string& target) {
  const size_t end = target.find("://");
  return end != std::string::npos && end > 0 && target.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-") == end;
}

Result<std::shared_ptr<athena_source::Invoker>> InvokerOf(const std::string& target, const std::shared_ptr<aws::HttpClient>& http, bool* this_machine) {
  if (!IsAddress(target)) {
    if (HasScheme(target)) return Status::Invalid("the target \"", target.substr(0, target.find("://")), "://...\" is neither an http address nor a command");
    return StartCommandFunction(target);
  }
  LOTIC_ASSIGN_OR_RETURN(std::string url, athena_source::InvocationUrl(target));
  LOTIC_ASSIGN_OR_RETURN(const aws::ServiceEndpoint endpoint, aws::ServiceEndpoint::Parse(url));
  *this_machine = *this_machine && endpoint.is_loopback();
  return athena_source::MakeHttpInvoker(http, std::move(url));
}

}  // namespace

Result<OpenedTarget> OpenTarget(const FunctionTarget& target, const aws::Environment& environment) {
  if (target.target.empty()) return Status::Invalid("no function is named: --target takes the address of an invoke endpoint, or a command");
  aws::HttpClientOptions http_options;
  http_options.silence_timeout = target.client.call_time;  // a function is silent until it has the whole answer
  http_options.proxy = aws::ProxySettings::FromEnvironment(environment);
  http_options.ca_file = aws::Lookup(environment, "AWS_CA_BUNDLE");
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<aws::HttpClient> http, aws::HttpClient::Create(http_options));
  OpenedTarget opened;
  bool this_machine = true;
  LOTIC_ASSIGN_OR_RETURN(opened.invoker, InvokerOf(target.target, http, &this_machine));
  std::shared_ptr<athena_source::Invoker> records;
  if (!target.record_target.empty() && target.record_target != target.target) {
    LOTIC_ASSIGN_OR_RETURN(records, InvokerOf(target.record_target, http, &this_machine));
  }
  opened.records = records != nullptr ? records : opened.invoker;
  auto spill = athena_source::MakeSpillSource([environment] { return aws::Session::Open({}, environment); }, this_machine);
  LOTIC_ASSIGN_OR_RETURN(opened.client, athena_source::FunctionClient::Make(opened.invoker, std::move(records), std::move(spill), target.client));
  return opened;
}

Result<std::shared_ptr<athena_source::FunctionClient>> OpenAttachedFunction(const std::string& url, const std::map<std::string, std::string>& options,
                                                                            const aws::Environment& environment) {
  FunctionTarget target;
  if (!IsAddress(url)) return Status::Invalid("ATTACH '", url.substr(0, 40), "' (TYPE athena): the path is the http address of an invoke endpoint");
  target.target = url;
  static const std::vector<std::string> kKnown = {"catalog", "record_function"};
  for (const auto& [name, value] : options) {
    if (name == "type" || name == "read_only") continue;
    if (name == "catalog") {
      target.client.catalog = value;
    } else if (name == "record_function") {
      if (!IsAddress(value)) return Status::Invalid("ATTACH (TYPE athena): record_function is an http address, not \"", value.substr(0, 40), "\"");
      target.record_target = value;
    } else {
      const auto near = NearestNames(name, kKnown, 1);
      return Status::Invalid("ATTACH (TYPE athena): unknown option \"", name, "\"", near.empty() ? "" : "; did you mean \"" + near[0] + "\"?",
                             " (known: catalog, record_function)");
    }
  }
  LOTIC_ASSIGN_OR_RETURN(OpenedTarget opened, OpenTarget(target, environment));
  return std::move(opened.client);
}

aws::Environment ProcessEnvironment() {
  aws::Environment environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

}  // namespace lotic::cli
