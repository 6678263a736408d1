// SPDX-License-Identifier: Apache-2.0
package lotic.oracle;

import com.amazonaws.athena.connector.lambda.data.Block;
import com.amazonaws.athena.connector.lambda.data.BlockAllocator;
import com.amazonaws.athena.connector.lambda.data.BlockUtils;
import com.amazonaws.athena.connector.lambda.data.FieldResolver;
import com.amazonaws.athena.connector.lambda.domain.Split;
import com.amazonaws.athena.connector.lambda.domain.TableName;
import com.amazonaws.athena.connector.lambda.domain.predicate.AllOrNoneValueSet;
import com.amazonaws.athena.connector.lambda.domain.predicate.Constraints;
import com.amazonaws.athena.connector.lambda.domain.predicate.EquatableValueSet;
import com.amazonaws.athena.connector.lambda.domain.predicate.Marker;
import com.amazonaws.athena.connector.lambda.domain.predicate.OrderByField;
import com.amazonaws.athena.connector.lambda.domain.predicate.QueryPlan;
import com.amazonaws.athena.connector.lambda.domain.predicate.Range;
import com.amazonaws.athena.connector.lambda.domain.predicate.SortedRangeSet;
import com.amazonaws.athena.connector.lambda.domain.predicate.ValueSet;
import com.amazonaws.athena.connector.lambda.domain.predicate.expression.ConstantExpression;
import com.amazonaws.athena.connector.lambda.domain.predicate.expression.FederationExpression;
import com.amazonaws.athena.connector.lambda.domain.predicate.expression.FunctionCallExpression;
import com.amazonaws.athena.connector.lambda.domain.predicate.expression.VariableExpression;
import com.amazonaws.athena.connector.lambda.domain.predicate.functions.FunctionName;
import com.amazonaws.athena.connector.lambda.domain.predicate.functions.StandardFunctions;
import com.amazonaws.athena.connector.lambda.domain.spill.S3SpillLocation;
import com.amazonaws.athena.connector.lambda.metadata.GetDataSourceCapabilitiesRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetDataSourceCapabilitiesResponse;
import com.amazonaws.athena.connector.lambda.metadata.GetSplitsRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetSplitsResponse;
import com.amazonaws.athena.connector.lambda.metadata.GetTableLayoutRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetTableLayoutResponse;
import com.amazonaws.athena.connector.lambda.metadata.GetTableRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetTableResponse;
import com.amazonaws.athena.connector.lambda.metadata.ListSchemasRequest;
import com.amazonaws.athena.connector.lambda.metadata.ListSchemasResponse;
import com.amazonaws.athena.connector.lambda.metadata.ListTablesRequest;
import com.amazonaws.athena.connector.lambda.metadata.ListTablesResponse;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.DataSourceOptimizations;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.OptimizationSubType;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.pushdown.ComplexExpressionPushdownSubType;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.pushdown.FilterPushdownSubType;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.pushdown.HintsSubtype;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.pushdown.LimitPushdownSubType;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.pushdown.SubTypeProperties;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.pushdown.TopNPushdownSubType;
import com.amazonaws.athena.connector.lambda.records.ReadRecordsRequest;
import com.amazonaws.athena.connector.lambda.records.ReadRecordsResponse;
import com.amazonaws.athena.connector.lambda.records.RemoteReadRecordsResponse;
import com.amazonaws.athena.connector.lambda.request.PingRequest;
import com.amazonaws.athena.connector.lambda.request.PingResponse;
import com.amazonaws.athena.connector.lambda.security.EncryptionKey;
import com.amazonaws.athena.connector.lambda.security.FederatedIdentity;
import com.amazonaws.athena.connector.lambda.udf.UserDefinedFunctionRequest;
import com.amazonaws.athena.connector.lambda.udf.UserDefinedFunctionResponse;
import com.amazonaws.athena.connector.lambda.udf.UserDefinedFunctionType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;

