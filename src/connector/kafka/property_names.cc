// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/property_names.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace lotic::kafka {
namespace {

constexpr std::string_view kGroup = "Lotic keeps positions itself and joins no consumer group";
constexpr std::string_view kProducer = "it is a producer's property, and this reads";
constexpr std::string_view kBytes = "keys and values are read as bytes and decoded by the table's format";
constexpr std::string_view kTuning = "Lotic sizes its own buffers and sockets";
constexpr std::string_view kClient = "it steers the inside of another client";
constexpr std::string_view kJavaTls = "it chooses between Java's TLS providers; this uses OpenSSL";
constexpr std::string_view kBounds = "the start of a read is given in SQL or with -o, and a position out of range is an error";
constexpr std::string_view kKerberos = "GSSAPI is not built";
constexpr std::string_view kOauth = "OAUTHBEARER is not built yet; PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 work";
constexpr std::string_view kCode = "it loads code or runs a command in the clients it comes from, and a property must never do that";
constexpr std::string_view kClassRule = "it names a class to load, and a property must never load code";

constexpr PropertyName Used(std::string_view name) { return {name, name, PropertyFate::kUsed, ""}; }
constexpr PropertyName Hidden(std::string_view name) { return {name, name, PropertyFate::kUsed, "", true}; }
constexpr PropertyName Alias(std::string_view name, std::string_view of) { return {name, of, PropertyFate::kUsed, ""}; }
constexpr PropertyName NoEffect(std::string_view name, std::string_view why) { return {name, name, PropertyFate::kNoEffect, why}; }
constexpr PropertyName Refused(std::string_view name, std::string_view why) { return {name, name, PropertyFate::kRefused, why, true}; }
constexpr PropertyName NotBuilt(std::string_view name, std::string_view why) { return {name, name, PropertyFate::kNotBuilt, why, true}; }

constexpr PropertyName kProperties[] = {
    // Connection
    Used("bootstrap.servers"),
    Alias("metadata.broker.list", "bootstrap.servers"),
    Used("client.id"),
    Used("security.protocol"),
    Used("broker.address.family"),
    Used("socket.connection.setup.timeout.ms"),
    Used("request.timeout.ms"),
    Alias("socket.timeout.ms", "request.timeout.ms"),
    Used("default.api.timeout.ms"),
    Used("retry.backoff.ms"),
    Used("retry.backoff.max.ms"),
    Used("reconnect.backoff.ms"),
    Used("reconnect.backoff.max.ms"),
    Used("connections.max.idle.ms"),
    Used("metadata.max.age.ms"),
    Alias("topic.metadata.refresh.interval.ms", "metadata.max.age.ms"),
    // SASL
    Used("sasl.mechanism"),
    Alias("sasl.mechanisms", "sasl.mechanism"),
    Used("sasl.username"),
    Hidden("sasl.password"),
    Hidden("sasl.jaas.config"),
    // TLS
    Used("ssl.truststore.location"),
    Used("ssl.truststore.type"),
    Hidden("ssl.truststore.password"),
    Hidden("ssl.truststore.certificates"),
    Used("ssl.ca.location"),
    Hidden("ssl.ca.pem"),
    Used("ssl.keystore.location"),
    Used("ssl.keystore.type"),
    Hidden("ssl.keystore.password"),
    Hidden("ssl.keystore.key"),
    Hidden("ssl.keystore.certificate.chain"),
    Used("ssl.certificate.location"),
    Hidden("ssl.certificate.pem"),
    Used("ssl.key.location"),
    Hidden("ssl.key.pem"),
    Hidden("ssl.key.password"),
    Used("ssl.endpoint.identification.algorithm"),
    Used("enable.ssl.certificate.verification"),
    Used("ssl.cipher.suites"),
    Used("ssl.enabled.protocols"),
    Used("ssl.protocol"),
    // Fetch
    Used("isolation.level"),
    Used("fetch.max.bytes"),
    Used("max.partition.fetch.bytes"),
    Alias("fetch.message.max.bytes", "max.partition.fetch.bytes"),
    Used("fetch.min.bytes"),
    Used("fetch.max.wait.ms"),
    Alias("fetch.wait.max.ms", "fetch.max.wait.ms"),
    Used("check.crcs"),
    Used("max.decompressed.batch.bytes"),

    // Consumer groups and positions
    NoEffect("group.id", kGroup),
    NoEffect("group.instance.id", kGroup),
    NoEffect("group.protocol", kGroup),
    NoEffect("group.protocol.type", kGroup),
    NoEffect("group.remote.assignor", kGroup),
    NoEffect("session.timeout.ms", kGroup),
    NoEffect("heartbeat.interval.ms", kGroup),
    NoEffect("max.poll.interval.ms", kGroup),
    NoEffect("partition.assignment.strategy", kGroup),
    NoEffect("enable.auto.commit", kGroup),
    NoEffect("auto.commit.enable", kGroup),
    NoEffect("auto.commit.interval.ms", kGroup),
    NoEffect("enable.auto.offset.store", kGroup),
    NoEffect("offset.store.method", kGroup),
    NoEffect("offset.store.path", kGroup),
    NoEffect("offset.store.sync.interval.ms", kGroup),
    NoEffect("coordinator.query.interval.ms", kGroup),
    NoEffect("internal.leave.group.on.close", kGroup),
    NoEffect("auto.offset.reset", kBounds),
    NoEffect("enable.partition.eof", kBounds),
    NoEffect("max.poll.records", kTuning),
    NoEffect("exclude.internal.topics", "internal topics are not listed; a query may name them"),
    NoEffect("allow.auto.create.topics", "reading never creates a topic"),
    NoEffect("client.rack", "reads go to the leader"),
    NoEffect("consume.callback.max.messages", kClient),
    NoEffect("share.acknowledgement.mode", kGroup),
    // Serialisation
    NoEffect("key.deserializer", kBytes),
    NoEffect("value.deserializer", kBytes),
    NoEffect("key.serializer", kProducer),
    NoEffect("value.serializer", kProducer),
    NoEffect("key.deserializer.encoding", kBytes),
    NoEffect("value.deserializer.encoding", kBytes),
    NoEffect("deserializer.encoding", kBytes),
    NoEffect("auto.register.schemas", kProducer),
    NoEffect("use.latest.version", kProducer),
    NoEffect("specific.avro.reader", kBytes),
    NoEffect("schema.registry.url", "registries are not read yet"),
    NoEffect("basic.auth.credentials.source", "registries are not read yet"),
    // Producer
    NoEffect("acks", kProducer),
    NoEffect("request.required.acks", kProducer),
    NoEffect("batch.size", kProducer),
    NoEffect("batch.num.messages", kProducer),
    NoEffect("buffer.memory", kProducer),
    NoEffect("compression.type", kProducer),
    NoEffect("compression.codec", kProducer),
    NoEffect("compression.level", kProducer),
    NoEffect("compression.gzip.level", kProducer),
    NoEffect("compression.lz4.level", kProducer),
    NoEffect("compression.zstd.level", kProducer),
    NoEffect("delivery.timeout.ms", kProducer),
    NoEffect("message.timeout.ms", kProducer),
    NoEffect("enable.idempotence", kProducer),
    NoEffect("enable.gapless.guarantee", kProducer),
    NoEffect("linger.ms", kProducer),
    NoEffect("queue.buffering.max.ms", kProducer),
    NoEffect("queue.buffering.max.messages", kProducer),
    NoEffect("queue.buffering.max.kbytes", kProducer),
    NoEffect("queue.buffering.backpressure.threshold", kProducer),
    NoEffect("max.block.ms", kProducer),
    NoEffect("max.request.size", kProducer),
    NoEffect("message.max.bytes", kProducer),
    NoEffect("message.copy.max.bytes", kProducer),
    NoEffect("max.in.flight.requests.per.connection", kProducer),
    NoEffect("max.in.flight", kProducer),
    NoEffect("message.send.max.retries", kProducer),
    NoEffect("partitioner", kProducer),
    NoEffect("partitioner.adaptive.partitioning.enable", kProducer),
    NoEffect("partitioner.availability.timeout.ms", kProducer),
    NoEffect("partitioner.ignore.keys", kProducer),
    NoEffect("produce.offset.report", kProducer),
    NoEffect("delivery.report.only.error", kProducer),
    NoEffect("dr_msg_cb", kProducer),
    NoEffect("transactional.id", kProducer),
    NoEffect("transaction.timeout.ms", kProducer),
    NoEffect("transaction.two.phase.commit.enable", kProducer),
    NoEffect("metadata.max.idle.ms", kProducer),
    NoEffect("sticky.partitioning.linger.ms", kProducer),
    NoEffect("client.software.name", kClient),
    NoEffect("client.software.version", kClient),
    // Sockets, buffers, metrics, other clients' insides
    NoEffect("send.buffer.bytes", kTuning),
    NoEffect("receive.buffer.bytes", kTuning),
    NoEffect("socket.send.buffer.bytes", kTuning),
    NoEffect("socket.receive.buffer.bytes", kTuning),
    NoEffect("socket.keepalive.enable", "keep-alive is always on"),
    NoEffect("socket.nagle.disable", "Nagle's algorithm is always off"),
    NoEffect("socket.max.fails", kTuning),
    NoEffect("socket.blocking.max.ms", kTuning),
    NoEffect("socket.connection.setup.timeout.max.ms", "a connection attempt has one time limit, socket.connection.setup.timeout.ms"),
    NoEffect("receive.message.max.bytes", kTuning),
    NoEffect("fetch.error.backoff.ms", kTuning),
    NoEffect("fetch.queue.backoff.ms", kTuning),
    NoEffect("queued.min.messages", kTuning),
    NoEffect("queued.max.messages.kbytes", kTuning),
    NoEffect("retries", "a read is tried again until its time limit"),
    NoEffect("broker.address.ttl", kTuning),
    NoEffect("client.dns.lookup", "all addresses of a name are tried"),
    NoEffect("bootstrap.resolve.timeout.ms", "socket.connection.setup.timeout.ms covers the look-up of names"),
    NoEffect("metadata.recovery.strategy", kClient),
    NoEffect("metadata.recovery.rebootstrap.trigger.ms", kClient),
    NoEffect("topic.metadata.refresh.fast.interval.ms", kClient),
    NoEffect("topic.metadata.refresh.fast.cnt", kClient),
    NoEffect("topic.metadata.refresh.sparse", kClient),
    NoEffect("topic.metadata.propagation.max.ms", kClient),
    NoEffect("topic.blacklist", kClient),
    NoEffect("topic.denylist", kClient),
    NoEffect("metadata.request.timeout.ms", kClient),
    NoEffect("api.version.request", "versions are always negotiated"),
    NoEffect("api.version.request.timeout.ms", "versions are always negotiated"),
    NoEffect("api.version.fallback.ms", "versions are always negotiated"),
    NoEffect("broker.version.fallback", "versions are always negotiated"),
    NoEffect("builtin.features", kClient),
    NoEffect("debug", "use -v or LOTIC_LOG"),
    NoEffect("log_level", "use -v or LOTIC_LOG"),
    NoEffect("log.queue", kClient),
    NoEffect("log.thread.name", kClient),
    NoEffect("log.connection.close", kClient),
    NoEffect("statistics.interval.ms", kClient),
    NoEffect("enable.random.seed", kClient),
    NoEffect("enable.sparse.connections", kClient),
    NoEffect("internal.termination.signal", kClient),
    NoEffect("allow.auto.create.topics.enable", kClient),
    NoEffect("test.mock.num.brokers", kClient),
    NoEffect("metrics.num.samples", kClient),
    NoEffect("metrics.recording.level", kClient),
    NoEffect("metrics.sample.window.ms", kClient),
    NoEffect("auto.include.jmx.reporter", kClient),
    NoEffect("enable.metrics.push", "no metrics are sent to brokers"),
    NoEffect("config.providers", kClient),
    NoEffect("default.list.key.serde.inner", kProducer),
    NoEffect("background.event.sources", kClient),
    NoEffect("ssl.keymanager.algorithm", kJavaTls),
    NoEffect("ssl.trustmanager.algorithm", kJavaTls),
    NoEffect("ssl.secure.random.implementation", kJavaTls),
    NoEffect("ssl.client.auth", "it is a broker's property"),
    NoEffect("ssl.ca.certificate.stores", "it is about Windows"),
    // SASL mechanisms that are not built: their settings do nothing while another mechanism is chosen
    NoEffect("sasl.kerberos.service.name", kKerberos),
    NoEffect("sasl.kerberos.principal", kKerberos),
    NoEffect("sasl.kerberos.keytab", kKerberos),
    NoEffect("sasl.kerberos.min.time.before.relogin", kKerberos),
    NoEffect("sasl.kerberos.ticket.renew.jitter", kKerberos),
    NoEffect("sasl.kerberos.ticket.renew.window.factor", kKerberos),
    NoEffect("sasl.login.connect.timeout.ms", kOauth),
    NoEffect("sasl.login.read.timeout.ms", kOauth),
    NoEffect("sasl.login.refresh.buffer.seconds", kOauth),
    NoEffect("sasl.login.refresh.min.period.seconds", kOauth),
    NoEffect("sasl.login.refresh.window.factor", kOauth),
    NoEffect("sasl.login.refresh.window.jitter", kOauth),
    NoEffect("sasl.login.retry.backoff.ms", kOauth),
    NoEffect("sasl.login.retry.backoff.max.ms", kOauth),
    NotBuilt("sasl.oauthbearer.config", kOauth),
    NotBuilt("enable.sasl.oauthbearer.unsecure.jwt", kOauth),
    NotBuilt("sasl.oauthbearer.method", kOauth),
    NotBuilt("sasl.oauthbearer.client.id", kOauth),
    NotBuilt("sasl.oauthbearer.client.secret", kOauth),
    NotBuilt("sasl.oauthbearer.scope", kOauth),
    NotBuilt("sasl.oauthbearer.extensions", kOauth),
    NotBuilt("sasl.oauthbearer.token.endpoint.url", kOauth),
    NotBuilt("sasl.oauthbearer.jwks.endpoint.url", kOauth),
    // TLS restrictions that must not be dropped in silence
    NotBuilt("ssl.crl.location", "revocation lists are not read, and dropping one would trust what was revoked"),
    NotBuilt("ssl.curves.list", "the choice of curves is OpenSSL's"),
    NotBuilt("ssl.sigalgs.list", "the choice of signature algorithms is OpenSSL's"),
    // Code
    Refused("plugin.library.paths", kCode),
    Refused("sasl.kerberos.kinit.cmd", kCode),
    Refused("ssl.engine.location", kCode),
    Refused("ssl.engine.id", kCode),
    Refused("ssl.providers", kCode),
    Refused("ssl.provider", kCode),
    Refused("security.providers", kCode),
    Refused("metric.reporters", kCode),
    Refused("interceptor.classes", kCode),
};

constexpr PropertyName kClassFamily{"*.class", "*.class", PropertyFate::kRefused, kClassRule, true};
constexpr PropertyName kCallbackFamily{"*_cb", "*_cb", PropertyFate::kRefused, kCode, true};
constexpr PropertyName kProviderFamily{"config.providers.*", "config.providers.*", PropertyFate::kRefused, kCode, true};
constexpr PropertyName kOauthFamily{"sasl.oauthbearer.*", "sasl.oauthbearer.*", PropertyFate::kNotBuilt, kOauth, true};

// Levenshtein, two rows; stops being exact above `limit`, where it returns limit + 1.
size_t EditDistance(std::string_view a, std::string_view b, size_t limit) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > limit) return limit + 1;
  std::vector<size_t> row(a.size() + 1);
  for (size_t i = 0; i <= a.size(); ++i) row[i] = i;
  for (size_t j = 1; j <= b.size(); ++j) {
    size_t diagonal = row[0];
    row[0] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
      const size_t above = row[i];
      row[i] = std::min({row[i] + 1, row[i - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return std::min(row[a.size()], limit + 1);
}

}  // namespace

std::span<const PropertyName> AllProperties() { return kProperties; }

const PropertyName* FindProperty(std::string_view name) {
  for (const PropertyName& known : kProperties) {
    if (known.name == name) return &known;
  }
  if (name.ends_with(".class") || name.ends_with(".classes")) return &kClassFamily;
  if (name.ends_with("_cb")) return &kCallbackFamily;
  if (name.starts_with("config.providers.")) return &kProviderFamily;
  if (name.starts_with("sasl.oauthbearer.")) return &kOauthFamily;
  return nullptr;
}

std::string_view NearestName(std::string_view name, std::span<const std::string_view> candidates) {
  constexpr size_t kMaxNameBytes = 128;  // longer is no typing mistake
  if (name.size() > kMaxNameBytes) return "";
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string_view best;
  size_t best_distance = std::max<size_t>(2, name.size() / 4) + 1;
  for (const std::string_view candidate : candidates) {
    std::string low(candidate);
    std::transform(low.begin(), low.end(), low.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const size_t distance = EditDistance(lower, low, best_distance);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string_view NearestProperty(std::string_view name) {
  std::vector<std::string_view> names;
  for (const PropertyName& known : kProperties) names.push_back(known.name);
  return NearestName(name, names);
}

}  // namespace lotic::kafka
