// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lotic/batch.h"
#include "lotic/call_context.h"
#include "lotic/status.h"
#include "lotic/type.h"

// What real-time tables need of a SQL engine, declared here and implemented by src/sql: files that other engines read, and expressions.

namespace lotic::table {

/// Writes one file. One thread. Destroyed before Finish: the file is left behind unfinished, for its maker to remove.
class SegmentFileWriter {
 public:
  virtual ~SegmentFileWriter() = default;
  /// Rows more, in the order in which they are to be read. `rows` has the schema given to Create.
  virtual Status Write(const Batch& rows) = 0;
  /// Completes the file; it is not fsynced. @return its rows.
  virtual Result<int64_t> Finish() = 0;
};

/// Reads one file in the order of its rows. One thread.
class SegmentFileReader {
 public:
  virtual ~SegmentFileReader() = default;
  /// The next rows; none: the end. Errors: Invalid (damaged file), Cancelled.
  virtual Result<std::optional<Batch>> Next(const CallContext& ctx) = 0;
  /// Values of the batches so far that are NULL since they do not fit the type wanted.
  virtual int64_t misfits() const { return 0; }
};

/// Sealed segments as Parquet files. Any thread; must outlive what it made.
class SegmentFiles {
 public:
  virtual ~SegmentFiles() = default;
  /// `path` must not exist. Errors: Invalid (a type that the file cannot carry, with the column), what the file system says.
  virtual Result<std::unique_ptr<SegmentFileWriter>> Create(const std::string& path, const Schema& schema) = 0;
  /// `layout`: the columns wanted, in order (none: rows are only counted); one that the file does not have is all NULL, one of another type is cast, and NULL where it does
  /// not fit. Rows before `first_row` are passed over.
  virtual Result<std::unique_ptr<SegmentFileReader>> Open(const CallContext& ctx, const std::string& path, const Schema& layout, int64_t first_row) = 0;
};

/// A column to compute: `text` in Pinot's expression language.
struct NamedExpression {
  Field result;  ///< its name and the type wanted; a boolean named "" is a filter
  std::string text;
};

/// Expressions compiled together. One thread at a time.
class CompiledExpressions {
 public:
  virtual ~CompiledExpressions() = default;
  /// The names of the input columns that the expressions read.
  virtual const std::vector<std::string>& inputs() const = 0;
  /// One column for each expression, a row for each row of `input`. Errors: Invalid when a row's value cannot be computed: the caller halves the batch to find the row.
  virtual Result<Batch> Evaluate(const CallContext& ctx, const Batch& input) = 0;
};

/// Transforms and filters of ingest. Only deterministic functions, so that a record read again gives the same rows. Any thread.
class Expressions {
 public:
  virtual ~Expressions() = default;
  /// The names that `text` reads, without knowing their types. Errors: Invalid (syntax, an unknown or non-deterministic function; with the text).
  virtual Result<std::vector<std::string>> Inputs(const std::string& text) = 0;
  /// `input`: the columns that Evaluate will be given. Errors: Invalid (types that do not fit, with the expression).
  virtual Result<std::unique_ptr<CompiledExpressions>> Compile(std::span<const NamedExpression> expressions, const Schema& input) = 0;
};

}  // namespace lotic::table
