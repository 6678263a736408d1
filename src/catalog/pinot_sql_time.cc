// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "catalog/pinot_sql_names.h"
#include "catalog/pinot_sql_translator.h"

// Functions of time. A time is BIGINT milliseconds; DuckDB's own timestamps appear only where a calendar or a zone is needed.

namespace lotic::catalog {
namespace {

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

bool IsUtc(std::string_view zone) { return zone.empty() || zone == "UTC" || zone == "GMT" || zone == "Z" || zone == "Etc/UTC"; }

/// What no calendar reaches, the default of LONG among it, counts as the calendar's end, so that one such row does not fail a query.
std::string Bounded(const std::string& ms) { return "greatest(least(" + ms + ", 9000000000000000), -9000000000000000)"; }

/// Milliseconds as the clock of a zone shows them.
std::string Clock(const std::string& ms, std::string_view zone, bool bounded = false) {
  const std::string utc = "make_timestamp_ms(" + (bounded ? ms : Bounded(ms)) + ")";
  return IsUtc(zone) ? utc : "timezone(" + QuotedLiteral(zone) + ", timezone('UTC', " + utc + "))";
}
/// The way back.
std::string MillisOfClock(const std::string& clock, std::string_view zone) {
  return IsUtc(zone) ? "epoch_ms(" + clock + ")" : "epoch_ms(timezone(" + QuotedLiteral(zone) + ", " + clock + "))";
}

/// Milliseconds of a unit, or how many of it are in one: {60000, 1} for a minute, {1, 1000} for a microsecond.
struct Unit {
  int64_t ms = 1;
  int64_t in_ms = 1;
};
Result<Unit> UnitOf(const std::string& name, std::string_view function) {
  Result<PinotTimeUnit> unit = ParsePinotTimeUnit(name);
  if (!unit.ok()) return PinotError(PinotErrorCode::kQueryValidation, function, ": ", unit.status().message());
  switch (*unit) {
    case PinotTimeUnit::kNanos: return Unit{1, 1'000'000};
    case PinotTimeUnit::kMicros: return Unit{1, 1000};
    case PinotTimeUnit::kMillis: return Unit{1, 1};
    case PinotTimeUnit::kSeconds: return Unit{1000, 1};
    case PinotTimeUnit::kMinutes: return Unit{60'000, 1};
    case PinotTimeUnit::kHours: return Unit{3'600'000, 1};
    case PinotTimeUnit::kDays: return Unit{86'400'000, 1};
  }
  return Unit{};
}
/// As Java's TimeUnit multiplies: what has no place, the default of LONG for instance, is the end of the range.
std::string Times(const std::string& value, int64_t factor) { return "lotic_times(" + value + ", " + std::to_string(factor) + ")"; }
std::string ToMillis(const std::string& value, const Unit& unit, int64_t size) {
  if (unit.in_ms > 1) return "(" + (size > 1 ? Times(value, size) : value) + " // " + std::to_string(unit.in_ms) + ")";
  return unit.ms * size == 1 ? value : Times(value, unit.ms * size);
}
std::string FromMillis(const std::string& ms, const Unit& unit, int64_t size) {
  if (unit.in_ms > 1) return "(" + Times(ms, unit.in_ms) + (size > 1 ? " // " + std::to_string(size) : "") + ")";
  return unit.ms * size == 1 ? ms : "(" + ms + " // " + std::to_string(unit.ms * size) + ")";
}

/// Joda's pattern as DuckDB's strftime and strptime have it. Example: yyyy-MM-dd'T'HH:mm → %Y-%m-%dT%H:%M. Errors: 700 (letters that DuckDB has no form for).
Result<std::string> StrftimePattern(std::string_view joda) {
  std::string out;
  const auto literal = [&](char c) { out += c == '%' ? std::string("%%") : std::string(1, c); };
  for (size_t i = 0; i < joda.size();) {
    const char c = joda[i];
    if (c == '\'') {
      if (i + 1 < joda.size() && joda[i + 1] == '\'') {
        out += '\'';
        i += 2;
        continue;
      }
      const size_t end = joda.find('\'', i + 1);
      if (end == std::string_view::npos) return PinotError(PinotErrorCode::kQueryValidation, "a quote that nothing ends in the pattern ", joda);
      for (size_t k = i + 1; k < end; ++k) literal(joda[k]);
      i = end + 1;
      continue;
    }
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) {
      literal(c);
      ++i;
      continue;
    }
    size_t run = 1;
    while (i + run < joda.size() && joda[i + run] == c) ++run;
    i += run;
    const char* form = nullptr;
    switch (c) {
      case 'y':
      case 'Y': form = run == 2 ? "%y" : run <= 4 ? "%Y" : nullptr; break;
      case 'M': form = run == 1 ? "%-m" : run == 2 ? "%m" : run == 3 ? "%b" : run == 4 ? "%B" : nullptr; break;
      case 'd': form = run == 1 ? "%-d" : run == 2 ? "%d" : nullptr; break;
      case 'D': form = run == 3 ? "%j" : nullptr; break;
      case 'H': form = run == 1 ? "%-H" : run == 2 ? "%H" : nullptr; break;
      case 'h': form = run == 1 ? "%-I" : run == 2 ? "%I" : nullptr; break;
      case 'm': form = run == 1 ? "%-M" : run == 2 ? "%M" : nullptr; break;
      case 's': form = run == 1 ? "%-S" : run == 2 ? "%S" : nullptr; break;
      case 'S': form = run == 3 ? "%g" : run == 6 ? "%f" : nullptr; break;
      case 'a': form = "%p"; break;
      case 'E': form = run == 4 ? "%A" : run < 4 ? "%a" : nullptr; break;
      case 'Z': form = run <= 2 ? "%z" : nullptr; break;
      default: break;
    }
    if (form == nullptr) return PinotNotSupported(PinotErrorCode::kQueryValidation, "the pattern ", joda, ": ", std::string(run, c), " is not supported");
    out += form;
  }
  return out;
}

/// The zone of "1:DAYS:SIMPLE_DATE_FORMAT:yyyyMMdd tz(Europe/Berlin)" and "SIMPLE_DATE_FORMAT|yyyyMMdd|Europe/Berlin"; empty: none.
std::string ZoneOf(std::string_view format) {
  if (const size_t tz = format.rfind("tz("); tz != std::string_view::npos && format.ends_with(")"))
    return std::string(format.substr(tz + 3, format.size() - tz - 4));
  if (format.starts_with("SIMPLE_DATE_FORMAT|")) {
    const size_t first = format.find('|'), last = format.rfind('|');
    if (last > first) return std::string(format.substr(last + 1));
  }
  return "";
}

/// "15:MINUTES", "MINUTES|15", "MINUTES" → milliseconds.
Result<int64_t> BucketOf(std::string_view text, std::string_view function) {
  std::string unit(text), count = "1";
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    count = text.substr(0, colon);
    unit = text.substr(colon + 1);
  } else if (const size_t bar = text.find('|'); bar != std::string_view::npos) {
    unit = text.substr(0, bar);
    count = text.substr(bar + 1);
  }
  int64_t number = 0;
  const auto read = std::from_chars(count.data(), count.data() + count.size(), number);
  if (read.ec != std::errc() || read.ptr != count.data() + count.size() || number <= 0 || number > 1'000'000'000) {
    return PinotError(PinotErrorCode::kQueryValidation, function, ": a granularity is a count and a unit such as 15:MINUTES, not ", text);
  }
  LOTIC_ASSIGN_OR_RETURN(const Unit parsed, UnitOf(unit, function));
  return parsed.in_ms > 1 ? 1 : number * parsed.ms;
}

Result<DateTimeFormat> FormatOf(const std::string& text, std::string_view function) {
  Result<DateTimeFormat> format = DateTimeFormat::Parse(text);
  if (!format.ok()) return PinotError(PinotErrorCode::kQueryValidation, function, ": ", format.status().message());
  return format;
}

PinotValue Long(std::string sql) {
  PinotValue value;
  value.type = PinotType::kLong;
  value.sql = std::move(sql);
  return value;
}

/// Milliseconds of the units that are all of one length; 0: months and above.
int64_t FixedUnit(const std::string& unit) {
  static const std::map<std::string, int64_t, std::less<>> units{{"millisecond", 1},  {"second", 1000},    {"minute", 60'000},
                                                                 {"hour", 3'600'000}, {"day", 86'400'000}, {"week", 604'800'000}};
  const auto found = units.find(unit);
  return found == units.end() ? 0 : found->second;
}
bool IsCalendarUnit(const std::string& unit) { return unit == "month" || unit == "quarter" || unit == "year"; }

}  // namespace

Result<PinotValue> PinotTranslator::MillisOf(PinotValue value) const {
  if (IsPinotText(value.type)) {
    LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, PinotType::kTimestamp));
  } else {
    LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, PinotType::kLong));
  }
  if (value.literal != nullptr) value.sql = "CAST(" + value.sql + " AS BIGINT)";
  return value;
}

