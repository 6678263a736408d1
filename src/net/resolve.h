// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <vector>

#include "lotic/call_context.h"
#include "lotic/status.h"
#include "net/stream.h"

namespace lotic::net {

/// One socket address.
struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  int family() const { return storage.ss_family; }
  std::string ToString() const;  ///< "127.0.0.1:9092", "[::1]:9092"
};

inline constexpr size_t kMaxAddresses = 16;     ///< of one name; the rest is ignored
inline constexpr int kMaxResolversAtOnce = 32;  ///< look-ups under way in the process; one more is a CapacityError

/// The addresses of a host, families taking turns, the system's preference first. A name server that does not answer
/// holds nobody up: the look-up runs beside the caller, who leaves it behind on a stop, at the deadline or after
/// `until`. Errors: IOError and CapacityError with SourceError, Cancelled, DeadlineExceeded.
Result<std::vector<Address>> Resolve(const CallContext& ctx, const Endpoint& endpoint, AddressFamily family, std::chrono::steady_clock::time_point until,
                                     bool for_listening = false);

}  // namespace lotic::net
