// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace lotic::athena {

/// No overlong forms, no surrogates, nothing above U+10FFFF. In a file of its own: the header it takes costs seconds to compile.
bool IsUtf8(std::string_view text);

}  // namespace lotic::athena
