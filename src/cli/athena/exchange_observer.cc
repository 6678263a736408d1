// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/exchange_observer.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "athena_protocol/ipc.h"
#include "athena_protocol/message_json.h"
#include "connector/athena/answer_checks.h"

namespace lotic::cli {
namespace {

//   modern   FF FF FF FF | int32 length | metadata, padded | body        8 + length is a multiple of 8
//   legacy   int32 length | metadata, padded | body                      4 + length is a multiple of 8
void CheckMessage(const std::string& name, const std::string& bytes, std::string* fault, int* legacy) {
  const bool modern = bytes.starts_with("\xFF\xFF\xFF\xFF");
  if (!modern) ++*legacy;
  const size_t prefix = modern ? 8 : 4;
  uint32_t length = 0;
  if (bytes.size() < prefix) {
    *fault = name + ": a message of " + std::to_string(bytes.size()) + " bytes";
    return;
  }
  std::memcpy(&length, bytes.data() + prefix - 4, 4);
  if ((prefix + length) % 8 != 0) *fault = name + ": the metadata is " + std::to_string(length) + " bytes long, so that what follows is not aligned to 8 bytes";
}

// Every member "schema" and "records" of an answer: the Arrow messages inside.
void CheckMessages(const nlohmann::json& value, std::string* fault, int* legacy) {
  if (value.is_array()) {
    for (const auto& item : value) CheckMessages(item, fault, legacy);
  }
  if (!value.is_object()) return;
  for (const auto& [name, member] : value.items()) {
    if ((name != "schema" && name != "records") || !member.is_string() || member.get_ref<const std::string&>().empty()) {
      CheckMessages(member, fault, legacy);
      continue;
    }
    const auto bytes = athena::DecodeBase64(member.get_ref<const std::string&>());
    if (!bytes.ok()) {
      *fault = name + ": " + bytes.status().message();
    } else {
      CheckMessage(name, *bytes, fault, legacy);
    }
  }
}

// The check that an answer fails for which the client may refuse it.
std::string Contradicted(const athena::FederationRequest& request, const athena::FederationResponse& response) {
  if (const auto* asked = std::get_if<athena::GetTableRequest>(&request)) {
    const auto* got = std::get_if<athena::GetTableResponse>(&response);
    return got != nullptr && !(got->table == asked->table) ? "get_table.echo" : "";
  }
  if (const auto* asked = std::get_if<athena::GetTableLayoutRequest>(&request)) {
    const auto* got = std::get_if<athena::GetTableLayoutResponse>(&response);
    const auto lacks = [&](const std::string& column) { return got != nullptr && !got->partitions.schema.IndexOf(column); };
    return std::any_of(asked->partition_columns.begin(), asked->partition_columns.end(), lacks) ? "get_table_layout.partition_columns" : "";
  }
  if (const auto* asked = std::get_if<athena::ReadRecordsRequest>(&request)) {
    const auto* rows = std::get_if<athena::ReadRecordsResponse>(&response);
    const auto* remote = std::get_if<athena::RemoteReadRecordsResponse>(&response);
    const athena::WireSchema* got = rows != nullptr ? &rows->records.schema : remote != nullptr ? &remote->schema : nullptr;
    return got != nullptr && !athena_source::CheckRecordSchema(asked->schema, *got).ok() ? "read_records.schema" : "";
  }
  return "";
}

}  // namespace

void ExchangeObserver::Observe(const athena_source::Exchange& exchange) {
  if (exchange.function_error) return;
  const std::string name(athena::MessageName(*exchange.request));
  const auto strict = athena::ParseResponse(exchange.response_json, {.strict = true});
  std::string& fault = strict_[name];
  if (!strict.ok() && fault.empty()) fault = strict.status().message();
  const auto json = nlohmann::json::parse(exchange.response_json, nullptr, /*allow_exceptions=*/false);
  CheckMessages(json, &arrow_fault_, &legacy_messages_);
  if (static_cast<int64_t>(exchange.response_json.size()) > athena::kMaxResponseBytes) {
    fault = "the answer has " + std::to_string(exchange.response_json.size()) + " bytes; Lambda passes on at most " + std::to_string(athena::kMaxResponseBytes);
  }
  if (fault.empty() && json.is_object() && json.contains("catalogName") && json["catalogName"].is_string() && json["catalogName"] != catalog_) {
    fault = "catalogName \"" + json["catalogName"].get<std::string>() + "\" instead of \"" + catalog_ + "\"";
  }
  const auto response = athena::ParseResponse(exchange.response_json, {});
  contradicted_ = response.ok() ? Contradicted(*exchange.request, *response) : "";
  if (!response.ok()) return;
  if (const auto* remote = std::get_if<athena::RemoteReadRecordsResponse>(&*response)) {
    spilled_blocks_ += remote->remote_blocks.size();
    for (const athena::SpillLocation& block : remote->remote_blocks) {
      if (block.directory) place_fault_ = "the spilled block " + block.bucket + "/" + block.key + " is called a directory";
    }
  }
}

}  // namespace lotic::cli
