// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>

#include "connector/memory/memory_connector.h"
#include "lotic/table_writer.h"
#include "sql/engine.h"

// CREATE TABLE … WITH, and INSERT through a TableSink: over the memory connector, so that what was written is read back.

namespace lotic::sql {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

/// What a writer does instead of finishing well.
struct WriterScript {
  std::function<Status(int64_t rows_before)> on_write;  // an error: Write fails
  std::function<void(WriteReceipt*)> on_finish;
  std::function<void()> on_abandon;
};

class ScriptedWriter final : public TableWriter {
 public:
  ScriptedWriter(std::unique_ptr<TableWriter> inner, WriterScript script) : inner_(std::move(inner)), script_(std::move(script)) {}
  Status Write(const CallContext& ctx, const Batch& rows) override {
    if (script_.on_write) LOTIC_RETURN_NOT_OK(script_.on_write(rows_));
    rows_ += rows.num_rows();
    return inner_->Write(ctx, rows);
  }
  Result<WriteReceipt> Finish(const CallContext& ctx) override {
    LOTIC_ASSIGN_OR_RETURN(WriteReceipt receipt, inner_->Finish(ctx));
    if (script_.on_finish) script_.on_finish(&receipt);
    return receipt;
  }
  WriteReceipt Abandon() override {
    if (script_.on_abandon) script_.on_abandon();
    return inner_->Abandon();
  }

 private:
  const std::unique_ptr<TableWriter> inner_;
  const WriterScript script_;
  int64_t rows_ = 0;
};

/// Reads as memory does and says that one split's end was assumed.
class StalledReader final : public Reader {
 public:
  explicit StalledReader(std::unique_ptr<Reader> inner) : inner_(std::move(inner)) {}
  Result<ReadBatch> Next(const CallContext& ctx) override { return inner_->Next(ctx); }
  Result<uint32_t> Add(SplitStart start) override { return inner_->Add(std::move(start)); }
  Result<SplitStart> Release(uint32_t split) override { return inner_->Release(split); }
  SplitCertificate Certificate(uint32_t split) const override {
    SplitCertificate certificate = inner_->Certificate(split);
    certificate.complete = false;
    certificate.reason = EndReason::kStalled;
    return certificate;
  }
  ReaderProgress Progress() const override { return inner_->Progress(); }
  void Wake() override { inner_->Wake(); }
  Status Close(const CallContext& ctx) override { return inner_->Close(ctx); }

 private:
  const std::unique_ptr<Reader> inner_;
};

/// A memory table that writes as the script says and shows some columns as read-only.
class ScriptedTable final : public Connector, public TableSink {
 public:
  ScriptedTable(std::shared_ptr<memory::MemoryStore> store, WriterScript script, std::set<std::string> read_only, const std::atomic<bool>& stalls)
      : store_(std::move(store)), inner_(store_->connector()), script_(std::move(script)), read_only_(std::move(read_only)), stalls_(stalls) {}
  std::string type_name() const override { return "memory"; }
  Result<std::vector<std::string>> ListSchemas(const CallContext& ctx) override { return inner_->ListSchemas(ctx); }
  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override {
    return inner_->ListTables(ctx, schema, page);
  }
  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override { return inner_->GetTable(ctx, name); }
  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override { return inner_->Prepare(ctx, request); }
  Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    return inner_->Splits(ctx, request, partitions, page);
  }
  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override {
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<Reader> reader, inner_->Open(ctx, request, splits));
    if (!stalls_) return reader;
    return std::unique_ptr<Reader>(std::make_unique<StalledReader>(std::move(reader)));
  }
  Result<Schema> WritableColumns(const CallContext& ctx, const TableName& table) override {
    LOTIC_ASSIGN_OR_RETURN(const Schema all, Sink().WritableColumns(ctx, table));
    Schema some;
    for (const Field& field : all.fields) {
      if (read_only_.count(field.name) == 0) some.fields.push_back(field);
    }
    return some;
  }
  Result<std::unique_ptr<TableWriter>> OpenWriter(const CallContext& ctx, const WriteRequest& request) override {
    LOTIC_ASSIGN_OR_RETURN(auto writer, Sink().OpenWriter(ctx, request));
    return std::unique_ptr<TableWriter>(std::make_unique<ScriptedWriter>(std::move(writer), script_));
  }

 private:
  TableSink& Sink() { return dynamic_cast<TableSink&>(*inner_); }
  const std::shared_ptr<memory::MemoryStore> store_;
  const std::shared_ptr<Connector> inner_;
  const WriterScript script_;
  const std::set<std::string> read_only_;
  const std::atomic<bool>& stalls_;
};

struct Answer {
  std::vector<std::string> rows;
  Status status;
};

class DeclaredTableTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ::setenv("LOTIC_SQL_LIBRARY", LOTIC_SQL_FILE, 0); }

  void SetUp() override {
    EngineOptions options;
    options.threads = 2;
    options.warn = [this](const std::string& sentence) { warnings_.push_back(sentence); };
    options.define_table = [this](const TableDefinition& definition) { return Define(definition); };
    engine_ = OpenEngine(std::move(options)).ValueOrDie();
  }

  Result<DefinedTable> Define(const TableDefinition& definition) {
    definitions_.push_back(definition);
    for (const auto& [key, value] : definition.options) {
      if (key != "connector" && key != "tag") return Status::Invalid("unknown option '", key, "'");
      if (key == "connector" && value != "memory") return Status::NotFound("no connector '", value, "'");
    }
    memory::MemoryTable table{definition.name, {}, {{}}};
    std::set<std::string> read_only;
    for (const ColumnDefinition& column : definition.columns) {
      if (column.kind == ColumnDefinition::Kind::kComputed) continue;
      Field field{column.name, column.type};
      if (column.not_null) field.metadata[kNotNullMetadata] = "true";
      if (column.kind == ColumnDefinition::Kind::kMetadata && column.read_only) read_only.insert(column.name);
      table.schema.fields.push_back(field);
    }
    auto& store = stores_[definition.name.table];
    if (store == nullptr) {
      store = memory::MemoryStore::Make();
      LOTIC_RETURN_NOT_OK(store->AddTable(std::move(table)));
    }
    DefinedTable defined;
    defined.connector = std::make_shared<ScriptedTable>(store, script_, std::move(read_only), stalls_);
    defined.table = definition.name;
    defined.warnings = {"a warning of the connector"};
    return defined;
  }

  Answer Ask(const std::string& sql, const CallContext& ctx = {}) {
    Answer answer;
    Result<std::unique_ptr<QueryResult>> result = engine_->Execute(ctx, sql);
    if (!result.ok()) return {{}, result.status()};
    for (;;) {
      Result<TextChunk> chunk = (*result)->Next(ctx, CellForm::kText);
      if (!chunk.ok()) answer.status = chunk.status();
      if (!chunk.ok() || chunk->num_rows == 0) break;
      for (size_t r = 0; r < chunk->num_rows; ++r) {
        std::string row;
        for (const auto& column : chunk->cells) row += (row.empty() ? "" : "|") + column[r].value_or("NULL");
        answer.rows.push_back(row);
      }
    }
    return answer;
  }
  void Must(const std::string& sql) {
    const Answer answer = Ask(sql);
    ASSERT_TRUE(answer.status.ok()) << sql << ": " << answer.status;
  }
  std::string Error(const std::string& sql) { return Ask(sql).status.ToString(); }

  std::vector<std::string> warnings_;
  std::vector<TableDefinition> definitions_;
  std::map<std::string, std::shared_ptr<memory::MemoryStore>> stores_;
  WriterScript script_;
  std::atomic<bool> stalls_{false};
  std::unique_ptr<Engine> engine_;
};

constexpr const char* kClicks = "CREATE TABLE clicks (user_id STRING NOT NULL, n INT, ts TIMESTAMP(3)) WITH ('connector' = 'memory')";

TEST_F(DeclaredTableTest, ATableIsDeclaredFoundDescribedShownAndDropped) {
  Must(kClicks);
  EXPECT_THAT(warnings_, Contains("clicks: a warning of the connector"));
  EXPECT_THAT(Ask("SELECT count(*) FROM clicks").rows, ElementsAre("0"));
  EXPECT_THAT(Ask("SELECT count(*) FROM `clicks`").rows, ElementsAre("0"));
  EXPECT_THAT(Ask("SELECT count(*) FROM default_catalog.default_database.clicks").rows, ElementsAre("0"));
  EXPECT_THAT(Ask("SELECT name FROM (SHOW TABLES)").rows, ElementsAre("clicks"));
  const std::vector<std::string> described = Ask("DESCRIBE clicks").rows;
  ASSERT_EQ(described.size(), 3U);
  EXPECT_THAT(described[0], testing::StartsWith("user_id|VARCHAR"));
  EXPECT_THAT(described[2], testing::StartsWith("ts|TIMESTAMP_MS"));

  const std::vector<std::string> shown = Ask("SHOW CREATE TABLE clicks").rows;
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_THAT(Error("SHOW CREATE TABLE click"), HasSubstr("did you mean \"clicks\"?"));
  EXPECT_THAT(Error(kClicks), HasSubstr("table \"clicks\" exists"));
  Must("CREATE TABLE IF NOT EXISTS clicks (other INT) WITH ('connector' = 'memory')");
  Must("DROP TABLE clicks");
  EXPECT_THAT(Error("SELECT * FROM clicks"), HasSubstr("table \"clicks\" does not exist"));
  EXPECT_THAT(Error("DROP TABLE clicks"), HasSubstr("no table \"clicks\" was declared"));
  Must("DROP TABLE IF EXISTS clicks");

  Must(shown[0]);
  EXPECT_EQ(Ask("DESCRIBE clicks").rows, described);
  EXPECT_EQ(Ask("SHOW CREATE TABLE `clicks`;").rows, shown);
}

TEST_F(DeclaredTableTest, DropTableFindsTheSessionsOwnTablesWhereverTheyAre) {
  Must("CREATE TEMP TABLE mine (a INTEGER)");
  Must("DROP TABLE IF EXISTS mine");
  EXPECT_THAT(Error("SELECT * FROM mine"), HasSubstr("mine")) << "it is gone";
  Must("CREATE SCHEMA s");
  Must("SET schema = 's'");
  Must("CREATE TABLE q (a INTEGER)");
  Must("DROP TABLE q");
  EXPECT_THAT(Error("SELECT * FROM q"), HasSubstr("q"));
}

TEST_F(DeclaredTableTest, APreparedInsertIsRefusedInATransaction) {
  Must(kClicks);
  Must("PREPARE one AS INSERT INTO clicks (user_id) SELECT 'a'");
  Must("BEGIN");
  EXPECT_THAT(Error("EXECUTE one"), HasSubstr("cannot be rolled back"));
  Must("ROLLBACK");
  EXPECT_THAT(Ask("SELECT count(*) FROM clicks").rows, ElementsAre("0"));
}

TEST_F(DeclaredTableTest, AComputedColumnCannotMeanTwoColumns) {
  EXPECT_THAT(Error("CREATE TABLE k (a INT, A INT, x AS A + 1) WITH ('connector' = 'memory')"), HasSubstr("differ in case only"));
}

