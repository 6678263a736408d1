// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "connector/athena/function_client.h"
#include "connector/athena/remote_plan.h"
#include "lotic/connector.h"

namespace lotic::athena_source {

inline constexpr const char* kStartPosition = "0";
inline constexpr const char* kEndPosition = "end";

/// Spilled answers of which some blocks have been returned, when their splits were released. Any thread.
class Remainders {
 public:
  void Keep(std::string key, RecordAnswer answer);
  std::optional<RecordAnswer> Take(const std::string& key);

 private:
  std::mutex mutex_;                                       // guards kept_
  std::deque<std::pair<std::string, RecordAnswer>> kept_;  // oldest first
};

/// Reads splits, one ReadRecords call each, one after the other. Errors: Invalid (the layout does not fit the table of the plan).
Result<std::unique_ptr<Reader>> MakeRemoteReader(std::shared_ptr<FunctionClient> client, std::shared_ptr<Remainders> remainders, const ScanRequest& request,
                                                 RemotePlan plan);

}  // namespace lotic::athena_source
