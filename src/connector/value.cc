// SPDX-License-Identifier: Apache-2.0
#include "lotic/value.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/utf8.h"
#include "connector/nested_value.h"

namespace lotic {
namespace {

using std::chrono::local_days;

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kSecondsPerDay = 86'400;

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }  // b > 0

int64_t UnitsPerSecond(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSecond: return 1;
    case TimeUnit::kMilli: return 1'000;
    case TimeUnit::kMicro: return kMicrosPerSecond;
    case TimeUnit::kNano: return 1'000'000'000;
  }
  return 1;
}

std::string DoubleText(double number) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, number);
  return {text, end.ptr};
}

/// What it is, for a message: a number as it is, a text in quotes.
std::string Shown(const Value& value) {
  struct Show {
    std::string operator()(std::monostate) const { return "NULL"; }
    std::string operator()(bool held) const { return held ? "true" : "false"; }
    std::string operator()(int64_t held) const { return std::to_string(held); }
    std::string operator()(uint64_t held) const { return std::to_string(held); }
    std::string operator()(double held) const { return DoubleText(held); }
    std::string operator()(const Decimal& held) const { return held.ToString(); }
    std::string operator()(const std::string& held) const { return IsUtf8(held) ? "text '" + held.substr(0, 60) + "'" : "text that is not valid UTF-8"; }
    std::string operator()(const Binary& held) const { return "binary of " + std::to_string(held.bytes.size()) + " bytes"; }
    std::string operator()(local_days held) const { return "date " + ScalarToString(Type::Date(), Scalar(int64_t{held.time_since_epoch().count()})); }
    std::string operator()(LocalTime held) const {
      return "local time " + ScalarToString(Type::Timestamp(TimeUnit::kMilli, false), Scalar(int64_t{held.time_since_epoch().count()}));
    }
    std::string operator()(Instant held) const {
      return "instant " + ScalarToString(Type::Timestamp(TimeUnit::kMicro, true), Scalar(int64_t{held.time_since_epoch().count()}));
    }
    std::string operator()(const std::shared_ptr<const Value::Nested>& held) const { return std::string(NestedName(*held)); }
  };
  return std::visit(Show(), value.held());
}

Status NoConversion(const Type& type, const Value& value) { return Status::Invalid(Shown(value), " cannot become ", type.ToString()); }
Status DoesNotFit(const Type& type, const Value& value) { return Status::Invalid(Shown(value), " does not fit ", type.ToString()); }

template <typename T>
const T* Get(const Value& value) {
  return std::get_if<T>(&value.held());
}

/// A signed or unsigned whole number.
std::optional<Int128> Whole(const Value& value) {
  if (const auto* number = Get<int64_t>(value)) return Int128{*number};
  if (const auto* number = Get<uint64_t>(value)) return static_cast<Int128>(*number);
  return std::nullopt;
}

Result<Scalar> IntegerOf(const Type& type, const Value& value, Narrowing narrowing) {
  const std::optional<Int128> number = Whole(value);
  if (!number) return NoConversion(type, value);
  const int bits = 8 * type.byte_width();
  const Int128 low = type.is_unsigned() ? 0 : -(Int128{1} << (bits - 1));
  const Int128 high = (Int128{1} << (type.is_unsigned() ? bits : bits - 1)) - 1;
  if (narrowing == Narrowing::kRefuse && (*number < low || *number > high)) return DoesNotFit(type, value);
  // The lower bits: 300 becomes 44 in a TINYINT, 200 becomes -56.
  const auto lower = static_cast<uint64_t>(*number);
  if (type.is_unsigned()) return Scalar(bits == 64 ? lower : lower & ((uint64_t{1} << bits) - 1));
  return Scalar(static_cast<int64_t>(lower << (64 - bits)) >> (64 - bits));
}

Result<Scalar> DecimalOf(const Type& type, const Value& value) {
  Decimal decimal;
  if (const auto* given = Get<Decimal>(value)) {
    decimal = *given;
  } else if (const auto number = Whole(value)) {
    decimal = {*number, 0};
  } else if (const auto* real = Get<double>(value)) {
    LOTIC_ASSIGN_OR_RETURN(decimal, Decimal::FromDouble(*real, type.scale()));
  } else {
    return NoConversion(type, value);
  }
  LOTIC_ASSIGN_OR_RETURN(const Int128 unscaled, RescaleHalfUp(decimal, type.precision(), type.scale()));
  return Scalar(unscaled);
}

Result<Scalar> TextOf(const Type& type, const Value& value) {
  if (const auto* text = Get<std::string>(value)) {
    if (!IsUtf8(*text)) return NoConversion(type, value);
    return Scalar(*text);
  }
  if (Get<Binary>(value) != nullptr || Get<std::shared_ptr<const Value::Nested>>(value) != nullptr) return NoConversion(type, value);
  if (const auto* day = Get<local_days>(value)) return Scalar(ScalarToString(Type::Date(), Scalar(int64_t{day->time_since_epoch().count()})));
  if (const auto* time = Get<LocalTime>(value)) {
    return Scalar(ScalarToString(Type::Timestamp(TimeUnit::kMilli, false), Scalar(int64_t{time->time_since_epoch().count()})));
  }
  if (const auto* instant = Get<Instant>(value)) {
    return Scalar(ScalarToString(Type::Timestamp(TimeUnit::kMicro, true), Scalar(int64_t{instant->time_since_epoch().count()})));
  }
  return Scalar(Shown(value));
}

