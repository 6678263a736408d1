// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "format/json_text.h"
#include "lotic/batch_builder.h"
#include "lotic/status.h"
#include "lotic/type.h"

// From located values to cells of a type: the rules of docs/reference/json.md, in one place for every path.

namespace lotic::json {

/// A type, ready for use: names of members looked up fast. Immutable.
struct CellPlan {
  Type type;
  std::vector<CellPlan> children;
  std::vector<std::string> members;  ///< of a struct
  std::unordered_map<std::string, uint32_t> by_name;
  int64_t num_values = 1;  ///< that a NULL of this type takes, children included
  bool lenient = false;    ///< DecoderOptions::lenient
  bool null_for_large_decimals = false;

  /// Errors: Invalid (a map whose keys are not VARCHAR); CapacityError (nested deeper than kMaxNesting). `what` begins
  /// the message.
  static Result<CellPlan> Make(const Type& type, std::string_view what);
  void MakeLenient(bool large_decimals);  ///< children too
};

/// A nested cell may hold kMinCellValues values and kMaxValuesPerByte more for each byte of its text, NULLs included:
/// `[{},{}]` in a list of wide structs makes much of little. More: NULL, counted.
constexpr int64_t kMinCellValues = 16384;
constexpr int64_t kMaxValuesPerByte = 16;

/// Appends cells to columns. One thread.
class CellWriter {
 public:
  /// One row of `out` for each of `cells`, a NULL where there is none. `bad_rows`, if not null, gets a 1 where
  /// something did not fit.
  /// @return how many cells and elements did not fit.
  int64_t Append(const CellPlan& plan, std::span<const Extent> cells, ColumnBuilder& out, uint8_t* bad_rows);

 private:
  int64_t AppendInts(std::span<const Extent> cells, ColumnBuilder& out, uint8_t* bad_rows);
  int64_t AppendTexts(const CellPlan& plan, std::span<const Extent> cells, ColumnBuilder& out, uint8_t* bad_rows);
  int64_t AppendOne(const CellPlan& plan, const Extent& cell, bool validated, ColumnBuilder& out);
  bool AppendScalar(const CellPlan& plan, const Extent& cell, bool validated, ColumnBuilder& out);
  bool AppendLenient(const CellPlan& plan, const Extent& cell, ColumnBuilder& out);
  bool AppendText(const Extent& cell, bool validated, ColumnBuilder& out);
  bool AppendParsedText(const CellPlan& plan, const Extent& cell, ColumnBuilder& out);
  int64_t AppendNested(const CellPlan& plan, const Extent& cell, ColumnBuilder& out);
  int64_t AppendStruct(const CellPlan& plan, const Extent& cell, ColumnBuilder& out);
  int64_t AppendList(const CellPlan& plan, const Extent& cell, ColumnBuilder& out);
  int64_t AppendMap(const CellPlan& plan, const Extent& cell, ColumnBuilder& out);
  bool ReadName(const uint8_t** p, const uint8_t* end, std::string* storage, std::string_view* name);

  std::string text_;             // what a string says, where that differs from its bytes
  std::vector<Extent> members_;  // of the structs under way, innermost last
  std::vector<uint32_t> nulls_;
  int64_t budget_ = 0;  // values that the nested cell under way may still have
};

}  // namespace lotic::json
