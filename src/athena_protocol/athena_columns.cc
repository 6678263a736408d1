// SPDX-License-Identifier: Apache-2.0
// Columns of connectors in the form of Athena's types, and zoned timestamps back to instants. A column that needs no change is shared, not copied.
#include <algorithm>
#include <memory>
#include <optional>

#include "athena_protocol/wire_schema.h"
#include "athena_protocol/zone_key.h"
#include "lotic/buffer.h"

namespace lotic::athena {
namespace {

constexpr int64_t kMillisPerSecond = 1000;

bool IsZoned(const WireType& type) { return type.kind == WireKind::kTimestamp && type.timezone.has_value(); }
bool IsZonedMillis(const WireType& type) { return IsZoned(type) && type.unit == WireUnit::kMilli; }

int64_t FloorDiv(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

// The memory of a converted batch: what is new, and the batch whose columns are shared.
struct Owner {
  Batch source;
  std::vector<Buffer> buffers;
  uint8_t* Keep(size_t bytes) {
    Buffer& buffer = buffers.emplace_back();
    buffer.Resize(bytes);
    buffer.Finish();
    return buffer.data();
  }
};

// --------------------------------------------------------------------------------------------------------------- loops over values

template <int64_t kDivisor>
void FloorAll(const int64_t* in, int64_t count, int64_t* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = FloorDiv(in[i], kDivisor);
}

// Milliseconds since 1970 of any unit. False if a value does not fit: only seconds can overflow.
bool ToMillis(TimeUnit unit, const int64_t* in, int64_t count, int64_t* out) {
  bool overflow = false;
  switch (unit) {
    case TimeUnit::kSecond:
      for (int64_t i = 0; i < count; ++i) overflow |= __builtin_mul_overflow(in[i], kMillisPerSecond, &out[i]);
      break;
    case TimeUnit::kMilli: std::copy_n(in, count, out); break;
    case TimeUnit::kMicro: FloorAll<1000>(in, count, out); break;
    case TimeUnit::kNano: FloorAll<1000000>(in, count, out); break;
  }
  return !overflow;
}

// In place: milliseconds to packed values with the key of UTC, 0. False if one is beyond 52 bits.
bool PackAll(int64_t* values, int64_t count) {
  uint64_t beyond = 0;
  for (int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<uint64_t>(values[i]);
    beyond |= (value + (uint64_t{1} << 51)) >> 52;  // -2^51 .. 2^51 - 1 lands in 0 .. 2^52 - 1
    values[i] = static_cast<int64_t>(value << kZoneBits);
  }
  return beyond == 0;
}

template <typename From, typename To>
void WidenAll(const From* in, int64_t count, To* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = static_cast<To>(in[i]);
}

// ------------------------------------------------------------------------------------------------------------------ to Athena

class ToWire {
 public:
  explicit ToWire(Owner* owner) : owner_(*owner) {}

  /// @param logical  the logical type of `target`.
  Status Convert(const std::string& where, const Column& in, const WireField& target, const Type& logical, Column* out) {
    const Type& type = in.type;
    if (IsZoned(target.type) && target.type.unit != WireUnit::kMilli) {
      return Status::Invalid("column ", where, ": ", target.type.ToString(),
                             " cannot be written while timestamps travel packed with their zone; Athena reads MILLISECOND");
    }
    if (type.id() == TypeId::kTimestamp && logical.id() == TypeId::kTimestamp && type.utc() == logical.utc())
      return ConvertTime(where, in, target, logical, out);
    if (type.is_nested() && type.id() == logical.id()) return ConvertNested(where, in, target, logical, out);
    if (type == logical) {
      *out = in;
      return Status::OK();
    }
    if (type.is_unsigned()) {
      if (type.id() == TypeId::kUInt8 && logical.id() == TypeId::kInt16) return Widen<uint8_t, int16_t>(in, logical, out);
      if (type.id() == TypeId::kUInt16 && logical.id() == TypeId::kInt32) return Widen<uint16_t, int32_t>(in, logical, out);
      if (type.id() == TypeId::kUInt32 && logical.id() == TypeId::kInt64) return Widen<uint32_t, int64_t>(in, logical, out);
      if (type.id() == TypeId::kUInt64 && logical == Type::Decimal(20, 0)) return Widen<uint64_t, Int128>(in, logical, out);
    }
    return Status::Invalid("column ", where, ": ", type.ToString(), " cannot travel as ", target.type.ToString());
  }

 private:
  template <typename From, typename To>
  Status Widen(const Column& in, const Type& logical, Column* out) {
    *out = in;
    out->type = logical;
    auto* data = owner_.Keep(static_cast<size_t>(in.length) * sizeof(To));
    WidenAll(reinterpret_cast<const From*>(in.data), in.length, reinterpret_cast<To*>(data));
    out->data = data;
    return Status::OK();
  }

  Status ConvertTime(const std::string& where, const Column& in, const WireField& target, const Type& logical, Column* out) {
    *out = in;
    out->type = logical;
    const bool pack = IsZonedMillis(target.type);
    if (logical.unit() != TimeUnit::kMilli) {
      if (logical == in.type) return Status::OK();
      return Status::Invalid("column ", where, ": ", in.type.ToString(), " cannot travel as ", target.type.ToString());
    }
    if (!pack && in.type.unit() == TimeUnit::kMilli) return Status::OK();
    auto* values = reinterpret_cast<int64_t*>(owner_.Keep(static_cast<size_t>(in.length) * 8));
    const auto* source = reinterpret_cast<const int64_t*>(in.data);
    bool fits = ToMillis(in.type.unit(), source, in.length, values);
    if (pack) fits &= PackAll(values, in.length);
    out->data = reinterpret_cast<const uint8_t*>(values);
    if (fits) return Status::OK();
    for (int64_t row = 0; row < in.length; ++row) {  // under a NULL lies anything
      int64_t millis = 0;
      const bool overflow = !ToMillis(in.type.unit(), source + row, 1, &millis);
      if (!in.IsNull(row) && (overflow || (pack && (millis < kMinPackableMs || millis > kMaxPackableMs)))) {
        return Status::Invalid("column ", where, ", row ", row, ": ", source[row], " (", in.type.ToString(), ") is beyond what ", target.type.ToString(),
                               " holds");
      }
    }
    return Status::OK();
  }

  Status ConvertNested(const std::string& where, const Column& in, const WireField& target, const Type& logical, Column* out) {
    *out = in;
    out->type = logical;
    const WireField& parent = in.type.id() == TypeId::kMap ? target.children[0] : target;
    if (in.children.size() != parent.children.size()) {
      return Status::Invalid("column ", where, ": ", in.type.ToString(), " has ", in.children.size(), " members, its form for Athena ", parent.children.size());
    }
    for (size_t i = 0; i < in.children.size(); ++i) {
      const WireField& child = parent.children[i];
      if (in.type.id() == TypeId::kStruct && in.type.children()[i].name != child.name) {
        return Status::Invalid("column ", where, ": member ", in.type.children()[i].name, " where ", child.name, " is expected");
      }
      LOTIC_RETURN_NOT_OK(Convert(where + "." + child.name, in.children[i], child, logical.children()[i].type, &out->children[i]));
    }
    return Status::OK();
  }

  Owner& owner_;
};

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

// The connector's column that `target` is made of: by the source's name kept in its metadata, else by its name, else ignoring case.
Result<size_t> SourceOf(const WireField& target, const Schema& schema) {
  for (const auto& [key, value] : target.metadata) {
    if (key != kSourceNameKey) continue;
    if (const auto index = schema.IndexOf(value)) return *index;
  }
  if (const auto index = schema.IndexOf(target.name)) return *index;
  std::optional<size_t> found;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    if (!EqualIgnoringCase(schema.fields[i].name, target.name)) continue;
    if (found) {
      return Status::Invalid("column ", target.name, ": could be ", schema.fields[*found].name, " or ", schema.fields[i].name, ", and its metadata has no ",
                             kSourceNameKey);
    }
    found = i;
  }
  if (!found) return Status::Invalid("column ", target.name, ": the rows have no such column");
  return *found;
}

// ---------------------------------------------------------------------------------------------------------------- from Athena

bool HoldsZoned(const WireField& field) {
  if (IsZoned(field.type)) return true;
  for (const WireField& child : field.children) {
    if (HoldsZoned(child)) return true;
  }
  return false;
}

class Unpack {
 public:
  explicit Unpack(Owner* owner) : owner_(*owner) {}

