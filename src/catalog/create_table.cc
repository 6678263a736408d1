// SPDX-License-Identifier: Apache-2.0
#include "catalog/create_table.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "catalog/column_type.h"
#include "catalog/ddl_tokens.h"
#include "catalog/option_keys.h"

namespace lotic::catalog {
namespace {

struct NamedColumn {
  std::string name;
  size_t at;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(text) {}

  Result<std::optional<CreateTable>> Statement() {
    const size_t begin = tokens_.now().at;
    if (!tokens_.Take("create")) return std::optional<CreateTable>();
    const bool replace = tokens_.TakeTwo("or", "replace");
    CreateTable create;
    create.temporary = tokens_.Take("temporary");
    if (!tokens_.Take("table") || !IsFlinks()) return std::optional<CreateTable>();
    if (tokens_.text().size() > kMaxDefinitionBytes) return Status::CapacityError("a CREATE TABLE of more than ", kMaxDefinitionBytes, " bytes");
    if (replace) return Unbuilt(begin, "CREATE OR REPLACE TABLE … WITH (…)", "DROP TABLE and CREATE TABLE do the same");
    if (tokens_.Take("if")) {
      LOTIC_RETURN_NOT_OK(tokens_.Expect("not"));
      LOTIC_RETURN_NOT_OK(tokens_.Expect("exists"));
      create.if_not_exists = true;
    }
    TableDefinition& table = create.definition;
    LOTIC_ASSIGN_OR_RETURN(table.name, NamePath());
    if (tokens_.IsSign('(')) LOTIC_RETURN_NOT_OK(Elements(&table));
    LOTIC_RETURN_NOT_OK(Behind(&table));
    (void)tokens_.TakeSign(';');
    if (tokens_.now().kind != TokenKind::kEnd) return tokens_.Unexpected("the end of the statement");
    LOTIC_RETURN_NOT_OK(Check(&table));
    return std::optional<CreateTable>(std::move(create));
  }

 private:
  static Status Unbuilt(size_t at, std::string_view what, std::string_view instead) {
    return Status::NotImplemented(what, " is not built yet; ", instead).WithDetail(std::make_shared<TextPosition>(at));
  }

  /// Whether what follows CREATE TABLE is something that only Flink's has.
  bool IsFlinks() const {
    Tokens ahead = tokens_;
    int depth = 0;
    bool begins_element = false;
    for (; ahead.now().kind != TokenKind::kEnd; ahead.Advance()) {
      if (ahead.now().kind == TokenKind::kBad) return tokens_.text()[ahead.now().at] == '`';
      if (depth == 0 && ahead.Is("as")) {  // CREATE TABLE … AS query: Flink's if the options stood before it, which returned already
        return false;
      }
      if (depth == 0 && ahead.Is("like")) return true;
      if (ahead.Is("with")) {
        Tokens open = ahead;
        open.Advance();
        const bool brackets = open.TakeSign('(');
        if (brackets && (depth == 0 || open.now().kind == TokenKind::kText)) return true;  // deeper: a bracket was not closed
      }
      if (depth == 1 && !begins_element && (ahead.Is("metadata") || ahead.Is("enforced"))) return true;
      if (depth == 1 && begins_element && ahead.Is("watermark")) {
        Tokens open = ahead;
        open.Advance();
        if (open.Is("for")) return true;
      }
      const bool opens = ahead.IsSign('('), closes = ahead.IsSign(')');
      depth += opens ? 1 : closes ? -1 : 0;
      begins_element = depth == 1 && (opens || ahead.IsSign(','));
    }
    return false;
  }

  Result<Token> Name(const std::string& what) {
    if (!tokens_.IsName()) return tokens_.Unexpected(what);
    Token token = tokens_.now();
    tokens_.Advance();
    return token;
  }

  Result<std::string> Text(const std::string& what) {
    if (tokens_.now().kind != TokenKind::kText) return tokens_.Unexpected(what + ", in single quotes");
    std::string text = tokens_.now().text;
    tokens_.Advance();
    return text;
  }

