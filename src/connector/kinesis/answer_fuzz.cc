// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>

#include "connector/kinesis/kinesis_client.h"

// An answer of GetRecords, and a position: no crash, no read beyond the text, and what is taken holds together.

namespace {

void FuzzAnswer(const std::string& text) {
  using lotic::kinesis::ShardPosition;
  const lotic::Result<lotic::kinesis::RecordPage> page = lotic::kinesis::ParseRecords(text);
  if (page.ok()) {
    for (const lotic::kinesis::RecordView& record : page->records) {
      LOTIC_CHECK(!record.sequence.empty());
      LOTIC_CHECK(record.data.data() + record.data.size() + 64 <= page->text.data() + page->text.size());
    }
  }
  const lotic::Result<ShardPosition> position = ShardPosition::Parse(text);
  if (position.ok()) LOTIC_CHECK(position->ToText() == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzAnswer(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
