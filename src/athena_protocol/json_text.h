// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace lotic::athena {

/// Appends `text` as a JSON string with its quotes: the two characters that must be, and control characters, are escaped, everything else stands as it is. What is no
/// valid UTF-8 becomes U+FFFD, so that the document stays one.
void AppendJsonText(std::string_view text, std::string* out);

}  // namespace lotic::athena
