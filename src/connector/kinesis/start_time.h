// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lotic/status.h"

namespace lotic::kinesis {

inline constexpr const char* kDefaultTimestampPattern = "yyyy-MM-dd'T'HH:mm:ss.SSSXXX";

struct StartTime {
  int64_t ms = 0;       ///< since 1970-01-01T00:00:00Z
  std::string warning;  ///< one sentence, or ""
};

/// Reads the time of 'source.init.timestamp' and its like: by `pattern`, which has the letters y M d H h m s S a E z Z X of Java's SimpleDateFormat; else as ISO-8601 or an
/// SQL timestamp; else as decimal seconds since 1970. A time without a zone is UTC. Fields out of range are errors, not carried over.
/// Errors: Invalid, with `key` and `text` (none of the three; negative; a pattern with another letter).
Result<StartTime> ParseStartTime(std::string_view key, std::string_view text, std::string_view pattern);

}  // namespace lotic::kinesis
