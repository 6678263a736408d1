// SPDX-License-Identifier: Apache-2.0
#include "format/pinot_json_decoder.h"

#include <emmintrin.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <unordered_map>

#include "format/json_columns.h"
#include "format/json_shape.h"
#include "format/json_text.h"
#include "format/pinot_cells.h"

// Two paths with the same answers. The general one checks the whole message (IsValidJson) and then walks its members. The fast one compares messages with shapes learned from such walks
// (json_shape.h): a shape here covers every member up to the end of the message, so that what is left to check are the values: numbers, words, strings and what is inside brackets.

namespace lotic {
namespace {

using json::Extent;
using json::ExtentKind;
using json::kChunkRows;

/// Is this a number, true, false or null? 16 bytes are readable.
[[gnu::always_inline]] inline bool IsBareValue(const Extent& cell) {
  const uint32_t size = cell.size;
  if (size - 1 < 16) [[likely]] {
    const __m128i digits = _mm_sub_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(cell.data)), _mm_set1_epi8('0'));
    const uint32_t are = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits)));
    const uint32_t wanted = (1u << size) - 1;
    if ((are & wanted) == wanted && (*cell.data != '0' || size == 1)) return true;
  }
  bool integral;
  const std::string_view text = cell.text();
  return json::IsNumber(text, &integral) || text == "true" || text == "false" || text == "null";
}

