// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cli/row_writer.h"

namespace lotic::cli {

/// A framed table with aligned columns: box-drawing characters, or + - | with `ascii`. Numbers stand on the right.
std::unique_ptr<RowWriter> MakeTableWriter(bool ascii, const RenderOptions& options, ByteSink& sink);

}  // namespace lotic::cli
