// SPDX-License-Identifier: Apache-2.0
// Lotic's own broker for the Spark pack, two nodes, with the demo's topics. Prints its address, then obeys lines of standard input and answers
// each with one line; ends with the input.
//   hold TOPIC PARTITION SKIP   the partition's fetches after the first SKIP are not answered      -> number of the fault
//   struck FAULT                waits until the fault has struck                                   -> how often
//   release FAULT               lets the answers go, and ends the fault                            -> ok
//   move TOPIC PARTITION NODE   its leader is another node                                         -> ok
//   end TOPIC PARTITION         -> the offset behind its last record
//   nodes TOPIC PARTITION       -> the nodes that were asked to fetch it: "1 2"
#include <chrono>
#include <cstdio>
#include <iostream>
#include <set>
#include <sstream>
#include <string>

#include "broker/broker.h"
#include "broker/demo_data.h"

using lotic::Result;
using lotic::Status;
using lotic::broker::Broker;
using lotic::broker::Fault;
using lotic::broker::FaultAction;
using lotic::kafka_protocol::ApiKey;

namespace {

constexpr std::chrono::seconds kPatience{120};  // for a request that a test waits for

Result<std::string> Obey(Broker& broker, const std::string& line) {
  std::istringstream in(line);
  std::string verb, topic;
  int partition = 0, number = 0;
  in >> verb;
  if (verb == "hold") {
    in >> topic >> partition >> number;
    Fault fault;
    fault.action = FaultAction::Hold();
    fault.topic = topic;
    fault.partition = partition;
    fault.skip = number;
    fault.times = Fault::kAlways;
    return std::to_string(broker.AddFault(fault));
  }
  if (verb == "struck") {
    in >> number;
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    while (broker.FaultHits(number) == 0) {
      if (std::chrono::steady_clock::now() > give_up) return Status::DeadlineExceeded("fault ", number, " has not struck");
      // The next fetch, of whatever partition, is worth another look.
      (void)broker.WaitForRequests(ApiKey::kFetch, broker.RequestCount(ApiKey::kFetch) + 1, std::chrono::milliseconds(200));
    }
    return std::to_string(broker.FaultHits(number));
  }
  if (verb == "release") {
    in >> number;
    broker.Release(number);
    broker.ClearFaults();
    return std::string("ok");
  }
  if (verb == "move") {
    in >> topic >> partition >> number;
    LOTIC_RETURN_NOT_OK(broker.MoveLeader(topic, partition, number));
    return std::string("ok");
  }
  if (verb == "end") {
    in >> topic >> partition;
    LOTIC_ASSIGN_OR_RETURN(const lotic::broker::PartitionState state, broker.Describe(topic, partition));
    return std::to_string(state.high_watermark);
  }
  if (verb == "nodes") {
    in >> topic >> partition;
    std::set<int> nodes;
    for (const lotic::broker::RequestRecord& request : broker.Requests(ApiKey::kFetch)) {
      for (const auto& asked : request.partitions) {
        if (asked.topic == topic && asked.index == partition) nodes.insert(request.node);
      }
    }
    std::string answer;
    for (const int node : nodes) answer += (answer.empty() ? "" : " ") + std::to_string(node);
    return answer;
  }
  return Status::Invalid("unknown command: ", line);
}

}  // namespace

int main() {
  lotic::broker::BrokerOptions options;
  options.node_count = 2;
  auto broker = Broker::Start(options);
  const Status status = broker.ok() ? lotic::broker::FillDemo(**broker) : broker.status();
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  std::cout << (*broker)->bootstrap() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const Result<std::string> answer = Obey(**broker, line);
    std::cout << (answer.ok() ? *answer : "error " + answer.status().ToString()) << std::endl;
  }
  return 0;
}
