// SPDX-License-Identifier: Apache-2.0
import java.io.*;
import java.net.*;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.zip.CRC32C;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.*;

/**
 * Torture BOOTSTRAP small|full: fills a new, empty cluster with everything a topic can hold. What the Java producer cannot make goes to the
 * broker as bytes over a socket. Ends when every topic has come to rest; then nothing may change any more, so that two clients can be compared.
 */
public class Torture {
    static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    static final long T0 = 1_600_000_000_000L;  // records get timestamps from here on, apart from those that are about timestamps
    static String bootstrap;
    static boolean full;
    static Admin admin;

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        full = args[1].equals("full");
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
        createTopics();
        compactedRecords();  // first, so that the cleaner works while the rest is written
        codecs();
        transactions();
        onlyAborted();
        backdatedTransactions();
        deletedHead();
        appendTime();
        times();
        wide();
        large();
        oddRecords();
        bombs();
        documents();
        switchedTypes();
        waitForTheCleaner();
        awaitMarkers();
        admin.close();
        System.out.println("ready");
        System.out.flush();
        Runtime.getRuntime().halt(0);  // producers with an open transaction would abort it when closed
    }

    static void createTopics() throws Exception {
        List<NewTopic> topics = new ArrayList<>();
        topics.add(topic("t_codecs", 2));
        for (String codec : CODECS) topics.add(topic("t_rdk_" + codec, 1));
        topics.add(topic("t_txn", 3));
        topics.add(topic("t_txn_all_aborted", 1));
        topics.add(topic("t_txn_backdated", 1));
        topics.add(topic("t_compacted", 1, "cleanup.policy", "compact", "segment.ms", "1000", "min.cleanable.dirty.ratio", "0.001",
            "delete.retention.ms", "86400000"));
        topics.add(topic("t_compacted_hard", 1, "cleanup.policy", "compact", "segment.ms", "1000", "min.cleanable.dirty.ratio", "0.001",
            "delete.retention.ms", "0"));
        topics.add(topic("t_deleted", 4));
        topics.add(topic("t_append_time", 1, "message.timestamp.type", "LogAppendTime"));
        topics.add(topic("t_switched", 1));
        topics.add(topic("t_times", 7, "message.timestamp.after.max.ms", Long.toString(Long.MAX_VALUE)));
        topics.add(topic("t_empty", 3));
        topics.add(topic("t_wide", 200));
        topics.add(topic("t_large", 2));
        topics.add(topic("t_odd", 2));
        topics.add(topic("t_bombs", 1));
        topics.add(topic("t_documents", 3));
        topics.add(topic("t.dotted-Name", 1));
        admin.createTopics(topics).all().get();
    }

    static NewTopic topic(String name, int partitions, String... configs) {
        Map<String, String> all = new HashMap<>(Map.of("retention.ms", "-1"));
        for (int i = 0; i < configs.length; i += 2) all.put(configs[i], configs[i + 1]);
        return new NewTopic(name, partitions, (short) 1).configs(all);
    }

    // ---- Java's producers: a flush ends a batch, so tests know where batches begin.

    static KafkaProducer<byte[], byte[]> producer(String codec, String transactionalId, Object... more) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("compression.type", codec);
        settings.put("linger.ms", 60_000);
        settings.put("batch.size", 1 << 20);
        settings.put("max.request.size", 12 << 20);
        settings.put("buffer.memory", 64 << 20);
        if (transactionalId != null) {
            settings.put("transactional.id", transactionalId);
            settings.put("transaction.timeout.ms", 3_600_000);
        }
        for (int i = 0; i < more.length; i += 2) settings.put((String) more[i], more[i + 1]);
        KafkaProducer<byte[], byte[]> made = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
        if (transactionalId != null) made.initTransactions();
        return made;
    }

    static byte[] bytes(String text) { return text == null ? null : text.getBytes(StandardCharsets.UTF_8); }

    static ProducerRecord<byte[], byte[]> record(String topic, int partition, long timestamp, String key, String value) {
        return new ProducerRecord<>(topic, partition, timestamp, bytes(key), bytes(value));
    }

    /** Sends and waits until the broker has them all: one batch, if they fit. */
    static void send(Producer<byte[], byte[]> producer, List<ProducerRecord<byte[], byte[]>> records) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (ProducerRecord<byte[], byte[]> one : records) sent.add(producer.send(one));
        producer.flush();
        for (Future<RecordMetadata> one : sent) one.get();
    }

    static List<ProducerRecord<byte[], byte[]>> some(String topic, int partition, int from, int count, String what) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            records.add(record(topic, partition, T0 + i * 10L, what + "-" + i % 17, "{\"id\": " + i + ", \"what\": \"" + what + "\"}"));
        }
        return records;
    }

    static void codecs() throws Exception {
        Map<String, KafkaProducer<byte[], byte[]>> producers = new LinkedHashMap<>();
        for (String codec : CODECS) producers.put(codec, producer(codec, null));
        int next = 0;
        for (int round = 0; round < (full ? 40 : 6); round++) {
            for (var codec : producers.entrySet()) {
                int count = 1 + (next * 31) % 97;
                send(codec.getValue(), some("t_codecs", round % 2, next, count, codec.getKey()));
                next += count;
            }
        }
        for (var one : producers.values()) one.close();
    }

    // ---- Transactions.

    static void transactions() throws Exception {
        KafkaProducer<byte[], byte[]> a = producer("none", "a"), b = producer("lz4", "b"), plain = producer("none", null);
        // Partition 0: one after the other, with plain records between, and a transaction left open at the end with plain records behind it.
        int next = 0;
        for (int round = 0; round < (full ? 60 : 6); round++) {
            a.beginTransaction();
            send(a, some("t_txn", 0, next, 7, "a"));
            if (round % 3 == 1) { a.abortTransaction(); } else { a.commitTransaction(); }
            send(plain, some("t_txn", 0, next + 7, 2, "plain"));
            next += 10;
        }
        // Partition 1: two at once, interleaved batch by batch, one of them aborted; and an aborted one inside a committed one.
        for (int round = 0; round < (full ? 60 : 6); round++) {
            a.beginTransaction();
            send(a, some("t_txn", 1, next, 3, "a"));
            b.beginTransaction();
            send(b, some("t_txn", 1, next + 3, 4, "b"));
            send(a, some("t_txn", 1, next + 7, 2, "a"));
            send(plain, some("t_txn", 1, next + 9, 1, "plain"));
            if (round % 2 == 0) { b.abortTransaction(); a.commitTransaction(); } else { a.abortTransaction(); b.commitTransaction(); }
            next += 10;
        }
        // Partition 2 ends with an aborted transaction: its last offsets hold nothing that anybody sees.
        send(plain, some("t_txn", 2, next, 5, "plain"));
        b.beginTransaction();
        send(b, some("t_txn", 2, next + 5, 5, "b"));
        b.abortTransaction();
        a.beginTransaction();
        send(a, some("t_txn", 0, next, 4, "open"));
        send(plain, some("t_txn", 0, next + 4, 6, "behind"));
        plain.close();
        b.close();
        // a stays as it is: closing it would abort.
    }

    static void onlyAborted() throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer("zstd", "all-aborted")) {
            for (int round = 0; round < 5; round++) {
                producer.beginTransaction();
                send(producer, some("t_txn_all_aborted", 0, round * 20, 20, "gone"));
                producer.abortTransaction();
            }
        }
    }

    /** Old records in transactions of today: markers carry the broker's clock, far above every record's time. */
    static void backdatedTransactions() throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer("none", "backdated")) {
            for (int round = 0; round < 8; round++) {
                producer.beginTransaction();
                send(producer, some("t_txn_backdated", 0, round * 10, 10, "old"));
                if (round == 2) { producer.abortTransaction(); } else { producer.commitTransaction(); }
            }
        }
    }

    /** Markers are written after commit and abort have returned: waits until no end moves and only the open transaction holds one back. */
    static void awaitMarkers() throws Exception {
        await("the markers", () -> {
            for (String topic : List.of("t_txn", "t_txn_all_aborted", "t_txn_backdated", "t_compacted_hard")) {
                for (TopicPartition p : partitions(topic)) {
                    boolean open = topic.equals("t_txn") && p.partition() == 0;
                    if ((end(p, IsolationLevel.READ_COMMITTED) < end(p, IsolationLevel.READ_UNCOMMITTED)) != open) return false;
                }
            }
            return true;
        });
    }

    static List<TopicPartition> partitions(String topic) throws Exception {
        List<TopicPartition> all = new ArrayList<>();
        for (TopicPartitionInfo p : admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions()) {
            all.add(new TopicPartition(topic, p.partition()));
        }
        return all;
    }

    static long end(TopicPartition p, IsolationLevel level) throws Exception {
        return admin.listOffsets(Map.of(p, OffsetSpec.latest()), new ListOffsetsOptions(level)).partitionResult(p).get().offset();
    }

    static void await(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.call()) {
            if (System.nanoTime() > deadline) throw new IllegalStateException("did not come: " + what);
            Thread.sleep(50);  // between two looks; what ends the wait is the condition
        }
    }

    // ---- Compaction. Segments roll by the records' own times: one new segment a minute of theirs.

    static final int ROUNDS = 12;
    static long[] compactedEnds = new long[2];  // the offset from which on nothing is cleaned: the active segment

    static void compactedRecords() throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer("lz4", null); KafkaProducer<byte[], byte[]> txn = producer("none", "compacted")) {
            for (int round = 0; round < ROUNDS; round++) {
                List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
                for (int i = 0; i < 100; i++) {
                    int key = round < 3 ? 1000 * round + i : (i * 7 + round * 13) % 150;  // the first rounds' ranges are overwritten whole, below
                    records.add(record("t_compacted", 0, T0 + round * 60_000L + i, "k" + key, key % 11 == 0 ? null : "v" + round + "." + i));
                }
                send(producer, records);
            }
            for (int first = 0; first < 3; first++) {  // every key of the first two ranges again, as tombstones in the second
                List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
                for (int i = 0; i < 100; i++) {
                    records.add(record("t_compacted", 0, T0 + ROUNDS * 60_000L + first, "k" + (1000 * first + i), first == 1 ? null : "again" + i));
                }
                if (first != 2) send(producer, records);
            }
            compactedEnds[0] = end(new TopicPartition("t_compacted", 0), IsolationLevel.READ_UNCOMMITTED);
            send(producer, List.of(record("t_compacted", 0, T0 + 100 * 60_000L, "last", "active segment")));

            // Hard: idempotent producers whose last batches lose every record, transactions, tombstones that go at once.
            for (int round = 0; round < 4; round++) {
                try (KafkaProducer<byte[], byte[]> once = producer("none", null)) {
                    send(once, some("t_compacted_hard", 0, 0, 5, "same"));
                }
                txn.beginTransaction();
                send(txn, List.of(record("t_compacted_hard", 0, T0 + round * 60_000L, "x", "x" + round),
                    record("t_compacted_hard", 0, T0 + round * 60_000L, "y" + round, round == 3 ? null : "y")));
                if (round == 1) { txn.abortTransaction(); } else { txn.commitTransaction(); }
                send(producer, List.of(record("t_compacted_hard", 0, T0 + round * 60_000L + 30_000, "y0", null),
                    record("t_compacted_hard", 0, T0 + round * 60_000L + 30_000, "z" + round, "z")));
            }
            await("the markers of t_compacted_hard", () -> {
                TopicPartition p = new TopicPartition("t_compacted_hard", 0);
                return end(p, IsolationLevel.READ_COMMITTED) == end(p, IsolationLevel.READ_UNCOMMITTED);
            });
            compactedEnds[1] = end(new TopicPartition("t_compacted_hard", 0), IsolationLevel.READ_UNCOMMITTED);
            // Markers carry the broker's time, and one of them begins the segment: only what is later than that begins another.
            send(producer, List.of(record("t_compacted_hard", 0, System.currentTimeMillis() + 1_800_000, "last", "active segment")));
        }
    }

    /** Until no key occurs twice before the active segment; then the topics are frozen, so that both clients read the same. */
    static void waitForTheCleaner() throws Exception {
        String[] topics = {"t_compacted", "t_compacted_hard"};
        for (int t = 0; t < topics.length; t++) {
            TopicPartition p = new TopicPartition(topics[t], 0);
            long before = compactedEnds[t];
            await("compaction of " + topics[t], () -> {
                Set<String> seen = new HashSet<>();
                boolean[] twice = {false};
                read(p, record -> { if (record.offset() < before) twice[0] |= !seen.add(new String(record.key())); });
                return !twice[0];
            });
            ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topics[t]);
            admin.incrementalAlterConfigs(Map.of(resource, List.of(
                set("min.cleanable.dirty.ratio", "1"), set("min.compaction.lag.ms", Long.toString(Long.MAX_VALUE)),
                set("segment.ms", Long.toString(Long.MAX_VALUE))))).all().get();
        }
    }

    static AlterConfigOp set(String key, String value) { return new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET); }

    static void read(TopicPartition p, java.util.function.Consumer<ConsumerRecord<byte[], byte[]>> each) {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "enable.auto.commit", false, "fetch.max.wait.ms", 50);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(p));
            consumer.seekToBeginning(List.of(p));
            long end = consumer.endOffsets(List.of(p)).get(p);
            while (consumer.position(p) < end) consumer.poll(Duration.ofMillis(100)).forEach(each);
        }
    }

    // ---- Log starts, timestamp types, timestamps.

    static void deletedHead() throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer("snappy", null)) {
            for (int p = 0; p < 3; p++) {
                for (int batch = 0; batch < 8; batch++) send(producer, some("t_deleted", p, batch * 64, 64, "d"));
            }
        }
        admin.deleteRecords(Map.of(
            new TopicPartition("t_deleted", 0), RecordsToDelete.beforeOffset(400),   // inside a batch
            new TopicPartition("t_deleted", 1), RecordsToDelete.beforeOffset(-1),    // everything: begin = end
            new TopicPartition("t_deleted", 2), RecordsToDelete.beforeOffset(384)))  // between two batches
            .all().get();
    }

    static void appendTime() throws Exception {
        for (String codec : List.of("none", "gzip")) {
            try (KafkaProducer<byte[], byte[]> producer = producer(codec, null)) {
                for (int batch = 0; batch < 4; batch++) send(producer, some("t_append_time", 0, batch * 25, 25, codec));
            }
        }
    }

    static void switchedTypes() throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, "t_switched");
        TopicPartition p = new TopicPartition("t_switched", 0);
        try (KafkaProducer<byte[], byte[]> producer = producer("none", null)) {
            for (String type : List.of("CreateTime", "LogAppendTime", "CreateTime")) {
                admin.incrementalAlterConfigs(Map.of(resource, List.of(set("message.timestamp.type", type)))).all().get();
                // The log takes a new setting some moments later: write until a record shows it.
                await(type, () -> {
                    send(producer, some("t_switched", 0, 0, 10, type));
                    String[] last = {null};
                    read(p, record -> last[0] = record.timestampType().toString());
                    return type.equals(last[0]);
                });
                send(producer, some("t_switched", 0, 10, 30, type));
            }
        }
    }

    static void times() throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer("lz4", null)) {
            for (int batch = 0; batch < 6; batch++) {  // 0: in no order
                List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
                for (int i = 0; i < 50; i++) records.add(record("t_times", 0, T0 + (batch * 50 + i) * 7919L % 1000 * 1000, null, "r" + batch + "." + i));
                send(producer, records);
            }
            for (int batch = 0; batch < 5; batch++) {  // 5: in order; 6: late by up to 40 s
                List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
                for (int i = 0; i < 40; i++) {
                    records.add(record("t_times", 5, T0 + (batch * 40 + i) * 1000L, null, "in order"));
                    records.add(record("t_times", 6, T0 + (batch * 40 + i) * 1000L - i * 17 % 41 * 1000L, null, "late"));
                }
                send(producer, records);
            }
        }
        try (Raw raw = new Raw()) {
            raw.produce("t_times", 1, new Batch().add(-1, "none").add(-1, "none"));                    // 1: missing
            raw.produce("t_times", 1, new Batch().add(T0, "some").add(-1, "none").add(T0 + 5, "some"));
            raw.produce("t_times", 1, new Batch().add(-1, "none"));
            raw.produce("t_times", 2, new Batch().add(-2, "a").add(-1000, "b").add(0, "zero").add(1, "one"));  // 2: before 1970
            raw.produce("t_times", 2, new Batch().add(-(1L << 61), "far before").add(-62_135_596_800_000L, "year 1"));
            raw.produce("t_times", 2, new Batch().add(T0, "today"));
            raw.produce("t_times", 3, new Batch().add(T0, "today").add(4_102_444_800_000L, "2100"));   // 3: far in the future
            raw.produce("t_times", 3, new Batch().add(253_402_300_800_000L, "year 10000").add(T0 + 1, "today"));
            raw.produce("t_times", 3, new Batch().add(Long.MAX_VALUE / 1000, "last microsecond").add(Long.MAX_VALUE / 1000 + 1, "no microsecond"));
            raw.produce("t_times", 3, new Batch().add(Long.MAX_VALUE, "the last").add(Long.MAX_VALUE - 1, "the last but one").add(T0 + 2, "today"));
        }  // 4 stays empty
    }

    // ---- Many partitions, large records, odd records.

    static void wide() throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer("none", null, "linger.ms", 5)) {
            for (int round = 0; round < (full ? 50 : 3); round++) {
                List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
                for (int p = 0; p < 200; p++) {
                    if (p % 10 != 9) for (int i = 0; i < p % 7; i++) records.add(record("t_wide", p, T0 + round * 1000 + i, "k", p + "/" + round + "/" + i));
                }
                send(producer, records);
            }
        }
    }

    static byte[] noise(int seed, int size) {
        byte[] made = new byte[size];
        new Random(seed).nextBytes(made);
        return made;
    }

    static void large() throws Exception {
        for (String codec : List.of("none", "zstd", "gzip")) {
            try (KafkaProducer<byte[], byte[]> producer = producer(codec, null)) {
                send(producer, some("t_large", 0, 0, 3, "before"));
                send(producer, List.of(new ProducerRecord<>("t_large", 0, T0 + 1, bytes("large"), noise(codec.length(), 5 << 20))));
                send(producer, some("t_large", 0, 3, 3, "after"));
            }
        }
        try (KafkaProducer<byte[], byte[]> producer = producer("none", null, "batch.size", 3 << 20)) {  // one batch of many records, larger than a fetch
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            for (int i = 0; i < 2000; i++) records.add(new ProducerRecord<>("t_large", 1, T0 + i, bytes("k" + i), noise(i, 1200)));
            send(producer, records);
            send(producer, some("t_large", 1, 0, 20, "after"));
        }
    }

    static void oddRecords() throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer("none", null)) {
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            records.add(record("t_odd", 0, T0, null, null));
            records.add(record("t_odd", 0, T0, "", ""));
            records.add(record("t_odd", 0, T0, null, ""));
            records.add(record("t_odd", 0, T0, "", null));
            records.add(new ProducerRecord<>("t_odd", 0, T0, new byte[] {0}, new byte[] {0, 0, 0}));
            // What is no UTF-8: a lone continuation, overlong, a surrogate, cut sequences, above the last code point.
            for (String hex : List.of("80", "c0af", "eda080", "e282", "e28241", "f0908d", "f4908080", "ff", "61c3", "f09f9880f09f98", "c3a9fe",
                "e2e2e282ac", "f0f1f2")) {
                byte[] odd = HexFormat.of().parseHex(hex);
                records.add(new ProducerRecord<>("t_odd", 0, T0, odd, odd));
            }
            send(producer, records);
            String[][] headers = {{}, {"a", "1"}, {"", "empty key"}, {"a\0b", "NUL in the key"}, {"a", "1", "b", "2", "a", "3", "c", "4", "b", "5"},
                {"null", null}, {"null", null, "null", null, "null", "not"}, {"empty", ""}, {"k".repeat(40_000), "long key"}, {"käse", "ü", "日本", "\0"},
                {"A", "1", "a", "2"}};
            for (String[] some : headers) {
                ProducerRecord<byte[], byte[]> record = record("t_odd", 1, T0, "k", "v");
                for (int i = 0; i < some.length; i += 2) record.headers().add(new RecordHeader(some[i], bytes(some[i + 1])));
                send(producer, List.of(record));
            }
            ProducerRecord<byte[], byte[]> many = record("t_odd", 1, T0, null, null);
            for (int i = 0; i < 1000; i++) many.headers().add(new RecordHeader("h" + i % 300, noise(i, i % 5)));
            send(producer, List.of(many));
        }
        try (Raw raw = new Raw()) {  // a header key that is no UTF-8: Java's producer encodes what it sends
            raw.produce("t_odd", 1, new Batch().add(T0, bytes("k"), bytes("v"), new byte[] {(byte) 0xff, 'x'}, bytes("1"), new byte[] {(byte) 0xfe, 'x'}, null));
        }
    }

    static void bombs() throws Exception {
        for (String codec : CODECS.subList(1, 5)) {
            try (KafkaProducer<byte[], byte[]> producer = producer(codec, null)) {
                send(producer, List.of(new ProducerRecord<>("t_bombs", 0, T0, bytes(codec), new byte[8 << 20])));
                List<ProducerRecord<byte[], byte[]>> nothing = new ArrayList<>();
                for (int i = 0; i < 20_000; i++) nothing.add(record("t_bombs", 0, T0 + i, null, null));
                send(producer, nothing);
            }
        }
    }

    /** For the SQL cases: three JSON fields, three partitions, times a second apart. */
    static void documents() throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer("lz4", null, "linger.ms", 5, "batch.size", 16384)) {
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            int count = full ? 600_000 : 6_000;
            for (int i = 0; i < count; i++) {
                String value = i % 100 == 99 ? null : "{\"id\": " + i + ", \"status\": \"" + (i % 4 == 0 ? "paid" : "open") + "\", \"price\": " + i % 50 + ".25}";
                records.add(record("t_documents", i % 3, T0 + i * 1000L, "order-" + i % 1000, value));
            }
            send(producer, records);
            send(producer, List.of(record("t.dotted-Name", 0, T0, "k", "{\"id\": 1}")));
        }
    }

    // ---- Bytes for the broker, where Java's producer would refuse. Follows: Kafka protocol, Produce version 7, record batch version 2.

    static final class Batch {
        final List<Object[]> records = new ArrayList<>();  // timestamp, key, value, then header key and value in turn

        Batch add(long timestamp, String value) { return add(timestamp, null, bytes(value)); }
        Batch add(long timestamp, Object... rest) {
            List<Object> one = new ArrayList<>();
            one.add(timestamp);
            one.addAll(Arrays.asList(rest));
            records.add(one.toArray());
            return this;
        }

        byte[] encode() throws IOException {
            long first = (Long) records.get(0)[0], max = Long.MIN_VALUE;
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            for (int i = 0; i < records.size(); i++) {
                Object[] record = records.get(i);
                max = Math.max(max, (Long) record[0]);
                ByteArrayOutputStream one = new ByteArrayOutputStream();
                one.write(0);
                varint(one, (Long) record[0] - first);
                varint(one, i);
                sized(one, (byte[]) record[1]);
                sized(one, (byte[]) record[2]);
                varint(one, (record.length - 3) / 2);
                for (int h = 3; h < record.length; h++) sized(one, (byte[]) record[h]);
                varint(body, one.size());
                one.writeTo(body);
            }
            ByteBuffer batch = ByteBuffer.allocate(61 + body.size());
            batch.putLong(0).putInt(49 + body.size()).putInt(-1).put((byte) 2).putInt(0);
            batch.putShort((short) 0).putInt(records.size() - 1).putLong(first).putLong(max);
            batch.putLong(-1).putShort((short) -1).putInt(-1).putInt(records.size()).put(body.toByteArray());
            CRC32C crc = new CRC32C();
            crc.update(batch.array(), 21, batch.capacity() - 21);
            batch.putInt(17, (int) crc.getValue());
            return batch.array();
        }

        static void sized(ByteArrayOutputStream out, byte[] value) throws IOException {
            varint(out, value == null ? -1 : value.length);
            if (value != null) out.write(value);
        }
        static void varint(ByteArrayOutputStream out, long value) {
            long left = (value << 1) ^ (value >> 63);
            for (; (left & ~0x7fL) != 0; left >>>= 7) out.write((int) (left & 0x7f | 0x80));
            out.write((int) left);
        }
    }

    static final class Raw implements Closeable {
        private final Socket socket;

        Raw() throws IOException {
            socket = new Socket(bootstrap.substring(0, bootstrap.lastIndexOf(':')), Integer.parseInt(bootstrap.substring(bootstrap.lastIndexOf(':') + 1)));
            socket.setSoTimeout(30_000);
        }

        /** A new topic's leader may not know yet that it leads: errors 3 and 6 are tried again. */
        void produce(String topic, int partition, Batch batch) throws Exception {
            byte[] records = batch.encode(), name = bytes(topic);
            ByteBuffer request = ByteBuffer.allocate(100 + name.length + records.length);
            request.putInt(0).putShort((short) 0).putShort((short) 7).putInt(1).putShort((short) -1);
            request.putShort((short) -1).putShort((short) -1).putInt(30_000);
            request.putInt(1).putShort((short) name.length).put(name).putInt(1).putInt(partition).putInt(records.length).put(records);
            request.putInt(0, request.position() - 4);
            await("a leader of " + topic, () -> {
                socket.getOutputStream().write(request.array(), 0, request.position());
                DataInputStream in = new DataInputStream(socket.getInputStream());
                byte[] answer = in.readNBytes(in.readInt());
                short error = ByteBuffer.wrap(answer).getShort(4 + 4 + 2 + name.length + 4 + 4);
                if (error != 0 && error != 3 && error != 6) throw new IllegalStateException("produce to " + topic + "/" + partition + ": error " + error);
                return error == 0;
            });
        }

        @Override public void close() throws IOException { socket.close(); }
    }
}
