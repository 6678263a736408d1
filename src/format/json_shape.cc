// SPDX-License-Identifier: Apache-2.0
#include "format/json_shape.h"

#include <tmmintrin.h>

#include <bit>

namespace lotic::json {
namespace {

size_t Padded(size_t size) { return (size + 15) / 16 * 16; }

bool HasChunk(const uint8_t* p, const uint8_t* literal, uint32_t size) {
  const __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)), _mm_loadu_si128(reinterpret_cast<const __m128i*>(literal)));
  const uint32_t wanted = size >= 16 ? 0xffffu : (1u << size) - 1;
  return (static_cast<uint32_t>(_mm_movemask_epi8(equal)) & wanted) == wanted;
}

/// Does the literal stand at `p`, which is at most `end`? What is read behind `end` lies in the padding.
bool HasLiteral(const uint8_t* p, const uint8_t* end, const uint8_t* literal, uint32_t size) {
  if (static_cast<size_t>(end - p) < size) return false;
  for (; size > 16; size -= 16, p += 16, literal += 16) {
    if (!HasChunk(p, literal, 16)) return false;
  }
  return HasChunk(p, literal, size);
}

/// Behind a bare token: the first byte of kEndsBare. Null if that is the first, or not before `end`.
///
/// A byte is looked up by its halves, and each of the bits below stands for the delimiters of one row of the ASCII
/// table: 1: tab, line feed, carriage return; 2: space, '"', ','; 4: ':'; 8: '[', ']', '{', '}'. ',' is 0x2c: row 2 has
/// bit 2, column c has bit 2.
[[gnu::always_inline]] inline const uint8_t* BareEnd(const uint8_t* p, const uint8_t* end) {
  const __m128i by_column = _mm_setr_epi8(2, 0, 2, 0, 0, 0, 0, 0, 0, 1, 1 | 4, 8, 2, 1 | 8, 0, 0);
  const __m128i by_row = _mm_setr_epi8(1, 0, 2, 4, 0, 8, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0);
  const uint8_t* const begin = p;
  while (p < end) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i row = _mm_and_si128(_mm_srli_epi16(bytes, 4), _mm_set1_epi8(0x0f));
    const __m128i common = _mm_and_si128(_mm_shuffle_epi8(by_column, bytes), _mm_shuffle_epi8(by_row, row));
    const uint32_t ends = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpgt_epi8(common, _mm_setzero_si128())));
    if (ends == 0) {
      p += 16;
      continue;
    }
    p += std::countr_zero(ends);
    return p < end && p != begin ? p : nullptr;
  }
  return nullptr;
}

/// The closing quote; null if a backslash comes before it, unless `escapes`.
[[gnu::always_inline]] inline const uint8_t* StringEnd(const uint8_t* p, const uint8_t* end, bool escapes) {
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
    if (p < end && *p == '"') return p;
    bool escaped = false;
    return escapes ? ScanString(p, end, &escaped) : nullptr;
  }
  return nullptr;
}

}  // namespace

std::optional<Shape> Shape::Learn(const uint8_t* begin, const WalkTrace& trace, const Extent* cells, size_t num_columns, size_t stride) {
  if (!trace.regular || trace.visits.empty() || trace.visits.size() > kMaxShapeSteps) return std::nullopt;
  Shape shape;
  shape.to_end_ = trace.to_end;
  const auto add_literal = [&](const uint8_t* from, const uint8_t* to) {
    const uint32_t at = static_cast<uint32_t>(shape.literals_.size());
    shape.literals_.insert(shape.literals_.end(), from, to);
    shape.literals_.resize(Padded(shape.literals_.size()));
    return at;
  };
  const uint8_t* from = begin;
  for (const Visit& visit : trace.visits) {
    const size_t size = static_cast<size_t>(visit.begin - from);
    if (size > kMaxShapeLiteral) return std::nullopt;
    const uint32_t at = add_literal(from, visit.begin);
    shape.steps_.push_back({at, static_cast<uint32_t>(size), visit.kind, {visit.columns.begin(), visit.columns.end()}});
    from = visit.end;
  }
  // The quote that ends a last string has been seen when its end was found.
  if (trace.visits.back().kind == ExtentKind::kString && !trace.whole && trace.stopped == from + 1) ++from;
  shape.tail_size_ = static_cast<uint32_t>(trace.stopped - from);
  if (shape.tail_size_ > kMaxShapeLiteral) return std::nullopt;
  shape.tail_at_ = add_literal(from, trace.stopped);
  shape.literals_.resize(shape.literals_.size() + 16);
  for (size_t column = 0; column < num_columns; ++column) {
    const ExtentKind kind = cells[column * stride].kind;
    if (kind == ExtentKind::kMissing) shape.missing_.push_back(static_cast<uint32_t>(column));
  }
  return shape;
}

