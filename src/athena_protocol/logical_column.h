// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "athena_protocol/wire_schema.h"
#include "lotic/constraints.h"

// How the values of a connector's column stand to those of its column in Athena's messages, for constraints.

namespace lotic::athena {

/// Whole numbers from `low` to `high`, both included; wide enough for any bound of 64 bits and its neighbours.
struct WholeRange {
  Int128 low;
  Int128 high;
  bool empty() const { return low > high; }
};

/// How a wire value is made of a column's value.
enum class ColumnForm : uint8_t {
  kSame,    ///< bool, floats, decimals of one scale, text, binary
  kWhole,   ///< whole numbers, dates, times: wire = floor(column * multiply / divide)
  kNested,  ///< only NULL can be asked for
  kOther,   ///< the wire type is not that of the column
};

struct LogicalColumn {
  std::string name;  ///< the connector's
  Type type = Type::Bool();
  WireType wire;  ///< of the message
  ColumnForm form = ColumnForm::kOther;
  int64_t multiply = 1;
  int64_t divide = 1;

  /// kWhole: whether the column's values are the wire's, instants for packed ones.
  bool is_identity() const { return multiply == 1 && divide == 1 && !type.is_unsigned(); }
  /// kWhole: what a wire value counts, zones dropped; not for NULL.
  Int128 WholeOf(const Scalar& value) const;
  /// kWhole: the column's values whose wire values are in `range`, cut to what the column can hold.
  WholeRange ToColumn(const WholeRange& range) const;
  /// kWhole: the least and the greatest value the column can hold.
  WholeRange Limits() const;
  /// kWhole: a value of the column.
  Scalar ScalarOf(Int128 value) const;
};

/// Columns by the names that AthenaSchema gives them; the connector's names come from kSourceNameKey where the schema has it.
class LogicalColumns {
 public:
  explicit LogicalColumns(const Schema& table);
  /// The column that a message calls `name` and says to be `wire`. Errors: NotFound; Invalid (two columns, types that do not belong together), as sentences.
  Result<LogicalColumn> Find(std::string_view name, const WireType& wire) const;
  /// The table with the connector's names.
  const Schema& schema() const { return schema_; }

 private:
  Schema schema_;
  std::vector<std::string> athena_names_;
};

}  // namespace lotic::athena
