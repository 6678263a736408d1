// SPDX-License-Identifier: Apache-2.0
#include "sql/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>

#include "lotic/batch_builder.h"
#include "lotic/source_error.h"

namespace lotic::sql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// What one partition holds and does.
struct ScriptedSplit {
  std::vector<int64_t> batches;     // rows of each batch
  std::optional<Status> fails;      // after the batches
  bool hangs = false;               // after the batches: until stopped
  EndReason end = EndReason::kEnd;  // how it ends
  Constraints residual = {};
  bool opens_late = false;    // opening it takes until the scan is stopped
  bool after_others = false;  // its rows come when something hangs
};

/// A connector whose table `t` (id BIGINT, text VARCHAR NULL in every third row) does what the test says. Rows of partition p have
/// id = p * 1,000,000 + row.
struct Script {
  std::optional<Status> splits_fail;
  std::vector<ScriptedSplit> splits;
  std::map<std::string, Pushdown> pushdown;  // by column; else kNot
  std::optional<int64_t> exact_rows;
  Schema schema{{{"id", Type::Int64()}, {"text", Type::String()}}};
  std::vector<std::string> notes;
  std::vector<std::string> denied;  // tables of which it is not told whether they exist
  int64_t throttled = 0;            // calls of each reader that were refused
};

struct Seen {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<ScanRequest> prepared, opened;
  int closed = 0, hanging = 0, batches = 0;
  std::atomic<int64_t> reader_bytes{0};

  Status Hang(const CallContext& ctx) {
    std::unique_lock lock(mutex);
    ++hanging;
    changed.notify_all();
    std::condition_variable_any wake;
    wake.wait(lock, ctx.stop, [] { return false; });
    return Status::Cancelled("reading");
  }
};

class ScriptedReader final : public Reader {
 public:
  ScriptedReader(const Script& script, Seen& seen, ScanRequest request, std::span<const SplitStart> splits)
      : script_(script), seen_(seen), request_(std::move(request)) {
    for (const SplitStart& start : splits) {
      State state;
      state.number = std::stoul(start.split.partition);
      state.certificate.partition = start.split.partition;
      state.certificate.planned_start = state.certificate.read_start = state.certificate.read_end = start.split.start;
      state.certificate.planned_end = start.split.end;
      states_.push_back(state);
    }
  }

  Result<ReadBatch> Next(const CallContext& ctx) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("reading"));
    seen_.reader_bytes = ctx.memory_budget_bytes;
    for (uint32_t i = 0; i < states_.size(); ++i) {
      State& state = states_[i];
      const ScriptedSplit& split = script_.splits[state.number];
      if (state.ended) continue;
      if (split.after_others) {
        std::unique_lock lock(seen_.mutex);
        seen_.changed.wait(lock, [this] { return seen_.hanging > 0; });
      }
      if (state.batch < split.batches.size()) return Rows(i, split.batches[state.batch++]);
      if (split.hangs) continue;
      state.ended = true;
      ReadBatch end;
      Run run{i, 0, state.certificate.read_end, true, Status::OK(), std::nullopt};
      if (split.fails) {
        run.status = *split.fails;
        state.certificate.reason = EndReason::kError;
      } else {
        state.certificate.reason = split.end;
        state.certificate.complete = split.end == EndReason::kEnd;
      }
      end.runs.push_back(run);
      return end;
    }
    for (const State& state : states_) {
      if (!state.ended) return seen_.Hang(ctx);
    }
    return ReadBatch{};
  }
  Result<uint32_t> Add(SplitStart) override { return Status::NotImplemented("Add"); }
  Result<SplitStart> Release(uint32_t) override { return Status::NotImplemented("Release"); }
  SplitCertificate Certificate(uint32_t split) const override { return states_[split].certificate; }
  ReaderProgress Progress() const override { return {0.5, records_, records_ * 10, script_.throttled}; }
  void Wake() override {}
  Status Close(const CallContext&) override {
    std::lock_guard lock(seen_.mutex);
    ++seen_.closed;
    return Status::OK();
  }

 private:
  struct State {
    size_t number = 0;
    size_t batch = 0;
    int64_t row = 0;
    bool ended = false;
    SplitCertificate certificate;
  };

  ReadBatch Rows(uint32_t index, int64_t count) {
    State& state = states_[index];
    BatchBuilder builder(std::make_shared<const Schema>(request_.layout));
    for (size_t c = 0; c < request_.layout.fields.size(); ++c) {
      for (int64_t i = 0; i < count; ++i) {
        const int64_t id = static_cast<int64_t>(state.number) * 1'000'000 + state.row + i;
        if (request_.layout.fields[c].type.id() == TypeId::kInt64) {
          builder.column(c).AppendInt64(id);
        } else if (id % 3 == 0) {
          builder.column(c).AppendNull();
        } else {
          builder.column(c).AppendBytes("text of row " + std::to_string(id));
        }
      }
    }
    state.row += count;
    records_ += count;
    state.certificate.records.returned += count;
    state.certificate.rows += count;
    state.certificate.read_end = Position{std::to_string(state.row)};
    {
      std::lock_guard lock(seen_.mutex);
      ++seen_.batches;
    }
    ReadBatch read;
    read.rows = builder.Finish(count);
    read.runs.push_back({index, count, state.certificate.read_end, false, Status::OK(), std::nullopt});
    return read;
  }

  const Script& script_;
  Seen& seen_;
  const ScanRequest request_;
  std::vector<State> states_;
  std::atomic<int64_t> records_{0};
};

