// SPDX-License-Identifier: Apache-2.0
#include "athena/passthrough.h"

#include <algorithm>
#include <optional>

#include "lotic/type.h"

namespace lotic::athena {
namespace {

std::string UpperCase(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

std::vector<std::string> AllArguments(const PassthroughFunction& function) {
  std::vector<std::string> names = function.arguments;
  names.insert(names.end(), function.optional_arguments.begin(), function.optional_arguments.end());
  return names;
}

}  // namespace

QueryPassthrough* PassthroughOf(Connector& connector, const DoorOptions& options) {
  return options.enable_query_passthrough ? dynamic_cast<QueryPassthrough*>(&connector) : nullptr;
}

std::string SignatureOf(const PassthroughFunction& function) { return UpperCase(function.schema) + "." + UpperCase(function.name); }

void Advertise(const PassthroughFunction& function, GetDataSourceCapabilitiesResponse* response) {
  std::vector<std::string> arguments;
  for (const std::string& name : AllArguments(function)) arguments.push_back(UpperCase(name));
  response->capabilities.push_back(
      {SignatureOf(function),
       {{"query_passthrough_schema", {function.schema}}, {"query_passthrough_name", {function.name}}, {"query_passthrough_arguments", std::move(arguments)}}});
}

Result<std::map<std::string, std::string>> PassthroughArguments(const PassthroughFunction& function,
                                                                const std::vector<std::pair<std::string, std::string>>& sent) {
  const std::string signature = SignatureOf(function);
  std::optional<std::string> called;
  std::map<std::string, std::string> arguments;
  const std::vector<std::string> known = AllArguments(function);
  for (const auto& [name, value] : sent) {
    if (name == kSignatureKey) {
      called = value;
      continue;
    }
    const auto own = std::find_if(known.begin(), known.end(), [&](const std::string& each) { return UpperCase(each) == UpperCase(name); });
    if (own == known.end()) {
      const auto near = NearestNames(name, known, 1);
      return Status::Invalid("query passthrough: ", signature, " has no argument \"", name, "\"", near.empty() ? "" : "; did you mean \"" + near[0] + "\"?");
    }
    if (!value.empty()) arguments[*own] = value;
  }
  if (!called) return Status::Invalid("query passthrough: the arguments lack ", kSignatureKey, ", which says the function; expected ", signature);
  if (UpperCase(*called) != signature) return Status::Invalid("query passthrough: function ", *called, " is not offered here; expected ", signature);
  for (const std::string& name : function.arguments) {
    if (arguments.count(name) == 0)
      return Status::Invalid("query passthrough: ", signature, " needs argument \"", UpperCase(name), "\", which is missing or empty");
  }
  return arguments;
}

Status NoPassthrough(const TableName& table) {
  return Status::NotImplemented("query passthrough: table ", table.ToString(),
                                ": this connector offers no function that takes a query of its own, or it is switched off (enable_query_passthrough)");
}

}  // namespace lotic::athena
