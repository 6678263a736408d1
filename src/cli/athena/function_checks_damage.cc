// SPDX-License-Identifier: Apache-2.0
// What is no request, what is hardly one, and queries of a language that a function does not speak so.
#include <algorithm>

#include "athena_protocol/message_json.h"
#include "cli/athena/function_checks.h"
#include "cli/athena/raw_request.h"
#include "lotic/batch_builder.h"

namespace lotic::cli {
namespace {

constexpr std::string_view kSignatureMember = "schemaFunctionName";
constexpr size_t kDeep = 100'000;
constexpr size_t kLongText = 1'000'000;

class Damage {
 public:
  Damage(const CallContext& ctx, const FunctionFacts& facts) : ctx_(ctx), facts_(facts), invoker_(*facts.opened.invoker), records_(*facts.opened.records) {}

  // Checks 8, 50 and 51: what no reader takes.
  Result<Finding> Malformed() {
    LOTIC_ASSIGN_OR_RETURN(const std::string ping, Written(facts_.Ping()));
    std::vector<OddDocument> documents = {
        {"the document null", "null", &invoker_},
        {"the document {}", "{}", &invoker_},
        {"an array", "[" + ping + "]", &invoker_},
        {"a text", "\"PingRequest\"", &invoker_},
        {"half a request", ping.substr(0, ping.size() / 2), &invoker_},
        {"an @type with its package", WithMember(ping, "/@type", "\"com.amazonaws.athena.connector.lambda.metadata.PingRequest\""), &invoker_},
        {"invalid UTF-8", WithMember(ping, "/catalogName", "\"\xC3(\""), &invoker_},
        {"a line break inside a text", WithMember(ping, "/catalogName", "\"a\nb\""), &invoker_},
        {"a comment", "/* the engine asks */" + ping, &invoker_},
        {"single quotes", WithMember(ping, "/catalogName", "'a'"), &invoker_}};
    if (facts_.table) {
      LOTIC_ASSIGN_OR_RETURN(const std::string table, Written(facts_.GetTable()));
      documents.push_back({"a GetTable without a table", WithMember(table, "/tableName", ""), &invoker_});
    }
    for (const OddDocument& odd : documents) {
      LOTIC_ASSIGN_OR_RETURN(std::string fault, FirstNotRefused(ctx_, {odd}));
      if (fault.empty()) {
        LOTIC_ASSIGN_OR_RETURN(fault, AfterThat(odd));
      }
      if (!fault.empty()) return Failed(fault);
    }
    return Passed(std::to_string(documents.size()) + " documents, and after each the function still answers");
  }

  // Checks 50 and 51: what readers differ about. An answer is as good as an error.
  Result<Finding> OddDocuments() {
    LOTIC_ASSIGN_OR_RETURN(const std::string ping, Written(facts_.Ping()));
    std::vector<OddDocument> documents = {
        {"a Ping with bytes after it", ping + " and more", &invoker_},
        {"a Ping without its last brace", ping.substr(0, ping.size() - 1), &invoker_},
        {"a byte order mark", "\xEF\xBB\xBF" + ping, &invoker_},
        {"a zero character", WithMember(ping, "/queryId", "\"a\\u0000b\""), &invoker_},
        {"a long query id", WithMember(ping, "/queryId", '"' + std::string(kLongText, 'q') + '"'), &invoker_},
        {"a catalog that stands twice", WithMember(ping, "/more", "1,\"catalogName\":\"other\""), &invoker_},
        {"100,000 arrays in each other as identity", WithMember(ping, "/identity", std::string(kDeep, '[') + std::string(kDeep, ']')), &invoker_},
        {"100,000 arrays in each other behind the last member", WithMember(ping, "/more", std::string(kDeep, '[') + std::string(kDeep, ']')), &invoker_},
        {"an identity of null", WithMember(ping, "/identity", "null"), &invoker_},
        {"tags of null", WithMember(ping, "/identity/tags", "null"), &invoker_},
        {"an identity with a member more", WithMember(ping, "/identity/more", "1"), &invoker_}};
    const auto without_identity = [&](const athena::FederationRequest& request, athena_source::Invoker& invoker) -> Status {
      LOTIC_ASSIGN_OR_RETURN(const std::string json, Written(request));
      documents.push_back({std::string(athena::MessageName(request)) + " with an identity of null", WithMember(json, "/identity", "null"), &invoker});
      return Status::OK();
    };
    if (facts_.serde_version >= 4) {
      athena::GetDataSourceCapabilitiesRequest capabilities;
      static_cast<athena::RequestBase&>(capabilities) = facts_.Ping();
      LOTIC_RETURN_NOT_OK(without_identity(capabilities, invoker_));
    }
    if (facts_.table) {
      LOTIC_RETURN_NOT_OK(without_identity(facts_.GetTable(), invoker_));
      LOTIC_RETURN_NOT_OK(without_identity(facts_.GetTableLayout(), invoker_));
    }
    if (facts_.layout && facts_.layout->rows.num_rows() > 0) LOTIC_RETURN_NOT_OK(without_identity(facts_.GetSplits(), invoker_));
    if (facts_.read) {
      LOTIC_ASSIGN_OR_RETURN(const athena::WireSplit split, athena_source::ForOneReading(facts_.read->split));
      LOTIC_RETURN_NOT_OK(without_identity(facts_.ReadRecords(split), records_));
    }
    for (const OddDocument& odd : documents) {
      LOTIC_ASSIGN_OR_RETURN(const Reaction reaction, Invoke(ctx_, *odd.invoker, odd.document));
      if (!reaction.fault.empty()) return Failed(odd.what + ": " + reaction.fault);
      LOTIC_ASSIGN_OR_RETURN(const std::string fault, AfterThat(odd));
      if (!fault.empty()) return Failed(fault);
    }
    return Passed(std::to_string(documents.size()) + " documents: an answer or an error, and after each the function still answers");
  }

