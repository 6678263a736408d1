// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "catalog/stream_config.h"
#include "lotic/connector.h"
#include "lotic/status.h"

namespace lotic {

/// Told what connections do, one sentence each, without secrets. Any thread.
using StreamLog = std::function<void(const std::string& sentence)>;

/// The source that a real-time table's configuration describes: a Kafka cluster by its Java-style client properties. Does not connect; never samples.
/// Paths in `config` have been checked (catalog::CheckFiles). Errors: Invalid, naming the property; NotImplemented (a type of stream that is not built).
Result<std::shared_ptr<Connector>> MakeRealtimeStream(const catalog::StreamConfig& config, const StreamLog& log);

}  // namespace lotic
