// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>

namespace lotic::net {

/// Overwrites `size` bytes in a way the compiler may not remove.
void Wipe(void* data, size_t size);

/// Text that must not be seen: a password, a private key. Prints as "***" (or "" when empty), is overwritten when it
/// goes. Copies are as secret as the original. One thread at a time, like a string.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  bool empty() const { return text_.empty(); }
  /// The text itself. Whoever calls this keeps it out of messages and logs. Borrowed: valid while this Secret is
  /// unchanged.
  const std::string& Reveal() const { return text_; }

  friend bool operator==(const Secret&, const Secret&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Secret& s) { return out << (s.empty() ? "" : "***"); }

 private:
  std::string text_;
};

}  // namespace lotic::net
