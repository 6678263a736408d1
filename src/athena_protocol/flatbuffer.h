// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

#include "lotic/status.h"

// The little of FlatBuffers that Arrow's schema and batch messages need. Follows: FlatBuffers, "Internals": little endian, every scalar aligned
// to its size from the start of the buffer.
//
//   buffer   [u32 offset to the root table] ...
//   vtable   [u16 bytes of the vtable][u16 bytes of the table][u16 place of field 0 in the table, 0: absent] ...
//   table    [i32 table position - vtable position][fields, as the vtable says]      string, vector, table: [u32 offset from here]
//   vector   [u32 count][elements]                                                   string: a vector of bytes, and a 0

namespace lotic::athena {

/// Writes front to back: what an offset leads to is written after it, and the offset then patched. One thread.
class FlatWriter {
 public:
  struct Slot {
    int id;
    int width;  ///< bytes: 1, 2, 4 or 8
    uint64_t value;
  };
  /// An offset that PointHere() fills.
  static Slot Offset(int id) { return {id, 4, 0}; }
  /// Where a table's fields lie in the buffer, by id.
  using Places = std::array<uint32_t, 8>;

  FlatWriter() { Put<uint32_t>(0); }
  Places AddTable(std::initializer_list<Slot> slots);
  void AddString(std::string_view text);
  /// @return where the first of `count` offsets lies, 4 bytes each.
  size_t AddOffsets(size_t count);
  /// @return where the elements lie: zeroed, aligned to 8.
  size_t AddStructs(size_t count, size_t bytes_each);
  void PutAt(size_t at, int64_t value) { std::memcpy(bytes_.data() + at, &value, sizeof(value)); }
  /// The offset at `place` leads to what is added next.
  void PointHere(size_t place) { pending_ = place; }

  const std::string& bytes() const { return bytes_; }

 private:
  template <typename T>
  void Put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void AlignTo(size_t alignment, size_t after = 0);
  void Arrive();  // what comes now is what the pending offset leads to
  std::string bytes_;
  size_t pending_ = 0;
};

/// Reads bytes that may be anything: never outside of them. The first thing that does not fit is kept as status(); from then on every getter answers with
/// its default, so that a caller checks once per loop. One thread; borrows the bytes.
class FlatReader {
 public:
  struct Table {
    uint32_t at = 0;  ///< 0: absent
    uint32_t vtable = 0;
    uint32_t vtable_bytes = 0;
    explicit operator bool() const { return at != 0; }
  };
  struct Vector {
    uint32_t at = 0;
    uint32_t count = 0;
  };

  explicit FlatReader(std::string_view bytes) : bytes_(bytes) {}
  Table Root();
  template <typename T>
  T Scalar(const Table& table, int id, T absent) {
    const uint32_t at = PlaceOf(table, id, sizeof(T));
    return at == 0 ? absent : Get<T>(at);
  }
  bool Has(const Table& table, int id) { return PlaceOf(table, id, 1) != 0; }
  Table Child(const Table& table, int id);
  /// Empty if absent.
  std::string_view Text(const Table& table, int id);
  Vector List(const Table& table, int id, size_t bytes_each);
  Table Element(const Vector& vector, uint32_t index) { return TableAt(Follow(vector.at + index * 4)); }
  template <typename T>
  T Get(size_t at) const {  // inside the buffer: checked before
    T value;
    std::memcpy(&value, bytes_.data() + at, sizeof(T));
    return value;
  }

  bool ok() const { return problem_ == nullptr; }
  /// Invalid, with what was expected and the offset in the flatbuffer.
  Status status(std::string_view doing) const;

 private:
  uint32_t PlaceOf(const Table& table, int id, size_t bytes);
  uint32_t Follow(uint32_t at);  // the target of an offset, 0 after a failure
  Table TableAt(uint32_t at);
  bool Fits(uint64_t at, uint64_t bytes, const char* what);
  std::string_view bytes_;
  const char* problem_ = nullptr;
  uint64_t problem_at_ = 0;
};

}  // namespace lotic::athena
