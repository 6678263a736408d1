// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "catalog/pinot_schema.h"

namespace lotic::catalog {
namespace {

/// What is accepted is kept by the normalised document, which is its own normal form.
void Run(std::string_view text) {
  const auto parsed = ParsePinotSchema(text);
  if (!parsed.ok()) return;
  const PinotSchema& schema = parsed->value;
  const auto again = ParsePinotSchema(schema.document);
  LOTIC_CHECK(again.ok());
  LOTIC_CHECK(again->value.document == schema.document && again->unrecognized == "{}");
  LOTIC_CHECK(again->value.Columns() == schema.Columns() && again->value.primary_keys == schema.primary_keys);
  LOTIC_CHECK(CheckSchemaChange(schema, again->value).ok());
  for (const PinotField& field : schema.fields) {
    if (!field.date_time) continue;
    int64_t ms = 0, value = 0;
    (void)field.date_time->ToMillis(text.substr(0, 40), &ms);
    if (field.date_time->FromMillis(static_cast<int64_t>(text.size()) * 1'000'000'007, &value)) (void)field.date_time->ToMillis(value, &ms);
    (void)field.date_time->TextFromMillis(INT64_MIN);
    (void)field.date_time->TextFromMillis(INT64_MAX);
  }
}

}  // namespace
}  // namespace lotic::catalog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lotic::catalog::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
