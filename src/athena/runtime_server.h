// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "athena/invocation_log.h"
#include "athena/lambda_function.h"
#include "athena/lambda_limits.h"

namespace lotic::athena {

struct RuntimeServerOptions {
  uint16_t port = 0;                                       ///< on 127.0.0.1; 0: a free one
  std::chrono::milliseconds timeout = kMaxInvocationTime;  ///< of an invocation, waiting for a free function included; > 0
  size_t max_functions = 8;                                ///< made at most, so invocations at once; more wait. 1 .. kMaxConnections
  std::chrono::milliseconds idle_time{300'000};            ///< a kept connection without a request is closed after it
  std::chrono::milliseconds head_time{10'000};             ///< for the headers of a request
  std::chrono::milliseconds body_time{60'000};             ///< for its body
};

/// The invoke URL of a function on loopback: POST /2015-03-31/functions/NAME/invocations, whatever NAME is. An answer is the payload with
/// status 200; a failed one has the header X-Amz-Function-Error too. Each function handles one invocation at a time, as in Lambda; a new
/// one is made while all are busy. One that has not answered in time is given up: its invocation fails, and it is used no more.
///
/// Host must name this machine, so that no web page reaches it under a name of its own.
class RuntimeServer {
 public:
  static constexpr size_t kMaxConnections = 64;  ///< at once; one more is answered with status 503, as is one for which the machine has no thread
  static constexpr size_t kMaxDroppedBytes = size_t{64} << 20;  ///< of a payload that is too long, read so that the answer is seen

  /// Makes the first function and listens. Errors: those of `make`; Invalid (options); IOError (the port is taken).
  /// @param log  borrowed; outlives the server.
  static Result<std::unique_ptr<RuntimeServer>> Start(const RuntimeServerOptions& options, FunctionMaker make, Environment environment, InvocationLog& log);
  ~RuntimeServer();
  RuntimeServer(const RuntimeServer&) = delete;
  RuntimeServer& operator=(const RuntimeServer&) = delete;

  /// Accepts and answers until ctx.stop, which also stops the running invocations; then waits for them. One call.
  /// Errors: IOError (the system no longer accepts).
  Status Serve(const CallContext& ctx);

  uint16_t port() const;
  /// http://127.0.0.1:PORT/2015-03-31/functions/function/invocations
  std::string InvokeUrl() const;

 private:
  struct Impl;
  explicit RuntimeServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lotic::athena
