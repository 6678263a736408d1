// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_periods.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "catalog/ddl_tokens.h"
#include "format/iso_time.h"

namespace lotic::catalog {
namespace {

constexpr size_t kMaxShown = 100;  // bytes of a text in a message

std::string Shown(std::string_view text) { return "\"" + std::string(text.substr(0, kMaxShown)) + (text.size() > kMaxShown ? "…\"" : "\""); }

Status BadPeriod(std::string_view text) {
  return Status::Invalid(Shown(text), " is no period: 6h, 4h30m, 1d, 500ms (units d h m s ms), or a number of milliseconds");
}

struct Unit {
  std::string_view name;
  int64_t ms;
};
constexpr std::array<Unit, 5> kPeriodUnits{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

constexpr std::array<std::string_view, 7> kUnitNames{"NANOSECONDS", "MICROSECONDS", "MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS"};
/// Nanoseconds in each.
constexpr std::array<int64_t, 7> kUnitNanos{1, 1000, 1'000'000, 1'000'000'000, 60'000'000'000, 3'600'000'000'000, 86'400'000'000'000};

/// floor(a / b), b > 0.
__int128 FloorDiv(__int128 a, __int128 b) { return a / b - (a % b < 0 ? 1 : 0); }

bool Narrow(__int128 wide, int64_t* out) {
  if (wide < std::numeric_limits<int64_t>::min() || wide > std::numeric_limits<int64_t>::max()) return false;
  *out = static_cast<int64_t>(wide);
  return true;
}

}  // namespace

Result<int64_t> ParsePeriod(std::string_view text) {
  int64_t total = 0;
  if (text.empty()) return BadPeriod(text);
  size_t unit = 0;  // units from here on may still come
  for (std::string_view rest = text; !rest.empty();) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || number < 0) return BadPeriod(text);
    const bool bare = static_cast<size_t>(end - rest.data()) == rest.size();
    const bool first = rest.size() == text.size();
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    if (bare) {
      if (!first) return BadPeriod(text);
      return number;
    }
    size_t letters = 0;
    while (letters < rest.size() && std::isalpha(static_cast<unsigned char>(rest[letters])) != 0) ++letters;
    const std::string name = AsciiLower(rest.substr(0, letters));
    while (unit < kPeriodUnits.size() && kPeriodUnits[unit].name != name) ++unit;
    if (unit == kPeriodUnits.size()) return BadPeriod(text);
    if (__builtin_mul_overflow(number, kPeriodUnits[unit].ms, &number) || __builtin_add_overflow(total, number, &total))
      return Status::Invalid(Shown(text), " is too long for a period");
    ++unit;
    rest.remove_prefix(letters);
  }
  return total;
}

Result<int64_t> ParseDataSize(std::string_view text) {
  const auto bad = [&] { return Status::Invalid(Shown(text), " is no size: 200M, 0.5G, 1024 (units B K M G T P, base 1024)"); };
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number) || number < 0 || std::signbit(number)) return bad();
  std::string unit = AsciiLower(text.substr(static_cast<size_t>(end - text.data())));
  if (unit.size() == 2 && unit[1] == 'b' && unit[0] != 'b') unit.pop_back();
  double factor = 1;
  if (!unit.empty() && unit != "b") {
    static constexpr std::string_view kLetters = "kmgtp";
    const size_t at = unit.size() == 1 ? kLetters.find(unit[0]) : std::string_view::npos;
    if (at == std::string_view::npos) return bad();
    factor = std::pow(1024.0, static_cast<double>(at + 1));
  }
  const double bytes = number * factor;
  if (bytes >= 9.2e18) return Status::Invalid(Shown(text), " is too large for a size");
  return static_cast<int64_t>(bytes);
}

Result<PinotTimeUnit> ParsePinotTimeUnit(std::string_view text) {
  const std::string lowered = AsciiLower(text);
  for (size_t i = 0; i < kUnitNames.size(); ++i) {
    if (AsciiLower(kUnitNames[i]) == lowered) return static_cast<PinotTimeUnit>(i);
  }
  return Status::Invalid(Shown(text), " is no time unit: NANOSECONDS, MICROSECONDS, MILLISECONDS, SECONDS, MINUTES, HOURS or DAYS");
}

std::string_view PinotTimeUnitName(PinotTimeUnit unit) { return kUnitNames[static_cast<size_t>(unit)]; }

bool UnitsToMillis(int64_t value, int64_t size, PinotTimeUnit unit, int64_t* ms) {
  __int128 nanos = 0;
  if (__builtin_mul_overflow(static_cast<__int128>(value) * size, static_cast<__int128>(kUnitNanos[static_cast<size_t>(unit)]), &nanos)) return false;
  return Narrow(FloorDiv(nanos, 1'000'000), ms);
}

bool MillisToUnits(int64_t ms, int64_t size, PinotTimeUnit unit, int64_t* value) {
  return Narrow(FloorDiv(static_cast<__int128>(ms) * 1'000'000, static_cast<__int128>(kUnitNanos[static_cast<size_t>(unit)]) * size), value);
}

Result<int64_t> ParseInstant(std::string_view text) {
  IsoTimestamp at;
  if (!ParseIsoTimestamp(text, &at) || !at.zoned) return Status::Invalid(Shown(text), " is no instant: 2022-08-09T12:31:38.222Z");
  return at.seconds * 1000 + at.nanos / 1'000'000;
}

}  // namespace lotic::catalog