  Result<TableName> NamePath() {
    std::vector<std::string> parts;
    const size_t at = tokens_.now().at;
    do {
      LOTIC_ASSIGN_OR_RETURN(Token name, Name("the table's name"));
      parts.push_back(std::move(name.text));
    } while (tokens_.TakeSign('.'));
    if (parts.size() > 3) return Tokens::Error(at, "a table's name has at most three parts: catalog, database, table");
    TableName name;
    name.table = std::move(parts.back());
    parts.pop_back();
    for (const std::string& part : parts) name.schema += (name.schema.empty() ? "" : ".") + part;
    return name;
  }

  Status Elements(TableDefinition* table) {
    LOTIC_RETURN_NOT_OK(tokens_.ExpectSign('('));
    do {
      LOTIC_RETURN_NOT_OK(Element(table));
    } while (tokens_.TakeSign(','));
    return tokens_.TakeSign(')') ? Status::OK() : tokens_.Unexpected("a comma and another column, or )");
  }

  Status Element(TableDefinition* table) {
    if (tokens_.Is("watermark")) {
      Tokens ahead = tokens_;
      ahead.Advance();
      if (ahead.Is("for")) return Watermark(table);
    }
    if (tokens_.Is("constraint") || tokens_.Is("primary") || tokens_.Is("unique")) {
      Tokens ahead = tokens_;
      ahead.Advance();
      const bool constraint = tokens_.Is("constraint") && ahead.IsName();
      if (constraint) ahead.Advance();
      if (ahead.Is("primary") || ahead.Is("key") || ahead.Is("unique") || (tokens_.Is("unique") && ahead.IsSign('('))) return TableKey(table, constraint);
    }
    return Column(table);
  }

  Status TableKey(TableDefinition* table, bool named) {
    const size_t at = tokens_.now().at;
    if (named) {
      tokens_.Advance();
      LOTIC_RETURN_NOT_OK(Name("the constraint's name").status());
    }
    if (tokens_.Is("unique")) return Tokens::Error(tokens_.now().at, "UNIQUE is no constraint of Flink's; PRIMARY KEY (…) NOT ENFORCED is");
    LOTIC_RETURN_NOT_OK(tokens_.Expect("primary"));
    LOTIC_RETURN_NOT_OK(tokens_.Expect("key"));
    std::vector<NamedColumn> columns;
    LOTIC_RETURN_NOT_OK(ColumnList(&columns));
    LOTIC_RETURN_NOT_OK(NotEnforced());
    return SetKey(table, std::move(columns), at);
  }

  Status SetKey(TableDefinition* table, std::vector<NamedColumn> columns, size_t at) {
    if (!key_.empty()) return Tokens::Error(at, "a table has one PRIMARY KEY, and this is the second");
    for (const NamedColumn& column : columns) table->primary_key.push_back(column.name);
    key_ = std::move(columns);
    return Status::OK();
  }

  Status NotEnforced() {
    const size_t at = tokens_.now().at;
    const Status required = Tokens::Error(at, "a PRIMARY KEY must say NOT ENFORCED: the rows of a stream are not checked");
    if (tokens_.Take("enforced")) return required;
    if (!tokens_.Take("not")) return required;
    return tokens_.Expect("enforced");
  }

  Status ColumnList(std::vector<NamedColumn>* columns) {
    LOTIC_RETURN_NOT_OK(tokens_.ExpectSign('('));
    do {
      LOTIC_ASSIGN_OR_RETURN(Token name, Name("a column's name"));
      columns->push_back({std::move(name.text), name.at});
    } while (tokens_.TakeSign(','));
    return tokens_.ExpectSign(')');
  }

  Status Watermark(TableDefinition* table) {
    const size_t at = tokens_.now().at;
    if (table->watermark) return Tokens::Error(at, "a table has one WATERMARK, and this is the second");
    tokens_.Advance();
    tokens_.Advance();
    LOTIC_ASSIGN_OR_RETURN(Token column, Name("the column of the watermark"));
    if (tokens_.IsSign('.')) return Tokens::Error(column.at, "WATERMARK FOR: a field inside of a ROW cannot carry the watermark; name a column");
    LOTIC_RETURN_NOT_OK(tokens_.Expect("as"));
    LOTIC_ASSIGN_OR_RETURN(std::string expression, Expression("the watermark", false));
    watermark_at_ = column.at;
    table->watermark = WatermarkDefinition{std::move(column.text), std::move(expression)};
    return Status::OK();
  }

