// SPDX-License-Identifier: Apache-2.0
// Tests named CheckN hold check N of the list in README.md.
#include "athena_protocol/ipc.h"

#include <gmock/gmock.h>

#include "athena_protocol/base64_kernel.h"
#include "athena_protocol/flatbuffer.h"
#include "athena_protocol/ipc_message.h"
#include "athena_protocol/test_blocks.h"

namespace lotic::athena {
namespace {

using testing::EveryType;
using ::testing::HasSubstr;
using testing::RandomBatch;
using testing::Show;

// One column col1 of Int(32, true) with the value 10, as the original writes it.
constexpr std::string_view kModernSchema =
    "/////4gAAAAQAAAAAAAKABAADgAHAAgACgAAAAAAAAEQAAAAAAAEAAgACAAAAAQACAAAAAQAAAABAAAAFAAAABAAGAAEAAsAEwAUAAAADAAQAAAAFAAAAAAAAAEYAAAAAAAAAhwAAAAEAAAAY29s"
    "MQAAAAAAAAAACAAMAAgABwAIAAAAAAAAASAAAAAAAAAA";
constexpr std::string_view kModernRecords =
    "/////4gAAAAUAAAAAAAAAAwAFgAUAA8AEAAEAAwAAAAQAAAAAAAAAAAAAAMQAAAABAAKABgADAAIAAQACgAAABQAAAA4AAAAAQAAAAAAAAAAAAAAAgAAAAAAAAAAAAAAAQAAAAAAAAAIAAAAAAAA"
    "AAQAAAAAAAAAAAAAAAEAAAABAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAKAAAAAAAAAA==";
constexpr std::string_view kLegacySchema =
    "hAAAABAAAAAAAAoAEAAOAAcACAAKAAAAAAAAARAAAAAAAAMACAAIAAAABAAIAAAABAAAAAEAAAAUAAAAEAAYAAQACwATABQAAAAMABAAAAAUAAAAAAAAARgAAAAAAAACHAAAAAQAAABjb2wxAAAA"
    "AAAAAAAIAAwACAAHAAgAAAAAAAABIAAAAA==";
constexpr std::string_view kLegacyRecords =
    "jAAAABQAAAAAAAAADAAWABQADwAQAAQADAAAABAAAAAAAAAAAAAAAxAAAAADAAoAGAAMAAgABAAKAAAAFAAAADgAAAABAAAAAAAAAAAAAAACAAAAAAAAAAAAAAABAAAAAAAAAAgAAAAAAAAABAAA"
    "AAAAAAAAAAAAAQAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAKAAAAAAAAAA==";

constexpr Framing kBoth[] = {Framing::kModern, Framing::kLegacy};

std::string Decoded(std::string_view base64) { return DecodeBase64(base64).ValueOrDie(); }

int32_t Int32At(std::string_view bytes, size_t at) {
  int32_t value;
  std::memcpy(&value, bytes.data() + at, 4);
  return value;
}

// The metadata version that a message's flatbuffer holds.
int VersionOf(std::string_view message, size_t prefix) {
  FlatReader reader(message.substr(prefix));
  return reader.Scalar<int16_t>(reader.Root(), 0, -1);
}

std::string EncodedBatch(const Batch& rows, Framing framing) {
  std::string out;
  EncodeBatch(rows, framing, &out);
  return out;
}

WireSchema OneInt() { return {{{"col1", true, {.kind = WireKind::kInt, .bit_width = 32}}}}; }

TEST(Ipc, Check11BothFramingsAreWrittenAndRead) {
  const WireSchema schema = EveryType();
  const Batch rows = RandomBatch(LogicalSchema(schema).ValueOrDie(), 100, 4, 1);
  for (const std::string& message : {EncodeSchema(schema, Framing::kModern), EncodedBatch(rows, Framing::kModern)}) {
    EXPECT_EQ(Int32At(message, 0), -1);
    EXPECT_EQ((8 + Int32At(message, 4)) % 8, 0);
    EXPECT_EQ(VersionOf(message, 8), 4);
  }
  for (const std::string& message : {EncodeSchema(schema, Framing::kLegacy), EncodedBatch(rows, Framing::kLegacy)}) {
    EXPECT_EQ((4 + Int32At(message, 0)) % 8, 0);
    EXPECT_EQ(VersionOf(message, 4), 3);
  }
  for (const Framing framing : kBoth) {
    EXPECT_EQ(DecodeSchema(EncodeSchema(schema, framing)).ValueOrDie(), schema);
    EXPECT_EQ(Show(DecodeBatch(schema, EncodedBatch(rows, framing)).ValueOrDie().rows), Show(rows));
  }
}

TEST(Ipc, Check12AppendixB) {
  for (const auto& [schema_text, records] : {std::pair(kModernSchema, kModernRecords), {kLegacySchema, kLegacyRecords}}) {
    const WireSchema schema = DecodeSchema(Decoded(schema_text)).ValueOrDie();
    EXPECT_EQ(schema, OneInt());
    const Block block = DecodeBatch(schema, Decoded(records)).ValueOrDie();
    EXPECT_EQ(Show(block.rows), "1 rows\ncol1: 0a000000");
    EXPECT_TRUE(block.rows.Validate().ok());
    const std::string written = EncodedBatch(block.rows, schema_text == kModernSchema ? Framing::kModern : Framing::kLegacy);
    EXPECT_EQ(written.substr(written.size() - 16), Decoded(records).substr(144));  // the body: bits and values, each padded to 8
  }
}

TEST(Ipc, Check13NoColumnsKeepTheirRowCount) {
  const WireSchema none;
  const Batch rows(std::make_shared<const Schema>(), 12345, {}, nullptr);
  for (const Framing framing : kBoth) {
    EXPECT_EQ(DecodeSchema(EncodeSchema(none, framing)).ValueOrDie(), none);
    EXPECT_EQ(DecodeBatch(none, EncodedBatch(rows, framing)).ValueOrDie().rows.num_rows(), 12345);
  }
  const Schema logical = LogicalSchema(EveryType()).ValueOrDie();
  const Batch empty = RandomBatch(logical, 0, 2, 1);
  EXPECT_EQ(DecodeBatch(EveryType(), EncodedBatch(empty, Framing::kModern)).ValueOrDie().rows.num_rows(), 0);
  EXPECT_EQ(BlockSizeBytes(empty), 0);
}

// A batch message put together by hand: the nodes, the buffers as pieces of the body.
struct HandMade {
  int64_t rows = 0;
  std::vector<std::pair<int64_t, int64_t>> nodes;
  std::vector<std::pair<int64_t, int64_t>> buffers;
  std::string body;
  bool compressed = false;