Result<Scalar> DateOf(const Type& type, const Value& value, Narrowing narrowing) {
  int64_t days = 0;
  if (const auto* date = Get<local_days>(value)) {
    days = date->time_since_epoch().count();
  } else if (const auto* instant = Get<Instant>(value)) {
    days = FloorDiv(instant->time_since_epoch().count(), kMicrosPerSecond) / kSecondsPerDay;  // towards zero, as the SDK does: 1969-12-31 is day 0
  } else if (const auto number = Whole(value)) {
    if (narrowing == Narrowing::kRefuse && (*number < INT32_MIN || *number > INT32_MAX)) return DoesNotFit(type, value);
    days = static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(*number)));
  } else {
    return NoConversion(type, value);
  }
  if (days < INT32_MIN || days > INT32_MAX) return DoesNotFit(type, value);
  return Scalar(days);
}

Result<Scalar> TimestampOf(const Type& type, const Value& value) {
  if (const auto number = Whole(value)) {
    if (*number > INT64_MAX) return DoesNotFit(type, value);
    return Scalar(static_cast<int64_t>(*number));
  }
  Int128 micros = 0;
  if (const auto* time = Get<LocalTime>(value)) {
    micros = Int128{time->time_since_epoch().count()} * 1'000;
  } else if (const auto* instant = Get<Instant>(value)) {
    micros = instant->time_since_epoch().count();
  } else {
    return NoConversion(type, value);
  }
  const Int128 scaled = micros * UnitsPerSecond(type.unit());
  const Int128 units = scaled / kMicrosPerSecond - (scaled % kMicrosPerSecond < 0 ? 1 : 0);
  if (units < INT64_MIN || units > INT64_MAX) return DoesNotFit(type, value);
  return Scalar(static_cast<int64_t>(units));
}

}  // namespace

Value Value::List(std::vector<Value> items) {
  Value value;
  value.held_ = std::make_shared<const Nested>(Nested{Nested::List{std::move(items)}});
  return value;
}
Value Value::Map(std::vector<std::pair<Value, Value>> entries) {
  Value value;
  value.held_ = std::make_shared<const Nested>(Nested{Nested::Map{std::move(entries)}});
  return value;
}
Value Value::Struct(std::vector<std::pair<std::string, Value>> members) {
  Value value;
  value.held_ = std::make_shared<const Nested>(Nested{Nested::Struct{std::move(members)}});
  return value;
}
Value Value::ListOf(size_t count, ListResolver item) {
  Value value;
  value.held_ = std::make_shared<const Nested>(Nested{Nested::ResolvedList{count, std::move(item)}});
  return value;
}
Value Value::StructOf(StructResolver member) {
  Value value;
  value.held_ = std::make_shared<const Nested>(Nested{Nested::ResolvedStruct{std::move(member)}});
  return value;
}

Result<Scalar> ScalarOf(const Type& type, const Value& value, Narrowing narrowing) {
  if (value.is_null()) return Scalar();
  switch (type.id()) {
    case TypeId::kBool: {
      if (const auto* truth = Get<bool>(value)) return Scalar(*truth);
      const auto number = Whole(value);
      return Scalar(number.has_value() && *number > 0);
    }
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kUInt8:
    case TypeId::kUInt16:
    case TypeId::kUInt32:
    case TypeId::kUInt64: return IntegerOf(type, value, narrowing);
    case TypeId::kFloat32:
    case TypeId::kFloat64: {
      double number = 0;
      if (const auto* real = Get<double>(value)) {
        number = *real;
      } else if (const auto whole = Whole(value)) {
        number = static_cast<double>(*whole);
      } else {
        return NoConversion(type, value);
      }
      return Scalar(type.id() == TypeId::kFloat32 ? static_cast<double>(static_cast<float>(number)) : number);
    }
    case TypeId::kDecimal128: return DecimalOf(type, value);
    case TypeId::kString: return TextOf(type, value);
    case TypeId::kBinary:
      if (const auto* binary = Get<Binary>(value)) return Scalar(binary->bytes);
      if (const auto* text = Get<std::string>(value)) return Scalar(*text);
      return NoConversion(type, value);
    case TypeId::kDate: return DateOf(type, value, narrowing);
    case TypeId::kTime: {
      const auto number = Whole(value);
      if (!number) return NoConversion(type, value);
      if (*number < 0 || *number >= kSecondsPerDay * kMicrosPerSecond) return DoesNotFit(type, value);
      return Scalar(static_cast<int64_t>(*number));
    }
    case TypeId::kTimestamp: return TimestampOf(type, value);
    default: return NoConversion(type, value);
  }
}

}  // namespace lotic