class ScriptedConnector final : public Connector {
 public:
  ScriptedConnector(Script script, std::shared_ptr<Seen> seen) : script_(std::move(script)), seen_(std::move(seen)) {}
  std::string type_name() const override { return "scripted"; }
  Result<std::vector<std::string>> ListSchemas(const CallContext&) override { return std::vector<std::string>{"default"}; }
  Result<TablePage> ListTables(const CallContext&, const std::string&, const PageRequest&) override { return TablePage{{{"default", "t"}}, ""}; }
  Result<TableInfo> GetTable(const CallContext&, const TableName& name) override {
    if (std::find(script_.denied.begin(), script_.denied.end(), name.table) != script_.denied.end())
      return Status::Unauthorized("no permission for ", name.table);
    LOTIC_ASSIGN_OR_RETURN([[maybe_unused]] const size_t index, ResolveName("table", name.table, {"t"}));
    TableInfo info;
    info.name = {"default", "t"};
    info.schema = script_.schema;
    info.notes = script_.notes;
    info.roles = {Role::kBoundedScan};
    return info;
  }
  Result<Prepared> Prepare(const CallContext&, const ScanRequest& request) override {
    std::lock_guard lock(seen_->mutex);
    seen_->prepared.push_back(request);
    Prepared plan;
    plan.token = request.token.empty() ? "token-" + std::to_string(++tokens_) : request.token;
    for (size_t i = 0; i < script_.splits.size(); ++i) plan.partitions.push_back({{}, {{"number", std::to_string(i)}}});
    for (const auto& [column, set] : request.constraints.columns) {
      const auto at = script_.pushdown.find(column);
      plan.report.push_back({column + " in a set", column, at == script_.pushdown.end() ? Pushdown::kNot : at->second, "as scripted"});
    }
    plan.estimate.exact_rows = script_.exact_rows;
    plan.attributes = {{"topic", "t"}};
    return plan;
  }
  Result<SplitPage> Splits(const CallContext&, const ScanRequest&, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    if (script_.splits_fail) return *script_.splits_fail;
    // One split a page, so that paging is exercised.
    const size_t at = page.page_token.empty() ? 0 : std::stoul(page.page_token);
    SplitPage out;
    const size_t number = std::stoul(partitions[at].properties.at("number"));
    int64_t rows = 0;
    for (const int64_t batch : script_.splits[number].batches) rows += batch;
    out.splits.push_back({std::to_string(number), {"0"}, Position{std::to_string(rows)}, {}, script_.splits[number].residual});
    if (at + 1 < partitions.size()) out.next_page = std::to_string(at + 1);
    return out;
  }
  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override {
    {
      std::lock_guard lock(seen_->mutex);
      seen_->opened.push_back(request);
    }
    for (const SplitStart& start : splits) {
      if (script_.splits[std::stoul(start.split.partition)].opens_late) return seen_->Hang(ctx);
    }
    return std::unique_ptr<Reader>(std::make_unique<ScriptedReader>(script_, *seen_, request, splits));
  }

 private:
  const Script script_;
  const std::shared_ptr<Seen> seen_;
  int tokens_ = 0;
};

struct Answer {
  std::vector<std::string> rows;
  Status status;
  std::vector<TableCertificate> certificates;
};

class EngineTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ::setenv("LOTIC_SQL_LIBRARY", LOTIC_SQL_FILE, 0); }

  void Start(Script script, EngineOptions options = {}) {
    if (options.threads == 0) options.threads = 2;
    options.warn = [this](const std::string& sentence) { warnings_.push_back(sentence); };
    engine_ = OpenEngine(std::move(options)).ValueOrDie();
    const Status attached = engine_->Attach(CallContext(), "c", std::make_shared<ScriptedConnector>(std::move(script), seen_));
    ASSERT_TRUE(attached.ok()) << attached;
  }

  Answer Ask(const std::string& sql, CellForm form = CellForm::kText, const CallContext& ctx = {}) {
    Answer answer;
    Result<std::unique_ptr<QueryResult>> result = engine_->Execute(ctx, sql);
    if (!result.ok()) return {{}, result.status(), {}};
    for (;;) {
      Result<TextChunk> chunk = (*result)->Next(ctx, form);
      if (!chunk.ok()) answer.status = chunk.status();
      if (!chunk.ok() || chunk->num_rows == 0) break;
      for (size_t r = 0; r < chunk->num_rows; ++r) {
        std::string row;
        for (const auto& column : chunk->cells) row += (row.empty() ? "" : "|") + column[r].value_or("NULL");
        answer.rows.push_back(row);
      }
    }
    answer.certificates = (*result)->Certificates();
    return answer;
  }

  std::shared_ptr<Seen> seen_ = std::make_shared<Seen>();
  std::vector<std::string> warnings_;
  std::unique_ptr<Engine> engine_;
};

