// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/response_buffer.h"

#include <utility>

namespace lotic::kafka {

BufferPool::BufferPool(size_t max_pooled_bytes) : state_(std::make_shared<State>(max_pooled_bytes)) {}

std::shared_ptr<ResponseBuffer> BufferPool::Take(size_t size) {
  const size_t needed = size + ResponseBuffer::kPadding;
  std::unique_ptr<ResponseBuffer> buffer;
  {
    std::lock_guard lock(state_->mutex);
    size_t best = state_->spare.size();
    for (size_t i = 0; i < state_->spare.size(); ++i) {
      const size_t capacity = state_->spare[i]->capacity_;
      if (capacity >= needed && (best == state_->spare.size() || capacity < state_->spare[best]->capacity_)) best = i;
    }
    if (best < state_->spare.size()) {
      buffer = std::move(state_->spare[best]);
      state_->spare.erase(state_->spare.begin() + static_cast<std::ptrdiff_t>(best));
      state_->spare_bytes -= buffer->capacity_;
    }
  }
  if (buffer == nullptr) {
    buffer = std::make_unique<ResponseBuffer>();
    // Sizes are rounded up, so that answers of nearly one size share memory.
    const size_t step = needed < (size_t{1} << 16) ? size_t{1} << 12 : size_t{1} << 18;
    buffer->capacity_ = (needed + step - 1) / step * step;
    buffer->memory_.reset(new uint8_t[buffer->capacity_]);  // not zeroed: untouched pages cost nothing
  }
  buffer->size_ = size;
  return {buffer.release(), [weak = std::weak_ptr<State>(state_)](ResponseBuffer* done) {
            GiveBack(weak, std::unique_ptr<ResponseBuffer>(done));
          }};
}

void BufferPool::GiveBack(const std::weak_ptr<State>& weak, std::unique_ptr<ResponseBuffer> buffer) {
  const std::shared_ptr<State> state = weak.lock();
  if (state == nullptr) return;
  std::lock_guard lock(state->mutex);
  if (state->spare.size() >= kMaxPooledBuffers || state->spare_bytes + buffer->capacity_ > state->max_bytes) return;
  state->spare_bytes += buffer->capacity_;
  state->spare.push_back(std::move(buffer));
}

}  // namespace lotic::kafka
