// SPDX-License-Identifier: Apache-2.0
// `lotic athena validate` against functions that keep every promise, and against ones that break one each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

#include "apps/athena_functions.h"
#include "athena/connector_function.h"
#include "athena/runtime_server.h"
#include "athena/test_query_connector.h"
#include "athena_protocol/ipc.h"
#include "athena_protocol/message_json.h"
#include "cli/athena/function_validator.h"
#include "connector/memory/memory_connector.h"
#include "lotic/batch_builder.h"
#include "tests/athena_door/spill_folder.h"

namespace lotic {
namespace {

using athena::FederationRequest;
using athena::FederationResponse;
using cli::Verdict;

/// Asks the function that keeps its promises.
using Ask = std::function<Result<std::string>(const FederationRequest&)>;
/// Answers in its place.
using Bend = std::function<Result<std::string>(const FederationRequest&, const Ask&)>;

/// Answers in place of the function that keeps its promises, from the bytes that it was sent; nothing: it is asked.
using Overhear = std::function<std::optional<Result<std::string>>(const std::string& payload)>;

class BentFunction final : public athena::LambdaFunction {
 public:
  BentFunction(std::unique_ptr<athena::LambdaFunction> inner, Bend bend, Overhear overhear)
      : inner_(std::move(inner)), bend_(std::move(bend)), overhear_(std::move(overhear)) {}
  Result<std::string> Invoke(const CallContext& ctx, const athena::Invocation& invocation) override {
    if (overhear_) {
      const auto answer = overhear_(std::string(invocation.payload));
      if (answer) return *answer;
    }
    const auto parsed = athena::ParseRequest(invocation.payload);
    if (!parsed.ok() || !bend_) return inner_->Invoke(ctx, invocation);
    return bend_(parsed->request, [&](const FederationRequest& request) -> Result<std::string> {
      LOTIC_ASSIGN_OR_RETURN(const std::string payload, athena::WriteRequest(request, athena::kSerdeVersion));
      return inner_->Invoke(ctx, {payload, invocation.request_id, invocation.function_arn});
    });
  }

 private:
  const std::unique_ptr<athena::LambdaFunction> inner_;
  const Bend bend_;
  const Overhear overhear_;
};

using MakeFunction = std::function<Result<std::unique_ptr<athena::LambdaFunction>>(const athena::Environment&)>;

MakeFunction Named(const std::string& name) {
  return [name](const athena::Environment& environment) { return MakeAthenaFunction(name, environment, athena::InvocationLog::Nowhere()); };
}

/// A function behind an invoke URL of this process.
class ServedFunction {
 public:
  ServedFunction(const MakeFunction& make, Bend bend, Overhear overhear = nullptr) {
    const auto bent = [make, bend = std::move(bend),
                       overhear = std::move(overhear)](const athena::Environment& environment) -> Result<std::unique_ptr<athena::LambdaFunction>> {
      LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<athena::LambdaFunction> inner, make(environment));
      return std::unique_ptr<athena::LambdaFunction>(std::make_unique<BentFunction>(std::move(inner), bend, overhear));
    };
    server_ = athena::RuntimeServer::Start({}, bent, {{"spill_bucket", "file://" + spill_.path()}}, athena::InvocationLog::Nowhere()).ValueOrDie();
    thread_ = std::jthread([this](const std::stop_token& stop) {
      CallContext ctx;
      ctx.stop = stop;
      EXPECT_TRUE(server_->Serve(ctx).ok());
    });
  }
  std::string url() const { return server_->InvokeUrl(); }

