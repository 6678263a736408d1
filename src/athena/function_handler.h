// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "athena_protocol/messages.h"
#include "lotic/call_context.h"
#include "lotic/udf.h"

namespace lotic::athena {

/// Evaluates a scalar function of the user over the rows of a request. Errors: Invalid (no SCALAR function, not exactly one result column, no functions at all),
/// NotImplemented (no such function), those of the function.
Result<FederationResponse> CallFunction(const CallContext& ctx, const UdfRegistry* functions, const UserDefinedFunctionRequest& request);

}  // namespace lotic::athena
