// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/function_error.h"

#include "athena_protocol/json_document.h"
#include "athena_protocol/json_text.h"

namespace lotic::athena {
namespace {

constexpr size_t kMaxErrorBytes = size_t{6} << 20;  // what Lambda lets through
constexpr int kMaxCauses = 16;
constexpr size_t kMaxStackLines = 10000;

// AWS Glue's names of source errors, at the start of a message. Where several codes share a name the first is what the name reads back as.
struct CodeName {
  StatusCode code;
  std::string_view name;
};
constexpr CodeName kCodeNames[] = {
    {StatusCode::kInvalid, "InvalidInputException"},
    {StatusCode::kCapacityError, "InvalidInputException"},
    {StatusCode::kNotFound, "EntityNotFoundException"},
    {StatusCode::kUnauthorized, "AccessDeniedException"},
    {StatusCode::kUnauthorized, "InvalidCredentialsException"},
    {StatusCode::kThrottled, "ThrottlingException"},
    {StatusCode::kDeadlineExceeded, "OperationTimeoutException"},
    {StatusCode::kNotImplemented, "OperationNotSupportedException"},
    {StatusCode::kDataLoss, "PartialFailureException"},
    {StatusCode::kIOError, "InternalServiceException"},
    {StatusCode::kIOError, "InvalidResponseException"},
    {StatusCode::kCancelled, "InternalServiceException"},
    {StatusCode::kUnknownError, "InternalServiceException"},
};

std::string_view NameOf(StatusCode code) {
  for (const CodeName& entry : kCodeNames) {
    if (entry.code == code) return entry.name;
  }
  return "InternalServiceException";
}

// What the Java runtime names a class that it wraps everything else in; more would only repeat it.
bool IsOurs(std::string_view type) { return type == kThrottleErrorType || type == kConnectorErrorType; }

Status ReadText(const JsonNode& node, std::string_view name, std::string* out) {
  if (node.kind == JsonKind::kNull) return Status::OK();
  if (node.kind != JsonKind::kText) return Status::Invalid("function error: ", name, ": expected a text, found ", JsonKindName(node.kind));
  *out = node.text;
  return Status::OK();
}

// An array of lines, or of arrays of words that make a line.
Status ReadStack(const JsonDocument& document, const JsonNode& node, std::vector<std::string>* out) {
  if (node.kind == JsonKind::kNull) return Status::OK();
  if (node.kind != JsonKind::kArray) return Status::Invalid("function error: stackTrace: expected an array, found ", JsonKindName(node.kind));
  for (const JsonNode& line : document.children(node)) {
    if (out->size() >= kMaxStackLines) break;
    std::string text;
    if (line.kind == JsonKind::kArray) {
      for (const JsonNode& word : document.children(line)) {
        if (!text.empty()) text += ' ';
        std::string part;
        LOTIC_RETURN_NOT_OK(ReadText(word, "stackTrace", &part));
        text += part;
      }
    } else {
      LOTIC_RETURN_NOT_OK(ReadText(line, "stackTrace", &text));
    }
    out->push_back(std::move(text));
  }
  return Status::OK();
}

Status ReadError(const JsonDocument& document, const JsonNode& node, int depth, FunctionError* out) {
  if (node.kind != JsonKind::kObject) return Status::Invalid("function error: expected an object, found ", JsonKindName(node.kind));
  if (depth > kMaxCauses) return Status::CapacityError("function error: more than ", kMaxCauses, " causes inside one another");
  for (const JsonNode& member : document.children(node)) {
    if (member.key == "errorMessage") LOTIC_RETURN_NOT_OK(ReadText(member, member.key, &out->message));
    if (member.key == "errorType") LOTIC_RETURN_NOT_OK(ReadText(member, member.key, &out->type));
    if (member.key == "stackTrace") {
      out->stack.clear();
      LOTIC_RETURN_NOT_OK(ReadStack(document, member, &out->stack));
    }
    if (member.key == "cause" && member.kind != JsonKind::kNull) {
      out->cause.assign(1, FunctionError());
      LOTIC_RETURN_NOT_OK(ReadError(document, member, depth + 1, &out->cause[0]));
    }
  }
  return Status::OK();
}

}  // namespace

FunctionError FunctionErrorOf(const Status& status) {
  LOTIC_CHECK(!status.ok());
  const bool retry = status.code() == StatusCode::kThrottled || status.code() == StatusCode::kDeadlineExceeded;
  return {std::string(NameOf(status.code())) + ": " + status.message(), std::string(retry ? kThrottleErrorType : kConnectorErrorType), {}, {}};
}

Status StatusOf(const FunctionError& error) {
  std::string message = error.message;
  StatusCode code = error.type == kThrottleErrorType ? StatusCode::kThrottled : StatusCode::kIOError;
  for (const CodeName& entry : kCodeNames) {
    if (message.compare(0, entry.name.size(), entry.name) == 0 && message.compare(entry.name.size(), 2, ": ") == 0) {
      const bool retry = entry.code == StatusCode::kThrottled || entry.code == StatusCode::kDeadlineExceeded;
      if (error.type != kThrottleErrorType || retry) code = entry.code;
      message.erase(0, entry.name.size() + 2);
      break;
    }
  }
  if (message.empty()) message = "a function error without a message";
  if (!IsOurs(error.type)) message += " (" + (error.type.empty() ? std::string("no error type") : error.type) + ")";
  const std::vector<FunctionError>* cause = &error.cause;
  for (int depth = 0; depth < kMaxCauses && !cause->empty(); ++depth, cause = &cause->front().cause) {
    message += "; caused by " + cause->front().type + ": " + cause->front().message;
  }
  return Status(code, std::move(message));
}

std::string WriteFunctionError(const FunctionError& error) {
  std::string out = "{\"errorMessage\":";
  AppendJsonText(error.message, &out);
  out += ",\"errorType\":";
  AppendJsonText(error.type, &out);
  out += ",\"stackTrace\":[";
  for (const std::string& line : error.stack) {
    if (out.back() != '[') out += ',';
    AppendJsonText(line, &out);
  }
  return out + "]}";
}

Result<FunctionError> ParseFunctionError(std::string_view json) {
  LOTIC_ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse("function error", json, kMaxErrorBytes));
  FunctionError error;
  LOTIC_RETURN_NOT_OK(ReadError(document, document.root(), 0, &error));
  return error;
}

}  // namespace lotic::athena
