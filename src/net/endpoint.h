// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"

namespace lotic::net {

/// A host (name, IPv4 or IPv6 address without brackets) and a TCP port.
struct Endpoint {
  std::string host;
  uint16_t port = 0;

  /// "host:port"; an IPv6 address in brackets.
  std::string ToString() const;
  /// Reads "host:port", "[v6]:port", "host" (with `default_port`; 0: a port is required); a leading "NAME://" (Kafka's
  /// listener form) is dropped. Errors: Invalid, naming the text.
  static Result<Endpoint> Parse(std::string_view text, uint16_t default_port = 0);
  /// A comma-separated list, blanks around entries ignored; at least one entry, at most kMaxEndpoints.
  static Result<std::vector<Endpoint>> ParseList(std::string_view text, uint16_t default_port = 0);

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

inline constexpr size_t kMaxEndpoints = 1000;

}  // namespace lotic::net
