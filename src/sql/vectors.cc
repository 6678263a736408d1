// SPDX-License-Identifier: Apache-2.0
#include "sql/vectors.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "duckdb/common/types/date.hpp"
#include "duckdb/common/types/string_type.hpp"
#include "duckdb/common/types/vector.hpp"
#include "sql/seam.h"

namespace lotic::sql {
namespace {

using duckdb::FlatVector;
using duckdb::Vector;
using KeepPtr = duckdb::buffer_ptr<duckdb::VectorBuffer>;

class BatchKeeper final : public duckdb::VectorBuffer {
 public:
  explicit BatchKeeper(Batch batch) : VectorBuffer(duckdb::VectorBufferType::OPAQUE_BUFFER), batch_(std::move(batch)) {}

 private:
  const Batch batch_;
};

/// Copies `count` bits from `bits` at `first` to the words at `out`. Chunks begin at multiples of 64 rows, where this is a plain copy;
/// items of lists can begin anywhere. Example: first = 3: out word 0 = in word 0 >> 3 | in word 1 << 61.
void CopyBits(const uint8_t* bits, int64_t first, int64_t count, uint64_t* out) {
  const int64_t words = (count + 63) / 64;
  const int shift = static_cast<int>(first & 63);
  const uint8_t* from = bits + (first >> 6) * 8;
  if (shift == 0) {
    std::memcpy(out, from, static_cast<size_t>(words) * 8);
    return;
  }
  const int64_t words_in = (shift + count + 63) / 64;  // never a word that no wanted bit lies in
  for (int64_t i = 0; i < words; ++i) {
    uint64_t low;
    std::memcpy(&low, from + i * 8, 8);
    uint64_t high = 0;
    if (i + 1 < words_in) std::memcpy(&high, from + (i + 1) * 8, 8);
    out[i] = (low >> shift) | (high << (64 - shift));
  }
}

void CopyValidity(Vector& out, const Column& column, int64_t offset, int64_t count) {
  if (column.null_count == 0) return;
  auto& mask = FlatVector::Validity(out);
  mask.Initialize(std::max<int64_t>(count, STANDARD_VECTOR_SIZE));
  CopyBits(column.validity, offset, count, reinterpret_cast<uint64_t*>(mask.GetData()));
}

template <typename T>
void PointAt(Vector& out, const Column& column, int64_t offset, const KeepPtr& keep) {
  FlatVector::SetData(out, reinterpret_cast<duckdb::data_ptr_t>(const_cast<uint8_t*>(column.data + offset * static_cast<int64_t>(sizeof(T)))));
  out.SetAuxiliary(keep);  // a flat vector of fixed width uses it for nothing else
}

void FillBool(Vector& out, const Column& column, int64_t offset, int64_t count) {
  auto* to = FlatVector::GetData<bool>(out);
  for (int64_t i = 0; i < count; ++i) to[i] = column.Bool(offset + i);
}

template <typename To>
void FillDecimal(Vector& out, const Column& column, int64_t offset, int64_t count) {
  const Int128* from = column.values<Int128>().data() + offset;
  auto* to = FlatVector::GetData<To>(out);
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<To>(from[i]);
}

void FillText(Vector& out, const Column& column, int64_t offset, int64_t count, const KeepPtr& keep) {
  auto* to = FlatVector::GetData<duckdb::string_t>(out);
  const int32_t* at = column.offsets().data() + offset;
  const char* bytes = reinterpret_cast<const char*>(column.bytes);
  for (int64_t i = 0; i < count; ++i) to[i] = duckdb::string_t(bytes + at[i], static_cast<uint32_t>(at[i + 1] - at[i]));
  duckdb::StringVector::AddBuffer(out, keep);
}

/// Instants in seconds or milliseconds to DuckDB's microseconds.
void FillInstant(Vector& out, const Column& column, int64_t offset, int64_t count) {
  const int64_t scale = column.type.unit() == TimeUnit::kSecond ? 1'000'000 : 1'000;
  const int64_t* from = column.values<int64_t>().data() + offset;
  auto* to = FlatVector::GetData<int64_t>(out);
  for (int64_t i = 0; i < count; ++i) {
    if (__builtin_mul_overflow(from[i], scale, &to[i]) && !column.IsNull(offset + i)) {
      ThrowStatus(Status::Invalid("an instant does not fit DuckDB's TIMESTAMPTZ: ", from[i], scale == 1'000 ? " ms" : " s", " since 1970"));
    }
  }
}

/// DuckDB takes members out of a STRUCT without looking at the STRUCT's own NULLs, so they must be NULL there too.
void PropagateNulls(Vector& out, const Column& column, int64_t offset, int64_t count) {
  if (column.null_count == 0) return;
  for (int64_t i = 0; i < count; ++i) {
    if (column.IsNull(offset + i)) FlatVector::SetNull(out, static_cast<duckdb::idx_t>(i), true);
  }
}

/// The entries of a list or map, rebased so that the items of the chunk begin at 0. @return where they begin and how many they are.
std::pair<int64_t, int64_t> FillEntries(Vector& out, const Column& column, int64_t offset, int64_t count) {
  const int32_t* at = column.offsets().data() + offset;
  auto* to = FlatVector::GetData<duckdb::list_entry_t>(out);
  const int64_t first = at[0];
  for (int64_t i = 0; i < count; ++i) {
    to[i] = duckdb::list_entry_t(static_cast<duckdb::idx_t>(at[i] - first), static_cast<duckdb::idx_t>(at[i + 1] - at[i]));
  }
  const int64_t items = at[count] - first;
  duckdb::ListVector::Reserve(out, static_cast<duckdb::idx_t>(items));
  duckdb::ListVector::SetListSize(out, static_cast<duckdb::idx_t>(items));
  return {first, items};
}

}  // namespace

KeepPtr KeepBatch(Batch batch) { return duckdb::make_buffer<BatchKeeper>(std::move(batch)); }

void FillVector(Vector& out, const Column& column, int64_t offset, int64_t count, const KeepPtr& keep) {
  CopyValidity(out, column, offset, count);
  switch (column.type.id()) {
    case TypeId::kBool: return FillBool(out, column, offset, count);
    case TypeId::kInt8:
    case TypeId::kUInt8: return PointAt<uint8_t>(out, column, offset, keep);
    case TypeId::kInt16:
    case TypeId::kUInt16: return PointAt<uint16_t>(out, column, offset, keep);
    case TypeId::kInt32:
    case TypeId::kUInt32:
    case TypeId::kFloat32:
    case TypeId::kDate: return PointAt<uint32_t>(out, column, offset, keep);
    case TypeId::kInt64:
    case TypeId::kUInt64:
    case TypeId::kFloat64:
    case TypeId::kTime: return PointAt<uint64_t>(out, column, offset, keep);
    case TypeId::kTimestamp:
      if (column.type.utc() && column.type.unit() != TimeUnit::kMicro) return FillInstant(out, column, offset, count);
      return PointAt<uint64_t>(out, column, offset, keep);
    case TypeId::kDecimal128:
      switch (out.GetType().InternalType()) {
        case duckdb::PhysicalType::INT16: return FillDecimal<int16_t>(out, column, offset, count);
        case duckdb::PhysicalType::INT32: return FillDecimal<int32_t>(out, column, offset, count);
        case duckdb::PhysicalType::INT64: return FillDecimal<int64_t>(out, column, offset, count);
        default: return PointAt<Int128>(out, column, offset, keep);  // hugeint_t: low word first, as ours
      }
    case TypeId::kString:
    case TypeId::kBinary: return FillText(out, column, offset, count, keep);
    case TypeId::kStruct: {
      auto& members = duckdb::StructVector::GetEntries(out);
      for (size_t i = 0; i < column.children.size(); ++i) FillVector(*members[i], column.children[i], offset, count, keep);
      return PropagateNulls(out, column, offset, count);
    }
    case TypeId::kList: {
      const auto [first, items] = FillEntries(out, column, offset, count);
      return FillVector(duckdb::ListVector::GetEntry(out), column.children[0], first, items, keep);
    }
    case TypeId::kMap: {
      const auto [first, items] = FillEntries(out, column, offset, count);
      FillVector(duckdb::MapVector::GetKeys(out), column.children[0], first, items, keep);
      return FillVector(duckdb::MapVector::GetValues(out), column.children[1], first, items, keep);
    }
  }
}

}  // namespace lotic::sql
