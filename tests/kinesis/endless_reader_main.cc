// SPDX-License-Identifier: Apache-2.0
// kinesis_endless_reader ENDPOINT STREAM ROWS BATCHES: reads a stream as an ingester does, through the connector interface alone, from its
// oldest record until ROWS have come, and prints a line for each: shard, sequence number, partition key, bytes. After every BATCHES
// batches everything but what was committed is thrown away, as by a crash.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "aws/environment.h"
#include "connector/kinesis/kinesis_connector.h"

namespace {

using lotic::CallContext;
using lotic::Result;
using lotic::Status;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{1'200};
constexpr std::chrono::milliseconds kDiscoverEvery{500};
constexpr const char* kColumns[] = {"_shard_id", "_sequence_number", "_partition_key", "_data"};

lotic::aws::Environment Keys() {
  lotic::aws::Environment made;
  for (const char* const name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}) {
    if (const char* const value = std::getenv(name)) made[name] = value;
  }
  return made;
}

struct Committed {
  std::vector<lotic::SplitStart> open;
  lotic::DiscoveryState state;
};

Status Life(const std::string& endpoint, lotic::ScanRequest* request, Committed* committed, int64_t batches, int64_t* rows_left,
            steady_clock::time_point deadline) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<lotic::Connector> connector, lotic::kinesis::AttachKinesis("us-east-1", {{"endpoint", endpoint}}, Keys()));
  auto* const discovery = dynamic_cast<lotic::SplitDiscovery*>(connector.get());
  if (request->token.empty()) {
    LOTIC_ASSIGN_OR_RETURN(const lotic::TableInfo info, connector->GetTable({}, request->table));
    for (const char* const name : kColumns) {
      for (const lotic::Schema* const columns : {&info.schema, &info.hidden}) {
        if (const auto at = columns->IndexOf(name)) request->layout.fields.push_back(columns->fields[*at]);
      }
    }
    LOTIC_ASSIGN_OR_RETURN(const lotic::Prepared plan, connector->Prepare({}, *request));
    request->token = plan.token;
    LOTIC_ASSIGN_OR_RETURN(const lotic::SplitPage page, connector->Splits({}, *request, plan.partitions, {}));
    for (const lotic::Split& split : page.splits) committed->open.push_back({split, split.start});
  }
  LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<lotic::Reader> reader, connector->Open({}, *request, committed->open));
  std::vector<bool> ended_numbers(committed->open.size());
  auto discover_at = steady_clock::now();
  for (int64_t taken = 0; taken<batches&& * rows_left> 0;) {
    if (steady_clock::now() > deadline) return Status::DeadlineExceeded(*rows_left, " rows did not come in time");
    LOTIC_ASSIGN_OR_RETURN(const lotic::ReadBatch batch, reader->Next(CallContext().WithDeadline(discover_at + kDiscoverEvery)));
    std::vector<lotic::Split> ended;
    int64_t row = 0;
    for (const lotic::Run& run : batch.runs) {
      LOTIC_RETURN_NOT_OK(run.status);
      for (int64_t i = 0; i < run.num_rows; ++i, ++row) {
        for (size_t c = 0; c < std::size(kColumns); ++c) std::cout << (c == 0 ? "" : "\t") << batch.rows->column(c).Text(row);
        std::cout << '\n';
      }
      committed->open[run.split].position = run.next;
      if (run.ended) {
        ended.push_back(committed->open[run.split].split);
        ended_numbers[run.split] = true;
      }
    }
    *rows_left -= row;
    taken += batch.runs.empty() ? 0 : 1;
    if (ended.empty() && steady_clock::now() < discover_at + kDiscoverEvery) continue;
    LOTIC_ASSIGN_OR_RETURN(const lotic::Discovered found, discovery->Discover({}, *request, committed->state, ended));
    discover_at = steady_clock::now();
    committed->state = found.state;
    for (const lotic::Split& split : found.splits) {
      committed->open.push_back({split, split.start});
      ended_numbers.push_back(false);
      LOTIC_RETURN_NOT_OK(reader->Add(committed->open.back()).status());
    }
  }
  std::vector<lotic::SplitStart> still;
  for (size_t i = 0; i < committed->open.size(); ++i) {
    if (!ended_numbers[i]) still.push_back(committed->open[i]);
  }
  committed->open = std::move(still);
  return Status::OK();
}

Status Run(char** arguments) {
  lotic::ScanRequest request;
  request.table = {"default", arguments[2]};
  request.unbounded = true;
  Committed committed;
  int64_t rows_left = std::atoll(arguments[3]);
  const auto deadline = steady_clock::now() + kPatience;
  while (rows_left > 0) LOTIC_RETURN_NOT_OK(Life(arguments[1], &request, &committed, std::atoll(arguments[4]), &rows_left, deadline));
  return Status::OK();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "kinesis_endless_reader ENDPOINT STREAM ROWS BATCHES\n");
    return 2;
  }
  const Status status = Run(argv);
  std::cout.flush();
  if (!status.ok()) std::fprintf(stderr, "error: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
