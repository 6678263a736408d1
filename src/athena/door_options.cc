// SPDX-License-Identifier: Apache-2.0
#include "athena/door_options.h"

#include <nlohmann/json.hpp>

#include "athena/environment_values.h"

namespace lotic::athena {

Result<DoorOptions> DoorOptions::FromEnvironment(const Environment& environment) {
  DoorOptions options;
  options.spill_bucket = ValueOf(environment, "spill_bucket");
  options.spill_prefix = ValueOf(environment, "spill_prefix", options.spill_prefix);
  options.encrypt_spill = !FlagOf(environment, "disable_spill_encryption", false);
  options.enable_query_passthrough = FlagOf(environment, "enable_query_passthrough", true);
  if (!ValueOf(environment, "kms_key_id").empty() && options.encrypt_spill) {
    return Status::NotImplemented("kms_key_id: data keys of KMS are not built yet; without it each split gets a random key of its own");
  }
  if (const auto at = environment.find("MAX_BLOCK_SIZE_BYTES"); at != environment.end() && !at->second.empty()) {
    LOTIC_ASSIGN_OR_RETURN(options.max_block_bytes, IntegerOf(environment, "MAX_BLOCK_SIZE_BYTES", 0, 1, kMaxBlockBytes));
  }
  LOTIC_ASSIGN_OR_RETURN(int64_t capacity, IntegerOf(environment, "spill_queue_capacity", kSpillThreads, 1, kMaxSpillQueue));
  LOTIC_ASSIGN_OR_RETURN(capacity, IntegerOf(environment, "SPILL_QUEUE_CAPACITY", capacity, 1, kMaxSpillQueue));
  options.spill_queue_capacity = static_cast<int>(capacity);
  if (const std::string text = ValueOf(environment, "spill_put_request_headers"); !text.empty()) {
    const nlohmann::json headers = nlohmann::json::parse(text, nullptr, false);
    bool fits = headers.is_object();
    for (auto at = headers.begin(); fits && at != headers.end(); ++at) {
      fits = at->is_string() && !at.key().empty();
      if (fits) options.spill_headers.emplace_back(at.key(), at->get<std::string>());
    }
    if (!fits)
      return Status::Invalid(
          "environment variable spill_put_request_headers: expected a JSON object of texts, such as {\"x-amz-server-side-encryption\": \"aws:kms\"}");
  }
  LOTIC_ASSIGN_OR_RETURN(options.casing, CasingModeOf(environment));
  LOTIC_ASSIGN_OR_RETURN(options.throttle, ThrottleOptions::FromEnvironment(environment));
  return options;
}

}  // namespace lotic::athena
