// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/partition_key.h"

#include <algorithm>

#include "format/value_text.h"

namespace lotic::kinesis {
namespace {

bool Continues(char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; }
size_t UnitsOf(char lead) { return static_cast<uint8_t>(lead) >= 0xf0 ? 2 : 1; }

}  // namespace

size_t Utf16Units(std::string_view text) {
  size_t units = 0;
  for (const char c : text) units += Continues(c) ? 0 : UnitsOf(c);
  return units;
}

size_t Characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !Continues(c); }));
}

std::string RandomKey(std::mt19937_64& random) {
  static constexpr char kHex[] = "0123456789abcdef";
  uint64_t high = random(), low = random();
  high = (high & ~uint64_t{0xf000}) | 0x4000;                // version 4
  low = (low & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);  // variant 10
  std::string text;
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) text.push_back('-');
    text.push_back(kHex[((i < 16 ? high : low) >> (60 - 4 * (i % 16))) & 15]);
  }
  return text;
}

void AppendKeyText(const Column& column, int64_t row, std::string* out) {
  if (column.IsNull(row)) return void(out->append("null"));
  const size_t at = static_cast<size_t>(row);
  switch (column.type.id()) {
    case TypeId::kBool: return void(out->append(column.Bool(row) ? "true" : "false"));
    case TypeId::kInt8: return void(out->append(std::to_string(column.values<int8_t>()[at])));
    case TypeId::kInt16: return void(out->append(std::to_string(column.values<int16_t>()[at])));
    case TypeId::kInt32: return void(out->append(std::to_string(column.values<int32_t>()[at])));
    case TypeId::kInt64: return void(out->append(std::to_string(column.values<int64_t>()[at])));
    case TypeId::kUInt8: return void(out->append(std::to_string(column.values<uint8_t>()[at])));
    case TypeId::kUInt16: return void(out->append(std::to_string(column.values<uint16_t>()[at])));
    case TypeId::kUInt32: return void(out->append(std::to_string(column.values<uint32_t>()[at])));
    case TypeId::kUInt64: return void(out->append(std::to_string(column.values<uint64_t>()[at])));
    case TypeId::kFloat32: return AppendJavaFloat(column.values<float>()[at], out);
    case TypeId::kFloat64: return AppendJavaDouble(column.values<double>()[at], out);
    default: return void(out->append(column.Text(row)));
  }
}

bool KeyFromColumns::Add(std::string_view text) {
  if (units_ >= kMaxKeyUnits) return false;
  key_.append(text).append(delimiter_);
  units_ += Utf16Units(text) + Utf16Units(delimiter_);
  return units_ < kMaxKeyUnits;
}

std::string KeyFromColumns::Finish() {
  std::string key = std::move(key_);
  key_.clear();
  units_ = 0;
  key.resize(key.size() - std::min(key.size(), delimiter_.size()));
  size_t units = 0;
  for (size_t i = 0; i < key.size(); ++i) {
    if (Continues(key[i])) continue;
    if (units + UnitsOf(key[i]) > kMaxKeyUnits) {
      key.resize(i);
      break;
    }
    units += UnitsOf(key[i]);
  }
  return key;
}

}  // namespace lotic::kinesis
