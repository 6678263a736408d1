// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "aws/aws_error.h"
#include "connector/kinesis/discovery.h"
#include "connector/kinesis/kinesis_client.h"
#include "connector/kinesis/kinesis_connector.h"
#include "connector/kinesis/put_client.h"
#include "connector/kinesis/reader.h"
#include "connector/kinesis/stream_writer.h"
#include "format/inference.h"
#include "lotic/plan_preview.h"
#include "lotic/scan_json.h"

namespace lotic::kinesis {
namespace {

constexpr const char* kSchema = "default";
constexpr size_t kMaxCachedStreams = 1'000;  // above it the cache is emptied
constexpr int64_t kMaxSampleBytes = 4 << 20;
constexpr std::chrono::milliseconds kMaxFutureEnd = std::chrono::hours(24);  // further off an end is an error, no wait
constexpr const char* kNumbersNotUsed = "numbers are used within one shard, where they are as long as its own";
constexpr size_t kConstantDigits = 40;  // from so many on, the numbers of a shard never get one more

Field ColumnField(const std::string& name) {
  Type type = name == "_arrival_timestamp" ? Type::Timestamp(TimeUnit::kMilli, true) : name == "_data" ? Type::Binary() : Type::String();
  return {name, type, {{kColumnMetadata, name}}};
}

std::string StreamColumn(const Field& field) {
  const auto at = field.metadata.find(kColumnMetadata);
  return at == field.metadata.end() ? std::string() : at->second;
}

/// kinesis1|<stream created, ms>|<end, ms>|<number of shards>|<last shard>|<ARN>; of a plan that was only shown before its end had passed, kinesis-shown1|…
struct Token {
  int64_t created_ms = 0, end_ms = 0, shards = 0;
  std::string last_shard, arn;
  bool only_shown = false;  // shards may still be made that hold records from before the end: nothing may be read by it

  std::string ToText() const {
    return (only_shown ? "kinesis-shown1|" : "kinesis1|") + std::to_string(created_ms) + "|" + std::to_string(end_ms) + "|" + std::to_string(shards) + "|" +
           last_shard + "|" + arn;
  }
  static Result<Token> Parse(std::string_view text) {
    std::vector<std::string> parts(1);
    for (const char c : text.substr(0, 4096)) {
      if (c == '|') {
        parts.emplace_back();
      } else {
        parts.back().push_back(c);
      }
    }
    Token made;
    if (parts.size() == 6) {
      int64_t* const numbers[] = {&made.created_ms, &made.end_ms, &made.shards};
      for (size_t i = 0; i < 3; ++i) std::from_chars(parts[i + 1].data(), parts[i + 1].data() + parts[i + 1].size(), *numbers[i]);
      made.last_shard = parts[4];
      made.arn = parts[5];
      made.only_shown = parts[0] == "kinesis-shown1";
    }
    if (made.ToText() != text) return Status::Invalid("snapshot token '", text.substr(0, 100), "' is not one of a Kinesis stream");
    return made;
  }
  Status CheckReadable() const {
    if (!only_shown) return Status::OK();
    return Status::Invalid("snapshot token '", ToText().substr(0, 100),
                           "' is of a plan that was only shown, before its end had passed: no snapshot yet; a query that ran has one in its certificate");
  }
};

/// What a request's constraints say. A function of the request alone.
struct Pushed {
  std::optional<int64_t> low_ms, high_ms;  // inclusive
  std::optional<ValueSet> shards;
  std::optional<std::string> low_number, high_number;  // inclusive; of sequence numbers, in the order of texts
  bool nothing = false;
  bool limit = false;
  Constraints residual;
  std::vector<PushedConstraint> report;
};

Result<Pushed> PushDown(const ScanRequest& request) {
  Pushed pushed;
  pushed.residual.expressions = request.constraints.expressions;
  for (const auto& [name, set] : request.constraints.columns) {
    const std::optional<size_t> index = request.layout.IndexOf(name);
    if (!index) return Status::Invalid("a constraint names column '", name, "', which the layout lacks");
    const Field& field = request.layout.fields[*index];
    const std::string column = StreamColumn(field);
    PushedConstraint line{name, name, Pushdown::kNot, "left to the door"};
    if (column == "_arrival_timestamp" || column == "_shard_id") {
      ValueSet normal = set;
      LOTIC_RETURN_NOT_OK(NormalizeValueSet(field.type, request.compare, &normal));
      line.pushdown = Pushdown::kExact;
      const std::optional<ValueRange> hull = HullOf(field.type, request.compare, normal);
      if (!hull) pushed.nothing = true;  // neither is ever NULL
      if (column == "_shard_id") {
        line.reason = "other shards are not read";
        pushed.shards = normal;
      } else {
        line.reason = "reading begins there; each record is checked";
        if (hull && hull->low) pushed.low_ms = std::get<int64_t>(*hull->low);
        if (hull && hull->high) pushed.high_ms = std::get<int64_t>(*hull->high);
      }
    } else {
      pushed.residual.columns.emplace(name, set);
    }
    if (column == "_sequence_number") {
      ValueSet normal = set;
      LOTIC_RETURN_NOT_OK(NormalizeValueSet(field.type, request.compare, &normal));
      const std::optional<ValueRange> hull = HullOf(field.type, request.compare, normal);
      if (!hull) pushed.nothing = true;
      if (hull && hull->low) pushed.low_number = std::get<std::string>(*hull->low);
      if (hull && hull->high) pushed.high_number = std::get<std::string>(*hull->high);
      line.reason = kNumbersNotUsed;
    }
    pushed.report.push_back(std::move(line));
  }
  for (const Expression& expression : request.constraints.expressions) {
    pushed.report.push_back({expression.ToString(), "", Pushdown::kNot, "expressions are not evaluated by the reader"});
  }
  pushed.limit = request.limit.has_value() && pushed.residual.empty() && request.order_by.empty();
  if (request.limit) {
    pushed.report.push_back({"LIMIT " + std::to_string(*request.limit), "LIMIT", pushed.limit ? Pushdown::kHint : Pushdown::kNot,
                             pushed.limit ? "each reader stops after so many rows" : "a filter or an ORDER BY is left to the door"});
  }
  if (!request.order_by.empty()) pushed.report.push_back({"ORDER BY", "ORDER BY", Pushdown::kNot, "shards are read side by side"});
  return pushed;
}

class Impl final : public Connector, public SplitDiscovery, public TableSink, public PlanPreview {
 public:
  Impl(std::unique_ptr<aws::JsonClient> json, std::shared_ptr<PutClient> puts, const aws::RetryClock& clock, KinesisOptions options)
      : options_(std::move(options)), client_(std::make_shared<KinesisClient>(std::move(json), clock)), puts_(std::move(puts)) {}

