// SPDX-License-Identifier: Apache-2.0
#include "tests/kafka/lab_broker.h"

#include <openssl/evp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <system_error>

namespace lotic::kafka_pack {
namespace {

constexpr const char* kQuickJava = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto ";
constexpr size_t kShownBytes = 64;
constexpr int kKcatRecords = 500;

std::vector<std::string> SplitAt(const std::string& line, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : line) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// "a>1,b>2,a>3" → "a>1;3,b>2": keys in the order they first come, values in theirs, as the column _headers has them.
std::string GroupHeaders(const std::string& headers) {
  if (headers.empty()) return "";
  std::vector<std::pair<std::string, std::string>> groups;
  for (const std::string& header : SplitAt(headers, ',')) {
    const size_t at = header.find('>');
    const std::string key = header.substr(0, at);
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == key; });
    if (group == groups.end()) {
      groups.emplace_back(key, header.substr(at + 1));
    } else {
      group->second += ";" + header.substr(at + 1);
    }
  }
  std::string shown;
  for (const auto& [key, values] : groups) shown += (shown.empty() ? "" : ",") + key + ">" + values;
  return shown;
}

std::string TimestampTypeName(const std::string& java) { return java == "CreateTime" ? "CREATE_TIME" : java == "LogAppendTime" ? "LOG_APPEND_TIME" : "NONE"; }

}  // namespace

Output RunProgram(const std::string& command, int seconds) {
  Output output;
  FILE* const pipe = popen(("timeout -k 5 " + std::to_string(seconds) + " bash -c " + Quoted("{ " + command + "; } 2>&1")).c_str(), "r");
  if (pipe == nullptr) return output;
  char chunk[4096];
  for (size_t got; (got = fread(chunk, 1, sizeof chunk, pipe)) > 0;) output.text.append(chunk, got);
  const int status = pclose(pipe);
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return output;
}

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string ShowBytes(std::string_view bytes) {
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  if (bytes.size() <= kShownBytes) {
    unsigned char text[kShownBytes * 2];
    const int length = EVP_EncodeBlock(text, data, static_cast<int>(bytes.size()));
    return {reinterpret_cast<const char*>(text), static_cast<size_t>(length)};
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(data, bytes.size(), digest, &size, EVP_sha256(), nullptr);
  std::string shown = "*" + std::to_string(bytes.size()) + ":";
  for (unsigned int i = 0; i < size; ++i) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", digest[i]);
    shown += hex;
  }
  return shown;
}

std::vector<int64_t> LookedUpTimes() {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  return {1,
          kFirstMs - 1,
          kFirstMs,
          kFirstMs + 1,
          kFirstMs + 2'000,
          kFirstMs + 40'000,
          kFirstMs + 120'001,
          kFirstMs + 150'000,
          kFirstMs + 500'000,
          1'700'000'000'000,
          4'102'444'800'000,
          kMax - 1};
}

std::vector<std::string> TortureTopics() {
  return {"t.dotted-Name", "t_append_time",     "t_bombs",         "t_codecs",   "t_compacted", "t_compacted_hard",
          "t_deleted",     "t_documents",       "t_empty",         "t_large",    "t_odd",       "t_rdk_gzip",
          "t_rdk_lz4",     "t_rdk_none",        "t_rdk_snappy",    "t_rdk_zstd", "t_switched",  "t_times",
          "t_txn",         "t_txn_all_aborted", "t_txn_backdated", "t_wide"};
}

bool LabBroker::full() {
  const char* const size = std::getenv("LOTIC_SIZE");
  return size != nullptr && std::string(size) == "full";
}

std::string LabBroker::version() {
  const char* const version = std::getenv("LOTIC_KAFKA_VERSION");
  return version != nullptr ? version : "4.4.0";
}

LabBroker* LabBroker::Get() {
  static const std::unique_ptr<LabBroker> broker = []() -> std::unique_ptr<LabBroker> {
    auto made = std::unique_ptr<LabBroker>(new LabBroker());
    if (made->Lab("check " + version(), 30).exit_code != 0) return nullptr;
    made->trouble_ = made->Start();
    return made;
  }();
  return broker.get();
}

