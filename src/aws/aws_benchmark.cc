// SPDX-License-Identifier: Apache-2.0
// What AWS's protocol costs beside the service: a signature, and an answer through HttpClient over loopback.
#include <benchmark/benchmark.h>

#include "aws/http_client.h"
#include "aws/sigv4.h"
#include "aws/test_http_server.h"

namespace lotic::aws {
namespace {

void Signature(benchmark::State& state) {
  const std::string body(static_cast<size_t>(state.range(0)), 'x');
  SigningRequest request;
  request.method = "POST";
  request.host = "kinesis.us-east-1.amazonaws.com";
  request.path = "/";
  request.headers = {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", "Kinesis_20131202.PutRecords"}};
  request.body = {reinterpret_cast<const uint8_t*>(body.data()), body.size()};
  const Credentials credentials{"AKIDEXAMPLE", net::Secret("secret"), net::Secret("token")};
  for (auto _ : state) benchmark::DoNotOptimize(SignRequest(request, {"us-east-1", "kinesis"}, credentials, 1'440'938'160'000).ValueOrDie());
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Signature)->Arg(200)->Arg(5 << 20);

void Answer(benchmark::State& state) {
  const std::string body(static_cast<size_t>(state.range(0)), 'x');
  TestHttpServer server([&](const TestHttpRequest&) { return TestHttpAnswer{.body = body}; });
  const auto client = HttpClient::Create({}).ValueOrDie();
  HttpRequest request;
  request.url = server.url() + "/";
  for (auto _ : state) benchmark::DoNotOptimize(client->Send({}, request).ValueOrDie());
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Answer)->Arg(200)->Arg(1 << 20)->Arg(10 << 20)->UseRealTime();

}  // namespace
}  // namespace lotic::aws
