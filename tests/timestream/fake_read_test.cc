// SPDX-License-Identifier: Apache-2.0
// The connector against fake_timestream.py, whose URL is in LOTIC_TIMESTREAM_URL: fake_test.py starts it and runs this.
#include <gmock/gmock.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "connector/conformance.h"
#include "tests/timestream/reading.h"

namespace lotic::timestream {
namespace {

std::string Url() {
  const char* const url = std::getenv("LOTIC_TIMESTREAM_URL");
  LOTIC_CHECK(url != nullptr);
  return url;
}

class FakeHarness final : public ConformanceHarness {
 public:
  Connector& connector() override { return *connector_; }
  TableName table() override { return {"ops", "multi"}; }
  Status Append(size_t, int) override { return Status::NotImplemented("the connector does not write"); }
  Status AddPartition() override { return Status::NotImplemented("there are no partitions"); }
  size_t least_partitions() override { return 1; }

 private:
  const std::shared_ptr<Connector> connector_ = ConnectTo(Url());
};

}  // namespace
}  // namespace lotic::timestream

namespace lotic {
INSTANTIATE_TEST_SUITE_P(Timestream, ConnectorConformance,
                         testing::Values(ConformanceCase{"timestream", [] { return std::make_unique<timestream::FakeHarness>(); }}),
                         [](const auto& param) { return param.param.name; });
}  // namespace lotic

namespace lotic::timestream {
namespace {

TEST(FakeRead, DatabasesTablesAndColumnsAreThere) {
  const auto ts = ConnectTo(Url());
  EXPECT_THAT(ts->ListSchemas(Soon()).ValueOrDie(), testing::ElementsAre("Green House", "ops"));
  const TableInfo info = ts->GetTable(Soon(), {"OPS", "CPU"}).ValueOrDie();
  EXPECT_EQ(info.name, (TableName{"ops", "cpu"})) << "the service's own names";
  ASSERT_EQ(info.schema.fields.size(), 5u);
  EXPECT_EQ(info.schema.fields[2].name, "time");
  EXPECT_EQ(info.schema.fields[2].type, Type::Timestamp(TimeUnit::kMicro, false));
  EXPECT_EQ(info.schema.fields[3].name, "measure_value::double");
  EXPECT_EQ(info.schema.fields[3].metadata.at("x-ts-attribute"), "MEASURE_VALUE");
}

/// Makes constraints whose borders are the data's own values, and values beside them.
class RandomConstraints {
 public:
  RandomConstraints(uint64_t seed, const TableInfo& info, const Scan& all) : random_(seed), info_(info) {
    for (size_t c = 0; c < info.schema.fields.size(); ++c) {
      std::vector<Scalar> values;
      for (const Batch& batch : all.batches) {
        for (int64_t row = 0; row < batch.num_rows(); ++row) {
          if (Scalar value = ScalarAt(batch.column(c), row); !IsNull(value)) values.push_back(std::move(value));
        }
      }
      values_.push_back(std::move(values));
    }
  }

  size_t Below(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random_); }
  bool OneIn(size_t count) { return Below(count) == 0; }

  Scalar Value(size_t column) {
    Scalar value = values_[column][Below(values_[column].size())];
    const TypeId id = info_.schema.fields[column].type.id();
    if (auto* number = std::get_if<int64_t>(&value); number != nullptr && OneIn(3)) {
      const int64_t limit = id == TypeId::kInt64 || id == TypeId::kTimestamp ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int32_t>::max();
      const int64_t beside[] = {*number, limit, -limit - 1, 0, *number < limit ? *number + 1 : limit, *number > -limit ? *number - 1 : -limit};
      *number = beside[Below(std::size(beside))];
    }
    if (auto* real = std::get_if<double>(&value); real != nullptr && OneIn(4)) *real = std::nextafter(*real, OneIn(2) ? 1e300 : -1e300);
    if (auto* text = std::get_if<std::string>(&value); text != nullptr && OneIn(6)) *text += "'";
    return value;
  }

