// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/connector_diff.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "cli/athena/cell_text.h"

namespace lotic::cli {
namespace {

using Row = std::vector<std::string>;  // JSON cells; "null"

struct Side {
  TableInfo info;
  int64_t splits = 0;
  int64_t rows = 0;
  std::map<Row, int64_t> bag;
};

std::string Shown(const std::vector<std::string>& columns, const Row& row) {
  std::string out = "{";
  for (size_t i = 0; i < row.size(); ++i) out += (i == 0 ? "" : ", ") + columns[i] + ": " + row[i];
  return out + "}";
}

// Columns that say where a record stands: partition and offset, by the names that connectors of logs give them.
std::optional<std::pair<size_t, size_t>> PlaceColumns(const std::vector<std::string>& columns) {
  std::optional<size_t> partition, offset;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] == "_partition" || columns[i] == "_partition_id") partition = i;
    if (columns[i] == "_offset" || columns[i] == "_partition_offset") offset = i;
  }
  if (!partition || !offset) return std::nullopt;
  return std::pair(*partition, *offset);
}

Status Load(const CallContext& ctx, Connector& connector, const TableReadRequest& request, const std::vector<std::string>& columns, Side* side) {
  TableReadRequest common = request;
  common.columns = columns;
  TableReadTaker taker;
  taker.rows = [&](const Batch& rows) -> Status {
    side->rows += rows.num_rows();
    if (side->rows > kMaxDiffedRows) return Status::CapacityError("more than ", kMaxDiffedRows, " rows; narrow the comparison with --where or --columns");
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      Row cells;
      for (size_t c = 0; c < rows.num_columns(); ++c) cells.push_back(CellOf(rows.column(c), row, sql::CellForm::kJson).value_or("null"));
      ++side->bag[std::move(cells)];
    }
    return Status::OK();
  };
  TableCertificate certificate;
  LOTIC_RETURN_NOT_OK(ReadTable(ctx, connector, common, taker, &certificate));
  side->splits = static_cast<int64_t>(certificate.partitions.size());
  return Status::OK();
}

void CompareSchemas(const TableInfo& left, const TableInfo& right, DiffResult* out, std::vector<std::string>* common) {
  for (const Field& field : left.schema.fields) {
    const auto index = right.schema.IndexOf(field.name);
    if (!index) {
      out->differences.push_back({"schema", field.name + " " + field.type.ToString(), "", "the right side has no such column"});
      continue;
    }
    common->push_back(field.name);
    const Type& other = right.schema.fields[*index].type;
    if (!(other == field.type)) out->differences.push_back({"schema", field.name + " " + field.type.ToString(), field.name + " " + other.ToString(), "type"});
  }
  for (const Field& field : right.schema.fields) {
    if (!left.schema.IndexOf(field.name))
      out->differences.push_back({"schema", "", field.name + " " + field.type.ToString(), "the left side has no such column"});
  }
  auto partitions = std::pair(left.partition_columns, right.partition_columns);
  std::sort(partitions.first.begin(), partitions.first.end());
  std::sort(partitions.second.begin(), partitions.second.end());
  if (partitions.first != partitions.second)
    out->differences.push_back(
        {"schema", std::to_string(partitions.first.size()) + " partition columns", std::to_string(partitions.second.size()) + " partition columns", "others"});
}

class RowComparison {
 public:
  RowComparison(const Side& left, const Side& right, std::vector<std::string> columns, DiffResult* out)
      : sides_{&left, &right}, columns_(std::move(columns)), place_(PlaceColumns(columns_)), out_(out) {}

  void Run() {
    std::array<std::vector<Row>, 2> lone;
    for (const int side : {0, 1}) {
      for (const auto& [row, count] : sides_[side]->bag) {
        const auto other = sides_[1 - side]->bag.find(row);
        const int64_t there = other == sides_[1 - side]->bag.end() ? 0 : other->second;
        if (count <= there) continue;
        out_->differing_rows += count - there;
        if (there > 0) {
          Say(side, row, "duplicate: " + std::to_string(count) + " times on the " + Name(side) + ", " + std::to_string(there) + " on the " + Name(1 - side));
        } else {
          lone[side].push_back(row);
        }
      }
    }
    if (place_) {
      for (const int side : {0, 1}) {
        for (const auto& [row, count] : sides_[side]->bag) {
          places_[side].emplace(row[place_->first], row[place_->second]);
          std::string& last = last_[side][row[place_->first]];
          if (IsBefore(last, row[place_->second])) last = row[place_->second];
        }
      }
    }
    Pair(&lone);
    for (const int side : {0, 1}) {
      for (const Row& row : lone[side]) Say(side, row, Reason(side, row));
    }
  }

 private:
  static std::string Name(int side) { return side == 0 ? "left" : "right"; }

