// SPDX-License-Identifier: Apache-2.0
#include "sql/chunk_batch.h"

#include <limits>
#include <string>

#include "duckdb/common/types/data_chunk.hpp"
#include "duckdb/common/types/date.hpp"
#include "duckdb/common/types/timestamp.hpp"
#include "duckdb/common/types/value.hpp"
#include "duckdb/common/types/vector.hpp"
#include "lotic/batch_builder.h"
#include "sql/seam.h"

namespace lotic::sql {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::Vector;

/// Calls `append` with each value that is not NULL.
template <typename T, typename Append>
void EachValue(Vector& in, idx_t begin, idx_t count, ColumnBuilder* out, Append&& append) {
  const auto& valid = FlatVector::Validity(in);
  const T* const values = reinterpret_cast<const T*>(FlatVector::GetData(in));
  for (idx_t i = begin; i < begin + count; ++i) {
    if (valid.RowIsValid(i)) {
      append(values[i]);
    } else {
      out->AppendNull();
    }
  }
}

template <typename T>
void AppendNumbers(Vector& in, idx_t begin, idx_t count, ColumnBuilder* out) {
  EachValue<T>(in, begin, count, out, [&](T value) { out->AppendInt64(static_cast<int64_t>(value)); });
}

template <typename T>
void AppendDecimals(Vector& in, idx_t begin, idx_t count, ColumnBuilder* out) {
  EachValue<T>(in, begin, count, out, [&](T value) { out->AppendDecimal(static_cast<Int128>(value)); });
}

[[noreturn]] void Infinite(const std::string& column) { ThrowStatus(Status::Invalid("column \"", column, "\": an infinite date or time cannot be written")); }

void AppendTimestamps(Vector& in, idx_t begin, idx_t count, const std::string& column, ColumnBuilder* out) {
  const Type& type = out->type();
  // Instants come in microseconds; local times in the column's own unit.
  const int64_t divisor = !type.utc() || type.unit() == TimeUnit::kMicro ? 1 : type.unit() == TimeUnit::kMilli ? 1'000 : 1'000'000;
  EachValue<int64_t>(in, begin, count, out, [&](int64_t value) {
    if (!duckdb::Timestamp::IsFinite(duckdb::timestamp_t(value))) Infinite(column);
    if (value % divisor != 0) {
      ThrowStatus(Status::Invalid("column \"", column, "\" counts ", divisor == 1'000 ? "milliseconds" : "seconds", ", and ",
                                  duckdb::Value::TIMESTAMP(duckdb::timestamp_t(value)).ToString(), " UTC lies between two: write date_trunc('",
                                  divisor == 1'000 ? "milliseconds" : "seconds", "', …)"));
    }
    out->AppendInt64(value / divisor);
  });
}

void AppendTexts(Vector& in, idx_t begin, idx_t count, const std::string& column, ColumnBuilder* out) {
  EachValue<duckdb::string_t>(in, begin, count, out, [&](const duckdb::string_t& value) {
    if (out->bytes_size() + value.GetSize() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
      ThrowStatus(Status::CapacityError("column \"", column, "\": more than 2 GiB of text in ", STANDARD_VECTOR_SIZE, " rows"));
    }
    out->AppendBytes({value.GetData(), value.GetSize()});
  });
}

/// `in` is flat, its children may not be.
void AppendRows(Vector& in, idx_t begin, idx_t count, const std::string& column, ColumnBuilder* out);

void AppendLists(Vector& in, idx_t begin, idx_t count, const std::string& column, ColumnBuilder* out) {
  const bool map = out->type().id() == TypeId::kMap;
  const idx_t items = duckdb::ListVector::GetListSize(in);
  if (map) {
    duckdb::MapVector::GetKeys(in).Flatten(items);
    duckdb::MapVector::GetValues(in).Flatten(items);
  } else {
    duckdb::ListVector::GetEntry(in).Flatten(items);
  }
  EachValue<duckdb::list_entry_t>(in, begin, count, out, [&](const duckdb::list_entry_t& entry) {
    if (map) {
      AppendRows(duckdb::MapVector::GetKeys(in), entry.offset, entry.length, column, &out->child(0));
      AppendRows(duckdb::MapVector::GetValues(in), entry.offset, entry.length, column, &out->child(1));
    } else {
      AppendRows(duckdb::ListVector::GetEntry(in), entry.offset, entry.length, column, &out->child(0));
    }
    out->FinishList();
  });
}

void AppendStructs(Vector& in, idx_t begin, idx_t count, const std::string& column, ColumnBuilder* out) {
  const auto& valid = FlatVector::Validity(in);
  auto& members = duckdb::StructVector::GetEntries(in);
  for (auto& member : members) member->Flatten(begin + count);
  for (idx_t i = begin; i < begin + count; ++i) {
    if (!valid.RowIsValid(i)) {
      out->AppendNull();
      continue;
    }
    for (size_t m = 0; m < members.size(); ++m) AppendRows(*members[m], i, 1, column, &out->child(m));
    out->AppendValid();
  }
}

void AppendRows(Vector& in, idx_t begin, idx_t count, const std::string& column, ColumnBuilder* out) {
  switch (out->type().id()) {
    case TypeId::kBool: return EachValue<bool>(in, begin, count, out, [&](bool value) { out->AppendBool(value); });
    case TypeId::kInt8: return AppendNumbers<int8_t>(in, begin, count, out);
    case TypeId::kUInt8: return AppendNumbers<uint8_t>(in, begin, count, out);
    case TypeId::kInt16: return AppendNumbers<int16_t>(in, begin, count, out);
    case TypeId::kUInt16: return AppendNumbers<uint16_t>(in, begin, count, out);
    case TypeId::kInt32: return AppendNumbers<int32_t>(in, begin, count, out);
    case TypeId::kUInt32: return AppendNumbers<uint32_t>(in, begin, count, out);
    case TypeId::kInt64:
    case TypeId::kTime: return AppendNumbers<int64_t>(in, begin, count, out);
    case TypeId::kUInt64: return AppendNumbers<uint64_t>(in, begin, count, out);
    case TypeId::kFloat32: return EachValue<float>(in, begin, count, out, [&](float value) { out->AppendDouble(static_cast<double>(value)); });
    case TypeId::kFloat64: return EachValue<double>(in, begin, count, out, [&](double value) { out->AppendDouble(value); });
    case TypeId::kDecimal128:
      switch (in.GetType().InternalType()) {
        case duckdb::PhysicalType::INT16: return AppendDecimals<int16_t>(in, begin, count, out);
        case duckdb::PhysicalType::INT32: return AppendDecimals<int32_t>(in, begin, count, out);
        case duckdb::PhysicalType::INT64: return AppendDecimals<int64_t>(in, begin, count, out);
        default: return AppendDecimals<Int128>(in, begin, count, out);  // hugeint_t: low word first, as ours
      }
    case TypeId::kString:
    case TypeId::kBinary: return AppendTexts(in, begin, count, column, out);
    case TypeId::kDate:
      return EachValue<int32_t>(in, begin, count, out, [&](int32_t days) {
        if (!duckdb::Date::IsFinite(duckdb::date_t(days))) Infinite(column);
        out->AppendInt64(days);
      });
    case TypeId::kTimestamp: return AppendTimestamps(in, begin, count, column, out);
    case TypeId::kList:
    case TypeId::kMap: return AppendLists(in, begin, count, column, out);
    case TypeId::kStruct: return AppendStructs(in, begin, count, column, out);
  }
}

}  // namespace

void AppendChunk(const Schema& schema, duckdb::DataChunk& chunk, BatchBuilder* builder) {
  chunk.Flatten();
  for (size_t i = 0; i < schema.fields.size(); ++i) AppendRows(chunk.data[i], 0, chunk.size(), schema.fields[i].name, &builder->column(i));
}

Batch BatchOf(const std::shared_ptr<const Schema>& schema, duckdb::DataChunk& chunk) {
  BatchBuilder builder(schema);
  AppendChunk(*schema, chunk, &builder);
  return builder.Finish(static_cast<int64_t>(chunk.size()));
}

}  // namespace lotic::sql
