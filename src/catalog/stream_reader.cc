// SPDX-License-Identifier: Apache-2.0
#include "catalog/stream_reader.h"

#include <algorithm>
#include <array>
#include <limits>

#include "catalog/ddl_tokens.h"
#include "catalog/option_keys.h"
#include "catalog/pinot_periods.h"

namespace lotic::catalog {
namespace {

constexpr int64_t kMaxInt = std::numeric_limits<int64_t>::max();
constexpr int64_t kMaxWaitMs = 3'600'000;  // of a fetch or a connection
constexpr std::string_view kFlush = "realtime.segment.flush.";
constexpr std::string_view kRows = "realtime.segment.flush.threshold.rows";
constexpr std::string_view kSegmentRows = "realtime.segment.flush.threshold.segment.rows";
constexpr std::string_view kSegmentSize = "realtime.segment.flush.threshold.segment.size";

constexpr std::array<std::string_view, 7> kDecodersToCome{"SimpleAvroMessageDecoder",
                                                          "KafkaConfluentSchemaRegistryAvroMessageDecoder",
                                                          "KafkaConfluentSchemaRegistryJsonMessageDecoder",
                                                          "KafkaConfluentSchemaRegistryProtoBufMessageDecoder",
                                                          "ProtoBufMessageDecoder",
                                                          "CSVMessageDecoder",
                                                          "NullMessageDecoder"};

std::string_view SimpleName(std::string_view class_name) { return class_name.substr(class_name.rfind('.') + 1); }

class StreamReader {
 public:
  StreamReader(const std::string& path, Findings* findings) : path_(path), findings_(findings) {}
  Result<StreamConfig> Read(const JsonTree& map);

 private:
  Status Collect(const JsonTree& map);
  Status Sort(const std::string& key, const JsonTree& value);
  Status SortClient(const std::string& name, const std::string& key, const JsonTree& value);
  Status ReadDecoder();
  Status ReadSource();
  Status ReadFlush();
  Status ReadLimits();
  Status ReadPartitions();

  std::string Own(std::string_view name) const { return "stream." + config_.type + "." + std::string(name); }
  const StreamValue* Find(std::string_view key) const {
    const auto found = own_.find(key);
    return found == own_.end() ? nullptr : &found->second;
  }
  const StreamValue* FindFirst(std::initializer_list<std::string_view> keys, std::string_view* found) const;
  Status Bad(std::string_view key, const StreamValue& value, std::string_view expected) const {
    return Status::Invalid(key, ": expected ", expected, ", not ", value.shown);
  }
  Status Boolean(std::string_view key, bool* out) const;
  Status Integer(std::string_view key, int64_t low, int64_t high, int64_t* out) const;
  Status Rate(std::string_view key, double* out) const;

