// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include "athena_protocol/function_error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::athena;  // NOLINT
  const lotic::Result<FunctionError> error = ParseFunctionError({reinterpret_cast<const char*>(data), size});
  if (!error.ok()) return 0;
  LOTIC_CHECK(!StatusOf(*error).ok());
  FunctionError outer = *error;
  outer.cause.clear();  // read, never written
  const FunctionError back = ParseFunctionError(WriteFunctionError(outer)).ValueOrDie();
  LOTIC_CHECK(back.message == outer.message && back.type == outer.type && back.stack == outer.stack);
  return 0;
}
