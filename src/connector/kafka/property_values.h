// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "connector/kafka/client_properties.h"
#include "connector/kafka/property_names.h"

namespace lotic::kafka {

/// `${env:NAME}` and `${file:PATH}` inside a value, put in; `$${env:` stands for a literal `${env:`. What is put in is
/// not looked at again. Errors: NotFound, Invalid, NotImplemented (`${secret:`), CapacityError (a file above 1 MiB).
Result<net::Secret> Dereference(const Property& property);

/// One property as it was given last.
struct GivenProperty {
  net::Secret value;
  std::string key;  ///< as written: an alias perhaps
  std::string origin;
  bool secret = false;
};

/// Properties by their canonical names, a later one in place of an earlier one, with typed access that knows what to
/// say about a bad value. A reader of an absent property leaves `out` as it is. One thread.
class PropertyValues {
 public:
  /// `warnings` collects what was taken and has no effect; it outlives this.
  explicit PropertyValues(std::vector<std::string>* warnings) : warnings_(warnings) {}

  Status Add(const Property& property);

  const GivenProperty* Find(std::string_view canonical) const;
  bool has(std::string_view canonical) const { return Find(canonical) != nullptr; }

  void Text(std::string_view key, std::string* out) const;  ///< without blanks around
  void Take(std::string_view key, net::Secret* out) const;  ///< as it is: blanks may belong to a password
  Status Bool(std::string_view key, bool* out) const;
  Status Number(std::string_view key, int64_t least, int64_t most, std::string_view unit, int64_t* out) const;
  Status Number(std::string_view key, int64_t least, int64_t most, std::string_view unit, int32_t* out) const;
  Status Duration(std::string_view key, int64_t least_ms, int64_t most_ms, std::chrono::milliseconds* out) const;

  /// "KEY=VALUE (origin): why"; a secret value is not shown.
  static Status Bad(const GivenProperty& given, std::string_view why);

 private:
  std::vector<std::string>* const warnings_;
  std::map<std::string, GivenProperty, std::less<>> values_;
  std::set<std::string> warned_;
};

std::string LowerCase(std::string_view text);
std::string UpperCase(std::string_view text);
std::string_view TrimBlanks(std::string_view text);

}  // namespace lotic::kafka
