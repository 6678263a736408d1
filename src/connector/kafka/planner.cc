// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/planner.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "connector/kafka/columns.h"
#include "connector/kafka/pushdown.h"
#include "connector/kafka/reader.h"
#include "lotic/scan_json.h"

namespace lotic::kafka {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// The size estimate is worth no more waiting than this.
constexpr milliseconds kLogSizesTime{300};
/// A partition's share of an answer when single records are looked at.
constexpr int32_t kProbeBytes = 64 << 10;
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

std::string_view IsolationName(Isolation isolation) { return isolation == Isolation::kReadCommitted ? "read_committed" : "read_uncommitted"; }
kafka_protocol::IsolationLevel LevelOf(Isolation isolation) {
  return isolation == Isolation::kReadCommitted ? kafka_protocol::IsolationLevel::kReadCommitted : kafka_protocol::IsolationLevel::kReadUncommitted;
}

/// One partition while it is planned.
struct Planned {
  SnapshotPartition snapshot;
  int64_t start = 0;
  int64_t end = 0;  // as planned; the snapshot's end for endless reading
  bool pruned = false;
  LogPosition from = {};  // asked for as its start
};

struct TimeLookUps {
  int64_t later_starts = 0;
  int64_t earlier_ends = 0;
  int64_t markers = 0;     // look-ups that led to what is no record
  int64_t not_looked = 0;  // look-ups whose records are looked at only where the plan is to be read
  bool asked_lower = false;
  bool asked_upper = false;
};

/// The columns of a layout fit a topic if they say where their values come from.
Status CheckLayout(const ScanRequest& request, const MessageFacts& facts) {
  for (const Field& field : request.layout.fields) {
    if (const std::optional<MetadataColumn> column = MetadataColumnOf(field)) {
      const Type expected = MetadataField(*column).type;
      if (field.type != expected) {
        return Status::Invalid("topic '", request.table.table, "': column '", field.name, "' is ", expected.ToString(), ", not ", field.type.ToString());
      }
      continue;
    }
    if (field.metadata.find(kPathMetadata) == field.metadata.end()) {
      return Status::Invalid("topic '", request.table.table, "' has no column '", field.name,
                             "' (a layout's columns carry the metadata that the table's schema gave them)");
    }
    if (facts.document != nullptr && facts.document->format == PayloadFormat::kRaw) {
      return Status::Invalid("topic '", request.table.table, "' has no column '", field.name, "': its messages are not JSON objects");
    }
  }
  return Status::OK();
}

/// Asks one thing of many partitions.
Result<std::vector<OffsetAnswer>> LookUp(const CallContext& ctx, Cluster& cluster, const ScanRequest& request, const std::vector<Planned*>& partitions,
                                         int64_t timestamp) {
  std::vector<OffsetQuery> queries;
  for (const Planned* p : partitions) queries.push_back({p->snapshot.partition, timestamp});
  return cluster.ListOffsets(ctx, request.table.table, queries, LevelOf(request.policy.isolation));
}

Result<Snapshot> TakeSnapshot(const CallContext& ctx, Cluster& cluster, const ScanRequest& request, const TopicMetadata& topic) {
  Snapshot snapshot;
  snapshot.topic = topic.name;
  snapshot.topic_id = TopicIdText(topic.id);
  snapshot.isolation = request.policy.isolation;
  if (topic.partitions.size() > Snapshot::kMaxPartitions) {
    return Status::CapacityError("topic '", topic.name, "': more than ", Snapshot::kMaxPartitions, " partitions");
  }
  const size_t count = topic.partitions.size();
  std::vector<OffsetQuery> queries;
  // Ends first: what is written between the two rounds is not in the snapshot.
  for (const PartitionMetadata& p : topic.partitions) queries.push_back({p.id, kafka_protocol::kLatestTimestamp});
  for (const PartitionMetadata& p : topic.partitions) queries.push_back({p.id, kafka_protocol::kEarliestTimestamp});
  if (request.as_of_ms.has_value()) {
    for (const PartitionMetadata& p : topic.partitions) queries.push_back({p.id, *request.as_of_ms});
  }
  LOTIC_ASSIGN_OR_RETURN(const std::vector<OffsetAnswer> answers, cluster.ListOffsets(ctx, topic.name, queries, LevelOf(request.policy.isolation)));
  for (size_t i = 0; i < count; ++i) {
    SnapshotPartition p;
    p.partition = topic.partitions[i].id;
    p.end = std::max<int64_t>(answers[i].offset, 0);
    p.start = std::clamp<int64_t>(answers[count + i].offset, 0, p.end);
    // Retention may have passed an open transaction: the log then starts behind the last stable offset, and nothing is visible.
    if (request.as_of_ms.has_value() && answers[2 * count + i].offset >= 0) {
      p.end = std::clamp(answers[2 * count + i].offset, p.start, p.end);
    }
    p.leader_epoch = std::max(answers[i].leader_epoch, topic.partitions[i].leader_epoch);
    snapshot.partitions.push_back(p);
  }
  return snapshot;
}

/// A token is good if the topic is the same one and still holds what the snapshot saw.
Status CheckSnapshot(const CallContext& ctx, Cluster& cluster, const ScanRequest& request, const Snapshot& snapshot, const TopicMetadata& topic) {
  if (snapshot.topic != topic.name) {
    return Status::Invalid("the snapshot token is one of topic '", snapshot.topic, "', not of '", topic.name, "'");
  }
  if (snapshot.isolation != request.policy.isolation) {
    return Status::Invalid("topic '", topic.name, "': the snapshot was taken with isolation.level=", IsolationName(snapshot.isolation),
                           " and cannot be read with ", IsolationName(request.policy.isolation));
  }
  const std::string id = TopicIdText(topic.id);
  if (!snapshot.topic_id.empty() && !id.empty() && snapshot.topic_id != id) {
    return Status::DataLoss("topic '", topic.name, "' was deleted and created again since the snapshot: its id was ", snapshot.topic_id, " and is ", id);
  }
  std::vector<OffsetQuery> ends;
  std::vector<EpochQuery> epochs;
  for (const SnapshotPartition& p : snapshot.partitions) {
    if (topic.Find(p.partition) == nullptr) {
      return Status::DataLoss("topic '", topic.name, "' has no partition ", p.partition, " any more; the snapshot has one");
    }
    ends.push_back({p.partition, kafka_protocol::kLatestTimestamp});
    if (p.leader_epoch >= 0) epochs.push_back({p.partition, p.leader_epoch});
  }
  LOTIC_ASSIGN_OR_RETURN(const std::vector<OffsetAnswer> now, cluster.ListOffsets(ctx, topic.name, ends, kafka_protocol::IsolationLevel::kReadUncommitted));
  for (size_t i = 0; i < now.size(); ++i) {
    const SnapshotPartition& p = snapshot.partitions[i];
    if (now[i].offset < p.end) {
      return Status::DataLoss("topic '", topic.name, "', partition ", p.partition, ": the log was truncated: it ends at offset ", now[i].offset,
                              ", the snapshot at ", p.end);
    }
  }
  const Result<std::vector<EpochAnswer>> ends_of_epochs = cluster.EpochEnds(ctx, topic.name, epochs);
  if (!ends_of_epochs.ok()) {  // brokers that cannot or may not tell: the ends above are what is known
    const StatusCode code = ends_of_epochs.status().code();
    return code == StatusCode::kNotImplemented || code == StatusCode::kUnauthorized ? Status::OK() : ends_of_epochs.status();
  }
  for (size_t i = 0; i < epochs.size(); ++i) {
    const auto p =
        std::find_if(snapshot.partitions.begin(), snapshot.partitions.end(), [&](const SnapshotPartition& s) { return s.partition == epochs[i].partition; });
    const int64_t end = (*ends_of_epochs)[i].end_offset;
    if (end >= 0 && end < p->end) {
      return Status::DataLoss("topic '", topic.name, "', partition ", p->partition, ": the log was truncated: leader epoch ", p->leader_epoch,
                              " ends at offset ", end, ", the snapshot at ", p->end);
    }
  }
  return Status::OK();
}

/// ScanStart → where each partition begins.
Status ApplyStart(const CallContext& ctx, Cluster& cluster, const ScanRequest& request, std::vector<Planned>* planned) {
  switch (request.start.kind) {
    case ScanStart::Kind::kEarliest: return Status::OK();
    case ScanStart::Kind::kLatest:
      for (Planned& p : *planned) p.start = p.end;
      return Status::OK();
    case ScanStart::Kind::kPositions:
      for (const auto& [partition, position] : request.start.positions) {
        const Result<LogPosition> from = LogPosition::Parse("position", position.text);
        const auto at = std::find_if(planned->begin(), planned->end(), [&](const Planned& p) { return std::to_string(p.snapshot.partition) == partition; });
        if (!from.ok() || at == planned->end()) {
          return Status::Invalid("topic '", request.table.table, "': partition '", partition, "' at '", position.text, "' is no place to begin reading");
        }
        // A position that is no longer retained stays: the reader says what is lost, as the policy wants it.
        at->start = request.unbounded ? from->offset : std::min(from->offset, at->end);
        at->from = *from;
      }
      return Status::OK();
    case ScanStart::Kind::kTime: break;
  }
  if (request.start.time_ms <= 0) return Status::OK();  // 0 and below mean other things to a broker; nearly every record is later
  std::vector<Planned*> all;
  for (Planned& p : *planned) all.push_back(&p);
  LOTIC_ASSIGN_OR_RETURN(const std::vector<OffsetAnswer> answers, LookUp(ctx, cluster, request, all, request.start.time_ms));
  for (size_t i = 0; i < all.size(); ++i) {
    all[i]->start = answers[i].offset < 0 ? all[i]->end : std::clamp(answers[i].offset, all[i]->start, all[i]->end);
  }
  return Status::OK();
}

struct Place {
  int32_t partition = 0;
  int64_t offset = 0;
};

/// Which of these places hold a record that a reader at the request's isolation level sees. A look-up by time also finds transaction
/// markers, which carry the broker's clock, and records of aborted transactions: they say nothing about the times of records to come.
Result<std::vector<bool>> HoldRecords(const CallContext& ctx, const std::shared_ptr<Cluster>& cluster, const KafkaOptions& options, const ScanRequest& request,
                                      const TopicMetadata& topic, const std::vector<Place>& places) {
  std::vector<bool> hold(places.size(), false);
  if (places.empty()) return hold;
  ScanRequest probe;
  probe.table = request.table;
  probe.policy.isolation = request.policy.isolation;
  probe.policy.on_data_loss = OnDataLoss::kWarn;
  KafkaOptions narrow = options;
  narrow.client.max_partition_fetch_bytes = std::min(options.client.max_partition_fetch_bytes, kProbeBytes);
  std::vector<SplitStart> splits;
  for (const Place& place : places) {
    Split split;
    split.partition = std::to_string(place.partition);
    split.start = {std::to_string(place.offset)};
    split.end = Position{std::to_string(place.offset + 1)};
    split.properties = {{"topic", topic.name}, {"topic_id", TopicIdText(topic.id)}};
    splits.push_back({split, split.start});
  }
  LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<KafkaReader> reader, KafkaReader::Make(cluster, narrow, probe, splits));
  while (true) {
    LOTIC_ASSIGN_OR_RETURN(const ReadBatch batch, reader->Next(ctx));
    if (batch.runs.empty()) break;  // a split that failed holds nothing that is known, and its partition is not pruned
  }
  for (size_t i = 0; i < places.size(); ++i) hold[i] = reader->Certificate(static_cast<uint32_t>(i)).records.returned == 1;
  LOTIC_RETURN_NOT_OK(reader->Close(ctx));
  return hold;
}

