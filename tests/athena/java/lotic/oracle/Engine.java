// SPDX-License-Identifier: Apache-2.0
package lotic.oracle;

import com.amazonaws.athena.connector.lambda.data.Block;
import com.amazonaws.athena.connector.lambda.data.BlockAllocator;
import com.amazonaws.athena.connector.lambda.data.BlockAllocatorImpl;
import com.amazonaws.athena.connector.lambda.data.S3BlockSpillReader;
import com.amazonaws.athena.connector.lambda.domain.Split;
import com.amazonaws.athena.connector.lambda.domain.TableName;
import com.amazonaws.athena.connector.lambda.domain.predicate.AllOrNoneValueSet;
import com.amazonaws.athena.connector.lambda.domain.predicate.ConstraintEvaluator;
import com.amazonaws.athena.connector.lambda.domain.predicate.Constraints;
import com.amazonaws.athena.connector.lambda.domain.predicate.Range;
import com.amazonaws.athena.connector.lambda.domain.predicate.SortedRangeSet;
import com.amazonaws.athena.connector.lambda.domain.predicate.ValueSet;
import com.amazonaws.athena.connector.lambda.domain.spill.S3SpillLocation;
import com.amazonaws.athena.connector.lambda.domain.spill.SpillLocation;
import com.amazonaws.athena.connector.lambda.metadata.GetDataSourceCapabilitiesRequest;
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
import com.amazonaws.athena.connector.lambda.records.ReadRecordsRequest;
import com.amazonaws.athena.connector.lambda.records.ReadRecordsResponse;
import com.amazonaws.athena.connector.lambda.records.RemoteReadRecordsResponse;
import com.amazonaws.athena.connector.lambda.request.FederationRequest;
import com.amazonaws.athena.connector.lambda.request.FederationResponse;
import com.amazonaws.athena.connector.lambda.request.PingRequest;
import com.amazonaws.athena.connector.lambda.request.PingResponse;
import com.amazonaws.athena.connector.lambda.serde.VersionedObjectMapperFactory;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.arrow.vector.complex.reader.FieldReader;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/** Plays Athena with the SDK's own classes: every step of a query, strictly read. */
final class Engine {
    /** A connector that never stops paging is a failure, not a hang. */
    private static final int MAX_PAGES = 10_000;
    private static final Set<String> MAPS = Set.of("tags", "configOptions", "properties", "summary", "capabilities", "queryPassthroughArguments");
    private static final Set<String> ENCODED = Set.of("aId", "schema", "records", "outputSchema");
    private static final Set<String> SETS = Set.of("splits", "partitionColumns");

    /** The target's function error. */
    static final class FunctionError extends Exception {
        final String type;

