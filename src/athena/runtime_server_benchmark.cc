// SPDX-License-Identifier: Apache-2.0
// A ping over a kept connection: what the surroundings of a function add to each invocation.
#include <benchmark/benchmark.h>

#include <future>
#include <string>

#include "athena/http_connection.h"
#include "athena/runtime_server.h"

namespace lotic::athena {
namespace {

class Echo final : public LambdaFunction {
 public:
  Result<std::string> Invoke(const CallContext&, const Invocation& invocation) override { return std::string(invocation.payload); }
};

void BM_RoundTrip(benchmark::State& state) {
  const auto server =
      RuntimeServer::Start(
          {}, [](const Environment&) -> Result<std::unique_ptr<LambdaFunction>> { return std::unique_ptr<LambdaFunction>(std::make_unique<Echo>()); }, {},
          InvocationLog::Nowhere())
          .ValueOrDie();
  std::stop_source stop;
  CallContext ctx;
  ctx.stop = stop.get_token();
  std::future<Status> served = std::async(std::launch::async, [&] { return server->Serve(ctx); });
  {
    HttpLimits limits;
    limits.max_body_bytes = kMaxPayloadOutBytes;
    HttpConnection client(net::Stream::Connect({}, {"127.0.0.1", server->port()}).ValueOrDie(), HttpParser::Kind::kResponse, limits);
    const std::string payload(static_cast<size_t>(state.range(0)), 'x');
    const std::string head =
        "POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + std::to_string(payload.size()) + "\r\n\r\n";
    for (auto _ : state) {
      LOTIC_CHECK(client.Write({}, head, payload).ok());
      LOTIC_CHECK(client.Read({}, {}).ValueOrDie()->body.size() == payload.size());
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
  }
  stop.request_stop();
  LOTIC_CHECK(served.get().ok());
}
BENCHMARK(BM_RoundTrip)->Arg(300)->Arg(6'000'000)->UseRealTime();

}  // namespace
}  // namespace lotic::athena
