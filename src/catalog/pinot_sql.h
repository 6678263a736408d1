// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"

// The front of Pinot's SQL: a text to a query, a query and a schema to DuckDB's SQL. Text in, text out: nothing is executed here. docs/reference/pinot-sql.md says what it knows.

namespace lotic::catalog {

struct PinotSchema;
struct PinotSelect;

/// The numbers of Pinot's `exceptions` that this front gives.
enum class PinotErrorCode : int {
  kSqlParsing = 150,
  kTableMissing = 190,
  kQueryExecution = 200,
  kQueryValidation = 700,
  kUnknownColumn = 710,
};

/// Attached to every error of this front: the number that `exceptions` carries.
struct PinotErrorDetail final : StatusDetail {
  explicit PinotErrorDetail(PinotErrorCode which, bool of_value_only = false) : code(which), of_value(of_value_only) {}
  const char* type_id() const override { return "lotic::catalog::PinotErrorDetail"; }
  std::string ToString() const override { return "Pinot error " + std::to_string(static_cast<int>(code)); }
  const PinotErrorCode code;
  const bool of_value;  ///< the message speaks of a value, and the call around it is still to be named; never of what this front gives out
};
/// The number of an error that this front gave; nothing: the error is another's.
std::optional<PinotErrorCode> PinotErrorCodeOf(const Status& status);

/// Of SET, OPTION(…) and `queryOptions`: keys in lower case, values as written, without quotes.
using PinotQueryOptions = std::map<std::string, std::string>;

inline constexpr size_t kMaxPinotSqlBytes = 1 << 20;  ///< of one text
inline constexpr int kMaxPinotSqlDepth = 200;         ///< of expressions in one another
inline constexpr size_t kMaxPinotSqlNodes = 100'000;  ///< operators, calls, names and literals of one text, after aliases were put in
/// Nodes that translation visits; what stands for several (the subject of BETWEEN, IN and NULLIF) counts each time.
inline constexpr size_t kMaxPinotTranslatedNodes = 200'000;
inline constexpr size_t kMaxPinotOptions = 1000;

/// Reads "k=v;k2=v2", the form of `queryOptions`; empty parts are passed over. Errors: Invalid, with the part that has no `=`.
Result<PinotQueryOptions> ParsePinotOptions(std::string_view text);

/// A query as it was written, before any schema is known. A value; copies share the syntax tree. Any thread.
struct PinotQuery {
  std::string table;          ///< as written, without quotes and without a leading `default.`; may end with _REALTIME. Empty: no FROM
  PinotQueryOptions options;  ///< of the request and of the text; SET wins over OPTION(…), which wins over the request
  bool explain = false;       ///< EXPLAIN PLAN FOR
  std::shared_ptr<const PinotSelect> select;

  /// The option, or nothing. `key` in lower case.
  std::optional<std::string> Option(std::string_view key) const;
  /// "true", in any case.
  bool Flag(std::string_view key) const;
  /// The same of an option that is read here; `fallback`: it is not given. `name` as users write it. Errors: 150 (neither true nor false).
  Result<bool> Truth(std::string_view name, bool fallback = false) const;
  /// The option as a whole number above 0; nothing: it is not given. `name` as users write it, `unit` for the message. Errors: 150.
  Result<std::optional<int64_t>> PositiveNumber(std::string_view name, std::string_view unit) const;
};

/// Reads one query with its SET statements, before or behind, OPTION(…) and a LIMIT that stands behind a semicolon. `request`: the options that came beside it.
/// Errors: Invalid or NotImplemented, each with PinotErrorDetail: 150 (syntax, with line and column; what the dialect does not have, by its name; DISTINCT with GROUP BY and the like), 190 (a
/// database that is not `default`).
/// CapacityError with 150 for the limits above.
/// Follows: Apache Pinot 0.11, CalciteSqlParser; later spellings where they do not collide.
Result<PinotQuery> ParsePinotQuery(std::string_view sql, const PinotQueryOptions& request = {});

/// What a translation needs to know beside query and schema.
struct PinotTranslateOptions {
  std::string from;                   ///< what stands behind FROM: a table, as DuckDB finds it, quoted
  int64_t now_ms = 0;                 ///< of now() and ago(): one instant for the whole query
  int64_t default_limit = 10;         ///< negative: none
  bool basic_null_handling = false;   ///< of the table: IS NULL tells nulls even where their values are the defaults
  bool enable_null_handling = false;  ///< what holds when the query does not say `enableNullHandling`
};

struct PinotOutputColumn {
  std::string name;  ///< the alias, or the canonical text of the expression
  std::string type;  ///< as `columnDataTypes` says it: INT LONG FLOAT DOUBLE BIG_DECIMAL BOOLEAN TIMESTAMP STRING JSON BYTES MAP UNKNOWN, and X_ARRAY
  bool operator==(const PinotOutputColumn&) const = default;
};

/// The query for DuckDB. Its columns have these DuckDB types: INT INTEGER, LONG BIGINT, FLOAT FLOAT, DOUBLE DOUBLE, BIG_DECIMAL VARCHAR (plain digits), BOOLEAN BOOLEAN, TIMESTAMP BIGINT (ms),
/// STRING/JSON/MAP VARCHAR, BYTES VARCHAR (lower-case hex), X_ARRAY a list of those. Names of its columns are unspecified: they go by position.
struct PinotTranslation {
  std::string sql;
  std::vector<PinotOutputColumn> columns;
  bool default_limit_applied = false;
  std::optional<int64_t> limit;       ///< rows at most; nothing: no LIMIT and no default
  bool null_handling = false;         ///< NULL is NULL
  std::optional<int64_t> timeout_ms;  ///< `timeoutMs`
  std::vector<std::string> read;      ///< the columns that are read, by their names in the schema and virtual ones ("$segmentName")
};

/// Errors, with PinotErrorDetail: 710 (a column that the schema does not have, with the nearest), 700 (functions by name, types that do not fit, aggregates where none may stand), 150 (numbers
/// that are none, an option's value that is none).
/// DuckDB must run it with `ieee_floating_point_ops = true`, in the time zone UTC and with the functions of sql/pinot_functions.h.
Result<PinotTranslation> TranslatePinotQuery(const PinotQuery& query, const PinotSchema& schema, const PinotTranslateOptions& options);

/// The function names that translation knows, lower case and without underscores, sorted; for the reference page and its test.
std::vector<std::string> PinotFunctionNames();

}  // namespace lotic::catalog
