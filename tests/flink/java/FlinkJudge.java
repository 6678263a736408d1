// SPDX-License-Identifier: Apache-2.0
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.catalog.Column;

/**
 * FlinkJudge FILE...: runs the CREATE TABLE statements of each file in a session of its own and plans a SELECT over each table (or an INSERT), which is what makes Flink look at
 * the options. Prints, for each statement, a line "table NAME" and one line a column, or a line "error MESSAGE"; a line "--" after each file.
 */
public final class FlinkJudge {
  private static final Pattern NAME = Pattern.compile("(?is)^create\\s+(?:temporary\\s+)?table\\s+(?:if\\s+not\\s+exists\\s+)?((?:`(?:[^`]|``)*`|[\\w.])+)");

  private FlinkJudge() {}

  public static void main(String[] files) throws Exception {
    for (String file : files) {
      TableEnvironment flink = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
      for (String statement : statements(Path.of(file))) {
        judge(flink, statement);
      }
      System.out.println("--");
    }
  }

  private static void judge(TableEnvironment flink, String statement) {
    try {
      flink.executeSql(statement);
      Matcher matcher = NAME.matcher(statement);
      if (!matcher.find()) {
        throw new IllegalArgumentException("no name in " + statement);
      }
      String name = matcher.group(1);
      List<Column> columns = flink.from(name).getResolvedSchema().getColumns();
      plan(flink, name, columns);
      System.out.println("table " + name);
      for (Column column : columns) {
        System.out.println(describe(column));
      }
    } catch (Exception e) {
      Throwable cause = e;
      while (cause.getCause() != null) {
        cause = cause.getCause();
      }
      System.out.println("error " + String.valueOf(cause.getMessage()).replaceAll("\\s+", " "));
    }
  }

  /** A reading of the table, or a writing where the source refuses options that are the sink's. */
  private static void plan(TableEnvironment flink, String name, List<Column> columns) {
    try {
      flink.explainSql("SELECT * FROM " + name);
    } catch (ValidationException e) {
      List<String> nulls = new ArrayList<>();
      for (Column column : columns) {
        nulls.add("CAST(NULL AS " + column.getDataType().getLogicalType().copy(true).asSerializableString() + ")");
      }
      try {
        flink.explainSql("INSERT INTO " + name + " SELECT " + String.join(", ", nulls));
      } catch (ValidationException neither) {
        throw e;
      }
    }
  }

  private static String describe(Column column) {
    String kind = column.getClass().getSimpleName().replace("Column", "").toLowerCase(java.util.Locale.ROOT);
    if (column instanceof Column.ComputedColumn) {
      return "  " + kind + " " + column.getName();
    }
    String line = "  " + kind + " " + column.getName() + " " + column.getDataType().getLogicalType().asSerializableString();
    if (column instanceof Column.MetadataColumn) {
      Column.MetadataColumn metadata = (Column.MetadataColumn) column;
      line += " key " + metadata.getMetadataKey().orElse(column.getName()) + (metadata.isVirtual() ? " virtual" : "");
    }
    return line;
  }

  /** What ";" at the end of a line ends; lines that are comments alone are left out. */
  private static List<String> statements(Path file) throws java.io.IOException {
    List<String> statements = new ArrayList<>();
    StringBuilder statement = new StringBuilder();
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith("--") || (line.isEmpty() && statement.length() == 0)) {
        continue;
      }
      statement.append(line).append('\n');
      if (line.endsWith(";")) {
        statement.setLength(statement.length() - 2);
        statements.add(statement.toString());
        statement.setLength(0);
      }
    }
    return statements;
  }
}
