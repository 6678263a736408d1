// SPDX-License-Identifier: Apache-2.0
#include "sql/render.h"

#include <cmath>
#include <cstdint>
#include <string_view>

#include "duckdb/common/types/data_chunk.hpp"
#include "duckdb/common/types/vector.hpp"
#include "duckdb/common/vector_operations/vector_operations.hpp"
#include "duckdb/main/client_context.hpp"

namespace lotic::sql {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Vector;
using Cells = std::vector<std::optional<std::string>>;

std::string_view View(const duckdb::string_t& text) { return {text.GetData(), text.GetSize()}; }

Cells AsText(duckdb::ClientContext& context, Vector& vector, size_t count) {
  Vector text(LogicalType(LogicalType::VARCHAR), count == 0 ? 1 : count);
  Vector* source = &vector;
  if (vector.GetType().id() != LogicalTypeId::VARCHAR) {
    duckdb::VectorOperations::Cast(context, vector, text, count);
    source = &text;
  }
  duckdb::UnifiedVectorFormat format;
  source->ToUnifiedFormat(count, format);
  const auto* values = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(format);
  Cells cells(count);
  for (size_t i = 0; i < count; ++i) {
    const auto at = format.sel->get_index(i);
    if (format.validity.RowIsValid(at)) cells[i].emplace(View(values[at]));
  }
  return cells;
}

void AppendQuoted(std::string* out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"': *out += "\\\""; break;
      case '\\': *out += "\\\\"; break;
      case '\n': *out += "\\n"; break;
      case '\r': *out += "\\r"; break;
      case '\t': *out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          *out += "\\u00";
          out->push_back(kHex[static_cast<unsigned char>(c) >> 4]);
          out->push_back(kHex[c & 15]);
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(&out, text);
  return out;
}

/// RFC 4648, with padding. Three bytes give four letters: "abc" → "YWJj".
std::string Base64(std::string_view bytes) {
  static constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k) word = (word << 8) | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) out.push_back(i + k > bytes.size() ? '=' : kLetters[(word >> (18 - 6 * k)) & 63]);
  }
  return out;
}

Cells AsJson(duckdb::ClientContext& context, Vector& vector, size_t count);

/// JSON of the items of a list's rows; `item(i)` gives the JSON of item i of the child.
template <typename Item>
Cells Lists(Vector& vector, size_t count, char open, char close, Item&& item) {
  duckdb::UnifiedVectorFormat format;
  vector.ToUnifiedFormat(count, format);
  const auto* entries = duckdb::UnifiedVectorFormat::GetData<duckdb::list_entry_t>(format);
  Cells cells(count);
  for (size_t i = 0; i < count; ++i) {
    const auto at = format.sel->get_index(i);
    if (!format.validity.RowIsValid(at)) continue;
    std::string out(1, open);
    for (size_t k = 0; k < entries[at].length; ++k) {
      if (k > 0) out.push_back(',');
      out += item(entries[at].offset + k);
    }
    out.push_back(close);
    cells[i] = std::move(out);
  }
  return cells;
}

std::string OrNull(std::optional<std::string> cell) { return cell ? *std::move(cell) : "null"; }

Cells StructAsJson(duckdb::ClientContext& context, Vector& vector, size_t count) {
  vector.Flatten(count);
  const auto& members = duckdb::StructType::GetChildTypes(vector.GetType());
  auto& children = duckdb::StructVector::GetEntries(vector);
  const bool unnamed = duckdb::StructType::IsUnnamed(vector.GetType());
  std::vector<Cells> columns;
  for (auto& child : children) columns.push_back(AsJson(context, *child, count));
  Cells cells(count);
  for (size_t i = 0; i < count; ++i) {
    if (duckdb::FlatVector::IsNull(vector, i)) continue;
    std::string out(1, unnamed ? '[' : '{');
    for (size_t k = 0; k < columns.size(); ++k) {
      if (k > 0) out.push_back(',');
      if (!unnamed) {
        AppendQuoted(&out, members[k].first);
        out.push_back(':');
      }
      out += OrNull(std::move(columns[k][i]));
    }
    out.push_back(unnamed ? ']' : '}');
    cells[i] = std::move(out);
  }
  return cells;
}

