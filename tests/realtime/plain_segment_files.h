// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "table/ports.h"

namespace lotic::table {

/// Segments as plain files, for tests that link no SQL engine: the schema as JSON, then the buffers of each batch. Columns of fixed width, BOOLEAN, text and binary.
std::unique_ptr<SegmentFiles> MakePlainSegmentFiles();

}  // namespace lotic::table
