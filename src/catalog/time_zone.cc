// SPDX-License-Identifier: Apache-2.0
#include "catalog/time_zone.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "catalog/ddl_tokens.h"

// TZif, RFC 8536: header (44 bytes: "TZif", version, 15 reserved, six big-endian counts), a data block with 4-byte times, then the same again with 8-byte times, then a line with a POSIX TZ rule
// for what comes after the last transition. Only the second block and the rule are used.

namespace lotic::catalog {
namespace {

constexpr size_t kMaxZoneBytes = size_t{64} << 10;
constexpr size_t kMaxZoneName = 64;
constexpr size_t kHeaderBytes = 44;
constexpr int64_t kDaySeconds = 86'400;

/// Month, week (5: the last) and weekday, and seconds after that day's midnight: "M3.5.0/2".
struct RuleDay {
  int month = 1, week = 1, weekday = 0;
  int64_t seconds = 7200;
};

int64_t BigEndian(const char* bytes, size_t size) {
  uint64_t value = (static_cast<unsigned char>(bytes[0]) & 0x80) != 0 && size == 8 ? ~uint64_t{0} : 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return static_cast<int64_t>(size == 4 ? static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(value))) : value);
}

std::chrono::year_month_day DateOf(int64_t seconds) {
  const int64_t days = seconds / kDaySeconds - (seconds % kDaySeconds < 0 ? 1 : 0);
  return std::chrono::year_month_day{std::chrono::sys_days{std::chrono::days(days)}};
}

int64_t DayStart(std::chrono::year year, const RuleDay& rule) {
  using std::chrono::sys_days;
  const auto month = year / std::chrono::month(static_cast<unsigned>(rule.month));
  const std::chrono::weekday weekday(static_cast<unsigned>(rule.weekday));
  const sys_days day = rule.week == 5 ? sys_days(month / weekday[std::chrono::last]) : sys_days(month / weekday[static_cast<unsigned>(rule.week)]);
  return day.time_since_epoch().count() * kDaySeconds + rule.seconds;
}

bool TakeInt(std::string_view* text, int64_t* out) {
  size_t n = 0;
  int64_t value = 0;
  while (n < text->size() && n < 4 && std::isdigit(static_cast<unsigned char>((*text)[n])) != 0) value = value * 10 + ((*text)[n++] - '0');
  text->remove_prefix(n);
  *out = value;
  return n > 0;
}

