// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/batch.h"
#include "lotic/batch_builder.h"
#include "lotic/status.h"
#include "lotic/type.h"
#include "lotic/value.h"

namespace lotic {

struct RowWriterOptions {
  Narrowing narrowing = Narrowing::kTruncate;
  /// Takes full batches as rows come; without it Finish() returns all rows. What it returns ends the writing, if it is no OK.
  std::function<Status(Batch)> flush;
  /// The value of cells that are not set, by column; NULL without.
  std::map<std::string, Scalar> defaults;
};

/// Writes rows cell by cell, by name, where a source has no columns to copy (ColumnBuilder is the fast way). One thread.
///
///   LOTIC_ASSIGN_OR_RETURN(const int64_t row, writer.AddRow());
///   LOTIC_RETURN_NOT_OK(writer.Set(row, "id", 7));
///   LOTIC_RETURN_NOT_OK(writer.Set(row, "transaction", Value::Struct({{"id", 7}, {"completed", true}})));
class RowWriter {
 public:
  static constexpr int64_t kRowsPerBatch = 4096;
  static constexpr int64_t kBytesPerBatch = int64_t{4} << 20;  ///< text and binary; a batch ends behind the row that passes it
  static constexpr int64_t kMaxRowBytes = int64_t{1} << 30;    ///< a larger row is a CapacityError

  /// `table`: all columns that may be named. `wanted`: those that are kept, in this order; cells of the others are checked for their name only.
  RowWriter(Schema table, std::shared_ptr<const Schema> wanted, RowWriterOptions options = {});

  /// Whether anybody reads this column: a source may spare itself the work for others.
  bool Wants(std::string_view column) const;
  /// A row more, its cells unset. @return its number, from 0. Errors: those of `flush`, to be returned as they are: Cancelled when nobody needs more rows.
  Result<int64_t> AddRow();
  /// Sets a cell of the row that AddRow gave last, at most once. Conversions: ScalarOf; a NULL member, item or map value is NULL, a map key may not be.
  /// Errors: Invalid, naming the field ("transaction.id") and the value (no such column, no conversion, set before, another row); CapacityError.
  Status Set(int64_t row, std::string_view column, const Value& value);
  int64_t num_rows() const { return rows_; }

  /// Ends the writing. @return the rows not yet flushed; with `flush` none, since they go there.
  Result<Batch> Finish();

 private:
  void EndRow();
  Status Append(ColumnBuilder& to, const Type& type, const Value& value, std::string* path);
  Status AppendNested(ColumnBuilder& to, const Type& type, const Value::Nested& value, std::string* path);

  const Schema table_;
  const std::shared_ptr<const Schema> wanted_;
  const RowWriterOptions options_;
  std::map<std::string, std::optional<size_t>, std::less<>> places_;  // column → index in wanted_, none: not wanted
  std::vector<Scalar> defaults_;                                      // by index in wanted_
  BatchBuilder builder_;
  int64_t rows_ = 0;         // begun
  int64_t first_ = 0;        // of the batch being built
  int64_t batch_bytes_ = 0;  // text and binary of it
  int64_t row_bytes_ = 0;    // of the row being built
};

}  // namespace lotic
