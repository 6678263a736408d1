// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "connector/indexed_connector.h"

namespace lotic {

inline constexpr const char* kIndexedPartition = "_partition_id";
inline constexpr const char* kIndexedOffset = "_partition_offset";
/// Field metadata of the hidden columns: its value is the hidden column's name.
inline constexpr const char* kIndexedHidden = "lotic:hidden";

/// A whole number from 0 on. Errors: Invalid, naming `what` and the text.
Result<int64_t> ParseRowNumber(std::string_view what, std::string_view text);

/// Reads splits of `request.table`; see Reader.
std::unique_ptr<Reader> MakeIndexedReader(std::shared_ptr<IndexedSource> source, const ScanRequest& request);

}  // namespace lotic
