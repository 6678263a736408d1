// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include "catalog/pinot_expression.h"
#include "catalog/pinot_schema.h"
#include "catalog/pinot_sql.h"

namespace {

const lotic::catalog::PinotSchema& Schema() {
  static const auto* schema = [] {
    auto* made = new lotic::catalog::PinotSchema;
    const auto add = [&](const char* name, lotic::catalog::PinotType type, bool single, const char* substitute) {
      lotic::catalog::PinotField field;
      field.name = name;
      field.type = type;
      field.single_value = single;
      field.default_null = substitute;
      made->fields.push_back(field);
    };
    using enum lotic::catalog::PinotType;
    add("id", kInt, true, "-2147483648");
    add("uuid", kString, true, "null");
    add("count", kLong, true, "0");
    add("amount", kDouble, true, "0.0");
    add("tags", kString, false, "null");
    add("ts", kTimestamp, true, "1970-01-01 00:00:00.0");
    add("payload", kJson, true, "null");
    add("raw", kBytes, true, "");
    return made;
  }();
  return *schema;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::catalog;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto options = ParsePinotOptions(text);
  const auto query = ParsePinotQuery(text);
  if (query.ok()) {
    PinotTranslateOptions how;
    how.from = "events";
    how.enable_null_handling = size % 2 == 1;
    const auto made = TranslatePinotQuery(*query, Schema(), how);
    if (made.ok()) {
      LOTIC_CHECK(!made->columns.empty());
    } else {
      LOTIC_CHECK(PinotErrorCodeOf(made.status()).has_value());  // every error has a number for the client
    }
  } else {
    LOTIC_CHECK(PinotErrorCodeOf(query.status()).has_value());
  }
  const auto inputs = PinotExpressionInputs(text);
  if (inputs.ok()) {
    lotic::Schema input;
    for (const std::string& name : *inputs) input.fields.push_back({name, lotic::Type::String()});
    const auto made = TranslatePinotExpression(text, input, lotic::Type::String());
  }
  return 0;
}