Result<std::string> PinotTranslator::Millis(const PinotExprPtr& expr) {
  LOTIC_ASSIGN_OR_RETURN(PinotValue value, Value(expr));
  LOTIC_ASSIGN_OR_RETURN(value, MillisOf(std::move(value)));
  return value.sql;
}

Result<PinotValue> PinotTranslator::DateTrunc(const PinotExpr& call) {
  LOTIC_RETURN_NOT_OK(Need(call, 2, 5));
  LOTIC_ASSIGN_OR_RETURN(std::string unit, TextLiteral(call, 0));
  unit = Lower(unit);
  if (FixedUnit(unit) == 0 && !IsCalendarUnit(unit)) {
    return PinotError(PinotErrorCode::kQueryValidation, "'", unit,
                      "' is not a valid unit of dateTrunc: millisecond, second, minute, hour, day, week, month, quarter, year");
  }
  std::string in = "MILLISECONDS", zone = "UTC";
  if (call.args.size() > 2) {
    LOTIC_ASSIGN_OR_RETURN(in, TextLiteral(call, 2));
  }
  if (call.args.size() > 3) {
    LOTIC_ASSIGN_OR_RETURN(zone, TextLiteral(call, 3));
  }
  std::string out = in;
  if (call.args.size() > 4) {
    LOTIC_ASSIGN_OR_RETURN(out, TextLiteral(call, 4));
  }
  LOTIC_ASSIGN_OR_RETURN(const Unit from, UnitOf(in, call.text));
  LOTIC_ASSIGN_OR_RETURN(const Unit to, UnitOf(out, call.text));
  LOTIC_ASSIGN_OR_RETURN(PinotValue of, Value(call.args[1]));
  const bool bounded = of.type == PinotType::kTimestamp && of.column != nullptr && of.column->epoch_ms && from.ms == 1;
  LOTIC_ASSIGN_OR_RETURN(of, MillisOf(std::move(of)));
  const std::string& value = of.sql;
  const bool literal = call.args[1]->is_literal();
  const std::string truncated = MillisOfClock("date_trunc('" + unit + "', " + Clock(ToMillis(value, from, 1), zone, bounded || literal) + ")", zone);
  PinotValue result = Long(FromMillis(truncated, to, 1));
  result.constant = literal;
  return result;
}

