// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/declared_table.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "connector/kinesis/declared_reader.h"
#include "connector/kinesis/kinesis_connector.h"
#include "connector/kinesis/put_client.h"
#include "connector/kinesis/reader.h"
#include "connector/kinesis/stream_writer.h"
#include "lotic/plan_preview.h"
#include "lotic/table_writer.h"

namespace lotic::kinesis {
namespace {

constexpr const char* kStreams = "default";  // the schema of the connector underneath

struct MetadataKey {
  const char* key;
  DeclaredSource::Kind kind;
  const char* column;  // of the stream
  bool writable;
};
constexpr MetadataKey kMetadataKeys[] = {
    {"timestamp", DeclaredSource::Kind::kRecord, "_arrival_timestamp", false},
    {"shard-id", DeclaredSource::Kind::kRecord, "_shard_id", false},
    {"sequence-number", DeclaredSource::Kind::kRecord, "_sequence_number", false},
    {"partition-key", DeclaredSource::Kind::kRecord, "_partition_key", true},
    {"explicit-hash-key", DeclaredSource::Kind::kNull, "", true},
    {"stream", DeclaredSource::Kind::kConstant, "", false},
};
constexpr const char* kOtherMetadataKeys[] = {"sub-sequence-number", "encryption-type", "millis-behind-latest"};
constexpr const char* kKnownKeys =
    "timestamp (TIMESTAMP_LTZ(3)), shard-id (VARCHAR), sequence-number (VARCHAR), partition-key (VARCHAR), explicit-hash-key (VARCHAR), stream (VARCHAR)";
constexpr const char* kHidden[] = {"_arrival_timestamp", "_shard_id", "_sequence_number", "_partition_key", "_data"};

Type StreamType(std::string_view column) {
  return column == "_arrival_timestamp" ? Type::Timestamp(TimeUnit::kMilli, true) : column == "_data" ? Type::Binary() : Type::String();
}

Field StreamField(const std::string& column) { return {column, StreamType(column), {{kColumnMetadata, column}}}; }

/// A column as the door sees it.
struct Declared {
  Field field;
  DeclaredSource source;
};

class DeclaredConnector final : public Connector, public SplitDiscovery, public TableSink, public PlanPreview {
 public:
  DeclaredConnector(const TableDefinition& definition, KinesisTableOptions options, std::vector<Declared> columns, std::shared_ptr<const RowFormat> format,
                    SinkTable sink, Status not_writable, SessionOpener open)
      : name_(definition.name),
        options_(std::move(options)),
        columns_(std::move(columns)),
        format_(std::move(format)),
        sink_(std::move(sink)),
        not_writable_(std::move(not_writable)),
        open_(std::move(open)) {
    for (const char* const column : kHidden) {
      const bool taken = std::any_of(definition.columns.begin(), definition.columns.end(),
                                     [&](const ColumnDefinition& c) { return ResolveName("column", c.name, {column}).ok(); });
      if (!taken) hidden_.push_back({StreamField(column), {DeclaredSource::Kind::kRecord, column, ""}});
    }
    for (const Declared& hidden : hidden_) partitioned_ = partitioned_ || hidden.field.name == "_shard_id";
  }

  std::string type_name() const override { return "kinesis"; }
  Result<std::vector<std::string>> ListSchemas(const CallContext&) override { return std::vector<std::string>{name_.schema}; }
  Result<TablePage> ListTables(const CallContext&, const std::string& schema, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(ResolveName("schema", schema, {name_.schema}).status());
    TablePage made;
    if (page.page_token.empty()) made.tables.push_back(name_);
    return made;
  }

  Result<TableInfo> GetTable(const CallContext&, const TableName& name) override {
    LOTIC_RETURN_NOT_OK(Mine(name));
    TableInfo info;
    info.name = name_;
    for (const Declared& column : columns_) info.schema.fields.push_back(column.field);
    for (const Declared& column : hidden_) info.hidden.fields.push_back(column.field);
    if (partitioned_) info.partition_columns = {"_shard_id"};
    info.snapshot = SnapshotKind::kTime;
    info.dense_positions = false;
    if (options_.scan.problem.ok()) info.roles = {Role::kBoundedScan, Role::kRemotePlanner, Role::kEndless};
    info.properties = {{"format", format_->name()}, {"stream", options_.connection.stream}, {"start", StartText()}};
    if (!options_.connection.arn.empty()) info.properties["stream_arn"] = options_.connection.arn;
    info.notes = Notes();
    return info;
  }

  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override { return Plan(ctx, request, false); }
  Result<Prepared> Preview(const CallContext& ctx, const ScanRequest& request) override { return Plan(ctx, request, true); }