// Moves every row behind its value; one that does not fit gets a null `at`. @return how many of those there are.
// That a literal ends before the message does needs no check here: a value behind the end is none.
template <ExtentKind kKind, bool kOneChunk>
size_t Shape::RunStep(const Step& step, Extent* cells, size_t stride) {
  const uint8_t* literal = literals_.data() + step.literal_at;
  const uint32_t size = step.literal_size;
  const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(literal));
  const uint32_t wanted = size >= 16 ? 0xffffu : (1u << size) - 1;
  const bool escapes = to_end_;
  Extent* const column = step.columns.empty() ? nullptr : cells + step.columns[0] * stride;
  ShapeRow* const rows = active_.data();
  const size_t count = active_.size();
  size_t failed = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* at = rows[i].at;
    const uint8_t* const end = rows[i].end;
    bool fits;
    if constexpr (kOneChunk) {
      const __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)), chunk);
      fits = (~static_cast<uint32_t>(_mm_movemask_epi8(equal)) & wanted) == 0;
    } else {
      fits = HasLiteral(at, end, literal, size);
    }
    const uint8_t* stop = nullptr;
    if (fits) [[likely]] {
      at += size;
      if constexpr (kKind == ExtentKind::kBare) {
        stop = BareEnd(at, end);
      } else if constexpr (kKind == ExtentKind::kString) {
        stop = StringEnd(at, end, escapes);
      } else {
        stop = SkipBalanced(at, end, 1);
        --at;
      }
    }
    if (column != nullptr) {
      const uintptr_t length = reinterpret_cast<uintptr_t>(stop) - reinterpret_cast<uintptr_t>(at);  // of failed rows: whatever
      column[rows[i].cell] = {at, static_cast<uint32_t>(length), kKind};
    }
    rows[i].at = stop;
    failed += stop == nullptr;
  }
  return failed;
}

size_t Shape::RunTail() {
  if (tail_size_ == 0) return 0;
  const uint8_t* literal = literals_.data() + tail_at_;
  size_t failed = 0;
  for (ShapeRow& row : active_) {
    if (HasLiteral(row.at, row.end, literal, tail_size_) && (!to_end_ || row.at + tail_size_ == row.end)) continue;
    row.at = nullptr;
    ++failed;
  }
  return failed;
}

void Shape::DropFailed() {
  size_t kept = 0;
  for (const ShapeRow& row : active_) {
    active_[kept] = row;
    kept += row.at != nullptr;
  }
  active_.resize(kept);
}

void Shape::Match(std::vector<ShapeRow>* rows, Extent* cells, size_t stride) {
  active_.assign(rows->begin(), rows->end());
  for (const Step& step : steps_) {
    const bool one = step.literal_size <= 16;
    size_t failed = 0;
    switch (step.kind) {
      case ExtentKind::kBare:
        failed = one ? RunStep<ExtentKind::kBare, true>(step, cells, stride) : RunStep<ExtentKind::kBare, false>(step, cells, stride);
        break;
      case ExtentKind::kString:
        failed = one ? RunStep<ExtentKind::kString, true>(step, cells, stride) : RunStep<ExtentKind::kString, false>(step, cells, stride);
        break;
      default: failed = one ? RunStep<ExtentKind::kContainer, true>(step, cells, stride) : RunStep<ExtentKind::kContainer, false>(step, cells, stride); break;
    }
    if (failed == 0) continue;
    DropFailed();
    if (active_.empty()) return;
  }
  if (RunTail() != 0) DropFailed();
  hits += static_cast<int64_t>(active_.size());

  // What several columns share is copied; what such messages have not is said.
  for (const Step& step : steps_) {
    for (size_t i = 1; i < step.columns.size(); ++i) {
      for (const ShapeRow& row : active_) {
        cells[step.columns[i] * stride + row.cell] = cells[step.columns[0] * stride + row.cell];
      }
    }
  }
  for (const uint32_t column : missing_) {
    for (const ShapeRow& row : active_) cells[column * stride + row.cell] = {nullptr, 0, ExtentKind::kMissing};
  }

  if (active_.size() == rows->size()) return rows->clear();
  // Both lists are in ascending order of `cell`, so that one walk finds those left behind.
  size_t left = 0;
  size_t matched = 0;
  for (const ShapeRow& row : *rows) {
    if (matched < active_.size() && active_[matched].cell == row.cell) {
      ++matched;
    } else {
      (*rows)[left++] = row;
    }
  }
  rows->resize(left);
}

}  // namespace lotic::json
