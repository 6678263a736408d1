// SPDX-License-Identifier: Apache-2.0
#include "sql/timestamp_pattern.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>

namespace lotic::sql {
namespace {

constexpr size_t kLongestNumber = 19;  // as Java's one-letter fields
constexpr size_t kFourDigits = 4;
constexpr int64_t kBigNumber = 1000000000;  // past every field's range; more digits stay there
constexpr int64_t kDayMs = 86400000;
constexpr const char* kLoosePattern = "yyyy-M-d H:m:s";
constexpr size_t kLooseDateSteps = 5;  // of these: the date alone is enough
constexpr std::string_view kLetters = "yMdHms";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int64_t Number(std::string_view digits) {
  int64_t value = 0;
  for (const char c : digits) value = std::min(value * 10 + (c - '0'), kBigNumber);
  return value;
}

size_t DigitsAt(std::string_view text, size_t most) {
  size_t count = 0;
  while (count < text.size() && count < most && IsDigit(text[count])) ++count;
  return count;
}

/// The first three digits of a fraction of a second.
int64_t MillisOf(std::string_view digits) {
  int64_t value = 0;
  for (size_t i = 0; i < 3; ++i) value = value * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  return value;
}

/// `day` may lie past the month's end.
int64_t DaysSince1970(int64_t year, int64_t month, int64_t day) {
  const std::chrono::sys_days first = std::chrono::year(static_cast<int>(year)) / std::chrono::month(static_cast<unsigned>(month)) / 1;
  return first.time_since_epoch().count() + day - 1;
}

int64_t LastDay(int64_t year, int64_t month) {
  const std::chrono::year_month_day_last last =
      std::chrono::year(static_cast<int>(year)) / std::chrono::month(static_cast<unsigned>(month)) / std::chrono::last;
  return static_cast<unsigned>(last.day());
}

/// Takes `least` to `most` digits and what follows them; `behind` 0: nothing follows.
std::optional<int64_t> TakeNumber(std::string_view* text, size_t least, size_t most, char behind) {
  const size_t count = DigitsAt(*text, most);
  if (count < least) return std::nullopt;
  if (behind != 0 && (count == text->size() || (*text)[count] != behind)) return std::nullopt;
  const int64_t value = Number(text->substr(0, count));
  text->remove_prefix(count + (behind != 0 ? 1 : 0));
  return value;
}

}  // namespace

/// By Part; those that the text did not give are empty.
struct TimestampPattern::Fields {
  std::array<std::optional<int64_t>, 7> values;
  std::string_view fraction;
  int64_t Of(Part part, int64_t otherwise) const { return values[static_cast<size_t>(part)].value_or(otherwise); }
  bool Has(Part part) const { return values[static_cast<size_t>(part)].has_value(); }
};

TimestampPattern TimestampPattern::Loose() {
  TimestampPattern pattern = Make(kLoosePattern).ValueOrDie();
  for (Step& step : pattern.steps_) {
    if (step.part != Part::kYear && step.part != Part::kLiteral) step.most = 2;
  }
  pattern.loose_ = true;
  return pattern;
}

Result<TimestampPattern> TimestampPattern::Make(std::string_view text) {
  TimestampPattern pattern;
  const auto literal = [&](char c) { pattern.steps_.push_back({Part::kLiteral, 0, 0, 0, c}); };
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      const size_t end = std::min(text.find_first_not_of(c, at), text.size());
      LOTIC_RETURN_NOT_OK(pattern.AddField(c, end - at));
      at = end;
    } else if (c == '\'') {
      if (text.substr(at, 2) == "''") {
        literal(c);
        at += 2;
        continue;
      }
      for (++at;; ++at) {
        if (at >= text.size()) return Status::Invalid("TO_TIMESTAMP: the pattern \"", text, "\" has a quote that nothing ends");
        if (text[at] == '\'' && text.substr(at, 2) != "''") break;
        literal(text[at]);
        if (text[at] == '\'') ++at;
      }
      ++at;
    } else if (std::string_view("[]{}#").find(c) != std::string_view::npos) {
      return Status::Invalid("TO_TIMESTAMP: '", std::string(1, c), "' in the pattern \"", text,
                             "\" is not built here; write it in quotes if it is meant as it stands");
    } else {
      literal(c);
      ++at;
    }
  }
  // A field of any width leaves the fields of fixed width that follow it their digits; but as in Java it takes all digits if a field of any width follows those.
  for (size_t i = 0; i < pattern.steps_.size(); ++i) {
    size_t reserved = 0;
    size_t next = i + 1;
    for (; next < pattern.steps_.size() && pattern.steps_[next].part != Part::kLiteral && pattern.steps_[next].least == pattern.steps_[next].most; ++next)
      reserved += pattern.steps_[next].most;
    if (next == pattern.steps_.size() || pattern.steps_[next].part == Part::kLiteral) pattern.steps_[i].reserved = reserved;
  }
  return pattern;
}

