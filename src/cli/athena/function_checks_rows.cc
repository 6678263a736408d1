// SPDX-License-Identifier: Apache-2.0
// One split, read again and again: under value sets, limits, orders and expressions, in other columns and in other blocks. What was read of it first says what must come.
#include <algorithm>
#include <map>
#include <set>

#include "athena_protocol/ipc.h"
#include "cli/athena/function_checks.h"
#include "cli/athena/pushed_expressions.h"

namespace lotic::cli {
namespace {

constexpr int64_t kMaxRowsAskedAgain = 50'000;
constexpr size_t kValueSetRequests = 24;  // shared by the columns, but two for each
constexpr size_t kMaxColumnsConstrained = 24;
constexpr int kRounds = 3;                // of what may go right by chance
constexpr int64_t kPieces = 8;            // of a split in small blocks
constexpr size_t kMaxSplitsPlanned = 32;  // of a table that is planned anew for each expression

bool IsScalar(const athena::WireField& field) {
  switch (field.type.kind) {
    case athena::WireKind::kBool:
    case athena::WireKind::kInt:
    case athena::WireKind::kFloat:
    case athena::WireKind::kDecimal:
    case athena::WireKind::kUtf8:
    case athena::WireKind::kBinary:
    case athena::WireKind::kDate:
    case athena::WireKind::kTimestamp: return true;
    default: return false;
  }
}

std::vector<std::string> Sorted(std::vector<std::string> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

// How many of `some` (sorted) are not in `all` (sorted), each counted as often as it stands there.
size_t Missing(const std::vector<std::string>& some, const std::vector<std::string>& all) {
  std::vector<std::string> missing;
  std::set_difference(some.begin(), some.end(), all.begin(), all.end(), std::back_inserter(missing));
  return missing.size();
}

// The forms of a value set over one column, as spec'd SQL becomes them; `value` is one that the column holds.
struct SetForm {
  const char* sql;
  const char* promise;  // the sub type of supports_filter_pushdown
  athena::WireValueSet (*make)(const athena::WireType& type, const Scalar& value);
};
athena::WireValueSet Ranges(const athena::WireType& type, std::vector<athena::WireRange> ranges, bool null_allowed) {
  athena::WireValueSet set;
  set.type = type;
  set.ranges = std::move(ranges);
  set.null_allowed = null_allowed;
  return set;
}
athena::WireValueSet Values(const athena::WireType& type, const Scalar& value, bool white_list) {
  athena::WireValueSet set;
  set.kind = athena::WireValueSet::Kind::kEquatable;
  set.type = type;
  set.values = {value};
  set.white_list = white_list;
  set.null_allowed = !white_list;
  return set;
}
const athena::Marker kBelowAll{{}, athena::Bound::kAbove};
const athena::Marker kAboveAll{{}, athena::Bound::kBelow};
constexpr const char* kSorted = "sorted_range_set";
constexpr const char* kEquatable = "equatable_range_set";
constexpr const char* kAllOrNone = "all_or_none_value_set";
using athena::Bound;
const SetForm kForms[] = {
    {"= value", kSorted,
     [](const athena::WireType& type, const Scalar& value) {
       return Ranges(type, {{{value, Bound::kExactly}, {value, Bound::kExactly}}}, false);
     }},
    {"> value", kSorted,
     [](const athena::WireType& type, const Scalar& value) {
       return Ranges(type, {{{value, Bound::kAbove}, kAboveAll}}, false);
     }},
    {"IN (value), as a list", kEquatable, [](const athena::WireType& type, const Scalar& value) { return Values(type, value, true); }},
    {"IS NOT NULL, as all or none", kAllOrNone,
     [](const athena::WireType& type, const Scalar&) {
       athena::WireValueSet set;
       set.kind = athena::WireValueSet::Kind::kAllOrNone;
       set.type = type;
       set.all = true;
       return set;
     }},
    {"<> value", kSorted,
     [](const athena::WireType& type, const Scalar& value) {
       return Ranges(type, {{kBelowAll, {value, Bound::kBelow}}, {{value, Bound::kAbove}, kAboveAll}}, false);
     }},
    {"IS NULL", kSorted, [](const athena::WireType& type, const Scalar&) { return Ranges(type, {}, true); }},
    {"<= value", kSorted,
     [](const athena::WireType& type, const Scalar& value) {
       return Ranges(type, {{kBelowAll, {value, Bound::kExactly}}}, false);
     }},
    {"NOT IN (value) or NULL, as a list", kEquatable, [](const athena::WireType& type, const Scalar& value) { return Values(type, value, false); }},
    {"IS NOT NULL", kSorted,
     [](const athena::WireType& type, const Scalar&) {
       return Ranges(type, {{kBelowAll, kAboveAll}}, false);
     }},
};

class RowChecks {
 public:
  RowChecks(const CallContext& ctx, const FunctionFacts& facts) : ctx_(ctx), facts_(facts) {
    if (!facts_.read) return;
    for (const athena::Block& block : facts_.read->blocks) AppendRowTexts(block, facts_.table->schema, &all_);
    sorted_ = Sorted(all_);
  }

  // Why nothing of this applies; empty if it does.
  std::string Unfit() const {
    if (!facts_.read) return facts_.unread;
    if (facts_.read->num_rows == 0) return "the split that was read has no row";
    if (!facts_.read->was_inline || facts_.read->num_rows > kMaxRowsAskedAgain)
      return "the split that was read has " + std::to_string(facts_.read->num_rows) + " rows, too many to be asked for again and again: name a smaller table";
    return "";
  }

  // Checks 20 to 24: no row is lost; where filtering is promised, no other comes.
  Result<Finding> ValueSets() {
    std::vector<const athena::WireField*> columns;
    for (const athena::WireField& field : facts_.table->schema.fields) {
      const bool constrained =
          std::any_of(facts_.constraints.summary.begin(), facts_.constraints.summary.end(), [&](const auto& entry) { return entry.first == field.name; });
      if (IsScalar(field) && !constrained && columns.size() < kMaxColumnsConstrained) columns.push_back(&field);
    }
    if (columns.empty()) return NotApplicable("no column that a value set could be over");
    const size_t forms = std::size(kForms);
    const size_t each = std::clamp(kValueSetRequests / columns.size(), size_t{2}, forms);
    size_t asked = 0, judged = 0;
    for (size_t c = 0; c < columns.size(); ++c) {
      const std::optional<Scalar> value = ValueOf(columns[c]->name);
      if (!value) continue;
      for (size_t k = 0; k < each; ++k) {
        const SetForm& form = kForms[(c * each + k) % forms];
        athena::WireConstraints constraints = facts_.constraints;
        constraints.summary.emplace_back(columns[c]->name, form.make(columns[c]->type, *value));
        LOTIC_ASSIGN_OR_RETURN(const Answer answer, Read(constraints));
        const std::string what = "column \"" + columns[c]->name + "\" " + form.sql + ": ";
        LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> wanted, Satisfying(constraints));
        if (const size_t lost = Missing(Sorted(wanted), answer.rows); lost > 0)
          return Failed(what + std::to_string(lost) + " of " + std::to_string(wanted.size()) + " rows are lost");
        if (const size_t alien = Missing(answer.rows, sorted_); alien > 0)
          return Failed(what + std::to_string(alien) + " rows come that the split does not have");
        ++asked;
        if (!facts_.Promises("supports_filter_pushdown", form.promise)) continue;
        if (answer.rows.size() > wanted.size())
          return Failed(what + std::to_string(answer.rows.size() - wanted.size()) + " rows do not satisfy it, and the function promises to filter");
        ++judged;
      }
    }
    return asked == 0 ? NotApplicable("no column holds a value")
                      : Passed(std::to_string(asked) + " over " + std::to_string(columns.size()) + " columns; in " + std::to_string(judged) +
                               " the function filters, as it promises");
  }

  // Checks 26 and 42 of a limit: never fewer rows than it allows, whatever else is asked for.
  Result<Finding> Limits() {
    if (facts_.serde_version < 4) return NotApplicable("version " + std::to_string(facts_.serde_version) + " has no limits");
    const bool promised = facts_.Promises("supports_limit_pushdown", "integer_constant");
    const auto n = static_cast<int64_t>(all_.size());
    for (const int64_t limit : std::set<int64_t>{0, 1, n / 2, n, n + 1}) {
      athena::WireConstraints constraints = facts_.constraints;
      constraints.limit = limit;
      LOTIC_ASSIGN_OR_RETURN(const Answer answer, Read(constraints));
      const auto got = static_cast<int64_t>(answer.rows.size());
      const std::string what = "limit " + std::to_string(limit) + ": ";
      if (Missing(answer.rows, sorted_) > 0) return Failed(what + "rows come that the split does not have");
      if (!constraints.summary.empty()) continue;  // what the function filters is counted below
      if (got < std::min(limit, n)) return Failed(what + "only " + std::to_string(got) + " of " + std::to_string(n) + " rows come");
      if (promised && got > limit) return Failed(what + std::to_string(got) + " rows come, and the function promises to stop");
    }
    LOTIC_ASSIGN_OR_RETURN(const std::string fault, LimitBehindAFilter());
    if (!fault.empty()) return Failed(fault);
    return Passed(promised ? "it stops at them, as it promises" : "no row too few; the engine counts");
  }

  // Check 26 of an order: a limit cuts after sorting, or not at all.
  Result<Finding> LimitAndOrder() {
    if (facts_.serde_version < 4) return NotApplicable("version " + std::to_string(facts_.serde_version) + " has no order");
    if (all_.size() < 2) return NotApplicable("the split that was read has one row");
    const bool top_n = facts_.Promises("supports_top_n_pushdown", "SUPPORTS_ORDER_BY");
    for (const athena::WireField& field : facts_.table->schema.fields) {
      if (!IsScalar(field) || (top_n && !facts_.constraints.summary.empty())) continue;
      for (const bool descending : {false, true}) {
        const std::optional<Scalar> first = FirstOf(field, descending);
        if (!first) continue;
        athena::WireConstraints constraints = facts_.constraints;
        constraints.limit = 1;
        constraints.order_by = {{field.name, descending ? athena::SortDirection::kDescNullsLast : athena::SortDirection::kAscNullsLast}};
        LOTIC_ASSIGN_OR_RETURN(const Answer answer, Read(constraints));
        const std::string what = "limit 1 behind ORDER BY \"" + field.name + (descending ? "\" DESC: " : "\": ");
        LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> wanted, Satisfying(constraints));
        if (!top_n && Missing(Sorted(wanted), answer.rows) > 0)
          return Failed(what + std::to_string(answer.rows.size()) + " of " + std::to_string(wanted.size()) +
                        " rows come, and the function does not promise to sort");
        if (top_n && !Holds(answer, field, *first)) return Failed(what + "the first row of that order does not come");
      }
      return Passed(top_n ? "the first rows come, as it promises" : "all rows come; the engine sorts");
    }
    return NotApplicable("no column to sort by");
  }

