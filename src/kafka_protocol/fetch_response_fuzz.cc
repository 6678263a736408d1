// SPDX-License-Identifier: Apache-2.0
// A fetch response -> batches -> records -> headers. First byte: the response's version.
#include <cstdint>
#include <vector>

#include "kafka_protocol/aborted_transactions.h"
#include "kafka_protocol/frame.h"
#include "kafka_protocol/record_batch.h"

namespace lotic::kafka_protocol {
namespace {

constexpr DecompressLimit kLimit{size_t{1} << 20, "fuzz"};

// Walks everything; what comes out lies inside what went in, and offsets rise within a batch.
void WalkRecords(Bytes records, const std::vector<AbortedTransaction>& list) {
  BatchScanner scanner(records);
  BatchReader reader(kLimit);
  AbortedTransactions aborted(list);
  BatchView batch;
  size_t batch_bytes = 0;
  while (scanner.Next(&batch)) {
    batch_bytes += batch.bytes.size();
    (void)CheckCrc(batch);
    (void)aborted.Judge(batch);
    RecordCursor cursor;
    if (!reader.Open(batch, &cursor).ok()) continue;
    RecordView record;
    int64_t previous = INT64_MIN;
    int32_t count = 0;
    while (cursor.Next(record)) {
      LOTIC_CHECK(record.offset > previous && record.offset <= batch.header.last_offset());
      previous = record.offset;
      ++count;
      uint8_t last = 0;
      for (const Bytes part : {record.key_bytes(), record.value_bytes()}) {
        if (!part.empty()) last ^= part.back();
      }
      HeaderCursor headers(record);
      HeaderView header;
      while (headers.Next(&header)) last ^= header.key.empty() ? 0 : static_cast<uint8_t>(header.key.back());
      asm volatile("" : : "r"(last));
    }
    LOTIC_CHECK(count <= cursor.record_count());
    LOTIC_CHECK(!cursor.ok() || count == cursor.record_count());
  }
  LOTIC_CHECK(batch_bytes + scanner.cut_bytes() <= records.size());
}

}  // namespace
}  // namespace lotic::kafka_protocol

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::kafka_protocol;
  if (size == 0) return 0;
  const VersionRange range = SupportedVersions(ApiKey::kFetch);
  const auto version = static_cast<int16_t>(range.min + data[0] % (range.max - range.min + 1));
  const Bytes payload(data + 1, size - 1);
  WalkRecords(payload, {});  // also as bare records
  Reader in(payload);
  FetchResponse response;
  if (!response.Decode(in, version).ok()) return 0;
  for (const FetchResponse::Topic& topic : response.topics) {
    for (const FetchResponse::Partition& partition : topic.partitions) {
      if (partition.records) WalkRecords(*partition.records, partition.aborted_transactions.value_or(std::vector<AbortedTransaction>()));
    }
  }
  return 0;
}
