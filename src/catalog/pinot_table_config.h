// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/pinot_parsed.h"
#include "catalog/pinot_schema.h"
#include "catalog/stream_config.h"
#include "lotic/status.h"

// Configurations of real-time tables. Follows: Apache Pinot's table JSON. All of it is values: any thread.

namespace lotic::catalog {

struct PinotTransform {
  std::string column;
  std::string function;  ///< in Pinot's expression language; parsed by whoever evaluates it
  bool operator==(const PinotTransform&) const = default;
};

struct PinotTableConfig {
  std::string raw_name;  ///< "events"
  std::string time_column;
  std::optional<int64_t> retention_ms;              ///< none: kept for ever
  int64_t deleted_retention_ms = 7LL * 86'400'000;  ///< how long files of dropped segments stay
  StreamConfig stream;
  std::string filter;  ///< rows for which it is true are dropped; empty: none
  std::vector<PinotTransform> transforms;
  bool continue_on_error = false;  ///< a value that cannot be had becomes NULL instead of the row being dropped
  bool row_time_value_check = false;
  bool strict_numbers = false;  ///< ours, ingestionConfig.strictNumbers: a number out of range is an error instead of wrapping
  bool null_handling = false;   ///< tableIndexConfig.nullHandlingEnabled
  std::optional<int64_t> query_timeout_ms;
  std::optional<int64_t> max_response_bytes;     ///< of an answer: the smaller of what query.maxQueryResponseSizeBytes and .maxServerResponseSizeBytes say
  std::optional<double> max_queries_per_second;  ///< above 0
  std::optional<int64_t> max_storage_bytes;      ///< quota.storage
  /// Columns named by indexes and other settings that have no effect, with the key that names them; CheckTable looks them up.
  struct ColumnUse {
    std::string key, column;
    bool single_value_only = false;
    bool text_only = false;  ///< STRING, JSON or MAP
    bool long_only = false;  ///< LONG or TIMESTAMP
    bool operator==(const ColumnUse&) const = default;
  };
  std::vector<ColumnUse> column_uses;
  std::string document;  ///< normalised JSON, as GET shows it: Pinot's key order, defaults filled in, `${…}` not replaced; parses to the same configuration

  /// "events_REALTIME".
  std::string NameWithType() const { return raw_name + "_REALTIME"; }
};

/// "events" and "events_REALTIME" are "events". Errors: Invalid: empty, "__", white space, more than one dot, a slash or another character that no file name may have.
Result<std::string> RawTableName(std::string_view name);

/// `${NAME}` and `${NAME:default}` in the stream's map are replaced through `variables` (null: as if none were set); elsewhere they are plain text, since names and expressions are shown. Messages,
/// warnings and `document` show texts as given, never replaced; passwords are shown as "******" in messages and warnings. What is made of the result (a topic, a broker that cannot be reached) may
/// show the value: `variables` should know only what the operator means for it. Errors: Invalid (what HTTP 400 carries), CapacityError (a named limit).
Result<Parsed<PinotTableConfig>> ParsePinotTableConfig(std::string_view json, const VariableLookup& variables = nullptr);

/// The document as it may be shown to anybody: values of passwords and the like (see IsSecretOption) are "******", but for plain `${NAME}`.
std::string ShownPinotTable(const std::string& document);

/// `json`, which its author made from ShownPinotTable's text, with each "******" of a secret replaced by what `stored` (a document) has at that place. Errors: as ParsePinotTableConfig's.
Result<std::string> WithStoredSecrets(std::string_view json, const std::string& stored);

/// The pair: the schema has the table's name, time column, and every column that the configuration names; transforms do not contradict the schema. Errors: Invalid.
Status CheckTable(const PinotTableConfig& table, const PinotSchema& schema);

/// The part of CheckTable that is about transforms and the filter: destinations, arguments, order. Errors: Invalid.
Status CheckTransforms(const PinotTableConfig& table, const PinotSchema& schema);

/// Transforms of both, the schema's first. A column has one at most (CheckTable).
std::vector<PinotTransform> AllTransforms(const PinotTableConfig& table, const PinotSchema& schema);

/// May `after` replace `before`? `start_given`: the caller says where to go on (consumeFrom), which another topic or other brokers need. Errors: Invalid.
Status CheckTableChange(const PinotTableConfig& before, const PinotTableConfig& after, bool start_given);

}  // namespace lotic::catalog
