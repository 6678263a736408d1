// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lotic::cli {

/// The program's three standard streams and what is known of them. Made once; the streams are borrowed.
struct Console {
  int in = 0;
  int out = 1;
  int err = 2;
  bool in_terminal = false;
  bool out_terminal = false;
  bool err_terminal = false;
  bool color = false;  ///< on standard error

  /// Looks at the descriptors and at NO_COLOR and TERM.
  static Console OfProcess(bool no_color);
  /// Columns of the terminal at `out` now; 0 if it is none.
  size_t out_width() const;
  /// Columns of the terminal at `err` now; 0 if it is none.
  size_t err_width() const;

  /// Writes to standard error at once. Any thread; lines of several threads do not mix.
  void Say(std::string_view text) const;
  void SayLine(std::string_view text) const;
};

}  // namespace lotic::cli
