// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lotic/connector.h"

// What a door does with a connector, for the tests of this folder.

namespace lotic::timestream {

/// A connector of the fake at `url` (fake_timestream.py). Stops the process on a failure.
std::shared_ptr<Connector> ConnectTo(const std::string& url, const std::string& precision = "us");
CallContext Soon();

struct Scan {
  Prepared plan;
  std::vector<Batch> batches;  ///< with the residual applied, and the limit if it was not pushed
  std::vector<SplitCertificate> certificates;
  int64_t num_rows() const;
};
/// Plans and reads all splits, and does what the report leaves to the door.
Result<Scan> ReadAll(Connector& connector, ScanRequest request);
ScanRequest RequestFor(const TableInfo& info);
/// A cell as text, nested values whole; "NULL".
std::string Show(const Column& column, int64_t row);
std::vector<std::string> RowsOf(const std::vector<Batch>& batches);

}  // namespace lotic::timestream
