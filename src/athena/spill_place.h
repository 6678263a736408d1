// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "athena/door_options.h"
#include "athena_protocol/messages.h"
#include "lotic/status.h"

namespace lotic::athena {

/// Where the splits of one query spill to: by the function's environment, and by the request where its options name another bucket or prefix.
/// Follows: the federation SDK's makeSpillLocation.
class SpillPlace {
 public:
  /// Errors: Unauthorized (a request that names a directory other than the configured one).
  static Result<SpillPlace> Of(const DoorOptions& options, const RequestBase& request);

  /// A prefix that no other split has: prefix/query id/uuid, or prefix/uuid where the prefix holds the query id. Nothing if there is no bucket.
  /// Errors: IOError (no entropy).
  Result<std::optional<SpillLocation>> NewLocation() const;

 private:
  std::string bucket_;
  std::string prefix_;
};

/// A random UUID (version 4). Follows: RFC 9562 §5.4. Errors: IOError (no entropy).
Result<std::string> RandomUuid();

}  // namespace lotic::athena
