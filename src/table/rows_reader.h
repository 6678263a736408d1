// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "table/rows_map.h"
#include "table/table_view.h"

namespace lotic::table {

/// kLetGo: pages that were read do not stay in this process's memory (a seal reads a whole file once). Batches stay valid.
enum class PagesBehind : uint8_t { kKeep, kLetGo };

/// Rows of a rows file up to `published`, a length that was published. See SegmentRows.
Result<std::unique_ptr<SegmentRows>> OpenRowsFile(std::shared_ptr<RowsMap> map, int64_t published, const Schema& layout, SegmentRowsOptions options,
                                                  PagesBehind behind = PagesBehind::kKeep);
/// Rows of a sealed file, whose checksum this process has checked or checks now.
Result<std::unique_ptr<SegmentRows>> OpenSealedFile(const CallContext& ctx, const std::string& path, const SegmentInfo& segment, const Schema& layout,
                                                    SegmentFiles* files, SegmentRowsOptions options);

}  // namespace lotic::table
