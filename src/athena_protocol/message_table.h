// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "athena_protocol/message_form.h"
#include "athena_protocol/messages.h"

// Every message of the protocol, member by member, in the order in which it is written. The only place that knows it: the reader, the writer and the reference page
// (docs/reference/athena-messages.md) all go through these tables. Follows: the federation SDK's serializers, versions 2 to 6.

namespace lotic::athena {

/// When a member may be absent from what is read. It is always written.
enum class Absent : uint8_t {
  kError,
  kTolerated,  ///< the original insists on it; nothing is lost by taking its default
  kOptional,   ///< the original reads on without it as well
};

template <typename Owner, typename T, typename Form>
struct Member {
  std::string_view name;
  T Owner::*at;
  Form form;
  int since = 2;  ///< the first serde version that has it; older messages leave it out, and it has its default
  Absent absent = Absent::kError;

  constexpr Member(std::string_view n, T Owner::*a, Form f) : name(n), at(a), form(f) {}
  constexpr Member Since(int version) const {
    Member m = *this;
    m.since = version;
    return m;
  }
  constexpr Member Tolerated() const {
    Member m = *this;
    m.absent = Absent::kTolerated;
    return m;
  }
  constexpr Member Optional() const {
    Member m = *this;
    m.absent = Absent::kOptional;
    return m;
  }
};

/// A member that says nothing: always written so, and ignored when read.
struct FixedMember {
  std::string_view name;
  std::string_view value;
  static constexpr int since = 2;
  static constexpr Absent absent = Absent::kTolerated;
};

/// Specialised for each struct below: kName, kTyped (whether `@type` begins the object), kSince, kMembers (a tuple).
template <typename T>
struct MessageTable;

struct Untyped {
  static constexpr bool kTyped = false;
  static constexpr int kSince = 2;
};
struct Typed {
  static constexpr bool kTyped = true;
  static constexpr int kSince = 2;
};

// ------------------------------------------------------------------------------------------------------------- forms used often

using TextList = form::List<form::Text>;
using Texts = form::Map<form::Text, form::Repeated::kLastWins>;
using UniqueTexts = form::Map<form::Text, form::Repeated::kError>;
using TextOrNull = form::OrNull<form::Text>;
using ObjectOrNull = form::OrNull<form::Object>;
using ObjectList = form::List<form::Object>;

// --------------------------------------------------------------------------------------------------------------- common objects

template <>
struct MessageTable<TableName> : Untyped {
  static constexpr std::string_view kName = "TableName";
  static constexpr auto kMembers = std::tuple(Member("schemaName", &TableName::schema, form::Text{}), Member("tableName", &TableName::table, form::Text{}));
};
template <>
struct MessageTable<FederatedIdentity> : Untyped {
  static constexpr std::string_view kName = "FederatedIdentity";
  static constexpr auto kMembers =
      std::tuple(FixedMember{"id", "UNKNOWN"}, FixedMember{"principal", "UNKNOWN"}, Member("account", &FederatedIdentity::account, TextOrNull{}).Tolerated(),
                 Member("arn", &FederatedIdentity::arn, TextOrNull{}).Tolerated(), Member("tags", &FederatedIdentity::tags, form::OrNull<Texts>{}).Tolerated(),
                 Member("groups", &FederatedIdentity::groups, form::OrNull<TextList>{}).Tolerated(),
                 Member("configOptions", &FederatedIdentity::config_options, form::OrNull<Texts>{}).Optional());
};
template <>
struct MessageTable<SpillLocation> : Typed {
  static constexpr std::string_view kName = "S3SpillLocation";
  static constexpr auto kMembers = std::tuple(Member("bucket", &SpillLocation::bucket, form::Text{}), Member("key", &SpillLocation::key, form::Text{}),
                                              Member("directory", &SpillLocation::directory, form::Flag{}));
};
template <>
struct MessageTable<EncryptionKey> : Untyped {
  static constexpr std::string_view kName = "EncryptionKey";
  static constexpr auto kMembers = std::tuple(Member("key", &EncryptionKey::key, form::Bytes{}), Member("nonce", &EncryptionKey::nonce, form::Bytes{}));
};
template <>
struct MessageTable<WireSplit> : Untyped {
  static constexpr std::string_view kName = "Split";
  static constexpr auto kMembers =
      std::tuple(Member("spillLocation", &WireSplit::spill_location, ObjectOrNull{}), Member("encryptionKey", &WireSplit::encryption_key, ObjectOrNull{}),
                 Member("properties", &WireSplit::properties, UniqueTexts{}));
};
template <>
struct MessageTable<Capability> : Untyped {
  static constexpr std::string_view kName = "Capability";
  static constexpr auto kMembers =
      std::tuple(Member("subType", &Capability::sub_type, form::Text{}), Member("properties", &Capability::properties, TextList{}));
};

// ------------------------------------------------------------------------------------------------------------------ constraints

// Value sets and expressions as they are written, one struct for each `@type`; message_read.cc and message_write.cc turn them into WireValueSet and WireExpression.
struct MarkerJson {
  Block value_block;
  Bound bound = Bound::kExactly;
  bool null_value = false;
};
struct RangeJson {
  MarkerJson low;
  MarkerJson high;
};
struct SortedRangeSetJson {
  WireType type;
  std::vector<RangeJson> ranges;
  bool null_allowed = false;
};
struct EquatableValueSetJson {
  Block value_block;
  bool white_list = true;
  bool null_allowed = false;
};
struct AllOrNoneValueSetJson {
  WireType type;
  bool all = false;
  bool null_allowed = false;
};
using ValueSetJson = std::variant<SortedRangeSetJson, EquatableValueSetJson, AllOrNoneValueSetJson>;

struct FunctionNameJson {
  std::string name;
};
struct FunctionCallJson {
  WireType type;
  FunctionNameJson function;
  std::vector<WireExpression> arguments;
};
struct VariableJson {
  std::string column;
  WireType type;
};
struct ConstantJson {
  std::optional<Block> value_block;
  WireType type;
};
using ExpressionJson = std::variant<FunctionCallJson, VariableJson, ConstantJson>;

template <>
struct MessageTable<MarkerJson> : Untyped {
  static constexpr std::string_view kName = "Marker";
  static constexpr auto kMembers =
      std::tuple(Member("valueBlock", &MarkerJson::value_block, form::Block{}), Member("bound", &MarkerJson::bound, form::BoundName{}),
                 Member("nullValue", &MarkerJson::null_value, form::Flag{}));
};
template <>
struct MessageTable<RangeJson> : Untyped {
  static constexpr std::string_view kName = "Range";
  static constexpr auto kMembers = std::tuple(Member("low", &RangeJson::low, form::Object{}), Member("high", &RangeJson::high, form::Object{}));
};
template <>
struct MessageTable<SortedRangeSetJson> : Typed {
  static constexpr std::string_view kName = "SortedRangeSet";
  static constexpr auto kMembers =
      std::tuple(Member("type", &SortedRangeSetJson::type, form::Type{}), Member("ranges", &SortedRangeSetJson::ranges, ObjectList{}),
                 Member("nullAllowed", &SortedRangeSetJson::null_allowed, form::Flag{}));
};
template <>
struct MessageTable<EquatableValueSetJson> : Typed {
  static constexpr std::string_view kName = "EquatableValueSet";
  static constexpr auto kMembers = std::tuple(Member("valueBlock", &EquatableValueSetJson::value_block, form::Block{}),
                                              Member("whiteList", &EquatableValueSetJson::white_list, form::Flag{}),
                                              Member("nullAllowed", &EquatableValueSetJson::null_allowed, form::Flag{}));
};
template <>
struct MessageTable<AllOrNoneValueSetJson> : Typed {
  static constexpr std::string_view kName = "AllOrNoneValueSet";
  static constexpr auto kMembers =
      std::tuple(Member("type", &AllOrNoneValueSetJson::type, form::Type{}), Member("all", &AllOrNoneValueSetJson::all, form::Flag{}),
                 Member("nullAllowed", &AllOrNoneValueSetJson::null_allowed, form::Flag{}));
};
template <>
struct MessageTable<FunctionNameJson> : Untyped {
  static constexpr std::string_view kName = "FunctionName";
  static constexpr auto kMembers = std::tuple(Member("functionName", &FunctionNameJson::name, form::Text{}));
};
template <>
struct MessageTable<FunctionCallJson> : Typed {
  static constexpr std::string_view kName = "FunctionCallExpression";
  static constexpr auto kMembers =
      std::tuple(Member("type", &FunctionCallJson::type, form::Type{}), Member("functionName", &FunctionCallJson::function, form::Object{}),
                 Member("arguments", &FunctionCallJson::arguments, form::List<form::Expression>{}));
};
template <>
struct MessageTable<VariableJson> : Typed {
  static constexpr std::string_view kName = "VariableExpression";
  static constexpr auto kMembers = std::tuple(Member("columnName", &VariableJson::column, form::Text{}), Member("type", &VariableJson::type, form::Type{}));
};
template <>
struct MessageTable<ConstantJson> : Typed {
  static constexpr std::string_view kName = "ConstantExpression";
  static constexpr auto kMembers =
      std::tuple(Member("valueBlock", &ConstantJson::value_block, form::OrNull<form::Block>{}), Member("type", &ConstantJson::type, form::Type{}));
};
template <>
struct MessageTable<OrderByField> : Untyped {
  static constexpr std::string_view kName = "OrderByField";
  static constexpr auto kMembers =
      std::tuple(Member("columnName", &OrderByField::column, form::Text{}), Member("direction", &OrderByField::direction, form::DirectionName{}));
};
template <>
struct MessageTable<QueryPlan> : Untyped {
  static constexpr std::string_view kName = "QueryPlan";
  static constexpr auto kMembers =
      std::tuple(Member("substraitVersion", &QueryPlan::substrait_version, TextOrNull{}), Member("substraitPlan", &QueryPlan::substrait_plan, form::Text{}));
};
template <>
struct MessageTable<WireConstraints> : Untyped {
  static constexpr std::string_view kName = "Constraints";
  static constexpr auto kMembers =
      std::tuple(Member("summary", &WireConstraints::summary, form::Map<form::ValueSet, form::Repeated::kError>{}),
                 Member("expression", &WireConstraints::expressions, form::List<form::Expression>{}).Since(4),
                 Member("orderByClause", &WireConstraints::order_by, ObjectList{}).Since(4), Member("limit", &WireConstraints::limit, form::Number{}).Since(4),
                 Member("queryPassthroughArguments", &WireConstraints::passthrough, Texts{}).Since(5),
                 Member("queryPlan", &WireConstraints::plan, ObjectOrNull{}).Since(6));
};

// --------------------------------------------------------------------------------------------------------------------- requests

template <typename Request>
constexpr auto BaseMembers() {
  return std::tuple(Member("identity", &Request::identity, ObjectOrNull{}).Tolerated(), Member("queryId", &Request::query_id, TextOrNull{}),
                    Member("catalogName", &Request::catalog, form::Text{}));
}

template <>
struct MessageTable<PingRequest> : Typed {
  static constexpr std::string_view kName = "PingRequest";
  static constexpr auto kMembers =
      std::tuple(Member("identity", &PingRequest::identity, ObjectOrNull{}).Tolerated(), Member("catalogName", &PingRequest::catalog, form::Text{}),
                 Member("queryId", &PingRequest::query_id, form::Text{}));
};
template <>
struct MessageTable<ListSchemasRequest> : Typed {
  static constexpr std::string_view kName = "ListSchemasRequest";
  static constexpr auto kMembers = BaseMembers<ListSchemasRequest>();
};
template <>
struct MessageTable<ListTablesRequest> : Typed {
  static constexpr std::string_view kName = "ListTablesRequest";
  static constexpr auto kMembers =
      std::tuple_cat(BaseMembers<ListTablesRequest>(), std::tuple(Member("schemaName", &ListTablesRequest::schema_name, TextOrNull{}),
                                                                  Member("nextToken", &ListTablesRequest::next_token, TextOrNull{}).Optional(),
                                                                  Member("pageSize", &ListTablesRequest::page_size, form::Number{}).Optional()));
};
template <>
struct MessageTable<GetTableRequest> : Typed {
  static constexpr std::string_view kName = "GetTableRequest";
  static constexpr auto kMembers =
      std::tuple_cat(BaseMembers<GetTableRequest>(), std::tuple(Member("tableName", &GetTableRequest::table, form::Object{}),
                                                                Member("queryPassthroughArguments", &GetTableRequest::passthrough, Texts{}).Since(5)));
};
template <>
struct MessageTable<GetTableLayoutRequest> : Typed {
  static constexpr std::string_view kName = "GetTableLayoutRequest";
  static constexpr auto kMembers =
      std::tuple_cat(BaseMembers<GetTableLayoutRequest>(), std::tuple(Member("tableName", &GetTableLayoutRequest::table, form::Object{}),
                                                                      Member("constraints", &GetTableLayoutRequest::constraints, form::Object{}),
                                                                      Member("schema", &GetTableLayoutRequest::schema, form::Schema{}),
                                                                      Member("partitionColumns", &GetTableLayoutRequest::partition_columns, TextList{})));
};
template <>
struct MessageTable<GetSplitsRequest> : Typed {
  static constexpr std::string_view kName = "GetSplitsRequest";
  static constexpr auto kMembers =
      std::tuple_cat(BaseMembers<GetSplitsRequest>(), std::tuple(Member("tableName", &GetSplitsRequest::table, form::Object{}),
                                                                 Member("partitions", &GetSplitsRequest::partitions, form::Block{}),
                                                                 Member("partitionColumns", &GetSplitsRequest::partition_columns, TextList{}),
                                                                 Member("constraints", &GetSplitsRequest::constraints, form::Object{}),
                                                                 Member("continuationToken", &GetSplitsRequest::continuation_token, TextOrNull{})));
};
template <>
struct MessageTable<GetDataSourceCapabilitiesRequest> : Typed {
  static constexpr std::string_view kName = "GetDataSourceCapabilitiesRequest";
  static constexpr int kSince = 4;
  static constexpr auto kMembers = BaseMembers<GetDataSourceCapabilitiesRequest>();
};
template <>
struct MessageTable<ReadRecordsRequest> : Typed {
  static constexpr std::string_view kName = "ReadRecordsRequest";
  static constexpr auto kMembers = std::tuple(
      Member("identity", &ReadRecordsRequest::identity, ObjectOrNull{}).Tolerated(), Member("queryId", &ReadRecordsRequest::query_id, form::Text{}),
      Member("catalogName", &ReadRecordsRequest::catalog, form::Text{}), Member("tableName", &ReadRecordsRequest::table, form::Object{}),
      Member("schema", &ReadRecordsRequest::schema, form::Schema{}), Member("split", &ReadRecordsRequest::split, form::Object{}),
      Member("constraints", &ReadRecordsRequest::constraints, form::Object{}), Member("maxBlockSize", &ReadRecordsRequest::max_block_size, form::NumberText{}),
      Member("maxInlineBlockSize", &ReadRecordsRequest::max_inline_block_size, form::NumberText{}));
};
template <>
struct MessageTable<UserDefinedFunctionRequest> : Typed {
  static constexpr std::string_view kName = "UserDefinedFunctionRequest";
  static constexpr auto kMembers = std::tuple(Member("identity", &UserDefinedFunctionRequest::identity, ObjectOrNull{}).Tolerated(),
                                              Member("inputRecords", &UserDefinedFunctionRequest::input, form::Block{}),
                                              Member("outputSchema", &UserDefinedFunctionRequest::output_schema, form::Schema{}),
                                              Member("methodName", &UserDefinedFunctionRequest::method_name, form::Text{}),
                                              Member("functionType", &UserDefinedFunctionRequest::function_type, form::OnlyScalar{}));
};

// ---------------------------------------------------------------------------------------------------------------------- answers

template <>
struct MessageTable<PingResponse> : Typed {
  static constexpr std::string_view kName = "PingResponse";
  static constexpr auto kMembers =
      std::tuple(Member("catalogName", &PingResponse::catalog, form::Text{}), Member("queryId", &PingResponse::query_id, form::Text{}),
                 Member("sourceType", &PingResponse::source_type, TextOrNull{}), Member("capabilities", &PingResponse::capabilities, form::Number{}),
                 Member("serDeVersion", &PingResponse::serde_version, form::Number{}).Optional());
};
template <>
struct MessageTable<ListSchemasResponse> : Typed {
  static constexpr std::string_view kName = "ListSchemasResponse";
  static constexpr auto kMembers =
      std::tuple(Member("catalogName", &ListSchemasResponse::catalog, form::Text{}), Member("schemas", &ListSchemasResponse::schemas, TextList{}));
};
template <>
struct MessageTable<ListTablesResponse> : Typed {
  static constexpr std::string_view kName = "ListTablesResponse";
  static constexpr auto kMembers =
      std::tuple(Member("tables", &ListTablesResponse::tables, ObjectList{}), Member("catalogName", &ListTablesResponse::catalog, form::Text{}),
                 Member("nextToken", &ListTablesResponse::next_token, TextOrNull{}).Optional());
};
template <>
struct MessageTable<GetTableResponse> : Typed {
  static constexpr std::string_view kName = "GetTableResponse";
  static constexpr auto kMembers =
      std::tuple(Member("catalogName", &GetTableResponse::catalog, form::Text{}), Member("tableName", &GetTableResponse::table, form::Object{}),
                 Member("schema", &GetTableResponse::schema, form::Schema{}), Member("partitionColumns", &GetTableResponse::partition_columns, TextList{}));
};
template <>
struct MessageTable<GetTableLayoutResponse> : Typed {
  static constexpr std::string_view kName = "GetTableLayoutResponse";
  static constexpr auto kMembers =
      std::tuple(Member("catalogName", &GetTableLayoutResponse::catalog, form::Text{}), Member("tableName", &GetTableLayoutResponse::table, form::Object{}),
                 Member("partitions", &GetTableLayoutResponse::partitions, form::Block{}));
};
template <>
struct MessageTable<GetSplitsResponse> : Typed {
  static constexpr std::string_view kName = "GetSplitsResponse";
  static constexpr auto kMembers =
      std::tuple(Member("catalogName", &GetSplitsResponse::catalog, form::Text{}), Member("splits", &GetSplitsResponse::splits, ObjectList{}),
                 Member("continuationToken", &GetSplitsResponse::continuation_token, TextOrNull{}));
};
template <>
struct MessageTable<GetDataSourceCapabilitiesResponse> : Typed {
  static constexpr std::string_view kName = "GetDataSourceCapabilitiesResponse";
  static constexpr auto kMembers =
      std::tuple(Member("catalogName", &GetDataSourceCapabilitiesResponse::catalog, form::Text{}),
                 Member("capabilities", &GetDataSourceCapabilitiesResponse::capabilities, form::Map<ObjectList, form::Repeated::kError>{}));
};
template <>
struct MessageTable<ReadRecordsResponse> : Typed {
  static constexpr std::string_view kName = "ReadRecordsResponse";
  static constexpr auto kMembers =
      std::tuple(Member("catalogName", &ReadRecordsResponse::catalog, form::Text{}), Member("records", &ReadRecordsResponse::records, form::Block{}));
};
template <>
struct MessageTable<RemoteReadRecordsResponse> : Typed {
  static constexpr std::string_view kName = "RemoteReadRecordsResponse";
  static constexpr auto kMembers =
      std::tuple(Member("catalogName", &RemoteReadRecordsResponse::catalog, form::Text{}), Member("schema", &RemoteReadRecordsResponse::schema, form::Schema{}),
                 Member("remoteBlocks", &RemoteReadRecordsResponse::remote_blocks, ObjectList{}),
                 Member("encryptionKey", &RemoteReadRecordsResponse::encryption_key, ObjectOrNull{}));
};
template <>
struct MessageTable<UserDefinedFunctionResponse> : Typed {
  static constexpr std::string_view kName = "UserDefinedFunctionResponse";
  static constexpr auto kMembers = std::tuple(Member("records", &UserDefinedFunctionResponse::records, form::Block{}),
                                              Member("methodName", &UserDefinedFunctionResponse::method_name, form::Text{}));
};

// ------------------------------------------------------------------------------------------------------------------------ words

inline constexpr std::array<std::string_view, 3> kBoundNames = {"BELOW", "EXACTLY", "ABOVE"};
inline constexpr std::array<std::string_view, 4> kDirectionNames = {"ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"};

}  // namespace lotic::athena
