// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "athena_protocol/message_json.h"
#include "athena_protocol/test_blocks.h"
#include "athena_protocol/value_block.h"

// One message of every kind, with something in every member: what the tests, benchmarks and fuzz targets of messages share.

namespace lotic::athena::testing {

inline const WireType kInt32{.kind = WireKind::kInt, .bit_width = 32};
inline const WireType kInt64{.kind = WireKind::kInt, .bit_width = 64};
inline const WireType kFloat64{.kind = WireKind::kFloat, .bit_width = 64};
inline const WireType kUtf8{.kind = WireKind::kUtf8};
inline const WireType kBinary{.kind = WireKind::kBinary};
inline const WireType kBool{.kind = WireKind::kBool};
inline const WireType kDateMilli{.kind = WireKind::kDate, .unit = WireUnit::kMilli};
inline const WireType kZoned{.kind = WireKind::kTimestamp, .unit = WireUnit::kMilli, .timezone = "UTC"};

inline const Marker kLow{{}, Bound::kAbove};
inline const Marker kHigh{{}, Bound::kBelow};
inline Marker Exactly(Scalar value) { return {std::move(value), Bound::kExactly}; }
inline Marker Above(Scalar value) { return {std::move(value), Bound::kAbove}; }
inline Marker Below(Scalar value) { return {std::move(value), Bound::kBelow}; }

inline WireValueSet Ranges(WireType type, std::vector<WireRange> ranges, bool null_allowed = false) {
  WireValueSet set;
  set.type = std::move(type);
  set.ranges = std::move(ranges);
  set.null_allowed = null_allowed;
  return set;
}
inline WireValueSet Equatable(WireType type, std::vector<Scalar> values, bool white_list, bool null_allowed) {
  WireValueSet set;
  set.kind = WireValueSet::Kind::kEquatable;
  set.type = std::move(type);
  set.values = std::move(values);
  set.white_list = white_list;
  set.null_allowed = null_allowed;
  return set;
}
inline WireValueSet AllOrNone(WireType type, bool all, bool null_allowed) {
  WireValueSet set;
  set.kind = WireValueSet::Kind::kAllOrNone;
  set.type = std::move(type);
  set.all = all;
  set.null_allowed = null_allowed;
  return set;
}

inline WireExpression Variable(std::string column, WireType type) {
  return {WireExpression::Kind::kVariable, std::move(type), std::move(column), {}, {}, false};
}
inline WireExpression Constants(WireType type, std::vector<Scalar> values) {
  return {WireExpression::Kind::kConstant, std::move(type), {}, {}, std::move(values), false};
}
inline WireExpression Call(std::string name, WireType type, std::vector<WireExpression> args) {
  return {WireExpression::Kind::kFunctionCall, std::move(type), std::move(name), std::move(args), {}, false};
}

inline FederatedIdentity SampleIdentity() { return {"111122223333", "arn:aws:iam::111122223333:user/eve", {{"team", "x"}}, {"g1"}, {{"spill_bucket", "b"}}}; }

inline WireConstraints SampleConstraints() {
  WireConstraints constraints;
  constraints.summary = {{"id", Ranges(kInt32, {{Exactly(int64_t{7}), kHigh}})},
                         {"name", Equatable(kUtf8, {std::string("a"), std::string("b\"\n\xc3\xa4"), Scalar()}, true, false)},
                         {"tags", AllOrNone({.kind = WireKind::kList}, true, false)}};
  constraints.expressions = {Call("$less_than", kBool, {Variable("id", kInt32), Constants(kInt32, {int64_t{90}})})};
  constraints.order_by = {{"id", SortDirection::kDescNullsLast}};
  constraints.limit = 50;
  constraints.passthrough = {{"schemaFunctionName", "SYSTEM.QUERY"}, {"QUERY", "select 1"}};
  constraints.plan = QueryPlan{"1.0.0", "CgA="};
  return constraints;
}

inline WireSchema SampleSchema() {
  return {{{"id", true, kInt32}, {"name", true, kUtf8, {}, {{"mapping", "n"}}}, {"at", true, kZoned}}, {{"id", "a comment"}}};
}
inline Block SampleBlock(int64_t rows) {
  const WireSchema schema = SampleSchema();
  return {schema, RandomBatch(LogicalSchema(schema).ValueOrDie(), rows, 5, 7)};
}

template <typename Request>
Request WithBase(Request request) {
  request.identity = SampleIdentity();
  request.query_id = "q-1";
  request.catalog = "lake";
  return request;
}

inline std::vector<FederationRequest> EveryRequest() {
  const TableName table{"sales", "orders"};
  ListTablesRequest list = WithBase(ListTablesRequest{});
  list.schema_name = "sales";
  list.next_token = "100";
  list.page_size = 25;
  GetTableRequest get = WithBase(GetTableRequest{});
  get.table = table;
  get.passthrough = {{"QUERY", "select 1"}};
  GetTableLayoutRequest layout = WithBase(GetTableLayoutRequest{});
  layout.table = table;
  layout.constraints = SampleConstraints();
  layout.schema = SampleSchema();
  layout.partition_columns = {"day"};
  GetSplitsRequest splits = WithBase(GetSplitsRequest{});
  splits.table = table;
  splits.partitions = SampleBlock(3);
  splits.partition_columns = {"day"};
  splits.constraints = SampleConstraints();
  splits.continuation_token = "2";
  ReadRecordsRequest read = WithBase(ReadRecordsRequest{});
  read.table = table;
  read.schema = SampleSchema();
  read.split = {
      SpillLocation{"my-spill", "athena-federation-spill/q-1/5d7c", true}, EncryptionKey{std::string(32, 'k'), std::string(12, 'n')}, {{"shard", "3"}}};
  read.constraints = SampleConstraints();
  read.max_block_size = 100000000000;
  UserDefinedFunctionRequest call;
  call.identity = SampleIdentity();
  call.input = SampleBlock(4);
  call.output_schema = {{{"out", true, kUtf8}}};
  call.method_name = "twice";
  return {WithBase(PingRequest{}), WithBase(ListSchemasRequest{}), list, get, layout, splits, WithBase(GetDataSourceCapabilitiesRequest{}), read, call};
}

inline std::vector<FederationResponse> EveryResponse() {
  const TableName table{"sales", "orders"};
  return {
      PingResponse{"lake", "q-1", "demo"},
      ListSchemasResponse{"lake", {"a", "b"}},
      ListTablesResponse{{table}, "lake", "100"},
      GetTableResponse{"lake", table, SampleSchema(), {"id"}},
      GetTableLayoutResponse{"lake", table, SampleBlock(2)},
      GetSplitsResponse{
          "lake", {WireSplit{SpillLocation{"b", "k", true}, EncryptionKey{std::string(32, 'k'), std::string(12, 'n')}, {{"shard", "3"}}}, WireSplit{}}, "1"},
      GetDataSourceCapabilitiesResponse{"lake",
                                        {{"supports_filter_pushdown", {{"sorted_range_set", {}}, {"equatable_range_set", {}}}},
                                         {"SYSTEM.QUERY", {{"query_passthrough_arguments", {"QUERY"}}}}}},
      ReadRecordsResponse{"lake", SampleBlock(5)},
      RemoteReadRecordsResponse{"lake", SampleSchema(), {SpillLocation{"b", "k.0", false}}, EncryptionKey{std::string(16, 'k'), std::string(12, 'n')}},
      UserDefinedFunctionResponse{SampleBlock(4), "twice"}};
}

}  // namespace lotic::athena::testing