  // Check 45: a function of which nobody knows is no answer.
  Result<Finding> UnknownFunction() {
    athena::UserDefinedFunctionRequest request;
    request.identity = facts_.client().options().identity;
    request.method_name = "no_such_function_of_anybody";
    request.input.schema.fields = {{"a", true, {athena::WireKind::kInt, 32}}};
    LOTIC_ASSIGN_OR_RETURN(Schema logical, athena::LogicalSchema(request.input.schema));
    BatchBuilder builder(std::make_shared<const Schema>(std::move(logical)));
    builder.column(0).AppendInt64(1);
    request.input.rows = builder.Finish(1);
    request.output_schema = request.input.schema;
    LOTIC_ASSIGN_OR_RETURN(const std::string json, Written(request));
    LOTIC_ASSIGN_OR_RETURN(const std::string fault, FirstNotRefused(ctx_, {{"a call of a function that does not exist", json, &invoker_}}));
    return fault.empty() ? Passed() : Failed(fault);
  }

  // Check 27: three entries, in their order, under the signature in upper case.
  Result<Finding> PassthroughCapability() {
    std::string found;
    for (const auto& [name, entries] : facts_.capabilities) {
      if (!IsPassthrough(entries)) continue;
      const auto fault = [&, signature = name](const std::string& why) { return Failed("capability \"" + signature + "\": " + why); };
      static constexpr const char* kKinds[] = {"query_passthrough_schema", "query_passthrough_name", "query_passthrough_arguments"};
      if (entries.size() != 3) return fault(std::to_string(entries.size()) + " entries instead of schema, name and arguments");
      for (size_t i = 0; i < 3; ++i) {
        if (entries[i].sub_type != kKinds[i])
          return fault("entry " + std::to_string(i) + " is \"" + entries[i].sub_type + "\" instead of \"" + kKinds[i] + "\"");
        if (entries[i].properties.empty() || (i < 2 && entries[i].properties.size() != 1))
          return fault(entries[i].sub_type + " has " + std::to_string(entries[i].properties.size()) + " properties");
      }
      if (name != Upper(entries[0].properties[0] + "." + entries[1].properties[0]))
        return fault("its schema and name are \"" + entries[0].properties[0] + "\" and \"" + entries[1].properties[0] + "\"");
      found += (found.empty() ? "" : ", ") + name;
    }
    return found.empty() ? NotApplicable("no query of the source's own is advertised") : Passed(found);
  }

