// SPDX-License-Identifier: Apache-2.0
#include "scan/certificate.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <nlohmann/json.hpp>

namespace lotic {
namespace {

using Json = nlohmann::ordered_json;

std::optional<int64_t> NumberIn(const std::string& text) {
  int64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// Numbers as numbers and before other texts.
int Compare(const std::string& a, const std::string& b) {
  const auto x = NumberIn(a), y = NumberIn(b);
  if (x && y) return *x < *y ? -1 : *x > *y ? 1 : 0;
  if (x || y) return x ? -1 : 1;
  return a.compare(b);
}

Json PositionJson(const Position& position) {
  const auto number = NumberIn(position.text);
  return number ? Json(*number) : Json(position.text);
}

std::string Grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3) digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

bool Continues(const SplitCertificate& a, const SplitCertificate& b) {
  return a.partition == b.partition && a.planned_end == b.planned_start && a.read_end == b.read_start && a.read_end == a.planned_end;
}

std::string ReasonText(const SplitCertificate& split) {
  return split.reason == EndReason::kNone || split.reason == EndReason::kEnd ? "" : std::string(EndReasonName(split.reason));
}

}  // namespace

RecordCounts& RecordCounts::operator+=(const RecordCounts& other) {
  returned += other.returned;
  filtered += other.filtered;
  skipped += other.skipped;
  aborted += other.aborted;
  control += other.control;
  missing += other.missing;
  return *this;
}

std::string_view EndReasonName(EndReason reason) {
  switch (reason) {
    case EndReason::kNone: return "none";
    case EndReason::kEnd: return "end";
    case EndReason::kLimit: return "limit";
    case EndReason::kPruned: return "pruned";
    case EndReason::kReleased: return "released";
    case EndReason::kCancelled: return "cancelled";
    case EndReason::kError: return "error";
    case EndReason::kStalled: return "stalled";
    case EndReason::kDataLoss: return "data_loss";
  }
  return "none";
}

std::string_view PushdownName(Pushdown pushdown) {
  switch (pushdown) {
    case Pushdown::kExact: return "exact";
    case Pushdown::kHint: return "hint";
    case Pushdown::kNot: return "not";
  }
  return "not";
}

Status CheckAccounting(const SplitCertificate& c) {
  const auto start = NumberIn(c.read_start.text), end = NumberIn(c.read_end.text), planned = NumberIn(c.planned_start.text);
  const auto planned_end = c.planned_end ? NumberIn(c.planned_end->text) : std::nullopt;
  const RecordCounts& r = c.records;
  const bool ok = start && end && planned && *end - *start == r.Sum() && *start >= *planned && (!planned_end || *end <= *planned_end) &&
                  std::min({r.returned, r.filtered, r.skipped, r.aborted, r.control, r.missing}) >= 0;
  if (ok) return Status::OK();
  return Status::UnknownError("internal error, please report it: partition ", c.partition, " read [", c.read_start.text, ", ", c.read_end.text, ") of [",
                              c.planned_start.text, ", ", c.planned_end ? c.planned_end->text : "", ") but accounts for returned ", r.returned, ", filtered ",
                              r.filtered, ", skipped ", r.skipped, ", aborted ", r.aborted, ", control ", r.control, ", missing ", r.missing);
}

std::vector<SplitCertificate> MergeCertificates(std::vector<SplitCertificate> splits) {
  std::stable_sort(splits.begin(), splits.end(), [](const SplitCertificate& a, const SplitCertificate& b) {
    const int order = Compare(a.partition, b.partition);
    if (order != 0) return order < 0;
    const int planned = Compare(a.planned_start.text, b.planned_start.text);
    return planned != 0 ? planned < 0 : Compare(a.read_start.text, b.read_start.text) < 0;
  });
  std::vector<SplitCertificate> merged;
  for (SplitCertificate& split : splits) {
    if (merged.empty() || !Continues(merged.back(), split)) {
      merged.push_back(std::move(split));
      continue;
    }
    SplitCertificate& into = merged.back();
    into.planned_end = split.planned_end;
    into.read_end = split.read_end;
    if (!into.first_record) into.first_record = split.first_record;
    if (split.last_record) into.last_record = split.last_record;
    into.proof = split.proof;
    into.complete = into.complete && split.complete;
    if (split.reason != EndReason::kEnd) into.reason = split.reason;
    into.records += split.records;
    into.rows += split.rows;
    into.undecodable_values += split.undecodable_values;
    into.bytes_fetched += split.bytes_fetched;
    into.notes.insert(into.notes.end(), split.notes.begin(), split.notes.end());
    if (into.notes.size() > 16) into.notes.resize(16);
  }
  return merged;
}

SplitCertificate UnreadCertificate(const Split& split, bool proved_unneeded, EndReason reason) {
  SplitCertificate certificate;
  certificate.partition = split.partition;
  certificate.planned_start = split.start;
  certificate.planned_end = split.end;
  certificate.read_start = certificate.read_end = split.start;
  certificate.complete = proved_unneeded || split.start == split.end;
  certificate.reason = split.start == split.end ? EndReason::kEnd : reason;
  return certificate;
}

TableCertificate MakeTableCertificate(const Prepared& plan, std::vector<SplitCertificate> splits) {
  TableCertificate table;
  table.attributes = plan.attributes;
  table.version = plan.token;
  table.partition_word = plan.partition_word;
  table.table_records = plan.estimate.table_records;
  table.table_partitions = plan.estimate.table_partitions;
  splits.insert(splits.end(), plan.left_out.begin(), plan.left_out.end());
  table.partitions = MergeCertificates(std::move(splits));
  table.complete = true;
  for (const SplitCertificate& split : table.partitions) {
    const bool first_incomplete = table.complete && !split.complete;
    if (first_incomplete || (table.complete && table.reason.empty())) {
      if (split.reason != EndReason::kPruned || !split.complete) table.reason = ReasonText(split);
    }
    table.complete = table.complete && split.complete;
  }
  return table;
}

std::string CertificatesToJson(std::span<const TableCertificate> tables) {
  Json list = Json::array();
  for (const TableCertificate& table : tables) {
    Json out = Json::object();
    for (const auto& [name, value] : table.attributes) out[name] = value;
    out["version"] = table.version;
    out["complete"] = table.complete;
    out["reason"] = table.reason.empty() ? Json(nullptr) : Json(table.reason);
    int64_t bytes = 0;
    Json partitions = Json::array();
    for (const SplitCertificate& split : table.partitions) {
      bytes += split.bytes_fetched;
      Json entry = Json::object();
      const auto number = NumberIn(split.partition);
      entry[table.partition_word] = number ? Json(*number) : Json(split.partition);
      if (split.first_record) entry["first"] = split.first_record->text;
      if (split.last_record) entry["last"] = split.last_record->text;
      entry["planned"] = {{"start", PositionJson(split.planned_start)}, {"end", split.planned_end ? PositionJson(*split.planned_end) : Json(nullptr)}};
      entry["read"] = {{"start", PositionJson(split.read_start)}, {"end", PositionJson(split.read_end)}};
      entry["complete"] = split.complete;
      const std::string reason = ReasonText(split).empty() ? split.proof : ReasonText(split);
      entry["reason"] = reason.empty() ? Json(nullptr) : Json(reason);
      const RecordCounts& r = split.records;
      entry["records"] = {{"returned", r.returned}, {"filtered", r.filtered}, {"skipped", r.skipped},
                          {"aborted", r.aborted},   {"control", r.control},   {"missing", r.missing}};
      entry["rows"] = split.rows;
      entry["undecodable_values"] = split.undecodable_values;
      entry["bytes_fetched"] = split.bytes_fetched;
      if (!split.notes.empty()) entry["notes"] = split.notes;
      partitions.push_back(std::move(entry));
    }
    out["bytes_fetched"] = bytes;
    out[table.partition_word + "s"] = std::move(partitions);
    list.push_back(std::move(out));
  }
  Json document = Json::object();
  document["tables"] = std::move(list);
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string CertificateSummary(std::span<const TableCertificate> tables) {
  if (tables.empty()) return "";
  int64_t read = 0, planned = 0, partitions_read = 0, partitions = 0, undecodable = 0;
  bool complete = true, known = true;  // known: how many records were planned
  std::string reason;
  for (const TableCertificate& table : tables) {
    std::set<std::string> all, touched;
    int64_t in_plan = 0;
    for (const SplitCertificate& split : table.partitions) {
      all.insert(split.partition);
      read += split.records.Sum() - split.records.missing;
      undecodable += split.undecodable_values;
      const auto start = NumberIn(split.planned_start.text);
      const auto end = split.planned_end ? NumberIn(split.planned_end->text) : std::nullopt;
      if (start && end) in_plan += *end - *start;
      known = known && ((start && (end || !split.planned_end)) || table.table_records);
      if (split.read_start != split.read_end || split.bytes_fetched > 0) touched.insert(split.partition);
      if (!split.complete && reason.empty()) {
        reason = "partition " + split.partition + " stopped at " + split.read_end.text + " of " +
                 (split.planned_end ? split.planned_end->text : "an open end") + (ReasonText(split).empty() ? "" : " (" + ReasonText(split) + ")");
      }
    }
    planned += table.table_records.value_or(in_plan);
    partitions_read += static_cast<int64_t>(touched.size());
    partitions += std::max<int64_t>(table.table_partitions, static_cast<int64_t>(all.size()));
    complete = complete && table.complete;
  }
  std::string line = "read " + Grouped(read) + (known ? " of " + Grouped(planned) : "") + " records in " + Grouped(partitions_read) + " of " +
                     Grouped(partitions) + (partitions == 1 ? " partition, " : " partitions, ") + (complete ? "complete" : "NOT COMPLETE");
  if (!complete && !reason.empty()) line += ": " + reason;
  if (undecodable != 0) line += "; " + Grouped(undecodable) + (undecodable == 1 ? " value" : " values") + " did not fit and became NULL";
  return line;
}

}  // namespace lotic
