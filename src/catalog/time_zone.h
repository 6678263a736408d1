// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "lotic/status.h"

namespace lotic::catalog {

/// A zone of the tz data base of this machine, or a fixed offset. Immutable, any thread; copies share.
class TimeZone {
 public:
  /// "" and "UTC" (Z, GMT, Etc/UTC), "+05:30" ("+0530", "GMT+5"), "Europe/Berlin". Errors: Invalid, with the name.
  static Result<TimeZone> Find(std::string_view name);
  /// Seconds east of UTC at an instant, in seconds since 1970-01-01 UTC.
  int32_t OffsetAt(int64_t utc) const;
  /// The instant at which clocks of this zone show `local` (seconds since 1970-01-01 00:00:00 on that clock): the earlier one where clocks went back, the one that keeps going where they skipped.
  int64_t ToUtc(int64_t local) const;

 private:
  struct Rules;
  TimeZone(int32_t offset, std::shared_ptr<const Rules> rules) : offset_(offset), rules_(std::move(rules)) {}
  int32_t offset_ = 0;
  std::shared_ptr<const Rules> rules_;  // null: offset_ always
};

}  // namespace lotic::catalog
