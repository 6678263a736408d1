// SPDX-License-Identifier: Apache-2.0
#include "cli/script_feed.h"

#include <algorithm>

namespace lotic::cli {
namespace {

// Cutting reads all that is open, so a long statement is not cut again at each of its lines unless one could end it.
constexpr size_t kCutEachLineBytes = size_t{16} << 10;

bool IsBlank(std::string_view text) { return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos; }

}  // namespace

std::vector<ScriptFeed::Piece> ScriptFeed::Line(std::string_view line) {
  const int number = next_line_++;
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (open_.empty()) {
    if (IsBlank(line)) return {};
    if (line[0] == '.' || line[0] == '\\') return {Piece{true, std::string(line), number}};
    open_line_ = number;
  }
  if (open_.size() + line.size() > kMaxStatementBytes) line = line.substr(0, kMaxStatementBytes - std::min(open_.size(), kMaxStatementBytes));
  open_ += line;
  open_ += '\n';
  if (open_.size() > kCutEachLineBytes && line.find(';') == std::string_view::npos) return {};
  return Cut(false);
}

std::vector<ScriptFeed::Piece> ScriptFeed::End() {
  auto pieces = open_.empty() ? std::vector<Piece>{} : Cut(true);
  DropOpen();
  return pieces;
}

void ScriptFeed::DropOpen() { open_.clear(); }

std::vector<ScriptFeed::Piece> ScriptFeed::Cut(bool at_end) {
  std::vector<Piece> pieces;
  size_t from = 0;  // in open_, behind the statements found so far
  std::string rest;
  int rest_line = open_line_;
  for (auto& statement : split_(open_)) {
    const size_t at = open_.find(statement.sql, from);
    const size_t begin = at == std::string::npos ? from : at;
    const int line = open_line_ + static_cast<int>(std::count(open_.begin(), open_.begin() + static_cast<ptrdiff_t>(begin), '\n'));
    from = at == std::string::npos ? from : at + statement.sql.size();
    if (statement.complete || at_end) {
      while (!statement.sql.empty() && IsBlank(statement.sql.substr(statement.sql.size() - 1))) statement.sql.pop_back();
      pieces.push_back(Piece{false, std::move(statement.sql), line});
    } else {
      rest = at == std::string::npos ? statement.sql + "\n" : open_.substr(begin);
      rest_line = line;
    }
  }
  open_ = std::move(rest);
  open_line_ = rest_line;
  return pieces;
}

}  // namespace lotic::cli
