// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "format/row_format.h"

namespace lotic {

/// What a format makes of records, for tests: which become rows, and those rows.
struct DecodedRecords {
  std::vector<uint32_t> good;
  BadMessage first_bad;
  int64_t bad = 0;
  std::optional<Batch> rows;  ///< of the good ones
  int64_t undecodable = 0;
};
DecodedRecords DecodeRecords(const RowFormat& format, const Schema& columns, const std::vector<std::string>& records, bool strict = false);

}  // namespace lotic
