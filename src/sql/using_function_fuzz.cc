// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sql/engine.h"
#include "sql/using_function.h"

namespace {

using namespace lotic;
using namespace lotic::sql;

void CheckPosition(const Status& status, size_t size) {
  if (status.ok() || status.detail() == nullptr) return;
  const auto& detail = static_cast<const SqlErrorDetail&>(*status.detail());
  LOTIC_CHECK(!detail.position || *detail.position <= size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto statement = ParseUsingFunction(text);
  CheckPosition(statement.status(), size);
  if (statement.ok() && *statement) {
    LOTIC_CHECK((*statement)->query.size() == size);
    LOTIC_CHECK(!(*statement)->functions.empty() && (*statement)->functions.size() <= kMaxExternalFunctions);
    // The query that is left is no front again, unless it begins with one of its own.
    for (const ExternalFunction& function : (*statement)->functions) LOTIC_CHECK(!function.name.empty() && !function.lambda.empty());
  }
  CheckPosition(ParseLambdaSetting(text).status(), size);
  return 0;
}
