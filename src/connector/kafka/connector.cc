// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <utility>

#include "connector/kafka/cluster.h"
#include "connector/kafka/columns.h"
#include "connector/kafka/kafka_connector.h"
#include "connector/kafka/planner.h"
#include "connector/kafka/pushdown.h"
#include "connector/kafka/reader.h"
#include "connector/kafka/sampler.h"
#include "connector/kafka/snapshot.h"
#include "lotic/partition_tokens.h"
#include "lotic/plan_preview.h"
#include "lotic/scan_json.h"
#include "lotic/source_error.h"
#include "lotic/table_properties.h"
#include "net/tls.h"

namespace lotic::kafka {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kTopicListAge{5'000};
constexpr size_t kMaxCachedSchemas = 1000;  // above it the cache is emptied
constexpr int kDefaultTopicsPerPage = 1000;
/// State of a discovery: "k1:topic id:number of partitions".
constexpr std::string_view kDiscoveryVersion = "k1:";

template <typename T>
Status CheckRange(const char* field, T value, T low, T high) {
  if (value >= low && value <= high) return Status::OK();
  return Status::Invalid("kafka option ", field, "=", value, ": it must lie in ", low, " .. ", high);
}

class Impl final : public KafkaConnector, public PartitionTokens, public PlanPreview {
 public:
  Impl(KafkaOptions options, std::map<std::string, SchemaDocument> documents, std::shared_ptr<const ConnectionSettings> settings)
      : options_(std::move(options)), documents_(std::move(documents)), cluster_(std::make_shared<Cluster>(std::move(settings))) {}

  std::string type_name() const override { return "kafka"; }

