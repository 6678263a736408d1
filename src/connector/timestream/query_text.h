// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/scan.h"
#include "lotic/status.h"
#include "lotic/type.h"

// The SQL that a scan becomes. Nothing else in this folder writes SQL.

namespace lotic::timestream {

/// Whose text. kOriginal: that of the Java connector, byte for byte but for line breaks, also where it loses rows (times below the unit in force, NaN); where its
/// text is no valid SQL or would drop other rows, ours.
enum class Dialect : uint8_t { kOwn, kOriginal };

/// A name with double quotes around it, inner ones doubled.
std::string QuoteName(std::string_view name);
/// A text with single quotes around it, inner ones doubled.
std::string QuoteText(std::string_view text);
/// A number as a literal of DOUBLE: "5E-1", "infinity()"; kOriginal: as Java writes it, "0.5". No NaN.
std::string DoubleLiteral(double value, Dialect dialect);

inline constexpr size_t kMaxQueryBytes = 262'144;     ///< the service's limit for a query
inline constexpr size_t kMaxListedValues = 1'000;     ///< of one column; more become a range
inline constexpr size_t kMaxConjunctBytes = 200'000;  ///< of one column; more become a range, or nothing

/// What one column's constraint becomes.
struct Conjunct {
  enum class Outcome : uint8_t {
    kText,
    kEverything,  ///< nothing need be said
    kNothing,     ///< no row can satisfy it
    kDropped,     ///< it is left to the door
  };
  Outcome outcome = Outcome::kDropped;
  std::string text;  ///< kText, in parentheses
  Pushdown pushdown = Pushdown::kNot;
  std::string reason;
};

/// `set` need not be normalised. The text lets through every row that the evaluator of src/scan does, and no other if it is kExact.
/// Errors: Invalid (the set does not fit the type).
Result<Conjunct> ConjunctOf(const Field& field, const ValueSet& set, const CompareOptions& compare, Dialect dialect);

/// What a query selects from.
struct QuerySource {
  std::string database;
  std::string table;
  std::string view;         ///< a SELECT that stands in the table's place
  std::string passthrough;  ///< a user's query: sent as it is
};

/// A scan as a query.
struct QueryPlan {
  std::string text;
  bool nothing = false;          ///< no row can satisfy the constraints: the query need not be sent
  bool counts = false;           ///< no column is wanted: the one cell of the answer is the number of rows
  std::optional<int64_t> limit;  ///< as many rows are enough
  Constraints residual;
  std::vector<PushedConstraint> report;
};

/// A function of its arguments alone, the same in every process.
/// Errors: Invalid (a constraint on a column that the layout lacks); NotImplemented (a column of kUnreadable); CapacityError (longer than
/// kMaxQueryBytes without any constraint).
Result<QueryPlan> PlanQuery(const ScanRequest& request, const QuerySource& source, Dialect dialect);

}  // namespace lotic::timestream
