// SPDX-License-Identifier: Apache-2.0
#include "server/pinot_value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "server/http_message.h"

namespace lotic::server {
namespace {

/// Digits and exponent of the shortest text, moved into Java's form: plain from 0.001 to below 10^7, else d.dddE±x.
template <typename Float>
std::string Java(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  std::array<char, 64> buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  std::string_view text(buffer.data(), static_cast<size_t>(written.ptr - buffer.data()));  // "-1.234e-05"
  std::string out;
  if (text[0] == '-') {
    out = "-";
    text.remove_prefix(1);
  }
  const size_t e = text.find('e');
  int exponent = 0;
  const std::string_view power = text.substr(e + (text[e + 1] == '+' ? 2 : 1));
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  if (exponent < -3 || exponent >= 7) {
    return out + digits[0] + "." + (digits.size() > 1 ? digits.substr(1) : "0") + "E" + std::to_string(exponent);
  }
  if (exponent < 0) return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0') + ".0";
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

struct Civil {
  int64_t year;
  unsigned month, day;
  int64_t ms_of_day;
};

/// Days since 1970-01-01 to a proleptic Gregorian date, eras of 400 years: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
Civil ToCivil(int64_t milliseconds) {
  constexpr int64_t kDayMs = 86'400'000;
  int64_t days = milliseconds / kDayMs, rest = milliseconds % kDayMs;
  if (rest < 0) {
    rest += kDayMs;
    --days;
  }
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146'097);
  const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned mp = (5 * day_of_year + 2) / 153;
  const unsigned month = mp < 10 ? mp + 3 : mp - 9;
  return {static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month, day_of_year - (153 * mp + 2) / 5 + 1, rest};
}

std::string Padded(int64_t number, size_t width) {
  std::string text = std::to_string(number);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

std::string DateText(const Civil& date) { return Padded(date.year, 4) + "-" + Padded(date.month, 2) + "-" + Padded(date.day, 2); }
std::string TimeText(const Civil& date) {
  return Padded(date.ms_of_day / 3'600'000, 2) + ":" + Padded(date.ms_of_day / 60'000 % 60, 2) + ":" + Padded(date.ms_of_day / 1000 % 60, 2) + ".";
}

Status NotOfForm(std::string_view value) {
  return Status::UnknownError("internal error, please report it: a result cell is not of its column's type: ", value.substr(0, 80));
}

template <typename Float>
Status AppendFloat(std::string_view value, std::string* out) {
  if (value.size() >= 2 && value[0] == '"') value = value.substr(1, value.size() - 2);  // "inf", "nan"
  Float number = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
  if (read.ptr != value.data() + value.size() || (read.ec != std::errc() && read.ec != std::errc::result_out_of_range)) return NotOfForm(value);
  const std::string text = JavaText(number);
  if (std::isfinite(number)) {
    *out += text;
  } else {
    out->push_back('"');
    *out += text;
    out->push_back('"');
  }
  return Status::OK();
}

}  // namespace

std::string JavaText(double value) { return Java(value); }
std::string JavaText(float value) { return Java(value); }

std::string TimestampText(int64_t milliseconds) {
  const Civil date = ToCivil(milliseconds);
  std::string fraction = Padded(date.ms_of_day % 1000, 3);
  while (fraction.size() > 1 && fraction.back() == '0') fraction.pop_back();
  return DateText(date) + " " + TimeText(date) + fraction;
}

std::string InstantText(int64_t milliseconds) {
  const Civil date = ToCivil(milliseconds);
  return DateText(date) + "T" + TimeText(date) + Padded(date.ms_of_day % 1000, 3) + "Z";
}

Result<CellWriter> CellWriter::For(std::string_view type) {
  constexpr std::string_view kArray = "_ARRAY";
  const bool array = type.size() > kArray.size() && type.substr(type.size() - kArray.size()) == kArray;
  const std::string_view one = array ? type.substr(0, type.size() - kArray.size()) : type;
  if (one == "FLOAT") return CellWriter(Form::kFloat, array);
  if (one == "DOUBLE") return CellWriter(Form::kDouble, array);
  if (one == "TIMESTAMP") return CellWriter(Form::kTimestamp, array);
  if (one == "MAP") return CellWriter(Form::kMap, array);
  for (const std::string_view bare : {"INT", "LONG", "BIG_DECIMAL", "BOOLEAN", "STRING", "JSON", "BYTES", "UNKNOWN"}) {
    if (one == bare) return CellWriter(Form::kBare, array);
  }
  return Status::UnknownError("internal error, please report it: a result column of type ", type);
}

Status CellWriter::AppendValue(std::string_view value, std::string* out) const {
  if (value == "null") {
    *out += value;
    return Status::OK();
  }
  switch (form_) {
    case Form::kBare: *out += value; return Status::OK();
    case Form::kFloat: return AppendFloat<float>(value, out);
    case Form::kDouble: return AppendFloat<double>(value, out);
    case Form::kTimestamp: {
      int64_t milliseconds = 0;
      const auto read = std::from_chars(value.data(), value.data() + value.size(), milliseconds);
      if (read.ec != std::errc() || read.ptr != value.data() + value.size()) return NotOfForm(value);
      *out += "\"" + TimestampText(milliseconds) + "\"";
      return Status::OK();
    }
    case Form::kMap: {
      // A JSON text that holds the text of an object: {"a":1} arrives as "{\"a\":1}".
      const auto text = nlohmann::json::parse(value, nullptr, false);
      if (!text.is_string()) return NotOfForm(value);
      const auto& inner = text.get_ref<const std::string&>();
      *out += nlohmann::json::accept(inner) ? inner : std::string(value);
      return Status::OK();
    }
  }
  return NotOfForm(value);
}

Status CellWriter::Append(const std::optional<std::string>& cell, std::string* out) const {
  if (!cell) {
    *out += "null";
    return Status::OK();
  }
  if (!array_ || form_ == Form::kBare) return AppendValue(*cell, out);
  // [1.5,"inf",null]: no value holds a comma of its own but those of MAP, and there are no arrays of it.
  std::string_view rest = *cell;
  if (rest.size() < 2 || rest.front() != '[' || rest.back() != ']') return NotOfForm(rest);
  rest = rest.substr(1, rest.size() - 2);
  out->push_back('[');
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    LOTIC_RETURN_NOT_OK(AppendValue(rest.substr(0, comma), out));
    if (comma == std::string_view::npos) break;
    out->push_back(',');
    rest.remove_prefix(comma + 1);
  }
  out->push_back(']');
  return Status::OK();
}

}  // namespace lotic::server
