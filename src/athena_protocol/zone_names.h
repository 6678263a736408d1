// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace lotic::athena {

inline constexpr int kFirstNamedZone = 1681;
inline constexpr int kLastNamedZone = 2228;

/// "Europe/Berlin"; empty for keys that no zone has.
std::string_view ZoneNameOf(int zone_key);
/// Ignores case. -1: no such name in the table.
int NamedZoneKeyOf(std::string_view name);

}  // namespace lotic::athena
