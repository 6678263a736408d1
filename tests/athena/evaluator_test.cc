// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cstdlib>
#include <random>
#include <set>

#include "athena_protocol/message_json.h"
#include "athena_protocol/predicate.h"
#include "athena_protocol/zone_key.h"
#include "tests/athena/block_text.h"
#include "tests/athena/judge.h"

// Random value sets of every kind and scalar type over random values, NULLs, NaN, -0.0, zones and text beyond the BMP among them: which rows pass must be
// what the original's ConstraintEvaluator says.

namespace lotic::athena_pack {
namespace {

using athena::WireValueSet;

constexpr int kRowsPerRequest = 24;
constexpr int kRequestsPerQuestion = 50;

/// The original writes "not NULL" of this kind as "nothing"; ours lets every value pass then that is not NULL.
bool IsTheLostNotNull(const WireValueSet& set) { return set.kind == WireValueSet::Kind::kAllOrNone && !set.all && !set.null_allowed; }

/// The instants that a set of zoned timestamps names.
std::set<int64_t> InstantsIn(const WireValueSet& set) {
  std::set<int64_t> instants;
  if (set.type.kind != athena::WireKind::kTimestamp) return instants;
  const auto add = [&](const Scalar& value) {
    if (std::holds_alternative<int64_t>(value)) instants.insert(athena::MillisOfPacked(std::get<int64_t>(value)));
  };
  for (const athena::WireRange& range : set.ranges) {
    add(range.low.value);
    add(range.high.value);
  }
  for (const Scalar& value : set.values) add(value);
  return instants;
}

class EvaluatorTest : public JudgedTest {
 protected:
  struct Case {
    athena::GetSplitsRequest request;
    nlohmann::json verdicts;
    int64_t seed = 0;
  };

  /// The value, and the set as the original has read it.
  std::string Shown(const Case& random, const std::string& name, size_t row) {
    const athena::Block& block = random.request.partitions;
    const size_t column = block.schema.IndexOf(name).value();
    const std::string json = athena::WriteRequest(random.request, 6).ValueOrDie();
    const std::string dump = judge_->Dump(json, 6, "request");
    const size_t at = dump.find("\n  on '" + name);
    return CellText(block.schema.fields[column], block.rows.column(column), static_cast<int64_t>(row)) + dump.substr(at, dump.find('\n', at + 1) - at);
  }