/// What the constraints rule out.
Status Prune(const CallContext& ctx, const std::shared_ptr<Cluster>& shared_cluster, const KafkaOptions& options, const ScanRequest& request,
             const TopicMetadata& topic, const PushedFilters& pushed, PlanFor use, std::vector<Planned>* planned, TimeLookUps* looked) {
  Cluster& cluster = *shared_cluster;
  std::vector<Planned*> open;
  for (Planned& p : *planned) {
    const bool allowed = !pushed.nothing && (!pushed.partitions.has_value() ||
                                             ValueSetAllows(Type::Int64(), request.compare, *pushed.partitions, Scalar(int64_t{p.snapshot.partition})));
    const int64_t start = std::max(p.start, pushed.min_offset);
    const int64_t end = request.unbounded ? p.end : std::min(p.end, pushed.end_offset);
    if (!allowed || (request.unbounded ? start >= pushed.end_offset : start >= end)) {
      p.pruned = !allowed || p.start < p.end || request.unbounded;
      p.end = p.start;
      continue;
    }
    p.start = start;
    p.end = std::max(end, request.unbounded ? start : end);
    open.push_back(&p);
  }
  if (pushed.min_ms.has_value() && *pushed.min_ms > 0 && !open.empty()) {
    looked->asked_lower = true;
    LOTIC_ASSIGN_OR_RETURN(const std::vector<OffsetAnswer> answers, LookUp(ctx, cluster, request, open, *pushed.min_ms));
    for (size_t i = 0; i < open.size(); ++i) {
      Planned& p = *open[i];
      const int64_t from = answers[i].offset < 0 ? p.end : std::min(answers[i].offset, p.end);
      if (from > p.start) ++looked->later_starts;
      p.start = std::max(p.start, from);
      if (p.start >= p.end && !request.unbounded) p.pruned = true;
    }
    open.erase(std::remove_if(open.begin(), open.end(), [](const Planned* p) { return p->pruned; }), open.end());
  }
  if (pushed.max_ms.has_value() && request.policy.max_out_of_order_ms.has_value() && !request.unbounded && !open.empty()) {
    const int64_t slack = std::max<int64_t>(*request.policy.max_out_of_order_ms, 0);
    if (*pushed.max_ms<kMax - 1 - slack&& * pushed.max_ms + 1 + slack> 0) {
      looked->asked_upper = true;
      LOTIC_ASSIGN_OR_RETURN(const std::vector<OffsetAnswer> answers, LookUp(ctx, cluster, request, open, *pushed.max_ms + 1 + slack));
      std::vector<Planned*> later;
      std::vector<Place> places;
      for (size_t i = 0; i < open.size(); ++i) {
        if (answers[i].offset < 0 || answers[i].offset >= open[i]->end) continue;
        later.push_back(open[i]);
        places.push_back({open[i]->snapshot.partition, answers[i].offset});
      }
      if (use == PlanFor::kShowing) {
        looked->not_looked = static_cast<int64_t>(places.size());
        return Status::OK();
      }
      LOTIC_ASSIGN_OR_RETURN(const std::vector<bool> hold, HoldRecords(ctx, shared_cluster, options, request, topic, places));
      for (size_t i = 0; i < later.size(); ++i) {
        if (!hold[i]) {
          ++looked->markers;
          continue;
        }
        Planned& p = *later[i];
        ++looked->earlier_ends;
        p.end = std::max(places[i].offset, p.start);
        if (p.start >= p.end) p.pruned = true;
      }
    }
  }
  return Status::OK();
}