  // Checks 25 and 27: what is advertised is done.
  Result<Finding> Expressions() {
    const std::vector<std::string> promised = PromisedFunctions(facts_.capabilities);
    if (promised.empty()) return NotApplicable("no function of expressions is advertised");
    LOTIC_ASSIGN_OR_RETURN(const Schema logical, athena::LogicalSchema(facts_.table->schema));
    // A function may plan by the expressions, so that each is planned as well as read: of the whole table.
    std::optional<Answer> whole;
    if (facts_.splits.size() <= kMaxSplitsPlanned) {
      LOTIC_ASSIGN_OR_RETURN(whole, Planned(facts_.constraints));
    }
    if (!whole)
      return NotApplicable("the table has more than " + std::to_string(kMaxSplitsPlanned) + " splits or " + std::to_string(kMaxRowsAskedAgain) +
                           " rows, too many to be asked for again and again: name a smaller one");
    std::vector<Batch> plain;
    std::vector<std::string> all;
    for (const athena::Block& block : whole->contents) {
      LOTIC_ASSIGN_OR_RETURN(Batch rows, athena::UnpackZones(block));
      plain.push_back(std::move(rows));
      AppendRowTexts(block, facts_.table->schema, &all);
    }
    LOTIC_ASSIGN_OR_RETURN(const std::vector<uint8_t> by_summary, Kept(facts_.constraints, whole->contents));
    std::string untried;
    size_t tried = 0;
    for (const std::string& function : promised) {
      const std::optional<PushedExpression> pushed = ExpressionFor(function, promised, facts_.table->schema, logical, plain);
      if (!pushed) {
        untried += (untried.empty() ? "" : ", ") + function;
        continue;
      }
      athena::WireConstraints constraints = facts_.constraints;
      constraints.expressions = {pushed->wire};
      LOTIC_ASSIGN_OR_RETURN(const std::optional<Answer> answer, Planned(constraints));
      std::vector<std::string> wanted;
      for (size_t row = 0; row < all.size(); ++row) {
        if (pushed->keep[row] != 0 && by_summary[row] != 0) wanted.push_back(all[row]);
      }
      if (!answer || answer->rows != Sorted(wanted)) {
        LOTIC_ASSIGN_OR_RETURN(const std::optional<Answer> now, Planned(facts_.constraints));
        if (!now || now->rows != whole->rows) return NotApplicable("the table changes while it is read");
        return Failed(pushed->text + ": " + std::to_string(answer ? answer->rows.size() : 0) + " rows come, or others, instead of " +
                      std::to_string(wanted.size()) + ", and the function promises " + function);
      }
      ++tried;
    }
    if (tried == 0) return NotApplicable("no column whose rows an expression could tell apart");
    return Passed(std::to_string(tried) + " functions" + (untried.empty() ? "" : "; the rows could not tell " + untried));
  }

