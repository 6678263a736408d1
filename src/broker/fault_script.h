// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "broker/answers.h"
#include "broker/fault.h"

namespace lotic::broker {

/// The faults that one request meets.
struct Strikes {
  struct One {
    int fault;
    Fault what;
  };
  std::vector<One> all;

  bool Has(FaultAction::Kind kind) const { return First(kind) != nullptr; }
  const Fault* First(FaultAction::Kind kind) const;
  InjectedErrors Errors() const;
};

/// The faults of one broker, and which of them strike. One thread at a time: the broker's mutex guards it.
class FaultScript {
 public:
  int Add(Fault fault);
  void Clear();
  int64_t Hits(int fault) const;
  void Release(int fault) { released_.insert(fault); }
  bool IsReleased(int fault) const { return released_.contains(fault) || !active_.contains(fault); }
  /// Counts the request in every fault that matches it.
  Strikes Match(const RequestRecord& request);

 private:
  struct Active {
    Fault fault;
    int64_t seen = 0;
  };
  std::map<int, Active> active_;
  std::map<int, int64_t> hits_;
  std::set<int> released_;
  int next_ = 1;
};

/// Changes records of a Fetch answer as the faults say. Changed records live in `owned`, which must outlive `response`.
void MangleRecords(const Strikes& strikes, Cluster& cluster, int16_t version, kafka_protocol::FetchResponse* response, std::deque<std::string>* owned);

/// A frame on its way out.
struct Outgoing {
  std::string bytes;
  bool close_behind = false;
};
/// Changes a whole answer's frame as the faults say.
Outgoing MangleFrame(const Strikes& strikes, kafka_protocol::ApiKey api, int16_t version, std::string frame);

}  // namespace lotic::broker
