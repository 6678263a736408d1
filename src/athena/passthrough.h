// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "athena/door_options.h"
#include "athena_protocol/messages.h"
#include "lotic/connector.h"
#include "lotic/query_passthrough.h"

// Queries in the source's own language as Athena sends them: SELECT … FROM TABLE(catalog.system.query(query => '…')).
// Follows: the federation SDK's query passthrough (signature, capabilities, verification of arguments).

namespace lotic::athena {

/// The reserved key beside the function's own arguments.
inline constexpr std::string_view kSignatureKey = "schemaFunctionName";

/// What a connector offers; null: nothing, or switched off by enable_query_passthrough. Borrowed from the connector.
QueryPassthrough* PassthroughOf(Connector& connector, const DoorOptions& options);

/// "SYSTEM.QUERY".
std::string SignatureOf(const PassthroughFunction& function);

/// Adds the function to what the engine is told: schema, name, then all arguments in upper case.
void Advertise(const PassthroughFunction& function, GetDataSourceCapabilitiesResponse* response);

/// The arguments of a request by the connector's own names; those optional ones that are empty are left out.
/// Errors: Invalid (no signature or another function's, an argument that is missing, empty, or none of the function's).
Result<std::map<std::string, std::string>> PassthroughArguments(const PassthroughFunction& function,
                                                                const std::vector<std::pair<std::string, std::string>>& sent);

/// The refusal of a request with such arguments.
Status NoPassthrough(const TableName& table);

}  // namespace lotic::athena
