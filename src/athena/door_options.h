// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "athena/lambda_function.h"
#include "athena/name_casing.h"
#include "athena/throttling_invoker.h"
#include "lotic/scan.h"
#include "lotic/status.h"

namespace lotic::athena {

/// What every connector served to Athena takes from its environment, by the federation SDK's names. A value type.
struct DoorOptions {
  std::string spill_bucket;                              ///< spill_bucket: a bucket, or file:///directory; empty: results that do not fit inline are errors
  std::string spill_prefix = "athena-federation-spill";  ///< spill_prefix
  bool encrypt_spill = true;                             ///< off by disable_spill_encryption = true (any case)
  std::vector<std::pair<std::string, std::string>> spill_headers;  ///< spill_put_request_headers: a JSON object, sent with every PutObject
  std::optional<int64_t> max_block_bytes;                          ///< MAX_BLOCK_SIZE_BYTES: in place of the request's; 1 .. kMaxBlockBytes
  int spill_queue_capacity = kSpillThreads;  ///< SPILL_QUEUE_CAPACITY or spill_queue_capacity: blocks that wait for a writer; 1 .. kMaxSpillQueue
  bool enable_query_passthrough = true;      ///< enable_query_passthrough
  CasingMode casing = CasingMode::kUnset;    ///< casing_mode: how names of schemas and tables become the source's
  ThrottleOptions throttle;                  ///< throttle_initial_delay_ms, ...
  ReadPolicy policy;                         ///< of every scan; set by the one who makes the connector

  static constexpr int kSpillThreads = 2;  ///< writers of one split, as in the SDK
  static constexpr int kMaxSpillQueue = 64;
  static constexpr int64_t kMaxBlockBytes = int64_t{1} << 30;

  /// Errors: Invalid (a value that does not fit, with the variable's name; headers that are no JSON object of texts: the SDK would ignore them, and with them
  /// the encryption they may ask for), NotImplemented (kms_key_id).
  static Result<DoorOptions> FromEnvironment(const Environment& environment);
};

}  // namespace lotic::athena
