// SPDX-License-Identifier: Apache-2.0
#include "kafka_protocol/wire.h"

namespace lotic::kafka_protocol {

Status Reader::status(std::string_view what) const {
  if (ok()) return Status::OK();
  return Status::IOError(what, ": ", error_, " at byte ", error_at_);
}

void Reader::Fail(const char* failure) {
  if (error_ != nullptr) return;
  error_ = failure;
  error_at_ = position();
  pos_ = end_;  // whoever goes on reading finds nothing
}

void Reader::ExpectEnd() {
  if (remaining() != 0) Fail("bytes left over");
}

Uuid Reader::UuidValue() {
  Uuid value{};
  const Bytes raw = Raw(value.size());
  if (raw.size() == value.size()) std::memcpy(value.data(), raw.data(), value.size());
  return value;
}

uint64_t Reader::Unsigned(int max_bytes) {
  uint64_t value = 0;
  for (int i = 0; i < max_bytes; ++i) {
    if (pos_ == end_) {
      Fail("cut short");
      return 0;
    }
    const uint64_t byte = *pos_++;
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return value;
  }
  Fail("a variable-length integer is too long");
  return 0;
}

uint32_t Reader::UVarint() {
  const uint64_t value = Unsigned(5);
  if (value > UINT32_MAX) {
    Fail("a variable-length integer is too large");
    return 0;
  }
  return static_cast<uint32_t>(value);
}

int32_t Reader::Varint() {
  const uint32_t raw = UVarint();
  return static_cast<int32_t>(raw >> 1) ^ -static_cast<int32_t>(raw & 1);
}

int64_t Reader::Varlong() {
  const uint64_t raw = Unsigned(10);
  return static_cast<int64_t>(raw >> 1) ^ -static_cast<int64_t>(raw & 1);
}

Bytes Reader::Raw(size_t size) {
  if (size > remaining()) {
    Fail("cut short");
    return {};
  }
  const Bytes bytes(pos_, size);
  pos_ += size;
  return bytes;
}

// -1: null (or failed); otherwise within the remaining bytes.
int64_t Reader::Length(bool flexible, bool wide) {
  int64_t length;
  if (flexible) {
    length = static_cast<int64_t>(UVarint()) - 1;
  } else {
    length = wide ? Int32() : Int16();
  }
  if (!ok()) return -1;
  if (length < -1) {
    Fail("a length is negative");
    return -1;
  }
  if (length > static_cast<int64_t>(remaining())) {
    Fail("a length is larger than what is left");
    return -1;
  }
  return length;
}

std::optional<std::string_view> Reader::NullableString(bool flexible) {
  const int64_t length = Length(flexible, false);
  if (length < 0) return std::nullopt;
  return AsText(Raw(static_cast<size_t>(length)));
}

std::string_view Reader::String(bool flexible) {
  const std::optional<std::string_view> value = NullableString(flexible);
  if (!value) {
    Fail("a string is null");
    return {};
  }
  return *value;
}

std::optional<Bytes> Reader::NullableByteString(bool flexible) {
  const int64_t length = Length(flexible, true);
  if (length < 0) return std::nullopt;
  return Raw(static_cast<size_t>(length));
}

Bytes Reader::ByteString(bool flexible) {
  const std::optional<Bytes> value = NullableByteString(flexible);
  if (!value) {
    Fail("a byte string is null");
    return {};
  }
  return *value;
}

int32_t Reader::NullableArrayCount(bool flexible) {
  const int64_t count = Length(flexible, true);  // every element takes a byte at least
  if (count > INT32_MAX) {
    Fail("an array is too long");
    return -1;
  }
  return static_cast<int32_t>(count);
}

int32_t Reader::ArrayCount(bool flexible) {
  const int32_t count = NullableArrayCount(flexible);
  if (count < 0) {
    Fail("an array is null");
    return 0;
  }
  return count;
}

void Reader::SkipTags() {
  for (uint32_t left = UVarint(); left > 0 && ok(); --left) {
    UVarint();
    Raw(UVarint());
  }
}

void Writer::UVarint(uint64_t value) {
  char raw[10];
  size_t size = 0;
  while (value >= 0x80) {
    raw[size++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  raw[size++] = static_cast<char>(value);
  out_->append(raw, size);
}

void Writer::String(std::string_view value, bool flexible) {
  if (flexible) {
    UVarint(value.size() + 1);
  } else {
    value = value.substr(0, INT16_MAX);
    Int16(static_cast<int16_t>(value.size()));
  }
  Raw(value);
}

void Writer::NullableString(std::optional<std::string_view> value, bool flexible) {
  if (value) {
    String(*value, flexible);
  } else if (flexible) {
    UVarint(0);
  } else {
    Int16(-1);
  }
}

void Writer::ByteString(Bytes value, bool flexible) {
  if (flexible) {
    UVarint(value.size() + 1);
  } else {
    Int32(static_cast<int32_t>(value.size()));
  }
  Raw(value);
}

void Writer::NullableByteString(std::optional<Bytes> value, bool flexible) {
  if (value) {
    ByteString(*value, flexible);
  } else {
    NullArray(flexible);
  }
}

void Writer::ArrayCount(size_t count, bool flexible) {
  if (flexible) {
    UVarint(count + 1);
  } else {
    Int32(static_cast<int32_t>(count));
  }
}

void Writer::NullArray(bool flexible) {
  if (flexible) {
    UVarint(0);
  } else {
    Int32(-1);
  }
}

size_t Writer::ReserveInt32() {
  const size_t place = out_->size();
  out_->append(4, '\0');
  return place;
}

}  // namespace lotic::kafka_protocol