  /// Prepare and Preview.
  Result<Prepared> Plan(const CallContext& ctx, const ScanRequest& request, bool only_shown) {
    LOTIC_ASSIGN_OR_RETURN(Translated inner, Translate(request));
    LOTIC_ASSIGN_OR_RETURN(const auto opened, Opened());
    auto* const preview = dynamic_cast<PlanPreview*>(opened->streams.get());
    LOTIC_CHECK(preview != nullptr);
    Result<Prepared> made = only_shown ? preview->Preview(ctx, inner.request) : opened->streams->Prepare(ctx, inner.request);
    if (!made.ok()) return made;
    // The service is asked by name: another account's stream of that name must not pass for the one that was declared.
    for (const auto& [name, value] : made->attributes) {
      if (name == "stream_arn") LOTIC_RETURN_NOT_OK(CheckArn(options_.connection.arn, value));
    }
    for (PushedConstraint& line : made->report) {
      const auto renamed = inner.names.find(line.column);
      if (renamed != inner.names.end()) line.column = line.text = renamed->second;
    }
    made->report.insert(made->report.end(), inner.report.begin(), inner.report.end());
    if (!partitioned_) {
      for (LayoutPartition& partition : made->partitions) partition.values.clear();
    }
    return made;
  }

  Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    LOTIC_ASSIGN_OR_RETURN(const Translated inner, Translate(request));
    LOTIC_ASSIGN_OR_RETURN(const auto opened, Opened());
    Result<SplitPage> made = opened->streams->Splits(ctx, inner.request, partitions, page);
    if (!made.ok()) return made;
    for (Split& split : made->splits) split.residual = inner.residual;
    return made;
  }

