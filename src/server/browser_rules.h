// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lotic/status.h"
#include "server/http_message.h"
#include "server/router.h"

namespace lotic::server {

/// What keeps web pages of others out while there is no authentication: a request must name a loopback host (so that a name that was rebound to loopback is refused), and one that a
/// browser sends for a page of another origin is refused by its Sec-Fetch-Site, or where that is missing by its Origin. A page that is opened (Sec-Fetch-Mode: navigate) may be
/// read, never asked to run SQL or to change something.
/// Errors: Invalid with HttpStatusDetail 400 (no Host, two), 421 (another host) or 403.
Status CheckBrowserRules(const HttpRequest& request, Access access);

/// Whether a host as a Host header or URL writes it, without its port, is loopback by its spelling: localhost, names below it, 127.0.0.0/8 in dotted form, [::1].
bool IsLoopbackHost(std::string_view host);

}  // namespace lotic::server
