// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#if defined(__SSE4_1__)
#include <smmintrin.h>
#endif

#include "connector/kinesis/kinesis_client.h"
#include "format/decoder.h"
#include "format/json_text.h"

// The fast way through an answer of GetRecords: one pass over the text, which trusts nothing and takes only what the plain parser would take
// likewise. At the first thing out of the ordinary (an escape in base64, a member of a record that it does not know, anything wrong) it gives
// up, and the plain parser begins anew: that one has the errors. Every loop below ends at `end_`; up to kDecoderPadding bytes behind it
// are read, whatever they hold, and none of them counts.

namespace lotic::kinesis {
namespace {

constexpr int kMaxDepth = 60;          // below the plain parser's 64, brackets around included
constexpr size_t kMaxNumberText = 32;  // a longer one is left to the plain parser

#if defined(__SSE4_1__)
inline __m128i Load(const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
inline void Store(char* p, __m128i bytes) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes); }

/// 16 characters of base64 into 12 bytes (16 are written). Returns how many of the characters are of the alphabet before the first that is not; the
/// bytes are good if that is 16. A character's class is its high half-byte: 2 is '+' or '/', 3 digits, 4 and 5 capitals, 6 and 7 small ones.
inline unsigned Decode16(__m128i text, char* out) {
  const __m128i half = _mm_and_si128(_mm_srli_epi16(text, 4), _mm_set1_epi8(0x0F));
  const __m128i least = _mm_shuffle_epi8(_mm_setr_epi8(127, 127, '+', '0', 'A', 'P', 'a', 'p', 127, 127, 127, 127, 127, 127, 127, 127), half);
  const __m128i most = _mm_shuffle_epi8(_mm_setr_epi8(0, 0, '/', '9', 'O', 'Z', 'o', 'z', 0, 0, 0, 0, 0, 0, 0, 0), half);
  const __m128i between = _mm_and_si128(_mm_cmpgt_epi8(text, _mm_set1_epi8('+')), _mm_cmplt_epi8(text, _mm_set1_epi8('/')));
  const __m128i wrong = _mm_or_si128(_mm_or_si128(_mm_cmplt_epi8(text, least), _mm_cmpgt_epi8(text, most)), between);
  const auto mask = static_cast<unsigned>(_mm_movemask_epi8(wrong));
  const __m128i shift = _mm_shuffle_epi8(_mm_setr_epi8(0, 0, 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0), half);
  // '/' shares its class with '+', and is 63 where that shift gives 66.
  const __m128i slash = _mm_and_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('/')), _mm_set1_epi8(3));
  const __m128i six = _mm_sub_epi8(_mm_add_epi8(text, shift), slash);
  const __m128i twelve = _mm_maddubs_epi16(six, _mm_set1_epi32(0x01400140));       // first * 64 + second
  const __m128i twenty_four = _mm_madd_epi16(twelve, _mm_set1_epi32(0x00011000));  // first * 4096 + second
  Store(out, _mm_shuffle_epi8(twenty_four, _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1)));
  return mask == 0 ? 16 : static_cast<unsigned>(__builtin_ctz(mask));
}
#endif

struct SixBitTable {
  int8_t of[256];
  constexpr SixBitTable() : of() {
    for (int8_t& value : of) value = -1;
    for (int i = 0; i < 26; ++i) {
      of['A' + i] = static_cast<int8_t>(i);
      of['a' + i] = static_cast<int8_t>(26 + i);
    }
    for (int i = 0; i < 10; ++i) of['0' + i] = static_cast<int8_t>(52 + i);
    of[static_cast<int>('+')] = 62;
    of[static_cast<int>('/')] = 63;
  }
};
constexpr SixBitTable kSixBits;

