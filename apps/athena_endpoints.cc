// SPDX-License-Identifier: Apache-2.0
#include "apps/athena_endpoints.h"

#include <utility>

#include "cli/athena/function_target.h"
#include "connector/athena/athena_connector.h"

namespace lotic {
namespace {

constexpr std::string_view kByName = "lambda:";
constexpr std::string_view kByAddress = "athena:";

}  // namespace

Status AthenaEndpoints::SetUrl(const std::string& name, const std::optional<std::string>& url) {
  if (url) {
    const auto checked = athena_source::InvocationUrl(*url);
    if (!checked.ok()) return checked.status().WithMessage("lambda.", name, ".url: ", checked.status().message());
  }
  const std::lock_guard lock(mutex_);
  clients_.erase(name);
  if (url) {
    urls_[name] = *url;
  } else {
    urls_.erase(name);
  }
  return Status::OK();
}

Result<std::shared_ptr<athena_source::FunctionClient>> AthenaEndpoints::ClientOf(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto known = clients_.find(name);
  if (known != clients_.end()) return known->second;
  std::shared_ptr<athena_source::FunctionClient> client;
  if (const auto url = urls_.find(name); url != urls_.end()) {
    LOTIC_ASSIGN_OR_RETURN(client, cli::OpenAttachedFunction(url->second, {}, cli::ProcessEnvironment()));
  } else {
    const Status unknown = Status::NotFound("the function \"", name, "\" has no address: SET lambda.", name, ".url = 'http://host:port'");
    if (!builtin_) return unknown;
    auto invoker = builtin_(name);
    if (!invoker.ok()) return invoker.status().code() == StatusCode::kNotFound ? unknown : invoker.status();
    auto spill = athena_source::MakeSpillSource(nullptr, /*this_machine=*/true);
    LOTIC_ASSIGN_OR_RETURN(client, athena_source::FunctionClient::Make(*std::move(invoker), nullptr, std::move(spill), {}));
  }
  clients_[name] = client;
  return client;
}

Result<std::shared_ptr<Connector>> AthenaEndpoints::OpenCatalog(const std::string& catalog) {
  std::shared_ptr<athena_source::FunctionClient> client;
  if (catalog.starts_with(kByName)) {
    LOTIC_ASSIGN_OR_RETURN(client, ClientOf(catalog.substr(kByName.size())));
  } else if (catalog.starts_with(kByAddress)) {
    LOTIC_ASSIGN_OR_RETURN(client, cli::OpenAttachedFunction(catalog.substr(kByAddress.size()), {}, cli::ProcessEnvironment()));
  } else {
    return std::shared_ptr<Connector>();
  }
  return athena_source::MakeAthenaConnector(std::move(client));
}

Result<Batch> AthenaEndpoints::Call(const CallContext& ctx, const std::string& name, const std::string& function, const Batch& arguments, const Field& result) {
  LOTIC_ASSIGN_OR_RETURN(const auto client, ClientOf(name));
  LOTIC_ASSIGN_OR_RETURN(const athena::WireSchema input, athena::AthenaSchema(arguments.schema()));
  LOTIC_ASSIGN_OR_RETURN(const athena::WireSchema output, athena::AthenaSchema(Schema{{result}}));
  LOTIC_ASSIGN_OR_RETURN(const athena::Block block, athena::ToAthenaBlock(arguments, input));
  LOTIC_ASSIGN_OR_RETURN(const athena::Block answer, client->CallFunction(ctx, function, block, output));
  LOTIC_ASSIGN_OR_RETURN(const Batch rows, athena::UnpackZones(answer));
  const auto owner = std::make_shared<const Batch>(rows);
  Schema schema{{{result.name, owner->column(0).type, {}}}};
  return Batch(std::make_shared<const Schema>(std::move(schema)), owner->num_rows(), {owner->column(0)}, owner);
}

sql::NamedTableFunction AthenaEndpoints::TableFunction() {
  return {"athena_connector", {"url", "schema", "table"}, [](const std::vector<std::string>& arguments) -> Result<sql::NamedTable> {
            LOTIC_ASSIGN_OR_RETURN(const std::string url, athena_source::InvocationUrl(arguments[0]));
            return sql::NamedTable{std::string(kByAddress) + url, {arguments[1], arguments[2]}};
          }};
}

}  // namespace lotic
