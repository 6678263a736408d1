// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lotic/status.h"

namespace lotic::cli {

/// Opens the log on standard error, at the level that `verbosity` (0 nothing, 1 info, 2 debug, 3 trace) or `lotic_log` (off, error, warn,
/// info, debug, trace; null: unset) asks for, whichever says more. Errors: Invalid (unknown level).
Status OpenLog(int verbosity, const char* lotic_log);

// Any thread; nothing before OpenLog. No caller hands a secret over.
void LogInfo(std::string_view message);
void LogDebug(std::string_view message);

/// `statement` as it may be logged or kept in a history: with what stands in quotes after a word like PASSWORD, SECRET, KEY or JAAS as '***'.
std::string RedactStatement(std::string_view statement);
/// The same with a '*' for every byte that is hidden, so that places in it stay.
std::string MaskStatement(std::string_view statement);
/// Whether RedactStatement would hide something: such a line is not kept in the history.
bool HoldsSecret(std::string_view statement);
/// "-X name=***" where the name is one that may hold a secret, else as it is.
std::string RedactProperty(std::string_view assignment);

}  // namespace lotic::cli
