// SPDX-License-Identifier: Apache-2.0
#include "catalog/option_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string>

namespace lotic::catalog {
namespace {

constexpr size_t kMaxShownBytes = 100;  // of a value in a message

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return lower;
}

Status Bad(std::string_view key, std::string_view text, std::string_view expected) {
  return Status::Invalid("option '", key, "': '", text.substr(0, kMaxShownBytes), "' is no ", expected);
}

struct Unit {
  std::string_view name;
  int64_t nanos;
};
constexpr int64_t kMilli = 1'000'000, kSecond = 1'000 * kMilli, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr Unit kUnits[] = {
    {"", kMilli},
    {"d", kDay},
    {"day", kDay},
    {"days", kDay},
    {"h", kHour},
    {"hour", kHour},
    {"hours", kHour},
    {"m", kMinute},
    {"min", kMinute},
    {"minute", kMinute},
    {"minutes", kMinute},
    {"s", kSecond},
    {"sec", kSecond},
    {"secs", kSecond},
    {"second", kSecond},
    {"seconds", kSecond},
    {"ms", kMilli},
    {"milli", kMilli},
    {"millis", kMilli},
    {"millisecond", kMilli},
    {"milliseconds", kMilli},
    {"us", 1'000},
    {"µs", 1'000},
    {"micro", 1'000},
    {"micros", 1'000},
    {"microsecond", 1'000},
    {"microseconds", 1'000},
    {"ns", 1},
    {"nano", 1},
    {"nanos", 1},
    {"nanosecond", 1},
    {"nanoseconds", 1},
};

}  // namespace

Result<int64_t> ParseIntegerOption(std::string_view key, std::string_view text, int64_t low, int64_t high) {
  std::string_view digits = text;
  if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size()) return Bad(key, text, "integer");
  if (error != std::errc() || value < low || value > high) {
    if (high == std::numeric_limits<int64_t>::max())
      return Status::Invalid("option '", key, "': ", text.substr(0, kMaxShownBytes), " is out of range; at least ", low, " is expected");
    return Status::Invalid("option '", key, "': ", text.substr(0, kMaxShownBytes), " is out of range; ", low, " to ", high, " is expected");
  }
  return value;
}

Result<bool> ParseBooleanOption(std::string_view key, std::string_view text) {
  const std::string lower = Lower(text.substr(0, 8));
  if (lower == "true") return true;
  if (lower == "false") return false;
  return Bad(key, text, "boolean; true or false is expected");
}

Result<double> ParseDoubleOption(std::string_view key, std::string_view text, double low) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return Bad(key, text, "number");
  if (value < low) return Status::Invalid("option '", key, "': ", text.substr(0, kMaxShownBytes), " is out of range; at least ", low, " is expected");
  return value;
}

Result<std::chrono::milliseconds> ParseDurationOption(std::string_view key, std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument) return Bad(key, text, "duration; a number and a unit such as ms, s, min, h or d are expected");
  if (error != std::errc()) return Status::Invalid("option '", key, "': the duration '", text.substr(0, kMaxShownBytes), "' is too long");
  if (number < 0) return Status::Invalid("option '", key, "': the duration '", text.substr(0, kMaxShownBytes), "' is negative");
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  const std::string lower = Lower(unit.substr(0, 20));
  for (const Unit& known : kUnits) {
    if (known.name != lower) continue;
    if (known.nanos < kMilli) return std::chrono::milliseconds(number / (kMilli / known.nanos));
    const int64_t millis = known.nanos / kMilli;
    if (number > std::numeric_limits<int64_t>::max() / 1'000'000 / millis)
      return Status::Invalid("option '", key, "': the duration '", text.substr(0, kMaxShownBytes), "' is too long");
    return std::chrono::milliseconds(number * millis);
  }
  return Bad(key, text, "duration; its unit is none of ms, s, min, h, d, us, ns");
}

Result<int64_t> ParseMemoryOption(std::string_view key, std::string_view text, int64_t low) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument) return Bad(key, text, "size of memory; a number and a unit such as b, kb, mb or gb are expected");
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  const std::string lower = Lower(unit.substr(0, 20));
  static constexpr std::string_view kNames[][3] = {
      {"b", "bytes", ""}, {"k", "kb", "kibibytes"}, {"m", "mb", "mebibytes"}, {"g", "gb", "gibibytes"}, {"t", "tb", "tebibytes"}};
  for (size_t power = 0; power < std::size(kNames); ++power) {
    if (std::find(std::begin(kNames[power]), std::end(kNames[power]), lower) == std::end(kNames[power])) continue;
    const int shift = static_cast<int>(10 * power);
    if (error != std::errc() || number > std::numeric_limits<int64_t>::max() >> shift || (number << shift) < low) {
      return Status::Invalid("option '", key, "': ", text.substr(0, kMaxShownBytes), " is out of range; at least ", low, " bytes are expected");
    }
    return number << shift;
  }
  return Bad(key, text, "size of memory; its unit is none of b, kb, mb, gb, tb");
}

}  // namespace lotic::catalog
