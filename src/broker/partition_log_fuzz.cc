// SPDX-License-Identifier: Apache-2.0
// Bytes that a client sends as a partition's records: produced through the protocol, and appended raw, checked and
// unchecked. Whatever is accepted, the log's offsets rise and every read stays inside it. First byte: bit 0
// keep_offsets, bit 1 unchecked, bit 2 through Produce.
#include "broker/answers.h"
#include "broker/partition_log.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::broker;
  namespace kp = lotic::kafka_protocol;
  constexpr size_t kMaxLogBytes = size_t{1} << 20;
  if (size == 0) return 0;
  const kp::Bytes records(data + 1, size - 1);
  BrokerOptions options;
  options.max_partition_bytes = kMaxLogBytes;
  Cluster cluster(options);
  Topic* const topic = cluster.CreateTopic("t", 1, {}).ValueOrDie();
  PartitionLog& log = topic->partition(0)->log;
  if ((data[0] & 4) != 0) {
    kp::ProduceRequest request;
    request.topics.push_back({"t", {{0, records}}});
    const InjectedErrors no_faults;
    (void)Answer(RequestContext{cluster, 1, 9, no_faults}, request);
  } else {
    (void)log.Append(records, {(data[0] & 1) != 0, (data[0] & 2) == 0, std::nullopt});
    (void)log.Append(records, {(data[0] & 1) != 0, (data[0] & 2) == 0, 5000});
  }
  LOTIC_CHECK(log.size_bytes() <= kMaxLogBytes);
  LOTIC_CHECK(log.start_offset() <= log.last_stable_offset() && log.last_stable_offset() <= log.end_offset());
  int64_t offset = log.start_offset();
  for (size_t reads = 0; offset < log.end_offset(); ++reads) {
    const PartitionLog::Slice slice = log.Read(offset, log.end_offset(), 1, true);
    if (slice.records.empty()) break;
    LOTIC_CHECK(slice.next_offset > offset && reads <= size);
    offset = slice.next_offset;
  }
  (void)log.FindTimestamp(0);
  (void)log.FindMaxTimestamp();
  (void)log.AbortedBetween(log.start_offset(), log.end_offset());
  log.StartEpoch(1);
  log.TruncateTo(log.end_offset() / 2);
  log.SetStart(log.end_offset());
  LOTIC_CHECK(log.num_batches() == 0 || log.start_offset() < log.end_offset());
  return 0;
}
