// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "athena_protocol/wire_schema.h"

// Arrow types as the JSON of value sets and expressions has them: `@type`, then the parameters in this order. Children do not travel. Follows: the SDK's ArrowTypeSerDe.

namespace lotic::athena {

enum class TypeParameter : uint8_t {
  kNone,
  kListSize,
  kByteWidth,
  kBitWidth,
  kIsSigned,
  kFloatPrecision,
  kPrecision,
  kScale,
  kDateUnit,
  kTimeUnit,
  kTimezone,
  kIntervalUnit
};

inline constexpr std::string_view TypeParameterName(TypeParameter parameter) {
  constexpr std::string_view kNames[] = {"",          "listSize", "byteWidth", "bitWidth", "isSigned", "precision",
                                         "precision", "scale",    "unit",      "unit",     "timezone", "unit"};
  return kNames[static_cast<size_t>(parameter)];
}

struct WireTypeForm {
  WireKind kind;
  std::string_view name;
  std::array<TypeParameter, 2> parameters = {TypeParameter::kNone, TypeParameter::kNone};
};

/// Union is missing: the original writes one that nobody can read.
inline constexpr WireTypeForm kWireTypeForms[] = {
    {WireKind::kNull, "Null"},
    {WireKind::kStruct, "Struct"},
    {WireKind::kList, "List"},
    {WireKind::kFixedSizeList, "FixedSizeList", {TypeParameter::kListSize, TypeParameter::kNone}},
    {WireKind::kMap, "Map"},
    {WireKind::kInt, "Int", {TypeParameter::kBitWidth, TypeParameter::kIsSigned}},
    {WireKind::kFloat, "FloatingPoint", {TypeParameter::kFloatPrecision, TypeParameter::kNone}},
    {WireKind::kUtf8, "Utf8"},
    {WireKind::kBinary, "Binary"},
    {WireKind::kFixedSizeBinary, "FixedSizeBinary", {TypeParameter::kByteWidth, TypeParameter::kNone}},
    {WireKind::kBool, "Bool"},
    {WireKind::kDecimal, "Decimal", {TypeParameter::kPrecision, TypeParameter::kScale}},
    {WireKind::kDate, "Date", {TypeParameter::kDateUnit, TypeParameter::kNone}},
    {WireKind::kTime, "Time", {TypeParameter::kTimeUnit, TypeParameter::kBitWidth}},
    {WireKind::kTimestamp, "Timestamp", {TypeParameter::kTimeUnit, TypeParameter::kTimezone}},
    {WireKind::kInterval, "Interval", {TypeParameter::kIntervalUnit, TypeParameter::kNone}},
};

inline constexpr std::array<std::string_view, 3> kFloatPrecisions = {"HALF", "SINGLE", "DOUBLE"};
inline constexpr std::array<std::string_view, 2> kDateUnits = {"DAY", "MILLISECOND"};
inline constexpr std::array<std::string_view, 4> kTimeUnits = {"SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND"};
inline constexpr std::array<std::string_view, 3> kIntervalUnits = {"YEAR_MONTH", "DAY_TIME", "MONTH_DAY_NANO"};

}  // namespace lotic::athena
