// SPDX-License-Identifier: Apache-2.0
#include "format/json_writer.h"

#include <cmath>

#include "format/base64_text.h"
#include "format/value_text.h"

namespace lotic {
namespace {

class JsonSerializer final : public RowSerializer {
 public:
  JsonSerializer(const Schema& columns, const JsonWriterOptions& options) : options_(options) {
    for (const Field& field : columns.fields) names_.push_back(Name(field.name));
  }

  Status Append(const Batch& rows, int64_t row, std::string* out) override {
    out->push_back('{');
    bool first = true;
    for (size_t c = 0; c < rows.num_columns(); ++c) {
      const Column& column = rows.column(c);
      if (options_.leave_out_nulls && column.IsNull(row)) continue;
      if (!std::exchange(first, false)) out->push_back(',');
      out->append(names_[c]);
      if (!Value(column, row, out)) {
        return Status::Invalid("column '", rows.schema().fields[c].name, "': a value of type ", column.type.ToString(),
                               " lies outside the years 0001 to 9999, which json cannot write");
      }
    }
    out->push_back('}');
    return Status::OK();
  }

 private:
  static std::string Name(std::string_view name) {
    std::string text;
    AppendJsonString(name, &text);
    return text + ":";
  }

  /// False: no form.
  bool Value(const Column& column, int64_t row, std::string* out) {
    if (column.IsNull(row)) {
      out->append("null");
      return true;
    }
    const size_t at = static_cast<size_t>(row);
    switch (column.type.id()) {
      case TypeId::kBool: out->append(column.Bool(row) ? "true" : "false"); return true;
      case TypeId::kInt8: out->append(std::to_string(column.values<int8_t>()[at])); return true;
      case TypeId::kInt16: out->append(std::to_string(column.values<int16_t>()[at])); return true;
      case TypeId::kInt32: out->append(std::to_string(column.values<int32_t>()[at])); return true;
      case TypeId::kInt64: out->append(std::to_string(column.values<int64_t>()[at])); return true;
      case TypeId::kUInt8: out->append(std::to_string(column.values<uint8_t>()[at])); return true;
      case TypeId::kUInt16: out->append(std::to_string(column.values<uint16_t>()[at])); return true;
      case TypeId::kUInt32: out->append(std::to_string(column.values<uint32_t>()[at])); return true;
      case TypeId::kUInt64: out->append(std::to_string(column.values<uint64_t>()[at])); return true;
      case TypeId::kFloat32: {
        const float value = column.values<float>()[at];
        if (!std::isfinite(value)) out->push_back('"');
        AppendJavaFloat(value, out);
        if (!std::isfinite(value)) out->push_back('"');
        return true;
      }
      case TypeId::kFloat64: {
        const double value = column.values<double>()[at];
        if (!std::isfinite(value)) out->push_back('"');
        AppendJavaDouble(value, out);
        if (!std::isfinite(value)) out->push_back('"');
        return true;
      }
      case TypeId::kDecimal128:
        AppendDecimal(column.values<Int128>()[at], column.type.scale(), options_.plain_decimals ? DecimalForm::kPlain : DecimalForm::kScientific, out);
        return true;
      case TypeId::kString: AppendJsonString(column.Text(row), out); return true;
      case TypeId::kBinary:
        out->push_back('"');
        AppendBase64(column.Text(row), out);
        out->push_back('"');
        return true;
      case TypeId::kDate:
      case TypeId::kTime:
      case TypeId::kTimestamp: {
        out->push_back('"');
        const bool written = column.type.id() == TypeId::kDate ? AppendDate(column.values<int32_t>()[at], out)
                             : column.type.id() == TypeId::kTime
                                 ? AppendTime(column.values<int64_t>()[at], out)
                                 : AppendTimestamp(column.values<int64_t>()[at], column.type.unit(), column.type.utc(), options_.timestamp_separator, out);
        out->push_back('"');
        return written;
      }
      case TypeId::kList: {
        out->push_back('[');
        const std::span<const int32_t> offsets = column.offsets();
        for (int32_t i = offsets[at]; i < offsets[at + 1]; ++i) {
          if (i != offsets[at]) out->push_back(',');
          if (!Value(column.children[0], i, out)) return false;
        }
        out->push_back(']');
        return true;
      }
      case TypeId::kStruct: {
        out->push_back('{');
        bool first = true;
        for (size_t i = 0; i < column.children.size(); ++i) {
          if (options_.leave_out_nulls && column.children[i].IsNull(row)) continue;
          if (!std::exchange(first, false)) out->push_back(',');
          AppendJsonString(column.type.children()[i].name, out);
          out->push_back(':');
          if (!Value(column.children[i], row, out)) return false;
        }
        out->push_back('}');
        return true;
      }
      case TypeId::kMap: {
        out->push_back('{');
        const std::span<const int32_t> offsets = column.offsets();
        for (int32_t i = offsets[at]; i < offsets[at + 1]; ++i) {
          if (i != offsets[at]) out->push_back(',');
          AppendJsonString(column.children[0].Text(i), out);
          out->push_back(':');
          if (!Value(column.children[1], i, out)) return false;
        }
        out->push_back('}');
        return true;
      }
    }
    return false;
  }

  const JsonWriterOptions options_;
  std::vector<std::string> names_;
};

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  out->push_back('"');
  for (const char c : text) {
    const uint8_t byte = static_cast<uint8_t>(c);
    if (byte >= 0x20 && c != '"' && c != '\\') {
      out->push_back(c);
      continue;
    }
    out->push_back('\\');
    switch (c) {
      case '"':
      case '\\': out->push_back(c); break;
      case '\b': out->push_back('b'); break;
      case '\t': out->push_back('t'); break;
      case '\n': out->push_back('n'); break;
      case '\f': out->push_back('f'); break;
      case '\r': out->push_back('r'); break;
      default: out->append("u00").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    }
  }
  out->push_back('"');
}

std::unique_ptr<RowSerializer> MakeJsonSerializer(const Schema& columns, const JsonWriterOptions& options) {
  return std::make_unique<JsonSerializer>(columns, options);
}

}  // namespace lotic
