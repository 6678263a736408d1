// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "connector/timestream/cell_text.h"
#include "connector/timestream/column_info.h"
#include "connector/timestream/query_text.h"

// The value set of one column as SQL. How a set is said depends on its type; each way makes Terms, which one function writes down.

namespace lotic::timestream {
namespace {

/// Disjuncts in the order in which they are written.
struct Terms {
  bool is_null = false;
  std::vector<std::string> ranges;  // without their parentheses
  std::vector<std::string> values;  // literals
  bool always_in = false;           // one value is written as a list, too
  std::vector<std::string> others;  // whole conditions, after the values
};

std::string Write(const std::string& column, const Terms& terms) {
  std::string out;
  const auto add = [&out](const std::string& disjunct) { out += (out.empty() ? "" : " OR ") + disjunct; };
  if (terms.is_null) add("(" + column + " IS NULL)");
  for (const std::string& range : terms.ranges) add("(" + range + ")");
  if (terms.values.size() == 1 && !terms.always_in) {
    add(column + " = " + terms.values[0]);
  } else if (!terms.values.empty()) {
    std::string list;
    for (const std::string& value : terms.values) list += (list.empty() ? "" : ",") + value;
    add(column + " IN (" + list + ")");
  }
  for (const std::string& other : terms.others) add(other);
  return "(" + out + ")";
}

std::string NotIn(const std::string& column, const std::vector<std::string>& values) {
  if (values.size() == 1) return column + " <> " + values[0];
  std::string list;
  for (const std::string& value : values) list += (list.empty() ? "" : ",") + value;
  return column + " NOT IN (" + list + ")";
}

Conjunct Dropped(std::string reason) { return {Conjunct::Outcome::kDropped, "", Pushdown::kNot, std::move(reason)}; }
Conjunct Said(const std::string& column, const Terms& terms, bool exact, std::string reason) {
  return {Conjunct::Outcome::kText, Write(column, terms), exact ? Pushdown::kExact : Pushdown::kHint, std::move(reason)};
}

/// "c > low AND c <= high", either side missing.
std::string Between(const std::string& column, const std::optional<std::string>& low, bool low_in, const std::optional<std::string>& high, bool high_in) {
  std::string out;
  if (low) out = column + (low_in ? " >= " : " > ") + *low;
  if (high) out += (out.empty() ? "" : " AND ") + column + (high_in ? " <= " : " < ") + *high;
  return out;
}

bool IsPoint(const Type& type, const CompareOptions& compare, const ValueRange& range) {
  return range.low && range.high && range.low_inclusive && range.high_inclusive && CompareScalars(type, *range.low, *range.high, compare) == 0;
}

// Times: the service keeps nanoseconds and a cell shows them floored to the unit, so a set of units is a set of half-open ranges of nanoseconds.

struct Span {
  std::optional<int64_t> low, high;  // [low, high) in units
};

std::vector<Span> Complement(const std::vector<Span>& spans) {
  std::vector<Span> out;
  std::optional<int64_t> from;
  bool open = true;  // what lies before the next span is not covered yet
  for (const Span& span : spans) {
    if (span.low && open) out.push_back({from, span.low});
    open = span.high.has_value();
    from = span.high;
  }
  if (open) out.push_back({from, std::nullopt});
  return out;
}

/// Sorted and disjoint in, touching ones joined.
void JoinTouching(std::vector<Span>* spans) {
  std::vector<Span> out;
  for (const Span& span : *spans) {
    if (!out.empty() && out.back().high && span.low && *out.back().high >= *span.low) {
      out.back().high = span.high;
    } else {
      out.push_back(span);
    }
  }
  *spans = std::move(out);
}

Conjunct OfTimes(const std::string& column, const Type& type, const ValueSet& set) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(), kMost = std::numeric_limits<int64_t>::max();
  const int64_t step = NanosPer(type.unit());
  // What the service can hold, in units: 1677-09-21 to 2262-04-11.
  const int64_t first = kLeast / step - (kLeast % step != 0 ? 1 : 0), last = kMost / step;
  std::vector<Span> spans;
  // Nothing: above the greatest number there is no other.
  const auto above = [](int64_t value) { return value == kMost ? std::nullopt : std::optional(value + 1); };
  if (set.kind == ValueSet::Kind::kRanges) {
    for (const ValueRange& range : set.ranges) {
      Span span;
      if (range.low) {
        span.low = range.low_inclusive ? std::get<int64_t>(*range.low) : above(std::get<int64_t>(*range.low));
        if (!span.low) continue;
      }
      if (range.high) span.high = range.high_inclusive ? above(std::get<int64_t>(*range.high)) : std::get<int64_t>(*range.high);
      spans.push_back(span);
    }
  } else {
    for (const Scalar& value : set.values) spans.push_back({std::get<int64_t>(value), above(std::get<int64_t>(value))});
    JoinTouching(&spans);
    if (set.kind == ValueSet::Kind::kUnlisted) spans = Complement(spans);
  }
  Terms terms;
  terms.is_null = set.null_allowed;
  std::vector<Span> kept;
  for (Span span : spans) {
    if (span.low && *span.low > last) continue;
    if (span.high && *span.high <= first) continue;
    if (span.low && *span.low <= first) span.low.reset();
    if (span.high && *span.high > last) span.high.reset();
    if (span.low && span.high && *span.low >= *span.high) continue;
    kept.push_back(span);
  }
  JoinTouching(&kept);
  const bool all = std::any_of(kept.begin(), kept.end(), [](const Span& span) { return !span.low && !span.high; });
  const char* const reason = "the service filters, to the nanosecond";
  if (all) {
    if (set.null_allowed) return {Conjunct::Outcome::kEverything, "", Pushdown::kExact, "every time that can be stored satisfies it"};
    return {Conjunct::Outcome::kText, "(" + column + " IS NOT NULL)", Pushdown::kExact, reason};
  }
  for (const Span& span : kept) {
    const auto literal = [&](std::optional<int64_t> at) { return at ? std::optional(QuoteText(TimestampText(*at, type.unit()))) : std::nullopt; };
    terms.ranges.push_back(Between(column, literal(span.low), true, literal(span.high), false));
  }
  if (terms.ranges.empty() && !terms.is_null) return {Conjunct::Outcome::kNothing, "", Pushdown::kExact, "no time that can be stored satisfies it"};
  return Said(column, terms, true, reason);
}

// Doubles: every comparison with NaN is false in the service, and in our evaluator NaN is the greatest of all.

struct NumberSpan {
  std::optional<double> low, high;
  bool low_in = true, high_in = true;
};

Conjunct OfDoubles(const std::string& column, const ValueSet& set, const CompareOptions& compare, Dialect dialect) {
  const bool own = dialect == Dialect::kOwn;
  bool exact = true, nan = false;
  Terms terms;
  terms.is_null = set.null_allowed;
  const auto literal = [dialect](std::optional<double> value) { return value ? std::optional(DoubleLiteral(*value, dialect)) : std::nullopt; };
  // The service has one zero. Where the door has two, a border at zero lets both through.
  const auto is_border_zero = [&](double value) { return value == 0 && compare.signed_zero_distinct; };
  const auto add_span = [&](NumberSpan span) {
    if (span.low && is_border_zero(*span.low)) {
      exact = exact && std::signbit(*span.low) == span.low_in;  // >= -0.0 and > 0.0 mean the same in both
      span.low_in = span.low_in || std::signbit(*span.low);
    }
    if (span.high && is_border_zero(*span.high)) {
      exact = exact && std::signbit(*span.high) != span.high_in;  // <= 0.0 and < -0.0
      span.high_in = span.high_in || !std::signbit(*span.high);
    }
    if (!span.low && !span.high) {
      terms.others.push_back(column + " <= " + DoubleLiteral(std::numeric_limits<double>::infinity(), dialect));  // every number, not NaN
    } else {
      terms.ranges.push_back(Between(column, literal(span.low), span.low_in, literal(span.high), span.high_in));
    }
  };
  if (set.kind == ValueSet::Kind::kUnlisted) {
    std::vector<std::string> values;
    bool excludes_nan = false, drops_zero = false;
    for (const Scalar& value : set.values) {
      const double number = std::get<double>(value);
      if (std::isnan(number)) {
        excludes_nan = true;
      } else if (is_border_zero(number)) {
        drops_zero = true;
      } else {
        values.push_back(DoubleLiteral(number, dialect));
      }
    }
    exact = !drops_zero;
    std::string condition = values.empty() ? column + " IS NOT NULL" : NotIn(column, values);
    if (excludes_nan) condition = "(" + condition + " AND NOT is_nan(" + column + "))";
    terms.others.push_back(std::move(condition));
    nan = !excludes_nan && !values.empty();
  } else if (set.kind == ValueSet::Kind::kListed) {
    terms.always_in = !own;
    std::optional<std::string> last;
    for (const Scalar& value : set.values) {
      const double number = std::get<double>(value);
      if (std::isnan(number)) {
        nan = true;
        continue;
      }
      exact = exact && !is_border_zero(number);
      if (number == 0 && last == "zero") continue;
      last = number == 0 ? "zero" : "";
      terms.values.push_back(DoubleLiteral(number == 0 ? 0.0 : number, dialect));
    }
  } else {
    for (const ValueRange& range : set.ranges) {
      NumberSpan span{std::nullopt, std::nullopt, range.low_inclusive, range.high_inclusive};
      bool numbers = true;
      if (range.low && std::isnan(std::get<double>(*range.low))) {
        nan = nan || range.low_inclusive;
        numbers = false;
      } else if (range.low) {
        span.low = std::get<double>(*range.low);
      }
      if (!range.high) {
        nan = nan || numbers;
      } else if (std::isnan(std::get<double>(*range.high))) {
        nan = nan || range.high_inclusive;
      } else {
        span.high = std::get<double>(*range.high);
      }
      if (!numbers) continue;
      if (span.low && span.high && span.low_in && span.high_in && *span.low == *span.high) {
        exact = exact && !is_border_zero(*span.low);
        terms.values.push_back(DoubleLiteral(*span.low == 0 ? 0.0 : *span.low, dialect));
      } else {
        add_span(span);
      }
    }
  }
  if (nan && (own || (terms.ranges.empty() && terms.values.empty() && terms.others.empty()))) terms.others.push_back("is_nan(" + column + ")");
  if (nan && !own) exact = false;
  if (terms.ranges.empty() && terms.values.empty() && terms.others.empty() && !terms.is_null) {
    return {Conjunct::Outcome::kNothing, "", Pushdown::kExact, "no value satisfies it"};
  }
  return Said(column, terms, exact,
              exact ? "the service filters"
              : own ? "the service has one zero, the door two"
                    : "as the original sends it: NaN is not returned");
}

Conjunct OfBools(const std::string& column, const Type& type, const ValueSet& set, const CompareOptions& compare) {
  Terms terms;
  terms.is_null = set.null_allowed;
  for (const bool value : {false, true}) {
    if (ValueSetAllows(type, compare, set, Scalar(value))) terms.values.push_back(value ? "true" : "false");
  }
  if (terms.values.size() == 2) {
    if (set.null_allowed) return {Conjunct::Outcome::kEverything, "", Pushdown::kExact, "every value satisfies it"};
    return {Conjunct::Outcome::kText, "(" + column + " IS NOT NULL)", Pushdown::kExact, "the service filters"};
  }
  if (terms.values.empty() && !terms.is_null) return {Conjunct::Outcome::kNothing, "", Pushdown::kExact, "no value satisfies it"};
  return Said(column, terms, true, "the service filters");
}

/// Texts, whole numbers and dates. No literal: the value lies outside what the service can hold.
std::optional<std::string> Literal(const Type& type, const Scalar& value, Dialect dialect) {
  switch (type.id()) {
    case TypeId::kString: return QuoteText(std::get<std::string>(value));
    case TypeId::kDate:
      if (dialect == Dialect::kOriginal) return std::to_string(std::get<int64_t>(value));
      if (std::get<int64_t>(value) < kFirstDay || std::get<int64_t>(value) > kLastDay) return std::nullopt;
      return "DATE " + QuoteText(DateText(std::get<int64_t>(value)));
    default: break;
  }
  const int64_t number = std::get<int64_t>(value);
  // The number without its sign must be a number of the service, too.
  if (number == std::numeric_limits<int64_t>::min()) return "(" + std::to_string(number + 1) + " - 1)";
  return std::to_string(number);
}

/// In a text all of whose characters are below U+D800, UTF-16 units and bytes give one order against any other text.
bool OneOrder(const Scalar& value) {
  const std::string& text = std::get<std::string>(value);
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0xED; });
}