  Status Convert(const std::string& where, const WireField& field, Column* column) {
    if (IsZoned(field.type)) return IsZonedMillis(field.type) ? ConvertMillis(where, column) : RefuseMicros(where, field, *column);
    const WireField& parent = field.type.kind == WireKind::kMap ? field.children[0] : field;
    for (size_t i = 0; i < column->children.size(); ++i) {
      LOTIC_RETURN_NOT_OK(Convert(where + "." + parent.children[i].name, parent.children[i], &column->children[i]));
    }
    return Status::OK();
  }

 private:
  Status ConvertMillis(const std::string& where, Column* column) {
    auto* values = reinterpret_cast<int64_t*>(owner_.Keep(static_cast<size_t>(column->length) * 8));
    const auto* packed = reinterpret_cast<const int64_t*>(column->data);
    int named = 0;
    for (int64_t row = 0; row < column->length; ++row) {
      values[row] = MillisOfPacked(packed[row]);
      named |= ZoneKeyOfPacked(packed[row]);
    }
    for (int64_t row = 0; named != 0 && row < column->length; ++row) {  // zones other than UTC: each must be known
      if (column->IsNull(row)) continue;
      const Result<std::string> zone = ZoneIdOf(ZoneKeyOfPacked(packed[row]));
      if (!zone.ok()) return zone.status().WithMessage("column ", where, ", row ", row, ": ", zone.status().message());
    }
    column->data = reinterpret_cast<const uint8_t*>(values);
    return Status::OK();
  }

