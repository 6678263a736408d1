// SPDX-License-Identifier: Apache-2.0
#include "sql/table_hints.h"

#include <algorithm>
#include <memory>

#include "catalog/create_table.h"
#include "catalog/ddl_tokens.h"
#include "sql/declared_tables.h"
#include "sql/engine.h"
#include "sql/statement_scanner.h"

namespace lotic::sql {
namespace {

Status Error(size_t at, const std::string& message) { return Status::Invalid(message).WithDetail(std::make_shared<SqlErrorDetail>(at)); }

/// The name that is being read, part by part: a, a.b, "a b".c.
struct NameBefore {
  std::vector<std::string> parts;
  size_t at = 0;
  bool after_dot = false;

  void Add(std::string part, size_t begin) {
    if (!after_dot) {
      parts.clear();
      at = begin;
    }
    parts.push_back(std::move(part));
    after_dot = false;
  }
  void Sign(char sign) {
    if (sign == '.' && !parts.empty() && !after_dot) {
      after_dot = true;
    } else {
      *this = {};
    }
  }
};

std::string Unquoted(std::string_view quoted) {
  std::string name;
  for (size_t i = 1; i + 1 < quoted.size(); ++i) {
    name += quoted[i];
    if (quoted[i] == '"') ++i;
  }
  return name;
}

}  // namespace

Result<std::vector<TableHint>> FindTableHints(std::string_view text) {
  std::vector<TableHint> hints;
  if (text.find("/*+") == std::string_view::npos) return hints;
  const StatementScanner scanner(text);
  NameBefore name;
  for (size_t at = 0; at < text.size();) {
    bool open = false, blank = false;
    size_t end = scanner.Skip(at, &open, &blank);
    if (text.substr(at, 3) == "/*+") {
      catalog::Tokens tokens(text.substr(0, end), at);
      tokens.Advance();  // the sign of the hint
      if (tokens.Take("options")) {
        if (hints.size() == kMaxHints) return Status::CapacityError("more than ", kMaxHints, " hints in one statement");
        if (name.parts.empty() || name.after_dot) return Error(at, "the hint OPTIONS stands directly behind a table's name: FROM t /*+ OPTIONS('k' = 'v') */");
        TableHint hint{name.parts, name.at, at, {}};
        auto options = catalog::ParseOptionList(&tokens);
        if (!options.ok()) return WithSqlPosition(options.status());
        hint.options = *std::move(options);
        if (!tokens.TakeSign('*') || !tokens.TakeSign('/')) return WithSqlPosition(tokens.Unexpected("*/"));
        for (const auto& option : hint.options) {
          if (option.first == "connector") return Error(at, "a hint cannot change the option 'connector'");
        }
        hints.push_back(std::move(hint));
        name = {};
      }
    } else if (text[at] == '"' && !open) {
      name.Add(Unquoted(text.substr(at, end - at)), at);
    } else if (IsNameByte(text[at])) {
      while (end < text.size() && IsNameByte(text[end])) ++end;
      name.Add(std::string(text.substr(at, end - at)), at);
    } else if (!blank) {
      name.Sign(text[at]);
    }
    at = end;
  }
  return hints;
}

TableDefinition WithHint(TableDefinition table, const TableHint& hint) {
  for (const auto& [key, value] : hint.options) {
    const std::string& name = key;
    const auto known = std::find_if(table.options.begin(), table.options.end(), [&](const auto& option) { return option.first == name; });
    if (known != table.options.end()) {
      known->second = value;
    } else {
      table.options.emplace_back(key, value);
    }
  }
  return table;
}

}  // namespace lotic::sql
