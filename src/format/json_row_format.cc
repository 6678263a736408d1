// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <memory>

#include "format/base64_text.h"
#include "format/format_options.h"
#include "format/json_columns.h"
#include "format/json_writer.h"

namespace lotic {
namespace {

/// What a declared table asks of a message beside its grammar: members that must be there, columns that must not be NULL.
class DeclaredChecker final : public MessageChecker {
 public:
  DeclaredChecker(std::unique_ptr<MessageChecker> messages, std::unique_ptr<json::JsonColumns> columns, std::vector<bool> not_null, bool need_all)
      : messages_(std::move(messages)), columns_(std::move(columns)), not_null_(std::move(not_null)), need_all_(need_all) {}

  int64_t Check(std::span<const PayloadView> payloads, std::span<const uint32_t> selection, std::vector<uint32_t>* good, BadMessage* first_bad) override {
    passed_.clear();
    BadMessage worst;
    int64_t bad = messages_->Check(payloads, selection, &passed_, &worst);
    for (std::span<const uint32_t> left = passed_; !left.empty();) {
      const size_t rows = json::JsonColumns::ChunkSize(payloads, left);
      columns_->Locate(payloads, left.first(rows));
      reasons_.assign(rows, "");
      for (size_t column = 0; column < columns_->size(); ++column) {
        if (!need_all_ && !not_null_[column]) continue;
        const std::span<const json::Extent> cells = columns_->cells(column);
        for (size_t row = 0; row < rows; ++row) {
          if (!reasons_[row].empty() || payloads[left[row]].data == nullptr) continue;
          if (need_all_ && cells[row].kind == json::ExtentKind::kMissing)
            reasons_[row] = "column \"" + columns_->name(column) + "\": the message has no such member";
        }
        if (not_null_[column]) MarkNulls(column, rows);
      }
      for (size_t row = 0; row < rows; ++row) {
        if (reasons_[row].empty()) {
          good->push_back(left[row]);
        } else if (bad++ == 0 || left[row] < worst.payload) {
          worst = {left[row], std::move(reasons_[row])};
        }
      }
      left = left.subspan(rows);
    }
    if (bad != 0 && first_bad != nullptr) *first_bad = std::move(worst);
    return bad;
  }

 private:
  void MarkNulls(size_t column, size_t rows) {
    const std::span<const json::Extent> cells = columns_->cells(column);
    for (size_t row = 0; row < rows; ++row) {
      if (!reasons_[row].empty()) continue;
      ColumnBuilder one(columns_->plan(column).type);
      // Whether a cell is NULL is the decoder's own judgement: it is decoded.
      const bool was_null = cells[row].kind != json::ExtentKind::kString && cells[row].kind != json::ExtentKind::kContainer &&
                            (cells[row].kind != json::ExtentKind::kBare || cells[row].text() == "null");
      if (!was_null) {
        json::CellWriter writer;
        (void)writer.Append(columns_->plan(column), {&cells[row], 1}, one, nullptr);
      }
      if (was_null || one.null_count() != 0) reasons_[row] = "column \"" + columns_->name(column) + "\" is NOT NULL, and the message has no value for it";
    }
  }

  const std::unique_ptr<MessageChecker> messages_;
  const std::unique_ptr<json::JsonColumns> columns_;
  const std::vector<bool> not_null_;
  const bool need_all_;
  std::vector<uint32_t> passed_;
  std::vector<std::string> reasons_;
};

class JsonRowFormat final : public RowFormat {
 public:
  JsonRowFormat(Schema columns, JsonWriterOptions writing, bool need_all, bool ignore)
      : columns_(std::move(columns)), writing_(std::move(writing)), need_all_(need_all), ignore_(ignore) {}

  std::string name() const override { return "json"; }
  bool ignores_errors() const override { return ignore_; }
  bool empty_is_row() const override { return false; }

  Result<std::unique_ptr<MessageDecoder>> MakeDecoder(const Schema& wanted, const DecoderOptions& options) const override {
    for (const Field& field : wanted.fields) {
      if (!columns_.IndexOf(field.name)) return Status::Invalid("column '", field.name, "' is not one of the record's");
    }
    return MakeJsonDecoder(Fields(wanted), Lenient(options));
  }

