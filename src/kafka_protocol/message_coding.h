// SPDX-License-Identifier: Apache-2.0
#pragma once

// One description of a message serves both directions: a function template over a "coder", which is an Encoder (fields
// are read and written out) or a Decoder (fields are set). Only the messages_*.cc files include this.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "kafka_protocol/api.h"
#include "kafka_protocol/error_code.h"
#include "kafka_protocol/wire.h"

namespace lotic::kafka_protocol::internal {

class Encoder {
 public:
  static constexpr bool kDecodes = false;
  Encoder(Writer& out, ApiKey api, int16_t version) : out_(out), version_(version), flexible_(IsFlexible(api, version)) {}

  int16_t version() const { return version_; }
  bool From(int16_t first) const { return version_ >= first; }
  bool Between(int16_t first, int16_t last) const { return version_ >= first && version_ <= last; }

  void operator()(bool value) { out_.Bool(value); }
  void operator()(int8_t value) { out_.Int8(value); }
  void operator()(int16_t value) { out_.Int16(value); }
  void operator()(int32_t value) { out_.Int32(value); }
  void operator()(int64_t value) { out_.Int64(value); }
  void operator()(const Uuid& value) { out_.UuidValue(value); }
  void operator()(const std::string& value) { out_.String(value, flexible_); }
  void operator()(const std::optional<std::string>& value) { out_.NullableString(value, flexible_); }
  template <typename Enum, typename = std::enable_if_t<std::is_enum_v<Enum>>>
  void operator()(Enum value) {
    (*this)(static_cast<std::underlying_type_t<Enum>>(value));
  }

  void ByteString(const std::string& value) { out_.ByteString(AsBytes(value), flexible_); }
  void Records(const std::optional<Bytes>& value) { out_.NullableByteString(value, flexible_); }

  template <typename T, typename Each>
  void Array(const std::vector<T>& values, Each&& each) {
    out_.ArrayCount(values.size(), flexible_);
    for (const T& value : values) each(value);
  }
  template <typename T>
  void Array(const std::vector<T>& values) {
    Array(values, [this](const T& value) { (*this)(value); });
  }
  template <typename T, typename Each>
  void NullableArray(const std::optional<std::vector<T>>& values, Each&& each) {
    if (values) {
      Array(*values, each);
    } else {
      out_.NullArray(flexible_);
    }
  }

  /// The end of a structure without tagged fields of ours.
  void Tags() {
    if (flexible_) out_.NoTags();
  }
  /// The end of one with tagged fields: `fields` calls `tag(number, present, body)` for each, numbers ascending.
  template <typename Fields>
  void Tags(Fields&& fields) {
    if (!flexible_) return;
    uint32_t count = 0;
    fields([&](uint32_t, bool present, auto&&) { count += present ? 1 : 0; });
    out_.UVarint(count);
    fields([&](uint32_t number, bool present, auto&& body) {
      if (!present) return;
      std::string bytes;
      Writer inner(&bytes);
      Encoder encoder(inner, version_, flexible_);
      body(encoder);
      out_.UVarint(number);
      out_.UVarint(bytes.size());
      out_.Raw(bytes);
    });
  }

 private:
  Encoder(Writer& out, int16_t version, bool flexible) : out_(out), version_(version), flexible_(flexible) {}
  Writer& out_;
  const int16_t version_;
  const bool flexible_;
};

class Decoder {
 public:
  static constexpr bool kDecodes = true;
  Decoder(Reader& in, ApiKey api, int16_t version) : in_(in), version_(version), flexible_(IsFlexible(api, version)) {}

  int16_t version() const { return version_; }
  bool From(int16_t first) const { return version_ >= first; }
  bool Between(int16_t first, int16_t last) const { return version_ >= first && version_ <= last; }

  void operator()(bool& value) { value = in_.Bool(); }
  void operator()(int8_t& value) { value = in_.Int8(); }
  void operator()(int16_t& value) { value = in_.Int16(); }
  void operator()(int32_t& value) { value = in_.Int32(); }
  void operator()(int64_t& value) { value = in_.Int64(); }
  void operator()(Uuid& value) { value = in_.UuidValue(); }
  void operator()(std::string& value) { value = in_.String(flexible_); }
  void operator()(std::optional<std::string>& value) {
    const std::optional<std::string_view> view = in_.NullableString(flexible_);
    if (view) {
      value.emplace(*view);
    } else {
      value.reset();
    }
  }
  template <typename Enum, typename = std::enable_if_t<std::is_enum_v<Enum>>>
  void operator()(Enum& value) {
    std::underlying_type_t<Enum> number{};
    (*this)(number);
    value = static_cast<Enum>(number);
  }

  void ByteString(std::string& value) { value = AsText(in_.ByteString(flexible_)); }
  void Records(std::optional<Bytes>& value) { value = in_.NullableByteString(flexible_); }

  template <typename T, typename Each>
  void Array(std::vector<T>& values, Each&& each) {
    Elements(values, in_.ArrayCount(flexible_), each);
  }
  template <typename T>
  void Array(std::vector<T>& values) {
    Array(values, [this](T& value) { (*this)(value); });
  }
  template <typename T, typename Each>
  void NullableArray(std::optional<std::vector<T>>& values, Each&& each) {
    const int32_t count = in_.NullableArrayCount(flexible_);
    if (count < 0) {
      values.reset();
      return;
    }
    Elements(values.emplace(), count, each);
  }

  void Tags() {
    if (flexible_) in_.SkipTags();
  }
  template <typename Fields>
  void Tags(Fields&& fields) {
    if (!flexible_) return;
    for (uint32_t left = in_.UVarint(); left > 0 && in_.ok(); --left) {
      const uint32_t wanted = in_.UVarint();
      const Bytes bytes = in_.Raw(in_.UVarint());
      if (!in_.ok()) return;
      Reader inner(bytes);
      Decoder decoder(inner, version_, flexible_);
      fields([&](uint32_t number, bool, auto&& body) {
        if (number == wanted) body(decoder);
      });
      if (!inner.ok()) in_.Fail("a tagged field is broken");
    }
  }

 private:
  static constexpr int32_t kReservedElements = 64;  // the declared count is a hint only; the rest grows as elements are read

  Decoder(Reader& in, int16_t version, bool flexible) : in_(in), version_(version), flexible_(flexible) {}

  template <typename T, typename Each>
  void Elements(std::vector<T>& values, int32_t count, Each&& each) {
    values.clear();
    values.reserve(static_cast<size_t>(std::min(count, kReservedElements)));
    for (int32_t i = 0; i < count && in_.ok(); ++i) each(values.emplace_back());
  }

  Reader& in_;
  const int16_t version_;
  const bool flexible_;
};

/// `DEFINE_KAFKA_MESSAGE(T, Code)`: T's two members, from `template <class C, class M> void Code(C& c, M& m)`.
#define DEFINE_KAFKA_MESSAGE(Type, Code)                         \
  void Type::Encode(Writer& out, int16_t version) const {        \
    LOTIC_CHECK(SupportedVersions(kApi).Contains(version));      \
    internal::Encoder coder(out, kApi, version);                 \
    Code(coder, *this);                                          \
  }                                                              \
  Status Type::Decode(Reader& in, int16_t version) {             \
    if (!SupportedVersions(kApi).Contains(version)) {            \
      return Status::NotImplemented(#Type " version ", version); \
    }                                                            \
    internal::Decoder coder(in, kApi, version);                  \
    Code(coder, *this);                                          \
    return in.status(#Type);                                     \
  }

}  // namespace lotic::kafka_protocol::internal