/** The messages that the pack sends round, by name: every request and response, every constraint kind, every type. Own data. */
final class Samples {
    private Samples() {}

    static final TableName TABLE = new TableName("sales", "orders");
    static final FederatedIdentity NOBODY = new FederatedIdentity("a", "1", Map.of(), List.of(), Map.of());
    static final FederatedIdentity SOMEBODY = new FederatedIdentity("arn:aws:iam::111122223333:user/eve", "111122223333",
            Map.of("team", "x", "caf\u00e9", "\ud83d\ude00"), List.of("g1", "g2"), Map.of("spill_prefix", "p", "custom", ""));
    private static final String QUERY = "0f3c-demo";
    private static final String CATALOG = "lake";

    /** Message by name. Insertion order is the order of the list command. */
    private static final Map<String, Function<BlockAllocator, Object>> ALL = new LinkedHashMap<>();

    static Set<String> names() {
        return ALL.keySet();
    }

    static Object make(String name, BlockAllocator allocator) {
        Function<BlockAllocator, Object> maker = ALL.get(name);
        if (maker == null) {
            throw new IllegalArgumentException("no sample " + name);
        }
        return maker.apply(allocator);
    }

    // ---- parts ----------------------------------------------------------------------------------------------------------

    /** A field by the name that Values gives its type: "int", "c_struct"; "tx" is ROW(id INT, completed BOOLEAN). */
    static Field argument(String name, String type) {
        if (type.equals("tx")) {
            return Values.struct(name, Values.field("id", Values.INT), Values.field("completed", Values.BIT));
        }
        for (Field field : Values.everything()) {
            if (field.getName().equals(type) || field.getName().equals("c_" + type)) {
                return new Field(name, field.getFieldType(), field.getChildren());
            }
        }
        throw new IllegalArgumentException("no type " + type);
    }

    static Schema everythingSchema() {
        List<Field> fields = new ArrayList<>();
        int n = 0;
        for (Field field : Values.everything()) {
            Map<String, String> metadata = n++ % 3 == 0 ? Map.of("mapping", "m" + n, "formatHint", "") : null;
            fields.add(new Field(field.getName(), new FieldType(true, field.getType(), null, metadata), field.getChildren()));
        }
        return new Schema(fields, Map.of("c_int", "a comment on c_int", "sourceTable", "orders_\u00e9"));
    }

    static Block block(BlockAllocator allocator, Schema schema, int rows) {
        Block block = allocator.createBlock(schema);
        for (int row = 0; row < rows; row++) {
            fill(block, schema.getFields(), row, row);
        }
        block.setRowCount(rows);
        return block;
    }

    /** Row `row` of the block gets value number `i` of each field; false if the block's constraints reject it. */
    static boolean fill(Block block, List<Field> fields, int row, int i) {
        boolean matched = true;
        for (Field field : fields) {
            Object value = Values.value(field, i);
            matched &= field.getType().isComplex() ? block.offerComplexValue(field.getName(), row, FieldResolver.DEFAULT, value)
                    : block.offerValue(field.getName(), row, value);
        }
        return matched;
    }

    static Constraints constraints(Map<String, ValueSet> summary) {
        return new Constraints(summary, List.of(), List.of(), Constraints.DEFAULT_NO_LIMIT, Map.of(), null);
    }

    static FederationExpression column(String name, ArrowType type) {
        return new VariableExpression(name, type);
    }

    static FederationExpression constant(BlockAllocator allocator, ArrowType type, Object... values) {
        return new ConstantExpression(BlockUtils.newBlock(allocator, "col1", type, values), type);
    }

    static FederationExpression call(String function, ArrowType type, FederationExpression... arguments) {
        return new FunctionCallExpression(type, new FunctionName(function), Arrays.asList(arguments));
    }