 private:
  SpillFolder spill_;
  std::unique_ptr<athena::RuntimeServer> server_;
  std::jthread thread_;
};

std::vector<cli::CheckResult> Validated(const MakeFunction& make, Bend bend, const cli::ValidatorOptions& options, Overhear overhear = nullptr) {
  const ServedFunction served(make, std::move(bend), std::move(overhear));
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  const auto results = cli::ValidateFunction(ctx, {served.url()}, {}, options);
  EXPECT_TRUE(results.ok()) << results.status();
  return results.ok() ? *results : std::vector<cli::CheckResult>();
}

std::set<std::string> Failed(const std::vector<cli::CheckResult>& results) {
  std::set<std::string> failed;
  for (const cli::CheckResult& result : results) {
    if (result.verdict == Verdict::kFail) failed.insert(result.check);
  }
  return failed;
}

// ---- Ways to break a promise.

template <typename Request>
Bend Fails() {
  return [](const FederationRequest& request, const Ask& ask) -> Result<std::string> {
    if (std::holds_alternative<Request>(request)) return Status::UnknownError("broken on purpose");
    return ask(request);
  };
}

/// Changes answers of one kind.
template <typename Response>
Bend Answers(std::function<void(const FederationRequest&, Response*)> change) {
  return [change = std::move(change)](const FederationRequest& request, const Ask& ask) -> Result<std::string> {
    LOTIC_ASSIGN_OR_RETURN(std::string json, ask(request));
    LOTIC_ASSIGN_OR_RETURN(FederationResponse response, athena::ParseResponse(json, {}));
    auto* answer = std::get_if<Response>(&response);
    if (answer == nullptr) return json;
    change(request, answer);
    return athena::WriteResponse(response);
  };
}

/// Asks something else than what was asked.
template <typename Request>
Bend Hears(std::function<void(Request*)> change) {
  return [change = std::move(change)](const FederationRequest& request, const Ask& ask) -> Result<std::string> {
    FederationRequest other = request;
    if (auto* heard = std::get_if<Request>(&other)) change(heard);
    return ask(other);
  };
}

/// Changes the text of the answers to one request.
template <typename Request>
Bend Texts(const std::string& what, const std::string& with) {
  return [=](const FederationRequest& request, const Ask& ask) -> Result<std::string> {
    LOTIC_ASSIGN_OR_RETURN(std::string json, ask(request));
    if (!std::holds_alternative<Request>(request)) return json;
    const size_t at = json.find(what);
    EXPECT_NE(at, std::string::npos) << json;
    return at == std::string::npos ? json : json.replace(at, what.size(), with);
  };
}

/// Fails where the bytes hold `text`, though it should not.
Overhear Dislikes(const std::string& text) {
  return [=](const std::string& payload) -> std::optional<Result<std::string>> {
    if (payload.find(text) == std::string::npos) return std::nullopt;
    return Result<std::string>(Status::Invalid("disliked on purpose"));
  };
}

/// Takes what holds `text` for something that it answers with `answer`, though it should fail.
Overhear Overlooks(
    const std::string& text,
    const std::string& answer = R"({"@type":"PingResponse","catalogName":"lotic","queryId":"q","sourceType":null,"capabilities":24,"serDeVersion":6})") {
  return [=](const std::string& payload) -> std::optional<Result<std::string>> {
    if (payload.find(text) == std::string::npos) return std::nullopt;
    return Result<std::string>(answer);
  };
}

/// Rows of ReadRecords answers that hold for a request: all of them, without their last, ...
Bend BendsRows(std::function<Batch(const athena::ReadRecordsRequest&, const Batch&)> change) {
  return [change = std::move(change)](const FederationRequest& request, const Ask& ask) -> Result<std::string> {
    LOTIC_ASSIGN_OR_RETURN(std::string json, ask(request));
    const auto* read = std::get_if<athena::ReadRecordsRequest>(&request);
    if (read == nullptr) return json;
    LOTIC_ASSIGN_OR_RETURN(FederationResponse response, athena::ParseResponse(json, {}));
    auto* answer = std::get_if<athena::ReadRecordsResponse>(&response);
    if (answer == nullptr) return json;
    answer->records.rows = change(*read, answer->records.rows);
    return athena::WriteResponse(response);
  };
}

Batch First(const Batch& rows, int64_t count) {
  std::vector<int64_t> kept;
  for (int64_t row = 0; row < std::min(count, rows.num_rows()); ++row) kept.push_back(row);
  return rows.Take(kept);
}

/// What stands in the requests of the version below 4, or 5, and in no later one.
std::string OfVersionsBelow(int version) { return version == 4 ? R"("constraints":{"summary":{}})" : R"("limit":-1})"; }

struct BrokenCase {
  std::string name;
  std::set<std::string> failed;  ///< these checks and no others
  Bend bend;
  MakeFunction make = Named("memory");
  cli::ValidatorOptions options = {};
  Overhear overhear = nullptr;
};

cli::ValidatorOptions Of(const char* schema, const char* table, const char* constraints) {
  cli::ValidatorOptions options;
  options.schema = schema;
  options.table = table;
  options.constraints = constraints;
  return options;
}

/// One split of 18 rows of a megabyte.
Result<std::unique_ptr<athena::LambdaFunction>> MakeLongRows(const athena::Environment& environment) {
  const Schema schema{{{"text", Type::String()}}};
  BatchBuilder builder(std::make_shared<const Schema>(schema));
  for (int row = 0; row < 18; ++row) builder.column(0).AppendBytes(std::string(1'000'000, static_cast<char>('a' + row)));
  const auto store = memory::MemoryStore::Make();
  LOTIC_RETURN_NOT_OK(store->AddTable({{"default", "long"}, schema, {{builder.Finish(18)}}}));
  return athena::MakeConnectorFunction(store->connector(), environment, {}, nullptr, athena::InvocationLog::Nowhere());
}

/// Queries of the source's own, and no table.
Result<std::unique_ptr<athena::LambdaFunction>> MakeQueries(const athena::Environment& environment) {
  return athena::MakeConnectorFunction(std::make_shared<athena::QueryConnector>(), environment, {}, nullptr, athena::InvocationLog::Nowhere());
}

/// Four bytes more than there should be between the metadata of a table's schema and its end, counted in its length.
Bend Misaligned() {
  return [](const FederationRequest& request, const Ask& ask) -> Result<std::string> {
    LOTIC_ASSIGN_OR_RETURN(std::string json, ask(request));
    if (!std::holds_alternative<athena::GetTableRequest>(request)) return json;
    const std::string mark = R"("schema":")";
    const size_t from = json.find(mark) + mark.size(), to = json.find('"', from);
    LOTIC_ASSIGN_OR_RETURN(std::string message, athena::DecodeBase64(json.substr(from, to - from)));
    message.append(4, '\0');
    message[4] = static_cast<char>(message[4] + 4);  // a multiple of 8 before: no carry
    std::string text;
    athena::AppendBase64({reinterpret_cast<const uint8_t*>(message.data()), message.size()}, &text);
    return json.replace(from, to - from, text);
  };
}

