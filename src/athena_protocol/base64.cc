// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/base64.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "athena_protocol/ipc.h"

namespace lotic::athena {
namespace {

// A string cannot grow without being zeroed; in steps of this size that happens in the cache the kernel writes to next.
constexpr size_t kStepBytes = 12288;

constexpr uint8_t kNoDigit = 0xff;
constexpr std::array<uint8_t, 256> kDigits = [] {
  std::array<uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < alphabet.size(); ++i) digits[static_cast<uint8_t>(alphabet[i])] = static_cast<uint8_t>(i);
  return digits;
}();

bool IsWhiteSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

void Base64Stream::Encode(const uint8_t* bytes, size_t count) {
  while (count != 0) {
    const size_t step = std::min(count, kStepBytes);
    const size_t at = out_.size();
    out_.resize(at + step / 3 * 4);
    kernel_(bytes, step, out_.data() + at);
    bytes += step;
    count -= step;
  }
}

void Base64Stream::Append(const uint8_t* bytes, size_t count) {
  if (num_held_ != 0) {
    while (num_held_ < 3 && count != 0) {
      held_[num_held_++] = *bytes++;
      --count;
    }
    if (num_held_ < 3) return;
    Encode(held_, 3);
    num_held_ = 0;
  }
  const size_t whole = count / 3 * 3;
  Encode(bytes, whole);
  num_held_ = count - whole;
  if (num_held_ != 0) std::memcpy(held_, bytes + whole, num_held_);
}

void Base64Stream::Finish() {
  if (num_held_ == 0) return;
  for (size_t i = num_held_; i < 3; ++i) held_[i] = 0;
  Encode(held_, 3);
  for (size_t i = num_held_; i < 3; ++i) out_[out_.size() - 3 + i] = '=';
  num_held_ = 0;
}

void AppendBase64(std::span<const uint8_t> bytes, std::string* out) {
  out->reserve(out->size() + (bytes.size() + 2) / 3 * 4);
  Base64Stream stream(out);
  stream.Append(bytes.data(), bytes.size());
  stream.Finish();
}

Result<std::string> DecodeBase64(std::string_view text) {
  std::string out;
  out.resize(text.size() / 4 * 3 + 3);
  char* to = out.data();
  uint32_t bits = 0;
  int digits = 0, padding = 0;
  for (size_t at = 0; at < text.size();) {
    if (digits == 0 && padding == 0) {  // whole groups, as long as nothing else comes
      for (; at + 4 <= text.size(); at += 4, to += 3) {
        const auto* in = reinterpret_cast<const uint8_t*>(text.data()) + at;
        const uint32_t a = kDigits[in[0]], b = kDigits[in[1]], c = kDigits[in[2]], d = kDigits[in[3]];
        if (((a | b | c | d) & 0x80) != 0) break;
        const uint32_t group = a << 18 | b << 12 | c << 6 | d;
        to[0] = static_cast<char>(group >> 16);
        to[1] = static_cast<char>(group >> 8);
        to[2] = static_cast<char>(group);
      }
      if (at == text.size()) break;
    }
    const char c = text[at++];
    if (IsWhiteSpace(c)) continue;
    if (c == '=') {
      if (digits < 2 || digits + ++padding > 4) return Status::Invalid("decode base64: padding where none belongs, at character ", at - 1);
      continue;
    }
    const uint8_t digit = kDigits[static_cast<uint8_t>(c)];
    if (digit == kNoDigit) {
      return Status::Invalid("decode base64: a character of code ", static_cast<int>(static_cast<uint8_t>(c)), " at ", at - 1,
                             ", outside of the standard alphabet");
    }
    if (padding != 0) return Status::Invalid("decode base64: more text behind the padding, at character ", at - 1);
    bits = bits << 6 | digit;
    if (++digits == 4) {
      *to++ = static_cast<char>(bits >> 16);
      *to++ = static_cast<char>(bits >> 8);
      *to++ = static_cast<char>(bits);
      digits = 0;
      bits = 0;
    }
  }
  if (digits + padding != 0 && digits + padding != 4) {
    return Status::Invalid("decode base64: cut or unpadded: ", digits, " characters in the last group, after ", text.size());
  }
  if (digits == 2) *to++ = static_cast<char>(bits >> 4);
  if (digits == 3) {
    *to++ = static_cast<char>(bits >> 10);
    *to++ = static_cast<char>(bits >> 2);
  }
  out.resize(static_cast<size_t>(to - out.data()));
  return out;
}

}  // namespace lotic::athena