  Status RefuseMicros(const std::string& where, const WireField& field, const Column& column) {
    if (column.null_count == column.length) return Status::OK();
    return Status::Invalid("column ", where, ": ", field.type.ToString(), " cannot be read while timestamps travel packed with their zone, only MILLISECOND");
  }

  Owner& owner_;
};

}  // namespace

Result<Block> ToAthenaBlock(const Batch& rows, const WireSchema& target) {
  LOTIC_ASSIGN_OR_RETURN(Schema logical, LogicalSchema(target));
  auto owner = std::make_shared<Owner>(Owner{rows, {}});
  ToWire to_wire(owner.get());
  std::vector<Column> columns;
  columns.reserve(target.fields.size());
  for (size_t i = 0; i < target.fields.size(); ++i) {
    LOTIC_ASSIGN_OR_RETURN(const size_t source, SourceOf(target.fields[i], rows.schema()));
    Column& column = columns.emplace_back(Column{.type = logical.fields[i].type});
    LOTIC_RETURN_NOT_OK(to_wire.Convert(rows.schema().fields[source].name, rows.column(source), target.fields[i], logical.fields[i].type, &column));
  }
  return Block{target, Batch(std::make_shared<const Schema>(std::move(logical)), rows.num_rows(), std::move(columns), std::move(owner))};
}

Result<Batch> UnpackZones(const Block& block) {
  bool any = false;
  for (const WireField& field : block.schema.fields) any |= HoldsZoned(field);
  if (!any) return block.rows;
  auto owner = std::make_shared<Owner>(Owner{block.rows, {}});
  Unpack unpack(owner.get());
  std::vector<Column> columns;
  columns.reserve(block.rows.num_columns());
  for (size_t i = 0; i < block.rows.num_columns(); ++i) {
    columns.push_back(block.rows.column(i));
    LOTIC_RETURN_NOT_OK(unpack.Convert(block.schema.fields[i].name, block.schema.fields[i], &columns.back()));
  }
  return Batch(block.rows.schema_ptr(), block.rows.num_rows(), std::move(columns), std::move(owner));
}

}  // namespace lotic::athena
