// SPDX-License-Identifier: Apache-2.0
// Everything of AWS that comes from outside as bytes: error answers of JSON services and of S3, the shared files, dates, endpoints.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "aws/aws_error.h"
#include "aws/service_clock.h"
#include "aws/session.h"
#include "aws/shared_profile.h"

namespace lotic::aws {
namespace {

bool IsPresentable(const std::string& text, size_t limit) {
  (void)nlohmann::json(text).dump();  // throws on bytes that are no UTF-8
  const bool has_control = std::any_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7F; });
  return text.size() <= limit + 3 && !has_control;
}

void CheckError(const Status& status) {
  const AwsError* error = AwsError::From(status);
  LOTIC_CHECK(error != nullptr && !error->code.empty());
  LOTIC_CHECK(IsPresentable(error->code, 128) && IsPresentable(error->message, kMaxErrorTextBytes) && IsPresentable(error->request_id, 256));
  LOTIC_CHECK(status.ToString().find("the-token") == std::string::npos);
}

void FuzzErrors(std::string_view text) {
  static const Credentials kKeys{"AKID", net::Secret("the-secret"), net::Secret("the-token")};
  HttpResponse response;
  response.status = text.empty() ? 500 : 300 + static_cast<uint8_t>(text[0]);
  response.body = text;
  const std::string header(text.substr(0, std::min<size_t>(text.size(), 300)));
  CheckError(JsonServiceError("kinesis", "GetRecords", response, kKeys));
  CheckError(S3ServiceError("GetObject", "s3://b/k", "us-east-1", response, kKeys));
  response.headers = {{"x-amzn-errortype", header}, {"x-amz-bucket-region", header}, {"x-amzn-requestid", header}, {"Retry-After", header}};
  CheckError(JsonServiceError("kinesis", "GetRecords", response, kKeys));
  CheckError(S3ServiceError("GetObject", "s3://b/k", "us-east-1", response, kKeys));
}

void FuzzProfile(std::string_view text) {
  const auto sections = ParseProfileFile(text, "file");
  if (!sections.ok()) {
    LOTIC_CHECK(sections.status().message().size() < 200);  // none of the text
    return;
  }
  // Written out plainly and read again, it is the same.
  std::string again;
  for (const auto& [name, settings] : *sections) {
    again += "[" + name + "]\n";
    for (const auto& [setting, value] : settings) again += setting + " = " + value.Reveal() + "\n";
  }
  const auto reread = ParseProfileFile(again, "file");
  LOTIC_CHECK(reread.ok() && *reread == *sections);
}

void FuzzEndpoint(std::string_view text) {
  const auto endpoint = ServiceEndpoint::Parse(text);
  if (!endpoint.ok()) return;
  const auto again = ServiceEndpoint::Parse(endpoint->Url());
  LOTIC_CHECK(again.ok() && again->Url() == endpoint->Url() && again->host == endpoint->host && again->port == endpoint->port);
}

}  // namespace
}  // namespace lotic::aws

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  lotic::aws::FuzzErrors(text);
  lotic::aws::FuzzProfile(text);
  lotic::aws::FuzzEndpoint(text);
  (void)lotic::aws::ParseHttpDate(text);
  return 0;
}