  // Check 13 and what a projection is: the columns asked for, with their values.
  Result<Finding> Projection() {
    athena::WireSchema some;
    some.metadata = facts_.table->schema.metadata;
    for (size_t i = facts_.table->schema.fields.size(); i-- > 0;) {
      if (i % 2 == 0 || facts_.table->schema.fields.size() == 1) some.fields.push_back(facts_.table->schema.fields[i]);
    }
    LOTIC_ASSIGN_OR_RETURN(const Answer answer, ReadWith(facts_.client(), facts_.constraints, some));
    std::vector<std::string> wanted;
    for (const athena::Block& block : facts_.read->blocks) AppendRowTexts(block, some, &wanted);
    if (answer.rows != Sorted(wanted))
      return Failed(std::to_string(some.fields.size()) + " columns, the last first, give " + std::to_string(answer.rows.size()) +
                    " rows, or others, instead of " + std::to_string(wanted.size()));
    return Passed(std::to_string(some.fields.size()) + " of " + std::to_string(facts_.table->schema.fields.size()) + " columns, the last first");
  }

  // Checks 13 and 35: no rows, and no room for any.
  Result<Finding> NoRows() {
    const auto column = std::find_if(facts_.table->schema.fields.begin(), facts_.table->schema.fields.end(), IsScalar);
    if (column == facts_.table->schema.fields.end()) return NotApplicable("no column that a value set could be over");
    athena::WireConstraints constraints = facts_.constraints;
    std::erase_if(constraints.summary, [&](const auto& entry) { return entry.first == column->name; });
    constraints.summary.emplace_back(column->name, Ranges(column->type, {}, false));
    const bool promised = facts_.Promises("supports_filter_pushdown", kSorted);
    for (const int64_t inline_bytes : {facts_.client().options().max_inline_bytes, int64_t{0}}) {
      if (inline_bytes == 0 && !facts_.read->split.spill_location) continue;
      LOTIC_ASSIGN_OR_RETURN(const Answer answer, Sized(constraints, inline_bytes, facts_.client().options().max_block_bytes));
      if (promised && !answer.rows.empty()) return Failed(std::to_string(answer.rows.size()) + " rows satisfy a value set that is empty");
    }
    return Passed();
  }

