// SPDX-License-Identifier: Apache-2.0
#include "table/record_pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/pinot_schema.h"
#include "format/decode_harness.h"
#include "table/test_pipeline.h"

namespace lotic::table {
namespace {

using catalog::PinotSchema;
using catalog::PinotTableConfig;
using format_testing::CellText;
using testing::ElementsAre;
using testing::HasSubstr;
using testing_pipeline::RawBatch;
using testing_pipeline::RawRecord;
using testing_pipeline::WordExpressions;

PinotSchema SchemaOf(const std::string& fields) { return catalog::ParsePinotSchema("{\"schemaName\":\"t\"," + fields + "}").ValueOrDie().value; }

/// ts (milliseconds), name, size.
PinotSchema Events() {
  return SchemaOf(R"("dimensionFieldSpecs":[{"name":"name","dataType":"STRING"},{"name":"size","dataType":"INT"}],
    "dateTimeFieldSpecs":[{"name":"ts","dataType":"LONG","format":"1:MILLISECONDS:EPOCH","granularity":"1:MILLISECONDS"}])");
}

PinotTableConfig Config() {
  PinotTableConfig config;
  config.raw_name = "t";
  config.time_column = "ts";
  config.stream.decoder_class = "JSONMessageDecoder";
  return config;
}

struct Ran {
  PipelineResult result;
  /// Columns but `$timestamp`, " | " between.
  std::vector<std::string> rows;
  /// "102 convert size: reason"
  std::vector<std::string> faults;
};

Ran Process(RecordPipeline& pipeline, const std::vector<RawRecord>& records, int32_t partition = 3) {
  const Batch raw = RawBatch(pipeline.raw_layout(), records);
  Ran ran;
  ran.result = pipeline.Run({}, raw, 0, raw.num_rows(), partition).ValueOrDie();
  EXPECT_TRUE(ran.result.rows.Validate().ok()) << ran.result.rows.Validate().ToString();
  EXPECT_EQ(ran.result.rows.schema(), *pipeline.stored_columns());
  EXPECT_EQ(ran.result.fates.Sum(), ran.result.records);
  EXPECT_EQ(ran.result.fates.rows, ran.result.rows.num_rows());
  for (int64_t row = 0; row < ran.result.rows.num_rows(); ++row) {
    std::string text;
    for (size_t i = 0; i + 1 < ran.result.rows.num_columns(); ++i) text += (i == 0 ? "" : " | ") + CellText(ran.result.rows.column(i), row);
    ran.rows.push_back(text);
  }
  for (const RecordFault& fault : ran.result.faults) {
    ran.faults.push_back(std::to_string(fault.record) + " " + std::string(StageName(fault.stage)) + " " + fault.column + ": " + fault.message);
  }
  return ran;
}

Ran Process(const PinotSchema& schema, const PinotTableConfig& config, const std::vector<RawRecord>& records, Expressions* expressions = nullptr) {
  auto pipeline = RecordPipeline::Create(schema, config, expressions).ValueOrDie();
  return Process(*pipeline, records);
}

TEST(RecordPipeline, MakesRowsWithTheirOffsetsAndTimes) {
  const Ran ran = Process(Events(), Config(), {{R"({"ts":1644586485807,"name":"a","size":1,"more":{}})"}, {R"({"size":"2"})"}, {"{}", {}, {}, std::nullopt}});
  EXPECT_THAT(ran.rows, ElementsAre("\"a\" | 1 | 1644586485807 | 100", "NULL | 2 | NULL | 101", "NULL | NULL | NULL | 102"));
  EXPECT_EQ(CellText(ran.result.rows.column(4), 0), "1700000000000");
  EXPECT_EQ(CellText(ran.result.rows.column(4), 2), "-1");
  EXPECT_EQ(ran.result.fates, (RecordFates{.rows = 3}));
  EXPECT_EQ(ran.result.min_time_ms, 1644586485807);
  EXPECT_EQ(ran.result.max_time_ms, 1644586485807);
  EXPECT_EQ(ran.result.stop_at, std::nullopt);
}

TEST(RecordPipeline, CountsTombstonesAndUndecodableMessages) {
  const Ran ran = Process(Events(), Config(), {{R"({"size":1})"}, {std::nullopt}, {"nonsense"}, {"\xff"}, {""}, {R"({"size":2})"}});
  EXPECT_THAT(ran.rows, ElementsAre("NULL | 1 | NULL | 100", "NULL | 2 | NULL | 105"));
  EXPECT_EQ(ran.result.fates, (RecordFates{.rows = 2, .tombstones = 1, .dropped_decode = 3}));
  EXPECT_THAT(ran.faults, ElementsAre(HasSubstr("2 decode : the message is not valid JSON"), HasSubstr("3 decode : the message is not valid UTF-8"),
                                      HasSubstr("4 decode : the message is empty")));
}

TEST(RecordPipeline, StopsBeforeAnUndecodableMessageWhereItIsToldTo) {
  PinotTableConfig config = Config();
  config.stream.stop_on_decode_error = true;
  const Ran ran = Process(Events(), config, {{R"({"size":1})"}, {std::nullopt}, {"nonsense"}, {std::nullopt}, {"again"}, {R"({"size":2})"}});
  EXPECT_THAT(ran.rows, ElementsAre("NULL | 1 | NULL | 100"));
  EXPECT_EQ(ran.result.stop_at, 2);
  EXPECT_EQ(ran.result.records, 2);
  EXPECT_EQ(ran.result.fates, (RecordFates{.rows = 1, .tombstones = 1}));
  EXPECT_THAT(ran.faults, ElementsAre(HasSubstr("2 decode")));
}

TEST(RecordPipeline, DropsWhatDoesNotConvertOrKeepsItIncomplete) {
  const std::vector<RawRecord> records = {{R"({"name":"a","size":"x","ts":"y"})"}, {R"({"name":"b","size":1})"}};
  PinotTableConfig config = Config();
  Ran ran = Process(Events(), config, records);
  EXPECT_THAT(ran.rows, ElementsAre("\"b\" | 1 | NULL | 101"));
  EXPECT_EQ(ran.result.fates, (RecordFates{.rows = 1, .dropped_convert = 1}));
  EXPECT_THAT(ran.faults, ElementsAre(HasSubstr("0 convert size: \"x\" does not convert to INT")));
  config.continue_on_error = true;
  ran = Process(Events(), config, records);
  EXPECT_THAT(ran.rows, ElementsAre("\"a\" | NULL | NULL | 100", "\"b\" | 1 | NULL | 101"));
  EXPECT_EQ(ran.result.fates, (RecordFates{.rows = 2, .incomplete = 1}));
  EXPECT_THAT(ran.faults, ElementsAre(HasSubstr("0 convert size"), HasSubstr("0 convert ts")));
}

TEST(RecordPipeline, TransformsOnlyWhereTheRecordHasNoValue) {
  PinotTableConfig config = Config();
  config.transforms = {{"size", "size(word)"}, {"name", "join(word, size)"}};
  WordExpressions words;
  const Ran ran = Process(Events(), config,
                          {{R"({"word":"abc"})"},                             // both computed, the second from the first
                           {R"({"word":"abc","size":7,"name":"given"})"},     // both given
                           {R"({"word":"abc","size":{"a":1},"name":null})"},  // an object gives way
                           {R"({"size":null})"},                              // nothing to compute from
                           {R"({"word":{"a": [1]}})"},                        // a field without a column is its JSON
                           {R"({"word":1.50,"size":"8"})"}},
                          &words);
  EXPECT_THAT(ran.rows, ElementsAre("\"abc|3\" | 3 | NULL | 100", "\"given\" | 7 | NULL | 101", "\"abc|3\" | 3 | NULL | 102", "NULL | NULL | NULL | 103",
                                    "\"{\"a\":[1]}|9\" | 9 | NULL | 104", "\"1.50|8\" | 8 | NULL | 105"));
  EXPECT_EQ(ran.result.fates, (RecordFates{.rows = 6}));
  EXPECT_THAT(words.compiled, ElementsAre("size(word) over word VARCHAR raw", "join(word, size) over word VARCHAR raw size INTEGER"));
}

TEST(RecordPipeline, FindsTheRowsWhoseTransformFails) {
  PinotTableConfig config = Config();
  config.transforms = {{"size", "size(word)"}};
  std::vector<RawRecord> records;
  for (int i = 0; i < 1000; ++i) records.push_back({i == 3 || i == 998 ? R"({"word":"bad"})" : i == 500 ? R"({"word":"bad","size":5})" : R"({"word":"fine"})"});
  WordExpressions words;
  Ran ran = Process(Events(), config, records, &words);
  EXPECT_EQ(ran.result.fates, (RecordFates{.rows = 998, .dropped_transform = 2}));
  EXPECT_THAT(ran.faults, ElementsAre("3 transform size: size: cannot be computed: bad", "998 transform size: size: cannot be computed: bad"));
  EXPECT_EQ(ran.rows[3], "NULL | 4 | NULL | 104");
  EXPECT_EQ(ran.rows[499], "NULL | 5 | NULL | 600");
  EXPECT_LT(words.evaluations, 60);
  config.continue_on_error = true;
  ran = Process(Events(), config, records, &words);
  EXPECT_EQ(ran.result.fates, (RecordFates{.rows = 1000, .incomplete = 2}));
  EXPECT_EQ(ran.rows[3], "NULL | NULL | NULL | 103");
}

TEST(RecordPipeline, FiltersAfterTransformsAndBeforeConversion) {
  PinotTableConfig config = Config();
  config.transforms = {{"name", "join(a, b)"}};
  config.filter = "is_drop(name)";
  WordExpressions words;
  const Ran ran =
      Process(Events(), config,
              {{R"({"name":"drop","size":"not a number"})"}, {R"({"name":"bad"})"}, {R"({"size":"not a number"})"}, {R"({"a":1,"b":2})"}, {R"({})"}}, &words);
  EXPECT_THAT(ran.rows, ElementsAre("\"1|2\" | NULL | NULL | 103", "NULL | NULL | NULL | 104"));
  EXPECT_EQ(ran.result.fates, (RecordFates{.rows = 2, .filtered = 1, .dropped_transform = 1, .dropped_convert = 1}));
  EXPECT_THAT(ran.faults, ElementsAre(HasSubstr("1 filter : is_drop: cannot be computed"), HasSubstr("2 convert size")));
}

TEST(RecordPipeline, ExpressionsSeeWhatTheRecordHasAndColumnsAreCleanedAfterwards) {
  const PinotSchema schema = SchemaOf(R"("dimensionFieldSpecs":[{"name":"text","dataType":"STRING","maxLength":4},{"name":"length","dataType":"INT"},
    {"name":"both","dataType":"STRING","maxLength":6},{"name":"tags","dataType":"STRING","singleValueField":false}])");
  PinotTableConfig config = Config();
  config.time_column = "";
  config.transforms = {{"length", "size(text)"}, {"both", "join(text, length)"}, {"tags", "list(text)"}};
  WordExpressions words;
  const Ran ran = Process(schema, config, {{R"({"text":"abcdefgh"})"}, {R"({"text":"ab\u0000cd","tags":["x","y"]})"}, {R"({"tags":{"k":"v"}})"}}, &words);
  EXPECT_THAT(ran.rows,
              ElementsAre("\"abcd\" | 8 | \"abcdef\" | [\"abcdefgh\"] | 100", "\"ab\" | 5 | \"ab\" | [\"x\", \"y\"] | 101", "NULL | NULL | NULL | NULL | 102"));
}

TEST(RecordPipeline, ComputesFromNothing) {
  PinotTableConfig config = Config();
  config.transforms = {{"size", "one()"}};
  WordExpressions words;
  EXPECT_THAT(Process(Events(), config, {{"{}"}, {R"({"size":2})"}}, &words).rows, ElementsAre("NULL | 1 | NULL | 100", "NULL | 2 | NULL | 101"));
}

TEST(RecordPipeline, ChecksTimes) {
  const std::vector<RawRecord> records = {
      {R"({"ts":31536000000})"}, {R"({"ts":31535999999})"}, {R"({"ts":3187296000000})"}, {R"({"ts":3187296000001})"}, {R"({})"}};
  PinotTableConfig config = Config();
  Ran ran = Process(Events(), config, records);
  EXPECT_EQ(ran.result.fates, (RecordFates{.rows = 5}));
  EXPECT_EQ(ran.result.min_time_ms, 31535999999);
  config.row_time_value_check = true;
  ran = Process(Events(), config, records);
  EXPECT_EQ(ran.result.fates, (RecordFates{.rows = 3, .dropped_time = 2}));
  EXPECT_THAT(ran.faults, ElementsAre(HasSubstr("1 time ts: the time 31535999999 ms"), HasSubstr("3 time ts")));
  EXPECT_EQ(ran.result.min_time_ms, 31536000000);
  EXPECT_EQ(ran.result.max_time_ms, 3187296000000);
  config.continue_on_error = true;
  ran = Process(Events(), config, records);
  EXPECT_EQ(ran.result.fates, (RecordFates{.rows = 5, .incomplete = 2}));
  EXPECT_EQ(ran.rows[1], "NULL | NULL | NULL | 101");
}

TEST(RecordPipeline, ATimeThatIsNoneInItsFormatDoesNotConvert) {
  const PinotSchema schema =
      SchemaOf(R"("dateTimeFieldSpecs":[{"name":"ts","dataType":"STRING","format":"1:DAYS:SIMPLE_DATE_FORMAT:yyyy-MM-dd","granularity":"1:DAYS"}])");
  const Ran ran = Process(schema, Config(), {{R"({"ts":"2022-02-11"})"}, {R"({"ts":"someday"})"}});
  EXPECT_THAT(ran.rows, ElementsAre("\"2022-02-11\" | 100"));
  EXPECT_EQ(ran.result.fates, (RecordFates{.rows = 1, .dropped_convert = 1}));
  EXPECT_EQ(ran.result.min_time_ms, 1644537600000);
}

TEST(RecordPipeline, FillsColumnsFromAroundTheValue) {
  const PinotSchema schema = SchemaOf(
      R"("dimensionFieldSpecs":[{"name":"__key","dataType":"STRING"},{"name":"__header$h","dataType":"STRING"},{"name":"__header$b","dataType":"BYTES"},
    {"name":"__header$n","dataType":"LONG"},{"name":"__metadata$offset","dataType":"LONG"},{"name":"__metadata$partition","dataType":"INT"},
    {"name":"__metadata$recordTimestamp","dataType":"STRING"},{"name":"__metadata$recordSerializedValueSize","dataType":"INT"}])");
  PinotTableConfig config = Config();
  config.time_column = "";
  config.stream.metadata_populate = true;
  const std::vector<RawRecord> records = {{"{}", "k1", {{"h", {"first", "last"}}, {"b", {"\x01\xff"}}, {"n", {"12"}}}},
                                          {"{\"__key\":\"of the message\"}", std::nullopt, {{"h", {"\xff"}}, {"n", {std::nullopt}}}},
                                          {"{}", "\xfe", {{"n", {"no number"}}}}};
  const Ran ran = Process(schema, config, records);
  EXPECT_THAT(ran.rows, ElementsAre("\"k1\" | \"last\" | \"\x01\xff\" | 12 | 100 | 3 | \"1700000000000\" | 2 | 100",
                                    "NULL | \"ff\" | NULL | NULL | 101 | 3 | \"1700000000000\" | 26 | 101"));
  EXPECT_THAT(ran.faults, ElementsAre(HasSubstr("2 convert __header$n: \"no number\" does not convert to LONG")));
  config.stream.header_hex = true;
  EXPECT_THAT(Process(schema, config, records).rows[0], HasSubstr("\"6c617374\""));
  config.stream.metadata_populate = false;
  auto pipeline = RecordPipeline::Create(schema, config, nullptr).ValueOrDie();
  EXPECT_EQ(pipeline->raw_layout().fields.size(), 4u);
  EXPECT_EQ(Process(*pipeline, records).rows[0], "\"k1\" | NULL | NULL | NULL | NULL | NULL | NULL | 2 | 100");
}

