// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/split_state.h"

#include <algorithm>
#include <charconv>

namespace lotic::kafka {

Result<LogPosition> LogPosition::Parse(std::string_view what, std::string_view text) {
  LogPosition at;
  const char* const end = text.data() + text.size();
  std::from_chars_result read = std::from_chars(text.data(), end, at.offset);
  bool valid = read.ec == std::errc() && at.offset >= 0;
  if (valid && read.ptr != end && *read.ptr == '@') {
    read = std::from_chars(read.ptr + 1, end, at.leader_epoch);
    valid = read.ec == std::errc() && at.leader_epoch >= 0;
  }
  if (!valid || read.ptr != end) return Status::Invalid(what, " '", text, "' is not an offset, nor OFFSET@EPOCH");
  return at;
}

Position SplitState::Place() const {
  std::string text = std::to_string(position);
  if (!bounded() && position_epoch >= 0) text += "@" + std::to_string(position_epoch);
  return {std::move(text)};
}

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
