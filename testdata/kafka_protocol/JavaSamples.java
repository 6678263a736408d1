// SPDX-License-Identifier: Apache-2.0
// Writes messages.txt and records.txt with Kafka's own Java client (made with kafka-clients 3.9.2):
//   java -cp kafka-clients.jar:its-dependencies JavaSamples.java OUTPUT_FOLDER
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.util.*;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.types.*;
import org.apache.kafka.common.record.*;

public class JavaSamples {
  // Every number is unique and grows in the order of the fields, so that a swap of two fields shows.
  static int next;
  static boolean sparse;
  // Tags that Lotic reads over: snapshot id, replica directory id, ZooKeeper migration.
  static final Set<String> SKIPPED = Set.of("snapshot_id", "replica_directory_id", "zk_migration_ready");

  @SuppressWarnings("unchecked")
  static Map<Integer, Field> fieldsOf(TaggedFields tags) {  // there is no public way to them
    try {
      java.lang.reflect.Field fields = TaggedFields.class.getDeclaredField("fields");
      fields.setAccessible(true);
      return new TreeMap<>((Map<Integer, Field>) fields.get(tags));
    } catch (ReflectiveOperationException failure) {
      throw new IllegalStateException(failure);
    }
  }

  static Object fill(Type type) {
    next++;
    if (type instanceof Schema) {
      Struct struct = new Struct((Schema) type);
      for (BoundField field : ((Schema) type).fields()) struct.set(field, fill(field.def.type));
      return struct;
    }
    if (type instanceof TaggedFields) {
      TreeMap<Integer, Object> values = new TreeMap<>();
      if (!sparse) {
        fieldsOf((TaggedFields) type).forEach((tag, field) -> {
          if (!SKIPPED.contains(field.name)) values.put(tag, fill(field.type));
        });
      }
      return values;
    }
    Optional<Type> element = type.arrayElementType();
    if (element.isPresent()) {
      if (sparse && type.isNullable()) return null;
      Object[] values = new Object[sparse ? 1 : 2];
      for (int i = 0; i < values.length; i++) values[i] = fill(element.get());
      return values;
    }
    if (type == Type.BOOLEAN) return true;
    if (type == Type.INT8) return (byte) (next % 100);
    if (type == Type.INT16) return (short) (100 + next);
    if (type == Type.INT32) return 1000000 + next;
    if (type == Type.INT64) return 10000000000L + next;
    if (type == Type.UUID) return new Uuid(0x1122334455667788L, next);
    String name = type.toString();
    if (name.contains("RECORDS")) return sparse ? null : MemoryRecords.readableRecords(ByteBuffer.wrap(("records" + next).getBytes()));
    if (name.contains("BYTES")) return ByteBuffer.wrap(("bytes" + next).getBytes());
    if (name.contains("STRING")) return sparse && type.isNullable() ? null : "s" + next;
    throw new IllegalStateException(name);
  }

  static String hex(ByteBuffer buffer) {
    StringBuilder out = new StringBuilder();
    while (buffer.hasRemaining()) out.append(String.format("%02x", buffer.get()));
    return out.toString();
  }

  static void messages(PrintStream out) {
    int[][] ranges = {{0, 3, 11}, {1, 4, 17}, {2, 1, 9}, {3, 0, 12}, {10, 0, 4}, {17, 0, 1}, {18, 0, 4}, {19, 2, 7}, {22, 0, 5},
        {23, 2, 4}, {32, 1, 4}, {35, 1, 4}, {36, 0, 2}, {60, 0, 1}};
    for (int[] range : ranges) {
      ApiKeys api = ApiKeys.forId(range[0]);
      for (int version = range[1]; version <= range[2]; version++) {
        for (int kind = 0; kind < 4; kind++) {
          boolean request = kind < 2;
          sparse = kind % 2 == 1;
          next = 0;
          Schema schema = (request ? api.messageType.requestSchemas() : api.messageType.responseSchemas())[version];
          Struct struct = (Struct) fill(schema);
          ByteBuffer buffer = ByteBuffer.allocate(schema.sizeOf(struct));
          schema.write(buffer, struct);
          buffer.flip();
          out.println(api.name + (request ? "Request " : "Response ") + version + " " + hex(buffer));
        }
      }
    }
  }