  // Checks 7 and 28.
  Result<Finding> PassthroughRefusals() {
    if (facts_.serde_version < 5) return NotApplicable("version " + std::to_string(facts_.serde_version) + " has no queries of the source's own");
    const std::string any = "GetTable for a query";
    using Arguments = std::vector<std::pair<std::string, std::string>>;
    std::vector<OddDocument> refused;
    const auto add = [&](const std::string& what, Arguments arguments) -> Status {
      athena::GetTableRequest request;
      static_cast<athena::RequestBase&>(request) = facts_.Ping();
      request.table = facts_.table ? facts_.table->name : TableName{"system", "query"};
      request.passthrough = std::move(arguments);
      LOTIC_ASSIGN_OR_RETURN(std::string json, Written(request));
      refused.push_back({any + what, std::move(json), &invoker_});
      return Status::OK();
    };
    const std::string signature(kSignatureMember);
    bool advertised = false;
    for (const auto& [name, entries] : facts_.capabilities) {
      if (!IsPassthrough(entries) || entries.size() != 3 || entries[2].properties.empty()) continue;
      advertised = true;
      Arguments whole = {{signature, name}};
      for (const std::string& argument : entries[2].properties) whole.emplace_back(argument, "x");
      Arguments unsigned_ones(whole.begin() + 1, whole.end()), empty = whole, other = whole;
      empty[1].second.clear();
      other[0].second = "SYSTEM.NO_SUCH_FUNCTION";
      Arguments missing = whole;
      missing.erase(missing.begin() + 1);
      LOTIC_RETURN_NOT_OK(add(" without " + signature, unsigned_ones));
      LOTIC_RETURN_NOT_OK(add(" without " + entries[2].properties[0], missing));
      LOTIC_RETURN_NOT_OK(add(" whose " + entries[2].properties[0] + " is empty", empty));
      LOTIC_RETURN_NOT_OK(add(" of another function", other));
    }
    // Otherwise the engine would take the table's columns for the query's.
    if (!advertised) LOTIC_RETURN_NOT_OK(add(" that the function does not take", {{signature, "SYSTEM.QUERY"}, {"QUERY", "select 1"}}));
    LOTIC_ASSIGN_OR_RETURN(const std::string fault, FirstNotRefused(ctx_, refused));
    return fault.empty() ? Passed(std::to_string(refused.size()) + (advertised ? " that lack something" : " that the function does not take")) : Failed(fault);
  }

 private:
  Result<std::string> Written(const athena::FederationRequest& request) const { return athena::WriteRequest(request, facts_.serde_version); }

  static bool IsPassthrough(const std::vector<athena::Capability>& entries) {
    return std::any_of(entries.begin(), entries.end(), [](const athena::Capability& entry) { return entry.sub_type.starts_with("query_passthrough_"); });
  }
  static std::string Upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; });
    return text;
  }

  // The function that was asked must still be there for the next one.
  Result<std::string> AfterThat(const OddDocument& odd) {
    LOTIC_ASSIGN_OR_RETURN(const std::string ping, Written(facts_.Ping()));
    LOTIC_ASSIGN_OR_RETURN(const std::string fault, FirstNotAnswered(ctx_, {{"the Ping after that", ping, odd.invoker}}, "PingResponse"));
    return fault.empty() ? fault : odd.what + ": " + fault;
  }

  const CallContext& ctx_;
  const FunctionFacts& facts_;
  athena_source::Invoker& invoker_;
  athena_source::Invoker& records_;
};

}  // namespace

Status CheckDamagedRequests(const CallContext& ctx, const FunctionFacts& facts, CheckList* list) {
  Damage damage(ctx, facts);
  LOTIC_RETURN_NOT_OK(RunCheck(ctx, "udf.unknown_function", list, [&] { return damage.UnknownFunction(); }));
  LOTIC_RETURN_NOT_OK(RunCheck(ctx, "requests.malformed", list, [&] { return damage.Malformed(); }));
  return RunCheck(ctx, "requests.odd_documents", list, [&] { return damage.OddDocuments(); });
}

Status CheckPassthrough(const CallContext& ctx, const FunctionFacts& facts, CheckList* list) {
  Damage damage(ctx, facts);
  LOTIC_RETURN_NOT_OK(RunCheck(ctx, "passthrough.capability", list, [&] { return damage.PassthroughCapability(); }));
  return RunCheck(ctx, "passthrough.refusals", list, [&] { return damage.PassthroughRefusals(); });
}

}  // namespace lotic::cli
