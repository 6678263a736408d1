// SPDX-License-Identifier: Apache-2.0
package lotic.oracle;

import com.amazonaws.athena.connector.lambda.QueryStatusChecker;
import com.amazonaws.athena.connector.lambda.data.Block;
import com.amazonaws.athena.connector.lambda.data.BlockAllocator;
import com.amazonaws.athena.connector.lambda.data.BlockSpiller;
import com.amazonaws.athena.connector.lambda.data.BlockWriter;
import com.amazonaws.athena.connector.lambda.data.FieldResolver;
import com.amazonaws.athena.connector.lambda.data.SpillConfig;
import com.amazonaws.athena.connector.lambda.domain.Split;
import com.amazonaws.athena.connector.lambda.domain.TableName;
import com.amazonaws.athena.connector.lambda.exceptions.AthenaConnectorException;
import com.amazonaws.athena.connector.lambda.exceptions.FederationThrottleException;
import com.amazonaws.athena.connector.lambda.handlers.CompositeHandler;
import com.amazonaws.athena.connector.lambda.handlers.MetadataHandler;
import com.amazonaws.athena.connector.lambda.handlers.RecordHandler;
import com.amazonaws.athena.connector.lambda.handlers.UserDefinedFunctionHandler;
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
import com.amazonaws.athena.connector.lambda.metadata.optimizations.DataSourceOptimizations;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.OptimizationSubType;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.pushdown.FilterPushdownSubType;
import com.amazonaws.athena.connector.lambda.records.ReadRecordsRequest;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.arrow.vector.complex.reader.FieldReader;
import software.amazon.awssdk.services.glue.model.ErrorDetails;
import software.amazon.awssdk.services.glue.model.FederationSourceErrorCode;

/**
 * A connector on the original SDK, as small as one can be: DataSet's tables, three partitions of four splits, pages of five splits, UDFs.
 * It spills when the request's block sizes say so.
 */
public final class MinimalConnector extends CompositeHandler {
    static final int SPLITS_PER_PAGE = 5;

    /** As in Lambda: configured by the environment. */
    public MinimalConnector() {
        this(System.getenv());
    }

    public MinimalConnector(Map<String, String> configuration) {
        super(new Metadata(configuration), new Records(configuration), new Functions());
    }

    private static AthenaConnectorException failure(FederationSourceErrorCode code, String message) {
        return new AthenaConnectorException(message, ErrorDetails.builder().errorCode(code.toString()).build());
    }

    private static DataSet table(TableName name) {
        DataSet table = name.getSchemaName().equals(DataSet.SCHEMA) ? DataSet.find(name.getTableName()) : null;
        if (table == null) {
            throw failure(FederationSourceErrorCode.ENTITY_NOT_FOUND_EXCEPTION, "no table " + name.getQualifiedTableName());
        }
        return table;
    }

    private static final class Metadata extends MetadataHandler {
        Metadata(Map<String, String> configuration) {
            super("lotic_minimal", configuration);
        }

        @Override
        public ListSchemasResponse doListSchemaNames(BlockAllocator allocator, ListSchemasRequest request) {
            return new ListSchemasResponse(request.getCatalogName(), List.of(DataSet.SCHEMA, "empty"));
        }

        @Override
        public ListTablesResponse doListTables(BlockAllocator allocator, ListTablesRequest request) {
            List<TableName> tables = new ArrayList<>();
            if (DataSet.SCHEMA.equals(request.getSchemaName())) {
                DataSet.names().forEach(name -> tables.add(new TableName(DataSet.SCHEMA, name)));
            }
            int from = request.getNextToken() == null ? 0 : Integer.parseInt(request.getNextToken());
            int to = request.getPageSize() == ListTablesRequest.UNLIMITED_PAGE_SIZE_VALUE ? tables.size() : Math.min(tables.size(), from + request.getPageSize());
            return new ListTablesResponse(request.getCatalogName(), tables.subList(from, to), to < tables.size() ? "" + to : null);
        }

        @Override
        public GetTableResponse doGetTable(BlockAllocator allocator, GetTableRequest request) {
            if (request.getTableName().getTableName().equals("busy")) {
                throw new FederationThrottleException("the source is busy");
            }
            if (request.getTableName().getTableName().equals("broken")) {
                throw new IllegalArgumentException("outer", new IllegalStateException("inner"));
            }
            DataSet table = table(request.getTableName());
            return new GetTableResponse(request.getCatalogName(), request.getTableName(), table.schema,
                    table.partitioned ? new LinkedHashSet<>(List.of("part", "region")) : Set.of());
        }

        @Override
        public void getPartitions(BlockWriter writer, GetTableLayoutRequest request, QueryStatusChecker checker) throws Exception {
            for (int part = 0; part < table(request.getTableName()).partitions(); part++) {
                final int number = part;
                writer.writeRows((block, row) -> {
                    boolean matched = block.setValue("part", row, number);
                    matched &= block.setValue("region", row, DataSet.region(number));
                    return matched ? 1 : 0;
                });
            }
        }

