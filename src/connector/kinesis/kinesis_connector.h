// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "aws/session.h"
#include "lotic/connector.h"
#include "lotic/table_definition.h"

namespace lotic::kinesis {

inline constexpr size_t kMaxCallsInFlight = 16;  ///< of one reader, each to another shard, answers not yet taken included; as many connections are kept
inline constexpr int64_t kMaxHeldBytes =
    int64_t{48} << 20;  ///< of answers on their way and not yet taken, their decoded copies included, of all readers of a connector

struct KinesisOptions {
  std::string endpoint;                             ///< "": the region's
  std::chrono::milliseconds grace{10'000};          ///< how far arrival times of one shard may run backwards
  std::chrono::milliseconds settle{1'000};          ///< how long after the end a record put before it may still be on its way
  std::chrono::milliseconds stall_timeout{30'000};  ///< without records and progress for so long, twice: the shard is stalled
  bool trust_lag = false;  ///< a shard without records whose lag reaches behind the end is ended, as not complete, instead of asked until it proves its end
  std::chrono::milliseconds timeout{0};    ///< of a bounded read, from a reader's first Next; then an error. 0: none
  size_t max_calls = kMaxCallsInFlight;    ///< of one reader: 1 .. kMaxCallsInFlight
  int64_t max_held_bytes = kMaxHeldBytes;  ///< above it a reader has one call in flight
  int sample_records = 1'000;
  int sample_shards = 32;
  std::chrono::milliseconds sample_time{1'000};
  bool hand_on_throttles = false;  ///< a read refused as one too many fails its split, for a caller with a pace of its own, instead of being made again
  std::chrono::milliseconds sample_patience{30'000};  ///< for calls refused as too many while no record has come; then an error
  std::chrono::milliseconds cache_time{60'000};       ///< of inferred columns
};

/// Every stream of an account and region as a table of the schema "default".
Result<std::shared_ptr<Connector>> MakeKinesisConnector(aws::Session session, KinesisOptions options);

/// ATTACH 'us-east-1' AS k (TYPE kinesis, ENDPOINT 'http://127.0.0.1:4567'). Errors: Invalid, naming an unknown option.
Result<std::shared_ptr<Connector>> AttachKinesis(const std::string& region, const std::map<std::string, std::string>& options,
                                                 const aws::Environment& environment);

/// CREATE TABLE … WITH ('connector' = 'kinesis', …): a connector that serves exactly this table, for reading and writing. Asks nobody anything; connects when it is first
/// used, by the table's options and, where they are silent, `environment`: AWS_ENDPOINT_URL_KINESIS or AWS_ENDPOINT_URL leads to a stand-in.
/// Errors: Invalid, NotImplemented: what is wrong with the definition, naming option or column. @param hand_on_throttles  as in KinesisOptions.
Result<DefinedTable> DefineKinesisTable(const TableDefinition& definition, const aws::Environment& environment, bool hand_on_throttles = false);

}  // namespace lotic::kinesis
