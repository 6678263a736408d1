// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"

namespace lotic::catalog {

struct PinotToken {
  enum class Kind : unsigned char {
    kEnd,
    kWord,     ///< letters, digits, _ and $, not beginning with a digit; as written
    kQuoted,   ///< a name in double quotes
    kText,     ///< in single quotes
    kInteger,  ///< digits only
    kDecimal,  ///< with a point or an exponent
    kSign,     ///< one of ( ) [ ] , . ; + - * / % = < > and <> != <= >= ||
  };
  Kind kind = Kind::kEnd;
  std::string text;  ///< what quotes hold, doubled ones as one
  size_t at = 0;     ///< its first byte
  size_t end = 0;    ///< behind its last

  bool Is(std::string_view sign) const { return kind == Kind::kSign && text == sign; }
  /// `word` in upper case; quotes hide words.
  bool IsWord(std::string_view word) const;
};

/// Cuts Pinot's SQL into tokens; the last one is kEnd. Comments are -- to the end of the line and /* … */.
/// Errors: Invalid with PinotErrorDetail 150: open quotes and comments, bytes that begin no token (a backtick among them), with line and column.
Result<std::vector<PinotToken>> PinotTokens(std::string_view sql);

/// "line 1, column 8" of a byte.
std::string PinotPosition(std::string_view sql, size_t at);

}  // namespace lotic::catalog