template <typename Float>
Cells FloatsAsJson(duckdb::ClientContext& context, Vector& vector, size_t count) {
  Cells cells = AsText(context, vector, count);
  duckdb::UnifiedVectorFormat format;
  vector.ToUnifiedFormat(count, format);
  const auto* values = duckdb::UnifiedVectorFormat::GetData<Float>(format);
  for (size_t i = 0; i < count; ++i) {
    if (cells[i] && !std::isfinite(values[format.sel->get_index(i)])) cells[i] = Quoted(*cells[i]);
  }
  return cells;
}

Cells AsJson(duckdb::ClientContext& context, Vector& vector, size_t count) {
  const LogicalType& type = vector.GetType();
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN:
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::UINTEGER:
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::UHUGEINT:
    case LogicalTypeId::DECIMAL: return AsText(context, vector, count);
    case LogicalTypeId::FLOAT: return FloatsAsJson<float>(context, vector, count);
    case LogicalTypeId::DOUBLE: return FloatsAsJson<double>(context, vector, count);
    case LogicalTypeId::STRUCT: return StructAsJson(context, vector, count);
    case LogicalTypeId::LIST: {
      vector.Flatten(count);
      Cells items = AsJson(context, duckdb::ListVector::GetEntry(vector), duckdb::ListVector::GetListSize(vector));
      return Lists(vector, count, '[', ']', [&](size_t i) { return OrNull(items[i]); });
    }
    case LogicalTypeId::ARRAY: {
      vector.Flatten(count);
      const size_t size = duckdb::ArrayType::GetSize(type);
      Cells items = AsJson(context, duckdb::ArrayVector::GetEntry(vector), count * size);
      Cells cells(count);
      for (size_t i = 0; i < count; ++i) {
        if (duckdb::FlatVector::IsNull(vector, i)) continue;
        std::string out = "[";
        for (size_t k = 0; k < size; ++k) out += (k > 0 ? "," : "") + OrNull(items[i * size + k]);
        cells[i] = out + "]";
      }
      return cells;
    }
    case LogicalTypeId::MAP: {
      vector.Flatten(count);
      const size_t size = duckdb::ListVector::GetListSize(vector);
      Cells keys = AsText(context, duckdb::MapVector::GetKeys(vector), size);
      Cells values = AsJson(context, duckdb::MapVector::GetValues(vector), size);
      return Lists(vector, count, '{', '}', [&](size_t i) { return Quoted(OrNull(keys[i])) + ":" + OrNull(values[i]); });
    }
    case LogicalTypeId::BLOB: {
      duckdb::UnifiedVectorFormat format;
      vector.ToUnifiedFormat(count, format);
      const auto* values = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(format);
      Cells cells(count);
      for (size_t i = 0; i < count; ++i) {
        const auto at = format.sel->get_index(i);
        if (format.validity.RowIsValid(at)) cells[i] = "\"" + Base64(View(values[at])) + "\"";
      }
      return cells;
    }
    default: {
      Cells cells = AsText(context, vector, count);
      if (type.IsJSONType()) return cells;  // JSON already
      for (auto& cell : cells) {
        if (cell) cell = Quoted(*cell);
      }
      return cells;
    }
  }
}

}  // namespace

TextChunk RenderChunk(duckdb::ClientContext& context, duckdb::DataChunk& chunk, CellForm form) {
  TextChunk out;
  out.num_rows = chunk.size();
  for (Vector& vector : chunk.data) {
    out.cells.push_back(form == CellForm::kJson ? AsJson(context, vector, chunk.size()) : AsText(context, vector, chunk.size()));
  }
  return out;
}

}  // namespace lotic::sql
