// SPDX-License-Identifier: Apache-2.0
#include "format/json_cells.h"

#include <emmintrin.h>

#include <limits>
#include <unordered_set>

#include "format/base64_text.h"
#include "format/decoder.h"
#include "format/iso_time.h"
#include "format/json_number.h"

namespace lotic::json {
namespace {

constexpr size_t kFewMembers = 8;  // looked through; more are looked up

bool IsNull(const Extent& cell) { return cell.kind == ExtentKind::kMissing || (cell.kind == ExtentKind::kBare && cell.text() == "null"); }

bool IsContainer(const Extent& cell, uint8_t bracket) { return cell.kind == ExtentKind::kContainer && *cell.data == bracket; }

bool IsValidContainer(const Extent& cell) { return IsValidJson(cell.data, cell.data + cell.size, kMaxNesting, nullptr); }

bool InRange(const Type& type, int64_t value) {
  if (type.byte_width() == 8) return true;
  const int bits = type.byte_width() * 8;
  const int64_t low = type.is_unsigned() ? 0 : -(int64_t{1} << (bits - 1));
  const int64_t high = type.is_unsigned() ? (int64_t{1} << bits) - 1 : (int64_t{1} << (bits - 1)) - 1;
  return value >= low && value <= high;
}

Result<CellPlan> MakePlan(const Type& type, std::string_view what, int depth) {
  if (depth > kMaxNesting) return Status::CapacityError(what, ": type nested deeper than ", kMaxNesting);
  CellPlan plan{type, {}, {}, {}, 1};
  if (type.id() == TypeId::kMap && type.children()[0].type.id() != TypeId::kString) {
    return Status::Invalid(what, ": the keys of a JSON object are VARCHAR, not ", type.children()[0].type.ToString());
  }
  for (const Field& field : type.children()) {
    LOTIC_ASSIGN_OR_RETURN(CellPlan child, MakePlan(field.type, what, depth + 1));
    plan.num_values += child.num_values;
    plan.children.push_back(std::move(child));
    if (type.id() != TypeId::kStruct) continue;
    plan.by_name.emplace(field.name, static_cast<uint32_t>(plan.members.size()));
    plan.members.push_back(field.name);
  }
  return plan;
}

constexpr uint32_t kTextBlock = 32;  // bytes of text that are copied and looked at in one step

/// What a step found among the bytes that count, a bit each: those that are not what they say (escapes, control characters), those that are not ASCII.
struct TextBits {
  uint32_t odd = 0;
  uint32_t high = 0;
};

[[gnu::always_inline]] inline TextBits CopyTextBlock(const uint8_t* from, uint8_t* to) {
  const auto bits = [](__m128i bytes) { return static_cast<uint32_t>(_mm_movemask_epi8(bytes)); };
  const auto odd = [](__m128i bytes) {
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    return _mm_or_si128(control, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  };
  const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 16));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), first);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16), second);
  return {bits(odd(first)) | bits(odd(second)) << 16, bits(first) | bits(second) << 16};
}

/// Copies `size` bytes, and up to kTextBlock - 1 behind them.
[[gnu::always_inline]] inline TextBits CopyText(const uint8_t* from, uint32_t size, uint8_t* to) {
  static_assert(kTextBlock <= kDecoderPadding);
  TextBits all;
  for (; size >= kTextBlock; size -= kTextBlock, from += kTextBlock, to += kTextBlock) {
    const TextBits bits = CopyTextBlock(from, to);
    all.odd |= bits.odd;
    all.high |= bits.high;
  }
  const uint32_t counts = (1u << size) - 1;
  const TextBits bits = CopyTextBlock(from, to);
  return {all.odd | (bits.odd & counts), all.high | (bits.high & counts)};
}

/// Copies a string's bytes to the end of `bytes` if they are what it says: no escapes, no control characters, valid
/// UTF-8.
bool CopyPlain(const Extent& cell, Buffer& bytes) {
  bytes.Reserve(cell.size + kTextBlock);
  const TextBits bits = CopyText(cell.data, cell.size, bytes.data() + bytes.size());
  if (bits.odd != 0 || (bits.high != 0 && !IsValidUtf8(cell.text()))) return false;
  bytes.Resize(bytes.size() + cell.size);
  return true;
}

