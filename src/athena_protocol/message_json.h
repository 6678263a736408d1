// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "athena_protocol/messages.h"
#include "lotic/status.h"

// The JSON of the federation protocol, serde versions 2 to 6. Writing is strict: the canonical order of members, every mandatory one, modern framing. Reading of
// requests is liberal where that is harmless (members in any order, unknown ones ignored, numbers as text) and an error where it would be silent damage
// (junk numbers, null sizes, duplicate columns); docs/reference/athena.md lists which. Memory and depth are bounded.

namespace lotic::athena {

class JoinedMessage;  // ipc.h

struct ParsedRequest {
  FederationRequest request;
  int serde_version = kSerdeVersion;  ///< by the members present: plan → 6, passthrough → 5, limit → 4, else 3; the answer has the same form in all
};

/// Errors: Invalid (not JSON, unknown @type, a member missing or wrong: its path and value are named), CapacityError (too long, too deep, too large a count).
Result<ParsedRequest> ParseRequest(std::string_view json);
std::string WriteResponse(const FederationResponse& response);
/// The same of a response whose block has no rows: `rows`, in modern framing, take their place.
std::string WriteRecords(const ReadRecordsResponse& response, const JoinedMessage& rows);

/// The client's side. `serde_version` 2 .. 6: members that the version lacks are left out; Invalid if they carry something (passthrough before 5, a limit before 4).
Result<std::string> WriteRequest(const FederationRequest& request, int serde_version);
struct ReadOptions {
  /// Refuse what the SDK's own positional reader refuses: order, missing and unknown members. For the validator.
  bool strict = false;
};
Result<FederationResponse> ParseResponse(std::string_view json, const ReadOptions& options);

/// The table of all messages as Markdown: docs/reference/athena-messages.md, kept equal by a test.
std::string DescribeMessages();

}  // namespace lotic::athena