TEST(RecordPipeline, ReadsNoPayloadWhereItDoesNotMatter) {
  PinotTableConfig config = Config();
  config.stream.decoder_class = "NullMessageDecoder";
  const Ran ran = Process(Events(), config, {{"not JSON"}, {std::nullopt}, {""}});
  EXPECT_THAT(ran.rows, ElementsAre("NULL | NULL | NULL | 100", "NULL | NULL | NULL | 102"));
}

TEST(RecordPipeline, RowsDoNotDependOnHowRecordsAreCutIntoRuns) {
  PinotTableConfig config = Config();
  config.transforms = {{"size", "size(uuid)"}};
  config.filter = "is_drop(name)";
  WordExpressions words;
  auto pipeline = RecordPipeline::Create(Events(), config, &words).ValueOrDie();
  format_testing::MessageGenerator generator(7);
  std::vector<RawRecord> records;
  for (const std::string& message : generator.Messages(900, 20)) records.push_back({message.size() % 13 == 0 ? std::nullopt : std::optional(message)});
  const Ran whole = Process(*pipeline, records);
  const Batch raw = RawBatch(pipeline->raw_layout(), records);
  std::vector<std::string> rows;
  RecordFates fates;
  for (int64_t first = 0, size = 1; first < raw.num_rows(); first += size, size = size % 97 + 5) {
    size = std::min(size, raw.num_rows() - first);
    const PipelineResult part = pipeline->Run({}, raw, first, size, 0).ValueOrDie();
    ASSERT_EQ(part.records, size);
    fates.rows += part.fates.rows, fates.filtered += part.fates.filtered, fates.tombstones += part.fates.tombstones;
    fates.dropped_decode += part.fates.dropped_decode, fates.dropped_transform += part.fates.dropped_transform,
        fates.dropped_convert += part.fates.dropped_convert;
    for (int64_t row = 0; row < part.rows.num_rows(); ++row) {
      std::string text;
      for (size_t i = 0; i + 1 < part.rows.num_columns(); ++i) text += (i == 0 ? "" : " | ") + CellText(part.rows.column(i), row);
      rows.push_back(text);
    }
  }
  EXPECT_EQ(rows, whole.rows);
  EXPECT_EQ(fates, whole.result.fates);
  EXPECT_GT(fates.rows, 400);
  EXPECT_GT(fates.dropped_decode, 20);
}

