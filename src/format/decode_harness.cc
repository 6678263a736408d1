// SPDX-License-Identifier: Apache-2.0
#include "format/decode_harness.h"

#include <algorithm>
#include <cstring>
#include <sstream>

namespace lotic::format_testing {
namespace {

template <typename T>
std::string Shown(const Column& column, int64_t row) {
  std::ostringstream out;
  out.precision(17);
  out << +column.values<T>()[static_cast<size_t>(row)];
  return out.str();
}

std::string ShownDecimal(Int128 value, int scale) {
  const bool negative = value < 0;
  std::string digits;
  for (; value != 0; value /= 10) digits.insert(digits.begin(), static_cast<char>('0' + std::abs(static_cast<int>(value % 10))));
  while (digits.size() <= static_cast<size_t>(scale)) digits.insert(digits.begin(), '0');
  if (scale > 0) digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  return (negative ? "-" : "") + digits;
}

}  // namespace

std::string CellText(const Column& column, int64_t row) {
  if (column.IsNull(row)) return "NULL";
  switch (column.type.id()) {
    case TypeId::kBool: return column.Bool(row) ? "true" : "false";
    case TypeId::kInt8: return Shown<int8_t>(column, row);
    case TypeId::kInt16: return Shown<int16_t>(column, row);
    case TypeId::kInt32:
    case TypeId::kDate: return Shown<int32_t>(column, row);
    case TypeId::kInt64:
    case TypeId::kTime:
    case TypeId::kTimestamp: return Shown<int64_t>(column, row);
    case TypeId::kUInt8: return Shown<uint8_t>(column, row);
    case TypeId::kUInt16: return Shown<uint16_t>(column, row);
    case TypeId::kUInt32: return Shown<uint32_t>(column, row);
    case TypeId::kUInt64: return Shown<uint64_t>(column, row);
    case TypeId::kFloat32: return Shown<float>(column, row);
    case TypeId::kFloat64: return Shown<double>(column, row);
    case TypeId::kDecimal128: return ShownDecimal(column.values<Int128>()[static_cast<size_t>(row)], column.type.scale());
    case TypeId::kString:
    case TypeId::kBinary: return "\"" + std::string(column.Text(row)) + "\"";
    case TypeId::kStruct: {
      std::string text = "{";
      for (size_t i = 0; i < column.children.size(); ++i) {
        text += (i == 0 ? "\"" : ", \"") + column.type.children()[i].name + "\": " + CellText(column.children[i], row);
      }
      return text + "}";
    }
    case TypeId::kList:
    case TypeId::kMap: {
      const bool map = column.type.id() == TypeId::kMap;
      std::string text = map ? "MAP{" : "[";
      for (int32_t i = column.offsets()[static_cast<size_t>(row)]; i < column.offsets()[static_cast<size_t>(row) + 1]; ++i) {
        if (text.back() != '{' && text.back() != '[') text += ", ";
        if (map) text += CellText(column.children[0], i) + ": ";
        text += CellText(column.children[map ? 1 : 0], i);
      }
      return text + (map ? "}" : "]");
    }
  }
  return "?";
}

std::string Decoded::Row(int64_t row) const {
  std::string text;
  for (size_t i = 0; i < batch.num_columns(); ++i) text += (i == 0 ? "" : " | ") + CellText(batch.column(i), row);
  return text;
}

Decoded DecodeMessages(const std::vector<DecoderField>& fields, const std::vector<std::string>& messages, bool speculate, bool padded, size_t run_size,
                       const std::vector<size_t>& tombstones) {
  auto schema = std::make_shared<Schema>();
  for (const DecoderField& field : fields) schema->fields.push_back({field.name, field.type});
  BatchBuilder builder(schema);
  std::vector<ColumnBuilder*> out;
  for (size_t i = 0; i < builder.num_columns(); ++i) out.push_back(&builder.column(i));

  std::vector<std::unique_ptr<uint8_t[]>> blocks;
  std::vector<PayloadView> payloads;
  for (size_t i = 0; i < messages.size(); ++i) {
    if (std::find(tombstones.begin(), tombstones.end(), i) != tombstones.end()) {
      payloads.push_back({});
      continue;
    }
    const std::string& message = messages[i];
    blocks.push_back(std::make_unique<uint8_t[]>(message.size() + (padded ? kDecoderPadding : 0)));
    std::memcpy(blocks.back().get(), message.data(), message.size());
    // Padding that would make sense as JSON, so that a decoder that takes it seriously is found out.
    for (size_t k = 0; padded && k < kDecoderPadding; ++k) {
      blocks.back()[message.size() + k] = static_cast<uint8_t>("1}\"], \"ts\": 12345678901234567890 "[k % 32]);
    }
    payloads.push_back({blocks.back().get(), static_cast<uint32_t>(message.size())});
  }
  DecoderOptions options;
  options.speculate = speculate;
  options.readable_padding = padded ? kDecoderPadding : 0;
  auto decoder = MakeJsonDecoder(fields, options).ValueOrDie();
  for (size_t at = 0; at < payloads.size(); at += run_size) {
    decoder->DecodeAll(std::span(payloads).subspan(at, std::min(run_size, payloads.size() - at)), out);
  }
  Decoded decoded{builder.Finish(static_cast<int64_t>(messages.size())), decoder->counts()};
  const Status valid = decoded.batch.Validate();
  if (!valid.ok()) internal::CheckFailed(__FILE__, __LINE__, "the batch validates", valid.ToString());
  return decoded;
}

std::string MessageGenerator::String() {
  static const char* const kPieces[] = {"a",
                                        "user",
                                        "",
                                        " ",
                                        "\\n",
                                        "\\\"",
                                        "\\\\",
                                        "\\u00e9",
                                        "\\ud83d\\ude00",
                                        "\\ud800",
                                        "é",
                                        "😀",
                                        "\xff",
                                        "\x01",
                                        ",",
                                        ":",
                                        "{",
                                        "]",
                                        "93633f7c01d54453a144",
                                        "\\x",
                                        "2022-02-11T13:34:45.807Z",
                                        "2022-02-11 13:34:45",
                                        "2022-02-11",
                                        "12",
                                        "aGFsbG8="};
  std::string text = "\"";
  const bool plain = Below(3) != 0;
  for (uint64_t i = Below(4); i > 0; --i) text += plain ? kPieces[18] : kPieces[Below(std::size(kPieces))];
  return text + "\"";
}

std::string MessageGenerator::Number() {
  static const char* const kNumbers[] = {"0",
                                         "-0",
                                         "1",
                                         "-1",
                                         "1.5",
                                         "1e3",
                                         "1E+3",
                                         "1.0",
                                         "01",
                                         "+1",
                                         "-",
                                         ".5",
                                         "5.",
                                         "1e",
                                         "127",
                                         "128",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "-9223372036854775808",
                                         "18446744073709551615",
                                         "18446744073709551616",
                                         "123456789012345678901234567890",
                                         "1e400",
                                         "1e-400",
                                         "0.1",
                                         "12345678",
                                         "123456789",
                                         "1234567890123456",
                                         "12345678901234567",
                                         "1.7976931348623157e308"};
  if (Below(3) != 0) return std::to_string(static_cast<int64_t>(random_()) >> Below(64));
  return kNumbers[Below(std::size(kNumbers))];
}

std::string MessageGenerator::Value(int depth) {
  switch (Below(depth > 0 ? 9 : 6)) {
    case 0:
    case 1: return Number();
    case 2:
    case 3: return String();
    case 4: return "null";
    case 5: return Below(4) == 0 ? "tru" : (Below(2) == 0 ? "true" : "false");
    case 6: {
      std::string text = "[";
      for (uint64_t i = Below(4); i > 0; --i) text += Value(depth - 1) + (i > 1 ? ", " : "");
      return text + "]";
    }
    default: {
      static const char* const kNames[] = {"a", "b", "c", "x", "\\u0061"};
      std::string text = "{";
      for (uint64_t i = Below(5); i > 0; --i) {
        text += std::string("\"") + kNames[Below(std::size(kNames))] + "\":" + (Below(2) == 0 ? " " : "") + Value(depth - 1) + (i > 1 ? "," : "");
      }
      return text + "}";
    }
  }
}

std::string MessageGenerator::Message() {
  static const char* const kNames[] = {"ts", "uuid", "count", "n", "price", "ok", "at", "nested", "other", "ts", "c\\u006funt"};
  switch (Below(6)) {
    case 0:
    case 1:
    case 2:
      return "{\"ts\": " + std::to_string(1644586485807 + Below(100000)) + ", \"uuid\": \"93633f7c01d54453a144\", \"count\": " + std::to_string(Below(1001)) +
             "}";
    case 3: return "{\"nested\":{\"a\":" + Number() + ",\"b\":" + String() + "},\"skip\":" + Value(3) + ",\"count\":" + Number() + ",\"ok\":true}";
    default: {
      std::string text = Below(8) == 0 ? " {" : "{";
      for (uint64_t i = Below(8); i > 0; --i) {
        text += std::string("\"") + kNames[Below(std::size(kNames))] + "\"" + (Below(8) == 0 ? " " : "") + ": " + Value(4) + (i > 1 ? ", " : "");
      }
      return text + "}";
    }
  }
}

std::string MessageGenerator::Mutate(std::string message) {
  for (uint64_t i = Below(3) + 1; i > 0 && !message.empty(); --i) {
    const size_t at = Below(message.size());
    switch (Below(5)) {
      case 0: message[at] = static_cast<char>(random_()); break;
      case 1: message[at] = "\"{}[],:\\ 0-e"[Below(12)]; break;
      case 2: message.erase(at, 1); break;
      case 3: message.insert(at, message.substr(at, Below(8))); break;
      default: message.resize(at); break;
    }
  }
  return message;
}

std::vector<std::string> MessageGenerator::Messages(size_t count, int mutation_percent) {
  std::vector<std::string> messages;
  while (messages.size() < count) {
    std::string message = Message();
    if (static_cast<int>(Below(100)) < mutation_percent) message = Mutate(std::move(message));
    messages.push_back(std::move(message));
  }
  return messages;
}

std::vector<std::string> FuzzMessages(std::string_view input) {
  std::vector<std::string> messages;
  while (!input.empty() && messages.size() < kMaxFuzzMessages) {
    const size_t end = std::min(input.find('\n'), input.size());
    messages.emplace_back(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  const size_t once = messages.size();
  for (size_t i = 0; i < once; ++i) messages.push_back(messages[i]);
  return messages;
}

std::vector<DecoderField> GeneratorFields() {
  const Type nested = Type::Struct({{"a", Type::Int64()}, {"b", Type::String()}, {"c", Type::List(Type::Float64())}});
  return {{"ts", Type::Int64(), "/ts"},
          {"uuid", Type::String(), "/uuid"},
          {"count", Type::Int32(), "/count"},
          {"count_text", Type::String(), "/count"},
          {"n", Type::Decimal(20, 2), "/n"},
          {"n8", Type::Int8(), "/n"},
          {"n64", Type::UInt64(), "/n"},
          {"price", Type::Float64(), "/price"},
          {"price32", Type::Float32(), "/price"},
          {"ok", Type::Bool(), "/ok"},
          {"at", Type::Timestamp(TimeUnit::kMicro, true), "/at"},
          {"at_local", Type::Timestamp(TimeUnit::kMilli, false), "/at"},
          {"at_day", Type::Date(), "/at"},
          {"at_bytes", Type::Binary(), "/at"},
          {"nested", nested, "/nested"},
          {"nested_map", Type::Map(Type::String(), Type::String()), "/nested"},
          {"nested_a", Type::Int64(), "/nested/a"},
          {"nested_b_c", Type::String(), "/nested/b/c"},
          {"other", Type::List(nested), "/other"}};
}

}  // namespace lotic::format_testing
