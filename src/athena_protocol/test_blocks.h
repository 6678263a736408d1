// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <random>
#include <string>

#include "athena_protocol/wire_schema.h"
#include "lotic/batch_builder.h"

// What the tests of this folder share: a schema of every type, random rows under any schema, rows as text.

namespace lotic::athena::testing {

/// One column of every type of the federation SDK's list, and nested ones: list<struct<map>> among them.
inline WireSchema EveryType() {
  const auto field = [](std::string name, WireType type, std::vector<WireField> children = {}) {
    return WireField{std::move(name), true, std::move(type), std::move(children)};
  };
  const WireType utf8{.kind = WireKind::kUtf8}, int32{.kind = WireKind::kInt, .bit_width = 32}, list{.kind = WireKind::kList},
      record{.kind = WireKind::kStruct};
  const WireType zoned{.kind = WireKind::kTimestamp, .unit = WireUnit::kMilli, .timezone = "UTC"};
  WireField entries = field("entries", record, {field("key", utf8), field("value", int32)});
  entries.nullable = entries.children[0].nullable = false;
  const WireField map = field("map", {.kind = WireKind::kMap}, {entries});
  return {{field("bit", {.kind = WireKind::kBool}), field("tinyint", {.kind = WireKind::kInt, .bit_width = 8}),
           field("smallint", {.kind = WireKind::kInt, .bit_width = 16}), field("int", int32), field("bigint", {.kind = WireKind::kInt, .bit_width = 64}),
           field("float4", {.kind = WireKind::kFloat, .bit_width = 32}), field("float8", {.kind = WireKind::kFloat, .bit_width = 64}),
           field("decimal", {.kind = WireKind::kDecimal, .bit_width = 128, .precision = 38, .scale = 9}), field("varchar", utf8),
           field("varbinary", {.kind = WireKind::kBinary}), field("dateday", {.kind = WireKind::kDate, .unit = WireUnit::kDay}),
           field("datemilli", {.kind = WireKind::kDate, .unit = WireUnit::kMilli}), field("timestampmillitz", zoned),
           field("timestampmicrotz", {.kind = WireKind::kTimestamp, .unit = WireUnit::kMicro, .timezone = "UTC"}), field("list", list, {field("", int32)}),
           field("struct", record, {field("a", int32), field("B", utf8)}), map,
           field("nested", list, {field("item", record, {field("m", {.kind = WireKind::kMap}, {entries}), field("l", list, {field("$data$", utf8)})})})}};
}

/// Appends one random value, or a NULL with a chance of one in `one_null_in` (0: never).
inline void AppendRandom(const Type& type, int one_null_in, std::mt19937_64* random, ColumnBuilder* out) {
  auto& next = *random;
  if (one_null_in != 0 && next() % static_cast<uint64_t>(one_null_in) == 0) return out->AppendNull();
  switch (type.id()) {
    case TypeId::kBool: return out->AppendBool(next() % 2 == 0);
    case TypeId::kFloat32:
    case TypeId::kFloat64: return out->AppendDouble(static_cast<double>(static_cast<int64_t>(next())) / 1024);
    case TypeId::kDecimal128: return out->AppendDecimal(static_cast<Int128>(static_cast<int64_t>(next() % 1000)) - 500);
    case TypeId::kString: {
      static const std::string_view texts[] = {"", "a", "lotic", "\xc3\xa4\xe2\x82\xac", "\xf0\x9f\x8c\x8a", "a longer text that fills more than one group"};
      return out->AppendBytes(texts[next() % 6]);
    }
    case TypeId::kBinary: return out->AppendBytes(std::string(next() % 5, static_cast<char>(next())));
    case TypeId::kList:
    case TypeId::kMap:
      for (uint64_t items = next() % 4; items != 0; --items) {
        for (size_t i = 0; i < type.children().size(); ++i) {
          AppendRandom(type.children()[i].type, type.id() == TypeId::kMap && i == 0 ? 0 : one_null_in, random, &out->child(i));
        }
      }
      return out->FinishList();
    case TypeId::kStruct:
      for (size_t i = 0; i < type.children().size(); ++i) AppendRandom(type.children()[i].type, one_null_in, random, &out->child(i));
      return out->AppendValid();
    default: return out->AppendInt64(static_cast<int64_t>(next()) >> (next() % 64));
  }
}

inline Batch RandomBatch(const Schema& schema, int64_t rows, int one_null_in, uint64_t seed) {
  std::mt19937_64 random(seed);
  BatchBuilder builder(std::make_shared<const Schema>(schema));
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    for (int64_t row = 0; row < rows; ++row) AppendRandom(schema.fields[i].type, one_null_in, &random, &builder.column(i));
  }
  return builder.Finish(rows);
}

/// Every value of a column as text, nested ones too: two columns are equal if these are.
inline std::string Show(const Column& column, int64_t row) {
  if (column.IsNull(row)) return "NULL";
  switch (column.type.id()) {
    case TypeId::kBool: return column.Bool(row) ? "true" : "false";
    case TypeId::kString:
    case TypeId::kBinary: return std::string("'").append(column.Text(row)) + "'";
    case TypeId::kStruct:
    case TypeId::kList:
    case TypeId::kMap: {
      const bool is_struct = column.type.id() == TypeId::kStruct;
      const int64_t from = is_struct ? row : column.offsets()[static_cast<size_t>(row)],
                    to = is_struct ? row + 1 : column.offsets()[static_cast<size_t>(row + 1)];
      std::string out = "[";
      for (int64_t at = from; at < to; ++at) {
        for (const Column& child : column.children) out += Show(child, at) + ",";
        out += ";";
      }
      return out + "]";
    }
    default: break;
  }
  const auto width = static_cast<size_t>(column.type.byte_width());
  std::string out;
  for (size_t i = 0; i < width; ++i)
    out += "0123456789abcdef"[column.data[static_cast<size_t>(row) * width + i] >> 4],
        out += "0123456789abcdef"[column.data[static_cast<size_t>(row) * width + i] & 15];
  return out;
}
inline std::string Show(const Batch& batch) {
  std::string out = std::to_string(batch.num_rows()) + " rows";
  for (size_t i = 0; i < batch.num_columns(); ++i) {
    out += "\n" + batch.schema().fields[i].name + ":";
    for (int64_t row = 0; row < batch.num_rows(); ++row) out += " " + Show(batch.column(i), row);
  }
  return out;
}

}  // namespace lotic::athena::testing