  Result<std::vector<std::string>> ListSchemas(const CallContext&) override { return std::vector<std::string>{kDefaultSchema}; }

  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(ResolveName("schema", schema, {kDefaultSchema}).status());
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> names, cluster_->TopicNames(ctx, kTopicListAge));
    TablePage made;
    const auto limit = static_cast<size_t>(page.max_items > 0 ? page.max_items : kDefaultTopicsPerPage);
    // A page goes on behind the last name of the one before, so that topics that come or go shift nothing.
    auto at = page.page_token.empty() ? names.begin() : std::upper_bound(names.begin(), names.end(), page.page_token);
    for (; at != names.end() && made.tables.size() < limit; ++at) made.tables.push_back({kDefaultSchema, *at});
    if (at != names.end()) made.next_page = made.tables.back().table;
    return made;
  }

  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override {
    LOTIC_RETURN_NOT_OK(ResolveName("schema", name.schema, {kDefaultSchema}).status());
    std::vector<std::string> hidden_by_case;
    LOTIC_ASSIGN_OR_RETURN(const std::string topic, Resolve(ctx, name.table, &hidden_by_case));
    LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const TopicMetadata> metadata, cluster_->Topic(ctx, topic, options_.client.metadata_max_age));
    LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const SampledSchema> sampled, SchemaOf(ctx, *metadata));
    const SchemaDocument& document = sampled->document;
    TopicColumns columns = ColumnsOf(document);
    TableInfo info;
    info.name = {kDefaultSchema, topic};
    info.schema = std::move(columns.visible);
    info.hidden = std::move(columns.hidden);
    info.aliases = std::move(columns.aliases);
    info.partition_columns = std::move(columns.partition_columns);
    info.snapshot = SnapshotKind::kExact;
    info.dense_positions = true;
    info.durable_positions = true;
    info.roles = {Role::kBoundedScan, Role::kRemotePlanner, Role::kEndless};
    info.properties = {{"format", std::string(PayloadFormatName(document.format))},
                       {"partitions", std::to_string(metadata->partitions.size())},
                       {"topic_id", TopicIdText(metadata->id)}};
    const bool given = documents_.find(topic) != documents_.end();
    info.properties["schema_from"] = given ? "document" : "sample";
    info.properties["schema_document"] = ToJson(document);
    if (!given || document.sample.records > 0) {
      info.properties["sample_records"] = std::to_string(document.sample.records);
      info.properties["sample_bytes"] = std::to_string(document.sample.bytes);
      info.properties["sample_tombstones"] = std::to_string(document.sample.tombstones);
      if (!document.sample.cut.empty()) info.properties["sample_cut"] = document.sample.cut;
    }
    for (const std::string& other : hidden_by_case) {
      std::string& hidden = info.properties[kHiddenByCase];
      hidden += (hidden.empty() ? "" : ", ") + other;
      info.notes.push_back("topic '" + other + "' differs from '" + topic + "' in case only and is hidden by it; write it exactly to read it");
    }
    if (given) {
      info.notes.push_back("columns as the schema document says");
    } else if (document.sample.records == 0) {
      info.notes.push_back("no messages to infer columns from; they are text and bytes until there are some");
    } else {
      info.notes.push_back((document.format == PayloadFormat::kJson ? "JSON; columns inferred from the newest " : "not JSON objects, by the newest ") +
                           std::to_string(document.sample.records) + " records (" + std::to_string(document.sample.bytes) + " bytes) of " +
                           std::to_string(metadata->partitions.size()) + " partitions");
      if (document.sample.cut == "time") {
        info.notes.push_back("the sample was cut after " + std::to_string(options_.sample_time.count()) + " ms, at " + std::to_string(document.sample.records) +
                             " records; columns may be missing");
      } else if (document.sample.cut == "bytes") {
        info.notes.push_back("the sample was cut after " + std::to_string(document.sample.bytes) + " bytes, at " + std::to_string(document.sample.records) +
                             " records; columns may be missing");
      }
      if (sampled->columns_left_out > 0) {
        info.notes.push_back(std::to_string(sampled->columns_left_out) + " columns beyond the first " + std::to_string(kMaxInferredColumns) +
                             " are left out; a schema document can name them");
      }
    }
    info.notes.insert(info.notes.end(), sampled->notes.begin(), sampled->notes.end());
    return info;
  }

  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override { return Plan(ctx, request, PlanFor::kReading); }
  Result<Prepared> Preview(const CallContext& ctx, const ScanRequest& request) override { return Plan(ctx, request, PlanFor::kShowing); }

  /// Prepare and Preview.
  Result<Prepared> Plan(const CallContext& ctx, const ScanRequest& request, PlanFor use) {
    LOTIC_RETURN_NOT_OK(CheckTable(request));
    std::shared_ptr<const SampledSchema> schema = Cached(request.table.table);
    if (schema == nullptr && request.policy.on_error != OnError::kNull) {
      LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const TopicMetadata> metadata, cluster_->Topic(ctx, request.table.table, options_.client.metadata_max_age));
      LOTIC_ASSIGN_OR_RETURN(schema, SchemaOf(ctx, *metadata));
    }
    return PlanScan(ctx, cluster_, options_, request, {schema == nullptr ? nullptr : &schema->document}, use);
  }

  Result<SplitPage> Splits(const CallContext&, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(CheckTable(request));
    return PlanSplits(request, partitions, page);
  }

  Result<std::vector<std::string>> TokensOf(const std::string& token, std::span<const LayoutPartition> partitions) override {
    return TokensOfPartitions(token, partitions);
  }

  Result<std::unique_ptr<Reader>> Open(const CallContext&, const ScanRequest& request, std::span<const SplitStart> splits) override {
    LOTIC_RETURN_NOT_OK(CheckTable(request));
    if (request.token.empty()) return Status::Invalid("splits are read with the snapshot token of their plan, and there is none");
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<KafkaReader> reader, KafkaReader::Make(cluster_, options_, request, splits));
    return std::unique_ptr<Reader>(std::move(reader));
  }

  Result<Discovered> Discover(const CallContext& ctx, const ScanRequest& request, const DiscoveryState& state, std::span<const Split>) override {
    LOTIC_RETURN_NOT_OK(CheckTable(request));
    if (!request.unbounded) return Status::Invalid("only endless reading discovers partitions");
    LOTIC_ASSIGN_OR_RETURN(const Snapshot snapshot, Snapshot::Parse(request.token));
    LOTIC_ASSIGN_OR_RETURN(const PushedFilters pushed, PushDown(request));
    std::string id = snapshot.topic_id;
    int64_t known = snapshot.partitions.empty() ? 0 : snapshot.partitions.back().partition + 1;
    if (!state.text.empty()) LOTIC_RETURN_NOT_OK(ParseState(state.text, &id, &known));
    LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const TopicMetadata> topic, cluster_->Topic(ctx, request.table.table, milliseconds(0)));
    if (!id.empty() && topic->has_id() && TopicIdText(topic->id) != id) {
      return Status::DataLoss("topic '", topic->name, "' was deleted and created again: its id was ", id, " and is ", TopicIdText(topic->id));
    }
    Discovered found;
    std::vector<OffsetQuery> queries;
    std::vector<const PartitionMetadata*> fresh;
    for (const PartitionMetadata& p : topic->partitions) {
      if (p.id < known) continue;
      fresh.push_back(&p);
      queries.push_back({p.id, kafka_protocol::kEarliestTimestamp});
    }
    LOTIC_ASSIGN_OR_RETURN(const std::vector<OffsetAnswer> starts,
                           cluster_->ListOffsets(ctx, topic->name, queries, kafka_protocol::IsolationLevel::kReadUncommitted));
    for (size_t i = 0; i < fresh.size(); ++i) {
      if (pushed.nothing ||
          (pushed.partitions.has_value() && !ValueSetAllows(Type::Int64(), request.compare, *pushed.partitions, Scalar(int64_t{fresh[i]->id})))) {
        continue;
      }
      Split split;
      split.partition = std::to_string(fresh[i]->id);
      split.start = {std::to_string(std::max(std::max<int64_t>(starts[i].offset, 0), pushed.min_offset))};
      split.properties = {{"topic", topic->name}, {"topic_id", TopicIdText(topic->id)}};
      if (fresh[i]->leader_epoch >= 0) split.properties["leader_epoch"] = std::to_string(fresh[i]->leader_epoch);
      if (request.policy.on_error != OnError::kNull) {
        LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const SampledSchema> schema, SchemaOf(ctx, *topic));
        if (schema->document.format == PayloadFormat::kJson) split.properties["columns"] = lotic::ToJson(schema->document.columns);
      }
      split.residual = pushed.residual;
      found.splits.push_back(std::move(split));
    }
    const int64_t now = topic->partitions.empty() ? known : std::max<int64_t>(known, topic->partitions.back().id + 1);
    found.state.text = std::string(kDiscoveryVersion) + TopicIdText(topic->id) + ":" + std::to_string(now);
    return found;
  }

  Result<std::vector<TopicSummary>> TopicSummaries(const CallContext& ctx, bool detect_format) override {
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::shared_ptr<const TopicMetadata>> topics, cluster_->AllTopics(ctx));
    std::vector<TopicSummary> summaries;
    size_t detected = 0;
    for (const auto& topic : topics) {
      TopicSummary summary;
      summary.name = topic->name;
      summary.partitions = static_cast<int32_t>(topic->partitions.size());
      summary.status = Summarise(ctx, *topic, &summary);
      if (summary.status.ok() && detect_format && detected < kMaxDetectedTopics) {
        ++detected;
        const Result<std::shared_ptr<const SampledSchema>> schema = SchemaOf(ctx, *topic);
        if (schema.ok()) {
          summary.format = PayloadFormatName((*schema)->document.format);
        } else {
          summary.status = schema.status();
        }
      }
      const StatusCode code = summary.status.code();
      if (code == StatusCode::kCancelled || code == StatusCode::kDeadlineExceeded) return summary.status;
      summaries.push_back(std::move(summary));
    }
    return summaries;
  }

  Result<std::vector<PartitionOffset>> TopicOffsets(const CallContext& ctx, const std::string& name, bool earliest) override {
    LOTIC_ASSIGN_OR_RETURN(const std::string topic, Resolve(ctx, name, nullptr));
    LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const TopicMetadata> metadata, cluster_->Topic(ctx, topic, milliseconds(0)));
    std::vector<OffsetQuery> queries;
    for (const PartitionMetadata& p : metadata->partitions) {
      queries.push_back({p.id, earliest ? kafka_protocol::kEarliestTimestamp : kafka_protocol::kLatestTimestamp});
    }
    LOTIC_ASSIGN_OR_RETURN(const std::vector<OffsetAnswer> answers,
                           cluster_->ListOffsets(ctx, topic, queries, kafka_protocol::IsolationLevel::kReadUncommitted));
    std::vector<PartitionOffset> offsets;
    for (size_t i = 0; i < queries.size(); ++i) offsets.push_back({queries[i].partition, answers[i].offset});
    return offsets;
  }

  Result<std::string> ClusterId(const CallContext& ctx) override { return cluster_->ClusterId(ctx); }

 private:
  struct Entry {
    std::shared_ptr<const SampledSchema> schema;
    kafka_protocol::Uuid topic_id{};
    steady_clock::time_point at;
  };

  static Status CheckTable(const ScanRequest& request) {
    if (request.table.schema != kDefaultSchema) {
      return Status::NotFound("schema '", request.table.schema, "': a Kafka cluster has only the schema '", kDefaultSchema, "'");
    }
    return request.table.table.empty() ? Status::Invalid("the request names no topic") : Status::OK();
  }

  static Status ParseState(const std::string& text, std::string* id, int64_t* known) {
    const size_t colon = text.rfind(':');
    const bool ours = text.compare(0, kDiscoveryVersion.size(), kDiscoveryVersion) == 0 && colon >= kDiscoveryVersion.size() - 1 && colon + 1 < text.size();
    if (ours && colon >= kDiscoveryVersion.size()) {
      *id = text.substr(kDiscoveryVersion.size(), colon - kDiscoveryVersion.size());
      const auto [end, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), *known);
      if (error == std::errc() && end == text.data() + text.size() && *known >= 0 && ParseTopicId(*id).ok()) return Status::OK();
    }
    return Status::Invalid("discovery state '", text.substr(0, 100), "' is not one of a Kafka topic");
  }

  /// The one topic of that name. A list that lacks it is asked for anew, since topics are made all the time.
  Result<std::string> Resolve(const CallContext& ctx, const std::string& name, std::vector<std::string>* hidden_by_case) {
    for (const milliseconds age : {kTopicListAge, milliseconds(0)}) {
      LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> names, cluster_->TopicNames(ctx, age));
      const Result<size_t> index = ResolveName("topic", name, names);
      if (index.ok()) {
        const std::string& topic = names[*index];
        for (const std::string& other : names) {
          if (hidden_by_case == nullptr || other == topic) continue;
          if (ResolveName("topic", other, {topic}).ok()) hidden_by_case->push_back(other);
        }
        return topic;
      }
      if (age.count() == 0 || index.status().code() != StatusCode::kNotFound) {
        if (index.status().code() != StatusCode::kNotFound) return index.status();
        return Unlisted(ctx, name, index.status());
      }
    }
    return Status::NotFound("topic '", name, "'");
  }

  /// A name that is not in the list of topics, which leaves out internal ones and those that the user may not see: both are asked for by
  /// their exact name. `missing` is what to say if there is none.
  Result<std::string> Unlisted(const CallContext& ctx, const std::string& name, const Status& missing) {
    const Status named = cluster_->Topic(ctx, name, milliseconds(0)).status();
    switch (named.code()) {
      case StatusCode::kOk: return name;
      case StatusCode::kNotFound:
      case StatusCode::kInvalid: return missing;  // no name of a topic
      case StatusCode::kUnauthorized:
        return named.WithMessage(named.message(), ". A broker answers so for a topic that does not exist, too: ", missing.message());
      default: return named;
    }
  }

  std::shared_ptr<const SampledSchema> Given(const std::string& topic) const {
    const auto at = documents_.find(topic);
    if (at == documents_.end()) return nullptr;
    auto made = std::make_shared<SampledSchema>();
    made->document = at->second;
    return made;
  }

  std::shared_ptr<const SampledSchema> Cached(const std::string& topic) {
    if (auto given = Given(topic)) return given;
    std::lock_guard lock(mutex_);
    const auto at = schemas_.find(topic);
    return at != schemas_.end() && steady_clock::now() - at->second.at < options_.schema_cache_time ? at->second.schema : nullptr;
  }

  Result<std::shared_ptr<const SampledSchema>> SchemaOf(const CallContext& ctx, const TopicMetadata& topic) {
    if (auto given = Given(topic.name)) return given;
    {
      std::lock_guard lock(mutex_);
      const auto at = schemas_.find(topic.name);
      if (at != schemas_.end() && at->second.topic_id == topic.id && steady_clock::now() - at->second.at < options_.schema_cache_time) {
        return at->second.schema;
      }
    }
    auto made = std::make_shared<SampledSchema>();
    if (options_.sample_records > 0) {
      LOTIC_ASSIGN_OR_RETURN(*made, SampleTopic(ctx, cluster_, options_, topic.name));
    } else {
      made->document.topic = topic.name;
    }
    std::lock_guard lock(mutex_);
    if (schemas_.size() >= kMaxCachedSchemas) schemas_.clear();
    schemas_[topic.name] = {made, topic.id, steady_clock::now()};
    return std::shared_ptr<const SampledSchema>(made);
  }

  Status Summarise(const CallContext& ctx, const TopicMetadata& topic, TopicSummary* summary) {
    const size_t count = topic.partitions.size();
    std::vector<OffsetQuery> queries;
    for (const int64_t timestamp : {kafka_protocol::kLatestTimestamp, kafka_protocol::kEarliestTimestamp, int64_t{0}}) {
      for (const PartitionMetadata& p : topic.partitions) queries.push_back({p.id, timestamp});
    }
    LOTIC_ASSIGN_OR_RETURN(const std::vector<OffsetAnswer> answers,
                           cluster_->ListOffsets(ctx, topic.name, queries, kafka_protocol::IsolationLevel::kReadUncommitted));
    std::vector<OffsetQuery> newest;
    for (size_t i = 0; i < count; ++i) {
      summary->records += std::max<int64_t>(answers[i].offset - answers[count + i].offset, 0);
      if (answers[i].offset > answers[count + i].offset) newest.push_back({topic.partitions[i].id, kafka_protocol::kMaxTimestamp});
      const OffsetAnswer& first = answers[2 * count + i];
      if (first.offset >= 0 && first.timestamp >= 0) {
        summary->first_ms = std::min(summary->first_ms.value_or(first.timestamp), first.timestamp);
      }
    }
    const Result<std::vector<OffsetAnswer>> last = cluster_->ListOffsets(ctx, topic.name, newest, kafka_protocol::IsolationLevel::kReadUncommitted);
    if (!last.ok()) {  // before Kafka 3.0 a broker cannot tell: that is no failure of the line
      const StatusCode code = last.status().code();
      return code == StatusCode::kNotImplemented || code == StatusCode::kInvalid ? Status::OK() : last.status();
    }
    for (const OffsetAnswer& answer : *last) {
      if (answer.timestamp >= 0) summary->last_ms = std::max(summary->last_ms.value_or(answer.timestamp), answer.timestamp);
    }
    return Status::OK();
  }

  const KafkaOptions options_;
  const std::map<std::string, SchemaDocument> documents_;
  const std::shared_ptr<Cluster> cluster_;  // readers share it
  std::mutex mutex_;                        // guards all members below
  std::map<std::string, Entry> schemas_;
};

}  // namespace

