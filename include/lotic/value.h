// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lotic/constraints.h"
#include "lotic/decimal.h"
#include "lotic/status.h"
#include "lotic/type.h"
#include "lotic/udf_cell.h"

namespace lotic {

/// A point in time.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;

/// One value on its way into a cell, before it is known which type the cell has. Owns what it holds.
class Value {
 public:
  using StructResolver = std::function<Value(const Field& member)>;  ///< called once for each member of the column's type
  using ListResolver = std::function<Value(size_t index)>;

  /// NULL.
  Value() = default;
  Value(std::nullopt_t) {}             // NOLINT: implicit on purpose, here and below: Set(row, "id", 7)
  Value(bool value) : held_(value) {}  // NOLINT
  template <std::signed_integral T>
  Value(T value) : held_(static_cast<int64_t>(value)) {}  // NOLINT
  template <std::unsigned_integral T>
  Value(T value) : held_(static_cast<uint64_t>(value)) {}       // NOLINT
  Value(double value) : held_(value) {}                         // NOLINT
  Value(Decimal value) : held_(value) {}                        // NOLINT
  Value(std::string value) : held_(std::move(value)) {}         // NOLINT
  Value(std::string_view value) : held_(std::string(value)) {}  // NOLINT
  Value(const char* value) : held_(std::string(value)) {}       // NOLINT
  Value(Binary value) : held_(std::move(value)) {}              // NOLINT
  Value(std::chrono::local_days value) : held_(value) {}        // NOLINT
  Value(LocalTime value) : held_(value) {}                      // NOLINT
  Value(Instant value) : held_(value) {}                        // NOLINT
  template <typename T>
  Value(const std::optional<T>& value) : Value(value ? Value(*value) : Value()) {}  // NOLINT

  /// A list; a map, as its entries; a struct, as members found by name (exact): those it does not name are NULL.
  static Value List(std::vector<Value> items);
  static Value Map(std::vector<std::pair<Value, Value>> entries);
  static Value Struct(std::vector<std::pair<std::string, Value>> members);
  /// The same, asked piece by piece: nothing is built first. The functions run within the call that takes the Value.
  static Value ListOf(size_t count, ListResolver item);
  static Value StructOf(StructResolver member);

  bool is_null() const { return std::holds_alternative<std::monostate>(held_); }

  struct Nested;
  using Held = std::variant<std::monostate, bool, int64_t, uint64_t, double, Decimal, std::string, Binary, std::chrono::local_days, LocalTime, Instant,
                            std::shared_ptr<const Nested>>;
  const Held& held() const { return held_; }

 private:
  Held held_;
};

/// What becomes of an integer beyond the range of an integer column. The federation SDK drops its upper bits; to port a connector as it is, so does Lotic.
enum class Narrowing : uint8_t {
  kTruncate,
  kRefuse,  ///< an error naming the column and the number
};

/// `value` as one of a scalar column of this type, by the rules of the federation SDK's row writer:
///   integers from integers (`narrowing`); BOOLEAN true from true and integers above 0, false from all else; floats from numbers; DECIMAL from numbers, rounded
///   HALF_UP, a double from its exact binary value; VARCHAR from any scalar in its text form, VARBINARY from binary and text; DATE from a number of days, a date, and an
///   instant (floored to seconds, then divided by 86,400 towards zero); TIME from microseconds; TIMESTAMP, local or UTC, from a number in the column's unit,
///   a local time (as UTC) and an instant, floored to the unit. NULL gives NULL.
/// Errors: Invalid (no such conversion, does not fit, no UTF-8), with value and type.
Result<Scalar> ScalarOf(const Type& type, const Value& value, Narrowing narrowing = Narrowing::kTruncate);

}  // namespace lotic
