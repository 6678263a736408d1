// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "broker/broker.h"
#include "connector/kafka/columns.h"
#include "connector/kafka/kafka_connector.h"
#include "scan/certificate.h"

// What tests of this folder share: a broker with a connector on it, and a whole read through the connector interface.

namespace lotic::kafka {

/// One row of a raw read. Ordered by partition, then offset.
struct TestRow {
  int64_t partition = 0;
  int64_t offset = 0;
  int64_t timestamp_ms = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  auto operator<=>(const TestRow&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, const TestRow& row) {
  return out << row.partition << "/" << row.offset << "@" << row.timestamp_ms << " " << row.key.value_or("NULL") << "=" << row.value.value_or("NULL");
}

/// What a whole read came to.
struct TestRead {
  std::vector<TestRow> rows;  // sorted
  int64_t num_rows = 0;
  std::vector<SplitCertificate> certificates;
  Prepared plan;
  std::vector<Status> failures;

  RecordCounts counts() const {
    RecordCounts sum;
    for (const SplitCertificate& c : certificates) sum += c.records;
    return sum;
  }
  bool complete() const {
    for (const SplitCertificate& c : certificates) {
      if (!c.complete) return false;
    }
    return failures.empty();
  }
};

inline CallContext Within(std::chrono::milliseconds time) {
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + time;
  return ctx;
}
inline CallContext Soon() { return Within(std::chrono::seconds(20)); }

inline std::shared_ptr<const Schema> RawLayout() {
  static const auto layout = std::make_shared<const Schema>(
      Schema{{MetadataField(MetadataColumn::kPartition), MetadataField(MetadataColumn::kOffset), MetadataField(MetadataColumn::kTimestampMs),
              MetadataField(MetadataColumn::kKeyBytes), MetadataField(MetadataColumn::kMessageBytes)},
             {}});
  return layout;
}

inline ScanRequest RawRequest(const std::string& topic) {
  ScanRequest request;
  request.table = {kDefaultSchema, topic};
  request.layout = *RawLayout();
  return request;
}

class BrokerTest : public testing::Test {
 protected:
  void StartBroker(broker::BrokerOptions options = {}) { broker_ = broker::Broker::Start(std::move(options)).ValueOrDie(); }

  KafkaOptions Options() const {
    KafkaOptions options;
    options.client.bootstrap_servers = net::Endpoint::ParseList(broker_->bootstrap()).ValueOrDie();
    options.client.retry_backoff = std::chrono::milliseconds(5);
    options.client.retry_backoff_max = std::chrono::milliseconds(50);
    return options;
  }
  std::shared_ptr<KafkaConnector> Connect() { return MakeKafkaConnector(Options()).ValueOrDie(); }

  static std::optional<std::string> TextAt(const Column& column, int64_t row) {
    if (column.IsNull(row)) return std::nullopt;
    return std::string(column.Text(row));
  }

  static void TakeRows(const ReadBatch& batch, TestRead* read) {
    if (!batch.rows.has_value()) return;
    ASSERT_TRUE(batch.rows->Validate().ok()) << batch.rows->Validate();
    read->num_rows += batch.rows->num_rows();
    if (batch.rows->schema() != *RawLayout()) return;
    for (int64_t i = 0; i < batch.rows->num_rows(); ++i) {
      read->rows.push_back({batch.rows->column(0).values<int64_t>()[i], batch.rows->column(1).values<int64_t>()[i], batch.rows->column(2).values<int64_t>()[i],
                            TextAt(batch.rows->column(3), i), TextAt(batch.rows->column(4), i)});
    }
  }

  /// Plans, splits, reads everything with one reader; failures of splits are collected, any other fails the test.
  static Result<TestRead> Read(KafkaConnector& connector, ScanRequest request, const CallContext& ctx = Soon()) {
    TestRead read;
    LOTIC_ASSIGN_OR_RETURN(read.plan, connector.Prepare(ctx, request));
    request.token = read.plan.token;
    LOTIC_ASSIGN_OR_RETURN(const SplitPage page, connector.Splits(ctx, request, read.plan.partitions, {}));
    std::vector<SplitStart> starts;
    for (const Split& split : page.splits) starts.push_back({split, split.start});
    LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader, connector.Open(ctx, request, starts));
    while (true) {
      LOTIC_ASSIGN_OR_RETURN(const ReadBatch batch, reader->Next(ctx));
      if (batch.runs.empty()) break;
      TakeRows(batch, &read);
      for (const lotic::Run& run : batch.runs) {
        if (!run.status.ok()) read.failures.push_back(run.status);
      }
    }
    for (uint32_t i = 0; i < starts.size(); ++i) {
      read.certificates.push_back(reader->Certificate(i));
      EXPECT_TRUE(CheckAccounting(read.certificates.back()).ok()) << CheckAccounting(read.certificates.back());
    }
    LOTIC_RETURN_NOT_OK(reader->Close(ctx));
    std::sort(read.rows.begin(), read.rows.end());
    return read;
  }

  std::unique_ptr<broker::Broker> broker_;
};

}  // namespace lotic::kafka
