// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

// The bytes of JSON: where things end, whether they are valid, what they say. Follows RFC 8259 and RFC 3629.
// Everywhere here text is [p, end), and kDecoderPadding bytes after `end` are readable, whatever they hold; none of
// them counts.

namespace lotic::json {

/// What was found where a cell should be.
enum class ExtentKind : uint8_t {
  kUnresolved,  ///< not looked at yet
  kMissing,     ///< no such member: NULL
  kMisfit,      ///< something on the path is no object: NULL, counted
  kBroken,      ///< the text broke before the member, or inside it: NULL, counted
  kBare,        ///< a number, true, false, null, or what stands in such a place
  kString,      ///< between the quotes
  kContainer,   ///< from bracket to bracket
};

/// A value in the text of a message. Borrowed.
struct Extent {
  const uint8_t* data = nullptr;
  uint32_t size = 0;
  ExtentKind kind = ExtentKind::kUnresolved;

  std::string_view text() const { return {reinterpret_cast<const char*>(data), size}; }
};

/// 1 for the bytes of `members`.
constexpr std::array<uint8_t, 256> ByteClass(std::string_view members) {
  std::array<uint8_t, 256> table{};
  for (const char c : members) table[static_cast<uint8_t>(c)] = 1;
  return table;
}
/// Space between tokens; what ends a bare token.
inline constexpr std::array<uint8_t, 256> kIsSpace = ByteClass(" \t\n\r");
inline constexpr std::array<uint8_t, 256> kEndsBare = ByteClass(" \t\n\r,:[]{}\"");

inline const uint8_t* SkipSpace(const uint8_t* p, const uint8_t* end) {
  while (p < end && kIsSpace[*p] != 0) ++p;
  return p;
}
inline const uint8_t* SkipBare(const uint8_t* p, const uint8_t* end) {
  while (p < end && kEndsBare[*p] == 0) ++p;
  return p;
}

/// `p` is behind the opening quote. @return the closing one, null if there is none; `escaped` is set if a backslash is
/// in between.
const uint8_t* ScanString(const uint8_t* p, const uint8_t* end, bool* escaped);

/// `p` is inside `depth` brackets (of either kind; strings are seen as such). @return behind the one that closes them
/// all, or null.
const uint8_t* SkipBalanced(const uint8_t* p, const uint8_t* end, int64_t depth);

/// Reads the value that begins at `p` (no space before it) by brackets and quotes alone. @return behind it; null if it
/// is not there or has no end. A bare token needs a byte behind it that ends it.
const uint8_t* ReadExtent(const uint8_t* p, const uint8_t* end, Extent* extent);

/// Is [p, end) one JSON value with nothing but space around it, in valid UTF-8, nested at most `max_depth` deep?
/// If not, and `where` is not null, it gets the offset of the first byte that cannot be.
bool IsValidJson(const uint8_t* p, const uint8_t* end, int max_depth, size_t* where);

bool IsValidUtf8(std::string_view text);

/// Is this a number of RFC 8259? `integral`: without fraction and exponent.
bool IsNumber(std::string_view token, bool* integral);

/// Appends what the inside of a string says. False (and `out` unspecified beyond its old size) if it holds a control
/// character, an escape that is none, half of a surrogate pair, or invalid UTF-8.
bool Unescape(std::string_view inside, std::string* out);

/// The value of a hexadecimal digit; -1 if it is none. And of four of them at `p`.
int HexDigit(uint8_t c);
int32_t HexQuad(const uint8_t* p, const uint8_t* end);
/// Appends a code point, no half of a surrogate pair, as UTF-8.
void AppendCodePoint(uint32_t c, std::string* out);

/// Appends `text`, valid JSON, without the space between its tokens.
void AppendCompact(std::string_view text, std::string* out);

}  // namespace lotic::json
