// SPDX-License-Identifier: Apache-2.0
#include "athena/invocation_log.h"

#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <mutex>

#include "lotic/call_context.h"

namespace lotic::athena {
namespace {

// How many bytes a well-formed UTF-8 sequence at text[at] has; 0: none stands there.
size_t Utf8Length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong_or_surrogate = (first == 0xe0 && byte(at + 1) < 0xa0) || (first == 0xed && byte(at + 1) > 0x9f) ||
                                     (first == 0xf0 && byte(at + 1) < 0x90) || (first == 0xf4 && byte(at + 1) > 0x8f);
  return overlong_or_surrogate ? 0 : length;
}

// A JSON string; what is not UTF-8 becomes U+FFFD, so that the line stays JSON whatever a source put into a message.
void AppendString(std::string_view text, std::string& out) {
  out += '"';
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8Length(text, at);
    const char c = text[at];
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out.append(text, at, length);
    }
    at += length == 0 ? 1 : length;
  }
  out += '"';
}

void AppendName(std::string_view name, std::string& out) {
  out += ",\"";
  out += name;
  out += "\":";
}
void AppendText(std::string_view name, std::string_view value, std::string& out) {
  if (value.empty()) return;
  AppendName(name, out);
  AppendString(value, out);
}
void AppendNumber(std::string_view name, size_t value, std::string& out) {
  AppendName(name, out);
  out += std::to_string(value);
}

// Lambda filters lines by level where "timestamp" and "level" are there, under these names.
std::string Begin(int64_t unix_ms, std::string_view level, std::string_view event) {
  const int64_t seconds = unix_ms >= 0 ? unix_ms / 1000 : -((999 - unix_ms) / 1000);
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[96];
  std::snprintf(text, sizeof text, "{\"timestamp\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(unix_ms - seconds * 1000));
  std::string out = text;
  AppendText("level", level, out);
  AppendText("event", event, out);
  return out;
}

class StandardErrorLog final : public InvocationLog {
 public:
  void Split(const SplitLine& line) override { Write(ToJson(line, Clock::System().NowMs())); }
  void Finished(const InvocationLine& line) override { Write(ToJson(line, Clock::System().NowMs())); }
  void Warn(const WarningLine& line) override { Write(ToJson(line, Clock::System().NowMs())); }

 private:
  void Write(std::string line) {
    line += '\n';
    const std::lock_guard lock(mutex_);
    for (size_t done = 0; done < line.size();) {
      const ssize_t written = ::write(STDERR_FILENO, line.data() + done, line.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;  // nobody reads it
      done += static_cast<size_t>(written);
    }
  }
  std::mutex mutex_;  // guards the order of bytes on standard error
};

class NoLog final : public InvocationLog {
 public:
  void Split(const SplitLine&) override {}
  void Finished(const InvocationLine&) override {}
  void Warn(const WarningLine&) override {}
};

}  // namespace

InvocationLog& InvocationLog::StandardError() {
  static StandardErrorLog log;
  return log;
}

InvocationLog& InvocationLog::Nowhere() {
  static NoLog log;
  return log;
}

std::string ToJson(const SplitLine& line, int64_t unix_ms) {
  std::string out = Begin(unix_ms, line.outcome == "failed" ? "ERROR" : "INFO", "split");
  AppendText("request_id", line.request_id, out);
  AppendText("trace_id", line.trace_id, out);
  AppendText("query_id", line.query_id, out);
  AppendText("table", line.table, out);
  AppendText("outcome", line.outcome, out);
  if (line.spilled_blocks != 0) {
    AppendNumber("spilled_blocks", line.spilled_blocks, out);
    AppendNumber("spilled_bytes", line.spilled_bytes, out);
  }
  constexpr size_t kRest = 64;  // the names and braces still to come, and the end of the line
  if (out.size() + line.certificate.size() + kRest > kMaxLogLineBytes) {
    AppendNumber("certificate_bytes", line.certificate.size(), out);
  } else if (!line.certificate.empty()) {
    AppendName("certificate", out);
    out += line.certificate;
  }
  out += '}';
  return out;
}

std::string ToJson(const InvocationLine& line, int64_t unix_ms) {
  std::string out = Begin(unix_ms, line.error_type.empty() ? "INFO" : "ERROR", "invocation");
  AppendText("request_id", line.request_id, out);
  AppendText("trace_id", line.trace_id, out);
  AppendNumber("request_bytes", line.request_bytes, out);
  AppendNumber("response_bytes", line.response_bytes, out);
  const int64_t us = std::chrono::duration_cast<std::chrono::microseconds>(line.duration).count();
  char milliseconds[48];
  std::snprintf(milliseconds, sizeof milliseconds, ",\"duration_ms\":%" PRId64 ".%03d", us / 1000, static_cast<int>(us % 1000));
  out += milliseconds;
  AppendText("error_type", line.error_type, out);
  AppendText("error_message", line.error_message.substr(0, kMaxLoggedMessageBytes), out);
  out += '}';
  return out;
}

std::string ToJson(const WarningLine& line, int64_t unix_ms) {
  std::string out = Begin(unix_ms, "WARN", "warning");
  AppendText("query_id", line.query_id, out);
  AppendText("table", line.table, out);
  AppendText("message", line.message.substr(0, kMaxLoggedMessageBytes), out);
  out += '}';
  return out;
}

}  // namespace lotic::athena
