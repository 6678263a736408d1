// SPDX-License-Identifier: Apache-2.0
// Texts that come back over c.h from other processes. What is accepted is written and read again to the same text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "capi/plan_json.h"
#include "lotic/scan_json.h"

namespace {

lotic::Status Fuzz(std::string_view text) {
  lotic::Schema layout;
  layout.fields = {{"id", lotic::Type::Int64()}, {"name", lotic::Type::String()}, {"raw", lotic::Type::Binary()}};
  (void)lotic::capi::NamesFromJson(text);
  (void)lotic::capi::OptionsFromJson(text);
  (void)lotic::capi::ConstraintsListFromJson(text, layout);
  (void)lotic::capi::CertificatesFromJson(text);
  (void)lotic::capi::SplitStartsFromJson(text, layout);
  if (const auto table = lotic::capi::TableFromJson(text); table.ok()) {
    const std::string written = lotic::capi::ToJson(*table);
    LOTIC_ASSIGN_OR_RETURN(const lotic::TableInfo again, lotic::capi::TableFromJson(written));
    LOTIC_CHECK(lotic::capi::ToJson(again) == written);
  }
  if (const auto plan = lotic::capi::PlanFromJson(text); plan.ok() && plan->partitions.empty()) {  // partitions are written by their table's types
    const std::string written = lotic::capi::ToJson(*plan, {});
    LOTIC_ASSIGN_OR_RETURN(const lotic::Prepared again, lotic::capi::PlanFromJson(written));
    LOTIC_CHECK(lotic::capi::ToJson(again, {}) == written);
  }
  return lotic::Status::OK();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  LOTIC_CHECK(Fuzz({reinterpret_cast<const char*>(data), size}).ok());
  return 0;
}
