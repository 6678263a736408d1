// SPDX-License-Identifier: Apache-2.0
// Requests in every form that an engine may write them in, and what must be refused in them.
#include <algorithm>

#include "athena_protocol/ipc.h"
#include "athena_protocol/message_json.h"
#include "cli/athena/function_checks.h"
#include "cli/athena/raw_request.h"

namespace lotic::cli {
namespace {

constexpr int kOldestVersion = 2;
constexpr int64_t kSmallSplitBytes = 5'000'000;  // what may be asked for in one block of any size

std::string Base64(std::string_view bytes) {
  std::string text;
  athena::AppendBase64({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, &text);
  return text;
}
std::string Quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

class RequestForms {
 public:
  RequestForms(const CallContext& ctx, const FunctionFacts& facts)
      : ctx_(ctx), facts_(facts), invoker_(*facts.opened.invoker), records_(*facts.opened.records) {}

  // Check 3.
  Result<Finding> PingVariants() {
    LOTIC_ASSIGN_OR_RETURN(const std::string ping, Written(facts_.Ping()));
    const std::vector<OddDocument> documents = {{"a Ping whose identity has no configOptions", WithMember(ping, "/identity/configOptions", ""), &invoker_},
                                                {"a Ping with a member more", WithMember(ping, "/whatComesLater", R"({"a":[1,null]})"), &invoker_}};
    for (const OddDocument& odd : documents) {
      LOTIC_ASSIGN_OR_RETURN(const Reaction reaction, Invoke(ctx_, *odd.invoker, odd.document));
      const auto* pong = reaction.answer ? std::get_if<athena::PingResponse>(&*reaction.answer) : nullptr;
      if (pong == nullptr) return Failed(odd.what + ": " + (reaction.fault.empty() ? reaction.shown : reaction.fault));
      if (pong->query_id != facts_.query_id || pong->catalog != facts_.client().options().catalog)
        return Failed(odd.what + " is answered for query \"" + pong->query_id + "\" of catalog \"" + pong->catalog + "\"");
    }
    return Passed("without configOptions, with a later member");
  }

  // Checks 4 and 5.
  Result<Finding> ListTablesVariants() {
    if (facts_.tables.empty()) return NotApplicable("there is no table to be listed");
    LOTIC_ASSIGN_OR_RETURN(const std::string list, Written(facts_.ListTables()));
    const std::string unpaged = WithMember(WithMember(list, "/nextToken", ""), "/pageSize", "");
    const std::vector<OddDocument> documents = {{"a listing without nextToken and pageSize", unpaged, &invoker_},
                                                {"a listing with the text \"-1\" as pageSize", WithMember(list, "/pageSize", "\"-1\""), &invoker_}};
    for (const OddDocument& odd : documents) {
      LOTIC_ASSIGN_OR_RETURN(const Reaction reaction, Invoke(ctx_, *odd.invoker, odd.document));
      const auto* answer = reaction.answer ? std::get_if<athena::ListTablesResponse>(&*reaction.answer) : nullptr;
      if (answer == nullptr) return Failed(odd.what + ": " + (reaction.fault.empty() ? reaction.shown : reaction.fault));
      std::vector<TableName> tables = answer->tables;
      std::sort(tables.begin(), tables.end());
      // A function may cut any listing into pages; what the first holds must then be of the whole.
      const bool fits = answer->next_token ? std::includes(facts_.tables.begin(), facts_.tables.end(), tables.begin(), tables.end()) : tables == facts_.tables;
      if (!fits) return Failed(odd.what + " gives " + std::to_string(tables.size()) + " tables, or others, instead of " + std::to_string(facts_.tables.size()));
    }
    return Passed("without paging, with the page size as a text");
  }

  // Check 50: what later versions append is ignored.
  Result<Finding> UnknownMembers() {
    std::vector<std::pair<std::string, OddDocument>> asked;
    const auto add = [&](const char* answer, const athena::FederationRequest& request, athena_source::Invoker& invoker) -> Status {
      LOTIC_ASSIGN_OR_RETURN(const std::string json, Written(request));
      const std::string name(athena::MessageName(request));
      asked.push_back({answer, {name + " with a member more", WithMember(json, "/whatComesLater", R"({"a":[1,null]})"), &invoker}});
      return Status::OK();
    };
    if (!facts_.schema.empty()) LOTIC_RETURN_NOT_OK(add("ListSchemasResponse", facts_.ListSchemas(), invoker_));
    if (!facts_.tables.empty()) LOTIC_RETURN_NOT_OK(add("ListTablesResponse", facts_.ListTables(), invoker_));
    if (facts_.table) LOTIC_RETURN_NOT_OK(add("GetTableResponse", facts_.GetTable(), invoker_));
    if (facts_.layout) LOTIC_RETURN_NOT_OK(add("GetTableLayoutResponse", facts_.GetTableLayout(), invoker_));
    if (!facts_.splits.empty()) LOTIC_RETURN_NOT_OK(add("GetSplitsResponse", facts_.GetSplits(), invoker_));
    if (facts_.read && facts_.read->was_inline) {
      LOTIC_ASSIGN_OR_RETURN(const athena::WireSplit split, athena_source::ForOneReading(facts_.read->split));
      LOTIC_RETURN_NOT_OK(add("ReadRecordsResponse", facts_.ReadRecords(split), records_));
    }
    if (asked.empty()) return NotApplicable("no other request than a Ping was answered");
    for (const auto& [answer, odd] : asked) {
      LOTIC_ASSIGN_OR_RETURN(const std::string fault, FirstNotAnswered(ctx_, {odd}, answer));
      if (!fault.empty()) return Failed(fault);
    }
    return Passed(std::to_string(asked.size()) + " kinds of requests");
  }

  // Check 6: every version up to the one that the function speaks, by the members that requests then have.
  Result<Finding> Versions() {
    for (int version = kOldestVersion; version < facts_.serde_version; ++version) {
      athena_source::ClientOptions options = facts_.client().options();
      options.max_serde_version = version;
      LOTIC_ASSIGN_OR_RETURN(const auto client, facts_.client().WithOptions(options));
      const Result<std::string> fault = FaultOf(*client);
      if (!fault.ok()) return Failed("in version " + std::to_string(version) + ": " + fault.status().message());
      if (!fault->empty()) return Failed("in version " + std::to_string(version) + ": " + *fault);
    }
    if (facts_.serde_version == kOldestVersion) return NotApplicable("the function is asked in version 2 only");
    return Passed("2 to " + std::to_string(facts_.serde_version));
  }

  // Checks 10 and 49.
  Result<Finding> Numbers() {
    std::vector<OddDocument> refused;
    LOTIC_ASSIGN_OR_RETURN(const std::string list, Written(facts_.ListTables()));
    refused.push_back({"a pageSize beyond 64 bits", WithMember(list, "/pageSize", "99999999999999999999"), &invoker_});
    refused.push_back({"a pageSize of 1,500 digits", WithMember(list, "/pageSize", std::string(1500, '7')), &invoker_});
    if (facts_.table && facts_.serde_version >= 4) {
      LOTIC_ASSIGN_OR_RETURN(const std::string layout, Written(facts_.GetTableLayout()));
      refused.push_back({"a limit beyond 64 bits", WithMember(layout, "/constraints/limit", "99999999999999999999"), &invoker_});
    }
    std::string found = "pageSize, limit";
    if (facts_.read) {
      LOTIC_ASSIGN_OR_RETURN(const athena::WireSplit split, athena_source::ForOneReading(facts_.read->split));
      LOTIC_ASSIGN_OR_RETURN(const std::string read, Written(facts_.ReadRecords(split)));
      refused.push_back({"a maxBlockSize of the text \"abc\"", WithMember(read, "/maxBlockSize", "\"abc\""), &records_});
      refused.push_back({"a maxInlineBlockSize of null", WithMember(read, "/maxInlineBlockSize", "null"), &records_});
      if (facts_.read->was_inline && SizeOf(*facts_.read) < kSmallSplitBytes) {
        LOTIC_ASSIGN_OR_RETURN(
            const std::string fault,
            FirstNotAnswered(ctx_,
                             {{"a maxBlockSize of the text \"100000000000\"", WithMember(read, "/maxBlockSize", "\"100000000000\""), &records_},
                              {"a maxBlockSize that is a JSON number", WithMember(read, "/maxBlockSize", "16000000"), &records_}},
                             "ReadRecordsResponse"));
        if (!fault.empty()) return Failed(fault);
        found += ", sizes of blocks as texts and numbers, above 2^31";
      }
    }
    LOTIC_ASSIGN_OR_RETURN(const std::string fault, FirstNotRefused(ctx_, refused));
    return fault.empty() ? Passed(found) : Failed(fault);
  }

  // Check 9.
  Result<Finding> Base64Flavour() {
    if (!facts_.layout) return NotApplicable(kNoLayout);
    LOTIC_ASSIGN_OR_RETURN(const std::string layout, Written(facts_.GetTableLayout()));
    const std::string schema = TextAt(layout, "/schema");
    std::string broken_lines;
    for (size_t at = 0; at < schema.size(); at += 76) broken_lines += schema.substr(at, 76) + "\\r\\n";
    LOTIC_ASSIGN_OR_RETURN(
        std::string fault,
        FirstNotAnswered(ctx_, {{"base64 in lines of 76", WithMember(layout, "/schema", Quoted(broken_lines)), &invoker_}}, "GetTableLayoutResponse"));
    if (!fault.empty()) return Failed(fault);
    LOTIC_ASSIGN_OR_RETURN(std::string message, athena::DecodeBase64(schema));
    // What follows a message is ignored: three bytes that both alphabets write differently, for a message that holds none.
    std::string url_safe = Base64(message + std::string((3 - message.size() % 3) % 3, '\0') + "\xFF\xFF\xFF");
    std::replace(url_safe.begin(), url_safe.end(), '/', '_');
    std::replace(url_safe.begin(), url_safe.end(), '+', '-');
    message.append(4 - message.size() % 3, '\0');  // what follows a message is ignored; now there is padding to leave out
    std::string unpadded = Base64(message);
    unpadded.erase(unpadded.find_last_not_of('=') + 1);
    LOTIC_ASSIGN_OR_RETURN(fault, FirstNotRefused(ctx_, {{"base64 of the URL-safe alphabet", WithMember(layout, "/schema", Quoted(url_safe)), &invoker_},
                                                         {"base64 without its padding", WithMember(layout, "/schema", Quoted(unpadded)), &invoker_}}));
    return fault.empty() ? Passed("padded, standard alphabet, also in lines") : Failed(fault);
  }

  // Check 11, and what a cut message is.
  Result<Finding> ArrowForms() {
    if (!facts_.layout) return NotApplicable(kNoLayout);
    LOTIC_ASSIGN_OR_RETURN(const std::string layout, Written(facts_.GetTableLayout()));
    const std::string legacy = athena::EncodeSchema(facts_.table->schema, athena::Framing::kLegacy);
    LOTIC_ASSIGN_OR_RETURN(std::string fault,
                           FirstNotAnswered(ctx_, {{"a schema in the legacy framing", WithMember(layout, "/schema", Quoted(Base64(legacy))), &invoker_}},
                                            "GetTableLayoutResponse"));
    if (!fault.empty()) return Failed(fault);
    LOTIC_ASSIGN_OR_RETURN(const std::string schema, athena::DecodeBase64(TextAt(layout, "/schema")));
    std::vector<OddDocument> refused = {
        {"a schema that is cut in half", WithMember(layout, "/schema", Quoted(Base64(schema.substr(0, schema.size() / 2)))), &invoker_},
        {"a schema that is no message", WithMember(layout, "/schema", Quoted(Base64("no schema, no message"))), &invoker_}};
    if (!facts_.splits.empty()) {
      LOTIC_ASSIGN_OR_RETURN(const std::string splits, Written(facts_.GetSplits()));
      LOTIC_ASSIGN_OR_RETURN(const std::string records, athena::DecodeBase64(TextAt(splits, "/partitions/records")));
      refused.push_back(
          {"partitions that are cut in half", WithMember(splits, "/partitions/records", Quoted(Base64(records.substr(0, records.size() / 2)))), &invoker_});
    }
    LOTIC_ASSIGN_OR_RETURN(fault, FirstNotRefused(ctx_, refused));
    return fault.empty() ? Passed("both framings") : Failed(fault);
  }

  // Checks 20 and 26: constraints that mean nothing.
  Result<Finding> ConstraintForms() {
    if (!facts_.layout) return NotApplicable(kNoLayout);
    std::vector<OddDocument> refused;
    for (const athena::WireField& field : facts_.table->schema.fields) {
      const bool text = field.type.kind == athena::WireKind::kUtf8;
      if (!text && !(field.type.kind == athena::WireKind::kInt && field.type.is_signed)) continue;
      if (field.name.find_first_of("/~") != std::string::npos) continue;  // would have to be written otherwise in a path
      athena::GetTableLayoutRequest request = facts_.GetTableLayout();
      const Scalar low = text ? Scalar(std::string("a")) : Scalar(int64_t{1}), high = text ? Scalar(std::string("b")) : Scalar(int64_t{2});
      athena::WireValueSet set;
      set.type = field.type;
      set.ranges = {{{low, athena::Bound::kExactly}, {high, athena::Bound::kExactly}}};
      request.constraints.summary = {{field.name, set}};
      LOTIC_ASSIGN_OR_RETURN(const std::string right, Written(request));
      const std::string at = "/constraints/summary/" + field.name;
      LOTIC_ASSIGN_OR_RETURN(const std::string fault,
                             FirstNotAnswered(ctx_, {{"a range of column \"" + field.name + "\"", right, &invoker_}}, "GetTableLayoutResponse"));
      if (!fault.empty()) return Failed(fault);
      request.constraints.summary[0].second.ranges = {{{high, athena::Bound::kExactly}, {high, athena::Bound::kExactly}}};
      LOTIC_ASSIGN_OR_RETURN(const std::string other, Written(request));
      // Between 2 and 1: the value of the lower bound is put in place of the upper one's.
      const std::string low_records = TextAt(right, at + "/ranges/0/low/valueBlock/records");
      refused.push_back({"a range that ends before it begins", WithMember(other, at + "/ranges/0/high/valueBlock/records", Quoted(low_records)), &invoker_});
      refused.push_back({"a value set of an unknown kind", WithMember(right, at + "/@type", "\"NoSuchSet\""), &invoker_});
      refused.push_back({"a bound of an unknown kind", WithMember(right, at + "/ranges/0/low/bound", "\"SIDEWAYS\""), &invoker_});
      break;
    }
    if (facts_.serde_version >= 4) {
      LOTIC_ASSIGN_OR_RETURN(const std::string layout, Written(facts_.GetTableLayout()));
      refused.push_back(
          {"an order of an unknown direction", WithMember(layout, "/constraints/orderByClause", R"([{"columnName":"a","direction":"SIDEWAYS"}])"), &invoker_});
    }
    if (refused.empty()) return NotApplicable("no column of text or whole numbers, and no order in version " + std::to_string(facts_.serde_version));
    LOTIC_ASSIGN_OR_RETURN(const std::string fault, FirstNotRefused(ctx_, refused));
    return fault.empty() ? Passed(std::to_string(refused.size()) + " that mean nothing are refused") : Failed(fault);
  }

 private:
  static constexpr const char* kNoLayout = "there is no table whose layout could be asked for";

  Result<std::string> Written(const athena::FederationRequest& request) const { return athena::WriteRequest(request, facts_.serde_version); }

  static int64_t SizeOf(const ReadSplit& read) {
    int64_t bytes = 0;
    for (const athena::Block& block : read.blocks) bytes += athena::BlockSizeBytes(block.rows);
    return bytes;
  }

  // What a client of another version is told otherwise; empty: nothing.
  Result<std::string> FaultOf(athena_source::FunctionClient& client) {
    if (facts_.schema.empty()) return std::string();
    LOTIC_ASSIGN_OR_RETURN(const auto schemas, client.ListSchemas(ctx_, facts_.query_id));
    if (!facts_.tables.empty()) {
      LOTIC_ASSIGN_OR_RETURN(const auto tables, client.AllTables(ctx_, facts_.query_id, facts_.schema));
      if (tables != facts_.tables)
        return "schema " + facts_.schema + " has " + std::to_string(tables.size()) + " tables, or others, instead of " + std::to_string(facts_.tables.size());
    }
    if (!facts_.table) return std::string();
    LOTIC_ASSIGN_OR_RETURN(const athena_source::RemoteTable table, client.GetTable(ctx_, facts_.query_id, facts_.table->name));
    if (!(table.schema.fields == facts_.table->schema.fields)) return "table " + table.name.ToString() + " has other columns";
    if (!facts_.layout || facts_.layout->rows.num_rows() == 0) return std::string();
    const athena::WireConstraints& constraints = facts_.constraints;
    LOTIC_ASSIGN_OR_RETURN(const athena::Block layout, client.GetTableLayout(ctx_, facts_.query_id, table, constraints));
    if (layout.rows.num_rows() == 0) return std::string("there is no partition");
    if (facts_.splits.empty()) return std::string();
    LOTIC_ASSIGN_OR_RETURN(const athena::GetSplitsResponse page,
                           client.GetSplits(ctx_, facts_.query_id, table, facts_.FewPartitions(), constraints, std::nullopt));
    if (page.splits.empty() && !page.continuation_token && facts_.layout->rows.num_rows() == facts_.FewPartitions().rows.num_rows())
      return std::string("there is no split");
    if (!facts_.read) return std::string();
    LOTIC_ASSIGN_OR_RETURN(const athena::WireSplit split, athena_source::ForOneReading(facts_.read->split));
    LOTIC_ASSIGN_OR_RETURN(const athena_source::RecordAnswer answer, client.ReadRecords(ctx_, facts_.query_id, table.name, table.schema, split, constraints));
    std::vector<std::string> rows, expected;
    for (size_t i = 0; i < answer.num_blocks(); ++i) {
      LOTIC_ASSIGN_OR_RETURN(const athena::Block block, client.ReadBlock(ctx_, answer, i, nullptr));
      AppendRowTexts(block, table.schema, &rows);
    }
    for (const athena::Block& block : facts_.read->blocks) AppendRowTexts(block, table.schema, &expected);
    std::sort(rows.begin(), rows.end());
    std::sort(expected.begin(), expected.end());
    return rows == expected ? std::string() : "a split has " + std::to_string(rows.size()) + " rows, or others, instead of " + std::to_string(expected.size());
  }

  const CallContext& ctx_;
  const FunctionFacts& facts_;
  athena_source::Invoker& invoker_;
  athena_source::Invoker& records_;
};

}  // namespace

Status CheckRequestForms(const CallContext& ctx, const FunctionFacts& facts, CheckList* list) {
  RequestForms forms(ctx, facts);
  LOTIC_RETURN_NOT_OK(RunCheck(ctx, "ping.variants", list, [&] { return forms.PingVariants(); }));
  LOTIC_RETURN_NOT_OK(RunCheck(ctx, "list_tables.variants", list, [&] { return forms.ListTablesVariants(); }));
  LOTIC_RETURN_NOT_OK(RunCheck(ctx, "requests.versions", list, [&] { return forms.Versions(); }));
  LOTIC_RETURN_NOT_OK(RunCheck(ctx, "requests.unknown_members", list, [&] { return forms.UnknownMembers(); }));
  LOTIC_RETURN_NOT_OK(RunCheck(ctx, "requests.numbers", list, [&] { return forms.Numbers(); }));
  LOTIC_RETURN_NOT_OK(RunCheck(ctx, "requests.base64", list, [&] { return forms.Base64Flavour(); }));
  LOTIC_RETURN_NOT_OK(RunCheck(ctx, "requests.arrow", list, [&] { return forms.ArrowForms(); }));
  return RunCheck(ctx, "requests.constraints", list, [&] { return forms.ConstraintForms(); });
}

}  // namespace lotic::cli
