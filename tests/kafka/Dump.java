// SPDX-License-Identifier: Apache-2.0
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.*;

/**
 * Dump BOOTSTRAP FOLDER [T...]: what Java's own consumer reads, at both isolation levels; the oracle of the Kafka pack. Writes to FOLDER
 *   LEVEL.TOPIC.records   partition, offset, timestamp, timestamp type, key, key as text, value, value as text, headers; tabs between
 *   LEVEL.TOPIC.offsets   partition, beginning, end, and per T the first offset whose timestamp is at least T (- for none)
 * Bytes are base64, or *LENGTH:SHA256 above 64 bytes, or - for null. Headers: KEY>VALUE joined by commas. A text is the bytes decoded as UTF-8
 * with replacement, = where that changes nothing.
 */
public class Dump {
    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[1]);
        List<Long> times = new ArrayList<>();
        for (int i = 2; i < args.length; i++) times.add(Long.parseLong(args[i]));
        for (String level : List.of("read_committed", "read_uncommitted")) dump(args[0], folder, level, times);
    }

    static void dump(String bootstrap, Path folder, String level, List<Long> times) throws Exception {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "isolation.level", level, "enable.auto.commit", false,
            "fetch.max.wait.ms", 100, "max.poll.records", 5000, "max.partition.fetch.bytes", 4 << 20));
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> all = new ArrayList<>();
            for (var topic : consumer.listTopics().entrySet()) {
                if (topic.getKey().startsWith("__")) continue;
                for (PartitionInfo info : topic.getValue()) all.add(new TopicPartition(topic.getKey(), info.partition()));
            }
            all.sort(Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition));
            Map<TopicPartition, Long> begins = consumer.beginningOffsets(all), ends = consumer.endOffsets(all);
            List<Map<TopicPartition, OffsetAndTimestamp>> found = new ArrayList<>();
            for (long time : times) {
                Map<TopicPartition, Long> ask = new HashMap<>();
                for (TopicPartition p : all) ask.put(p, time);
                found.add(consumer.offsetsForTimes(ask));
            }
            Map<String, PrintWriter> files = new HashMap<>();
            for (TopicPartition p : all) {
                files.computeIfAbsent(p.topic(), topic -> open(folder.resolve(level + "." + topic + ".offsets")));
                StringBuilder line = new StringBuilder().append(p.partition()).append('\t').append(begins.get(p)).append('\t').append(ends.get(p));
                for (var answer : found) line.append('\t').append(answer.get(p) == null ? "-" : Long.toString(answer.get(p).offset()));
                files.get(p.topic()).println(line);
            }
            files.values().forEach(PrintWriter::close);
            files.clear();
            for (TopicPartition p : all) files.computeIfAbsent(p.topic(), topic -> open(folder.resolve(level + "." + topic + ".records")));
            consumer.assign(all);
            for (TopicPartition p : all) consumer.seek(p, begins.get(p));
            Set<TopicPartition> left = new HashSet<>(all);
            left.removeIf(p -> consumer.position(p) >= ends.get(p));
            consumer.pause(all.stream().filter(p -> !left.contains(p)).toList());
            long deadline = System.nanoTime() + Duration.ofMinutes(5).toNanos();
            while (!left.isEmpty()) {
                if (System.nanoTime() > deadline) throw new IllegalStateException("not all records came: " + left);
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    if (record.offset() < ends.get(new TopicPartition(record.topic(), record.partition()))) write(files.get(record.topic()), record);
                }
                List<TopicPartition> done = left.stream().filter(p -> consumer.position(p) >= ends.get(p)).toList();
                consumer.pause(done);
                left.removeAll(done);
            }
            files.values().forEach(PrintWriter::close);
        }
    }

    static PrintWriter open(Path path) {
        try {
            return new PrintWriter(Files.newBufferedWriter(path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void write(PrintWriter out, ConsumerRecord<byte[], byte[]> record) throws Exception {
        StringJoiner headers = new StringJoiner(",");
        for (Header header : record.headers()) headers.add(show(header.key().getBytes(StandardCharsets.UTF_8)) + ">" + show(header.value()));
        out.println(record.partition() + "\t" + record.offset() + "\t" + record.timestamp() + "\t" + record.timestampType() + "\t"
            + show(record.key()) + "\t" + text(record.key()) + "\t" + show(record.value()) + "\t" + text(record.value()) + "\t" + headers);
    }

    static String show(byte[] bytes) throws Exception {
        if (bytes == null) return "-";
        if (bytes.length <= 64) return Base64.getEncoder().encodeToString(bytes);
        return "*" + bytes.length + ":" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    static String text(byte[] bytes) throws Exception {
        if (bytes == null) return "=";
        byte[] decoded = decode(bytes).getBytes(StandardCharsets.UTF_8);
        return Arrays.equals(bytes, decoded) ? "=" : show(decoded);
    }

    /** Java replaces an encoded surrogate (ed a0 80) by one character; Unicode's practice, which others follow, is one for each of its bytes. */
    static String decode(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        int from = 0;
        for (int i = 1; i < bytes.length; i++) {
            if (bytes[i - 1] != (byte) 0xed || (bytes[i] & 0xe0) != 0xa0) continue;
            text.append(new String(bytes, from, i - from, StandardCharsets.UTF_8));
            from = i;
        }
        return text.append(new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8)).toString();
    }
}
