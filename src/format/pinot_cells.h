// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/json_text.h"
#include "format/pinot_decoder.h"
#include "lotic/batch_builder.h"

// From located values to cells, by the conversion rules of Apache Pinot's ingestion. docs/reference/realtime-json.md.

namespace lotic::pinot {

/// "INT", "BIG_DECIMAL", …
std::string_view CellName(PinotCell cell);

/// Appends what the inside of a JSON string says, which IsValidJson has passed; half of a surrogate pair becomes '?', as Java encodes it.
void AppendUnescaped(std::string_view inside, std::string* out);

/// Converts the cells of one column. One thread.
class CellConverter {
 public:
  explicit CellConverter(PinotDecoderField field) : field_(std::move(field)) {}
  const PinotDecoderField& field() const { return field_; }

  /// Appends a row for each of `cells`, which lie in messages that IsValidJson has passed, with padding behind (json_text.h). One that does not convert is a NULL, and its index is in `bad`.
  /// `plain`: none of the strings has a backslash.
  void AppendAll(std::span<const json::Extent> cells, bool plain, ColumnBuilder& out, std::vector<uint32_t>* bad);
  /// One row; false: it is a NULL because the value does not convert.
  bool Append(const json::Extent& cell, ColumnBuilder& out);
  bool AppendText(std::string_view text, ColumnBuilder& out);
  bool AppendRawBytes(std::string_view bytes, ColumnBuilder& out);  ///< of a kBytes column
  /// A sentence about the value that was not converted.
  std::string Reason(const json::Extent& cell);
  std::string Reason(std::string_view text);

  /// What field().finish asks of a value that has the column's type (and JSON and BIG_DECIMAL their form, which text of an expression may not have). False: a NULL, which does not fit.
  bool AppendFinished(const Column& in, int64_t row, ColumnBuilder& out);

 private:
  struct Value {
    enum class Kind : uint8_t { kNull, kBool, kNumber, kText, kList, kObject };
    Kind kind = Kind::kNull;
    bool truth = false;
    std::string_view text;  ///< number, list, object: as in the message; text: what it says
  };
  enum class Made : uint8_t { kValue, kNull, kBad };  ///< only a value has been appended

  Value Read(const json::Extent& cell);
  bool AppendRow(const Value& value, ColumnBuilder& out);
  Made AppendList(const Value& value, ColumnBuilder& out);
  Made AppendSingle(const Value& value, ColumnBuilder& out);
  Made AppendNested(const Value& value, ColumnBuilder& out);
  Made AppendTextCell(std::string_view text, ColumnBuilder& out);
  Made AppendJson(const Value& value, ColumnBuilder& out);
  Made AppendBytesCell(std::string_view bytes, ColumnBuilder& out);
  Made FinishText(std::string_view text, ColumnBuilder& out);
  Made ToLong(const Value& value, int64_t* out);
  Made ToInt(const Value& value, int32_t* out);
  Made ToDouble(const Value& value, double* out);
  Made ToFloat(const Value& value, float* out);
  Made ToTimestamp(const Value& value, int64_t* out);
  Made ToBool(const Value& value, bool* out);
  Made Bad(const char* why) { return why_ = why, Made::kBad; }
  template <typename T, typename Fast, typename Slow>
  void AppendFixed(std::span<const json::Extent> cells, ColumnBuilder& out, std::vector<uint32_t>* bad, Fast fast, Slow slow);
  void AppendStrings(std::span<const json::Extent> cells, bool plain, ColumnBuilder& out, std::vector<uint32_t>* bad);
  std::string Sentence(const Value& value);

  const PinotDecoderField field_;
  std::string text_;    // what a string with escapes says
  std::string made_;    // a text under construction
  std::string padded_;  // text to be checked as JSON
  const char* why_ = "";
};

/// The values of a list or object that IsValidJson has passed, one after the other.
class ElementCursor {
 public:
  explicit ElementCursor(std::string_view container);
  bool Next(json::Extent* element);

 private:
  const uint8_t* p_;
  const uint8_t* const end_;
  const bool object_;
};

}  // namespace lotic::pinot
