// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "athena_protocol/messages.h"
#include "connector/athena/invoker.h"
#include "connector/athena/spill_source.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::athena_source {

/// One exchange, as bytes; for a validator that judges more than what the client needs.
struct Exchange {
  std::string_view function;  ///< Invoker::name()
  int serde_version = 0;
  const athena::FederationRequest* request = nullptr;
  std::string_view request_json;
  std::string_view response_json;
  bool function_error = false;
};

struct ClientOptions {
  std::string catalog = "lotic";  ///< the catalog's name as the engine would know it; lower case
  athena::FederatedIdentity identity{"000000000000", "arn:aws:iam::000000000000:user/lotic", {}, {}, {}};
  int max_serde_version = athena::kSerdeVersion;  ///< 2 .. 6: speak no newer than that
  int64_t max_block_bytes = 16'000'000;           ///< asked for in ReadRecords; > 0
  int64_t max_inline_bytes = 5'242'880;           ///< >= 0
  std::chrono::milliseconds call_time{900'000};   ///< of one invocation; Lambda's own limit
  std::function<void(const Exchange&)> observer;  ///< sees every exchange; in the calling thread

  /// Errors: Invalid, naming the field.
  Status Validate() const;
};

/// What GetTable says, and the request it answers.
struct RemoteTable {
  TableName name;
  athena::WireSchema schema;
  std::vector<std::string> partition_columns;
};

/// An answer to ReadRecords: the rows, or where they lie.
struct RecordAnswer {
  athena::WireSchema schema;  ///< as the function wrote it
  std::optional<athena::Block> inline_rows;
  std::vector<athena::SpillLocation> blocks;  ///< of a spilled answer, by their number
  std::optional<athena::EncryptionKey> key;
  int64_t answer_bytes = 0;
  size_t num_blocks() const { return inline_rows ? 1 : blocks.size(); }
};

inline constexpr size_t kMaxListed = 1'000'000;  ///< schemas, or tables of a schema; more is a CapacityError
inline constexpr int kMaxPages = 100'000;        ///< of one listing or of one plan's splits; more is a CapacityError
inline constexpr int kMaxThrottledCalls = 5;     ///< attempts of a call that the function refuses as throttled

/// Plays the engine against a connector of Athena's federation protocol: asks it, checks what it answers, reads what it spilled. Any thread;
/// calls of different threads run side by side.
///
/// Every first contact with a function is a Ping; later requests are written in the lower of both serde versions. Errors of all calls: those of
/// Invoker; what the function itself reported, by StatusOf; IOError (an answer that is none, or of another type); DataLoss (an answer that
/// contradicts the request or itself: rows would be lost or doubled); NotImplemented (a function of serde version 1).
/// A throttled call is tried again, with growing pauses: nothing of its answer has been used yet.
class FunctionClient {
 public:
  /// @param records  answers ReadRecords; null: `metadata` does. `spill` may be null: a spilled answer is then an error.
  static Result<std::shared_ptr<FunctionClient>> Make(std::shared_ptr<Invoker> metadata, std::shared_ptr<Invoker> records, std::shared_ptr<SpillSource> spill,
                                                      ClientOptions options);

  /// The same function, asked otherwise: nothing of what this one has learnt is shared. Errors: Invalid (options).
  Result<std::shared_ptr<FunctionClient>> WithOptions(ClientOptions options) const;

  const ClientOptions& options() const { return options_; }
  std::string name() const { return metadata_.invoker->name(); }

  Result<athena::PingResponse> Ping(const CallContext& ctx, const std::string& query_id);
  /// The version that the metadata function is asked in, after a Ping if there was none yet.
  Result<int> SerdeVersion(const CallContext& ctx, const std::string& query_id);

  Result<std::vector<std::string>> ListSchemas(const CallContext& ctx, const std::string& query_id);
  /// One page; `page_size` -1: all.
  Result<athena::ListTablesResponse> ListTables(const CallContext& ctx, const std::string& query_id, const std::string& schema,
                                                const std::optional<std::string>& token, int64_t page_size);
  /// Every page, sorted by name, each table once. Errors: DataLoss (a page token that came before: it would never end).
  Result<std::vector<TableName>> AllTables(const CallContext& ctx, const std::string& query_id, const std::string& schema);
  Result<RemoteTable> GetTable(const CallContext& ctx, const std::string& query_id, const TableName& table);
  /// Empty for a function below serde version 4, which cannot be asked.
  Result<std::vector<std::pair<std::string, std::vector<athena::Capability>>>> Capabilities(const CallContext& ctx, const std::string& query_id);
  /// The partitions that may hold rows. Errors: DataLoss (a partition column is missing in them).
  Result<athena::Block> GetTableLayout(const CallContext& ctx, const std::string& query_id, const RemoteTable& table,
                                       const athena::WireConstraints& constraints);
  /// One page. Equal splits are one, as in the engine's sets. Errors: DataLoss (the token asked with comes back).
  Result<athena::GetSplitsResponse> GetSplits(const CallContext& ctx, const std::string& query_id, const RemoteTable& table, const athena::Block& partitions,
                                              const athena::WireConstraints& constraints, const std::optional<std::string>& token);
  /// @param schema  the columns wanted, as GetTable gave them.
  Result<RecordAnswer> ReadRecords(const CallContext& ctx, const std::string& query_id, const TableName& table, const athena::WireSchema& schema,
                                   const athena::WireSplit& split, const athena::WireConstraints& constraints);
  /// Block `index` of an answer, as it is on the wire. `bytes` (may be null): how many were fetched for it.
  Result<athena::Block> ReadBlock(const CallContext& ctx, const RecordAnswer& answer, size_t index, int64_t* bytes);
  Result<athena::Block> CallFunction(const CallContext& ctx, const std::string& method, const athena::Block& input, const athena::WireSchema& output);

 private:
  /// A function and what its Ping said.
  struct Peer {
    std::shared_ptr<Invoker> invoker;
    std::mutex mutex;  // guards version
    std::optional<int> version;
  };
  FunctionClient() = default;
  athena::RequestBase Base(const std::string& query_id) const;
  Result<athena::FederationResponse> Exchanged(const CallContext& ctx, Peer& peer, const athena::FederationRequest& request, int version,
                                               int64_t* answer_bytes);
  Result<athena::PingResponse> PingOf(const CallContext& ctx, Peer& peer, const std::string& query_id);
  Result<int> VersionOf(const CallContext& ctx, Peer& peer, const std::string& query_id);
  template <typename Response>
  Result<Response> Ask(const CallContext& ctx, Peer& peer, const std::string& query_id, const athena::FederationRequest& request,
                       int64_t* answer_bytes = nullptr);
  Peer& records() { return records_.invoker != nullptr ? records_ : metadata_; }

  ClientOptions options_;
  std::shared_ptr<SpillSource> spill_;
  Peer metadata_;
  Peer records_;  // no invoker: the metadata function
};

/// A split as it may be read once more: with a spill location below its own, and another key of the same size, where it has them. Errors: IOError (no entropy).
Result<athena::WireSplit> ForOneReading(athena::WireSplit split);

/// A random UUID, as query ids are.
std::string NewQueryId();

}  // namespace lotic::athena_source
