// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connector/athena/function_client.h"
#include "connector/athena/invoker.h"
#include "lotic/batch.h"
#include "lotic/connector.h"
#include "sql/engine.h"

namespace lotic {

/// The functions of Athena's protocol that a session's SQL may name: "lambda:NAME", whose address a setting gives, and addresses in athena_connector(...). Any thread.
class AthenaEndpoints {
 public:
  /// @param builtin  the function of a name that has no address; NotFound if there is none of that name. May be empty.
  explicit AthenaEndpoints(std::function<Result<std::shared_ptr<athena_source::Invoker>>(const std::string& name)> builtin) : builtin_(std::move(builtin)) {}

  /// lambda.NAME.url; no address: forgotten. A catalog that is open already keeps its address. Errors: Invalid (no http address).
  Status SetUrl(const std::string& name, const std::optional<std::string>& url);

  /// For EngineOptions::open_catalog: "lambda:NAME", "athena:ADDRESS"; null for any other name. Errors: NotFound (no address for NAME: the setting to make is named).
  Result<std::shared_ptr<Connector>> OpenCatalog(const std::string& catalog);

  /// One batch through a scalar function of NAME. The result has one column called as `result` is, and as many rows as `arguments`.
  /// Errors: NotFound, Invalid (a type that functions do not take), CapacityError (too long for one request), DataLoss (an answer that does not fit), the function's own.
  Result<Batch> Call(const CallContext& ctx, const std::string& name, const std::string& function, const Batch& arguments, const Field& result);

  /// athena_connector('address', 'schema', 'table').
  static sql::NamedTableFunction TableFunction();

 private:
  Result<std::shared_ptr<athena_source::FunctionClient>> ClientOf(const std::string& name);

  const std::function<Result<std::shared_ptr<athena_source::Invoker>>(const std::string& name)> builtin_;
  std::mutex mutex_;  // guards all members below
  std::map<std::string, std::string> urls_;
  std::map<std::string, std::shared_ptr<athena_source::FunctionClient>> clients_;
};

}  // namespace lotic
