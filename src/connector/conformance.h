// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "lotic/connector.h"

// The one conformance suite of the connector interface: it drives any connector through include/lotic/connector.h alone, in every role
// that its table declares. A connector's test says how to start it and links this:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, ConnectorConformance, testing::Values(ConformanceCase{"memory", StartMemory}));

namespace lotic {

/// A running source with one table to read: at least two partitions that hold rows (or least_partitions()), at least 50 rows in all, scalar columns of a few types.
class ConformanceHarness {
 public:
  virtual ~ConformanceHarness() = default;
  virtual Connector& connector() = 0;
  virtual TableName table() = 0;
  /// Makes `count` more rows arrive in an existing partition. Needed for exact snapshots and for Role::kEndless.
  virtual Status Append(size_t partition, int count) = 0;
  /// Makes a partition appear and one row arrive in it. Needed for Role::kEndless.
  virtual Status AddPartition() = 0;
  /// Less than two where the source has no partitions to speak of.
  virtual size_t least_partitions() { return 2; }
};

struct ConformanceCase {
  std::string name;
  std::function<std::unique_ptr<ConformanceHarness>()> start;
};

/// Shows the name, not the bytes, in test listings.
inline void PrintTo(const ConformanceCase& param, std::ostream* out) { *out << param.name; }

class ConnectorConformance : public testing::TestWithParam<ConformanceCase> {
 protected:
  void SetUp() override;

  std::unique_ptr<ConformanceHarness> harness_;
  TableInfo info_;
};

}  // namespace lotic
