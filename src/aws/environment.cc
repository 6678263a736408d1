// SPDX-License-Identifier: Apache-2.0
#include "aws/environment.h"

namespace lotic::aws {

std::string_view Lookup(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace lotic::aws
