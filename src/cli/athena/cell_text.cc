// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/cell_text.h"

#include <charconv>
#include <cmath>
#include <span>

#include "athena_protocol/ipc.h"
#include "cli/text_writers.h"
#include "lotic/constraints.h"

namespace lotic::cli {
namespace {

template <typename T>
std::string ShortestNumber(T number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, number);
  std::string out(text, end.ptr);
  return out.find_first_of(".e") == std::string::npos ? out + ".0" : out;
}

// The text of a scalar and whether JSON writes it without quotes.
std::string Plain(const Column& column, int64_t row, bool json, bool* bare) {
  *bare = column.type.is_integer() || column.type.id() == TypeId::kBool || column.type.id() == TypeId::kDecimal128;
  switch (column.type.id()) {
    case TypeId::kFloat32:
    case TypeId::kFloat64: {
      const double value =
          column.type.id() == TypeId::kFloat64 ? column.values<double>()[static_cast<size_t>(row)] : column.values<float>()[static_cast<size_t>(row)];
      *bare = std::isfinite(value);
      return column.type.id() == TypeId::kFloat64 ? ShortestNumber(value) : ShortestNumber(static_cast<float>(value));
    }
    case TypeId::kString: return std::string(column.Text(row));
    case TypeId::kBinary: {
      const std::string_view bytes = column.Text(row);
      std::string text;
      if (json) {
        athena::AppendBase64({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, &text);
        return text;
      }
      constexpr char kDigits[] = "0123456789ABCDEF";
      for (const char c : bytes) {
        const auto byte = static_cast<uint8_t>(c);
        if (byte >= 0x20 && byte < 0x7F && byte != '\\') {
          text += c;
        } else {
          text += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
        }
      }
      return text;
    }
    case TypeId::kTimestamp: {
      std::string text = ScalarToString(column.type, ScalarAt(column, row));
      if (text.ends_with("Z")) text.pop_back();
      return column.type.utc() && !text.ends_with("+00") ? text + "+00" : text;
    }
    default: return ScalarToString(column.type, ScalarAt(column, row));
  }
}

std::string Value(const Column& column, int64_t row, sql::CellForm form);

std::string Items(const Column& column, int64_t row, sql::CellForm form) {
  const bool json = form == sql::CellForm::kJson;
  std::string out;
  const char* comma = json ? "," : ", ";
  const int32_t begin = column.offsets()[static_cast<size_t>(row)], end = column.offsets()[static_cast<size_t>(row) + 1];
  for (int32_t at = begin; at < end; ++at) {
    if (at > begin) out += comma;
    if (column.type.id() == TypeId::kMap) {
      const std::string key = Value(column.children[0], at, sql::CellForm::kText);
      out += json ? JsonString(key) + ":" : key + "=";
      out += Value(column.children[1], at, form);
    } else {
      out += Value(column.children[0], at, form);
    }
  }
  return out;
}

std::string Value(const Column& column, int64_t row, sql::CellForm form) {
  const bool json = form == sql::CellForm::kJson;
  if (column.IsNull(row)) return json ? "null" : "NULL";
  switch (column.type.id()) {
    case TypeId::kList: return "[" + Items(column, row, form) + "]";
    case TypeId::kMap: return "{" + Items(column, row, form) + "}";
    case TypeId::kStruct: {
      std::string out = "{";
      for (size_t i = 0; i < column.children.size(); ++i) {
        if (i > 0) out += json ? "," : ", ";
        const std::string& name = column.type.children()[i].name;
        out += json ? JsonString(name) + ":" : "'" + name + "': ";
        out += Value(column.children[i], row, form);
      }
      return out + "}";
    }
    default: break;
  }
  bool bare = false;
  std::string text = Plain(column, row, json, &bare);
  return json && !bare ? JsonString(text) : text;
}

}  // namespace

std::vector<sql::ResultColumn> ResultColumnsOf(const Schema& schema) {
  std::vector<sql::ResultColumn> columns;
  for (const Field& field : schema.fields) {
    const bool numeric =
        field.type.is_integer() || field.type.id() == TypeId::kFloat32 || field.type.id() == TypeId::kFloat64 || field.type.id() == TypeId::kDecimal128;
    columns.push_back({field.name, field.type.ToString(), numeric});
  }
  return columns;
}

std::optional<std::string> CellOf(const Column& column, int64_t row, sql::CellForm form) {
  if (column.IsNull(row)) return std::nullopt;
  return Value(column, row, form);
}

sql::TextChunk ChunkOf(const Batch& rows, sql::CellForm form) {
  sql::TextChunk chunk;
  chunk.num_rows = static_cast<size_t>(rows.num_rows());
  for (size_t c = 0; c < rows.num_columns(); ++c) {
    auto& cells = chunk.cells.emplace_back();
    cells.reserve(chunk.num_rows);
    for (int64_t row = 0; row < rows.num_rows(); ++row) cells.push_back(CellOf(rows.column(c), row, form));
  }
  return chunk;
}

sql::TextChunk ChunkOf(const TextTable& table, sql::CellForm form) {
  sql::TextChunk chunk;
  chunk.num_rows = table.rows.size();
  chunk.cells.resize(table.columns.size());
  for (const auto& row : table.rows) {
    for (size_t c = 0; c < table.columns.size(); ++c) {
      const bool quote = row[c] && form == sql::CellForm::kJson && !table.columns[c].numeric;
      chunk.cells[c].push_back(quote ? std::optional(JsonString(*row[c])) : row[c]);
    }
  }
  return chunk;
}

}  // namespace lotic::cli
