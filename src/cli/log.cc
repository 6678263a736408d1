// SPDX-License-Identifier: Apache-2.0
#include "cli/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <vector>

#include "lotic/type.h"

namespace lotic::cli {
namespace {

std::shared_ptr<spdlog::logger>& Logger() {
  static std::shared_ptr<spdlog::logger> logger;
  return logger;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

bool NamesSecret(std::string_view lower_name) {
  for (const std::string_view word : {"password", "passwd", "secret", "jaas", "token", "credential", "passphrase", "_key", ".key"}) {
    if (lower_name.find(word) != std::string_view::npos) return true;
  }
  return false;
}

struct Piece {
  size_t begin;
  size_t end;
};

// Quoted texts that follow a name which speaks of a secret, and user:password@ inside quoted texts. Metadata columns (_key) followed by
// a text, as in `_key = 'a'`, are hidden too: better one filter too many out of a log than a password in it.
std::vector<Piece> SecretPieces(std::string_view statement) {
  std::vector<Piece> pieces;
  const std::string lower = Lower(statement);
  std::string last_word;
  for (size_t at = 0; at < lower.size();) {
    const char c = lower[at];
    if (c == '\'' || c == '"') {
      size_t close = std::min(lower.find(c, at + 1), lower.size());
      while (close + 1 < lower.size() && lower[close + 1] == c) close = std::min(lower.find(c, close + 2), lower.size());  // a doubled quote is one inside
      const std::string_view inside = std::string_view(lower).substr(at + 1, close - at - 1);
      const size_t password_at = inside.find('@'), scheme = inside.find("://");
      const bool user_info = scheme != std::string_view::npos && password_at != std::string_view::npos &&
                             inside.substr(scheme + 3, password_at - scheme - 3).find(':') != std::string_view::npos;
      if (c == '\'' && (NamesSecret(last_word) || user_info || inside.find("password=") != std::string_view::npos)) {
        pieces.push_back({at + 1, close});
      } else if (c == '"') {
        last_word = inside;
      }
      if (c == '\'') last_word = NamesSecret(inside) ? std::string(inside) : "";  // WITH ('sasl.password' = '...')
      at = close + 1;
    } else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      size_t end = at;
      while (end < lower.size() && (std::isalnum(static_cast<unsigned char>(lower[end])) != 0 || lower[end] == '_' || lower[end] == '.')) ++end;
      last_word = lower.substr(at, end - at);
      at = end;
    } else {
      if (c == ',' || c == ';') last_word.clear();
      ++at;
    }
  }
  return pieces;
}

}  // namespace

Status OpenLog(int verbosity, const char* lotic_log) {
  auto level = verbosity <= 0 ? spdlog::level::off : verbosity == 1 ? spdlog::level::info : verbosity == 2 ? spdlog::level::debug : spdlog::level::trace;
  if (lotic_log != nullptr && *lotic_log != '\0') {
    static const std::vector<std::string> names = {"trace", "debug", "info", "warn", "error", "off"};
    static const spdlog::level::level_enum levels[] = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                                       spdlog::level::warn,  spdlog::level::err,   spdlog::level::off};
    const auto found = std::find(names.begin(), names.end(), Lower(lotic_log));
    if (found == names.end()) {
      return Status::Invalid("LOTIC_LOG takes one of trace, debug, info, warn, error, off, not \"", lotic_log, "\"");
    }
    level = std::min(level, levels[found - names.begin()]);
  }
  if (level == spdlog::level::off) return Status::OK();
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  Logger() = std::make_shared<spdlog::logger>("lotic", sink);
  Logger()->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  Logger()->set_level(level);
  Logger()->flush_on(spdlog::level::trace);
  return Status::OK();
}

void LogInfo(std::string_view message) {
  if (Logger() != nullptr) Logger()->info("{}", message);
}
void LogDebug(std::string_view message) {
  if (Logger() != nullptr) Logger()->debug("{}", message);
}

std::string RedactStatement(std::string_view statement) {
  std::string out;
  size_t from = 0;
  for (const Piece& piece : SecretPieces(statement)) {
    out += std::string(statement.substr(from, piece.begin - from)) + "***";
    from = piece.end;
  }
  return out + std::string(statement.substr(from));
}

std::string MaskStatement(std::string_view statement) {
  std::string out(statement);
  for (const Piece& piece : SecretPieces(statement)) {
    for (size_t i = piece.begin; i < piece.end; ++i) {
      if (out[i] != '\n') out[i] = '*';
    }
  }
  return out;
}

bool HoldsSecret(std::string_view statement) {
  const std::string lower = Lower(statement);
  for (const std::string_view word : {"password", "passwd", "secret", "jaas", "passphrase"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  for (const Piece& piece : SecretPieces(statement)) {
    if (lower.substr(0, piece.begin).find("attach") != std::string::npos) return true;
  }
  return lower.find("://") != std::string::npos && !SecretPieces(statement).empty();
}

std::string RedactProperty(std::string_view assignment) {
  const size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || !NamesSecret(Lower(assignment.substr(0, equals)))) return std::string(assignment);
  return std::string(assignment.substr(0, equals + 1)) + "***";
}

}  // namespace lotic::cli
