// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_sql_functions.h"

#include <algorithm>
#include <map>

namespace lotic::catalog {
namespace {

using enum PinotType;
constexpr auto kScalarShape = PinotFunction::Shape::kScalar;
constexpr auto kArrayShape = PinotFunction::Shape::kArray;
constexpr auto kSameArrayShape = PinotFunction::Shape::kSameArray;

#define LOTIC_NAN "CAST('NaN' AS DOUBLE)"
#define LOTIC_LOG(call) "CASE WHEN $1 > 0 THEN " call " WHEN $1 = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN $1 < 0 THEN " LOTIC_NAN " END"
#define LOTIC_UNIT(call) "CASE WHEN abs($1) <= 1 THEN " call " WHEN $1 IS NOT NULL THEN " LOTIC_NAN " END"
// What no calendar reaches, the default of LONG among it, counts as the calendar's end, so that one such row does not fail a query.
#define LOTIC_T "make_timestamp_ms(greatest(least($1, 9000000000000000), -9000000000000000))"
#define LOTIC_TZ "timezone($2, timezone('UTC', " LOTIC_T "))"
#define LOTIC_BLANKS "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)"
// A number loses its fraction, a text is a whole number or none; NULL where there is no such thing.
#define LOTIC_JSON_LONG                                                                                                                            \
  "CASE WHEN json_valid($1) THEN CASE json_type($1, $2) WHEN 'DOUBLE' THEN lotic_double_to_long(TRY_CAST(json_extract_string($1, $2) AS DOUBLE)) " \
  "ELSE TRY_CAST(regexp_extract(json_extract_string($1, $2), '^[+-]?[0-9]+$') AS BIGINT) END END"
// DuckDB does not count a value in the making as memory.
#define LOTIC_TOO_LONG(name) "error('" name " makes a text of more than 1 MiB')"
#define LOTIC_PARTS "list_filter(string_split($1, $2), lambda lotic_e: lotic_e <> '')"

// Java's semantics where DuckDB's differ: divisions towards zero, positions from 0, no error for logarithms and roots without a value.
constexpr PinotFunction kFunctions[] = {
    // Numbers
    {"ceil", "D", kDouble, "ceil($1)"},
    {"floor", "D", kDouble, "floor($1)"},
    {"exp", "D", kDouble, "exp($1)"},
    {"ln", "D", kDouble, LOTIC_LOG("ln($1)")},
    {"log", "D", kDouble, LOTIC_LOG("ln($1)")},
    {"log2", "D", kDouble, LOTIC_LOG("log2($1)")},
    {"log10", "D", kDouble, LOTIC_LOG("log10($1)")},
    {"sqrt", "D", kDouble, "CASE WHEN $1 >= 0 THEN sqrt($1) WHEN $1 < 0 THEN " LOTIC_NAN " END"},
    {"sign", "D", kDouble, "CAST(sign($1) AS DOUBLE)"},
    {"power", "DD", kDouble, "pow($1, $2)"},
    {"pow", "DD", kDouble, "pow($1, $2)"},
    {"rounddecimal", "D", kDouble, "floor($1 + 0.5e0)"},
    {"rounddecimal", "Di", kDouble, "round($1, $2)"},
    {"truncate", "D", kDouble, "trunc($1)"},
    {"truncate", "Di", kDouble, "trunc($1 * pow(1e1, $2)) / pow(1e1, $2)"},
    {"round", "LL", kLong, "($1 // $2) * $2"},
    {"sin", "D", kDouble, "sin($1)"},
    {"cos", "D", kDouble, "cos($1)"},
    {"tan", "D", kDouble, "tan($1)"},
    {"cot", "D", kDouble, "1e0 / tan($1)"},
    {"asin", "D", kDouble, LOTIC_UNIT("asin($1)")},
    {"acos", "D", kDouble, LOTIC_UNIT("acos($1)")},
    {"atan", "D", kDouble, "atan($1)"},
    {"atan2", "DD", kDouble, "atan2($1, $2)"},
    {"sinh", "D", kDouble, "sinh($1)"},
    {"cosh", "D", kDouble, "cosh($1)"},
    {"tanh", "D", kDouble, "tanh($1)"},
    {"degrees", "D", kDouble, "degrees($1)"},
    {"radians", "D", kDouble, "radians($1)"},
    {"intdiv", "DD", kLong, "lotic_double_to_long(floor($1 / $2))"},
    {"moduloorzero", "DD", kDouble, "CASE WHEN $2 = 0 THEN 0e0 ELSE fmod($1, $2) END"},
    // Texts
    {"reverse", "S", kString, "reverse($1)"},
    {"lower", "S", kString, "lower($1)"},
    {"upper", "S", kString, "upper($1)"},
    {"length", "S", kInt, "CAST(length($1) AS INTEGER)"},
    {"trim", "S", kString, "trim($1, " LOTIC_BLANKS ")"},
    {"ltrim", "S", kString, "ltrim($1, " LOTIC_BLANKS ")"},
    {"rtrim", "S", kString, "rtrim($1, " LOTIC_BLANKS ")"},
    {"substr", "SI", kString, "CASE WHEN $2 < 0 THEN substring($1, $2) ELSE substring($1, $2 + 1) END"},
    {"substr", "SII", kString, "CASE WHEN $3 = -1 THEN substring($1, $2 + 1) ELSE substring($1, $2 + 1, greatest($3 - $2, 0)) END"},
    {"substring", "SI", kString, "substring($1, $2)"},
    {"substring", "SII", kString, "substring($1, $2, $3)"},
    {"leftsubstr", "SI", kString, "left($1, $2)"},
    {"rightsubstr", "SI", kString, "right($1, $2)"},
    {"left", "SI", kString, "left($1, $2)"},
    {"right", "SI", kString, "right($1, $2)"},
    {"concat", "SS", kString, "($1 || $2)"},
    {"concat", "SSS", kString, "($1 || $3 || $2)"},
    {"strpos", "SS", kInt, "CAST(instr($1, $2) - 1 AS INTEGER)"},
    {"strpos", "SSI", kInt,
     "CASE WHEN $1 IS NULL OR $2 IS NULL OR $3 IS NULL THEN NULL WHEN $3 < 1 THEN -1 WHEN $2 = '' THEN 0 ELSE CAST(coalesce(list_filter(range(length($1) - "
     "length($2) + 1), "
     "lambda lotic_i: substring($1, lotic_i + 1, length($2)) = $2)[$3], -1) AS INTEGER) END"},
    {"strrpos", "SS", kInt, "CAST(CASE WHEN contains($1, $2) THEN length($1) - instr(reverse($1), reverse($2)) - length($2) + 1 ELSE -1 END AS INTEGER)"},
    {"startswith", "SS", kBoolean, "starts_with($1, $2)"},
    {"endswith", "SS", kBoolean, "ends_with($1, $2)"},
    {"contains", "SS", kBoolean, "contains($1, $2)"},
    {"replace", "SSS", kString, "replace($1, $2, $3)"},
    {"remove", "SS", kString, "replace($1, $2, '')"},
    {"lpad", "SIS", kString, "CASE WHEN length($1) >= $2 THEN $1 WHEN $2 > 1048576 THEN " LOTIC_TOO_LONG("lpad") " ELSE lpad($1, $2, $3) END"},
    {"rpad", "SIS", kString, "CASE WHEN length($1) >= $2 THEN $1 WHEN $2 > 1048576 THEN " LOTIC_TOO_LONG("rpad") " ELSE rpad($1, $2, $3) END"},
    {"repeat", "SI", kString, "CASE WHEN $2 > 0 AND CAST(strlen($1) AS BIGINT) * $2 > 1048576 THEN " LOTIC_TOO_LONG("repeat") " ELSE repeat($1, $2) END"},
    {"codepoint", "S", kInt, "unicode($1)"},
    {"chr", "I", kString, "chr($1)"},
    {"strcmp", "SS", kInt, "CASE WHEN $1 < $2 THEN -1 WHEN $1 > $2 THEN 1 WHEN $1 = $2 THEN 0 END"},
    {"hammingdistance", "SS", kInt, "CAST(CASE WHEN length($1) = length($2) THEN hamming($1, $2) ELSE -1 END AS INTEGER)"},
    {"levenshteindistance", "SS", kInt, "CAST(levenshtein($1, $2) AS INTEGER)"},
    {"split", "SS", kString, LOTIC_PARTS, kArrayShape},
    {"splitpart", "SSI", kString, "coalesce(" LOTIC_PARTS "[$3 + 1], 'null')"},
    {"regexpextract", "Ss", kString, "regexp_extract($1, $2)"},
    {"regexpextract", "Ssi", kString, "regexp_extract($1, $2, $3)"},
    {"regexpextract", "SsiS", kString, "CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2, $3) ELSE $4 END"},
    // Bytes
    {"toutf8", "S", kBytes, "encode($1)"},
    {"toascii", "S", kBytes, "encode($1)"},
    {"fromutf8", "B", kString, "decode($1, 'replace')"},
    {"fromascii", "B", kString, "decode($1, 'replace')"},
    {"hextobytes", "S", kBytes, "unhex($1)"},
    {"bytestohex", "B", kString, "lower(hex($1))"},
    {"tobase64", "B", kString, "to_base64($1)"},
    {"frombase64", "S", kBytes, "from_base64($1)"},
    {"base64encode", "B", kBytes, "encode(to_base64($1))"},
    {"base64decode", "S", kBytes, "from_base64($1)"},
    {"encodeurl", "S", kString, "replace(url_encode($1), '%20', '+')"},
    {"decodeurl", "S", kString, "url_decode(replace($1, '+', ' '))"},
    {"md5", "B", kString, "md5($1)"},
    {"sha", "B", kString, "sha1($1)"},
    {"sha256", "B", kString, "sha256($1)"},
    // Times
    {"toepochseconds", "M", kLong, "($1 // 1000)"},
    {"toepochminutes", "M", kLong, "($1 // 60000)"},
    {"toepochhours", "M", kLong, "($1 // 3600000)"},
    {"toepochdays", "M", kLong, "($1 // 86400000)"},
    {"toepochsecondsrounded", "ML", kLong, "($1 // 1000 // $2 * $2)"},
    {"toepochminutesrounded", "ML", kLong, "($1 // 60000 // $2 * $2)"},
    {"toepochhoursrounded", "ML", kLong, "($1 // 3600000 // $2 * $2)"},
    {"toepochdaysrounded", "ML", kLong, "($1 // 86400000 // $2 * $2)"},
    {"toepochsecondsbucket", "ML", kLong, "($1 // 1000 // $2)"},
    {"toepochminutesbucket", "ML", kLong, "($1 // 60000 // $2)"},
    {"toepochhoursbucket", "ML", kLong, "($1 // 3600000 // $2)"},
    {"toepochdaysbucket", "ML", kLong, "($1 // 86400000 // $2)"},
    {"fromepochseconds", "L", kLong, "lotic_times($1, 1000)"},
    {"fromepochminutes", "L", kLong, "lotic_times($1, 60000)"},
    {"fromepochhours", "L", kLong, "lotic_times($1, 3600000)"},
    {"fromepochdays", "L", kLong, "lotic_times($1, 86400000)"},
    {"fromepochsecondsbucket", "LL", kLong, "lotic_times(lotic_times($1, $2), 1000)"},
    {"fromepochminutesbucket", "LL", kLong, "lotic_times(lotic_times($1, $2), 60000)"},
    {"fromepochhoursbucket", "LL", kLong, "lotic_times(lotic_times($1, $2), 3600000)"},
    {"fromepochdaysbucket", "LL", kLong, "lotic_times(lotic_times($1, $2), 86400000)"},
    {"totimestamp", "L", kTimestamp, "$1"},
    {"fromtimestamp", "M", kLong, "$1"},
    {"toiso8601", "M", kString, "strftime(" LOTIC_T ", '%Y-%m-%dT%H:%M:%S.%gZ')"},
    {"fromiso8601", "S", kLong, "epoch_ms(CAST($1 AS TIMESTAMPTZ))"},
    {"year", "M", kInt, "CAST(year(" LOTIC_T ") AS INTEGER)"},
    {"year", "Mz", kInt, "CAST(year(" LOTIC_TZ ") AS INTEGER)"},
    {"quarter", "M", kInt, "CAST(quarter(" LOTIC_T ") AS INTEGER)"},
    {"quarter", "Mz", kInt, "CAST(quarter(" LOTIC_TZ ") AS INTEGER)"},
    {"month", "M", kInt, "CAST(month(" LOTIC_T ") AS INTEGER)"},
    {"month", "Mz", kInt, "CAST(month(" LOTIC_TZ ") AS INTEGER)"},
    {"week", "M", kInt, "CAST(weekofyear(" LOTIC_T ") AS INTEGER)"},
    {"week", "Mz", kInt, "CAST(weekofyear(" LOTIC_TZ ") AS INTEGER)"},
    {"day", "M", kInt, "CAST(day(" LOTIC_T ") AS INTEGER)"},
    {"day", "Mz", kInt, "CAST(day(" LOTIC_TZ ") AS INTEGER)"},
    {"dayofyear", "M", kInt, "CAST(dayofyear(" LOTIC_T ") AS INTEGER)"},
    {"dayofyear", "Mz", kInt, "CAST(dayofyear(" LOTIC_TZ ") AS INTEGER)"},
    {"dayofweek", "M", kInt, "CAST(isodow(" LOTIC_T ") AS INTEGER)"},
    {"dayofweek", "Mz", kInt, "CAST(isodow(" LOTIC_TZ ") AS INTEGER)"},
    {"yearofweek", "M", kInt, "CAST(isoyear(" LOTIC_T ") AS INTEGER)"},
    {"yearofweek", "Mz", kInt, "CAST(isoyear(" LOTIC_TZ ") AS INTEGER)"},
    {"hour", "M", kInt, "CAST(hour(" LOTIC_T ") AS INTEGER)"},
    {"hour", "Mz", kInt, "CAST(hour(" LOTIC_TZ ") AS INTEGER)"},
    {"minute", "M", kInt, "CAST(minute(" LOTIC_T ") AS INTEGER)"},
    {"minute", "Mz", kInt, "CAST(minute(" LOTIC_TZ ") AS INTEGER)"},
    {"second", "M", kInt, "CAST(second(" LOTIC_T ") AS INTEGER)"},
    {"second", "Mz", kInt, "CAST(second(" LOTIC_TZ ") AS INTEGER)"},
    {"millisecond", "M", kInt, "CAST(($1 % 1000 + 1000) % 1000 AS INTEGER)"},
    // JSON
    {"jsonpathstring", "Ss", kString, "json_extract_string($1, $2)"},
    {"jsonpathstring", "SsS", kString, "coalesce(CASE WHEN json_valid($1) THEN json_extract_string($1, $2) END, $3)"},
    {"jsonpathlong", "Ss", kLong, "coalesce(" LOTIC_JSON_LONG ", CAST(-9223372036854775808 AS BIGINT))"},
    {"jsonpathlong", "SsL", kLong, "coalesce(" LOTIC_JSON_LONG ", $3)"},
    {"jsonpathdouble", "Ss", kDouble, "coalesce(CAST(json_extract_string($1, $2) AS DOUBLE), " LOTIC_NAN ")"},
    {"jsonpathdouble", "SsD", kDouble, "coalesce(CASE WHEN json_valid($1) THEN TRY_CAST(json_extract_string($1, $2) AS DOUBLE) END, $3)"},
    {"jsonpathexists", "Ss", kBoolean, "coalesce(json_exists($1, $2), FALSE)"},
    {"jsonpatharray", "Ss", kString, "CAST(json_extract($1, $2) AS VARCHAR[])", kArrayShape},
    {"jsonpatharraydefaultempty", "Ss", kString,
     "coalesce(CASE WHEN json_valid($1) THEN TRY_CAST(json_extract($1, $2) AS VARCHAR[]) END, CAST([] AS VARCHAR[]))", kArrayShape},
    {"jsonformat", "S", kString, "CASE WHEN json_valid($1) THEN $1 ELSE CAST(to_json($1) AS VARCHAR) END"},
    {"tojsonmapstr", "S", kString, "$1"},
    {"isjson", "S", kBoolean, "json_valid($1)"},
    // Arrays
    {"arraylength", "A", kInt, "CAST(len($1) AS INTEGER)"},
    {"cardinality", "A", kInt, "CAST(len($1) AS INTEGER)"},
    {"arraysum", "A", kDouble, "CAST(list_sum($1) AS DOUBLE)"},
    {"arraymin", "A", kDouble, "CAST(list_min($1) AS DOUBLE)"},
    {"arraymax", "A", kDouble, "CAST(list_max($1) AS DOUBLE)"},
    {"arrayaverage", "A", kDouble, "CAST(list_avg($1) AS DOUBLE)"},
    {"arraycontains*", "AE", kBoolean, "list_contains($1, $2)"},
    {"arrayindexof*", "AE", kInt, "CAST(coalesce(list_position($1, $2), 0) - 1 AS INTEGER)"},
    {"arrayreverse*", "A", kInt, "list_reverse($1)", kSameArrayShape},
    {"arraysort*", "A", kInt, "list_sort($1)", kSameArrayShape},
    {"arraydistinct*", "A", kInt, "list_sort(list_distinct($1))", kSameArrayShape},
    {"arrayslice*", "AII", kInt, "list_slice($1, $2 + 1, $3)", kSameArrayShape},
    {"arrayconcat*", "AA", kInt, "list_concat($1, $2)", kSameArrayShape},
    {"arraytomv", "A", kInt, "$1", kSameArrayShape},
};

/// Other names of the same functions.
constexpr std::pair<std::string_view, std::string_view> kSynonyms[] = {
    {"ceiling", "ceil"},   {"monthofyear", "month"}, {"weekofyear", "week"}, {"doy", "dayofyear"},     {"dow", "dayofweek"},
    {"dayofmonth", "day"}, {"yow", "yearofweek"},    {"len", "length"},      {"charlength", "length"}, {"characterlength", "length"}};
constexpr std::string_view kSuffixes[] = {"", "int", "long", "float", "double", "string"};

using Table = std::map<std::string, std::vector<const PinotFunction*>, std::less<>>;

const Table& Functions() {
  static const Table* table = [] {
    auto* made = new Table;
    for (const PinotFunction& function : kFunctions) {
      if (function.name.ends_with('*')) {
        const std::string base(function.name.substr(0, function.name.size() - 1));
        for (const std::string_view suffix : kSuffixes) (*made)[base + std::string(suffix)].push_back(&function);
      } else {
        (*made)[std::string(function.name)].push_back(&function);
      }
    }
    for (const auto& [synonym, name] : kSynonyms) {
      if (const auto found = made->find(name); found != made->end()) (*made)[std::string(synonym)] = found->second;
    }
    return made;
  }();
  return *table;
}

}  // namespace

const PinotFunction* FindPinotFunction(std::string_view name, size_t arguments) {
  const auto found = Functions().find(name);
  if (found == Functions().end()) return nullptr;
  for (const PinotFunction* function : found->second) {
    if (function->parameters.size() == arguments) return function;
  }
  return nullptr;
}

std::vector<size_t> PinotFunctionArities(std::string_view name) {
  std::vector<size_t> arities;
  if (const auto found = Functions().find(name); found != Functions().end()) {
    for (const PinotFunction* function : found->second) arities.push_back(function->parameters.size());
  }
  std::sort(arities.begin(), arities.end());
  return arities;
}

std::vector<std::string> TablePinotFunctions() {
  std::vector<std::string> names;
  for (const auto& [name, functions] : Functions()) names.push_back(name);
  return names;
}

}  // namespace lotic::catalog
