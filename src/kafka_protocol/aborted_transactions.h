// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "kafka_protocol/messages.h"
#include "kafka_protocol/record_batch.h"
#include "lotic/status.h"

namespace lotic::kafka_protocol {

/// What a read_committed consumer does with a batch.
enum class BatchFate {
  kDeliver,
  kAborted,  ///< its records belong to an aborted transaction
  kControl,  ///< markers: no consumer sees them, whatever the isolation level
};

/// Decides, for the batches of ONE fetched partition in their order, which belong to aborted transactions, from the
/// list in the same response: a producer is aborted from the first offset named for it until its abort marker. One
/// thread at a time.
class AbortedTransactions {
 public:
  explicit AbortedTransactions(std::span<const AbortedTransaction> aborted);
  /// Call once for every batch, in order. IOError when a control batch of a producer that is aborted just now is
  /// broken.
  Result<BatchFate> Judge(const BatchView& batch);

 private:
  std::vector<AbortedTransaction> waiting_;  // by first offset, descending: the next one is the last
  std::unordered_set<int64_t> aborted_producers_;
};

}  // namespace lotic::kafka_protocol
