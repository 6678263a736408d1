// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/format.h"
#include "cli/interrupts.h"
#include "cli/row_writer.h"
#include "lotic/scan.h"
#include "sql/engine.h"

namespace lotic::cli {

class ProgressLine;

/// What a user can change while a session runs.
struct SessionSettings {
  Format format = Format::kJsonl;
  bool header = true;
  std::optional<std::string> null_text;
  std::optional<size_t> max_rows;  ///< of a box on a terminal; unset: kTerminalRows
  bool timer = false;
  bool quiet = false;                                ///< no progress, no certificate summary
  bool allow_partial = false;                        ///< as the engine was told, for messages
  bool has_cluster = false;                          ///< a cluster or a data directory is attached; without one a table that is not found gets a hint
  std::optional<std::chrono::milliseconds> timeout;  ///< of each statement
};

/// Runs statements one after another on one engine: prints rows to the output, and summary, warnings and errors to standard error.
/// One thread at a time.
class Session {
 public:
  /// Table readings whose certificates are kept for --certificate; later ones are dropped, which is said once.
  static constexpr size_t kMaxKeptCertificates = 10'000;

  /// `keep_certificates`: of all statements, for WriteCertificates. Borrows console and interrupts.
  Session(std::unique_ptr<sql::Engine> engine, SessionSettings settings, bool keep_certificates, const Console& console, Interrupts& interrupts);
  ~Session();

  sql::Engine& engine() { return *engine_; }
  SessionSettings& settings() { return settings_; }
  const Console& console() const { return console_; }
  Interrupts& interrupts() { return interrupts_; }

  /// Runs one statement and prints all that comes of it, a failure included. `where` ("report.sql:12") begins an error's message.
  /// @return  how it ended, for the exit code: Cancelled after Ctrl-C; a BrokenPipe detail if the output's reader has gone.
  Status Run(const std::string& statement, const std::string& where = "");

  /// Prints a table that does not come from the engine, in the session's format.
  Status Print(const std::vector<sql::ResultColumn>& columns, const sql::TextChunk& rows);
  /// Writes a text to where results go.
  Status Write(std::string_view text);
  /// A context for a call outside of a statement: the session's time limit and `scope`'s stop token.
  CallContext ContextFor(const QueryScope& scope) const;
  /// The cells' form that Print needs now.
  sql::CellForm form() const;

  /// Where results go from now on: a file (created or emptied), or standard output again with an empty path.
  Status SetOutput(const std::string& path);

  /// Of the last statement that read a table.
  const std::vector<TableCertificate>& last_certificates() const { return last_certificates_; }
  /// Writes the kept certificates of all statements to a file, as one JSON document.
  Status WriteCertificates(const std::string& path) const;

 private:
  Status PrintResult(const CallContext& ctx, sql::QueryResult& result, ProgressLine* progress);
  /// The session's format; query plans are shown as they are where it would frame them.
  std::unique_ptr<RowWriter> NewWriter(const std::vector<sql::ResultColumn>& columns);
  void Report(std::vector<TableCertificate> certificates);
  void SayError(const Status& status, const std::string& statement, const std::string& where, bool incomplete) const;

  const std::unique_ptr<sql::Engine> engine_;
  SessionSettings settings_;
  const bool keep_certificates_;
  const Console& console_;
  Interrupts& interrupts_;
  std::unique_ptr<FdSink> output_;
  bool output_is_terminal_;
  std::vector<TableCertificate> last_certificates_;
  std::vector<TableCertificate> kept_certificates_;
  bool certificates_dropped_ = false;
};

}  // namespace lotic::cli
