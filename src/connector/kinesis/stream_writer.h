// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "connector/kinesis/put_client.h"
#include "connector/kinesis/table_options.h"
#include "lotic/table_writer.h"

namespace lotic::kinesis {

/// What a writer must know of its table.
struct SinkTable {
  std::string stream;
  std::string arn;                          ///< "": whatever has that name
  Schema columns;                           ///< that rows may have; kNotNullMetadata where NULL is refused
  Schema payload;                           ///< those of the record, in order: the format's columns
  std::shared_ptr<const RowFormat> format;  ///< null: the record is `data_column` as it is
  std::string data_column;
  std::string key_column;   ///< "": the partitioner of `options` makes the key
  std::string hash_column;  ///< "": no explicit hash keys
  bool null_key_is_random = false;
  SinkOptions options;
};

/// Whether the stream that the service found by its name is the one declared; "": none was. Errors: Invalid, naming both.
Status CheckArn(const std::string& declared, const std::string& found);

/// The table of a stream without a declaration: _partition_key (NULL or left out: random) and _data.
SinkTable PlainStream(const std::string& stream);

inline constexpr size_t kMaxSenders = 16;                        ///< threads of one writer, and so requests under way, whatever the options say
inline constexpr int64_t kMaxBufferedBytes = int64_t{64} << 20;  ///< of rows of one writer that are not acknowledged; Write waits there
inline constexpr int kMaxAttemptsPerRow = 1'000;                 ///< then the writer fails, as when the retry timeout has passed

/// A writer of PutRecords. Refused entries are sent again, first of all and in their order, with capped jitter, until options.retry_timeout; a request whose answer was lost is not
/// sent again: its rows count as unknown and the writer fails. Row numbers in messages begin at 1.
/// Errors: Invalid (columns that do not fit, a NOT NULL column left out, constants); NotFound, Unauthorized, IOError of the service.
Result<std::unique_ptr<TableWriter>> OpenStreamWriter(const CallContext& ctx, std::shared_ptr<PutClient> client, const SinkTable& table,
                                                      const WriteRequest& request);

}  // namespace lotic::kinesis
