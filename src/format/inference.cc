// SPDX-License-Identifier: Apache-2.0
#include "format/inference.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <unordered_map>
#include <vector>

#include "format/iso_time.h"
#include "format/json_number.h"
#include "format/json_text.h"

namespace lotic {
namespace {

using json::Extent;
using json::ExtentKind;

/// Messages nested deeper make a topic raw.
constexpr int kMaxSampleNesting = 1024;
/// Places of which evidence is kept, over all columns; objects that would need more become VARCHAR.
constexpr size_t kMaxPlaces = 65'536;
/// Integers up to here are doubles, too.
constexpr int64_t kMaxExactDouble = int64_t{1} << 53;

struct NameHash {
  using is_transparent = void;
  size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
};

/// What the values seen at one place have in common. Adding values commutes: the type does not depend on their order.
struct Evidence {
  // Kinds seen.
  bool boolean = false, number = false, text = false, object = false, list = false;
  // Numbers.
  bool fractional = false, beyond_int64 = false, beyond_uint64 = false, beyond_decimal = false, beyond_double = false;
  bool inexact_double = false;  // an integer that no double is
  int64_t min = std::numeric_limits<int64_t>::max(),
          max = std::numeric_limits<int64_t>::min();  // of those within int64
  // Texts.
  bool all_dates = true, all_local_times = true, all_instants = true;
  // Containers.
  bool opaque = false;                                  // too deep, or too many members: only its text can be shown
  std::vector<std::pair<std::string, size_t>> members;  // names and places
  std::unordered_map<std::string, size_t, NameHash, std::equal_to<>> by_name;
  size_t items = 0;          // place
  uint64_t last_object = 0;  // the last object that had this member: the first of a name counts
};

std::string Quoted(const std::string& name) {
  const bool plain = !name.empty() &&
                     std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }) &&
                     (name[0] < '0' || name[0] > '9');
  if (plain) return name;
  std::string text = "\"";
  for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

/// What makes a time of a BIGINT column whose values are all between 2001 and 2100 in one unit; empty if they are not.
std::string EpochHint(const Evidence& evidence, const std::string& name) {
  struct Unit {
    int64_t per_second;
    const char* function;
  };
  static constexpr Unit kUnits[] = {{1, "to_timestamp"}, {1000, "epoch_ms"}, {1'000'000, "make_timestamp"}, {1'000'000'000, "make_timestamp_ns"}};
  constexpr int64_t k2001 = 978'307'200, k2100 = 4'102'444'800;
  for (const Unit& unit : kUnits) {
    if (evidence.min >= k2001 * unit.per_second && evidence.max < k2100 * unit.per_second) {
      return std::string(unit.function) + "(" + Quoted(name) + ")";
    }
  }
  return "";
}

}  // namespace

struct SchemaSampler::Impl {
  std::vector<Evidence> places{Evidence()};  // 0: the message itself
  SampleInfo info;
  bool raw = false;
  int64_t left_out = 0;
  uint64_t objects = 0;
  std::vector<uint8_t> padded;
  std::string name;

  size_t NewPlace() {
    places.emplace_back();
    return places.size() - 1;
  }

  // The text has been validated.
  void AddObject(const Extent& cell, size_t place, int depth) {
    const uint64_t object = ++objects;
    const uint8_t* const end = cell.data + cell.size;
    const uint8_t* p = json::SkipSpace(cell.data + 1, end);
    while (*p == '"') {
      bool escaped = false;
      const uint8_t* begin = p + 1;
      const uint8_t* close = json::ScanString(begin, end, &escaped);
      std::string_view key(reinterpret_cast<const char*>(begin), static_cast<size_t>(close - begin));
      bool wanted = true;
      if (escaped) {
        name.clear();
        wanted = json::Unescape(key, &name);
        key = name;
      }
      const size_t member = wanted ? Member(place, key) : 0;
      Extent value;
      p = json::SkipSpace(json::SkipSpace(close + 1, end) + 1, end);
      p = json::SkipSpace(json::ReadExtent(p, end, &value), end);
      if (member != 0 && places[member].last_object != object) {
        places[member].last_object = object;
        AddValue(value, member, depth);
      }
      if (*p != ',') break;
      p = json::SkipSpace(p + 1, end);
    }
  }

  /// The place of a member, made if there is room; 0 if there is none.
  size_t Member(size_t place, std::string_view key) {
    const auto found = places[place].by_name.find(key);
    if (found != places[place].by_name.end()) return found->second;
    const size_t limit = place == 0 ? kMaxInferredColumns : kMaxInferredMembers;
    if (places[place].members.size() >= limit || places.size() >= kMaxPlaces) {
      if (place != 0) places[place].opaque = true;
      if (place == 0) ++left_out;
      return 0;
    }
    const size_t member = NewPlace();
    places[place].members.emplace_back(key, member);
    places[place].by_name.emplace(key, member);
    return member;
  }

  void AddValue(const Extent& cell, size_t place, int depth) {
    switch (cell.kind) {
      case ExtentKind::kString: return AddText(cell, places[place]);
      case ExtentKind::kBare: return AddBare(cell.text(), places[place]);
      default: break;
    }
    const bool object = *cell.data == '{';
    (object ? places[place].object : places[place].list) = true;
    if (depth >= kMaxInferredDepth) places[place].opaque = true;
    if (places[place].opaque) return;
    if (object) return AddObject(cell, place, depth + 1);
    if (places[place].items == 0) {
      if (places.size() >= kMaxPlaces) {
        places[place].opaque = true;
        return;
      }
      const size_t items = NewPlace();
      places[place].items = items;
    }
    const uint8_t* const end = cell.data + cell.size;
    const uint8_t* p = json::SkipSpace(cell.data + 1, end);
    while (*p != ']') {
      Extent value;
      p = json::SkipSpace(json::ReadExtent(p, end, &value), end);
      AddValue(value, places[place].items, depth + 1);
      if (*p == ',') p = json::SkipSpace(p + 1, end);
    }
  }

  static void AddBare(std::string_view token, Evidence& evidence) {
    if (token == "null") return;
    if (token == "true" || token == "false") {
      evidence.boolean = true;
      return;
    }
    evidence.number = true;
    bool integral = false;
    (void)json::IsNumber(token, &integral);
    double nearest;
    if (!json::ParseDouble(token, &nearest)) evidence.beyond_double = true;
    if (!integral) {
      evidence.fractional = true;
      return;
    }
    int64_t value;
    if (json::ParseInt64(reinterpret_cast<const uint8_t*>(token.data()), static_cast<uint32_t>(token.size()), &value)) {
      evidence.min = std::min(evidence.min, value);
      evidence.max = std::max(evidence.max, value);
      if (value > kMaxExactDouble || value < -kMaxExactDouble) evidence.inexact_double = true;
      return;
    }
    evidence.beyond_int64 = true;
    evidence.inexact_double = true;
    uint64_t unsigned_value;
    Int128 decimal;
    if (!json::ParseUInt64(token, &unsigned_value)) evidence.beyond_uint64 = true;
    if (!json::ParseDecimal(token, 38, 0, &decimal)) evidence.beyond_decimal = true;
  }

  static void AddText(const Extent& cell, Evidence& evidence) {
    evidence.text = true;
    int32_t days;
    if (evidence.all_dates) evidence.all_dates = ParseIsoDate(cell.text(), &days);
    if (!evidence.all_local_times && !evidence.all_instants) return;
    IsoTimestamp at;
    int64_t micros;
    const bool time = ParseIsoTimestamp(cell.text(), &at) && ToUnit(at, TimeUnit::kMicro, &micros);
    evidence.all_local_times &= time && !at.zoned;
    evidence.all_instants &= time && at.zoned;
  }

  Type TypeOf(size_t place) const {
    const Evidence& evidence = places[place];
    const int kinds = evidence.boolean + evidence.number + evidence.text + evidence.object + evidence.list;
    if (kinds != 1 || evidence.opaque) return Type::String();
    if (evidence.boolean) return Type::Bool();
    if (evidence.number) return NumberType(evidence);
    if (evidence.text) {
      if (evidence.all_dates) return Type::Date();
      if (evidence.all_local_times) return Type::Timestamp(TimeUnit::kMicro, false);
      return evidence.all_instants ? Type::Timestamp(TimeUnit::kMicro, true) : Type::String();
    }
    if (evidence.list) return Type::List(TypeOf(evidence.items));
    std::vector<Field> fields;
    for (const auto& [member, at] : evidence.members) fields.push_back({member, TypeOf(at)});
    return fields.empty() ? Type::String() : Type::Struct(std::move(fields));
  }

  static Type NumberType(const Evidence& evidence) {
    if (evidence.fractional) {
      return evidence.inexact_double || evidence.beyond_double ? Type::String() : Type::Float64();
    }
    if (!evidence.beyond_int64) return Type::Int64();
    const bool negative = evidence.min < 0;
    if (!evidence.beyond_uint64 && !negative) return Type::UInt64();
    return evidence.beyond_decimal ? Type::String() : Type::Decimal(38, 0);
  }
};

std::string_view PayloadFormatName(PayloadFormat format) { return format == PayloadFormat::kJson ? "json" : "raw"; }

SchemaSampler::SchemaSampler() : impl_(std::make_unique<Impl>()) {}
SchemaSampler::~SchemaSampler() = default;
SchemaSampler::SchemaSampler(SchemaSampler&&) noexcept = default;
SchemaSampler& SchemaSampler::operator=(SchemaSampler&&) noexcept = default;

void SchemaSampler::Add(PayloadView payload) {
  Impl& impl = *impl_;
  ++impl.info.records;
  if (payload.data == nullptr) {
    ++impl.info.tombstones;
    return;
  }
  impl.info.bytes += payload.size;
  if (impl.raw) return;
  if (payload.size > kMaxMessageBytes) {
    impl.raw = true;
    return;
  }
  impl.padded.assign(payload.data, payload.data + payload.size);
  impl.padded.resize(payload.size + kDecoderPadding);
  const uint8_t* const end = impl.padded.data() + payload.size;
  const uint8_t* begin = json::SkipSpace(impl.padded.data(), end);
  if (begin == end || *begin != '{' || !json::IsValidJson(begin, end, kMaxSampleNesting, nullptr)) {
    impl.raw = true;
    return;
  }
  impl.AddObject({begin, static_cast<uint32_t>(end - begin), ExtentKind::kContainer}, 0, 1);
}

void SchemaSampler::Cut(std::string_view limit) { impl_->info.cut = limit; }
int64_t SchemaSampler::records() const { return impl_->info.records; }
int64_t SchemaSampler::bytes() const { return impl_->info.bytes; }
int64_t SchemaSampler::columns_left_out() const { return impl_->left_out; }

SchemaDocument SchemaSampler::Finish(std::string topic) const {
  SchemaDocument document;
  document.topic = std::move(topic);
  document.sample = impl_->info;
  if (impl_->raw || impl_->info.records == impl_->info.tombstones) return document;
  document.format = PayloadFormat::kJson;
  for (const auto& [name, place] : impl_->places[0].members) {
    Field field{name, impl_->TypeOf(place), {{kPathMetadata, PointerTo(name)}}};
    if (field.type == Type::Int64()) {
      const std::string hint = EpochHint(impl_->places[place], name);
      if (!hint.empty()) field.metadata[kHintMetadata] = hint;
    }
    document.columns.fields.push_back(std::move(field));
  }
  return document;
}

}  // namespace lotic