Status KafkaOptions::Validate() const {
  LOTIC_RETURN_NOT_OK(client.Validate());
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("sample_records", sample_records, 0, 100'000));
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("sample_bytes", sample_bytes, 64 << 10, 1 << 30));
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("sample_time (ms)", sample_time.count(), 1, 60'000));
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("schema_cache_time (ms)", schema_cache_time.count(), 0, 3'600'000));
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("poll_timeout (ms)", poll_timeout.count(), 1, 3'600'000));
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("max_response_bytes", max_response_bytes, 1 << 20, (int64_t{1} << 31) - 1));
  LOTIC_RETURN_NOT_OK(CheckRange<int64_t>("parallel_splits", parallel_splits, 1, 1024));
  return CheckRange<int64_t>("min_piece_records", min_piece_records, 1, std::numeric_limits<int64_t>::max());
}

Result<std::shared_ptr<KafkaConnector>> MakeKafkaConnector(KafkaOptions options) {
  LOTIC_RETURN_NOT_OK(options.Validate());
  auto settings = std::make_shared<ConnectionSettings>();
  settings->client = options.client;
  settings->max_response_bytes = options.max_response_bytes;
  settings->log = options.log;
  if (options.client.uses_tls()) {
    LOTIC_ASSIGN_OR_RETURN(settings->tls, net::TlsContext::Client(options.client.tls));
  }
  std::map<std::string, SchemaDocument> documents;
  for (const auto& [topic, text] : options.schema_documents) {
    Result<SchemaDocument> document = SchemaDocumentFromJson(text);
    if (!document.ok()) {
      return document.status().WithMessage("schema document of topic '", topic, "': ", document.status().message());
    }
    document->topic = topic;
    documents.emplace(topic, std::move(*document));
  }
  return std::shared_ptr<KafkaConnector>(std::make_shared<Impl>(std::move(options), std::move(documents), std::move(settings)));
}

}  // namespace lotic::kafka
