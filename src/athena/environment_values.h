// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "athena/lambda_function.h"
#include "lotic/status.h"

namespace lotic::athena {

/// The variable's value, or `otherwise` where it is not set or empty.
std::string ValueOf(const Environment& environment, const std::string& name, std::string_view otherwise = {});
/// Errors: Invalid (no whole number in [low, high]), naming the variable.
Result<int64_t> IntegerOf(const Environment& environment, const std::string& name, int64_t otherwise, int64_t low, int64_t high);
/// Errors: Invalid (no number in [low, high]).
Result<double> NumberOf(const Environment& environment, const std::string& name, double otherwise, double low, double high);
/// "true" in any case; everything else is false, as in the SDK.
bool FlagOf(const Environment& environment, const std::string& name, bool otherwise);

}  // namespace lotic::athena
