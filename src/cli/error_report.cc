// SPDX-License-Identifier: Apache-2.0
#include "cli/error_report.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <optional>

#include "cli/display_width.h"
#include "cli/log.h"
#include "sql/engine.h"

namespace lotic::cli {
namespace {

std::optional<size_t> ErrorPosition(const Status& status) {
  const auto& detail = status.detail();
  if (detail == nullptr || std::strcmp(detail->type_id(), sql::SqlErrorDetail(std::nullopt).type_id()) != 0) return std::nullopt;
  return static_cast<const sql::SqlErrorDetail&>(*detail).position;
}

// Messages of several lines are kept; what could command the terminal is not.
std::string PrintableLines(std::string_view text) {
  std::string out;
  while (true) {
    const size_t end = text.find('\n');
    out += Printable(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
  }
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Bytes of the word (or quoted name, or single character) that begins at `at`.
size_t WordLength(std::string_view line, size_t at) {
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0; };
  if (at >= line.size()) return 0;
  if (line[at] == '"' || line[at] == '\'') {
    const size_t close = line.find(line[at], at + 1);
    if (close != std::string_view::npos) return close + 1 - at;
  }
  size_t end = at;
  while (end < line.size() && is_word(line[end])) ++end;
  return std::max<size_t>(1, end - at);
}

std::string Underlined(std::string_view statement, size_t position, bool color, size_t width) {
  position = std::min(position, statement.size());
  const size_t before = position == 0 ? std::string_view::npos : statement.rfind('\n', position - 1);
  const size_t begin = before == std::string_view::npos ? 0 : before + 1;
  std::string_view line = statement.substr(begin, statement.find('\n', begin) - begin);
  const auto number = std::to_string(1 + std::count(statement.begin(), statement.begin() + static_cast<ptrdiff_t>(begin), '\n'));
  size_t at = position - begin;
  size_t length = WordLength(line, at);

  // Of a long line only the part around the place.
  const size_t room = std::max<size_t>(30, (width == 0 ? 100 : width) - number.size() - 7);
  std::string_view head, tail;
  if (line.size() > room) {
    size_t from = at > room / 2 ? at - room / 2 : 0;
    while (from > 0 && IsContinuation(line[from])) --from;
    size_t to = std::min(line.size(), from + room);
    while (to < line.size() && IsContinuation(line[to])) ++to;
    head = from > 0 ? "…" : "";
    tail = to < line.size() ? "…" : "";
    line = line.substr(from, to - from);
    at -= from;
  }
  length = std::min(length, line.size() - at);
  const std::string left = Printable(line.substr(0, at)), marked = Printable(line.substr(at, length));
  const char* const on = color ? "\x1b[31m" : "";
  const char* const off = color ? "\x1b[0m" : "";
  std::string out = "  " + number + " | " + std::string(head) + left + marked + Printable(line.substr(at + length)) + std::string(tail) + "\n";
  out += "  " + std::string(number.size(), ' ') + " | " + std::string(DisplayWidth(head) + DisplayWidth(left), ' ') + on +
         std::string(std::max<size_t>(1, DisplayWidth(marked)), '^') + off + "\n";
  return out;
}

}  // namespace

std::string DescribeError(const Status& status, std::string_view statement, std::string_view where, bool color, size_t width) {
  std::string out = color ? "\x1b[1;31merror:\x1b[0m " : "error: ";
  if (!where.empty()) out += std::string(where) + ": ";
  out += PrintableLines(status.message().empty() ? StatusCodeName(status.code()) : std::string_view(status.message()));
  if (out.back() != '\n') out += '\n';
  if (const auto position = ErrorPosition(status)) out += Underlined(MaskStatement(statement), *position, color, width);
  return out;
}

}  // namespace lotic::cli
