// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "catalog/json_tree.h"
#include "catalog/pinot_reader.h"
#include "catalog/stream_config.h"
#include "lotic/status.h"

namespace lotic::catalog {

/// A value of the stream map. Empty ones are not kept.
struct StreamValue {
  std::string text;   ///< variables replaced
  std::string shown;  ///< as it may be shown: given, "******" for secrets
};
using StreamValues = std::map<std::string, StreamValue, std::less<>>;

/// Reads the map at `path` (with a dot at its end). Errors: Invalid, naming the key.
Result<StreamConfig> ReadStreamConfig(const JsonTree& map, const std::string& path, Findings* findings);

/// The Java client's properties of `given` (by their names in the document, none of them refused) made fit for Lotic's client: certificates in pieces become PEM, a login module that does not go
/// with the mechanism is exchanged, mechanisms that are not built are refused, files are listed. Errors: Invalid, naming the key.
Status ReadClientProperties(const StreamValues& given, StreamConfig* config, Findings* findings);

}  // namespace lotic::catalog