Result<PinotValue> PinotTranslator::DateTimeConvert(const PinotExpr& call) {
  LOTIC_RETURN_NOT_OK(Need(call, 4, 5));
  LOTIC_ASSIGN_OR_RETURN(const std::string in_text, TextLiteral(call, 1));
  LOTIC_ASSIGN_OR_RETURN(const std::string out_text, TextLiteral(call, 2));
  LOTIC_ASSIGN_OR_RETURN(const std::string granularity, TextLiteral(call, 3));
  LOTIC_ASSIGN_OR_RETURN(const DateTimeFormat in, FormatOf(in_text, call.text));
  LOTIC_ASSIGN_OR_RETURN(const DateTimeFormat out, FormatOf(out_text, call.text));
  LOTIC_ASSIGN_OR_RETURN(const int64_t bucket, BucketOf(granularity, call.text));
  std::string zone;
  if (call.args.size() == 5) {
    LOTIC_ASSIGN_OR_RETURN(zone, TextLiteral(call, 4));
  }
  LOTIC_ASSIGN_OR_RETURN(PinotValue from, Value(call.args[0]));
  std::string ms;
  if (in.kind() == DateTimeFormat::Kind::kPattern) {
    LOTIC_ASSIGN_OR_RETURN(from, ConvertValue(from, PinotType::kString));
    LOTIC_ASSIGN_OR_RETURN(const std::string pattern, StrftimePattern(in.pattern()->pattern()));
    ms = MillisOfClock("strptime(" + from.sql + ", " + QuotedLiteral(pattern) + ")", ZoneOf(in_text));
  } else if (in.kind() == DateTimeFormat::Kind::kIso) {
    LOTIC_ASSIGN_OR_RETURN(from, ConvertValue(from, PinotType::kString));
    ms = "epoch_ms(CAST(" + from.sql + " AS TIMESTAMPTZ))";
  } else {
    LOTIC_ASSIGN_OR_RETURN(from, MillisOf(std::move(from)));
    LOTIC_ASSIGN_OR_RETURN(const Unit unit, UnitOf(std::string(PinotTimeUnitName(in.unit())), call.text));
    ms = in.kind() == DateTimeFormat::Kind::kEpoch ? ToMillis(from.sql, unit, in.size()) : from.sql;
  }
  if (bucket > 1) {
    if (IsUtc(zone)) {
      ms = "(" + ms + " // " + std::to_string(bucket) + " * " + std::to_string(bucket) + ")";
    } else {
      const std::string local = "epoch_ms(" + Clock(ms, zone) + ")";
      ms = MillisOfClock("make_timestamp_ms(" + local + " // " + std::to_string(bucket) + " * " + std::to_string(bucket) + ")", zone);
    }
  }
  if (out.kind() == DateTimeFormat::Kind::kPattern) {
    LOTIC_ASSIGN_OR_RETURN(const std::string pattern, StrftimePattern(out.pattern()->pattern()));
    PinotValue value;
    value.sql = "strftime(" + Clock(ms, ZoneOf(out_text)) + ", " + QuotedLiteral(pattern) + ")";
    return value;
  }
  if (out.kind() == DateTimeFormat::Kind::kIso) {
    PinotValue value;
    value.sql = "strftime(" + Clock(ms, "") + ", '%Y-%m-%dT%H:%M:%S.%gZ')";
    return value;
  }
  LOTIC_ASSIGN_OR_RETURN(const Unit unit, UnitOf(std::string(PinotTimeUnitName(out.unit())), call.text));
  return Long(out.kind() == DateTimeFormat::Kind::kEpoch ? FromMillis(ms, unit, out.size()) : ms);
}