  // Check 35: an answer of the size that may not be inline any more is not.
  Result<Finding> InlineLimit() {
    if (!facts_.read->split.spill_location) return NotApplicable("the splits have no spill location");
    const int64_t bytes = SizeOfAll();
    if (bytes < 2) return NotApplicable("the rows have no size");
    LOTIC_ASSIGN_OR_RETURN(const Answer spilled, Sized(facts_.constraints, bytes / 2, facts_.client().options().max_block_bytes));
    const std::string size = std::to_string(bytes) + " bytes ";
    if (!spilled.spilled) return Failed(size + "came inline where less than " + std::to_string(bytes / 2) + " may");
    LOTIC_ASSIGN_OR_RETURN(const Answer inside, Sized(facts_.constraints, 2 * bytes + 1, facts_.client().options().max_block_bytes));
    if (inside.spilled && 2 * bytes < facts_.client().options().max_inline_bytes)
      return Failed(size + "were spilled where less than " + std::to_string(2 * bytes + 1) + " may come inline");
    return Passed(size + "come inline or spilled, as they are asked for");
  }

  // Check 52: the list of blocks is whole, every time.
  Result<Finding> SmallBlocks() {
    if (!facts_.read->split.spill_location) return NotApplicable("the splits have no spill location");
    size_t blocks = 0;
    for (int round = 0; round < kRounds; ++round) {
      LOTIC_ASSIGN_OR_RETURN(const Answer answer, Sized(facts_.constraints, 0, std::max<int64_t>(1, SizeOfAll() / kPieces)));
      if (answer.rows != sorted_)
        return Failed(std::to_string(answer.rows.size()) + " rows in " + std::to_string(answer.blocks) + " small blocks, or others, instead of " +
                      std::to_string(sorted_.size()));
      blocks = std::max(blocks, answer.blocks);
    }
    if (blocks < 2) return NotApplicable("the function makes one block of the " + std::to_string(all_.size()) + " rows, whatever size is asked for");
    return Passed(std::to_string(blocks) + " blocks, " + std::to_string(kRounds) + " times");
  }