/// Control characters and backslashes, one bit each byte.
[[gnu::always_inline]] inline uint32_t SpecialBytes(const uint8_t* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_or_si128(control, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')))));
}

bool HasSpecialBytes(const uint8_t* p, size_t size) {
  size_t i = 0;
  for (; i + 16 <= size; i += 16) {
    if (SpecialBytes(p + i) != 0) return true;
  }
  for (; i < size; ++i) {
    if (p[i] < 0x20 || p[i] == '\\') return true;
  }
  return false;
}

/// Is this what can stand between quotes? The quotes are around it.
bool IsString(const Extent& cell) {
  if (!HasSpecialBytes(cell.data, cell.size)) return true;
  return json::IsValidJson(cell.data - 1, cell.data + cell.size + 1, 0, nullptr);
}

struct LearnedShape {
  struct Slot {
    uint32_t column;
    ExtentKind kind;
  };
  json::Shape shape;
  std::vector<Slot> slots;  ///< where Match puts the values of a message
};

class JsonDecoder final : public PinotDecoder {
 public:
  JsonDecoder(std::span<const PinotDecoderField> fields, bool speculate) : speculate_(speculate) {
    for (const PinotDecoderField& field : fields) {
      const auto [at, added] = names_.emplace(field.name, fields_of_name_.size());
      if (added) fields_of_name_.emplace_back();
      fields_of_name_[at->second].push_back(static_cast<uint32_t>(converters_.size()));
      converters_.emplace_back(field);
    }
    last_visit_.resize(fields_of_name_.size());
    cells_.resize(converters_.size() * kChunkRows);
  }

  void Decode(std::span<const PayloadView> payloads, std::span<const uint32_t> selection, const uint8_t* readable_end, std::span<ColumnBuilder* const> out,
              PinotOutcome* outcome) override {
    LOTIC_CHECK(out.size() == converters_.size());
    while (!selection.empty()) {
      const size_t rows = json::JsonColumns::ChunkSize(payloads, selection);
      DecodeChunk(payloads, selection.first(rows), readable_end, out, outcome);
      selection = selection.subspan(rows);
    }
  }
  const DecodeCounts& counts() const override { return counts_; }

 private:
  struct Member {
    Extent value;
    uint32_t name;  ///< of a wanted one, else kUnwanted
  };
  static constexpr uint32_t kUnwanted = std::numeric_limits<uint32_t>::max();

  void DecodeChunk(std::span<const PayloadView> payloads, std::span<const uint32_t> chunk, const uint8_t* readable_end, std::span<ColumnBuilder* const> out,
                   PinotOutcome* outcome);
  void Begin(std::span<const PayloadView> payloads, std::span<const uint32_t> chunk, const uint8_t* readable_end);
  void CheckBytes(std::span<const PayloadView> payloads, std::span<const uint32_t> chunk);
  void MatchShapes();
  void MatchShape(LearnedShape& learned);
  void LearnFrom(const json::ShapeRow& row);
  bool Walk(const json::ShapeRow& row, std::string* reason);
  void ReadMembers(const uint8_t* p, const uint8_t* end);
  uint32_t NameOf(std::string_view key, bool escaped);

  std::vector<pinot::CellConverter> converters_;
  std::unordered_map<std::string, size_t, json::PathTree::TextHash, std::equal_to<>> names_;
  std::vector<std::vector<uint32_t>> fields_of_name_;
  const bool speculate_;
  DecodeCounts counts_;

  std::vector<Extent> cells_;             // column by column, kChunkRows each; behind the fields': values that no field wants
  std::vector<json::ShapeRow> begun_;     // of the chunk: every message as it came, by row
  std::vector<json::ShapeRow> rows_;      // not located yet
  std::vector<json::ShapeRow> suspects_;  // for the general path, whatever their shape
  std::vector<json::ShapeRow> before_;
  std::vector<uint8_t> flags_;  // by row: suspected; at the end: good
  std::vector<uint8_t> copy_;   // of the messages that lack padding
  bool plain_ = false;          // no control character and no backslash in the chunk

  std::vector<LearnedShape> shapes_;
  int learn_interval_ = 1;
  int chunks_until_learning_ = 0;

  std::vector<Member> members_;       // of the message walked last
  std::vector<uint32_t> last_visit_;  // by name
  std::vector<uint32_t> spare_;       // columns behind the fields'
  std::string key_;
  std::vector<uint32_t> good_, bad_;
};

// Rows with padding behind them: those at the very end of the memory are copied.
void JsonDecoder::Begin(std::span<const PayloadView> payloads, std::span<const uint32_t> chunk, const uint8_t* readable_end) {
  begun_.resize(chunk.size());
  size_t copied = 0;
  for (size_t row = 0; row < chunk.size(); ++row) {
    const PayloadView& payload = payloads[chunk[row]];
    begun_[row] = {payload.data, payload.data + payload.size, static_cast<uint32_t>(row)};
    if (static_cast<size_t>(readable_end - begun_[row].end) < kDecoderPadding) [[unlikely]]
      copied += payload.size + kDecoderPadding;
  }
  if (copied == 0) [[likely]]
    return;
  if (copy_.size() < copied) copy_.resize(copied);
  uint8_t* to = copy_.data();
  for (json::ShapeRow& row : begun_) {
    if (static_cast<size_t>(readable_end - row.end) >= kDecoderPadding) continue;
    const size_t size = static_cast<size_t>(row.end - row.at);
    if (size != 0) std::memcpy(to, row.at, size);
    std::memset(to + size, 0, kDecoderPadding);
    row.at = to;
    row.end = to + size;
    to += size + kDecoderPadding;
  }
}

// UTF-8, and whether strings need a second look. Messages that lie side by side are looked through at once: one that begins and ends with ASCII, as every JSON object does, is valid if all of
// them together are.
void JsonDecoder::CheckBytes(std::span<const PayloadView> payloads, std::span<const uint32_t> chunk) {
  bool adjacent = true;
  for (size_t i = 1; i < chunk.size(); ++i) {
    const PayloadView& before = payloads[chunk[i - 1]];
    adjacent = adjacent && before.data + before.size == payloads[chunk[i]].data;
  }
  rows_.clear();
  suspects_.clear();
  if (adjacent) {
    const PayloadView& first = payloads[chunk.front()];
    const PayloadView& last = payloads[chunk.back()];
    const size_t size = static_cast<size_t>(last.data + last.size - first.data);
    plain_ = !HasSpecialBytes(first.data, size);
    if (simdjson::validate_utf8(reinterpret_cast<const char*>(first.data), size)) {
      rows_.assign(begun_.begin(), begun_.end());
      return;
    }
  } else {
    plain_ =
        std::none_of(begun_.begin(), begun_.end(), [](const json::ShapeRow& row) { return HasSpecialBytes(row.at, static_cast<size_t>(row.end - row.at)); });
  }
  for (const json::ShapeRow& row : begun_) {
    const bool valid = simdjson::validate_utf8(reinterpret_cast<const char*>(row.at), static_cast<size_t>(row.end - row.at));
    (valid ? rows_ : suspects_).push_back(row);
  }
}

void JsonDecoder::MatchShape(LearnedShape& learned) {
  if (rows_.empty()) return;
  before_ = rows_;
  learned.shape.Match(&rows_, cells_.data(), kChunkRows);
  if (rows_.size() == before_.size()) return;
  // The ones that matched: `rows_` has the others, in the same order.
  size_t matched = 0, left = 0;
  for (const json::ShapeRow& row : before_) {
    if (left < rows_.size() && rows_[left].cell == row.cell) {
      ++left;
    } else {
      before_[matched++] = row;
    }
  }
  before_.resize(matched);
  bool suspicion = false;
  for (const LearnedShape::Slot& slot : learned.slots) {
    const Extent* const column = cells_.data() + size_t{slot.column} * kChunkRows;
    const auto check = [&](auto valid) {
      for (const json::ShapeRow& row : before_) {
        if (!valid(column[row.cell])) [[unlikely]]
          flags_[row.cell] = 1, suspicion = true;
      }
    };
    if (slot.kind == ExtentKind::kBare) {
      check(IsBareValue);
    } else if (slot.kind == ExtentKind::kContainer) {
      check([](const Extent& cell) { return json::IsValidJson(cell.data, cell.data + cell.size, kMaxPinotNesting - 1, nullptr); });
    } else if (!plain_) {
      check(IsString);
    }
  }
  counts_.fast_rows += static_cast<int64_t>(matched);
  if (!suspicion) return;
  for (const json::ShapeRow& row : before_) {
    if (flags_[row.cell] == 0) continue;
    flags_[row.cell] = 0;
    suspects_.push_back(row);
    --counts_.fast_rows;
  }
}

// Takes the rows that a known shape fits out of rows_, and learns where too few do; as JsonColumns does.
void JsonDecoder::MatchShapes() {
  if (rows_.empty()) return;
  const size_t all = rows_.size();
  for (LearnedShape& learned : shapes_) MatchShape(learned);
  if (rows_.size() * 8 < all) {
    learn_interval_ = 1;
    chunks_until_learning_ = 0;
  } else if (chunks_until_learning_ > 0) {
    --chunks_until_learning_;
  } else {
    const size_t known = shapes_.size();
    LearnFrom(rows_.front());
    if (shapes_.size() > known || (known == json::kMaxShapes && shapes_.back().shape.hits == 0)) MatchShape(shapes_.back());
    chunks_until_learning_ = learn_interval_;
    learn_interval_ = std::min(learn_interval_ * 2, json::kMaxLearnInterval);
  }
  const auto more_hits = [](const LearnedShape& a, const LearnedShape& b) { return a.shape.hits > b.shape.hits; };
  if (!std::is_sorted(shapes_.begin(), shapes_.end(), more_hits)) std::stable_sort(shapes_.begin(), shapes_.end(), more_hits);
}

void JsonDecoder::LearnFrom(const json::ShapeRow& row) {
  if (!Walk(row, nullptr) || members_.empty() || members_.size() > json::kMaxShapeSteps) return;
  while (spare_.size() < members_.size()) spare_.push_back(static_cast<uint32_t>(converters_.size() + spare_.size()));
  if (cells_.size() < (converters_.size() + spare_.size()) * kChunkRows) cells_.resize((converters_.size() + spare_.size()) * kChunkRows);
  json::WalkTrace trace;
  trace.to_end = true;
  trace.whole = true;
  trace.stopped = row.end;
  LearnedShape learned;
  for (size_t i = 0; i < members_.size(); ++i) {
    const Member& member = members_[i];
    const Extent& value = member.value;
    const bool wanted = member.name != kUnwanted && last_visit_[member.name] == i;
    const std::span<const uint32_t> columns = wanted ? std::span<const uint32_t>(fields_of_name_[member.name]) : std::span<const uint32_t>(&spare_[i], 1);
    trace.visits.push_back({value.data + (value.kind == ExtentKind::kContainer ? 1 : 0), value.data + value.size, value.kind, columns});
    learned.slots.push_back({columns.front(), value.kind});
  }
  std::optional<json::Shape> shape = json::Shape::Learn(row.at, trace, cells_.data() + row.cell, converters_.size(), kChunkRows);
  if (!shape.has_value()) return;
  if (shapes_.size() == json::kMaxShapes) {
    shapes_.pop_back();
    for (LearnedShape& old : shapes_) old.shape.hits /= 2;  // what no longer comes makes way in time
  }
  learned.shape = std::move(*shape);
  shapes_.push_back(std::move(learned));
}

uint32_t JsonDecoder::NameOf(std::string_view key, bool escaped) {
  if (escaped) {
    key_.clear();
    pinot::AppendUnescaped(key, &key_);
    key = key_;
  }
  const auto found = names_.find(key);
  return found == names_.end() ? kUnwanted : static_cast<uint32_t>(found->second);
}

// Of an object that IsValidJson has passed; `p` is behind its bracket.
void JsonDecoder::ReadMembers(const uint8_t* p, const uint8_t* end) {
  members_.clear();
  while (true) {
    p = json::SkipSpace(p, end);
    if (p < end && *p == ',') p = json::SkipSpace(p + 1, end);
    if (p >= end || *p != '"') return;
    bool escaped = false;
    const uint8_t* const key = p + 1;
    const uint8_t* const close = json::ScanString(key, end, &escaped);
    if (close == nullptr) return;
    Member member{{}, NameOf({reinterpret_cast<const char*>(key), static_cast<size_t>(close - key)}, escaped)};
    p = json::SkipSpace(close + 1, end);
    p = json::SkipSpace(p + 1, end);
    p = json::ReadExtent(p, end, &member.value);
    if (p == nullptr) return;
    if (member.name != kUnwanted) last_visit_[member.name] = static_cast<uint32_t>(members_.size());
    members_.push_back(member);
  }
}

/// The general path. False, with the reason, if the message is undecodable.
bool JsonDecoder::Walk(const json::ShapeRow& row, std::string* reason) {
  const size_t size = static_cast<size_t>(row.end - row.at);
  const auto fail = [&](const char* why, const std::string& detail = "") {
    if (reason != nullptr) *reason = why + detail;
    return false;
  };
  if (size > kMaxMessageBytes) return fail("the message has more than ", std::to_string(kMaxMessageBytes) + " bytes");
  const uint8_t* const first = json::SkipSpace(row.at, row.end);
  if (first == row.end) return fail("the message is empty");
  size_t where = 0;
  if (!json::IsValidJson(row.at, row.end, kMaxPinotNesting, &where)) {
    const bool utf8 = json::IsValidUtf8({reinterpret_cast<const char*>(row.at), size});
    if (!utf8) return fail("the message is not valid UTF-8");
    return fail("the message is not valid JSON: at byte ", std::to_string(where) + " of " + std::to_string(size));
  }
  if (*first != '{') return fail("the message is JSON, but no object");
  for (size_t column = 0; column < converters_.size(); ++column) cells_[column * kChunkRows + row.cell] = {nullptr, 0, ExtentKind::kMissing};
  ReadMembers(first + 1, row.end);
  for (const Member& member : members_) {  // the last of a name stays
    if (member.name == kUnwanted) continue;
    for (const uint32_t column : fields_of_name_[member.name]) cells_[size_t{column} * kChunkRows + row.cell] = member.value;
  }
  return true;
}

void JsonDecoder::DecodeChunk(std::span<const PayloadView> payloads, std::span<const uint32_t> chunk, const uint8_t* readable_end,
                              std::span<ColumnBuilder* const> out, PinotOutcome* outcome) {
  const size_t first_problem = outcome->problems.size();
  Begin(payloads, chunk, readable_end);
  CheckBytes(payloads, chunk);
  flags_.assign(chunk.size(), 0);
  if (speculate_) MatchShapes();
  flags_.assign(chunk.size(), 1);  // good, from here on
  size_t bad_messages = 0;
  const auto reasons_left = [&] { return outcome->problems.size() < kMaxPinotReasons; };
  for (const std::vector<json::ShapeRow>* list : {&rows_, &suspects_}) {
    for (const json::ShapeRow& row : *list) {
      std::string reason;
      if (Walk(begun_[row.cell], reasons_left() ? &reason : nullptr)) continue;
      flags_[row.cell] = 0;
      ++bad_messages;
      outcome->problems.push_back({chunk[row.cell], PinotProblem::kMessage, std::move(reason)});
    }
    counts_.general_rows += static_cast<int64_t>(list->size());
  }
  counts_.bad_messages += static_cast<int64_t>(bad_messages);

  size_t count = chunk.size();
  if (bad_messages != 0) {
    good_.clear();
    for (uint32_t row = 0; row < chunk.size(); ++row) {
      if (flags_[row] != 0) good_.push_back(row);
    }
    count = good_.size();
    for (size_t column = 0; column < converters_.size(); ++column) {
      Extent* const cells = cells_.data() + column * kChunkRows;
      for (size_t i = 0; i < count; ++i) cells[i] = cells[good_[i]];
    }
    for (const uint32_t row : good_) outcome->rows.push_back(chunk[row]);
  } else {
    outcome->rows.insert(outcome->rows.end(), chunk.begin(), chunk.end());
  }

  for (size_t column = 0; column < converters_.size(); ++column) {
    const Extent* const cells = cells_.data() + column * kChunkRows;
    bad_.clear();
    converters_[column].AppendAll({cells, count}, plain_, *out[column], &bad_);
    for (const uint32_t row : bad_) {
      const uint32_t payload = chunk[bad_messages != 0 ? good_[row] : row];
      outcome->problems.push_back({payload, static_cast<int32_t>(column), reasons_left() ? converters_[column].Reason(cells[row]) : std::string()});
    }
  }
  const auto begin = outcome->problems.begin() + static_cast<std::ptrdiff_t>(first_problem);
  std::sort(begin, outcome->problems.end(),
            [](const PinotProblem& a, const PinotProblem& b) { return std::pair(a.payload, a.column) < std::pair(b.payload, b.column); });
}

}  // namespace

Result<std::unique_ptr<PinotDecoder>> MakePinotJsonDecoder(std::span<const PinotDecoderField> fields, bool speculate) {
  if (fields.size() > kMaxPinotFields)
    return Status::CapacityError("JSON decoder: ", fields.size(), " columns, and at most ", kMaxPinotFields, " are possible");
  for (const PinotDecoderField& field : fields) {
    if (field.cell == PinotCell::kTimestamp && field.parse_timestamp == nullptr)
      return Status::Invalid("column '", field.name, "': a TIMESTAMP without a parser of its texts");
    if (field.cell == PinotCell::kBigDecimal && !field.single_value) return Status::Invalid("column '", field.name, "': BIG_DECIMAL has no multi-value form");
    if (field.default_value.size() > kMaxPinotDefaultBytes)
      return Status::CapacityError("column '", field.name, "': a default value of more than ", kMaxPinotDefaultBytes, " bytes");
  }
  return std::unique_ptr<PinotDecoder>(std::make_unique<JsonDecoder>(fields, speculate));
}

}  // namespace lotic
