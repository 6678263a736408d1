// SPDX-License-Identifier: Apache-2.0
#include "table/stream_plan.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "lotic/scan_json.h"

namespace lotic::table {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr const char* kStreamSchema = "default";  // sources of streams have one schema, by this name

bool Wanted(const catalog::StreamConfig& config, int32_t partition) {
  return config.partition_ids.empty() || std::binary_search(config.partition_ids.begin(), config.partition_ids.end(), partition);
}

Result<int32_t> PartitionOf(const Split& split) {
  int32_t partition = -1;
  const std::string& text = split.partition;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), partition);
  if (error != std::errc() || end != text.data() + text.size() || partition < 0) {
    return Status::Invalid("the stream's partition '", text, "' has no number");
  }
  return partition;
}

/// Of 0 and above, but for the greatest: the store keeps an epoch as its successor.
std::optional<int64_t> NumberIn(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0 || number == INT64_MAX) return std::nullopt;
  return number;
}

// By these names a source tells which stream it is.
constexpr const char* kTopicId = "topic_id";
constexpr const char* kClusterId = "cluster_id";

struct Planned {
  std::string token;
  std::string cluster;
  std::vector<Split> splits;
};

/// Every partition of an endless plan.
Result<Planned> Plan(const CallContext& ctx, Connector& connector, ScanRequest request) {
  LOTIC_ASSIGN_OR_RETURN(const Prepared prepared, connector.Prepare(ctx, request));
  Planned planned{prepared.token, {}, {}};
  for (const auto& [name, value] : prepared.attributes) {
    if (name == kClusterId) planned.cluster = value;
  }
  request.token = prepared.token;
  PageRequest page;
  do {
    LOTIC_ASSIGN_OR_RETURN(SplitPage got, connector.Splits(ctx, request, prepared.partitions, page));
    for (Split& split : got.splits) planned.splits.push_back(std::move(split));
    page.page_token = std::move(got.next_page);
  } while (!page.page_token.empty());
  return planned;
}

}  // namespace

std::string StreamPlan::ToText() const {
  Json json;
  json["v"] = kVersion;
  json["topic"] = topic;
  json["token"] = token;
  json["state"] = state.text;
  if (!cluster.empty()) json["cluster"] = cluster;
  for (const auto& [partition, sequence] : since) json["since"][std::to_string(partition)] = sequence;
  Json& list = json["splits"] = Json::array();
  for (const auto& [partition, split] : splits) list.push_back(Json::parse(lotic::ToJson(split, Schema())));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<StreamPlan> StreamPlan::Parse(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("v").get<int>() != kVersion) return Status::Invalid("stream plan: version ", json.at("v").dump(), " is not known");
    StreamPlan plan;
    plan.topic = json.at("topic").get<std::string>();
    plan.token = json.at("token").get<std::string>();
    plan.state.text = json.at("state").get<std::string>();
    plan.cluster = json.value("cluster", std::string());
    if (json.contains("since")) {
      for (const auto& [partition, sequence] : json.at("since").items()) {
        Split named;
        named.partition = partition;
        LOTIC_ASSIGN_OR_RETURN(const int32_t number, PartitionOf(named));
        plan.since[number] = sequence.get<int64_t>();
      }
    }
    for (const Json& one : json.at("splits")) {
      LOTIC_ASSIGN_OR_RETURN(Split split, SplitFromJson(one.dump(), Schema()));
      LOTIC_ASSIGN_OR_RETURN(const int32_t partition, PartitionOf(split));
      plan.splits[partition] = std::move(split);
    }
    return plan;
  } catch (const Json::exception& thrown) {
    return Status::Invalid("stream plan: ", thrown.what());
  }
}

ScanRequest StreamRequest(const catalog::StreamConfig& config, const Schema& layout) {
  ScanRequest request;
  request.table = {kStreamSchema, config.topic};
  request.unbounded = true;
  request.layout = layout;
  request.policy.isolation = config.isolation == catalog::StreamConfig::Isolation::kReadCommitted ? Isolation::kReadCommitted : Isolation::kReadUncommitted;
  request.policy.tombstones = Tombstones::kEmit;
  request.policy.on_data_loss = OnDataLoss::kFail;
  return request;
}

Result<Schema> ResolveRawLayout(const CallContext& ctx, Connector& connector, const catalog::StreamConfig& config, const Schema& wanted) {
  LOTIC_ASSIGN_OR_RETURN(const TableInfo info, connector.GetTable(ctx, {kStreamSchema, config.topic}));
  if (info.name.table != config.topic) {
    return Status::NotFound("topic '", config.topic, "' does not exist; there is '", info.name.table, "'");
  }
  if (std::find(info.roles.begin(), info.roles.end(), Role::kEndless) == info.roles.end()) {
    return Status::Invalid("stream '", config.topic, "' of type ", connector.type_name(), " cannot be read endlessly");
  }
  Schema layout;
  for (const Field& field : wanted.fields) {
    const Schema* from = info.hidden.IndexOf(field.name).has_value() ? &info.hidden : &info.schema;
    const auto index = from->IndexOf(field.name);
    if (!index.has_value()) return Status::Invalid("stream '", config.topic, "' has no column '", field.name, "'");
    const Field& have = from->fields[*index];
    if (have.type != field.type) {
      return Status::Invalid("stream '", config.topic, "': column '", field.name, "' is ", have.type.ToString(), ", not ", field.type.ToString());
    }
    layout.fields.push_back(have);
  }
  return layout;
}

