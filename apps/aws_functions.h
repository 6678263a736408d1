// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "athena/lambda_function.h"
#include "lotic/connector.h"

namespace lotic {

// The connectors of AWS's own services from a function's environment: docs/reference/athena.md lists the variables. Region, keys, proxy and endpoints that these do not
// say are found as AWS's tools find them. Errors: Invalid (a value, an unknown variable of the connector's prefix), NotImplemented (what is known and not built).

/// kinesis_*
Result<std::shared_ptr<Connector>> MakeKinesisOf(const athena::Environment& environment);
/// timestream_*, disable_glue, glue_catalog
Result<std::shared_ptr<Connector>> MakeTimestreamOf(const athena::Environment& environment);

}  // namespace lotic
