// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "format/base64_text.h"
#include "format/csv_line.h"
#include "format/format_options.h"
#include "format/iso_time.h"
#include "format/json_number.h"
#include "format/json_text.h"
#include "format/value_text.h"

namespace lotic {
namespace {

constexpr size_t kMaxShownBytes = 60;    // of a value in a reason
constexpr size_t kMaxItems = 1'000'000;  // of one list

struct CsvOptions {
  csv::Dialect dialect;
  std::string element_delimiter = ";";
  std::optional<std::string> null_literal;
  bool stripped_decimals = true;
  bool ignore = false;
  bool trailing_delimiter = true;  // may stand behind the last column
};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && static_cast<uint8_t>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<uint8_t>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

bool AppendInteger(const Type& type, std::string_view text, ColumnBuilder& out) {
  if (type.id() == TypeId::kUInt64) {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return false;
    out.AppendUInt64(value);
    return true;
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return false;
  const int bits = type.byte_width() * 8;
  if (bits < 64) {
    const int64_t low = type.is_unsigned() ? 0 : -(int64_t{1} << (bits - 1));
    const int64_t high = (int64_t{1} << (type.is_unsigned() ? bits : bits - 1)) - 1;
    if (value < low || value > high) return false;
  }
  out.AppendInt64(value);
  return true;
}

bool AppendFloating(const Type& type, std::string_view text, ColumnBuilder& out) {
  const bool negative = text.starts_with('-');
  const std::string_view word = text.substr(negative ? 1 : 0);
  if (word == "NaN" || word == "Infinity") {
    const double value = word == "NaN" ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
    out.AppendDouble(negative ? -value : value);
    return true;
  }
  double value = 0;
  float single = 0;
  if (type.id() == TypeId::kFloat32 ? !json::ParseFloat(text, &single) : !json::ParseDouble(text, &value)) return false;
  out.AppendDouble(type.id() == TypeId::kFloat32 ? static_cast<double>(single) : value);
  return true;
}

/// One value, not a list or a row. False, and nothing appended, if it does not fit.
bool AppendScalarText(const Type& type, std::string_view raw, ColumnBuilder& out) {
  const std::string_view text = type.id() == TypeId::kString ? raw : Trim(raw);
  switch (type.id()) {
    case TypeId::kBool:
      // As Java: what is not "true" is false.
      out.AppendBool(text.size() == 4 && (text[0] | 0x20) == 't' && (text[1] | 0x20) == 'r' && (text[2] | 0x20) == 'u' && (text[3] | 0x20) == 'e');
      return true;
    case TypeId::kFloat32:
    case TypeId::kFloat64: return AppendFloating(type, text, out);
    case TypeId::kDecimal128: {
      Int128 value;
      const std::string padded = std::string(text) + std::string(csv::Line::kReadable, ' ');
      if (!json::ParseRoundedDecimal(std::string_view(padded).substr(0, text.size()), type.precision(), type.scale(), &value)) return false;
      out.AppendDecimal(value);
      return true;
    }
    case TypeId::kString:
      if (!json::IsValidUtf8(text)) return false;
      out.AppendBytes(text);
      return true;
    case TypeId::kBinary: {
      std::string bytes;
      if (!DecodeBase64(text, &bytes)) return false;
      out.AppendBytes(bytes);
      return true;
    }
    case TypeId::kDate: {
      int32_t days;
      if (!ParseIsoDate(text, &days)) return false;
      out.AppendInt64(days);
      return true;
    }
    case TypeId::kTime: {
      int64_t micros;
      if (!ParseIsoTime(text, &micros)) return false;
      out.AppendInt64(micros);
      return true;
    }
    case TypeId::kTimestamp: {
      IsoTimestamp at;
      int64_t value;
      if (!ParseIsoTimestamp(text, &at) || at.zoned != type.utc() || !ToUnit(at, type.unit(), &value)) return false;
      out.AppendInt64(value);
      return true;
    }
    default: return type.is_integer() && AppendInteger(type, text, out);
  }
}

/// Calls `take` for each piece of `text` between the delimiters; an empty text has none. False as soon as `take` says so.
template <typename Take>
bool ForPieces(std::string_view text, const std::string& delimiter, Take&& take) {
  if (text.empty()) return true;
  for (size_t taken = 0; taken < kMaxItems; ++taken) {
    const size_t end = text.find(delimiter);
    if (!take(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + delimiter.size());
  }
  return false;
}

class Cells {
 public:
  explicit Cells(const CsvOptions& options) : options_(options) {}

  bool IsNullText(const Type& type, std::string_view text, bool quoted) const {
    if (options_.null_literal) return text == *options_.null_literal;
    // A NULL is written as nothing; where text could be meant, nothing is the empty text.
    return text.empty() && !quoted && type.id() != TypeId::kString;
  }

  /// False, and nothing appended, if the field does not fit.
  bool Append(const Type& type, std::string_view text, bool quoted, ColumnBuilder& out) const {
    if (IsNullText(type, text, quoted)) {
      out.AppendNull();
      return true;
    }
    if (!type.is_nested()) return AppendScalarText(type, text, out);
    const int64_t before = out.length();
    const auto item = [&](const Type& of, std::string_view piece, ColumnBuilder& to) {
      if (IsNullText(of, piece, false)) {
        to.AppendNull();
        return true;
      }
      return AppendScalarText(of, piece, to);
    };
    if (type.id() == TypeId::kList) {
      const bool fits = ForPieces(text, options_.element_delimiter, [&](std::string_view piece) { return item(type.children()[0].type, piece, out.child(0)); });
      out.FinishList();
      if (!fits) out.Truncate(before);
      return fits;
    }
    size_t member = 0;
    const size_t members = type.children().size();
    bool fits = ForPieces(text, options_.element_delimiter, [&](std::string_view piece) {
      if (member == members || !item(type.children()[member].type, piece, out.child(member))) return false;
      ++member;
      return true;
    });
    fits = fits && member == members;
    for (size_t m = fits ? members : member; m < members; ++m) out.child(m).AppendNull();
    out.AppendValid();
    if (!fits) out.Truncate(before);
    return fits;
  }

 private:
  const CsvOptions& options_;
};

class CsvDecoder final : public MessageDecoder {
 public:
  CsvDecoder(const CsvOptions& options, std::vector<std::pair<size_t, Type>> wanted) : options_(options), cells_(options_), wanted_(std::move(wanted)) {}

  void Decode(std::span<const PayloadView> payloads, std::span<const uint32_t> selection, std::span<ColumnBuilder* const> out) override {
    LOTIC_CHECK(out.size() == wanted_.size());
    for (const uint32_t index : selection) {
      const PayloadView& payload = payloads[index];
      ++counts_.general_rows;
      const bool there = payload.data != nullptr;
      const bool broken = there && !line_.Parse({reinterpret_cast<const char*>(payload.data), payload.size}, options_.dialect).empty();
      counts_.bad_messages += broken ? 1 : 0;
      for (size_t c = 0; c < wanted_.size(); ++c) {
        const auto& [field, type] = wanted_[c];
        if (!there || broken || field >= line_.size()) {
          out[c]->AppendNull();
          counts_.undecodable_values += there ? 1 : 0;
        } else if (!cells_.Append(type, line_.field(field), line_.quoted(field), *out[c])) {
          out[c]->AppendNull();
          ++counts_.undecodable_values;
        }
      }
    }
  }
  const DecodeCounts& counts() const override { return counts_; }

 private:
  const CsvOptions options_;
  const Cells cells_;
  const std::vector<std::pair<size_t, Type>> wanted_;
  csv::Line line_;
  DecodeCounts counts_;
};

class CsvChecker final : public MessageChecker {
 public:
  CsvChecker(CsvOptions options, const Schema& columns) : options_(std::move(options)), cells_(options_), columns_(columns) {
    for (const Field& field : columns_.fields) scratch_.emplace_back(field.type);
  }

  int64_t Check(std::span<const PayloadView> payloads, std::span<const uint32_t> selection, std::vector<uint32_t>* good, BadMessage* first_bad) override {
    int64_t bad = 0;
    for (const uint32_t index : selection) {
      std::string reason = payloads[index].data == nullptr ? std::string() : Reason(payloads[index]);
      if (reason.empty()) {
        good->push_back(index);
      } else if (bad++ == 0 && first_bad != nullptr) {
        *first_bad = {index, std::move(reason)};
      }
    }
    return bad;
  }

 private:
  std::string Reason(const PayloadView& payload) {
    std::string reason = line_.Parse({reinterpret_cast<const char*>(payload.data), payload.size}, options_.dialect);
    if (!reason.empty()) return "the line is not csv: " + reason;
    if (line_.is_comment()) return "the line is a comment";
    const size_t expected = columns_.fields.size();
    const bool trailing = options_.trailing_delimiter && line_.size() == expected + 1 && line_.field(expected).empty() && !line_.quoted(expected);
    if ((line_.size() > expected && !trailing) || (line_.size() < expected && !options_.ignore)) {
      return "the line has " + std::to_string(line_.size()) + " fields, the table " + std::to_string(expected) + " columns";
    }
    for (size_t c = 0; c < expected; ++c) {
      const Field& field = columns_.fields[c];
      const bool fits = c < line_.size() && cells_.Append(field.type, line_.field(c), line_.quoted(c), scratch_[c]);
      const bool is_null = !fits || scratch_[c].null_count() != 0;
      scratch_[c].Truncate(0);
      if (!fits && !options_.ignore) {
        std::string value(line_.field(c).substr(0, kMaxShownBytes));
        if (value.size() < line_.field(c).size()) value += "...";
        if (!json::IsValidUtf8(value)) value = std::to_string(line_.field(c).size()) + " bytes";
        return "column \"" + field.name + "\": value does not fit " + field.type.ToString() + ": '" + value + "'";
      }
      if (is_null && IsNotNull(field)) return "column \"" + field.name + "\" is NOT NULL, and the line has no value for it";
    }
    return "";
  }

  const CsvOptions options_;
  const Cells cells_;
  const Schema columns_;
  std::vector<ColumnBuilder> scratch_;  // always empty in between
  csv::Line line_;
};

class CsvSerializer final : public RowSerializer {
 public:
  explicit CsvSerializer(const CsvOptions& options) : options_(options) {}

  Status Append(const Batch& rows, int64_t row, std::string* out) override {
    const size_t before = out->size();
    for (size_t c = 0; c < rows.num_columns(); ++c) {
      if (c != 0) out->push_back(options_.dialect.delimiter);
      const Column& column = rows.column(c);
      const std::string& name = rows.schema().fields[c].name;
      if (column.IsNull(row)) {
        out->append(options_.null_literal.value_or(""));
        continue;
      }
      text_.clear();
      bool bare = false;
      if (const char* const wrong = Text(column, row, &bare)) return Status::Invalid("column '", name, "': ", wrong);
      if (options_.null_literal && text_ == *options_.null_literal)
        return Status::Invalid("column '", name, "': the text '", *options_.null_literal, "' would be read as NULL ('csv.null-literal')");
      // Without quotes nothing is NULL, where the column is no text.
      if (text_.empty() && column.type.id() == TypeId::kStruct)
        return Status::Invalid("column '", name, "': a row whose only member is empty has no text in csv");
      if (text_.empty() && !options_.null_literal && column.type.id() != TypeId::kString) {
        if (!options_.dialect.quote)
          return Status::Invalid(
              "column '", name,
              "': an empty value cannot be told from NULL without quotes ('csv.disable-quote-character'); 'csv.null-literal' gives NULL a text");
        out->append(2, *options_.dialect.quote);
      } else if (bare) {
        out->append(text_);
      } else if (!csv::AppendField(text_, options_.dialect, out)) {
        return Status::Invalid("column '", name,
                               "': a text that holds the delimiter or a line end cannot be written without quotes ('csv.disable-quote-character')");
      }
    }
    if (out->size() > before || rows.num_columns() == 0) return Status::OK();
    // A record without bytes would be read as no row.
    const std::string& name = rows.schema().fields[0].name;
    if (rows.column(0).IsNull(row))
      return Status::Invalid("column '", name, "': NULL in the only column has no text of its own; 'csv.null-literal' gives it one");
    if (!options_.dialect.quote)
      return Status::Invalid("column '", name, "': an empty text in the only column cannot be written without quotes ('csv.disable-quote-character')");
    out->append(2, *options_.dialect.quote);
    return Status::OK();
  }

 private:
  /// Appends to text_; null, or why there is no form. `bare`: a number or boolean, never quoted.
  const char* Text(const Column& column, int64_t row, bool* bare) {
    const size_t at = static_cast<size_t>(row);
    *bare = true;
    switch (column.type.id()) {
      case TypeId::kBool: text_ += column.Bool(row) ? "true" : "false"; return nullptr;
      case TypeId::kInt8: text_ += std::to_string(column.values<int8_t>()[at]); return nullptr;
      case TypeId::kInt16: text_ += std::to_string(column.values<int16_t>()[at]); return nullptr;
      case TypeId::kInt32: text_ += std::to_string(column.values<int32_t>()[at]); return nullptr;
      case TypeId::kInt64: text_ += std::to_string(column.values<int64_t>()[at]); return nullptr;
      case TypeId::kUInt8: text_ += std::to_string(column.values<uint8_t>()[at]); return nullptr;
      case TypeId::kUInt16: text_ += std::to_string(column.values<uint16_t>()[at]); return nullptr;
      case TypeId::kUInt32: text_ += std::to_string(column.values<uint32_t>()[at]); return nullptr;
      case TypeId::kUInt64: text_ += std::to_string(column.values<uint64_t>()[at]); return nullptr;
      case TypeId::kFloat32: AppendJavaFloat(column.values<float>()[at], &text_); return nullptr;
      case TypeId::kFloat64: AppendJavaDouble(column.values<double>()[at], &text_); return nullptr;
      case TypeId::kDecimal128:
        AppendDecimal(column.values<Int128>()[at], column.type.scale(), options_.stripped_decimals ? DecimalForm::kStripped : DecimalForm::kPlain, &text_);
        return nullptr;
      default: break;
    }
    *bare = false;
    constexpr const char* kYears = "a time outside the years 0001 to 9999 has no form in csv";
    switch (column.type.id()) {
      case TypeId::kString: text_ += column.Text(row); return nullptr;
      case TypeId::kBinary: AppendBase64(column.Text(row), &text_); return nullptr;
      case TypeId::kDate: return AppendDate(column.values<int32_t>()[at], &text_) ? nullptr : kYears;
      case TypeId::kTime: return AppendTime(column.values<int64_t>()[at], &text_) ? nullptr : kYears;
      case TypeId::kTimestamp: return AppendTimestamp(column.values<int64_t>()[at], column.type.unit(), column.type.utc(), ' ', &text_) ? nullptr : kYears;
      case TypeId::kList: {
        const std::span<const int32_t> offsets = column.offsets();
        if (offsets[at + 1] - offsets[at] == 1 && column.children[0].type.id() == TypeId::kString && !column.children[0].IsNull(offsets[at]) &&
            column.children[0].Text(offsets[at]).empty()) {
          return "a list of one empty text cannot be told from an empty list in csv";
        }
        for (int32_t i = offsets[at]; i < offsets[at + 1]; ++i) {
          if (i != offsets[at]) text_ += options_.element_delimiter;
          if (const char* const wrong = Item(column.children[0], i)) return wrong;
        }
        return text_.empty() && offsets[at + 1] > offsets[at] ? "a list of one NULL cannot be told from an empty list in csv" : nullptr;
      }
      default:
        for (size_t m = 0; m < column.children.size(); ++m) {
          if (m != 0) text_ += options_.element_delimiter;
          if (const char* const wrong = Item(column.children[m], row)) return wrong;
        }
        return nullptr;
    }
  }

  const char* Item(const Column& column, int64_t row) {
    if (column.IsNull(row)) {
      text_ += options_.null_literal.value_or("");
      return nullptr;
    }
    const size_t before = text_.size();
    bool bare = false;
    if (const char* const wrong = Text(column, row, &bare)) return wrong;
    const std::string_view item = std::string_view(text_).substr(before);
    if (options_.null_literal ? item == *options_.null_literal : item.empty() && column.type.id() != TypeId::kString)
      return "an element would be read as NULL ('csv.null-literal')";
    return std::string_view(text_).substr(before).find(options_.element_delimiter) == std::string_view::npos
               ? nullptr
               : "an element holds the delimiter of elements ('csv.array-element-delimiter')";
  }

  const CsvOptions options_;
  std::string text_;
};

class CsvRowFormat final : public RowFormat {
 public:
  CsvRowFormat(CsvOptions options, Schema columns) : options_(std::move(options)), columns_(std::move(columns)) {}

  std::string name() const override { return "csv"; }
  bool ignores_errors() const override { return options_.ignore; }
  bool empty_is_row() const override { return false; }
  Result<std::unique_ptr<MessageDecoder>> MakeDecoder(const Schema& wanted, const DecoderOptions&) const override {
    std::vector<std::pair<size_t, Type>> places;
    for (const Field& field : wanted.fields) {
      const std::optional<size_t> place = columns_.IndexOf(field.name);
      if (!place) return Status::Invalid("column '", field.name, "' is not one of the record's");
      places.emplace_back(*place, field.type);
    }
    return std::unique_ptr<MessageDecoder>(std::make_unique<CsvDecoder>(options_, std::move(places)));
  }
  Result<std::unique_ptr<MessageChecker>> MakeChecker(const DecoderOptions&, bool strict) const override {
    CsvOptions options = options_;
    options.ignore = options.ignore && !strict;
    return std::unique_ptr<MessageChecker>(std::make_unique<CsvChecker>(std::move(options), columns_));
  }
  std::unique_ptr<RowSerializer> MakeSerializer() const override { return std::make_unique<CsvSerializer>(options_); }

 private:
  const CsvOptions options_;
  const Schema columns_;
};

/// An option whose value is one character: as it is, or a backslash and what follows.
char OneCharacter(FormatOptionReader& reader, const std::string& key, const std::string& text) {
  if (text.size() == 1) return text[0];
  if (text.size() == 2 && text[0] == '\\') {
    const std::pair<char, char> escapes[] = {{'t', '\t'}, {'n', '\n'}, {'r', '\r'}, {'\\', '\\'}, {'b', '\b'}, {'f', '\f'}, {'0', '\0'}};
    for (const auto& [letter, character] : escapes) {
      if (text[1] == letter) return character;
    }
  }
  if (text.size() == 6 && text[0] == '\\' && (text[1] | 0x20) == 'u') {
    unsigned code = 0;
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + 6, code, 16);
    if (error == std::errc() && end == text.data() + 6 && code < 0x80) return static_cast<char>(code);
  }
  reader.Fail(Status::Invalid("option '", reader.Full(key), "': '", text.substr(0, 40), "' is not one ASCII character"));
  return ',';
}

}  // namespace

Result<std::shared_ptr<const RowFormat>> MakeCsvRowFormat(const FormatOptions& options, const Schema& columns) {
  FormatOptionReader reader("csv", options);
  CsvOptions made;
  if (const auto text = reader.Text("field-delimiter")) made.dialect.delimiter = OneCharacter(reader, "field-delimiter", *text);
  const bool unquoted = reader.Bool("disable-quote-character", false);
  if (const auto text = reader.Text("quote-character")) {
    made.dialect.quote = OneCharacter(reader, "quote-character", *text);
    if (unquoted) reader.Fail(Status::Invalid("options 'csv.quote-character' and 'csv.disable-quote-character' exclude each other"));
  }
  if (unquoted) made.dialect.quote.reset();
  made.dialect.comments = reader.Bool("allow-comments", false);
  made.ignore = reader.Bool("ignore-parse-errors", false);
  if (const auto text = reader.Text("array-element-delimiter")) {
    if (text->empty()) reader.Fail(Status::Invalid("option 'csv.array-element-delimiter' is empty"));
    made.element_delimiter = *text;
  }
  if (const auto text = reader.Text("escape-character")) made.dialect.escape = OneCharacter(reader, "escape-character", *text);
  made.null_literal = reader.Text("null-literal");
  if (made.null_literal) {
    // It is written as it is.
    const csv::Dialect& d = made.dialect;
    for (const char c : *made.null_literal) {
      if (c != d.delimiter && c != d.quote && c != d.escape && c != '\n' && c != '\r' && made.null_literal->find(made.element_delimiter) == std::string::npos)
        continue;
      reader.Fail(Status::Invalid("option 'csv.null-literal': '", made.null_literal->substr(0, 40),
                                  "' holds a delimiter, the quote or escape character, or a line end, and would be read otherwise"));
      break;
    }
    if (d.comments && made.null_literal->starts_with('#'))
      reader.Fail(Status::Invalid("option 'csv.null-literal': '", made.null_literal->substr(0, 40), "' would be read as a comment ('csv.allow-comments')"));
  }
  made.stripped_decimals = reader.Bool("write-bigdecimal-in-scientific-notation", true);
  for (const char* const key : {"trim-spaces", "ignore-trailing-unmappable", "fail-on-missing-columns", "empty-string-as-null", "ignore-first-line"})
    reader.NotBuilt(key, "false");
  made.trailing_delimiter = reader.Bool("allow-trailing-comma", true);
  const csv::Dialect& d = made.dialect;
  const char special[] = {d.delimiter, d.quote.value_or('\n'), d.escape.value_or('\r')};
  if (special[0] == special[1] || special[0] == special[2] || special[1] == special[2] || special[0] == '\n' || special[0] == '\r' || d.quote == '\n' ||
      d.quote == '\r' || d.escape == '\n' || d.escape == '\r') {
    reader.Fail(Status::Invalid("the csv options for delimiter, quote and escape must be different characters and no line ends"));
  }
  LOTIC_RETURN_NOT_OK(reader.Finish());
  for (const Field& field : columns.fields) {
    bool fits = field.type.id() != TypeId::kMap;
    for (const Field& child : field.type.children()) fits = fits && !child.type.is_nested();
    if (!fits) return Status::Invalid("column '", field.name, "': csv holds scalars and lists or rows of scalars, not ", field.type.ToString());
  }
  return std::shared_ptr<const RowFormat>(std::make_shared<CsvRowFormat>(std::move(made), columns));
}

}  // namespace lotic
