// SPDX-License-Identifier: Apache-2.0
package lotic.oracle;

import com.amazonaws.athena.connector.lambda.QueryStatusChecker;
import com.amazonaws.athena.connector.lambda.data.Block;
import com.amazonaws.athena.connector.lambda.data.BlockAllocator;
import com.amazonaws.athena.connector.lambda.data.BlockSpiller;
import com.amazonaws.athena.connector.lambda.data.BlockWriter;
import com.amazonaws.athena.connector.lambda.data.SpillConfig;
import com.amazonaws.athena.connector.lambda.domain.Split;
import com.amazonaws.athena.connector.lambda.domain.TableName;
import com.amazonaws.athena.connector.lambda.handlers.CompositeHandler;
import com.amazonaws.athena.connector.lambda.handlers.MetadataHandler;
import com.amazonaws.athena.connector.lambda.handlers.RecordHandler;
import com.amazonaws.athena.connector.lambda.metadata.GetDataSourceCapabilitiesRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetDataSourceCapabilitiesResponse;
import com.amazonaws.athena.connector.lambda.metadata.GetSplitsRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetSplitsResponse;
import com.amazonaws.athena.connector.lambda.metadata.GetTableLayoutRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetTableRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetTableResponse;
import com.amazonaws.athena.connector.lambda.metadata.ListSchemasRequest;
import com.amazonaws.athena.connector.lambda.metadata.ListSchemasResponse;
import com.amazonaws.athena.connector.lambda.metadata.ListTablesRequest;
import com.amazonaws.athena.connector.lambda.metadata.ListTablesResponse;
import com.amazonaws.athena.connector.lambda.records.ReadRecordsRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * What ./bench athena measures of the original SDK: a table `rows_N` of schema `default` is one split of N rows of six columns, those of the topic that
 * Lotic reads beside it. The rows are made up on the spot: no source, no connection, no parsing. `bench_tables` of the environment names those that are
 * listed, comma-separated.
 */
public final class BenchConnector extends CompositeHandler {
    private static final String SCHEMA = "default";
    private static final String PREFIX = "rows_";
    private static final Schema COLUMNS = new Schema(List.of(Values.field("ts", Values.BIGINT), Values.field("uuid", Values.VARCHAR), Values.field("count", Values.BIGINT),
            Values.field("_partition_id", Values.INT), Values.field("_partition_offset", Values.BIGINT), Values.field("_timestamp", Values.DATEMILLI)));

    /** Ready texts: formatting is not what is measured. */
    private static final String[] TEXTS = new String[1000];
    static {
        for (int i = 0; i < TEXTS.length; i++) {
            TEXTS[i] = String.format("%020x", (i + 1) * 0x9e3779b97f4a7c15L);
        }
    }

    public BenchConnector() {
        super(new Metadata(System.getenv()), new Records(System.getenv()));
    }

    private static int rows(TableName name) {
        if (!name.getSchemaName().equals(SCHEMA) || !name.getTableName().startsWith(PREFIX)) {
            throw new IllegalArgumentException("no table " + name.getQualifiedTableName());
        }
        return Integer.parseInt(name.getTableName().substring(PREFIX.length()));
    }

    private static final class Metadata extends MetadataHandler {
        Metadata(Map<String, String> configuration) {
            super("lotic_bench", configuration);
        }

        @Override
        public ListSchemasResponse doListSchemaNames(BlockAllocator allocator, ListSchemasRequest request) {
            return new ListSchemasResponse(request.getCatalogName(), List.of(SCHEMA));
        }

        @Override
        public ListTablesResponse doListTables(BlockAllocator allocator, ListTablesRequest request) {
            List<TableName> tables = new ArrayList<>();
            for (String name : configOptions.get("bench_tables").split(",")) {
                tables.add(new TableName(SCHEMA, name));
            }
            return new ListTablesResponse(request.getCatalogName(), tables, null);
        }

        @Override
        public GetTableResponse doGetTable(BlockAllocator allocator, GetTableRequest request) {
            rows(request.getTableName());
            return new GetTableResponse(request.getCatalogName(), request.getTableName(), COLUMNS, Set.of());
        }

        @Override
        public void getPartitions(BlockWriter writer, GetTableLayoutRequest request, QueryStatusChecker checker) {
            // no partition columns: the SDK writes its one row
        }

        @Override
        public GetSplitsResponse doGetSplits(BlockAllocator allocator, GetSplitsRequest request) {
            Split split = Split.newBuilder(makeSpillLocation(request), makeEncryptionKey()).add("rows", "" + rows(request.getTableName())).build();
            return new GetSplitsResponse(request.getCatalogName(), Set.of(split), null);
        }

        @Override
        public GetDataSourceCapabilitiesResponse doGetDataSourceCapabilities(BlockAllocator allocator, GetDataSourceCapabilitiesRequest request) {
            return new GetDataSourceCapabilitiesResponse(request.getCatalogName(), Map.of());
        }
    }

    private static final class Records extends RecordHandler {
        Records(Map<String, String> configuration) {
            super("lotic_bench", configuration);
        }

        /** One thread, as in MinimalConnector: with two, blocks get lost now and then. */
        @Override
        protected SpillConfig getSpillConfig(ReadRecordsRequest request) {
            SpillConfig usual = super.getSpillConfig(request);
            return SpillConfig.newBuilder().withSpillLocation(usual.getSpillLocation()).withEncryptionKey(usual.getEncryptionKey()).withRequestId(usual.getRequestId())
                    .withMaxBlockBytes(usual.getMaxBlockBytes()).withMaxInlineBlockBytes(usual.getMaxInlineBlockSize()).withNumSpillThreads(1).build();
        }

        /** Row by row with offerValue, as the SDK's own connectors of Kafka do. */
        @Override
        protected void readWithConstraint(BlockSpiller spiller, ReadRecordsRequest request, QueryStatusChecker checker) {
            int rows = request.getSplit().getPropertyAsInt("rows");
            for (int i = 0; i < rows; i++) {
                final long number = i;
                final String uuid = TEXTS[i % TEXTS.length];
                spiller.writeRows((Block block, int row) -> {
                    boolean matched = block.offerValue("ts", row, 1644586485807L + number);
                    matched &= block.offerValue("uuid", row, uuid);
                    matched &= block.offerValue("count", row, number % 1000);
                    matched &= block.offerValue("_partition_id", row, 0);
                    matched &= block.offerValue("_partition_offset", row, number);
                    matched &= block.offerValue("_timestamp", row, 1644586485807L);
                    return matched ? 1 : 0;
                });
            }
        }
    }
}