    /** The SQL forms of a comparison as value sets, by name; `a` below `b`. */
    static Map<String, ValueSet> valueSets(BlockAllocator al, ArrowType type, Object a, Object b) {
        Map<String, ValueSet> sets = new LinkedHashMap<>();
        sets.put("eq", SortedRangeSet.of(Range.equal(al, type, a)));
        sets.put("gt", SortedRangeSet.of(Range.greaterThan(al, type, a)));
        sets.put("ge", SortedRangeSet.of(Range.greaterThanOrEqual(al, type, a)));
        sets.put("lt", SortedRangeSet.of(Range.lessThan(al, type, b)));
        sets.put("le", SortedRangeSet.of(Range.lessThanOrEqual(al, type, b)));
        sets.put("between", SortedRangeSet.of(Range.range(al, type, a, true, b, true)));
        sets.put("open", SortedRangeSet.of(Range.range(al, type, a, false, b, false)));
        sets.put("in", SortedRangeSet.of(Range.equal(al, type, a), Range.equal(al, type, b)));
        sets.put("ne", SortedRangeSet.of(Range.lessThan(al, type, a), Range.greaterThan(al, type, a)));
        sets.put("outside", SortedRangeSet.of(true, Range.lessThan(al, type, a), Range.greaterThan(al, type, b)));
        sets.put("adjacent", SortedRangeSet.of(Range.lessThan(al, type, a), Range.equal(al, type, a)));
        sets.put("overlapping", SortedRangeSet.of(Range.lessThan(al, type, b), Range.greaterThan(al, type, a)));
        sets.put("eq_or_null", SortedRangeSet.of(true, Range.equal(al, type, a)));
        sets.put("is_null", SortedRangeSet.onlyNull(type));
        sets.put("not_null", SortedRangeSet.notNull(al, type));
        sets.put("all", SortedRangeSet.all(al, type));
        sets.put("none", SortedRangeSet.none(type));
        for (boolean white : new boolean[] {true, false}) {
            for (boolean nulls : new boolean[] {true, false}) {
                String name = (white ? "listed" : "unlisted") + (nulls ? "_or_null" : "");
                sets.put(name, EquatableValueSet.newBuilder(al, type, white, nulls).add(a).add(b).build());
                sets.put(name + "_empty", EquatableValueSet.newBuilder(al, type, white, nulls).build());
            }
        }
        sets.put("a_all", new AllOrNoneValueSet(type, true, true));
        sets.put("a_not_null", new AllOrNoneValueSet(type, true, false));  // written as none: a fault of the original
        sets.put("a_is_null", new AllOrNoneValueSet(type, false, true));
        sets.put("a_none", new AllOrNoneValueSet(type, false, false));
        return sets;
    }

    /** Two values of the type, the first below the second in the SDK's order. */
    static Object[] pair(ArrowType type) {
        Object a = Values.scalar(type, 8);
        Object b = Values.scalar(type, 11);
        int order = Values.compare(type, a, b);
        return order < 0 ? new Object[] {a, b} : order > 0 ? new Object[] {b, a} : new Object[] {a, Values.scalar(type, 10)};
    }

    static final EncryptionKey KEY = new EncryptionKey(bytes(32), bytes(12));
    static final EncryptionKey SHORT_KEY = new EncryptionKey(bytes(16), bytes(12));