Conjunct OfOthers(const std::string& column, const Type& type, const ValueSet& set, const CompareOptions& compare, Dialect dialect) {
  Terms terms;
  terms.is_null = set.null_allowed;
  const std::string reason = "the service filters";
  if (set.kind != ValueSet::Kind::kRanges) {
    std::vector<std::string> values;
    for (const Scalar& value : set.values) {
      if (auto literal = Literal(type, value, dialect)) values.push_back(std::move(*literal));
    }
    if (set.kind == ValueSet::Kind::kUnlisted) {
      terms.others.push_back(values.empty() ? column + " IS NOT NULL" : NotIn(column, values));
      return Said(column, terms, true, reason);
    }
    if (values.empty() && !terms.is_null) return {Conjunct::Outcome::kNothing, "", Pushdown::kExact, "no value that can be stored satisfies it"};
    terms.values = std::move(values);
    terms.always_in = dialect == Dialect::kOriginal;
    return Said(column, terms, true, reason);
  }
  if (dialect == Dialect::kOriginal && !set.null_allowed && !set.ranges.front().low && !set.ranges.back().high) {
    return {Conjunct::Outcome::kText, "(" + column + " IS NOT NULL)", Pushdown::kHint, "as the original sends it"};
  }
  for (const ValueRange& range : set.ranges) {
    if (type.id() == TypeId::kString && compare.string_order == CompareOptions::StringOrder::kUtf16Unit && !IsPoint(type, compare, range) &&
        ((range.low && !OneOrder(*range.low)) || (range.high && !OneOrder(*range.high)))) {
      return Dropped("the service orders these characters differently");
    }
    std::optional<std::string> low, high;
    if (range.low) {
      low = Literal(type, *range.low, dialect);
      if (!low && std::get<int64_t>(*range.low) > 0) continue;  // above every date
    }
    if (range.high) {
      high = Literal(type, *range.high, dialect);
      if (!high && std::get<int64_t>(*range.high) < 0) continue;  // below every date
    }
    if (IsPoint(type, compare, range)) {
      terms.values.push_back(*low);
    } else if (!low && !high) {
      terms.others.push_back(column + " IS NOT NULL");
    } else {
      terms.ranges.push_back(Between(column, low, range.low_inclusive, high, range.high_inclusive));
    }
  }
  if (terms.ranges.empty() && terms.values.empty() && terms.others.empty() && !terms.is_null) {
    return {Conjunct::Outcome::kNothing, "", Pushdown::kExact, "no value that can be stored satisfies it"};
  }
  return Said(column, terms, true, reason);
}

