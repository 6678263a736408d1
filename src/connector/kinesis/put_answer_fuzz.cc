// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "connector/kinesis/put_client.h"

// The first byte is the number of entries sent; the rest the answer.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto results = lotic::kinesis::ParsePutAnswer(body, data[0]);
  if (results.ok() && results->size() != data[0]) std::abort();
  const auto target = lotic::kinesis::ParseWriteTarget(body);
  if (target.ok() && (target->name.empty() || target->max_record_bytes < 1024)) std::abort();
  return 0;
}