  Result<Discovered> Discover(const CallContext& ctx, const ScanRequest& request, const DiscoveryState& state, std::span<const Split> ended) override {
    LOTIC_ASSIGN_OR_RETURN(const Translated inner, Translate(request));
    LOTIC_ASSIGN_OR_RETURN(const auto opened, Opened());
    auto* const discovery = dynamic_cast<SplitDiscovery*>(opened->streams.get());
    LOTIC_CHECK(discovery != nullptr);
    Result<Discovered> made = discovery->Discover(ctx, inner.request, state, ended);
    if (!made.ok()) return made;
    for (Split& split : made->splits) split.residual = inner.residual;
    return made;
  }

  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override {
    LOTIC_ASSIGN_OR_RETURN(Translated inner, Translate(request));
    LOTIC_ASSIGN_OR_RETURN(const auto opened, Opened());
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<Reader> records, opened->streams->Open(ctx, inner.request, splits));
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<DeclaredReader> made, DeclaredReader::Make(std::move(inner.plan), std::move(records), splits.size()));
    return std::unique_ptr<Reader>(std::move(made));
  }

  Result<Schema> WritableColumns(const CallContext&, const TableName& table) override {
    LOTIC_RETURN_NOT_OK(Mine(table));
    LOTIC_RETURN_NOT_OK(not_writable_);
    return sink_.columns;
  }

  Result<std::unique_ptr<TableWriter>> OpenWriter(const CallContext& ctx, const WriteRequest& request) override {
    LOTIC_RETURN_NOT_OK(Mine(request.table));
    LOTIC_RETURN_NOT_OK(not_writable_);
    LOTIC_ASSIGN_OR_RETURN(const auto opened, Opened());
    return OpenStreamWriter(ctx, opened->puts, sink_, request);
  }

 private:
  struct Clients {
    std::shared_ptr<Connector> streams;
    std::shared_ptr<PutClient> puts;
  };

  /// A request for this table as one for its stream, and what becomes of the answer.
  struct Translated {
    ScanRequest request;
    DeclaredReader::Plan plan;
    Constraints residual;
    std::vector<PushedConstraint> report;
    std::map<std::string, std::string> names;  // of the stream's columns under a constraint: what they are called here
  };

  Status Mine(const TableName& name) const {
    LOTIC_RETURN_NOT_OK(ResolveName("schema", name.schema, {name_.schema}).status());
    return ResolveName("table", name.table, {name_.table}).status();
  }

  std::string StartText() const {
    if (options_.scan.start == ScanOptions::Start::kTime) return "AT_TIMESTAMP " + std::to_string(options_.scan.start_ms) + " ms";
    return options_.scan.start == ScanOptions::Start::kLatest ? "LATEST" : "TRIM_HORIZON";
  }

  std::vector<std::string> Notes() const {
    std::vector<std::string> notes;
    if (options_.scan.start == ScanOptions::Start::kLatest) notes.push_back("a SELECT reads from the oldest record kept: from LATEST it would find nothing");
    for (const Declared& column : columns_) {
      if (column.source.column == "_arrival_timestamp" && column.field.type.id() == TypeId::kTimestamp && !column.field.type.utc()) {
        notes.push_back("column '" + column.field.name + "' is the arrival time in UTC");
      }
    }
    if (!options_.scan.problem.ok()) notes.push_back("cannot be read: " + options_.scan.problem.message());
    if (!not_writable_.ok()) notes.push_back("cannot be written: " + not_writable_.message());
    return notes;
  }

  Result<std::shared_ptr<const Clients>> Opened() {
    const std::lock_guard lock(mutex_);
    if (opened_ != nullptr) return opened_;
    LOTIC_ASSIGN_OR_RETURN(aws::Session session, open_(options_.connection));
    auto made = std::make_shared<Clients>();
    LOTIC_ASSIGN_OR_RETURN(made->puts, PutClient::Create(session, options_.connection.endpoint));
    KinesisOptions reading;
    reading.endpoint = options_.connection.endpoint;
    reading.grace = options_.scan.grace;
    reading.settle = options_.scan.settle;
    reading.stall_timeout = options_.scan.stall_timeout;
    reading.trust_lag = options_.scan.trust_lag;
    reading.timeout = options_.scan.timeout;
    reading.max_calls = options_.scan.max_calls;
    reading.max_held_bytes = options_.scan.max_held_bytes;
    reading.hand_on_throttles = options_.scan.hand_on_throttles;
    LOTIC_ASSIGN_OR_RETURN(made->streams, MakeKinesisConnector(std::move(session), std::move(reading)));
    opened_ = std::move(made);
    return opened_;
  }

  Result<Declared> Find(const Field& wanted) const {
    for (const std::vector<Declared>* const list : {&columns_, &hidden_}) {
      for (const Declared& column : *list) {
        if (column.field.name != wanted.name) continue;
        if (column.field.type == wanted.type) return column;
        return Status::Invalid("column '", wanted.name, "' of ", name_.ToString(), " is ", column.field.type.ToString(), ", not ", wanted.type.ToString());
      }
    }
    return Status::Invalid("table ", name_.ToString(), " has no column '", wanted.name, "'");
  }

  Result<Translated> Translate(const ScanRequest& request) const {
    LOTIC_RETURN_NOT_OK(Mine(request.table));
    LOTIC_RETURN_NOT_OK(options_.scan.problem);
    if (!request.unbounded && options_.scan.end == ScanOptions::End::kUnbounded) {
      return Status::NotImplemented("table ", name_.ToString(),
                                    ": 'scan.bounded.mode' = 'unbounded' makes a SELECT that never ends, which is not built; 'latest' ends now");
    }
    Translated made;
    made.request = request;
    made.request.table = {kStreams, options_.connection.stream};
    made.request.layout = {};
    made.request.constraints = {};
    made.request.policy.on_error = OnError::kNull;  // the stream's own columns always fit
    if (request.start.kind == ScanStart::Kind::kEarliest) {
      if (options_.scan.start == ScanOptions::Start::kTime) {
        made.request.start.kind = ScanStart::Kind::kTime;
        made.request.start.time_ms = options_.scan.start_ms;
      } else if (request.unbounded && options_.scan.start == ScanOptions::Start::kLatest) {
        made.request.start.kind = ScanStart::Kind::kLatest;
      }
    }
    if (!request.unbounded && !request.as_of_ms && request.token.empty() && options_.scan.end == ScanOptions::End::kTime)
      made.request.as_of_ms = options_.scan.end_ms;

    DeclaredReader::Plan& plan = made.plan;
    plan.layout = std::make_shared<const Schema>(request.layout);
    plan.format = format_;
    const bool skips = format_->ignores_errors() ? request.policy.on_error != OnError::kFail : request.policy.on_error == OnError::kSkip;
    plan.bad = skips ? BadRecords::kSkip : BadRecords::kFail;
    plan.strict = request.policy.on_error != OnError::kNull;
    plan.payload = true;  // a record may be none, which a count must know, too
    Schema& stream = made.request.layout;
    const auto need = [&](const std::string& column) {
      if (!stream.IndexOf(column)) stream.fields.push_back(StreamField(column));
    };
    for (const Field& field : request.layout.fields) {
      LOTIC_ASSIGN_OR_RETURN(const Declared column, Find(field));
      plan.sources.push_back(column.source);
      if (column.source.kind == DeclaredSource::Kind::kRecord) need(column.source.column);
      if (column.source.kind == DeclaredSource::Kind::kPayload) plan.payload = true;
      const auto constrained = request.constraints.columns.find(field.name);
      if (constrained == request.constraints.columns.end()) continue;
      // The same numbers and texts as the stream's own column: only its name changes.
      const Type& type = field.type;
      const bool same =
          column.source.kind == DeclaredSource::Kind::kRecord &&
          (type == StreamType(column.source.column) || (column.source.column == "_arrival_timestamp" && type == Type::Timestamp(TimeUnit::kMilli, false)));
      if (same && column.source.column == "_sequence_number" && made.request.constraints.columns.count(column.source.column) == 0) {
        // A hint to the stream at most.
        made.request.constraints.columns.emplace(column.source.column, constrained->second);
        made.names[column.source.column] = field.name;
        made.residual.columns.emplace(field.name, constrained->second);
        continue;
      }
      if (same && made.request.constraints.columns.count(column.source.column) == 0 &&
          (column.source.column == "_arrival_timestamp" || column.source.column == "_shard_id")) {
        made.request.constraints.columns.emplace(column.source.column, constrained->second);
        made.names[column.source.column] = field.name;
      } else {
        made.residual.columns.emplace(field.name, constrained->second);
        made.report.push_back({field.name, field.name, Pushdown::kNot, "left to the door"});
      }
    }
    for (const auto& constraint : request.constraints.columns) {
      if (!request.layout.IndexOf(constraint.first)) return Status::Invalid("a constraint names column '", constraint.first, "', which the layout lacks");
    }
    if (plan.payload) need("_data"), need("_sequence_number");
    plan.stream = stream;
    made.residual.expressions = request.constraints.expressions;
    for (const Expression& expression : request.constraints.expressions) {
      made.report.push_back({expression.ToString(), "", Pushdown::kNot, "expressions are not evaluated by the reader"});
    }
    if (request.limit && (!made.residual.empty() || plan.payload)) {
      // Not for the reader underneath, which would stop early where some records become no row.
      made.request.limit.reset();
      const bool push = made.residual.empty() && request.order_by.empty();
      if (push) plan.limit = request.limit;
      made.report.push_back({"LIMIT " + std::to_string(*request.limit), "LIMIT", push ? Pushdown::kHint : Pushdown::kNot,
                             push ? "each reader stops after so many rows" : "a filter or an ORDER BY is left to the door"});
    }
    return made;
  }

  const TableName name_;
  const KinesisTableOptions options_;
  const std::vector<Declared> columns_;
  const std::shared_ptr<const RowFormat> format_;
  const SinkTable sink_;
  const Status not_writable_;
  const SessionOpener open_;
  std::vector<Declared> hidden_;  // fixed after construction
  bool partitioned_ = false;      // fixed after construction
  std::mutex mutex_;              // guards what follows
  std::shared_ptr<const Clients> opened_;
};

