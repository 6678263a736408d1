// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/table_options.h"

#include <algorithm>
#include <limits>
#include <map>
#include <regex>
#include <string_view>
#include <utility>

#include "aws/session.h"
#include "catalog/option_keys.h"
#include "catalog/option_value.h"
#include "connector/kinesis/start_time.h"

namespace lotic::kinesis {
namespace {

using catalog::ParseBooleanOption;
using catalog::ParseDoubleOption;
using catalog::ParseDurationOption;
using catalog::ParseIntegerOption;
using catalog::ParseMemoryOption;
using std::chrono::milliseconds;

constexpr size_t kMaxShownBytes = 100;        // of a value in a message
constexpr int64_t kLeastHeldBytes = 1 << 20;  // of scan.memory.limit

enum class Names : uint8_t { kBoth, kLegacy, kNew };
enum class Kind : uint8_t { kText, kInteger, kDouble, kBoolean, kDuration };

/// One option of the connector. `use`: what it does here.
struct Option {
  const char* key;
  Names names;
  Kind kind;
  enum class Use : uint8_t {
    kUsed,
    kIgnored,   // known, checked, does nothing here: a warning
    kNotBuilt,  // only `only` may be said, or nothing
  } use = Use::kUsed;
  const char* other = "";  // its equivalent in the other profile, "" for none; kNotBuilt: the value that is built
};

using enum Option::Use;
constexpr Option kOptions[] = {
    {"connector", Names::kBoth, Kind::kText},
    {"format", Names::kBoth, Kind::kText},
    {"stream", Names::kBoth, Kind::kText},
    {"stream.arn", Names::kBoth, Kind::kText},
    // Connection.
    {"aws.region", Names::kBoth, Kind::kText},
    {"aws.endpoint", Names::kBoth, Kind::kText},
    {"aws.trust.all.certificates", Names::kBoth, Kind::kBoolean},
    {"aws.http.protocol.version", Names::kBoth, Kind::kText, kIgnored},
    {"aws.http-client.max-concurrency", Names::kBoth, Kind::kInteger, kIgnored},
    {"aws.http-client.read-timeout", Names::kBoth, Kind::kInteger},
    // Source, new names.
    {"source.init.position", Names::kNew, Kind::kText, kUsed, "scan.stream.initpos"},
    {"source.init.timestamp", Names::kNew, Kind::kText, kUsed, "scan.stream.initpos-timestamp"},
    {"source.init.timestamp.format", Names::kNew, Kind::kText, kUsed, "scan.stream.initpos-timestamp-format"},
    {"source.shard.discovery.interval", Names::kNew, Kind::kDuration, kIgnored, "scan.shard.discovery.intervalmillis"},
    {"source.reader.type", Names::kNew, Kind::kText, kUsed, "scan.stream.recordpublisher"},
    {"source.shard.get-records.max-record-count", Names::kNew, Kind::kInteger, kIgnored, "scan.shard.getrecords.maxrecordcount"},
    {"source.reader.empty-records-fetch-interval", Names::kNew, Kind::kDuration, kIgnored, "scan.shard.getrecords.intervalmillis"},
    {"source.efo.consumer.name", Names::kNew, Kind::kText, kUsed, "scan.stream.efo.consumername"},
    {"source.efo.lifecycle", Names::kNew, Kind::kText, kUsed, "scan.stream.efo.registration"},
    {"source.efo.subscription.timeout", Names::kNew, Kind::kDuration, kIgnored, "scan.shard.subscribetoshard.timeout"},
    {"source.efo.deregister.timeout", Names::kNew, Kind::kDuration, kIgnored, "scan.stream.deregisterstreamconsumer.timeout"},
    {"source.efo.describe.retry-strategy.attempts.max", Names::kNew, Kind::kInteger, kIgnored, "scan.stream.describestreamconsumer.maxretries"},
    {"source.efo.describe.retry-strategy.delay.min", Names::kNew, Kind::kDuration, kIgnored, "scan.stream.describestreamconsumer.backoff.base"},
    {"source.efo.describe.retry-strategy.delay.max", Names::kNew, Kind::kDuration, kIgnored, "scan.stream.describestreamconsumer.backoff.max"},
    {"source.shard-assigner", Names::kBoth, Kind::kText},
    {"source.retry-strategy.attempts.max", Names::kNew, Kind::kInteger, kIgnored},
    {"source.retry-strategy.delay.min", Names::kNew, Kind::kDuration, kIgnored},
    {"source.retry-strategy.delay.max", Names::kNew, Kind::kDuration, kIgnored},
    // Source, old names.
    {"scan.stream.initpos", Names::kLegacy, Kind::kText, kUsed, "source.init.position"},
    {"scan.stream.initpos-timestamp", Names::kLegacy, Kind::kText, kUsed, "source.init.timestamp"},
    {"scan.stream.initpos-timestamp-format", Names::kLegacy, Kind::kText, kUsed, "source.init.timestamp.format"},
    {"scan.stream.recordpublisher", Names::kLegacy, Kind::kText, kUsed, "source.reader.type"},
    {"scan.stream.efo.consumername", Names::kLegacy, Kind::kText, kUsed, "source.efo.consumer.name"},
    {"scan.stream.efo.registration", Names::kLegacy, Kind::kText, kUsed, "source.efo.lifecycle"},
    {"scan.stream.efo.http-client.max-concurrency", Names::kLegacy, Kind::kInteger, kIgnored, "aws.http-client.max-concurrency"},
    {"scan.stream.efo.http-client.read-timeout", Names::kLegacy, Kind::kInteger, kIgnored, "aws.http-client.read-timeout"},
    {"scan.shard-assigner", Names::kLegacy, Kind::kText},
    {"scan.shard.getrecords.maxrecordcount", Names::kLegacy, Kind::kInteger, kIgnored, "source.shard.get-records.max-record-count"},
    {"scan.shard.getrecords.intervalmillis", Names::kLegacy, Kind::kInteger, kIgnored, "source.reader.empty-records-fetch-interval"},
    {"scan.shard.discovery.intervalmillis", Names::kLegacy, Kind::kInteger, kIgnored, "source.shard.discovery.interval"},
    {"scan.shard.adaptivereads", Names::kLegacy, Kind::kBoolean, kIgnored},
    {"scan.shard.idle.interval", Names::kLegacy, Kind::kInteger, kIgnored},
    {"scan.watermark.sync.interval", Names::kLegacy, Kind::kInteger, kIgnored},
    {"scan.watermark.lookahead.millis", Names::kLegacy, Kind::kInteger, kIgnored},
    {"scan.watermark.sync.queue.capacity", Names::kLegacy, Kind::kInteger, kIgnored},
    {"scan.stream.registerstreamconsumer.timeout", Names::kLegacy, Kind::kInteger, kIgnored},
    {"scan.stream.deregisterstreamconsumer.timeout", Names::kLegacy, Kind::kInteger, kIgnored, "source.efo.deregister.timeout"},
    {"scan.shard.subscribetoshard.timeout", Names::kLegacy, Kind::kInteger, kIgnored, "source.efo.subscription.timeout"},
    // Source, extensions of both profiles.
    {"scan.bounded.mode", Names::kBoth, Kind::kText},
    {"scan.bounded.timestamp", Names::kBoth, Kind::kText},
    {"scan.bounded.grace", Names::kBoth, Kind::kDuration},
    {"scan.bounded.settle", Names::kBoth, Kind::kDuration},
    {"scan.bounded.stall-timeout", Names::kBoth, Kind::kDuration},
    {"scan.bounded.trust-lag", Names::kBoth, Kind::kBoolean},
    {"scan.bounded.timeout", Names::kBoth, Kind::kDuration},
    {"scan.parallelism", Names::kBoth, Kind::kInteger},
    {"scan.memory.limit", Names::kBoth, Kind::kText},
    {"scan.shard.ordering", Names::kBoth, Kind::kText, kIgnored},
    {"scan.kpl.deaggregation", Names::kBoth, Kind::kText, kNotBuilt, "auto"},
    {"scan.kpl.hash-filter", Names::kBoth, Kind::kText, kNotBuilt, "strict"},
    {"scan.pushdown.partition-key", Names::kBoth, Kind::kBoolean, kNotBuilt, "false"},
    {"scan.position.store", Names::kBoth, Kind::kText, kNotBuilt, ""},
    {"scan.efo.owner", Names::kBoth, Kind::kText, kNotBuilt, ""},
    // Sink.
    {"sink.partitioner", Names::kBoth, Kind::kText},
    {"sink.partitioner-field-delimiter", Names::kBoth, Kind::kText},
    {"sink.http-client.max-concurrency", Names::kBoth, Kind::kInteger, kIgnored},
    {"sink.http-client.read-timeout", Names::kBoth, Kind::kInteger},
    {"sink.http-client.protocol.version", Names::kBoth, Kind::kText, kIgnored},
    {"sink.batch.max-size", Names::kBoth, Kind::kInteger},
    {"sink.requests.max-inflight", Names::kBoth, Kind::kInteger},
    {"sink.requests.max-buffered", Names::kBoth, Kind::kInteger},
    {"sink.flush-buffer.size", Names::kBoth, Kind::kInteger},
    {"sink.flush-buffer.timeout", Names::kBoth, Kind::kInteger},
    {"sink.fail-on-error", Names::kBoth, Kind::kBoolean},
    {"sink.ordering", Names::kBoth, Kind::kText},
    {"sink.aggregation", Names::kBoth, Kind::kText, kNotBuilt, "off"},
    {"sink.retry.timeout", Names::kBoth, Kind::kDuration},
    {"sink.retry.backoff.min", Names::kBoth, Kind::kDuration},
    {"sink.retry.backoff.max", Names::kBoth, Kind::kDuration},
    {"sink.retry-strategy.attempts.max", Names::kBoth, Kind::kInteger, kIgnored},
    {"sink.retry-strategy.delay.min", Names::kBoth, Kind::kDuration, kIgnored},
    {"sink.retry-strategy.delay.max", Names::kBoth, Kind::kDuration, kIgnored},
};

/// Old retry options: <operation>.maxretries, .backoff.base, .backoff.max, .backoff.expconst.
constexpr const char* kRetried[] = {"scan.stream.describe",
                                    "scan.list.shards",
                                    "scan.stream.describestreamconsumer",
                                    "scan.stream.registerstreamconsumer",
                                    "scan.stream.deregisterstreamconsumer",
                                    "scan.shard.subscribetoshard",
                                    "scan.shard.getrecords",
                                    "scan.shard.getiterator"};
constexpr std::pair<const char*, Kind> kRetrying[] = {
    {".maxretries", Kind::kInteger}, {".backoff.base", Kind::kInteger}, {".backoff.max", Kind::kInteger}, {".backoff.expconst", Kind::kDouble}};

/// What follows "aws.credentials." in both spellings.
constexpr const char* kCredentialKeys[] = {"basic.accesskeyid", "basic.secretkey", "basic.sessiontoken",    "profile.name",
                                           "profile.path",      "role.arn",        "role.sessionName",      "role.externalId",
                                           "role.stsEndpoint",  "role.provider",   "webIdentityToken.file", "custom.class"};
constexpr const char* kCredentials = "aws.credentials.";
constexpr const char* kProvider = "aws.credentials.provider";
/// Where free text may follow.
constexpr const char* kOpenPrefixes[] = {
    "aws.credentials.custom.",      "aws.credentials.provider.custom.",       "aws.credentials.role.provider.",    "aws.credentials.provider.role.provider.",
    "scan.stream.efo.consumerarn.", "scan.shard.consumer.error.recoverable[", "shard.consumer.error.recoverable[", "sink.producer."};

bool SameWord(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

const Option* FindOption(std::string_view key) {
  for (const Option& option : kOptions) {
    if (key == option.key) return &option;
  }
  return nullptr;
}

Status CheckValue(const Option& option, const std::string& value) {
  switch (option.kind) {
    case Kind::kText: return Status::OK();
    case Kind::kInteger: return ParseIntegerOption(option.key, value, std::string_view(option.key) == "scan.shard.idle.interval" ? -1 : 0).status();
    case Kind::kDouble: return ParseDoubleOption(option.key, value).status();
    case Kind::kBoolean: return ParseBooleanOption(option.key, value).status();
    case Kind::kDuration: return ParseDurationOption(option.key, value).status();
  }
  return Status::OK();
}

struct Arn {
  std::string region, account, stream;
};

Result<Arn> ParseArn(const std::string& text) {
  static const std::regex form("arn:(aws[a-z0-9-]{0,40}):kinesis:([a-z0-9-]{1,40}):([0-9]{12}):stream/([a-zA-Z0-9_.-]{1,128})");
  std::smatch parts;
  if (text.size() > 400 || !std::regex_match(text, parts, form)) {
    return Status::Invalid("option 'stream.arn': '", text.substr(0, kMaxShownBytes),
                           "' is no ARN of a stream; arn:aws:kinesis:<region>:<account>:stream/<name> is expected");
  }
  return Arn{parts[2], parts[3], parts[4]};
}

Status CheckRegion(const std::string& region) {
  static const std::regex form("[a-z]+-([a-z]+[-]{0,1}[a-z]+-([0-9]|global)|global)");
  if (region.size() <= 60 && std::regex_match(region, form)) return Status::OK();
  return Status::Invalid("option 'aws.region': '", region.substr(0, kMaxShownBytes), "' is no region; a name like eu-west-1 is expected");
}

class Parser {
 public:
  explicit Parser(const TableDefinition& definition) : definition_(definition) {}

  Result<KinesisTableOptions> Parse() {
    for (const auto& [key, value] : definition_.options) {
      if (!values_.emplace(key, value).second) return Status::Invalid("option '", key, "' is given twice");
    }
    LOTIC_RETURN_NOT_OK(Profiles());
    LOTIC_RETURN_NOT_OK(Keys());
    LOTIC_RETURN_NOT_OK(OldProducer());
    LOTIC_RETURN_NOT_OK(Connection());
    LOTIC_RETURN_NOT_OK(Credentials());
    LOTIC_RETURN_NOT_OK(Scan());
    LOTIC_RETURN_NOT_OK(Sink());
    return std::move(made_);
  }

 private:
  const std::string* Find(const std::string& key) const {
    const auto at = values_.find(key);
    return at == values_.end() ? nullptr : &at->second;
  }
  std::string Text(const std::string& key) const {
    const std::string* value = Find(key);
    return value == nullptr ? std::string() : *value;
  }
  void Warn(std::string sentence) { made_.warnings.push_back(std::move(sentence)); }
  /// One of `words`, any case. @return its index.
  Result<size_t> Word(const std::string& key, const std::string& value, const std::vector<std::string>& words) const {
    std::string list;
    for (size_t i = 0; i < words.size(); ++i) {
      if (SameWord(value, words[i])) return i;
      list += (i == 0 ? "" : ", ") + words[i];
    }
    return Status::Invalid("option '", key, "': '", value.substr(0, kMaxShownBytes), "' is none of ", list);
  }
  Status Duration(const std::string& key, milliseconds* out) const {
    const std::string* value = Find(key);
    if (value == nullptr) return Status::OK();
    LOTIC_ASSIGN_OR_RETURN(*out, ParseDurationOption(key, *value));
    return Status::OK();
  }
  Status Integer(const std::string& key, int64_t low, int64_t high, int64_t* out) const {
    const std::string* value = Find(key);
    if (value == nullptr) return Status::OK();
    LOTIC_ASSIGN_OR_RETURN(*out, ParseIntegerOption(key, *value, low, high));
    return Status::OK();
  }

  /// §1.1 of the connector's history: which names are meant, and which stream.
  Status Profiles() {
    const std::string connector = Text("connector");
    const std::string* const stream = Find("stream");
    const std::string* const arn = Find("stream.arn");
    if (connector != "kinesis" && connector != "kinesis-legacy")
      return Status::Invalid("option 'connector': '", connector.substr(0, kMaxShownBytes), "' is neither kinesis nor kinesis-legacy");
    made_.profile = connector == "kinesis" && arn != nullptr ? Profile::kNew : Profile::kLegacy;
    if (stream == nullptr && arn == nullptr) {
      return Status::Invalid("option '", connector == "kinesis" ? "stream.arn" : "stream", "' is missing: connector ", connector, " needs to know its stream");
    }
    if (connector == "kinesis-legacy" && stream == nullptr) return Status::Invalid("option 'stream' is missing: connector kinesis-legacy names its stream so");
    if (stream != nullptr) {
      static const std::regex form("[a-zA-Z0-9_.-]{1,128}");
      if (stream->size() > 128 || !std::regex_match(*stream, form))
        return Status::Invalid("option 'stream': '", stream->substr(0, kMaxShownBytes), "' is no name of one stream");
      made_.connection.stream = *stream;
    }
    if (arn != nullptr) {
      LOTIC_ASSIGN_OR_RETURN(arn_, ParseArn(*arn));
      if (stream != nullptr && *stream != arn_.stream)
        return Status::Invalid("options 'stream' = '", *stream, "' and 'stream.arn' = '", *arn, "' name two streams");
      made_.connection.stream = arn_.stream;
      made_.connection.arn = *arn;
    }
    const std::string* const format = Find("format");
    if (format == nullptr) return Status::Invalid("option 'format' is missing: json, csv or raw is expected");
    made_.format = *format;
    return Status::OK();
  }

  static bool IsOpen(std::string_view key) {
    return std::any_of(std::begin(kOpenPrefixes), std::end(kOpenPrefixes),
                       [&](std::string_view prefix) { return key.size() > prefix.size() && key.starts_with(prefix); });
  }

  Status Keys() {
    catalog::KnownOptions known;
    for (const Option& option : kOptions) {
      if (option.names == Names::kBoth || option.names == (made_.profile == Profile::kNew ? Names::kNew : Names::kLegacy)) known.keys.push_back(option.key);
    }
    known.keys.push_back(kProvider);
    for (const char* const key : kCredentialKeys) {
      known.keys.push_back(std::string(kCredentials) + key);
      known.keys.push_back(std::string(kProvider) + "." + key);
    }
    known.open_prefixes.assign(std::begin(kOpenPrefixes), std::end(kOpenPrefixes));
    const std::string format_prefix = made_.format + ".";
    std::vector<std::pair<std::string, std::string>> unexplained;
    for (const auto& [key, value] : definition_.options) {
      if (key.starts_with(format_prefix)) {
        made_.format_options.emplace_back(key.substr(format_prefix.size()), value);
        continue;
      }
      if (const Option* const option = FindOption(key)) {
        LOTIC_RETURN_NOT_OK(Known(*option, value));
        continue;
      }
      LOTIC_ASSIGN_OR_RETURN(const bool retry, RetryOption(key, value));
      if (retry) continue;
      if (key.starts_with("scan.shard.consumer.error.recoverable[") || key.starts_with("shard.consumer.error.recoverable["))
        Warn("option '" + key + "' does nothing here: what is tried again is fixed");
      unexplained.emplace_back(key, value);
    }
    return catalog::CheckOptionKeys(unexplained, known);
  }

  Status Known(const Option& option, const std::string& value) {
    const bool foreign = option.names == (made_.profile == Profile::kNew ? Names::kLegacy : Names::kNew);
    if (foreign) {
      const char* const mine = made_.profile == Profile::kNew ? "'stream.arn'" : "'stream'";
      return Status::Invalid("option '", option.key, "' does not go with a table named by ", mine, "; ",
                             option.other[0] != '\0' ? std::string("write '") + option.other + "'" : "it has no equivalent there, leave it out");
    }
    LOTIC_RETURN_NOT_OK(CheckValue(option, value));
    if (option.use == kIgnored) Warn(std::string("option '") + option.key + "' does nothing here");
    if (option.use == kNotBuilt && (option.other[0] == '\0' || !SameWord(value, option.other))) {
      return Status::NotImplemented("option '", option.key, "' = '", value.substr(0, kMaxShownBytes), "' is not built yet; ",
                                    option.other[0] == '\0' ? std::string("leave it out") : std::string("only '") + option.other + "' is");
    }
    return Status::OK();
  }

  Result<bool> RetryOption(const std::string& key, const std::string& value) {
    for (const char* const operation : kRetried) {
      if (!key.starts_with(operation)) continue;
      for (const auto& [suffix, kind] : kRetrying) {
        if (key.substr(std::string_view(operation).size()) != suffix) continue;
        if (made_.profile == Profile::kNew)
          return Status::Invalid("option '", key, "' does not go with a table named by 'stream.arn'; it has no equivalent there, leave it out");
        LOTIC_RETURN_NOT_OK(kind == Kind::kDouble ? ParseDoubleOption(key, value).status() : ParseIntegerOption(key, value).status());
        Warn("option '" + key + "' does nothing here: pauses and attempts are fixed");
        return true;
      }
    }
    return false;
  }

  /// The producer options of Flink 1.12 to 1.14: some have a new name, which wins where both are given; the others do nothing.
  Status OldProducer() {
    constexpr std::pair<const char*, const char*> kRenamed[] = {{"record-max-buffered-time", "sink.flush-buffer.timeout"},
                                                                {"collection-max-count", "sink.batch.max-size"},
                                                                {"collection-max-size", "sink.flush-buffer.size"},
                                                                {"fail-on-error", "sink.fail-on-error"}};
    constexpr std::string_view kPrefix = "sink.producer.";
    for (const auto& [key, value] : definition_.options) {
      if (!key.starts_with(kPrefix)) continue;
      const std::string rest = key.substr(kPrefix.size());
      const auto* const renamed = std::find_if(std::begin(kRenamed), std::end(kRenamed), [&](const auto& pair) { return rest == pair.first; });
      if (rest == "kinesis-endpoint" || rest == "kinesis-port") {
        if (rest == "kinesis-endpoint" && Find("aws.endpoint") == nullptr) {
          std::string url = "https://" + value;
          if (const std::string* const port = Find("sink.producer.kinesis-port")) {
            LOTIC_ASSIGN_OR_RETURN(const int64_t number, ParseIntegerOption("sink.producer.kinesis-port", *port, 1, 65'535));
            url += ":" + std::to_string(number);
          }
          values_["aws.endpoint"] = url;
          Warn("option 'sink.producer.kinesis-endpoint' is read as 'aws.endpoint' = '" + url + "'");
        }
      } else if (rest == "verify-certificate") {
        LOTIC_ASSIGN_OR_RETURN(const bool verify, ParseBooleanOption(key, value));
        if (values_.emplace("aws.trust.all.certificates", verify ? "false" : "true").second)
          Warn("option '" + key + "' is read as 'aws.trust.all.certificates' = '" + (verify ? "false" : "true") + "'");
      } else if (renamed != std::end(kRenamed)) {
        const Option& option = *FindOption(renamed->second);
        const Status fits = CheckValue(option, value);
        if (!fits.ok()) return fits.WithMessage("option '", key, "' (read as '", renamed->second, "'): ", fits.message());
        if (!values_.emplace(renamed->second, value).second) {
          Warn("option '" + key + "' does nothing beside '" + renamed->second + "'");
        } else {
          Warn("option '" + key + "' is read as '" + renamed->second + "'" + (rest.starts_with("collection") ? "; Flink takes it for another quantity" : ""));
        }
      } else {
        Warn("option '" + key + "' does nothing since Flink 1.15, and nothing here");
      }
    }
    return Status::OK();
  }

  Status Connection() {
    ConnectionOptions& c = made_.connection;
    c.region = Text("aws.region");
    c.endpoint = Text("aws.endpoint");
    if (Find("aws.region") != nullptr) LOTIC_RETURN_NOT_OK(CheckRegion(c.region));
    if (made_.profile == Profile::kNew && c.region.empty())
      return Status::Invalid("option 'aws.region' is missing: a table named by 'stream.arn' needs it, too");
    if (made_.profile == Profile::kLegacy && c.region.empty() && c.endpoint.empty())
      return Status::Invalid("option 'aws.region' is missing: it, or 'aws.endpoint', says where the stream is");
    if (!c.arn.empty() && arn_.region != c.region) {
      Warn("the region " + arn_.region + " of 'stream.arn' is used, not 'aws.region' = '" + c.region + "'");
      c.region = arn_.region;
    }
    if (!c.endpoint.empty()) LOTIC_RETURN_NOT_OK(CheckEndpoint(c.endpoint));
    if (const std::string* const trust = Find("aws.trust.all.certificates")) {
      LOTIC_ASSIGN_OR_RETURN(c.trust_all_certificates, ParseBooleanOption("aws.trust.all.certificates", *trust));
      if (c.trust_all_certificates) Warn("'aws.trust.all.certificates' = 'true': nobody proves to be the service; for tests only");
    }
    int64_t timeout_ms = c.read_timeout.count();
    LOTIC_RETURN_NOT_OK(Integer("aws.http-client.read-timeout", 1, 86'400'000, &timeout_ms));
    c.read_timeout = milliseconds(timeout_ms);
    return Status::OK();
  }

  static Status CheckEndpoint(const std::string& url) {
    const Result<aws::ServiceEndpoint> parsed = aws::ServiceEndpoint::Parse(url);
    return parsed.ok() ? Status::OK() : parsed.status().WithMessage("option 'aws.endpoint': ", parsed.status().message());
  }

  /// The value of aws.credentials.<rest> or aws.credentials.provider.<rest>.
  Result<std::string> Credential(const std::string& rest) const {
    const std::string* const one = Find(kCredentials + rest);
    const std::string* const other = Find(std::string(kProvider) + "." + rest);
    if (one != nullptr && other != nullptr && *one != *other)
      return Status::Invalid("options '", kCredentials, rest, "' and '", kProvider, ".", rest, "' have two values");
    return one != nullptr ? *one : other != nullptr ? *other : std::string();
  }

  Status Credentials() {
    aws::CredentialsOptions& c = made_.connection.credentials;
    LOTIC_ASSIGN_OR_RETURN(const std::string key, Credential("basic.accesskeyid"));
    LOTIC_ASSIGN_OR_RETURN(const std::string secret, Credential("basic.secretkey"));
    LOTIC_ASSIGN_OR_RETURN(const std::string token, Credential("basic.sessiontoken"));
    LOTIC_ASSIGN_OR_RETURN(c.profile, Credential("profile.name"));
    LOTIC_ASSIGN_OR_RETURN(c.credentials_file, Credential("profile.path"));
    const std::string* const provider = Find(kProvider);
    size_t which = key.empty() || secret.empty() ? 0 : 1;
    if (provider != nullptr) {
      LOTIC_ASSIGN_OR_RETURN(which,
                             Word(kProvider, *provider, {"AUTO", "BASIC", "ENV_VAR", "SYS_PROP", "PROFILE", "ASSUME_ROLE", "WEB_IDENTITY_TOKEN", "CUSTOM"}));
    }
    if (which != 1 && key.empty() != secret.empty()) which = 1;  // half a pair is a mistake whatever else is said
    Status problem;
    switch (which) {
      case 1:
        if (key.empty() || secret.empty())
          return Status::Invalid("option 'aws.credentials.basic.", key.empty() ? "accesskeyid" : "secretkey", "' is missing: BASIC needs both keys");
        c.source = aws::CredentialsSource::kFixed;
        c.fixed = {key, net::Secret(secret), net::Secret(token)};
        break;
      case 2: c.source = aws::CredentialsSource::kEnvironment; break;
      case 3:
        problem =
            Status::NotImplemented("'aws.credentials.provider' = 'SYS_PROP' is not built: there are no Java properties here; use BASIC, ENV_VAR or PROFILE");
        break;
      case 4: c.source = aws::CredentialsSource::kProfile; break;
      case 5: {
        LOTIC_ASSIGN_OR_RETURN(const std::string role, Credential("role.arn"));
        if (role.empty()) return Status::Invalid("option 'aws.credentials.role.arn' is missing: ASSUME_ROLE needs it");
        c.source = aws::CredentialsSource::kAssumeRole;
        break;
      }
      case 6: c.source = aws::CredentialsSource::kWebIdentity; break;
      case 7:
        problem = Status::NotImplemented("'aws.credentials.provider' = 'CUSTOM' is not built: no provider is registered; use BASIC, ENV_VAR or PROFILE");
        break;
      default: break;
    }
    made_.scan.problem = made_.sink.problem = problem;
    return Status::OK();
  }

  Status StartPosition(const std::string& position, const std::string& timestamp, const std::string& pattern) {
    const std::string* const text = Find(timestamp);
    const std::string* const given = Find(position);
    if (given != nullptr) {
      LOTIC_ASSIGN_OR_RETURN(const size_t word, Word(position, *given, {"LATEST", "TRIM_HORIZON", "AT_TIMESTAMP"}));
      made_.scan.start = static_cast<ScanOptions::Start>(word);
    }
    if (made_.scan.start != ScanOptions::Start::kTime) {
      if (text != nullptr) Warn("option '" + timestamp + "' does nothing without '" + position + "' = 'AT_TIMESTAMP'");
      return Status::OK();
    }
    if (text == nullptr) return Status::Invalid("option '", timestamp, "' is missing: '", position, "' = 'AT_TIMESTAMP' needs it");
    const std::string* const form = Find(pattern);
    LOTIC_ASSIGN_OR_RETURN(const StartTime at, ParseStartTime(timestamp, *text, form != nullptr ? *form : kDefaultTimestampPattern));
    made_.scan.start_ms = at.ms;
    if (!at.warning.empty()) Warn("option '" + timestamp + "': " + at.warning);
    return Status::OK();
  }

  Status FanOut(const std::string& type, const std::string& consumer, const std::string& lifecycle) {
    const bool legacy = made_.profile == Profile::kLegacy;
    size_t manner = 0;
    if (const std::string* const text = Find(lifecycle)) {
      LOTIC_ASSIGN_OR_RETURN(
          manner, Word(lifecycle, *text, legacy ? std::vector<std::string>{"LAZY", "EAGER", "NONE"} : std::vector<std::string>{"JOB_MANAGED", "SELF_MANAGED"}));
    }
    const std::string* const text = Find(type);
    if (text == nullptr) return Status::OK();
    LOTIC_ASSIGN_OR_RETURN(const size_t word, Word(type, *text, {"POLLING", "EFO"}));
    if (word == 0) return Status::OK();
    const std::string arn = "scan.stream.efo.consumerarn." + made_.connection.stream;
    if (legacy && manner == 2) {
      if (Text(arn).empty()) return Status::Invalid("option '", arn, "' is missing: '", lifecycle, "' = 'NONE' needs it");
    } else if (Text(consumer).empty()) {
      return Status::Invalid("option '", consumer, "' is missing: '", type, "' = 'EFO' needs it");
    }
    Problem(&made_.scan.problem,
            Status::NotImplemented("'", type, "' = 'EFO': reading by enhanced fan-out is not built yet; 'POLLING' reads the same records"));
    return Status::OK();
  }

  static void Problem(Status* slot, Status status) {
    if (slot->ok()) *slot = std::move(status);
  }

  Status Scan() {
    const bool legacy = made_.profile == Profile::kLegacy;
    LOTIC_RETURN_NOT_OK(legacy ? StartPosition("scan.stream.initpos", "scan.stream.initpos-timestamp", "scan.stream.initpos-timestamp-format")
                               : StartPosition("source.init.position", "source.init.timestamp", "source.init.timestamp.format"));
    LOTIC_RETURN_NOT_OK(legacy ? FanOut("scan.stream.recordpublisher", "scan.stream.efo.consumername", "scan.stream.efo.registration")
                               : FanOut("source.reader.type", "source.efo.consumer.name", "source.efo.lifecycle"));
    int64_t ignored = 0;
    LOTIC_RETURN_NOT_OK(Integer("scan.shard.getrecords.maxrecordcount", 1, 10'000, &ignored));
    LOTIC_RETURN_NOT_OK(Integer("source.shard.get-records.max-record-count", 1, 10'000, &ignored));
    LOTIC_RETURN_NOT_OK(Integer("scan.shard.getrecords.intervalmillis", 0, 299'999, &ignored));
    for (const char* const key : {"scan.shard-assigner", "source.shard-assigner"}) {
      const std::string* const assigner = Find(key);
      if (assigner != nullptr) LOTIC_RETURN_NOT_OK(Word(key, *assigner, {"default", "uniform"}).status());
    }
    ScanOptions& s = made_.scan;
    if (const std::string* const mode = Find("scan.bounded.mode")) {
      LOTIC_ASSIGN_OR_RETURN(const size_t word, Word("scan.bounded.mode", *mode, {"latest", "timestamp", "unbounded"}));
      s.end = static_cast<ScanOptions::End>(word);
    }
    const std::string* const until = Find("scan.bounded.timestamp");
    if (s.end == ScanOptions::End::kTime) {
      if (until == nullptr) return Status::Invalid("option 'scan.bounded.timestamp' is missing: 'scan.bounded.mode' = 'timestamp' needs it");
      LOTIC_ASSIGN_OR_RETURN(const StartTime at, ParseStartTime("scan.bounded.timestamp", *until, kDefaultTimestampPattern));
      s.end_ms = at.ms;
      if (!at.warning.empty()) Warn("option 'scan.bounded.timestamp': " + at.warning);
    } else if (until != nullptr) {
      return Status::Invalid("option 'scan.bounded.timestamp' needs 'scan.bounded.mode' = 'timestamp'");
    }
    LOTIC_RETURN_NOT_OK(Duration("scan.bounded.grace", &s.grace));
    LOTIC_RETURN_NOT_OK(Duration("scan.bounded.settle", &s.settle));
    LOTIC_RETURN_NOT_OK(Duration("scan.bounded.stall-timeout", &s.stall_timeout));
    if (const std::string* const trust = Find("scan.bounded.trust-lag")) {
      LOTIC_ASSIGN_OR_RETURN(s.trust_lag, ParseBooleanOption("scan.bounded.trust-lag", *trust));
    }
    LOTIC_RETURN_NOT_OK(Duration("scan.bounded.timeout", &s.timeout));
    if (const std::string* const timeout = Find("scan.bounded.timeout"); timeout != nullptr && s.timeout.count() == 0) {
      return Status::Invalid("option 'scan.bounded.timeout': '", timeout->substr(0, kMaxShownBytes), "' leaves no time; leave it out for none");
    }
    int64_t calls = static_cast<int64_t>(kMaxCallsInFlight);
    LOTIC_RETURN_NOT_OK(Integer("scan.parallelism", 1, std::numeric_limits<int64_t>::max(), &calls));
    if (calls > static_cast<int64_t>(kMaxCallsInFlight))
      Warn("option 'scan.parallelism': " + std::to_string(calls) + " is taken as " + std::to_string(kMaxCallsInFlight) +
           ", the most that a reader asks at once");
    s.max_calls = std::min(static_cast<size_t>(calls), kMaxCallsInFlight);
    if (const std::string* const memory = Find("scan.memory.limit")) {
      LOTIC_ASSIGN_OR_RETURN(s.max_held_bytes, ParseMemoryOption("scan.memory.limit", *memory, kLeastHeldBytes));
    }
    return Status::OK();
  }

  Status Sink() {
    SinkOptions& s = made_.sink;
    if (!definition_.partitioned_by.empty()) {
      s.partitioner = SinkOptions::Partitioner::kColumns;
      LOTIC_RETURN_NOT_OK(KeyColumns());
    }
    if (const std::string* const partitioner = Find("sink.partitioner")) {
      if (!definition_.partitioned_by.empty())
        return Status::Invalid("option 'sink.partitioner' does not go with PARTITIONED BY, which makes the partition key; leave one of them out");
      if (SameWord(*partitioner, "fixed")) {
        s.partitioner = SinkOptions::Partitioner::kFixed;
      } else if (!SameWord(*partitioner, "random")) {
        return Status::Invalid("option 'sink.partitioner': '", partitioner->substr(0, kMaxShownBytes), "' is no partitioner here; fixed and random are");
      }
    }
    if (const std::string* const delimiter = Find("sink.partitioner-field-delimiter")) s.delimiter = *delimiter;
    int64_t batch = static_cast<int64_t>(s.batch_records), buffered = static_cast<int64_t>(s.max_buffered), in_flight = static_cast<int64_t>(s.max_in_flight);
    int64_t flush_ms = s.flush_timeout.count(), request_ms = s.request_timeout.count();
    LOTIC_RETURN_NOT_OK(Integer("sink.batch.max-size", 1, 500, &batch));
    LOTIC_RETURN_NOT_OK(Integer("sink.requests.max-inflight", 1, 1'000'000, &in_flight));
    LOTIC_RETURN_NOT_OK(Integer("sink.requests.max-buffered", 1, 10'000'000, &buffered));
    LOTIC_RETURN_NOT_OK(Integer("sink.flush-buffer.size", 1 << 20, 1LL << 40, &s.batch_bytes));
    LOTIC_RETURN_NOT_OK(Integer("sink.flush-buffer.timeout", 1, 86'400'000, &flush_ms));
    LOTIC_RETURN_NOT_OK(Integer("sink.http-client.read-timeout", 1, 86'400'000, &request_ms));
    if (buffered <= batch) return Status::Invalid("option 'sink.requests.max-buffered': ", buffered, " must be above 'sink.batch.max-size', which is ", batch);
    s.batch_records = static_cast<size_t>(batch);
    s.max_buffered = static_cast<size_t>(buffered);
    s.max_in_flight = static_cast<size_t>(in_flight);
    s.flush_timeout = milliseconds(flush_ms);
    s.request_timeout = milliseconds(request_ms);
    if (const std::string* const fail = Find("sink.fail-on-error")) {
      LOTIC_ASSIGN_OR_RETURN(s.fail_on_error, ParseBooleanOption("sink.fail-on-error", *fail));
    }
    if (const std::string* const ordering = Find("sink.ordering")) {
      LOTIC_ASSIGN_OR_RETURN(const size_t word, Word("sink.ordering", *ordering, {"none", "key"}));
      s.ordered_by_key = word == 1;
    }
    LOTIC_RETURN_NOT_OK(Duration("sink.retry.timeout", &s.retry_timeout));
    LOTIC_RETURN_NOT_OK(Duration("sink.retry.backoff.min", &s.backoff_min));
    LOTIC_RETURN_NOT_OK(Duration("sink.retry.backoff.max", &s.backoff_max));
    if (s.backoff_min.count() < 1 || s.backoff_max < s.backoff_min)
      return Status::Invalid("options 'sink.retry.backoff.min' and '.max': ", s.backoff_min.count(), " ms and ", s.backoff_max.count(),
                             " ms are no range above 0");
    return Status::OK();
  }

  Status KeyColumns() {
    std::string unfit;
    for (const std::string& name : definition_.partitioned_by) {
      const auto column = std::find_if(definition_.columns.begin(), definition_.columns.end(), [&](const ColumnDefinition& c) { return c.name == name; });
      if (column == definition_.columns.end()) return Status::Invalid("PARTITIONED BY: there is no column '", name, "'");
      if (column->kind != ColumnDefinition::Kind::kPhysical) return Status::Invalid("PARTITIONED BY: column '", name, "' is not a field of the record");
      std::vector<std::string>& keys = made_.sink.key_columns;
      if (std::find(keys.begin(), keys.end(), name) != keys.end()) return Status::Invalid("PARTITIONED BY: column '", name, "' is named twice");
      const Type& type = column->type;
      const bool fits =
          type.id() == TypeId::kString || type.id() == TypeId::kBool || type.is_integer() || type.id() == TypeId::kFloat32 || type.id() == TypeId::kFloat64;
      if (!fits) unfit += (unfit.empty() ? "'" : ", '") + name + "' " + column->type_text;
      keys.push_back(name);
    }
    if (!unfit.empty()) return Status::Invalid("PARTITIONED BY: a key is made of text, BOOLEAN, integers and floats, not of ", unfit);
    return Status::OK();
  }

  const TableDefinition& definition_;
  std::map<std::string, std::string> values_;
  Arn arn_;
  KinesisTableOptions made_;
};

}  // namespace

Result<KinesisTableOptions> ParseTableOptions(const TableDefinition& definition) {
  Result<KinesisTableOptions> made = Parser(definition).Parse();
  if (made.ok()) return made;
  return made.status().WithMessage("table ", definition.name.ToString(), ": ", made.status().message());
}

}  // namespace lotic::kinesis