Result<PinotValue> PinotTranslator::TimeConvert(const PinotExpr& call) {
  LOTIC_RETURN_NOT_OK(Need(call, 3, 3));
  LOTIC_ASSIGN_OR_RETURN(const std::string in, TextLiteral(call, 1));
  LOTIC_ASSIGN_OR_RETURN(const std::string out, TextLiteral(call, 2));
  LOTIC_ASSIGN_OR_RETURN(const Unit from, UnitOf(in, call.text));
  LOTIC_ASSIGN_OR_RETURN(const Unit to, UnitOf(out, call.text));
  LOTIC_ASSIGN_OR_RETURN(PinotValue value, Value(call.args[0]));
  LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, PinotType::kLong));
  // In nanoseconds: one of both divides the other.
  const int64_t a = from.in_ms > 1 ? 1'000'000 / from.in_ms : from.ms * 1'000'000;
  const int64_t b = to.in_ms > 1 ? 1'000'000 / to.in_ms : to.ms * 1'000'000;
  if (a == b) return Long(value.sql);
  return Long(a > b ? Times(value.sql, a / b) : "(" + value.sql + " // " + std::to_string(b / a) + ")");
}

Result<PinotValue> PinotTranslator::ToDateTime(const PinotExpr& call) {
  LOTIC_RETURN_NOT_OK(Need(call, 2, 3));
  LOTIC_ASSIGN_OR_RETURN(const std::string joda, TextLiteral(call, 1));
  LOTIC_ASSIGN_OR_RETURN(const std::string pattern, StrftimePattern(joda));
  std::string zone;
  if (call.args.size() == 3) {
    LOTIC_ASSIGN_OR_RETURN(zone, TextLiteral(call, 2));
  }
  LOTIC_ASSIGN_OR_RETURN(const std::string ms, Millis(call.args[0]));
  PinotValue value;
  value.sql = "strftime(" + Clock(ms, zone) + ", " + QuotedLiteral(pattern) + ")";
  return value;
}

