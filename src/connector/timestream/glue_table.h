// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/json_client.h"
#include "aws/session.h"
#include "connector/timestream/query_text.h"
#include "lotic/call_context.h"
#include "lotic/status.h"
#include "lotic/type.h"

namespace lotic::timestream {

/// A table of the Glue catalog that gives a query or a table of Timestream a name and column types: the documented way to `timeseries` columns.
struct SupplementalTable {
  Schema schema;                                  ///< of fields with kSourceType, and kSourceName where columnMapping says another
  std::map<std::string, std::string> parameters;  ///< of the Glue table, all of them
  QuerySource source;
};

/// A type as Glue writes it: array<struct<time:timestamp,measure_value\:\:double:double>>. Blanks and case of type names do not matter; in a member's name a
/// backslash stands before a colon. `source`: what kSourceType says of a column of it (kUnreadable with binary or a map in it).
/// Errors: Invalid, with the place; CapacityError (too deep).
Result<Type> ParseGlueType(std::string_view text, TimeUnit unit, std::string* source);

/// What an answer of Glue's GetTable says; nothing if the table has neither the parameter timestream-metadata-flag nor _view_template: it is none of ours.
/// Errors: IOError (no such answer), Invalid (a type or a view text that cannot be taken, naming the table).
Result<std::optional<SupplementalTable>> ParseGlueTable(std::string_view answer, TimeUnit unit);

/// Asks Glue. Any thread.
class GlueTables {
 public:
  static Result<std::unique_ptr<GlueTables>> Create(aws::Session session, const std::string& endpoint, std::string catalog_id, TimeUnit unit);

  /// Nothing if Glue has no such table, or it is none of ours. Errors: those of ParseGlueTable; aws::JsonClient's.
  Result<std::optional<SupplementalTable>> Find(const CallContext& ctx, const std::string& database, const std::string& table);

 private:
  GlueTables(std::unique_ptr<aws::JsonClient> json, std::string catalog_id, TimeUnit unit)
      : json_(std::move(json)), catalog_id_(std::move(catalog_id)), unit_(unit) {}
  const std::unique_ptr<aws::JsonClient> json_;
  const std::string catalog_id_;
  const TimeUnit unit_;
};

}  // namespace lotic::timestream