 private:
  struct Answer {
    std::vector<std::string> rows;  // sorted
    std::vector<athena::Block> contents;
    size_t blocks = 0;
    bool spilled = false;
  };

  Result<Answer> ReadWith(athena_source::FunctionClient& client, const athena::WireConstraints& constraints, const athena::WireSchema& columns) {
    LOTIC_ASSIGN_OR_RETURN(const athena::WireSplit split, athena_source::ForOneReading(facts_.read->split));
    return ReadSplitWith(client, split, constraints, columns);
  }
  Result<Answer> ReadSplitWith(athena_source::FunctionClient& client, const athena::WireSplit& split, const athena::WireConstraints& constraints,
                               const athena::WireSchema& columns) {
    LOTIC_ASSIGN_OR_RETURN(const athena_source::RecordAnswer answer,
                           client.ReadRecords(ctx_, facts_.query_id, facts_.table->name, columns, split, constraints));
    Answer read;
    read.blocks = answer.num_blocks();
    read.spilled = !answer.inline_rows;
    for (size_t i = 0; i < answer.num_blocks(); ++i) {
      LOTIC_ASSIGN_OR_RETURN(athena::Block block, client.ReadBlock(ctx_, answer, i, nullptr));
      AppendRowTexts(block, columns, &read.rows);
      read.contents.push_back(std::move(block));
    }
    std::sort(read.rows.begin(), read.rows.end());
    return read;
  }
  // The whole table, as an engine would read it; none if it has too many splits or rows.
  Result<std::optional<Answer>> Planned(const athena::WireConstraints& constraints) {
    LOTIC_ASSIGN_OR_RETURN(const athena::Block layout, facts_.client().GetTableLayout(ctx_, facts_.query_id, *facts_.table, constraints));
    Answer whole;
    std::optional<std::string> token;
    size_t splits = 0;
    while (layout.rows.num_rows() > 0) {
      LOTIC_ASSIGN_OR_RETURN(const athena::GetSplitsResponse page, facts_.client().GetSplits(ctx_, facts_.query_id, *facts_.table, layout, constraints, token));
      for (const athena::WireSplit& split : page.splits) {
        if (++splits > kMaxSplitsPlanned) return std::optional<Answer>();
        LOTIC_ASSIGN_OR_RETURN(Answer answer, ReadSplitWith(facts_.client(), split, constraints, facts_.table->schema));
        std::move(answer.rows.begin(), answer.rows.end(), std::back_inserter(whole.rows));
        std::move(answer.contents.begin(), answer.contents.end(), std::back_inserter(whole.contents));
        if (static_cast<int64_t>(whole.rows.size()) > kMaxRowsAskedAgain) return std::optional<Answer>();
      }
      token = page.continuation_token;
      if (!token) break;
    }
    std::sort(whole.rows.begin(), whole.rows.end());
    return std::optional(std::move(whole));
  }

