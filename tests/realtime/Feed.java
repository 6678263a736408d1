// SPDX-License-Identifier: Apache-2.0
import java.io.*;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.serialization.*;

/**
 * Feed create BOOTSTRAP TOPIC PARTITIONS      makes the topic
 * Feed grow BOOTSTRAP TOPIC PARTITIONS        gives it more partitions
 * Feed fill BOOTSTRAP TOPIC RECORDS SEED      writes so many records to all partitions that there are, by transactions of 1 to 400 records, every fifth of them aborted; ends
 *                                             when all are acknowledged. A record is {"id":N,"v":N*7%1000,"ts":now,"text":"..."}; an aborted one has a negative id
 * Feed dump BOOTSTRAP TOPIC FILE              what Java's consumer reads (read_committed) up to the ends at the start: a line PARTITION OFFSET ID V for each record
 */
public class Feed {
    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "create" -> {
                try (Admin admin = admin(args[1])) { admin.createTopics(List.of(new NewTopic(args[2], Integer.parseInt(args[3]), (short) 1))).all().get(); }
            }
            case "grow" -> {
                grow(args[1], args[2], Integer.parseInt(args[3]));
            }
            case "fill" -> fill(args[1], args[2], Long.parseLong(args[3]), Long.parseLong(args[4]));
            case "dump" -> dump(args[1], args[2], args[3]);
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    /** A broker that has just come back, or that was too busy for its heartbeats, is fenced for a moment: the controller then says that there is none to put a partition on. */
    static void grow(String bootstrap, String topic, int partitions) throws Exception {
        long patience = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        try (Admin admin = admin(bootstrap)) {
            while (true) {
                try {
                    admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(partitions))).all().get();
                    return;
                } catch (ExecutionException failed) {
                    if (!(failed.getCause() instanceof InvalidReplicationFactorException) || System.nanoTime() > patience) throw failed;
                    Thread.sleep(100);
                }
            }
        }
    }

    static Admin admin(String bootstrap) { return Admin.create(Map.of("bootstrap.servers", bootstrap)); }

    static void fill(String bootstrap, String topic, long records, long seed) throws Exception {
        Random random = new Random(seed);
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "transactional.id", "feed-" + seed, "linger.ms", 5, "metadata.max.age.ms", 1000,
            "delivery.timeout.ms", 300_000, "transaction.timeout.ms", 300_000, "max.block.ms", 300_000, "compression.type", "lz4");
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            producer.initTransactions();
            long id = 0;
            for (long transaction = 0; id < records; transaction++) {
                boolean abort = transaction % 5 == 4;
                int partitions = producer.partitionsFor(topic).size();
                long count = Math.min(1 + random.nextInt(400), records - id);
                producer.beginTransaction();
                for (long i = 0; i < count; i++) {
                    long number = abort ? -1 - i : id + i;
                    producer.send(new ProducerRecord<>(topic, (int) random.nextInt(partitions), (String) null,
                        "{\"id\":" + number + ",\"v\":" + Math.floorMod(number * 7, 1000) + ",\"ts\":" + System.currentTimeMillis() + ",\"text\":\"record " + number + "\"}"));
                }
                if (abort) {
                    producer.flush();
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                    id += count;
                }
            }
        }
    }

    static void dump(String bootstrap, String topic, String file) throws Exception {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "isolation.level", "read_committed", "enable.auto.commit", false, "max.poll.records", 5000));
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
             PrintWriter out = new PrintWriter(new BufferedWriter(new FileWriter(file)))) {
            List<TopicPartition> all = new ArrayList<>();
            for (PartitionInfo info : consumer.partitionsFor(topic)) all.add(new TopicPartition(topic, info.partition()));
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            consumer.assign(all);
            consumer.seekToBeginning(all);
            long deadline = System.nanoTime() + Duration.ofMinutes(3).toNanos();
            while (all.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                if (System.nanoTime() > deadline) throw new IllegalStateException("the consumer does not reach the ends");
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    String value = record.value();
                    out.println(record.partition() + " " + record.offset() + " " + member(value, "id") + " " + member(value, "v"));
                }
            }
        }
    }

    static String member(String json, String name) {
        int at = json.indexOf("\"" + name + "\":") + name.length() + 3;
        return json.substring(at, json.indexOf(',', at));
    }
}
