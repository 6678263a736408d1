// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/udf_call.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "cli/athena/where_text.h"
#include "lotic/batch_builder.h"
#include "lotic/constraints.h"

namespace lotic::cli {
namespace {

Status AppendText(const Type& type, const std::string& text, ColumnBuilder* out) {
  LOTIC_ASSIGN_OR_RETURN(const Scalar value, ParseValue(type, text));
  AppendScalar(value, out);
  return Status::OK();
}

Status AppendJson(const Type& type, const nlohmann::json& value, ColumnBuilder* out) {
  if (value.is_null()) return out->AppendNull(), Status::OK();
  switch (type.id()) {
    case TypeId::kStruct: {
      if (!value.is_object()) return Status::Invalid("a value of ", type.ToString(), " is a JSON object");
      for (const auto& [name, member] : value.items()) {
        bool known = false;
        for (const Field& field : type.children()) known = known || field.name == name;
        if (!known) return Status::Invalid(type.ToString(), " has no member \"", name, "\"");
      }
      for (size_t i = 0; i < type.children().size(); ++i) {
        const auto member = value.find(type.children()[i].name);
        LOTIC_RETURN_NOT_OK(AppendJson(type.children()[i].type, member == value.end() ? nlohmann::json() : *member, &out->child(i)));
      }
      return out->AppendValid(), Status::OK();
    }
    case TypeId::kList:
      if (!value.is_array()) return Status::Invalid("a value of ", type.ToString(), " is a JSON array");
      for (const auto& item : value) LOTIC_RETURN_NOT_OK(AppendJson(type.children()[0].type, item, &out->child(0)));
      return out->FinishList(), Status::OK();
    case TypeId::kMap:
      if (!value.is_object()) return Status::Invalid("a value of ", type.ToString(), " is a JSON object");
      for (const auto& [key, item] : value.items()) {
        LOTIC_RETURN_NOT_OK(AppendText(type.children()[0].type, key, &out->child(0)));
        LOTIC_RETURN_NOT_OK(AppendJson(type.children()[1].type, item, &out->child(1)));
      }
      return out->FinishList(), Status::OK();
    default: return AppendText(type, value.is_string() ? value.get<std::string>() : value.dump(), out);
  }
}

// Where TYPE ends: at the first '=' outside of quotes, as member names may hold one.
size_t EndOfType(const std::string& argument) {
  bool quoted = false;
  for (size_t i = 0; i < argument.size(); ++i) {
    if (argument[i] == '"') quoted = !quoted;
    if (argument[i] == '=' && !quoted) return i;
  }
  return argument.size();
}

}  // namespace

Result<UdfCall> MakeUdfCall(const std::vector<std::string>& arguments, const std::string& returns) {
  Schema input;
  std::vector<size_t> ends;
  for (size_t i = 0; i < arguments.size(); ++i) {
    ends.push_back(EndOfType(arguments[i]));
    const Result<Type> type = Type::Parse(arguments[i].substr(0, ends[i]));
    if (!type.ok()) return Status::Invalid("--arg ", i + 1, ": ", type.status().message());
    input.fields.push_back({"arg" + std::to_string(i), *type});
  }
  const Result<Type> result = Type::Parse(returns);
  if (!result.ok()) return Status::Invalid("--returns: ", result.status().message());
  BatchBuilder builder(std::make_shared<const Schema>(input));
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Type& type = input.fields[i].type;
    nlohmann::json value;
    if (ends[i] < arguments[i].size()) {
      const std::string text = arguments[i].substr(ends[i] + 1);
      value = type.is_nested() ? nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false) : nlohmann::json(text);
      if (value.is_discarded()) return Status::Invalid("--arg ", i + 1, ": \"", text, "\" is no JSON, which values of ", type.ToString(), " are");
    }
    const Status appended = AppendJson(type, value, &builder.column(i));
    if (!appended.ok()) return appended.WithMessage("--arg ", i + 1, ": ", appended.message());
  }
  UdfCall call;
  LOTIC_ASSIGN_OR_RETURN(const athena::WireSchema wire, athena::AthenaSchema(input));
  LOTIC_ASSIGN_OR_RETURN(call.input, athena::ToAthenaBlock(builder.Finish(1), wire));
  LOTIC_ASSIGN_OR_RETURN(call.output, athena::AthenaSchema(Schema{{{"result", *result}}}));
  return call;
}

}  // namespace lotic::cli
