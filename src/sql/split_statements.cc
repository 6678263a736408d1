// SPDX-License-Identifier: Apache-2.0
#include "sql/split_statements.h"

#include <string>

#include "sql/statement_scanner.h"

namespace lotic::sql {

std::vector<StatementText> SplitSql(std::string_view text) {
  std::vector<StatementText> statements;
  const StatementScanner scanner(text);
  size_t begin = 0;
  bool begun = false;  // something but blanks since `begin`
  bool open = false;
  size_t at = 0;
  while (at < text.size()) {
    if (text[at] == ';') {
      if (begun) statements.push_back({std::string(text.substr(begin, at - begin)), true});
      begun = false;
      begin = ++at;
      continue;
    }
    bool blank = false;
    const size_t end = scanner.Skip(at, &open, &blank);
    if (!begun && blank && !open) begin = end;  // what is blank before a statement is not part of it
    begun |= !blank;
    at = end;
  }
  if (begun || open) statements.push_back({std::string(text.substr(begin)), false});
  return statements;
}

}  // namespace lotic::sql
