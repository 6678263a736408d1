// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace lotic::kafka {

/// The bytes of one answer, followed by kPadding bytes that may be read (they hold anything). Shared by what borrows from it; goes
/// back to its pool when the last owner lets go.
class ResponseBuffer {
 public:
  static constexpr size_t kPadding = 64;

  uint8_t* data() { return memory_.get(); }
  const uint8_t* data() const { return memory_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }

 private:
  friend class BufferPool;
  std::unique_ptr<uint8_t[]> memory_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

/// Keeps answers' memory for the next one: fresh pages cost more than the copy into them. Any thread; buffers may outlive it.
class BufferPool {
 public:
  static constexpr size_t kMaxPooledBuffers = 32;  ///< more than these are freed when they come back

  explicit BufferPool(size_t max_pooled_bytes = size_t{16} << 20);
  /// A buffer of `size` bytes. The caller has checked `size` against its own limit.
  std::shared_ptr<ResponseBuffer> Take(size_t size);

 private:
  struct State {
    explicit State(size_t limit) : max_bytes(limit) {}
    const size_t max_bytes;
    std::mutex mutex;  // guards all members below
    std::vector<std::unique_ptr<ResponseBuffer>> spare;
    size_t spare_bytes = 0;
  };
  static void GiveBack(const std::weak_ptr<State>& state, std::unique_ptr<ResponseBuffer> buffer);
  std::shared_ptr<State> state_;
};

}  // namespace lotic::kafka
