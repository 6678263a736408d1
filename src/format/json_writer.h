// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "format/row_format.h"

namespace lotic {

struct JsonWriterOptions {
  char timestamp_separator = ' ';  ///< 'T': ISO-8601
  bool plain_decimals = false;     ///< 0.000000027 instead of 2.7E-8
  bool leave_out_nulls = false;
};

/// One object a row, members in the order of `columns`, no space, no line end. Text is written as it is, with ", \ and control characters escaped; NaN and the
/// infinities as text, as JSON has no number for them; VARBINARY as Base64. Years outside 0001 to 9999 have no form: an error.
/// Follows: RFC 8259; the texts of Flink's json format.
std::unique_ptr<RowSerializer> MakeJsonSerializer(const Schema& columns, const JsonWriterOptions& options);

/// `text`, valid UTF-8, as a JSON string with its quotes.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace lotic
