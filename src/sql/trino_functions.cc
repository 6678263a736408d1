// SPDX-License-Identifier: Apache-2.0
#include "sql/trino_functions.h"

#include <algorithm>
#include <array>
#include <utility>

#include "duckdb/common/string_util.hpp"

namespace lotic::sql {
namespace {

constexpr std::string_view kNone = "there is no counterpart";

// By name. Only what DuckDB does not have: a name it knows is never looked up here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 48> kFunctions{{
    {"approx_distinct", "write approx_count_distinct(x)"},
    {"approx_percentile", "write approx_quantile(x, p)"},
    {"array_join", "write array_to_string(a, ',')"},
    {"arrays_overlap", "write list_has_any(a, b)"},
    {"at_timezone", "write t AT TIME ZONE z"},
    {"checksum", kNone},
    {"codepoint", "write unicode(s)"},
    {"date_format", "write strftime(t, '%Y-%m-%d'), whose letters are not MySQL's"},
    {"date_parse", "write strptime(s, '%Y-%m-%d'), whose letters are not MySQL's"},
    {"day_of_month", "write day(t)"},
    {"day_of_week", "write isodow(t)"},
    {"day_of_year", "write dayofyear(t)"},
    {"format_datetime", "write strftime(t, '%Y-%m-%d'), whose letters are not Joda's"},
    {"from_base", kNone},
    {"from_iso8601_date", "write s::DATE"},
    {"from_iso8601_timestamp", "write s::TIMESTAMPTZ"},
    {"from_unixtime", "write to_timestamp(n)"},
    {"from_utf8", "write decode(b)"},
    {"human_readable_seconds", "write to_seconds(n)"},
    {"is_json_scalar", "write json_type(j) NOT IN ('OBJECT', 'ARRAY')"},
    {"json_array_contains", "write list_contains(j::BIGINT[], 2)"},
    {"json_array_get", "write j -> 0"},
    {"json_extract_scalar", "write json_extract_string(j, p)"},
    {"json_format", "write j::VARCHAR"},
    {"json_parse", "write s::JSON"},
    {"json_size", "write json_array_length(j)"},
    {"last_day_of_month", "write last_day(t)"},
    {"map_agg", "write map(list(k), list(v))"},
    {"normalize", "write nfc_normalize(s)"},
    {"parse_datetime", "write strptime(s, '%Y-%m-%d'), whose letters are not Joda's"},
    {"regexp_like", "write regexp_matches(s, p)"},
    {"regexp_split", "write regexp_split_to_array(s, p)"},
    {"sequence", "write generate_series(a, b)"},
    {"slice", "write list_slice(a, from, to)"},
    {"split_to_map", kNone},
    {"to_iso8601", "write strftime(t, '%Y-%m-%dT%H:%M:%SZ')"},
    {"to_unixtime", "write epoch(t)"},
    {"to_utf8", "write encode(s)"},
    {"transform", "write list_transform(a, lambda x: x + 1)"},
    {"try_parse", kNone},
    {"url_extract_host", "write regexp_extract(u, '^[a-z]+://([^/:?#]+)', 1)"},
    {"url_extract_path", "write regexp_extract(u, '^[a-z]+://[^/?#]+([^?#]*)', 1)"},
    {"url_extract_query", "write regexp_extract(u, '[?]([^#]*)', 1)"},
    {"week_of_year", "write weekofyear(t)"},
    {"with_timezone", "write t AT TIME ZONE z"},
    {"xxhash64", kNone},
    {"year_of_week", "write isoyear(t)"},
    {"zip_with", "write list_transform(list_zip(a, b), lambda p: p[1] + p[2])"},
}};
static_assert(std::is_sorted(kFunctions.begin(), kFunctions.end(), [](const auto& a, const auto& b) { return a.first < b.first; }));

}  // namespace

std::optional<std::string_view> InsteadOfTrinoFunction(std::string_view name) {
  const std::string lower = duckdb::StringUtil::Lower(std::string(name));
  const auto at = std::lower_bound(kFunctions.begin(), kFunctions.end(), lower, [](const auto& entry, const std::string& key) { return entry.first < key; });
  if (at == kFunctions.end() || at->first != lower) return std::nullopt;
  return at->second;
}

}  // namespace lotic::sql
