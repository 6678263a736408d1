// SPDX-License-Identifier: Apache-2.0
#include "table/status_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "table/files.h"

namespace lotic::table {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr std::array<std::string_view, 5> kStateNames = {"CONNECTING", "CONSUMING", "DEGRADED", "PAUSED", "ERROR"};

void Put(Json& object, const char* key, const std::optional<int64_t>& value) {
  if (value.has_value()) object[key] = *value;
}

/// Files are padded to blocks of this size, with as much room again: on a full disk the next status, which says so, is longer.
constexpr size_t kStatusBlock = 4096;
/// What is left of an error where there is no room for all of them.
constexpr size_t kShortErrorBytes = 100;

/// Into the blocks that the file has; what stood there before is gone at once, so that a reader may meet neither. False: `length` bytes do not fit, or the disk refuses.
bool OverwriteInPlace(const std::string& path, const std::string& padded, size_t length) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct stat held {};
  bool done = ::fstat(fd, &held) == 0 && static_cast<size_t>(held.st_size) >= length;
  const size_t size = std::min(padded.size(), static_cast<size_t>(held.st_size));
  if (done) done = ::pwrite(fd, padded.data(), size, 0) == static_cast<ssize_t>(size);
  // Shorter than it was: the rest would be a second document.
  if (done) done = static_cast<size_t>(held.st_size) == size || ::ftruncate(fd, static_cast<off_t>(size)) == 0;
  ::close(fd);
  return done;
}

std::optional<int64_t> Get(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at == object.end() ? std::nullopt : std::optional<int64_t>(at->get<int64_t>());
}

/// At most kMaxStatusFileBytes.
std::string FittingJson(const StatusFile& status) {
  std::string text = ToJson(status);
  if (text.size() <= kMaxStatusFileBytes) return text;
  StatusFile fitting = status;
  for (PartitionStatus& partition : fitting.partitions) {
    if (partition.error.size() > kShortErrorBytes) partition.error = partition.error.substr(0, kShortErrorBytes) + "...";
  }
  for (text = ToJson(fitting); text.size() > kMaxStatusFileBytes; text = ToJson(fitting)) {
    const size_t keep = fitting.partitions.size() * (kMaxStatusFileBytes / 8) / (text.size() / 8) * 15 / 16;
    fitting.left_out += static_cast<int64_t>(fitting.partitions.size() - keep);
    fitting.partitions.resize(keep);
  }
  return text;
}

}  // namespace

std::string_view PartitionStateName(PartitionState state) { return kStateNames[static_cast<size_t>(state)]; }

std::optional<int64_t> IngestDelayMs(const PartitionStatus& status, int64_t now_ms, bool heard) {
  if (status.lag.has_value() && *status.lag <= 0) {
    if (heard) return 0;
    if (status.heard_ms.has_value()) return std::max<int64_t>(now_ms - *status.heard_ms, 0);
  }
  if (!status.newest_stream_ms.has_value()) return std::nullopt;
  return std::max<int64_t>(now_ms - *status.newest_stream_ms, 0);
}

std::string ToJson(const StatusFile& status) {
  Json json;
  json["v"] = kVersion;
  json["writtenMs"] = status.written_ms;
  json["pid"] = status.pid;
  json["running"] = status.running;
  if (status.left_out != 0) json["leftOut"] = status.left_out;
  Json& partitions = json["partitions"] = Json::array();
  for (const PartitionStatus& p : status.partitions) {
    Json one;
    one["partition"] = p.partition;
    one["state"] = PartitionStateName(p.state);
    if (!p.error.empty()) {
      one["error"] = p.error;
      one["errorMs"] = p.error_ms;
    }
    one["segment"] = p.segment;
    one["position"] = p.position;
    Put(one, "upstream", p.upstream);
    Put(one, "lag", p.lag);
    Put(one, "newestStreamMs", p.newest_stream_ms);
    Put(one, "lastRowMs", p.last_row_ms);
    Put(one, "heardMs", p.heard_ms);
    one["lost"] = p.lost;
    partitions.push_back(std::move(one));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<StatusFile> StatusFileFromJson(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("v").get<int>() != kVersion) return Status::Invalid("table status: version ", json.at("v").dump(), " is not known");
    StatusFile status;
    status.written_ms = json.at("writtenMs").get<int64_t>();
    status.pid = json.at("pid").get<int64_t>();
    status.running = json.at("running").get<bool>();
    status.left_out = Get(json, "leftOut").value_or(0);
    for (const Json& one : json.at("partitions")) {
      PartitionStatus p;
      p.partition = one.at("partition").get<int32_t>();
      const auto name = one.at("state").get<std::string>();
      size_t state = 0;
      while (state < kStateNames.size() && kStateNames[state] != name) ++state;
      if (state == kStateNames.size()) return Status::Invalid("table status: state '", name, "' is not known");
      p.state = static_cast<PartitionState>(state);
      if (one.contains("error")) {
        p.error = one.at("error").get<std::string>();
        p.error_ms = one.at("errorMs").get<int64_t>();
      }
      p.segment = one.at("segment").get<std::string>();
      p.position = one.at("position").get<int64_t>();
      p.upstream = Get(one, "upstream");
      p.lag = Get(one, "lag");
      p.newest_stream_ms = Get(one, "newestStreamMs");
      p.last_row_ms = Get(one, "lastRowMs");
      p.heard_ms = Get(one, "heardMs");
      p.lost = one.at("lost").get<int64_t>();
      status.partitions.push_back(std::move(p));
    }
    return status;
  } catch (const Json::exception& thrown) {
    return Status::Invalid("table status: ", thrown.what());
  }
}

Result<StatusFile> ReadStatusFile(const std::string& table_folder) {
  const std::string path = table_folder + "/" + kStatusFileName;
  LOTIC_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(path, kMaxStatusFileBytes));
  Result<StatusFile> status = StatusFileFromJson(text);
  if (!status.ok()) return status.status().WithMessage(path, ": ", status.status().message());
  return status;
}

Status WriteStatusFile(const std::string& table_folder, const StatusFile& status) {
  const std::string path = table_folder + "/" + kStatusFileName;
  std::string text = FittingJson(status);
  const size_t length = text.size();
  text.resize(std::min((2 * length / kStatusBlock + 1) * kStatusBlock, kMaxStatusFileBytes), ' ');
  const Status replaced = ReplaceFileUnsynced(path, text);
  if (replaced.ok() || OverwriteInPlace(path, text, length)) return Status::OK();
  return replaced;
}

}  // namespace lotic::table
