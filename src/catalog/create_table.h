// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/ddl_tokens.h"
#include "lotic/status.h"
#include "lotic/table_definition.h"

namespace lotic::catalog {

inline constexpr size_t kMaxDefinitionBytes = 1 << 20;  ///< of a CREATE TABLE
inline constexpr size_t kMaxDeclaredColumns = 10000;
inline constexpr size_t kMaxDeclaredOptions = 1000;

struct CreateTable {
  TableDefinition definition;  ///< `name.schema`: as written, "db" or "catalog.db"; empty for a bare name
  bool if_not_exists = false;
  bool temporary = false;
};

/// Reads Flink's CREATE TABLE, without LIKE and AS. @return nothing for a text that is another statement, or a CREATE TABLE of the engine's own: one with
/// neither WITH (…) nor anything else that only Flink has (METADATA, WATERMARK, NOT ENFORCED, LIKE).
///
/// What it checks: columns of one name, the columns that keys, partitions and watermark name and their kinds, options given twice, that there is a 'connector'.
/// Names are case-sensitive. Quotes: backticks, or double quotes.
/// Errors: Invalid with TextPosition; NotImplemented (LIKE, AS, OR REPLACE, types that cannot be held); CapacityError (the limits above).
/// Follows: Flink 1.20, CREATE TABLE.
Result<std::optional<CreateTable>> ParseCreateTable(std::string_view text);

/// Options in brackets, as WITH and hints have them: ('k' = 'v', …). `tokens` stand at the bracket.
/// Errors: Invalid with TextPosition (another form, a key given twice), CapacityError.
Result<std::vector<std::pair<std::string, std::string>>> ParseOptionList(Tokens* tokens);

/// A CREATE TABLE that ParseCreateTable reads back to the same definition, but for the values of secrets, which are written as ******.
std::string WriteCreateTable(const TableDefinition& definition);

}  // namespace lotic::catalog