  const std::string& path_;
  Findings* const findings_;
  StreamConfig config_;
  StreamValues own_;     // keys of place "stream" that are honoured
  StreamValues client_;  // by their bare names
};

const StreamValue* StreamReader::FindFirst(std::initializer_list<std::string_view> keys, std::string_view* found) const {
  for (const std::string_view key : keys) {
    *found = key;
    if (const StreamValue* const value = Find(key)) return value;
  }
  return nullptr;
}

Status StreamReader::Boolean(std::string_view key, bool* out) const {
  const StreamValue* const value = Find(key);
  return value == nullptr || ParseBooleanText(value->text, out) ? Status::OK() : Bad(key, *value, "true or false");
}

Status StreamReader::Integer(std::string_view key, int64_t low, int64_t high, int64_t* out) const {
  const StreamValue* const value = Find(key);
  if (value == nullptr) return Status::OK();
  if (ParseIntegerText(value->text, out) && *out >= low && *out <= high) return Status::OK();
  return Bad(key, *value,
             "an integer " + (high == kMaxInt ? "from " + std::to_string(low) + " on" : "between " + std::to_string(low) + " and " + std::to_string(high)));
}

Status StreamReader::Rate(std::string_view key, double* out) const {
  const StreamValue* const value = Find(key);
  if (value == nullptr) return Status::OK();
  if (!ParseNumberText(value->text, out)) return Bad(key, *value, "a number of records a second, -1 for no limit");
  *out = std::max(*out, 0.0);
  return Status::OK();
}

Status StreamReader::SortClient(const std::string& name, const std::string& key, const JsonTree& value) {
  const DefinitionKey* const known = FindPinotKey("client", name);
  if (known == nullptr) return findings_->Unrecognized(path_ + key, value);
  const std::string text = ScalarText(value);
  if (known->support == KeySupport::kRefused) return Status::Invalid(key, ": ", known->note);
  if (text.empty()) {
    if (name == "ssl.endpoint.identification.algorithm")
      findings_->Warn(key + " is empty, which would switch off that a broker's name is checked; it is checked all the same");
    return Status::OK();
  }
  if (known->support == KeySupport::kWarned) {
    if (AsciiLower(text) != known->quiet) findings_->WarnNoEffect(key, known->note);
    return Status::OK();
  }
  LOTIC_RETURN_NOT_OK(CheckType(value, known->type, key));
  if (text.find("${") != std::string::npos) return Status::Invalid(key, ": a client property must not hold ${, which clients take for a provider of values");
  const bool prefixed = name != key;
  if (prefixed) findings_->Warn(key + " goes to the client as " + name);
  StreamValue entry{text, ShownJson(key, value)};
  if (prefixed) {
    client_.emplace(name, std::move(entry));  // the bare name wins
  } else {
    client_[name] = std::move(entry);
  }
  return Status::OK();
}

Status StreamReader::Sort(const std::string& key, const JsonTree& value) {
  const DefinitionKey* const known = FindPinotKey("stream", key);
  const std::string own_prefix = Own("");
  if (known != nullptr && known->key.starts_with("stream.") && !key.starts_with(own_prefix)) return findings_->Unrecognized(path_ + key, value);
  if (known == nullptr) return SortClient(key, key, value);
  const std::string consumer = Own("consumer.prop.");
  if (key.starts_with(consumer) && key != consumer + "auto.offset.reset") return SortClient(key.substr(consumer.size()), key, value);
  const std::string text = ScalarText(value);
  if (text.empty()) return Status::OK();
  own_.emplace(key, StreamValue{text, ShownJson(key, value)});
  const std::string decoder = Own("decoder.prop.");
  if (key.starts_with(decoder)) config_.decoder_properties.emplace(key.substr(decoder.size()), text);
  if (known->support == KeySupport::kWarned && key != Own("consumer.factory.class.name") && AsciiLower(text) != AsciiLower(known->quiet))
    findings_->WarnNoEffect(key, known->note);
  return Status::OK();
}

Status StreamReader::Collect(const JsonTree& map) {
  if (map.items.size() > kMaxStreamKeys) return Status::CapacityError(path_.substr(0, path_.size() - 1), ": a stream of more than ", kMaxStreamKeys, " keys");
  config_.type = AsciiLower(TextAt(map, "streamType"));
  if (config_.type.empty()) return Status::Invalid("streamType is missing; kafka is needed");
  if (config_.type == "kinesis") return Status::Invalid("streamType: kinesis is not built yet for tables; kafka is");
  if (config_.type != "kafka") return Status::Invalid("streamType: expected kafka, not ", ShownJson("streamType", *map.Find("streamType")));
  for (size_t i = 0; i < map.items.size(); ++i) {
    if (map.items[i].kind == JsonTree::Kind::kNull) continue;
    LOTIC_RETURN_NOT_OK(CheckType(map.items[i], KeyType::kText, path_ + map.keys[i]));
    LOTIC_RETURN_NOT_OK(Sort(map.keys[i], map.items[i]));
  }
  return Status::OK();
}

Status StreamReader::ReadDecoder() {
  const std::string key = Own("decoder.class.name");
  const StreamValue* const value = Find(key);
  if (value == nullptr) return Status::Invalid(key, " is missing; JSONMessageDecoder is built");
  const std::string_view name = SimpleName(value->text);
  if (name == "KafkaAvroMessageDecoder")
    return Status::Invalid(key, ": KafkaAvroMessageDecoder reads a registry of LinkedIn's own and is not supported; JSONMessageDecoder is built");
  if (name == "ProtoBufCodeGenMessageDecoder") {
    return Status::Invalid(key,
                           ": ProtoBufCodeGenMessageDecoder needs a Java archive and is not supported; ProtoBufMessageDecoder with a descriptorFile is to "
                           "come, JSONMessageDecoder is built");
  }
  if (std::find(kDecodersToCome.begin(), kDecodersToCome.end(), name) != kDecodersToCome.end())
    return Status::Invalid(key, ": ", name, " is not built yet; JSONMessageDecoder is");
  if (name != "JSONMessageDecoder" && name != "KafkaJSONMessageDecoder") {
    std::string all = "JSONMessageDecoder and KafkaJSONMessageDecoder are built;";
    for (const std::string_view later : kDecodersToCome) all += (later == kDecodersToCome.front() ? " " : ", ") + std::string(later);
    return Status::Invalid(key, ": the decoder ", value->shown, " is unknown; ", all, " are to come");
  }
  config_.decoder_class = "JSONMessageDecoder";
  const std::string format_key = Own("decoder.prop.jsonFormat");
  const StreamValue* const format = Find(format_key);
  if (format != nullptr && AsciiLower(format->text) != "text") return Bad(format_key, *format, "TEXT, other forms of JSON are not built yet");
  return Status::OK();
}

Status StreamReader::ReadPartitions() {
  const std::string key = Own("partition.ids");
  const StreamValue* const value = Find(key);
  if (value == nullptr) return Status::OK();
  std::vector<int32_t>& ids = config_.partition_ids;
  const auto bad = [&] { return Bad(key, *value, "partitions as 0,2,5-9, at most " + std::to_string(kMaxStreamPartitionIds)); };
  std::string_view rest = value->text;
  while (true) {
    const size_t comma = rest.find(',');
    std::string_view part = rest.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    const size_t dash = part.find('-', 1);
    int64_t first = 0, last = 0;
    if (!ParseIntegerText(part.substr(0, dash), &first)) return bad();
    last = first;
    if (dash != std::string_view::npos && !ParseIntegerText(part.substr(dash + 1), &last)) return bad();
    if (first < 0 || last < first || last > std::numeric_limits<int32_t>::max() || last - first >= static_cast<int64_t>(kMaxStreamPartitionIds)) return bad();
    for (int64_t id = first; id <= last; ++id) ids.push_back(static_cast<int32_t>(id));
    if (ids.size() > 2 * kMaxStreamPartitionIds) return bad();
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids.size() <= kMaxStreamPartitionIds ? Status::OK() : bad();
}

Status StreamReader::ReadSource() {
  const std::string topic = Own("topic.name"), brokers = Own("broker.list");
  for (const std::string& key : {topic, brokers}) {
    if (Find(key) == nullptr) return Status::Invalid(key, " is missing", key == brokers ? "; host:port, separated by commas, is needed" : "");
  }
  config_.topic = Find(topic)->text;
  const std::string factory = Own("consumer.factory.class.name"), type = Own("consumer.type"), isolation = Own("isolation.level"),
                    reset = Own("consumer.prop.auto.offset.reset");
  if (const StreamValue* const value = Find(factory); value != nullptr && SimpleName(value->text) != "KafkaConsumerFactory") {
    if (SimpleName(value->text) == "KinesisConsumerFactory") return Status::Invalid(factory, ": KinesisConsumerFactory does not go with streamType kafka");
    return Status::Invalid(factory, ": the factory ", value->shown, " is unknown; KafkaConsumerFactory and KinesisConsumerFactory, in any package, are known");
  }
  if (const StreamValue* const value = Find(type)) {
    const std::string lowered = AsciiLower(value->text);
    if (lowered == "highlevel" || lowered == "hlc") return Status::Invalid(type, ": the high-level consumer is not supported; lowlevel is");
    if (lowered != "lowlevel" && lowered != "simple") return Bad(type, *value, "lowlevel or simple");
  }
  if (const StreamValue* const value = Find(isolation)) {
    const std::string lowered = AsciiLower(value->text);
    if (lowered != "read_committed" && lowered != "read_uncommitted") return Bad(isolation, *value, "read_uncommitted or read_committed");
    config_.isolation = lowered == "read_committed" ? StreamConfig::Isolation::kReadCommitted : StreamConfig::Isolation::kReadUncommitted;
  }
  if (const StreamValue* const value = Find(reset)) {
    Result<OffsetCriteria> start = ParseOffsetCriteria(value->text);
    if (!start.ok())
      return Bad(reset, *value, "smallest, largest, a period (2d), an instant (2022-08-09T12:31:38.222Z) or positions (partition:offset, as 0:100,1:250)");
    config_.start = *std::move(start);
    const std::string lowered = AsciiLower(value->text);
    if (lowered == "earliest" || lowered == "latest")
      findings_->Warn(reset + ": " + lowered + " is taken for " + ToString(config_.start) + ", Pinot's word for it");
  }
  return ReadPartitions();
}

Status StreamReader::ReadFlush() {
  FlushThresholds& flush = config_.flush;
  std::string_view rows_key, size_key, time_key;
  const std::string flush_prefix(kFlush);
  const StreamValue* const rows = FindFirst(
      {kRows, "realtime.segment.flush.threshold.rows.llc", "realtime.segment.flush.threshold.size", "realtime.segment.flush.threshold.size.llc"}, &rows_key);
  if (rows != nullptr) LOTIC_RETURN_NOT_OK(Integer(rows_key, 0, kMaxInt, &flush.total_rows));
  int64_t segment_rows = 0;
  LOTIC_RETURN_NOT_OK(Integer(kSegmentRows, 0, kMaxInt, &segment_rows));
  if (segment_rows > 0) flush.segment_rows = segment_rows;
  const StreamValue* const size = FindFirst({kSegmentSize, "realtime.segment.flush.desired.size"}, &size_key);
  bool sized = false;
  if (size != nullptr) {
    const Result<int64_t> bytes = ParseDataSize(size->text);
    if (!bytes.ok()) return Bad(size_key, *size, "a size as 200M, 0.5G");
    sized = *bytes > 0;
    if (sized) flush.segment_bytes = *bytes;
  }
  const bool by_rows = rows != nullptr && flush.total_rows > 0;
  if (by_rows + flush.segment_rows.has_value() + sized > 1) {
    return Status::Invalid("at most one of ", kRows, ", …segment.rows and …segment.size may be positive, not ",
                           by_rows ? std::string(rows_key) + " " + rows->shown : "",
                           flush.segment_rows ? (by_rows ? " and " : "") + std::string(kSegmentRows) + " " + Find(kSegmentRows)->shown : "",
                           sized ? " and " + std::string(size_key) + " " + size->shown : "");
  }
  if (rows == nullptr && sized) flush.total_rows = 0;
  if (const StreamValue* const time = FindFirst({"realtime.segment.flush.threshold.time", "realtime.segment.flush.threshold.time.llc"}, &time_key)) {
    const Result<int64_t> ms = ParsePeriod(time->text);
    if (!ms.ok() || *ms <= 0) return Bad(time_key, *time, "a period above zero, as 6h, 1d or milliseconds");
    flush.time_ms = *ms;
  }
  const std::string variance = flush_prefix + "threshold.variance.fraction";
  if (const StreamValue* const value = Find(variance)) {
    if (!ParseNumberText(value->text, &flush.variance) || flush.variance < 0 || flush.variance >= 0.5)
      return Bad(variance, *value, "a number from 0 up to, not including, 0.5");
  }
  LOTIC_RETURN_NOT_OK(Integer(flush_prefix + "autotune.initialRows", 1, kMaxInt, &flush.initial_rows));
  return Status::OK();
}

Status StreamReader::ReadLimits() {
  LOTIC_RETURN_NOT_OK(Boolean("metadata.populate", &config_.metadata_populate));
  LOTIC_RETURN_NOT_OK(Boolean(Own("metadata.populate"), &config_.metadata_populate));
  LOTIC_RETURN_NOT_OK(Boolean(Own("header.hex"), &config_.header_hex));
  LOTIC_RETURN_NOT_OK(Boolean("stopOnDecodeError", &config_.stop_on_decode_error));
  LOTIC_RETURN_NOT_OK(Rate("topic.consumption.rate.limit", &config_.topic_rate));
  LOTIC_RETURN_NOT_OK(Rate("partition.consumption.rate.limit", &config_.partition_rate));
  LOTIC_RETURN_NOT_OK(Integer(Own("fetch.timeout.millis"), 1, kMaxWaitMs, &config_.fetch_timeout_ms));
  LOTIC_RETURN_NOT_OK(Integer(Own("connection.timeout.millis"), 1, kMaxWaitMs, &config_.connection_timeout_ms));
  int64_t idle_ms = 0;  // has no effect, but a wrong value is one all the same
  return Integer(Own("idle.timeout.millis"), std::numeric_limits<int64_t>::min(), kMaxInt, &idle_ms);
}

Result<StreamConfig> StreamReader::Read(const JsonTree& map) {
  LOTIC_RETURN_NOT_OK(Collect(map));
  LOTIC_RETURN_NOT_OK(ReadSource());
  LOTIC_RETURN_NOT_OK(ReadDecoder());
  LOTIC_RETURN_NOT_OK(ReadFlush());
  LOTIC_RETURN_NOT_OK(ReadLimits());
  for (const std::string_view piece : {"ssl.server.certificate", "ssl.client.certificate", "ssl.client.key"}) {
    if (const StreamValue* const value = Find(Own(piece))) client_.emplace(Own(piece), *value);
  }
  client_.emplace("bootstrap.servers", *Find(Own("broker.list")));
  LOTIC_RETURN_NOT_OK(ReadClientProperties(client_, &config_, findings_));
  return std::move(config_);
}

}  // namespace

Result<StreamConfig> ReadStreamConfig(const JsonTree& map, const std::string& path, Findings* findings) { return StreamReader(path, findings).Read(map); }

}  // namespace lotic::catalog
