// SPDX-License-Identifier: Apache-2.0
#include "tests/athena/block_text.h"

#include <cstdio>
#include <cstring>

namespace lotic::athena_pack {
namespace {

using athena::WireKind;
using athena::WireUnit;

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
    hex += two;
  }
  return hex;
}

std::string Quoted(std::string_view bytes) {
  std::string text = "'";
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    if (b >= 0x20 && b < 0x7f && c != '\\' && c != '\'') {
      text += c;
    } else {
      text += "\\x" + Hex({&c, 1});
    }
  }
  return text + "'";
}

std::string Int128Text(Int128 value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  unsigned __int128 rest = negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  std::string digits;
  for (; rest != 0; rest /= 10) digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
  return negative ? "-" + digits : digits;
}

template <typename Bits>
std::string BitsText(const char* prefix, const char* format, Bits bits) {
  char text[32];
  std::snprintf(text, sizeof text, format, bits);
  return prefix + std::string(text);
}

std::string IntText(const Column& column, int width, int64_t row) {
  switch (width) {
    case 8: return std::to_string(column.values<int8_t>()[static_cast<size_t>(row)]);
    case 16: return std::to_string(column.values<int16_t>()[static_cast<size_t>(row)]);
    case 32: return std::to_string(column.values<int32_t>()[static_cast<size_t>(row)]);
    default: return std::to_string(column.values<int64_t>()[static_cast<size_t>(row)]);
  }
}

}  // namespace

std::string CellText(const athena::WireField& field, const Column& column, int64_t row) {
  if (column.IsNull(row)) return "NULL";
  const auto at = static_cast<size_t>(row);
  switch (field.type.kind) {
    case WireKind::kBool: return column.Bool(row) ? "true" : "false";
    case WireKind::kInt: return IntText(column, field.type.bit_width, row);
    case WireKind::kFloat:
      return field.type.bit_width == 32 ? BitsText("f32:", "%08x", column.values<uint32_t>()[at]) : BitsText("f64:", "%016lx", column.values<uint64_t>()[at]);
    case WireKind::kDecimal: {
      Int128 value;
      std::memcpy(&value, column.data + at * sizeof value, sizeof value);
      return Int128Text(value) + "e-" + std::to_string(field.type.scale);
    }
    case WireKind::kUtf8: return Quoted(column.Text(row));
    case WireKind::kBinary: return "x'" + Hex(column.Text(row)) + "'";
    case WireKind::kDate: return field.type.unit == WireUnit::kDay ? "day:" + IntText(column, 32, row) : "ms:" + IntText(column, 64, row);
    case WireKind::kTimestamp: return "tz:" + IntText(column, 64, row);
    case WireKind::kList: {
      std::string text = "[";
      for (int32_t i = column.offsets()[at]; i < column.offsets()[at + 1]; ++i) {
        text += (i > column.offsets()[at] ? "," : "") + CellText(field.children[0], column.children[0], i);
      }
      return text + "]";
    }
    case WireKind::kMap: {
      const std::vector<athena::WireField>& pair = field.children[0].children;
      std::string text = "map[";
      for (int32_t i = column.offsets()[at]; i < column.offsets()[at + 1]; ++i) {
        text += (i > column.offsets()[at] ? ",(" : "(") + CellText(pair[0], column.children[0], i) + "," + CellText(pair[1], column.children[1], i) + ")";
      }
      return text + "]";
    }
    case WireKind::kStruct: {
      std::string text = "{";
      for (size_t i = 0; i < field.children.size(); ++i) {
        text += (i > 0 ? "," : "") + field.children[i].name + ":" + CellText(field.children[i], column.children[i], row);
      }
      return text + "}";
    }
    default: return "?" + field.type.ToString();
  }
}

std::vector<std::string> RowTexts(const athena::Block& block) {
  std::vector<std::string> rows;
  for (int64_t row = 0; row < block.rows.num_rows(); ++row) {
    std::string line;
    for (size_t i = 0; i < block.schema.fields.size(); ++i) {
      line += (i > 0 ? " " : "") + block.schema.fields[i].name + "=" + CellText(block.schema.fields[i], block.rows.column(i), row);
    }
    rows.push_back(std::move(line));
  }
  return rows;
}

}  // namespace lotic::athena_pack
