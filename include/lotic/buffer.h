// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

namespace lotic {

/// Growable bytes, aligned to 64. What lies between size() and the allocation's end is zeroed by Finish(). One owner; moved, not copied.
/// Grows by doubling; running out of memory ends the process, so callers bound what they ask for.
class Buffer {
 public:
  static constexpr size_t kAlignment = 64;

  Buffer() = default;
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~Buffer();

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  template <typename T>
  T* as() {
    return reinterpret_cast<T*>(data_);
  }
  template <typename T>
  const T* as() const {
    return reinterpret_cast<const T*>(data_);
  }

  /// Room for `more` bytes beyond size(); pointers into the buffer may change.
  void Reserve(size_t more) {
    if (size_ + more > capacity_) Grow(size_ + more);
  }
  /// Sets the size; new bytes are unspecified.
  void Resize(size_t size) {
    if (size > capacity_) Grow(size);
    size_ = size;
  }
  /// Sets the size; new bytes are zero.
  void ResizeZeroed(size_t size) {
    const size_t before = size_;
    Resize(size);
    if (size > before) std::memset(data_ + before, 0, size - before);
  }
  void Append(const void* bytes, size_t count) {
    Reserve(count);
    if (count != 0) std::memcpy(data_ + size_, bytes, count);
    size_ += count;
  }
  template <typename T>
  void AppendValue(T value) {
    Reserve(sizeof(T));
    std::memcpy(data_ + size_, &value, sizeof(T));
    size_ += sizeof(T);
  }
  /// Zeroes the padding up to the next multiple of 64 bytes. A buffer never filled gets an allocation too, so that data() is not null.
  void Finish();

 private:
  void Grow(size_t needed);
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace lotic