  /// The text up to the comma or bracket that ends the element, or to its COMMENT.
  Result<std::string> Expression(const std::string& of, bool may_have_comment) {
    const size_t begin = tokens_.now().at;
    size_t end = begin;
    int depth = 0;
    for (;; tokens_.Advance()) {
      const Token& token = tokens_.now();
      if (token.kind == TokenKind::kEnd) return tokens_.Unexpected("the end of the expression of " + of);
      if (token.kind == TokenKind::kBad) return tokens_.Unexpected("an expression");
      if (depth == 0 && (tokens_.IsSign(',') || tokens_.IsSign(')') || tokens_.IsSign(';'))) break;
      if (depth == 0 && may_have_comment && end > begin && tokens_.Is("comment")) {
        Tokens ahead = tokens_;
        ahead.Advance();
        if (ahead.now().kind == TokenKind::kText) break;
      }
      if (tokens_.Is("select")) return Tokens::Error(token.at, "the expression of " + of + " cannot hold a query");
      if (tokens_.IsSign('(') || tokens_.IsSign('[') || tokens_.IsSign('{')) ++depth;
      if (tokens_.IsSign(')') || tokens_.IsSign(']') || tokens_.IsSign('}')) --depth;
      if (depth < 0) return tokens_.Unexpected("an expression");
      end = token.end;
    }
    if (end == begin) return tokens_.Unexpected("the expression of " + of);
    return std::string(tokens_.text().substr(begin, end - begin));
  }

  Status Column(TableDefinition* table) {
    if (table->columns.size() == kMaxDeclaredColumns) return Status::CapacityError("a table of more than ", kMaxDeclaredColumns, " columns");
    LOTIC_ASSIGN_OR_RETURN(Token name, Name("a column's name"));
    ColumnDefinition column;
    column.name = name.text;
    if (!names_.insert(column.name).second) return Tokens::Error(name.at, "column \"" + column.name + "\" is declared twice");
    if (tokens_.Take("as")) {
      column.kind = ColumnDefinition::Kind::kComputed;
      LOTIC_ASSIGN_OR_RETURN(column.expression, Expression("column \"" + column.name + "\"", true));
    } else {
      LOTIC_ASSIGN_OR_RETURN(DeclaredType type, ParseColumnType(&tokens_));
      column.type = std::move(type.type);
      column.type_text = std::move(type.text);
      column.not_null = type.not_null;
      if (tokens_.Take("metadata")) {
        column.kind = ColumnDefinition::Kind::kMetadata;
        column.metadata_key = column.name;
        if (tokens_.Take("from")) {
          LOTIC_ASSIGN_OR_RETURN(column.metadata_key, Text("the key of the metadata"));
        }
        column.read_only = tokens_.Take("virtual");
      } else {
        LOTIC_RETURN_NOT_OK(ColumnKey(table, name));
      }
    }
    if (tokens_.Take("comment")) {
      LOTIC_ASSIGN_OR_RETURN(column.comment, Text("the comment"));
    }
    table->columns.push_back(std::move(column));
    return Status::OK();
  }

  /// [[CONSTRAINT n] PRIMARY KEY NOT ENFORCED] of one column.
  Status ColumnKey(TableDefinition* table, const Token& column) {
    const size_t at = tokens_.now().at;
    if (tokens_.Take("constraint")) {
      LOTIC_RETURN_NOT_OK(Name("the constraint's name").status());
      LOTIC_RETURN_NOT_OK(tokens_.Expect("primary"));
    } else if (!tokens_.Take("primary")) {
      return Status::OK();
    }
    LOTIC_RETURN_NOT_OK(tokens_.Expect("key"));
    LOTIC_RETURN_NOT_OK(NotEnforced());
    return SetKey(table, {{column.text, column.at}}, at);
  }

