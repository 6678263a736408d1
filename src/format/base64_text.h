// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace lotic {

/// Replaces `out` by the bytes that `text` stands for. Follows: RFC 4648 §4, with padding, nothing else in between.
/// False if `text` is anything else.
bool DecodeBase64(std::string_view text, std::string* out);

/// Appends the text that stands for `bytes`, with padding.
void AppendBase64(std::string_view bytes, std::string* out);

}  // namespace lotic
