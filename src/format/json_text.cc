// SPDX-License-Identifier: Apache-2.0
#include "format/json_text.h"

#include <emmintrin.h>
#include <simdjson.h>

#include <bit>
#include <cstring>
#include <vector>

namespace lotic::json {
namespace {

constexpr auto kEscapeLetters = ByteClass("\"\\/bfnrtu");

/// Bytes of a string that need a second look: quotes, backslashes, control characters.
uint32_t SpecialBytes(__m128i bytes) {
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)));
}

/// One pass over the grammar; the nesting is a stack of one byte a level.
class Validator {
 public:
  Validator(const uint8_t* p, const uint8_t* end, int max_depth) : p_(p), end_(end), max_depth_(max_depth) {}

  bool Run() {
    open_.reserve(16);
    SkipWhite();
    while (true) {
      if (!Value())
        return false;  // a scalar is behind us, or a container has been opened and is empty or waits for its first
                       // value
      if (entered_) continue;
      while (true) {
        SkipWhite();
        if (open_.empty()) return p_ == end_;
        if (p_ == end_) return false;
        if (*p_ == ',') {
          ++p_;
          SkipWhite();
          if (open_.back() == '{' && !Key()) return false;
          break;
        }
        if (*p_ != (open_.back() == '{' ? '}' : ']')) return false;
        ++p_;
        open_.pop_back();
      }
    }
  }
  const uint8_t* position() const { return p_; }

 private:
  void SkipWhite() { p_ = SkipSpace(p_, end_); }

  bool Value() {
    entered_ = false;
    if (p_ == end_) return false;
    switch (*p_) {
      case '"': return String();
      case '{':
      case '[': {
        const uint8_t opening = *p_;
        if (static_cast<int>(open_.size()) >= max_depth_) return false;
        ++p_;
        SkipWhite();
        if (p_ != end_ && *p_ == (opening == '{' ? '}' : ']')) {
          ++p_;
          return true;
        }
        open_.push_back(opening);
        entered_ = true;
        return opening == '[' || Key();
      }
      case 't': return Word("true");
      case 'f': return Word("false");
      case 'n': return Word("null");
      default: {
        const uint8_t* stop = SkipBare(p_, end_);
        bool integral;
        if (!IsNumber({reinterpret_cast<const char*>(p_), static_cast<size_t>(stop - p_)}, &integral)) return false;
        p_ = stop;
        return true;
      }
    }
  }

  bool Key() {
    if (p_ == end_ || *p_ != '"' || !String()) return false;
    SkipWhite();
    if (p_ == end_ || *p_ != ':') return false;
    ++p_;
    SkipWhite();
    return true;
  }

  bool Word(std::string_view word) {
    if (static_cast<size_t>(end_ - p_) < word.size() || std::memcmp(p_, word.data(), word.size()) != 0) return false;
    p_ += word.size();
    return p_ == end_ || kEndsBare[*p_] != 0;
  }

  bool String() {
    ++p_;
    while (true) {
      const uint32_t special = SpecialBytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p_)));
      if (special == 0) {
        if (end_ - p_ <= 16) return p_ = end_, false;
        p_ += 16;
        continue;
      }
      p_ += std::countr_zero(special);
      if (p_ >= end_) return p_ = end_, false;
      if (*p_ == '"') return ++p_, true;
      if (*p_ != '\\') return false;
      if (end_ - p_ < 2 || kEscapeLetters[p_[1]] == 0) return false;
      if (p_[1] == 'u') {
        if (HexQuad(p_ + 2, end_) < 0) return false;
        p_ += 4;
      }
      p_ += 2;
    }
  }

  const uint8_t* p_;
  const uint8_t* const end_;
  const int max_depth_;
  std::vector<uint8_t> open_;
  bool entered_ = false;
};

}  // namespace

int HexDigit(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int32_t HexQuad(const uint8_t* p, const uint8_t* end) {
  if (end - p < 4) return -1;
  int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = HexDigit(p[i]);
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

void AppendCodePoint(uint32_t c, std::string* out) {
  if (c < 0x80) {
    out->push_back(static_cast<char>(c));
    return;
  }
  if (c < 0x800) {
    out->push_back(static_cast<char>(0xc0 | c >> 6));
  } else {
    if (c < 0x10000) {
      out->push_back(static_cast<char>(0xe0 | c >> 12));
    } else {
      out->push_back(static_cast<char>(0xf0 | c >> 18));
      out->push_back(static_cast<char>(0x80 | (c >> 12 & 0x3f)));
    }
    out->push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
  }
  out->push_back(static_cast<char>(0x80 | (c & 0x3f)));
}

const uint8_t* ScanString(const uint8_t* p, const uint8_t* end, bool* escaped) {
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  while (p < end) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const uint32_t hits = static_cast<uint32_t>(_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash))));
    if (hits == 0) {
      p += 16;
      continue;
    }
    p += std::countr_zero(hits);
    if (p >= end) return nullptr;
    if (*p == '"') return p;
    *escaped = true;
    p += 2;
  }
  return nullptr;
}

