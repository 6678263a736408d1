// SPDX-License-Identifier: Apache-2.0
#include "table/mapped_pages.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <mutex>

#include <sys/mman.h>

namespace lotic::table {
namespace {

// What the kernel maps at once around a page that was missed (its fault_around_bytes): less cannot be told apart, and is in memory as a whole.
constexpr int64_t kPieceBytes = int64_t{64} << 10;
constexpr int64_t kPage = 4096;

void Drop(const uint8_t* data, int64_t from, int64_t to) {
  // A failure leaves the pages where they are.
  if (to > from) (void)::madvise(const_cast<uint8_t*>(data) + from, static_cast<size_t>(to - from), MADV_DONTNEED);
}

}  // namespace

struct MappedPages::Registry {
  std::mutex mutex;        // guards what follows, and the places of every mapping
  std::list<Piece> order;  // used last first
  size_t limit = kMaxResidentBytes / kPieceBytes;

  // Under the mutex. A quarter more than must, so that neighbours go together: a call for each piece would cost more than reading them.
  void Shrink() {
    if (order.size() <= limit) return;
    const size_t keep = limit - limit / 4;
    std::vector<Piece> out;
    out.reserve(order.size() - keep);
    while (order.size() > keep) {
      out.push_back(order.back());
      out.back().of->places_[out.back().number] = order.end();
      order.pop_back();
    }
    std::sort(out.begin(), out.end(), [](const Piece& a, const Piece& b) { return a.of != b.of ? std::less<>()(a.of, b.of) : a.number < b.number; });
    for (size_t i = 0; i < out.size();) {
      const MappedPages& of = *out[i].of;
      const size_t first = out[i].number;
      size_t behind = first + 1;
      for (++i; i < out.size() && out[i].of == &of; ++i) {
        // What lies between is not in memory, as far as is known, or it is still wanted.
        bool wanted = false;
        for (size_t between = behind; between < out[i].number && !wanted; ++between) wanted = of.places_[between] != order.end();
        if (wanted) break;
        behind = out[i].number + 1;
      }
      Drop(of.data_, static_cast<int64_t>(first) * kPieceBytes, std::min(static_cast<int64_t>(behind) * kPieceBytes, of.bytes_));
    }
  }
};

MappedPages::Registry& MappedPages::TheRegistry() {
  static auto& registry = *new Registry();
  return registry;
}

Result<std::shared_ptr<const MappedPages>> MappedPages::Map(const File& file, int64_t bytes) {
  void* const data = ::mmap(nullptr, static_cast<size_t>(bytes), PROT_READ, MAP_SHARED, file.fd(), 0);
  if (data == MAP_FAILED) return FileFailure("map", file.path(), errno);
  std::shared_ptr<MappedPages> made(new MappedPages(static_cast<const uint8_t*>(data), bytes));
  Registry& registry = TheRegistry();
  const std::lock_guard lock(registry.mutex);
  made->places_.assign(static_cast<size_t>((bytes + kPieceBytes - 1) / kPieceBytes), registry.order.end());
  return std::shared_ptr<const MappedPages>(std::move(made));
}

MappedPages::~MappedPages() {
  Registry& registry = TheRegistry();
  {
    const std::lock_guard lock(registry.mutex);
    for (const Place place : places_) {
      if (place != registry.order.end()) registry.order.erase(place);
    }
  }
  ::munmap(const_cast<uint8_t*>(data_), static_cast<size_t>(bytes_));
}

void MappedPages::Used(std::span<const Range> ranges) const {
  if (ranges.empty()) return;
  Registry& registry = TheRegistry();
  const std::lock_guard lock(registry.mutex);
  for (const Range& range : ranges) {
    const int64_t to = std::min(range.to, bytes_);
    for (int64_t at = range.from / kPieceBytes * kPieceBytes; at < to; at += kPieceBytes) {
      const auto number = static_cast<size_t>(at / kPieceBytes);
      Place& place = places_[number];
      if (place == registry.order.end()) {
        registry.order.push_front({this, number});
        place = registry.order.begin();
      } else if (place != registry.order.begin()) {
        registry.order.splice(registry.order.begin(), registry.order, place);
      }
    }
  }
  registry.Shrink();
}

void MappedPages::LetGo(int64_t from, int64_t to) const {
  from = from / kPage * kPage;
  to = std::min(to, bytes_) / kPage * kPage;
  if (from >= to) return;
  Registry& registry = TheRegistry();
  {
    const std::lock_guard lock(registry.mutex);
    // A piece that goes in part stays counted.
    for (auto number = static_cast<size_t>((from + kPieceBytes - 1) / kPieceBytes); static_cast<int64_t>(number + 1) * kPieceBytes <= to; ++number) {
      if (places_[number] == registry.order.end()) continue;
      registry.order.erase(places_[number]);
      places_[number] = registry.order.end();
    }
  }
  Drop(data_, from, to);
}

void MappedPages::SetLimit(int64_t bytes) {
  Registry& registry = TheRegistry();
  const std::lock_guard lock(registry.mutex);
  registry.limit = static_cast<size_t>(bytes / kPieceBytes);
}

int64_t MappedPages::resident_bytes() {
  Registry& registry = TheRegistry();
  const std::lock_guard lock(registry.mutex);
  return static_cast<int64_t>(registry.order.size()) * kPieceBytes;
}

}  // namespace lotic::table
