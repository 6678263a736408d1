// SPDX-License-Identifier: Apache-2.0
#include "capi/source_type.h"

#include <algorithm>

#include "apps/builtin_connectors.h"
#include "connector/memory/memory_connector.h"

namespace lotic::capi {
namespace {

constexpr const char* kMemory = "memory";
constexpr const char* kSamplePath = "sample";

Result<std::shared_ptr<Connector>> MakeMemory(const std::string& path, const std::map<std::string, std::string>& options) {
  if (path != kSamplePath) return Status::NotFound("connector memory: no tables at '", path, "'; there are those of '", kSamplePath, "'");
  if (!options.empty()) return Status::Invalid("connector memory takes no options: ", options.begin()->first);
  return memory::MakeSampleData()->connector();
}

}  // namespace

std::vector<std::string> SourceTypes() {
  std::vector<std::string> types = BuiltinConnectorTypes();
  types.emplace_back(kMemory);
  std::sort(types.begin(), types.end());
  return types;
}

Result<std::shared_ptr<Connector>> MakeSource(const std::string& type, const std::string& path, const std::map<std::string, std::string>& options) {
  const std::vector<std::string> types = SourceTypes();
  if (std::find(types.begin(), types.end(), type) == types.end()) {
    std::string known;
    for (const std::string& each : types) known += (known.empty() ? "" : ", ") + each;
    const std::vector<std::string> nearest = NearestNames(type, types, 1);
    return Status::NotFound("no connector of type '", type, "'", nearest.empty() ? "" : "; did you mean '" + nearest[0] + "'?", " (known: ", known, ")");
  }
  return type == kMemory ? MakeMemory(path, options) : MakeBuiltinConnector(type, path, options);
}

}  // namespace lotic::capi
