// SPDX-License-Identifier: Apache-2.0
#include "catalog/table_statement.h"

#include <memory>
#include <set>

#include "catalog/ddl_tokens.h"

namespace lotic::catalog {
namespace {

Result<NamePath> ParseNamePath(Tokens* tokens) {
  NamePath path;
  path.at = tokens->now().at;
  do {
    if (!tokens->IsName()) return tokens->Unexpected("the table's name");
    path.parts.push_back(tokens->now().text);
    tokens->Advance();
  } while (tokens->TakeSign('.'));
  return path;
}

bool AtEnd(Tokens* tokens) {
  (void)tokens->TakeSign(';');
  return tokens->now().kind == TokenKind::kEnd;
}

Status Unbuilt(size_t at, std::string_view what, std::string_view instead) {
  return Status::NotImplemented(what, " is not built yet; ", instead).WithDetail(std::make_shared<TextPosition>(at));
}

Result<TableStatement> Drop(Tokens tokens) {
  (void)tokens.Take("temporary");
  if (!tokens.Take("table")) return TableStatement();
  DropTable drop;
  drop.if_exists = tokens.TakeTwo("if", "exists");
  LOTIC_ASSIGN_OR_RETURN(drop.table, ParseNamePath(&tokens));
  if (!AtEnd(&tokens)) return TableStatement();  // CASCADE, RESTRICT: the engine's
  return TableStatement(std::move(drop));
}

Result<TableStatement> Show(Tokens tokens) {
  if (!tokens.Take("create") || !tokens.Take("table")) return TableStatement();
  ShowCreateTable show;
  LOTIC_ASSIGN_OR_RETURN(show.table, ParseNamePath(&tokens));
  if (!AtEnd(&tokens)) return tokens.Unexpected("the end of the statement");
  return TableStatement(std::move(show));
}

Result<TableStatement> Alter(Tokens tokens) {
  if (!tokens.Take("table")) return TableStatement();
  (void)tokens.TakeTwo("if", "exists");
  AlterTable alter;
  LOTIC_ASSIGN_OR_RETURN(alter.table, ParseNamePath(&tokens));
  alter.what = "ALTER TABLE … " + tokens.now().text.substr(0, 40);
  return TableStatement(std::move(alter));
}

Result<TableStatement> Insert(std::string_view text, Tokens tokens) {
  if (tokens.Is("overwrite")) {
    return Status::NotImplemented("INSERT OVERWRITE is not supported: a stream cannot be overwritten; INSERT INTO appends to it")
        .WithDetail(std::make_shared<TextPosition>(tokens.now().at));
  }
  if (!tokens.Take("into")) return TableStatement();
  LOTIC_RETURN_NOT_OK(ParseNamePath(&tokens).status());
  if (tokens.now().kind == TokenKind::kHint) {
    while (!tokens.IsSign('/') && tokens.now().kind != TokenKind::kEnd) tokens.Advance();
    (void)tokens.TakeSign('/');
  }
  if (!tokens.Is("partition")) return TableStatement();
  const size_t begin = tokens.now().at;
  tokens.Advance();
  if (!tokens.IsSign('(')) return TableStatement();  // a table alias of the engine's
  InsertPartition insert;
  std::set<std::string> names;
  tokens.Advance();
  do {
    const Token name = tokens.now();
    if (!tokens.IsName()) return tokens.Unexpected("a column's name");
    tokens.Advance();
    if (!tokens.IsSign('=')) return tokens.Unexpected("= and a value: a PARTITION without one is not supported");
    tokens.Advance();
    std::string value = tokens.TakeSign('-') ? "-" : "";
    if (tokens.now().kind != TokenKind::kNumber && (tokens.now().kind != TokenKind::kText || !value.empty()))
      return tokens.Unexpected("the value, in single quotes");
    value += tokens.now().text;
    tokens.Advance();
    if (!names.insert(name.text).second) return Tokens::Error(name.at, "PARTITION names column \"" + name.text + "\" twice");
    insert.constants.emplace_back(name.text, std::move(value));
  } while (tokens.TakeSign(','));
  if (!tokens.IsSign(')')) return tokens.Unexpected("a comma and another column, or )");
  const size_t end = tokens.now().end;
  insert.rest = std::string(text);
  for (size_t i = begin; i < end; ++i) {
    if (insert.rest[i] != '\n') insert.rest[i] = ' ';
  }
  return TableStatement(std::move(insert));
}

}  // namespace

Result<TableStatement> ParseTableStatement(std::string_view text) {
  Tokens tokens(text);
  const size_t begin = tokens.now().at;
  if (tokens.Is("create")) {
    LOTIC_ASSIGN_OR_RETURN(std::optional<CreateTable> create, ParseCreateTable(text));
    if (!create) return TableStatement();
    return TableStatement(*std::move(create));
  }
  if (tokens.Take("drop")) return Drop(tokens);
  if (tokens.Take("show")) return Show(tokens);
  if (tokens.Take("alter")) return Alter(tokens);
  if (tokens.Take("insert")) return Insert(text, tokens);
  if (tokens.Take("execute") || tokens.Take("begin")) {
    if (tokens.Take("statement") && tokens.Is("set")) return Unbuilt(begin, "a statement set", "run its INSERTs one after the other");
  }
  return TableStatement();
}

}  // namespace lotic::catalog