  ValueSet Set(size_t column, const CompareOptions& compare) {
    const Type& type = info_.schema.fields[column].type;
    ValueSet set;
    set.kind = static_cast<ValueSet::Kind>(OneIn(6) ? Below(2) : 2 + Below(3));
    set.null_allowed = OneIn(2);
    const size_t count = OneIn(40) ? 1'100 : Below(4);
    for (size_t i = 0; i < count; ++i) {
      if (set.kind == ValueSet::Kind::kRanges) {
        ValueRange range{OneIn(4) ? std::nullopt : std::optional(Value(column)), OneIn(2), OneIn(4) ? std::nullopt : std::optional(Value(column)), OneIn(2)};
        if (OneIn(4)) range = {Value(column), true, std::nullopt, true}, range.high = range.low;
        set.ranges.push_back(std::move(range));
      } else {
        set.values.push_back(Value(column));
      }
    }
    if (set.kind == ValueSet::Kind::kRanges || set.kind == ValueSet::Kind::kAll || set.kind == ValueSet::Kind::kNone) set.values.clear();
    EXPECT_TRUE(NormalizeValueSet(type, compare, &set).ok());
    return set;
  }

 private:
  std::mt19937_64 random_;
  const TableInfo& info_;
  std::vector<std::vector<Scalar>> values_;
};

size_t Rounds() {
  const char* const size = std::getenv("LOTIC_SIZE");
  return size != nullptr && std::string_view(size) == "full" ? 10'200 : 1'000;
}

TEST(FakeRead, PushedConstraintsGiveTheRowsThatFilteringEverythingGives) {
  const uint64_t seed = std::random_device()();
  size_t pushed = 0, kept = 0, limits = 0;
  for (const char* const precision : {"ms", "us", "ns"}) {
    const auto ts = ConnectTo(Url(), precision);
    const TableInfo info = ts->GetTable(Soon(), {"ops", "multi"}).ValueOrDie();
    const Scan all = ReadAll(*ts, RequestFor(info)).ValueOrDie();
    ASSERT_GE(all.num_rows(), 100);
    RandomConstraints random(seed, info, all);
    for (size_t round = 0; round < Rounds() / 3; ++round) {
      ScanRequest request = RequestFor(info);
      request.compare.signed_zero_distinct = random.OneIn(3);
      if (random.OneIn(3)) request.compare.string_order = CompareOptions::StringOrder::kUtf16Unit;
      for (size_t i = 0; i <= random.Below(3); ++i) {
        const size_t column = random.Below(info.schema.fields.size());
        request.constraints.columns[info.schema.fields[column].name] = random.Set(column, request.compare);
      }
      std::vector<Batch> matching;
      for (const Batch& batch : all.batches) {
        std::vector<uint8_t> keep;
        ASSERT_TRUE(EvaluateConstraints(request.constraints, request.compare, batch, &keep).ok());
        std::vector<int64_t> rows;
        for (size_t row = 0; row < keep.size(); ++row) {
          if (keep[row] != 0) rows.push_back(static_cast<int64_t>(row));
        }
        matching.push_back(batch.Take(rows));
      }
      std::vector<std::string> expected = RowsOf(matching);
      if (random.OneIn(4)) request.limit = static_cast<int64_t>(random.Below(20));
      const Result<Scan> scan = ReadAll(*ts, request);
      std::string told = "seed " + std::to_string(seed) + ", precision " + precision + ", round " + std::to_string(round);
      if (scan.ok()) {
        for (const PushedConstraint& line : scan->plan.report)
          told += "\n  " + std::string(PushdownName(line.pushdown)) + " " + line.text.substr(0, 500) + ": " + line.reason;
      }
      ASSERT_TRUE(scan.ok()) << scan.status() << told;
      std::vector<std::string> got = RowsOf(scan->batches);
      bool limited = false;
      for (const PushedConstraint& line : scan->plan.report) {
        if (line.column != "LIMIT") pushed += line.pushdown != Pushdown::kNot;
        limited = limited || (line.column == "LIMIT" && line.pushdown == Pushdown::kExact);
      }
      kept += got.size();
      std::sort(expected.begin(), expected.end());
      std::sort(got.begin(), got.end());
      if (limited) {
        ++limits;
        ASSERT_EQ(got.size(), std::min(expected.size(), static_cast<size_t>(*request.limit))) << told;
        ASSERT_TRUE(std::includes(expected.begin(), expected.end(), got.begin(), got.end())) << told;
      } else {
        std::vector<std::string> missing, extra;
        std::set_difference(expected.begin(), expected.end(), got.begin(), got.end(), std::back_inserter(missing));
        std::set_difference(got.begin(), got.end(), expected.begin(), expected.end(), std::back_inserter(extra));
        ASSERT_TRUE(missing.empty() && extra.empty()) << told << "\n"
                                                      << missing.size() << " rows missing: " << (missing.empty() ? "" : missing[0]) << "\n"
                                                      << extra.size() << " rows too many: " << (extra.empty() ? "" : extra[0]);
      }
    }
  }
  EXPECT_GT(pushed, Rounds() / 2) << "the test would say nothing if nothing were pushed";
  EXPECT_GT(kept, Rounds());
  EXPECT_GT(limits, 0u);
}

/// A row as the values that an order looks at.
struct Keys {
  const ScanRequest& request;

