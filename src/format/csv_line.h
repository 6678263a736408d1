// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lotic::csv {

/// How a line is put together. One record is one line.
struct Dialect {
  char delimiter = ',';
  std::optional<char> quote = '"';
  std::optional<char> escape;
  bool comments = false;  ///< a line that begins with # is no record
};

inline constexpr size_t kMaxFields = 65'536;  ///< of one line; more is an error

/// The fields of a line, with kReadable bytes behind each that may be read. One thread; reused from line to line.
class Line {
 public:
  static constexpr size_t kReadable = 64;

  /// Takes `text` apart; one line end behind it is dropped. "" or what is wrong: a quote that does not close, text behind a closing one, a second line.
  std::string Parse(std::string_view text, const Dialect& dialect);

  size_t size() const { return ends_.size(); }
  std::string_view field(size_t index) const {
    return std::string_view(text_).substr(index == 0 ? 0 : ends_[index - 1], ends_[index] - (index == 0 ? 0 : ends_[index - 1]));
  }
  bool quoted(size_t index) const { return quoted_[index]; }
  bool is_comment() const { return comment_; }

 private:
  std::string text_;  // of all fields, without quotes and escapes
  std::vector<size_t> ends_;
  std::vector<bool> quoted_;
  bool comment_ = false;
};

/// Appends `text` as a field, in quotes where a reader needs them and where Jackson's writer puts them: longer than 24 UTF-16 units, or holding a character up to the
/// larger of delimiter and quote. False if the dialect has no quotes and the text cannot do without.
bool AppendField(std::string_view text, const Dialect& dialect, std::string* out);

}  // namespace lotic::csv
