// SPDX-License-Identifier: Apache-2.0
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.*;

/** BrokerSession BOOTSTRAP TOPIC: what an application does with a topic, told line by line as "what: value". */
public class BrokerSession {
    static final int RECORDS = 1000;

    public static void main(String[] args) throws Exception {
        String bootstrap = args[0], topic = args[1];
        Map<String, Object> base = Map.of("bootstrap.servers", bootstrap, "default.api.timeout.ms", 30000, "request.timeout.ms", 15000);
        try (Admin admin = Admin.create(base)) {
            admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1).configs(Map.of("retention.ms", "-1")))).all().get();
            tell("cluster", admin.describeCluster().clusterId().get());
            tell("nodes", admin.describeCluster().nodes().get().size());
            tell("topics", new TreeSet<>(admin.listTopics().names().get()));
            tell("partitions", admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size());
            ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
            Config config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
            tell("retention.ms", config.get("retention.ms").value() + " " + config.get("retention.ms").source());
            tell("cleanup.policy", config.get("cleanup.policy").value() + " " + config.get("cleanup.policy").source());
        }
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) produce(base, topic, codec);
        consume(base, topic, "read_uncommitted");
        try (Admin admin = Admin.create(base)) {
            TopicPartition partition = new TopicPartition(topic, 0);
            tell("max timestamp", admin.listOffsets(Map.of(partition, OffsetSpec.maxTimestamp())).all().get().get(partition).offset());
            long size = 0;
            for (var directory : admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1).values()) {
                for (var replica : directory.replicaInfos().entrySet()) {
                    if (replica.getKey().topic().equals(topic)) size += replica.getValue().size();
                }
            }
            tell("log is not empty", size > 0);
        }
        if (args.length > 2) consume(base, args[2], "read_committed");
    }

    static void produce(Map<String, Object> base, String topic, String codec) throws Exception {
        Map<String, Object> settings = new HashMap<>(base);
        settings.put("enable.idempotence", true);
        settings.put("acks", "all");
        settings.put("compression.type", codec);
        settings.put("linger.ms", 5);
        settings.put("retry.backoff.ms", 10);
        try (Producer<String, String> producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            List<java.util.concurrent.Future<RecordMetadata>> sent = new ArrayList<>();
            for (int i = 0; i < RECORDS; i++) {
                ProducerRecord<String, String> record = new ProducerRecord<>(topic, i % 2, 5000L + i, codec + i, i % 10 == 0 ? null : "value " + i);
                record.headers().add("codec", codec.getBytes());
                sent.add(producer.send(record));
            }
            for (var one : sent) one.get();
        }
    }

    static void consume(Map<String, Object> base, String topic, String isolation) {
        Map<String, Object> settings = new HashMap<>(base);
        settings.put("isolation.level", isolation);
        settings.put("enable.auto.commit", false);
        settings.put("fetch.max.wait.ms", 100);
        try (Consumer<String, String> consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (PartitionInfo info : consumer.partitionsFor(topic)) partitions.add(new TopicPartition(topic, info.partition()));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            Set<String> seen = new TreeSet<>();
            long records = 0, tombstones = 0, codecHeaders = 0;
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (!ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue())) {
                if (System.nanoTime() > deadline) throw new IllegalStateException("not all records came");
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    records++;
                    seen.add(record.partition() + "/" + record.offset());
                    if (record.value() == null) tombstones++;
                    Header header = record.headers().lastHeader("codec");
                    if (header != null && record.key().startsWith(new String(header.value()))) codecHeaders++;
                }
            }
            tell(isolation + " records", records);
            tell(isolation + " distinct", seen.size());
            tell(isolation + " tombstones", tombstones);
            tell(isolation + " headers", codecHeaders);
            Map<TopicPartition, Long> times = new HashMap<>();
            for (TopicPartition partition : partitions) times.put(partition, 5500L);
            TreeMap<Integer, String> found = new TreeMap<>();
            consumer.offsetsForTimes(times).forEach((p, o) -> found.put(p.partition(), o == null ? "none" : o.offset() + " at " + o.timestamp()));
            tell(isolation + " offsets for 5500", found);
        }
    }

    static void tell(String what, Object value) { System.out.println(what + ": " + value); }
}
