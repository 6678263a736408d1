// SPDX-License-Identifier: Apache-2.0
#include "format/decoder.h"
#include "format/json_columns.h"

namespace lotic {
namespace {

/// Whole messages may be nested this deep to pass a checker.
constexpr int kMaxMessageNesting = 1024;
/// Of a value shown in a reason.
constexpr size_t kMaxShownBytes = 60;

class JsonDecoder final : public MessageDecoder {
 public:
  explicit JsonDecoder(std::unique_ptr<json::JsonColumns> columns) : columns_(std::move(columns)) {}

  void Decode(std::span<const PayloadView> payloads, std::span<const uint32_t> selection, std::span<ColumnBuilder* const> out) override {
    LOTIC_CHECK(out.size() == columns_->size());
    if (out.empty()) return;
    while (!selection.empty()) {
      const size_t rows = json::JsonColumns::ChunkSize(payloads, selection);
      columns_->Locate(payloads, selection.first(rows));
      for (size_t column = 0; column < out.size(); ++column) {
        columns_->counts().undecodable_values += columns_->Append(column, *out[column], nullptr);
      }
      selection = selection.subspan(rows);
    }
  }
  const DecodeCounts& counts() const override { return columns_->counts(); }

 private:
  const std::unique_ptr<json::JsonColumns> columns_;
};

class JsonChecker final : public MessageChecker {
 public:
  explicit JsonChecker(std::unique_ptr<json::JsonColumns> columns) : columns_(std::move(columns)) {
    for (size_t column = 0; column < columns_->size(); ++column) scratch_.emplace_back(columns_->plan(column).type);
  }

  int64_t Check(std::span<const PayloadView> payloads, std::span<const uint32_t> selection, std::vector<uint32_t>* good, BadMessage* first_bad) override {
    int64_t bad = 0;
    while (!selection.empty()) {
      const size_t rows = json::JsonColumns::ChunkSize(payloads, selection);
      const std::span<const uint32_t> chunk = selection.first(rows);
      columns_->Locate(payloads, chunk);
      bad_rows_.assign(rows, 0);
      for (size_t column = 0; column < scratch_.size(); ++column) {
        (void)columns_->Append(column, scratch_[column], bad_rows_.data());
        scratch_[column].Truncate(0);
      }
      for (size_t row = 0; row < rows; ++row) {
        std::string reason = Grammar(payloads[chunk[row]]);
        if (reason.empty() && bad_rows_[row] == 0) {
          good->push_back(chunk[row]);
          continue;
        }
        if (bad++ == 0 && first_bad != nullptr) {
          *first_bad = {chunk[row], reason.empty() ? Misfit(row) : std::move(reason)};
        }
      }
      selection = selection.subspan(rows);
    }
    return bad;
  }

 private:
  /// What is wrong with the message as a whole; empty if nothing is.
  std::string Grammar(const PayloadView& payload) {
    if (payload.data == nullptr) return "";
    if (payload.size > kMaxMessageBytes) return "message of more than " + std::to_string(kMaxMessageBytes) + " bytes";
    padded_.assign(payload.data, payload.data + payload.size);
    padded_.resize(payload.size + kDecoderPadding);
    const uint8_t* begin = padded_.data();
    const uint8_t* end = begin + payload.size;
    size_t where = 0;
    if (!json::IsValidJson(begin, end, kMaxMessageNesting, &where)) {
      return where == 0 && !IsValidUtf8Payload(payload) ? "message is not valid UTF-8" : "message is not valid JSON: at byte " + std::to_string(where);
    }
    return *json::SkipSpace(begin, end) == '{' ? "" : "message is no JSON object";
  }
  static bool IsValidUtf8Payload(const PayloadView& payload) { return json::IsValidUtf8({reinterpret_cast<const char*>(payload.data), payload.size}); }

  /// Which column of a row of the chunk does not fit.
  std::string Misfit(size_t row) {
    json::CellWriter writer;
    for (size_t column = 0; column < scratch_.size(); ++column) {
      const json::Extent cell = columns_->cells(column)[row];
      const int64_t misfits = writer.Append(columns_->plan(column), {&cell, 1}, scratch_[column], nullptr);
      scratch_[column].Truncate(0);
      if (misfits == 0) continue;
      std::string reason = "column \"" + columns_->name(column) + "\": ";
      if (cell.kind == json::ExtentKind::kMisfit) return reason + "no object on the way to it";
      std::string value(cell.text().substr(0, kMaxShownBytes));
      if (value.size() < cell.size) value += "...";
      if (!json::IsValidUtf8(value)) value = std::to_string(cell.size) + " bytes";
      const char* quote = cell.kind == json::ExtentKind::kString ? "\"" : "";
      return reason + "value does not fit " + columns_->plan(column).type.ToString() + ": " + quote + value + quote;
    }
    return "a value does not fit its column";
  }

  const std::unique_ptr<json::JsonColumns> columns_;
  std::vector<ColumnBuilder> scratch_;  // always empty in between
  std::vector<uint8_t> bad_rows_;
  std::vector<uint8_t> padded_;
};

}  // namespace

void MessageDecoder::DecodeAll(std::span<const PayloadView> payloads, std::span<ColumnBuilder* const> out) {
  while (all_.size() < payloads.size()) all_.push_back(static_cast<uint32_t>(all_.size()));
  Decode(payloads, {all_.data(), payloads.size()}, out);
}

Result<std::unique_ptr<MessageDecoder>> MakeJsonDecoder(std::span<const DecoderField> fields, const DecoderOptions& options) {
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<json::JsonColumns> columns, json::JsonColumns::Make(fields, options));
  return std::unique_ptr<MessageDecoder>(std::make_unique<JsonDecoder>(std::move(columns)));
}

Result<std::unique_ptr<MessageChecker>> MakeJsonChecker(std::span<const DecoderField> declared, const DecoderOptions& options) {
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<json::JsonColumns> columns, json::JsonColumns::Make(declared, options));
  return std::unique_ptr<MessageChecker>(std::make_unique<JsonChecker>(std::move(columns)));
}

std::string PointerTo(std::string_view member) {
  std::string pointer = "/";
  for (const char c : member) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer.push_back(c);
    }
  }
  return pointer;
}

std::vector<DecoderField> JsonFields(const Schema& schema) {
  std::vector<DecoderField> fields;
  for (const Field& field : schema.fields) {
    const auto path = field.metadata.find(kPathMetadata);
    fields.push_back({field.name, field.type, path != field.metadata.end() ? path->second : PointerTo(field.name)});
  }
  return fields;
}

}  // namespace lotic