Result<PinotValue> PinotTranslator::FromDateTime(const PinotExpr& call) {
  LOTIC_RETURN_NOT_OK(Need(call, 2, 4));
  LOTIC_ASSIGN_OR_RETURN(const std::string joda, TextLiteral(call, 1));
  LOTIC_ASSIGN_OR_RETURN(const std::string pattern, StrftimePattern(joda));
  std::string zone;
  if (call.args.size() > 2) {
    LOTIC_ASSIGN_OR_RETURN(zone, TextLiteral(call, 2));
  }
  LOTIC_ASSIGN_OR_RETURN(PinotValue text, Value(call.args[0]));
  const bool constant = text.constant;
  LOTIC_ASSIGN_OR_RETURN(text, ConvertValue(text, PinotType::kString));
  const bool quiet = call.args.size() == 4;
  std::string ms = MillisOfClock((quiet ? "try_strptime(" : "strptime(") + text.sql + ", " + QuotedLiteral(pattern) + ")", zone);
  if (quiet) {
    LOTIC_ASSIGN_OR_RETURN(PinotValue otherwise, Value(call.args[3]));
    LOTIC_ASSIGN_OR_RETURN(otherwise, ConvertValue(otherwise, PinotType::kLong));
    ms = "coalesce(" + ms + ", " + otherwise.sql + ")";
  }
  PinotValue value = Long(std::move(ms));
  value.constant = constant;
  return value;
}

/// TIMESTAMPADD(unit, n, ms) and TIMESTAMPDIFF(unit, from, to).
Result<PinotValue> PinotTranslator::TimestampAdd(const PinotExpr& call) {
  LOTIC_RETURN_NOT_OK(Need(call, 3, 3));
  LOTIC_ASSIGN_OR_RETURN(std::string unit, TextLiteral(call, 0));
  unit = Lower(unit);
  if (unit.ends_with("s")) unit.pop_back();
  const int64_t fixed = FixedUnit(unit);
  if (fixed == 0 && !IsCalendarUnit(unit)) return PinotError(PinotErrorCode::kQueryValidation, "'", unit, "' is not a valid unit of ", call.text);
  if (call.text.ends_with("diff")) {
    LOTIC_ASSIGN_OR_RETURN(const std::string from, Millis(call.args[1]));
    LOTIC_ASSIGN_OR_RETURN(const std::string to, Millis(call.args[2]));
    if (fixed > 0) return Long("((" + Bounded(to) + " - " + Bounded(from) + ") // " + std::to_string(fixed) + ")");
    return Long("date_sub('" + unit + "', " + Clock(from, "") + ", " + Clock(to, "") + ")");
  }
  LOTIC_ASSIGN_OR_RETURN(PinotValue count, Value(call.args[1]));
  LOTIC_ASSIGN_OR_RETURN(count, ConvertValue(count, fixed > 0 ? PinotType::kLong : PinotType::kInt));
  LOTIC_ASSIGN_OR_RETURN(const std::string ms, Millis(call.args[2]));
  if (fixed > 0) return Long("(" + Bounded(ms) + " + " + Bounded(Times(count.sql, fixed)) + ")");
  const std::string months = unit == "month" ? count.sql : Times(count.sql, unit == "quarter" ? 3 : 12);
  return Long("epoch_ms(" + Clock(ms, "") + " + to_months(CAST(" + months + " AS INTEGER)))");
}

Result<PinotValue> PinotTranslator::Extract(const PinotExpr& call) {
  LOTIC_RETURN_NOT_OK(Need(call, 2, 2));
  LOTIC_ASSIGN_OR_RETURN(const std::string field, TextLiteral(call, 0));
  const std::string name = Lower(field);
  static const std::set<std::string, std::less<>> fields{"year", "quarter", "month", "week", "day", "doy", "dow", "hour", "minute", "second", "millisecond"};
  if (!fields.contains(name)) return PinotError(PinotErrorCode::kQueryValidation, "EXTRACT knows no field ", field);
  return Value(PinotCall(name, {call.args[1]}, call.at));
}

}  // namespace lotic::catalog
