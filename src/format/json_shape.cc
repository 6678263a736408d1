// SPDX-License-Identifier: Apache-2.0
#include "format/json_shape.h"

#include <emmintrin.h>

#include <bit>

namespace lotic::json {
namespace {

size_t Padded(size_t size) {
  return (size + 15) / 16 * 16;
}

bool HasChunk(const uint8_t* p, const uint8_t* literal, uint32_t size) {
  const __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)),
                                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(literal)));
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

/// Behind a run of bytes that no bare token ends at: '-' to '9' and 'a' to 'z', which is most numbers, true, false and
/// null. Null if the run is empty or goes on to `end`.
const uint8_t* BareEnd(const uint8_t* p, const uint8_t* end) {
  const uint8_t* const begin = p;
  while (p < end) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i number = _mm_sub_epi8(bytes, _mm_set1_epi8('-'));
    const __m128i letter = _mm_sub_epi8(bytes, _mm_set1_epi8('a'));
    const __m128i in = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(number, _mm_set1_epi8('9' - '-')), number),
                                    _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8('z' - 'a')), letter));
    const uint32_t out = ~static_cast<uint32_t>(_mm_movemask_epi8(in)) & 0xffffu;
    if (out == 0) {
      p += 16;
      continue;
    }
    p += std::countr_zero(out);
    return p < end && p != begin ? p : nullptr;
  }
  return nullptr;
}

/// The closing quote, if no backslash comes before it; else null.
const uint8_t* PlainStringEnd(const uint8_t* p, const uint8_t* end) {
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  while (p < end) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const uint32_t hits = static_cast<uint32_t>(
        _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash))));
    if (hits == 0) {
      p += 16;
      continue;
    }
    p += std::countr_zero(hits);
    return p < end && *p == '"' ? p : nullptr;
  }
  return nullptr;
}

}  // namespace

std::optional<Shape> Shape::Learn(const uint8_t* begin, const WalkTrace& trace, const Extent* cells, size_t num_columns,
                                  size_t stride) {
  if (!trace.regular || trace.visits.empty() || trace.visits.size() > kMaxShapeSteps) return std::nullopt;
  Shape shape;
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

// Rows that do not fit drop out of active_.
template <ExtentKind kKind, bool kOneChunk>
size_t Shape::RunStep(const Step& step, Extent* cells, size_t stride) {
  const uint8_t* literal = literals_.data() + step.literal_at;
  const uint32_t size = step.literal_size;
  const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(literal));
  const uint32_t wanted = size >= 16 ? 0xffffu : (1u << size) - 1;
  Extent* column = step.columns.empty() ? nullptr : cells + step.columns[0] * stride;
  ShapeRow* const rows = active_.data();
  const size_t count = active_.size();
  size_t kept = 0;
  for (size_t i = 0; i < count; ++i) {
    ShapeRow row = rows[i];
    if constexpr (kOneChunk) {
      const __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row.at)), chunk);
      if ((static_cast<uint32_t>(_mm_movemask_epi8(equal)) & wanted) != wanted) continue;
      if (static_cast<size_t>(row.end - row.at) < size) continue;
    } else {
      if (!HasLiteral(row.at, row.end, literal, size)) continue;
    }
    const uint8_t* value = row.at + size;
    const uint8_t* stop;
    if constexpr (kKind == ExtentKind::kBare) {
      stop = BareEnd(value, row.end);
    } else if constexpr (kKind == ExtentKind::kString) {
      stop = PlainStringEnd(value, row.end);
    } else {
      stop = SkipBalanced(value, row.end, 1);
      --value;
    }
    if (stop == nullptr) continue;
    if (column != nullptr) column[row.cell] = {value, static_cast<uint32_t>(stop - value), kKind};
    row.at = stop;
    rows[kept++] = row;
  }
  return kept;
}

size_t Shape::RunTail() {
  const uint8_t* literal = literals_.data() + tail_at_;
  const bool ends_bare = tail_size_ == 0 && steps_.back().kind == ExtentKind::kBare;
  size_t kept = 0;
  for (const ShapeRow& row : active_) {
    // Where a bare value is the last, what follows must end it as the general path has it: BareEnd stops at more bytes.
    const bool fits = ends_bare ? kEndsBare[*row.at] != 0 : HasLiteral(row.at, row.end, literal, tail_size_);
    active_[kept] = row;
    kept += fits;
  }
  return kept;
}

void Shape::Match(std::vector<ShapeRow>* rows, Extent* cells, size_t stride) {
  active_.assign(rows->begin(), rows->end());
  for (const Step& step : steps_) {
    const bool one = step.literal_size <= 16;
    size_t kept = 0;
    switch (step.kind) {
      case ExtentKind::kBare:
        kept = one ? RunStep<ExtentKind::kBare, true>(step, cells, stride)
                   : RunStep<ExtentKind::kBare, false>(step, cells, stride);
        break;
      case ExtentKind::kString:
        kept = one ? RunStep<ExtentKind::kString, true>(step, cells, stride)
                   : RunStep<ExtentKind::kString, false>(step, cells, stride);
        break;
      default:
        kept = one ? RunStep<ExtentKind::kContainer, true>(step, cells, stride)
                   : RunStep<ExtentKind::kContainer, false>(step, cells, stride);
        break;
    }
    active_.resize(kept);
    if (kept == 0) return;
  }
  active_.resize(RunTail());
  hits += static_cast<int64_t>(active_.size());

  // What several columns share is copied; what such messages have not is said.
  for (const Step& step : steps_) {
    for (size_t i = 1; i < step.columns.size(); ++i) {
      for (const ShapeRow& row : active_)
        cells[step.columns[i] * stride + row.cell] = cells[step.columns[0] * stride + row.cell];
    }
  }
  for (const uint32_t column : missing_) {
    for (const ShapeRow& row : active_) cells[column * stride + row.cell] = {nullptr, 0, ExtentKind::kMissing};
  }

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