LabBroker::~LabBroker() {
  if (folder_.empty()) return;
  (void)Lab("kill " + Quoted((folder_ / "broker").string()), 60);
  std::error_code ignored;
  if (trouble_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Output LabBroker::Lab(const std::string& arguments, int seconds) const {
  return RunProgram("LOTIC_DEPS=" + Quoted(LOTIC_DEPS) + " LOTIC_KAFKA_LIFETIME=1800 " + Quoted(LOTIC_KAFKA_LAB) + " " + arguments, seconds);
}

std::string LabBroker::Start() {
  folder_ = std::filesystem::temp_directory_path() / ("lotic-kafka-pack-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder_ / "dump");
  const std::string broker = (folder_ / "broker").string();
  const Output started = Lab("start " + version() + " " + Quoted(broker) + " --auth", 120);
  if (started.exit_code != 0) return "Apache Kafka did not start: " + started.text;
  std::ifstream env(broker + "/env");
  for (std::string line; std::getline(env, line);) env_[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
  const std::string java = "java " + version() + " " + kQuickJava;
  const std::string sources = LOTIC_KAFKA_PACK;
  const Output filled = Lab(java + Quoted(sources + "/Torture.java") + " " + env_["BOOTSTRAP"] + (full() ? " full" : " small"), 240);
  if (filled.exit_code != 0) return "Torture.java: " + filled.text;
  has_kcat_ = RunProgram("kcat -V", 10).exit_code == 0;
  if (has_kcat_) {
    if (std::string trouble = ProduceWithKcat(); !trouble.empty()) return trouble;
  }
  std::string times;
  for (const int64_t time : LookedUpTimes()) times += " " + std::to_string(time);
  const Output dumped = Lab(java + Quoted(sources + "/Dump.java") + " " + env_["BOOTSTRAP"] + " " + Quoted((folder_ / "dump").string()) + times, 400);
  return dumped.exit_code == 0 ? "" : "Dump.java: " + dumped.text;
}

std::string LabBroker::Restart(const std::string& how) const {
  const std::string broker = Quoted((folder_ / "broker").string());
  const Output ended = Lab(how + " " + broker, 60);
  if (ended.exit_code != 0) return how + ": " + ended.text;
  const Output started = Lab("restart " + broker, 120);
  return started.exit_code == 0 ? "" : "restart: " + started.text;
}

std::string LabBroker::ProduceWithKcat() const {
  const std::filesystem::path input = folder_ / "kcat-input";
  std::ofstream lines(input);
  for (int i = 0; i < kKcatRecords; ++i) lines << "key" << i % 7 << "|value " << i << " of librdkafka, of which there are many alike\n";
  lines.close();
  for (const std::string codec : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    const Output produced = RunProgram("kcat -b " + env_.at("BOOTSTRAP") + " -P -t t_rdk_" + codec + " -p 0 -z " + codec +
                                           " -K'|' -H 'made by=kcat' -X linger.ms=50 -X topic.message.timeout.ms=20000 <" + Quoted(input.string()),
                                       60);
    if (produced.exit_code != 0) return "kcat -z " + codec + ": " + produced.text;
  }
  return "";
}

OracleTopic LabBroker::Oracle(const std::string& level, const std::string& topic) const {
  OracleTopic oracle;
  const std::string base = (folder_ / "dump" / (level + "." + topic)).string();
  std::ifstream offsets(base + ".offsets");
  const std::vector<int64_t> times = LookedUpTimes();
  for (std::string line; std::getline(offsets, line);) {
    const std::vector<std::string> cells = SplitAt(line, '\t');
    PartitionFacts& facts = oracle.partitions[std::stoi(cells.at(0))];
    facts.begin = std::stoll(cells.at(1));
    facts.end = std::stoll(cells.at(2));
    for (size_t i = 0; i < times.size(); ++i) {
      const std::string& cell = cells.at(3 + i);
      facts.found[times[i]] = cell == "-" ? std::nullopt : std::optional<int64_t>(std::stoll(cell));
    }
  }
  std::ifstream records(base + ".records");
  for (std::string line; std::getline(records, line);) {
    std::vector<std::string> cells = SplitAt(line, '\t');
    OracleRecord record{std::stoi(cells.at(0)), std::stoll(cells.at(1)), std::stoll(cells.at(2)), ""};
    cells[3] = TimestampTypeName(cells[3]);
    cells.at(8) = GroupHeaders(cells[8]);
    for (const std::string& cell : cells) record.shown += (record.shown.empty() ? "" : "\t") + cell;
    oracle.records.push_back(std::move(record));
  }
  std::stable_sort(oracle.records.begin(), oracle.records.end(),
                   [](const OracleRecord& a, const OracleRecord& b) { return std::pair(a.partition, a.offset) < std::pair(b.partition, b.offset); });
  return oracle;
}

}  // namespace lotic::kafka_pack
