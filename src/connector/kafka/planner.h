// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connector/kafka/cluster.h"
#include "connector/kafka/kafka_connector.h"
#include "connector/kafka/snapshot.h"
#include "format/inference.h"
#include "lotic/connector.h"
#include "lotic/scan.h"

namespace lotic::kafka {

/// What a plan must know of a topic's messages; from the schema sample.
struct MessageFacts {
  const SchemaDocument* document = nullptr;  ///< null: not sampled. Needed where on_error checks whole messages
};

enum class PlanFor : uint8_t { kReading, kShowing };

/// Fixes the snapshot and finds the offset ranges that may hold wanted rows. With a declared max_out_of_order the batch at each end that
/// a look-up by time gives is fetched, to be sure that it is no transaction marker; a plan that is only shown (PlanPreview) leaves such ends
/// as they are. Errors: those of Connector::Prepare.
Result<Prepared> PlanScan(const CallContext& ctx, const std::shared_ptr<Cluster>& cluster, const KafkaOptions& options, const ScanRequest& request,
                          const MessageFacts& facts, PlanFor use = PlanFor::kReading);

/// The splits of some planned partitions; touches no network.
Result<SplitPage> PlanSplits(const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page);

/// For PartitionTokens: the snapshot of each partition alone. Touches no network.
Result<std::vector<std::string>> TokensOfPartitions(const std::string& token, std::span<const LayoutPartition> partitions);

/// Splits in one page where the caller does not say.
inline constexpr int kDefaultSplitsPerPage = 1000;

}  // namespace lotic::kafka
