// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>
#include <vector>

#include "format/decode_harness.h"
#include "format/decoder.h"
#include "format/inference.h"

// The input is a run of messages, one a line. Whatever they hold: batches are valid (the harness checks), both paths
// give the same cells and counts, a column alone gives the cells it gives among others, what a checker passes decodes
// without a misfit, and a schema inferred from messages fits them and survives its JSON form.

namespace lotic {
namespace {

void FuzzJsonDecode(std::string_view input) {
  const std::vector<std::string> messages = format_testing::FuzzMessages(input);
  const size_t once = messages.size() / 2;

  const std::vector<DecoderField> fields = format_testing::GeneratorFields();
  const auto plain = format_testing::DecodeMessages(fields, messages, false, false);
  const auto fast = format_testing::DecodeMessages(fields, messages, true, true, once == 0 ? 1 : once);
  LOTIC_CHECK(plain.counts.undecodable_values == fast.counts.undecodable_values);
  LOTIC_CHECK(plain.counts.bad_messages == fast.counts.bad_messages);
  for (size_t row = 0; row < messages.size(); ++row) {
    LOTIC_CHECK(plain.Row(static_cast<int64_t>(row)) == fast.Row(static_cast<int64_t>(row)));
  }
  for (size_t column = 0; column < fields.size(); ++column) {
    const auto alone = format_testing::DecodeMessages({fields[column]}, messages, true, false, once == 0 ? 1 : once);
    for (size_t row = 0; row < messages.size(); ++row) {
      const int64_t at = static_cast<int64_t>(row);
      LOTIC_CHECK(alone.Row(at) == format_testing::CellText(plain.batch.column(column), at));
    }
  }

  std::vector<PayloadView> payloads;
  std::vector<uint32_t> all;
  SchemaSampler sampler;
  for (const std::string& message : messages) {
    all.push_back(static_cast<uint32_t>(payloads.size()));
    payloads.push_back({reinterpret_cast<const uint8_t*>(message.data()), static_cast<uint32_t>(message.size())});
    sampler.Add(payloads.back());
  }
  auto checker = MakeJsonChecker(fields, {}).ValueOrDie();
  std::vector<uint32_t> good;
  BadMessage bad;
  const int64_t count = checker->Check(payloads, all, &good, &bad);
  LOTIC_CHECK(static_cast<size_t>(count) + good.size() == messages.size());
  std::vector<std::string> passed;
  for (const uint32_t at : good) passed.push_back(messages[at]);
  LOTIC_CHECK(format_testing::DecodeMessages(fields, passed, true, true).counts.undecodable_values == 0);

  const SchemaDocument document = sampler.Finish("t");
  LOTIC_CHECK(SchemaDocumentFromJson(ToJson(document)).ValueOrDie() == document);
  if (!messages.empty()) (void)SchemaDocumentFromJson(messages[0]);
}

}  // namespace
}  // namespace lotic

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lotic::FuzzJsonDecode({reinterpret_cast<const char*>(data), size});
  return 0;
}