bool TakeChar(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

/// "-1", "5:30", "+03:00:00" in seconds.
bool TakeClock(std::string_view* text, int64_t* seconds) {
  const bool negative = TakeChar(text, '-');
  if (!negative) (void)TakeChar(text, '+');
  int64_t part = 0;
  if (!TakeInt(text, &part)) return false;
  *seconds = part * 3600;
  if (TakeChar(text, ':')) {
    if (!TakeInt(text, &part)) return false;
    *seconds += part * 60;
    if (TakeChar(text, ':')) {
      if (!TakeInt(text, &part)) return false;
      *seconds += part;
    }
  }
  if (negative) *seconds = -*seconds;
  return true;
}

bool SkipName(std::string_view* text) {
  const bool quoted = TakeChar(text, '<');
  size_t n = 0;
  while (n < text->size() && (quoted ? (*text)[n] != '>' : std::isalpha(static_cast<unsigned char>((*text)[n])) != 0)) ++n;
  text->remove_prefix(n);
  return n > 0 && (!quoted || TakeChar(text, '>'));
}

bool TakeRuleDay(std::string_view* text, RuleDay* day) {
  int64_t month = 0, week = 0, weekday = 0;
  if (!TakeChar(text, ',') || !TakeChar(text, 'M') || !TakeInt(text, &month) || !TakeChar(text, '.') || !TakeInt(text, &week) || !TakeChar(text, '.') ||
      !TakeInt(text, &weekday))
    return false;
  if (month < 1 || month > 12 || week < 1 || week > 5 || weekday > 6) return false;
  day->month = static_cast<int>(month), day->week = static_cast<int>(week), day->weekday = static_cast<int>(weekday);
  return !TakeChar(text, '/') || TakeClock(text, &day->seconds);
}

/// "+05:30", "GMT+5", "-0800": seconds east; nothing if it is no offset.
std::optional<int32_t> FixedOffset(std::string_view name) {
  for (const std::string_view prefix : {"UTC", "GMT"}) {
    if (name.size() > prefix.size() && name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  if (name.empty() || (name[0] != '+' && name[0] != '-')) return std::nullopt;
  const int32_t sign = name[0] == '-' ? -1 : 1;
  name.remove_prefix(1);
  int64_t hours = 0, minutes = 0;
  if (name.size() == 4) {
    if (!std::all_of(name.begin(), name.end(), [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; })) return std::nullopt;
    hours = (name[0] - '0') * 10 + (name[1] - '0');
    minutes = (name[2] - '0') * 10 + (name[3] - '0');
    name = {};
  } else if (!TakeInt(&name, &hours) || (TakeChar(&name, ':') && !TakeInt(&name, &minutes))) {
    return std::nullopt;
  }
  if (!name.empty() || hours > 18 || minutes > 59) return std::nullopt;
  return sign * static_cast<int32_t>(hours * 3600 + minutes * 60);
}

}  // namespace

struct TimeZone::Rules {
  std::vector<int64_t> at;       // instants of transitions, ascending
  std::vector<int32_t> offsets;  // [0] before the first of `at`, [i + 1] from at[i] on
  bool has_rule = false;
  int32_t standard = 0, summer = 0;
  bool has_summer = false;
  RuleDay start, end;  // of summer time, on the clock of standard and of summer time

  int32_t RuleOffset(int64_t utc) const {
    if (!has_summer) return standard;
    const std::chrono::year year = DateOf(utc + standard).year();
    const int64_t from = DayStart(year, start) - standard, to = DayStart(year, end) - summer;
    const bool is_summer = from < to ? utc >= from && utc < to : utc >= from || utc < to;
    return is_summer ? summer : standard;
  }

  static bool Parse(std::string_view bytes, Rules* out);
  bool ParseRule(std::string_view text);
};

bool TimeZone::Rules::ParseRule(std::string_view text) {
  int64_t west = 0;
  if (!SkipName(&text) || !TakeClock(&text, &west)) return false;
  standard = static_cast<int32_t>(-west);
  has_rule = true;
  if (text.empty()) return true;
  if (!SkipName(&text)) return false;
  west -= 3600;
  if (!text.empty() && text.front() != ',' && !TakeClock(&text, &west)) return false;
  summer = static_cast<int32_t>(-west);
  has_summer = true;
  return TakeRuleDay(&text, &start) && TakeRuleDay(&text, &end) && text.empty();
}

bool TimeZone::Rules::Parse(std::string_view bytes, Rules* out) {
  struct Counts {
    size_t is_ut, is_std, leap, times, types, chars;
  };
  const auto header = [](std::string_view at, Counts* counts) {
    if (at.size() < kHeaderBytes || !at.starts_with("TZif") || at[4] < '2') return false;
    size_t* const fields[] = {&counts->is_ut, &counts->is_std, &counts->leap, &counts->times, &counts->types, &counts->chars};
    for (size_t i = 0; i < 6; ++i) {
      const int64_t count = BigEndian(at.data() + 20 + i * 4, 4);
      if (count < 0 || count > static_cast<int64_t>(kMaxZoneBytes)) return false;
      *fields[i] = static_cast<size_t>(count);
    }
    return true;
  };
  Counts counts{};
  if (!header(bytes, &counts)) return false;
  const size_t first_block = counts.times * 5 + counts.types * 6 + counts.chars + counts.leap * 8 + counts.is_std + counts.is_ut;
  if (bytes.size() < kHeaderBytes + first_block) return false;
  bytes.remove_prefix(kHeaderBytes + first_block);
  if (!header(bytes, &counts)) return false;
  bytes.remove_prefix(kHeaderBytes);
  const size_t block = counts.times * 9 + counts.types * 6 + counts.chars + counts.leap * 12 + counts.is_std + counts.is_ut;
  if (bytes.size() < block || counts.types == 0) return false;
  const char* const times = bytes.data();
  const char* const indices = times + counts.times * 8;
  const char* const types = indices + counts.times;
  const auto offset = [&](size_t type) { return static_cast<int32_t>(BigEndian(types + type * 6, 4)); };
  out->offsets.push_back(offset(0));
  for (size_t i = 0; i < counts.times; ++i) {
    const size_t type = static_cast<unsigned char>(indices[i]);
    const int64_t at = BigEndian(times + i * 8, 8);
    if (type >= counts.types || (!out->at.empty() && at <= out->at.back())) return false;
    out->at.push_back(at);
    out->offsets.push_back(offset(type));
  }
  bytes.remove_prefix(block);
  if (bytes.size() > 2 && bytes.front() == '\n' && bytes.back() == '\n') return out->ParseRule(bytes.substr(1, bytes.size() - 2));
  return true;
}

Result<TimeZone> TimeZone::Find(std::string_view name) {
  for (const std::string_view utc : {"", "UTC", "Z", "GMT", "Etc/UTC", "UCT", "Zulu"}) {
    if (name == utc) return TimeZone(0, nullptr);
  }
  if (const std::optional<int32_t> offset = FixedOffset(name)) return TimeZone(*offset, nullptr);
  const auto unknown = [&] {
    return Status::Invalid("time zone \"", name.substr(0, kMaxZoneName), "\" is unknown here: UTC, +05:30 or a name like Europe/Berlin is needed");
  };
  const bool plain = name.size() <= kMaxZoneName && std::isalpha(static_cast<unsigned char>(name[0])) != 0 && std::all_of(name.begin(), name.end(), [](char c) {
                       return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '/' || c == '-' || c == '+';
                     });
  if (!plain) return unknown();
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const Rules>, std::less<>> known;  // as many as the data base has, at most
  const std::lock_guard lock(mutex);
  if (const auto found = known.find(name); found != known.end()) return TimeZone(0, found->second);
  std::ifstream file("/usr/share/zoneinfo/" + std::string(name), std::ios::binary);
  std::string bytes(kMaxZoneBytes, '\0');
  if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())) && file.gcount() == 0) return unknown();
  bytes.resize(static_cast<size_t>(file.gcount()));
  auto rules = std::make_shared<Rules>();
  if (!Rules::Parse(bytes, rules.get())) return unknown();
  known.emplace(name, rules);
  return TimeZone(0, std::move(rules));
}

int32_t TimeZone::OffsetAt(int64_t utc) const {
  if (rules_ == nullptr) return offset_;
  const auto next = std::upper_bound(rules_->at.begin(), rules_->at.end(), utc);
  if (next == rules_->at.end() && rules_->has_rule) return rules_->RuleOffset(utc);
  return rules_->offsets[static_cast<size_t>(next - rules_->at.begin())];
}

int64_t TimeZone::ToUtc(int64_t local) const {
  if (rules_ == nullptr) return local - offset_;
  const int32_t before = OffsetAt(local - kDaySeconds), after = OffsetAt(local + kDaySeconds);
  if (OffsetAt(local - before) == before) return local - before;
  return OffsetAt(local - after) == after ? local - after : local - before;
}

}  // namespace lotic::catalog
