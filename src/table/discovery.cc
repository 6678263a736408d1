// SPDX-License-Identifier: Apache-2.0
#include "table/discovery.h"

#include <mutex>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "table/journal.h"

namespace lotic::table {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

constexpr size_t kMaxCachedTables = 1024;
struct Cached {
  std::string stamp;
  std::shared_ptr<const DiscoveryContents> contents;
};
std::mutex cache_mutex;
std::unordered_map<std::string, Cached>& Cache() {
  static auto& cache = *new std::unordered_map<std::string, Cached>();
  return cache;
}

}  // namespace

bool DiscoveryContents::operator==(const DiscoveryContents& other) const {
  const auto same = [](const auto& a, const auto& b) {
    return a.first == b.first && a.second.start == b.second.start && a.second.attributes == b.second.attributes;
  };
  return identity == other.identity && state == other.state && partitions.size() == other.partitions.size() &&
         std::equal(partitions.begin(), partitions.end(), other.partitions.begin(), same);
}

std::string EncodeIdentity(const TableIdentity& identity) {
  return Dump({{"v", 1}, {"table_id", identity.table_id}, {"raw_name", identity.raw_name}, {"time_column", identity.time_column}});
}

std::string EncodeDiscovery(const std::string& state, std::span<const PartitionStart> partitions) {
  Json list = Json::array();
  for (const PartitionStart& start : partitions) {
    Json one = {{"p", start.partition}, {"start", start.start}};
    if (!start.attributes.empty()) one["attributes"] = start.attributes;
    list.push_back(std::move(one));
  }
  return Dump({{"state", state}, {"partitions", std::move(list)}});
}

std::vector<std::string> EncodeDiscoveryContents(const DiscoveryContents& contents) {
  std::vector<PartitionStart> partitions;
  for (const auto& [partition, start] : contents.partitions) partitions.push_back(start);
  return {EncodeIdentity(contents.identity), EncodeDiscovery(contents.state, partitions)};
}

Result<DiscoveryContents> DecodeDiscovery(std::span<const std::string> records) {
  if (records.empty()) return Status::DataLoss("the discovery journal has no record");
  DiscoveryContents contents;
  size_t number = 0;
  try {
    const Json first = Json::parse(records[0]);
    if (first.at("v").get<int64_t>() != 1) return Status::Invalid("a table of format ", first.at("v").get<int64_t>(), ", this program knows 1");
    contents.identity = {first.at("table_id").get<std::string>(), first.at("raw_name").get<std::string>(), first.at("time_column").get<std::string>()};
    for (number = 1; number < records.size(); ++number) {
      const Json record = Json::parse(records[number]);
      contents.state = record.at("state").get<std::string>();
      for (const Json& one : record.at("partitions")) {
        PartitionStart start{one.at("p").get<int32_t>(), one.at("start").get<int64_t>(), {}};
        if (one.contains("attributes")) start.attributes = one.at("attributes").get<std::map<std::string, std::string>>();
        if (start.partition < 0 || start.partition >= TableStore::kMaxPartitions || start.start < 0)
          return Status::DataLoss("the discovery journal's record ", number, " names partition ", start.partition);
        contents.partitions[start.partition] = std::move(start);
      }
    }
  } catch (const std::exception& thrown) {
    return Status::DataLoss("the discovery journal's record ", number, " is not understood: ", thrown.what());
  }
  return contents;
}

Result<std::shared_ptr<const DiscoveryContents>> ReadDiscovery(const std::string& table_folder) {
  const std::string path = table_folder + kDiscoveryFile;
  const Result<std::string> stamp = JournalStamp(path);
  if (stamp.ok()) {
    const std::lock_guard lock(cache_mutex);
    const auto found = Cache().find(path);
    if (found != Cache().end() && found->second.stamp == *stamp) return found->second.contents;
  }
  const Result<JournalContents> journal = ReadJournal(path);
  if (!journal.ok()) {
    return journal.status().code() == StatusCode::kNotFound ? journal.status().WithMessage("no table's rows at ", table_folder) : journal.status();
  }
  Result<DiscoveryContents> decoded = DecodeDiscovery(journal->records);
  if (!decoded.ok()) return decoded.status().WithMessage(path, ": ", decoded.status().message());
  auto contents = std::make_shared<const DiscoveryContents>(*std::move(decoded));
  if (stamp.ok()) {
    const std::lock_guard lock(cache_mutex);
    if (Cache().size() >= kMaxCachedTables) Cache().clear();
    Cache()[path] = {*stamp, contents};
  }
  return contents;
}

std::string PartitionFolderOf(const std::string& table_folder, int32_t partition) { return table_folder + "/p" + std::to_string(partition); }

}  // namespace lotic::table