  std::vector<Scalar> Of(const Batch& batch, int64_t row) const {
    std::vector<Scalar> keys;
    for (const SortKey& key : request.order_by) keys.push_back(ScalarAt(batch.column(*request.layout.IndexOf(key.column)), row));
    return keys;
  }
  int Compare(const std::vector<Scalar>& a, const std::vector<Scalar>& b) const {
    for (size_t k = 0; k < request.order_by.size(); ++k) {
      const SortKey& key = request.order_by[k];
      if (IsNull(a[k]) != IsNull(b[k])) return IsNull(a[k]) == key.nulls_first ? -1 : 1;
      if (IsNull(a[k])) continue;
      const int order = CompareScalars(request.layout.fields[*request.layout.IndexOf(key.column)].type, a[k], b[k], request.compare);
      if (order != 0) return key.descending ? -order : order;
    }
    return 0;
  }
};

TEST(FakeRead, AnOrderThatIsSentGivesTheFirstRowsOfThatOrder) {
  const uint64_t seed = std::random_device()();
  size_t sent = 0;
  for (const char* const precision : {"ms", "us", "ns"}) {
    const auto ts = ConnectTo(Url(), precision);
    const TableInfo info = ts->GetTable(Soon(), {"ops", "multi"}).ValueOrDie();
    const Scan all = ReadAll(*ts, RequestFor(info)).ValueOrDie();
    RandomConstraints random(seed, info, all);
    for (size_t round = 0; round < Rounds() / 10; ++round) {
      ScanRequest request = RequestFor(info);
      for (size_t i = 0; i <= random.Below(2); ++i) {
        request.order_by.push_back({info.schema.fields[random.Below(info.schema.fields.size())].name, random.OneIn(2), random.OneIn(2)});
      }
      request.limit = static_cast<int64_t>(1 + random.Below(30));
      if (random.OneIn(2)) {
        const size_t column = random.Below(info.schema.fields.size());
        request.constraints.columns[info.schema.fields[column].name] = random.Set(column, request.compare);
      }
      const Keys keys{request};
      std::vector<std::vector<Scalar>> expected, got;
      for (const Batch& batch : all.batches) {
        std::vector<uint8_t> keep;
        ASSERT_TRUE(EvaluateConstraints(request.constraints, request.compare, batch, &keep).ok());
        for (size_t row = 0; row < keep.size(); ++row) {
          if (keep[row] != 0) expected.push_back(keys.Of(batch, static_cast<int64_t>(row)));
        }
      }
      std::sort(expected.begin(), expected.end(), [&](const auto& a, const auto& b) { return keys.Compare(a, b) < 0; });
      const Result<Scan> scan = ReadAll(*ts, request);
      std::string told = "seed " + std::to_string(seed) + ", precision " + precision + ", round " + std::to_string(round);
      for (const SortKey& key : request.order_by) told += ", " + key.column + (key.descending ? " DESC" : "") + (key.nulls_first ? " NULLS FIRST" : "");
      ASSERT_TRUE(scan.ok()) << scan.status() << told;
      bool ordered = false;
      for (const PushedConstraint& line : scan->plan.report) ordered = ordered || (line.column == "ORDER BY" && line.pushdown == Pushdown::kExact);
      for (const Batch& batch : scan->batches) {
        for (int64_t row = 0; row < batch.num_rows(); ++row) got.push_back(keys.Of(batch, row));
      }
      if (!ordered) {
        ASSERT_EQ(got.size(), expected.size()) << told << ": a limit without its order would leave out other rows";
        continue;
      }
      ++sent;
      ASSERT_EQ(got.size(), std::min(expected.size(), static_cast<size_t>(*request.limit))) << told;
      for (size_t row = 0; row < got.size(); ++row) ASSERT_EQ(keys.Compare(got[row], expected[row]), 0) << told << ", row " << row;
    }
  }
  EXPECT_GT(sent, Rounds() / 20);
}

}  // namespace
}  // namespace lotic::timestream
