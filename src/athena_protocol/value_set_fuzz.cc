// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <string_view>

#include "athena_protocol/message_json.h"
#include "athena_protocol/value_block.h"

// The members of a summary. For every set that is accepted: the loop over a column agrees with containment, and the constraints of connectors take what it says.

namespace lotic::athena {
namespace {

void FuzzValueSets(std::string_view members) {
  static const std::string request = WriteRequest(ReadRecordsRequest{}, kSerdeVersion).ValueOrDie();
  constexpr std::string_view kBefore = "\"summary\":{";
  std::string json = request;
  json.insert(json.find(kBefore) + kBefore.size(), members);
  const Result<ParsedRequest> parsed = ParseRequest(json);
  if (!parsed.ok() || !std::holds_alternative<ReadRecordsRequest>(parsed->request)) return;
  const WireConstraints& constraints = std::get<ReadRecordsRequest>(parsed->request).constraints;
  for (const auto& [name, set] : constraints.summary) {
    (void)IsNone(set), (void)IsAll(set), (void)IsSingleValue(set);
    std::vector<Scalar> values = set.values;
    for (const WireRange& range : set.ranges) {
      values.push_back(range.low.value);
      values.push_back(range.high.value);
    }
    const Result<Block> block = MakeValueBlock(set.type, values);
    if (!block.ok()) continue;
    WireConstraints alone;
    alone.summary = {{std::string(kValueColumn), set}};
    std::vector<uint8_t> keep;
    const bool evaluated = EvaluateSummary(alone, *block, &keep).ok();
    for (size_t row = 0; row < values.size(); ++row) {
      const Result<bool> held = WireValueSetContains(set, set.type, values[row]);
      if (evaluated && held.ok()) LOTIC_CHECK(*held == (keep[row] != 0));
    }
    const Result<Schema> logical = LogicalSchema(block->schema);
    if (logical.ok()) LOTIC_CHECK(ToLogicalConstraints(alone, *logical).ok());
  }
}

}  // namespace
}  // namespace lotic::athena

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lotic::athena::FuzzValueSets({reinterpret_cast<const char*>(data), size});
  return 0;
}
