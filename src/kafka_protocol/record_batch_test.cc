// SPDX-License-Identifier: Apache-2.0
#include "kafka_protocol/record_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "kafka_protocol/batch_builder.h"

namespace lotic::kafka_protocol {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Record {
  int64_t offset, timestamp;
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  bool operator==(const Record&) const = default;
};

Record Copy(const RecordView& view) {
  Record record{view.offset, view.timestamp, std::nullopt, std::nullopt, {}};
  if (view.has_key()) record.key.emplace(AsText(view.key_bytes()));
  if (view.has_value()) record.value.emplace(AsText(view.value_bytes()));
  HeaderCursor headers(view);
  HeaderView header;
  while (headers.Next(&header)) {
    record.headers.emplace_back(std::string(header.key), header.value ? std::optional(std::string(AsText(*header.value))) : std::nullopt);
  }
  EXPECT_TRUE(headers.ok()) << headers.status();
  return record;
}

// Every record of every batch; the first failure.
Status ReadAll(Bytes bytes, std::vector<Record>* records, DecompressLimit limit = {}) {
  BatchScanner scanner(bytes);
  BatchReader reader(limit);
  BatchView batch;
  while (scanner.Next(&batch)) {
    LOTIC_RETURN_NOT_OK(CheckCrc(batch));
    RecordCursor cursor;
    LOTIC_RETURN_NOT_OK(reader.Open(batch, &cursor));
    RecordView view;
    while (cursor.Next(view)) records->push_back(Copy(view));
    LOTIC_RETURN_NOT_OK(cursor.status());
  }
  return scanner.status();
}

std::vector<Record> MustRead(std::string_view bytes) {
  std::vector<Record> records;
  const Status status = ReadAll(AsBytes(bytes), &records);
  EXPECT_TRUE(status.ok()) << status;
  return records;
}

std::string Hex(std::string_view text) {  // spaces between bytes are for the reader
  std::string out;
  for (size_t i = 0; i < text.size(); i += 2) {
    while (text[i] == ' ') ++i;
    out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

// A random string that is sometimes null, empty, or longer than a two-byte length.
std::optional<std::string> RandomBytes(std::mt19937& random) {
  const size_t sizes[] = {0, 1, 5, 63, 64, 200, 9000};
  const size_t which = random() % 8;
  if (which == 7) return std::nullopt;
  std::string text(sizes[which], 'x');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

std::vector<Record> RandomRecords(std::mt19937& random, size_t count, bool with_headers, bool gaps) {
  const int64_t times[] = {0, -1, 1700000000000, 1700000000001, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(), -(int64_t{1} << 61)};
  std::vector<Record> records;
  int64_t offset = 0;
  for (size_t i = 0; i < count; ++i) {
    if (gaps) offset += random() % 300;
    Record record{offset++, times[random() % std::size(times)], RandomBytes(random), RandomBytes(random), {}};
    for (size_t h = with_headers ? random() % 3 : 0; h > 0; --h) {
      record.headers.emplace_back(RandomBytes(random).value_or("k"), RandomBytes(random));
    }
    records.push_back(std::move(record));
  }
  return records;
}

void AddTo(RecordBatchBuilder& builder, const std::vector<Record>& records) {
  for (const Record& record : records) {
    std::vector<HeaderInput> headers;
    for (const auto& [key, value] : record.headers) headers.push_back({key, value});
    builder.AddAt(static_cast<int32_t>(record.offset), record.timestamp, record.key, record.value, headers);
  }
}

class EveryCodec : public testing::TestWithParam<std::tuple<CodecId, SnappyForm>> {};

TEST_P(EveryCodec, GivesBackTheRecordsThatWereBuilt) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (const size_t count : {size_t{1}, size_t{2}, size_t{57}}) {
    std::vector<Record> records = RandomRecords(random, count, true, true);
    BatchOptions options;
    options.base_offset = 5000000000;
    std::tie(options.codec, options.compress.snappy_form) = GetParam();
    RecordBatchBuilder builder(options);
    AddTo(builder, records);
    std::string bytes = *builder.Finish();
    AddTo(builder, records);
    bytes += *builder.Finish();
    for (Record& record : records) record.offset += options.base_offset;
    std::vector<Record> twice = records;
    twice.insert(twice.end(), records.begin(), records.end());
    EXPECT_EQ(MustRead(bytes), twice);
  }
}

TEST_P(EveryCodec, SaysWhichLimitABatchIsTooLargeFor) {
  BatchOptions options;
  std::tie(options.codec, options.compress.snappy_form) = GetParam();
  RecordBatchBuilder builder(options);
  const std::string zeros(3 << 20, 0);
  builder.Add(0, std::nullopt, zeros);
  const std::string bytes = *builder.Finish();
  std::vector<Record> records;
  const Status status = ReadAll(AsBytes(bytes), &records, {1 << 20, "my.limit"});
  if (options.codec == CodecId::kNone) {  // nothing is decompressed, so there is nothing to limit
    EXPECT_TRUE(status.ok()) << status;
    return;
  }
  EXPECT_EQ(status.code(), StatusCode::kCapacityError);
  EXPECT_THAT(status.message(), HasSubstr("1048576"));
  EXPECT_THAT(status.message(), HasSubstr("my.limit"));
  EXPECT_THAT(status.message(), HasSubstr("offset 0"));
  EXPECT_EQ(MustRead(bytes).size(), 1u);
}

TEST_P(EveryCodec, NeverCrashesOnFlippedOrMissingBytes) {
  std::mt19937 random(7);
  BatchOptions options;
  std::tie(options.codec, options.compress.snappy_form) = GetParam();
  RecordBatchBuilder builder(options);
  AddTo(builder, RandomRecords(random, 20, true, false));
  const std::string good = *builder.Finish();
  BatchReader reader({1 << 20, "limit"});
  size_t failed = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = good;
    bytes[kBatchPrefixBytes + random() % (bytes.size() - kBatchPrefixBytes)] ^= static_cast<char>(1 + random() % 255);
    if (round % 3 == 0) bytes.resize(random() % bytes.size());
    BatchView batch;
    if (!BatchScanner(AsBytes(bytes)).Next(&batch)) continue;
    failed += !CheckCrc(batch).ok();
    RecordCursor cursor;  // on purpose in spite of the checksum
    if (!reader.Open(batch, &cursor).ok()) continue;
    RecordView view;
    int32_t seen = 0;
    while (cursor.Next(view)) {
      ++seen;
      HeaderCursor headers(view);
      HeaderView header;
      while (headers.Next(&header)) {
      }
    }
    EXPECT_LE(seen, batch.header.record_count);
    EXPECT_FALSE(cursor.Next(view));
  }
  EXPECT_GT(failed,
            1000u);  // every one that was whole, but for changes to the leader epoch and the checksum's neighbours
}

INSTANTIATE_TEST_SUITE_P(Codecs, EveryCodec,
                         testing::Values(std::tuple(CodecId::kNone, SnappyForm::kRaw), std::tuple(CodecId::kGzip, SnappyForm::kRaw),
                                         std::tuple(CodecId::kSnappy, SnappyForm::kRaw), std::tuple(CodecId::kSnappy, SnappyForm::kFramed),
                                         std::tuple(CodecId::kLz4, SnappyForm::kRaw), std::tuple(CodecId::kZstd, SnappyForm::kRaw)),
                         [](const auto& info) {
                           return std::string(CodecName(std::get<0>(info.param))) + (std::get<1>(info.param) == SnappyForm::kFramed ? "_framed" : "");
                         });

TEST(RecordBatch, ReadsBytesWrittenByHandFromTheSpecification) {
  // One record at offset 7, key "k", value "v", header h = null, created at 1000.
  std::string batch =
      Hex("0000000000000007"  // base offset
          "0000003d"          // length, 49 + 12
          "00000003"          // leader epoch
          "02"                // magic
          "00000000"          // crc, filled in below
          "0000"              // attributes
          "00000000"          // last offset delta
          "00000000000003e8"  // base timestamp
          "00000000000003e8"  // max timestamp
          "ffffffffffffffff"  // producer id
          "ffff"              // producer epoch
          "ffffffff"          // base sequence
          "00000001");        // record count
  batch += Hex("16 00 00 00 02 6b 02 76 02 02 68 01");
  ASSERT_EQ(batch.size(), 12u + 0x3d);
  Result<BatchView> unchecked = ParseBatch(AsBytes(batch));
  ASSERT_TRUE(unchecked.ok()) << unchecked.status();
  EXPECT_FALSE(CheckCrc(*unchecked).ok());
  RecordBatchBuilder builder({.base_offset = 7, .leader_epoch = 3});
  const HeaderInput header{"h", std::nullopt};
  builder.Add(1000, "k", "v", {&header, 1});
  const std::string built = *builder.Finish();
  EXPECT_EQ(built.substr(21), batch.substr(21));
  EXPECT_EQ(built.substr(0, 17), batch.substr(0, 17));
  const std::vector<Record> read = MustRead(built);
  EXPECT_THAT(read, ElementsAre(Record{7, 1000, "k", "v", {{"h", std::nullopt}}}));
  EXPECT_EQ(unchecked->header.leader_epoch, 3);
  EXPECT_EQ(unchecked->header.next_offset(), 8);
}

TEST(RecordBatch, GivesTheBatchTimeToEveryRecordUnderLogAppendTime) {
  RecordBatchBuilder builder({.log_append_time = 4711});
  builder.Add(5, "a", "1");
  builder.Add(900, "b", "2");
  const std::vector<Record> read = MustRead(*builder.Finish());
  EXPECT_THAT(read, ElementsAre(Record{0, 4711, "a", "1", {}}, Record{1, 4711, "b", "2", {}}));
}

TEST(RecordBatch, StampsLogAppendTimeInPlaceWithAValidChecksum) {
  RecordBatchBuilder builder;
  builder.Add(5, "a", "1");
  std::string bytes = *builder.Finish();
  auto* data = reinterpret_cast<uint8_t*>(bytes.data());
  AssignOffset(data, 99, 12);
  EXPECT_THAT(MustRead(bytes), ElementsAre(Record{99, 5, "a", "1", {}}));
  StampLogAppendTime({data, bytes.size()}, 31);
  EXPECT_THAT(MustRead(bytes), ElementsAre(Record{99, 31, "a", "1", {}}));
  EXPECT_EQ(ParseBatch(AsBytes(bytes))->header.leader_epoch, 12);
}

TEST(RecordBatch, KeepsRecordTimesRelativeToADeleteHorizon) {
  RecordBatchBuilder builder({.delete_horizon = 1000000});
  builder.Add(-5, "a", std::nullopt);
  builder.Add(1000007, "b", std::nullopt);
  const std::string bytes = *builder.Finish();
  EXPECT_TRUE(ParseBatch(AsBytes(bytes))->header.has_delete_horizon());
  EXPECT_THAT(MustRead(bytes), ElementsAre(Record{0, -5, "a", std::nullopt, {}}, Record{1, 1000007, "b", std::nullopt, {}}));
}

TEST(RecordBatch, AdvancesOverABatchWithoutRecords) {
  RecordBatchBuilder empty({.base_offset = 10, .codec = CodecId::kZstd});
  RecordBatchBuilder full({.base_offset = 20});
  full.Add(1, std::nullopt, "x");
  const std::string bytes = *empty.Finish(4) + *full.Finish();
  BatchScanner scanner(AsBytes(bytes));
  BatchView batch;
  ASSERT_TRUE(scanner.Next(&batch));
  EXPECT_EQ(batch.header.record_count, 0);
  EXPECT_EQ(batch.header.next_offset(), 15);
  EXPECT_THAT(MustRead(bytes), ElementsAre(Record{20, 1, std::nullopt, "x", {}}));
}

TEST(RecordBatch, TakesABatchCutAtTheEndForNormal) {
  RecordBatchBuilder builder;
  builder.Add(1, std::nullopt, "x");
  const std::string one = *builder.Finish();
  for (size_t cut = 1; cut < one.size(); ++cut) {
    const std::string bytes = one + one.substr(0, cut);
    BatchScanner scanner(AsBytes(bytes));
    BatchView batch;
    EXPECT_TRUE(scanner.Next(&batch));
    EXPECT_FALSE(scanner.Next(&batch));
    EXPECT_TRUE(scanner.status().ok());
    EXPECT_EQ(scanner.cut_bytes(), cut);
    EXPECT_EQ(scanner.cut_batch_bytes(), cut < kBatchPrefixBytes ? 0 : one.size());
  }
}

// Offsets in the message are enough to find the batch.
Status FirstFailure(std::string bytes) {
  std::vector<Record> records;
  return ReadAll(AsBytes(bytes), &records);
}
std::string WithFixedCrc(std::string bytes) {
  // StampLogAppendTime computes the checksum anew; what it changes besides is of no interest here.
  StampLogAppendTime({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}, 0);
  return bytes;
}

TEST(RecordBatch, NamesWhatIsWrongWithABrokenHeader) {
  RecordBatchBuilder builder({.base_offset = 77});
  builder.Add(1, "k", "v");
  const std::string good = *builder.Finish();
  const auto with = [&good](size_t at, std::string_view bytes) { return std::string(good).replace(at, bytes.size(), bytes); };
  EXPECT_THAT(FirstFailure(with(16, "\x07")).message(), HasSubstr("offset 77: unknown format: magic 7"));
  EXPECT_THAT(FirstFailure(with(8, "\xff\xff\xff\xff")).message(), HasSubstr("offset 77: its length is -1"));
  EXPECT_THAT(FirstFailure(with(8, std::string_view("\0\0\0\x09", 4))).message(), HasSubstr("too small"));
  EXPECT_THAT(FirstFailure(with(57, "\xff\xff\xff\xff")).message(), HasSubstr("number of records -1"));
  EXPECT_THAT(FirstFailure(with(23, "\xff\xff\xff\xff")).message(), HasSubstr("last offset delta -1"));
  EXPECT_THAT(FirstFailure(with(0, "\xff")).message(), HasSubstr("negative offset"));
  EXPECT_THAT(FirstFailure(with(0, "\x7f\xff\xff\xff\xff\xff\xff\xff")).message(), HasSubstr("beyond 64 bits"));
  EXPECT_THAT(FirstFailure(with(61, "\x01")).message(), HasSubstr("checksum"));
}

TEST(RecordBatch, NamesWhatIsWrongWithItsRecords) {
  RecordBatchBuilder builder;
  builder.Add(1, "k", "v");
  builder.Add(1, "k", "v");
  const std::string good = *builder.Finish();
  const auto with = [&good](size_t at, std::string_view bytes) { return WithFixedCrc(std::string(good).replace(at, bytes.size(), bytes)); };
  EXPECT_TRUE(FirstFailure(WithFixedCrc(good)).ok());
  EXPECT_THAT(FirstFailure(with(57, std::string_view("\0\0\0\x01", 4))).message(), HasSubstr("more bytes"));
  EXPECT_THAT(FirstFailure(with(57, std::string_view("\0\0\0\x03", 4))).message(), HasSubstr("outside the batch"));
  EXPECT_THAT(FirstFailure(with(61, "\x7e")).message(), HasSubstr("outside the batch"));
  EXPECT_THAT(FirstFailure(with(64, "\x04")).message(), HasSubstr("offsets do not rise"));  // delta 2 of 0..1
  EXPECT_THAT(FirstFailure(with(65, "\x7e")).message(), HasSubstr("do not fit"));           // key length
}

TEST(RecordBatch, FindsTheSameFaultsOnTheFastPathAsOnTheSlowOne) {
  std::mt19937 random(3);
  RecordBatchBuilder builder;
  std::vector<Record> records = RandomRecords(random, 30, true, true);
  for (Record& record : records) {  // small, so that most flips hit a length or a delta
    for (auto* part : {&record.key, &record.value}) {
      if (*part && (*part)->size() > 70) (*part)->resize(random() % 5);
    }
    record.headers.resize(std::min<size_t>(record.headers.size(), 1));
    for (auto& header : record.headers) header = {"h", std::nullopt};
  }
  AddTo(builder, records);
  const std::string good = *builder.Finish();
  int broken = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = good;
    bytes[kBatchHeaderBytes + random() % (bytes.size() - kBatchHeaderBytes)] ^= static_cast<char>(1 << (random() % 8));
    // The slow walk: an oracle that reads each record by the checked Reader alone.
    std::vector<std::pair<int64_t, size_t>> expected;
    bool expect_ok = true;
    Reader in(AsBytes(bytes).subspan(kBatchHeaderBytes));
    const BatchView batch = *ParseBatch(AsBytes(bytes));
    int64_t previous = -1;
    for (int i = 0; i < batch.header.record_count; ++i) {
      const int32_t length = in.Varint();
      Reader record(in.Raw(length < 0 ? SIZE_MAX : static_cast<size_t>(length)));
      record.Int8();
      record.Varlong();
      const int32_t delta = record.Varint();
      const int32_t key = record.Varint();
      record.Raw(static_cast<size_t>(std::max(key, 0)));
      const int32_t value = record.Varint();
      record.Raw(static_cast<size_t>(std::max(value, 0)));
      if (!in.ok() || !record.ok() || record.remaining() == 0 || key < -1 || value < -1 || delta <= previous || delta > batch.header.last_offset_delta) {
        expect_ok = false;
        break;
      }
      previous = delta;
      expected.emplace_back(delta, static_cast<size_t>(std::max(value, 0)));
    }
    expect_ok = expect_ok && in.remaining() == 0;
    std::vector<std::pair<int64_t, size_t>> got;
    BatchReader reader;
    RecordCursor cursor;
    ASSERT_TRUE(reader.Open(batch, &cursor).ok());
    RecordView view;
    while (cursor.Next(view)) got.emplace_back(view.offset, view.value_bytes().size());
    ASSERT_EQ(got, expected) << round;
    ASSERT_EQ(cursor.ok(), expect_ok) << round;
    // In runs of any length and size the answers are the same.
    got.clear();
    ASSERT_TRUE(reader.Open(batch, &cursor).ok());
    std::array<RecordView, 8> run;
    std::mt19937 runs(static_cast<uint32_t>(round));
    for (size_t wanted = 0, count = 0; count == wanted;) {
      wanted = 1 + runs() % run.size();
      int64_t size = 0;
      const int64_t max_size = runs() % 4 == 0 ? 1 : 1 << 20;
      if (max_size == 1) wanted = 1;  // the first record reaches it
      count = cursor.NextRun(std::span(run).first(max_size == 1 ? run.size() : wanted), max_size, &size);
      EXPECT_EQ(size > 0, count > 0);
      for (size_t i = 0; i < count; ++i) got.emplace_back(run[i].offset, run[i].value_bytes().size());
    }
    ASSERT_EQ(got, expected) << round;
    ASSERT_EQ(cursor.ok(), expect_ok) << round;
    broken += !expect_ok;
  }
  EXPECT_GT(broken, 300);
}

// One line per record, as testdata/kafka_protocol/JavaSamples.java writes them.
std::string ShowAsJava(const Record& record) {
  const auto show = [](const std::optional<std::string>& bytes) -> std::string {
    if (!bytes) return "NULL";
    std::string hex = "x";
    bool binary = false;
    for (const char c : *bytes) {
      constexpr char kDigits[] = "0123456789abcdef";
      hex += kDigits[static_cast<uint8_t>(c) >> 4];
      hex += kDigits[c & 15];
      binary |= static_cast<int8_t>(c) < 32;
    }
    return binary ? hex : "'" + *bytes + "'";
  };
  std::string line = "record " + std::to_string(record.offset) + " " + std::to_string(record.timestamp) + " " + show(record.key) + " " + show(record.value);
  for (const auto& [key, value] : record.headers) line += " " + key + "=" + show(value);
  return line;
}

TEST(RecordBatch, ReadsEveryFormatAndCodecThatTheJavaClientWrites) {
  std::ifstream in(LOTIC_TESTDATA "/kafka_protocol/records.txt");
  std::string line, name;
  std::vector<std::string> expected, got;
  int sets = 0;
  const auto compare = [&] { EXPECT_EQ(got, expected) << name; };
  while (std::getline(in, line)) {
    if (line.starts_with("record ")) {
      expected.push_back(line);
      continue;
    }
    compare();
    expected.clear();
    got.clear();
    ++sets;
    name = line.substr(6, line.find(' ', 6) - 6);
    const std::string bytes = Hex(line.substr(line.find(' ', 6) + 1));
    for (const Record& record : MustRead(bytes)) got.push_back(ShowAsJava(record));
    const BatchHeader header = ParseBatch(AsBytes(bytes))->header;
    if (name == "transactional") {
      EXPECT_TRUE(header.is_transactional());
      EXPECT_EQ(header.producer_id, 4242);
      EXPECT_EQ(header.producer_epoch, 7);
      EXPECT_EQ(header.base_sequence, 3);
      EXPECT_EQ(header.leader_epoch, 11);
    } else if (name == "abort" || name == "commit") {
      EXPECT_EQ(*ReadControlType(*ParseBatch(AsBytes(bytes))), name == "abort" ? ControlType::kAbort : ControlType::kCommit);
    } else if (name == "empty") {
      EXPECT_EQ(header.record_count, 0);
      EXPECT_EQ(header.next_offset(), 65);
    }
  }
  compare();
  EXPECT_EQ(sets, 4 + 8 + 10 + 4);
}

TEST(RecordHeaders, KeepDuplicatesNullsAndAnyBytes) {
  RecordBatchBuilder builder;
  const std::string nul("a\0b", 3);
  const std::vector<HeaderInput> headers = {{"k", "1"}, {"k", std::nullopt}, {nul, ""}, {"", "\xff"}};
  builder.Add(1, std::nullopt, std::nullopt, headers);
  EXPECT_THAT(MustRead(*builder.Finish())[0].headers,
              ElementsAre(testing::Pair("k", std::optional<std::string>("1")), testing::Pair("k", std::nullopt),
                          testing::Pair(nul, std::optional<std::string>("")), testing::Pair("", std::optional<std::string>("\xff"))));
}

TEST(ControlBatch, TellsCommitFromAbort) {
  for (const ControlType type : {ControlType::kAbort, ControlType::kCommit}) {
    RecordBatchBuilder builder({.producer_id = 5, .transactional = true, .control = true});
    builder.AddMarker(type, 1);
    const std::string bytes = *builder.Finish();
    const BatchView batch = *ParseBatch(AsBytes(bytes));
    EXPECT_TRUE(batch.header.is_control());
    EXPECT_TRUE(batch.header.is_transactional());
    EXPECT_EQ(*ReadControlType(batch), type);
  }
  RecordBatchBuilder builder({.control = true});
  EXPECT_EQ(*ReadControlType(*ParseBatch(AsBytes(*builder.Finish()))), ControlType::kOther);
  builder.Add(1, "abc", "");
  EXPECT_THAT(ReadControlType(*ParseBatch(AsBytes(*builder.Finish()))).status().message(), HasSubstr("too short"));
}

TEST(BatchReader, HandsItsBufferOverToWhoKeepsRecords) {
  RecordBatchBuilder builder({.codec = CodecId::kLz4});
  builder.Add(1, std::nullopt, "first");
  const std::string one = *builder.Finish();
  builder.Add(1, std::nullopt, "other");
  const std::string two = *builder.Finish();
  BatchReader reader;
  RecordCursor cursor;
  RecordView first, other;
  ASSERT_TRUE(reader.Open(*ParseBatch(AsBytes(one)), &cursor).ok());
  ASSERT_TRUE(cursor.Next(first));
  ASSERT_TRUE(reader.used_buffer());
  const ByteBuffer kept = reader.TakeBuffer();
  ASSERT_TRUE(reader.Open(*ParseBatch(AsBytes(two)), &cursor).ok());
  ASSERT_TRUE(cursor.Next(other));
  EXPECT_EQ(AsText(first.value_bytes()), "first");
  EXPECT_EQ(AsText(other.value_bytes()), "other");
}

}  // namespace
}  // namespace lotic::kafka_protocol