  // Of two offsets as text.
  static bool IsBefore(const std::string& a, const std::string& b) { return a.size() != b.size() ? a.size() < b.size() : a < b; }

  void Say(int side, const Row& row, const std::string& reason) {
    if (out_->differences.size() >= kMaxShownDifferences) return;
    const std::string text = Shown(columns_, row);
    out_->differences.push_back({"row", side == 0 ? text : "", side == 1 ? text : "", reason});
  }

  // Rows that are alike but for one value are one record, decoded otherwise.
  void Pair(std::array<std::vector<Row>, 2>* lone) {
    if ((*lone)[0].size() > kMaxPairedRows || (*lone)[1].size() > kMaxPairedRows || columns_.size() < 2) return;
    std::vector<Row> left_over;
    for (Row& row : (*lone)[0]) {
      size_t column = 0;
      auto& candidates = (*lone)[1];
      const auto match = std::find_if(candidates.begin(), candidates.end(), [&](const Row& other) {
        size_t differing = 0;
        for (size_t c = 0; c < row.size() && differing < 2; ++c) {
          if (row[c] != other[c]) column = c, ++differing;
        }
        return differing == 1;
      });
      if (match == candidates.end()) {
        left_over.push_back(std::move(row));
        continue;
      }
      if (out_->differences.size() < kMaxShownDifferences) {
        const auto left = sides_[0]->info.schema.IndexOf(columns_[column]), right = sides_[1]->info.schema.IndexOf(columns_[column]);
        const bool types = !(sides_[0]->info.schema.fields[*left].type == sides_[1]->info.schema.fields[*right].type);
        out_->differences.push_back({"row", Shown(columns_, row), Shown(columns_, *match), (types ? "type: column " : "value: column ") + columns_[column]});
      }
      candidates.erase(match);
    }
    (*lone)[0] = std::move(left_over);
  }

  std::string Reason(int side, const Row& row) const {
    size_t values = 0;
    for (size_t c = 0; c < row.size(); ++c) {
      const bool is_place = columns_[c].starts_with("_");
      if (!is_place && row[c] != "null") ++values;
    }
    if (values == 0) return "tombstone: a row of NULLs, which the " + Name(1 - side) + " side leaves out";
    if (!place_) return "only on the " + Name(side);
    const auto key = std::pair(row[place_->first], row[place_->second]);
    if (places_[1 - side].count(key) != 0) return "value: the " + Name(1 - side) + " side has other values at this place";
    // Where the other side goes on behind it, it has passed over the record on purpose.
    const auto last = last_[1 - side].find(key.first);
    const bool passed = last != last_[1 - side].end() && IsBefore(key.second, last->second);
    return passed
               ? "aborted: the " + Name(1 - side) + " side passes over offset " + key.second + " (an aborted transaction, or another policy)"
               : "behind the end: the " + Name(1 - side) + " side ends before offset " + key.second + " (a transaction aborted at its end, or another moment)";
  }

  const std::array<const Side*, 2> sides_;
  const std::vector<std::string> columns_;
  const std::optional<std::pair<size_t, size_t>> place_;
  std::array<std::set<std::pair<std::string, std::string>>, 2> places_;  // partition and offset of every row
  std::array<std::map<std::string, std::string>, 2> last_;               // the last offset of each partition
  DiffResult* const out_;
};

}  // namespace

Result<DiffResult> DiffTables(const CallContext& ctx, Connector& left, Connector& right, const TableReadRequest& request) {
  Side sides[2];
  Connector* connectors[2] = {&left, &right};
  const char* names[2] = {"left: ", "right: "};
  for (const int side : {0, 1}) {
    Result<TableInfo> info = connectors[side]->GetTable(ctx, request.table);
    if (!info.ok()) return info.status().WithMessage(names[side], info.status().message());
    sides[side].info = *std::move(info);
  }
  DiffResult result;
  std::vector<std::string> common;
  CompareSchemas(sides[0].info, sides[1].info, &result, &common);
  result.same = result.differences.empty();
  if (!request.columns.empty()) common = request.columns;
  if (common.empty()) return result;
  for (const int side : {0, 1}) {
    const Status loaded = Load(ctx, *connectors[side], request, common, &sides[side]);
    if (!loaded.ok()) return loaded.WithMessage(names[side], loaded.message());
  }
  if (sides[0].splits != sides[1].splits) {
    result.differences.push_back({"splits", std::to_string(sides[0].splits), std::to_string(sides[1].splits), "cut otherwise; no difference of the data"});
  }
  result.rows_left = sides[0].rows;
  result.rows_right = sides[1].rows;
  RowComparison(sides[0], sides[1], common, &result).Run();
  result.same = result.same && result.differing_rows == 0;
  return result;
}

}  // namespace lotic::cli
