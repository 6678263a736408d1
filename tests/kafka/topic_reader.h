// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lotic/connector.h"

// Reads a topic through the connector interface and shows its records as the oracle does.

namespace lotic::kafka_pack {

struct ReadRecord {
  int32_t partition = 0;
  int64_t offset = 0;
  std::string shown;
};

/// One planned and finished reading.
struct Reading {
  Status status;  ///< the first failure: of the plan, of a split, of the reader
  Prepared prepared;
  std::vector<Split> splits;
  std::vector<ReadRecord> records;             ///< as they came
  int64_t rows = 0;                            ///< all that came, also without columns
  std::vector<SplitCertificate> certificates;  ///< of the splits, and of what the plan left out
  /// What is inconsistent in it: rows that do not fit their runs or columns that do not fit each other, sums that do not add up.
  std::vector<std::string> faults;
};

struct ReadOptions {
  int num_readers = 1;  ///< the splits are dealt out to so many
  std::chrono::seconds time_limit{60};
};

/// Every metadata column of a topic, none of its messages.
Schema MetadataLayout();

/// Plans and reads. Residual constraints are not applied: what comes is what the connector gives.
Reading Read(Connector& connector, ScanRequest request, const ReadOptions& options = {});

/// By partition: where the plan begins and ends, over splits and what is left out.
struct Range {
  int64_t start = 0;
  int64_t end = 0;
  bool left_out = false;
};
std::map<int32_t, Range> PlannedRanges(const Reading& reading);

}  // namespace lotic::kafka_pack
