// SPDX-License-Identifier: Apache-2.0
#include "capi/test_broker.h"

#include <cstdio>
#include <memory>
#include <string>

#include "broker/broker.h"
#include "broker/demo_data.h"

const char* test_broker_start(void) {
  static std::unique_ptr<lotic::broker::Broker> broker;
  static std::string address;
  auto started = lotic::broker::Broker::Start();
  lotic::Status status = started.ok() ? lotic::broker::FillDemo(**started) : started.status();
  if (!status.ok()) {
    std::fprintf(stderr, "the test's broker: %s\n", status.ToString().c_str());
    return nullptr;
  }
  broker = std::move(*started);
  address = broker->bootstrap();
  return address.c_str();
}
