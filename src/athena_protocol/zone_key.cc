// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/zone_key.h"

#include <algorithm>
#include <array>

#include "athena_protocol/zone_names.h"
#include "athena_protocol/zone_rules.h"

namespace lotic::athena {
namespace {

constexpr int kMaxOffsetMinutes = 840;  // 14 hours
constexpr int kLastFixedZone = 2 * kMaxOffsetMinutes;
constexpr int kNotAnOffset = INT32_MIN;

// 1 .. 840 are -14:00 .. -00:01, 841 .. 1680 are +00:01 .. +14:00.
constexpr int MinutesOfKey(int key) { return key == 0 ? 0 : key <= kMaxOffsetMinutes ? key - kMaxOffsetMinutes - 1 : key - kMaxOffsetMinutes; }
constexpr int KeyOfMinutes(int minutes) { return minutes == 0 ? 0 : minutes < 0 ? minutes + kMaxOffsetMinutes + 1 : minutes + kMaxOffsetMinutes; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "+05:30", "+5", "+05" in minutes; kNotAnOffset otherwise.
int MinutesOfText(std::string_view text, bool hours_count_west) {
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return kNotAnOffset;
  const bool has_minutes = text.size() == 6 && text[3] == ':';
  if (!has_minutes && text.size() > 3) return kNotAnOffset;
  const std::string_view hours = text.substr(1, has_minutes ? 2 : text.size() - 1), minutes = has_minutes ? text.substr(4) : "00";
  if (!std::all_of(hours.begin(), hours.end(), IsDigit) || !std::all_of(minutes.begin(), minutes.end(), IsDigit)) return kNotAnOffset;
  int hour = 0;
  for (const char c : hours) hour = hour * 10 + (c - '0');
  const int minute = (minutes[0] - '0') * 10 + (minutes[1] - '0');
  const int total = hour * 60 + minute;
  if (minute > 59 || total > kMaxOffsetMinutes) return kNotAnOffset;
  const bool west = (text[0] == '-') != (hours_count_west && !has_minutes);
  return west ? -total : total;
}

bool IsKnown(int zone_key) { return (zone_key >= 0 && zone_key <= kLastFixedZone) || !ZoneNameOf(zone_key).empty(); }

Status UnknownKey(int zone_key) { return Status::Invalid("time zone: no zone has the key ", zone_key); }

}  // namespace

Result<int64_t> PackZoned(int64_t millis_utc, int zone_key) {
  if (!IsKnown(zone_key)) return UnknownKey(zone_key);
  if (millis_utc < kMinPackableMs || millis_utc > kMaxPackableMs) {
    return Status::Invalid("pack a timestamp with time zone: ", millis_utc, " ms do not fit in 52 bits");
  }
  return static_cast<int64_t>(static_cast<uint64_t>(millis_utc) << kZoneBits) | zone_key;
}

Result<int> ZoneKeyOf(std::string_view zone_id) {
  if (const int key = NamedZoneKeyOf(zone_id); key >= 0) return key;
  std::string id(zone_id);
  for (char& c : id) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  std::string_view rest = id;
  const bool is_etc = rest.starts_with("etc/");
  if (is_etc) rest.remove_prefix(4);
  constexpr std::array<std::string_view, 9> kUtcNames = {"utc", "z", "ut", "uct", "gmt", "gmt0", "greenwich", "universal", "zulu"};
  if (std::find(kUtcNames.begin(), kUtcNames.end(), rest) != kUtcNames.end()) return 0;
  const bool is_gmt = rest.starts_with("gmt");
  for (const std::string_view prefix : {"utc", "gmt", "ut"}) {
    if (rest.size() > prefix.size() && rest.starts_with(prefix)) {
      rest.remove_prefix(prefix.size());
      break;
    }
  }
  const int minutes = MinutesOfText(rest, is_etc && is_gmt);  // POSIX counts Etc/GMT+5 to the west
  if (minutes == kNotAnOffset) return Status::Invalid("time zone: \"", zone_id.substr(0, 100), "\" is not one that Athena knows");
  return KeyOfMinutes(minutes);
}

Result<std::string> ZoneIdOf(int zone_key) {
  if (!IsKnown(zone_key)) return UnknownKey(zone_key);
  if (zone_key == 0) return std::string("UTC");
  if (zone_key > kLastFixedZone) return std::string(ZoneNameOf(zone_key));
  const int minutes = MinutesOfKey(zone_key), size = minutes < 0 ? -minutes : minutes;
  std::string id = minutes < 0 ? "-00:00" : "+00:00";
  id[1] = static_cast<char>('0' + size / 600);
  id[2] = static_cast<char>('0' + size / 60 % 10);
  id[4] = static_cast<char>('0' + size % 60 / 10);
  id[5] = static_cast<char>('0' + size % 10);
  return id;
}

Result<int> ZoneOffsetSeconds(int zone_key, int64_t millis_utc) {
  if (!IsKnown(zone_key)) return UnknownKey(zone_key);
  if (zone_key <= kLastFixedZone) return MinutesOfKey(zone_key) * 60;
  const int64_t seconds = millis_utc / 1000 - (millis_utc % 1000 < 0 ? 1 : 0);
  LOTIC_ASSIGN_OR_RETURN(const ZoneRules* rules, SystemZoneRules(ZoneNameOf(zone_key)));
  return rules->OffsetAt(seconds);
}

}  // namespace lotic::athena
