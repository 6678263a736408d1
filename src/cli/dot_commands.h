// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/session.h"
#include "connector/kafka/kafka_connector.h"

namespace lotic::cli {

/// A scripts' files may read others so deep.
inline constexpr int kMaxReadDepth = 16;
/// And be so large.
inline constexpr size_t kMaxScriptBytes = size_t{256} << 20;

/// Runs texts and files of statements and dot commands in a session. One thread at a time.
class ScriptRunner {
 public:
  /// `cluster` (may be null) is what .topics lists. Borrows the session.
  ScriptRunner(Session& session, std::shared_ptr<kafka::KafkaConnector> cluster) : session_(session), cluster_(std::move(cluster)) {}

  /// Runs all of `text`, up to the first failure, which has then been printed. `origin` ("report.sql") names it in errors; may be empty.
  Status RunText(const std::string& text, const std::string& origin);
  /// The same with a file; "-" is standard input, read to its end. A file that cannot be read is printed, too.
  Status RunFile(const std::string& path);
  /// Runs one dot command or backslash command; prints its failure.
  Status RunCommand(const std::string& line, const std::string& where = "");

  /// .quit was run.
  bool quit() const { return quit_; }
  Session& session() { return session_; }
  /// The commands' names, for completion: ".help", ...
  static std::vector<std::string> CommandNames();

 private:
  Status Dispatch(const std::string& name, const std::vector<std::string>& arguments);
  Status RunAll(std::vector<std::string> statements);
  Status SetSwitch(const std::string& name, const std::vector<std::string>& arguments, bool* value);
  Status ShowTopics();
  Status ShowCertificate(const std::vector<std::string>& arguments);
  Result<std::string> ReadWhole(const std::string& path);

  Session& session_;
  const std::shared_ptr<kafka::KafkaConnector> cluster_;
  bool quit_ = false;
  bool printed_ = false;  // the failure at hand has been printed
  int depth_ = 0;
  Format before_line_ = Format::kBox;  // what \x goes back to
};

}  // namespace lotic::cli