  Result<Answer> Read(const athena::WireConstraints& constraints) { return ReadWith(facts_.client(), constraints, facts_.table->schema); }
  Result<Answer> Sized(const athena::WireConstraints& constraints, int64_t inline_bytes, int64_t block_bytes) {
    athena_source::ClientOptions options = facts_.client().options();
    options.max_inline_bytes = inline_bytes;
    options.max_block_bytes = block_bytes;
    LOTIC_ASSIGN_OR_RETURN(const auto client, facts_.client().WithOptions(options));
    return ReadWith(*client, constraints, facts_.table->schema);
  }

  // By row of `blocks`.
  static Result<std::vector<uint8_t>> Kept(const athena::WireConstraints& constraints, const std::vector<athena::Block>& blocks) {
    std::vector<uint8_t> all, keep;
    for (const athena::Block& block : blocks) {
      LOTIC_RETURN_NOT_OK(athena::EvaluateSummary(constraints, block, &keep));
      all.insert(all.end(), keep.begin(), keep.end());
    }
    return all;
  }
  Result<std::vector<std::string>> Satisfying(const athena::WireConstraints& constraints) const {
    LOTIC_ASSIGN_OR_RETURN(const std::vector<uint8_t> keep, Kept(constraints, facts_.read->blocks));
    std::vector<std::string> rows;
    for (size_t row = 0; row < all_.size(); ++row) {
      if (keep[row] != 0) rows.push_back(all_[row]);
    }
    return rows;
  }

  // The values of a column, in the order of all_.
  template <typename Take>
  static void EachValue(const std::vector<athena::Block>& blocks, const std::string& name, const Take& take) {
    for (const athena::Block& block : blocks) {
      const Column& column = block.rows.column(*block.schema.IndexOf(name));
      for (int64_t row = 0; row < column.length; ++row) take(ScalarAt(column, row));
    }
  }
  // One that is not NULL, from the middle of the split.
  std::optional<Scalar> ValueOf(const std::string& name) const {
    std::vector<Scalar> values;
    EachValue(facts_.read->blocks, name, [&](Scalar value) {
      if (!IsNull(value)) values.push_back(std::move(value));
    });
    return values.empty() ? std::nullopt : std::optional(values[values.size() / 2]);
  }
  static std::optional<Scalar> FirstOf(const std::vector<athena::Block>& blocks, const athena::WireField& field, bool descending) {
    std::optional<Scalar> first;
    EachValue(blocks, field.name, [&](Scalar value) {
      if (IsNull(value)) return;
      const int order = first ? athena::CompareWireValues(field.type, value, *first) : 0;
      if (!first || (descending ? order > 0 : order < 0)) first = std::move(value);
    });
    return first;
  }
  std::optional<Scalar> FirstOf(const athena::WireField& field, bool descending) const { return FirstOf(facts_.read->blocks, field, descending); }
  static bool Holds(const Answer& answer, const athena::WireField& field, const Scalar& wanted) {
    bool found = false;
    EachValue(answer.contents, field.name,
              [&](const Scalar& value) { found = found || (!IsNull(value) && athena::CompareWireValues(field.type, value, wanted) == 0); });
    return found;
  }

