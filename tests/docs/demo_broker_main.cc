// SPDX-License-Identifier: Apache-2.0
// Lotic's own broker with the demo's topics, for tests: prints its address, and serves until standard input ends.
#include <unistd.h>

#include <cstdio>

#include "broker/broker.h"
#include "broker/demo_data.h"

int main() {
  auto broker = lotic::broker::Broker::Start();
  const lotic::Status status = broker.ok() ? lotic::broker::FillDemo(**broker) : broker.status();
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  std::printf("%s\n", (*broker)->bootstrap().c_str());
  std::fflush(stdout);
  char byte;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}