/// The original's text for times: bounds as they are, whatever lies below their unit.
Conjunct OfOriginalTimes(const std::string& column, const Type& type, const ValueSet& set) {
  Terms terms;
  terms.is_null = set.null_allowed;
  const int64_t per_day = 86'400 * (1'000'000'000 / NanosPer(type.unit()));
  const auto literal = [&](const Scalar& value) {
    const int64_t at = std::clamp(std::get<int64_t>(value), kFirstDay * per_day, kLastDay * per_day);
    return QuoteText(TimestampText(at, type.unit()));
  };
  if (set.kind == ValueSet::Kind::kListed) {
    for (const Scalar& value : set.values) terms.values.push_back(literal(value));
    terms.always_in = true;
  } else {
    if (!set.null_allowed && !set.ranges.front().low && !set.ranges.back().high) {
      return {Conjunct::Outcome::kText, "(" + column + " IS NOT NULL)", Pushdown::kHint, "as the original sends it"};
    }
    for (const ValueRange& range : set.ranges) {
      if (IsPoint(type, {}, range)) {
        terms.values.push_back(literal(*range.low));
      } else {
        terms.ranges.push_back(Between(column, range.low ? std::optional(literal(*range.low)) : std::nullopt, range.low_inclusive,
                                       range.high ? std::optional(literal(*range.high)) : std::nullopt, range.high_inclusive));
      }
    }
  }
  return Said(column, terms, false, "as the original sends it: times between two units are lost at a border");
}