    private static byte[] bytes(int n) {
        byte[] bytes = new byte[n];
        for (int i = 0; i < n; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    private static S3SpillLocation place(String key, boolean directory) {
        return new S3SpillLocation("my-spill", "athena-federation-spill/" + QUERY + "/" + key, directory);
    }

    private static Split split(EncryptionKey key) {
        return Split.newBuilder(place("5d7c", true), key).add("shard", "3").add("caf\u00e9", "").build();
    }

    private static Schema partitionSchema() {
        return new Schema(List.of(Values.field("day", Values.VARCHAR), Values.field("part", Values.INT), Values.field("x_snapshot", Values.VARCHAR)),
                Map.of("layout", "2"));
    }

    private static void layout(String name, Function<BlockAllocator, Constraints> constraints) {
        ALL.put("GetTableLayoutRequest/" + name, al -> new GetTableLayoutRequest(NOBODY, QUERY, CATALOG, TABLE, constraints.apply(al),
                everythingSchema(), new LinkedHashSet<>(List.of("c_int", "c_varchar"))));
    }

    private static FederationExpression standard(BlockAllocator al, StandardFunctions function) {
        FederationExpression i = column("c_int", Values.INT);
        FederationExpression seven = constant(al, Values.INT, 7);
        FederationExpression small = call("$less_than", Values.BIT, i, seven);
        String name = function.getFunctionName().getFunctionName();
        switch (function) {
            case AND_FUNCTION_NAME:
            case OR_FUNCTION_NAME:
                return call(name, Values.BIT, small, call("$is_null", Values.BIT, column("c_varchar", Values.VARCHAR)), small);
            case NOT_FUNCTION_NAME:
                return call(name, Values.BIT, small);
            case IS_NULL_FUNCTION_NAME:
                return call(name, Values.BIT, i);
            case NEGATE_FUNCTION_NAME:
                return call(name, Values.INT, i);
            case ADD_FUNCTION_NAME:
            case SUBTRACT_FUNCTION_NAME:
            case MULTIPLY_FUNCTION_NAME:
            case DIVIDE_FUNCTION_NAME:
            case MODULUS_FUNCTION_NAME:
            case NULLIF_FUNCTION_NAME:
                return call("$equal", Values.BIT, call(name, Values.INT, i, seven), seven);
            case LIKE_PATTERN_FUNCTION_NAME:
                return call(name, Values.BIT, column("c_varchar", Values.VARCHAR), constant(al, Values.VARCHAR, "t%_x"));
            case IN_PREDICATE_FUNCTION_NAME:
                return call(name, Values.BIT, i, call("$array", ArrowType.List.INSTANCE, seven, constant(al, Values.INT, 8)));
            case ARRAY_CONSTRUCTOR_FUNCTION_NAME:
                return call("$in", Values.BIT, i, call(name, ArrowType.List.INSTANCE, constant(al, Values.INT, 1, 2, 3)));
            default:
                return call(name, Values.BIT, i, seven);
        }
    }

    // ---- the catalogue --------------------------------------------------------------------------------------------------

    static {
        ALL.put("PingRequest", al -> new PingRequest(SOMEBODY, CATALOG, QUERY));
        ALL.put("ListSchemasRequest", al -> new ListSchemasRequest(SOMEBODY, QUERY, CATALOG));
        ALL.put("ListTablesRequest", al -> new ListTablesRequest(SOMEBODY, QUERY, CATALOG, "sales", null, ListTablesRequest.UNLIMITED_PAGE_SIZE_VALUE));
        ALL.put("ListTablesRequest/paged", al -> new ListTablesRequest(NOBODY, QUERY, CATALOG, "sales", "token \"2\"", 25));
        ALL.put("GetTableRequest", al -> new GetTableRequest(NOBODY, QUERY, CATALOG, TABLE, Map.of()));
        ALL.put("GetTableRequest/passthrough", al -> new GetTableRequest(NOBODY, QUERY, CATALOG, TABLE,
                Map.of("schemaFunctionName", "SYSTEM.QUERY", "QUERY", "select 'a'\n")));
        ALL.put("GetDataSourceCapabilitiesRequest", al -> new GetDataSourceCapabilitiesRequest(NOBODY, QUERY, CATALOG));
        ALL.put("GetTableLayoutRequest", al -> new GetTableLayoutRequest(SOMEBODY, QUERY, CATALOG, TABLE, constraints(Map.of()), everythingSchema(),
                Set.of("c_int")));
        ALL.put("GetSplitsRequest", al -> new GetSplitsRequest(NOBODY, QUERY, CATALOG, TABLE, block(al, partitionSchema(), 10), List.of("day", "part"),
                constraints(Map.of()), null));
        ALL.put("GetSplitsRequest/token", al -> new GetSplitsRequest(NOBODY, QUERY, CATALOG, TABLE, block(al, partitionSchema(), 1), List.of("day", "part"),
                constraints(Map.of()), "1000"));
        ALL.put("GetSplitsRequest/empty", al -> new GetSplitsRequest(NOBODY, QUERY, CATALOG, TABLE, block(al, partitionSchema(), 0), List.of("day", "part"),
                constraints(Map.of()), null));
        ALL.put("GetSplitsRequest/everything", al -> new GetSplitsRequest(NOBODY, QUERY, CATALOG, TABLE, block(al, everythingSchema(), 40), List.of("c_int"),
                constraints(Map.of()), null));
        ALL.put("GetSplitsRequest/no_columns", al -> new GetSplitsRequest(NOBODY, QUERY, CATALOG, TABLE, block(al, new Schema(List.of()), 3), List.of(),
                constraints(Map.of()), null));
        ALL.put("ReadRecordsRequest", al -> new ReadRecordsRequest(SOMEBODY, CATALOG, QUERY, TABLE, everythingSchema(), split(KEY), constraints(Map.of()),
                16_000_000L, 5_242_880L));
        ALL.put("ReadRecordsRequest/plain", al -> new ReadRecordsRequest(NOBODY, CATALOG, QUERY, TABLE, everythingSchema(), split(null),
                constraints(Map.of()), 100_000_000_000L, 0L));
        ALL.put("ReadRecordsRequest/no_location", al -> new ReadRecordsRequest(NOBODY, CATALOG, QUERY, TABLE, everythingSchema(),
                new Split(null, SHORT_KEY, Map.of()), constraints(Map.of()), Long.MAX_VALUE, 1L));
        ALL.put("UserDefinedFunctionRequest", al -> new UserDefinedFunctionRequest(NOBODY, block(al, everythingSchema(), 25),
                new Schema(List.of(Values.field("out", Values.INT))), "twice", UserDefinedFunctionType.SCALAR));
        ALL.put("UserDefinedFunctionRequest/empty", al -> new UserDefinedFunctionRequest(NOBODY, block(al, everythingSchema(), 0),
                new Schema(List.of(Values.list("out", Values.field("", Values.VARCHAR)))), "extract_tx_id", UserDefinedFunctionType.SCALAR));
        for (Field field : Values.everything()) {
            Schema one = new Schema(List.of(field));
            ALL.put("UserDefinedFunctionRequest/" + field.getName(), al -> new UserDefinedFunctionRequest(NOBODY, block(al, one, 60), one, "echo",
                    UserDefinedFunctionType.SCALAR));
        }
        for (Map.Entry<String, ArrowType> scalar : Values.SCALARS.entrySet()) {
            ArrowType type = scalar.getValue();
            try (com.amazonaws.athena.connector.lambda.data.BlockAllocatorImpl al0 = new com.amazonaws.athena.connector.lambda.data.BlockAllocatorImpl()) {
                for (String form : valueSets(al0, type, pair(type)[0], pair(type)[1]).keySet()) {
                    layout(scalar.getKey() + "/" + form, al -> constraints(Map.of("c_" + scalar.getKey(), valueSets(al, type, pair(type)[0], pair(type)[1]).get(form))));
                }
            }
        }
        layout("several", al -> constraints(Map.of("c_int", valueSets(al, Values.INT, 1, 5).get("outside"), "c_varchar",
                valueSets(al, Values.VARCHAR, "a", "\ud83d\ude00").get("unlisted"), "c_bit", new AllOrNoneValueSet(Values.BIT, false, true))));
        for (StandardFunctions function : StandardFunctions.values()) {
            layout("expression/" + function.getFunctionName().getFunctionName(),
                    al -> new Constraints(Map.of(), List.of(standard(al, function)), List.of(), -1, Map.of(), null));
        }
        layout("expression/unknown", al -> new Constraints(Map.of(),
                List.of(call("$cast", Values.BIGINT, column("c_int", Values.INT)), call("made_up", Values.BIT)), List.of(), -1, Map.of(), null));
        layout("expression/null_constant", al -> new Constraints(Map.of(),
                List.of(call("$equal", Values.BIT, column("c_int", Values.INT), constant(al, Values.INT, new Object[] {null}))), List.of(), -1, Map.of(), null));
        layout("expression/no_block", al -> new Constraints(Map.of(),
                List.of(call("$equal", Values.BIT, column("c_int", Values.INT), new ConstantExpression(null, Values.INT))), List.of(), -1, Map.of(), null));
        layout("expression/deep", al -> {
            FederationExpression e = call("$is_null", Values.BIT, column("c_int", Values.INT));
            for (int i = 0; i < 30; i++) {
                e = call("$not", Values.BIT, e);
            }
            return new Constraints(Map.of(), List.of(e, e), List.of(), -1, Map.of(), null);
        });
        for (Map.Entry<String, ArrowType> scalar : Values.SCALARS.entrySet()) {
            ArrowType type = scalar.getValue();
            layout("expression/constants/" + scalar.getKey(), al -> {
                Object[] values = new Object[12];
                for (int i = 0; i < values.length; i++) {
                    values[i] = Values.scalar(type, i);
                }
                return new Constraints(Map.of(), List.of(call("$in", Values.BIT, column("c_" + scalar.getKey(), type),
                        call("$array", ArrowType.List.INSTANCE, constant(al, type, values)))), List.of(), -1, Map.of(), null);
            });
        }
        ALL.put("ReadRecordsRequest/pushed", al -> new ReadRecordsRequest(NOBODY, CATALOG, QUERY, TABLE, everythingSchema(), split(KEY),
                new Constraints(Map.of("c_bigint", valueSets(al, Values.BIGINT, 1L, 2L).get("in")),
                        List.of(standard(al, StandardFunctions.LIKE_PATTERN_FUNCTION_NAME)),
                        List.of(new OrderByField("c_int", OrderByField.Direction.ASC_NULLS_FIRST), new OrderByField("c_bit", OrderByField.Direction.DESC_NULLS_LAST),
                                new OrderByField("c_float8", OrderByField.Direction.ASC_NULLS_LAST), new OrderByField("c_varchar", OrderByField.Direction.DESC_NULLS_FIRST)),
                        50, Map.of(), null), 16_000_000L, 5_242_880L));
        ALL.put("ReadRecordsRequest/limit_0", al -> new ReadRecordsRequest(NOBODY, CATALOG, QUERY, TABLE, everythingSchema(), split(KEY),
                new Constraints(Map.of(), List.of(), List.of(), 0, Map.of(), null), 1L, 1L));
        ALL.put("ReadRecordsRequest/passthrough", al -> new ReadRecordsRequest(NOBODY, CATALOG, QUERY, TABLE, everythingSchema(), split(KEY),
                new Constraints(Map.of(), List.of(), List.of(), -1, Map.of("schemaFunctionName", "SYSTEM.QUERY", "QUERY", "select 1"), null), 1L, 1L));
        ALL.put("ReadRecordsRequest/plan", al -> new ReadRecordsRequest(NOBODY, CATALOG, QUERY, TABLE, everythingSchema(), split(KEY),
                new Constraints(Map.of(), List.of(), List.of(), -1, Map.of(),
                        new QueryPlan("1.0.0", Base64.getEncoder().encodeToString("not quite a plan".getBytes(StandardCharsets.UTF_8)))), 1L, 1L));

        ALL.put("PingResponse", al -> new PingResponse(CATALOG, QUERY, "demo", 24, 6));
        ALL.put("PingResponse/no_source", al -> new PingResponse(CATALOG, QUERY, null, 23, 3));
        ALL.put("ListSchemasResponse", al -> new ListSchemasResponse(CATALOG, List.of("sales", "\u4e2d")));
        ALL.put("ListSchemasResponse/empty", al -> new ListSchemasResponse(CATALOG, List.of()));
        ALL.put("ListTablesResponse", al -> new ListTablesResponse(CATALOG, List.of(TABLE, new TableName("sales", "b")), null));
        ALL.put("ListTablesResponse/paged", al -> new ListTablesResponse(CATALOG, List.of(TABLE), "2"));
        ALL.put("GetTableResponse", al -> new GetTableResponse(CATALOG, TABLE, everythingSchema(), new LinkedHashSet<>(List.of("c_int", "c_varchar"))));
        ALL.put("GetTableResponse/no_partitions", al -> new GetTableResponse(CATALOG, TABLE, everythingSchema(), Set.of()));
        ALL.put("GetTableLayoutResponse", al -> new GetTableLayoutResponse(CATALOG, TABLE, block(al, partitionSchema(), 20)));
        ALL.put("GetTableLayoutResponse/empty", al -> new GetTableLayoutResponse(CATALOG, TABLE, block(al, partitionSchema(), 0)));
        ALL.put("GetSplitsResponse", al -> new GetSplitsResponse(CATALOG, new LinkedHashSet<>(List.of(split(KEY),
                Split.newBuilder(place("aaaa", true), SHORT_KEY).add("n", "1").build(), Split.newBuilder(place("bbbb", true), null).build(),
                new Split(null, null, Map.of("only", "properties")))), "1000"));
        ALL.put("GetSplitsResponse/empty", al -> new GetSplitsResponse(CATALOG, Set.of(), "7"));
        ALL.put("GetDataSourceCapabilitiesResponse", al -> {
            Map<String, List<OptimizationSubType>> map = new LinkedHashMap<>();
            for (Map.Entry<String, List<OptimizationSubType>> e : List.of(
                    DataSourceOptimizations.SUPPORTS_FILTER_PUSHDOWN.withSupportedSubTypes(FilterPushdownSubType.values()),
                    DataSourceOptimizations.SUPPORTS_LIMIT_PUSHDOWN.withSupportedSubTypes(LimitPushdownSubType.values()),
                    DataSourceOptimizations.SUPPORTS_TOP_N_PUSHDOWN.withSupportedSubTypes(TopNPushdownSubType.values()),
                    DataSourceOptimizations.DATA_SOURCE_HINTS.withSupportedSubTypes(HintsSubtype.values()),
                    DataSourceOptimizations.SUPPORTS_COMPLEX_EXPRESSION_PUSHDOWN.withSupportedSubTypes(
                            ComplexExpressionPushdownSubType.SUPPORTED_FUNCTION_EXPRESSION_TYPES.withSubTypeProperties(
                                    Arrays.stream(StandardFunctions.values()).map(f -> f.getFunctionName().getFunctionName()).toArray(String[]::new))))) {
                map.put(e.getKey(), e.getValue());
            }
            map.put("SYSTEM.QUERY", List.of(new OptimizationSubType("query_passthrough_schema", List.of("system")),
                    new OptimizationSubType("query_passthrough_name", List.of("query")), new OptimizationSubType("query_passthrough_arguments", List.of("QUERY"))));
            return new GetDataSourceCapabilitiesResponse(CATALOG, map);
        });
        ALL.put("GetDataSourceCapabilitiesResponse/none", al -> new GetDataSourceCapabilitiesResponse(CATALOG, Map.of()));
        ALL.put("ReadRecordsResponse", al -> new ReadRecordsResponse(CATALOG, block(al, everythingSchema(), 60)));
        ALL.put("ReadRecordsResponse/empty", al -> new ReadRecordsResponse(CATALOG, block(al, everythingSchema(), 0)));
        ALL.put("ReadRecordsResponse/no_columns", al -> new ReadRecordsResponse(CATALOG, block(al, new Schema(List.of()), 5)));
        for (Field field : Values.everything()) {
            ALL.put("ReadRecordsResponse/" + field.getName(), al -> new ReadRecordsResponse(CATALOG, block(al, new Schema(List.of(field)), 100)));
        }
        ALL.put("RemoteReadRecordsResponse", al -> new RemoteReadRecordsResponse(CATALOG, everythingSchema(),
                List.of(place("5d7c.0", false), place("5d7c.1", false)), KEY));
        ALL.put("RemoteReadRecordsResponse/plain", al -> new RemoteReadRecordsResponse(CATALOG, everythingSchema(), List.of(place("5d7c.0", false)), null));
        ALL.put("RemoteReadRecordsResponse/empty", al -> new RemoteReadRecordsResponse(CATALOG, everythingSchema(), List.of(), SHORT_KEY));
        ALL.put("UserDefinedFunctionResponse", al -> new UserDefinedFunctionResponse(block(al, new Schema(List.of(Values.field("out", Values.VARCHAR))), 15), "twice"));
        ALL.put("UserDefinedFunctionResponse/empty", al -> new UserDefinedFunctionResponse(block(al, new Schema(List.of(Values.field("out", Values.INT))), 0), "twice"));
    }

    // ---- random predicates ----------------------------------------------------------------------------------------------

    private static ValueSet randomSet(BlockAllocator al, ArrowType type, Random random) {
        boolean nulls = random.nextBoolean();
        int kind = random.nextInt(10);
        if (kind == 0) {
            return new AllOrNoneValueSet(type, random.nextBoolean(), nulls);
        }
        if (kind < 4) {
            EquatableValueSet.Builder builder = EquatableValueSet.newBuilder(al, type, random.nextBoolean(), nulls);
            for (int i = random.nextInt(4); i > 0; i--) {
                builder.add(Values.random(type, random));
            }
            return builder.build();
        }
        List<Range> ranges = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            Object a = Values.random(type, random);
            Object b = Values.random(type, random);
            if (Values.compare(type, a, b) > 0) {
                Object c = a;
                a = b;
                b = c;
            }
            boolean equal = Values.compare(type, a, b) == 0;
            switch (random.nextInt(6)) {
                case 0: ranges.add(Range.equal(al, type, a)); break;
                case 1: ranges.add(Range.lessThan(al, type, a)); break;
                case 2: ranges.add(Range.lessThanOrEqual(al, type, a)); break;
                case 3: ranges.add(Range.greaterThan(al, type, a)); break;
                case 4: ranges.add(Range.greaterThanOrEqual(al, type, a)); break;
                default: ranges.add(Range.range(al, type, a, equal || random.nextBoolean(), b, equal || random.nextBoolean()));
            }
        }
        return SortedRangeSet.copyOf(type, ranges, nulls);
    }

    /** A GetSplitsRequest whose partitions are random values of every scalar type, with a random set on each column. */
    static GetSplitsRequest random(BlockAllocator al, long seed, int rows) {
        Random random = new Random(seed);
        List<Field> fields = new ArrayList<>();
        Map<String, ValueSet> summary = new LinkedHashMap<>();
        Values.SCALARS.forEach((name, type) -> {
            fields.add(Values.field("c_" + name, type));
            summary.put("c_" + name, randomSet(al, type, random));
        });
        Block block = al.createBlock(new Schema(fields));
        for (int row = 0; row < rows; row++) {
            for (Field field : fields) {
                block.setValue(field.getName(), row, random.nextInt(6) == 0 ? null : Values.random(field.getType(), random));
            }
        }
        block.setRowCount(rows);
        return new GetSplitsRequest(NOBODY, QUERY, CATALOG, TABLE, block, Collections.emptyList(), constraints(summary), null);
    }
}
