// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string_view>

#include "lotic/scan_json.h"
#include "table/snapshot.h"

// What comes back from other processes: a token, a split, a position, told apart by the first byte. Whatever is accepted is written again as it came.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic;
  if (size == 0 || size > 65'536) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 't') {
    const auto token = table::TableSnapshot::Parse(text);
    if (token.ok() && token->ToToken() != text) std::abort();
  } else if (data[0] == 's') {
    const auto split = SplitFromJson(text, {});
    if (!split.ok()) return 0;
    const auto parsed = table::SegmentSplit::Parse(*split);
    if (!parsed.ok()) return 0;
    if (parsed->contents && parsed->contents->fates.Sum() != parsed->end - parsed->start) std::abort();
    const auto again = table::SegmentSplit::Parse(parsed->ToSplit());
    if (!again.ok() || !(*again == *parsed)) std::abort();
  } else {
    const Position position{std::string(text)};
    const auto row = table::ParseRowPosition(position, {"10"});
    if (row.ok() && position.text != "10" && table::RowPosition(*row) != position) std::abort();
  }
  return 0;
}
