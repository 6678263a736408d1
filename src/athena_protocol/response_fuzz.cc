// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include "athena_protocol/message_json.h"

// An answer as a client gets it from a connector of anybody. What the strict reader takes the liberal one takes too, but for a member that
// comes again behind the last one that the original reads: it would not look there, we do not choose between two. What is accepted can be written, and passes the strict reader.

namespace lotic::athena {
namespace {

void FuzzResponse(std::string_view json) {
  const Result<FederationResponse> liberal = ParseResponse(json, {});
  const Result<FederationResponse> strict = ParseResponse(json, {.strict = true});
  LOTIC_CHECK(liberal.ok() || !strict.ok() || liberal.status().message().ends_with("stands twice"));
  if (!liberal.ok()) return;
  const std::string written = WriteResponse(*liberal);
  const Result<FederationResponse> again = ParseResponse(written, {.strict = true});
  LOTIC_CHECK(again.ok());
  LOTIC_CHECK(WriteResponse(*again) == written);
}

}  // namespace
}  // namespace lotic::athena

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lotic::athena::FuzzResponse({reinterpret_cast<const char*>(data), size});
  return 0;
}