TEST(RecordPipeline, TakesNoMoreThanItsLimitAtOnce) {
  PinotTableConfig config = Config();
  config.filter = "is_drop(name)";
  WordExpressions words;
  auto pipeline = RecordPipeline::Create(Events(), config, &words).ValueOrDie();
  const Ran ran = Process(*pipeline, std::vector<RawRecord>(kMaxComputedRecords + 10, RawRecord{"{}"}));
  EXPECT_EQ(ran.result.records, kMaxComputedRecords);
  EXPECT_EQ(pipeline->Run({}, RawBatch(pipeline->raw_layout(), {}), 0, 0, 0).ValueOrDie().records, 0);
}

TEST(RecordPipeline, ReportsEveryFaultAndEndsARunWithTooMany) {
  for (const char* message : {"nonsense", R"({"size":"nonsense"})"}) {
    auto pipeline = RecordPipeline::Create(Events(), Config(), nullptr).ValueOrDie();
    const Batch raw = RawBatch(pipeline->raw_layout(), std::vector<RawRecord>(kMaxFaultsOfRun + 1000, RawRecord{message}));
    int64_t runs = 0, next = 0;
    while (next < raw.num_rows()) {
      const PipelineResult part = pipeline->Run({}, raw, next, raw.num_rows() - next, 0).ValueOrDie();
      ASSERT_GT(part.records, 0);
      EXPECT_EQ(part.fates.Sum(), part.records);
      ASSERT_EQ(part.faults.size(), static_cast<size_t>(part.records)) << message;
      EXPECT_EQ(part.faults.front().record, next);
      next += part.records;
      EXPECT_EQ(part.faults.back().record, next - 1);
      ++runs;
    }
    EXPECT_EQ(runs, 2) << message;
  }
}