        /** The token is the number of the next split. */
        @Override
        public GetSplitsResponse doGetSplits(BlockAllocator allocator, GetSplitsRequest request) {
            DataSet table = table(request.getTableName());
            int first = request.hasContinuationToken() ? Integer.parseInt(request.getContinuationToken()) : 0;
            int all = request.getPartitions().getRowCount() * DataSet.SLICES;
            int end = Math.min(all, first + SPLITS_PER_PAGE);
            Set<Split> splits = new LinkedHashSet<>();
            for (int n = first; n < end; n++) {
                int part = 0;
                if (table.partitioned) {
                    FieldReader reader = request.getPartitions().getFieldReader("part");
                    reader.setPosition(n / DataSet.SLICES);
                    part = reader.readInteger();
                }
                splits.add(Split.newBuilder(makeSpillLocation(request), makeEncryptionKey()).add("part", "" + part).add("slice", "" + n % DataSet.SLICES).build());
            }
            return new GetSplitsResponse(request.getCatalogName(), splits, end < all ? "" + end : null);
        }

        @Override
        public GetDataSourceCapabilitiesResponse doGetDataSourceCapabilities(BlockAllocator allocator, GetDataSourceCapabilitiesRequest request) {
            Map.Entry<String, List<OptimizationSubType>> filters = DataSourceOptimizations.SUPPORTS_FILTER_PUSHDOWN.withSupportedSubTypes(
                    FilterPushdownSubType.SORTED_RANGE_SET, FilterPushdownSubType.EQUATABLE_VALUE_SET, FilterPushdownSubType.ALL_OR_NONE_VALUE_SET);
            return new GetDataSourceCapabilitiesResponse(request.getCatalogName(), Map.of(filters.getKey(), filters.getValue()));
        }
    }

    private static final class Records extends RecordHandler {
        Records(Map<String, String> configuration) {
            super("lotic_minimal", configuration);
        }

        /** One thread: with two the SDK now and then leaves a spilled block out of its list. */
        @Override
        protected SpillConfig getSpillConfig(ReadRecordsRequest request) {
            SpillConfig usual = super.getSpillConfig(request);
            return SpillConfig.newBuilder().withSpillLocation(usual.getSpillLocation()).withEncryptionKey(usual.getEncryptionKey()).withRequestId(usual.getRequestId())
                    .withMaxBlockBytes(usual.getMaxBlockBytes()).withMaxInlineBlockBytes(usual.getMaxInlineBlockSize()).withNumSpillThreads(1).build();
        }

        @Override
        protected void readWithConstraint(BlockSpiller spiller, ReadRecordsRequest request, QueryStatusChecker checker) throws Exception {
            DataSet table = table(request.getTableName());
            int part = request.getSplit().getPropertyAsInt("part");
            int slice = request.getSplit().getPropertyAsInt("slice");
            for (int i = 0; i < table.rowsPerSplit; i++) {
                final int number = i;
                spiller.writeRows((Block block, int row) -> table.fill(block, row, part, slice, number) ? 1 : 0);
            }
        }
    }

    /** One function for every type that functions may have, and one that fails. */
    public static final class Functions extends UserDefinedFunctionHandler {
        Functions() {
            super("lotic_minimal");
        }

        public Integer twice(Integer value) {
            return value == null ? null : 2 * value;
        }

        public Boolean invert(Boolean value) {
            return value == null ? null : !value;
        }

        public Byte same_tinyint(Byte value) {
            return value;
        }

        public Short same_smallint(Short value) {
            return value;
        }

        public Long plus(Long a, Long b) {
            return a == null || b == null ? null : a + b;
        }

        public Float same_real(Float value) {
            return value;
        }

        public Double half(Double value) {
            return value == null ? null : value / 2;
        }

        public java.math.BigDecimal third(java.math.BigDecimal value) {
            return value == null ? null : value.divide(java.math.BigDecimal.valueOf(3), 30, java.math.RoundingMode.HALF_UP);
        }

        public String shout(String value) {
            return value == null ? "(null)" : value.toUpperCase(java.util.Locale.ROOT);
        }

        public byte[] reversed(byte[] value) {
            if (value == null) {
                return null;
            }
            byte[] out = new byte[value.length];
            for (int i = 0; i < out.length; i++) {
                out[i] = value[out.length - 1 - i];
            }
            return out;
        }

        public LocalDate next_day(LocalDate value) {
            return value == null ? null : value.plusDays(1);
        }

        public LocalDateTime next_hour(LocalDateTime value) {
            return value == null ? null : value.plusHours(1);
        }

        public Integer count_items(List<Object> value) {
            return value == null ? null : value.size();
        }

        public Integer member(Map<String, Object> value) {
            return value == null || value.get("id") == null ? -1 : (Integer) value.get("id");
        }

        public List<String> words(String value) {
            return value == null ? null : java.util.Arrays.asList(value.split(" "));
        }

        public Integer fail(Integer value) {
            throw new IllegalArgumentException("cannot do " + value);
        }
    }
}