const uint8_t* SkipBalanced(const uint8_t* p, const uint8_t* end, int64_t depth) {
  // '[' and '{', ']' and '}' differ in bit 5 only.
  const __m128i bit = _mm_set1_epi8(0x20);
  while (p < end) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i folded = _mm_or_si128(bytes, bit);
    const __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                     _mm_or_si128(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')), _mm_cmpeq_epi8(folded, _mm_set1_epi8('}'))));
    uint32_t hits = static_cast<uint32_t>(_mm_movemask_epi8(hit));
    const uint8_t* next = p + 16;
    while (hits != 0) {
      const uint8_t* at = p + std::countr_zero(hits);
      hits &= hits - 1;
      if (at >= end) return nullptr;
      if (*at == '"') {
        bool escaped = false;
        const uint8_t* close = ScanString(at + 1, end, &escaped);
        if (close == nullptr) return nullptr;
        next = close + 1;
        break;
      }
      depth += (*at | 0x20) == '{' ? 1 : -1;
      if (depth == 0) return at + 1;
    }
    p = next;
  }
  return nullptr;
}

const uint8_t* ReadExtent(const uint8_t* p, const uint8_t* end, Extent* extent) {
  const uint8_t* behind = nullptr;
  if (p < end && *p == '"') {
    bool escaped = false;
    const uint8_t* close = ScanString(p + 1, end, &escaped);
    if (close != nullptr) {
      *extent = {p + 1, static_cast<uint32_t>(close - p - 1), ExtentKind::kString};
      return close + 1;
    }
  } else if (p < end && (*p | 0x20) == '{') {
    behind = SkipBalanced(p + 1, end, 1);
    if (behind != nullptr) *extent = {p, static_cast<uint32_t>(behind - p), ExtentKind::kContainer};
  } else {
    const uint8_t* stop = SkipBare(p, end);
    if (stop != p && stop < end) {
      *extent = {p, static_cast<uint32_t>(stop - p), ExtentKind::kBare};
      behind = stop;
    }
  }
  if (behind == nullptr) *extent = {p, 0, ExtentKind::kBroken};
  return behind;
}

bool IsValidUtf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

bool IsValidJson(const uint8_t* p, const uint8_t* end, int max_depth, size_t* where) {
  Validator validator(p, end, max_depth);
  const bool grammar = validator.Run();
  const std::string_view text(reinterpret_cast<const char*>(p), static_cast<size_t>(end - p));
  if (grammar && IsValidUtf8(text)) return true;
  if (where != nullptr) *where = grammar ? 0 : static_cast<size_t>(validator.position() - p);
  return false;
}

bool IsNumber(std::string_view token, bool* integral) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t begin = i;
    while (i < token.size() && token[i] >= '0' && token[i] <= '9') ++i;
    return i - begin;
  };
  if (i < token.size() && token[i] == '-') ++i;
  const bool zero = i < token.size() && token[i] == '0';
  const size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  *integral = i == token.size();
  if (i < token.size() && token[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < token.size() && (token[i] | 0x20) == 'e') {
    ++i;
    if (i < token.size() && (token[i] == '+' || token[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == token.size();
}

bool Unescape(std::string_view inside, std::string* out) {
  if (!IsValidUtf8(inside)) return false;
  const uint8_t* p = reinterpret_cast<const uint8_t*>(inside.data());
  const uint8_t* const end = p + inside.size();
  while (p < end) {
    const uint8_t* run = p;
    while (p < end && *p >= 0x20 && *p != '\\') ++p;
    out->append(reinterpret_cast<const char*>(run), static_cast<size_t>(p - run));
    if (p == end) return true;
    if (*p != '\\' || ++p == end) return false;
    const uint8_t letter = *p++;
    switch (letter) {
      case '"':
      case '\\':
      case '/': out->push_back(static_cast<char>(letter)); break;
      case 'b': out->push_back('\b'); break;
      case 'f': out->push_back('\f'); break;
      case 'n': out->push_back('\n'); break;
      case 'r': out->push_back('\r'); break;
      case 't': out->push_back('\t'); break;
      case 'u': {
        const int32_t unit = HexQuad(p, end);
        if (unit < 0) return false;
        p += 4;
        if (unit < 0xd800 || unit > 0xdfff) {
          AppendCodePoint(static_cast<uint32_t>(unit), out);
          break;
        }
        // A pair such as \ud83d\ude00: 10 bits from each half, above 0x10000.
        if (unit > 0xdbff || end - p < 6 || p[0] != '\\' || p[1] != 'u') return false;
        const int32_t low = HexQuad(p + 2, end);
        if (low < 0xdc00 || low > 0xdfff) return false;
        p += 6;
        AppendCodePoint(0x10000u + (static_cast<uint32_t>(unit - 0xd800) << 10 | static_cast<uint32_t>(low - 0xdc00)), out);
        break;
      }
      default: return false;
    }
  }
  return true;
}

void AppendCompact(std::string_view text, std::string* out) {
  bool inside = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (inside) {
      out->push_back(c);
      if (c == '\\' && i + 1 < text.size()) out->push_back(text[++i]);
      if (c == '"') inside = false;
    } else if (kIsSpace[static_cast<uint8_t>(c)] == 0) {
      out->push_back(c);
      inside = c == '"';
    }
  }
}

}  // namespace lotic::json
