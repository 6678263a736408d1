// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "format/json_locator.h"
#include "format/json_text.h"

// Messages of one topic look alike: the text between their values is the same. A shape holds that text, learned from
// one message; a message that has it byte for byte has its cells where the shape says, and nothing needs to be parsed
// to find them.
//
//   {"ts": 1644586485807, "uuid": "93633f7c01d54453a144", "count": 807}
//   ^^^^^^^bare         ^^^^^^^^^^^string              ^^^^^^^^^^^^bare
//
// Every name up to the last wanted value is part of that text, so that the first member of a name is the one found.

namespace lotic::json {

/// Longer text between two values, or more values, make no shape.
constexpr size_t kMaxShapeLiteral = 256;
constexpr size_t kMaxShapeSteps = 1024;

/// A message under way: `at` is where the next literal must stand.
struct ShapeRow {
  const uint8_t* at;
  const uint8_t* end;
  uint32_t cell;  ///< its index among the cells of a column
};

class Shape {
 public:
  /// The shape of a message that Locator walked: `begin` is its first byte, `cells` what was found there.
  static std::optional<Shape> Learn(const uint8_t* begin, const WalkTrace& trace, const Extent* cells, size_t num_columns, size_t stride);

  /// Locates the cells of those of `rows` that have this shape: column c's go to cells[c * stride + row.cell]. The
  /// others are left behind in `rows` (as they came), in order. One step at a time over all rows, so that the rows'
  /// loads overlap.
  void Match(std::vector<ShapeRow>* rows, Extent* cells, size_t stride);

  int64_t hits = 0;  ///< rows matched since it was learned, for the owner to choose by

 private:
  struct Step {
    uint32_t literal_at;  ///< into literals_, padded with zeroes to a multiple of 16
    uint32_t literal_size;
    ExtentKind kind;  ///< of the value behind the literal
    std::vector<uint32_t> columns;
  };
  template <ExtentKind kKind, bool kOneChunk>
  size_t RunStep(const Step& step, Extent* cells, size_t stride);
  size_t RunTail();
  void DropFailed();

  std::vector<uint8_t> literals_;
  std::vector<Step> steps_;
  uint32_t tail_at_ = 0;
  uint32_t tail_size_ = 0;         // of the text behind the last value that the answers depend on
  bool to_end_ = false;            // WalkTrace::to_end
  std::vector<uint32_t> missing_;  // columns that such a message has not
  std::vector<ShapeRow> active_;   // of the Match under way: rows that fit so far
};

}  // namespace lotic::json
