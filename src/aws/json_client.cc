// SPDX-License-Identifier: Apache-2.0
#include "aws/json_client.h"

#include <iterator>
#include <utility>

namespace lotic::aws {
const JsonService& KinesisService() {
  static const JsonService service{"kinesis", "KINESIS", "kinesis", "kinesis", "Kinesis_20131202", "1.1"};
  return service;
}

const JsonService& TimestreamQueryService() {
  static const JsonService service{"timestream-query", "TIMESTREAM_QUERY", "query.timestream", "timestream", "Timestream_20181101", "1.0"};
  return service;
}

const JsonService& TimestreamWriteService() {
  static const JsonService service{"timestream-write", "TIMESTREAM_WRITE", "ingest.timestream", "timestream", "Timestream_20181101", "1.0"};
  return service;
}

JsonClient::JsonClient(const JsonService& service, Session session, JsonClientOptions options, ServiceEndpoint endpoint)
    : service_(service),
      session_(std::move(session)),
      options_(std::move(options)),
      endpoint_(std::move(endpoint)),
      region_(SigningRegion(endpoint_, session_)),
      clock_(*session_.clock) {}

Result<std::unique_ptr<JsonClient>> JsonClient::Create(const JsonService& service, Session session, JsonClientOptions options) {
  LOTIC_RETURN_NOT_OK(options.retry.Validate());
  LOTIC_CHECK(session.http != nullptr && session.credentials != nullptr);
  LOTIC_ASSIGN_OR_RETURN(ServiceEndpoint endpoint, FindEndpoint({service.variable, service.host_prefix}, options.endpoint, session));
  return std::unique_ptr<JsonClient>(new JsonClient(service, std::move(session), std::move(options), std::move(endpoint)));
}

Result<JsonAnswer> JsonClient::Attempt(const CallContext& ctx, std::string_view operation, std::string_view body, const JsonCallOptions& options,
                                       bool* corrected) {
  const ServiceEndpoint& endpoint = options.endpoint ? *options.endpoint : endpoint_;
  LOTIC_ASSIGN_OR_RETURN(const Credentials credentials, session_.credentials->Get(ctx));
  SigningRequest signing;
  signing.method = "POST";
  signing.host = endpoint.HostHeader();
  signing.path = endpoint.path + "/";
  signing.headers = {{"Content-Type", "application/x-amz-json-" + service_.json_version},
                     {"X-Amz-Target", service_.target_prefix + "." + std::string(operation)}};
  signing.body = {reinterpret_cast<const uint8_t*>(body.data()), body.size()};
  const int64_t sent_ms = clock_.OwnMs();
  LOTIC_ASSIGN_OR_RETURN(std::vector<HttpHeader> signature, SignRequest(signing, {region_, service_.signing_name}, credentials, clock_.NowMs()));

  HttpRequest request;
  request.method = "POST";
  request.url = endpoint.Url() + "/";
  request.headers = std::move(signing.headers);
  request.headers.insert(request.headers.end(), std::make_move_iterator(signature.begin()), std::make_move_iterator(signature.end()));
  request.body = signing.body;
  request.max_response_bytes = options.max_response_bytes;
  request.fresh_connection = options.fresh_connection;
  Result<HttpResponse> response = session_.http->Send(ctx, request);
  if (!response.ok()) {
    return response.status().WithMessage(service_.name, " ", operation, ": ", response.status().message());
  }
  if (response->status != 200) {
    Status failure = JsonServiceError(service_.name, operation, *response, credentials);
    *corrected = AwsError::From(failure)->kind == AwsErrorKind::kClockSkew && clock_.Learn(*response, sent_ms);
    return failure;
  }
  JsonAnswer answer;
  answer.date_ms = DateOf(*response);
  answer.request_id = std::string(response->Header("x-amzn-requestid").value_or(""));
  answer.body = std::move(response->body);
  return answer;
}

Result<JsonAnswer> JsonClient::Call(const CallContext& ctx, std::string_view operation, std::string_view body, const JsonCallOptions& options) {
  const RetryPolicy& policy = options.retry != nullptr ? *options.retry : options_.retry;
  const std::string doing = service_.name + " " + std::string(operation);
  RetryLoop loop(ctx, policy, *session_.retry_clock, doing);
  int corrections = 0;  // at most one, beside the policy's attempts
  for (;;) {
    bool corrected = false;
    Result<JsonAnswer> answer = Attempt(ctx, operation, body, options, &corrected);
    if (answer.ok()) {
      answer->attempts = loop.attempts() + corrections;
      return answer;
    }
    if (corrected && corrections == 0) {
      ++corrections;
      continue;
    }
    LOTIC_RETURN_NOT_OK(loop.Next(answer.status()));
  }
}

}  // namespace lotic::aws
