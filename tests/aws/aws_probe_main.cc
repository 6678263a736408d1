// SPDX-License-Identifier: Apache-2.0
// Does with src/aws what a test asks for: a JSON object a line in, one out. Every request holds "do" and "environment".
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "aws/json_client.h"
#include "aws/s3_client.h"

namespace lotic::aws {
namespace {

using nlohmann::json;

json Failure(const Status& status) {
  json answer{{"ok", false}, {"status", StatusCodeName(status.code())}, {"message", status.message()}};
  if (const AwsError* error = AwsError::From(status)) {
    answer["error"] = {
        {"code", error->code}, {"message", error->message}, {"request_id", error->request_id}, {"http", error->http_status}, {"retryable", error->retryable()}};
  }
  return answer;
}

const JsonService& ServiceOf(const std::string& name) {
  for (const JsonService* service : {&KinesisService(), &TimestreamQueryService(), &TimestreamWriteService()}) {
    if (service->name == name) return *service;
  }
  throw std::invalid_argument("no service " + name);
}

Result<json> DoS3(const json& request, Session session) {
  S3ClientOptions options;
  if (request.contains("path_style")) options.path_style = request["path_style"].get<bool>();
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<S3Client> client, S3Client::Create(std::move(session), options));
  const std::string what = request["do"], bucket = request["bucket"], key = request.value("key", "");
  if (what == "put") {
    const std::string body = request.contains("size") ? std::string(request["size"].get<size_t>(), 'x') : request["body"].get<std::string>();
    std::vector<HttpHeader> headers;
    const json given = request.value("headers", json::object());
    for (const auto& [name, value] : given.items()) headers.push_back({name, value});
    LOTIC_RETURN_NOT_OK(client->PutObject({}, bucket, key, {reinterpret_cast<const uint8_t*>(body.data()), body.size()}, headers));
    return json::object();
  }
  if (what == "get") {
    S3GetOptions get;
    if (request.contains("range")) get.range = {request["range"][0].get<int64_t>(), request["range"][1].get<int64_t>()};
    LOTIC_ASSIGN_OR_RETURN(S3Object object, client->GetObject({}, bucket, key, get));
    return json{{"body", object.body}, {"content_type", object.content_type}, {"etag", object.etag}};
  }
  if (what == "head") {
    LOTIC_RETURN_NOT_OK(client->HeadBucket({}, bucket));
    return json::object();
  }
  if (what == "delete") {
    LOTIC_RETURN_NOT_OK(client->DeleteObject({}, bucket, key));
    return json::object();
  }
  LOTIC_ASSIGN_OR_RETURN(std::string url, client->Presign({}, request["method"], bucket, key, std::chrono::seconds(request["expires"].get<int>())));
  return json{{"url", url}};
}

Result<json> Do(const json& request) {
  const Environment environment = request["environment"];
  const std::string what = request["do"];
  if (what == "credentials") {
    CredentialsOptions options;
    LOTIC_ASSIGN_OR_RETURN(std::string region, ResolveRegion(options, environment));
    LOTIC_ASSIGN_OR_RETURN(const auto provider, ResolveCredentials(options, environment));
    LOTIC_ASSIGN_OR_RETURN(const Credentials found, provider->Get({}));
    return json{{"region", region},
                {"id", found.access_key_id},
                {"secret", found.secret_access_key.Reveal()},  // a test's own, made up
                {"token", found.session_token.Reveal()}};
  }
  LOTIC_ASSIGN_OR_RETURN(Session session, Session::Open({}, environment));
  if (what == "call") {
    JsonClientOptions options;
    options.retry.max_attempts = request.value("attempts", 1);
    LOTIC_ASSIGN_OR_RETURN(const auto client, JsonClient::Create(ServiceOf(request["service"]), std::move(session), options));
    LOTIC_ASSIGN_OR_RETURN(JsonAnswer answer, client->Call({}, request["operation"].get<std::string>(), request["body"].get<std::string>()));
    return json{{"body", answer.body}, {"request_id", answer.request_id}, {"attempts", answer.attempts}};
  }
  if (what == "endpoint") {
    if (request["service"] == "s3") {
      LOTIC_ASSIGN_OR_RETURN(const auto client, S3Client::Create(std::move(session)));
      return json{{"url", client->endpoint().Url()}, {"region", client->region()}};
    }
    LOTIC_ASSIGN_OR_RETURN(const auto client, JsonClient::Create(ServiceOf(request["service"]), std::move(session)));
    return json{{"url", client->endpoint().Url()}, {"region", client->region()}};
  }
  return DoS3(request, std::move(session));
}

}  // namespace
}  // namespace lotic::aws

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    lotic::Result<nlohmann::json> answer = lotic::aws::Do(nlohmann::json::parse(line));
    if (answer.ok()) (*answer)["ok"] = true;
    std::cout << (answer.ok() ? *answer : lotic::aws::Failure(answer.status())).dump() << std::endl;
  }
}
