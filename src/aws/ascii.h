// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace lotic::aws {

/// Letters as HTTP and AWS's files compare them: only A-Z have another case, whatever the locale.
std::string AsciiLower(std::string_view text);
bool EqualIgnoringCase(std::string_view a, std::string_view b);

}  // namespace lotic::aws
