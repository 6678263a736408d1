// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/call_context.h"
#include "lotic/status.h"
#include "server/http_message.h"

namespace lotic::server {

/// What a route lets its caller do. Every route declares it; rights of callers hang on it once there is authentication.
enum class Access : uint8_t {
  kOpen,   ///< health: a constant
  kRead,   ///< definitions and states
  kQuery,  ///< runs SQL
  kWrite,  ///< changes something
};

/// Which workers handle it, so that a queue of queries never stands before a pause or a health check.
enum class Lane : uint8_t { kControl, kQuery };

/// Handles one request. `ctx` ends when the client has gone, the time of a request is over or the server stops. Called by several threads at once.
using Handler = std::function<HttpResponse(const CallContext& ctx, const HttpRequest& request)>;

struct Route {
  std::string method;   ///< "GET" also answers HEAD
  std::string pattern;  ///< "/tables/{t}/schema"; a word in braces takes one segment
  Access access = Access::kRead;
  Lane lane = Lane::kControl;
  Handler handler;
  std::vector<std::string> segments = {};  ///< of the pattern; filled by Router
};

/// Routes by method and path. Filled first, then only read: any thread.
class Router {
 public:
  /// A pattern that is there already under this method is a bug (LOTIC_CHECK).
  void Add(Route route);
  void Get(std::string pattern, Access access, Handler handler) { Add({"GET", std::move(pattern), access, Lane::kControl, std::move(handler)}); }

  /// The route of a request, literal segments before {words}; fills `request->parameters`.
  /// Errors: NotFound with HttpStatusDetail 404 (no such path) or Invalid with 405 (no such method there; the message lists those that are).
  Result<const Route*> Find(HttpRequest* request) const;

  /// In the order in which they were added.
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace lotic::server
