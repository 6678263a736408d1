// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "athena/connector_function.h"
#include "athena/throttling_invoker.h"
#include "athena_protocol/messages.h"

namespace lotic::athena {

/// Reads one split: opens it, constrains its rows, and answers with them, or with where they were spilled to. One invocation at a time. Borrows its arguments.
///
/// An answer is complete or an error: a deadline that comes too near, a split that ended before its end, a write that failed are errors, whatever has been
/// read by then; what was spilled is abandoned. Whichever it is, the log gets one line for it.
class RecordHandler {
 public:
  /// @param spill_invoker  around every write of the spill store.
  RecordHandler(const ConnectorFunctionParts& parts, ThrottlingInvoker& invoker, ThrottlingInvoker& spill_invoker)
      : parts_(parts), invoker_(invoker), spill_invoker_(spill_invoker) {}

  /// The answer as JSON, held to CheckAnswer. @param store  gives the spill store; asked when the first block is spilled.
  Result<std::string> ReadRecords(const CallContext& ctx, const Invocation& invocation, const ReadRecordsRequest& request,
                                  const std::function<Result<SpillStore*>()>& store);

 private:
  /// What the log line of a split says of it.
  struct Outcome;
  Result<std::string> Read(const CallContext& ctx, const ReadRecordsRequest& request, const std::function<Result<SpillStore*>()>& store, Outcome* outcome);

  const ConnectorFunctionParts& parts_;
  ThrottlingInvoker& invoker_;
  ThrottlingInvoker& spill_invoker_;
};

/// Whether an answer may go out: it is no longer than Lambda takes, and there is time left. `name` is the request's.
/// Errors: CapacityError, Cancelled, DeadlineExceeded.
Status CheckAnswer(const CallContext& ctx, std::string_view name, const std::string& json);

/// Blocks of at least so many bytes are spilled even if the request would take them inline: as base64 they would not fit into an answer of Lambda.
inline constexpr int64_t kMaxInlineBytes = 4'500'000;
/// For batches that a reader has in flight: what is left of the memory of a call goes to blocks that wait to be written.
inline constexpr int64_t kReaderMemoryBytes = int64_t{64} << 20;

}  // namespace lotic::athena