/// Are these strings, which lie one behind the other in [begin, end), each valid UTF-8? Their whole may be valid and a
/// part not: a character that is cut in two by the end of a string leaves a byte that continues one at the next one's begin.
bool AreValidUtf8(std::span<const Extent> cells, const uint8_t* begin, const uint8_t* end) {
  for (const Extent& cell : cells) {
    if (cell.size != 0 && (*cell.data & 0xc0) == 0x80) return false;
  }
  return IsValidUtf8({reinterpret_cast<const char*>(begin), static_cast<size_t>(end - begin)});
}

struct PlainRun {
  size_t rows;      ///< appended
  size_t odd_rows;  ///< behind those: to be looked at one by one
};

/// Appends the strings that lead in `cells`, up to the first that is not what its bytes say. The builder has room for
/// their rows, and for their bytes and kTextBlock more.
PlainRun AppendPlain(std::span<const Extent> cells, ColumnBuilder& out) {
  uint8_t* const begin = out.bytes().data() + out.bytes().size();
  uint8_t* to = begin;
  int32_t* const ends = out.UnsafeValues<int32_t>() + 1;
  const int32_t first_end = ends[-1];
  uint32_t high = 0;
  size_t row = 0;
  for (; row < cells.size(); ++row) {
    const Extent& cell = cells[row];
    if (cell.kind != ExtentKind::kString) [[unlikely]]
      break;
    const TextBits bits = CopyText(cell.data, cell.size, to);
    if (bits.odd != 0) [[unlikely]]
      break;
    high |= bits.high;
    to += cell.size;
    ends[row] = first_end + static_cast<int32_t>(to - begin);
  }
  if (high != 0 && !AreValidUtf8(cells.first(row), begin, to)) return {0, row};
  out.bytes().Resize(out.bytes().size() + static_cast<size_t>(to - begin));
  out.Advance(static_cast<int64_t>(row));
  return {row, row < cells.size() ? size_t{1} : size_t{0}};
}

}  // namespace

Result<CellPlan> CellPlan::Make(const Type& type, std::string_view what) { return MakePlan(type, what, 0); }

void CellPlan::MakeLenient(bool large_decimals) {
  lenient = true;
  null_for_large_decimals = large_decimals;
  for (CellPlan& child : children) child.MakeLenient(large_decimals);
}

int64_t CellWriter::Append(const CellPlan& plan, std::span<const Extent> cells, ColumnBuilder& out, uint8_t* bad_rows) {
  out.Reserve(static_cast<int64_t>(cells.size()));
  if (plan.type.id() == TypeId::kInt64 && !plan.lenient) return AppendInts(cells, out, bad_rows);
  if (plan.type.id() == TypeId::kString) return AppendTexts(plan, cells, out, bad_rows);
  int64_t undecodable = 0;
  for (size_t row = 0; row < cells.size(); ++row) {
    const int64_t more = AppendOne(plan, cells[row], false, out);
    undecodable += more;
    if (bad_rows != nullptr && more != 0) bad_rows[row] = 1;
  }
  return undecodable;
}

int64_t CellWriter::AppendInts(std::span<const Extent> cells, ColumnBuilder& out, uint8_t* bad_rows) {
  nulls_.clear();
  const int64_t first = out.length();
  int64_t* values = out.UnsafeValues<int64_t>();
  for (size_t row = 0; row < cells.size(); ++row) {
    int64_t value = 0;
    if (cells[row].kind != ExtentKind::kBare || !ParseInt64(cells[row].data, cells[row].size, &value)) [[unlikely]] {
      nulls_.push_back(static_cast<uint32_t>(row));
      value = 0;
    }
    values[row] = value;
  }
  out.Advance(static_cast<int64_t>(cells.size()));
  int64_t undecodable = 0;
  for (const uint32_t row : nulls_) {
    out.SetNull(first + row);
    if (IsNull(cells[row])) continue;
    ++undecodable;
    if (bad_rows != nullptr) bad_rows[row] = 1;
  }
  return undecodable;
}

