// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aws/credentials.h"
#include "connector/kinesis/kinesis_connector.h"
#include "format/row_format.h"
#include "lotic/status.h"
#include "lotic/table_definition.h"

// The options of a CREATE TABLE … WITH ('connector' = 'kinesis', …), old names and new ones, as typed structs. What each means: docs/reference/kinesis.md.

namespace lotic::kinesis {

/// Which names a table uses. It decides nothing else but a few defaults.
enum class Profile : uint8_t {
  kLegacy,  ///< 'stream', 'scan.stream.initpos': Flink 1.12 to 1.17
  kNew,     ///< 'stream.arn', 'source.init.position': connector 5 and later
};

struct ConnectionOptions {
  std::string stream;    ///< its name, in both profiles
  std::string arn;       ///< "": not said
  std::string region;    ///< "": the endpoint's, or the environment's
  std::string endpoint;  ///< "": the environment's, or the region's
  bool trust_all_certificates = false;
  std::chrono::milliseconds read_timeout{360'000};  ///< longest silence on a request
  aws::CredentialsOptions credentials;
};

struct ScanOptions {
  enum class Start : uint8_t { kLatest, kHorizon, kTime };
  Start start = Start::kLatest;
  int64_t start_ms = 0;  ///< kTime
  enum class End : uint8_t { kNow, kTime, kUnbounded };
  End end = End::kNow;
  int64_t end_ms = 0;  ///< kTime
  std::chrono::milliseconds grace{10'000};
  std::chrono::milliseconds settle{1'000};
  std::chrono::milliseconds stall_timeout{30'000};
  bool trust_lag = false;
  std::chrono::milliseconds timeout{0};    ///< of a SELECT's reading; 0: none
  size_t max_calls = kMaxCallsInFlight;    ///< of one reader, 1 .. kMaxCallsInFlight
  int64_t max_held_bytes = kMaxHeldBytes;  ///< of answers that are not taken yet
  bool hand_on_throttles = false;          ///< KinesisOptions'; no option of a table
  Status problem;                          ///< why the table cannot be read although it can be declared, and written
};

struct SinkOptions {
  enum class Partitioner : uint8_t { kRandom, kFixed, kColumns };
  Partitioner partitioner = Partitioner::kRandom;
  std::vector<std::string> key_columns;  ///< kColumns: of PARTITIONED BY, in its order
  std::string delimiter = "|";
  size_t batch_records = 500;                      ///< of one request, 1 .. 500
  size_t max_buffered = 10'000;                    ///< rows not acknowledged at which Write waits; above batch_records
  size_t max_in_flight = 16;                       ///< requests
  int64_t batch_bytes = 5 << 20;                   ///< data and keys of one request, at least 1 MiB
  std::chrono::milliseconds flush_timeout{5'000};  ///< longest wait of a row for its request to fill
  std::chrono::milliseconds request_timeout{360'000};
  std::chrono::milliseconds retry_timeout{600'000};  ///< of a refused row, from its first refusal
  std::chrono::milliseconds backoff_min{100};
  std::chrono::milliseconds backoff_max{5'000};
  bool fail_on_error = false;                     ///< the first refused row ends the writer
  bool ordered_by_key = false;                    ///< rows of one key arrive in order
  std::chrono::milliseconds abandon_wait{5'000};  ///< for requests under way when a writer is given up; then what they hold is unknown. No option: at most 5 s
  Status problem;                                 ///< why the table cannot be written although it can be declared, and read
};

struct KinesisTableOptions {
  Profile profile = Profile::kLegacy;
  ConnectionOptions connection;
  ScanOptions scan;
  SinkOptions sink;
  std::string format;
  FormatOptions format_options;       ///< without the prefix
  std::vector<std::string> warnings;  ///< one sentence each
};

/// Checks everything that can be checked without asking the service. Secrets are in no message.
/// Errors: Invalid, naming option and value: an unknown key, with the nearest one; a key of the other profile, with its equivalent; a value that is none; options that
/// need or exclude each other. NotImplemented, naming the option: known, but not built.
Result<KinesisTableOptions> ParseTableOptions(const TableDefinition& definition);

}  // namespace lotic::kinesis
