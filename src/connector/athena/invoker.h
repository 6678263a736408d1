// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::aws {
class HttpClient;
}

namespace lotic::athena_source {

/// What an invocation brought: the function's answer, or its error.
struct Invoked {
  std::string payload;          ///< one JSON document, as the function wrote it
  bool function_error = false;  ///< `payload` is {"errorMessage", "errorType", ...} instead of an answer
};

/// Longest answer that is read. Lambda's own limit is kMaxResponseBytes of the protocol; a local endpoint may know none.
inline constexpr int64_t kMaxAnswerBytes = int64_t{64} << 20;

/// A function that can be invoked, wherever it runs. Any thread.
class Invoker {
 public:
  virtual ~Invoker() = default;
  /// One synchronous invocation. Errors: IOError and Unauthorized with a SourceError, CapacityError (an answer beyond kMaxAnswerBytes), Cancelled,
  /// DeadlineExceeded. A function that failed is no error here.
  virtual Result<Invoked> Invoke(const CallContext& ctx, std::string_view payload) = 0;
  /// For messages: an address without user information and query.
  virtual std::string name() const = 0;
};

/// The path that Lambda's own API and its local stand-ins serve.
inline constexpr std::string_view kInvocationPath = "/2015-03-31/functions/function/invocations";

/// An http or https address of an invoke endpoint; one without a path gets kInvocationPath.
/// Errors: Invalid (no http address, user information in it: it would end up in messages).
Result<std::string> InvocationUrl(std::string_view target);

/// POSTs payloads to `url`, as InvocationUrl gave it.
std::shared_ptr<Invoker> MakeHttpInvoker(std::shared_ptr<aws::HttpClient> http, std::string url);

/// Whether a document is a function error rather than an answer, where the endpoint does not say: an object with errorMessage or errorType and
/// without @type.
bool LooksLikeFunctionError(std::string_view payload);

}  // namespace lotic::athena_source
