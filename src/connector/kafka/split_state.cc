// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/split_state.h"

#include <algorithm>

namespace lotic::kafka {

void SplitState::AdvanceTo(int64_t to) {
  to = std::min(to, end);
  if (to <= position) return;
  counts.missing += to - position;
  position = to;
}

void SplitState::AddNote(std::string note) {
  if (notes.size() < kMaxNotes) notes.push_back(std::move(note));
}

SplitCertificate SplitState::Certificate() const {
  SplitCertificate certificate;
  certificate.partition = split.partition;
  certificate.planned_start = {std::to_string(start)};
  if (released) {
    certificate.planned_end = Position{std::to_string(position)};  // what was handed back is planned by whoever takes it
  } else if (bounded()) {
    certificate.planned_end = Position{std::to_string(std::max(end, start))};
  }
  certificate.read_start = {std::to_string(start)};
  certificate.read_end = {std::to_string(position)};
  certificate.complete =
      !lost && status.ok() && (reason == EndReason::kEnd || reason == EndReason::kLimit || reason == EndReason::kPruned || reason == EndReason::kReleased);
  certificate.reason = reason == EndReason::kEnd && lost ? EndReason::kDataLoss : reason;
  certificate.records = counts;
  certificate.rows = rows;
  certificate.undecodable_values = undecodable_values;
  certificate.bytes_fetched = bytes_fetched;
  certificate.notes = notes;
  return certificate;
}

}  // namespace lotic::kafka
