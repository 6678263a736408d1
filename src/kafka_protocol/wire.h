// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lotic/status.h"

namespace lotic::kafka_protocol {

using Bytes = std::span<const uint8_t>;
using Uuid = std::array<uint8_t, 16>;  ///< all zero: none

inline Bytes AsBytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
inline std::string_view AsText(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Big-endian integers at a place whose bounds the caller has checked.
template <typename T>
inline T LoadBigEndian(const uint8_t* at) {
  std::make_unsigned_t<T> raw;
  std::memcpy(&raw, at, sizeof raw);
  if constexpr (sizeof raw == 2) raw = __builtin_bswap16(raw);
  if constexpr (sizeof raw == 4) raw = __builtin_bswap32(raw);
  if constexpr (sizeof raw == 8) raw = __builtin_bswap64(raw);
  return static_cast<T>(raw);
}
template <typename T>
inline void StoreBigEndian(void* at, T value) {
  auto raw = static_cast<std::make_unsigned_t<T>>(value);
  if constexpr (sizeof raw == 2) raw = __builtin_bswap16(raw);
  if constexpr (sizeof raw == 4) raw = __builtin_bswap32(raw);
  if constexpr (sizeof raw == 8) raw = __builtin_bswap64(raw);
  std::memcpy(at, &raw, sizeof raw);
}

/// Reads Kafka's primitive types from bytes it borrows (they must outlive it and every span it returned). Never reads
/// outside them. The first failure sticks: from then on every call returns zero, empty or null, and `status()` says
/// what went wrong and where; check it once at the end, and `ok()` in loops. One thread at a time.
class Reader {
 public:
  explicit Reader(Bytes bytes) : begin_(bytes.data()), pos_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return error_ == nullptr; }
  /// OK, or IOError "<what>: <failure> at byte N".
  Status status(std::string_view what) const;
  size_t remaining() const { return static_cast<size_t>(end_ - pos_); }
  size_t position() const { return static_cast<size_t>(pos_ - begin_); }
  /// Marks the bytes as broken. `failure` must be a literal.
  void Fail(const char* failure);
  /// Fails if bytes are left over.
  void ExpectEnd();

  int8_t Int8() { return Fixed<int8_t>(); }
  int16_t Int16() { return Fixed<int16_t>(); }
  int32_t Int32() { return Fixed<int32_t>(); }
  int64_t Int64() { return Fixed<int64_t>(); }
  uint16_t UInt16() { return Fixed<uint16_t>(); }
  uint32_t UInt32() { return Fixed<uint32_t>(); }
  bool Bool() { return Fixed<uint8_t>() != 0; }
  Uuid UuidValue();
  uint32_t UVarint();  ///< at most 5 bytes, at most 32 bits
  int32_t Varint();    ///< zigzag, at most 5 bytes
  int64_t Varlong();   ///< zigzag, at most 10 bytes
  /// The next `size` bytes.
  Bytes Raw(size_t size);

  /// Strings, byte strings and array counts in both encodings: `flexible` = compact (length + 1 as uvarint), else a
  /// fixed prefix. Views borrow the input. nullopt: null. The plain forms fail on null.
  std::string_view String(bool flexible);
  std::optional<std::string_view> NullableString(bool flexible);
  Bytes ByteString(bool flexible);
  std::optional<Bytes> NullableByteString(bool flexible);
  /// -1: null. Fails if fewer bytes are left than there are elements.
  int32_t NullableArrayCount(bool flexible);
  int32_t ArrayCount(bool flexible);
  /// Skips a section of tagged fields.
  void SkipTags();

 private:
  template <typename T>
  T Fixed() {
    if (remaining() < sizeof(T)) [[unlikely]] {
      Fail("cut short");
      return T{};
    }
    const T value = LoadBigEndian<T>(pos_);
    pos_ += sizeof(T);
    return value;
  }
  uint64_t Unsigned(int max_bytes);
  int64_t Length(bool flexible, bool wide);

  const uint8_t* begin_;
  const uint8_t* pos_;
  const uint8_t* end_;
  const char* error_ = nullptr;
  size_t error_at_ = 0;
};

/// Appends Kafka's primitive types to a string that it borrows. One thread at a time.
class Writer {
 public:
  explicit Writer(std::string* out) : out_(out) {}

  void Int8(int8_t value) { out_->push_back(static_cast<char>(value)); }
  void Int16(int16_t value) { Fixed(value); }
  void Int32(int32_t value) { Fixed(value); }
  void Int64(int64_t value) { Fixed(value); }
  void UInt32(uint32_t value) { Fixed(value); }
  void Bool(bool value) { out_->push_back(value ? 1 : 0); }
  void UuidValue(const Uuid& value) { out_->append(reinterpret_cast<const char*>(value.data()), value.size()); }
  void UVarint(uint64_t value);
  void Varint(int32_t value) { Varlong(value); }
  void Varlong(int64_t value) { UVarint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63)); }
  void Raw(Bytes bytes) { out_->append(AsText(bytes)); }
  void Raw(std::string_view bytes) { out_->append(bytes); }

  /// Not flexible: cut after 32,767 bytes, since the format cannot hold more.
  void String(std::string_view value, bool flexible);
  void NullableString(std::optional<std::string_view> value, bool flexible);
  void ByteString(Bytes value, bool flexible);
  void NullableByteString(std::optional<Bytes> value, bool flexible);
  void ArrayCount(size_t count, bool flexible);
  void NullArray(bool flexible);
  void NoTags() { out_->push_back(0); }

  size_t position() const { return out_->size(); }
  /// Leaves room for a 32-bit integer, to be filled in by PatchInt32; returns its place.
  size_t ReserveInt32();
  void PatchInt32(size_t place, int32_t value) { StoreBigEndian(out_->data() + place, value); }

 private:
  template <typename T>
  void Fixed(T value) {
    char raw[sizeof(T)];
    StoreBigEndian(raw, value);
    out_->append(raw, sizeof raw);
  }
  std::string* out_;
};

}  // namespace lotic::kafka_protocol