Status TimestampPattern::AddField(char letter, size_t count) {
  Step step;
  if (letter == 'S') {
    step.part = Part::kFraction;
  } else {
    const size_t index = kLetters.find(letter == 'u' ? 'y' : letter);
    if (index == std::string_view::npos) {
      return Status::Invalid("TO_TIMESTAMP: the letter '", std::string(1, letter), "' in a pattern is not built here; there are y, u, M, d, H, m, s and S");
    }
    step.part = static_cast<Part>(index);
  }
  const bool year = step.part == Part::kYear;
  const bool fits = step.part == Part::kFraction ? count <= 9 : year ? count == 1 || count == 2 || count == 4 : count <= 2;
  if (!fits)
    return Status::Invalid("TO_TIMESTAMP: \"", std::string(count, letter), "\" in a pattern is not built here; write ",
                           year                           ? "yyyy"
                           : step.part == Part::kFraction ? "SSS"
                                                          : std::string(2, letter));
  if (std::any_of(steps_.begin(), steps_.end(), [&](const Step& other) { return other.part == step.part; })) {
    return Status::Invalid("TO_TIMESTAMP: the pattern has '", std::string(1, letter), "' twice");
  }
  if (year) {
    era_year_ = letter == 'y';
    two_digit_year_ = count == 2;
  }
  step.least = count;
  const bool fixed = step.part == Part::kFraction || count == 2;
  step.most = fixed ? count : kLongestNumber;
  steps_.push_back(step);
  return Status::OK();
}

bool TimestampPattern::Take(const Step& step, std::string_view* text, Fields* fields) const {
  if (step.part == Part::kLiteral) {
    if (text->empty() || text->front() != step.literal) return false;
    text->remove_prefix(1);
    return true;
  }
  size_t count = DigitsAt(*text, step.most + step.reserved);
  count = std::min(step.most, std::max(step.least, count > step.reserved ? count - step.reserved : 0));
  if (DigitsAt(*text, count) < count) return false;
  if (step.least == kFourDigits && step.part == Part::kYear && count > kFourDigits) return false;  // more need a sign
  const std::string_view digits = text->substr(0, count);
  fields->values[static_cast<size_t>(step.part)] = step.part == Part::kFraction ? MillisOf(digits) : Number(digits);
  if (step.part == Part::kFraction) fields->fraction = digits;
  text->remove_prefix(count);
  return true;
}

std::optional<int64_t> TimestampPattern::Strict(std::string_view text) const {
  Fields fields;
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (loose_ && i == kLooseDateSteps && text.empty()) break;
    if (!Take(steps_[i], &text, &fields)) return std::nullopt;
  }
  if (loose_ && !text.empty() && text.front() == '.') {
    fields.fraction = text.substr(1, DigitsAt(text.substr(1), 9));
    fields.values[static_cast<size_t>(Part::kFraction)] = MillisOf(fields.fraction);
    text.remove_prefix(1 + fields.fraction.size());
  }
  if (!text.empty()) return std::nullopt;

  const int64_t year = fields.Of(Part::kYear, 1970) + (two_digit_year_ ? 2000 : 0);
  const int64_t month = fields.Of(Part::kMonth, 1);
  int64_t day = fields.Of(Part::kDay, 1);
  const int64_t minute = fields.Of(Part::kMinute, 0);
  const int64_t second = fields.Of(Part::kSecond, 0);
  int64_t hour = fields.Of(Part::kHour, 0);
  if (year > 9999 || (year == 0 && era_year_) || month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 59) return std::nullopt;
  const bool whole = fields.Has(Part::kYear) && fields.Has(Part::kMonth) && fields.Has(Part::kDay);
  if (day > LastDay(year, month)) {
    if (!whole) return std::nullopt;
    day = LastDay(year, month);
  }
  if (hour == 24) {
    if (minute != 0 || second != 0 || fields.fraction.find_first_not_of('0') != std::string_view::npos) return std::nullopt;
    hour = 0;
    if (whole) ++day;
  }
  return DaysSince1970(year, month, day) * kDayMs + hour * 3600000 + minute * 60000 + second * 1000 + fields.Of(Part::kFraction, 0);
}

std::optional<int64_t> TimestampPattern::Carrying(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  const bool timed = text.find(' ') != std::string_view::npos;
  const auto year = TakeNumber(&text, 4, 4, '-');
  const auto month = year ? TakeNumber(&text, 1, 2, '-') : std::nullopt;
  const auto day = month ? TakeNumber(&text, 1, 2, timed ? ' ' : '\0') : std::nullopt;
  if (!day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
  const int64_t date = DaysSince1970(*year, *month, *day) * kDayMs;
  if (!timed) return text.empty() ? std::optional<int64_t>(date) : std::nullopt;
  const auto hour = TakeNumber(&text, 1, 9, ':');
  const auto minute = hour ? TakeNumber(&text, 1, 9, ':') : std::nullopt;
  const auto second = minute ? TakeNumber(&text, 1, 9, '\0') : std::nullopt;
  if (!second) return std::nullopt;
  int64_t millis = 0;
  if (!text.empty()) {
    const std::string_view digits = text.substr(1);
    if (text.front() != '.' || digits.empty() || digits.size() > 9 || DigitsAt(digits, 9) != digits.size()) return std::nullopt;
    millis = MillisOf(digits);
  }
  return date + *hour * 3600000 + *minute * 60000 + *second * 1000 + millis;
}

std::optional<int64_t> TimestampPattern::Parse(std::string_view text) const {
  if (const std::optional<int64_t> time = Strict(text)) return time;
  return loose_ ? std::nullopt : Carrying(text);
}

}  // namespace lotic::sql
