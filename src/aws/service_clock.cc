// SPDX-License-Identifier: Apache-2.0
#include "aws/service_clock.h"

#include <algorithm>
#include <chrono>

namespace lotic::aws {

Result<int64_t> ParseHttpDate(std::string_view text) {
  // "Mon, 30 Nov 2026 03:16:54 GMT" (RFC 9110, IMF-fixdate); the two obsolete forms are not sent by any service of ours.
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto refuse = [&] { return Status::Invalid("not an HTTP date: '", text.substr(0, 40), "'"); };
  if (text.size() != 29 || text.substr(25) != " GMT" || text.substr(3, 2) != ", ") return refuse();
  if (text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':') return refuse();
  const auto number = [&](size_t at, size_t size) {
    int value = 0;
    for (const char c : text.substr(at, size)) {
      if (c < '0' || c > '9') return -1;
      value = value * 10 + (c - '0');
    }
    return value;
  };
  const size_t month_at = kMonths.find(text.substr(8, 3));
  const int day = number(5, 2), year = number(12, 4), hour = number(17, 2), minute = number(20, 2), second = number(23, 2);
  if (month_at == std::string_view::npos || month_at % 3 != 0 || year < 1970 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60) {
    return refuse();
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month_at / 3 + 1)),
                                         std::chrono::day(static_cast<unsigned>(std::max(day, 0)))};
  if (!date.ok()) return refuse();
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + hour) * 60 + minute) * 60'000 + int64_t{second} * 1000;
}

int64_t DateOf(const HttpResponse& response) {
  const auto text = response.Header("Date");
  if (!text) return 0;
  const Result<int64_t> date = ParseHttpDate(*text);
  return date.ok() ? *date : 0;
}

bool ServiceClock::Learn(const HttpResponse& response, int64_t sent_own_ms) {
  const int64_t date = DateOf(response);
  if (date == 0) return false;
  // The service's clock against ours in the middle of the call.
  offset_ms_ = date - (sent_own_ms + ours_.NowMs()) / 2;
  return true;
}

}  // namespace lotic::aws