Conjunct Written(const std::string& column, const Field& field, const ValueSet& set, const CompareOptions& compare, Dialect dialect) {
  switch (field.type.id()) {
    case TypeId::kBool: return OfBools(column, field.type, set, compare);
    case TypeId::kFloat64: return OfDoubles(column, set, compare, dialect);
    case TypeId::kTimestamp:
      if (dialect == Dialect::kOriginal && set.kind != ValueSet::Kind::kUnlisted) return OfOriginalTimes(column, field.type, set);
      return OfTimes(column, field.type, set);
    default: return OfOthers(column, field.type, set, compare, dialect);
  }
}

}  // namespace

Result<Conjunct> ConjunctOf(const Field& field, const ValueSet& set, const CompareOptions& compare, Dialect dialect) {
  if (field.type.is_nested()) return Dropped("nested values are left to the door");
  ValueSet normal = set;
  LOTIC_RETURN_NOT_OK(NormalizeValueSet(field.type, compare, &normal));
  const std::string column = QuoteName(SourceNameOf(field));
  if (normal.kind == ValueSet::Kind::kNone) {
    if (!normal.null_allowed) return Conjunct{Conjunct::Outcome::kNothing, "", Pushdown::kExact, "no value satisfies it"};
    return Conjunct{Conjunct::Outcome::kText, "(" + column + " IS NULL)", Pushdown::kExact, "the service filters"};
  }
  const bool all = normal.kind == ValueSet::Kind::kAll || (normal.kind == ValueSet::Kind::kUnlisted && normal.values.empty());
  if (all) {
    if (normal.null_allowed) return Conjunct{Conjunct::Outcome::kEverything, "", Pushdown::kExact, "every value satisfies it"};
    return Conjunct{Conjunct::Outcome::kText, "(" + column + " IS NOT NULL)", Pushdown::kExact, "the service filters"};
  }
  // NULL and not NULL are the same however the text is read; what follows is only for columns whose type is the service's own.
  const auto source = field.metadata.find(kSourceType);
  const std::string type = source == field.metadata.end() ? "" : source->second;
  const bool own_type = (type == "varchar" && field.type.id() == TypeId::kString) || (type == "double" && field.type.id() == TypeId::kFloat64) ||
                        (type == "boolean" && field.type.id() == TypeId::kBool) || (type == "bigint" && field.type.id() == TypeId::kInt64) ||
                        ((type == "integer" || type == "int") && field.type.id() == TypeId::kInt32) ||
                        (type == "timestamp" && field.type.id() == TypeId::kTimestamp) || (type == "date" && field.type.id() == TypeId::kDate);
  if (!own_type) return Dropped("the service's " + (type.empty() ? "type" : type) + " is compared by the door, as text or converted");
  Conjunct made = normal.values.size() + normal.ranges.size() > kMaxListedValues ? Dropped("") : Written(column, field, normal, compare, dialect);
  if (made.outcome != Conjunct::Outcome::kDropped && made.text.size() <= kMaxConjunctBytes) return made;
  if (made.outcome == Conjunct::Outcome::kDropped && !made.reason.empty()) return made;
  const std::optional<ValueRange> hull = HullOf(field.type, compare, normal);
  if (normal.kind == ValueSet::Kind::kUnlisted || !hull || (!hull->low && !hull->high)) return Dropped("too many values for the text of a query");
  ValueSet wide = ValueSet::Range(*hull);
  wide.null_allowed = normal.null_allowed;
  made = Written(column, field, wide, compare, dialect);
  if (made.outcome != Conjunct::Outcome::kText || made.text.size() > kMaxConjunctBytes) return Dropped("too many values for the text of a query");
  made.pushdown = Pushdown::kHint;
  made.reason = "too many values for the text of a query: the range that holds them all";
  return made;
}

}  // namespace lotic::timestream
