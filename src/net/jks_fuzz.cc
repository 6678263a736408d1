// SPDX-License-Identifier: Apache-2.0
// Any bytes as a Java key store, its keys as protected keys. What is accepted survives a round trip.
#include <algorithm>

#include "net/jks.h"

namespace lotic::net {
namespace {

void FuzzJks(std::span<const uint8_t> input) {
  (void)ReadJks(input, Secret("changeit"));
  auto store = ReadJks(input, Secret());
  if (!store.ok()) return;
  for (const JksEntry& entry : store->entries) {
    if (entry.is_key()) (void)UnprotectJksKey(entry.protected_key, Secret("other-password"));
  }
  auto again = ReadJks(WriteJks(*store, Secret("p")), Secret("p"));
  LOTIC_CHECK(again.ok() && again->entries.size() == store->entries.size());
  for (size_t i = 0; i < store->entries.size(); ++i) {
    LOTIC_CHECK(again->entries[i].alias == store->entries[i].alias);
    LOTIC_CHECK(again->entries[i].certificates == store->entries[i].certificates);
    LOTIC_CHECK(again->entries[i].protected_key == store->entries[i].protected_key);
  }
}

}  // namespace
}  // namespace lotic::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lotic::net::FuzzJks({data, size});
  return 0;
}
