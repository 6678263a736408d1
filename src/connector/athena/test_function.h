// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "athena_protocol/message_json.h"
#include "connector/athena/function_client.h"

// A function made of test code: what it answers is scripted, well or badly. What spills is in memory.

namespace lotic::athena_source {

/// A table "numbers", listed beside "other", which GetTable does not know, and served as "unlisted", too: ints in partitions "p" = 0, 1, ..., one split each: split p holds rows n = 10 * p .. 10 * p + 9, and s = "s<n>", NULL where n is a multiple of 7.
class ScriptedFunction final : public Invoker {
 public:
  ScriptedFunction();

  /// Changes an answer before it is written; set before the calls.
  std::function<void(const athena::FederationRequest&, athena::FederationResponse*)> change;
  /// Changes an answer's bytes.
  std::function<void(const athena::FederationRequest&, Invoked*)> damage;
  int partitions = 3;
  int splits_per_page = 0;       ///< 0: all in one
  int blocks = 0;                ///< rows are spilled in so many blocks; 0: inline
  int serde_version = 6;         ///< of the Ping
  bool shared_location = false;  ///< all splits spill to one place
  bool encrypt = true;

  Result<Invoked> Invoke(const CallContext& ctx, std::string_view payload) override;
  std::string name() const override { return "scripted"; }

  std::vector<athena::ParsedRequest> requests() const;
  int count(std::string_view message) const;
  /// What ReadBlock reads the spilled objects from.
  std::shared_ptr<SpillSource> spill() const;

  static athena::WireSchema TableSchema();

 private:
  Result<athena::FederationResponse> Answer(const athena::FederationRequest& request);
  athena::FederationResponse Rows(const athena::ReadRecordsRequest& request);

  struct Objects;
  const std::shared_ptr<Objects> objects_;
  mutable std::mutex mutex_;  // guards requests_
  std::vector<athena::ParsedRequest> requests_;
};

/// A client of it. Stops the process where Make fails.
std::shared_ptr<FunctionClient> ClientOf(const std::shared_ptr<ScriptedFunction>& function, ClientOptions options = {});

}  // namespace lotic::athena_source
