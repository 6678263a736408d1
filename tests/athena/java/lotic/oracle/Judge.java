// SPDX-License-Identifier: Apache-2.0
package lotic.oracle;

import com.amazonaws.athena.connector.lambda.data.Block;
import com.amazonaws.athena.connector.lambda.data.BlockAllocatorImpl;
import com.amazonaws.athena.connector.lambda.domain.predicate.ConstraintEvaluator;
import com.amazonaws.athena.connector.lambda.domain.predicate.SortedRangeSet;
import com.amazonaws.athena.connector.lambda.domain.predicate.ValueSet;
import com.amazonaws.athena.connector.lambda.exceptions.FederationThrottleException;
import com.amazonaws.athena.connector.lambda.metadata.GetSplitsRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetTableLayoutRequest;
import com.amazonaws.athena.connector.lambda.records.ReadRecordsResponse;
import com.amazonaws.athena.connector.lambda.records.RemoteReadRecordsResponse;
import com.amazonaws.athena.connector.lambda.request.FederationRequest;
import com.amazonaws.athena.connector.lambda.request.FederationResponse;
import com.amazonaws.athena.connector.lambda.security.AesGcmBlockCrypto;
import com.amazonaws.athena.connector.lambda.serde.VersionedObjectMapperFactory;
import com.amazonaws.athena.connector.lambda.udf.UserDefinedFunctionRequest;
import com.amazonaws.athena.connector.lambda.udf.UserDefinedFunctionResponse;
import com.amazonaws.athena.connector.lambda.udf.UserDefinedFunctionType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.complex.reader.FieldReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import software.amazon.awssdk.services.lambda.model.LambdaException;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * The original SDK as a judge, one process a test run. Each line of standard input is a JSON object with the member `do`, each line of
 * standard output its answer, in order. A failure is {"error": class, "message": text}; the process goes on. Ends with its input.
 *
 * names {} · write {message, version} → json · read {json, version, kind: request|response} → dump · resolve {json} → version, dump ·
 * difference {json, version, kind} → difference (null: the original writes the same) · random {seed, count, rows} → requests with verdicts ·
 * predicates {json, version, kind} → none, all, single, ranges · exception {json, version} → text · failure {} → json ·
 * evaluate {json} → verdicts · seal {message, key} → object · open {object, message, key} → rows · remote {json, s3} → rows ·
 * flow {url, …} · send {url, message, version} → dump, or function_error · udf {url, method, arguments, returns, rows, version} → input, rows · serve {configuration} → url · expected {table} → rows
 */
public final class Judge {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, HttpServer> SERVERS = new LinkedHashMap<>();