std::string ConstraintText(const std::string& name, const Type& type, const ValueSet& set) {
  std::string text = name;
  switch (set.kind) {
    case ValueSet::Kind::kAll: text += " is not null"; break;
    case ValueSet::Kind::kNone: text += set.null_allowed ? " is null" : " in ()"; break;
    case ValueSet::Kind::kListed:
    case ValueSet::Kind::kUnlisted: {
      text += set.kind == ValueSet::Kind::kListed ? " in (" : " not in (";
      constexpr size_t kShown = 8;
      for (size_t i = 0; i < std::min(set.values.size(), kShown); ++i) {
        text += (i == 0 ? "" : ", ") + ScalarToString(type, set.values[i]);
      }
      text += set.values.size() > kShown ? ", …)" : ")";
      break;
    }
    case ValueSet::Kind::kRanges: {
      constexpr size_t kShown = 4;
      for (size_t i = 0; i < std::min(set.ranges.size(), kShown); ++i) {
        const ValueRange& range = set.ranges[i];
        text += i == 0 ? " in " : ", ";
        text += range.low.has_value() ? (range.low_inclusive ? "[" : "(") + ScalarToString(type, *range.low) : "(";
        text += ", ";
        text += range.high.has_value() ? ScalarToString(type, *range.high) + (range.high_inclusive ? "]" : ")") : ")";
      }
      if (set.ranges.size() > kShown) text += ", …";
      break;
    }
  }
  if (set.null_allowed && set.kind != ValueSet::Kind::kNone) text += " or null";
  return text;
}

