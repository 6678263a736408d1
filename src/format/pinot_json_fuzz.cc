// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/decode_harness.h"
#include "format/pinot_harness.h"
#include "lotic/status.h"

// The input is a run of messages, one a line. Whatever they hold: batches are valid (the harness checks), both paths and every way the messages may lie in memory give the same rows and
// problems, and each message is a row or undecodable.

namespace lotic {
namespace {

void FuzzPinotJson(std::string_view input) {
  const std::vector<std::string> messages = format_testing::FuzzMessages(input);
  const size_t once = messages.size() / 2;
  const std::vector<PinotDecoderField> fields = format_testing::PinotGeneratorFields();
  const format_testing::PinotDecoded general = format_testing::DecodePinot(fields, messages, false);
  const std::string text = general.Text();
  LOTIC_CHECK(format_testing::DecodePinot(fields, messages, true, 0, once == 0 ? 1 : once).Text() == text);
  LOTIC_CHECK(format_testing::DecodePinot(fields, messages, true, 5, 3).Text() == text);
  size_t undecodable = 0;
  for (const PinotProblem& problem : general.outcome.problems) undecodable += problem.column == PinotProblem::kMessage ? 1 : 0;
  LOTIC_CHECK(undecodable + general.outcome.rows.size() == messages.size());
}

}  // namespace
}  // namespace lotic

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lotic::FuzzPinotJson({reinterpret_cast<const char*>(data), size});
  return 0;
}
