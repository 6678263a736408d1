// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_keys.h"

#include <algorithm>
#include <array>

namespace lotic::catalog {
namespace {

constexpr KeySupport H = KeySupport::kHonoured;
constexpr KeySupport W = KeySupport::kWarned;
constexpr KeySupport R = KeySupport::kRefused;
constexpr KeyType kText = KeyType::kText;
constexpr KeyType kBool = KeyType::kBoolean;
constexpr KeyType kInt = KeyType::kInteger;
constexpr KeyType kNum = KeyType::kNumber;
constexpr KeyType kObject = KeyType::kObject;
constexpr KeyType kArray = KeyType::kArray;
constexpr KeyType kTexts = KeyType::kTexts;
constexpr KeyType kAny = KeyType::kAny;

constexpr std::string_view kDescribes = "describes; shown again";
constexpr std::string_view kCluster = "one process holds the table, there is no cluster to spread it over";
constexpr std::string_view kBatch = "it is about loading files, and the table reads a stream";
constexpr std::string_view kPhysical = "segments are Parquet files, laid out their own way";
constexpr std::string_view kIndex = "this index is not built; zone maps and Parquet statistics prune instead, and answers never depend on it";
constexpr std::string_view kLater = "not built yet";
constexpr std::string_view kOwnRetries = "a source that fails is tried again for ever, and the state of the partition is shown";
constexpr std::string_view kOldClient = "current releases of Pinot do not read it either";
constexpr std::string_view kGroup = "positions are kept in the data directory, and no consumer group is joined";
constexpr std::string_view kBytes = "keys and values are read as bytes and decoded by the table's decoder";
constexpr std::string_view kBuffers = "buffers and sockets are sized by the process";
constexpr std::string_view kReadsOnly = "it is a producer's property, and the table reads";
constexpr std::string_view kOauth = "OAUTHBEARER is not built yet; PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 work";
constexpr std::string_view kKerberos = "GSSAPI is not built; PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 work";
constexpr std::string_view kCode = "it would load code or run a command, and a table's document must never do that";
constexpr std::string_view kJavaTls = "it chooses between Java's TLS providers; this uses OpenSSL";

constexpr DefinitionKey kKeys[] = {
    {"schema", "schemaName", H, kText, "the name; a table reads the schema of its own name"},
    {"schema", "description", H, kText, "shown again"},
    {"schema", "tags", H, kTexts, kDescribes},
    {"schema", "enableColumnBasedNullHandling", H, kBool, "columns may be NULL in answers"},
    {"schema", "dimensionFieldSpecs", H, kArray, "columns"},
    {"schema", "metricFieldSpecs", H, kArray, "columns"},
    {"schema", "dateTimeFieldSpecs", H, kArray, "columns of times"},
    {"schema", "timeFieldSpec", H, kObject, "becomes a dateTime column where incoming and outgoing are the same; else refused"},
    {"schema", "complexFieldSpecs", H, kArray, "columns of type MAP; others are refused"},
    {"schema", "primaryKeyColumns", H, kTexts, "must be columns"},

    {"field", "name", H, kText, "the column"},
    {"field", "dataType", H, kText,
     "INT, LONG, FLOAT, DOUBLE, BIG_DECIMAL, BOOLEAN, TIMESTAMP, STRING, JSON, BYTES, MAP; UUID is kept as STRING, with a warning"},
    {"field", "fieldType", H, kText, "must agree with the list it stands in"},
    {"field", "singleValueField", H, kBool, "false: a multi-value column; dimensions only"},
    {"field", "notNull", W, kBool, "rows without the value are kept"},
    {"field", "maxLength", H, kInt, "characters of STRING; JSON and BYTES where their strategy is not NO_ACTION"},
    {"field", "maxLengthExceedStrategy", H, kText, "TRIM_LENGTH, NO_ACTION, ERROR or SUBSTITUTE_DEFAULT_VALUE"},
    {"field", "allowTrailingZeros", H, kBool, "BIG_DECIMAL"},
    {"field", "defaultNullValue", H, kAny, "what stands for NULL where null handling is off"},
    {"field", "transformFunction", H, kText, "as a transform of the table"},
    {"field", "virtualColumnProvider", R, kText, "columns of one's own making by a Java class are not supported"},
    {"field", "childFieldSpecs", W, kObject, "the values of a MAP are kept as JSON, of any type"},
    {"field", "description", H, kText, kDescribes},
    {"field", "tags", H, kTexts, kDescribes},
    {"field", "aliases", H, kTexts, kDescribes},
    {"field", "metadata", H, kObject, kDescribes},
    {"field", "fieldId", H, kAny, kDescribes},
    {"field", "format", H, kText, "dateTime columns"},
    {"field", "granularity", H, kText, "dateTime columns; rounds nothing"},
    {"field", "sampleValue", H, kAny, "dateTime columns: must be a time of the format"},

    {"table", "tableName", H, kText, "the name, with or without _REALTIME"},
    {"table", "tableType", H, kText, "REALTIME; OFFLINE is refused"},
    {"table", "segmentsConfig", H, kObject, "required"},
    {"table", "tenants", H, kObject, "required"},
    {"table", "tableIndexConfig", H, kObject, "required"},
    {"table", "metadata", H, kObject, kDescribes},
    {"table", "ingestionConfig", H, kObject, "see there"},
    {"table", "fieldConfigList", H, kArray, "see there"},
    {"table", "upsertConfig", R, kObject, "upsert tables are not built yet; without them every row would be kept and counted"},
    {"table", "dedupConfig", R, kObject, "dedup tables are not built yet; without them repeated rows would be kept and counted"},
    {"table", "routing", W, kObject, kCluster},
    {"table", "query", H, kObject, "see there"},
    {"table", "quota", H, kObject, "see there"},
    {"table", "task", W, kObject, "there is no minion to run tasks"},
    {"table", "instanceAssignmentConfigMap", W, kObject, kCluster},
    {"table", "instancePartitionsMap", W, kObject, kCluster},
    {"table", "segmentAssignmentConfigMap", W, kObject, kCluster},
    {"table", "tierConfigs", W, kArray, kCluster},
    {"table", "tunerConfigs", W, kArray, kCluster},
    {"table", "tableSamplers", W, kArray, kCluster},
    {"table", "isDimTable", R, kBool, "dimension tables are OFFLINE tables, which are not built yet"},
    {"table", "dimensionTableConfig", R, kObject, "dimension tables are OFFLINE tables, which are not built yet"},
    {"table", "description", H, kText, kDescribes},
    {"table", "tags", H, kTexts, kDescribes},

    {"segmentsConfig", "timeColumnName", H, kText, "required: a dateTime column"},
    {"segmentsConfig", "timeType", W, kText, "the schema says how the time column is written"},
    {"segmentsConfig", "schemaName", W, kText, "the schema of the table's own name is used", "<table>"},
    {"segmentsConfig", "replication", W, kText, "one process holds the table", "1"},
    {"segmentsConfig", "replicasPerPartition", W, kText, "one process holds the table", "1"},
    {"segmentsConfig", "retentionTimeUnit", H, kText, "MINUTES, HOURS, DAYS …"},
    {"segmentsConfig", "retentionTimeValue", H, kInt, "older segments are dropped, by their newest time"},
    {"segmentsConfig", "deletedSegmentsRetentionPeriod", H, kText,
     "files of segments that retention drops stay so long: 7d without it, 0d none; less where the disk is short"},
    {"segmentsConfig", "completionConfig", W, kObject, kCluster},
    {"segmentsConfig", "peerSegmentDownloadScheme", W, kText, kCluster},
    {"segmentsConfig", "segmentPushType", W, kText, kBatch, "APPEND"},
    {"segmentsConfig", "segmentPushFrequency", W, kText, kBatch},
    {"segmentsConfig", "segmentAssignmentStrategy", W, kText, kCluster},
    {"segmentsConfig", "minimizeDataMovement", W, kBool, kCluster},
    {"segmentsConfig", "replicaGroupStrategyConfig", W, kObject, kCluster},
    {"segmentsConfig", "allowNullTimeValue", W, kBool, "a row without a time gets the default of its column"},
    {"segmentsConfig", "crypterClassName", R, kText, "segments are not encrypted; a file system can do that"},
    {"segmentsConfig", "untrackedSegmentsDeletionBatchSize", W, kAny, kCluster},
    {"segmentsConfig", "untrackedSegmentsRetentionTimeUnit", W, kAny, kCluster},
    {"segmentsConfig", "untrackedSegmentsRetentionTimeValue", W, kAny, kCluster},
    {"segmentsConfig", "replacedSegmentsRetentionPeriod", W, kAny, kCluster},

    {"tenants", "broker", W, kText, kCluster, "DefaultTenant"},
    {"tenants", "server", W, kText, kCluster, "DefaultTenant"},
    {"tenants", "tagOverrideConfig", W, kObject, kCluster},

    {"tableIndexConfig", "streamConfigs", H, kObject, "the old place of the stream; not beside ingestionConfig.streamIngestionConfig"},
    {"tableIndexConfig", "loadMode", W, kText, "segments are always mapped", "MMAP"},
    {"tableIndexConfig", "nullHandlingEnabled", H, kBool, "all columns may be NULL in answers"},
    {"tableIndexConfig", "invertedIndexColumns", W, kTexts, kIndex},
    {"tableIndexConfig", "rangeIndexColumns", W, kTexts, kIndex},
    {"tableIndexConfig", "rangeIndexVersion", W, kAny, kIndex, "2"},
    {"tableIndexConfig", "sortedColumn", W, kTexts, "rows stay in the order of the stream; sorting them when a segment is sealed is not built yet"},
    {"tableIndexConfig", "bloomFilterColumns", W, kTexts, kIndex},
    {"tableIndexConfig", "bloomFilterConfigs", W, kObject, kIndex},
    {"tableIndexConfig", "jsonIndexColumns", W, kTexts, kIndex},
    {"tableIndexConfig", "jsonIndexConfigs", W, kObject, kIndex},
    {"tableIndexConfig", "noDictionaryColumns", W, kTexts, kPhysical},
    {"tableIndexConfig", "noDictionaryConfig", W, kObject, kPhysical},
    {"tableIndexConfig", "onHeapDictionaryColumns", W, kTexts, kPhysical},
    {"tableIndexConfig", "varLengthDictionaryColumns", W, kTexts, kPhysical},
    {"tableIndexConfig", "starTreeIndexConfigs", W, kArray, kIndex},
    {"tableIndexConfig", "enableDefaultStarTree", W, kBool, kIndex},
    {"tableIndexConfig", "enableDynamicStarTreeCreation", W, kBool, kIndex},
    {"tableIndexConfig", "segmentPartitionConfig", W, kObject, "segments hold one partition of the stream each, and are not pruned by a function of a column"},
    {"tableIndexConfig", "aggregateMetrics", R, kBool, "rolling up rows at ingest is not built yet; without it every row is kept"},
    {"tableIndexConfig", "columnMajorSegmentBuilderEnabled", W, kBool, kPhysical},
    {"tableIndexConfig", "skipSegmentPreprocess", W, kBool, kPhysical},
    {"tableIndexConfig", "optimizeDictionary", W, kBool, kPhysical},
    {"tableIndexConfig", "optimizeDictionaryForMetrics", W, kBool, kPhysical},
    {"tableIndexConfig", "optimizeDictionaryType", W, kBool, kPhysical},
    {"tableIndexConfig", "noDictionarySizeRatioThreshold", W, kNum, kPhysical, "0.85"},
    {"tableIndexConfig", "noDictionaryCardinalityRatioThreshold", W, kNum, kPhysical},
    {"tableIndexConfig", "autoGeneratedInvertedIndex", W, kBool, kPhysical},
    {"tableIndexConfig", "createInvertedIndexDuringSegmentGeneration", W, kBool, kPhysical},
    {"tableIndexConfig", "segmentFormatVersion", W, kText, kPhysical, "v3"},
    {"tableIndexConfig", "segmentNameGeneratorType", W, kText, kPhysical},
    {"tableIndexConfig", "columnMinMaxValueGeneratorMode", W, kText, "smallest and largest values are always kept", "ALL"},
    {"tableIndexConfig", "multiColumnTextIndexConfig", W, kObject, kIndex},
    {"tableIndexConfig", "tierOverwrites", W, kObject, kCluster},
    {"tableIndexConfig", "lazyLoad", W, kAny, kPhysical},

    {"fieldConfig", "name", H, kText, "a column"},
    {"fieldConfig", "encodingType", W, kText, kPhysical, "DICTIONARY"},
    {"fieldConfig", "indexType", W, kText, kIndex},
    {"fieldConfig", "indexTypes", W, kTexts, kIndex},
    {"fieldConfig", "indexes", W, kObject, kIndex},
    {"fieldConfig", "compressionCodec", W, kText, kPhysical},
    {"fieldConfig", "timestampConfig", W, kObject, "the derived columns $column$GRANULARITY are not built yet; dateTrunc gives their values"},
    {"fieldConfig", "properties", W, kObject, kPhysical},
    {"fieldConfig", "tierOverwrites", W, kObject, kCluster},

    {"query", "timeoutMs", H, kInt, "how long a query of the table may take"},
    {"query", "disableGroovy", W, kBool, "there is no Groovy", "true"},
    {"query", "useApproximateFunction", W, kBool, "counts are exact", "false"},
    {"query", "expressionOverrideMap", W, kObject, kLater},
    {"query", "maxQueryResponseSizeBytes", H, kInt, "a larger answer is an error (245)"},
    {"query", "maxServerResponseSizeBytes", H, kInt, "the same: one server answers"},

    {"quota", "storage", H, kText, "consumption pauses while the table's segments have more bytes"},
    {"quota", "maxQueriesPerSecond", H, kNum, "queries beyond it are errors (429)"},

    {"ingestionConfig", "streamIngestionConfig", H, kObject, "see there"},
    {"ingestionConfig", "filterConfig", H, kObject, "see there"},
    {"ingestionConfig", "transformConfigs", H, kArray, "see there"},
    {"ingestionConfig", "enrichmentConfigs", R, kArray, "enrichment is not supported"},
    {"ingestionConfig", "complexTypeConfig", R, kObject,
     "flattening and unnesting records is not built yet; jsonPathString and its kin reach into nested values"},
    {"ingestionConfig", "schemaConformingTransformerConfig", R, kObject, "it is not built yet, and without it fields would be lost"},
    {"ingestionConfig", "schemaConformingTransformerV2Config", R, kObject, "it is not built yet, and without it fields would be lost"},
    {"ingestionConfig", "aggregationConfigs", R, kArray, "rolling up rows at ingest is not built yet; without it every row is kept"},
    {"ingestionConfig", "batchIngestionConfig", W, kObject, kBatch},
    {"ingestionConfig", "sourceFieldConfigs", W, kArray, "the decoder tells types by the values"},
    {"ingestionConfig", "continueOnError", H, kBool, "a value that cannot be had becomes NULL; else its row is dropped and shown in _errors"},
    {"ingestionConfig", "rowTimeValueCheck", H, kBool, "a time outside 1971 to 2071 is an error of its row"},
    {"ingestionConfig", "strictNumbers", H, kBool, "ours: a number that does not fit its column is an error of its row instead of wrapping around"},
    {"ingestionConfig", "segmentTimeValueCheck", W, kBool, "times are checked row by row; sealing never fails for one", "true"},
    {"ingestionConfig", "maxConsecutiveRecordFetchFailuresAllowed", W, kInt, kOwnRetries},
    {"ingestionConfig", "retryOnSegmentBuildPrecheckFailure", W, kBool, kOwnRetries},
    {"ingestionConfig", "ingestionExceptionLogRateLimitPerMin", W, kInt, "errors are counted and kept in _errors"},

    {"streamIngestionConfig", "streamConfigMaps", H, kArray, "one stream"},
    {"streamIngestionConfig", "columnMajorSegmentBuilderEnabled", W, kBool, kPhysical, "true"},
    {"streamIngestionConfig", "trackFilteredMessageOffsets", H, kBool, "always so: positions count filtered rows too"},
    {"streamIngestionConfig", "pauselessConsumptionEnabled", H, kBool, "always so: consumption goes on while a segment is sealed"},
    {"streamIngestionConfig", "enforceConsumptionInOrder", W, kBool, "segments always follow each other", "true"},
    {"streamIngestionConfig", "useIdealStateToCalculatePreviousSegment", W, kBool, kCluster},
    {"streamIngestionConfig", "parallelSegmentConsumptionPolicy", W, kText, "segments always follow each other"},
    {"streamIngestionConfig", "disasterRecoveryMode", W, kText, kOwnRetries},
    {"streamIngestionConfig", "realtimeOffsetAutoResetHandlerClass", W, kText, kOwnRetries},
    {"streamIngestionConfig", "oomProtection", W, kAny, "memory is bounded by the process"},
    {"streamIngestionConfig", "dropRecordOnPartitionMismatch", R, kBool, "it is not built yet, and without it more rows would be kept"},

    {"filterConfig", "filterFunction", H, kText, "rows for which it is true are dropped"},
    {"transformConfig", "columnName", H, kText, "the column that is filled"},
    {"transformConfig", "transformFunction", H, kText, "an expression over the record's fields"},

    {"stream", "streamType", H, kText, "kafka; others are not built yet"},
    {"stream", "stream.<T>.topic.name", H, kText, "required"},
    {"stream", "stream.<T>.broker.list", H, kText, "required: host:port, separated by commas"},
    {"stream", "stream.<T>.decoder.class.name", H, kText, "required, by its simple name: JSONMessageDecoder, KafkaJSONMessageDecoder"},
    {"stream", "stream.<T>.decoder.prop.jsonFormat", H, kText, "TEXT; others are not built yet"},
    {"stream", "stream.<T>.decoder.prop.*", W, kText, "the JSON decoder does not read it"},
    {"stream", "stream.<T>.consumer.factory.class.name", W, kText,
     "the stream's type decides; the simple name must be KafkaConsumerFactory or KinesisConsumerFactory"},
    {"stream", "stream.<T>.consumer.type", H, kText, "lowlevel or simple; the high-level consumer is refused"},
    {"stream", "stream.<T>.consumer.prop.auto.offset.reset", H, kText, "smallest, largest, a period, an instant, positions 0:100,1:250"},
    {"stream", "stream.<T>.consumer.prop.*", H, kText, "a consumer property, as if it stood without the prefix, with a warning"},
    {"stream", "stream.<T>.fetch.timeout.millis", H, kInt, "milliseconds: a fetch that finds nothing ends after so long at most, or after fetch.max.wait.ms"},
    {"stream", "stream.<T>.connection.timeout.millis", H, kInt, "milliseconds to connect to a broker, at most 8 seconds"},
    {"stream", "stream.<T>.idle.timeout.millis", W, kInt, "a partition without records is asked on; a request without an answer ends by request.timeout.ms",
     "180000"},
    {"stream", "stream.<T>.metadata.populate", H, kBool, "fills __header$NAME and __metadata$NAME columns"},
    {"stream", "metadata.populate", H, kBool, "the same"},
    {"stream", "stream.<T>.header.hex", H, kBool, "ours: headers in STRING columns always as hex"},
    {"stream", "stream.<T>.isolation.level", H, kText, "read_uncommitted or read_committed"},
    {"stream", "stream.<T>.partition.ids", H, kText, "which partitions are read: 0,2,5-9"},
    {"stream", "topic.consumption.rate.limit", H, kNum, "records a second over all partitions; -1: no limit"},
    {"stream", "partition.consumption.rate.limit", H, kNum, "records a second of each partition; -1: no limit"},
    {"stream", "realtime.segment.flush.threshold.rows", H, kInt, "rows over all partitions; 0: by size"},
    {"stream", "realtime.segment.flush.threshold.rows.llc", H, kInt, "the same"},
    {"stream", "realtime.segment.flush.threshold.size", H, kInt, "the same, its old name"},
    {"stream", "realtime.segment.flush.threshold.size.llc", H, kInt, "the same, its old name"},
    {"stream", "realtime.segment.flush.threshold.segment.rows", H, kInt, "rows of a segment"},
    {"stream", "realtime.segment.flush.threshold.time", H, kText, "a period"},
    {"stream", "realtime.segment.flush.threshold.time.llc", H, kText, "the same"},
    {"stream", "realtime.segment.flush.threshold.segment.size", H, kText, "bytes of a sealed segment, where rows are 0"},
    {"stream", "realtime.segment.flush.desired.size", H, kText, "the same, its old name"},
    {"stream", "realtime.segment.flush.threshold.variance.fraction", H, kNum, "0 to 0.5: the row threshold varies at random by so much"},
    {"stream", "realtime.segment.flush.autotune.initialRows", H, kInt, "the first guess of rows, by size"},
    {"stream", "realtime.segment.commit.timeoutSeconds", W, kText, "sealing has no deadline, and reading goes on meanwhile"},
    {"stream", "realtime.segment.serverUploadToDeepStore", W, kText, "segments stay in the data directory", "false"},
    {"stream", "realtime.segment.pauseless.download.timeoutSeconds", W, kText, "segments stay in the data directory"},
    {"stream", "realtime.segment.offsetAutoReset.enable", W, kText, "no record is passed over, however far behind the table is", "false"},
    {"stream", "realtime.segment.offsetAutoReset.offsetThreshold", W, kText, "no record is passed over, however far behind the table is"},
    {"stream", "realtime.segment.offsetAutoReset.timeThresholdSeconds", W, kText, "no record is passed over, however far behind the table is"},
    {"stream", "realtime.segment.isBackfillTopic", W, kText, kLater, "false"},
    {"stream", "stopOnDecodeError", H, kBool, "the first message that cannot be decoded stops its partition"},
    {"stream", "stream.<T>.buffer.size", W, kText, kOldClient},
    {"stream", "stream.<T>.socket.timeout", W, kText, kOldClient},
    {"stream", "stream.<T>.fetcher.size", W, kText, kOldClient},
    {"stream", "stream.<T>.fetcher.minBytes", W, kText, kOldClient},
    {"stream", "stream.<T>.zk.broker.url", W, kText, kOldClient},
    {"stream", "stream.<T>.hlc.*", W, kText, kOldClient},
    {"stream", "stream.<T>.schema.registry.url", W, kText, "the decoder's own property is stream.kafka.decoder.prop.schema.registry.rest.url"},
    {"stream", "schema.registry.url", W, kText, "the decoder's own property is stream.kafka.decoder.prop.schema.registry.rest.url"},
    {"stream", "stream.<T>.ssl.server.certificate", H, kText, "a certificate, base64 of PEM or DER: what the broker's is checked against"},
    {"stream", "stream.<T>.ssl.client.certificate", H, kText, "a certificate, base64 of PEM or DER"},
    {"stream", "stream.<T>.ssl.client.key", H, kText, "its key, base64 of PEM or PKCS8"},
    {"stream", "stream.<T>.ssl.client.key.algorithm", W, kText, "the key itself says so"},
    {"stream", "stream.<T>.ssl.certificate.type", W, kText, "certificates are X.509", "X.509"},

    {"client", "security.protocol", H, kText, "PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"},
    {"client", "sasl.mechanism", H, kText, "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; others are not built yet"},
    {"client", "sasl.jaas.config", H, kText,
     "user and password of PlainLoginModule or ScramLoginModule, in any package; where sasl.mechanism asks for the other one, it decides, with a warning"},
    {"client", "ssl.truststore.location", H, kText, "a file below a folder that the operator allows: JKS, PKCS12, PEM"},
    {"client", "ssl.truststore.password", H, kText, "never shown"},
    {"client", "ssl.truststore.type", H, kText, "JKS, PKCS12, PEM; without it, told by the content"},
    {"client", "ssl.truststore.certificates", H, kText, "PEM"},
    {"client", "ssl.keystore.location", H, kText, "a file below a folder that the operator allows: JKS, PKCS12, PEM"},
    {"client", "ssl.keystore.password", H, kText, "never shown"},
    {"client", "ssl.keystore.type", H, kText, "JKS, PKCS12, PEM; without it, told by the content"},
    {"client", "ssl.keystore.key", H, kText, "PEM; never shown"},
    {"client", "ssl.keystore.certificate.chain", H, kText, "PEM"},
    {"client", "ssl.key.password", H, kText, "never shown"},
    {"client", "ssl.protocol", H, kText, "TLS, TLSv1.2, TLSv1.3"},
    {"client", "ssl.enabled.protocols", H, kText, "TLSv1.2, TLSv1.3"},
    {"client", "ssl.cipher.suites", H, kText, "OpenSSL's or Java's names"},
    {"client", "ssl.endpoint.identification.algorithm", H, kText, "https; that a broker's name is checked cannot be switched off here"},
    {"client", "fetch.max.wait.ms", H, kInt, "milliseconds"},
    {"client", "fetch.min.bytes", H, kInt, "bytes"},
    {"client", "fetch.max.bytes", H, kInt, "bytes"},
    {"client", "max.partition.fetch.bytes", H, kInt, "bytes"},
    {"client", "request.timeout.ms", H, kInt, "milliseconds"},
    {"client", "default.api.timeout.ms", H, kInt, "milliseconds"},
    {"client", "socket.connection.setup.timeout.ms", H, kInt, "milliseconds"},
    {"client", "retry.backoff.ms", H, kInt, "milliseconds"},
    {"client", "retry.backoff.max.ms", H, kInt, "milliseconds"},
    {"client", "reconnect.backoff.ms", H, kInt, "milliseconds: a broker that did not answer is tried again after so long, doubling each time"},
    {"client", "reconnect.backoff.max.ms", H, kInt, "milliseconds: and at least so often"},
    {"client", "connections.max.idle.ms", H, kInt, "milliseconds"},
    {"client", "metadata.max.age.ms", H, kInt, "milliseconds"},
    {"client", "check.crcs", H, kBool, "true; checks are never left out"},
    {"client", "client.rack", W, kText, "reads go to the leader"},
    {"client", "max.poll.records", W, kText, kBuffers},
    {"client", "client.id", W, kText, "the process names itself"},
    {"client", "bootstrap.servers", W, kText, "stream.kafka.broker.list decides"},
    {"client", "isolation.level", W, kText, "stream.kafka.isolation.level decides"},
    {"client", "kafka.isolation.level", W, kText, "the key is stream.kafka.isolation.level"},
    {"client", "auto.offset.reset", W, kText, "the key is stream.kafka.consumer.prop.auto.offset.reset"},
    {"client", "group.id", W, kText, kGroup},
    {"client", "group.instance.id", W, kText, kGroup},
    {"client", "group.protocol", W, kText, kGroup},
    {"client", "group.remote.assignor", W, kText, kGroup},
    {"client", "enable.auto.commit", W, kText, kGroup, "false"},
    {"client", "auto.commit.interval.ms", W, kText, kGroup},
    {"client", "session.timeout.ms", W, kText, kGroup},
    {"client", "heartbeat.interval.ms", W, kText, kGroup},
    {"client", "max.poll.interval.ms", W, kText, kGroup},
    {"client", "partition.assignment.strategy", W, kText, kGroup},
    {"client", "allow.auto.create.topics", W, kText, "reading never creates a topic", "false"},
    {"client", "exclude.internal.topics", W, kText, "the topic is named"},
    {"client", "key.deserializer", W, kText, kBytes},
    {"client", "value.deserializer", W, kText, kBytes},
    {"client", "key.serializer", W, kText, kReadsOnly},
    {"client", "value.serializer", W, kText, kReadsOnly},
    {"client", "interceptor.classes", W, kText, "no code is loaded"},
    {"client", "metric.reporters", W, kText, "no code is loaded"},
    {"client", "send.buffer.bytes", W, kText, kBuffers},
    {"client", "receive.buffer.bytes", W, kText, kBuffers},
    {"client", "client.dns.lookup", W, kText, "all addresses of a name are tried"},
    {"client", "enable.metrics.push", W, kText, "no metrics are sent to brokers"},
    {"client", "ssl.keymanager.algorithm", W, kText, kJavaTls},
    {"client", "ssl.trustmanager.algorithm", W, kText, kJavaTls},
    {"client", "ssl.secure.random.implementation", W, kText, kJavaTls},
    {"client", "ssl.provider", W, kText, kJavaTls},
    {"client", "ssl.engine.factory.class", R, kText, kCode},
    {"client", "security.providers", R, kText, kCode},
    {"client", "config.providers", R, kText, "configuration providers are not supported; ${NAME} takes a variable of the server"},
    {"client", "config.providers.*", R, kText, "configuration providers are not supported; ${NAME} takes a variable of the server"},
    {"client", "sasl.kerberos.*", R, kText, kKerberos},
    {"client", "sasl.client.callback.handler.class", R, kText, kCode},
    {"client", "sasl.login.callback.handler.class", R, kText, kCode},
    {"client", "sasl.login.class", R, kText, kCode},
    {"client", "sasl.oauthbearer.*", R, kText, kOauth},
};

/// Whether `key` is `pattern`, in which <T> stands for a word without a dot and a trailing * for one character or more.
bool Matches(std::string_view pattern, std::string_view key) {
  constexpr std::string_view kType = "<T>";
  const size_t at = pattern.find(kType);
  if (at != std::string_view::npos) {
    if (!key.starts_with(pattern.substr(0, at))) return false;
    const size_t dot = key.find('.', at);
    if (dot == std::string_view::npos || dot == at) return false;
    return Matches(pattern.substr(at + kType.size()), key.substr(dot));
  }
  if (!pattern.ends_with('*')) return pattern == key;
  pattern.remove_suffix(1);
  return key.size() > pattern.size() && key.starts_with(pattern);
}

}  // namespace

std::span<const DefinitionKey> PinotKeys() { return kKeys; }

std::span<const DefinitionKey> PinotKeys(std::string_view place) {
  const auto here = [&](const DefinitionKey& key) { return key.place == place; };
  const auto* const first = std::find_if(std::begin(kKeys), std::end(kKeys), here);
  return {first, std::find_if_not(first, std::end(kKeys), here)};
}

const DefinitionKey* FindPinotKey(std::string_view place, std::string_view key) {
  for (const DefinitionKey& known : PinotKeys(place)) {
    if (Matches(known.key, key)) return &known;
  }
  return nullptr;
}

char KeySupportLetter(KeySupport support) { return "HWR"[static_cast<size_t>(support)]; }

std::string_view KeyTypeName(KeyType type) {
  static constexpr std::array<std::string_view, 8> kNames{"a text",    "true or false", "an integer",        "a number",
                                                          "an object", "an array",      "an array of texts", "any value"};
  return kNames[static_cast<size_t>(type)];
}

}  // namespace lotic::catalog
