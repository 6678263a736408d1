// SPDX-License-Identifier: Apache-2.0
import java.io.FileOutputStream;
import java.nio.ByteBuffer;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.*;

/** OldMessages FOLDER: one file of messages, as clients before 0.11 wrote them, per magic and codec: m1-gzip.bin, ... Offsets from 0 on. */
public class OldMessages {
    static final int RECORDS = 50;

    public static void main(String[] args) throws Exception {
        for (byte magic = 0; magic <= 1; magic++) {
            for (CompressionType codec : new CompressionType[] {CompressionType.NONE, CompressionType.GZIP, CompressionType.SNAPPY, CompressionType.LZ4}) {
                MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 16), magic, Compression.of(codec).build(), TimestampType.CREATE_TIME, 0L);
                for (int i = 0; i < RECORDS; i++) {
                    byte[] key = i % 3 == 0 ? null : ("key " + i).getBytes();
                    byte[] value = i % 7 == 6 ? null : ("value " + i + " of " + codec.name).getBytes();
                    builder.append(magic == 0 ? RecordBatch.NO_TIMESTAMP : 7000L + i, key, value);
                }
                ByteBuffer bytes = builder.build().buffer();
                try (FileOutputStream out = new FileOutputStream(args[0] + "/m" + magic + "-" + codec.name + ".bin")) {
                    out.getChannel().write(bytes);
                }
            }
        }
    }
}