  /// Calls `check` for each of many random requests. The seed of the first is in every message; LOTIC_SEED sets it.
  template <typename Check>
  void ForRandomRequests(Check&& check) {
    const char* const wanted = std::getenv("LOTIC_SEED");
    const int64_t first = wanted != nullptr ? std::atoll(wanted) : static_cast<int64_t>(std::random_device{}());
    const int questions = FullSize() ? 100 : 6;
    RecordProperty("seed", std::to_string(first));
    for (int i = 0; i < questions; ++i) {
      const int64_t seed = first + int64_t{i} * kRequestsPerQuestion;
      const nlohmann::json answer = judge_->Ask({{"do", "random"}, {"seed", seed}, {"count", kRequestsPerQuestion}, {"rows", kRowsPerRequest}});
      ASSERT_TRUE(answer.contains("requests")) << answer.dump() << " seed " << seed;
      for (size_t k = 0; k < answer["requests"].size(); ++k) {
        const nlohmann::json& one = answer["requests"][k];
        const int64_t own = seed + static_cast<int64_t>(k);
        SCOPED_TRACE("LOTIC_SEED=" + std::to_string(own));
        Result<athena::ParsedRequest> parsed = athena::ParseRequest(one["json"].get<std::string>());
        ASSERT_TRUE(parsed.ok()) << parsed.status().ToString() << "\n" << one["json"];
        check(Case{std::get<athena::GetSplitsRequest>(std::move(parsed->request)), one["verdicts"], own});
        if (HasFatalFailure() || HasNonfatalFailure()) return;
      }
    }
  }
};

TEST_F(EvaluatorTest, LetsTheRowsPassThatTheOriginalLetsPass) {  // checks 22, 23, 24; traps 15, 16, 18, 22, 23
  int64_t passed = 0;
  int64_t rejected = 0;
  ForRandomRequests([&](const Case& random) {
    const athena::Block& block = random.request.partitions;
    for (const auto& entry : random.request.constraints.summary) {
      athena::WireConstraints alone;
      alone.summary.push_back(entry);
      std::vector<uint8_t> keep;
      const Status evaluated = athena::EvaluateSummary(alone, block, &keep);
      ASSERT_TRUE(evaluated.ok()) << evaluated.ToString();
      const std::string expected = random.verdicts[entry.first].get<std::string>();
      ASSERT_EQ(keep.size(), expected.size());
      const size_t column = block.schema.IndexOf(entry.first).value();
      for (size_t row = 0; row < keep.size(); ++row) {
        bool java = expected[row] == '1';
        if (IsTheLostNotNull(entry.second)) {
          ASSERT_FALSE(java);
          java = !block.rows.column(column).IsNull(static_cast<int64_t>(row));
        }
        ASSERT_EQ(keep[row] != 0, java) << Shown(random, entry.first, row);
        ++(java ? passed : rejected);
      }
    }
  });
  // The draw is worth something only if both verdicts are common.
  EXPECT_GT(passed, 10'000);
  EXPECT_GT(rejected, 10'000);
}

TEST_F(EvaluatorTest, ColumnsTogetherPassWhereEachPasses) {
  ForRandomRequests([&](const Case& random) {
    athena::WireConstraints several;  // few enough that rows are left
    for (const auto& entry : random.request.constraints.summary) {
      if (several.summary.size() < 3 && !IsTheLostNotNull(entry.second)) several.summary.push_back(entry);
    }
    std::vector<uint8_t> keep;
    ASSERT_TRUE(athena::EvaluateSummary(several, random.request.partitions, &keep).ok());
    for (size_t row = 0; row < keep.size(); ++row) {
      bool all = true;
      for (const auto& [name, set] : several.summary) all = all && random.verdicts[name].get<std::string>()[row] == '1';
      ASSERT_EQ(keep[row] != 0, all) << "row " << row;
    }
  });
}

TEST_F(EvaluatorTest, SetsInOurOwnTermsLetTheSameRowsPass) {
  const CompareOptions order{CompareOptions::StringOrder::kBytes, true};  // as the sets are sorted
  int64_t compared = 0;
  ForRandomRequests([&](const Case& random) {
    const athena::Block& block = random.request.partitions;
    const Result<Batch> rows = athena::UnpackZones(block);
    ASSERT_TRUE(rows.ok()) << rows.status().ToString();
    for (const auto& entry : random.request.constraints.summary) {
      if (IsTheLostNotNull(entry.second)) continue;
      // SQL has one zero and compares instants; the original has two, and tells zones apart. Values next to that difference are left out.
      const std::set<int64_t> instants = InstantsIn(entry.second);
      const size_t column = block.schema.IndexOf(entry.first).value();
      athena::WireConstraints alone;
      alone.summary.push_back(entry);
      const Result<athena::LogicalConstraints> logical = athena::ToLogicalConstraints(alone, rows->schema());
      ASSERT_TRUE(logical.ok()) << logical.status().ToString();
      std::vector<uint8_t> keep;
      const Status evaluated = EvaluateConstraints(logical->constraints, order, *rows, &keep);
      ASSERT_TRUE(evaluated.ok()) << evaluated.ToString();
      const std::string expected = random.verdicts[entry.first].get<std::string>();
      for (size_t row = 0; row < keep.size(); ++row) {
        const Scalar value = ScalarAt(rows->column(column), static_cast<int64_t>(row));
        if (std::holds_alternative<double>(value) && std::get<double>(value) == 0) continue;
        if (std::holds_alternative<int64_t>(value) && instants.count(std::get<int64_t>(value)) != 0) continue;
        if (logical->exact) {
          ASSERT_EQ(keep[row] != 0, expected[row] == '1') << Shown(random, entry.first, row);
          ++compared;
        } else {  // what is left out is applied by the door: more may pass, not less
          ASSERT_TRUE(keep[row] != 0 || expected[row] == '0') << Shown(random, entry.first, row);
        }
      }
    }
  });
  EXPECT_GT(compared, 20'000);
}

}  // namespace
}  // namespace lotic::athena_pack