TEST(RecordPipeline, SaysWhatATableCannotHave) {
  const auto error = [](const PinotTableConfig& config, Expressions* expressions) {
    return RecordPipeline::Create(Events(), config, expressions).status().ToString();
  };
  WordExpressions words;
  PinotTableConfig config = Config();
  config.stream.decoder_class = "CSVMessageDecoder";
  EXPECT_THAT(error(config, &words), HasSubstr("there is no decoder CSVMessageDecoder; there are JSONMessageDecoder"));
  config = Config();
  config.transforms = {{"size", "size(name)"}};
  EXPECT_THAT(error(config, nullptr), HasSubstr("nothing here computes expressions"));
  config.transforms = {{"size", "size(name)"}, {"name", "join(size, x)"}};
  EXPECT_THAT(error(config, &words), HasSubstr("depend on each other in a circle: size, name"));
  config.transforms = {{"size", "size(size)"}};
  EXPECT_THAT(error(config, &words), HasSubstr("reads the column itself"));
  config.transforms = {{"size", "wrong(name)"}};
  EXPECT_THAT(error(config, &words), HasSubstr("no function wrong"));
  config.transforms = {{"size", "wrong"}};
  EXPECT_THAT(error(config, &words), HasSubstr("the transform of column 'size': not a call: wrong"));
}

}  // namespace
}  // namespace lotic::table
