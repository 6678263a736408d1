// SPDX-License-Identifier: Apache-2.0
#include "athena/test_engine.h"

#include "athena_protocol/test_blocks.h"

namespace lotic::athena {

std::vector<std::string> RowTexts(const Batch& rows) {
  std::vector<std::string> texts;
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    std::string text;
    for (size_t c = 0; c < rows.num_columns(); ++c) text += rows.schema().fields[c].name + "=" + testing::Show(rows.column(c), row) + " ";
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<FederationResponse> TestEngine::Ask(FederationRequest request) {
  LOTIC_ASSIGN_OR_RETURN(const std::string payload, WriteRequest(request, serde_version));
  Invocation invocation{payload, "request-1", "arn:aws:lambda:eu-central-1:111122223333:function:f", ""};
  LOTIC_ASSIGN_OR_RETURN(const std::string answer, function_.Invoke(ctx, invocation));
  ReadOptions strict;
  strict.strict = true;
  return ParseResponse(answer, strict);
}

Result<GetTableResponse> TestEngine::Table(const TableName& table, const std::vector<std::pair<std::string, std::string>>& passthrough) {
  auto request = Base<GetTableRequest>();
  request.table = table;
  request.passthrough = passthrough;
  return Expect<GetTableResponse>(std::move(request));
}

Result<std::vector<WireSplit>> TestEngine::Splits(const EngineQuery& query, const GetTableResponse& table, EngineAnswer* answer) {
  auto layout = Base<GetTableLayoutRequest>();
  layout.table = query.table;
  layout.constraints = query.constraints;
  layout.schema = table.schema;
  layout.partition_columns = table.partition_columns;
  LOTIC_ASSIGN_OR_RETURN(const GetTableLayoutResponse planned, Expect<GetTableLayoutResponse>(std::move(layout)));
  answer->layout_rows = static_cast<size_t>(planned.partitions.rows.num_rows());
  std::vector<WireSplit> splits;
  for (size_t first = 0; first < answer->layout_rows; first += query.partitions_per_request) {
    std::vector<int64_t> some;
    for (size_t row = first; row < std::min(answer->layout_rows, first + query.partitions_per_request); ++row) some.push_back(static_cast<int64_t>(row));
    auto request = Base<GetSplitsRequest>();
    request.table = query.table;
    request.partitions = {planned.partitions.schema, planned.partitions.rows.Take(some)};
    request.partition_columns = table.partition_columns;
    request.constraints = query.constraints;
    do {
      LOTIC_ASSIGN_OR_RETURN(GetSplitsResponse page, Expect<GetSplitsResponse>(request));
      ++answer->split_pages;
      for (WireSplit& split : page.splits) splits.push_back(std::move(split));
      request.continuation_token = page.continuation_token;
    } while (request.continuation_token);
  }
  return splits;
}

ReadRecordsRequest TestEngine::ReadRequest(const EngineQuery& query, const GetTableResponse& table, const WireSplit& split) const {
  auto request = Base<ReadRecordsRequest>();
  request.table = query.table;
  request.schema.metadata = table.schema.metadata;
  for (const WireField& field : table.schema.fields) {
    if (!query.columns) request.schema.fields.push_back(field);
  }
  for (const std::string& name : query.columns.value_or(std::vector<std::string>())) {
    const auto index = table.schema.IndexOf(name);
    LOTIC_CHECK(index.has_value());
    request.schema.fields.push_back(table.schema.fields[*index]);
  }
  request.split = split;
  request.constraints = query.constraints;
  request.max_block_size = query.max_block_size;
  request.max_inline_block_size = query.max_inline_block_size;
  return request;
}

Result<std::vector<Block>> TestEngine::Blocks(const FederationResponse& response, const WireSplit& split, EngineAnswer* answer) {
  if (const auto* records = std::get_if<ReadRecordsResponse>(&response)) return std::vector<Block>{records->records};
  const auto* remote = std::get_if<RemoteReadRecordsResponse>(&response);
  if (remote == nullptr) return Status::UnknownError("another answer: ", MessageName(response));
  ++answer->spilled_splits;
  if (!(remote->encryption_key == split.encryption_key)) return Status::UnknownError("the key of the answer is not that of the split");
  std::vector<Block> blocks;
  for (size_t i = 0; i < remote->remote_blocks.size(); ++i) {
    const SpillLocation& object = remote->remote_blocks[i];
    const SpillLocation expected{split.spill_location->bucket, split.spill_location->key + "." + std::to_string(i), false};
    if (!(object == expected)) return Status::UnknownError("object ", i, " is ", object.key, ", not ", expected.key);
    answer->objects.push_back(object);
    LOTIC_ASSIGN_OR_RETURN(const std::string bytes, store_->Get(ctx, object.bucket, object.key));
    LOTIC_ASSIGN_OR_RETURN(Block block, DecodeSpillObject(bytes, remote->encryption_key, remote->schema));
    blocks.push_back(std::move(block));
  }
  return blocks;
}

Result<EngineAnswer> TestEngine::Run(const EngineQuery& query) {
  EngineAnswer answer;
  LOTIC_ASSIGN_OR_RETURN(const GetTableResponse table, Table(query.table, query.constraints.passthrough));
  LOTIC_ASSIGN_OR_RETURN(answer.splits, Splits(query, table, &answer));
  for (const WireSplit& split : answer.splits) {
    const ReadRecordsRequest request = ReadRequest(query, table, split);
    answer.schema = request.schema;
    LOTIC_ASSIGN_OR_RETURN(const FederationResponse response, Ask(request));
    LOTIC_ASSIGN_OR_RETURN(const std::vector<Block> blocks, Blocks(response, split, &answer));
    answer.rows_by_split.push_back(0);
    for (const Block& block : blocks) {
      if (block.schema.fields.size() != request.schema.fields.size()) return Status::UnknownError("a block of other columns");
      for (std::string& row : RowTexts(block.rows)) answer.rows.push_back(std::move(row));
      answer.rows_by_split.back() += static_cast<size_t>(block.rows.num_rows());
    }
  }
  return answer;
}

}  // namespace lotic::athena
