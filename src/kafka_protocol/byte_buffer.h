// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "kafka_protocol/wire.h"

namespace lotic::kafka_protocol {

/// Bytes that grow without being zeroed and keep their capacity when cleared: a decompression target that is used again
/// and again. Movable, not copyable. One thread at a time.
class ByteBuffer {
 public:
  ByteBuffer() = default;
  ByteBuffer(ByteBuffer&& other) noexcept;
  ByteBuffer& operator=(ByteBuffer&& other) noexcept;

  uint8_t* data() { return data_.get(); }
  const uint8_t* data() const { return data_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  Bytes bytes() const { return {data_.get(), size_}; }
  void clear() { size_ = 0; }
  /// Makes room for `capacity` bytes in all, keeping the first size() ones.
  void Reserve(size_t capacity);
  /// `size` must be within the capacity; new bytes are whatever was written there.
  void SetSize(size_t size) { size_ = size; }
  void Append(Bytes bytes);
  /// Gives the memory back.
  void Release();

 private:
  std::unique_ptr<uint8_t[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace lotic::kafka_protocol
