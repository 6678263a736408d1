// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lotic::kafka {

/// What becomes of a client property.
enum class PropertyFate {
  kUsed,      ///< read by MakeClientProperties
  kNoEffect,  ///< Kafka's, harmless, and nothing here depends on it: a warning
  kRefused,   ///< would load or run code in the clients it comes from: an error
  kNotBuilt,  ///< would change what is secure or what is read, and is not built: an error
};

struct PropertyName {
  std::string_view name;       ///< as Java or librdkafka spells it
  std::string_view canonical;  ///< the one name of its meaning; equal to `name` except for aliases
  PropertyFate fate;
  std::string_view reason;  ///< for all fates but kUsed: ends the sentence "NAME has no effect: …", "NAME is refused: …"
  bool secret = false;      ///< its value never appears in a message
};

/// The property of that exact name; rules for families (`*.class`) included; null: unknown.
const PropertyName* FindProperty(std::string_view name);
/// All names that are used, for suggestions and documentation.
std::span<const PropertyName> AllProperties();

/// The candidate with the smallest edit distance, if that is small enough to be a typing mistake; else empty.
std::string_view NearestName(std::string_view name, std::span<const std::string_view> candidates);
/// The nearest name among all known properties; else empty.
std::string_view NearestProperty(std::string_view name);

}  // namespace lotic::kafka