  std::string type_name() const override { return "kinesis"; }
  Result<std::vector<std::string>> ListSchemas(const CallContext&) override { return std::vector<std::string>{kSchema}; }

  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(ResolveName("schema", schema, {kSchema}).status());
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> names, Sourced(client_->ListStreams(ctx)));
    TablePage made;
    const size_t limit = page.max_items > 0 ? static_cast<size_t>(page.max_items) : 1'000;
    auto at = page.page_token.empty() ? names.begin() : std::upper_bound(names.begin(), names.end(), page.page_token);
    for (; at != names.end() && made.tables.size() < limit; ++at) made.tables.push_back({kSchema, *at});
    if (at != names.end()) made.next_page = made.tables.back().table;
    return made;
  }

  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override {
    LOTIC_RETURN_NOT_OK(ResolveName("schema", name.schema, {kSchema}).status());
    LOTIC_ASSIGN_OR_RETURN(const StreamSummary stream, Find(ctx, name.table));
    LOTIC_ASSIGN_OR_RETURN(const Sampled sampled, Columns(ctx, stream));
    TableInfo info;
    info.name = {kSchema, stream.name};
    const bool raw = sampled.document.format == PayloadFormat::kRaw;
    if (!raw) info.schema = sampled.document.columns;
    for (const char* const column : {"_partition_key", "_data", "_arrival_timestamp", "_shard_id", "_sequence_number"}) {
      bool taken = false;
      for (const Field& field : sampled.document.columns.fields) taken = taken || (!raw && ResolveName("column", field.name, {column}).ok());
      if (taken) continue;
      const bool shown = raw && (std::string_view(column) == "_partition_key" || std::string_view(column) == "_data");
      (shown ? info.schema : info.hidden).fields.push_back(ColumnField(column));
      if (std::string_view(column) == "_shard_id") info.partition_columns = {"_shard_id"};
    }
    info.snapshot = SnapshotKind::kTime;
    info.dense_positions = false;
    info.roles = {Role::kBoundedScan, Role::kRemotePlanner, Role::kEndless};
    info.properties = {{"format", std::string(PayloadFormatName(sampled.document.format))}, {"stream_arn", stream.arn}, {"stream_status", stream.status}};
    info.notes.push_back((raw ? "no columns inferred from " : "JSON; columns inferred from ") + std::to_string(sampled.document.sample.records) +
                         " records of " + std::to_string(sampled.shards) + " shards");
    if (sampled.throttles > 0) info.notes.push_back("throttled: the service refused " + std::to_string(sampled.throttles) + " calls of the sample as too many");
    return info;
  }

  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override { return Plan(ctx, request, PlanFor::kReading); }
  Result<Prepared> Preview(const CallContext& ctx, const ScanRequest& request) override { return Plan(ctx, request, PlanFor::kShowing); }

