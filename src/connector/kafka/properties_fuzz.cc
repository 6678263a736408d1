// SPDX-License-Identifier: Apache-2.0
// Any text as a properties file, and each of its values as a JAAS line. References to files are not followed: they
// would read this machine.
#include <string>

#include "connector/kafka/client_properties.h"
#include "connector/kafka/jaas.h"

namespace lotic::kafka {
namespace {

void FuzzProperties(std::string_view text) {
  auto properties = ParseProperties(text, "fuzz");
  if (!properties.ok()) return;
  std::vector<Property> safe;
  for (Property& property : *properties) {
    LOTIC_CHECK(!property.key.empty());
    (void)ParseJaas(property.value.Reveal());
    if (property.value.Reveal().find("${") == std::string::npos) safe.push_back(std::move(property));
  }
  auto made = MakeClientProperties(safe);
  if (!made.ok()) return;
  LOTIC_CHECK(made->Validate().ok());
  const std::string shown = made->Redacted();
  LOTIC_CHECK(!shown.empty());
}

}  // namespace
}  // namespace lotic::kafka

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lotic::kafka::FuzzProperties({reinterpret_cast<const char*>(data), size});
  return 0;
}