Result<DeclaredSource> MetadataSource(const ColumnDefinition& column, const std::string& stream, bool* writable) {
  const std::string& key = column.metadata_key.empty() ? column.name : column.metadata_key;
  for (const MetadataKey& known : kMetadataKeys) {
    if (key != known.key) continue;
    *writable = known.writable;
    const bool is_time = std::string_view(known.key) == "timestamp";
    if (column.type.id() != TypeId::kString && !(is_time && column.type.id() == TypeId::kTimestamp)) {
      return Status::Invalid("column '", column.name, "': METADATA FROM '", key, "' cannot be cast to ",
                             column.type_text.empty() ? column.type.ToString() : column.type_text, "; declare ",
                             is_time ? "TIMESTAMP, TIMESTAMP_LTZ or VARCHAR" : "VARCHAR");
    }
    return DeclaredSource{known.kind, known.column, known.kind == DeclaredSource::Kind::kConstant ? stream : ""};
  }
  if (std::find(std::begin(kOtherMetadataKeys), std::end(kOtherMetadataKeys), key) != std::end(kOtherMetadataKeys)) {
    return Status::NotImplemented("column '", column.name, "': METADATA FROM '", key, "' is not built yet; these are: ", kKnownKeys);
  }
  return Status::Invalid("column '", column.name, "': there is no metadata '", key.substr(0, 100), "'; known are ", kKnownKeys);
}