  enum class PlanFor : uint8_t { kReading, kShowing };
  /// Prepare and Preview.
  Result<Prepared> Plan(const CallContext& ctx, const ScanRequest& request, PlanFor use) {
    LOTIC_RETURN_NOT_OK(ctx.Check("planning a Kinesis scan"));
    LOTIC_ASSIGN_OR_RETURN(const Pushed pushed, PushDown(request));
    LOTIC_ASSIGN_OR_RETURN(const StreamSummary stream, Sourced(client_->Describe(ctx, request.table.table)));
    if (stream.status == "CREATING" || stream.status == "DELETING")
      return Status::Invalid("stream '", stream.name, "' cannot be read while it is ", stream.status);
    if (request.unbounded) return PrepareEndless(ctx, request, pushed, stream);
    Token token;
    const bool repeat = !request.token.empty();
    if (repeat) {
      LOTIC_ASSIGN_OR_RETURN(token, Token::Parse(request.token));
      LOTIC_RETURN_NOT_OK(CheckSameStream(stream, token.arn, token.created_ms));
      if (use == PlanFor::kReading) LOTIC_RETURN_NOT_OK(token.CheckReadable());
    } else {
      LOTIC_ASSIGN_OR_RETURN(const int64_t end_ms, FixEnd(ctx, request, use));
      token = {stream.created_ms, end_ms, 0, "", stream.arn};
      token.only_shown = client_->time().EarliestMs(client_->clock().Now()) < end_ms;
    }
    LOTIC_ASSIGN_OR_RETURN(std::vector<Shard> shards, Sourced(client_->ListShards(ctx, stream.name, std::nullopt)));
    if (repeat) std::erase_if(shards, [&](const Shard& shard) { return shard.id > token.last_shard; });
    if (!repeat) {
      token.shards = static_cast<int64_t>(shards.size());
      token.last_shard = shards.empty() ? "" : shards.back().id;
    } else if (static_cast<int64_t>(shards.size()) < token.shards) {
      return Status::DataLoss("stream '", stream.name, "': the snapshot has ", token.shards, " shards, of which ", shards.size(), " are still kept");
    }
    std::optional<int64_t> start_ms = pushed.low_ms;
    LOTIC_RETURN_NOT_OK(CheckPositions(request));
    if (request.start.kind == ScanStart::Kind::kTime) start_ms = std::max(start_ms.value_or(request.start.time_ms), request.start.time_ms);
    if (request.start.kind == ScanStart::Kind::kLatest) start_ms = token.end_ms;
    if (start_ms && *start_ms <= 0) start_ms.reset();  // nothing arrived before 1970
    int64_t end_ms = token.end_ms;
    if (pushed.high_ms && *pushed.high_ms < end_ms) end_ms = std::max<int64_t>(*pushed.high_ms + 1, 0);
    // Since the snapshot was planned, the service may have dropped what was then its oldest: a gap that can be named and not counted.
    std::string kept_from;
    if (repeat && stream.retention_hours > 0) {
      const int64_t horizon_ms = client_->time().LatestMs(client_->clock().Now()).value_or(token.end_ms) - stream.retention_hours * 3'600'000;
      if (horizon_ms > stream.created_ms && (!start_ms || *start_ms < horizon_ms)) kept_from = std::to_string(horizon_ms);
    }
    std::optional<std::vector<Shard>> recent;
    if (start_ms && *start_ms > options_.grace.count() && *start_ms < end_ms) {
      Result<std::vector<Shard>> listed = client_->ListShards(ctx, stream.name, *start_ms - options_.grace.count());
      if (listed.ok()) {
        recent = std::move(*listed);
      } else if (listed.status().code() != StatusCode::kInvalid) {  // Invalid: older than what is retained, which prunes nothing
        return aws::ToSourceStatus(listed.status());
      }
    }
    Prepared made;
    made.token = token.ToText();
    made.report = pushed.report;
    if (token.only_shown) {
      made.report.push_back({"end", "", Pushdown::kHint,
                             request.as_of_ms ? "the shards are listed again when the query runs and its end has passed"
                                              : "it, and the shards up to it, are fixed when the query runs"});
    }
    made.estimate.source = "none: Kinesis does not tell";
    made.estimate.table_partitions = static_cast<int64_t>(shards.size());
    made.attributes = {{"stream", stream.name}, {"stream_arn", stream.arn}, {"end_ms", std::to_string(token.end_ms)}};
    made.partition_word = "shard";
    LOTIC_ASSIGN_OR_RETURN(const std::string columns, CheckedColumns(ctx, request, stream));
    ShardPosition start;
    if (start_ms) start = {ShardPosition::Kind::kTime, std::max<int64_t>(*start_ms - options_.grace.count(), 0), ""};
    const ShardPosition end{ShardPosition::Kind::kTime, end_ms, ""};
    const auto wanted = [&](const Shard& shard) {
      return !pushed.nothing && end_ms > 0 && (!start_ms || *start_ms < end_ms) && Allowed(request, pushed, shard) &&
             (!recent || std::any_of(recent->begin(), recent->end(), [&](const Shard& s) { return s.id == shard.id; }));
    };
    const bool alone = (pushed.low_number || pushed.high_number) && std::count_if(shards.begin(), shards.end(), wanted) == 1;
    for (const Shard& shard : shards) {
      if (!wanted(shard)) {
        SplitCertificate left;
        left.partition = shard.id;
        left.planned_start = left.read_start = left.read_end = {end.ToText()};
        left.planned_end = Position{end.ToText()};
        left.complete = true;
        left.reason = EndReason::kPruned;
        made.left_out.push_back(std::move(left));
        continue;
      }
      LayoutPartition partition;
      partition.values = {Scalar(shard.id)};
      partition.properties = ShardProperties(stream, shard, columns);
      partition.properties["shard"] = shard.id;
      const NumberBounds numbers = alone ? BoundsWithin(pushed, shard) : NumberBounds();
      partition.properties["start"] = StartOf(request, shard.id, numbers.begin.empty() ? start : ShardPosition{ShardPosition::Kind::kAt, 0, numbers.begin});
      if (!numbers.stop.empty()) partition.properties["stop_number"] = numbers.stop;
      for (PushedConstraint& line : made.report) {
        if (line.reason != kNumbersNotUsed || (numbers.begin.empty() && numbers.stop.empty())) continue;
        line.pushdown = Pushdown::kHint;
        line.reason = "reading begins there, or stops";
      }
      partition.properties["end"] = end.ToText();
      if (start_ms) partition.properties["start_ms"] = std::to_string(*start_ms);
      if (!kept_from.empty()) partition.properties["kept_from_ms"] = kept_from;
      made.partitions.push_back(std::move(partition));
    }
    return made;
  }

