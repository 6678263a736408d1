// SPDX-License-Identifier: Apache-2.0
// A real Apache Kafka with the odd topics of tests/kafka: prints its address, and serves until standard input ends. Exit code 77: not installed.
#include <unistd.h>

#include <cstdio>

#include "tests/kafka/lab_broker.h"

int main() {
  const lotic::kafka_pack::LabBroker* broker = lotic::kafka_pack::LabBroker::Get();
  if (broker == nullptr) {
    std::printf("no Apache Kafka here: scripts/setup --test\n");
    return 77;
  }
  if (!broker->trouble().empty()) {
    std::fprintf(stderr, "%s\n", broker->trouble().c_str());
    return 1;
  }
  std::printf("%s\n", broker->env("BOOTSTRAP").c_str());
  std::fflush(stdout);
  char byte;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}
