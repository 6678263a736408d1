// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests and fuzz targets of this folder: messages in, cells by Pinot's rules as text out.

#include <string>
#include <vector>

#include "format/pinot_decoder.h"
#include "lotic/batch.h"

namespace lotic::format_testing {

struct PinotDecoded {
  Batch batch;
  PinotOutcome outcome;
  DecodeCounts counts;
  std::string Row(int64_t row) const;  ///< all columns, separated by " | "
  /// Rows and problems, for comparison: one line each.
  std::string Text() const;
};

/// Runs a decoder over `messages`, which lie one behind the other, `gap` bytes apart, in a block that ends with the last one. Stops the process if the batch does not validate.
PinotDecoded DecodePinot(const std::vector<PinotDecoderField>& fields, const std::vector<std::string>& messages, bool speculate, size_t gap = 0,
                         size_t run_size = 300);

/// A field for each of the cells, over the members that MessageGenerator's messages mostly have.
std::vector<PinotDecoderField> PinotGeneratorFields();

/// Milliseconds of digits or of an ISO 8601 text: what stands for the table's own parser in this folder's tests.
bool ParseTestTimestamp(std::string_view text, int64_t* ms);

}  // namespace lotic::format_testing