std::vector<BrokenCase> Cases() {
  using namespace athena;  // NOLINT: the messages
  std::vector<BrokenCase> cases;
  const auto add = [&](std::string name, std::set<std::string> failed, Bend bend) -> BrokenCase& {
    return cases.emplace_back(BrokenCase{std::move(name), std::move(failed), std::move(bend)});
  };

  add("ping_fails", {"ping.answers"}, Fails<PingRequest>());
  add("ping_of_another_query", {"ping.echo", "ping.variants"}, Answers<PingResponse>([](const auto&, PingResponse* pong) { pong->query_id += "x"; }));
  add("ping_of_an_old_version", {"ping.serde_version"}, Answers<PingResponse>([](const auto&, PingResponse* pong) { pong->serde_version = 1; }));
  add("unknown_capability", {"capabilities.known"}, Answers<GetDataSourceCapabilitiesResponse>([](const auto&, auto* answer) {
        answer->capabilities.push_back({"supports_magic", {{"wand", {}}}});
      }));
  add("no_capabilities_at_all", {"capabilities.known"}, Fails<GetDataSourceCapabilitiesRequest>());

  add("schemas_fail", {"list_schemas.answers"}, Fails<ListSchemasRequest>());
  add("no_schema", {"list_schemas.not_empty"}, Answers<ListSchemasResponse>([](const auto&, auto* answer) { answer->schemas.clear(); }));
  add("a_schema_in_upper_case", {"list_schemas.lower_case"}, Answers<ListSchemasResponse>([](const auto&, auto* answer) { answer->schemas.push_back("zOO"); }));

  add("tables_fail", {"list_tables.answers"}, Fails<ListTablesRequest>());
  add("tables_of_another_schema", {"list_tables.answers"}, Answers<ListTablesResponse>([](const auto&, auto* answer) { answer->tables[0].schema = "other"; }));
  add("no_table", {"list_tables.not_empty"}, Answers<ListTablesResponse>([](const auto&, auto* answer) { answer->tables.clear(); }));
  add("a_table_in_upper_case", {"list_tables.lower_case"}, Answers<ListTablesResponse>([](const auto&, auto* answer) {
        if (!answer->next_token) answer->tables.push_back({"default", "zZ"});
      }));
  add("a_page_lacks_a_table", {"list_tables.paging"}, Answers<ListTablesResponse>([](const FederationRequest& request, auto* answer) {
        if (std::get<ListTablesRequest>(request).page_size == 2 && !answer->tables.empty()) answer->tables.pop_back();
      }));
  add("pages_go_round", {"list_tables.paging"}, [](const FederationRequest& request, const Ask& ask) -> Result<std::string> {
    const auto* list = std::get_if<ListTablesRequest>(&request);
    if (list == nullptr || list->page_size < 0) return ask(request);
    return WriteResponse(ListTablesResponse{{{"default", "orders"}}, list->catalog, "again"});
  });

  add("table_fails", {"get_table.answers"}, Fails<GetTableRequest>());
  add("another_table", {"get_table.echo"}, Answers<GetTableResponse>([](const auto&, auto* answer) { answer->table.table = "other"; }));
  add("the_table_in_upper_case", {"get_table.echo", "requests.versions"},
      Answers<GetTableResponse>([](const auto&, auto* answer) { answer->table.table[0] -= 'a' - 'A'; }));
  add("a_column_in_upper_case", {"get_table.lower_case", "read_records.answers"},
      Answers<GetTableResponse>([](const auto&, auto* answer) { answer->schema.fields[0].name = "ID"; }));
  add("only_partition_columns", {"get_table.has_columns"}, Answers<GetTableResponse>([](const auto&, auto* answer) {
        std::erase_if(answer->schema.fields, [](const WireField& field) { return field.name != "year" && field.name != "month" && field.name != "day"; });
      }))
      .make = Named("example");
  add("a_date_as_partition_column", {"get_table.partition_column_types", "get_table_layout.answers"},  // the function that is asked knows better
      Answers<GetTableResponse>([](const auto&, auto* answer) {
        for (const WireField& field : answer->schema.fields) {
          if (!MayBePartitionColumn(field.type)) answer->partition_columns = {field.name};
        }
      }));
  add("a_time_as_column", {"get_table.supported_types", "read_records.answers"},
      Answers<GetTableResponse>([](const auto&, auto* answer) { answer->schema.fields[0].type = {WireKind::kTime, 64, true, 0, 0, WireUnit::kMicro}; }));

  add("layout_fails", {"get_table_layout.answers"}, Fails<GetTableLayoutRequest>());
  add("no_partition", {"get_table_layout.not_empty"},
      Answers<GetTableLayoutResponse>([](const auto&, auto* answer) { answer->partitions.rows = answer->partitions.rows.Take({}); }));
  add("a_layout_without_its_column", {"get_table_layout.partition_columns"}, Answers<GetTableLayoutResponse>([](const auto&, auto* answer) {
        answer->partitions.schema.fields.erase(answer->partitions.schema.fields.begin());
        std::vector<size_t> others;
        for (size_t i = 1; i < answer->partitions.rows.num_columns(); ++i) others.push_back(i);
        answer->partitions.rows = answer->partitions.rows.Select(others);
      }))
      .make = Named("example");
  auto& pruning = add("a_layout_with_every_partition", {"get_table_layout.constraints", "read_records.not_empty"},
                      Hears<GetTableLayoutRequest>([](auto* request) { request->constraints.summary.clear(); }));
  pruning.make = Named("example");
  pruning.options = Of("custom_source", "fake_table", "year=2012,month=3");

  add("splits_fail", {"get_splits.answers"}, Fails<GetSplitsRequest>());
  add("no_split", {"get_splits.not_empty"}, Answers<GetSplitsResponse>([](const auto&, auto* answer) { answer->splits.clear(); }));
  add("splits_go_round", {"get_splits.paging"}, [](const FederationRequest& request, const Ask& ask) -> Result<std::string> {
    const auto* splits = std::get_if<GetSplitsRequest>(&request);
    if (splits == nullptr) return ask(request);
    GetSplitsRequest first = *splits;
    first.continuation_token.reset();
    LOTIC_ASSIGN_OR_RETURN(const std::string json, ask(first));
    LOTIC_ASSIGN_OR_RETURN(FederationResponse response, ParseResponse(json, {}));
    std::get<GetSplitsResponse>(response).continuation_token = splits->continuation_token == "a" ? "b" : "a";
    return WriteResponse(response);
  });
  add("one_place_for_all_splits", {"get_splits.spill_locations"}, Answers<GetSplitsResponse>([](const auto&, auto* answer) {
        for (WireSplit& split : answer->splits) split.spill_location->key = answer->splits[0].spill_location->key;
      }));
  add("a_place_that_is_an_object",
      {"get_splits.spill_locations", "read_records.spilled_equal_inline", "read_records.inline_limit", "read_records.small_blocks"},
      Answers<GetSplitsResponse>([](const auto&, auto* answer) { answer->splits[0].spill_location->directory = false; }));
  add("one_key_for_all_splits", {"get_splits.encryption_keys"}, Answers<GetSplitsResponse>([](const auto&, auto* answer) {
        for (WireSplit& split : answer->splits) split.encryption_key = answer->splits[0].encryption_key;
      }));

  add("records_fail", {"read_records.answers"}, Fails<ReadRecordsRequest>());
  add("no_row", {"read_records.not_empty"}, [](const FederationRequest& request, const Ask& ask) -> Result<std::string> {
    const auto* read = std::get_if<ReadRecordsRequest>(&request);
    if (read == nullptr) return ask(request);
    LOTIC_ASSIGN_OR_RETURN(const Schema schema, LogicalSchema(read->schema));
    return WriteResponse(ReadRecordsResponse{read->catalog, {read->schema, BatchBuilder(std::make_shared<const Schema>(schema)).Finish(0)}});
  });
  add("records_lack_a_column", {"read_records.schema"}, Hears<ReadRecordsRequest>([](auto* request) { request->schema.fields.pop_back(); }));
  add("records_of_another_type", {"read_records.schema"}, Answers<ReadRecordsResponse>([](const auto&, auto* answer) {
        answer->records.schema.fields[0].type = {WireKind::kInt, 32};
        LOTIC_CHECK(LogicalSchema(answer->records.schema).ok());
        BatchBuilder empty(std::make_shared<const Schema>(LogicalSchema(answer->records.schema).ValueOrDie()));
        answer->records.rows = empty.Finish(0);
      }));
  auto& long_blocks = add("blocks_beyond_what_the_engine_takes", {"read_records.block_size"},
                          Hears<ReadRecordsRequest>([](auto* request) { request->max_block_size = 100'000'000; }));
  long_blocks.make = MakeLongRows;
  auto& unfiltered = add("a_filter_that_lets_all_pass",
                         {"read_records.constraints", "read_records.value_sets", "read_records.no_rows", "read_records.expressions", "read_records.limit"},
                         Hears<ReadRecordsRequest>([](auto* request) { request->constraints.summary.clear(); }));
  unfiltered.options = Of("default", "orders", "qty>5");
  add("spilled_blocks_that_are_forgotten", {"read_records.spilled_equal_inline", "read_records.small_blocks"},
      Answers<RemoteReadRecordsResponse>([](const auto&, auto* answer) { answer->remote_blocks.clear(); }));
  add("a_spilled_block_of_another_split", {"read_records.spilled_equal_inline", "read_records.inline_limit"},
      Answers<RemoteReadRecordsResponse>([](const auto&, auto* answer) {
        if (answer->remote_blocks.size() == 1) answer->remote_blocks[0].key = "elsewhere.0";
      }));

  add("a_projection_is_ignored", {"read_records.projection"}, [](const FederationRequest& request, const Ask& ask) -> Result<std::string> {
    LOTIC_ASSIGN_OR_RETURN(std::string json, ask(request));
    const auto* read = std::get_if<ReadRecordsRequest>(&request);
    if (read == nullptr || read->schema.fields.front().name == "id") return json;
    LOTIC_ASSIGN_OR_RETURN(FederationResponse response, ParseResponse(json, {}));
    auto& rows = std::get<ReadRecordsResponse>(response).records.rows;
    std::vector<int64_t> same(static_cast<size_t>(rows.num_rows()), 0);
    rows = rows.Take(same);
    return WriteResponse(response);
  });
  add("a_value_set_loses_a_row", {"read_records.value_sets"}, BendsRows([](const ReadRecordsRequest& read, const Batch& rows) {
        return read.constraints.summary.empty() || read.constraints.limit >= 0 ? rows : First(rows, rows.num_rows() - 1);
      }));
  add("a_filter_that_was_promised_is_not_applied", {"read_records.value_sets", "read_records.no_rows"}, Hears<ReadRecordsRequest>([](auto* request) {
        if (request->constraints.limit < 0) request->constraints.summary.clear();
      }));
  add("null_passes_every_value_set", {"read_records.value_sets"}, Hears<ReadRecordsRequest>([](auto* request) {
        for (auto& [name, set] : request->constraints.summary) set.null_allowed = true;
      }));
  add("an_expression_is_ignored", {"read_records.expressions"}, Hears<ReadRecordsRequest>([](auto* request) { request->constraints.expressions.clear(); }));
  add("an_expression_means_its_contrary", {"read_records.expressions"}, Hears<ReadRecordsRequest>([](auto* request) {
        for (WireExpression& expression : request->constraints.expressions) {
          if (expression.name == "$is_distinct_from") expression.name = "$equal";
        }
      }));
  add("a_limit_is_ignored", {"read_records.limit"}, Hears<ReadRecordsRequest>([](auto* request) { request->constraints.limit = -1; }));
  add("a_limit_is_one_too_low", {"read_records.limit"}, Hears<ReadRecordsRequest>([](auto* request) {
        if (request->constraints.limit > 0 && request->constraints.order_by.empty()) --request->constraints.limit;
      }));
  add("a_limit_counts_before_the_filter", {"read_records.limit"}, [](const FederationRequest& request, const Ask& ask) -> Result<std::string> {
    const auto* read = std::get_if<ReadRecordsRequest>(&request);
    if (read == nullptr || read->constraints.limit < 0 || read->constraints.summary.empty()) return ask(request);
    ReadRecordsRequest unfiltered = *read;
    unfiltered.constraints.summary.clear();
    LOTIC_ASSIGN_OR_RETURN(const std::string json, ask(unfiltered));
    LOTIC_ASSIGN_OR_RETURN(FederationResponse response, ParseResponse(json, {}));
    Block& block = std::get<ReadRecordsResponse>(response).records;
    std::vector<uint8_t> keep;
    LOTIC_RETURN_NOT_OK(EvaluateSummary(read->constraints, block, &keep));
    std::vector<int64_t> kept;
    for (size_t row = 0; row < keep.size(); ++row) {
      if (keep[row] != 0) kept.push_back(static_cast<int64_t>(row));
    }
    block.rows = block.rows.Take(kept);
    return WriteResponse(response);
  });
  add("a_limit_cuts_before_the_order", {"read_records.limit_and_order"},
      Hears<ReadRecordsRequest>([](auto* request) { request->constraints.order_by.clear(); }));
  add("a_set_that_allows_nothing_allows_all", {"read_records.no_rows"}, Hears<ReadRecordsRequest>([](auto* request) {
        std::erase_if(request->constraints.summary, [](const auto& entry) {
          return entry.second.kind == WireValueSet::Kind::kSortedRanges && entry.second.ranges.empty() && !entry.second.null_allowed;
        });
      }));
  add("everything_comes_inline", {"read_records.inline_limit"}, Hears<ReadRecordsRequest>([](auto* request) {
        if (request->max_inline_block_size > 0) request->max_inline_block_size = 4'000'000;
      }));
  add("the_last_of_many_blocks_is_forgotten", {"read_records.small_blocks"}, Answers<RemoteReadRecordsResponse>([](const auto&, auto* answer) {
        if (answer->remote_blocks.size() > 1) answer->remote_blocks.pop_back();
      }));
  add("a_block_that_is_called_a_directory", {"read_records.block_places"}, Answers<RemoteReadRecordsResponse>([](const auto&, auto* answer) {
        for (SpillLocation& block : answer->remote_blocks) block.directory = true;
      }));

  add("an_older_version_is_not_understood", {"requests.versions"}, nullptr).overhear = Dislikes(OfVersionsBelow(4));
  add("the_next_version_is_not_understood", {"requests.versions"}, nullptr).overhear = Dislikes(OfVersionsBelow(5));
  add("a_ping_without_options_is_not_understood", {"ping.variants"}, nullptr).overhear = Dislikes(R"("groups":[]},"catalogName")");
  add("a_ping_with_a_later_member_is_not_understood", {"ping.variants"}, nullptr).overhear =
      [](const std::string& payload) -> std::optional<Result<std::string>> {
    if (payload.find("PingRequest") == std::string::npos || payload.find("whatComesLater") == std::string::npos) return std::nullopt;
    return Result<std::string>(Status::Invalid("disliked on purpose"));
  };
  add("a_later_member_is_not_understood", {"requests.unknown_members"}, nullptr).overhear =
      [](const std::string& payload) -> std::optional<Result<std::string>> {
    if (payload.find("ReadRecordsRequest") == std::string::npos || payload.find("whatComesLater") == std::string::npos) return std::nullopt;
    return Result<std::string>(Status::Invalid("disliked on purpose"));
  };
  add("a_listing_without_pages_is_not_understood", {"list_tables.variants"}, nullptr).overhear = Dislikes(R"("schemaName":"default"})");
  add("a_page_size_as_a_text_is_a_page_of_one", {"list_tables.variants"}, nullptr).overhear =
      Overlooks(R"("pageSize":"-1")",
                R"({"@type":"ListTablesResponse","tables":[{"schemaName":"default","tableName":"orders"}],"catalogName":"lotic","nextToken":null})");
  add("a_page_size_beyond_all_bounds_is_taken", {"requests.numbers"}, nullptr).overhear = Overlooks("99999999999999999999");
  add("a_size_that_is_no_number_is_taken", {"requests.numbers"}, nullptr).overhear = Overlooks(R"("maxBlockSize":"abc")");
  add("a_size_above_31_bits_is_not_understood", {"requests.numbers"}, nullptr).overhear = Dislikes(R"("maxBlockSize":"100000000000")");
  add("base64_in_lines_is_not_understood", {"requests.base64"}, nullptr).overhear = Dislikes(R"(\r\n)");
  add("url_safe_base64_is_taken", {"requests.base64"}, nullptr).overhear = Overlooks(R"("schema":"_____)");
  add("the_legacy_framing_is_not_understood", {"requests.arrow", "requests.versions"}, nullptr).overhear =
      [](const std::string& payload) -> std::optional<Result<std::string>> {
    const bool layout = payload.find("GetTableLayoutRequest") != std::string::npos, modern = payload.find(R"("schema":"/////)") != std::string::npos;
    return layout && !modern ? std::optional(Result<std::string>(Status::Invalid("disliked on purpose"))) : std::nullopt;
  };
  add("a_schema_that_is_none_is_taken", {"requests.arrow"}, nullptr).overhear = Overlooks(R"("schema":"bm8gc2No)");
  add("an_order_of_no_direction_is_taken", {"requests.constraints"}, nullptr).overhear = Overlooks("\"direction\":\"SIDEWAYS\"");
  add("a_value_set_of_no_kind_is_taken", {"requests.constraints"}, nullptr).overhear = Overlooks("NoSuchSet");
  add("null_is_a_ping", {"requests.malformed"}, nullptr).overhear = [](const std::string& payload) -> std::optional<Result<std::string>> {
    if (payload != "null") return std::nullopt;
    return Result<std::string>(R"({"@type":"PingResponse","catalogName":"lotic","queryId":"q","sourceType":null,"capabilities":24,"serDeVersion":6})");
  };
  add("a_comment_is_overlooked", {"requests.malformed"}, nullptr).overhear = Overlooks("/* the engine asks */");
  add("a_function_that_does_not_exist_is_called", {"udf.unknown_function"}, nullptr).overhear = Overlooks("no_such_function_of_anybody");
  add("an_identity_of_null_is_answered_by_nonsense", {"requests.odd_documents"}, nullptr).overhear = Overlooks(R"("identity":null)", "{}");
  add("a_function_that_does_not_outlive_deep_nesting", {"requests.odd_documents"}, nullptr).overhear =
      [broken = std::make_shared<bool>(false)](const std::string& payload) -> std::optional<Result<std::string>> {
    *broken = *broken || payload.find("[[[[[[[[") != std::string::npos;
    if (!*broken) return std::nullopt;
    return Result<std::string>(Status::UnknownError("the process has gone"));
  };

  const std::string other_columns = R"({"@type":"PingResponse","catalogName":"lotic","queryId":"q","sourceType":null,"capabilities":24,"serDeVersion":6})";
  add("a_query_is_taken_for_the_table", {"passthrough.refusals"}, nullptr).overhear = Overlooks("select 1", other_columns);
  auto& unsigned_query = add("a_query_without_its_signature_is_taken", {"passthrough.refusals"}, nullptr);
  unsigned_query.make = MakeQueries;
  unsigned_query.options.allow_empty_tables = true;
  unsigned_query.overhear = Overlooks(R"("queryPassthroughArguments":{"QUERY":"x")", other_columns);
  auto& swapped =
      add("a_query_is_advertised_the_wrong_way_round", {"passthrough.capability"}, Answers<GetDataSourceCapabilitiesResponse>([](const auto&, auto* answer) {
            for (auto& [name, entries] : answer->capabilities) {
              if (name == "SYSTEM.QUERY") std::swap(entries[0], entries[1]);
            }
          }));
  swapped.make = MakeQueries;
  swapped.options.allow_empty_tables = true;

  add("a_message_that_is_not_aligned", {"arrow.messages"}, Misaligned());
  add("an_answer_with_an_unknown_member", {"strict_form.GetTableRequest"}, Texts<GetTableRequest>(R"("tableName":)", R"("more":1,"tableName":)"));
  add("an_answer_of_another_catalog", {"strict_form.ListSchemasRequest"},
      Answers<ListSchemasResponse>([](const auto&, auto* answer) { answer->catalog = "other"; }));
  add("a_schema_that_is_no_base64", {"get_table.answers", "strict_form.GetTableRequest", "arrow.messages"},
      Texts<GetTableRequest>(R"("schema":")", R"("schema":"!!)"));
  return cases;
}

TEST(Functions, KafkaNamesTheVariableThatDoesNotFit) {
  const auto made = [](athena::Environment environment) { return Named("kafka")(environment).status(); };
  EXPECT_THAT(made({}).message(), testing::HasSubstr("kafka_endpoint is not set"));
  const athena::Environment least = {{"kafka_endpoint", "127.0.0.1:9"}};
  EXPECT_TRUE(made(least).ok()) << made(least);
  const std::tuple<const char*, const char*, StatusCode> variables[] = {{"auth_type", "NO_AUTH", StatusCode::kOk},
                                                                        {"auth_type", "SASL_SSL_SCRAM_SHA512", StatusCode::kNotImplemented},
                                                                        {"isolation_level", "read_uncommitted", StatusCode::kOk},
                                                                        {"isolation_level", "serializable", StatusCode::kInvalid},
                                                                        {"tombstones", "emit", StatusCode::kOk},
                                                                        {"tombstones", "keep", StatusCode::kInvalid}};
  for (const auto& [name, value, code] : variables) {
    athena::Environment environment = least;
    environment[name] = value;
    const Status status = made(environment);
    EXPECT_EQ(status.code(), code) << name << " = " << value << ": " << status;
    if (!status.ok()) {
      EXPECT_THAT(status.message(), testing::HasSubstr(std::string(name) + " = '" + value + "'"));
    }
  }
}

class BrokenFunction : public testing::TestWithParam<BrokenCase> {};

TEST_P(BrokenFunction, FailsTheChecksOfItsPromise) {
  // What has nothing to do with what is broken is asked in the tests below; here it would take its time a hundred times.
  const auto about = [&](std::initializer_list<const char*> starts) {
    return std::any_of(GetParam().failed.begin(), GetParam().failed.end(), [&](const std::string& check) {
      return std::any_of(starts.begin(), starts.end(), [&](const char* start) { return check.starts_with(start); });
    });
  };
  const bool requests = about({"requests.", "ping.variants", "list_tables.variants", "passthrough.", "udf."}), rows = about({"read_records."});
  cli::ValidatorOptions options = GetParam().options;
  options.part = requests && rows ? cli::CheckedPart::kAll : requests ? cli::CheckedPart::kRequests : rows ? cli::CheckedPart::kRows : cli::CheckedPart::kSteps;
  const std::vector<cli::CheckResult> results = Validated(GetParam().make, GetParam().bend, options, GetParam().overhear);
  EXPECT_EQ(Failed(results), GetParam().failed);
  std::map<std::string, int> verdicts;
  for (const cli::CheckResult& result : results) {
    EXPECT_EQ(++verdicts[result.check], 1) << result.check;
    if (result.verdict != Verdict::kPass) {
      EXPECT_NE(result.detail, "") << result.check;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Validate, BrokenFunction, testing::ValuesIn(Cases()), [](const auto& info) { return info.param.name; });

TEST(Validate, AFunctionThatAnswersWhatNobodyAskedFailsTheErrorForm) {
  // It cannot be bent by its requests: this one is none.
  class Friendly final : public athena::LambdaFunction {
   public:
    explicit Friendly(std::unique_ptr<athena::LambdaFunction> inner) : inner_(std::move(inner)) {}
    Result<std::string> Invoke(const CallContext& ctx, const athena::Invocation& invocation) override {
      return invocation.payload.find("NoSuchRequest") == std::string_view::npos ? inner_->Invoke(ctx, invocation) : Result<std::string>("{}");
    }

   private:
    const std::unique_ptr<athena::LambdaFunction> inner_;
  };
  const auto make = [](const athena::Environment& environment) -> Result<std::unique_ptr<athena::LambdaFunction>> {
    LOTIC_ASSIGN_OR_RETURN(auto inner, Named("memory")(environment));
    return std::unique_ptr<athena::LambdaFunction>(std::make_unique<Friendly>(std::move(inner)));
  };
  EXPECT_EQ(Failed(Validated(make, nullptr, {})), std::set<std::string>{"errors.have_a_qualified_type"});
}

TEST(Validate, EveryCheckHasBeenSeenFailingAndOurFunctionsPassThemAll) {
  std::set<std::string> seen = {"errors.have_a_qualified_type"};
  for (const BrokenCase& broken : Cases()) seen.insert(broken.failed.begin(), broken.failed.end());
  const std::vector<std::pair<std::string, cli::ValidatorOptions>> good = {{"memory", {}},
                                                                           {"memory", Of("default", "types", "")},
                                                                           {"memory", Of("default", "orders", "qty>5")},
                                                                           {"example", {}},
                                                                           {"example", Of("custom_source", "fake_table", "year=2012,month=3")}};
  std::set<std::string> passed;
  const auto applies = [](const std::string& name, const std::string& check, const cli::ValidatorOptions& options) {
    if (check == "read_records.expressions" && name == "example" && options.constraints.empty()) return false;  // thousands of splits
    // Of a table that is read without constraints, by a function without queries of the source's own.
    return !check.starts_with("passthrough.capability") &&
           (!options.constraints.empty() || (check != "get_table_layout.constraints" && check != "read_records.constraints"));
  };
  for (const auto& [name, options] : good) {
    std::set<std::string> named;
    for (const cli::CheckResult& result : Validated(Named(name), nullptr, options)) {
      EXPECT_EQ(result.verdict, applies(name, result.check, options) ? Verdict::kPass : Verdict::kSkip)
          << name << ": " << result.check << ": " << result.detail;
      if (result.verdict == Verdict::kPass) passed.insert(result.check);
      named.insert(result.check);
      const bool strict = result.check.starts_with("strict_form.");  // one for each request, by one line of code
      if (!strict) {
        EXPECT_EQ(seen.count(result.check), 1u) << result.check << " has never been seen failing";
      }
    }
    for (const std::string_view check : cli::AllChecks()) EXPECT_EQ(named.count(std::string(check)), 1u) << name << ": " << check << " has no verdict";
  }
  cli::ValidatorOptions empty;
  empty.allow_empty_tables = true;
  for (const cli::CheckResult& result : Validated(MakeQueries, nullptr, empty)) {
    EXPECT_NE(result.verdict, Verdict::kFail) << result.check << ": " << result.detail;
    if (result.verdict == Verdict::kPass) passed.insert(result.check);
  }
  for (const std::string_view check : cli::AllChecks()) EXPECT_EQ(passed.count(std::string(check)), 1u) << check << " has never been seen passing";
}

TEST(Validate, EveryRequestSaysByWhomItIsMadeAsTheOriginalsValidatorDoes) {
  std::mutex mutex;
  std::set<std::string> callers;
  const Bend listen = [&](const FederationRequest& request, const Ask& ask) {
    std::visit(
        [&](const auto& one) {
          const std::lock_guard lock(mutex);
          if (one.identity) callers.insert(one.identity->account + " " + one.identity->arn);
        },
        request);
    return ask(request);
  };
  EXPECT_EQ(Failed(Validated(Named("memory"), listen, {})), std::set<std::string>());
  EXPECT_EQ(callers, std::set<std::string>{"VALIDATION_ACCOUNT VALIDATION_ARN"});
}

TEST(Validate, AFunctionThatIsNotThereFailsThePing) {
  std::string url;
  {
    const ServedFunction served(Named("memory"), nullptr);
    url = served.url();
  }
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  const auto results = cli::ValidateFunction(ctx, {url}, {}, {});
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ(Failed(*results), std::set<std::string>{"ping.answers"});
}

}  // namespace
}  // namespace lotic