  std::string Message() const {
    FlatWriter out;
    StartMessage(kRecordBatchHeader, Framing::kModern, static_cast<int64_t>(body.size()), &out);
    const FlatWriter::Slot length{0, 8, static_cast<uint64_t>(rows)}, nodes_slot = FlatWriter::Offset(1), buffers_slot = FlatWriter::Offset(2);
    const auto places = compressed ? out.AddTable({length, nodes_slot, buffers_slot, FlatWriter::Offset(3)}) : out.AddTable({length, nodes_slot, buffers_slot});
    const auto add = [&out](uint32_t place, const std::vector<std::pair<int64_t, int64_t>>& pairs) {
      out.PointHere(place);
      size_t at = out.AddStructs(pairs.size(), 16);
      for (const auto& [first, second] : pairs) {
        out.PutAt(at, first);
        out.PutAt(at + 8, second);
        at += 16;
      }
    };
    add(places[1], nodes);
    add(places[2], buffers);
    if (compressed) {
      out.PointHere(places[3]);
      out.AddTable({});
    }
    std::string message;
    AppendFramed(out, Framing::kModern, &message);
    return message + body;
  }
};

WireSchema OneList() { return {{{"l", true, {.kind = WireKind::kList}, {{"", true, {.kind = WireKind::kUtf8}}}}}}; }

TEST(Ipc, Check14AbsentBitmapsAndEmptyOffsetsAreTaken) {
  const std::string ten("\x0a\0\0\0\0\0\0\0", 8);
  const Block valid = DecodeBatch(OneInt(), HandMade{1, {{1, 0}}, {{0, 0}, {0, 4}}, ten}.Message()).ValueOrDie();
  EXPECT_EQ(Show(valid.rows), "1 rows\ncol1: 0a000000");
  const Block null = DecodeBatch(OneInt(), HandMade{1, {{1, 1}}, {{0, 0}, {0, 4}}, ten}.Message()).ValueOrDie();
  EXPECT_EQ(Show(null.rows), "1 rows\ncol1: NULL");
  EXPECT_TRUE(null.rows.Validate().ok()) << null.rows.Validate();
  // A list column of two empty lists; the child of no rows has no offsets at all, as Java writes it.
  const Block list =
      DecodeBatch(OneList(), HandMade{2, {{2, 0}, {0, 0}}, {{0, 0}, {0, 12}, {0, 0}, {0, 0}, {0, 0}}, std::string(16, '\0')}.Message()).ValueOrDie();
  EXPECT_EQ(Show(list.rows), "2 rows\nl: [] []");
  EXPECT_TRUE(list.rows.Validate().ok()) << list.rows.Validate();
}

TEST(Ipc, SlicedListsAndTextsAreRebased) {
  // Offsets 1, 2, 3 over three texts "a", "bc", "d" whose own offsets begin at 1 in "_abcd".
  const std::string body =
      std::string("\1\0\0\0\2\0\0\0\3\0\0\0\0\0\0\0", 16) + std::string("\1\0\0\0\2\0\0\0\4\0\0\0\5\0\0\0", 16) + std::string("_abcd\0\0\0", 8);
  const Block block = DecodeBatch(OneList(), HandMade{2, {{2, 0}, {3, 0}}, {{0, 0}, {0, 12}, {0, 0}, {16, 16}, {32, 5}}, body}.Message()).ValueOrDie();
  EXPECT_EQ(Show(block.rows), "2 rows\nl: ['bc',;] ['d',;]");
  EXPECT_TRUE(block.rows.Validate().ok()) << block.rows.Validate();
}

TEST(Ipc, Check15EveryTypeRoundTrips) {
  const WireSchema schema = EveryType();
  ASSERT_TRUE(CheckSupportedColumns(schema).ok()) << CheckSupportedColumns(schema);
  const Schema logical = LogicalSchema(schema).ValueOrDie();
  for (const int64_t rows : {1, 7, 8, 9, 64, 1000}) {
    for (const int one_null_in : {0, 1, 3}) {
      const Batch batch = RandomBatch(logical, rows, one_null_in, static_cast<uint64_t>(rows));
      ASSERT_TRUE(batch.Validate().ok()) << batch.Validate();
      for (const Framing framing : kBoth) {
        const std::string message = EncodedBatch(batch, framing);
        EXPECT_EQ(message.size(), EncodedBatchSize(batch, framing));
        EXPECT_EQ(message.size() % 8, 0u);
        const Block block = DecodeBatch(schema, message).ValueOrDie();
        ASSERT_TRUE(block.rows.Validate().ok()) << block.rows.Validate();
        EXPECT_EQ(Show(block.rows), Show(batch));
        std::string base64, expected;
        EncodeBatchBase64(batch, framing, &base64);
        AppendBase64({reinterpret_cast<const uint8_t*>(message.data()), message.size()}, &expected);
        EXPECT_EQ(base64, expected);
      }
    }
  }
}

TEST(Ipc, RowsOfSeveralBatchesAreWrittenAsIfTheyWereOne) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const Schema logical = LogicalSchema(EveryType()).ValueOrDie();
  for (int round = 0; round < 60; ++round) {
    std::vector<RowRange> ranges;
    int64_t rows = 0;
    for (uint64_t parts = 1 + random() % 5; parts > 0; --parts) {
      // Batches with and without NULLs side by side, and ranges that begin inside of a byte of bits.
      const Batch batch = RandomBatch(logical, static_cast<int64_t>(random() % 70), static_cast<int>(random() % 4), random());
      const auto first = static_cast<int64_t>(random() % static_cast<uint64_t>(batch.num_rows() + 1));
      const auto count = static_cast<int64_t>(random() % static_cast<uint64_t>(batch.num_rows() - first + 1));
      if (round % 3 == 0) {
        ranges.push_back({batch, 0, batch.num_rows()});
      } else {
        ranges.push_back({batch, first, count});
      }
      rows += ranges.back().count;
    }
    const Batch joined = Concatenate(ranges[0].batch.schema_ptr(), ranges);
    for (const Framing framing : kBoth) {
      const JoinedMessage message(ranges, framing);
      EXPECT_EQ(message.num_rows(), rows);
      EXPECT_EQ(message.size_bytes(), EncodedBatchSize(joined, framing));
      std::string base64, expected;
      message.AppendBase64(&base64);
      EncodeBatchBase64(joined, framing, &expected);
      ASSERT_EQ(base64, expected);
    }
  }
}

TEST(Ipc, RowsWithoutColumnsOfSeveralBatchesKeepTheirCount) {
  const auto none = std::make_shared<const Schema>();
  const std::vector<RowRange> ranges = {{Batch(none, 5, {}, nullptr), 1, 3}, {Batch(none, 2, {}, nullptr), 0, 2}};
  const JoinedMessage message(ranges, Framing::kModern);
  std::string base64;
  message.AppendBase64(&base64);
  EXPECT_EQ(DecodeBatch({}, Decoded(base64)).ValueOrDie().rows.num_rows(), 5);
  EXPECT_EQ(JoinedMessage({}, Framing::kModern).num_rows(), 0);
}

TEST(Ipc, Check16MetadataIsKeptInOrder) {
  WireSchema schema = EveryType();
  schema.metadata = {{"z", "1"}, {"a", ""}, {"z", "again"}, {"", "empty key"}};
  schema.fields[3].metadata = {{"mapping", "x/y"}, {"formatHint", "yyyy"}};
  schema.fields[17].children[0].metadata = {{"deep", "down"}};
  schema.fields[1].nullable = false;
  schema.fields[12].type.timezone = "Europe/Berlin";
  for (const Framing framing : kBoth) EXPECT_EQ(DecodeSchema(EncodeSchema(schema, framing)).ValueOrDie(), schema);
  const Schema logical = LogicalSchema(schema).ValueOrDie();
  EXPECT_EQ(logical.metadata.at("z"), "again");  // of a repeated key the last counts
  EXPECT_EQ(logical.fields[3].metadata.at("mapping"), "x/y");
}

TEST(Ipc, TypesOfPredicatesSurviveASchemaToo) {
  WireSchema schema;
  const std::vector<WireType> types = {{.kind = WireKind::kNull},
                                       {.kind = WireKind::kInt, .bit_width = 64, .is_signed = false},
                                       {.kind = WireKind::kFloat, .bit_width = 16},
                                       {.kind = WireKind::kDecimal, .bit_width = 256, .precision = 50, .scale = 3},
                                       {.kind = WireKind::kFixedSizeBinary, .fixed_size = 12},
                                       {.kind = WireKind::kTime, .bit_width = 64, .unit = WireUnit::kNano},
                                       {.kind = WireKind::kTime, .bit_width = 32, .unit = WireUnit::kSecond},
                                       {.kind = WireKind::kTimestamp, .unit = WireUnit::kNano},
                                       {.kind = WireKind::kTimestamp, .unit = WireUnit::kSecond, .timezone = ""},
                                       {.kind = WireKind::kInterval, .bit_width = 32},
                                       {.kind = WireKind::kInterval, .bit_width = 64},
                                       {.kind = WireKind::kInterval, .bit_width = 128}};
  for (const WireType& type : types) schema.fields.push_back({type.ToString(), true, type});
  for (const Framing framing : kBoth) EXPECT_EQ(DecodeSchema(EncodeSchema(schema, framing)).ValueOrDie(), schema);
}

TEST(Ipc, WidthsThatArrowDoesNotKnowAreRefused) {
  for (const WireType& type : {WireType{.kind = WireKind::kDecimal, .bit_width = 7, .precision = 3}, WireType{.kind = WireKind::kInt, .bit_width = 7}}) {
    const WireSchema schema{{{"c", true, type}}};
    EXPECT_THAT(DecodeSchema(EncodeSchema(schema, Framing::kModern)).status().message(), HasSubstr("width is 7, which Arrow does not know"));
  }
}

TEST(Ipc, Check17NothingIsCompressedOrDictionaryEncoded) {
  const Batch rows = RandomBatch(LogicalSchema(EveryType()).ValueOrDie(), 10, 3, 5);
  const std::string batch = EncodedBatch(rows, Framing::kModern);
  IpcMessage message = OpenMessage(batch, kRecordBatchHeader, "test").ValueOrDie();
  EXPECT_FALSE(message.reader.Has(message.header, 3));
  HandMade compressed{1, {{1, 0}}, {{0, 0}, {0, 4}}, std::string(8, '\0')};
  compressed.compressed = true;
  EXPECT_THAT(DecodeBatch(OneInt(), compressed.Message()).status().message(), HasSubstr("compressed"));
  FlatWriter out;  // a schema whose one field has a dictionary
  StartMessage(kSchemaHeader, Framing::kModern, 0, &out);
  const auto schema = out.AddTable({FlatWriter::Offset(1)});
  out.PointHere(schema[1]);
  const size_t fields = out.AddOffsets(1);
  out.PointHere(fields);
  const auto field = out.AddTable({FlatWriter::Offset(0), {2, 1, 5}, FlatWriter::Offset(3), FlatWriter::Offset(4)});
  out.PointHere(field[0]);
  out.AddString("d");
  for (const int id : {3, 4}) {
    out.PointHere(field[static_cast<size_t>(id)]);
    out.AddTable({});
  }
  std::string text;
  AppendFramed(out, Framing::kModern, &text);
  EXPECT_EQ(DecodeSchema(text).status().message(), "decode an Arrow schema: column d is dictionary-encoded, which is not read");
}

TEST(Ipc, Check19TimesOfDayAndNegativeDaysSurvive) {
  const WireSchema schema{
      {{"ms", true, {.kind = WireKind::kDate, .unit = WireUnit::kMilli}}, {"day", true, {.kind = WireKind::kDate, .unit = WireUnit::kDay}}}};
  BatchBuilder builder(std::make_shared<const Schema>(LogicalSchema(schema).ValueOrDie()));
  for (const int64_t value : {int64_t{1450737754123}, int64_t{-1}, INT64_MIN, INT64_MAX}) builder.column(0).AppendInt64(value);
  for (const int64_t value : {-719162, -1, 0, 2932896}) builder.column(1).AppendInt64(value);
  const Batch rows = builder.Finish(4);
  for (const Framing framing : kBoth) EXPECT_EQ(Show(DecodeBatch(schema, EncodedBatch(rows, framing)).ValueOrDie().rows), Show(rows));
}

TEST(Ipc, BlockSizeIsThatOfTheOriginalsBuffers) {
  const WireSchema schema{
      {{"i", true, {.kind = WireKind::kInt, .bit_width = 32}}, {"t", true, {.kind = WireKind::kUtf8}}, {"b", true, {.kind = WireKind::kBool}}}};
  BatchBuilder builder(std::make_shared<const Schema>(LogicalSchema(schema).ValueOrDie()));
  for (int i = 0; i < 9; ++i) {
    builder.column(0).AppendInt64(i);
    builder.column(1).AppendBytes("abc");
    builder.column(2).AppendBool(true);
  }
  EXPECT_EQ(BlockSizeBytes(builder.Finish(9)), (2 + 36) + (2 + 40 + 27) + (2 + 2));
}

TEST(Ipc, ForeignBatchesThatDoNotFitAreNamed) {
  const std::string eight(8, '\1');
  const struct {
    HandMade made;
    std::string_view message;
  } cases[] = {
      {{1, {}, {}, eight}, "0 nodes, too few for column col1"},
      {{1, {{1, 0}}, {{0, 1}}, eight}, "1 buffers, too few for the values of column col1"},
      {{1, {{1, 0}, {1, 0}}, {{0, 1}, {0, 4}}, eight}, "2 nodes and 2 buffers, the schema takes 1 and 2"},
      {{2, {{1, 0}}, {{0, 1}, {0, 4}}, eight}, "column col1 has 1 rows, the batch 2"},
      {{3, {{3, 0}}, {{0, 0}, {0, 7}}, eight}, "the values of column col1 have 7 bytes, 12 needed"},
      {{1, {{1, 0}}, {{0, 1}, {6, 4}}, eight}, "4 bytes at 6, lie outside of the body of 8 bytes"},
      {{1, {{1, 0}}, {{0, 1}, {-8, 4}}, eight}, "lie outside"},
      {{1, {{1, 0}}, {{0, 1}, {INT64_MAX, INT64_MAX}}, eight}, "lie outside"},
      {{1, {{1, 0}}, {{0, 8}, {0, 8}}, eight}, "the buffers overlap"},
      {{1, {{1, 1}}, {{0, 1}, {0, 4}}, eight}, "says 1 NULLs, its bits say 0"},
      {{2, {{2, 1}}, {{0, 0}, {0, 8}}, eight}, "validity bits of column col1 have 0 bytes, 1 needed"},
      {{1, {{1, 2}}, {{0, 1}, {0, 4}}, eight}, "has 2 NULLs in 1 rows"},
      {{-1, {{-1, 0}}, {{0, 1}, {0, 4}}, eight}, "-1 rows"},
      {{INT64_MAX, {{INT64_MAX, 0}}, {{0, 1}, {0, 4}}, eight}, "rows"},
  };
  for (const auto& [made, message] : cases) {
    const Result<Block> block = DecodeBatch(OneInt(), made.Message());
    ASSERT_FALSE(block.ok()) << message;
    EXPECT_THAT(block.status().message(), HasSubstr(message));
  }
  const std::string valid = HandMade{1, {{1, 0}}, {{0, 1}, {0, 4}}, eight}.Message();
  for (size_t size = 0; size < valid.size(); ++size) EXPECT_FALSE(DecodeBatch(OneInt(), valid.substr(0, size)).ok()) << size;
  EXPECT_TRUE(DecodeBatch(OneInt(), valid + "trailing").ok());
  EXPECT_EQ(DecodeBatch(OneInt(), EncodeSchema(OneInt(), Framing::kModern)).status().message(),
            "decode an Arrow batch: a message with header type 1, 3 (a record batch) expected");
}

TEST(Ipc, TextThatIsNotUtf8AndOffsetsThatDescendAreRefused) {
  const WireSchema text{{{"t", true, {.kind = WireKind::kUtf8}}}};
  const auto made = [](std::string_view offsets, std::string_view bytes) {
    std::string body(offsets);
    body.resize(16);
    body += bytes;
    body.resize(24);
    return HandMade{2, {{2, 0}}, {{0, 0}, {0, 12}, {16, 8}}, body}.Message();
  };
  EXPECT_TRUE(DecodeBatch(text, made(std::string_view("\0\0\0\0\2\0\0\0\4\0\0\0", 12), "\xc3\xa4\xc3\xa4")).ok());
  // Valid as a whole, cut inside a character.
  EXPECT_EQ(DecodeBatch(text, made(std::string_view("\0\0\0\0\1\0\0\0\4\0\0\0", 12), "\xc3\xa4\xc3\xa4")).status().message(),
            "decode an Arrow batch: column t, row 0: text that is not UTF-8");
  EXPECT_EQ(DecodeBatch(text, made(std::string_view("\0\0\0\0\1\0\0\0\2\0\0\0", 12), "a\xff")).status().message(),
            "decode an Arrow batch: column t, row 1: text that is not UTF-8");
  EXPECT_EQ(DecodeBatch(text, made(std::string_view("\0\0\0\0\3\0\0\0\2\0\0\0", 12), "abc")).status().message(),
            "decode an Arrow batch: the offsets of column t descend or are negative");
  EXPECT_THAT(DecodeBatch(text, made(std::string_view("\0\0\0\0\1\0\0\0\x09\0\0\0", 12), "abc")).status().message(),
              HasSubstr("the bytes of column t have 8 bytes, 9 needed"));
}

TEST(Ipc, SmallMessagesThatClaimMuchCostLittle) {
  const WireSchema hollow{{{"s", true, {.kind = WireKind::kStruct}}}};
  const Result<Block> nulls = DecodeBatch(hollow, HandMade{kMaxBatchRows - 1, {{kMaxBatchRows - 1, kMaxBatchRows - 1}}, {{0, 0}}, ""}.Message());
  EXPECT_EQ(nulls.status().code(), StatusCode::kCapacityError) << nulls.status();
  // A field whose children are itself: as deep as the limit, then refused.
  FlatWriter out;
  StartMessage(kSchemaHeader, Framing::kModern, 0, &out);
  const auto schema = out.AddTable({FlatWriter::Offset(1)});
  out.PointHere(schema[1]);
  const size_t fields = out.AddOffsets(2);
  std::string text;
  AppendFramed(out, Framing::kModern, &text);
  EXPECT_FALSE(DecodeSchema(text).ok());  // offsets of zero lead back to themselves
  (void)fields;
  WireField deep{"x", true, {.kind = WireKind::kInt, .bit_width = 8}};
  for (int level = 1; level < kMaxNesting; ++level) deep = {"x", true, {.kind = WireKind::kList}, {deep}};
  EXPECT_TRUE(DecodeSchema(EncodeSchema({{deep}}, Framing::kModern)).ok());
  deep = {"x", true, {.kind = WireKind::kList}, {deep}};
  EXPECT_EQ(DecodeSchema(EncodeSchema({{deep}}, Framing::kModern)).status().code(), StatusCode::kCapacityError);
  WireSchema wide;
  wide.fields.resize(kMaxSchemaFields + 1, WireField{"c", true, {.kind = WireKind::kBool}});
  EXPECT_EQ(DecodeSchema(EncodeSchema(wide, Framing::kModern)).status().code(), StatusCode::kCapacityError);
}

TEST(Base64, AgreesWithTheVectorsOfRfc4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, base64] : vectors) {
    std::string out;
    AppendBase64({reinterpret_cast<const uint8_t*>(plain.data()), plain.size()}, &out);
    EXPECT_EQ(out, base64);
    EXPECT_EQ(DecodeBase64(base64).ValueOrDie(), plain);
  }
}