Script Splits(std::vector<ScriptedSplit> splits) {
  Script script;
  script.splits = std::move(splits);
  return script;
}

TEST_F(EngineTest, AReadingThatCannotBePlannedIsAnErrorOfTheQuery) {
  Script script = Splits({{{10}}});
  script.splits_fail = Status::IOError("the plan's splits cannot be listed");
  Start(std::move(script));
  EXPECT_THAT(Ask("SELECT id FROM t WHERE id > 3").status.message(), testing::HasSubstr("the plan's splits cannot be listed"));
}

TEST_F(EngineTest, EveryRowOfEverySplitArrivesOnceWithOneThreadAndWithMany) {
  for (const int threads : {1, 4}) {
    EngineOptions options;
    options.threads = threads;
    Start(Splits({{{3000, 1, 2048}}, {{}}, {{7}}, {{5000}}, {{64, 63}}, {{1}}}), options);
    const Answer answer = Ask("SELECT count(*), count(DISTINCT id), sum(id), count(text), min(text) FROM t");
    int64_t sum = 0, texts = 0;
    const std::vector<int64_t> rows{5049, 0, 7, 5000, 127, 1};
    for (size_t p = 0; p < rows.size(); ++p) {
      for (int64_t i = 0; i < rows[p]; ++i) {
        const int64_t id = static_cast<int64_t>(p) * 1'000'000 + i;
        sum += id;
        texts += id % 3 != 0 ? 1 : 0;
      }
    }
    EXPECT_THAT(answer.rows, ElementsAre("10184|10184|" + std::to_string(sum) + "|" + std::to_string(texts) + "|text of row 1")) << answer.status;
    ASSERT_EQ(answer.certificates.size(), 1U);
    EXPECT_TRUE(answer.certificates[0].complete);
    EXPECT_EQ(answer.certificates[0].version, "token-1");
    EXPECT_EQ(answer.certificates[0].partitions.size(), 6U);
    EXPECT_EQ(seen_->closed, static_cast<int>(seen_->opened.size()));
    seen_ = std::make_shared<Seen>();
  }
}

TEST_F(EngineTest, TheReadersOfAScanShareItsMemory) {
  for (const auto& [threads, bytes] : std::vector<std::pair<int, int64_t>>{{1, 512 << 20}, {4, 128 << 20}, {64, 16 << 20}}) {
    EngineOptions options;
    options.threads = threads;
    Start(Splits(std::vector<ScriptedSplit>(64, {{1}})), options);
    EXPECT_THAT(Ask("SELECT count(id) FROM t").rows, ElementsAre("64"));
    EXPECT_EQ(seen_->reader_bytes, bytes) << threads;
    seen_ = std::make_shared<Seen>();
  }
}

TEST_F(EngineTest, TheReadingsOfAStatementShareItsMemory) {
  EngineOptions options;
  options.threads = 1;
  Start(Splits({{{1}}}), options);
  EXPECT_THAT(Ask("SELECT count(a.id) FROM t a, t b, t c, t d").rows, ElementsAre("1"));
  EXPECT_EQ(seen_->reader_bytes, int64_t{128} << 20);
  EXPECT_THAT(Ask("SELECT count(id) FROM t").rows, ElementsAre("1"));
  EXPECT_EQ(seen_->reader_bytes, int64_t{512} << 20);  // the next statement has all of it again
}

