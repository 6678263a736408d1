// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/engine.h"

namespace lotic::cli {

/// Cuts lines into SQL statements and dot commands. A line whose first character is . or \ is a command if no statement is open.
class ScriptFeed {
 public:
  /// How the engine cuts a text: Engine::SplitStatements.
  using Splitter = std::function<std::vector<sql::StatementText>(const std::string&)>;
  struct Piece {
    bool is_command = false;
    std::string text;
    int line = 1;  ///< where it begins
  };
  /// A statement may be so long; what is longer is cut off there and will not parse.
  static constexpr size_t kMaxStatementBytes = size_t{64} << 20;

  explicit ScriptFeed(Splitter split) : split_(std::move(split)) {}

  /// Takes one line without its line end. @return what is complete now.
  std::vector<Piece> Line(std::string_view line);
  /// The text is over: what is still open, as it is.
  std::vector<Piece> End();
  /// The open statement so far, with line ends; empty if none.
  const std::string& open_text() const { return open_; }
  void DropOpen();

 private:
  std::vector<Piece> Cut(bool at_end);

  const Splitter split_;
  std::string open_;
  int next_line_ = 1;
  int open_line_ = 1;  // of the first character of open_
};

}  // namespace lotic::cli
