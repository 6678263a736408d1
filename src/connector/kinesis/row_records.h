// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "connector/kinesis/stream_writer.h"

namespace lotic::kinesis {

/// Rows as records: their bytes, partition keys and hash keys. One thread.
class RowRecords {
 public:
  /// `number`: of the writer, for the partitioner 'fixed'. Errors: Invalid, as OpenStreamWriter.
  static Result<std::unique_ptr<RowRecords>> Make(const SinkTable& table, const WriteRequest& request, int number, int64_t max_record_bytes);

  /// Takes a batch; it is borrowed until the next. Errors: Invalid, columns other than the request's.
  Status Take(const Batch& rows);
  /// Row `row` of the batch as a record. Errors: Invalid, naming row `number`: NULL where it must not be, no form in the format, no or too long a key; CapacityError, too large.
  Result<PutEntry> Record(int64_t row, int64_t number);

 private:
  RowRecords(const SinkTable& table, int number, int64_t max_record_bytes)
      : table_(table), number_(number), max_record_bytes_(max_record_bytes), random_(std::random_device{}()) {}
  Status Bind(const WriteRequest& request);
  Result<std::string> Key(int64_t row);

  const SinkTable table_;
  const int number_;
  const int64_t max_record_bytes_;
  Schema request_;
  std::vector<std::optional<size_t>> payload_;                    // of each payload column, its place in the request's; none: a constant or NULL
  std::vector<Scalar> constants_;                                 // of each payload column
  std::vector<std::string> key_texts_;                            // of key columns that are constants: their text as written
  std::vector<std::optional<size_t>> key_;                        // of each key column, its place in the payload; none: its text is in key_texts_
  std::optional<size_t> key_column_, hash_column_, data_column_;  // places in the request's columns
  std::vector<size_t> not_null_;                                  // places in the request's columns
  std::unique_ptr<RowSerializer> serializer_;
  std::mt19937_64 random_;
  std::optional<Batch> rows_;     // as given
  std::optional<Batch> records_;  // with the format's columns
};

}  // namespace lotic::kinesis
