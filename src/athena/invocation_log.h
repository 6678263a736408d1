// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What a function says for its operators: JSON lines, one per split, one per invocation, and warnings; docs/reference/lambda.md describes them.

namespace lotic::athena {

/// A split has been read, or given up. Views are valid during the call; empty members are left out of the line.
struct SplitLine {
  std::string_view request_id;   ///< of the invocation
  std::string_view trace_id;     ///< of the invocation
  std::string_view query_id;     ///< of Athena
  std::string_view table;        ///< "schema.table"
  std::string_view certificate;  ///< ToJson(SplitCertificate): one JSON object
  std::string_view outcome;      ///< "inline", "spilled", or "failed"
  size_t spilled_blocks = 0;
  size_t spilled_bytes = 0;
};

/// An invocation has been answered.
struct InvocationLine {
  std::string_view request_id;
  std::string_view trace_id;
  size_t request_bytes = 0;
  size_t response_bytes = 0;
  std::chrono::nanoseconds duration{};
  std::string_view error_type;     ///< empty: it succeeded
  std::string_view error_message;  ///< of what was answered; cut at kMaxLoggedMessageBytes
};

/// Something that its reader should know and that changes no answer.
struct WarningLine {
  std::string_view query_id;  ///< of Athena; may be empty
  std::string_view table;     ///< "schema.table"; may be empty
  std::string_view message;   ///< one sentence; cut at kMaxLoggedMessageBytes
};

/// Where the lines go. Any thread. Logging neither fails nor delays an answer longer than the write takes.
class InvocationLog {
 public:
  virtual ~InvocationLog() = default;
  virtual void Split(const SplitLine& line) = 0;
  virtual void Finished(const InvocationLine& line) = 0;
  virtual void Warn(const WarningLine& line) = 0;

  /// Standard error, a line by one write. Alive for the whole process.
  static InvocationLog& StandardError();
  /// Drops everything. Alive for the whole process.
  static InvocationLog& Nowhere();
};

/// A line is at most this long (what Lambda keeps as one log event); a longer certificate is left out, and "certificate_bytes" tells its size.
inline constexpr size_t kMaxLogLineBytes = size_t{256} << 10;
inline constexpr size_t kMaxLoggedMessageBytes = 4096;

/// The lines without their end; `unix_ms` is the time they carry.
std::string ToJson(const SplitLine& line, int64_t unix_ms);
std::string ToJson(const InvocationLine& line, int64_t unix_ms);
std::string ToJson(const WarningLine& line, int64_t unix_ms);

}  // namespace lotic::athena
