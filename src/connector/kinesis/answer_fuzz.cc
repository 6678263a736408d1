// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "connector/kinesis/discovery.h"
#include "connector/kinesis/kinesis_client.h"

// Answers of GetRecords, ListShards and DescribeStreamSummary, positions, tokens and discovery states: no crash, no read beyond the text, what is
// taken holds together, and the fast parser takes nothing that the plain one would not take likewise.

namespace {

using lotic::Result;

void FuzzRecords(const std::string& text) {
  using lotic::kinesis::RecordPage;
  const Result<RecordPage> page = lotic::kinesis::ParseRecords(text), plain = lotic::kinesis::ParseRecordsPlainly(text);
  LOTIC_CHECK(page.ok() == plain.ok());
  if (!page.ok()) return;
  LOTIC_CHECK(page->records.size() == plain->records.size() && page->next_iterator == plain->next_iterator && page->behind_ms == plain->behind_ms);
  for (size_t i = 0; i < page->records.size(); ++i) {
    const lotic::kinesis::RecordView &one = page->records[i], &other = plain->records[i];
    LOTIC_CHECK(one.sequence == other.sequence && one.partition_key == other.partition_key && one.data == other.data && one.arrival_ms == other.arrival_ms);
    LOTIC_CHECK(!one.sequence.empty());
    LOTIC_CHECK(one.data.data() + one.data.size() <= page->text.get() + page->text_bytes);
  }
}

void FuzzOthers(const std::string& text) {
  using lotic::kinesis::EndlessToken;
  using lotic::kinesis::ShardPosition;
  using lotic::kinesis::StreamLineage;
  const Result<lotic::kinesis::ShardPage> shards = lotic::kinesis::ParseShards(text);
  if (shards.ok()) {
    for (const lotic::kinesis::Shard& shard : shards->shards) {
      LOTIC_CHECK(!shard.id.empty() && shard.id.find_first_of("|,") == std::string::npos);
      StreamLineage lineage{"arn", 1, "", {}, {}};
      const Result<std::vector<lotic::kinesis::Shard>> readable = lineage.Advance({&shard, 1}, [](const auto&) { return true; });
      if (readable.ok()) LOTIC_CHECK(StreamLineage::Parse(lineage.ToText()).ValueOrDie() == lineage);
    }
  }
  const Result<lotic::kinesis::StreamSummary> summary = lotic::kinesis::ParseSummary(text);
  if (summary.ok()) LOTIC_CHECK(!summary->arn.empty() && summary->retention_hours >= 0);
  const Result<ShardPosition> position = ShardPosition::Parse(text);
  if (position.ok()) LOTIC_CHECK(position->ToText() == text);
  const Result<EndlessToken> token = EndlessToken::Parse(text);
  if (token.ok()) LOTIC_CHECK(token->ToText() == text);
  const Result<StreamLineage> lineage = StreamLineage::Parse(text);
  if (lineage.ok()) LOTIC_CHECK(lineage->ToText() == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  FuzzRecords(text);
  FuzzOthers(text);
  return 0;
}
