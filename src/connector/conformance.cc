// SPDX-License-Identifier: Apache-2.0
#include "connector/conformance.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <charconv>
#include <future>
#include <set>
#include <thread>

#include "lotic/scan_json.h"
#include "scan/certificate.h"

namespace lotic {
namespace {

using std::chrono::steady_clock;

// A cell as text, nested values whole: what "the same row" means here.
std::string Show(const Column& column, int64_t row) {
  if (column.IsNull(row)) return "NULL";
  if (!column.type.is_nested()) return ScalarToString(column.type, ScalarAt(column, row));
  std::string out = "(";
  if (column.type.id() == TypeId::kStruct) {
    for (const Column& child : column.children) out += Show(child, row) + ",";
  } else {
    for (int32_t at = column.offsets()[row]; at < column.offsets()[row + 1]; ++at) {
      for (const Column& child : column.children) out += Show(child, at) + ",";
    }
  }
  return out + ")";
}

using Row = std::vector<std::string>;

struct Plan {
  ScanRequest request;
  Prepared prepared;
  std::vector<Split> splits;
};

// Everything one reader returned: the rows of each split, in order, and what the splits' certificates say.
struct Output {
  std::map<std::string, std::vector<Row>> rows;  // by partition and split start, in the splits' order
  std::vector<SplitCertificate> certificates;
  std::vector<Batch> batches;

