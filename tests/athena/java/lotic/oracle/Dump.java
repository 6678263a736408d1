// SPDX-License-Identifier: Apache-2.0
package lotic.oracle;

import com.amazonaws.athena.connector.lambda.data.Block;
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
import com.amazonaws.athena.connector.lambda.domain.spill.S3SpillLocation;
import com.amazonaws.athena.connector.lambda.domain.spill.SpillLocation;
import com.amazonaws.athena.connector.lambda.metadata.GetDataSourceCapabilitiesRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetDataSourceCapabilitiesResponse;
import com.amazonaws.athena.connector.lambda.metadata.GetSplitsRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetSplitsResponse;
import com.amazonaws.athena.connector.lambda.metadata.GetTableLayoutRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetTableLayoutResponse;
import com.amazonaws.athena.connector.lambda.metadata.GetTableRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetTableResponse;
import com.amazonaws.athena.connector.lambda.metadata.ListSchemasResponse;
import com.amazonaws.athena.connector.lambda.metadata.ListTablesRequest;
import com.amazonaws.athena.connector.lambda.metadata.ListTablesResponse;
import com.amazonaws.athena.connector.lambda.metadata.MetadataRequest;
import com.amazonaws.athena.connector.lambda.metadata.MetadataResponse;
import com.amazonaws.athena.connector.lambda.records.ReadRecordsRequest;
import com.amazonaws.athena.connector.lambda.records.ReadRecordsResponse;
import com.amazonaws.athena.connector.lambda.records.RemoteReadRecordsResponse;
import com.amazonaws.athena.connector.lambda.request.FederationRequest;
import com.amazonaws.athena.connector.lambda.request.PingRequest;
import com.amazonaws.athena.connector.lambda.request.PingResponse;
import com.amazonaws.athena.connector.lambda.security.EncryptionKey;
import com.amazonaws.athena.connector.lambda.security.FederatedIdentity;
import com.amazonaws.athena.connector.lambda.udf.UserDefinedFunctionRequest;
import com.amazonaws.athena.connector.lambda.udf.UserDefinedFunctionResponse;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DateMilliVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TimeStampVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.ValueVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.complex.MapVector;
import org.apache.arrow.vector.complex.StructVector;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * What a message says, as text that does not depend on the encoding: equal texts, equal messages. Sets and maps are sorted.
 * Cells: NULL, true, 7, f32:3f800000 and f64:... (bits), 1234e-3 (decimal, unscaled), 'text' ("\xNN" for what is not plain ASCII),
 * x'00ff', day:N, ms:N, tz:N (packed, as it travels), [items], {name:value,...}, map[(k,v),...].
 */
final class Dump {
    private Dump() {}

