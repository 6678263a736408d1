// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "aws/environment.h"
#include "connector/athena/function_client.h"

namespace lotic::cli {

/// Which function is asked, and as whom.
struct FunctionTarget {
  std::string target;         ///< an http or https address, or a command (StartCommandFunction)
  std::string record_target;  ///< of ReadRecords; empty: `target`
  athena_source::ClientOptions client;
};

struct OpenedTarget {
  std::shared_ptr<athena_source::Invoker> invoker;  ///< of `target`
  std::shared_ptr<athena_source::Invoker> records;  ///< of ReadRecords; the same one if no other is named
  std::shared_ptr<athena_source::FunctionClient> client;
};

/// Nothing is asked yet; a command is started. Proxies, and where spilled blocks lie in S3, follow from `environment` (AWS_REGION, AWS_ENDPOINT_URL_S3, ...).
Result<OpenedTarget> OpenTarget(const FunctionTarget& target, const aws::Environment& environment);

/// `ATTACH 'http://host:port' AS name (TYPE athena, catalog 'lake', record_function 'http://...')`.
Result<std::shared_ptr<athena_source::FunctionClient>> OpenAttachedFunction(const std::string& url, const std::map<std::string, std::string>& options,
                                                                            const aws::Environment& environment);

/// The variables of this process.
aws::Environment ProcessEnvironment();

}  // namespace lotic::cli
