// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "connector/memory/memory_connector.h"
#include "lotic/batch_builder.h"

namespace lotic::memory {
namespace {

std::shared_ptr<const Schema> TypesSchema() {
  return std::make_shared<const Schema>(Schema{{
      {"id", Type::Int64()},
      {"flag", Type::Bool()},
      {"tiny", Type::Int8()},
      {"small", Type::Int16()},
      {"medium", Type::Int32()},
      {"utiny", Type::UInt8()},
      {"usmall", Type::UInt16()},
      {"umedium", Type::UInt32()},
      {"ubig", Type::UInt64()},
      {"real4", Type::Float32()},
      {"real8", Type::Float64()},
      {"price", Type::Decimal(12, 2)},
      {"wide", Type::Decimal(38, 6)},
      {"name", Type::String()},
      {"raw", Type::Binary()},
      {"day", Type::Date()},
      {"clock", Type::Time()},
      {"at_s", Type::Timestamp(TimeUnit::kSecond, false)},
      {"at_ms", Type::Timestamp(TimeUnit::kMilli, false)},
      {"at_us", Type::Timestamp(TimeUnit::kMicro, true)},
      {"at_ns", Type::Timestamp(TimeUnit::kNano, false)},
      {"tags", Type::List(Type::String())},
      {"place", Type::Struct({{"city", Type::String()}, {"zip", Type::Int32()}})},
      {"attributes", Type::Map(Type::String(), Type::Int64())},
  }});
}

// Row i, 0 .. 239. Every ninth row is NULL in all columns but id.
void AppendTypesRow(BatchBuilder* b, int64_t i) {
  size_t c = 0;
  b->column(c++).AppendInt64(i);
  if (i % 9 == 8) {
    for (; c < b->num_columns(); ++c) b->column(c).AppendNull();
    return;
  }
  b->column(c++).AppendBool(i % 2 == 0);
  b->column(c++).AppendInt64(i % 256 - 128);
  b->column(c++).AppendInt64(i * 100 - 12000);
  b->column(c++).AppendInt64(i * 10000000 - 1200000000);
  b->column(c++).AppendInt64(i);
  b->column(c++).AppendInt64(i * 200);
  b->column(c++).AppendInt64(i * 17000000);
  b->column(c++).AppendUInt64(UINT64_MAX - static_cast<uint64_t>(i));
  b->column(c++).AppendDouble(static_cast<double>(i) / 4);
  b->column(c++).AppendDouble(i == 5 ? std::nan("") : i == 6 ? -0.0 : i == 7 ? INFINITY : static_cast<double>(i) / 3);
  b->column(c++).AppendDecimal(i * 125 - 10000);
  b->column(c++).AppendDecimal(Int128{i - 120} * 1000000000000000000 * 1000);
  b->column(c++).AppendBytes(i % 4 == 0 ? "" : "name-" + std::to_string(i % 20) + (i % 4 == 1 ? "-\u00fc\U0001F600" : ""));
  b->column(c++).AppendBytes(std::string("\xff\0\x7f", 3) + static_cast<char>(i % 128));
  b->column(c++).AppendInt64(i * 100 - 10000);
  b->column(c++).AppendInt64(i * 360000000 % 86400000000);
  b->column(c++).AppendInt64(i * 86400 - 5000000);
  b->column(c++).AppendInt64(i * 86400001 - 5000000000);
  b->column(c++).AppendInt64(1700000000000000 + i * 1000001);
  b->column(c++).AppendInt64(1700000000000000000 + i * 1000000001);
  for (int64_t k = 0; k < i % 4; ++k) k == 2 ? b->column(c).child(0).AppendNull() : b->column(c).child(0).AppendBytes("tag" + std::to_string(k));
  b->column(c++).FinishList();
  b->column(c).child(0).AppendBytes(i % 3 == 0 ? "Basel" : "Zug");
  i % 5 == 0 ? b->column(c).child(1).AppendNull() : b->column(c).child(1).AppendInt64(4000 + i);
  b->column(c++).AppendValid();
  for (int64_t k = 0; k < i % 3; ++k) {
    b->column(c).child(0).AppendBytes("k" + std::to_string(k));
    b->column(c).child(1).AppendInt64(i * k);
  }
  b->column(c++).FinishList();
}

// `types`: 3 partitions of 2 batches of 40 rows.
MemoryTable TypesTable() {
  MemoryTable types{{"default", "types"}, *TypesSchema(), {}};
  for (int64_t p = 0; p < 3; ++p) {
    types.partitions.emplace_back();
    for (int64_t half = 0; half < 2; ++half) {
      BatchBuilder builder(TypesSchema());
      for (int64_t row = 0; row < 40; ++row) AppendTypesRow(&builder, p * 80 + half * 40 + row);
      types.partitions.back().push_back(builder.Finish(40));
    }
  }
  return types;
}

MemoryTable OrdersTable() {
  const auto schema = std::make_shared<const Schema>(Schema{{{"id", Type::Int64()},
                                                             {"customer", Type::String()},
                                                             {"qty", Type::Int32()},
                                                             {"price", Type::Decimal(12, 2)},
                                                             {"ordered", Type::Timestamp(TimeUnit::kMilli, false)}}});
  MemoryTable orders{{"default", "orders"}, *schema, {}};
  for (int64_t p = 0; p < 3; ++p) {
    BatchBuilder builder(schema);
    for (int64_t row = 0; row < 40; ++row) {
      const int64_t id = 40 * p + row;
      builder.column(0).AppendInt64(id);
      id % 7 == 6 ? builder.column(1).AppendNull() : builder.column(1).AppendBytes("customer-" + std::to_string(id % 13));
      id % 11 == 10 ? builder.column(2).AppendNull() : builder.column(2).AppendInt64(id % 10 + 1);
      builder.column(3).AppendDecimal(Int128{id} * 125 + 99);
      builder.column(4).AppendInt64(1'700'000'000'000 + id * 60'000);
    }
    orders.partitions.push_back({builder.Finish(40)});
  }
  return orders;
}

}  // namespace

std::shared_ptr<MemoryStore> MakeSampleData() {
  auto store = MemoryStore::Make();
  const MemoryTable types = TypesTable();
  const auto id_only = std::make_shared<const Schema>(Schema{{{"id", Type::Int64()}}});
  MemoryTable numbers{{"default", "numbers"}, *id_only, {}};
  for (int64_t p = 0; p < 4; ++p) {
    numbers.partitions.emplace_back();
    for (int64_t first = 0; first < 2500; first += 500) {
      BatchBuilder builder(id_only);
      for (int64_t row = first; row < first + 500; ++row) builder.column(0).AppendInt64(4 * row + p);
      numbers.partitions.back().push_back(builder.Finish(500));
    }
  }
  const MemoryTable empty{{"default", "empty"}, *id_only, {{}}};
  for (const MemoryTable& table : {types, numbers, empty}) LOTIC_CHECK(store->AddTable(table).ok());
  return store;
}

std::shared_ptr<MemoryStore> MakeAthenaSampleData() {
  auto store = MemoryStore::Make();
  MemoryTable types = TypesTable();
  const size_t clock = *types.schema.IndexOf("clock");  // Athena has no TIME
  std::vector<size_t> others;
  for (size_t c = 0; c < types.schema.fields.size(); ++c) {
    if (c != clock) others.push_back(c);
  }
  for (std::vector<Batch>& partition : types.partitions) {
    for (Batch& batch : partition) batch = batch.Select(others);
  }
  types.schema.fields.erase(types.schema.fields.begin() + static_cast<ptrdiff_t>(clock));
  const MemoryTable empty{{"default", "empty"}, Schema{{{"id", Type::Int64()}}}, {{}}};
  for (const MemoryTable& table : {types, OrdersTable(), empty}) LOTIC_CHECK(store->AddTable(table).ok());
  return store;
}

}  // namespace lotic::memory
