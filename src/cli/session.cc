// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "cli/certificate_report.h"
#include "cli/error_report.h"
#include "cli/log.h"
#include "cli/progress_line.h"
#include "cli/text_writers.h"

namespace lotic::cli {
namespace {

std::string Seconds(std::chrono::steady_clock::duration time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f s", std::chrono::duration<double>(time).count());
  return text;
}

std::string WrittenLine(const WriteReceipt& receipt) {
  const auto counted = [](int64_t number, const char* one, const char* many) { return WithThousands(number) + " " + (number == 1 ? one : many); };
  return "wrote " + counted(receipt.acknowledged, "row", "rows") + ", " + counted(receipt.bytes, "byte", "bytes") + "; " +
         counted(receipt.retries, "retry", "retries") + ", duplicates " + (receipt.duplicates_possible ? "possible" : "impossible");
}

}  // namespace

Session::Session(std::unique_ptr<sql::Engine> engine, SessionSettings settings, bool keep_certificates, const Console& console, Interrupts& interrupts)
    : engine_(std::move(engine)),
      settings_(std::move(settings)),
      keep_certificates_(keep_certificates),
      console_(console),
      interrupts_(interrupts),
      output_(std::make_unique<FdSink>(console.out, "standard output", interrupts.wake_fd())),
      output_is_terminal_(console.out_terminal) {}

Session::~Session() = default;

std::unique_ptr<RowWriter> Session::NewWriter(const std::vector<sql::ResultColumn>& columns) {
  const bool framed = settings_.format == Format::kBox || settings_.format == Format::kAscii || settings_.format == Format::kLine;
  if (framed && columns.size() == 2 && columns[0].name == "explain_key" && columns[1].name == "explain_value") return MakePlanWriter(*output_);
  RenderOptions options;
  options.header = settings_.header;
  options.null_text = settings_.null_text;
  if (output_is_terminal_) {
    options.terminal_width = console_.out_width();
    options.max_rows = settings_.max_rows.value_or(kTerminalRows);
  } else {
    options.max_rows = settings_.max_rows;
  }
  return MakeRowWriter(settings_.format, options, *output_);
}

CallContext Session::ContextFor(const QueryScope& scope) const {
  CallContext ctx;
  ctx.stop = scope.stop();
  if (settings_.timeout) ctx = ctx.WithDeadline(std::chrono::steady_clock::now() + *settings_.timeout);
  return ctx;
}

Status Session::Run(const std::string& statement, const std::string& where) {
  const auto started = std::chrono::steady_clock::now();
  const QueryScope scope(interrupts_);
  const CallContext ctx = ContextFor(scope);
  LogDebug("statement: " + RedactStatement(statement));

  Status status = ctx.Check("statement");
  std::vector<TableCertificate> certificates;
  std::optional<WriteReceipt> written;
  if (status.ok()) {
    ProgressLine progress(console_, !settings_.quiet, [this] { return engine_->Progress(); });
    auto result = engine_->Execute(ctx, statement);
    status = result.ok() ? PrintResult(ctx, **result, &progress) : result.status();
    if (result.ok()) {
      certificates = (*result)->Certificates();
      written = (*result)->Written();
    }
  }
  const Status flushed = output_->Flush();  // rows that came before an error are shown before it
  if (status.ok()) status = flushed;
  LogInfo("statement ended after " + Seconds(std::chrono::steady_clock::now() - started) + ": " + std::string(StatusCodeName(status.code())));

  if (!IsBrokenPipe(status)) {
    const bool incomplete = std::any_of(certificates.begin(), certificates.end(), [](const auto& table) { return !table.complete; });
    if (!certificates.empty()) Report(std::move(certificates));
    if (written && !settings_.quiet) console_.SayLine(WrittenLine(*written));
    if (!status.ok()) SayError(status, statement, where, incomplete);
    if (settings_.timer) console_.SayLine("time " + Seconds(std::chrono::steady_clock::now() - started));
  }
  return status;
}

Status Session::PrintResult(const CallContext& ctx, sql::QueryResult& result, ProgressLine* progress) {
  const bool has_rows = !result.columns().empty();
  const std::unique_ptr<RowWriter> writer = NewWriter(result.columns());
  bool begun = false;
  while (true) {
    LOTIC_ASSIGN_OR_RETURN(const sql::TextChunk chunk, result.Next(ctx, writer->form()));
    if (has_rows && !begun) {  // not before the first answer: a query that fails at once prints no header
      if (output_is_terminal_) progress->Stop();
      LOTIC_RETURN_NOT_OK(writer->Begin(result.columns()));
      begun = true;
    }
    if (chunk.num_rows == 0) break;
    if (has_rows) LOTIC_RETURN_NOT_OK(writer->Rows(chunk));
  }
  progress->Stop();
  return has_rows ? writer->End() : Status::OK();
}

Status Session::Print(const std::vector<sql::ResultColumn>& columns, const sql::TextChunk& rows) {
  const std::unique_ptr<RowWriter> writer = NewWriter(columns);
  LOTIC_RETURN_NOT_OK(writer->Begin(columns));
  LOTIC_RETURN_NOT_OK(writer->Rows(rows));
  return writer->End();
}

Status Session::Write(std::string_view text) {
  LOTIC_RETURN_NOT_OK(output_->Write(text));
  return output_->Flush();
}

sql::CellForm Session::form() const {
  const bool json = settings_.format == Format::kJson || settings_.format == Format::kJsonl;
  return json ? sql::CellForm::kJson : sql::CellForm::kText;
}

void Session::Report(std::vector<TableCertificate> certificates) {
  for (const auto& certificate : certificates) LogInfo("certificate: " + DescribeCertificate(certificate));
  if (!settings_.quiet) {
    console_.SayLine(SummaryLine(certificates, settings_.allow_partial));
  }
  if (keep_certificates_) {
    for (const auto& certificate : certificates) {
      if (kept_certificates_.size() < kMaxKeptCertificates) {
        kept_certificates_.push_back(certificate);
      } else if (!std::exchange(certificates_dropped_, true)) {
        console_.SayLine("warning: --certificate keeps the first " + std::to_string(kMaxKeptCertificates) + " table readings; later ones are not written");
      }
    }
  }
  last_certificates_ = std::move(certificates);
}

void Session::SayError(const Status& status, const std::string& statement, const std::string& where, bool incomplete) const {
  if (status.IsCancelled()) {
    console_.SayLine("cancelled");
    return;
  }
  std::string message = status.message();
  if (status.code() == StatusCode::kDeadlineExceeded && settings_.timeout && message.find("--timeout") == std::string::npos) {
    message += " (the limit is --timeout " + std::to_string(settings_.timeout->count()) + "ms)";
  }
  if (status.code() == StatusCode::kDataLoss && incomplete && message.find("allow-partial") == std::string::npos) {
    message += " (--allow-partial takes what there is)";
  }
  const bool table_missing = status.code() == StatusCode::kNotFound || message.find("does not exist") != std::string::npos;
  if (table_missing && !settings_.has_cluster) {
    message += "\nno Kafka cluster is attached: start lotic with -b HOST:PORT, or ATTACH 'HOST:PORT' AS prod (TYPE kafka)";
  }
  console_.Say(DescribeError(status.WithMessage(message), statement, where, console_.color, console_.err_width()));
}

Status Session::SetOutput(const std::string& path) {
  LOTIC_RETURN_NOT_OK(output_->Flush());
  if (path.empty()) {
    output_ = std::make_unique<FdSink>(console_.out, "standard output", interrupts_.wake_fd());
    output_is_terminal_ = console_.out_terminal;
    return Status::OK();
  }
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return Status::IOError("cannot write ", path, ": ", std::strerror(errno));
  output_ = std::make_unique<FdSink>(fd, path);
  output_is_terminal_ = false;
  return Status::OK();
}

Status Session::WriteCertificates(const std::string& path) const { return WriteCertificateFile(path, kept_certificates_); }

}  // namespace lotic::cli