// Runs of plain strings, and one by one what is none: other values, escapes, all of a run in which some text is no UTF-8.
int64_t CellWriter::AppendTexts(const CellPlan& plan, std::span<const Extent> cells, ColumnBuilder& out, uint8_t* bad_rows) {
  size_t bytes = 0;  // of the strings that are still to come
  for (const Extent& cell : cells) bytes += cell.kind == ExtentKind::kString ? cell.size : 0;
  int64_t undecodable = 0;
  size_t odd_rows = 0;
  for (size_t row = 0; row < cells.size();) {
    if (odd_rows == 0) {
      const size_t before = out.bytes().size();
      out.bytes().Reserve(bytes + kTextBlock);
      const PlainRun run = AppendPlain(cells.subspan(row), out);
      bytes -= out.bytes().size() - before;
      row += run.rows;
      odd_rows = run.odd_rows;
      continue;
    }
    const int64_t more = AppendOne(plan, cells[row], false, out);
    undecodable += more;
    if (bad_rows != nullptr && more != 0) bad_rows[row] = 1;
    if (cells[row].kind == ExtentKind::kString) bytes -= cells[row].size;
    ++row;
    --odd_rows;
  }
  return undecodable;
}

// `validated`: the cell lies in text that IsValidJson has passed.
int64_t CellWriter::AppendOne(const CellPlan& plan, const Extent& cell, bool validated, ColumnBuilder& out) {
  budget_ -= 1;
  if (IsNull(cell) || (validated && budget_ < 0)) {
    budget_ -= plan.num_values;
    out.AppendNull();
    return 0;
  }
  if (plan.type.is_nested()) {
    const uint8_t bracket = plan.type.id() == TypeId::kList ? '[' : '{';
    if (!IsContainer(cell, bracket)) {
      // Falls through to NULL.
    } else if (validated) {
      return AppendNested(plan, cell, out);
    } else if (IsValidContainer(cell)) {
      budget_ = int64_t{kMinCellValues} + int64_t{kMaxValuesPerByte} * cell.size;
      const int64_t row = out.length();
      const int64_t undecodable = AppendNested(plan, cell, out);
      if (budget_ >= 0) return undecodable;
      out.Truncate(row);
    }
  } else if (AppendScalar(plan, cell, validated, out)) {
    return 0;
  }
  budget_ -= plan.num_values;
  out.AppendNull();
  return 1;
}

int64_t CellWriter::AppendNested(const CellPlan& plan, const Extent& cell, ColumnBuilder& out) {
  if (plan.type.id() == TypeId::kList) return AppendList(plan, cell, out);
  return plan.type.id() == TypeId::kMap ? AppendMap(plan, cell, out) : AppendStruct(plan, cell, out);
}

/// False, and nothing appended, if the cell does not fit.
bool CellWriter::AppendScalar(const CellPlan& plan, const Extent& cell, bool validated, ColumnBuilder& out) {
  const bool bare = cell.kind == ExtentKind::kBare;
  if (plan.lenient && plan.type.id() <= TypeId::kDecimal128 && (cell.kind == ExtentKind::kString || plan.type.id() == TypeId::kDecimal128)) {
    return AppendLenient(plan, cell, out);
  }
  switch (plan.type.id()) {
    case TypeId::kBool:
      if (!bare || (cell.text() != "true" && cell.text() != "false")) return false;
      out.AppendBool(*cell.data == 't');
      return true;
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kUInt8:
    case TypeId::kUInt16:
    case TypeId::kUInt32: {
      int64_t value;
      if (!bare || !ParseInt64(cell.data, cell.size, &value) || !InRange(plan.type, value)) return false;
      out.AppendInt64(value);
      return true;
    }
    case TypeId::kUInt64: {
      uint64_t value;
      if (!bare || !ParseUInt64(cell.text(), &value)) return false;
      out.AppendUInt64(value);
      return true;
    }
    case TypeId::kFloat32: {
      float value;
      if (!bare || !ParseFloat(cell.text(), &value)) return false;
      out.AppendDouble(value);
      return true;
    }
    case TypeId::kFloat64: {
      double value;
      if (!bare || !ParseDouble(cell.text(), &value)) return false;
      out.AppendDouble(value);
      return true;
    }
    case TypeId::kDecimal128: {
      Int128 value;
      if (!bare || !ParseDecimal(cell.text(), plan.type.precision(), plan.type.scale(), &value)) return false;
      out.AppendDecimal(value);
      return true;
    }
    case TypeId::kString: return AppendText(cell, validated, out);
    default: return AppendParsedText(plan, cell, out);
  }
}