Result<StreamPlan> PlanStream(const CallContext& ctx, Connector& connector, const catalog::StreamConfig& config, const catalog::OffsetCriteria& start,
                              int64_t now_ms) {
  using Kind = catalog::OffsetCriteria::Kind;
  ScanRequest request = StreamRequest(config, Schema());
  switch (start.kind) {
    case Kind::kSmallest: request.start.kind = ScanStart::Kind::kEarliest; break;
    case Kind::kLargest: request.start.kind = ScanStart::Kind::kLatest; break;
    case Kind::kTimeAgo:
    case Kind::kInstant:
      request.start.kind = ScanStart::Kind::kTime;
      request.start.time_ms = start.kind == Kind::kInstant ? start.ms : now_ms - start.ms;
      break;
    case Kind::kPositions:
      request.start.kind = ScanStart::Kind::kPositions;
      for (const auto& [partition, offset] : start.positions) request.start.positions[std::to_string(partition)] = PositionOf(offset);
      break;
  }
  LOTIC_ASSIGN_OR_RETURN(Planned planned, Plan(ctx, connector, std::move(request)));
  StreamPlan plan;
  plan.topic = config.topic;
  plan.token = std::move(planned.token);
  plan.cluster = std::move(planned.cluster);
  for (Split& split : planned.splits) {
    LOTIC_ASSIGN_OR_RETURN(const int32_t partition, PartitionOf(split));
    LOTIC_RETURN_NOT_OK(OffsetOf(split.start).status());
    if (Wanted(config, partition)) plan.splits[partition] = std::move(split);
  }
  for (const int32_t partition : config.partition_ids) {
    if (plan.splits.count(partition) == 0) {
      return Status::Invalid("stream.", config.type, ".partition.ids names partition ", partition, ", and topic '", config.topic, "' has ",
                             planned.splits.size(), " partitions");
    }
  }
  if (plan.splits.empty()) return Status::Invalid("topic '", config.topic, "' has no partition");
  return plan;
}

Result<bool> HasStreamOf(const CallContext& ctx, Connector& connector, const catalog::StreamConfig& config, const StreamPlan& plan) {
  if (plan.topic != config.topic) return false;
  LOTIC_ASSIGN_OR_RETURN(const TableInfo info, connector.GetTable(ctx, {kStreamSchema, config.topic}));
  if (info.name.table != config.topic) return Status::NotFound("topic '", config.topic, "' does not exist; there is '", info.name.table, "'");
  const auto text = [](const std::map<std::string, std::string>& properties) {
    const auto found = properties.find(kTopicId);
    return found == properties.end() ? std::string() : found->second;
  };
  const std::string now = text(info.properties);
  const std::string before = plan.splits.empty() ? std::string() : text(plan.splits.begin()->second.properties);
  if (!now.empty() && !before.empty()) return now == before;
  if (plan.cluster.empty()) return false;
  ScanRequest request = StreamRequest(config, Schema());
  request.start.kind = ScanStart::Kind::kLatest;
  LOTIC_ASSIGN_OR_RETURN(const Planned planned, Plan(ctx, connector, std::move(request)));
  return planned.cluster == plan.cluster;
}

Result<StreamPlan> DiscoverPartitions(const CallContext& ctx, Connector& connector, const catalog::StreamConfig& config, const StreamPlan& plan) {
  if (plan.topic != config.topic)
    return Status::DataLoss("the positions are those of topic '", plan.topic, "', and the table's topic is '", config.topic, "' by now");
  auto* discovery = dynamic_cast<SplitDiscovery*>(&connector);
  if (discovery == nullptr) return plan;
  ScanRequest request = StreamRequest(config, Schema());
  request.token = plan.token;
  LOTIC_ASSIGN_OR_RETURN(Discovered found, discovery->Discover(ctx, request, plan.state, {}));
  StreamPlan now = plan;
  now.state = std::move(found.state);
  for (Split& split : found.splits) {
    LOTIC_ASSIGN_OR_RETURN(const int32_t partition, PartitionOf(split));
    LOTIC_RETURN_NOT_OK(OffsetOf(split.start).status());
    if (Wanted(config, partition)) now.splits.emplace(partition, std::move(split));
  }
  return now;
}

Result<std::map<int32_t, StreamRange>> StreamRanges(const CallContext& ctx, Connector& connector, const catalog::StreamConfig& config) {
  std::map<int32_t, StreamRange> ranges;
  ScanRequest request = StreamRequest(config, Schema());
  for (const bool first : {true, false}) {  // the end last: it is never below the first
    request.start.kind = first ? ScanStart::Kind::kEarliest : ScanStart::Kind::kLatest;
    LOTIC_ASSIGN_OR_RETURN(const Planned planned, Plan(ctx, connector, request));
    for (const Split& split : planned.splits) {
      LOTIC_ASSIGN_OR_RETURN(const int32_t partition, PartitionOf(split));
      LOTIC_ASSIGN_OR_RETURN(const int64_t offset, OffsetOf(split.start));
      (first ? ranges[partition].first : ranges[partition].end) = offset;
    }
  }
  return ranges;
}

Result<int64_t> OffsetOf(const Position& position) {
  const size_t at = position.text.find('@');
  const std::optional<int64_t> offset = NumberIn(std::string_view(position.text).substr(0, at));
  if (!offset.has_value() || (at != std::string::npos && EpochOf(position) < 0)) {
    return Status::Invalid("the stream's position '", position.text, "' is not a number, nor OFFSET@EPOCH");
  }
  return *offset;
}

int64_t EpochOf(const Position& position) {
  const size_t at = position.text.find('@');
  return at == std::string::npos ? -1 : NumberIn(std::string_view(position.text).substr(at + 1)).value_or(-1);
}

Position PositionOf(int64_t offset, int64_t epoch) { return {std::to_string(offset) + (epoch < 0 ? "" : "@" + std::to_string(epoch))}; }

}  // namespace lotic::table
