// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "format/format_options.h"
#include "format/json_text.h"

namespace lotic {
namespace {

/// One value from all bytes of a record. Fixed-width types: two's complement or IEEE 754, of the width that the type has in Arrow; BOOLEAN one byte, 0 or not.
class RawColumn {
 public:
  RawColumn(Type type, bool little) : type_(std::move(type)), little_(little) {}

  const Type& type() const { return type_; }
  size_t width() const { return type_.id() == TypeId::kBool ? 1 : static_cast<size_t>(type_.byte_width()); }

  /// False, and nothing appended, if the bytes are no value.
  bool Append(std::string_view bytes, ColumnBuilder& out) const {
    if (type_.is_text_or_binary()) {
      if (type_.id() == TypeId::kString && !json::IsValidUtf8(bytes)) return false;
      out.AppendBytes(bytes);
      return true;
    }
    if (bytes.size() != width()) return false;
    if (type_.id() == TypeId::kBool) return out.AppendBool(bytes[0] != 0), true;
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes.size(); ++i) bits = bits << 8 | static_cast<uint8_t>(bytes[little_ ? bytes.size() - 1 - i : i]);
    if (type_.id() == TypeId::kFloat32) {
      const uint32_t half = static_cast<uint32_t>(bits);
      float value;
      std::memcpy(&value, &half, sizeof value);
      out.AppendDouble(static_cast<double>(value));
    } else if (type_.id() == TypeId::kFloat64) {
      double value;
      std::memcpy(&value, &bits, sizeof value);
      out.AppendDouble(value);
    } else {
      const int unused = 64 - 8 * static_cast<int>(width());
      out.AppendInt64(static_cast<int64_t>(bits << unused) >> unused);
    }
    return true;
  }

  void Write(const Column& column, int64_t row, std::string* out) const {
    if (type_.is_text_or_binary()) return void(out->append(column.Text(row)));
    if (type_.id() == TypeId::kBool) return out->push_back(column.Bool(row) ? 1 : 0);
    const char* const value = reinterpret_cast<const char*>(column.data) + static_cast<size_t>(row) * width();
    if (little_) return void(out->append(value, width()));  // as it lies in memory
    for (size_t i = width(); i > 0; --i) out->push_back(value[i - 1]);
  }

 private:
  Type type_;
  bool little_;
};

class RawDecoder final : public MessageDecoder {
 public:
  RawDecoder(RawColumn column, size_t copies) : column_(std::move(column)), copies_(copies) {}
  void Decode(std::span<const PayloadView> payloads, std::span<const uint32_t> selection, std::span<ColumnBuilder* const> out) override {
    LOTIC_CHECK(out.size() == copies_);
    for (const uint32_t index : selection) {
      const PayloadView& payload = payloads[index];
      ++counts_.general_rows;
      for (ColumnBuilder* const to : out) {
        if (payload.data != nullptr && column_.Append({reinterpret_cast<const char*>(payload.data), payload.size}, *to)) continue;
        to->AppendNull();
        counts_.undecodable_values += payload.data == nullptr ? 0 : 1;
      }
    }
  }
  const DecodeCounts& counts() const override { return counts_; }

 private:
  const RawColumn column_;
  const size_t copies_;
  DecodeCounts counts_;
};

class RawChecker final : public MessageChecker {
 public:
  RawChecker(RawColumn column, std::string name) : column_(std::move(column)), name_(std::move(name)), scratch_(column_.type()) {}
  int64_t Check(std::span<const PayloadView> payloads, std::span<const uint32_t> selection, std::vector<uint32_t>* good, BadMessage* first_bad) override {
    int64_t bad = 0;
    for (const uint32_t index : selection) {
      const PayloadView& payload = payloads[index];
      const bool fits = payload.data == nullptr || column_.Append({reinterpret_cast<const char*>(payload.data), payload.size}, scratch_);
      scratch_.Truncate(0);
      if (fits) {
        good->push_back(index);
      } else if (bad++ == 0 && first_bad != nullptr) {
        *first_bad = {index, "column \"" + name_ + "\": " +
                                 (column_.type().id() == TypeId::kString ? "the record is not valid UTF-8"
                                                                         : "a record of " + std::to_string(payload.size) + " bytes is no " +
                                                                               column_.type().ToString() + ", which has " + std::to_string(column_.width()))};
      }
    }
    return bad;
  }

 private:
  const RawColumn column_;
  const std::string name_;
  ColumnBuilder scratch_;  // always empty in between
};

class RawSerializer final : public RowSerializer {
 public:
  explicit RawSerializer(RawColumn column) : column_(std::move(column)) {}
  Status Append(const Batch& rows, int64_t row, std::string* out) override {
    if (rows.column(0).IsNull(row)) return Status::Invalid("column '", rows.schema().fields[0].name, "': NULL has no bytes in the format raw");
    column_.Write(rows.column(0), row, out);
    return Status::OK();
  }

 private:
  const RawColumn column_;
};

class RawRowFormat final : public RowFormat {
 public:
  RawRowFormat(Field field, bool little) : field_(std::move(field)), little_(little) {}
  std::string name() const override { return "raw"; }
  bool ignores_errors() const override { return false; }
  bool empty_is_row() const override { return true; }
  Result<std::unique_ptr<MessageDecoder>> MakeDecoder(const Schema& wanted, const DecoderOptions&) const override {
    for (const Field& field : wanted.fields) {
      if (field.name != field_.name) return Status::Invalid("column '", field.name, "' is not one of the record's");
    }
    return std::unique_ptr<MessageDecoder>(std::make_unique<RawDecoder>(RawColumn(field_.type, little_), wanted.fields.size()));
  }
  Result<std::unique_ptr<MessageChecker>> MakeChecker(const DecoderOptions&, bool) const override {
    return std::unique_ptr<MessageChecker>(std::make_unique<RawChecker>(RawColumn(field_.type, little_), field_.name));
  }
  std::unique_ptr<RowSerializer> MakeSerializer() const override { return std::make_unique<RawSerializer>(RawColumn(field_.type, little_)); }

 private:
  const Field field_;
  const bool little_;
};

}  // namespace

Result<std::shared_ptr<const RowFormat>> MakeRawRowFormat(const FormatOptions& options, const Schema& columns) {
  FormatOptionReader reader("raw", options);
  reader.NotBuilt("charset", "UTF-8");
  const bool little = reader.Word("endianness", {"big-endian", "little-endian"}) == "little-endian";
  reader.NotBuilt("line-delimiter", "");
  LOTIC_RETURN_NOT_OK(reader.Finish());
  if (columns.fields.size() != 1) return Status::Invalid("format raw takes exactly one physical column, not ", columns.fields.size());
  const Type& type = columns.fields[0].type;
  const bool fits =
      type.id() == TypeId::kBool || type.is_text_or_binary() || type.is_integer() || type.id() == TypeId::kFloat32 || type.id() == TypeId::kFloat64;
  if (!fits) return Status::Invalid("column '", columns.fields[0].name, "': format raw holds text, bytes, BOOLEAN, integers and floats, not ", type.ToString());
  return std::shared_ptr<const RowFormat>(std::make_shared<RawRowFormat>(columns.fields[0], little));
}

}  // namespace lotic