  Status Behind(TableDefinition* table) {
    if (tokens_.Take("comment")) {
      LOTIC_ASSIGN_OR_RETURN(table->comment, Text("the comment"));
    }
    const size_t distributed = tokens_.now().at;
    if (tokens_.Is("distributed") || tokens_.TakeTwo("into", "buckets")) return Unbuilt(distributed, "DISTRIBUTED BY", "leave it out");
    if (tokens_.Take("partitioned")) {
      LOTIC_RETURN_NOT_OK(tokens_.Expect("by"));
      LOTIC_RETURN_NOT_OK(ColumnList(&partitions_));
      for (const NamedColumn& column : partitions_) table->partitioned_by.push_back(column.name);
    }
    with_at_ = tokens_.now().at;
    if (tokens_.Take("with")) {
      LOTIC_ASSIGN_OR_RETURN(table->options, ParseOptionList(&tokens_));
    }
    const size_t at = tokens_.now().at;
    if (tokens_.Is("like")) return Unbuilt(at, "CREATE TABLE … LIKE", "write the columns and options of the other table");
    if (tokens_.Is("as")) return Unbuilt(at, "CREATE TABLE … WITH (…) AS SELECT", "declare the table with its columns, then INSERT INTO it");
    return Status::OK();
  }

  static ColumnDefinition* Find(TableDefinition* table, const std::string& name) {
    const auto found = std::find_if(table->columns.begin(), table->columns.end(), [&](const ColumnDefinition& column) { return column.name == name; });
    return found == table->columns.end() ? nullptr : &*found;
  }

  static Status NoColumn(const TableDefinition& table, const std::string& of, const NamedColumn& column) {
    std::vector<std::string> names;
    for (const ColumnDefinition& one : table.columns) names.push_back(one.name);
    const std::vector<std::string> nearest = NearestNames(column.name, names, 1);
    return Tokens::Error(column.at, of + ": there is no column \"" + column.name + "\"" + (nearest.empty() ? "" : "; did you mean \"" + nearest[0] + "\"?"));
  }

  Status CheckColumns(TableDefinition* table, const std::string& of, const std::vector<NamedColumn>& columns) {
    std::set<std::string> seen;
    for (const NamedColumn& column : columns) {
      const ColumnDefinition* const found = Find(table, column.name);
      if (found == nullptr) return NoColumn(*table, of, column);
      if (!seen.insert(column.name).second) return Tokens::Error(column.at, of + " names column \"" + column.name + "\" twice");
      if (found->kind != ColumnDefinition::Kind::kPhysical) {
        return Tokens::Error(column.at, of + ": column \"" + column.name + "\" is " +
                                            (found->kind == ColumnDefinition::Kind::kMetadata ? "metadata" : "computed") + "; a physical column is needed");
      }
    }
    return Status::OK();
  }

  Status Check(TableDefinition* table) {
    LOTIC_RETURN_NOT_OK(CheckColumns(table, "PRIMARY KEY", key_));
    LOTIC_RETURN_NOT_OK(CheckColumns(table, "PARTITIONED BY", partitions_));
    for (const NamedColumn& column : key_) Find(table, column.name)->not_null = true;
    if (table->watermark) {
      const ColumnDefinition* const found = Find(table, table->watermark->column);
      if (found == nullptr) return NoColumn(*table, "WATERMARK FOR", {table->watermark->column, watermark_at_});
      const bool fits = found->type.id() == TypeId::kTimestamp && (found->type.unit() == TimeUnit::kSecond || found->type.unit() == TimeUnit::kMilli);
      if (found->kind != ColumnDefinition::Kind::kComputed && !fits) {
        return Tokens::Error(watermark_at_,
                             "WATERMARK FOR: column \"" + found->name + "\" is " + found->type_text + "; it must be TIMESTAMP(3) or TIMESTAMP_LTZ(3)");
      }
    }
    const bool has_connector = std::any_of(table->options.begin(), table->options.end(), [](const auto& option) { return option.first == "connector"; });
    if (!has_connector) {
      return Tokens::Error(with_at_, "the table has no option 'connector': WITH ('connector' = …) says where its rows come from");
    }
    const bool has_field = std::any_of(table->columns.begin(), table->columns.end(),
                                       [](const ColumnDefinition& column) { return column.kind != ColumnDefinition::Kind::kComputed; });
    if (!has_field) return Tokens::Error(with_at_, "the table has no physical and no metadata column");
    return Status::OK();
  }

