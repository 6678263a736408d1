// SPDX-License-Identifier: Apache-2.0
package lotic.oracle;

import com.amazonaws.athena.connector.lambda.data.Block;
import com.amazonaws.athena.connector.lambda.data.BlockAllocator;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;

/** What MinimalConnector serves, and what a reader of it must find. The same in every process. */
final class DataSet {
    /** The schema that holds the tables. A second one, `empty`, holds none. */
    static final String SCHEMA = "oracle";
    static final int PARTITIONS = 3;
    static final int SLICES = 4;
    private static final Map<String, DataSet> TABLES = new LinkedHashMap<>();
    static {
        add("everything", Values.everything(), true, 10);
        add("many", List.of(Values.field("id", Values.BIGINT), Values.field("name", Values.VARCHAR), Values.field("price", Values.FLOAT8),
                Values.field("at", Values.DATEMILLI), Values.list("tags", Values.field("item", Values.VARCHAR))), true, 500);
        add("whole", List.of(Values.field("id", Values.BIGINT), Values.field("zoned", Values.TIMESTAMPMILLITZ)), false, 25);
        add("void", List.of(Values.field("id", Values.BIGINT)), false, 0);
    }

    final String name;
    final Schema schema;
    final boolean partitioned;
    final int rowsPerSplit;

    private DataSet(String name, Schema schema, boolean partitioned, int rowsPerSplit) {
        this.name = name;
        this.schema = schema;
        this.partitioned = partitioned;
        this.rowsPerSplit = rowsPerSplit;
    }

    private static void add(String name, List<Field> columns, boolean partitioned, int rowsPerSplit) {
        List<Field> fields = new ArrayList<>();
        if (partitioned) {
            fields.add(Values.field("part", Values.INT));
            fields.add(Values.field("region", Values.VARCHAR));
        }
        for (Field column : columns) {
            fields.add(new Field(column.getName(), new FieldType(true, column.getType(), null, Map.of("mapping", name + "/" + column.getName())), column.getChildren()));
        }
        TABLES.put(name, new DataSet(name, new Schema(fields, Map.of(fields.get(0).getName(), "the first column of " + name)), partitioned, rowsPerSplit));
    }

    static Iterable<String> names() {
        return TABLES.keySet();
    }

    /** Null if there is none. */
    static DataSet find(String name) {
        return TABLES.get(name);
    }

    static String region(int part) {
        return part == 0 ? "eu" : part == 1 ? "us" : null;
    }

    int partitions() {
        return partitioned ? PARTITIONS : 1;
    }

    /** Writes row `i` (0 .. rowsPerSplit - 1) of a split; false if the block's constraints reject it. Only columns that the block has. */
    boolean fill(Block block, int row, int part, int slice, int i) {
        boolean matched = true;
        int number = (part * SLICES + slice) * rowsPerSplit + i;
        List<Field> others = new ArrayList<>();
        for (Field field : block.getSchema().getFields()) {
            switch (field.getName()) {
                case "part": matched &= block.offerValue("part", row, part); break;
                case "region": matched &= block.offerValue("region", row, region(part)); break;
                case "id": matched &= block.offerValue("id", row, (long) number); break;
                default: others.add(field);
            }
        }
        return Samples.fill(block, others, row, number) && matched;
    }

    /** Every row of the table as Dump.rows shows it. */
    List<String> rows(BlockAllocator allocator) throws Exception {
        List<String> rows = new ArrayList<>();
        for (int part = 0; part < partitions(); part++) {
            for (int slice = 0; slice < SLICES; slice++) {
                try (Block block = allocator.createBlock(schema)) {
                    for (int i = 0; i < rowsPerSplit; i++) {
                        fill(block, i, part, slice, i);
                    }
                    block.setRowCount(rowsPerSplit);
                    rows.addAll(Dump.rows(block));
                }
            }
        }
        return rows;
    }
}
