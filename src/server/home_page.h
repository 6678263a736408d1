// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/router.h"
#include "table/tables.h"

namespace lotic::server {

/// A table in the list, with the error that kept its status from being known.
struct HomeTable {
  std::string name;  ///< raw
  table::TableStatus status;
  std::string error;
};

/// GET /: tables with their state, and the endpoints, as HTML without a script. Every text is escaped.
HttpResponse HomePage(const std::vector<HomeTable>& tables, const std::vector<Route>& routes);

/// `text` for HTML, also within quotes.
std::string HtmlText(std::string_view text);

}  // namespace lotic::server
