// SPDX-License-Identifier: Apache-2.0
#include "athena/connector_function.h"

#include <utility>
#include <variant>

#include "athena/function_handler.h"
#include "athena/metadata_handler.h"
#include "athena/record_handler.h"
#include "athena/request_scan.h"
#include "athena_protocol/ipc.h"
#include "athena_protocol/message_json.h"

namespace lotic::athena {
namespace {

constexpr int64_t kLastMsOf9999 = 253'402'300'799'999;

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

const std::optional<FederatedIdentity>& IdentityOf(const FederationRequest& any) {
  return std::visit([](const auto& request) -> const std::optional<FederatedIdentity>& { return request.identity; }, any);
}

// Who asks, for the connector. The options may hold secrets, so they go where credentials go.
CallContext ContextOf(const CallContext& ctx, const FederationRequest& any) {
  CallContext inner = ctx;
  inner.identity.query_id = std::visit(
      [](const auto& request) {
        if constexpr (requires { request.query_id; }) return request.query_id;
        return std::string();
      },
      any);
  const std::optional<FederatedIdentity>& identity = IdentityOf(any);
  if (!identity) return inner;
  inner.identity.principal = identity->arn;
  inner.identity.account = identity->account;
  for (const auto& [name, value] : identity->tags) inner.identity.attributes[name] = value;
  inner.identity.groups = identity->groups;
  for (const auto& [name, value] : identity->config_options) inner.credentials[name] = value;
  return inner;
}

// What the constraints of a request say that no reader of theirs looks at.
Status LookAtConstraints(const CallContext& ctx, const FederationRequest& any, InvocationLog& log) {
  const auto [constraints, table] = std::visit(
      [](const auto& request) -> std::pair<const WireConstraints*, TableName> {
        if constexpr (requires {
                        request.constraints;
                        request.table;
                      }) {
          return {&request.constraints, request.table};
        } else {
          return {nullptr, {}};
        }
      },
      any);
  if (constraints == nullptr) return Status::OK();
  if (constraints->plan) {
    if (const auto plan = DecodeBase64(constraints->plan->substrait_plan); !plan.ok()) {
      return plan.status().WithMessage(MessageName(any), ".constraints.queryPlan.substraitPlan: ", plan.status().message());
    }
  }
  // One engine was seen sending such bounds in microseconds. They are applied as they stand: which of both is meant, nobody can tell from here.
  for (const auto& [column, set] : constraints->summary) {
    if (set.type.kind != WireKind::kDate || set.type.unit != WireUnit::kMilli) continue;
    std::optional<int64_t> beyond;
    const auto look = [&](const Scalar& value) {
      const auto* ms = std::get_if<int64_t>(&value);
      if (ms != nullptr && (*ms > kLastMsOf9999 || *ms < -kLastMsOf9999)) beyond = *ms;
    };
    for (const WireRange& range : set.ranges) look(range.low.value), look(range.high.value);
    for (const Scalar& value : set.values) look(value);
    if (!beyond) continue;
    const std::string name = table.ToString(),
                      message = "column '" + column + "' is constrained by the instant " + std::to_string(*beyond) +
                                " ms, which lies beyond the year 9999; it is applied as it stands, though it may be meant in microseconds";
    log.Warn({ctx.identity.query_id, name, message});
  }
  return Status::OK();
}

// A request with a forwarded token asks us to act as the caller. Doing it as ourselves would be an answer with somebody else's rights.
Status CheckForwardedAccess(const std::optional<FederatedIdentity>& identity) {
  if (!identity || identity->config_options.count("fas_token") == 0 || identity->config_options.count("service_kms_key_id") == 0) return Status::OK();
  return Status::NotImplemented("forwarded access (fas_token with service_kms_key_id) is not built yet; the function acts with its own role only");
}

class ConnectorFunction final : public LambdaFunction {
 public:
  explicit ConnectorFunction(ConnectorFunctionParts parts)
      : parts_(std::move(parts)),
        source_(parts_.options.throttle, parts_.sleep),
        spill_(parts_.options.throttle, parts_.sleep),
        metadata_(parts_, source_, spill_),
        records_(parts_, source_, spill_) {}

