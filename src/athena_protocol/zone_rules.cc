// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/zone_rules.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>

namespace lotic::athena {
namespace {

constexpr size_t kHeaderBytes = 44;
constexpr size_t kMaxFileBytes = size_t{1} << 20;
constexpr int64_t kDay = 86400;

uint32_t BigEndian32(std::string_view bytes, size_t at) {
  uint32_t value;
  std::memcpy(&value, bytes.data() + at, 4);
  return __builtin_bswap32(value);
}
uint64_t BigEndian64(std::string_view bytes, size_t at) {
  uint64_t value;
  std::memcpy(&value, bytes.data() + at, 8);
  return __builtin_bswap64(value);
}

// "TZif", version, 15 unused bytes, then six counts: of UT and standard flags, leap seconds, transitions, types, name bytes.
struct Header {
  char version;
  size_t num_ut, num_standard, num_leaps, num_times, num_types, num_chars;
  size_t BodyBytes(size_t time_bytes) const {
    return num_times * (time_bytes + 1) + num_types * 6 + num_chars + num_leaps * (time_bytes + 4) + num_standard + num_ut;
  }
};

Result<Header> ReadHeader(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with("TZif")) return Status::Invalid("time zone file: it does not begin with TZif");
  const auto count = [&](size_t index) { return size_t{BigEndian32(bytes, 20 + 4 * index)}; };
  return Header{bytes[4], count(0), count(1), count(2), count(3), count(4), count(5)};
}

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar; years begin in March, so that the leap day is their last.
int64_t DaysOf(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t of_era = year - era * 400;
  const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t YearOf(int64_t seconds) {
  const int64_t days = seconds / kDay - (seconds % kDay < 0 ? 1 : 0);
  int64_t year = 1970 + days / 366;
  while (DaysOf(year + 1, 1, 1) <= days) ++year;
  while (DaysOf(year, 1, 1) > days) --year;
  return year;
}

// A reader of POSIX TZ texts: "CET-1CEST,M3.5.0,M10.5.0/3".
struct TzText {
  std::string_view rest;
  bool good = true;
  bool Take(char c) {
    if (rest.empty() || rest[0] != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  void TakeName() {
    size_t n = 0;
    if (Take('<')) {
      while (n < rest.size() && rest[n] != '>') ++n;
      good &= n < rest.size();
      rest.remove_prefix(std::min(n + 1, rest.size()));
      return;
    }
    while (n < rest.size() && ((rest[n] | 0x20) >= 'a' && (rest[n] | 0x20) <= 'z')) ++n;
    good &= n >= 3;
    rest.remove_prefix(n);
  }
  int TakeNumber() {
    int value = 0;
    good &= !rest.empty() && rest[0] >= '0' && rest[0] <= '9';
    while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9' && value < 10000) {
      value = value * 10 + (rest[0] - '0');
      rest.remove_prefix(1);
    }
    return value;
  }
  int TakeTime() {  // [+-]hh[:mm[:ss]]
    const int sign = Take('-') ? -1 : 1;
    if (sign > 0) Take('+');
    int seconds = TakeNumber() * 3600;
    if (Take(':')) seconds += TakeNumber() * 60;
    if (Take(':')) seconds += TakeNumber();
    return sign * seconds;
  }
};

bool IsLeap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

}  // namespace

int64_t ZoneRules::YearlyDay::In(int64_t year) const {
  int64_t days = 0;
  switch (kind) {
    case Kind::kJulian: days = DaysOf(year, 1, 1) + day - 1 + (day >= 60 && IsLeap(year) ? 1 : 0); break;
    case Kind::kZeroBased: days = DaysOf(year, 1, 1) + day; break;
    case Kind::kMonthWeek: {
      const int64_t first = DaysOf(year, month, 1);
      const int64_t weekday = ((first + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
      days = first + (day - weekday + 7) % 7 + 7 * (week - 1);
      const int64_t next_month = month == 12 ? DaysOf(year + 1, 1, 1) : DaysOf(year, month + 1, 1);
      while (days >= next_month) days -= 7;
      break;
    }
  }
  return days * kDay + seconds;
}

std::optional<ZoneRules::Footer> ZoneRules::ParseFooter(std::string_view text) {
  TzText in{text};
  Footer footer;
  in.TakeName();
  footer.standard = -in.TakeTime();  // POSIX counts to the west
  if (in.rest.empty() || !in.good) return in.good ? std::optional(footer) : std::nullopt;
  footer.has_summer = true;
  in.TakeName();
  footer.summer = in.rest.empty() || in.rest[0] == ',' ? footer.standard + 3600 : -in.TakeTime();
  for (YearlyDay* day : {&footer.begin, &footer.end}) {
    in.good &= in.Take(',');
    if (in.Take('M')) {
      day->month = in.TakeNumber();
      in.good &= in.Take('.');
      day->week = in.TakeNumber();
      in.good &= in.Take('.');
      day->day = in.TakeNumber();
      in.good &= day->month >= 1 && day->month <= 12 && day->week >= 1 && day->week <= 5 && day->day <= 6;
    } else {
      day->kind = in.Take('J') ? YearlyDay::Kind::kJulian : YearlyDay::Kind::kZeroBased;
      day->day = in.TakeNumber();
      in.good &= day->day <= 365;
    }
    if (in.Take('/')) day->seconds = in.TakeTime();
  }
  return in.good && in.rest.empty() ? std::optional(footer) : std::nullopt;
}

Result<ZoneRules> ZoneRules::Parse(std::string_view bytes) {
  LOTIC_ASSIGN_OR_RETURN(Header first, ReadHeader(bytes));
  if (first.version < '2') return Status::Invalid("time zone file: version 1, which ends in 2038, is not read");
  const size_t skipped = kHeaderBytes + first.BodyBytes(4);
  if (skipped > bytes.size()) return Status::Invalid("time zone file: cut after ", bytes.size(), " bytes");
  bytes.remove_prefix(skipped);
  LOTIC_ASSIGN_OR_RETURN(Header header, ReadHeader(bytes));
  const size_t end = kHeaderBytes + header.BodyBytes(8);
  if (end > bytes.size() || header.num_types == 0) return Status::Invalid("time zone file: cut after ", bytes.size(), " bytes of its second part");
  const size_t times = kHeaderBytes, indexes = times + 8 * header.num_times, types = indexes + header.num_times;
  const auto offset_of = [&](size_t type) { return static_cast<int>(BigEndian32(bytes, types + 6 * type)); };
  ZoneRules rules;
  rules.first_offset_ = offset_of(0);
  for (size_t i = 0; i < header.num_times; ++i) {
    const auto type = static_cast<uint8_t>(bytes[indexes + i]);
    if (type >= header.num_types)
      return Status::Invalid("time zone file: transition ", i, " is to the type ", static_cast<int>(type), " of ", header.num_types);
    rules.transitions_.push_back(static_cast<int64_t>(BigEndian64(bytes, times + 8 * i)));
    rules.offsets_.push_back(offset_of(type));
  }
  if (!std::is_sorted(rules.transitions_.begin(), rules.transitions_.end())) return Status::Invalid("time zone file: its transitions are not in order");
  std::string_view footer = bytes.substr(end);
  if (footer.size() >= 2 && footer.front() == '\n' && footer.find('\n', 1) != std::string_view::npos) {
    footer = footer.substr(1, footer.find('\n', 1) - 1);
    if (!footer.empty()) {
      rules.footer_ = ParseFooter(footer);
      if (!rules.footer_) return Status::Invalid("time zone file: the rule \"", footer, "\" is not understood");
    }
  }
  return rules;
}

int ZoneRules::OffsetAt(int64_t seconds) const {
  const auto after = std::upper_bound(transitions_.begin(), transitions_.end(), seconds);
  const bool listed = after != transitions_.end() || !footer_;
  if (listed) return after == transitions_.begin() ? first_offset_ : offsets_[static_cast<size_t>(after - transitions_.begin()) - 1];
  if (!footer_->has_summer) return footer_->standard;
  const int64_t year = YearOf(seconds + footer_->standard);
  const int64_t begin = footer_->begin.In(year) - footer_->standard, end = footer_->end.In(year) - footer_->summer;
  const bool summer = begin < end ? seconds >= begin && seconds < end : seconds >= begin || seconds < end;  // the south's summer spans the new year
  return summer ? footer_->summer : footer_->standard;
}

Result<const ZoneRules*> SystemZoneRules(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<const ZoneRules>, std::less<>> known;  // guarded; bounded by the names asked for, which are those of the table
  const std::lock_guard lock(mutex);
  if (const auto found = known.find(name); found != known.end()) return found->second.get();
  const char* configured = std::getenv("TZDIR");
  for (const std::string& folder : {std::string(configured == nullptr ? "" : configured), std::string("/usr/share/zoneinfo")}) {
    if (folder.empty()) continue;
    std::ifstream file(folder + "/" + std::string(name), std::ios::binary);
    if (!file) continue;
    std::string bytes(kMaxFileBytes, '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<size_t>(file.gcount()));
    Result<ZoneRules> rules = ZoneRules::Parse(bytes);
    if (!rules.ok()) return rules.status().WithMessage(folder, "/", name, ": ", rules.status().message());
    return known.emplace(name, std::make_unique<const ZoneRules>(std::move(*rules))).first->second.get();
  }
  return Status::NotFound("time zone: this system has no rules for ", name, " (Debian's package tzdata brings them; TZDIR says where they are)");
}

}  // namespace lotic::athena
