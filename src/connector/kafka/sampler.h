// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connector/kafka/cluster.h"
#include "connector/kafka/kafka_connector.h"
#include "format/inference.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::kafka {

struct SampledSchema {
  SchemaDocument document;
  int64_t columns_left_out = 0;
  std::vector<std::string> notes;  ///< partitions that could not be looked at
};

/// Infers a topic's schema from the newest records of each of its partitions, in the order of partitions and offsets, within the
/// options' limits. The time limit counts from the first record on: a slow connection is not an empty topic.
/// Errors: those of reading, where no partition could be read.
Result<SampledSchema> SampleTopic(const CallContext& ctx, const std::shared_ptr<Cluster>& cluster, const KafkaOptions& options, const std::string& topic);

}  // namespace lotic::kafka