/// A number or boolean from text, and decimals rounded.
bool CellWriter::AppendLenient(const CellPlan& plan, const Extent& cell, ColumnBuilder& out) {
  if (cell.kind != ExtentKind::kString && cell.kind != ExtentKind::kBare) return false;
  text_.clear();
  if (cell.kind == ExtentKind::kBare) {
    text_ = cell.text();
  } else if (!Unescape(cell.text(), &text_)) {
    return false;
  }
  // As Java's trim(): every character up to the blank.
  const auto is_blank = [](char c) { return static_cast<uint8_t>(c) <= ' '; };
  while (!text_.empty() && is_blank(text_.back())) text_.pop_back();
  size_t first = 0;
  while (first < text_.size() && is_blank(text_[first])) ++first;
  text_.erase(0, first);
  if (plan.type.id() == TypeId::kBool) {
    out.AppendBool(text_.size() == 4 && (text_[0] | 0x20) == 't' && (text_[1] | 0x20) == 'r' && (text_[2] | 0x20) == 'u' && (text_[3] | 0x20) == 'e');
    return true;
  }
  if (plan.type.id() == TypeId::kFloat32 || plan.type.id() == TypeId::kFloat64) {
    const bool negative = text_.starts_with('-');
    const std::string_view word = std::string_view(text_).substr(negative ? 1 : 0);
    if (word == "NaN" || word == "Infinity") {
      const double value = word == "NaN" ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
      out.AppendDouble(negative ? -value : value);
      return true;
    }
  }
  if (plan.type.id() == TypeId::kDecimal128) {
    Int128 value;
    if (!ParseRoundedDecimal(text_, plan.type.precision(), plan.type.scale(), &value)) {
      bool integral;
      if (!plan.null_for_large_decimals || !IsNumber(text_, &integral)) return false;
      out.AppendNull();
      return true;
    }
    out.AppendDecimal(value);
    return true;
  }
  if (text_.empty()) return false;
  const size_t size = text_.size();
  text_.append(kDecoderPadding, ' ');
  // 8 bytes in front of a long number are read, too; those of the text are its own.
  const Extent bare{reinterpret_cast<const uint8_t*>(text_.data()), static_cast<uint32_t>(size), ExtentKind::kBare};
  return AppendScalar(plan, bare, true, out);
}

/// VARCHAR: what a string says; of anything else its source, compact.
bool CellWriter::AppendText(const Extent& cell, bool validated, ColumnBuilder& out) {
  switch (cell.kind) {
    case ExtentKind::kString:
      if (CopyPlain(cell, out.bytes())) {
        out.FinishBytes();
        return true;
      }
      text_.clear();
      if (!Unescape(cell.text(), &text_)) return false;
      out.AppendBytes(text_);
      return true;
    case ExtentKind::kBare: {
      bool integral;
      if (cell.text() != "true" && cell.text() != "false" && !IsNumber(cell.text(), &integral)) return false;
      out.AppendBytes(cell.text());
      return true;
    }
    case ExtentKind::kContainer:
      if (!validated && !IsValidContainer(cell)) return false;
      text_.clear();
      AppendCompact(cell.text(), &text_);
      out.AppendBytes(text_);
      return true;
    default: return false;
  }
}

/// Types that JSON writes as text.
bool CellWriter::AppendParsedText(const CellPlan& plan, const Extent& cell, ColumnBuilder& out) {
  if (cell.kind != ExtentKind::kString) return false;
  std::string_view text = cell.text();
  if (text.find('\\') != std::string_view::npos) {
    text_.clear();
    if (!Unescape(text, &text_)) return false;
    text = text_;
  }
  int64_t value = 0;
  switch (plan.type.id()) {
    case TypeId::kDate: {
      int32_t days;
      if (!ParseIsoDate(text, &days)) return false;
      value = days;
      break;
    }
    case TypeId::kTime:
      if (!ParseIsoTime(text, &value)) return false;
      break;
    case TypeId::kTimestamp: {
      IsoTimestamp at;
      if (!ParseIsoTimestamp(text, &at) || at.zoned != plan.type.utc() || !ToUnit(at, plan.type.unit(), &value)) return false;
      break;
    }
    default: {
      std::string bytes;
      if (plan.type.id() != TypeId::kBinary || !DecodeBase64(text, &bytes)) return false;
      out.AppendBytes(bytes);
      return true;
    }
  }
  out.AppendInt64(value);
  return true;
}