  std::vector<Row> All() const {
    std::vector<Row> all;
    for (const auto& [split, some] : rows) all.insert(all.end(), some.begin(), some.end());
    return all;
  }
  std::multiset<Row> Bag() const {
    const std::vector<Row> all = All();
    return {all.begin(), all.end()};
  }
};

// Compares two lists of rows and shows where they begin to differ, not all of them.
testing::AssertionResult SameRows(const std::vector<Row>& got, const std::vector<Row>& expected) {
  for (size_t i = 0; i < std::max(got.size(), expected.size()); ++i) {
    if (i < got.size() && i < expected.size() && got[i] == expected[i]) continue;
    const auto show = [i](const std::vector<Row>& rows) { return i < rows.size() ? testing::PrintToString(rows[i]) : std::string("nothing"); };
    return testing::AssertionFailure() << got.size() << " rows, expected " << expected.size() << "; row " << i << " is " << show(got) << ", expected "
                                       << show(expected);
  }
  return testing::AssertionSuccess();
}
testing::AssertionResult SameBag(const std::multiset<Row>& got, const std::multiset<Row>& expected) {
  return SameRows({got.begin(), got.end()}, {expected.begin(), expected.end()});
}

std::string KeyOf(const Split& split) {
  std::string start = split.start.text;
  return split.partition + "@" + std::string(start.size() < 20 ? 20 - start.size() : 0, '0') + start;
}

CallContext Soon() {
  CallContext ctx;
  ctx.deadline = steady_clock::now() + std::chrono::seconds(20);
  return ctx;
}

Schema FullLayout(const TableInfo& info) {
  Schema layout = info.schema;
  layout.fields.insert(layout.fields.end(), info.hidden.fields.begin(), info.hidden.fields.end());
  return layout;
}

ScanRequest RequestFor(const TableInfo& info) {
  ScanRequest request;
  request.table = info.name;
  request.layout = FullLayout(info);
  return request;
}

Result<Plan> MakePlan(Connector& connector, ScanRequest request, int page_size = 0) {
  Plan plan;
  LOTIC_ASSIGN_OR_RETURN(plan.prepared, connector.Prepare(Soon(), request));
  request.token = plan.prepared.token;
  std::string page;
  do {
    LOTIC_ASSIGN_OR_RETURN(SplitPage splits, connector.Splits(Soon(), request, plan.prepared.partitions, {page, page_size}));
    if (page_size > 0 && static_cast<int>(splits.splits.size()) > page_size) return Status::UnknownError("a page of ", splits.splits.size());
    plan.splits.insert(plan.splits.end(), splits.splits.begin(), splits.splits.end());
    page = splits.next_page;
  } while (!page.empty());
  plan.request = std::move(request);
  return plan;
}

std::vector<SplitStart> Starts(const std::vector<Split>& splits) {
  std::vector<SplitStart> starts;
  for (const Split& split : splits) starts.push_back({split, split.start});
  return starts;
}

// Takes one batch apart; checks what must hold for each.
void Take(const ReadBatch& batch, const std::vector<SplitStart>& starts, Output* out) {
  int64_t row = 0;
  for (const lotic::Run& run : batch.runs) {
    ASSERT_TRUE(run.status.ok()) << run.status;
    ASSERT_LT(run.split, starts.size());
    std::vector<Row>& rows = out->rows[KeyOf(starts[run.split].split)];
    for (int64_t i = 0; i < run.num_rows; ++i, ++row) {
      Row shown;
      for (size_t c = 0; c < batch.rows->num_columns(); ++c) shown.push_back(Show(batch.rows->column(c), row));
      rows.push_back(std::move(shown));
    }
  }
  ASSERT_EQ(batch.rows ? batch.rows->num_rows() : 0, row) << "the runs make up all of the rows";
  if (batch.rows) {
    const Status valid = batch.rows->Validate();
    ASSERT_TRUE(valid.ok()) << valid;
    out->batches.push_back(*batch.rows);
  }
}

Output ReadAll(Connector& connector, const Plan& plan) {
  Output out;
  const std::vector<SplitStart> starts = Starts(plan.splits);
  Result<std::unique_ptr<Reader>> reader = connector.Open(Soon(), plan.request, starts);
  EXPECT_TRUE(reader.ok()) << reader.status();
  if (!reader.ok()) return out;
  for (;;) {
    const Result<ReadBatch> batch = (*reader)->Next(Soon());
    EXPECT_TRUE(batch.ok()) << batch.status();
    if (!batch.ok() || (batch->runs.empty() && !batch->rows)) break;
    Take(*batch, starts, &out);
    if (testing::Test::HasFatalFailure()) return out;
  }
  for (uint32_t i = 0; i < starts.size(); ++i) out.certificates.push_back((*reader)->Certificate(i));
  EXPECT_TRUE((*reader)->Close(Soon()).ok());
  return out;
}

std::optional<int64_t> NumberOf(const Position& position) {
  int64_t number = 0;
  const auto end = std::from_chars(position.text.data(), position.text.data() + position.text.size(), number);
  return end.ec == std::errc() && !position.text.empty() ? std::optional(number) : std::nullopt;
}

bool Has(const TableInfo& info, Role role) { return std::find(info.roles.begin(), info.roles.end(), role) != info.roles.end(); }

}  // namespace

void ConnectorConformance::SetUp() {
  harness_ = GetParam().start();
  ASSERT_NE(harness_, nullptr);
  const Result<TableInfo> info = harness_->connector().GetTable(Soon(), harness_->table());
  ASSERT_TRUE(info.ok()) << info.status();
  info_ = *info;
}

#define ASSERT_OK_AND_ASSIGN(declaration, expression)                                            \
  auto LOTIC_CONCAT(result_, __LINE__) = (expression);                                           \
  ASSERT_TRUE(LOTIC_CONCAT(result_, __LINE__).ok()) << LOTIC_CONCAT(result_, __LINE__).status(); \
  declaration = *std::move(LOTIC_CONCAT(result_, __LINE__))

TEST_P(ConnectorConformance, ListsItsTablesPageByPage) {
  ASSERT_OK_AND_ASSIGN(const auto schemas, harness_->connector().ListSchemas(Soon()));
  EXPECT_THAT(schemas, testing::Contains(info_.name.schema));
  ASSERT_OK_AND_ASSIGN(const TablePage all, harness_->connector().ListTables(Soon(), info_.name.schema, {}));
  EXPECT_EQ(all.next_page, "");
  EXPECT_THAT(all.tables, testing::Contains(info_.name));
  EXPECT_TRUE(std::is_sorted(all.tables.begin(), all.tables.end()));
  std::vector<TableName> paged;
  std::string page;
  do {
    ASSERT_OK_AND_ASSIGN(const TablePage one, harness_->connector().ListTables(Soon(), info_.name.schema, {page, 1}));
    ASSERT_LE(one.tables.size(), 1u);
    paged.insert(paged.end(), one.tables.begin(), one.tables.end());
    page = one.next_page;
  } while (!page.empty() && paged.size() <= all.tables.size());
  EXPECT_EQ(paged, all.tables);
}

TEST_P(ConnectorConformance, AnUnknownTableIsNotFoundByName) {
  const Status status = harness_->connector().GetTable(Soon(), {info_.name.schema, info_.name.table + "x"}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound) << status;
  EXPECT_THAT(status.message(), testing::HasSubstr(info_.name.table + "x"));
}

TEST_P(ConnectorConformance, SplitsTileTheSnapshotWithoutGapOrOverlap) {
  ASSERT_OK_AND_ASSIGN(Plan plan, MakePlan(harness_->connector(), RequestFor(info_)));
  std::map<std::string, std::vector<Split>> partitions;
  for (const Split& split : plan.splits) partitions[split.partition].push_back(split);
  EXPECT_GE(partitions.size(), harness_->least_partitions());
  for (const auto& [partition, splits] : partitions) {
    for (size_t i = 0; i < splits.size(); ++i) {
      ASSERT_TRUE(splits[i].end.has_value());
      if (i > 0 && info_.dense_positions) {
        EXPECT_EQ(splits[i].start, *splits[i - 1].end) << "partition " << partition;
      }
      if (info_.dense_positions) {
        EXPECT_LT(*NumberOf(splits[i].start), *NumberOf(*splits[i].end));
      }
    }
  }
}

TEST_P(ConnectorConformance, PagesOfSplitsAgreeWithTheWhole) {
  ASSERT_OK_AND_ASSIGN(const Plan whole, MakePlan(harness_->connector(), RequestFor(info_)));
  ScanRequest again = RequestFor(info_);
  again.token = whole.prepared.token;
  for (const int size : {1, 2, 3}) {
    ASSERT_OK_AND_ASSIGN(const Plan paged, MakePlan(harness_->connector(), again, size));
    EXPECT_EQ(paged.splits, whole.splits) << "pages of " << size;
    EXPECT_EQ(paged.prepared.token, whole.prepared.token);
  }
}

TEST_P(ConnectorConformance, AFullReadIsCompleteAndAddsUp) {
  ASSERT_OK_AND_ASSIGN(const Plan plan, MakePlan(harness_->connector(), RequestFor(info_)));
  const Output out = ReadAll(harness_->connector(), plan);
  EXPECT_GE(out.All().size(), 50u);
  int64_t rows = 0;
  ASSERT_EQ(out.certificates.size(), plan.splits.size());
  for (size_t i = 0; i < plan.splits.size(); ++i) {
    const SplitCertificate& c = out.certificates[i];
    EXPECT_TRUE(c.complete);
    EXPECT_EQ(c.reason, EndReason::kEnd);
    EXPECT_EQ(c.planned_start, plan.splits[i].start);
    EXPECT_EQ(c.planned_end, plan.splits[i].end);
    EXPECT_EQ(c.read_start, plan.splits[i].start);
    if (info_.dense_positions) {
      EXPECT_EQ(c.read_end, *plan.splits[i].end);
      EXPECT_TRUE(CheckAccounting(c).ok()) << CheckAccounting(c);
    }
    rows += c.rows;
  }
  EXPECT_EQ(rows, static_cast<int64_t>(out.All().size()));
  if (plan.prepared.estimate.records) {
    EXPECT_GE(*plan.prepared.estimate.records, rows);
  }
  if (plan.prepared.estimate.exact_rows) {
    EXPECT_EQ(*plan.prepared.estimate.exact_rows, rows);
  }
}

TEST_P(ConnectorConformance, ACellDoesNotDependOnTheProjection) {
  const Schema full = FullLayout(info_);
  ASSERT_OK_AND_ASSIGN(const Plan plan, MakePlan(harness_->connector(), RequestFor(info_)));
  const std::vector<Row> expected = ReadAll(harness_->connector(), plan).All();
  for (size_t c = 0; c < full.fields.size(); ++c) {
    Plan one = plan;
    one.request.layout.fields = {full.fields[c]};
    const std::vector<Row> cells = ReadAll(harness_->connector(), one).All();
    ASSERT_EQ(cells.size(), expected.size()) << full.fields[c].name;
    for (size_t row = 0; row < cells.size(); ++row) ASSERT_EQ(cells[row][0], expected[row][c]) << full.fields[c].name << " row " << row;
  }
  Plan none = plan;
  none.request.layout.fields.clear();
  EXPECT_EQ(ReadAll(harness_->connector(), none).All().size(), expected.size());
}

TEST_P(ConnectorConformance, ConstraintsGiveTheRowsThatReadingAllAndFilteringGives) {
  ASSERT_OK_AND_ASSIGN(const Plan plan, MakePlan(harness_->connector(), RequestFor(info_)));
  const Output all = ReadAll(harness_->connector(), plan);
  ASSERT_FALSE(all.batches.empty());
  const Schema full = FullLayout(info_);
  for (size_t c = 0; c < full.fields.size(); ++c) {
    const Field& field = full.fields[c];
    if (field.type.is_nested()) continue;
    std::vector<Scalar> values;
    for (const Batch& batch : all.batches) {
      for (int64_t row = 0; row < batch.num_rows(); row += 1 + batch.num_rows() / 7) {
        if (const Scalar value = ScalarAt(batch.column(c), row); !IsNull(value)) values.push_back(value);
      }
    }
    std::vector<ValueSet> sets = {ValueSet::None(true), ValueSet::All(false)};
    if (!values.empty()) {
      sets.push_back(ValueSet::Listed({values[0], values[values.size() / 2]}));
      sets.push_back(ValueSet::Range({values[values.size() / 3], false, std::nullopt, true}));
      sets.push_back(ValueSet::Range({std::nullopt, true, values[values.size() / 2], true}));
      sets.push_back({ValueSet::Kind::kUnlisted, true, {}, {values[0]}});
    }
    for (ValueSet& set : sets) {
      ScanRequest request = RequestFor(info_);
      request.token = plan.prepared.token;
      ASSERT_TRUE(NormalizeValueSet(field.type, request.compare, &set).ok());
      request.constraints.columns[field.name] = set;
      std::multiset<Row> expected;
      for (const Batch& batch : all.batches) {
        std::vector<uint8_t> keep;
        ASSERT_TRUE(EvaluateConstraints(request.constraints, request.compare, batch, &keep).ok());
        for (int64_t row = 0; row < batch.num_rows(); ++row) {
          if (keep[static_cast<size_t>(row)] == 0) continue;
          Row shown;
          for (size_t k = 0; k < batch.num_columns(); ++k) shown.push_back(Show(batch.column(k), row));
          expected.insert(std::move(shown));
        }
      }
      ASSERT_OK_AND_ASSIGN(const Plan filtered, MakePlan(harness_->connector(), request));
      const Output out = ReadAll(harness_->connector(), filtered);
      ASSERT_EQ(filtered.prepared.report.size(), 1u);
      EXPECT_EQ(filtered.prepared.report[0].column, field.name);
      const bool exact = filtered.prepared.report[0].pushdown == Pushdown::kExact;
      std::multiset<Row> got;
      for (const Batch& batch : out.batches) {  // what a door does with what is not exact
        std::vector<uint8_t> keep(static_cast<size_t>(batch.num_rows()), 1);
        if (!exact) {
          ASSERT_TRUE(EvaluateConstraints(request.constraints, request.compare, batch, &keep).ok());
        }
        for (int64_t row = 0; row < batch.num_rows(); ++row) {
          if (keep[static_cast<size_t>(row)] == 0) continue;
          Row shown;
          for (size_t k = 0; k < batch.num_columns(); ++k) shown.push_back(Show(batch.column(k), row));
          got.insert(std::move(shown));
        }
      }
      EXPECT_TRUE(SameBag(got, expected)) << field.name << ", set kind " << static_cast<int>(set.kind);
      for (const SplitCertificate& certificate : out.certificates) {
        EXPECT_TRUE(certificate.complete) << field.name;
        if (info_.dense_positions) {
          EXPECT_TRUE(CheckAccounting(certificate).ok()) << CheckAccounting(certificate);
        }
      }
    }
  }
}

TEST_P(ConnectorConformance, TheLayoutMayGrowAfterThePlan) {
  // A door plans with the columns of its constraints, to learn what is exact, and knows all columns only later.
  ScanRequest narrow = RequestFor(info_);
  narrow.layout.fields.clear();
  ASSERT_OK_AND_ASSIGN(const Plan full, MakePlan(harness_->connector(), RequestFor(info_)));
  narrow.token = full.prepared.token;
  ASSERT_OK_AND_ASSIGN(const Plan planned, MakePlan(harness_->connector(), narrow));
  Plan grown{full.request, planned.prepared, {}};
  ASSERT_OK_AND_ASSIGN(const SplitPage page, harness_->connector().Splits(Soon(), full.request, planned.prepared.partitions, {}));
  grown.splits = page.splits;
  EXPECT_TRUE(SameRows(ReadAll(harness_->connector(), grown).All(), ReadAll(harness_->connector(), full).All()));
}

TEST_P(ConnectorConformance, AConstraintOutsideTheLayoutIsRefused) {
  ScanRequest request = RequestFor(info_);
  request.constraints.columns["no such column"] = ValueSet::None(true);
  EXPECT_EQ(harness_->connector().Prepare(Soon(), request).status().code(), StatusCode::kInvalid);
}

TEST_P(ConnectorConformance, RequestPartitionsAndSplitsSurviveATripThroughJson) {
  if (!Has(info_, Role::kRemotePlanner)) return RecordProperty("not_declared", "the table is not planned for other processes");
  ASSERT_OK_AND_ASSIGN(const Plan plan, MakePlan(harness_->connector(), RequestFor(info_)));
  ASSERT_OK_AND_ASSIGN(const ScanRequest request, ScanRequestFromJson(ToJson(plan.request)));
  ASSERT_EQ(request, plan.request);
  std::vector<LayoutPartition> partitions;
  for (const LayoutPartition& partition : plan.prepared.partitions) {
    ASSERT_OK_AND_ASSIGN(LayoutPartition made, LayoutPartitionFromJson(ToJson(partition, info_), info_));
    ASSERT_EQ(made, partition);
    partitions.push_back(std::move(made));
  }
  ASSERT_OK_AND_ASSIGN(const SplitPage page, harness_->connector().Splits(Soon(), request, partitions, {}));
  Plan again{request, plan.prepared, {}};
  for (const Split& split : page.splits) {
    ASSERT_OK_AND_ASSIGN(Split made, SplitFromJson(ToJson(split, request.layout), request.layout));
    ASSERT_EQ(made, split);
    again.splits.push_back(std::move(made));
  }
  EXPECT_TRUE(SameRows(ReadAll(harness_->connector(), again).All(), ReadAll(harness_->connector(), plan).All()));
}

TEST_P(ConnectorConformance, PlanningAndReadingWithoutATokenIsRefused) {
  const ScanRequest request = RequestFor(info_);
  ASSERT_OK_AND_ASSIGN(const Plan plan, MakePlan(harness_->connector(), request));
  EXPECT_EQ(harness_->connector().Splits(Soon(), request, plan.prepared.partitions, {}).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(harness_->connector().Open(Soon(), request, Starts(plan.splits)).status().code(), StatusCode::kInvalid);
}

TEST_P(ConnectorConformance, EveryBatchBoundaryIsAPlaceToResumeFrom) {
  if (!info_.durable_positions) return RecordProperty("not_declared", "positions of this table are not durable");
  ASSERT_OK_AND_ASSIGN(const Plan plan, MakePlan(harness_->connector(), RequestFor(info_)));
  const std::vector<Row> expected = ReadAll(harness_->connector(), plan).All();
  std::vector<SplitStart> starts = Starts(plan.splits);
  Output out;
  // A new reader for every batch, as after a crash: first a position, then what follows it. A split that has ended is not opened again.
  for (size_t readers = 0; readers < expected.size() + plan.splits.size() + 10; ++readers) {
    ASSERT_OK_AND_ASSIGN(const auto reader, harness_->connector().Open(Soon(), plan.request, starts));
    ASSERT_OK_AND_ASSIGN(const ReadBatch batch, reader->Next(Soon()));
    if (batch.runs.empty()) break;
    Take(batch, starts, &out);
    std::set<uint32_t> ended;
    for (const lotic::Run& run : batch.runs) {
      starts[run.split].position = run.next;
      if (run.ended) ended.insert(run.split);
    }
    for (auto split = ended.rbegin(); split != ended.rend(); ++split) starts.erase(starts.begin() + *split);
    ASSERT_TRUE(reader->Close(Soon()).ok());
    if (starts.empty()) break;
  }
  EXPECT_TRUE(SameRows(out.All(), expected));
}

TEST_P(ConnectorConformance, ASplitReleasedByOneReaderGoesOnInAnother) {
  ASSERT_OK_AND_ASSIGN(const Plan plan, MakePlan(harness_->connector(), RequestFor(info_)));
  const std::vector<Row> expected = ReadAll(harness_->connector(), plan).All();
  std::vector<SplitStart> starts = Starts(plan.splits);
  ASSERT_OK_AND_ASSIGN(const auto first, harness_->connector().Open(Soon(), plan.request, starts));
  ASSERT_OK_AND_ASSIGN(const auto second, harness_->connector().Open(Soon(), plan.request, {}));
  Output out;
  if (info_.durable_positions) {  // without them a split can be handed on only before its first row
    ASSERT_OK_AND_ASSIGN(const ReadBatch some, first->Next(Soon()));
    Take(some, starts, &out);
  }
  std::vector<SplitStart> moved;
  for (uint32_t i = 0; i < starts.size(); ++i) {
    ASSERT_OK_AND_ASSIGN(const SplitStart at, first->Release(i));
    EXPECT_TRUE(info_.dense_positions ? CheckAccounting(first->Certificate(i)).ok() : true);
    ASSERT_OK_AND_ASSIGN(const uint32_t number, second->Add(at));
    ASSERT_EQ(number, i);
    moved.push_back(at);
  }
  for (;;) {
    ASSERT_OK_AND_ASSIGN(const ReadBatch batch, second->Next(Soon()));
    if (batch.runs.empty()) break;
    Take(batch, moved, &out);
  }
  EXPECT_TRUE(SameRows(out.All(), expected));
  std::vector<SplitCertificate> parts;
  for (uint32_t i = 0; i < starts.size(); ++i) {
    parts.push_back(first->Certificate(i));
    parts.push_back(second->Certificate(i));
  }
  int64_t rows = 0;
  for (const SplitCertificate& part : parts) rows += part.rows;
  EXPECT_EQ(rows, static_cast<int64_t>(expected.size()));
}

TEST_P(ConnectorConformance, ALimitStopsTheReadAndSaysSo) {
  ScanRequest request = RequestFor(info_);
  request.limit = 7;
  ASSERT_OK_AND_ASSIGN(const Plan plan, MakePlan(harness_->connector(), request));
  const Output out = ReadAll(harness_->connector(), plan);
  EXPECT_EQ(out.All().size(), 7u);
  bool limited = false;
  for (const SplitCertificate& certificate : out.certificates) {
    EXPECT_TRUE(certificate.complete);
    limited = limited || certificate.reason == EndReason::kLimit;
    if (info_.dense_positions) {
      EXPECT_TRUE(CheckAccounting(certificate).ok()) << CheckAccounting(certificate);
    }
  }
  EXPECT_TRUE(limited);
}

TEST_P(ConnectorConformance, ASnapshotHoldsWhatWasThereWhenItWasPlanned) {
  if (info_.snapshot != SnapshotKind::kExact) return RecordProperty("not_declared", "no exact snapshots");
  ASSERT_OK_AND_ASSIGN(const Plan plan, MakePlan(harness_->connector(), RequestFor(info_)));
  const std::vector<Row> before = ReadAll(harness_->connector(), plan).All();
  ASSERT_TRUE(harness_->Append(0, 25).ok());
  EXPECT_TRUE(SameRows(ReadAll(harness_->connector(), plan).All(), before));
  ScanRequest repeated = RequestFor(info_);
  repeated.token = plan.prepared.token;
  ASSERT_OK_AND_ASSIGN(const Plan again, MakePlan(harness_->connector(), repeated));
  EXPECT_EQ(again.prepared.token, plan.prepared.token);
  EXPECT_TRUE(SameRows(ReadAll(harness_->connector(), again).All(), before));
  ASSERT_OK_AND_ASSIGN(const Plan now, MakePlan(harness_->connector(), RequestFor(info_)));
  EXPECT_EQ(ReadAll(harness_->connector(), now).All().size(), before.size() + 25);
}

TEST_P(ConnectorConformance, ReadingStopsWhenAskedTo) {
  ASSERT_OK_AND_ASSIGN(const Plan plan, MakePlan(harness_->connector(), RequestFor(info_)));
  ASSERT_OK_AND_ASSIGN(const auto reader, harness_->connector().Open(Soon(), plan.request, Starts(plan.splits)));
  std::stop_source stop;
  stop.request_stop();
  CallContext ctx = Soon();
  ctx.stop = stop.get_token();
  EXPECT_EQ(reader->Next(ctx).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(harness_->connector().Prepare(ctx, plan.request).status().code(), StatusCode::kCancelled);
}

// What follows needs splits without an end.

class EndlessRead {
 public:
  EndlessRead(ConformanceHarness& harness, const TableInfo& info) : harness_(harness) {
    ScanRequest request = RequestFor(info);
    request.unbounded = true;
    request.start.kind = ScanStart::Kind::kLatest;
    Result<Plan> plan = MakePlan(harness.connector(), request);
    EXPECT_TRUE(plan.ok()) << plan.status();
    if (plan.ok()) plan_ = *plan;
    starts_ = Starts(plan_.splits);
    auto reader = harness.connector().Open(Soon(), plan_.request, starts_);
    EXPECT_TRUE(reader.ok()) << reader.status();
    if (reader.ok()) reader_ = std::move(*reader);
  }
  // Reads until `count` rows have come, or gives up at the deadline.
  void ReadRows(size_t count) {
    const CallContext ctx = Soon();
    while (out_.All().size() < count && steady_clock::now() < ctx.deadline) {
      const Result<ReadBatch> batch = reader_->Next(ctx);
      ASSERT_TRUE(batch.ok()) << batch.status();
      Take(*batch, starts_, &out_);
      for (const lotic::Run& run : batch->runs) ASSERT_FALSE(run.ended);
    }
  }
  ConformanceHarness& harness_;
  Plan plan_;
  std::vector<SplitStart> starts_;
  std::unique_ptr<Reader> reader_;
  Output out_;
};

TEST_P(ConnectorConformance, AnEndlessSplitDeliversWhatArrivesLater) {
  if (!Has(info_, Role::kEndless)) return RecordProperty("not_declared", "not an endless table");
  EndlessRead read(*harness_, info_);
  ASSERT_NE(read.reader_, nullptr);
  CallContext idle;
  idle.deadline = steady_clock::now() + std::chrono::milliseconds(20);
  ASSERT_OK_AND_ASSIGN(const ReadBatch nothing, read.reader_->Next(idle));
  EXPECT_FALSE(nothing.rows && nothing.rows->num_rows() > 0);
  ASSERT_TRUE(harness_->Append(1, 3).ok());
  read.ReadRows(3);
  EXPECT_EQ(read.out_.All().size(), 3u);
  ASSERT_TRUE(harness_->Append(0, 2).ok());
  read.ReadRows(5);
  EXPECT_EQ(read.out_.All().size(), 5u);
}

TEST_P(ConnectorConformance, AWaitingReaderWakesAtOnceWithNothing) {
  if (!Has(info_, Role::kEndless)) return RecordProperty("not_declared", "not an endless table");
  EndlessRead read(*harness_, info_);
  ASSERT_NE(read.reader_, nullptr);
  auto waiting = std::async(std::launch::async, [&] {
    for (;;) {  // a run that only reports progress may come first
      const Result<ReadBatch> batch = read.reader_->Next(CallContext());
      if (!batch.ok() || batch->runs.empty()) return batch.status();
    }
  });
  read.reader_->Wake();  // before or while it waits: it must not be lost
  ASSERT_EQ(waiting.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  EXPECT_TRUE(waiting.get().ok());
}

TEST_P(ConnectorConformance, AWaitingReaderIsCancelledSoon) {
  if (!Has(info_, Role::kEndless)) return RecordProperty("not_declared", "not an endless table");
  EndlessRead read(*harness_, info_);
  ASSERT_NE(read.reader_, nullptr);
  std::stop_source stop;
  std::promise<void> begun;
  auto waiting = std::async(std::launch::async, [&] {
    CallContext ctx;
    ctx.stop = stop.get_token();
    begun.set_value();
    for (;;) {
      const Result<ReadBatch> batch = read.reader_->Next(ctx);
      if (!batch.ok()) return batch.status();
    }
  });
  begun.get_future().wait();
  const auto asked = steady_clock::now();
  stop.request_stop();
  ASSERT_EQ(waiting.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  EXPECT_EQ(waiting.get().code(), StatusCode::kCancelled);
  EXPECT_LT(steady_clock::now() - asked, std::chrono::seconds(1)) << "the limit is 100 ms; ten times that is no slow machine";
}

TEST_P(ConnectorConformance, ANewPartitionIsDiscoveredOnceAndRead) {
  if (!Has(info_, Role::kEndless)) return RecordProperty("not_declared", "not an endless table");
  auto* discovery = dynamic_cast<SplitDiscovery*>(&harness_->connector());
  ASSERT_NE(discovery, nullptr) << "an endless table needs discovery";
  EndlessRead read(*harness_, info_);
  ASSERT_NE(read.reader_, nullptr);
  ASSERT_OK_AND_ASSIGN(const Discovered none, discovery->Discover(Soon(), read.plan_.request, {}, {}));
  EXPECT_TRUE(none.splits.empty());
  ASSERT_TRUE(harness_->AddPartition().ok());
  ASSERT_OK_AND_ASSIGN(const Discovered one, discovery->Discover(Soon(), read.plan_.request, none.state, {}));
  ASSERT_EQ(one.splits.size(), 1u);
  EXPECT_FALSE(one.splits[0].end.has_value());
  ASSERT_OK_AND_ASSIGN(const Discovered again, discovery->Discover(Soon(), read.plan_.request, one.state, {}));
  EXPECT_TRUE(again.splits.empty());
  ASSERT_OK_AND_ASSIGN([[maybe_unused]] const uint32_t number, read.reader_->Add({one.splits[0], one.splits[0].start}));
  read.starts_.push_back({one.splits[0], one.splits[0].start});
  read.ReadRows(1);
  EXPECT_EQ(read.out_.All().size(), 1u);
}

}  // namespace lotic
