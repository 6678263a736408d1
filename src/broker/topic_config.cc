// SPDX-License-Identifier: Apache-2.0
#include "broker/topic_config.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace lotic::broker {
namespace {

constexpr int8_t kBoolean = 1, kString = 2, kInt = 3, kLong = 5, kDouble = 6, kList = 7;
constexpr std::string_view kTimestampType = "message.timestamp.type";
constexpr std::string_view kMaxMessageBytes = "max.message.bytes";

constexpr std::array kTopicEntries{
    ConfigEntry{"cleanup.policy", "delete", kList},
    ConfigEntry{"compression.type", "producer", kString},
    ConfigEntry{"delete.retention.ms", "86400000", kLong},
    ConfigEntry{"flush.messages", "9223372036854775807", kLong},
    ConfigEntry{"flush.ms", "9223372036854775807", kLong},
    ConfigEntry{"index.interval.bytes", "4096", kInt},
    ConfigEntry{"max.compaction.lag.ms", "9223372036854775807", kLong},
    ConfigEntry{kMaxMessageBytes, "1048588", kInt},
    ConfigEntry{"message.timestamp.after.max.ms", "3600000", kLong},
    ConfigEntry{"message.timestamp.before.max.ms", "9223372036854775807", kLong},
    ConfigEntry{kTimestampType, "CreateTime", kString},
    ConfigEntry{"min.cleanable.dirty.ratio", "0.5", kDouble},
    ConfigEntry{"min.compaction.lag.ms", "0", kLong},
    ConfigEntry{"min.insync.replicas", "1", kInt},
    ConfigEntry{"preallocate", "false", kBoolean},
    ConfigEntry{"retention.bytes", "-1", kLong},
    ConfigEntry{"retention.ms", "604800000", kLong},
    ConfigEntry{"segment.bytes", "1073741824", kInt},
    ConfigEntry{"segment.ms", "604800000", kLong},
    ConfigEntry{"unclean.leader.election.enable", "false", kBoolean},
};

constexpr std::array kBrokerEntries{
    ConfigEntry{"auto.create.topics.enable", "false", kBoolean},
    ConfigEntry{"default.replication.factor", "1", kInt},
    ConfigEntry{"message.max.bytes", "1048588", kInt},
    ConfigEntry{"num.partitions", "1", kInt},
};

}  // namespace

std::span<const ConfigEntry> TopicConfigEntries() { return kTopicEntries; }
std::span<const ConfigEntry> BrokerConfigEntries() { return kBrokerEntries; }

std::string_view TopicConfig(const ConfigMap& configs, std::string_view name) {
  const auto set = configs.find(std::string(name));
  if (set != configs.end()) return set->second;
  const auto entry = std::find_if(kTopicEntries.begin(), kTopicEntries.end(), [&](const auto& known) { return known.name == name; });
  return entry == kTopicEntries.end() ? std::string_view() : entry->default_value;
}

Status CheckTopicConfigs(const ConfigMap& configs) {
  for (const auto& [name, value] : configs) {
    const auto entry = std::find_if(kTopicEntries.begin(), kTopicEntries.end(), [&](const auto& known) { return known.name == name; });
    if (entry == kTopicEntries.end()) return Status::Invalid("unknown topic setting ", name);
    if (name == kTimestampType && value != "CreateTime" && value != "LogAppendTime") {
      return Status::Invalid(name, " is CreateTime or LogAppendTime, not ", value);
    }
    if (entry->type == kInt || entry->type == kLong) {
      int64_t number = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (error != std::errc() || end != value.data() + value.size()) return Status::Invalid(name, " is a number, not ", value);
    }
  }
  return Status::OK();
}

bool UsesLogAppendTime(const ConfigMap& configs) { return TopicConfig(configs, kTimestampType) == "LogAppendTime"; }

int64_t MaxMessageBytes(const ConfigMap& configs) {
  const std::string_view text = TopicConfig(configs, kMaxMessageBytes);
  int64_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

}  // namespace lotic::broker
