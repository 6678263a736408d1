// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lotic::sql {

/// Tells code from quotes and comments in a text of SQL, as DuckDB reads it and with names in backticks. The text outlives it.
class StatementScanner {
 public:
  explicit StatementScanner(std::string_view text) : text_(text) {}

  /// Steps over what begins at `at`: a comment, a quoted text or name, or one byte. @return where it ends; `*open` is set if the text ends
  /// inside; `*blank`: whether it is a comment or white space.
  size_t Skip(size_t at, bool* open, bool* blank) const;

 private:
  size_t SkipComment(size_t at, bool* open) const;
  size_t SkipQuoted(size_t at, char quote, bool backslash, bool* open) const;
  size_t SkipDollar(size_t at, bool* open) const;

  const std::string_view text_;
};

/// What may stand in a name without quotes.
bool IsNameByte(char c);

/// The text with names in backticks put in double quotes; texts, double quotes and comments stay as they are. Bytes keep their places, unless such a name holds a quote.
std::string BackticksToQuotes(std::string_view text);

}  // namespace lotic::sql
