// SPDX-License-Identifier: Apache-2.0
#include "broker/producer_state.h"

#include <climits>

namespace lotic::broker {

using kafka_protocol::BatchHeader;
using kafka_protocol::ErrorCode;

namespace {

// Sequences count from 0 to INT32_MAX and start over: after (INT32_MAX, 0 steps) comes 0.
int32_t After(int32_t sequence, int32_t steps) { return static_cast<int32_t>((static_cast<int64_t>(sequence) + steps) % (int64_t{INT32_MAX} + 1)); }

}  // namespace

ProducerStates::Verdict ProducerStates::Judge(const BatchHeader& header) const {
  if (header.producer_id < 0 || header.base_sequence < 0) return {};
  const auto found = producers_.find(header.producer_id);
  if (found == producers_.end()) return {};  // nothing known, as after a retention: any sequence may begin
  const State& state = found->second;
  if (header.producer_epoch < state.epoch) return {ErrorCode::kInvalidProducerEpoch, {}};
  if (header.producer_epoch > state.epoch || state.sent.empty()) {
    if (header.base_sequence == 0 || state.sent.empty()) return {};
    return {ErrorCode::kOutOfOrderSequenceNumber, {}};
  }
  const int32_t last = After(header.base_sequence, header.last_offset_delta);
  for (const Sent& sent : state.sent) {
    if (sent.first_sequence == header.base_sequence && sent.last_sequence == last) return {ErrorCode::kNone, sent.base_offset};
  }
  if (header.base_sequence == After(state.sent.back().last_sequence, 1)) return {};
  if (header.base_sequence < state.sent.front().first_sequence && last < state.sent.front().first_sequence) {
    return {ErrorCode::kDuplicateSequenceNumber, {}};  // older than what is remembered
  }
  return {ErrorCode::kOutOfOrderSequenceNumber, {}};
}

void ProducerStates::Note(const BatchHeader& header) {
  if (header.producer_id < 0) return;
  NoteEpoch(header.producer_id, header.producer_epoch);
  if (header.base_sequence < 0) return;
  State& state = producers_[header.producer_id];
  state.sent.push_back({header.base_sequence, After(header.base_sequence, header.last_offset_delta), header.base_offset});
  if (state.sent.size() > kRememberedBatches) state.sent.pop_front();
}

void ProducerStates::NoteEpoch(int64_t producer_id, int16_t epoch) {
  State& state = producers_[producer_id];
  if (epoch > state.epoch) {
    state.epoch = epoch;
    state.sent.clear();
  }
  if (producers_.size() > kMaxProducers) producers_.erase(producers_.begin()->first == producer_id ? std::next(producers_.begin()) : producers_.begin());
}

}  // namespace lotic::broker