TEST_F(DeclaredTableTest, ComputedColumnsAreEvaluatedByTheEngine) {
  Must(
      "CREATE TABLE gates (`gate id` STRING, passengers INT, crowd AS passengers > 20, `twice` AS `passengers` * 2 COMMENT 'x', ts TIMESTAMP(3), "
      "late AS ts + INTERVAL '5' SECOND, WATERMARK FOR ts AS ts - INTERVAL '1' SECOND) WITH ('connector' = 'memory')");
  EXPECT_THAT(warnings_, Contains("gates: the WATERMARK is kept and has no effect on queries"));
  EXPECT_THAT(Ask("INSERT INTO gates VALUES ('a', 10, TIMESTAMP '2026-08-01 00:00:00'), ('b', 21, NULL)").rows, ElementsAre("2"));
  EXPECT_THAT(Ask("SELECT * FROM gates ORDER BY ALL").rows, ElementsAre("a|10|false|20|2026-08-01 00:00:00|2026-08-01 00:00:05", "b|21|true|42|NULL|NULL"));
  EXPECT_THAT(Ask("SELECT `gate id` FROM gates WHERE crowd").rows, ElementsAre("b"));
  EXPECT_THAT(Ask("SELECT count(*) FROM gates WHERE twice = 20").rows, ElementsAre("1"));
  const std::vector<std::string> described = Ask("DESCRIBE gates").rows;
  ASSERT_EQ(described.size(), 6U);
  EXPECT_THAT(described[2], testing::StartsWith("crowd|BOOLEAN"));
  EXPECT_THAT(described[3], testing::StartsWith("twice|INTEGER"));
  EXPECT_THAT(Error("INSERT INTO gates (crowd) VALUES (true)"), HasSubstr("crowd"));
  EXPECT_THAT(Ask("SELECT name FROM (SHOW TABLES)").rows, ElementsAre("gates"));  // the entry has been described by now
  EXPECT_THAT(Ask("SELECT column_name FROM information_schema.columns WHERE table_name = 'gates' AND data_type = 'BOOLEAN'").rows, ElementsAre("crowd"));
  EXPECT_THAT(Ask("SELECT sql FROM duckdb_tables() WHERE table_name = 'gates'").rows, ElementsAre(HasSubstr("crowd")));

  EXPECT_THAT(Error("CREATE TABLE bad (a INT, b AS nothing + 1) WITH ('connector' = 'memory')"),
              AllOf(HasSubstr("computed column \"b\""), HasSubstr("nothing")));
  EXPECT_THAT(Error("CREATE TABLE bad (a INT, b AS count(*)) WITH ('connector' = 'memory')"), HasSubstr("computed column \"b\""));
  EXPECT_THAT(Error("CREATE TABLE bad (a INT, b AS row_number() OVER ()) WITH ('connector' = 'memory')"),
              HasSubstr("computed column \"b\" must be a value of its own row"));
  EXPECT_THAT(Error("CREATE TABLE bad (a INT, b AS unnest([a, a])) WITH ('connector' = 'memory')"),
              HasSubstr("computed column \"b\" must be a value of its own row"));
  EXPECT_THAT(Error("CREATE TABLE bad (a INT, b AS a, c AS b) WITH ('connector' = 'memory')"), HasSubstr("computed column \"c\""));
}

TEST_F(DeclaredTableTest, ComputedColumnsMayHaveAnyType) {
  Must(
      "CREATE TABLE t (a DECIMAL(10, 2), b AS a * 2, l AS [a, a], s AS {'x y': a, 'z': [a]}, m AS MAP {'k': a}, i AS INTERVAL '1' DAY, z AS TIMESTAMPTZ "
      "'2026-08-01 00:00:00Z') "
      "WITH ('connector' = 'memory')");
  EXPECT_THAT(Ask("INSERT INTO t VALUES (1.25)").rows, ElementsAre("1"));
  const std::vector<std::string> described = Ask("DESCRIBE t").rows;
  ASSERT_EQ(described.size(), 7U);
  EXPECT_THAT(described[1], testing::StartsWith("b|DECIMAL("));
  EXPECT_THAT(described[2], testing::StartsWith("l|DECIMAL(10,2)[]"));
  EXPECT_THAT(described[3], testing::StartsWith("s|STRUCT(\"x y\" DECIMAL(10,2), z DECIMAL(10,2)[])"));
  EXPECT_THAT(described[4], testing::StartsWith("m|MAP(VARCHAR, DECIMAL(10,2))"));
  EXPECT_THAT(described[6], testing::StartsWith("z|TIMESTAMP WITH TIME ZONE"));
  EXPECT_THAT(Ask("SELECT b, l FROM t").rows, ElementsAre("2.50|[1.25, 1.25]"));
}

