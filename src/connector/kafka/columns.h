// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/inference.h"
#include "kafka_protocol/record_cursor.h"
#include "lotic/batch_builder.h"
#include "lotic/type.h"

// The columns every topic has beside those of its messages, by Trino's names.

namespace lotic::kafka {

enum class MetadataColumn : uint8_t {
  kTopic,          ///< _topic VARCHAR
  kPartition,      ///< _partition_id BIGINT
  kOffset,         ///< _partition_offset BIGINT
  kTimestamp,      ///< _timestamp TIMESTAMP(6) UTC; NULL: the record has none (-1), or one outside the type's range
  kTimestampMs,    ///< _timestamp_ms BIGINT: exactly what the record holds
  kTimestampType,  ///< _timestamp_type VARCHAR: CREATE_TIME, LOG_APPEND_TIME, NONE
  kKey,            ///< _key VARCHAR: UTF-8, what is not is replaced by U+FFFD
  kMessage,        ///< _message VARCHAR, likewise
  kKeyBytes,       ///< _key_bytes VARBINARY
  kMessageBytes,   ///< _message_bytes VARBINARY
  kHeaders,        ///< _headers MAP<VARCHAR, LIST<VARBINARY>>: keys in the order they first come, values in theirs
  kKeyLength,      ///< _key_length BIGINT
  kMessageLength,  ///< _message_length BIGINT
};
inline constexpr size_t kNumMetadataColumns = 13;

enum class TimestampType : uint8_t { kNone, kCreateTime, kLogAppendTime };

/// Field metadata of these columns; the value is the column's own name. A user's column never has it.
inline constexpr const char* kColumnMetadata = "lotic:kafka";

std::string_view MetadataColumnName(MetadataColumn column);
Field MetadataField(MetadataColumn column);
/// Which of them a field of a layout is, by its metadata; nullopt: a column of the message.
std::optional<MetadataColumn> MetadataColumnOf(const Field& field);

/// All columns of a topic whose messages have `document`'s columns. A user's column wins over a metadata column of its name (case
/// ignored), which is then not there.
struct TopicColumns {
  Schema visible;
  Schema hidden;
  std::map<std::string, std::string> aliases;
  std::vector<std::string> partition_columns;
};
TopicColumns ColumnsOf(const SchemaDocument& document);

/// Records of one partition, all of one kind of timestamp.
struct RecordRun {
  std::string_view topic;
  int32_t partition = 0;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  std::span<const kafka_protocol::RecordView> records;
};

/// Appends a column's value for each of `selection` (indexes into the records) to `out`. Broken headers give an empty map and count.
/// @return how many values could not be decoded.
int64_t AppendMetadataColumn(MetadataColumn column, const RecordRun& run, std::span<const uint32_t> selection, ColumnBuilder* out);

/// Appends `bytes` as text: valid UTF-8 as it is, each maximal broken part of anything else as U+FFFD. Not the end of a row.
void AppendReplacingInvalid(kafka_protocol::Bytes bytes, Buffer* out);

}  // namespace lotic::kafka
