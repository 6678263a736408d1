// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "lotic/status.h"

namespace lotic::broker {

/// A topic or broker setting that DescribeConfigs shows. The broker acts upon message.timestamp.type and
/// max.message.bytes; the rest is stored and shown.
struct ConfigEntry {
  std::string_view name;
  std::string_view default_value;
  int8_t type;  ///< of DescribeConfigs 3+: 1 boolean, 2 string, 3 int, 5 long, 6 double, 7 list
};

std::span<const ConfigEntry> TopicConfigEntries();
std::span<const ConfigEntry> BrokerConfigEntries();

using ConfigMap = std::map<std::string, std::string>;

/// Invalid naming the setting that is unknown, or whose value the broker acts upon and cannot.
Status CheckTopicConfigs(const ConfigMap& configs);
/// The value set, or the default.
std::string_view TopicConfig(const ConfigMap& configs, std::string_view name);
/// Does the topic keep the time of appending instead of its creators' times?
bool UsesLogAppendTime(const ConfigMap& configs);
int64_t MaxMessageBytes(const ConfigMap& configs);

}  // namespace lotic::broker
