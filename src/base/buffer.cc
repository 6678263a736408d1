// SPDX-License-Identifier: Apache-2.0
#include "lotic/buffer.h"

#include <algorithm>
#include <cstdlib>

#include "lotic/status.h"

namespace lotic {

Buffer::~Buffer() { std::free(data_); }

void Buffer::Grow(size_t needed) {
  size_t capacity = std::max(needed, capacity_ * 2);
  capacity = std::max<size_t>((capacity + kAlignment - 1) / kAlignment * kAlignment, kAlignment);
  void* memory = std::aligned_alloc(kAlignment, capacity);
  LOTIC_CHECK(memory != nullptr);
  if (size_ != 0) std::memcpy(memory, data_, size_);
  std::free(data_);
  data_ = static_cast<uint8_t*>(memory);
  capacity_ = capacity;
}

void Buffer::Finish() {
  if (data_ == nullptr) Grow(kAlignment);
  const size_t padded = (size_ + kAlignment - 1) / kAlignment * kAlignment;
  if (padded != size_) std::memset(data_ + size_, 0, padded - size_);
}

}  // namespace lotic
