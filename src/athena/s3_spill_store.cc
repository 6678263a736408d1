// SPDX-License-Identifier: Apache-2.0
#include <span>

#include "athena/spill_store.h"
#include "aws/aws_error.h"
#include "aws/s3_client.h"
#include "aws/session.h"

namespace lotic::athena {
namespace {

class S3Store final : public SpillStore {
 public:
  S3Store(std::unique_ptr<aws::S3Client> client, std::vector<aws::HttpHeader> headers) : client_(std::move(client)), headers_(std::move(headers)) {}

  Status CheckBucket(const CallContext& ctx, const std::string& bucket) override { return client_->HeadBucket(ctx, bucket); }

  Status Put(const CallContext& ctx, const std::string& bucket, const std::string& key, std::string_view body) override {
    return client_->PutObject(ctx, bucket, key, std::span(reinterpret_cast<const uint8_t*>(body.data()), body.size()), headers_);
  }

  Result<std::string> Get(const CallContext& ctx, const std::string& bucket, const std::string& key) override {
    aws::S3GetOptions options;
    options.max_bytes = kMaxSpillObjectBytes;
    LOTIC_ASSIGN_OR_RETURN(aws::S3Object object, client_->GetObject(ctx, bucket, key, options));
    return std::move(object.body);
  }

  Status Abandon(const CallContext&, const std::string&, const std::string&) override { return Status::OK(); }

 private:
  const std::unique_ptr<aws::S3Client> client_;
  const std::vector<aws::HttpHeader> headers_;
};

}  // namespace

Result<std::shared_ptr<SpillStore>> MakeS3SpillStore(const Environment& environment, std::vector<std::pair<std::string, std::string>> headers) {
  LOTIC_ASSIGN_OR_RETURN(aws::Session session, aws::Session::Open(aws::SessionOptions(), environment));
  aws::S3ClientOptions options;
  options.unsigned_payload = true;                     // over TLS the hash of each block would cost more than its encryption
  options.retry.classify = [](const Status& status) {  // throttling is the ThrottlingInvoker's: it knows whether Athena can do better
    return status.code() != StatusCode::kThrottled && aws::IsRetryable(status) ? aws::RetryVerdict::kBackOff : aws::RetryVerdict::kGiveUp;
  };
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<aws::S3Client> client, aws::S3Client::Create(std::move(session), options));
  std::vector<aws::HttpHeader> sent;
  for (auto& [name, value] : headers) sent.push_back({name, value});
  return std::shared_ptr<SpillStore>(std::make_shared<S3Store>(std::move(client), std::move(sent)));
}

}  // namespace lotic::athena
