// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/utf8.h"

#include <simdjson.h>

namespace lotic::athena {

bool IsUtf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

}  // namespace lotic::athena
