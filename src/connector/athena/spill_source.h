// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "athena_protocol/messages.h"
#include "aws/session.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::athena_source {

/// Longest spilled object that is read: blocks have at most 16,000,000 bytes, and functions overshoot.
inline constexpr int64_t kMaxSpillObjectBytes = int64_t{256} << 20;

/// Where the blocks lie that a function could not answer inline. Any thread.
class SpillSource {
 public:
  virtual ~SpillSource() = default;
  /// The whole object. Errors: DataLoss (no such object: its rows are gone), IOError, Unauthorized, CapacityError (beyond kMaxSpillObjectBytes), Cancelled.
  virtual Result<std::string> Read(const CallContext& ctx, const athena::SpillLocation& location) = 0;
};

/// Objects in S3 or an endpoint like it. The client is made at the first read: what never spills needs neither region nor credentials.
/// @param session    made at the first read, too. Null: such objects are errors (Invalid).
/// @param this_machine  the function runs on this machine, so that a bucket "file:///directory", which is how our functions spill into a
///                      directory, means that directory; else it is Invalid: a function elsewhere has no say in which files are read here.
std::shared_ptr<SpillSource> MakeSpillSource(std::function<Result<aws::Session>()> session, bool this_machine);

}  // namespace lotic::athena_source