TEST_F(EngineTest, RowsAreFetchedWhileTheQueryRuns) {
  Start(Splits({{{500'000, 10}, std::nullopt, true}}));
  Result<std::unique_ptr<QueryResult>> result = engine_->Execute({}, "SELECT id FROM t");
  ASSERT_TRUE(result.ok()) << result.status();
  const Result<TextChunk> chunk = (*result)->Next({}, CellForm::kText);
  ASSERT_TRUE(chunk.ok()) << chunk.status();
  EXPECT_EQ(chunk->cells[0][0], "0");
  result->reset();  // the split hangs: giving the result up ends it
  EXPECT_EQ(seen_->closed, 1);
}

TEST_F(EngineTest, CallsThatTheSourceRefusedAreCounted) {
  Script script = Splits({{{500'000, 10}, std::nullopt, true}});
  script.throttled = 7;
  Start(std::move(script));
  Result<std::unique_ptr<QueryResult>> result = engine_->Execute({}, "SELECT id FROM t");
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_TRUE((*result)->Next({}, CellForm::kText).ok());
  EXPECT_EQ(engine_->Progress().throttled, 7) << "while it runs";
  result->reset();
  seen_ = std::make_shared<Seen>();
  script = Splits({{{10}}});
  script.throttled = 1'200;
  Start(std::move(script));
  std::string all;
  for (const std::string& row : Ask("EXPLAIN ANALYZE SELECT count(id) FROM t").rows) all += row + "\n";
  EXPECT_THAT(all, testing::AllOf(HasSubstr("Throttled calls:"), HasSubstr("1,200"))) << "also of readers that are closed";
}

TEST_F(EngineTest, TheErrorOfASplitFailsTheQueryWithItsCodeMessageAndDetail) {
  ScriptedSplit bad{{10}, Status::IOError("partition 1: connection reset at 10").WithDetail(std::make_shared<SourceError>(true))};
  Start(Splits({{{10}, std::nullopt, true}, bad}));  // the other one hangs: it is stopped
  const Answer answer = Ask("SELECT sum(id) FROM t");
  EXPECT_EQ(answer.status.code(), StatusCode::kDataLoss);  // it could not be finished: the answer would be incomplete
  EXPECT_EQ(answer.status.message(), "partition 1: connection reset at 10");
  ASSERT_NE(answer.status.detail(), nullptr);
  EXPECT_EQ(answer.status.detail()->type_id(), std::string("lotic::SourceError"));
  ASSERT_EQ(answer.certificates.size(), 1U);
  EXPECT_FALSE(answer.certificates[0].complete);
}

TEST_F(EngineTest, AllowPartialGivesTheOtherRowsAndSaysWhatIsMissing) {
  EngineOptions options;
  options.allow_partial = true;
  Start(Splits({{{10}}, {{5}, Status::DataLoss("offset 5 is no longer retained")}}), options);
  const Answer answer = Ask("SELECT count(*) FROM t");
  EXPECT_THAT(answer.rows, ElementsAre("15")) << answer.status;
  ASSERT_EQ(answer.certificates.size(), 1U);
  EXPECT_FALSE(answer.certificates[0].complete);
  EXPECT_THAT(warnings_, testing::Contains(HasSubstr("offset 5 is no longer retained")));
}

TEST_F(EngineTest, AScanThatEndedWithoutProofIsDataLoss) {
  Start(Splits({{{10}}, {{5}, std::nullopt, false, EndReason::kStalled}}));
  const Answer answer = Ask("SELECT count(*) FROM t");
  EXPECT_EQ(answer.status.code(), StatusCode::kDataLoss) << answer.status;
  EXPECT_THAT(answer.status.message(), HasSubstr("not complete"));
}

TEST_F(EngineTest, ALimitIsPushedAndStopsWhatIsInFlight) {
  Start(Splits({{std::vector<int64_t>(1000, 100)}, {{}, std::nullopt, true}}));
  const Answer answer = Ask("SELECT id FROM t LIMIT 5");
  EXPECT_EQ(answer.rows.size(), 5U) << answer.status;
  EXPECT_EQ(seen_->opened.at(0).limit, 5);
  EXPECT_LT(seen_->batches, 100);
  EXPECT_EQ(seen_->closed, static_cast<int>(seen_->opened.size()));
  ASSERT_EQ(answer.certificates.size(), 1U);
  EXPECT_TRUE(answer.certificates[0].complete);
  EXPECT_EQ(answer.certificates[0].reason, "limit");
}

TEST_F(EngineTest, ALimitThatIsReachedWhileAReaderIsOpenedEndsTheQueryWell) {
  ScriptedSplit rows{{100}, std::nullopt}, late{{100}, std::nullopt};
  rows.after_others = true;
  late.opens_late = true;
  Start(Splits({rows, late}));
  const Answer answer = Ask("SELECT count(*) FROM (SELECT id FROM t LIMIT 5)");
  EXPECT_EQ(answer.rows, std::vector<std::string>{"5"}) << answer.status;
  ASSERT_EQ(answer.certificates.size(), 1U);
  EXPECT_TRUE(answer.certificates[0].complete);
  EXPECT_EQ(answer.certificates[0].reason, "limit");
}

TEST_F(EngineTest, ALimitAboveAFilterOfTheEngineIsNotPushed) {
  Start(Splits({{{100}}}));
  EXPECT_EQ(Ask("SELECT id FROM t WHERE id % 7 = 1 LIMIT 5").rows.size(), 5U);
  EXPECT_EQ(seen_->opened.at(0).limit, std::nullopt);
  EXPECT_EQ(Ask("SELECT id FROM t WHERE id > 10 LIMIT 5").rows.size(), 5U);  // the connector says: not pushed
  EXPECT_EQ(seen_->opened.at(1).limit, std::nullopt);
  EXPECT_EQ(Ask("SELECT id FROM t ORDER BY id DESC LIMIT 5").rows.at(0), "99");
  EXPECT_EQ(seen_->opened.at(2).limit, std::nullopt);
}

TEST_F(EngineTest, WhatTheConnectorDoesNotFinishTheEngineFilters) {
  for (const Pushdown pushdown : {Pushdown::kHint, Pushdown::kNot}) {
    Script script = Splits({{{100}}});
    script.pushdown["id"] = pushdown;
    Start(std::move(script));
    EXPECT_THAT(Ask("SELECT id FROM t WHERE id BETWEEN 10 AND 12 ORDER BY id").rows, ElementsAre("10", "11", "12"));
    EXPECT_EQ(seen_->opened.back().constraints.columns.count("id"), 1U);
  }
}

TEST_F(EngineTest, WhatTheConnectorCallsExactIsNotFilteredAgain) {
  Script script = Splits({{{100}}});
  script.pushdown["id"] = Pushdown::kExact;  // a lie: this one filters nothing, which shows that nobody else does
  Start(std::move(script));
  EXPECT_EQ(Ask("SELECT id FROM t WHERE id BETWEEN 10 AND 12").rows.size(), 100U);
}

TEST_F(EngineTest, AResidualOfAnExactColumnIsAppliedByTheScan) {
  ScriptedSplit split{{100}};
  split.residual.columns["id"] = ValueSet::All(false);
  Script script = Splits({split});
  script.pushdown["id"] = Pushdown::kExact;
  Start(std::move(script));
  EXPECT_THAT(Ask("SELECT id FROM t WHERE id BETWEEN 10 AND 12 ORDER BY id").rows, ElementsAre("10", "11", "12"));
}

TEST_F(EngineTest, ATableNamedTwiceIsReadAtOneSnapshotAndTheNextStatementAtItsOwn) {
  Start(Splits({{{10}}}));
  EXPECT_THAT(Ask("SELECT count(*) FROM t a JOIN t b USING (id)").rows, ElementsAre("10"));
  ASSERT_EQ(seen_->opened.size(), 2U);
  EXPECT_EQ(seen_->opened[0].token, "token-1");
  EXPECT_EQ(seen_->opened[1].token, "token-1");
  Ask("SELECT sum(id) FROM t");
  EXPECT_EQ(seen_->opened.at(2).token, "token-2");
  Ask("BEGIN");
  Ask("SELECT sum(id) FROM t");
  Ask("SELECT sum(id) FROM t");
  Ask("COMMIT");
  EXPECT_EQ(seen_->opened.at(3).token, "token-3");
  EXPECT_EQ(seen_->opened.at(4).token, "token-3");
}

TEST_F(EngineTest, APreparedStatementTakesItsSnapshotEachTimeItRuns) {
  Start(Splits({{{10}}}));
  Ask("PREPARE p AS SELECT sum(id) FROM t WHERE id < $1");
  EXPECT_THAT(Ask("EXECUTE p(3)").rows, ElementsAre("3"));
  EXPECT_THAT(Ask("EXECUTE p(4)").rows, ElementsAre("6"));
  ASSERT_EQ(seen_->opened.size(), 2U);
  EXPECT_NE(seen_->opened[0].token, seen_->opened[1].token);
}

TEST_F(EngineTest, AfterUseASourceThatCannotSayWhetherItHasATableHidesNoneOfTheSessions) {
  Script script = Splits({{{1}}});
  script.denied = {"own", "other"};
  Start(std::move(script));
  EXPECT_TRUE(Ask("CREATE TEMP TABLE own AS SELECT 7 AS x").status.ok());
  EXPECT_TRUE(Ask("USE c").status.ok());
  const Answer own = Ask("SELECT x FROM own");
  EXPECT_TRUE(own.status.ok()) << own.status;
  EXPECT_THAT(own.rows, ElementsAre("7"));
  EXPECT_THAT(warnings_, testing::Contains(testing::AllOf(HasSubstr("the session's own \"own\" is read"), HasSubstr("no permission for own"))));
  EXPECT_THAT(Ask("DESCRIBE own").rows, testing::SizeIs(1));
  EXPECT_TRUE(Ask("INSERT INTO own VALUES (8)").status.ok());
  EXPECT_THAT(Ask("SELECT max(x) FROM own").rows, ElementsAre("8"));
  const Answer other = Ask("SELECT x FROM other");
  EXPECT_EQ(other.status.code(), StatusCode::kUnauthorized) << other.status;
}

TEST_F(EngineTest, AtVersionAndAtTimestampReachTheConnector) {
  Start(Splits({{{10}}}));
  Ask("SELECT sum(id) FROM t AT (VERSION => 'earlier')");
  EXPECT_EQ(seen_->opened.at(0).token, "earlier");
  Ask("SELECT sum(id) FROM t AT (TIMESTAMP => TIMESTAMPTZ '2024-01-01 00:00:00.0005+00')");
  bool seen_time = false;
  for (const ScanRequest& request : seen_->prepared) seen_time |= request.as_of_ms == 1704067200001;
  EXPECT_TRUE(seen_time);
}

TEST_F(EngineTest, OnlyTheColumnsNamedAreAskedFor) {
  Start(Splits({{{10}}}));
  Ask("SELECT max(text) FROM t WHERE id > 3");
  ASSERT_EQ(seen_->opened.at(0).layout.fields.size(), 2U);
  Ask("SELECT max(text) FROM t");
  ASSERT_EQ(seen_->opened.at(1).layout.fields.size(), 1U);
  EXPECT_EQ(seen_->opened.at(1).layout.fields[0].name, "text");
  EXPECT_THAT(Ask("SELECT count(*) FROM t").rows, ElementsAre("10"));
  EXPECT_EQ(seen_->opened.at(2).layout.fields.size(), 0U);
}

TEST_F(EngineTest, CountIsTakenFromTheConnectorWhereItIsExact) {
  Script script = Splits({{{10}}});
  script.exact_rows = 10;
  Start(std::move(script));
  const Answer answer = Ask("SELECT count(*) FROM t");
  EXPECT_THAT(answer.rows, ElementsAre("10")) << answer.status;
  EXPECT_EQ(seen_->opened.size(), 0U);
  ASSERT_EQ(answer.certificates.size(), 1U);
  EXPECT_TRUE(answer.certificates[0].complete);
  EXPECT_THAT(Ask("SELECT count(*) FROM t WHERE id < 5").rows, ElementsAre("5"));  // not exact: read
  EXPECT_EQ(seen_->opened.size(), 1U);
}

TEST_F(EngineTest, ExplainShowsThePlanAndOpensNoReader) {
  Script script = Splits({{{10}}});
  script.pushdown["id"] = Pushdown::kHint;
  Start(std::move(script));
  const Answer answer = Ask("EXPLAIN SELECT text FROM t WHERE id > 3 AND length(text) > 2");
  ASSERT_TRUE(answer.status.ok()) << answer.status;
  std::string all;
  for (const std::string& row : answer.rows) all += row;
  EXPECT_THAT(all, testing::AllOf(HasSubstr("Hint"), HasSubstr("as scripted"), HasSubstr("Not pushed"), HasSubstr("0:[0,10)"), HasSubstr("token-1")));
  EXPECT_EQ(seen_->opened.size(), 0U);
}

TEST_F(EngineTest, AStopEndsAQueryThatWaitsForItsSource) {
  Start(Splits({{{10}, std::nullopt, true}, {{10}, std::nullopt, true}}));
  std::stop_source stop;
  CallContext ctx;
  ctx.stop = stop.get_token();
  std::jthread stopper([&] {
    std::unique_lock lock(seen_->mutex);
    seen_->changed.wait(lock, [&] { return seen_->hanging > 0; });
    lock.unlock();
    stop.request_stop();
  });
  const Answer answer = Ask("SELECT sum(id) FROM t", CellForm::kText, ctx);
  EXPECT_EQ(answer.status.code(), StatusCode::kCancelled) << answer.status;
  EXPECT_EQ(seen_->closed, static_cast<int>(seen_->opened.size()));
  ASSERT_EQ(answer.certificates.size(), 1U);
  EXPECT_FALSE(answer.certificates[0].complete);
  EXPECT_THAT(Ask("SELECT 1").rows, ElementsAre("1"));  // the session goes on
}

TEST_F(EngineTest, AStopEndsAQueryThatOnlyComputes) {
  Start({});
  std::stop_source stop;
  CallContext ctx;
  ctx.stop = stop.get_token();
  Result<std::unique_ptr<QueryResult>> result = engine_->Execute(ctx, "SELECT i FROM range(1000000000000) r(i)");
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_TRUE((*result)->Next(ctx, CellForm::kText).ok());
  stop.request_stop();
  const Result<TextChunk> next = (*result)->Next(ctx, CellForm::kText);
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.status().code(), StatusCode::kCancelled);
}

TEST_F(EngineTest, TheDeadlineEndsAQuery) {
  Start(Splits({{{10}, std::nullopt, true}}));
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
  const Answer answer = Ask("SELECT sum(id) FROM t", CellForm::kText, ctx);
  EXPECT_EQ(answer.status.code(), StatusCode::kDeadlineExceeded) << answer.status;
}

TEST_F(EngineTest, ErrorsOfSqlSayWhere) {
  Start(Splits({{{10}}}));
  const std::vector<std::pair<std::string, size_t>> cases = {{"SELECT 1 FORM t", 14}, {"SELECT nothing FROM t", 7}, {"SELECT * FROM c.nothing", 14}};
  for (const auto& [sql, position] : cases) {
    const Answer answer = Ask(sql);
    ASSERT_NE(answer.status.detail(), nullptr) << sql << ": " << answer.status;
    ASSERT_EQ(answer.status.detail()->type_id(), std::string("lotic::sql::SqlErrorDetail"));
    EXPECT_EQ(static_cast<const SqlErrorDetail&>(*answer.status.detail()).position, position) << sql << ": " << answer.status;
    EXPECT_THAT(answer.status.message(), testing::Not(HasSubstr("LINE"))) << sql;
  }
}

TEST_F(EngineTest, AttachNamesTheNearestConnector) {
  Start(Splits({{{3}}}));
  const Status status = Ask("ATTACH 'broker:9092' AS prod (TYPE duckbd)").status;
  EXPECT_EQ(status.code(), StatusCode::kNotFound) << status;
  EXPECT_THAT(status.message(), HasSubstr("did you mean \"duckdb\"?"));
}

TEST_F(EngineTest, ColumnsThatDifferOnlyInCaseAreToldApartAndDescribeSaysSo) {
  Script script = Splits({{{3}}});
  script.schema = Schema{{{"id", Type::Int64()}, {"ID", Type::Int64()}, {"id_1", Type::Int64()}}};
  script.notes = {"inferred from 3 records"};
  Start(std::move(script));
  const Answer answer = Ask("DESCRIBE t");
  ASSERT_EQ(answer.rows.size(), 3U) << answer.status;
  EXPECT_THAT(answer.rows[1], testing::StartsWith("ID_1|"));
  EXPECT_THAT(warnings_, testing::Contains(HasSubstr("\"ID\" is shown as \"ID_1\"")));
  EXPECT_THAT(warnings_, testing::Contains(HasSubstr("inferred from 3 records")));
  EXPECT_THAT(Ask("SELECT ID_1 FROM t WHERE ID_1 = 2").rows, ElementsAre("2"));
  EXPECT_EQ(seen_->opened.back().layout.fields.at(0).name, "ID");
}

TEST_F(EngineTest, ATypeThatDoesNotFitIsRefusedWithItsColumn) {
  Script script = Splits({{{3}}});
  script.schema = Schema{{{"at", Type::Timestamp(TimeUnit::kNano, true)}}};
  Start(std::move(script));
  const Answer answer = Ask("SELECT * FROM t");
  EXPECT_EQ(answer.status.code(), StatusCode::kInvalid);
  EXPECT_THAT(answer.status.message(), HasSubstr("column \"at\""));
}

TEST_F(EngineTest, CellsAsJsonAreJson) {
  Start({});
  const Answer answer =
      Ask("SELECT 1, 1.50::DECIMAL(5,2), 'a\"b\n', NULL, [1, NULL], {'a': 'x', 'b': [true]}, MAP {'k': 1.5}, 'nan'::DOUBLE, '\\x00ab'::BLOB, "
          "DATE '2024-01-02', 170141183460469231731687303715884105727::HUGEINT, '{\"j\": 1}'::JSON, [1, 2]::INTEGER[2]",
          CellForm::kJson);
  EXPECT_THAT(answer.rows, ElementsAre("1|1.50|\"a\\\"b\\n\"|NULL|[1,null]|{\"a\":\"x\",\"b\":[true]}|{\"k\":1.5}|\"nan\"|\"AGFi\"|\"2024-01-02\"|"
                                       "170141183460469231731687303715884105727|{\"j\": 1}|[1,2]"))
      << answer.status;
}

TEST_F(EngineTest, StatementsAreSplitAtSemicolonsOutsideOfQuotesAndComments) {
  Start({});
  const auto split = [&](const std::string& text) {
    std::string out;
    for (const StatementText& one : engine_->SplitStatements(text)) out += "[" + one.sql + (one.complete ? "]" : "...");
    return out;
  };
  EXPECT_EQ(split("SELECT 1; SELECT ';' ;"), "[SELECT 1][SELECT ';' ]");
  EXPECT_EQ(split("SELECT 1"), "[SELECT 1...");
  EXPECT_EQ(split("SELECT 'it''s;' || \"a;b\" -- c;\n;"), "[SELECT 'it''s;' || \"a;b\" -- c;\n]");
  EXPECT_EQ(split("/* a; /* b; */ c */ SELECT $$;$$, $x$;$$;$x$, $1;"), "[SELECT $$;$$, $x$;$$;$x$, $1]");
  EXPECT_EQ(split("SELECT E'\\';';"), "[SELECT E'\\';']");
  EXPECT_EQ(split("SELECT '\\';"), "[SELECT '\\']");
  EXPECT_EQ(split("SELECT 'open;"), "[SELECT 'open;...");
  EXPECT_EQ(split("SELECT 1; /* open"), "[SELECT 1][/* open...");
  EXPECT_EQ(split(" ;; -- nothing\n ;"), "");
  EXPECT_EQ(split("-- only a comment"), "");
}

TEST_F(EngineTest, ColumnsSayTheirTypeAndStatementsWithoutRowsHaveNone) {
  Start({});
  Result<std::unique_ptr<QueryResult>> result = engine_->Execute({}, "SELECT 1 AS a, 'x' AS b");
  ASSERT_TRUE(result.ok());
  ASSERT_EQ((*result)->columns().size(), 2U);
  EXPECT_EQ((*result)->columns()[0].type, "INTEGER");
  EXPECT_TRUE((*result)->columns()[0].numeric);
  EXPECT_FALSE((*result)->columns()[1].numeric);
  result = engine_->Execute({}, "CREATE TABLE own (a INTEGER)");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE((*result)->columns().empty());
  EXPECT_THAT(Ask("SELECT count(*) FROM own").rows, ElementsAre("0"));
}

TEST_F(EngineTest, ANewStatementGivesUpTheResultBeforeIt) {
  Start(Splits({{{500'000}, std::nullopt, true}}));
  Result<std::unique_ptr<QueryResult>> first = engine_->Execute({}, "SELECT id FROM t");
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE((*first)->Next({}, CellForm::kText).ok());
  EXPECT_THAT(Ask("SELECT 1").rows, ElementsAre("1"));
  EXPECT_EQ(seen_->closed, 1);
  bool failed = false;
  for (int i = 0; i < 1000 && !failed; ++i) failed = !(*first)->Next({}, CellForm::kText).ok();
  EXPECT_TRUE(failed);
}

TEST_F(EngineTest, TheTimeZoneRulesHowInstantsAreShown) {
  EngineOptions options;
  options.time_zone = "Asia/Tokyo";
  Start({}, options);
  EXPECT_THAT(Ask("SELECT TIMESTAMPTZ '2024-01-01 00:00:00+00'").rows, ElementsAre("2024-01-01 09:00:00+09"));
  EngineOptions wrong;
  wrong.time_zone = "Mars/Olympus";
  const auto engine = OpenEngine(std::move(wrong));
  ASSERT_FALSE(engine.ok());
  EXPECT_EQ(engine.status().code(), StatusCode::kInvalid);
  EXPECT_THAT(engine.status().message(), HasSubstr("Mars/Olympus"));
}

TEST_F(EngineTest, WithoutPermissionThereAreNoFiles) {
  EngineOptions options;
  options.allow_files = false;
  Start(Splits({{{10}}}), options);
  EXPECT_FALSE(Ask("SELECT * FROM read_csv('/etc/passwd')").status.ok());
  EXPECT_FALSE(Ask("COPY (SELECT 1) TO '/tmp/lotic-never-written.csv'").status.ok());
  EXPECT_THAT(Ask("SELECT count(*) FROM t").rows, ElementsAre("10"));
}

TEST_F(EngineTest, CopyWritesParquetAndReadsItBack) {
  Start(Splits({{{1000}}, {{10}}}));
  const std::string path = testing::TempDir() + "/lotic_engine_test.parquet";
  const Answer copied = Ask("COPY (SELECT * FROM t) TO '" + path + "' (FORMAT parquet)");
  ASSERT_TRUE(copied.status.ok()) << copied.status;
  EXPECT_TRUE(copied.rows.empty());
  ASSERT_EQ(copied.certificates.size(), 1U);
  EXPECT_TRUE(copied.certificates[0].complete);
  EXPECT_THAT(Ask("SELECT count(*), count(text) FROM '" + path + "'").rows, ElementsAre("1010|673"));
  std::remove(path.c_str());
}

TEST_F(EngineTest, CompletionKnowsKeywordsAndTables) {
  Start(Splits({{{1}}}));
  size_t start = 0;
  EXPECT_THAT(engine_->Complete("SEL", &start), testing::Contains(testing::StartsWith("SELECT")));
  EXPECT_EQ(start, 0U);
  EXPECT_THAT(engine_->Complete("SELECT * FROM ", &start), testing::Contains(testing::StartsWith("t")));
  EXPECT_EQ(start, 14U);
}

TEST_F(EngineTest, TheVersionOfTheEngineIsKnown) {
  Start({});
  EXPECT_EQ(engine_->EngineVersion(), "v1.5.6");
}

}  // namespace
}  // namespace lotic::sql