        FunctionError(String type, String message) {
            super(message);
            this.type = type;
        }
    }

    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(10)).build();
    private final URI target;
    private final ObjectMapper plain = new ObjectMapper();

    Engine(String url) {
        target = URI.create(url);
    }

    byte[] send(byte[] request) throws Exception {
        HttpResponse<byte[]> response = http.send(HttpRequest.newBuilder(target).timeout(Duration.ofSeconds(60)).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(request)).build(), HttpResponse.BodyHandlers.ofByteArray());
        if (response.statusCode() != 200) {
            throw new IllegalStateException("HTTP status " + response.statusCode() + ": " + new String(response.body(), java.nio.charset.StandardCharsets.UTF_8));
        }
        if (response.headers().firstValue("X-Amz-Function-Error").isPresent()) {
            JsonNode error = plain.readTree(response.body());
            List<String> names = new ArrayList<>();
            error.fieldNames().forEachRemaining(names::add);
            if (!names.equals(List.of("errorMessage", "errorType", "stackTrace"))) {
                throw new IllegalStateException("a function error with the members " + names);
            }
            throw new FunctionError(error.get("errorType").asText(), error.get("errorMessage").asText());
        }
        return response.body();
    }

    /** Sends by the mapper of `version`, reads by the strict one, and compares what was read with its own rewriting of it. */
    <T extends FederationResponse> T call(BlockAllocator allocator, int version, FederationRequest request, Class<T> expected) throws Exception {
        ObjectMapper mapper = VersionedObjectMapperFactory.create(allocator, version);
        byte[] answer = send(mapper.writeValueAsBytes(request));
        FederationResponse response = mapper.readValue(answer, FederationResponse.class);
        String difference = difference(answer, mapper.writeValueAsBytes(response));
        if (difference != null) {
            throw new IllegalStateException(response.getClass().getSimpleName() + " is not as the original writes it: " + difference);
        }
        if (!expected.isInstance(response)) {
            throw new IllegalStateException("expected " + expected.getSimpleName() + ", got " + response.getClass().getSimpleName());
        }
        return expected.cast(response);
    }

    /** Null if both say the same in the same order; encoded Arrow, allocator labels and the order of maps and sets aside. */
    static String difference(byte[] a, byte[] b) throws Exception {
        ObjectMapper plain = new ObjectMapper();
        String textA = new String(a, java.nio.charset.StandardCharsets.UTF_8);
        if (textA.contains("\n") || textA.contains("\": ") || !textA.endsWith("}")) {
            return "white space outside of values";
        }
        return difference("$", "", plain.readTree(a), plain.readTree(b));
    }

    private static String difference(String path, String name, JsonNode a, JsonNode b) {
        if (a.getNodeType() != b.getNodeType()) {
            return path + ": " + a.getNodeType() + " against " + b.getNodeType();
        }
        if (a.isObject()) {
            List<String> namesA = new ArrayList<>();
            List<String> namesB = new ArrayList<>();
            a.fieldNames().forEachRemaining(namesA::add);
            b.fieldNames().forEachRemaining(namesB::add);
            if (MAPS.contains(name)) {
                Collections.sort(namesA);
                Collections.sort(namesB);
            }
            if (!namesA.equals(namesB)) {
                return path + ": members " + namesA + " against " + namesB;
            }
            for (String member : namesA) {
                String found = difference(path + "." + member, MAPS.contains(name) ? "" : member, a.get(member), b.get(member));
                if (found != null) {
                    return found;
                }
            }
            return null;
        }
        if (a.isArray()) {
            if (a.size() != b.size()) {
                return path + ": " + a.size() + " against " + b.size() + " elements";
            }
            List<JsonNode> left = elements(a, SETS.contains(name));
            List<JsonNode> right = elements(b, SETS.contains(name));
            for (int i = 0; i < left.size(); i++) {
                String found = difference(path + "[" + i + "]", "", left.get(i), right.get(i));
                if (found != null) {
                    return found;
                }
            }
            return null;
        }
        if (a.isTextual() && ENCODED.contains(name)) {
            return a.asText().isEmpty() == b.asText().isEmpty() ? null : path + ": " + a + " against " + b;
        }
        return a.equals(b) ? null : path + ": " + a + " against " + b;
    }

    private static List<JsonNode> elements(JsonNode array, boolean sorted) {
        List<JsonNode> elements = new ArrayList<>();
        array.forEach(elements::add);
        if (sorted) {
            // Members of maps may come in another order on the other side; the spill key, or the text, tells elements apart.
            elements.sort((x, y) -> sortKey(x).compareTo(sortKey(y)));
        }
        return elements;
    }

    private static String sortKey(JsonNode element) {
        JsonNode location = element.path("spillLocation").path("key");
        return location.isTextual() ? location.asText() : element.path("properties").isObject() ? "" + new java.util.TreeMap<>(texts(element.get("properties"))) : element.toString();
    }

    private static Map<String, String> texts(JsonNode object) {
        Map<String, String> map = new LinkedHashMap<>();
        object.properties().forEach(e -> map.put(e.getKey(), e.getValue().asText()));
        return map;
    }

    static S3Client s3(String endpoint) {
        return S3Client.builder().endpointOverride(URI.create(endpoint)).forcePathStyle(true).region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"))).build();
    }

    /** The rows of a spilled answer, block by block, by the SDK's own reader. */
    static List<String> remoteRows(BlockAllocator allocator, S3Client s3, RemoteReadRecordsResponse remote) throws Exception {
        List<String> rows = new ArrayList<>();
        S3BlockSpillReader reader = new S3BlockSpillReader(s3, allocator);
        for (SpillLocation location : remote.getRemoteBlocks()) {
            try (Block block = reader.read((S3SpillLocation) location, remote.getEncryptionKey(), remote.getSchema())) {
                rows.addAll(Dump.rows(block));
            }
        }
        return rows;
    }

    private static Object operand(ArrowType type, String text) {
        switch (type.getTypeID()) {
            case Bool:
                return Boolean.valueOf(text);
            case Int:
                switch (((ArrowType.Int) type).getBitWidth()) {
                    case 8: return Byte.valueOf(text);
                    case 16: return Short.valueOf(text);
                    case 32: return Integer.valueOf(text);
                    default: return Long.valueOf(text);
                }
            case FloatingPoint:
                return ((ArrowType.FloatingPoint) type).getPrecision() == FloatingPointPrecision.SINGLE ? (Object) Float.valueOf(text) : (Object) Double.valueOf(text);
            case Decimal:
                return new java.math.BigDecimal(text);
            case Utf8:
                return text;
            case Date:
                return ((ArrowType.Date) type).getUnit() == DateUnit.DAY ? (Object) Integer.valueOf(text) : (Object) Long.valueOf(text);
            case Timestamp:
                return Long.valueOf(text);
            default:
                throw new IllegalArgumentException("no operand of " + type);
        }
    }

    private static ValueSet valueSet(BlockAllocator al, ArrowType type, JsonNode condition) {
        String op = condition.get("op").asText();
        if (op.equals("is null")) {
            return SortedRangeSet.onlyNull(type);
        } else if (op.equals("is not null")) {
            return SortedRangeSet.notNull(al, type);
        } else if (op.equals("any")) {
            return new AllOrNoneValueSet(type, true, true);
        }
        List<Range> ranges = new ArrayList<>();
        for (JsonNode value : condition.get("values")) {
            Object v = operand(type, value.asText());
            switch (op) {
                case "=": ranges.add(Range.equal(al, type, v)); break;
                case "<": ranges.add(Range.lessThan(al, type, v)); break;
                case "<=": ranges.add(Range.lessThanOrEqual(al, type, v)); break;
                case ">": ranges.add(Range.greaterThan(al, type, v)); break;
                case ">=": ranges.add(Range.greaterThanOrEqual(al, type, v)); break;
                case "<>":
                    ranges.add(Range.lessThan(al, type, v));
                    ranges.add(Range.greaterThan(al, type, v));
                    break;
                default: throw new IllegalArgumentException("no operator " + op);
            }
        }
        return SortedRangeSet.copyOf(type, ranges, condition.path("or_null").asBoolean());
    }

    /**
     * A whole query. Options: schema, table, version (0: what Ping says), columns (absent: all), max_block, max_inline, s3 (endpoint), where
     * ([{column, op, values, or_null}]), limit. The answer names what was found at each step; rows as Dump.rows has them; with `where` also
     * `filtered`: the rows of the same query without it that the original's evaluator lets pass.
     */
    ObjectNode flow(JsonNode options) throws Exception {
        ObjectNode out = plain.createObjectNode();
        TableName table = new TableName(options.get("schema").asText(), options.get("table").asText());
        String catalog = "lake";
        String query = "judge-" + java.util.UUID.randomUUID();
        int version = options.path("version").asInt(0);
        S3Client s3 = options.hasNonNull("s3") ? s3(options.get("s3").asText()) : null;
        try (BlockAllocatorImpl al = new BlockAllocatorImpl()) {
            PingResponse ping = call(al, version == 0 ? 6 : version, new PingRequest(Samples.NOBODY, catalog, query), PingResponse.class);
            if (!ping.getCatalogName().equals(catalog) || !ping.getQueryId().equals(query)) {
                throw new IllegalStateException("Ping does not echo catalog and query");
            }
            version = version == 0 ? Math.min(6, ping.getSerDeVersion()) : version;
            out.put("version", version);
            out.put("source_type", ping.getSourceType());
            if (version >= 4) {
                out.put("capabilities", Dump.message(call(al, version, new GetDataSourceCapabilitiesRequest(Samples.NOBODY, query, catalog),
                        com.amazonaws.athena.connector.lambda.metadata.GetDataSourceCapabilitiesResponse.class)));
            }
            ArrayNode schemas = out.putArray("schemas");
            call(al, version, new ListSchemasRequest(Samples.NOBODY, query, catalog), ListSchemasResponse.class).getSchemas().forEach(schemas::add);
            ArrayNode tables = out.putArray("tables");
            ListTablesResponse listed = call(al, version, new ListTablesRequest(Samples.NOBODY, query, catalog, table.getSchemaName(), null, -1), ListTablesResponse.class);
            listed.getTables().forEach(t -> tables.add(t.getTableName()));
            if (listed.getNextToken() != null) {
                throw new IllegalStateException("an unlimited page has a token");
            }
            ArrayNode paged = out.putArray("tables_by_pages_of_two");
            String token = null;
            int pages = 0;
            do {
                ListTablesResponse page = call(al, version, new ListTablesRequest(Samples.NOBODY, query, catalog, table.getSchemaName(), token, 2), ListTablesResponse.class);
                page.getTables().forEach(t -> paged.add(t.getTableName()));
                token = page.getNextToken();
                if (++pages > MAX_PAGES) {
                    throw new IllegalStateException("more than " + MAX_PAGES + " pages of tables");
                }
            } while (token != null);

            GetTableResponse described = call(al, version, new GetTableRequest(Samples.NOBODY, query, catalog, table, Map.of()), GetTableResponse.class);
            out.put("table", Dump.message(described));
            Schema whole = described.getSchema();
            Map<String, ValueSet> summary = new LinkedHashMap<>();
            for (JsonNode condition : options.path("where")) {
                String column = condition.get("column").asText();
                summary.put(column, valueSet(al, whole.findField(column).getType(), condition));
            }
            Constraints constraints = new Constraints(summary, List.of(), List.of(), options.path("limit").asLong(-1), Map.of(), null);
            Set<String> partitionColumns = new LinkedHashSet<>(described.getPartitionColumns());
            GetTableLayoutResponse layout = call(al, version, new GetTableLayoutRequest(Samples.NOBODY, query, catalog, table, constraints, whole, partitionColumns),
                    GetTableLayoutResponse.class);
            out.put("partitions", layout.getPartitions().getRowCount());

            Schema projected = whole;
            if (options.hasNonNull("columns")) {
                List<Field> fields = new ArrayList<>();
                options.get("columns").forEach(c -> fields.add(whole.findField(c.asText())));
                projected = new Schema(fields, whole.getCustomMetadata());
            }
            Query asked = new Query(version, catalog, query, table, projected, partitionColumns, s3, options);
            Scan scan = scan(asked, layout.getPartitions(), constraints, null);
            scan.rows.forEach(out.putArray("rows")::add);
            out.put("split_pages", scan.pages);
            out.put("splits", scan.splits);
            out.put("remote_answers", scan.remote);
            out.put("remote_blocks", scan.blocks);
            if (!summary.isEmpty()) {
                // What the same query has to give: everything, judged row by row here.
                Constraints none = Samples.constraints(Map.of());
                GetTableLayoutResponse all = call(al, version, new GetTableLayoutRequest(Samples.NOBODY, query, catalog, table, none, whole, partitionColumns),
                        GetTableLayoutResponse.class);
                scan(asked, all.getPartitions(), none, constraints).rows.forEach(out.putArray("filtered")::add);
            }
        } finally {
            if (s3 != null) {
                s3.close();
            }
        }
        return out;
    }

    /** What stays the same in all requests of one query. */
    private static final class Query {
        final int version;
        final String catalog;
        final String id;
        final TableName table;
        final Schema projected;
        final Set<String> partitionColumns;
        final S3Client s3;
        final long maxBlock;
        final long maxInline;

        Query(int version, String catalog, String id, TableName table, Schema projected, Set<String> partitionColumns, S3Client s3, JsonNode options) {
            this.version = version;
            this.catalog = catalog;
            this.id = id;
            this.table = table;
            this.projected = projected;
            this.partitionColumns = partitionColumns;
            this.s3 = s3;
            maxBlock = options.path("max_block").asLong(16_000_000);
            maxInline = options.path("max_inline").asLong(5_242_880);
        }
    }

    private static final class Scan {
        final List<String> rows = new ArrayList<>();
        int pages;
        int splits;
        int remote;
        int blocks;
    }

    /** Splits page by page, each read at once. With a filter, only the rows that it lets pass. */
    private Scan scan(Query query, Block partitions, Constraints constraints, Constraints filter) throws Exception {
        Scan scan = new Scan();
        Set<String> places = new LinkedHashSet<>();
        String token = null;
        if (partitions.getRowCount() == 0) {
            return scan;  // nothing to read, and nothing to ask for
        }
        do {
            try (BlockAllocatorImpl al = new BlockAllocatorImpl()) {
                GetSplitsResponse page = call(al, query.version, new GetSplitsRequest(Samples.NOBODY, query.id, query.catalog, query.table, partitions,
                        new ArrayList<>(query.partitionColumns), constraints, token), GetSplitsResponse.class);
                scan.pages++;
                for (Split split : page.getSplits()) {
                    scan.splits++;
                    if (split.getSpillLocation() != null && !places.add(Dump.location(split.getSpillLocation()))) {
                        throw new IllegalStateException("two splits have one spill location: " + Dump.location(split.getSpillLocation()));
                    }
                    read(query, split, constraints, filter, scan);
                }
                token = page.getContinuationToken();
            }
            if (scan.pages > MAX_PAGES) {
                throw new IllegalStateException("more than " + MAX_PAGES + " pages of splits");
            }
        } while (token != null);
        return scan;
    }

    private void read(Query query, Split split, Constraints constraints, Constraints filter, Scan scan) throws Exception {
        try (BlockAllocatorImpl al = new BlockAllocatorImpl()) {
            FederationResponse records = call(al, query.version, new ReadRecordsRequest(Samples.NOBODY, query.catalog, query.id, query.table, query.projected, split,
                    constraints, query.maxBlock, query.maxInline), FederationResponse.class);
            if (records instanceof RemoteReadRecordsResponse) {
                RemoteReadRecordsResponse spilled = (RemoteReadRecordsResponse) records;
                scan.remote++;
                scan.blocks += spilled.getNumberBlocks();
                checkNumbering(split, spilled);
                checkSchema(query.projected, spilled.getSchema());
                S3BlockSpillReader reader = new S3BlockSpillReader(query.s3, al);
                for (SpillLocation location : spilled.getRemoteBlocks()) {
                    keep(al, reader.read((S3SpillLocation) location, spilled.getEncryptionKey(), spilled.getSchema()), filter, scan);
                }
            } else {
                checkSchema(query.projected, ((ReadRecordsResponse) records).getSchema());
                keep(al, ((ReadRecordsResponse) records).getRecords(), filter, scan);
            }
        }
    }

    private static void keep(BlockAllocator al, Block block, Constraints filter, Scan scan) {
        List<String> rows = Dump.rows(block);
        for (int row = 0; row < rows.size(); row++) {
            if (filter == null || passes(al, block, filter, row)) {
                scan.rows.add(rows.get(row));
            }
        }
    }

    static boolean passes(BlockAllocator al, Block block, Constraints filter, int row) {
        ConstraintEvaluator evaluator = new ConstraintEvaluator(al, block.getSchema(), filter);
        for (String column : filter.getSummary().keySet()) {
            FieldReader reader = block.getFieldReader(column);
            reader.setPosition(row);
            if (!evaluator.apply(column, reader.isSet() ? reader.readObject() : null)) {
                return false;
            }
        }
        return true;
    }

    private static void checkNumbering(Split split, RemoteReadRecordsResponse spilled) {
        S3SpillLocation base = (S3SpillLocation) split.getSpillLocation();
        int i = 0;
        for (SpillLocation location : spilled.getRemoteBlocks()) {
            S3SpillLocation at = (S3SpillLocation) location;
            if (!at.getBucket().equals(base.getBucket()) || !at.getKey().equals(base.getKey() + "." + i) || at.isDirectory()) {
                throw new IllegalStateException("block " + i + " of " + Dump.location(base) + " is listed as " + Dump.location(at));
            }
            i++;
        }
        if (!java.util.Objects.equals(split.getEncryptionKey(), spilled.getEncryptionKey())) {
            throw new IllegalStateException("the answer has another key than its split");
        }
    }

    private static void checkSchema(Schema asked, Schema got) {
        Iterator<Field> fields = got.getFields().iterator();
        for (Field field : asked.getFields()) {
            Field other = fields.hasNext() ? fields.next() : null;
            if (other == null || !other.getName().equals(field.getName()) || !other.getType().equals(field.getType())) {
                throw new IllegalStateException("the records have " + got.getFields() + ", asked for were " + asked.getFields());
            }
        }
        if (fields.hasNext()) {
            throw new IllegalStateException("the records have columns that were not asked for: " + got.getFields());
        }
    }
}
