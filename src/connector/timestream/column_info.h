// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"
#include "lotic/type.h"

namespace lotic::timestream {

/// Metadata of a field: the type that the service has for the column, in lower case ("double", "time"; "declared" where a Glue table says the type and the
/// service may have another), what it is to the table ("DIMENSION", "MEASURE_VALUE", ...), and in a passthrough query its place in the answer, from 0.
inline constexpr const char* kSourceType = "x-ts-type";
inline constexpr const char* kAttribute = "x-ts-attribute";
inline constexpr const char* kPlace = "x-ts-place";
inline constexpr const char* kSourceName = "x-ts-name";  ///< the column's name in Timestream, where it is not the field's
inline constexpr std::string_view kDeclared = "declared";
inline constexpr std::string_view kUnreadable = "unreadable";  ///< declared as what Timestream has no values of: known by name and type, not to be asked for

/// The column's name in Timestream.
const std::string& SourceNameOf(const Field& field);

/// A column as the Query API describes it. Follows: Timestream Query API 2018-11-01, ColumnInfo and Type.
struct ColumnInfo {
  enum class Shape : uint8_t { kScalar, kSeries, kArray, kRow };
  std::string name;  ///< may be empty
  Shape shape = Shape::kScalar;
  std::string scalar;                ///< kScalar: "VARCHAR", "INTERVAL_DAY_TO_SECOND", ...
  std::vector<ColumnInfo> children;  ///< kSeries, kArray: the one inside; kRow: the members
};

inline constexpr int kMaxTypeDepth = 32;       ///< of a column's type; deeper is a CapacityError
inline constexpr size_t kMaxColumns = 16'384;  ///< of an answer or a description; more is a CapacityError

/// The type of a scalar by its name in any case, blanks around it ignored: "bigint", "interval_day_to_second". A name that is not known is VARCHAR, and `known`
/// false. TIMESTAMP has the unit asked for and no zone: the service's times are UTC.
Type ScalarType(std::string_view name, TimeUnit unit, bool* known);

/// Series are LIST<STRUCT<time, value>>; unnamed members of a row are field_0, field_1, ... Errors: CapacityError (too deep).
Result<Type> TypeOf(const ColumnInfo& column, TimeUnit unit);

/// The columns of an answer as a table's: unnamed ones are _col0, _col1, ... by their place; of two with one name ignoring case the later is name_1. Each has
/// kSourceType and kPlace. Errors: CapacityError.
Result<Schema> SchemaOf(const std::vector<ColumnInfo>& columns, TimeUnit unit);

}  // namespace lotic::timestream
