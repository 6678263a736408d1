// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/aws_error.h"
#include "aws/retry.h"
#include "aws/service_clock.h"
#include "aws/session.h"
#include "aws/sigv4.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::aws {

/// One service that speaks AWS JSON. All are constants of the service's published model.
struct JsonService {
  std::string name;           ///< for messages: "kinesis"
  std::string variable;       ///< "KINESIS": AWS_ENDPOINT_URL_KINESIS
  std::string host_prefix;    ///< "kinesis", "query.timestream"
  std::string signing_name;   ///< "kinesis", "timestream"
  std::string target_prefix;  ///< "Kinesis_20131202": X-Amz-Target is this, a dot, and the operation
  std::string json_version;   ///< "1.0" or "1.1"
};

/// The services of this project's connectors.
const JsonService& KinesisService();
const JsonService& TimestreamQueryService();
const JsonService& TimestreamWriteService();

struct JsonClientOptions {
  std::string endpoint;  ///< a user's own, before any variable; "": FindEndpoint
  RetryPolicy retry;
};

/// What one call may say differently.
struct JsonCallOptions {
  std::optional<ServiceEndpoint> endpoint;  ///< a discovered one, in place of the client's
  const RetryPolicy* retry = nullptr;       ///< borrowed for the call; null: the client's
  int64_t max_response_bytes = int64_t{64} << 20;
  bool fresh_connection = false;  ///< HttpRequest's: excludes that the request arrives twice unseen
};

struct JsonAnswer {
  std::string body;        ///< capacity() is at least size() + kBodyPadding; may be "" for operations without output
  std::string request_id;  ///< "" if none came
  int64_t date_ms = 0;     ///< the service's Date header, whole seconds in ms since 1970; 0 if none came
  int attempts = 1;        ///< requests sent for this answer
};

/// Calls operations of one service by the AWS JSON 1.0/1.1 protocol: POST /, X-Amz-Target, signed. Any thread.
class JsonClient {
 public:
  /// Errors: Invalid (endpoint, region, policy).
  static Result<std::unique_ptr<JsonClient>> Create(const JsonService& service, Session session, JsonClientOptions options = {});

  /// Sends `body`, a JSON object, until it is answered, the policy gives up, or the deadline comes. A refusal for our clock is put
  /// right once per call from the answer's Date header, and remembered by the client.
  /// Errors: the service's, with AwsError: Unauthorized, NotFound, Throttled, Invalid, IOError (5xx and what has no better code);
  /// without an answer IOError with TransportError; CapacityError, Cancelled, DeadlineExceeded. All name service and operation.
  Result<JsonAnswer> Call(const CallContext& ctx, std::string_view operation, std::string_view body, const JsonCallOptions& options = {});

  const ServiceEndpoint& endpoint() const { return endpoint_; }
  const std::string& region() const { return region_; }
  /// The service's time as far as we know it.
  const ServiceClock& clock() const { return clock_; }

 private:
  JsonClient(const JsonService& service, Session session, JsonClientOptions options, ServiceEndpoint endpoint);
  Result<JsonAnswer> Attempt(const CallContext& ctx, std::string_view operation, std::string_view body, const JsonCallOptions& options, bool* corrected);

  const JsonService service_;
  const Session session_;
  const JsonClientOptions options_;
  const ServiceEndpoint endpoint_;
  const std::string region_;  // the one that is signed for
  ServiceClock clock_;
};

}  // namespace lotic::aws
