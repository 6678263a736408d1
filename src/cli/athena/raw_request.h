// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "athena_protocol/messages.h"
#include "connector/athena/invoker.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

// Requests that the client would never write, and what a function makes of them.

namespace lotic::cli {

/// `document` with `value` in place of the member at `path` ("/constraints/limit"), or as a new last member there. The value is put in as it is, JSON or not; an empty one
/// takes the member away. The path's parent must be there.
std::string WithMember(const std::string& document, const std::string& path, std::string_view value);
/// The text at `path`. It must be one.
std::string TextAt(const std::string& document, const std::string& path);

/// What a function made of a document. Answer and error are empty if nothing came at all.
struct Reaction {
  std::optional<athena::FederationResponse> answer;
  std::string error_type;  ///< of a function error; empty if it names none
  bool refused = false;    ///< by a function error, or by the endpoint that saw that the document is no JSON
  std::string fault;       ///< no answer of the protocol and no error of the form that the engine reads; of a refusal: its form is wrong
  std::string shown;       ///< in a few words
};
/// Errors: Cancelled and DeadlineExceeded of ctx. An endpoint that does not answer is a fault.
Result<Reaction> Invoke(const CallContext& ctx, athena_source::Invoker& invoker, std::string_view document);

/// A document, and what it is called in a verdict.
struct OddDocument {
  std::string what;
  std::string document;
  athena_source::Invoker* invoker = nullptr;
};

/// The first of `documents` that is not refused in the form of a function error; empty if all are.
Result<std::string> FirstNotRefused(const CallContext& ctx, const std::vector<OddDocument>& documents);
/// The first that is not answered by a message of the name `answer`; empty if all are.
Result<std::string> FirstNotAnswered(const CallContext& ctx, const std::vector<OddDocument>& documents, std::string_view answer);

}  // namespace lotic::cli