// The three below walk text that is known to be valid.

/// Reads a member's name and goes on to its value.
bool CellWriter::ReadName(const uint8_t** p, const uint8_t* end, std::string* storage, std::string_view* name) {
  bool escaped = false;
  const uint8_t* begin = *p + 1;
  const uint8_t* close = ScanString(begin, end, &escaped);
  *name = {reinterpret_cast<const char*>(begin), static_cast<size_t>(close - begin)};
  *p = SkipSpace(SkipSpace(close + 1, end) + 1, end);  // the colon between
  if (!escaped) return true;
  storage->clear();
  if (!Unescape(*name, storage)) return false;
  *name = *storage;
  return true;
}

int64_t CellWriter::AppendStruct(const CellPlan& plan, const Extent& cell, ColumnBuilder& out) {
  const size_t base = members_.size();
  members_.resize(base + plan.members.size(), Extent{nullptr, 0, ExtentKind::kMissing});
  const uint8_t* const end = cell.data + cell.size;
  const uint8_t* p = SkipSpace(cell.data + 1, end);
  uint32_t next = 0;
  std::string storage;
  while (*p == '"') {
    std::string_view name;
    const bool readable = ReadName(&p, end, &storage, &name);
    uint32_t member = static_cast<uint32_t>(plan.members.size());
    if (readable && next < member && plan.members[next] == name) {
      member = next;
    } else if (readable && plan.members.size() <= kFewMembers) {
      for (member = 0; member < plan.members.size() && plan.members[member] != name;) ++member;
    } else if (readable) {
      const auto found = plan.by_name.find(std::string(name));
      if (found != plan.by_name.end()) member = found->second;
    }
    Extent value;
    p = SkipSpace(ReadExtent(p, end, &value), end);
    if (member < plan.members.size()) {
      Extent& slot = members_[base + member];
      if (slot.kind == ExtentKind::kMissing) slot = value;  // the first of a name counts
      next = member + 1;
    }
    if (*p != ',') break;
    p = SkipSpace(p + 1, end);
  }
  int64_t undecodable = 0;
  for (size_t i = 0; i < plan.members.size(); ++i) {
    const Extent value = members_[base + i];  // a copy: nested structs move the vector
    undecodable += AppendOne(plan.children[i], value, true, out.child(i));
  }
  members_.resize(base);
  out.AppendValid();
  return undecodable;
}

int64_t CellWriter::AppendList(const CellPlan& plan, const Extent& cell, ColumnBuilder& out) {
  const uint8_t* const end = cell.data + cell.size;
  const uint8_t* p = SkipSpace(cell.data + 1, end);
  int64_t undecodable = 0;
  while (*p != ']' && budget_ >= 0) {
    Extent value;
    p = SkipSpace(ReadExtent(p, end, &value), end);
    undecodable += AppendOne(plan.children[0], value, true, out.child(0));
    if (*p == ',') p = SkipSpace(p + 1, end);
  }
  out.FinishList();
  return undecodable;
}

int64_t CellWriter::AppendMap(const CellPlan& plan, const Extent& cell, ColumnBuilder& out) {
  const uint8_t* const end = cell.data + cell.size;
  const uint8_t* p = SkipSpace(cell.data + 1, end);
  int64_t undecodable = 0;
  std::unordered_set<std::string> seen;
  std::string storage;
  while (*p == '"' && budget_ >= 0) {
    std::string_view name;
    const bool readable = ReadName(&p, end, &storage, &name);
    Extent value;
    // A name that is no text (half a surrogate pair) cannot be a key: its entry is left out, counted.
    const bool wanted = readable && seen.emplace(name).second;
    undecodable += readable ? 0 : 1;
    p = SkipSpace(ReadExtent(p, end, &value), end);
    if (wanted) {
      out.child(0).AppendBytes(name);
      undecodable += AppendOne(plan.children[1], value, true, out.child(1));
    }
    if (*p != ',') break;
    p = SkipSpace(p + 1, end);
  }
  out.FinishList();
  return undecodable;
}

}  // namespace lotic::json
