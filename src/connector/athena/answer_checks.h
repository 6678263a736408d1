// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "athena_protocol/messages.h"
#include "lotic/status.h"

// What must hold between a request and its answer, so that no row is lost, doubled or taken for another.

namespace lotic::athena_source {

/// Whether the records of `got` are the columns of `asked`: the same names, in any order, with the same types. What does not change a value may
/// differ: nullability, metadata, the zone named in a type, the name of a list's child. Errors: DataLoss, naming the column.
Status CheckRecordSchema(const athena::WireSchema& asked, const athena::WireSchema& got);

/// Whether two columns hold the same values in the same form, by the rules above.
bool SameColumnType(const athena::WireField& a, const athena::WireField& b);

/// Checks that the blocks of a spilled answer are the objects KEY.0, KEY.1, ... of the split's location, each once, and orders them by number. A block that is missing at the
/// end cannot be seen. Errors: DataLoss, naming the gap, the repeat, or the object that belongs to another split.
Status OrderSpilledBlocks(const athena::WireSplit& split, std::vector<athena::SpillLocation>* blocks);

}  // namespace lotic::athena_source
