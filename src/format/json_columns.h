// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "format/decoder.h"
#include "format/json_cells.h"
#include "format/json_locator.h"
#include "format/json_shape.h"

// What decoder and checker share: messages in, located cells in between, columns out.

namespace lotic::json {

/// Messages are worked on in chunks of at most these, so that a chunk is in the cache for every step over it.
constexpr size_t kChunkRows = 256;
constexpr size_t kChunkBytes = 64 << 10;
/// Shapes kept at a time.
constexpr size_t kMaxShapes = 4;
/// Learning that does not pay is tried again after 1, 2, 4, ... chunks, up to this many.
constexpr int kMaxLearnInterval = 1024;
/// An empty column is given room for as much as the one before it got, up to this many rows and bytes of text.
constexpr int64_t kMaxExpectedRows = 16384;
constexpr size_t kMaxExpectedBytes = 1 << 20;

/// The members of a JSON Pointer. Errors: Invalid, CapacityError; `what` begins the message.
Result<std::vector<std::string>> ParsePointer(std::string_view pointer, std::string_view what);

/// One thread. Not movable: the locator borrows the tree.
class JsonColumns {
 public:
  static Result<std::unique_ptr<JsonColumns>> Make(std::span<const DecoderField> fields, const DecoderOptions& options);
  JsonColumns(const JsonColumns&) = delete;
  JsonColumns& operator=(const JsonColumns&) = delete;

  size_t size() const { return plans_.size(); }
  const CellPlan& plan(size_t column) const { return plans_[column]; }
  const std::string& name(size_t column) const { return names_[column]; }

  /// How many of `selection` make the next chunk: at least one.
  static size_t ChunkSize(std::span<const PayloadView> payloads, std::span<const uint32_t> selection);
  /// Locates the cells of a chunk of at most kChunkRows; cells() are valid until the next call.
  void Locate(std::span<const PayloadView> payloads, std::span<const uint32_t> chunk);
  /// Of the chunk located last.
  std::span<const Extent> cells(size_t column) const { return {cells_.data() + column * kChunkRows, chunk_rows_}; }
  /// Appends the chunk's cells. `bad_rows` (null, or one byte a row): set to 1 where something did not fit. @return how
  /// many did not.
  int64_t Append(size_t column, ColumnBuilder& out, uint8_t* bad_rows);
  DecodeCounts& counts() { return counts_; }

 private:
  JsonColumns() = default;
  void MatchShapes();
  void WalkRest();
  void LearnFrom(const uint8_t* begin, const WalkTrace& trace, const Extent* cells);
  const uint8_t* CopyPadded(std::span<const PayloadView> payloads, std::span<const uint32_t> chunk);

  std::vector<std::string> names_;
  std::vector<CellPlan> plans_;
  PathTree tree_;
  std::unique_ptr<Locator> locator_;
  DecoderOptions options_;
  CellWriter writer_;
  DecodeCounts counts_;
  struct Filled {
    int64_t rows = 0;
    size_t bytes = 0;
  };
  std::vector<Filled> filled_;  // by column: what lay in its builder after the last Append

  std::vector<Extent> cells_;  // column by column, kChunkRows each
  size_t chunk_rows_ = 0;
  std::vector<ShapeRow> rows_;  // of the chunk: not located yet
  std::vector<uint8_t> copy_;   // of the chunk's payloads, where they lack padding
  std::vector<Shape> shapes_;   // the one with most hits first
  WalkTrace trace_;
  int learn_interval_ = 1;
  int chunks_until_learning_ = 0;
};

}  // namespace lotic::json
