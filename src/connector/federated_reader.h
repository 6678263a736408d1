// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "lotic/federated_source.h"

namespace lotic {

/// A split that Open needs nothing else for: partition and properties travel in it. Its positions are numbers of rows that the source wrote, and "end".
Split MakeFederatedSplit(const TableInfo& table, const LayoutPartition& partition, std::string name, const std::map<std::string, std::string>& properties);

/// Runs FederatedSource::Read in a thread of its own, split after split, a few batches ahead of Next; applies constraints and limit.
/// A position inside a split is resumed by reading it again from its start and passing over the rows before.
std::unique_ptr<Reader> MakeFederatedReader(std::shared_ptr<FederatedSource> source, TableInfo table, const ScanRequest& request, const CallContext& ctx);

}  // namespace lotic
