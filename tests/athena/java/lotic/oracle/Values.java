// SPDX-License-Identifier: Apache-2.0
package lotic.oracle;

import com.amazonaws.athena.connector.lambda.data.ArrowTypeComparator;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;

/** Every column type that Athena takes, with values that tell implementations apart. What a value is: what the SDK's setters take. */
final class Values {
    private Values() {}

    static final ArrowType BIT = ArrowType.Bool.INSTANCE;
    static final ArrowType TINYINT = new ArrowType.Int(8, true);
    static final ArrowType SMALLINT = new ArrowType.Int(16, true);
    static final ArrowType INT = new ArrowType.Int(32, true);
    static final ArrowType BIGINT = new ArrowType.Int(64, true);
    static final ArrowType FLOAT4 = new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE);
    static final ArrowType FLOAT8 = new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
    static final ArrowType DECIMAL = new ArrowType.Decimal(10, 3, 128);
    static final ArrowType WIDE_DECIMAL = new ArrowType.Decimal(38, 18, 128);
    static final ArrowType VARCHAR = ArrowType.Utf8.INSTANCE;
    static final ArrowType VARBINARY = ArrowType.Binary.INSTANCE;
    static final ArrowType DATEDAY = new ArrowType.Date(DateUnit.DAY);
    static final ArrowType DATEMILLI = new ArrowType.Date(DateUnit.MILLISECOND);
    static final ArrowType TIMESTAMPMILLITZ = new ArrowType.Timestamp(TimeUnit.MILLISECOND, "UTC");

    /** Scalar types by the name that tests and columns have. */
    static final Map<String, ArrowType> SCALARS = new LinkedHashMap<>();
    static {
        SCALARS.put("bit", BIT);
        SCALARS.put("tinyint", TINYINT);
        SCALARS.put("smallint", SMALLINT);
        SCALARS.put("int", INT);
        SCALARS.put("bigint", BIGINT);
        SCALARS.put("float4", FLOAT4);
        SCALARS.put("float8", FLOAT8);
        SCALARS.put("decimal", DECIMAL);
        SCALARS.put("wide_decimal", WIDE_DECIMAL);
        SCALARS.put("varchar", VARCHAR);
        SCALARS.put("varbinary", VARBINARY);
        SCALARS.put("dateday", DATEDAY);
        SCALARS.put("datemilli", DATEMILLI);
        SCALARS.put("timestamptz", TIMESTAMPMILLITZ);
    }

    static Field field(String name, ArrowType type, Field... children) {
        return new Field(name, FieldType.nullable(type), Arrays.asList(children));
    }

    static Field list(String name, Field item) {
        return field(name, ArrowType.List.INSTANCE, item);
    }

    static Field struct(String name, Field... members) {
        return field(name, ArrowType.Struct.INSTANCE, members);
    }

    static Field map(String name, ArrowType key, Field value) {
        Field keyField = new Field("key", FieldType.notNullable(key), null);
        Field entries = new Field("entries", FieldType.notNullable(ArrowType.Struct.INSTANCE), Arrays.asList(keyField, value));
        return field(name, new ArrowType.Map(false), entries);
    }

    /** One column of every type, scalars first, nested after. */
    static List<Field> everything() {
        List<Field> fields = new ArrayList<>();
        SCALARS.forEach((name, type) -> fields.add(field("c_" + name, type)));
        fields.addAll(nested());
        return fields;
    }

    static List<Field> nested() {
        return Arrays.asList(
                list("c_list_int", field("", INT)),
                list("c_list_varchar", field("item", VARCHAR)),
                struct("c_struct", field("id", INT), field("Name", VARCHAR), field("done", BIT)),
                map("c_map", VARCHAR, field("value", BIGINT)),
                list("c_list_struct", struct("item", field("x", FLOAT8), list("ys", field("y", INT)))),
                struct("c_struct_map", map("m", VARCHAR, field("value", INT)), struct("inner", field("d", DECIMAL), field("b", VARBINARY))));
    }

    static final String[] TEXTS = {"", "a", "b", "caf\u00e9", "\ud83d\ude00", "\uff5e", "line\nbreak \"quoted\" \\ slash", "nul\u0000inside",
        "zz", "A", "\u4e2d\u6587", "ab", "x".repeat(300)};
    /** Zone keys: UTC, -14:00, -05:00, +01:00, +14:00, Africa/Abidjan, Europe/Saratov. */
    private static final long[] ZONES = {0, 1, 541, 900, 1680, 1681, 2228};

    /** Value number i of a field, NULL now and then; the same in every process. */
    static Object value(Field field, int i) {
        if (field.isNullable() && i % 7 == 3) {
            return null;
        }
        switch (field.getType().getTypeID()) {
            case List: {
                List<Object> items = new ArrayList<>();
                for (int k = 0; k < i % 4; k++) {
                    items.add(value(field.getChildren().get(0), i + k));
                }
                return items;
            }
            case Struct: {
                Map<String, Object> members = new LinkedHashMap<>();
                for (Field child : field.getChildren()) {
                    members.put(child.getName(), value(child, i + members.size()));
                }
                return members;
            }
            case Map: {
                Field entries = field.getChildren().get(0);
                Map<Object, Object> pairs = new LinkedHashMap<>();
                for (int k = 0; k < i % 3; k++) {
                    pairs.put(value(entries.getChildren().get(0), i + k), value(entries.getChildren().get(1), i + k));
                }
                return pairs;
            }
            default:
                return scalar(field.getType(), i);
        }
    }

    /** Never NULL. The first values of each type are its edges. */
    static Object scalar(ArrowType type, int i) {
        switch (type.getTypeID()) {
            case Bool:
                return i % 2 == 0;
            case Int:
                switch (((ArrowType.Int) type).getBitWidth()) {
                    case 8:
                        return i == 0 ? Byte.MIN_VALUE : i == 1 ? Byte.MAX_VALUE : (byte) (i * 3 - 50);
                    case 16:
                        return i == 0 ? Short.MIN_VALUE : i == 1 ? Short.MAX_VALUE : (short) (i * 101 - 5000);
                    case 32:
                        return i == 0 ? Integer.MIN_VALUE : i == 1 ? Integer.MAX_VALUE : i * 1009 - 4000;
                    default:
                        return i == 0 ? Long.MIN_VALUE : i == 1 ? Long.MAX_VALUE : i * 10_000_000_019L - 40_000_000_000L;
                }
            case FloatingPoint: {
                double[] edges = {0.0, -0.0, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1.5, -1e-10};
                double v = i < edges.length ? edges[i] : i * 0.37 - 8;
                if (type.equals(FLOAT4)) {
                    return i == edges.length ? Float.MIN_VALUE : (float) v;
                }
                return i == edges.length ? Double.MIN_VALUE : v;
            }
            case Decimal: {
                ArrowType.Decimal d = (ArrowType.Decimal) type;
                BigInteger limit = BigInteger.TEN.pow(d.getPrecision()).subtract(BigInteger.ONE);
                BigInteger unscaled = i == 0 ? limit : i == 1 ? limit.negate() : BigInteger.valueOf(i * 7919L - 30000);
                return new BigDecimal(unscaled, d.getScale());
            }
            case Utf8:
                return i < TEXTS.length ? TEXTS[i] : "text-" + i;
            case Binary: {
                byte[] bytes = new byte[i % 6];
                for (int k = 0; k < bytes.length; k++) {
                    bytes[k] = (byte) (i * 31 + k * 127);
                }
                return bytes;
            }
            case Date:
                if (((ArrowType.Date) type).getUnit() == DateUnit.DAY) {
                    return i == 0 ? -719162 : i * 731 - 3000;
                }
                return i == 0 ? -62135596800000L : i * 86_399_123L - 1_000_000_000L;
            case Timestamp: {
                long millis = i == 0 ? -1 : i * 3_600_123L - 20_000_000L;
                return (millis << 12) | ZONES[i % ZONES.length];
            }
            default:
                throw new IllegalArgumentException("no values of " + type);
        }
    }

    /** The SDK's order; it compares date-times where the setters take milliseconds. */
    static int compare(ArrowType type, Object a, Object b) {
        return type.equals(DATEMILLI) ? Long.compare((Long) a, (Long) b) : ArrowTypeComparator.compare(type, a, b);
    }

    /** From a small domain, so that two draws are often equal. Never NULL. */
    static Object random(ArrowType type, Random random) {
        int i = random.nextInt(12);
        if (type.getTypeID() == ArrowType.ArrowTypeID.Timestamp) {
            long millis = random.nextInt(5) - 2;
            return (millis << 12) | ZONES[random.nextInt(ZONES.length)];
        }
        if (type.getTypeID() == ArrowType.ArrowTypeID.Binary) {
            byte[] bytes = new byte[random.nextInt(3)];
            for (int k = 0; k < bytes.length; k++) {
                bytes[k] = new byte[] {0, 1, 0x7f, (byte) 0x80, (byte) 0xff}[random.nextInt(5)];
            }
            return bytes;
        }
        return scalar(type, i);
    }
}