    private Judge() {}

    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err);  // a library that prints must not write between our lines
        for (String line; (line = in.readLine()) != null;) {
            ObjectNode answer;
            try {
                answer = answer(JSON.readTree(line));
            } catch (Engine.FunctionError error) {
                answer = JSON.createObjectNode().put("function_error", error.type).put("message", error.getMessage());
            } catch (Throwable thrown) {
                answer = JSON.createObjectNode().put("error", thrown.getClass().getName()).put("message", "" + thrown.getMessage());
                Throwable root = thrown;
                while (root.getCause() != null) {
                    root = root.getCause();
                }
                if (root != thrown) {
                    answer.put("cause", root.toString());
                }
                StackTraceElement[] trace = root.getStackTrace();
                ArrayNode at = answer.putArray("at");
                for (int i = 0; i < Math.min(4, trace.length); i++) {
                    at.add(trace[i].toString());
                }
            }
            out.println(JSON.writeValueAsString(answer));
            out.flush();
        }
        System.exit(0);  // servers have threads of their own
    }

    private static ObjectNode answer(JsonNode ask) throws Exception {
        ObjectNode out = JSON.createObjectNode();
        try (BlockAllocatorImpl allocator = new BlockAllocatorImpl()) {
            switch (ask.get("do").asText()) {
                case "names":
                    Samples.names().forEach(out.putArray("names")::add);
                    return out;
                case "write":
                    return out.put("json", write(allocator, Samples.make(ask.get("message").asText(), allocator), ask.get("version").asInt()));
                case "read":
                    return out.put("dump", Dump.message(read(allocator, ask)));
                case "difference":
                    return out.put("difference", Engine.difference(ask.get("json").asText().getBytes(StandardCharsets.UTF_8),
                            VersionedObjectMapperFactory.create(allocator, ask.get("version").asInt()).writeValueAsBytes(read(allocator, ask))));
                case "resolve":
                    return resolve(allocator, ask.get("json").asText());
                case "exception":
                    return out.put("text", VersionedObjectMapperFactory.create(allocator, ask.get("version").asInt())
                            .readValue(ask.get("json").asText(), LambdaException.class).getMessage());
                case "failure":
                    return out.put("json", Host.error(new FederationThrottleException("the source is busy: \"\u00e9\"\n", new IllegalStateException("inner"))));
                case "predicates":
                    return predicates((GetTableLayoutRequest) read(allocator, ask));
                case "random":
                    return random(ask);
                case "evaluate":
                    return out.<ObjectNode>set("verdicts", verdicts(allocator, (GetSplitsRequest) VersionedObjectMapperFactory.create(allocator, 6)
                            .readValue(ask.get("json").asText(), FederationRequest.class)));
                case "seal": {
                    Block block = ((ReadRecordsResponse) Samples.make(ask.get("message").asText(), allocator)).getRecords();
                    byte[] object = ask.get("key").asText().equals("none")
                            ? new com.amazonaws.athena.connector.lambda.security.NoOpBlockCrypto(allocator).encrypt(null, block)
                            : new AesGcmBlockCrypto(allocator).encrypt(key(ask), block);
                    Dump.rows(block).forEach(out.putArray("rows")::add);
                    return out.put("object", Base64.getEncoder().encodeToString(object));
                }
                case "open": {
                    byte[] object = Base64.getDecoder().decode(ask.get("object").asText());
                    org.apache.arrow.vector.types.pojo.Schema schema = ((ReadRecordsResponse) Samples.make(ask.get("message").asText(), allocator)).getSchema();
                    Block block = ask.get("key").asText().equals("none")
                            ? new com.amazonaws.athena.connector.lambda.security.NoOpBlockCrypto(allocator).decrypt(null, object, schema)
                            : new AesGcmBlockCrypto(allocator).decrypt(key(ask), object, schema);
                    Dump.rows(block).forEach(out.putArray("rows")::add);
                    return out;
                }
                case "remote":
                    try (S3Client s3 = Engine.s3(ask.get("s3").asText())) {
                        RemoteReadRecordsResponse remote = (RemoteReadRecordsResponse) VersionedObjectMapperFactory.create(allocator, 6)
                                .readValue(ask.get("json").asText(), FederationResponse.class);
                        Engine.remoteRows(allocator, s3, remote).forEach(out.putArray("rows")::add);
                    }
                    return out;
                case "flow":
                    return new Engine(ask.get("url").asText()).flow(ask);
                case "send": {
                    Engine engine = new Engine(ask.get("url").asText());
                    FederationRequest request = ask.hasNonNull("json")
                            ? VersionedObjectMapperFactory.create(allocator, ask.get("version").asInt()).readValue(ask.get("json").asText(), FederationRequest.class)
                            : (FederationRequest) Samples.make(ask.get("message").asText(), allocator);
                    FederationResponse response = engine.call(allocator, ask.get("version").asInt(), request, FederationResponse.class);
                    return out.put("dump", Dump.message(response));
                }
                case "udf": {
                    List<Field> arguments = new ArrayList<>();
                    ask.get("arguments").forEach(type -> arguments.add(Samples.argument("a" + arguments.size(), type.asText())));
                    Block input = Samples.block(allocator, new Schema(arguments), ask.get("rows").asInt());
                    FederationRequest request = new UserDefinedFunctionRequest(Samples.NOBODY, input, new Schema(List.of(Samples.argument("out",
                            ask.get("returns").asText()))), ask.get("method").asText(), UserDefinedFunctionType.SCALAR);
                    Dump.rows(input).forEach(out.putArray("input")::add);
                    if (ask.hasNonNull("url")) {
                        UserDefinedFunctionResponse response = new Engine(ask.get("url").asText()).call(allocator, ask.get("version").asInt(), request,
                                UserDefinedFunctionResponse.class);
                        Dump.rows(response.getRecords()).forEach(out.putArray("rows")::add);
                        out.put("method", response.getMethodName()).put("schema", Dump.schema(response.getRecords().getSchema()));
                    } else {
                        out.put("json", write(allocator, request, ask.get("version").asInt()));
                    }
                    return out;
                }
                case "serve": {
                    Map<String, String> configuration = new LinkedHashMap<>(System.getenv());
                    ask.path("configuration").properties().forEach(e -> configuration.put(e.getKey(), e.getValue().asText()));
                    HttpServer server = Host.serve(new MinimalConnector(configuration), 0);
                    SERVERS.put(Host.url(server), server);
                    return out.put("url", Host.url(server));
                }
                case "expected": {
                    DataSet table = DataSet.find(ask.get("table").asText());
                    out.put("schema", Dump.schema(table.schema));
                    table.rows(allocator).forEach(out.putArray("rows")::add);
                    return out;
                }
                default:
                    throw new IllegalArgumentException("no command " + ask.get("do"));
            }
        }
    }

    private static com.amazonaws.athena.connector.lambda.security.EncryptionKey key(JsonNode ask) {
        return ask.get("key").asText().equals("short") ? Samples.SHORT_KEY : Samples.KEY;
    }

    private static String write(BlockAllocatorImpl allocator, Object message, int version) throws Exception {
        return VersionedObjectMapperFactory.create(allocator, version).writeValueAsString(message);
    }

    private static Object read(BlockAllocatorImpl allocator, JsonNode ask) throws Exception {
        Class<?> kind = ask.get("kind").asText().equals("request") ? FederationRequest.class : FederationResponse.class;
        return VersionedObjectMapperFactory.create(allocator, ask.get("version").asInt()).readValue(ask.get("json").asText(), kind);
    }

    /** As a composite handler does it: from 6 down, going on only where the reader finds a member in the wrong place. */
    private static ObjectNode resolve(BlockAllocatorImpl allocator, String json) throws Exception {
        for (int version = 6; ; version--) {
            try {
                Object message = VersionedObjectMapperFactory.create(allocator, version).readValue(json, FederationRequest.class);
                return JSON.createObjectNode().put("version", version).put("dump", Dump.message(message));
            } catch (IllegalStateException e) {
                if (version == 1) {
                    throw e;
                }
            }
        }
    }

    /** What the first value set of a request says of itself. */
    private static ObjectNode predicates(GetTableLayoutRequest request) {
        ValueSet set = request.getConstraints().getSummary().values().iterator().next();
        return JSON.createObjectNode().put("none", set.isNone()).put("all", set.isAll()).put("single", set.isSingleValue())
                .put("ranges", set instanceof SortedRangeSet ? ((SortedRangeSet) set).getRangeCount() : 0);
    }

    private static ObjectNode random(JsonNode ask) throws Exception {
        ObjectNode out = JSON.createObjectNode();
        ArrayNode requests = out.putArray("requests");
        for (int i = 0; i < ask.get("count").asInt(); i++) {
            try (BlockAllocatorImpl allocator = new BlockAllocatorImpl()) {
                String json = write(allocator, Samples.random(allocator, ask.get("seed").asLong() + i, ask.get("rows").asInt()), 6);
                // Judged is what the message says, after its faults.
                GetSplitsRequest request = (GetSplitsRequest) VersionedObjectMapperFactory.create(allocator, 6).readValue(json, FederationRequest.class);
                ObjectNode one = requests.addObject();
                one.put("json", json);
                one.set("verdicts", verdicts(allocator, request));
            }
        }
        return out;
    }

    /** For each column of the partitions one text, a digit a row: 1 the evaluator lets it pass, 0 it does not. A set without use: its error. */
    private static ObjectNode verdicts(BlockAllocatorImpl allocator, GetSplitsRequest request) {
        ObjectNode out = JSON.createObjectNode();
        Block block = request.getPartitions();
        ConstraintEvaluator evaluator = new ConstraintEvaluator(allocator, block.getSchema(), request.getConstraints());
        for (Field field : block.getSchema().getFields()) {
            StringBuilder digits = new StringBuilder();
            FieldReader reader = block.getFieldReader(field.getName());
            for (int row = 0; row < block.getRowCount(); row++) {
                reader.setPosition(row);
                digits.append(evaluator.apply(field.getName(), reader.isSet() ? reader.readObject() : null) ? '1' : '0');
            }
            out.put(field.getName(), digits.toString());
        }
        return out;
    }
}