  Tokens tokens_;
  std::set<std::string> names_;
  std::vector<NamedColumn> key_;
  std::vector<NamedColumn> partitions_;
  size_t watermark_at_ = 0;
  size_t with_at_ = 0;
};

std::string Names(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + BacktickName(name);
  return "(" + list + ")";
}

std::string WriteColumn(const ColumnDefinition& column) {
  std::string line = BacktickName(column.name);
  if (column.kind == ColumnDefinition::Kind::kComputed) {
    line += " AS " + column.expression;
  } else {
    line += " " + column.type_text + (column.not_null ? " NOT NULL" : "");
    if (column.kind == ColumnDefinition::Kind::kMetadata) {
      line += " METADATA";
      if (column.metadata_key != column.name) line += " FROM " + QuotedText(column.metadata_key);
      if (column.read_only) line += " VIRTUAL";
    }
  }
  if (column.comment) line += " COMMENT " + QuotedText(*column.comment);
  return line;
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> ParseOptionList(Tokens* tokens) {
  const auto text = [&](const std::string& what) -> Result<std::string> {
    if (tokens->now().kind != TokenKind::kText) return tokens->Unexpected(what + ", in single quotes");
    std::string taken = tokens->now().text;
    tokens->Advance();
    return taken;
  };
  LOTIC_RETURN_NOT_OK(tokens->ExpectSign('('));
  std::vector<std::pair<std::string, std::string>> options;
  std::set<std::string> keys;
  do {
    if (options.size() == kMaxDeclaredOptions) return Status::CapacityError("a table of more than ", kMaxDeclaredOptions, " options");
    const size_t at = tokens->now().at;
    LOTIC_ASSIGN_OR_RETURN(std::string key, text("an option's name"));
    if (key.empty()) return Tokens::Error(at, "an option's name is empty");
    LOTIC_RETURN_NOT_OK(tokens->ExpectSign('='));
    LOTIC_ASSIGN_OR_RETURN(std::string value, text("the value of option '" + key + "'"));
    if (!keys.insert(key).second) return Tokens::Error(at, "option '" + key + "' is given twice");
    options.emplace_back(std::move(key), std::move(value));
  } while (tokens->TakeSign(','));
  if (!tokens->TakeSign(')')) return tokens->Unexpected("a comma and another option, or )");
  return options;
}

Result<std::optional<CreateTable>> ParseCreateTable(std::string_view text) { return Parser(text).Statement(); }

std::string WriteCreateTable(const TableDefinition& definition) {
  std::vector<std::string> elements;
  for (const ColumnDefinition& column : definition.columns) elements.push_back(WriteColumn(column));
  if (definition.watermark) elements.push_back("WATERMARK FOR " + BacktickName(definition.watermark->column) + " AS " + definition.watermark->expression);
  if (!definition.primary_key.empty()) elements.push_back("PRIMARY KEY " + Names(definition.primary_key) + " NOT ENFORCED");
  std::string text = "CREATE TABLE " + BacktickName(definition.name.table) + " (\n";
  for (size_t i = 0; i < elements.size(); ++i) text += "  " + elements[i] + (i + 1 < elements.size() ? ",\n" : "\n");
  text += ")";
  if (definition.comment) text += "\nCOMMENT " + QuotedText(*definition.comment);
  if (!definition.partitioned_by.empty()) text += "\nPARTITIONED BY " + Names(definition.partitioned_by);
  text += "\nWITH (\n";
  for (size_t i = 0; i < definition.options.size(); ++i) {
    const auto& [key, value] = definition.options[i];
    text += "  " + QuotedText(key) + " = " + QuotedText(ShownOption(key, value)) + (i + 1 < definition.options.size() ? ",\n" : "\n");
  }
  return text + ")";
}

}  // namespace lotic::catalog