  Result<std::unique_ptr<MessageChecker>> MakeChecker(const DecoderOptions& options, bool strict) const override {
    DecoderOptions judging = Lenient(options);
    judging.null_for_large_decimals = !strict;
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<MessageChecker> messages,
                           MakeJsonChecker(ignore_ && !strict ? std::vector<DecoderField>() : Fields(columns_), judging));
    std::vector<bool> not_null;
    bool any = need_all_;
    for (const Field& field : columns_.fields) {
      not_null.push_back(IsNotNull(field));
      any = any || not_null.back();
    }
    if (!any) return messages;
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<json::JsonColumns> columns, json::JsonColumns::Make(Fields(columns_), Lenient(options)));
    return std::unique_ptr<MessageChecker>(std::make_unique<DeclaredChecker>(std::move(messages), std::move(columns), std::move(not_null), need_all_));
  }

  /// A list, or objects one after another.
  bool TakeApart(const PayloadView& record, std::vector<PayloadView>* rows) const override {
    if (record.data == nullptr || record.size > kMaxMessageBytes) return false;
    std::vector<uint8_t> padded(record.data, record.data + record.size);
    padded.resize(record.size + kDecoderPadding);
    const uint8_t* const end = padded.data() + record.size;
    const uint8_t* p = json::SkipSpace(padded.data(), end);
    if (p >= end || (*p != '[' && *p != '{')) return false;
    const bool list = *p == '[';
    size_t where = 0;
    if (list && !json::IsValidJson(padded.data(), end, kMaxNesting, &where)) return false;
    if (list) p = json::SkipSpace(p + 1, end);
    std::vector<PayloadView> found;
    while (p < end && (!list || *p != ']')) {
      json::Extent value;
      const uint8_t* const next = !list && *p != '{' ? nullptr : json::ReadExtent(p, end, &value);
      if (next == nullptr) return false;
      found.push_back({record.data + (p - padded.data()), static_cast<uint32_t>(next - p)});
      p = json::SkipSpace(next, end);
      if (list && p < end && *p == ',') p = json::SkipSpace(p + 1, end);
    }
    if (!list && found.size() < 2) return false;
    rows->insert(rows->end(), found.begin(), found.end());
    return true;
  }

  std::unique_ptr<RowSerializer> MakeSerializer() const override { return MakeJsonSerializer(columns_, writing_); }

 private:
  static DecoderOptions Lenient(DecoderOptions options) {
    options.lenient = true;
    return options;
  }
  /// A column is the top-level member of its name, whatever else its metadata says.
  static std::vector<DecoderField> Fields(const Schema& schema) {
    std::vector<DecoderField> fields;
    for (const Field& field : schema.fields) fields.push_back({field.name, field.type, PointerTo(field.name)});
    return fields;
  }

  const Schema columns_;
  const JsonWriterOptions writing_;
  const bool need_all_;
  const bool ignore_;
};

}  // namespace

Result<std::shared_ptr<const RowFormat>> MakeJsonRowFormat(const FormatOptions& options, const Schema& columns) {
  FormatOptionReader reader("json", options);
  JsonWriterOptions writing;
  const bool need_all = reader.Bool("fail-on-missing-field", false);
  const bool ignore = reader.Bool("ignore-parse-errors", false);
  if (need_all && ignore)
    reader.Fail(Status::Invalid("options 'json.fail-on-missing-field' and 'json.ignore-parse-errors' exclude each other; set one of them to false"));
  const std::string form = reader.Word("timestamp-format.standard", {"SQL", "ISO-8601", "ISO-8601-WITH-OFFSET"});
  if (form == "ISO-8601-WITH-OFFSET")
    reader.Fail(Status::NotImplemented("option 'json.timestamp-format.standard' = 'ISO-8601-WITH-OFFSET' is not built; SQL and ISO-8601 are"));
  writing.timestamp_separator = form == "SQL" ? ' ' : 'T';
  (void)reader.Word("map-null-key.mode", {"FAIL", "DROP", "LITERAL"});  // keys of maps are never NULL here
  (void)reader.Text("map-null-key.literal");
  writing.plain_decimals = reader.Bool("encode.decimal-as-plain-number", false);
  writing.leave_out_nulls = reader.Bool("encode.ignore-null-fields", false);
  (void)reader.Bool("decode.json-parser.enabled", true);  // which parser Flink takes; the cells are the same
  LOTIC_RETURN_NOT_OK(reader.Finish());
  auto made = std::make_shared<JsonRowFormat>(columns, writing, need_all, ignore);
  LOTIC_RETURN_NOT_OK(made->MakeDecoder(columns, {}).status());  // the types
  return std::shared_ptr<const RowFormat>(std::move(made));
}

}  // namespace lotic
