// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lotic/status.h"
#include "table/store.h"

namespace lotic::table {

/// What the discovery journal of a table says.
struct DiscoveryContents {
  TableIdentity identity;
  std::string state;
  std::map<int32_t, PartitionStart> partitions;
  bool operator==(const DiscoveryContents& other) const;
};

/// The first record; a record of what was found; all of it in two records.
std::string EncodeIdentity(const TableIdentity& identity);
std::string EncodeDiscovery(const std::string& state, std::span<const PartitionStart> partitions);
std::vector<std::string> EncodeDiscoveryContents(const DiscoveryContents& contents);
/// Errors: DataLoss.
Result<DiscoveryContents> DecodeDiscovery(std::span<const std::string> records);
/// Of a table's folder, in any process; parsed again only when it changed. Errors: NotFound (no table there), DataLoss, Invalid, IOError.
Result<std::shared_ptr<const DiscoveryContents>> ReadDiscovery(const std::string& table_folder);

inline constexpr const char* kDiscoveryFile = "/discovery";
std::string PartitionFolderOf(const std::string& table_folder, int32_t partition);

}  // namespace lotic::table
