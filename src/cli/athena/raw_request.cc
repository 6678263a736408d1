// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/raw_request.h"

#include <nlohmann/json.hpp>

#include "athena_protocol/function_error.h"
#include "athena_protocol/message_json.h"

namespace lotic::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kPlaceholder = "(the value of a member that is put in)";
constexpr size_t kMaxShown = 160;  // of an error's message

}  // namespace

std::string WithMember(const std::string& document, const std::string& path, std::string_view value) {
  Json json = Json::parse(document);
  const Json::json_pointer pointer(path);
  Json& parent = json.at(pointer.parent_pointer());
  if (value.empty()) {
    parent.erase(pointer.back());
    return json.dump();
  }
  if (parent.is_array()) {
    parent.at(std::stoul(pointer.back())) = kPlaceholder;
  } else {
    parent[pointer.back()] = kPlaceholder;
  }
  std::string text = json.dump();
  const std::string quoted = '"' + std::string(kPlaceholder) + '"';
  return text.replace(text.find(quoted), quoted.size(), value);
}

std::string TextAt(const std::string& document, const std::string& path) { return Json::parse(document).at(Json::json_pointer(path)).get<std::string>(); }

Result<Reaction> Invoke(const CallContext& ctx, athena_source::Invoker& invoker, std::string_view document) {
  Reaction reaction;
  const Result<athena_source::Invoked> invoked = invoker.Invoke(ctx, document);
  if (!invoked.ok()) {
    LOTIC_RETURN_NOT_OK(ctx.Check("asking " + invoker.name()));
    // Lambda's own endpoint looks at what it is sent, and so do some of its stand-ins: what is no JSON never reaches the function.
    reaction.refused = !nlohmann::json::accept(document) && invoked.status().message().find("HTTP status 4") != std::string::npos;
    if (!reaction.refused) reaction.fault = invoked.status().message();
    reaction.shown = invoked.status().message().substr(0, kMaxShown);
    return reaction;
  }
  if (invoked->function_error) {
    reaction.refused = true;
    const Result<athena::FunctionError> error = athena::ParseFunctionError(invoked->payload);
    if (!error.ok()) {
      reaction.fault = "an error that cannot be read: " + error.status().message();
    } else {
      reaction.error_type = error->type;
      reaction.shown = error->type + ": " + error->message.substr(0, kMaxShown);
      if (error->type.find('.') == std::string::npos) reaction.fault = "an error of the type \"" + error->type + "\", which is no qualified name of a class";
    }
    return reaction;
  }
  Result<athena::FederationResponse> answer = athena::ParseResponse(invoked->payload, {});
  if (answer.ok()) {
    reaction.shown = "a " + std::string(athena::MessageName(*answer));
    reaction.answer = *std::move(answer);
  } else {
    reaction.fault = "what is neither an answer nor an error: " + answer.status().message();
    reaction.shown = reaction.fault;
  }
  return reaction;
}

Result<std::string> FirstNotRefused(const CallContext& ctx, const std::vector<OddDocument>& documents) {
  for (const OddDocument& odd : documents) {
    LOTIC_ASSIGN_OR_RETURN(const Reaction reaction, Invoke(ctx, *odd.invoker, odd.document));
    if (!reaction.fault.empty()) return odd.what + ": " + reaction.fault;
    if (!reaction.refused) return odd.what + " is answered by " + reaction.shown;
  }
  return std::string();
}

Result<std::string> FirstNotAnswered(const CallContext& ctx, const std::vector<OddDocument>& documents, std::string_view answer) {
  for (const OddDocument& odd : documents) {
    LOTIC_ASSIGN_OR_RETURN(const Reaction reaction, Invoke(ctx, *odd.invoker, odd.document));
    if (!reaction.answer || athena::MessageName(*reaction.answer) != answer)
      return odd.what + ": " + (reaction.fault.empty() ? reaction.shown : reaction.fault) + " instead of a " + std::string(answer);
  }
  return std::string();
}

}  // namespace lotic::cli