  Result<std::string> Invoke(const CallContext& outer, const Invocation& invocation) override {
    LOTIC_ASSIGN_OR_RETURN(const ParsedRequest parsed, ParseRequest(invocation.payload));
    const std::string name(MessageName(parsed.request));
    LOTIC_RETURN_NOT_OK(CheckForwardedAccess(IdentityOf(parsed.request)));
    const CallContext ctx = ContextOf(outer, parsed.request);
    LOTIC_RETURN_NOT_OK(ctx.Check("answering " + name));
    LOTIC_RETURN_NOT_OK(LookAtConstraints(ctx, parsed.request, *parts_.log));
    return Answer(ctx, invocation, parsed.request);
  }

 private:
  Result<std::string> Answer(const CallContext& ctx, const Invocation& invocation, const FederationRequest& any) {
    const std::function<Result<SpillStore*>()> store = [this] { return Store(); };
    const auto written = [&](const Result<FederationResponse>& response) -> Result<std::string> {
      if (!response.ok()) return response.status();
      std::string json = WriteResponse(*response);
      LOTIC_RETURN_NOT_OK(CheckAnswer(ctx, MessageName(any), json));
      return json;
    };
    return std::visit(Overloaded{[&](const PingRequest& request) { return written(metadata_.Ping(request)); },
                                 [&](const ListSchemasRequest& request) { return written(metadata_.ListSchemas(ctx, request)); },
                                 [&](const ListTablesRequest& request) { return written(metadata_.ListTables(ctx, request)); },
                                 [&](const GetTableRequest& request) { return written(metadata_.GetTable(ctx, request)); },
                                 [&](const GetTableLayoutRequest& request) { return written(metadata_.GetTableLayout(ctx, request)); },
                                 [&](const GetSplitsRequest& request) { return written(metadata_.GetSplits(ctx, request, store)); },
                                 [&](const GetDataSourceCapabilitiesRequest& request) { return written(metadata_.GetDataSourceCapabilities(request)); },
                                 [&](const ReadRecordsRequest& request) { return records_.ReadRecords(ctx, invocation, request, store); },
                                 [&](const UserDefinedFunctionRequest& request) { return written(CallFunction(ctx, parts_.functions.get(), request)); }},
                      any);
  }

  Result<SpillStore*> Store() {
    if (parts_.spill_store == nullptr) {
      if (parts_.options.spill_bucket.starts_with(kDirectoryBucket)) {
        LOTIC_ASSIGN_OR_RETURN(parts_.spill_store, MakeDirectorySpillStore(parts_.options.spill_bucket));
      } else {
        LOTIC_ASSIGN_OR_RETURN(parts_.spill_store, MakeS3SpillStore(parts_.environment, parts_.options.spill_headers));
      }
    }
    return parts_.spill_store.get();
  }

  ConnectorFunctionParts parts_;
  ThrottlingInvoker source_;  // one per service: the connector's source, the spill store
  ThrottlingInvoker spill_;
  MetadataHandler metadata_;
  RecordHandler records_;
};

}  // namespace

Result<std::unique_ptr<LambdaFunction>> MakeConnectorFunction(ConnectorFunctionParts parts) {
  if (parts.connector == nullptr || parts.log == nullptr) return Status::Invalid("a connector function needs a connector and a log");
  if (parts.options.spill_bucket.starts_with(kDirectoryBucket)) {
    LOTIC_RETURN_NOT_OK(MakeDirectorySpillStore(parts.options.spill_bucket).status());
  }
  return std::unique_ptr<LambdaFunction>(std::make_unique<ConnectorFunction>(std::move(parts)));
}

Result<std::unique_ptr<LambdaFunction>> MakeConnectorFunction(std::shared_ptr<Connector> connector, const Environment& environment, const ReadPolicy& policy,
                                                              std::shared_ptr<const UdfRegistry> functions, InvocationLog& log) {
  ConnectorFunctionParts parts;
  parts.connector = std::move(connector);
  LOTIC_ASSIGN_OR_RETURN(parts.options, DoorOptions::FromEnvironment(environment));
  parts.options.policy = policy;
  parts.environment = environment;
  parts.functions = std::move(functions);
  parts.log = &log;
  return MakeConnectorFunction(std::move(parts));
}

}  // namespace lotic::athena
