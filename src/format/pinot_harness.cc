// SPDX-License-Identifier: Apache-2.0
#include "format/pinot_harness.h"

#include <cstring>

#include "format/decode_harness.h"
#include "format/iso_time.h"
#include "format/pinot_json_decoder.h"
#include "format/pinot_number.h"
#include "lotic/batch_builder.h"

namespace lotic::format_testing {

std::string PinotDecoded::Row(int64_t row) const {
  std::string text;
  for (size_t i = 0; i < batch.num_columns(); ++i) text += (i == 0 ? "" : " | ") + CellText(batch.column(i), row);
  return text;
}

std::string PinotDecoded::Text() const {
  std::string text;
  for (size_t i = 0; i < outcome.rows.size(); ++i) text += std::to_string(outcome.rows[i]) + ": " + Row(static_cast<int64_t>(i)) + "\n";
  for (const PinotProblem& problem : outcome.problems)
    text += std::to_string(problem.payload) + "/" + std::to_string(problem.column) + ": " + problem.reason + "\n";
  return text;
}

PinotDecoded DecodePinot(const std::vector<PinotDecoderField>& fields, const std::vector<std::string>& messages, bool speculate, size_t gap, size_t run_size) {
  auto schema = std::make_shared<Schema>();
  for (const PinotDecoderField& field : fields) schema->fields.push_back({field.name, field.type()});
  BatchBuilder builder(schema);
  std::vector<ColumnBuilder*> out;
  for (size_t i = 0; i < builder.num_columns(); ++i) out.push_back(&builder.column(i));

  size_t bytes = 0;
  for (const std::string& message : messages) bytes += message.size() + gap;
  const std::unique_ptr<uint8_t[]> block = std::make_unique<uint8_t[]>(bytes + 1);
  std::vector<PayloadView> payloads;
  uint8_t* at = block.get();
  for (const std::string& message : messages) {
    // Gaps that would make sense as JSON, so that a decoder that takes them seriously is found out.
    for (size_t k = 0; k < gap; ++k) *at++ = static_cast<uint8_t>("1}\"], \"ts\": 12345678901234567890 "[k % 32]);
    if (!message.empty()) std::memcpy(at, message.data(), message.size());
    payloads.push_back({at, static_cast<uint32_t>(message.size())});
    at += message.size();
  }
  PinotDecoded decoded;
  auto decoder = MakePinotJsonDecoder(fields, speculate).ValueOrDie();
  std::vector<uint32_t> selection;
  for (size_t first = 0; first < payloads.size(); first += run_size) {
    selection.clear();
    for (size_t i = first; i < std::min(first + run_size, payloads.size()); ++i) selection.push_back(static_cast<uint32_t>(i));
    decoder->Decode(payloads, selection, block.get() + bytes, out, &decoded.outcome);
  }
  decoded.counts = decoder->counts();
  decoded.batch = builder.Finish(static_cast<int64_t>(decoded.outcome.rows.size()));
  const Status valid = decoded.batch.Validate();
  if (!valid.ok()) internal::CheckFailed(__FILE__, __LINE__, "the batch validates", valid.ToString());
  return decoded;
}

bool ParseTestTimestamp(std::string_view text, int64_t* ms) {
  text = pinot::Trim(text);
  if (pinot::ParseLong(text, ms)) return true;
  IsoTimestamp at;
  if (!ParseIsoTimestamp(text, &at)) return false;
  at.nanos -= at.nanos % 1'000'000;
  return ToUnit(at, TimeUnit::kMilli, ms);
}

std::vector<PinotDecoderField> PinotGeneratorFields() {
  std::vector<PinotDecoderField> fields;
  const auto add = [&](const char* name, PinotCell cell, bool single_value = true) -> PinotDecoderField& {
    PinotDecoderField& field = fields.emplace_back();
    field.name = name;
    field.cell = cell;
    field.single_value = single_value;
    field.parse_timestamp = ParseTestTimestamp;
    return field;
  };
  add("ts", PinotCell::kTimestamp);
  add("ts", PinotCell::kLong);
  add("uuid", PinotCell::kString);
  add("uuid", PinotCell::kJson);
  add("uuid", PinotCell::kString).max_length = 6;
  add("count", PinotCell::kInt);
  add("count", PinotCell::kString);
  add("n", PinotCell::kBigDecimal);
  add("n", PinotCell::kLong).strict_numbers = true;
  add("n", PinotCell::kInt, false);
  add("price", PinotCell::kDouble);
  add("price", PinotCell::kFloat);
  add("ok", PinotCell::kBoolean);
  add("at", PinotCell::kTimestamp);
  add("at", PinotCell::kBytes);
  add("nested", PinotCell::kJson);
  add("nested", PinotCell::kString);
  add("nested", PinotCell::kString, false);
  add("other", PinotCell::kRaw);
  add("other", PinotCell::kLong).nested_is_missing = true;
  add("skip", PinotCell::kDouble, false);
  return fields;
}

}  // namespace lotic::format_testing