    static String text(String value) {
        if (value == null) {
            return "NULL";
        }
        return text(value.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(byte[] bytes) {
        StringBuilder out = new StringBuilder("'");
        for (byte b : bytes) {
            if (b >= 0x20 && b < 0x7f && b != '\\' && b != '\'') {
                out.append((char) b);
            } else {
                out.append(String.format("\\x%02x", b & 0xff));
            }
        }
        return out.append('\'').toString();
    }

    static String cell(ValueVector vector, int row) {
        if (vector.isNull(row)) {
            return "NULL";
        }
        if (vector instanceof BitVector) {
            return ((BitVector) vector).get(row) == 1 ? "true" : "false";
        } else if (vector instanceof TinyIntVector) {
            return "" + ((TinyIntVector) vector).get(row);
        } else if (vector instanceof SmallIntVector) {
            return "" + ((SmallIntVector) vector).get(row);
        } else if (vector instanceof IntVector) {
            return "" + ((IntVector) vector).get(row);
        } else if (vector instanceof BigIntVector) {
            return "" + ((BigIntVector) vector).get(row);
        } else if (vector instanceof Float4Vector) {
            return String.format("f32:%08x", Float.floatToRawIntBits(((Float4Vector) vector).get(row)));
        } else if (vector instanceof Float8Vector) {
            return String.format("f64:%016x", Double.doubleToRawLongBits(((Float8Vector) vector).get(row)));
        } else if (vector instanceof DecimalVector) {
            BigDecimal value = ((DecimalVector) vector).getObject(row);
            return value.unscaledValue() + "e-" + value.scale();
        } else if (vector instanceof VarCharVector) {
            return text(((VarCharVector) vector).get(row));
        } else if (vector instanceof VarBinaryVector) {
            StringBuilder out = new StringBuilder("x'");
            for (byte b : ((VarBinaryVector) vector).get(row)) {
                out.append(String.format("%02x", b & 0xff));
            }
            return out.append('\'').toString();
        } else if (vector instanceof DateDayVector) {
            return "day:" + ((DateDayVector) vector).get(row);
        } else if (vector instanceof DateMilliVector) {
            return "ms:" + ((DateMilliVector) vector).get(row);
        } else if (vector instanceof TimeStampVector) {
            return "tz:" + ((TimeStampVector) vector).get(row);
        } else if (vector instanceof ListVector) {  // also maps
            ListVector list = (ListVector) vector;
            boolean map = vector instanceof MapVector;
            StringBuilder out = new StringBuilder(map ? "map[" : "[");
            for (int i = list.getElementStartIndex(row); i < list.getElementEndIndex(row); i++) {
                if (i > list.getElementStartIndex(row)) {
                    out.append(',');
                }
                if (map) {
                    StructVector entries = (StructVector) list.getDataVector();
                    out.append('(').append(cell(entries.getChildByOrdinal(0), i)).append(',')
                            .append(cell(entries.getChildByOrdinal(1), i)).append(')');
                } else {
                    out.append(cell(list.getDataVector(), i));
                }
            }
            return out.append(']').toString();
        } else if (vector instanceof StructVector) {
            StringBuilder out = new StringBuilder("{");
            for (FieldVector child : ((StructVector) vector).getChildrenFromFields()) {
                out.append(out.length() > 1 ? "," : "").append(child.getName()).append(':').append(cell(child, row));
            }
            return out.append('}').toString();
        }
        throw new IllegalArgumentException("no text for " + vector.getMinorType());
    }

    /** One line a row: name=cell, in the order of the schema, separated by blanks. */
    static List<String> rows(Block block) {
        List<String> rows = new ArrayList<>();
        for (int row = 0; row < block.getRowCount(); row++) {
            StringBuilder line = new StringBuilder();
            for (FieldVector vector : block.getFieldVectors()) {
                line.append(line.length() > 0 ? " " : "").append(vector.getName()).append('=').append(cell(vector, row));
            }
            rows.add(line.toString());
        }
        return rows;
    }

    static String field(Field field) {
        StringBuilder out = new StringBuilder(text(field.getName())).append(' ').append(field.getType());
        if (!field.isNullable()) {
            out.append(" not null");
        }
        if (!field.getMetadata().isEmpty()) {
            out.append(' ').append(map(field.getMetadata()));
        }
        if (!field.getChildren().isEmpty()) {
            out.append(" <");
            for (Field child : field.getChildren()) {
                out.append(' ').append(field(child)).append(';');
            }
            out.append(" >");
        }
        return out.toString();
    }

    static String schema(Schema schema) {
        StringBuilder out = new StringBuilder("schema " + map(schema.getCustomMetadata()));
        for (Field field : schema.getFields()) {
            out.append("\n  column ").append(field(field));
        }
        return out.toString();
    }

    static String block(Block block) {
        StringBuilder out = new StringBuilder(schema(block.getSchema())).append("\n  rows ").append(block.getRowCount());
        for (String row : rows(block)) {
            out.append("\n  row ").append(row);
        }
        return out.toString();
    }

    static String map(Map<String, String> map) {
        if (map == null) {
            return "NULL";
        }
        StringBuilder out = new StringBuilder("{");
        new TreeMap<>(map).forEach((k, v) -> out.append(out.length() > 1 ? "," : "").append(text(k)).append(':').append(text(v)));
        return out.append('}').toString();
    }

    static String sorted(Collection<String> values) {
        List<String> texts = new ArrayList<>();
        values.forEach(v -> texts.add(text(v)));
        Collections.sort(texts);
        return texts.toString();
    }

    static String table(TableName name) {
        return text(name.getSchemaName()) + "." + text(name.getTableName());
    }

    static String identity(FederatedIdentity identity) {
        return identity == null ? "NULL" : "account " + text(identity.getAccount()) + " arn " + text(identity.getArn()) + " tags "
                + map(identity.getPrincipalTags()) + " groups " + identity.getIamGroups() + " options " + map(identity.getConfigOptions());
    }

    static String key(EncryptionKey key) {
        return key == null ? "no key" : "key " + java.util.Base64.getEncoder().encodeToString(key.getKey()) + " nonce "
                + java.util.Base64.getEncoder().encodeToString(key.getNonce());
    }

    static String location(SpillLocation location) {
        if (location == null) {
            return "nowhere";
        }
        S3SpillLocation s3 = (S3SpillLocation) location;
        return text(s3.getBucket()) + " " + text(s3.getKey()) + (s3.isDirectory() ? " directory" : " object");
    }

    static String split(Split split) {
        return location(split.getSpillLocation()) + " " + key(split.getEncryptionKey()) + " " + map(split.getProperties());
    }

    private static String marker(Marker marker) {
        return marker.getBound() + " " + (marker.isNullValue() ? "NULL" : cell(marker.getValueBlock().getFieldVectors().get(0), 0))
                + " of " + field(marker.getSchema().getFields().get(0));
    }

    static String valueSet(ValueSet set) {
        StringBuilder out = new StringBuilder();
        if (set instanceof SortedRangeSet) {
            out.append("ranges of ").append(set.getType());
            for (Range range : ((SortedRangeSet) set).getOrderedRanges()) {
                out.append(" (").append(marker(range.getLow())).append(" .. ").append(marker(range.getHigh())).append(")");
            }
        } else if (set instanceof EquatableValueSet) {
            EquatableValueSet listed = (EquatableValueSet) set;
            List<String> values = rows(listed.getValues());
            Collections.sort(values);
            out.append(listed.isWhiteList() ? "listed " : "unlisted ").append(schema(listed.getValueBlock().getSchema())).append(values);
        } else {
            out.append("all ").append(((AllOrNoneValueSet) set).isAll()).append(" of ").append(set.getType());
        }
        return out.append(set.isNullAllowed() ? " or NULL" : "").append(" none ").append(set.isNone()).append(" all ").append(set.isAll())
                .append(" single ").append(set.isSingleValue()).toString();
    }

    static String expression(FederationExpression expression) {
        if (expression instanceof FunctionCallExpression) {
            FunctionCallExpression call = (FunctionCallExpression) expression;
            StringBuilder out = new StringBuilder(text(call.getFunctionName().getFunctionName())).append("(");
            for (FederationExpression argument : call.getArguments()) {
                out.append(expression(argument)).append(';');
            }
            return out.append("): ").append(call.getType()).toString();
        }
        if (expression instanceof VariableExpression) {
            return "column " + text(((VariableExpression) expression).getColumnName()) + ": " + expression.getType();
        }
        ConstantExpression constant = (ConstantExpression) expression;
        return "constant " + (constant.getValues() == null ? "without block" : rows(constant.getValues()).toString()) + ": " + expression.getType();
    }

    static String constraints(Constraints constraints) {
        StringBuilder out = new StringBuilder("constraints");
        new TreeMap<>(constraints.getSummary()).forEach((name, set) -> out.append("\n  on ").append(text(name)).append(": ").append(valueSet(set)));
        for (FederationExpression expression : constraints.getExpression()) {
            out.append("\n  expression ").append(expression(expression));
        }
        for (OrderByField field : constraints.getOrderByClause()) {
            out.append("\n  order by ").append(text(field.getColumnName())).append(' ').append(field.getDirection());
        }
        out.append("\n  limit ").append(constraints.getLimit());
        out.append("\n  passthrough ").append(map(constraints.getQueryPassthroughArguments()));
        QueryPlan plan = constraints.getQueryPlan();
        return out.append("\n  plan ").append(plan == null ? "none" : text(plan.getSubstraitVersion()) + " " + text(plan.getSubstraitPlan())).toString();
    }

    static String message(Object message) {
        StringBuilder out = new StringBuilder(message.getClass().getSimpleName());
        if (message instanceof FederationRequest) {
            out.append("\nidentity ").append(identity(((FederationRequest) message).getIdentity()));
        }
        if (message instanceof MetadataRequest) {
            out.append("\nquery ").append(text(((MetadataRequest) message).getQueryId()));
            out.append("\ncatalog ").append(text(((MetadataRequest) message).getCatalogName()));
        }
        if (message instanceof MetadataResponse) {
            out.append("\ncatalog ").append(text(((MetadataResponse) message).getCatalogName()));
        }
        if (message instanceof PingRequest) {
            PingRequest m = (PingRequest) message;
            out.append("\nquery ").append(text(m.getQueryId())).append("\ncatalog ").append(text(m.getCatalogName()));
        } else if (message instanceof PingResponse) {
            PingResponse m = (PingResponse) message;
            out.append("\nquery ").append(text(m.getQueryId())).append("\ncatalog ").append(text(m.getCatalogName())).append("\nsource ")
                    .append(text(m.getSourceType())).append("\ncapabilities ").append(m.getCapabilities()).append("\nserde ").append(m.getSerDeVersion());
        } else if (message instanceof ListSchemasResponse) {
            out.append("\nschemas ").append(((ListSchemasResponse) message).getSchemas());
        } else if (message instanceof ListTablesRequest) {
            ListTablesRequest m = (ListTablesRequest) message;
            out.append("\nschema ").append(text(m.getSchemaName())).append("\ntoken ").append(text(m.getNextToken())).append("\npage size ").append(m.getPageSize());
        } else if (message instanceof ListTablesResponse) {
            ListTablesResponse m = (ListTablesResponse) message;
            m.getTables().forEach(t -> out.append("\ntable ").append(table(t)));
            out.append("\ntoken ").append(text(m.getNextToken()));
        } else if (message instanceof GetTableRequest) {
            GetTableRequest m = (GetTableRequest) message;
            out.append("\ntable ").append(table(m.getTableName())).append("\npassthrough ").append(map(m.getQueryPassthroughArguments()));
        } else if (message instanceof GetTableResponse) {
            GetTableResponse m = (GetTableResponse) message;
            out.append("\ntable ").append(table(m.getTableName())).append('\n').append(schema(m.getSchema())).append("\npartitioned by ")
                    .append(sorted(m.getPartitionColumns()));
        } else if (message instanceof GetTableLayoutRequest) {
            GetTableLayoutRequest m = (GetTableLayoutRequest) message;
            out.append("\ntable ").append(table(m.getTableName())).append('\n').append(constraints(m.getConstraints())).append('\n')
                    .append(schema(m.getSchema())).append("\npartitioned by ").append(sorted(m.getPartitionCols()));
        } else if (message instanceof GetTableLayoutResponse) {
            GetTableLayoutResponse m = (GetTableLayoutResponse) message;
            out.append("\ntable ").append(table(m.getTableName())).append('\n').append(block(m.getPartitions()));
        } else if (message instanceof GetSplitsRequest) {
            GetSplitsRequest m = (GetSplitsRequest) message;
            out.append("\ntable ").append(table(m.getTableName())).append('\n').append(block(m.getPartitions())).append("\npartitioned by ")
                    .append(m.getPartitionCols()).append('\n').append(constraints(m.getConstraints())).append("\ntoken ").append(text(m.getContinuationToken()));
        } else if (message instanceof GetSplitsResponse) {
            GetSplitsResponse m = (GetSplitsResponse) message;
            List<String> splits = new ArrayList<>();
            m.getSplits().forEach(s -> splits.add(split(s)));
            Collections.sort(splits);
            splits.forEach(s -> out.append("\nsplit ").append(s));
            out.append("\ntoken ").append(text(m.getContinuationToken()));
        } else if (message instanceof GetDataSourceCapabilitiesResponse) {
            new TreeMap<>(((GetDataSourceCapabilitiesResponse) message).getCapabilities()).forEach((name, subTypes) -> {
                out.append("\ncapability ").append(text(name));
                subTypes.forEach(s -> out.append(' ').append(text(s.getSubType())).append(s.getProperties()));
            });
        } else if (message instanceof ReadRecordsRequest) {
            ReadRecordsRequest m = (ReadRecordsRequest) message;
            out.append("\nquery ").append(text(m.getQueryId())).append("\ncatalog ").append(text(m.getCatalogName())).append("\ntable ")
                    .append(table(m.getTableName())).append('\n').append(schema(m.getSchema())).append("\nsplit ").append(split(m.getSplit()))
                    .append('\n').append(constraints(m.getConstraints())).append("\nmax block ").append(m.getMaxBlockSize()).append("\nmax inline ")
                    .append(m.getMaxInlineBlockSize());
        } else if (message instanceof ReadRecordsResponse) {
            ReadRecordsResponse m = (ReadRecordsResponse) message;
            out.append("\ncatalog ").append(text(m.getCatalogName())).append('\n').append(block(m.getRecords()));
        } else if (message instanceof RemoteReadRecordsResponse) {
            RemoteReadRecordsResponse m = (RemoteReadRecordsResponse) message;
            out.append("\ncatalog ").append(text(m.getCatalogName())).append('\n').append(schema(m.getSchema()));
            m.getRemoteBlocks().forEach(b -> out.append("\nblock ").append(location(b)));
            out.append('\n').append(key(m.getEncryptionKey()));
        } else if (message instanceof UserDefinedFunctionRequest) {
            UserDefinedFunctionRequest m = (UserDefinedFunctionRequest) message;
            out.append('\n').append(block(m.getInputRecords())).append("\nreturns ").append(schema(m.getOutputSchema())).append("\nmethod ")
                    .append(text(m.getMethodName())).append(' ').append(m.getFunctionType());
        } else if (message instanceof UserDefinedFunctionResponse) {
            UserDefinedFunctionResponse m = (UserDefinedFunctionResponse) message;
            out.append('\n').append(block(m.getRecords())).append("\nmethod ").append(text(m.getMethodName()));
        } else if (!(message instanceof GetDataSourceCapabilitiesRequest)
                && !(message instanceof com.amazonaws.athena.connector.lambda.metadata.ListSchemasRequest)) {
            throw new IllegalArgumentException("no text for " + message.getClass());
        }
        return out.toString();
    }
}
