// SPDX-License-Identifier: Apache-2.0
#include "table/manifest.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "table/journal.h"
#include "table/store.h"

namespace lotic::table {
namespace {

using Json = nlohmann::ordered_json;

Json FatesJson(const RecordFates& f) {
  return Json::array({f.rows, f.filtered, f.tombstones, f.dropped_decode, f.dropped_transform, f.dropped_convert, f.dropped_time, f.aborted, f.control,
                      f.missing, f.incomplete});
}

RecordFates FatesOf(const Json& json) {
  if (!json.is_array() || json.size() != 11) throw std::invalid_argument("fates are 11 numbers");
  const auto at = [&json](size_t i) { return json[i].get<int64_t>(); };
  return {at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8), at(9), at(10)};
}

Json SegmentJson(const SegmentInfo& s) {
  Json json = {{"name", s.name},
               {"partition", s.partition},
               {"sequence", s.sequence},
               {"generation", s.generation},
               {"state", SegmentStateName(s.state)},
               {"reason", static_cast<int>(s.reason)},
               {"start", s.start},
               {"end", s.end},
               {"rows", s.totals.rows},
               {"blocks", s.totals.blocks},
               {"fates", FatesJson(s.totals.fates)},
               {"times", Json::array({s.totals.times.min_ms, s.totals.times.max_ms})},
               {"rows_without_time", s.totals.rows_without_time},
               {"newest_stream_ms", s.totals.newest_stream_ms},
               {"newest_commit_ms", s.totals.newest_commit_ms},
               {"created_ms", s.created_ms},
               {"rolled_ms", s.rolled_ms},
               {"sealed_ms", s.sealed_ms},
               {"dropped_ms", s.dropped_ms},
               {"rows_file", s.rows_file},
               {"rows_bytes", s.rows_bytes},
               {"file", s.file},
               {"file_bytes", s.file_bytes},
               {"file_crc", s.file_crc},
               {"repair_from", s.repair_from},
               {"damage", s.damage}};
  if (!s.attributes.empty()) json["attributes"] = s.attributes;
  return json;
}

SegmentState StateOf(const std::string& name) {
  for (const SegmentState state : {SegmentState::kConsuming, SegmentState::kSealing, SegmentState::kDone, SegmentState::kDamaged, SegmentState::kDropped}) {
    if (name == SegmentStateName(state)) return state;
  }
  throw std::invalid_argument("unknown state \"" + name + "\"");
}

SegmentInfo SegmentOf(const Json& json) {
  SegmentInfo s;
  const auto number = [&json](const char* name) { return json.at(name).get<int64_t>(); };
  const auto text = [&json](const char* name) { return json.at(name).get<std::string>(); };
  s.name = text("name");
  s.partition = static_cast<int32_t>(number("partition"));
  s.sequence = number("sequence");
  s.generation = static_cast<int32_t>(number("generation"));
  s.state = StateOf(text("state"));
  const int64_t reason = number("reason");
  if (reason < 0 || reason > static_cast<int64_t>(SealReason::kSchemaChange)) throw std::invalid_argument("unknown reason");
  s.reason = static_cast<SealReason>(reason);
  s.start = number("start");
  s.end = number("end");
  s.totals.rows = number("rows");
  s.totals.blocks = number("blocks");
  s.totals.fates = FatesOf(json.at("fates"));
  s.totals.times = {json.at("times").at(0).get<int64_t>(), json.at("times").at(1).get<int64_t>()};
  s.totals.rows_without_time = number("rows_without_time");
  s.totals.newest_stream_ms = number("newest_stream_ms");
  s.totals.newest_commit_ms = number("newest_commit_ms");
  s.created_ms = number("created_ms");
  s.rolled_ms = number("rolled_ms");
  s.sealed_ms = number("sealed_ms");
  s.dropped_ms = number("dropped_ms");
  s.rows_file = text("rows_file");
  s.rows_bytes = number("rows_bytes");
  s.file = text("file");
  s.file_bytes = number("file_bytes");
  s.file_crc = static_cast<uint32_t>(number("file_crc"));
  s.repair_from = number("repair_from");
  s.damage = text("damage");
  // Names become paths: none may lead out of the folder.
  for (const std::string* name : {&s.rows_file, &s.file}) {
    if (name->find('/') != std::string::npos || *name == "..") throw std::invalid_argument("a file name with a slash");
  }
  if (json.contains("attributes")) s.attributes = json.at("attributes").get<std::map<std::string, std::string>>();
  return s;
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

ManifestChange ChangeOf(const Json& json) {
  ManifestChange change;
  if (json.contains("next_sequence")) change.next_sequence = json.at("next_sequence").get<int64_t>();
  if (json.contains("position")) {
    change.position = json.at("position").get<int64_t>();
    if (json.contains("epoch")) change.epoch = json.at("epoch").get<int64_t>();
    if (json.contains("epoch") && change.epoch < 0) throw std::invalid_argument("a negative epoch");
  }
  if (json.contains("segments")) {
    for (const Json& segment : json.at("segments")) change.segments.push_back(SegmentOf(segment));
  }
  if (json.contains("removed")) change.removed = json.at("removed").get<std::vector<int64_t>>();
  if (json.contains("losses")) {
    for (const Json& lost : json.at("losses")) {
      change.losses.push_back(
          {lost.at("from").get<int64_t>(), lost.at("to").get<int64_t>(), lost.at("at_ms").get<int64_t>(), lost.at("why").get<std::string>()});
    }
  }
  if (json.contains("lost_forgotten")) change.lost_forgotten = json.at("lost_forgotten").get<int64_t>();
  if (json.contains("segments_forgotten")) change.segments_forgotten = json.at("segments_forgotten").get<int64_t>();
  return change;
}

}  // namespace

const SegmentInfo* PartitionState::consuming() const {
  if (segments.empty()) return nullptr;
  const SegmentInfo& last = segments.rbegin()->second;
  return last.state == SegmentState::kConsuming ? &last : nullptr;
}

std::string EncodePartition(const PartitionState& state) {
  return Dump({{"v", 1}, {"table_id", state.table_id}, {"partition", state.partition}, {"start", state.start}});
}

std::string EncodeChange(const ManifestChange& change) {
  Json json = Json::object();
  if (change.next_sequence.has_value()) json["next_sequence"] = *change.next_sequence;
  if (change.position.has_value()) json["position"] = *change.position;
  if (change.position.has_value() && change.epoch >= 0) json["epoch"] = change.epoch;
  if (!change.segments.empty()) {
    Json segments = Json::array();
    for (const SegmentInfo& segment : change.segments) segments.push_back(SegmentJson(segment));
    json["segments"] = std::move(segments);
  }
  if (!change.removed.empty()) json["removed"] = change.removed;
  if (!change.losses.empty()) {
    Json losses = Json::array();
    for (const LostRange& lost : change.losses) losses.push_back({{"from", lost.from}, {"to", lost.to}, {"at_ms", lost.at_ms}, {"why", lost.why}});
    json["losses"] = std::move(losses);
  }
  if (change.lost_forgotten != 0) json["lost_forgotten"] = change.lost_forgotten;
  if (change.segments_forgotten != 0) json["segments_forgotten"] = change.segments_forgotten;
  return Dump(json);
}

void Apply(const ManifestChange& change, PartitionState* state) {
  if (change.next_sequence.has_value()) state->next_sequence = *change.next_sequence;
  if (change.position.has_value()) {
    state->position = *change.position;
    state->epoch = change.epoch;
  }
  for (const SegmentInfo& segment : change.segments) state->segments[segment.sequence] = segment;
  for (const int64_t sequence : change.removed) state->segments.erase(sequence);
  for (const LostRange& lost : change.losses) {
    const auto same = std::find_if(state->losses.begin(), state->losses.end(), [&](const LostRange& old) { return old.from == lost.from; });
    if (same != state->losses.end()) {
      *same = lost;
    } else {
      state->losses.push_back(lost);
    }
  }
  while (state->losses.size() > TableStore::kMaxLostRanges) {
    state->lost_forgotten += state->losses.front().to - state->losses.front().from;
    state->losses.erase(state->losses.begin());
  }
  state->lost_forgotten += change.lost_forgotten;
  state->segments_forgotten += change.segments_forgotten;
}

Result<PartitionState> DecodeManifest(std::span<const std::string> records) {
  if (records.empty()) return Status::DataLoss("the manifest has no record");
  PartitionState state;
  size_t number = 0;
  try {
    const Json first = Json::parse(records[0]);
    if (first.at("v").get<int64_t>() != 1) return Status::Invalid("a manifest of format ", first.at("v").get<int64_t>(), ", this program knows 1");
    state.table_id = first.at("table_id").get<std::string>();
    state.partition = first.at("partition").get<int32_t>();
    state.start = first.at("start").get<int64_t>();
    state.position = state.start;
    for (number = 1; number < records.size(); ++number) Apply(ChangeOf(Json::parse(records[number])), &state);
  } catch (const std::exception& thrown) {
    return Status::DataLoss("the manifest's record ", number, " is not understood: ", thrown.what());
  }
  return state;
}

std::vector<std::string> EncodeManifest(const PartitionState& state) {
  std::vector<std::string> records = {EncodePartition(state)};
  ManifestChange change;
  change.next_sequence = state.next_sequence;
  change.position = state.position;
  change.epoch = state.epoch;
  change.losses = state.losses;
  change.lost_forgotten = state.lost_forgotten;
  change.segments_forgotten = state.segments_forgotten;
  constexpr size_t kSegmentsPerRecord = 256;
  for (const auto& [sequence, segment] : state.segments) {
    change.segments.push_back(segment);
    if (change.segments.size() == kSegmentsPerRecord) {
      records.push_back(EncodeChange(change));
      change = {};
    }
  }
  if (!(change == ManifestChange{})) records.push_back(EncodeChange(change));
  return records;
}

namespace {

// Manifests of this process's queries. At the limit all are forgotten, and read again when they are asked for.
constexpr size_t kMaxCachedManifests = 4096;
struct CachedManifest {
  std::string stamp;
  std::shared_ptr<const PartitionState> state;
};
std::mutex cache_mutex;
std::unordered_map<std::string, CachedManifest>& Cache() {
  static auto& cache = *new std::unordered_map<std::string, CachedManifest>();
  return cache;
}

}  // namespace

Result<std::shared_ptr<const PartitionState>> ReadManifest(const std::string& path) {
  const Result<std::string> stamp = JournalStamp(path);
  if (stamp.ok()) {
    const std::lock_guard lock(cache_mutex);
    const auto found = Cache().find(path);
    if (found != Cache().end() && found->second.stamp == *stamp) return found->second.state;
  }
  LOTIC_ASSIGN_OR_RETURN(const JournalContents contents, ReadJournal(path));
  Result<PartitionState> decoded = DecodeManifest(contents.records);
  if (!decoded.ok()) return decoded.status().WithMessage(path, ": ", decoded.status().message());
  auto state = std::make_shared<const PartitionState>(*std::move(decoded));
  if (stamp.ok()) {
    // Stamped before it was read: if it changed since, the next stamp differs.
    const std::lock_guard lock(cache_mutex);
    if (Cache().size() >= kMaxCachedManifests) Cache().clear();
    Cache()[path] = {*stamp, state};
  }
  return state;
}

}  // namespace lotic::table
