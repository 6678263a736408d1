// SPDX-License-Identifier: Apache-2.0
#include "table/tables.h"

namespace lotic::table {
namespace {

template <typename T>
Status CheckRange(const char* field, T value, T low, T high) {
  if (value >= low && value <= high) return Status::OK();
  return Status::Invalid("tables option ", field, "=", value, ": it must lie in ", low, " .. ", high);
}

}  // namespace

Status TablesOptions::Validate() const {
  if (folder.empty()) return Status::Invalid("tables option folder: no data directory is given");
  if (!streams) return Status::Invalid("tables option streams: there is nothing to make streams with");
  if (files == nullptr) return Status::Invalid("tables option files: there is nothing to write segments with");
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("create_time (ms)", create_time.count(), 1, 600'000));
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("sync_interval (ms)", sync_interval.count(), 1, 1'000));
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("sync_bytes", sync_bytes, 1, int64_t{64} << 20));
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("discovery_interval (ms)", discovery_interval.count(), 1, 30'000));
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("retention_interval (ms)", retention_interval.count(), 1, 3'600'000));
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("retry_first (ms)", retry_first.count(), 1, 10'000));
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("retry_most (ms)", retry_most.count(), 1, 600'000));
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("reserve_bytes", reserve_bytes, 0, int64_t{1} << 60));
  return CheckRange<int64_t>("memory_bytes", memory_bytes, int64_t{1} << 20, int64_t{16} << 30);
}

}  // namespace lotic::table
