// SPDX-License-Identifier: Apache-2.0
#include "athena/environment_values.h"

#include <algorithm>
#include <charconv>

namespace lotic::athena {
namespace {

template <typename T>
Result<T> Parsed(const std::string& name, const std::string& text, T low, T high, std::string_view what) {
  T value{};
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || !(value >= low && value <= high)) {
    return Status::Invalid("environment variable ", name, " = '", text.substr(0, 100), "': expected ", what, " from ", low, " to ", high);
  }
  return value;
}

}  // namespace

std::string ValueOf(const Environment& environment, const std::string& name, std::string_view otherwise) {
  const auto at = environment.find(name);
  return at == environment.end() || at->second.empty() ? std::string(otherwise) : at->second;
}

Result<int64_t> IntegerOf(const Environment& environment, const std::string& name, int64_t otherwise, int64_t low, int64_t high) {
  const std::string text = ValueOf(environment, name);
  return text.empty() ? Result<int64_t>(otherwise) : Parsed<int64_t>(name, text, low, high, "a whole number");
}

Result<double> NumberOf(const Environment& environment, const std::string& name, double otherwise, double low, double high) {
  const std::string text = ValueOf(environment, name);
  return text.empty() ? Result<double>(otherwise) : Parsed<double>(name, text, low, high, "a number");
}

bool FlagOf(const Environment& environment, const std::string& name, bool otherwise) {
  const std::string text = ValueOf(environment, name);
  if (text.empty()) return otherwise;
  constexpr std::string_view kTrue = "true";
  return std::equal(text.begin(), text.end(), kTrue.begin(), kTrue.end(), [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace lotic::athena