std::vector<PushedConstraint> Report(const ScanRequest& request, const PushedFilters& pushed, const TimeLookUps& looked, const std::vector<Planned>& planned) {
  std::vector<PushedConstraint> report;
  const auto total = std::to_string(planned.size());
  for (const auto& [name, set] : request.constraints.columns) {
    const Field& field = request.layout.fields[*request.layout.IndexOf(name)];
    PushedConstraint line;
    line.column = name;
    if (field.type.is_nested()) {
      line.text = name + " (nested)";
      line.reason = "nested columns are not filtered by the reader";
      report.push_back(std::move(line));
      continue;
    }
    line.text = ConstraintText(name, field.type, set);
    line.pushdown = Pushdown::kExact;
    const std::optional<MetadataColumn> column = MetadataColumnOf(field);
    if (column == MetadataColumn::kPartition) {
      line.reason = "partitions are chosen by it";
    } else if (column == MetadataColumn::kOffset) {
      line.reason = "offset ranges are clipped by it, rows filtered in the reader";
    } else if (column == MetadataColumn::kTimestamp || column == MetadataColumn::kTimestampMs) {
      line.reason = "rows are filtered in the reader";
      if (looked.asked_lower) {
        line.reason += "; offsets looked up by time: " + std::to_string(looked.later_starts) + " of " + total + " partitions begin later";
      } else if (pushed.min_ms.has_value() && *pushed.min_ms <= 0) {
        line.reason += "; a lower bound at or before 1970 cannot be looked up";
      }
      if (looked.asked_upper && looked.not_looked > 0) {
        line.reason += "; with max_out_of_order up to " + std::to_string(looked.not_looked) + " end earlier, which is looked at when the query runs";
      } else if (looked.asked_upper) {
        line.reason += "; with max_out_of_order " + std::to_string(looked.earlier_ends) + " end earlier";
        if (looked.markers > 0) line.reason += ", " + std::to_string(looked.markers) + " do not, since a transaction marker is found first";
      } else if (pushed.max_ms.has_value()) {
        line.reason += "; the upper bound prunes nothing without max_out_of_order, since later records may be older";
      }
    } else if (column.has_value()) {
      line.reason = "rows are filtered in the reader, no message is decoded for it";
    } else {
      line.reason = "rows are filtered in the decoder";
    }
    report.push_back(std::move(line));
  }
  for (const Expression& expression : request.constraints.expressions) {
    report.push_back({expression.ToString(), "", Pushdown::kNot, "expressions are not evaluated by the reader"});
  }
  if (request.limit.has_value()) {
    PushedConstraint line{"LIMIT " + std::to_string(*request.limit), "LIMIT", Pushdown::kNot, ""};
    if (pushed.limit) {
      line.pushdown = Pushdown::kHint;
      line.reason = "each reader stops after so many rows; the door counts over its readers";
    } else {
      line.reason = request.order_by.empty() ? "some filter is left to the door" : "an ORDER BY stands before it";
    }
    report.push_back(std::move(line));
  }
  if (!request.order_by.empty()) {
    report.push_back({"ORDER BY " + request.order_by[0].column + (request.order_by.size() > 1 ? ", …" : ""), "ORDER BY", Pushdown::kNot,
                      "partitions are read side by side, in log order"});
  }
  return report;
}

