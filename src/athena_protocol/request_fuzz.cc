// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include "athena_protocol/message_json.h"

// A request as it reaches a function. What is accepted can be written again, and then stays as it is.

namespace lotic::athena {
namespace {

void FuzzRequest(std::string_view json) {
  const Result<ParsedRequest> parsed = ParseRequest(json);
  if (!parsed.ok()) return;
  const Result<std::string> written = WriteRequest(parsed->request, kSerdeVersion);
  if (!written.ok()) return;  // a type that only the reader knows, such as one inside an expression
  const Result<ParsedRequest> again = ParseRequest(*written);
  LOTIC_CHECK(again.ok());
  LOTIC_CHECK(WriteRequest(again->request, kSerdeVersion).ValueOrDie() == *written);
}

}  // namespace
}  // namespace lotic::athena

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lotic::athena::FuzzRequest({reinterpret_cast<const char*>(data), size});
  return 0;
}
