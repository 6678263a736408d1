// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "format/pinot_decoder.h"
#include "lotic/status.h"

namespace lotic {

/// Messages that are JSON objects (RFC 8259, valid UTF-8, nothing but space behind them; no NaN). Fields are top-level members. `speculate` as in DecoderOptions.
/// Errors: CapacityError (kMaxPinotFields), Invalid (a kTimestamp field without parse_timestamp).
Result<std::unique_ptr<PinotDecoder>> MakePinotJsonDecoder(std::span<const PinotDecoderField> fields, bool speculate = true);

}  // namespace lotic