Estimate EstimateRead(const CallContext& ctx, Cluster& cluster, const ScanRequest& request, const MessageFacts& facts, const std::vector<Planned>& planned) {
  Estimate estimate;
  if (request.unbounded) {
    estimate.source = "endless";
    return estimate;
  }
  int64_t records = 0;
  int64_t whole = 0;
  for (const Planned& p : planned) {
    records += p.end - p.start;
    whole += std::max<int64_t>(p.snapshot.end - p.snapshot.start, 0);
  }
  estimate.records = records;
  estimate.table_records = whole;
  estimate.table_partitions = static_cast<int64_t>(planned.size());
  estimate.source = "records by offsets";
  if (records == 0) {
    estimate.bytes = 0;
    estimate.exact_rows = 0;
    return estimate;
  }
  const Result<std::map<int32_t, int64_t>> sizes = cluster.LogSizes(ctx.WithDeadline(steady_clock::now() + kLogSizesTime), request.table.table);
  if (sizes.ok()) {
    double bytes = 0;
    for (const Planned& p : planned) {
      const int64_t all = p.snapshot.end - p.snapshot.start;
      const auto size = sizes->find(p.snapshot.partition);
      if (all > 0 && size != sizes->end()) bytes += static_cast<double>(size->second) * static_cast<double>(p.end - p.start) / static_cast<double>(all);
    }
    estimate.bytes = static_cast<int64_t>(bytes);
    estimate.source += ", bytes by the log's size on disk";
  } else if (facts.document != nullptr && facts.document->sample.records > 0) {
    const SampleInfo& sample = facts.document->sample;
    estimate.bytes = static_cast<int64_t>(static_cast<double>(sample.bytes) / static_cast<double>(sample.records) * static_cast<double>(records));
    estimate.source += ", bytes by " + std::to_string(sample.records) + " sampled messages, uncompressed";
  }
  return estimate;
}

