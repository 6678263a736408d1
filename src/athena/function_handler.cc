// SPDX-License-Identifier: Apache-2.0
#include "athena/function_handler.h"

#include <utility>

namespace lotic::athena {

Result<FederationResponse> CallFunction(const CallContext& ctx, const UdfRegistry* functions, const UserDefinedFunctionRequest& request) {
  const std::string name = request.method_name.substr(0, 200);
  if (functions == nullptr || functions->empty()) {
    return Status::Invalid("UserDefinedFunctionRequest for '", name, "': this function serves a connector and has no scalar functions");
  }
  if (request.function_type != "SCALAR")
    return Status::Invalid("function '", name, "' of type '", request.function_type.substr(0, 100), "': only SCALAR functions are known");
  if (request.output_schema.fields.size() != 1)
    return Status::Invalid("function '", name, "': ", request.output_schema.fields.size(), " result columns are asked for; expected 1");
  LOTIC_ASSIGN_OR_RETURN(const Schema result, LogicalSchema(request.output_schema));
  LOTIC_ASSIGN_OR_RETURN(Batch rows, functions->Call(ctx, request.method_name, request.input.rows, result.fields[0]));
  return FederationResponse(UserDefinedFunctionResponse{{request.output_schema, std::move(rows)}, request.method_name});
}

}  // namespace lotic::athena
