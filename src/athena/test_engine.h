// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "athena/lambda_function.h"
#include "athena/spill_store.h"
#include "athena_protocol/message_json.h"
#include "athena_protocol/messages.h"

// Plays Athena in tests: asks a function by bytes, in the engine's order, and trusts nothing that it is told.

namespace lotic::athena {

struct EngineQuery {
  TableName table;
  std::optional<std::vector<std::string>> columns;  ///< none: all
  WireConstraints constraints;
  int64_t max_block_size = 16'000'000;
  int64_t max_inline_block_size = 5'242'880;
  size_t partitions_per_request = 1000;
};

struct EngineAnswer {
  WireSchema schema;              ///< projected
  std::vector<std::string> rows;  ///< as text, by split, then as they came
  std::vector<WireSplit> splits;
  std::vector<size_t> rows_by_split;
  size_t split_pages = 0;
  size_t layout_rows = 0;
  size_t spilled_splits = 0;
  std::vector<SpillLocation> objects;  ///< every one that an answer named
};

class TestEngine {
 public:
  /// Borrows both. `store` may be null while nothing spills.
  TestEngine(LambdaFunction& function, SpillStore* store) : function_(function), store_(store) {}

  Result<FederationResponse> Ask(FederationRequest request);
  template <typename Response>
  Result<Response> Expect(FederationRequest request) {
    LOTIC_ASSIGN_OR_RETURN(FederationResponse any, Ask(std::move(request)));
    if (auto* response = std::get_if<Response>(&any)) return std::move(*response);
    return Status::UnknownError("another answer: ", MessageName(any));
  }

  Result<GetTableResponse> Table(const TableName& table, const std::vector<std::pair<std::string, std::string>>& passthrough = {});
  /// The whole of a query, reading the splits in their order.
  Result<EngineAnswer> Run(const EngineQuery& query);
  /// One page after another.
  Result<std::vector<WireSplit>> Splits(const EngineQuery& query, const GetTableResponse& table, EngineAnswer* answer);
  /// The request for one split.
  ReadRecordsRequest ReadRequest(const EngineQuery& query, const GetTableResponse& table, const WireSplit& split) const;
  /// The rows of one answer, inline or from the store; checks the list of objects.
  Result<std::vector<Block>> Blocks(const FederationResponse& response, const WireSplit& split, EngineAnswer* answer);

  FederatedIdentity identity{"111122223333", "arn:aws:iam::111122223333:user/eve", {{"team", "x"}}, {"g1", "g2"}, {}};
  std::string query_id = "query-1";
  int serde_version = 6;
  CallContext ctx;

 private:
  template <typename Request>
  Request Base() const {
    Request request;
    request.identity = identity;
    request.query_id = query_id;
    request.catalog = "lake";
    return request;
  }
  LambdaFunction& function_;
  SpillStore* const store_;
};

/// The rows of a block as text, one each.
std::vector<std::string> RowTexts(const Batch& rows);

}  // namespace lotic::athena