  Result<SplitPage> Splits(const CallContext&, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(CheckToken(request));
    LOTIC_ASSIGN_OR_RETURN(const Pushed pushed, PushDown(request));
    size_t at = 0;
    const auto parsed = std::from_chars(page.page_token.data(), page.page_token.data() + page.page_token.size(), at);
    if (!page.page_token.empty() && (parsed.ec != std::errc() || at > partitions.size()))
      return Status::Invalid("page token '", page.page_token.substr(0, 40), "' is not one of these splits");
    SplitPage made;
    const size_t limit = page.max_items > 0 ? static_cast<size_t>(page.max_items) : 1'000;
    for (; at < partitions.size() && made.splits.size() < limit; ++at) {
      std::map<std::string, std::string> properties = partitions[at].properties;
      Split split;
      split.partition = properties["shard"];
      split.start = {properties["start"]};
      if (!request.unbounded) split.end = Position{properties["end"]};
      for (const char* const used : {"shard", "start", "end"}) properties.erase(used);
      split.properties = std::move(properties);
      split.residual = pushed.residual;
      made.splits.push_back(std::move(split));
    }
    if (at < partitions.size()) made.next_page = std::to_string(at);
    return made;
  }

  Result<std::unique_ptr<Reader>> Open(const CallContext&, const ScanRequest& request, std::span<const SplitStart> splits) override {
    LOTIC_RETURN_NOT_OK(CheckToken(request));
    if (!request.unbounded) LOTIC_RETURN_NOT_OK(Token::Parse(request.token)->CheckReadable());
    LOTIC_ASSIGN_OR_RETURN(const Pushed pushed, PushDown(request));
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<KinesisReader> reader, KinesisReader::Make(client_, options_, request, pushed.limit, splits));
    return std::unique_ptr<Reader>(std::move(reader));
  }

  Result<Discovered> Discover(const CallContext& ctx, const ScanRequest& request, const DiscoveryState& state, std::span<const Split> ended) override {
    if (!request.unbounded) return Status::Invalid("only endless reading discovers shards");
    LOTIC_ASSIGN_OR_RETURN(const EndlessToken token, EndlessToken::Parse(request.token));
    LOTIC_ASSIGN_OR_RETURN(const Pushed pushed, PushDown(request));
    StreamLineage lineage = token.lineage;
    if (!state.text.empty()) {
      LOTIC_ASSIGN_OR_RETURN(lineage, StreamLineage::Parse(state.text));
    }
    LOTIC_ASSIGN_OR_RETURN(const StreamSummary stream, Sourced(client_->Describe(ctx, request.table.table)));
    LOTIC_RETURN_NOT_OK(CheckSameStream(stream, lineage.arn, lineage.created_ms));
    LOTIC_ASSIGN_OR_RETURN(const std::vector<Shard> shards, Sourced(client_->ListShards(ctx, stream.name, std::nullopt)));
    for (const Split& split : ended) lineage.finished.insert(split.partition);
    LOTIC_ASSIGN_OR_RETURN(const std::vector<Shard> readable, lineage.Advance(shards, [&](const Shard& shard) { return Allowed(request, pushed, shard); }));
    LOTIC_ASSIGN_OR_RETURN(const std::string columns, CheckedColumns(ctx, request, stream));
    Discovered found;
    for (const Shard& shard : readable) {
      Split split;
      split.partition = shard.id;
      split.properties = ShardProperties(stream, shard, columns);
      ShardPosition start;
      // A shard that is younger than the plan holds nothing that came before it; what began at a time begins there in every shard.
      if (token.start_ms && (shard.id <= token.lineage.last_shard || request.start.kind == ScanStart::Kind::kTime)) {
        start = StartAt(token.start_ms);
        split.properties["start_ms"] = std::to_string(*token.start_ms);
      }
      split.start = {StartOf(request, shard.id, start)};
      split.residual = pushed.residual;
      found.splits.push_back(std::move(split));
    }
    found.state.text = lineage.ToText();
    if (found.state.text.size() > kMaxStateBytes)
      return Status::CapacityError("stream '", stream.name, "': what is known of its shards takes more than ", kMaxStateBytes, " bytes");
    return found;
  }

  Result<Schema> WritableColumns(const CallContext& ctx, const TableName& table) override {
    LOTIC_RETURN_NOT_OK(ResolveName("schema", table.schema, {kSchema}).status());
    LOTIC_ASSIGN_OR_RETURN(const StreamSummary stream, Find(ctx, table.table));
    return PlainStream(stream.name).columns;
  }

  Result<std::unique_ptr<TableWriter>> OpenWriter(const CallContext& ctx, const WriteRequest& request) override {
    LOTIC_RETURN_NOT_OK(ResolveName("schema", request.table.schema, {kSchema}).status());
    LOTIC_ASSIGN_OR_RETURN(const StreamSummary stream, Find(ctx, request.table.table));
    return OpenStreamWriter(ctx, puts_, PlainStream(stream.name), request);
  }

 private:
  /// The end of a bounded plan. When it returns, that end has passed by the service's clock: a shard that is listed from now on, or made, holds nothing before it but what the list shows.
  /// A plan that is only shown does not wait for that.
  Result<int64_t> FixEnd(const CallContext& ctx, const ScanRequest& request, PlanFor use) {
    // The latest that the service's time can be: every record acknowledged before now lies before it.
    const std::optional<int64_t> latest = client_->time().LatestMs(client_->clock().Now());
    if (!latest) return Status::IOError("kinesis: no answer of the service carries a Date, so that no end can be fixed");
    const int64_t end_ms = request.as_of_ms.value_or(*latest);
    if (end_ms > *latest && end_ms - *latest > kMaxFutureEnd.count()) {
      return Status::Invalid("AT (TIMESTAMP): ", end_ms, " ms lies in the future of the service, by more than the ", kMaxFutureEnd.count() / 3'600'000,
                             " hours that a read waits for its end");
    }
    if (request.start.kind == ScanStart::Kind::kTime && request.start.time_ms > *latest && request.start.time_ms >= end_ms) {
      return Status::Invalid("the read of stream '", request.table.table, "' begins at ", request.start.time_ms,
                             " ms, in the future of the service, and ends at ", end_ms,
                             " ms: nothing can be there yet; give it a later end (AT (TIMESTAMP …), 'scan.bounded.timestamp'), which is waited for");
    }
    if (use == PlanFor::kShowing) return end_ms;
    for (int64_t earliest = *client_->time().EarliestMs(client_->clock().Now()); earliest < end_ms;
         earliest = *client_->time().EarliestMs(client_->clock().Now())) {
      const Status waited = client_->clock().Wait(ctx, std::chrono::milliseconds(end_ms - earliest));
      if (!waited.ok()) return waited.WithMessage("waiting until the end at ", end_ms, " ms has passed, before the shards are listed: ", waited.message());
    }
    return end_ms;
  }

  struct Sampled {
    SchemaDocument document;
    size_t shards = 0;
    int64_t throttles = 0;  // calls refused as too many
    MonoTime at;
  };

  /// An endless plan: the shards whose parents need not be read before them. The others come by Discover.
  Result<Prepared> PrepareEndless(const CallContext& ctx, const ScanRequest& request, const Pushed& pushed, const StreamSummary& stream) {
    if (request.as_of_ms) return Status::Invalid("AT (TIMESTAMP) gives a read an end, and this one has none");
    LOTIC_RETURN_NOT_OK(CheckPositions(request));
    const auto wanted = [&](const Shard& shard) { return Allowed(request, pushed, shard); };
    EndlessToken token;
    std::vector<Shard> shards, readable;
    if (!request.token.empty()) {
      LOTIC_ASSIGN_OR_RETURN(token, EndlessToken::Parse(request.token));
      LOTIC_RETURN_NOT_OK(CheckSameStream(stream, token.lineage.arn, token.lineage.created_ms));
      LOTIC_ASSIGN_OR_RETURN(shards, Sourced(client_->ListShards(ctx, stream.name, std::nullopt)));
      for (const Shard& shard : shards) {
        const bool planned = shard.id <= token.lineage.last_shard && token.lineage.pending.count(shard.id) == 0 && token.lineage.finished.count(shard.id) == 0;
        if (planned && wanted(shard)) readable.push_back(shard);
      }
    } else {
      // The earliest that the service's time can be: nothing put from now on lies before it. No position may lie in the future.
      const std::optional<int64_t> now_ms = client_->time().EarliestMs(client_->clock().Now());
      if (!now_ms) return Status::IOError("kinesis: no answer of the service carries a Date, so that no start can be fixed");
      token.start_ms = pushed.low_ms;
      if (request.start.kind == ScanStart::Kind::kTime) token.start_ms = std::max(token.start_ms.value_or(request.start.time_ms), request.start.time_ms);
      if (request.start.kind == ScanStart::Kind::kLatest) token.start_ms = std::max(token.start_ms.value_or(*now_ms), *now_ms);
      if (token.start_ms && *token.start_ms <= options_.grace.count()) token.start_ms.reset();
      token.lineage.arn = stream.arn;
      token.lineage.created_ms = stream.created_ms;
      LOTIC_ASSIGN_OR_RETURN(shards, Sourced(client_->ListShards(ctx, stream.name, std::nullopt)));
      if (token.start_ms) {
        const Result<std::vector<Shard>> recent = client_->ListShards(ctx, stream.name, std::min(*token.start_ms, *now_ms) - options_.grace.count());
        if (recent.ok()) {
          std::set<std::string> ids;
          for (const Shard& shard : *recent) ids.insert(shard.id);
          for (const Shard& shard : shards) {
            if (ids.count(shard.id) == 0) token.lineage.finished.insert(shard.id);
          }
        } else if (recent.status().code() != StatusCode::kInvalid) {  // Invalid: older than what is retained, which prunes nothing
          return aws::ToSourceStatus(recent.status());
        }
      }
      if (request.start.kind == ScanStart::Kind::kPositions) {
        // A shard that has a position was begun, so that all its ancestors had been read.
        std::set<std::string> begun;
        for (const auto& [shard, position] : request.start.positions) {
          begun.insert(shard);
          if (ShardPosition::Parse(position.text).ValueOrDie().kind == ShardPosition::Kind::kShardEnd) token.lineage.finished.insert(shard);
        }
        token.lineage.finished.merge(AncestorsOf(begun, shards));
      }
      LOTIC_ASSIGN_OR_RETURN(readable, token.lineage.Advance(shards, wanted));
    }
    Prepared made;
    made.token = token.ToText();
    if (made.token.size() > kMaxStateBytes)
      return Status::CapacityError("stream '", stream.name, "': what is known of its shards takes more than ", kMaxStateBytes, " bytes");
    made.report = pushed.report;
    made.estimate.source = "none: Kinesis does not tell";
    made.estimate.table_partitions = static_cast<int64_t>(shards.size());
    made.attributes = {{"stream", stream.name}, {"stream_arn", stream.arn}};
    made.partition_word = "shard";
    LOTIC_ASSIGN_OR_RETURN(const std::string columns, CheckedColumns(ctx, request, stream));
    for (const Shard& shard : readable) {
      LayoutPartition partition;
      partition.values = {Scalar(shard.id)};
      partition.properties = ShardProperties(stream, shard, columns);
      partition.properties["shard"] = shard.id;
      partition.properties["start"] = StartOf(request, shard.id, StartAt(token.start_ms));
      if (token.start_ms) partition.properties["start_ms"] = std::to_string(*token.start_ms);
      made.partitions.push_back(std::move(partition));
    }
    return made;
  }

  static Status CheckToken(const ScanRequest& request) {
    return request.unbounded ? EndlessToken::Parse(request.token).status() : Token::Parse(request.token).status();
  }

  static Status CheckPositions(const ScanRequest& request) {
    if (request.start.kind != ScanStart::Kind::kPositions) return Status::OK();
    for (const auto& [shard, position] : request.start.positions) {
      const Status parsed = ShardPosition::Parse(position.text).status();
      if (!parsed.ok()) return parsed.WithMessage("start of shard '", shard.substr(0, 128), "': ", parsed.message());
    }
    return Status::OK();
  }

  static Status CheckSameStream(const StreamSummary& stream, const std::string& arn, int64_t created_ms) {
    if (arn == stream.arn && created_ms == stream.created_ms) return Status::OK();
    return Status::DataLoss("stream '", stream.name, "' is not the one of the snapshot token: it was deleted and created again, or is another one (", arn,
                            " was created at ", CreationText(created_ms), ", ", stream.arn, " at ", CreationText(stream.created_ms), ")");
  }

  /// What constraints on sequence numbers say of a shard that is read alone; "": nothing.
  struct NumberBounds {
    std::string begin, stop;  // inclusive
  };
  static NumberBounds BoundsWithin(const Pushed& pushed, const Shard& shard) {
    NumberBounds made;
    // A number is text to SQL. What lies in front of a bound that is as long as the shard's first number is as long itself, and in front of it as text, too.
    const auto usable = [&](const std::optional<std::string>& number) {
      return number && !number->empty() && number->size() == shard.first_sequence.size() && number->find_first_not_of("0123456789") == std::string::npos;
    };
    if (usable(pushed.low_number) && *pushed.low_number > shard.first_sequence) {
      made.begin = *pushed.low_number;
      if (shard.last_sequence.size() == made.begin.size()) made.begin = std::min(made.begin, shard.last_sequence);  // the service takes none beyond
    }
    if (usable(pushed.high_number) && pushed.high_number->size() >= kConstantDigits) made.stop = *pushed.high_number;
    return made;
  }

  static bool Allowed(const ScanRequest& request, const Pushed& pushed, const Shard& shard) {
    return !pushed.nothing && (!pushed.shards || ValueSetAllows(Type::String(), request.compare, *pushed.shards, Scalar(shard.id)));
  }

  /// The position that the request gives for a shard, or `otherwise`.
  static std::string StartOf(const ScanRequest& request, const std::string& shard, const ShardPosition& otherwise) {
    const auto at = request.start.positions.find(shard);
    return request.start.kind == ScanStart::Kind::kPositions && at != request.start.positions.end() ? at->second.text : otherwise.ToText();
  }

  /// Where to ask from, so that all records since `start_ms` come: earlier by the grace, and never in the service's future, which it refuses.
  ShardPosition StartAt(std::optional<int64_t> start_ms) const {
    if (!start_ms) return {};
    const int64_t now_ms = client_->time().EarliestMs(client_->clock().Now()).value_or(*start_ms);
    return {ShardPosition::Kind::kTime, std::max<int64_t>(std::min(*start_ms, now_ms) - options_.grace.count(), 0), ""};
  }

  static std::map<std::string, std::string> ShardProperties(const StreamSummary& stream, const Shard& shard, const std::string& columns) {
    std::map<std::string, std::string> properties = {{"stream_arn", stream.arn}, {"stream_created_ms", std::to_string(stream.created_ms)}};
    if (!shard.last_sequence.empty()) properties["last_sequence"] = shard.last_sequence;
    if (!columns.empty()) properties["columns"] = columns;
    std::string parents;
    for (const std::string& parent : shard.parents) parents += (parents.empty() ? "" : ",") + parent;
    if (!parents.empty()) properties["parents"] = parents;
    return properties;
  }

  /// The columns that a record must fit, where the policy asks for it; else "".
  Result<std::string> CheckedColumns(const CallContext& ctx, const ScanRequest& request, const StreamSummary& stream) {
    if (request.policy.on_error == OnError::kNull) return std::string();
    LOTIC_ASSIGN_OR_RETURN(const Sampled sampled, Columns(ctx, stream));
    return sampled.document.format == PayloadFormat::kJson ? lotic::ToJson(sampled.document.columns) : std::string();
  }

  template <typename T>
  static Result<T> Sourced(Result<T> result) {
    return result.ok() ? std::move(result) : Result<T>(aws::ToSourceStatus(result.status()));
  }

  /// By its exact name without listing, so that a role without ListStreams can read; else as names are resolved everywhere.
  Result<StreamSummary> Find(const CallContext& ctx, const std::string& name) {
    Result<StreamSummary> exact = client_->Describe(ctx, name);
    if (exact.ok() || exact.status().code() != StatusCode::kNotFound) return Sourced(std::move(exact));
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> names, Sourced(client_->ListStreams(ctx)));
    LOTIC_ASSIGN_OR_RETURN(const size_t index, ResolveName("stream", name, names));
    return Sourced(client_->Describe(ctx, names[index]));
  }

  /// The first records of a shard from `from`. An iterator that expires on the way is replaced once; a call refused as too many is made again until `patience` is over,
  /// and counted in `throttles`; other failures of the service are tried kMaxFailuresInARow times.
  Result<RecordPage> SamplePage(const CallContext& ctx, const std::string& arn, const std::string& shard, const ShardPosition& from, int64_t limit,
                                MonoTime patience, int64_t* throttles) {
    std::string iterator;
    bool replaced = false;
    for (int failures = 0, in_a_row = 0;; ++in_a_row) {
      Status failure;
      if (iterator.empty()) {
        Result<std::string> made = client_->GetIterator(ctx, arn, shard, from);
        failure = made.status();
        if (made.ok()) iterator = *std::move(made);
      }
      if (failure.ok()) {
        MonoTime now = client_->clock().Now();
        for (MonoTime free; (free = client_->pace().TryCall(arn + "/" + shard, now)) > now; now = client_->clock().Now()) {
          LOTIC_RETURN_NOT_OK(client_->clock().Wait(ctx, std::chrono::ceil<std::chrono::milliseconds>(free - now)));
        }
        Result<RecordPage> page = client_->GetRecords(ctx, arn, iterator, limit);
        if (page.ok()) {
          client_->pace().Received(arn + "/" + shard, client_->clock().Now(), page->bytes);
          return page;
        }
        failure = page.status();
      }
      LOTIC_RETURN_NOT_OK(ctx.Check("sampling a Kinesis stream"));
      const aws::AwsError* const error = aws::AwsError::From(failure);
      if (error != nullptr && error->code == "ExpiredIteratorException" && !std::exchange(replaced, true)) {
        iterator.clear();
        continue;
      }
      if (failure.code() == StatusCode::kThrottled) {
        ++*throttles;
        if (client_->clock().Now() >= patience) return failure;
      } else if (!aws::IsRetryable(failure) || ++failures >= kMaxFailuresInARow) {
        return failure;
      }
      const int64_t cap_ms = std::min<int64_t>(int64_t{200} << std::min(in_a_row, 5), 5'000);
      LOTIC_RETURN_NOT_OK(client_->clock().Wait(ctx, std::chrono::milliseconds(static_cast<int64_t>(static_cast<double>(cap_ms) * client_->clock().Random()))));
    }
  }

  Result<Sampled> Columns(const CallContext& ctx, const StreamSummary& stream) {
    const std::string key = stream.arn + "@" + std::to_string(stream.created_ms);
    const MonoTime begun = client_->clock().Now();
    {
      const std::lock_guard lock(mutex_);
      const auto at = sampled_.find(key);
      if (at != sampled_.end() && begun - at->second.at < options_.cache_time) return at->second;
    }
    Sampled made;
    made.at = begun;
    SchemaSampler sampler;
    LOTIC_ASSIGN_OR_RETURN(std::vector<Shard> shards, Sourced(client_->ListShards(ctx, stream.name, std::nullopt)));
    if (std::any_of(shards.begin(), shards.end(), [](const Shard& s) { return s.last_sequence.empty(); })) {
      std::erase_if(shards, [](const Shard& s) { return !s.last_sequence.empty(); });
    }
    const size_t count = std::min<size_t>(shards.size(), static_cast<size_t>(options_.sample_shards));
    for (const int64_t window_ms : {int64_t{60'000}, int64_t{3'600'000}, int64_t{0}}) {
      for (size_t i = 0; i < count && sampler.bytes() < kMaxSampleBytes && sampler.records() < options_.sample_records; ++i) {
        if (sampler.records() > 0 && client_->clock().Now() - begun > options_.sample_time) {
          sampler.Cut("time");
          break;
        }
        const Shard& shard = shards[i * shards.size() / count];
        const int64_t now_ms = client_->time().EarliestMs(client_->clock().Now()).value_or(0);
        ShardPosition from;
        if (window_ms != 0 && now_ms > window_ms) from = {ShardPosition::Kind::kTime, now_ms - window_ms, ""};
        // Where records have come, a shard that is refused is left out: what it holds would only be a larger sample.
        const MonoTime patience = sampler.records() > 0 ? begun + options_.sample_time : begun + options_.sample_patience;
        const Result<RecordPage> sample =
            SamplePage(ctx, stream.arn, shard.id, from, std::max<int64_t>(options_.sample_records / static_cast<int64_t>(count), 1), patience, &made.throttles);
        if (sample.status().code() == StatusCode::kThrottled && sampler.records() > 0) {
          sampler.Cut("time");
          break;
        }
        if (sample.status().code() == StatusCode::kThrottled) {
          return aws::ToSourceStatus(sample.status().WithMessage(
              "no record of stream '", stream.name, "' can be looked at for its columns: the service has refused ", made.throttles,
              " calls as too many within ", options_.sample_patience.count(), " ms, since other readers use up what shard ", shard.id,
              " gives; a declared table (CREATE TABLE … WITH ('connector' = 'kinesis', …)) is read without looking: ", sample.status().message()));
        }
        if (!sample.ok()) return aws::ToSourceStatus(sample.status());
        const RecordPage& page = *sample;
        for (const RecordView& record : page.records) {
          sampler.Add({reinterpret_cast<const uint8_t*>(record.data.data()), static_cast<uint32_t>(record.data.size())});
        }
        made.shards += page.records.empty() ? 0 : 1;
      }
      if (sampler.records() > 0) break;
    }
    made.document = sampler.Finish(stream.name);
    const std::lock_guard lock(mutex_);
    if (sampled_.size() >= kMaxCachedStreams) sampled_.clear();
    sampled_[key] = made;
    return made;
  }

  const KinesisOptions options_;
  const std::shared_ptr<KinesisClient> client_;  // readers share it
  const std::shared_ptr<PutClient> puts_;        // and writers this
  std::mutex mutex_;                             // guards what follows
  std::map<std::string, Sampled> sampled_;
};

}  // namespace

Result<std::shared_ptr<Connector>> MakeKinesisConnector(aws::Session session, KinesisOptions options) {
  aws::JsonClientOptions client;
  client.endpoint = options.endpoint;
  const aws::RetryClock& clock = *session.retry_clock;
  LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<PutClient> puts, PutClient::Create(session, options.endpoint));
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<aws::JsonClient> json, aws::JsonClient::Create(aws::KinesisService(), std::move(session), client));
  return std::shared_ptr<Connector>(std::make_shared<Impl>(std::move(json), std::move(puts), clock, std::move(options)));
}

Result<std::shared_ptr<Connector>> AttachKinesis(const std::string& region, const std::map<std::string, std::string>& options,
                                                 const aws::Environment& environment) {
  KinesisOptions made;
  for (const auto& [name, value] : options) {
    if (name != "endpoint") return Status::Invalid("ATTACH '", region, "' (TYPE kinesis): unknown option '", name, "'; known: endpoint");
    made.endpoint = value;
  }
  aws::SessionOptions session;
  session.region = region;
  if (!region.empty()) LOTIC_RETURN_NOT_OK(aws::ValidateRegion(region));
  LOTIC_ASSIGN_OR_RETURN(aws::Session opened, aws::Session::Open(session, environment));
  return MakeKinesisConnector(std::move(opened), std::move(made));
}

}  // namespace lotic::kinesis
