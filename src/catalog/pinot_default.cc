// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_default.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "catalog/ddl_tokens.h"
#include "catalog/pinot_reader.h"
#include "format/value_text.h"

namespace lotic::catalog {
namespace {

constexpr size_t kMaxDecimalDigits = 1000;  // of a BIG_DECIMAL default

bool ParseReal(std::string text, double* value) {
  const std::string lowered = AsciiLower(text);
  if (lowered == "infinity" || lowered == "-infinity") {
    *value = lowered[0] == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    return true;
  }
  return ParseNumberText(text, value);
}

/// [-]digits[.digits][E[+-]digits]
bool IsDecimal(std::string_view text) {
  size_t at = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const auto digits = [&] {
    const size_t first = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at > first;
  };
  if (text.size() > kMaxDecimalDigits || !digits()) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const size_t exponent = at;
    if (!digits() || at - exponent > 4) return false;
  }
  return at == text.size();
}

}  // namespace

std::string TypeDefault(PinotType type, PinotField::Kind kind) {
  const bool metric = kind == PinotField::Kind::kMetric;
  switch (type) {
    case PinotType::kInt: return metric ? "0" : std::to_string(std::numeric_limits<int32_t>::min());
    case PinotType::kLong: return metric ? "0" : std::to_string(std::numeric_limits<int64_t>::min());
    case PinotType::kFloat:
    case PinotType::kDouble: return metric ? "0.0" : "-Infinity";
    case PinotType::kBigDecimal: return "0";
    case PinotType::kBoolean: return "false";
    case PinotType::kTimestamp: return PinotTimestampText(0);
    case PinotType::kString:
    case PinotType::kJson: return "null";
    case PinotType::kBytes: return "";
    case PinotType::kMap: return "{}";
  }
  return "";
}

Result<std::string> CanonicalDefault(PinotType type, const JsonTree& given) {
  const auto bad = [&](std::string_view why) { return Status::Invalid("defaultNullValue ", ShownJson("", given), " ", why); };
  const auto no_value = [&] { return bad("is no " + std::string(PinotTypeName(type))); };
  if (given.is_array() || given.is_object()) {
    if (type == PinotType::kJson || type == PinotType::kMap) return WriteCompactJson(given);
    return no_value();
  }
  std::string text = ScalarText(given);
  switch (type) {
    case PinotType::kInt:
    case PinotType::kLong: {
      int64_t value = 0;
      if (!ParseIntegerText(text, &value)) return no_value();
      if (type == PinotType::kInt && value != static_cast<int32_t>(value)) return bad("is out of range for INT");
      return std::to_string(value);
    }
    case PinotType::kFloat:
    case PinotType::kDouble: {
      double value = 0;
      if (AsciiLower(text) == "nan") return bad("is not allowed: NaN equals nothing, itself included");
      if (!ParseReal(text, &value)) return no_value();
      std::string out;
      if (type == PinotType::kFloat) {
        AppendJavaFloat(static_cast<float>(value), &out);
      } else {
        AppendJavaDouble(value, &out);
      }
      return out;
    }
    case PinotType::kBigDecimal: return IsDecimal(text) ? Result<std::string>(std::move(text)) : no_value();
    case PinotType::kBoolean: {
      bool value = false;
      if (!ParseBooleanText(text, &value) && text != "0" && text != "1") return no_value();
      return std::string(value || text == "1" ? "true" : "false");
    }
    case PinotType::kTimestamp: {
      int64_t ms = 0, again = 0;
      if (!ParsePinotTimestamp(text, &ms)) return no_value();
      std::string out = PinotTimestampText(ms);
      if (!ParsePinotTimestamp(out, &again) || again != ms) return bad("is outside the years 0001 to 9999");
      return out;
    }
    case PinotType::kBytes: {
      text = AsciiLower(text);
      if (text.size() % 2 != 0 || text.find_first_not_of("0123456789abcdef") != std::string::npos)
        return bad("is no BYTES: an even number of hexadecimal digits is needed");
      return text;
    }
    case PinotType::kString:
    case PinotType::kJson:
    case PinotType::kMap: break;
  }
  return text;
}

JsonTree DefaultAsJson(PinotType type, const std::string& canonical) {
  switch (type) {
    case PinotType::kInt:
    case PinotType::kLong: return JsonTree::NumberText(canonical);
    case PinotType::kFloat:
    case PinotType::kDouble: return canonical.find("Inf") == std::string::npos ? JsonTree::NumberText(canonical) : JsonTree::Text(canonical);
    case PinotType::kBoolean: return JsonTree::Boolean(canonical == "true");
    default: return JsonTree::Text(canonical);
  }
}

}  // namespace lotic::catalog
