// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/athena/function_target.h"
#include "lotic/call_context.h"

namespace lotic::cli {

enum class Verdict : uint8_t { kPass, kFail, kSkip };

struct CheckResult {
  std::string check;  ///< "get_table.partition_column_types"
  Verdict verdict = Verdict::kPass;
  std::string detail;  ///< what was found; of a skipped one, why
};

/// The steps of the engine are always gone through; what is asked behind them can be chosen.
enum class CheckedPart : uint8_t {
  kAll,
  kSteps,     ///< the steps alone
  kRows,      ///< and what is pushed down, and blocks
  kRequests,  ///< and the forms of requests, documents that are none, queries of the source's own
};

struct ValidatorOptions {
  CheckedPart part = CheckedPart::kAll;
  std::string schema;               ///< empty: the first listed
  std::string table;                ///< empty: the first listed
  std::string constraints;          ///< ParseWhere, with != as the original validator has it
  bool planning_only = false;       ///< no ReadRecords
  bool allow_empty_tables = false;  ///< a schema without tables is no failure; the rest is then skipped
};

inline constexpr int kMaxValidatedPages = 1000;  ///< of tables or splits; what then still goes on fails its check

/// The names of all checks but strict_form.REQUEST, of which there is one for each kind of request that was answered.
const std::vector<std::string_view>& AllChecks();

/// Asks a function everything that Athena would, and judges the answers: the steps of the SDK's own validator, and the checks of the protocol that can be made from outside
/// (docs/reference/athena-client.md names every check). Each has one verdict. Results come in the order in which the function is asked; a failed step ends those that need its
/// answer, which are skipped and say so. What may harm a function, documents that are none, comes last.
/// Errors: Invalid (constraints that do not fit the table), Cancelled, DeadlineExceeded. A function that cannot be reached is a failed check.
/// @param target  its client's observer is replaced.
Result<std::vector<CheckResult>> ValidateFunction(const CallContext& ctx, const FunctionTarget& target, const aws::Environment& environment,
                                                  const ValidatorOptions& options);

}  // namespace lotic::cli