class FastParser {
 public:
  explicit FastParser(const std::string& body) : p_(reinterpret_cast<const uint8_t*>(body.data())), end_(p_ + body.size()) {
    // Nothing is longer in the page than in the answer; a store may write 16 bytes beyond what it is for.
    page_.text = std::make_unique_for_overwrite<char[]>(body.size() + kDecoderPadding + 16);
    out_ = page_.text.get();
    page_.bytes = static_cast<int64_t>(body.size());
    page_.records.reserve(std::min<size_t>(body.size() / 160 + 1, 10'000));
  }

  bool Parse() {
    Space();
    if (!Take('{')) return false;
    if (Space(); !Take('}')) {
      do {
        Space();
        if (!RootMember()) return false;
        Space();
      } while (Take(','));
      if (!Take('}')) return false;
    }
    Space();
    if (p_ != end_) return false;
    std::memset(out_, 0, kDecoderPadding);
    page_.text_bytes = static_cast<size_t>(out_ - page_.text.get());
    return true;
  }

  RecordPage TakePage() { return std::move(page_); }

 private:
  void Space() { p_ = json::SkipSpace(p_, end_); }
  bool Take(char c) {
    if (p_ >= end_ || *p_ != static_cast<uint8_t>(c)) return false;
    ++p_;
    return true;
  }
  template <size_t kSize>
  bool Name(const char (&name)[kSize]) {  // with its quotes
    const uint8_t* const from = p_;
    if (std::memcmp(p_, name, kSize - 1) != 0) return false;
    p_ += kSize - 1;
    Space();
    if (!Take(':')) {
      p_ = from;  // what is no member of this name is none of another, either
      return false;
    }
    Space();
    return true;
  }
  bool Null() {
    if (std::memcmp(p_, "null", 4) != 0) return false;
    p_ += 4;
    return true;
  }

  bool RootMember() {
    if (Name("\"Records\"")) return Records();
    if (Name("\"NextShardIterator\"")) {
      if (Null()) return true;
      char* const from = out_;
      if (!Text()) return false;
      page_.next_iterator.assign(from, out_);
      out_ = from;
      return true;
    }
    if (Name("\"MillisBehindLatest\"")) {
      if (Null()) return true;
      int64_t behind = 0;
      const auto [after, error] = std::from_chars(reinterpret_cast<const char*>(p_), reinterpret_cast<const char*>(end_), behind);
      if (error != std::errc() || behind < 0 || behind > 1'000'000'000'000 || (*p_ == '0' && behind != 0)) return false;
      p_ = reinterpret_cast<const uint8_t*>(after);
      page_.behind_ms = behind;
      return p_ < end_ && (*p_ == ',' || *p_ == '}' || json::kIsSpace[*p_] != 0);
    }
    return Other();
  }

  /// A member of another name, with whatever value.
  bool Other() {
    json::Extent name, value;
    const uint8_t* const from = p_;
    const uint8_t* at = json::ReadExtent(p_, end_, &name);
    if (at == nullptr || name.kind != json::ExtentKind::kString || name.text().find('\\') != std::string_view::npos ||
        !json::IsValidJson(from, at, kMaxDepth, nullptr))
      return false;
    p_ = at;
    Space();
    if (!Take(':')) return false;
    Space();
    at = json::ReadExtent(p_, end_, &value);
    if (at == nullptr || !json::IsValidJson(p_, at, kMaxDepth, nullptr)) return false;
    p_ = at;
    return true;
  }

  bool Records() {
    if (!Take('[')) return false;
    if (Space(); Take(']')) return true;
    do {
      Space();
      if (!Record()) return false;
      Space();
    } while (Take(','));
    return Take(']');
  }

  // The members' texts are appended to the page as they come; the views tell them apart.
  bool Record() {
    if (!Take('{')) return false;
    RecordView& record = page_.records.emplace_back();
    unsigned seen = 0;
    do {
      Space();
      unsigned member = 0;
      bool good = false;
      char* const from = out_;
      switch (p_ + 1 < end_ ? p_[1] : 0) {
        case 'S':
          member = 1;
          good = Name("\"SequenceNumber\"") && Digits();
          record.sequence = {from, static_cast<size_t>(out_ - from)};
          break;
        case 'A':
          member = 2;
          good = Name("\"ApproximateArrivalTimestamp\"") && Time(&record.arrival_ms);
          break;
        case 'D':
          member = 4;
          good = Name("\"Data\"") && Data();
          record.data = {from, static_cast<size_t>(out_ - from)};
          break;
        case 'P':
          member = 8;
          good = Name("\"PartitionKey\"") && Text();
          record.partition_key = {from, static_cast<size_t>(out_ - from)};
          break;
        case 'E':
          member = 16;
          good = Name("\"EncryptionType\"") && (Null() || Text());
          out_ = from;
          break;
        default: return false;
      }
      if (!good || (seen & member) != 0) return false;
      seen |= member;
      Space();
    } while (Take(','));
    return Take('}') && (seen & 7) == 7;
  }

  /// A text of digits alone, at least one.
  bool Digits() {
    if (!Take('"')) return false;
    const uint8_t* const from = p_;
#if defined(__SSE4_1__)
    while (p_ < end_) {
      const __m128i bytes = Load(p_);
      Store(out_ + (p_ - from), bytes);
      const __m128i value = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
      const auto digits = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value)));
      if (digits != 0xFFFF) {
        p_ += __builtin_ctz(~digits);
        break;
      }
      p_ += 16;
    }
#else
    for (; p_ < end_ && *p_ >= '0' && *p_ <= '9'; ++p_) out_[p_ - from] = static_cast<char>(*p_);
#endif
    if (p_ == from || p_ >= end_) return false;
    out_ += p_ - from;
    return Take('"');
  }

  /// A text. Without escapes and in ASCII it is copied as it is scanned.
  bool Text() {
    if (!Take('"')) return false;
    const uint8_t* const from = p_;
#if defined(__SSE4_1__)
    while (p_ < end_) {
      const __m128i bytes = Load(p_);
      Store(out_ + (p_ - from), bytes);
      const __m128i special = _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)),  // signed: also what is not ASCII
                                           _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
      const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
      if (mask != 0) {
        p_ += __builtin_ctz(mask);
        break;
      }
      p_ += 16;
    }
