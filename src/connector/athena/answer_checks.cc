// SPDX-License-Identifier: Apache-2.0
#include "connector/athena/answer_checks.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace lotic::athena_source {
namespace {

std::string ObjectName(const athena::SpillLocation& location) { return location.bucket + "/" + location.key; }

// The number in KEY.N, as functions write it: no sign, no leading zero.
std::optional<int64_t> NumberAfter(const std::string& key, const std::string& prefix) {
  if (!key.starts_with(prefix + ".")) return std::nullopt;
  const std::string_view digits = std::string_view(key).substr(prefix.size() + 1);
  int64_t number = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || end.ec != std::errc() || end.ptr != digits.data() + digits.size() || number < 0) return std::nullopt;
  if (std::to_string(number) != digits) return std::nullopt;
  return number;
}

}  // namespace

bool SameColumnType(const athena::WireField& a, const athena::WireField& b) {
  const athena::WireType& x = a.type;
  const athena::WireType& y = b.type;
  if (x.kind != y.kind || x.bit_width != y.bit_width || x.is_signed != y.is_signed || x.precision != y.precision || x.scale != y.scale) return false;
  const bool has_unit = x.kind == athena::WireKind::kDate || x.kind == athena::WireKind::kTimestamp || x.kind == athena::WireKind::kTime;
  if (has_unit && x.unit != y.unit) return false;
  if (x.timezone.has_value() != y.timezone.has_value() || x.fixed_size != y.fixed_size) return false;
  if (a.children.size() != b.children.size()) return false;
  for (size_t i = 0; i < a.children.size(); ++i) {
    if (x.kind == athena::WireKind::kStruct && a.children[i].name != b.children[i].name) return false;
    if (!SameColumnType(a.children[i], b.children[i])) return false;
  }
  return true;
}

Status CheckRecordSchema(const athena::WireSchema& asked, const athena::WireSchema& got) {
  for (const athena::WireField& field : asked.fields) {
    const auto index = got.IndexOf(field.name);
    if (!index) return Status::DataLoss("the records lack column \"", field.name, "\", which was asked for");
    const athena::WireField& column = got.fields[*index];
    if (!SameColumnType(field, column)) {
      return Status::DataLoss("column \"", field.name, "\" was asked for as ", field.type.ToString(), " and came as ", column.type.ToString(),
                              field.type.ToString() == column.type.ToString() ? ", with other children" : "");
    }
  }
  for (size_t i = 0; i < got.fields.size(); ++i) {
    if (!asked.IndexOf(got.fields[i].name)) return Status::DataLoss("the records have a column \"", got.fields[i].name, "\", which was not asked for");
    if (got.IndexOf(got.fields[i].name) != i) return Status::DataLoss("the records have two columns \"", got.fields[i].name, "\"");
  }
  return Status::OK();
}

Status OrderSpilledBlocks(const athena::WireSplit& split, std::vector<athena::SpillLocation>* blocks) {
  if (blocks->empty()) return Status::OK();
  if (!split.spill_location) {
    return Status::DataLoss("the answer lies in ", blocks->size(),
                            " spilled blocks, but the split has no spill location: whose blocks they are cannot be told");
  }
  const athena::SpillLocation& location = *split.spill_location;
  std::vector<std::pair<int64_t, athena::SpillLocation>> numbered;
  for (athena::SpillLocation& block : *blocks) {
    const auto number = NumberAfter(block.key, location.key);
    if (!number || block.bucket != location.bucket) {
      return Status::DataLoss("the spilled block ", ObjectName(block), " is none of this split's, which are called ", ObjectName(location), ".0 and so on");
    }
    numbered.emplace_back(*number, std::move(block));
  }
  std::sort(numbered.begin(), numbered.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < numbered.size(); ++i) {
    const auto expected = static_cast<int64_t>(i);
    if (numbered[i].first < expected) return Status::DataLoss("the answer names the spilled block ", ObjectName(location), ".", numbered[i].first, " twice");
    if (numbered[i].first > expected) {
      return Status::DataLoss("the answer has ", numbered.size(), " spilled blocks, but not ", ObjectName(location), ".", expected, ": its rows are missing");
    }
  }
  for (size_t i = 0; i < numbered.size(); ++i) (*blocks)[i] = std::move(numbered[i].second);
  return Status::OK();
}

}  // namespace lotic::athena_source
