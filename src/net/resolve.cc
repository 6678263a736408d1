// SPDX-License-Identifier: Apache-2.0
#include "net/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "lotic/source_error.h"

namespace lotic::net {
namespace {

struct Lookup {
  std::mutex mutex;  // guards the members below
  std::condition_variable_any finished;
  bool done = false;
  int error = 0;         // of getaddrinfo
  int system_error = 0;  // errno, for EAI_SYSTEM
  std::vector<Address> addresses;
};

std::atomic<int> resolvers_running{0};

std::vector<Address> TakeTurns(const addrinfo* list) {
  std::vector<Address> first, second;  // by family, `first` being the one the system prefers
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    Address address;
    std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
    address.length = at->ai_addrlen;
    auto& group = first.empty() || first.front().family() == at->ai_family ? first : second;
    group.push_back(address);
  }
  std::vector<Address> mixed;
  for (size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  if (mixed.size() > kMaxAddresses) mixed.resize(kMaxAddresses);
  return mixed;
}

int LookUp(const Endpoint& endpoint, int family, int flags, std::vector<Address>* out) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &list);
  if (error != 0) return error;
  *out = TakeTurns(list);
  freeaddrinfo(list);
  return out->empty() ? EAI_NONAME : 0;
}

Status LookUpFailed(const Endpoint& endpoint, AddressFamily family, int error, int system_error) {
  const bool again = error == EAI_AGAIN || error == EAI_SYSTEM;
  const char* cause = error == EAI_SYSTEM ? std::strerror(system_error) : gai_strerror(error);
  const char* kind = family == AddressFamily::kIPv4 ? "no IPv4 address found: " : family == AddressFamily::kIPv6 ? "no IPv6 address found: " : "";
  return Status::IOError("cannot connect to ", endpoint.ToString(), ": look-up of the name \"", endpoint.host, "\" failed: ", kind, cause)
      .WithDetail(std::make_shared<SourceError>(again));
}

}  // namespace

std::string Address::ToString() const {
  char text[INET6_ADDRSTRLEN] = "?";
  if (family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    return Endpoint{text, ntohs(v4->sin_port)}.ToString();
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
  inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
  return Endpoint{text, ntohs(v6->sin6_port)}.ToString();
}

Result<std::vector<Address>> Resolve(const CallContext& ctx, const Endpoint& endpoint, AddressFamily family, std::chrono::steady_clock::time_point until,
                                     bool for_listening) {
  const int af = family == AddressFamily::kIPv4 ? AF_INET : family == AddressFamily::kIPv6 ? AF_INET6 : AF_UNSPEC;
  const int passive = for_listening ? AI_PASSIVE : 0;
  std::vector<Address> numeric;
  if (LookUp(endpoint, af, passive | AI_NUMERICHOST, &numeric) == 0) return numeric;  // an address needs no name server

  LOTIC_RETURN_NOT_OK(ctx.Check("look-up of " + endpoint.host));
  if (resolvers_running.fetch_add(1) >= kMaxResolversAtOnce) {
    resolvers_running.fetch_sub(1);
    return Status::CapacityError("cannot connect to ", endpoint.ToString(), ": ", kMaxResolversAtOnce, " name look-ups are already waiting for the name server")
        .WithDetail(std::make_shared<SourceError>(true));
  }
  auto lookup = std::make_shared<Lookup>();
  try {
    std::thread([lookup, endpoint, af, passive] {
      std::vector<Address> addresses;
      const int error = LookUp(endpoint, af, passive, &addresses);
      const int system_error = errno;
      {
        std::lock_guard lock(lookup->mutex);
        lookup->error = error;
        lookup->system_error = system_error;
        lookup->addresses = std::move(addresses);
        lookup->done = true;
      }
      lookup->finished.notify_all();
      resolvers_running.fetch_sub(1);
    }).detach();
  } catch (const std::system_error& thrown) {
    resolvers_running.fetch_sub(1);
    return Status::IOError("cannot connect to ", endpoint.ToString(), ": no thread for the name look-up: ", thrown.what())
        .WithDetail(std::make_shared<SourceError>(true));
  }
  std::unique_lock lock(lookup->mutex);
  const auto limit = std::min(until, ctx.deadline);
  if (!lookup->finished.wait_until(lock, ctx.stop, limit, [&] { return lookup->done; })) {
    LOTIC_RETURN_NOT_OK(ctx.Check("look-up of " + endpoint.host));
    return Status::IOError("cannot connect to ", endpoint.ToString(), ": look-up of the name \"", endpoint.host,
                           "\" timed out: the name server does not answer")
        .WithDetail(std::make_shared<SourceError>(true));
  }
  if (lookup->error != 0) return LookUpFailed(endpoint, family, lookup->error, lookup->system_error);
  return std::move(lookup->addresses);
}

}  // namespace lotic::net
