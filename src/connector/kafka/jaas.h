// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lotic/status.h"
#include "net/secret.h"

namespace lotic::kafka {

/// What a one-line JAAS configuration of a Kafka client says.
struct JaasLogin {
  bool scram = false;  ///< ScramLoginModule; false: PlainLoginModule
  std::string username;
  net::Secret password;
};

/// Reads `…PlainLoginModule required username="u" password="p";` (or ScramLoginModule) in the syntax of Kafka's own
/// reader: double or single quotes, backslash escapes, comments. The module's package does not matter (shaded copies
/// exist). Errors: Invalid (syntax, another module, no user name), NotImplemented (modules of mechanisms that are not
/// built, token authentication); never with a value in the message.
Result<JaasLogin> ParseJaas(std::string_view text);

}  // namespace lotic::kafka
