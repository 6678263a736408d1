// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/response_buffer.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lotic::kafka {

BufferPool::BufferPool(size_t max_pooled_bytes) : state_(std::make_shared<State>(max_pooled_bytes)) {}

std::shared_ptr<ResponseBuffer> BufferPool::Take(size_t size) {
  const size_t needed = size + ResponseBuffer::kPadding;
  std::unique_ptr<ResponseBuffer> buffer;
  {
    std::lock_guard lock(state_->mutex);
    // The one that came back last is still in the cache, if it is large enough. If none is, one of them makes way, so that answers of
    // many sizes end up with a few buffers of the largest size and not with some of each.
    auto at = std::find_if(state_->spare.rbegin(), state_->spare.rend(), [&](const auto& spare) { return spare->capacity_ >= needed; });
    const bool fits = at != state_->spare.rend();
    if (!fits) at = state_->spare.rbegin();
    if (at != state_->spare.rend()) {
      buffer = std::move(*at);
      state_->spare.erase(std::next(at).base());
      state_->spare_bytes -= buffer->capacity_;
      if (!fits) buffer = nullptr;
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
  return {buffer.release(), [weak = std::weak_ptr<State>(state_)](ResponseBuffer* done) { GiveBack(weak, std::unique_ptr<ResponseBuffer>(done)); }};
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
