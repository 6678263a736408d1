// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lotic/call_context.h"
#include "lotic/connector.h"
#include "lotic/scan.h"
#include "lotic/status.h"
#include "lotic/table_definition.h"
#include "lotic/table_writer.h"

// The SQL engine as the rest of the program sees it: no DuckDB type, a pure interface, so that the part behind it is a library of its
// own (liblotic_sql.so), opened when SQL is first asked for.

namespace lotic::sql {

/// Makes the connector of `ATTACH 'path' AS name (TYPE type, option value, ...)`. Options come with their names in lower case.
using ConnectorFactory =
    std::function<Result<std::shared_ptr<Connector>>(const std::string& type, const std::string& path, const std::map<std::string, std::string>& options)>;

/// Functions of the user that live elsewhere, found by the name of an endpoint: what USING FUNCTION and SET lambda.<name>.url reach. Any thread.
struct LambdaPort {
  /// Evaluates `function` of the endpoint `lambda` over `arguments`: one column of `result`'s type, a row for each row, in their order (the engine checks).
  /// Errors: NotFound (no address for `lambda`), CapacityError (too large for one request or answer: the engine halves the batch), the function's own.
  std::function<Result<Batch>(const CallContext& ctx, const std::string& lambda, const std::string& function, const Batch& arguments, const Field& result)>
      call;
  /// SET lambda.<name>.url, or RESET without an address. Errors: Invalid (no address).
  std::function<Status(const std::string& lambda, const std::optional<std::string>& url)> set_url;
};

/// A table of a catalog that open_catalog knows.
struct NamedTable {
  std::string catalog;
  TableName name;
  /// Not empty: the table is what a query in the source's own language makes (QueryPassthrough), with these arguments; `name` plays no part, and the catalog is an
  /// attached one.
  std::map<std::string, std::string> query = {};
};

/// `SELECT ... FROM name('text', ...)`: a call that names a table.
struct NamedTableFunction {
  std::string name;
  std::vector<std::string> parameters;  ///< all VARCHAR and all needed; for messages
  std::function<Result<NamedTable>(const std::vector<std::string>& arguments)> table;
};

struct EngineOptions {
  ConnectorFactory make_connector;
  /// The connector of a catalog that a statement names and nobody attached; null: not known here, either. Asked once a session for each name that it knows. Any thread.
  std::function<Result<std::shared_ptr<Connector>>(const std::string& catalog)> open_catalog;
  /// The connector of a table that CREATE TABLE … WITH ('connector' = …) declares, chosen by that option. Null: the statement is refused. Errors: NotFound (no such connector), Invalid
  /// (options or columns that it does not take).
  std::function<Result<DefinedTable>(const TableDefinition& definition)> define_table;
  std::vector<NamedTableFunction> table_functions;
  LambdaPort lambdas;                            ///< empty functions: the statements are refused
  std::vector<std::string> connector_types;      ///< what ATTACH (TYPE ...) may name
  ReadPolicy policy;                             ///< of every scan
  bool allow_partial = false;                    ///< an incomplete scan is a result that says so, instead of DataLoss
  bool allow_files = true;                       ///< COPY, read_csv and the like; the user's own shell may
  std::string temp_folder;                       ///< where what does not fit in memory goes, made when needed; empty: DefaultTemporaryFolder()
  std::string time_zone = "UTC";                 ///< an IANA name: how instants are shown and zoneless text is read
  int threads = 0;                               ///< 0: as many as there are cores
  std::function<void(const std::string&)> warn;  ///< a sentence for stderr; any thread
};

struct ResultColumn {
  std::string name;
  std::string type;      ///< as SQL writes it
  bool numeric = false;  ///< aligned to the right in tables
};

/// How a cell is written.
enum class CellForm : uint8_t {
  kText,  ///< as a cast to VARCHAR shows it
  kJson,  ///< a JSON value: numbers bare (DECIMAL and HUGEINT too), NaN and infinities as text, nested values as objects and arrays, BLOB as base64
};

/// A chunk of rows, column by column. `cells[c][r]` has no value for NULL.
struct TextChunk {
  size_t num_rows = 0;
  std::vector<std::vector<std::optional<std::string>>> cells;
};

/// The rows of one statement, read while they are produced. One thread at a time. Destroying it ends the query.
class QueryResult {
 public:
  virtual ~QueryResult() = default;
  /// Empty for statements that return no rows (CREATE, SET, ATTACH). INSERT into a connector's table: one row, `rows` BIGINT, how many were acknowledged.
  virtual const std::vector<ResultColumn>& columns() const = 0;
  /// The next rows; a chunk of zero rows is the end. Errors: what the scan or SQL met, Cancelled; DataLoss if a scan did not complete
  /// and EngineOptions::allow_partial is false.
  virtual Result<TextChunk> Next(const CallContext& ctx, CellForm form) = 0;
  /// One for each table reading of the query, as far as it went; final after the end, an error or Cancelled.
  virtual std::vector<TableCertificate> Certificates() const = 0;
  /// What became of the rows of an INSERT into a connector's table, all of them acknowledged; empty for other statements and until it has ended.
  virtual std::optional<WriteReceipt> Written() const { return std::nullopt; }
};

/// An error of SQL carries where in the statement it is, for underlining.
struct SqlErrorDetail final : StatusDetail {
  explicit SqlErrorDetail(std::optional<size_t> at) : position(at) {}
  const char* type_id() const override { return "lotic::sql::SqlErrorDetail"; }
  std::string ToString() const override { return position ? "at byte " + std::to_string(*position) : "position unknown"; }
  const std::optional<size_t> position;  ///< byte offset in the statement
};

struct StatementText {
  std::string sql;
  bool complete = true;  ///< false: the text ends before the statement does (an open quote, no semicolon yet)
};

struct QueryProgress {
  double fraction = 0;  ///< 0 .. 1; negative: unknown
  int64_t records = 0;
  int64_t bytes = 0;
  int64_t throttled = 0;  ///< calls that sources refused as too many, and that are made again
};

/// A session: settings, attached catalogs, temporary tables. One thread at a time, except Interrupt and Progress.
class Engine {
 public:
  virtual ~Engine() = default;
  /// Makes a connector a catalog called `name`; its tables are found by bare name too.
  virtual Status Attach(const CallContext& ctx, const std::string& name, std::shared_ptr<Connector> connector) = 0;
  /// Splits a text into its statements, comments and quotes understood; does not parse them.
  virtual std::vector<StatementText> SplitStatements(const std::string& text) = 0;
  /// Runs one statement. `ctx.stop` ends it at once, within 200 ms. Errors: Invalid (SQL) with SqlErrorDetail, and all of a scan's.
  virtual Result<std::unique_ptr<QueryResult>> Execute(const CallContext& ctx, const std::string& statement) = 0;
  /// Any thread.
  virtual QueryProgress Progress() const = 0;
  /// Words that may follow `text`, which ends at the cursor: keywords, tables, columns; and where the word being completed begins.
  virtual std::vector<std::string> Complete(const std::string& text, size_t* word_start) = 0;
  /// "v1.5.6", for --version.
  virtual std::string EngineVersion() const = 0;
};

/// Opens liblotic_sql.so, which lies beside the program (or in ../lib, or where LOTIC_SQL_LIBRARY says), and makes an engine.
/// The library stays open until the process ends. Errors: NotFound (no library, naming the paths tried); Invalid (time zone).
Result<std::unique_ptr<Engine>> OpenEngine(EngineOptions options);

/// lotic-sql-PID below TMPDIR, or /tmp. Opens no library.
std::string DefaultTemporaryFolder();

}  // namespace lotic::sql
