// SPDX-License-Identifier: Apache-2.0
// First byte 0: bytes as a journal. Else: lines as the records of a manifest (1) or of a discovery journal (2), so that what stands behind the checksums is reached. What is
// accepted says the same when it is written again.
#include <string>
#include <string_view>
#include <vector>

#include "table/discovery.h"
#include "table/journal.h"
#include "table/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::table;
  constexpr size_t kMaxInput = size_t{1} << 20;
  if (size == 0 || size > kMaxInput) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<std::string> records;
  if (data[0] == 0) {
    const auto contents = ParseJournal(text);
    if (!contents.ok()) return 0;
    LOTIC_CHECK(static_cast<size_t>(contents->good_bytes) <= text.size());
    records = contents->records;
  } else {
    for (std::string_view rest = text; !rest.empty();) {
      const size_t end = rest.find('\n');
      records.emplace_back(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
  }
  LOTIC_CHECK(ParseJournal(EncodeJournal(records)).ValueOrDie().records == records);
  if (data[0] != 2) {
    const auto state = DecodeManifest(records);
    if (state.ok()) LOTIC_CHECK(DecodeManifest(EncodeManifest(*state)).ValueOrDie() == *state);
  }
  if (data[0] != 1) {
    const auto contents = DecodeDiscovery(records);
    if (contents.ok()) LOTIC_CHECK(DecodeDiscovery(EncodeDiscoveryContents(*contents)).ValueOrDie() == *contents);
  }
  return 0;
}
