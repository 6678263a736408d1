// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"

namespace lotic {

/// The logical types a connector may use: one list for all. Each door maps them once to its own.
/// In memory every type has the layout of the Arrow type named beside it.
enum class TypeId : uint8_t {
  kBool,  ///< Arrow Bool, one bit a value
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat32,
  kFloat64,
  kDecimal128,  ///< precision 1 .. 38, scale 0 .. precision; two's complement, 16 bytes
  kString,      ///< Arrow Utf8, int32 offsets; always valid UTF-8
  kBinary,      ///< Arrow Binary, int32 offsets
  kDate,        ///< Arrow Date32: days since 1970-01-01
  kTime,        ///< Arrow Time64 microseconds: since midnight
  kTimestamp,   ///< Arrow Timestamp of `unit`; with `utc` an instant (zone "UTC"), without it a local date and time
  kList,        ///< one child
  kStruct,      ///< named children
  kMap,         ///< child 0 the key (never NULL), child 1 the value; Arrow: a list of struct "entries" {key, value}
};

enum class TimeUnit : uint8_t { kSecond, kMilli, kMicro, kNano };

struct Field;

/// A type with its parameters. A value: copied freely, compared by content. Immutable.
class Type {
 public:
  static Type Bool() { return Type(TypeId::kBool); }
  static Type Int8() { return Type(TypeId::kInt8); }
  static Type Int16() { return Type(TypeId::kInt16); }
  static Type Int32() { return Type(TypeId::kInt32); }
  static Type Int64() { return Type(TypeId::kInt64); }
  static Type UInt8() { return Type(TypeId::kUInt8); }
  static Type UInt16() { return Type(TypeId::kUInt16); }
  static Type UInt32() { return Type(TypeId::kUInt32); }
  static Type UInt64() { return Type(TypeId::kUInt64); }
  static Type Float32() { return Type(TypeId::kFloat32); }
  static Type Float64() { return Type(TypeId::kFloat64); }
  /// Stops the process unless 1 <= precision <= 38 and 0 <= scale <= precision.
  static Type Decimal(int precision, int scale);
  static Type String() { return Type(TypeId::kString); }
  static Type Binary() { return Type(TypeId::kBinary); }
  static Type Date() { return Type(TypeId::kDate); }
  static Type Time() { return Type(TypeId::kTime); }
  static Type Timestamp(TimeUnit unit, bool utc);
  static Type List(Type item);
  static Type Struct(std::vector<Field> fields);
  static Type Map(Type key, Type value);

  TypeId id() const { return id_; }
  int precision() const { return precision_; }
  int scale() const { return scale_; }
  TimeUnit unit() const { return unit_; }
  bool utc() const { return utc_; }
  /// List: {item}; struct: its fields; map: {key, value}; else empty. Valid while this Type or a copy lives.
  const std::vector<Field>& children() const;

  bool is_integer() const { return id_ >= TypeId::kInt8 && id_ <= TypeId::kUInt64; }
  bool is_unsigned() const { return id_ >= TypeId::kUInt8 && id_ <= TypeId::kUInt64; }
  bool is_nested() const { return id_ >= TypeId::kList; }
  bool is_text_or_binary() const { return id_ == TypeId::kString || id_ == TypeId::kBinary; }
  /// Bytes of one value in the data buffer: 1, 2, 4, 8 or 16; 0 for bool (bits), text, binary and nested types.
  int byte_width() const;

  /// The SQL-like name that is also the canonical form in JSON: "BIGINT", "DECIMAL(10,2)", "TIMESTAMP(6) UTC",
  /// "LIST<VARCHAR>", "STRUCT<\"a\" BIGINT, \"b\" VARCHAR>", "MAP<VARCHAR, VARBINARY>". Parse() reads it back.
  std::string ToString() const;
  /// Errors: Invalid, with the position.
  static Result<Type> Parse(std::string_view text);

  bool operator==(const Type& other) const;

 private:
  explicit Type(TypeId id) : id_(id) {}
  TypeId id_;
  uint8_t precision_ = 0;
  uint8_t scale_ = 0;
  TimeUnit unit_ = TimeUnit::kMicro;
  bool utc_ = false;
  std::shared_ptr<const std::vector<Field>> children_;
};

/// A named column or member. Every column is nullable. `metadata` travels with the schema, also through JSON and Arrow.
struct Field {
  std::string name;
  Type type;
  std::map<std::string, std::string> metadata = {};

  bool operator==(const Field& other) const = default;
};

/// The columns of a table or batch, in order. Names keep their case and may differ in case only.
struct Schema {
  std::vector<Field> fields;
  std::map<std::string, std::string> metadata = {};

  /// Index of the column named exactly so.
  std::optional<size_t> IndexOf(std::string_view name) const;
  bool operator==(const Schema& other) const = default;
};

/// The one resolver for names of schemas, tables and columns: an exact match first, then a match that ignores (ASCII) case.
/// @return the index in `names`. Errors: NotFound, naming the nearest names; Invalid, naming both, if two match by ignoring case.
/// `what` ("topic", "column") begins the message.
Result<size_t> ResolveName(std::string_view what, std::string_view name, const std::vector<std::string>& names);

/// Up to `limit` of `names` that look like `name`, the nearest first; for "did you mean".
std::vector<std::string> NearestNames(std::string_view name, const std::vector<std::string>& names, size_t limit = 3);

}  // namespace lotic