  // A function that counts rows before it filters them gives too few: the rows wanted are those of a value of the last row.
  Result<std::string> LimitBehindAFilter() {
    for (const athena::WireField& field : facts_.table->schema.fields) {
      if (!IsScalar(field)) continue;
      Scalar last;
      EachValue(facts_.read->blocks, field.name, [&](Scalar value) { last = std::move(value); });
      if (IsNull(last)) continue;
      athena::WireConstraints constraints = facts_.constraints;
      std::erase_if(constraints.summary, [&](const auto& entry) { return entry.first == field.name; });
      constraints.summary.emplace_back(field.name, Ranges(field.type, {{{last, Bound::kExactly}, {last, Bound::kExactly}}}, false));
      LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> wanted, Satisfying(constraints));
      if (wanted.empty() || wanted.size() == all_.size()) continue;
      constraints.limit = 1;
      LOTIC_ASSIGN_OR_RETURN(const Answer answer, Read(constraints));
      const std::vector<std::string> sorted = Sorted(wanted);
      const bool came =
          std::any_of(answer.rows.begin(), answer.rows.end(), [&](const std::string& row) { return std::binary_search(sorted.begin(), sorted.end(), row); });
      return came ? "" : "limit 1 behind a value of column \"" + field.name + "\": none of the " + std::to_string(wanted.size()) + " rows that have it comes";
    }
    return std::string();
  }

  int64_t SizeOfAll() const {
    int64_t bytes = 0;
    for (const athena::Block& block : facts_.read->blocks) bytes += athena::BlockSizeBytes(block.rows);
    return bytes;
  }

  const CallContext& ctx_;
  const FunctionFacts& facts_;
  std::vector<std::string> all_;  // every row of facts_.read, in its order
  std::vector<std::string> sorted_;
};

Status RunRowCheck(const CallContext& ctx, const std::string& name, CheckList* list, RowChecks& checks, Result<Finding> (RowChecks::*check)()) {
  return RunCheck(ctx, name, list, [&]() -> Result<Finding> {
    std::string unfit = checks.Unfit();
    return unfit.empty() ? (checks.*check)() : NotApplicable(std::move(unfit));
  });
}

}  // namespace

Status CheckPushdown(const CallContext& ctx, const FunctionFacts& facts, CheckList* list) {
  RowChecks checks(ctx, facts);
  LOTIC_RETURN_NOT_OK(RunRowCheck(ctx, "read_records.projection", list, checks, &RowChecks::Projection));
  LOTIC_RETURN_NOT_OK(RunRowCheck(ctx, "read_records.value_sets", list, checks, &RowChecks::ValueSets));
  LOTIC_RETURN_NOT_OK(RunRowCheck(ctx, "read_records.expressions", list, checks, &RowChecks::Expressions));
  LOTIC_RETURN_NOT_OK(RunRowCheck(ctx, "read_records.limit", list, checks, &RowChecks::Limits));
  return RunRowCheck(ctx, "read_records.limit_and_order", list, checks, &RowChecks::LimitAndOrder);
}

Status CheckBlocks(const CallContext& ctx, const FunctionFacts& facts, CheckList* list) {
  RowChecks checks(ctx, facts);
  LOTIC_RETURN_NOT_OK(RunRowCheck(ctx, "read_records.no_rows", list, checks, &RowChecks::NoRows));
  LOTIC_RETURN_NOT_OK(RunRowCheck(ctx, "read_records.inline_limit", list, checks, &RowChecks::InlineLimit));
  return RunRowCheck(ctx, "read_records.small_blocks", list, checks, &RowChecks::SmallBlocks);
}

}  // namespace lotic::cli
