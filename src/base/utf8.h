// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace lotic {

/// Whether `text` is valid UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
bool IsUtf8(std::string_view text);

}  // namespace lotic
