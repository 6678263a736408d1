// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "format/decoder.h"
#include "lotic/batch.h"
#include "lotic/status.h"
#include "lotic/type.h"

// The format of a declared table: from the bytes of a record to the cells of a row and back. What each option means: docs/reference/formats.md.

namespace lotic {

/// Turns rows into the bytes of records. One thread.
class RowSerializer {
 public:
  virtual ~RowSerializer() = default;
  /// Appends the record of one row; `rows` has exactly the format's columns, in their order and with their types.
  /// Errors: Invalid, why this row has no form in the format, naming the column; `out` is then unspecified behind its old size.
  virtual Status Append(const Batch& rows, int64_t row, std::string* out) = 0;
};

/// Immutable; any thread.
class RowFormat {
 public:
  virtual ~RowFormat() = default;
  /// "json", "csv", "raw".
  virtual std::string name() const = 0;
  /// Of some of the columns. What does not fit is NULL, counted; a caller that wants errors asks the checker first.
  /// Errors: Invalid, a column that the format does not have.
  virtual Result<std::unique_ptr<MessageDecoder>> MakeDecoder(const Schema& wanted, const DecoderOptions& options) const = 0;
  /// Which records become a row. `strict`, or where ignores_errors() is false: each column fits, none that is NOT NULL is NULL. Else: what is no record of the
  /// format at all, or lacks a NOT NULL column, is bad.
  virtual Result<std::unique_ptr<MessageChecker>> MakeChecker(const DecoderOptions& options, bool strict) const = 0;
  /// A record that holds other than one row: appends what each of its rows is, borrowed from it; there may be none. False, and nothing appended: it is one row or none of
  /// the format. To be asked of records that the checker does not take.
  virtual bool TakeApart(const PayloadView& record, std::vector<PayloadView>* rows) const;
  virtual std::unique_ptr<RowSerializer> MakeSerializer() const = 0;
  /// The option ignore-parse-errors: bad records are dropped, bad cells are NULL.
  virtual bool ignores_errors() const = 0;
  /// Whether a record of no bytes is a row; else it is dropped.
  virtual bool empty_is_row() const = 0;
};

/// Options without the format's prefix: {"ignore-parse-errors", "true"}.
using FormatOptions = std::vector<std::pair<std::string, std::string>>;

/// @param columns  the physical columns, in the order declared; those that must not be NULL carry kNotNullMetadata.
/// Errors: Invalid (an unknown format or option, with the nearest; a value that is none; options that exclude each other; a column whose type the format cannot
/// hold); NotImplemented (a known format or option that is not built). Messages name options with their prefix.
Result<std::shared_ptr<const RowFormat>> MakeRowFormat(const std::string& name, const FormatOptions& options, const Schema& columns);

}  // namespace lotic