SplitCertificate LeftOut(const Planned& p) {
  SplitCertificate certificate;
  certificate.partition = std::to_string(p.snapshot.partition);
  const Position at{std::to_string(p.start)};
  certificate.planned_start = certificate.read_start = certificate.read_end = at;
  certificate.planned_end = at;
  certificate.complete = true;
  certificate.reason = p.pruned ? EndReason::kPruned : EndReason::kEnd;
  return certificate;
}

std::string PropertyOf(const LayoutPartition& partition, const char* name) {
  const auto at = partition.properties.find(name);
  return at == partition.properties.end() ? "" : at->second;
}

Result<int64_t> NumberOf(const LayoutPartition& partition, const char* name) {
  const std::string text = PropertyOf(partition, name);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return Status::Invalid("planned partition: property '", name, "' is '", text, "', not a number");
  }
  return value;
}

}  // namespace

Result<Prepared> PlanScan(const CallContext& ctx, const std::shared_ptr<Cluster>& shared_cluster, const KafkaOptions& options, const ScanRequest& request,
                          const MessageFacts& facts, PlanFor use) {
  Cluster& cluster = *shared_cluster;
  LOTIC_RETURN_NOT_OK(CheckLayout(request, facts));
  LOTIC_ASSIGN_OR_RETURN(const PushedFilters pushed, PushDown(request));
  if (request.as_of_ms.has_value() && *request.as_of_ms <= 0) {
    return Status::Invalid("topic '", request.table.table, "': AT (TIMESTAMP) must be after 1970-01-01 00:00:00 UTC");
  }
  if (request.limit.has_value() && *request.limit < 0) return Status::Invalid("LIMIT ", *request.limit, " is negative");
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const TopicMetadata> topic, cluster.Topic(ctx, request.table.table, milliseconds(0)));
  Snapshot snapshot;
  if (request.token.empty()) {
    LOTIC_ASSIGN_OR_RETURN(snapshot, TakeSnapshot(ctx, cluster, request, *topic));
  } else {
    LOTIC_ASSIGN_OR_RETURN(snapshot, Snapshot::Parse(request.token));
    LOTIC_RETURN_NOT_OK(CheckSnapshot(ctx, cluster, request, snapshot, *topic));
    if (request.as_of_ms.has_value()) return Status::Invalid("AT (VERSION) and AT (TIMESTAMP) exclude each other");
  }
  std::vector<Planned> planned;
  for (const SnapshotPartition& p : snapshot.partitions) planned.push_back({p, p.start, p.end, false});
  LOTIC_RETURN_NOT_OK(ApplyStart(ctx, cluster, request, &planned));
  TimeLookUps looked;
  LOTIC_RETURN_NOT_OK(Prune(ctx, shared_cluster, options, request, *topic, pushed, use, &planned, &looked));

  Prepared prepared;
  prepared.token = snapshot.ToToken();
  prepared.report = Report(request, pushed, looked, planned);
  LOTIC_ASSIGN_OR_RETURN(const std::string cluster_id, cluster.ClusterId(ctx));
  prepared.attributes = {{"topic", snapshot.topic}, {"cluster_id", cluster_id}, {"isolation_level", std::string(IsolationName(snapshot.isolation))}};
  const bool checks = request.policy.on_error != OnError::kNull && facts.document != nullptr;
  const bool partition_column = facts.document == nullptr || !ColumnsOf(*facts.document).partition_columns.empty();
  int64_t total = 0;
  size_t open = 0;
  for (const Planned& p : planned) {
    if (p.pruned || (!request.unbounded && p.start >= p.end)) continue;
    ++open;
    total += p.end - p.start;
  }
  for (const Planned& p : planned) {
    if (p.pruned || (!request.unbounded && p.start >= p.end)) {
      prepared.left_out.push_back(LeftOut(p));
      continue;
    }
    LayoutPartition partition;
    if (partition_column) partition.values = {Scalar(int64_t{p.snapshot.partition})};
    // Endless reading that goes on: the log must hold what was read before. Bounded reading holds the log to what it is now.
    const bool goes_on = request.unbounded && p.from.leader_epoch >= 0 && p.start == p.from.offset;
    partition.properties = {{"partition", std::to_string(p.snapshot.partition)},
                            {"start", std::to_string(p.start)},
                            {"leader_epoch", std::to_string(goes_on ? p.from.leader_epoch : p.snapshot.leader_epoch)}};
    if (!request.unbounded) {
      partition.properties["end"] = std::to_string(p.end);
      // Few partitions: cut the large ones, so that as many readers as there may be find work.
      int64_t pieces = 1;
      if (static_cast<int64_t>(open) < options.parallel_splits && !pushed.limit) {
        const double share = static_cast<double>(p.end - p.start) / static_cast<double>(std::max<int64_t>(total, 1));
        pieces = std::clamp<int64_t>(static_cast<int64_t>(share * options.parallel_splits + 0.5), 1,
                                     std::max<int64_t>((p.end - p.start) / options.min_piece_records, 1));
      }
      if (pieces > 1) partition.properties["pieces"] = std::to_string(pieces);
    }
    if (checks && facts.document->format == PayloadFormat::kJson) partition.properties["columns"] = ToJson(facts.document->columns);
    prepared.partitions.push_back(std::move(partition));
  }
  prepared.estimate = EstimateRead(ctx, cluster, request, facts, planned);
  if (options.log) {
    // An endless reader plans again and again to see where the topic ends.
    options.log(request.unbounded ? LogDetail::kRequest : LogDetail::kEvent,
                "planned topic '" + snapshot.topic + "': at most " + std::to_string(prepared.estimate.records.value_or(0)) + " records in " +
                    std::to_string(prepared.partitions.size()) + " of " + std::to_string(planned.size()) + " partitions, snapshot " + prepared.token);
  }
  return prepared;
}

