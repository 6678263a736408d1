// SPDX-License-Identifier: Apache-2.0
#include "kafka_protocol/aborted_transactions.h"

#include <algorithm>

namespace lotic::kafka_protocol {

AbortedTransactions::AbortedTransactions(std::span<const AbortedTransaction> aborted) : waiting_(aborted.begin(), aborted.end()) {
  std::sort(waiting_.begin(), waiting_.end(), [](const AbortedTransaction& a, const AbortedTransaction& b) { return a.first_offset > b.first_offset; });
}

Result<BatchFate> AbortedTransactions::Judge(const BatchView& batch) {
  const BatchHeader& header = batch.header;
  while (!waiting_.empty() && waiting_.back().first_offset <= header.last_offset()) {
    aborted_producers_.insert(waiting_.back().producer_id);
    waiting_.pop_back();
  }
  if (header.is_control()) {
    if (aborted_producers_.contains(header.producer_id)) {
      LOTIC_ASSIGN_OR_RETURN(const ControlType type, ReadControlType(batch));
      if (type == ControlType::kAbort) aborted_producers_.erase(header.producer_id);
    }
    return BatchFate::kControl;
  }
  if (header.is_transactional() && aborted_producers_.contains(header.producer_id)) return BatchFate::kAborted;
  return BatchFate::kDeliver;
}

}  // namespace lotic::kafka_protocol