TEST(Base64, Check9PaddedStandardAlphabetOnly) {
  EXPECT_EQ(DecodeBase64("Zm9v\nYmE=\r\n").ValueOrDie(), "fooba");
  EXPECT_EQ(DecodeBase64(" Z m 9 v ").ValueOrDie(), "foo");
  for (const std::string_view bad : {"Zg", "Zm8", "Zg=", "Zg===", "Z===", "=", "Zm9vZ", "Zm-_", "Zm9v!", "Zg==Zg==", "Zg=a", "Zm\xff="}) {
    EXPECT_EQ(DecodeBase64(bad).status().code(), StatusCode::kInvalid) << bad;
  }
  EXPECT_EQ(DecodeBase64("Zm9vZm_v").status().message(), "decode base64: a character of code 95 at 6, outside of the standard alphabet");
}

TEST(Base64, TheFastKernelEqualsThePlainOne) {
  std::mt19937_64 random(3);
  std::vector<uint8_t> bytes(3 * 4096);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  for (size_t count = 0; count <= bytes.size(); count += count < 300 ? 3 : 1023) {
    const std::vector<uint8_t> exact(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
    std::string plain(count / 3 * 4, '?'), fast(count / 3 * 4, '?');
    internal::Base64Plain(exact.data(), count, plain.data());
    internal::ChosenBase64Kernel()(exact.data(), count, fast.data());
    ASSERT_EQ(fast, plain) << count;
    EXPECT_EQ(DecodeBase64(fast).ValueOrDie(), std::string(exact.begin(), exact.end()));
  }
}

}  // namespace
}  // namespace lotic::athena
