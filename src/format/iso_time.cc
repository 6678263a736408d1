// SPDX-License-Identifier: Apache-2.0
#include "format/iso_time.h"

namespace lotic {
namespace {

/// Takes exactly `count` digits off the front.
bool Digits(std::string_view* text, size_t count, int* value) {
  if (text->size() < count) return false;
  *value = 0;
  for (size_t i = 0; i < count; ++i) {
    const char c = (*text)[i];
    if (c < '0' || c > '9') return false;
    *value = *value * 10 + (c - '0');
  }
  text->remove_prefix(count);
  return true;
}

bool Take(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar. Years begin in March here, so that the leap day is the
/// last: 2022-02-11 is day 348 of the year that began on 2021-03-01.
int32_t DaysFromCivil(int year, int month, int day) {
  if (month <= 2) --year;
  const int era = year / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

bool TakeDate(std::string_view* text, int32_t* days) {
  int year, month, day;
  if (!Digits(text, 4, &year) || !Take(text, '-') || !Digits(text, 2, &month) || !Take(text, '-') || !Digits(text, 2, &day)) {
    return false;
  }
  if (year == 0 || month < 1 || month > 12 || day < 1) return false;
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (day > kDays[month - 1] + (month == 2 && leap ? 1 : 0)) return false;
  *days = DaysFromCivil(year, month, day);
  return true;
}

/// Hours, minutes and optionally seconds with a fraction.
bool TakeClock(std::string_view* text, int* seconds, int32_t* nanos) {
  int hour, minute, second = 0;
  *nanos = 0;
  if (!Digits(text, 2, &hour) || !Take(text, ':') || !Digits(text, 2, &minute)) return false;
  if (Take(text, ':')) {
    if (!Digits(text, 2, &second)) return false;
    if (Take(text, '.')) {
      int digits = 0;
      while (!text->empty() && text->front() >= '0' && text->front() <= '9') {
        if (++digits > 9) return false;
        *nanos = *nanos * 10 + (text->front() - '0');
        text->remove_prefix(1);
      }
      if (digits == 0) return false;
      for (; digits < 9; ++digits) *nanos *= 10;
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  *seconds = (hour * 60 + minute) * 60 + second;
  return true;
}

}  // namespace

bool ParseIsoDate(std::string_view text, int32_t* days) { return TakeDate(&text, days) && text.empty(); }

bool ParseIsoTimestamp(std::string_view text, IsoTimestamp* out) {
  int32_t days;
  int clock;
  if (!TakeDate(&text, &days) || (!Take(&text, 'T') && !Take(&text, ' ')) || !TakeClock(&text, &clock, &out->nanos)) return false;
  out->seconds = int64_t{days} * 86400 + clock;
  out->zoned = !text.empty();
  if (!out->zoned) return true;
  if (Take(&text, 'Z')) return text.empty();
  const int sign = text.front() == '+' ? 1 : -1;
  if (!Take(&text, '+') && !Take(&text, '-')) return false;
  int hours, minutes = 0;
  if (!Digits(&text, 2, &hours)) return false;
  if (!text.empty()) {
    (void)Take(&text, ':');
    if (!Digits(&text, 2, &minutes)) return false;
  }
  if (!text.empty() || hours > 23 || minutes > 59) return false;
  out->seconds -= sign * (hours * 3600 + minutes * 60);
  return true;
}

bool ParseIsoTime(std::string_view text, int64_t* micros) {
  int clock;
  int32_t nanos;
  if (!TakeClock(&text, &clock, &nanos) || !text.empty() || nanos % 1000 != 0) return false;
  *micros = int64_t{clock} * 1'000'000 + nanos / 1000;
  return true;
}

bool ToUnit(const IsoTimestamp& at, TimeUnit unit, int64_t* out) {
  int64_t per_second = 1;
  for (int i = 0; i < static_cast<int>(unit); ++i) per_second *= 1000;
  const int64_t nanos_per_unit = 1'000'000'000 / per_second;
  if (at.nanos % nanos_per_unit != 0) return false;
  // In 128 bits: the seconds of the earliest instant that fits are beyond int64 by themselves.
  const __int128 value = static_cast<__int128>(at.seconds) * per_second + at.nanos / nanos_per_unit;
  *out = static_cast<int64_t>(value);
  return *out == value;
}

}  // namespace lotic