  static String text(ByteBuffer bytes) {
    if (bytes == null) return "NULL";
    for (byte b : Utf.bytes(bytes)) if (b < 32) return "x" + hex(bytes.duplicate());
    return "'" + new String(Utf.bytes(bytes), java.nio.charset.StandardCharsets.UTF_8) + "'";
  }
  static class Utf {
    static byte[] bytes(ByteBuffer buffer) {
      byte[] out = new byte[buffer.remaining()];
      buffer.duplicate().get(out);
      return out;
    }
  }

  static void show(PrintStream out, String name, ByteBuffer bytes) {
    out.println("bytes " + name + " " + hex(bytes.duplicate()));
    for (RecordBatch batch : MemoryRecords.readableRecords(bytes).batches()) {
      batch.ensureValid();
      for (org.apache.kafka.common.record.Record record : batch) {
        StringBuilder headers = new StringBuilder();
        for (Header header : record.headers()) headers.append(" ").append(header.key()).append("=")
            .append(text(header.value() == null ? null : ByteBuffer.wrap(header.value())));
        out.println("record " + record.offset() + " " + record.timestamp() + " " + text(record.key()) + " " + text(record.value()) + headers);
      }
    }
  }

  static void records(PrintStream out) {
    Compression[] codecs = {Compression.NONE, Compression.gzip().build(), Compression.snappy().build(), Compression.lz4().build(),
        Compression.zstd().build()};
    for (byte magic = 0; magic <= 2; magic++) {
      for (Compression codec : codecs) {
        if (magic < 2 && codec.type() == CompressionType.ZSTD) continue;
        for (TimestampType time : new TimestampType[] {TimestampType.CREATE_TIME, TimestampType.LOG_APPEND_TIME}) {
          if (magic == 0 && time == TimestampType.LOG_APPEND_TIME) continue;
          MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(4096), magic, codec, time, 1000L, 777777L);
          for (int i = 0; i < 4; i++) {
            byte[] key = i == 1 ? null : ("key" + i).getBytes();
            byte[] value = i == 2 ? null : "value ".repeat(20 * i).getBytes();
            Header[] headers = magic == 2 && i % 2 == 0
                ? new Header[] {new RecordHeader("h", ("x" + i).getBytes()), new RecordHeader("h", (byte[]) null)} : Record.EMPTY_HEADERS;
            builder.appendWithOffset(1000L + 3 * i, magic == 0 ? -1L : 1700000000000L - i, key, value, headers);
          }
          show(out, "magic" + magic + "-" + codec.type().name + "-" + time.name, builder.build().buffer());
        }
      }
    }
    MemoryRecordsBuilder transaction = MemoryRecords.builder(ByteBuffer.allocate(4096), (byte) 2, Compression.NONE,
        TimestampType.CREATE_TIME, 50L, 0L, 4242L, (short) 7, 3, true, 11);
    transaction.append(5L, "k".getBytes(), "v".getBytes());
    show(out, "transactional", transaction.build().buffer());
    show(out, "abort", MemoryRecords.withEndTransactionMarker(51L, 9L, 11, 4242L, (short) 7,
        new EndTransactionMarker(ControlRecordType.ABORT, 13)).buffer());
    show(out, "commit", MemoryRecords.withEndTransactionMarker(52L, 9L, 11, 4242L, (short) 7,
        new EndTransactionMarker(ControlRecordType.COMMIT, 13)).buffer());
    ByteBuffer empty = ByteBuffer.allocate(100);
    DefaultRecordBatch.writeEmptyHeader(empty, (byte) 2, 4242L, (short) 7, 9, 60L, 64L, 11, TimestampType.CREATE_TIME, 99L, true, false);
    empty.flip();
    show(out, "empty", empty);
  }

  static class Record {
    static final Header[] EMPTY_HEADERS = new Header[0];
  }

  public static void main(String[] arguments) throws Exception {
    try (PrintStream out = new PrintStream(arguments[0] + "/messages.txt", "UTF-8")) { messages(out); }
    try (PrintStream out = new PrintStream(arguments[0] + "/records.txt", "UTF-8")) { records(out); }
  }
}