Result<SplitPage> PlanSplits(const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) {
  if (request.token.empty()) return Status::Invalid("splits are those of a plan: the request carries no snapshot token");
  LOTIC_ASSIGN_OR_RETURN(const Snapshot snapshot, Snapshot::Parse(request.token));
  LOTIC_ASSIGN_OR_RETURN(const PushedFilters pushed, PushDown(request));
  size_t index = 0;
  int64_t piece = 0;
  if (!page.page_token.empty()) {  // "index of the partition.piece"
    const std::string& text = page.page_token;
    const auto first = std::from_chars(text.data(), text.data() + text.size(), index);
    const bool dot = first.ec == std::errc() && first.ptr < text.data() + text.size() && *first.ptr == '.';
    const auto second = dot ? std::from_chars(first.ptr + 1, text.data() + text.size(), piece) : first;
    if (!dot || second.ec != std::errc() || second.ptr != text.data() + text.size() || index >= partitions.size() || piece < 0) {
      return Status::Invalid("page token '", text, "' is not one of this plan");
    }
  }
  const size_t limit = static_cast<size_t>(page.max_items > 0 ? page.max_items : kDefaultSplitsPerPage);
  SplitPage made;
  for (; index < partitions.size(); ++index, piece = 0) {
    const LayoutPartition& partition = partitions[index];
    LOTIC_ASSIGN_OR_RETURN(const int64_t start, NumberOf(partition, "start"));
    Split split;
    split.partition = PropertyOf(partition, "partition");
    split.properties = {{"topic", snapshot.topic}, {"topic_id", snapshot.topic_id}};
    const std::string epoch = PropertyOf(partition, "leader_epoch");
    if (!epoch.empty() && epoch != "-1") split.properties["leader_epoch"] = epoch;
    if (const std::string columns = PropertyOf(partition, "columns"); !columns.empty()) split.properties["columns"] = columns;
    split.residual = pushed.residual;
    if (request.unbounded) {
      if (made.splits.size() == limit) {
        made.next_page = std::to_string(index) + ".0";
        return made;
      }
      split.start = {std::to_string(start)};
      made.splits.push_back(std::move(split));
      continue;
    }
    LOTIC_ASSIGN_OR_RETURN(const int64_t end, NumberOf(partition, "end"));
    int64_t pieces = 1;
    if (partition.properties.count("pieces") != 0) {
      LOTIC_ASSIGN_OR_RETURN(pieces, NumberOf(partition, "pieces"));
      pieces = std::clamp<int64_t>(pieces, 1, std::max<int64_t>(end - start, 1));
    }
    const int64_t step = (end - start) / pieces;
    for (; piece < pieces; ++piece) {
      if (made.splits.size() == limit) {
        made.next_page = std::to_string(index) + "." + std::to_string(piece);
        return made;
      }
      Split one = split;
      one.start = {std::to_string(start + piece * step)};
      one.end = Position{std::to_string(piece + 1 == pieces ? end : start + (piece + 1) * step)};
      made.splits.push_back(std::move(one));
    }
  }
  return made;
}

Result<std::vector<std::string>> TokensOfPartitions(const std::string& token, std::span<const LayoutPartition> partitions) {
  LOTIC_ASSIGN_OR_RETURN(const Snapshot whole, Snapshot::Parse(token));
  std::vector<std::string> tokens;
  for (const LayoutPartition& partition : partitions) {
    LOTIC_ASSIGN_OR_RETURN(const int64_t number, NumberOf(partition, "partition"));
    const auto at = std::lower_bound(whole.partitions.begin(), whole.partitions.end(), number,
                                     [](const SnapshotPartition& one, int64_t wanted) { return one.partition < wanted; });
    if (at == whole.partitions.end() || at->partition != number) {
      return Status::Invalid("topic '", whole.topic, "': partition ", number, " is not in the snapshot");
    }
    tokens.push_back(Snapshot{whole.topic, whole.topic_id, whole.isolation, {*at}}.ToToken());
  }
  return tokens;
}

}  // namespace lotic::kafka