TEST_F(DeclaredTableTest, ComputedColumnsHaveFlinksFunctionsOfTime) {
  Must(
      "CREATE TABLE t (k INT, s STRING, ms BIGINT, d DOUBLE, seen AS PROCTIME ( ), a AS TO_TIMESTAMP(s), b AS to_timestamp(`s`, "
      "'yyyy-MM-dd''T''HH:mm:ss.SSS'), "
      "l3 AS TO_TIMESTAMP_LTZ(ms, 3), l0 AS TO_TIMESTAMP_LTZ /* s */ (ms // 1000, 0), ld AS TO_TIMESTAMP_LTZ(d, 0), x AS 'PROCTIME()', late AS TO_TIMESTAMP(s) "
      "- INTERVAL '5' SECOND, "
      "dec AS TO_TIMESTAMP_LTZ(CAST(1.9 AS DECIMAL(3, 1)), 0), WATERMARK FOR a AS a - INTERVAL '1' SECOND) WITH ('connector' = 'memory')");
  const std::vector<std::string> shown = Ask("SHOW CREATE TABLE t").rows;
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_THAT(shown[0], AllOf(HasSubstr("PROCTIME ( )"), HasSubstr("to_timestamp(`s`, 'yyyy-MM-dd''T''HH:mm:ss.SSS')"), testing::Not(HasSubstr("flink_"))));
  EXPECT_THAT(Ask("SELECT column_type FROM (DESCRIBE t) WHERE column_name IN ('seen', 'a', 'b', 'l3', 'l0')").rows,
              ElementsAre("TIMESTAMP WITH TIME ZONE", "TIMESTAMP_MS", "TIMESTAMP_MS", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE"));
  Must(
      "INSERT INTO t VALUES (1, '2026-08-01 01:02:03', 1700000000123, 1.5), (2, '2026-08-01T01:02:03.456', -1000, -0.5), (3, 'soon', 253402300800000, 1e300), "
      "(4, NULL, NULL, NULL)");
  EXPECT_THAT(
      Ask("SELECT a, b, l3, l0, ld, late FROM t ORDER BY k").rows,
      ElementsAre("2026-08-01 01:02:03|2026-08-01 01:02:03|2023-11-14 22:13:20.123+00|2023-11-14 22:13:20+00|1970-01-01 00:00:01.5+00|2026-08-01 01:01:58",
                  "NULL|2026-08-01 01:02:03.456|1969-12-31 23:59:59+00|1969-12-31 23:59:59+00|1969-12-31 23:59:59.5+00|NULL", "NULL|NULL|NULL|NULL|NULL|NULL",
                  "NULL|NULL|NULL|NULL|NULL|NULL"));
  EXPECT_THAT(Ask("SELECT count(DISTINCT seen), bool_and(seen = date_trunc('milliseconds', now())), bool_and(x = 'PROCTIME()'), min(dec) FROM t").rows,
              ElementsAre("1|true|true|1970-01-01 00:00:01+00"));
  EXPECT_THAT(Ask("SELECT k FROM t WHERE a > TIMESTAMP '2026-01-01 00:00:00'").rows, ElementsAre("1"));
  EXPECT_THAT(Ask("SELECT to_timestamp(3)").rows, ElementsAre("1970-01-01 00:00:03+00"));  // DuckDB's own
  EXPECT_THAT(Error("SELECT PROCTIME()"), HasSubstr("proctime"));

  const auto refused = [&](const std::string& expression) {
    return Error("CREATE TABLE bad (s STRING, n BIGINT, c AS " + expression + ") WITH ('connector' = 'memory')");
  };
  EXPECT_THAT(refused("TO_TIMESTAMP_LTZ(n, 6)"), AllOf(HasSubstr("computed column \"c\""), HasSubstr("must be 0 (seconds) or 3 (milliseconds), not 6")));
  EXPECT_THAT(refused("TO_TIMESTAMP_LTZ(n, CAST(n AS INT))"), HasSubstr("stands in the expression"));
  EXPECT_THAT(refused("TO_TIMESTAMP_LTZ(s, 3)"), HasSubstr("takes a number"));
  EXPECT_THAT(refused("TO_TIMESTAMP_LTZ(n)"), HasSubstr("flink_to_timestamp_ltz"));
  EXPECT_THAT(refused("TO_TIMESTAMP(n)"), HasSubstr("flink_to_timestamp"));
  EXPECT_THAT(refused("TO_TIMESTAMP(s, s)"), HasSubstr("the pattern must be a text"));
  EXPECT_THAT(refused("TO_TIMESTAMP(s, 'hh:mm a')"), HasSubstr("the letter 'h'"));
  EXPECT_THAT(refused("TO_TIMESTAMP(s, 'MMM d')"), HasSubstr("\"MMM\""));
  EXPECT_THAT(refused("TO_TIMESTAMP(s, 'yyyy[-MM]')"), HasSubstr("'['"));
  EXPECT_THAT(refused("TO_TIMESTAMP(s, '''T')"), HasSubstr("a quote that nothing ends"));
  EXPECT_THAT(refused("PROCTIME(1)"), HasSubstr("proctime does not exist"));
}

TEST_F(DeclaredTableTest, TimestampsAreReadAsFlinkReadsThem) {
  const struct {
    const char* call;
    const char* time;
  } cases[] = {
      {"('2026-8-1 1:2:3')", "2026-08-01 01:02:03"},
      {"('2026-08-01')", "2026-08-01 00:00:00"},
      {"('2026-08-01 01:02:03.1239')", "2026-08-01 01:02:03.123"},
      {"('2026-02-30 01:02:03')", "2026-02-28 01:02:03"},
      {"('2026-02-28 24:00:00')", "2026-03-01 00:00:00"},
      {"('2026-08-01 24:00:01')", "NULL"},
      {"('2026-08-01 01:02')", "NULL"},
      {"('2026-13-01 01:02:03')", "NULL"},
      {"(' 2026-08-01 01:02:03')", "NULL"},
      {"('2026-08-01 01:02:03Z')", "NULL"},
      {"('')", "NULL"},
      {"('20260801010203456', 'yyyyMMddHHmmssSSS')", "2026-08-01 01:02:03.456"},
      {"('01082026', 'ddMMyyyy')", "2026-08-01 00:00:00"},
      {"('1082026', 'dMMyyyy')", "NULL"},
      {"('907', 'Hmm')", "1970-01-01 09:07:00"},
      {"('12026-08-01', 'yyyy-MM-dd')", "NULL"},
      {"('01/08/26 7', 'dd/MM/yy H')", "2026-08-01 07:00:00"},
      {"('07:08', 'HH:mm')", "1970-01-01 07:08:00"},
      {"('2026-08', 'yyyy-MM')", "2026-08-01 00:00:00"},
      {"('2026-02-31', 'yyyy-MM-dd')", "2026-02-28 00:00:00"},
      {"('2026-8-1 1:2:3.5', 'yyyy-MM-dd HH:mm:ss')", "2026-08-01 01:02:03.5"},
      {"(' 2026-2-30 25:61:00 ', 'yyyy/MM/dd')", "2026-03-03 02:01:00"},
      {"('2026-8-1', 'yyyyMMdd')", "2026-08-01 00:00:00"},
      {"('2026-08-01 1:2', 'yyyy-MM-dd HH:mm')", "NULL"},
      {"('202608', 'yyyyMMdd')", "NULL"},
      {"('9', 'H''h''')", "NULL"},
      {"('9h ''', 'H''h'' ''''')", "1970-01-01 09:00:00"},
  };
  std::string columns;
  for (size_t i = 0; i < std::size(cases); ++i) columns += ", c" + std::to_string(i) + " AS TO_TIMESTAMP" + cases[i].call;
  Must("CREATE TABLE t (k INT" + columns + ") WITH ('connector' = 'memory')");
  Must("INSERT INTO t VALUES (1)");
  for (size_t i = 0; i < std::size(cases); ++i) EXPECT_THAT(Ask("SELECT c" + std::to_string(i) + " FROM t").rows, ElementsAre(cases[i].time)) << cases[i].call;
}

TEST_F(DeclaredTableTest, RowsInsertedAreReadBack) {
  Must(kClicks);
  EXPECT_THAT(Ask("INSERT INTO clicks SELECT 'u' || (i % 3), CAST(i AS INTEGER), NULL FROM range(5000) r(i)").rows, ElementsAre("5000"));
  EXPECT_THAT(Ask("INSERT INTO `clicks` (n, user_id) VALUES (-1, 'z')").rows, ElementsAre("1"));
  EXPECT_THAT(Ask("SELECT count(*), sum(n), count(DISTINCT user_id) FROM clicks").rows, ElementsAre("5001|12497499|4"));
  EXPECT_THAT(Ask("INSERT INTO clicks PARTITION (user_id = 'p') SELECT n, ts FROM clicks WHERE n < 2 ORDER BY n").rows, ElementsAre("3"));
  EXPECT_THAT(Ask("SELECT user_id, n FROM clicks WHERE user_id = 'p' ORDER BY n").rows, ElementsAre("p|-1", "p|0", "p|1"));
  EXPECT_THAT(Ask("INSERT INTO clicks BY NAME SELECT 7 AS n, 'named' AS user_id").rows, ElementsAre("1"));
  EXPECT_THAT(Ask("INSERT INTO clicks SELECT * FROM clicks WHERE false").rows, ElementsAre("0"));
}

TEST_F(DeclaredTableTest, EveryTypeIsWrittenAndReadBack) {
  Must(
      "CREATE TABLE every (b BOOLEAN, i8 TINYINT, i16 SMALLINT, i32 INT, i64 BIGINT, f FLOAT, d DOUBLE, small DECIMAL(4, 1), mid DECIMAL(12, 3), big "
      "DECIMAL(38, 2), s STRING, y BYTES, "
      "dt DATE, t TIME(3), t0 TIMESTAMP(0), t3 TIMESTAMP(3), t6 TIMESTAMP(6), t9 TIMESTAMP(9), z TIMESTAMP_LTZ(3), l ARRAY<INT>, m MAP<STRING, INT>, r ROW<a "
      "INT, b ARRAY<STRING>>) "
      "WITH ('connector' = 'memory')");
  const std::string values =
      "SELECT true, -8::TINYINT, -16::SMALLINT, 32::INTEGER, 64::BIGINT, 1.5::FLOAT, 2.5::DOUBLE, 1.5::DECIMAL(4, 1), -7.125::DECIMAL(12, 3), "
      "9.25::DECIMAL(38, 2), 'täxt', '\\x00ab'::BLOB, "
      "DATE '2026-01-02', TIME '01:02:03.004', TIMESTAMP_S '2026-01-02 03:04:05', TIMESTAMP_MS '2026-01-02 03:04:05.678', TIMESTAMP '2026-01-02 "
      "03:04:05.678901', "
      "TIMESTAMP_NS '2026-01-02 03:04:05.678901234', TIMESTAMPTZ '2026-01-02 03:04:05.678+00', [1, NULL]::INTEGER[], MAP {'k': 1::INTEGER}, {'a': 1::INTEGER, "
      "'b': ['x', NULL]}";
  EXPECT_THAT(Ask("INSERT INTO every " + values).rows, ElementsAre("1")) << Error("INSERT INTO every " + values);
  EXPECT_EQ(Ask("SELECT * FROM every").rows, Ask(values).rows);
  Must("INSERT INTO every (i32) SELECT NULL FROM range(3)");
  EXPECT_THAT(Ask("SELECT count(*), count(COLUMNS(*)) FROM every").rows.at(0), testing::StartsWith("4|1|1|1|1|1"));
  EXPECT_THAT(Error("INSERT INTO every (z) SELECT TIMESTAMPTZ '2026-01-02 03:04:05.678901+00'"), HasSubstr("date_trunc('milliseconds', …)"));
  EXPECT_THAT(Error("INSERT INTO every (dt) SELECT 'infinity'::DATE"), HasSubstr("infinite"));
}

TEST_F(DeclaredTableTest, OnlyLosslessCastsAreImplicit) {
  Must("CREATE TABLE t (i SMALLINT, d DOUBLE, e DECIMAL(6, 2), s STRING, t3 TIMESTAMP(3), dt DATE) WITH ('connector' = 'memory')");
  const char* const refused[] = {
      "INSERT INTO t (i) SELECT i::INTEGER FROM range(1) r(i)",
      "INSERT INTO t (i) SELECT i FROM range(3) r(i)",
      "INSERT INTO t (i) VALUES (1.5)",
      "INSERT INTO t (i) VALUES (40000)",
      "INSERT INTO t (i) VALUES ('1')",
      "INSERT INTO t (s) VALUES (1)",
      "INSERT INTO t (d) SELECT 1::BIGINT + i FROM range(1) r(i)",
      "INSERT INTO t (e) VALUES (1.234)",
      "INSERT INTO t (t3) SELECT now()::TIMESTAMP",
      "INSERT INTO t (dt) VALUES ('2026-01-01')",
      "INSERT INTO t (i) VALUES (1), (70000)",
      "INSERT INTO t (dt) SELECT TIMESTAMP '2026-01-01 10:00:00'",
      "INSERT INTO t (t3) SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00'",
  };
  for (const char* const sql : refused)
    EXPECT_THAT(Error(sql), AllOf(testing::StartsWith("Invalid: INSERT INTO t: column \""), HasSubstr("write CAST(… AS "))) << sql;
  const char* const taken[] = {"INSERT INTO t (i) VALUES (1), (-32768), (NULL)",
                               "INSERT INTO t (d) VALUES (1), (1.5)",
                               "INSERT INTO t (e) VALUES (1), (1.5), (1234.25)",
                               "INSERT INTO t (t3) VALUES (TIMESTAMP '2026-01-01 00:00:00.125')",
                               "INSERT INTO t (t3) SELECT DATE '2026-01-01'",
                               "INSERT INTO t (d) SELECT i::INTEGER FROM range(3) r(i)",
                               "INSERT INTO t (i) SELECT CAST(i AS SMALLINT) FROM range(3) r(i)"};
  for (const char* const sql : taken) EXPECT_EQ(Error(sql), "OK") << sql;
}

TEST_F(DeclaredTableTest, AnInsertThatCannotBeMadeIsRefusedBeforeItRuns) {
  Must("CREATE TABLE t (k STRING NOT NULL, n INT, v TIMESTAMP(3) METADATA FROM 'timestamp' VIRTUAL) WITH ('connector' = 'memory')");
  EXPECT_THAT(Error("INSERT INTO t (n) VALUES (1)"), HasSubstr("column \"k\" is NOT NULL and must be among those written"));
  EXPECT_THAT(Error("INSERT INTO t (k, v) VALUES ('a', NULL)"), HasSubstr("v"));
  EXPECT_THAT(Error("INSERT INTO t VALUES ('a', 1, NULL)"), HasSubstr("3 values"));
  EXPECT_THAT(Error("INSERT INTO t PARTITION (k = 'a') (k, n) VALUES ('b', 1)"), HasSubstr("is in PARTITION and in the list of columns"));
  EXPECT_THAT(Error("INSERT INTO t PARTITION (k = 'a') BY NAME SELECT 1 AS n"), HasSubstr("BY NAME together with PARTITION"));
  EXPECT_THAT(Error("INSERT INTO t PARTITION (nothing = 'a') VALUES (1)"), HasSubstr("nothing"));
  EXPECT_THAT(Error("INSERT INTO t DEFAULT VALUES"), HasSubstr("DEFAULT VALUES"));
  EXPECT_THAT(Error("INSERT INTO t VALUES ('a', 1) RETURNING k"), HasSubstr("RETURNING"));
  EXPECT_THAT(Error("INSERT OVERWRITE t VALUES ('a', 1)"), HasSubstr("INSERT OVERWRITE"));
  EXPECT_THAT(Error("INSERT INTO t VALUES (NULL, 1)"), AllOf(HasSubstr("row 1: column \"k\" is NOT NULL"), HasSubstr("0 rows acknowledged")));
  Must("BEGIN");
  EXPECT_THAT(Error("INSERT INTO t VALUES ('a', 1)"), HasSubstr("cannot be rolled back"));
  Must("ROLLBACK");
  EXPECT_THAT(Error("DELETE FROM t"), HasSubstr("DELETE"));
  EXPECT_THAT(Error("UPDATE t SET n = 1"), HasSubstr("UPDATE"));
  EXPECT_THAT(Ask("SELECT count(*) FROM t").rows, ElementsAre("0"));
}

TEST_F(DeclaredTableTest, AReceiptThatIsNotCommittedIsAnErrorThatCounts) {
  script_.on_finish = [](WriteReceipt* receipt) {
    receipt->outcome = WriteOutcome::kUnknown;
    receipt->acknowledged = 3;
    receipt->rejected = 2;
    receipt->unknown = 1;
    receipt->duplicates_possible = true;
    receipt->notes = {"row 5 is too large"};
    receipt->error = Status::IOError("the answer was lost");
  };
  Must(kClicks);
  const Status status = Ask("INSERT INTO clicks (user_id) VALUES ('a'), ('b')").status;
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_EQ(status.message(), "INSERT INTO clicks: 3 rows acknowledged, 2 rejected, 1 unknown: the answer was lost");
  EXPECT_THAT(warnings_, Contains("INSERT INTO clicks: row 5 is too large"));
  EXPECT_THAT(warnings_, Contains(AllOf(HasSubstr("may have been written twice"), HasSubstr("answered with a failure of its own"))));
}

TEST_F(DeclaredTableTest, AnErrorOfTheQueryOrAStopAbandonsTheWriter) {
  int abandoned = 0;
  script_.on_abandon = [&] { ++abandoned; };
  std::stop_source stop;
  script_.on_write = [&](int64_t before) {
    if (before > 10'000) stop.request_stop();
    return Status::OK();
  };
  Must(kClicks);
  EXPECT_THAT(Error("INSERT INTO clicks SELECT 'a', CASE WHEN i = 5000 THEN error('no') ELSE 1 END, NULL FROM range(10000) r(i)"), HasSubstr("no"));
  EXPECT_THAT(Ask("SELECT count(*) FROM clicks").rows, ElementsAre("0"));
  EXPECT_EQ(abandoned, 1);
  EXPECT_THAT(warnings_, Contains(HasSubstr("INSERT INTO clicks did not end: 0 rows acknowledged")));
  CallContext ctx;
  ctx.stop = stop.get_token();
  EXPECT_EQ(Ask("INSERT INTO clicks SELECT 'a', 1, NULL FROM range(1000000000)", ctx).status.code(), StatusCode::kCancelled);
  EXPECT_THAT(Ask("SELECT count(*) FROM clicks").rows, ElementsAre("0"));
  EXPECT_EQ(abandoned, 2);
}

TEST_F(DeclaredTableTest, AWriterThatFailsSaysWhatWasAcknowledged) {
  script_.on_write = [](int64_t before) { return before < 4000 ? Status::OK() : Status::Throttled("the stream is full"); };
  Must(kClicks);
  const Status status = Ask("INSERT INTO clicks SELECT 'a', 1, NULL FROM range(10000)").status;
  EXPECT_EQ(status.code(), StatusCode::kThrottled);
  EXPECT_EQ(status.message(), "INSERT INTO clicks: 4096 rows acknowledged, 0 rejected, 0 unknown: the stream is full");
}

TEST_F(DeclaredTableTest, AHintWinsOverTheTablesOptions) {
  Must(kClicks);
  Must("INSERT INTO clicks (user_id) VALUES ('a')");
  EXPECT_THAT(Ask("SELECT c.user_id FROM clicks /*+ OPTIONS('tag' = 'x') */ AS c WHERE c.user_id = 'a'").rows, ElementsAre("a"));
  EXPECT_THAT(definitions_.back().options, ElementsAre(testing::Pair("connector", "memory"), testing::Pair("tag", "x")));
  EXPECT_THAT(Ask("SELECT clicks.user_id FROM `clicks` /*+ OPTIONS('tag' = 'y') */ LIMIT 1").rows, ElementsAre("a"));
  EXPECT_THAT(Ask("SELECT count(*) FROM clicks /*+ OPTIONS('tag' = 'x') */ a, clicks /*+ OPTIONS('tag' = 'x') */ b, clicks c").rows, ElementsAre("1"));
  EXPECT_EQ(definitions_.size(), 4U);
  EXPECT_THAT(Ask("SELECT count(*) FROM clicks /* OPTIONS('tag' = 'x') */ -- /*+ OPTIONS(").rows, ElementsAre("1"));
  EXPECT_THAT(Ask("SELECT name FROM (SHOW TABLES)").rows, ElementsAre("clicks"));
  EXPECT_THAT(Error("SELECT 1 FROM clicks /*+ OPTIONS('connector' = 'x') */"), HasSubstr("cannot change the option 'connector'"));
  EXPECT_THAT(Error("SELECT 1 FROM clicks /*+ OPTIONS('nothing' = 'x') */"), HasSubstr("unknown option 'nothing'"));
  EXPECT_THAT(Error("SELECT 1 FROM clicks /*+ OPTIONS(tag = 'x') */"), HasSubstr("an option's name, in single quotes"));
  EXPECT_THAT(Error("SELECT 1 FROM other /*+ OPTIONS('tag' = 'x') */"), HasSubstr("needs a declared table"));
  EXPECT_THAT(Error("SELECT 1 /*+ OPTIONS('tag' = 'x') */ FROM clicks"), HasSubstr("OPTIONS"));
  EXPECT_THAT(Ask("INSERT INTO clicks /*+ OPTIONS('tag' = 'z') */ PARTITION (user_id = 'p') (n) SELECT 1").rows, ElementsAre("1"));
  EXPECT_THAT(definitions_.back().options, Contains(testing::Pair("tag", "z")));
  EXPECT_THAT(Ask("INSERT INTO clicks /*+ OPTIONS('tag' = 'z') */ SELECT user_id, 2, ts FROM clicks /*+ OPTIONS('tag' = 'y') */ WHERE n = 1").rows,
              ElementsAre("1"));
  EXPECT_THAT(Ask("SELECT user_id, n FROM clicks WHERE n = 2").rows, ElementsAre("p|2"));
}

TEST_F(DeclaredTableTest, BackticksAreQuotesOfNamesInEveryStatement) {
  EXPECT_THAT(Ask("SELECT 1 AS `a b`, '`' AS c, \"d`\" FROM (SELECT 2 AS \"d`\") -- `").rows, ElementsAre("1|`|2"));
  EXPECT_THAT(Ask("SELECT `x``y\"z` FROM (SELECT 3 AS `x``y\"z`)").rows, ElementsAre("3"));
  Must("CREATE TABLE `own` (`select` INTEGER)");
  Must("INSERT INTO `own` VALUES (1)");
  EXPECT_THAT(Ask("SELECT `select` FROM `own`").rows, ElementsAre("1"));
  const auto split = engine_->SplitStatements("SELECT 1 AS `a;b`; SELECT 2");
  ASSERT_EQ(split.size(), 2U);
  EXPECT_EQ(split[0].sql, "SELECT 1 AS `a;b`");
}

TEST_F(DeclaredTableTest, OtherWaysToWriteAreRefusedByName) {
  Must(kClicks);
  const std::string path = testing::TempDir() + "/lotic_declared_table_test.csv";
  Must("COPY (SELECT 'a' AS user_id, 1 AS n, NULL AS ts) TO '" + path + "' (HEADER)");
  EXPECT_THAT(Error("COPY clicks FROM '" + path + "'"), HasSubstr("INSERT INTO … SELECT"));
  EXPECT_THAT(Ask("INSERT INTO clicks (user_id, n) SELECT user_id, n::INTEGER FROM read_csv('" + path + "')").rows, ElementsAre("1"));
  std::remove(path.c_str());
  EXPECT_THAT(Error("WITH x AS (SELECT 'a' AS u) INSERT INTO clicks (user_id) SELECT u FROM x"), HasSubstr("INSERT INTO t WITH x AS"));
  EXPECT_THAT(Ask("INSERT INTO clicks (user_id) WITH x AS (SELECT 'a' AS u) SELECT u FROM x").rows, ElementsAre("1"));
  EXPECT_THAT(Error("PREPARE p AS INSERT INTO clicks (user_id) VALUES ($1)"), HasSubstr("parameter"));
  Must("PREPARE q AS INSERT INTO clicks (user_id) VALUES ('b')");
  EXPECT_THAT(Ask("EXECUTE q").rows, ElementsAre("1"));
  EXPECT_THAT(Ask("EXECUTE q").rows, ElementsAre("1"));
  EXPECT_THAT(Ask("SELECT count(*) FROM clicks").rows, ElementsAre("4"));
}

TEST_F(DeclaredTableTest, NamesOfTheSessionAndDeclaredOnesDoNotMeet) {
  Must("CREATE TABLE own (a INTEGER)");
  EXPECT_THAT(Error("CREATE TABLE own (a INT) WITH ('connector' = 'memory')"), HasSubstr("table \"own\" exists"));
  Must("DROP TABLE own");
  Must("CREATE TABLE own (a INT) WITH ('connector' = 'memory')");
  EXPECT_THAT(Error("CREATE TABLE own (a INTEGER)"), HasSubstr("table \"own\" exists"));
  EXPECT_THAT(Error("ALTER TABLE own SET ('tag' = 'x')"), HasSubstr("ALTER TABLE … SET is not built yet"));
  EXPECT_THAT(Error("CREATE TABLE elsewhere.own (a INT) WITH ('connector' = 'memory')"), HasSubstr("there is no database \"elsewhere\""));
  EXPECT_THAT(Error("CREATE TABLE t (a INT) WITH ('connector' = 'memry')"), HasSubstr("table \"t\": no connector 'memry'"));
  EXPECT_THAT(Error("CREATE TABLE t (a RAW('c', 'x')) WITH ('connector' = 'memory')"), HasSubstr("RAW"));
}

TEST_F(DeclaredTableTest, ErrorsOfADeclarationSayWhere) {
  const std::string sql = "CREATE TABLE t (a INT, a STRING) WITH ('connector' = 'memory')";
  const Status status = Ask(sql).status;
  ASSERT_NE(status.detail(), nullptr) << status;
  ASSERT_EQ(status.detail()->type_id(), std::string("lotic::sql::SqlErrorDetail"));
  EXPECT_EQ(static_cast<const SqlErrorDetail&>(*status.detail()).position, sql.find("a STRING"));
}

TEST_F(DeclaredTableTest, AnAttachedConnectorThatWritesTakesInserts) {
  auto store = memory::MemoryStore::Make();
  ASSERT_TRUE(store->AddTable({{"default", "numbers"}, {{{"id", Type::Int64()}, {"text", Type::String()}}}, {{}}}).ok());
  ASSERT_TRUE(engine_->Attach({}, "m", store->connector()).ok());
  EXPECT_THAT(Ask("INSERT INTO m.numbers SELECT i, 'x' FROM range(3) r(i)").rows, ElementsAre("3"));
  EXPECT_THAT(Ask("INSERT INTO numbers (id) VALUES (9)").rows, ElementsAre("1"));
  EXPECT_THAT(Ask("SELECT sum(id), count(text) FROM numbers").rows, ElementsAre("12|3"));
  EXPECT_THAT(Error("INSERT INTO m.nothing VALUES (1)"), HasSubstr("nothing"));
}

TEST_F(DeclaredTableTest, RowsOfAScanWithoutProofAreNotCommitted) {
  Must(kClicks);
  Must("CREATE TABLE copied (user_id STRING) WITH ('connector' = 'memory')");
  Must("INSERT INTO clicks (user_id) VALUES ('a'), ('b')");
  stalls_ = true;
  EXPECT_THAT(Error("INSERT INTO copied SELECT user_id FROM clicks"), HasSubstr("DataLoss: the scan of "));
  stalls_ = false;
  EXPECT_THAT(Ask("SELECT count(*) FROM copied").rows, ElementsAre("0"));
  EXPECT_THAT(Ask("INSERT INTO copied SELECT user_id FROM clicks LIMIT 1").rows, ElementsAre("1"));
}

TEST_F(DeclaredTableTest, ExplainOfAnInsertWritesNothing) {
  Must(kClicks);
  std::string all;
  for (const std::string& row : Ask("EXPLAIN INSERT INTO clicks (user_id) VALUES ('a')").rows) all += row;
  EXPECT_THAT(all, AllOf(HasSubstr("LOTIC_INSERT"), HasSubstr("user_id")));
  EXPECT_THAT(Ask("SELECT count(*) FROM clicks").rows, ElementsAre("0"));
}

}  // namespace
}  // namespace lotic::sql
