// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connector/timestream/column_info.h"
#include "lotic/batch_builder.h"
#include "lotic/status.h"
#include "lotic/type.h"

namespace lotic::timestream {

/// An answer of Query, but for its rows.
struct QueryPage {
  std::string query_id;
  std::string next_token;    ///< "": this was the last page
  bool has_columns = false;  ///< the answer says what its columns are; the first ones of a query need not
  std::vector<ColumnInfo> columns;
  int64_t rows = 0;
  double progress_percent = 0;
  int64_t bytes_scanned = 0;
  int64_t bytes_metered = 0;
};

/// Takes answers of Query apart, straight into columns: no tree of the JSON is made. One thread.
///
///   {"QueryId": "…", "NextToken": "…", "ColumnInfo": [{"Name": "…", "Type": {"ScalarType": "…"}}],
///    "QueryStatus": {"ProgressPercentage": 0.0, "CumulativeBytesScanned": 0, "CumulativeBytesMetered": 0},
///    "Rows": [{"Data": [{"ScalarValue": "…"}, {"NullValue": true}, {"ArrayValue": [datum]}, {"RowValue": {"Data": [datum]}},
///                       {"TimeSeriesValue": [{"Time": "…", "Value": datum}]}]}]}          members in any order, unknown ones ignored
///
/// Follows: Timestream Query API 2018-11-01, QueryResponse; RFC 8259.
class PageParser {
 public:
  /// Bytes that must be readable behind an answer. The first of them is 0, as in a std::string; what the others hold does not matter.
  static constexpr size_t kPadding = 64;

  /// `layout`: the columns of the batch. `targets`: for each column of the answer, its place in `layout`, or -1 to pass over it; `names` of the answer's columns,
  /// for messages. Each place is a target once.
  PageParser(std::shared_ptr<const Schema> layout, std::vector<int> targets, std::vector<std::string> names);
  /// One that passes over all rows, whatever they are: for the columns alone.
  PageParser();
  ~PageParser();
  PageParser(PageParser&&) noexcept;

  /// Appends the rows of `answer` to `rows`, a builder of `layout`'s schema (null only for a parser without layout). After an error the builder is of no use.
  /// Errors: IOError: no JSON, no answer of Query, a cell that does not fit its column (which is named, with row and text); CapacityError.
  Result<QueryPage> Parse(std::string_view answer, BatchBuilder* rows);

 private:
  class Walk;
  std::shared_ptr<const Schema> layout_;
  std::vector<int> targets_;
  std::vector<std::string> names_;
  bool skip_rows_ = false;
  std::string scratch_;
};

/// The NextToken of an answer, found without taking it apart: so that the next page can be asked for at once. May be wrong in an answer that is none of Query:
/// PageParser has the last word. "" if there is none.
std::string FindNextToken(std::string_view answer);

}  // namespace lotic::timestream
