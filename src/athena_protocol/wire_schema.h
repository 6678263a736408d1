// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lotic/batch.h"
#include "lotic/status.h"
#include "lotic/type.h"

// Schemas and blocks as Athena's protocol has them: Arrow's own types, with all that a schema message carries, beside the logical types
// of connectors. Follows: the federation SDK's SupportedTypes and ArrowTypeSerDe; Arrow's Schema.fbs.

namespace lotic::athena {

/// An Arrow type that may stand in a schema or in a predicate's JSON. Only the first group may be a column (IsSupportedColumn).
enum class WireKind : uint8_t {
  kBool,
  kInt,
  kFloat,
  kDecimal,
  kUtf8,
  kBinary,
  kDate,
  kTimestamp,
  kList,
  kStruct,
  kMap,
  kNull,
  kFixedSizeList,
  kFixedSizeBinary,
  kTime,
  kInterval,
  kUnion,
  kOther,
};
enum class WireUnit : uint8_t { kDay, kSecond, kMilli, kMicro, kNano };

struct WireType {
  WireKind kind = WireKind::kNull;
  int bit_width =
      0;  ///< kInt 8..64, kFloat 16/32/64, kTime 32/64, kDecimal 128/256, kInterval 32 (YEAR_MONTH), 64 (DAY_TIME), 128 (MONTH_DAY_NANO); kOther: the number of the type in Schema.fbs
  bool is_signed = true;                     ///< kInt
  int precision = 0;                         ///< kDecimal
  int scale = 0;                             ///< kDecimal
  WireUnit unit = WireUnit::kMilli;          ///< kDate (day or milli), kTimestamp, kTime
  std::optional<std::string> timezone = {};  ///< kTimestamp
  int fixed_size = 0;                        ///< kFixedSizeList, kFixedSizeBinary
  bool operator==(const WireType&) const = default;
  /// Arrow's way to write it, for messages: "Int(32, true)", "Timestamp(MILLISECOND, UTC)".
  std::string ToString() const;
};

using WireMetadata = std::vector<std::pair<std::string, std::string>>;

struct WireField {
  std::string name;
  bool nullable = true;
  WireType type;
  std::vector<WireField> children = {};
  WireMetadata metadata = {};
  bool operator==(const WireField&) const = default;
};

/// A schema with everything that its message holds; written back it says the same.
struct WireSchema {
  std::vector<WireField> fields;
  WireMetadata metadata = {};
  bool operator==(const WireSchema&) const = default;
  std::optional<size_t> IndexOf(std::string_view name) const;
};

/// Rows under a schema. `rows` has the logical schema of `schema` (LogicalSchema) and the very values of the wire: in columns
/// Timestamp(MILLISECOND, zone) each value is still packed with its zone (zone_key.h).
struct Block {
  WireSchema schema;
  Batch rows;
};

/// Invalid, naming the column and its type, if a column (or a child) is none of the types that Athena takes: what the SDK checks of a GetTable answer.
Status CheckSupportedColumns(const WireSchema& schema);
/// Whether a column of this type may be a partition column: Float 64, Decimal, Int 64, Int 32, Utf8, Bool.
bool MayBePartitionColumn(const WireType& type);

/// The logical types in which blocks of this schema are held: Date(MILLISECOND) → TIMESTAMP(3); Timestamp(unit, zone) → TIMESTAMP UTC of that unit;
/// the rest one to one; names, order and metadata kept. Errors: Invalid (a type that no block of ours holds, with the column's name).
Result<Schema> LogicalSchema(const WireSchema& schema);

/// How one connector column is carried to Athena, and what is lost on the way: TIMESTAMP of any unit → Date(MILLISECOND), floored to the millisecond;
/// TIMESTAMP UTC → Timestamp(MILLISECOND, UTC), floored; TIME → refused; unsigned integers → the next wider signed one, UINT64 → Decimal(20,0).
/// Names are lower-cased, the original kept in the field's metadata under kSourceNameKey where it differs; metadata kept.
/// Errors: Invalid, naming the column (no form that Athena takes), or both of two columns whose names then are equal.
Result<WireSchema> AthenaSchema(const Schema& schema);
inline constexpr std::string_view kSourceNameKey = "x-source-name";

/// Columns of a connector's batch in the form of `target` (made by AthenaSchema from its schema, or a selection of that by name): the conversions above, zoned
/// timestamps packed with UTC. Shares the memory of columns that need none. Errors: Invalid (a value that does not fit, e.g. beyond the range of packing, with column and value).
Result<Block> ToAthenaBlock(const Batch& rows, const WireSchema& target);
/// The rows with zoned timestamps unpacked to instants (the zone is dropped). Errors: Invalid (an unknown zone key).
Result<Batch> UnpackZones(const Block& block);

}  // namespace lotic::athena
