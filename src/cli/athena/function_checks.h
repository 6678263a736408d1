// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/athena/function_target.h"
#include "cli/athena/function_validator.h"
#include "lotic/call_context.h"

// The checks behind the steps of the engine: each asks a function something of its own and gives one verdict. Their names and what they mean: docs/reference/athena-client.md.

namespace lotic::cli {

/// What a check has found; of one that does not apply, why.
struct Finding {
  Verdict verdict = Verdict::kPass;
  std::string detail;
};
inline Finding Passed(std::string found = "") { return {Verdict::kPass, std::move(found)}; }
inline Finding Failed(std::string fault) { return {Verdict::kFail, std::move(fault)}; }
inline Finding NotApplicable(std::string why) { return {Verdict::kSkip, std::move(why)}; }

/// The verdicts so far, in the order in which they were found. Of one name the first counts, but a failure before all others.
class CheckList {
 public:
  void Add(std::string check, Finding finding);
  void Judge(std::string check, bool good, std::string fault, std::string found = "") {
    Add(std::move(check), good ? Passed(std::move(found)) : Failed(std::move(fault)));
  }
  bool Has(std::string_view check) const;
  /// The first that failed; empty if none did.
  std::string FirstFailed() const;
  std::vector<CheckResult> Take() { return std::move(results_); }

 private:
  std::vector<CheckResult> results_;
};

/// A split that was read whole and without more constraints than all requests have.
struct ReadSplit {
  athena::WireSplit split;
  std::vector<athena::Block> blocks;
  bool was_inline = false;
  int64_t num_rows = 0;
};

/// What the steps of the engine found out about a function; the checks ask on from there.
struct FunctionFacts {
  OpenedTarget opened;
  std::string query_id;
  int serde_version = 0;
  std::vector<std::pair<std::string, std::vector<athena::Capability>>> capabilities;
  std::string schema;
  std::vector<TableName> tables;
  std::optional<athena_source::RemoteTable> table;
  athena::WireConstraints constraints;  ///< of every request
  std::optional<athena::Block> layout;
  std::vector<athena::WireSplit> splits;
  std::optional<ReadSplit> read;
  std::string unread;  ///< why `read` holds nothing

  athena_source::FunctionClient& client() const { return *opened.client; }
  /// The first partitions of `layout`, as an engine sends them in batches.
  athena::Block FewPartitions() const;
  bool Promises(std::string_view capability, std::string_view sub_type) const;

  /// Requests as the engine would make them. Those of a table need `table`, GetSplits `layout`, ReadRecords a split.
  athena::PingRequest Ping() const;
  athena::ListSchemasRequest ListSchemas() const;
  athena::ListTablesRequest ListTables() const;
  athena::GetTableRequest GetTable() const;
  athena::GetTableLayoutRequest GetTableLayout() const;
  athena::GetSplitsRequest GetSplits() const;
  athena::ReadRecordsRequest ReadRecords(const athena::WireSplit& split) const;
};

/// Runs one check. An error that is none of ctx's is a failed check.
/// Errors: Cancelled, DeadlineExceeded.
Status RunCheck(const CallContext& ctx, const std::string& name, CheckList* list, const std::function<Result<Finding>()>& check);

/// Forms in which requests may come, and documents that are none. Needs an answered Ping; what needs more and has it not does not apply. Errors: as RunCheck.
Status CheckRequestForms(const CallContext& ctx, const FunctionFacts& facts, CheckList* list);
/// Documents and messages that are damaged: refused in the right form, and the next request works. Errors: as RunCheck.
Status CheckDamagedRequests(const CallContext& ctx, const FunctionFacts& facts, CheckList* list);
/// Queries of the source's own language: how they are advertised, what is refused. Errors: as RunCheck.
Status CheckPassthrough(const CallContext& ctx, const FunctionFacts& facts, CheckList* list);
/// What was pushed down is applied, or left to the engine, and never loses a row; blocks of every size hold the same rows. Asks for `facts.read` again and again. Errors: as RunCheck.
Status CheckPushdown(const CallContext& ctx, const FunctionFacts& facts, CheckList* list);
Status CheckBlocks(const CallContext& ctx, const FunctionFacts& facts, CheckList* list);

/// The rows of a block as text, in the order of `columns`: equal texts, equal rows.
void AppendRowTexts(const athena::Block& block, const athena::WireSchema& columns, std::vector<std::string>* rows);

}  // namespace lotic::cli