#else
    for (; p_ < end_ && *p_ >= 0x20 && *p_ < 0x80 && *p_ != '"' && *p_ != '\\'; ++p_) out_[p_ - from] = static_cast<char>(*p_);
#endif
    if (p_ >= end_) return false;
    if (*p_ == '"') {
      out_ += p_ - from;
      ++p_;
      return true;
    }
    bool escaped = false;
    const uint8_t* const close = json::ScanString(from, end_, &escaped);
    unescaped_.clear();
    if (close == nullptr || !json::Unescape({reinterpret_cast<const char*>(from), static_cast<size_t>(close - from)}, &unescaped_)) return false;
    if (unescaped_.size() > static_cast<size_t>(close - from)) return false;
    std::memcpy(out_, unescaped_.data(), unescaped_.size());
    out_ += unescaped_.size();
    p_ = close + 1;
    return true;
  }

  /// Seconds, with three decimals at most; other ways to write them are left to the plain parser.
  bool Time(int64_t* ms) {
    const uint8_t* const from = p_;
    int64_t whole = 0;
    for (; *p_ >= '0' && *p_ <= '9' && p_ - from < 12; ++p_) whole = whole * 10 + (*p_ - '0');
    if (p_ == from || (*from == '0' && p_ - from > 1)) return false;
    whole *= 1000;
    if (*p_ == '.') {
      const uint8_t* const point = p_++;
      for (int64_t unit = 100; *p_ >= '0' && *p_ <= '9' && unit > 0; unit /= 10, ++p_) whole += (*p_ - '0') * unit;
      if (p_ == point + 1) return false;
    }
    *ms = whole;
    return p_ < end_ && static_cast<size_t>(p_ - from) < kMaxNumberText && whole < 1'000'000'000'000'000 &&
           (*p_ == ',' || *p_ == '}' || json::kIsSpace[*p_] != 0);
  }

  /// A text of base64.
  bool Data() {
    if (!Take('"')) return false;
#if defined(__SSE4_1__)
    while (p_ < end_ && Decode16(Load(p_), out_) == 16) {
      p_ += 16;
      out_ += 12;
    }
#endif
    for (;;) {
      if (p_ >= end_) return false;
      if (*p_ == '"') {
        ++p_;
        return true;
      }
      const int a = kSixBits.of[p_[0]], b = kSixBits.of[p_[1]], c = kSixBits.of[p_[2]], d = kSixBits.of[p_[3]];
      out_[0] = static_cast<char>(a << 2 | (b & 63) >> 4);
      out_[1] = static_cast<char>((b & 15) << 4 | (c & 63) >> 2);
      out_[2] = static_cast<char>((c & 3) << 6 | (d & 63));
      if ((a | b | c | d) >= 0) {
        p_ += 4;
        out_ += 3;
        continue;
      }
      // The last group: "xx==" or "xxx=", in front of the closing quote; bits that stand for nothing are zero.
      if ((a | b) < 0 || p_[3] != '=' || p_[4] != '"' || p_ + 4 >= end_) return false;
      const bool two = c >= 0;
      if (two ? (c & 3) != 0 : p_[2] != '=' || (b & 15) != 0) return false;
      out_ += two ? 2 : 1;
      p_ += 5;
      return true;
    }
  }

  const uint8_t* p_;
  const uint8_t* const end_;
  char* out_;
  std::string unescaped_;
  RecordPage page_;
};

}  // namespace

Result<RecordPage> ParseRecords(std::string body) {
  body.reserve(body.size() + kDecoderPadding);
  FastParser parser(body);
  if (parser.Parse()) return parser.TakePage();
  return ParseRecordsPlainly(std::move(body));
}

}  // namespace lotic::kinesis