Result<DefinedTable> Make(const TableDefinition& definition, SessionOpener open, bool hand_on_throttles) {
  LOTIC_ASSIGN_OR_RETURN(KinesisTableOptions options, ParseTableOptions(definition));
  options.scan.hand_on_throttles = hand_on_throttles;
  std::vector<Declared> columns;
  Schema physical;
  SinkTable sink;
  Status not_writable = options.sink.problem;
  for (const ColumnDefinition& column : definition.columns) {
    if (column.kind == ColumnDefinition::Kind::kComputed) continue;
    const bool key = std::find(definition.primary_key.begin(), definition.primary_key.end(), column.name) != definition.primary_key.end();
    Field field{column.name, column.type, {}};
    if (column.not_null || key) field.metadata[kNotNullMetadata] = "true";
    if (column.kind == ColumnDefinition::Kind::kPhysical) {
      physical.fields.push_back(field);
      sink.columns.fields.push_back(field);
      columns.push_back({std::move(field), {}});
      continue;
    }
    bool writable = false;
    Result<DeclaredSource> source = MetadataSource(column, options.connection.stream, &writable);
    if (!source.ok()) return source.status().WithMessage("table ", definition.name.ToString(), ": ", source.status().message());
    const std::string metadata = column.metadata_key.empty() ? column.name : column.metadata_key;
    if (!column.read_only && !writable && not_writable.ok()) {
      not_writable = Status::NotImplemented("table ", definition.name.ToString(), " cannot be written: column '", column.name, "' is METADATA FROM '", metadata,
                                            "', which only the service sets; declare it VIRTUAL");
    }
    if (!column.read_only && writable) {
      if (metadata == "partition-key") {
        if (!definition.partitioned_by.empty())
          return Status::Invalid("table ", definition.name.ToString(), ": column '", column.name,
                                 "' gives the partition key, and so does PARTITIONED BY; leave one of them out");
        sink.key_column = column.name;
      } else {
        sink.hash_column = column.name;
      }
      sink.columns.fields.push_back(field);
    }
    columns.push_back({std::move(field), std::move(*source)});
  }
  Result<std::shared_ptr<const RowFormat>> format = MakeRowFormat(options.format, options.format_options, physical);
  if (!format.ok()) return format.status().WithMessage("table ", definition.name.ToString(), ": ", format.status().message());
  if (physical.fields.empty()) return Status::Invalid("table ", definition.name.ToString(), ": no column is a field of the record");
  sink.stream = options.connection.stream;
  sink.arn = options.connection.arn;
  sink.options = options.sink;
  sink.format = *format;
  sink.payload = physical;
  DefinedTable made;
  made.table = definition.name;
  made.warnings = options.warnings;
  if (options.scan.start == ScanOptions::Start::kLatest)
    made.warnings.push_back("a SELECT reads from the oldest record kept: from LATEST it would find nothing");
  made.connector = std::make_shared<DeclaredConnector>(definition, std::move(options), std::move(columns), std::move(*format), std::move(sink),
                                                       std::move(not_writable), std::move(open));
  return made;
}

}  // namespace

Result<DefinedTable> MakeDeclaredTable(const TableDefinition& definition, SessionOpener open, bool hand_on_throttles) {
  return Make(definition, std::move(open), hand_on_throttles);
}

Result<DefinedTable> DefineKinesisTable(const TableDefinition& definition, const aws::Environment& environment, bool hand_on_throttles) {
  const auto open = [environment](const ConnectionOptions& options) {
    aws::SessionOptions session;
    session.region = options.region;
    session.credentials = options.credentials;
    session.http.verify_peer = !options.trust_all_certificates;
    session.http.silence_timeout = options.read_timeout;
    return aws::Session::Open(session, environment);
  };
  return MakeDeclaredTable(definition, open, hand_on_throttles);
}

}  // namespace lotic::kinesis
