// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "table/ports.h"

namespace lotic::table {

/// Segment files for tests below src/sql: really in files, in the layout of rows files, one commit for each batch written.
std::unique_ptr<SegmentFiles> MakeTestSegmentFiles();

}  // namespace lotic::table
