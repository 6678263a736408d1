// SPDX-License-Identifier: Apache-2.0
#include "table/table_plan.h"

#include <algorithm>

#include "scan/certificate.h"
#include "table/connector.h"

namespace lotic::table {
namespace {

/// Pruned segments that a certificate names one by one; those after are added up by partition.
constexpr size_t kMaxNamedPruned = 1000;

// Whether offsets of the partition were read again on request: a segment begins before its predecessor's end.
bool ReadAgain(const PartitionView& partition) {
  for (size_t i = 1; i < partition.segments.size(); ++i) {
    if (partition.segments[i].start < partition.segments[i - 1].end) return true;
  }
  return false;
}

bool Allows(const Type& type, const CompareOptions& compare, const std::optional<ValueSet>& set, const Scalar& value) {
  return !set || ValueSetAllows(type, compare, *set, value);
}

// Whether `set` allows a value of [low, high].
bool Meets(const Type& type, const CompareOptions& compare, const ValueSet& set, int64_t low, int64_t high) {
  const ValueSet range = ValueSet::Range({Scalar(low), true, Scalar(high), true});
  return IntersectValueSets(type, compare, set, range).kind != ValueSet::Kind::kNone;
}

// The column by which a segment cannot hold a wanted row; empty: it may.
std::string PrunedBy(const TableFacts& facts, const TableView& view, const SegmentInfo& info, const SegmentSplit& split, const TableFilters& filters,
                     const ScanRequest& request) {
  const CompareOptions& compare = request.compare;
  if (!Allows(Type::Int32(), compare, filters.partition, Scalar(int64_t{info.partition}))) return kPartitionIdColumn;
  if (!Allows(Type::String(), compare, filters.segment, Scalar(info.name))) return kSegmentNameColumn;
  if (filters.offset && !Meets(Type::Int64(), compare, *filters.offset, split.start, split.end - 1)) return kRowOffsetColumn;
  const SegmentTotals& totals = info.totals;
  if (info.state == SegmentState::kDamaged) return "";  // its totals speak of a part only
  if (filters.timestamp && totals.newest_stream_ms != INT64_MIN) {
    // The newest of all records: an upper bound for rows.
    const Type type = Type::Timestamp(TimeUnit::kMilli, true);
    if (!Meets(type, compare, *filters.timestamp, INT64_MIN, totals.newest_stream_ms)) return kRowTimestampColumn;
  }
  if (filters.time && facts.time && view.identity().time_column == facts.time->name && !(filters.time->null_allowed && totals.rows_without_time > 0)) {
    if (totals.times.empty() ? totals.rows == totals.rows_without_time && totals.rows > 0
                             : !Meets(request.layout.fields[*request.layout.IndexOf(facts.time->name)].type, compare, *filters.time,
                                      totals.times.min_ms / facts.time->ms_per_value, totals.times.max_ms / facts.time->ms_per_value)) {
      return facts.time->name;
    }
  }
  return "";
}

// The parts of [from, to) that the partition says were jumped over, in order, none over another.
std::vector<PlannedPartition::Gone> JumpedOver(const PartitionView& partition, int64_t from, int64_t to) {
  std::vector<LostRange> losses;
  for (const LostRange& lost : partition.losses) {
    if (lost.from < to && lost.to > from) losses.push_back(lost);
  }
  std::sort(losses.begin(), losses.end(), [](const LostRange& a, const LostRange& b) { return a.from < b.from; });
  std::vector<PlannedPartition::Gone> parts;
  for (const LostRange& lost : losses) {
    const int64_t low = std::max(lost.from, from), high = std::min(lost.to, to);
    if (low < high) parts.push_back({low, high, "are in no segment: " + (lost.why.empty() ? "jumped over" : lost.why)});
    from = std::max(from, high);
  }
  return parts;
}

constexpr const char* kDroppedSince = "dropped by retention since the snapshot";

// Why there is nothing at [from, to), between two segments. `adjacent`: there never was one between them, so all of it was jumped over.
void AddGap(const PartitionView& partition, int64_t from, int64_t to, bool adjacent, PlannedPartition* made) {
  const auto add = [&](int64_t low, int64_t high) {
    if (low >= high) return;
    adjacent ? made->holes.push_back({low, high, "are in no segment: jumped over"}) : made->gone.push_back({low, high, kDroppedSince});
  };
  for (PlannedPartition::Gone& part : JumpedOver(partition, from, to)) {
    add(from, part.from);
    from = *part.to;
    made->holes.push_back(std::move(part));
  }
  add(from, to);
}

// The segments [first, last] of the snapshot, which are not there between offsets [from, to): what it does not cover, and what has gone since.
void AddMissing(int64_t first, int64_t last, int64_t from, int64_t to, PlannedPartition* made) {
  const size_t gone = made->gone.size();
  const auto add = [&](int64_t low, int64_t high) {
    if (low < high) made->gone.push_back({from, std::nullopt, kDroppedSince, SnapshotPartition::Segments{low, high - 1}});
  };
  int64_t at = first;
  for (const SnapshotPartition::Dropped& dropped : made->snapshot.dropped) {
    if (dropped.to <= first || dropped.from > last) continue;
    add(at, dropped.from);
    at = dropped.to;
  }
  add(at, last + 1);
  if (made->gone.size() != gone) return;
  PlannedPartition::Gone before{from, to, "were dropped by retention before the snapshot"};
  if (from >= to) before.segments = {first, last};
  made->holes.push_back(std::move(before));
}

bool IsCovered(const SnapshotPartition& asked, int64_t sequence) {
  return std::none_of(asked.dropped.begin(), asked.dropped.end(),
                      [&](const SnapshotPartition::Dropped& dropped) { return sequence >= dropped.from && sequence < dropped.to; });
}

// What is wrong with the segment whose end is not known.
std::string WhyUnknown(const PartitionView& partition) {
  for (const SegmentInfo& segment : partition.segments) {
    if (partition.unknown_end == segment.sequence) return "segment " + segment.name + ": " + segment.damage;
  }
  return "the segment there was damaged when the snapshot was made";
}

PlannedSegment Plan(const TableFacts& facts, const TableView& view, const SegmentInfo& info, int64_t end, const TableFilters& filters,
                    const ScanRequest& request) {
  PlannedSegment made;
  SegmentSplit& split = made.split;
  split.table_id = view.identity().table_id;
  split.segment = info.name;
  split.partition = info.partition;
  split.start = info.start;
  split.end = end;
  split.generation = info.generation;
  split.state = std::string(SegmentStateName(info.state));
  split.file = "p" + std::to_string(info.partition) + "/" + (info.file.empty() ? info.rows_file : info.file);
  // The files of a dropped one stay for a while, for snapshots of before; its reader sees whether they do.
  made.certain = info.state != SegmentState::kDamaged && info.state != SegmentState::kDropped;
  if (end == info.end && info.state != SegmentState::kDamaged && info.totals.fates.Sum() == info.end - info.start)
    split.contents = {info.totals.rows, info.totals.fates};
  made.bytes = info.file.empty() ? info.rows_bytes : info.file_bytes;
  made.most_rows = split.contents ? split.contents->rows : end - info.start;
  made.pruned = PrunedBy(facts, view, info, split, filters, request);
  return made;
}

std::string ConstraintText(const std::string& name, const Type& type, const ValueSet& set) {
  std::string text = name;
  constexpr size_t kShown = 8;
  const auto cut = [](size_t all) { return all > kShown ? ", …" : ""; };
  switch (set.kind) {
    case ValueSet::Kind::kAll: text += " is not null"; break;
    case ValueSet::Kind::kNone: return text + (set.null_allowed ? " is null" : " in ()");
    case ValueSet::Kind::kListed:
    case ValueSet::Kind::kUnlisted:
      text += set.kind == ValueSet::Kind::kListed ? " in (" : " not in (";
      for (size_t i = 0; i < std::min(set.values.size(), kShown); ++i) text += (i == 0 ? "" : ", ") + ScalarToString(type, set.values[i]);
      text += std::string(cut(set.values.size())) + ")";
      break;
    case ValueSet::Kind::kRanges:
      for (size_t i = 0; i < std::min(set.ranges.size(), kShown); ++i) {
        const ValueRange& range = set.ranges[i];
        text += i == 0 ? " in " : ", ";
        text += range.low ? (range.low_inclusive ? "[" : "(") + ScalarToString(type, *range.low) : "(";
        text += ", ";
        text += range.high ? ScalarToString(type, *range.high) + (range.high_inclusive ? "]" : ")") : ")";
      }
      text += cut(set.ranges.size());
      break;
  }
  return set.null_allowed ? text + " or null" : text;
}

std::string Range(int64_t from, int64_t to) { return "[" + std::to_string(from) + ", " + std::to_string(to) + ")"; }

// Zero length: what is left out of the reading, by name.
SplitCertificate NotRead(std::string name, int64_t start, bool complete, EndReason reason, std::string note) {
  Split split;
  split.partition = std::move(name);
  split.start = {std::to_string(start)};
  SplitCertificate made = UnreadCertificate(split, complete, reason);
  made.planned_end = split.start;
  made.notes.push_back(std::move(note));
  return made;
}

}  // namespace

std::string PlannedPartition::Gone::Where() const {
  if (!segments) return to ? "offsets " + Range(from, *to) : "offsets from " + std::to_string(from) + " on";
  if (segments->first == segments->last) return "segment " + std::to_string(segments->first) + " of the partition";
  return "segments " + std::to_string(segments->first) + " to " + std::to_string(segments->last) + " of the partition";
}

Result<TableFilters> TableFilters::Of(const ScanRequest& request, const TableFacts& facts) {
  TableFilters filters;
  for (const auto& [name, set] : request.constraints.columns) {
    if (!request.layout.IndexOf(name)) return Status::Invalid("constraint on column \"", name, "\", which the layout lacks");
    const bool hidden = facts.info.hidden.IndexOf(name).has_value();
    if (hidden && name == kPartitionIdColumn) {
      filters.partition = set;
    } else if (hidden && name == kSegmentNameColumn) {
      filters.segment = set;
    } else if (hidden && name == kRowOffsetColumn) {
      filters.offset = set;
    } else {
      if (hidden && name == kRowTimestampColumn) filters.timestamp = set;
      if (!hidden && facts.time && name == facts.time->name) {
        filters.time = set;
        filters.time_column = name;
      }
      filters.residual.columns.emplace(name, set);
    }
  }
  filters.residual.expressions = request.constraints.expressions;
  filters.limit = request.limit.has_value() && filters.residual.empty() && request.order_by.empty();
  return filters;
}

TableSnapshot SnapshotOf(const TableFacts& facts, const TableView& view) {
  TableSnapshot snapshot{facts.stored.name, view.identity().table_id, {}};
  for (const PartitionView& partition : view.partitions()) {
    SnapshotPartition made{.partition = partition.partition, .start = partition.position, .end = partition.position};
    made.end_unknown = partition.unknown_end.has_value();
    const SegmentInfo* first = nullptr;
    const SegmentInfo* last = nullptr;
    for (const SegmentInfo& segment : partition.segments) {
      if (segment.state == SegmentState::kDropped) continue;
      if (first == nullptr) first = &segment;
      if (last != nullptr && segment.sequence > last->sequence + 1) made.dropped.push_back({last->sequence + 1, segment.sequence});
      last = &segment;
    }
    if (first != nullptr) {
      made.start = first->start;
      made.end = last->end;
      if (ReadAgain(partition) || !made.dropped.empty()) made.segments = {first->sequence, last->sequence};
    }
    snapshot.partitions.push_back(made);
  }
  return snapshot;
}

Result<TablePlan> PlanTable(const TableFacts& facts, const TableView& view, const TableSnapshot& snapshot, const TableFilters& filters,
                            const ScanRequest& request) {
  const std::string& name = facts.stored.raw_name;
  if (snapshot.table != facts.stored.name) return Status::Invalid("table ", name, ": the snapshot token is one of ", snapshot.table);
  if (snapshot.table_id != view.identity().table_id) {
    return Status::DataLoss("table ", name, " was created again: the snapshot token is of table_id ", snapshot.table_id, ", the table is ",
                            view.identity().table_id, " now; plan again without the token");
  }
  TablePlan plan;
  plan.snapshot = snapshot;
  for (const SnapshotPartition& asked : snapshot.partitions) {
    PlannedPartition made;
    made.snapshot = asked;
    const PartitionView* partition = view.Find(asked.partition);
    if (partition == nullptr)
      return Status::DataLoss("table ", name, " has no partition ", asked.partition, " any more, which the snapshot token names; plan again without the token");
    made.damaged = partition->damaged;
    if (made.damaged.ok() && asked.end_unknown) made.gone.push_back({asked.end, std::nullopt, WhyUnknown(*partition)});
    if (!made.damaged.ok() || (asked.start >= asked.end && !asked.segments)) {
      plan.partitions.push_back(std::move(made));
      continue;
    }
    int64_t covered = asked.start;        // offsets up to here are accounted for
    const SegmentInfo* before = nullptr;  // the segment before, of the snapshot or not
    bool ended = false;
    for (const SegmentInfo& segment : partition->segments) {
      if (ended) break;
      const bool unknown_end = partition->unknown_end == segment.sequence;
      if (asked.segments) {
        if (segment.sequence < asked.segments->first || !IsCovered(asked, segment.sequence)) continue;
        const int64_t expected = before == nullptr ? asked.segments->first : before->sequence + 1;
        const int64_t missing = std::min(segment.sequence - 1, asked.segments->last);
        if (missing >= expected) {
          AddMissing(expected, missing, covered, segment.start, &made);
        } else if (before != nullptr && segment.start > covered) {
          AddGap(*partition, covered, segment.start, true, &made);
        }
        ended = segment.sequence >= asked.segments->last;
        if (segment.sequence > asked.segments->last) break;
      } else if (segment.end <= asked.start && !unknown_end) {
        before = &segment;
        continue;
      } else {
        AddGap(*partition, covered, std::min(segment.start, asked.end), before != nullptr && before->sequence + 1 == segment.sequence, &made);
        ended = segment.end >= asked.end || unknown_end;
      }
      before = &segment;
      const int64_t end = ended ? asked.end : segment.end;
      covered = end;
      if (unknown_end && segment.end < end) {
        made.gone.push_back({std::max(segment.start, asked.start), end, WhyUnknown(*partition)});
        continue;
      }
      if (segment.end < end) {
        return Status::DataLoss("table ", name, ", segment ", segment.name, ": published up to offset ", segment.end, ", the snapshot ends at ", end,
                                ": a crash took rows that were not on disk yet, and they are not read again so far; plan again without the token");
      }
      if (end <= segment.start) continue;
      made.segments.push_back(Plan(facts, view, segment, end, filters, request));
    }
    if (!ended) {
      return Status::DataLoss("table ", name, ", partition ", asked.partition, ": published up to offset ", partition->position, ", the snapshot ends at ",
                              asked.end, "; plan again without the token");
    }
    plan.partitions.push_back(std::move(made));
  }
  return plan;
}

std::vector<PushedConstraint> ReportOf(const ScanRequest& request, const TableFilters& filters, const TablePlan& plan) {
  std::map<std::string, int64_t> pruned;
  int64_t segments = 0;
  for (const PlannedPartition& partition : plan.partitions) {
    for (const PlannedSegment& segment : partition.segments) {
      ++segments;
      if (!segment.pruned.empty()) ++pruned[segment.pruned];
    }
  }
  std::vector<PushedConstraint> report;
  for (const auto& [name, set] : request.constraints.columns) {
    PushedConstraint line{ConstraintText(name, request.layout.fields[*request.layout.IndexOf(name)].type, set), name, Pushdown::kNot, ""};
    const bool hint = (filters.time && name == filters.time_column) || (filters.timestamp && name == kRowTimestampColumn);
    if (filters.residual.columns.count(name) == 0) {
      line.pushdown = Pushdown::kExact;
      line.reason = name == kRowOffsetColumn ? "segments are chosen by it, rows filtered in the reader" : "segments are chosen by it";
    } else if (hint) {
      line.pushdown = Pushdown::kHint;
      line.reason = "segments are chosen by their smallest and largest time";
    } else if (name == kHostNameColumn) {
      line.reason = "the host that reads is another one perhaps";
    } else {
      line.reason = "segments have no statistics of this column";
    }
    if (line.pushdown != Pushdown::kNot) line.reason += "; " + std::to_string(pruned[name]) + " of " + std::to_string(segments) + " left out";
    report.push_back(std::move(line));
  }
  for (const Expression& expression : request.constraints.expressions) {
    report.push_back({expression.ToString(), "", Pushdown::kNot, "expressions are not evaluated by the reader"});
  }
  if (request.limit) {
    PushedConstraint line{"LIMIT " + std::to_string(*request.limit), "LIMIT", Pushdown::kNot,
                          request.order_by.empty() ? "some filter is left to the door" : "an ORDER BY stands before it"};
    if (filters.limit) {
      line.pushdown = Pushdown::kHint;
      line.reason = "each reader stops after so many rows; the door counts over its readers";
    }
    report.push_back(std::move(line));
  }
  if (!request.order_by.empty()) {
    report.push_back({"ORDER BY " + request.order_by[0].column + (request.order_by.size() > 1 ? ", …" : ""), "ORDER BY", Pushdown::kNot,
                      "segments are read side by side, each in the order of its offsets"});
  }
  return report;
}

Estimate EstimateOf(const ScanRequest& request, const TableFilters& filters, const TablePlan& plan) {
  Estimate estimate;
  estimate.records = estimate.bytes = estimate.table_records = 0;
  estimate.source = "segments' row counts and file sizes";
  int64_t rows = 0;
  bool exact = filters.residual.empty() && !filters.offset;
  for (const PlannedPartition& partition : plan.partitions) {
    exact = exact && partition.damaged.ok() && partition.gone.empty();
    for (const PlannedSegment& segment : partition.segments) {
      ++estimate.table_partitions;
      *estimate.table_records += segment.split.end - segment.split.start;
      if (!segment.pruned.empty()) continue;
      *estimate.records += segment.most_rows;
      *estimate.bytes += segment.bytes;
      exact = exact && segment.certain && segment.split.contents.has_value();
      if (segment.split.contents) rows += segment.split.contents->rows;
    }
  }
  if (exact) estimate.exact_rows = std::min(rows, request.limit.value_or(INT64_MAX));
  return estimate;
}

std::vector<SplitCertificate> LeftOut(const TablePlan& plan) {
  std::vector<SplitCertificate> left_out;
  size_t named = 0;
  const std::string raw = RawTableName(plan.snapshot.table);
  for (const PlannedPartition& partition : plan.partitions) {
    const std::string name = raw + "__" + std::to_string(partition.snapshot.partition);
    if (!partition.damaged.ok()) left_out.push_back(NotRead(name, partition.snapshot.start, false, EndReason::kDataLoss, partition.damaged.message()));
    for (const PlannedPartition::Gone& gone : partition.gone) {
      left_out.push_back(NotRead(name, gone.from, false, EndReason::kDataLoss, gone.Where() + ": " + gone.what));
    }
    for (const PlannedPartition::Gone& hole : partition.holes) {
      left_out.push_back(NotRead(name, hole.from, true, EndReason::kEnd, hole.Where() + " " + hole.what));
    }
    size_t more = 0;
    int64_t from = 0, to = 0;
    for (const PlannedSegment& segment : partition.segments) {
      if (segment.pruned.empty()) continue;
      if (named++ < kMaxNamedPruned) {
        left_out.push_back(NotRead(segment.split.segment, segment.split.start, true, EndReason::kPruned,
                                   "offsets " + Range(segment.split.start, segment.split.end) + " left out by " + segment.pruned));
        continue;
      }
      if (more++ == 0) from = segment.split.start;
      to = segment.split.end;
    }
    if (more > 0)
      left_out.push_back(NotRead(name, from, true, EndReason::kPruned, std::to_string(more) + " segments between offsets " + Range(from, to) + " left out"));
    if (partition.damaged.ok() && partition.gone.empty() && partition.segments.empty()) {
      left_out.push_back(NotRead(name, partition.snapshot.start, true, EndReason::kEnd, "no offsets yet"));
    }
  }
  return left_out;
}

}  // namespace lotic::table
