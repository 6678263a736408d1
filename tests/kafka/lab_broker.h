// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

// A real Apache Kafka filled by Torture.java, and what Java's consumer (Dump.java) says is in it.

namespace lotic::kafka_pack {

/// What a child program wrote (standard output and error together) and how it ended.
struct Output {
  std::string text;
  int exit_code = -1;
};
/// Runs a shell command; it is ended after `seconds`, with exit code 124.
Output RunProgram(const std::string& command, int seconds);
/// `text` as one word of the shell.
std::string Quoted(const std::string& text);

/// The timestamp of Torture.java's first records.
inline constexpr int64_t kFirstMs = 1'600'000'000'000;
/// Times that the dump looks up, in the order of PartitionFacts::found.
std::vector<int64_t> LookedUpTimes();

struct PartitionFacts {
  int64_t begin = 0;
  int64_t end = 0;                                  ///< high watermark, or last stable offset, as the isolation level wants
  std::map<int64_t, std::optional<int64_t>> found;  ///< by time: first offset at or after it
};

/// One line of Dump.java.
struct OracleRecord {
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t timestamp_ms = 0;
  std::string shown;  ///< the whole record, as ShowRecord in kafka_pack_test.cc shows it; headers grouped by key
};

struct OracleTopic {
  std::map<int32_t, PartitionFacts> partitions;
  std::vector<OracleRecord> records;  ///< by partition, then offset
};

/// The one broker of the program, started when first asked for. One thread.
class LabBroker {
 public:
  /// Null if the jars are not installed here; a broker that fails to start or to be filled fails the program's tests.
  static LabBroker* Get();

  /// Empty: all is well. Otherwise why nothing can be tested.
  const std::string& trouble() const { return trouble_; }
  /// A line of DIR/env: BOOTSTRAP, BOOTSTRAP_SSL, CERTS, ...
  const std::string& env(const std::string& name) const { return env_.at(name); }
  const std::filesystem::path& folder() const { return folder_; }
  /// @param level "read_committed" or "read_uncommitted"
  OracleTopic Oracle(const std::string& level, const std::string& topic) const;
  /// Ends the broker, as a crash would (`how` "kill") or cleanly ("stop"), and starts it again with its data and addresses. Empty: it is back.
  std::string Restart(const std::string& how) const;
  bool has_kcat() const { return has_kcat_; }
  /// LOTIC_SIZE=full
  static bool full();
  /// LOTIC_KAFKA_VERSION, default 4.4.0
  static std::string version();

  ~LabBroker();

 private:
  LabBroker() = default;
  std::string Start();
  Output Lab(const std::string& arguments, int seconds) const;
  std::string ProduceWithKcat() const;

  std::filesystem::path folder_;
  std::map<std::string, std::string> env_;
  std::string trouble_;
  bool has_kcat_ = false;
};

/// Every topic that Torture.java makes.
std::vector<std::string> TortureTopics();

/// Bytes as Dump.java shows them: base64, *LENGTH:SHA256 above 64 bytes.
std::string ShowBytes(std::string_view bytes);

}  // namespace lotic::kafka_pack
