// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "kafka_protocol/byte_buffer.h"
#include "kafka_protocol/codec.h"
#include "kafka_protocol/record_cursor.h"
#include "kafka_protocol/wire.h"
#include "lotic/status.h"

namespace lotic::kafka_protocol {

// Record batch, magic 2 (Kafka 0.11 and later), big endian:
//    0 base offset:8   8 length:4 (of what follows it)   12 partition leader epoch:4   16 magic:1   17 crc:4 (CRC-32C
//    of 21..end)
//   21 attributes:2   23 last offset delta:4   27 base timestamp:8   35 max timestamp:8   43 producer id:8   51
//   producer epoch:2 53 base sequence:4   57 record count:4   61 records (compressed as a whole)
// Message, magic 0 and 1 (before 0.11); a compressed one holds messages as its value:
//    0 offset:8   8 length:4   12 crc:4 (CRC-32 of 16..end)   16 magic:1   17 attributes:1   18 [magic 1: timestamp:8]
//    key value
inline constexpr size_t kBatchPrefixBytes = 12;  ///< base offset and length: enough to know where a batch ends
inline constexpr size_t kBatchHeaderBytes = 61;  ///< magic 2
inline constexpr size_t kMagicAt = 16;

inline constexpr int64_t kNoTimestamp = -1;

/// The header of a batch. A message of the old formats is presented as a batch too: a plain one as a batch of one
/// record, a compressed one as a batch whose base offset and count are known only to the cursor that opens it.
struct BatchHeader {
  int64_t base_offset = 0;    ///< old formats: the message's offset, which is that of its last inner message
  int32_t size_bytes = 0;     ///< of the whole batch, from the base offset on
  int32_t leader_epoch = -1;  ///< magic 2
  int8_t magic = 2;
  uint32_t crc = 0;
  uint16_t attributes = 0;
  int32_t last_offset_delta = 0;
  int64_t base_timestamp = kNoTimestamp;
  int64_t max_timestamp = kNoTimestamp;  ///< magic 0: none
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  int32_t base_sequence = -1;
  int32_t record_count = 0;  ///< 0 is legal; -1: unknown before it is opened (compressed, old format)

  CodecId codec() const { return static_cast<CodecId>(attributes & 7); }
  bool log_append_time() const { return (attributes & 0x08) != 0; }
  bool is_transactional() const { return magic >= 2 && (attributes & 0x10) != 0; }
  bool is_control() const { return magic >= 2 && (attributes & 0x20) != 0; }
  /// The base timestamp is the time from which tombstones may go; record timestamps stay relative to it.
  bool has_delete_horizon() const { return magic >= 2 && (attributes & 0x40) != 0; }
  /// Wraps around for hostile base offsets rather than overflow.
  int64_t last_offset() const { return static_cast<int64_t>(static_cast<uint64_t>(base_offset) + static_cast<uint64_t>(last_offset_delta)); }
  /// Where reading goes on behind this batch.
  int64_t next_offset() const { return static_cast<int64_t>(static_cast<uint64_t>(last_offset()) + 1); }
};

/// One batch inside a buffer that it borrows.
struct BatchView {
  BatchHeader header;
  Bytes bytes;    ///< the whole batch
  Bytes payload;  ///< what follows the header (old formats: key and value with their lengths)
};

/// Parses the batch at the start of `bytes`, which may go on behind it. Checks sizes, magic and signs; not the CRC.
/// IOError when broken or cut short.
Result<BatchView> ParseBatch(Bytes bytes);

/// IOError naming both sums and the offset when the batch's checksum does not fit its bytes.
Status CheckCrc(const BatchView& batch);

/// Walks the batches that lie one behind the other in a fetched partition's bytes. A batch cut at the end is normal
/// (brokers cut at the byte limit) and is not an error. One thread at a time; borrows the bytes.
class BatchScanner {
 public:
  explicit BatchScanner(Bytes records) : rest_(records) {}

  /// True: `*batch` is the next whole batch. False: the end, or an error; see status().
  bool Next(BatchView* batch);
  /// OK, or the IOError that stopped the walk.
  const Status& status() const { return status_; }
  /// Bytes of the batch that was cut at the end; 0: none.
  size_t cut_bytes() const { return cut_bytes_; }
  /// How large the cut batch is in whole, 0 when not even that arrived. A fetch that holds nothing else needs this many
  /// bytes.
  size_t cut_batch_bytes() const { return cut_batch_bytes_; }

 private:
  Bytes rest_;
  Status status_;
  size_t cut_bytes_ = 0;
  size_t cut_batch_bytes_ = 0;
};

/// What is needed to open batches: a decompressor and a buffer, both used again for every batch. One thread at a time.
class BatchReader {
 public:
  explicit BatchReader(DecompressLimit limit = {}) : limit_(limit) {}

  /// Sets `cursor` to the batch's records, decompressing them if need be. The cursor and its records borrow
  /// `batch.bytes` when uncompressed, else this reader's buffer until the next Open or TakeBuffer. Does not check a
  /// magic 2 batch's CRC (see CheckCrc); for compressed old messages it checks those of the inner ones and makes one
  /// pass over them for their offsets. Errors: CapacityError (limit and option named), IOError with the offset,
  /// NotImplemented for an unknown codec.
  Status Open(const BatchView& batch, RecordCursor* cursor);

  /// Did the last Open decompress into this reader's buffer?
  bool used_buffer() const { return used_buffer_; }
  /// Hands the buffer over to a caller that keeps records beyond the next Open; the reader goes on with an empty one.
  ByteBuffer TakeBuffer();
  /// Gives the reader a buffer to use, for example one that was taken before.
  void GiveBuffer(ByteBuffer buffer) { buffer_ = std::move(buffer); }

 private:
  Status OpenLegacy(const BatchView& batch, RecordCursor* cursor);

  DecompressLimit limit_;
  Decompressor decompressor_;
  ByteBuffer buffer_;
  bool used_buffer_ = false;
};

/// The kinds of control records, which no consumer sees.
enum class ControlType : int16_t { kAbort = 0, kCommit = 1, kOther = -1 };

/// The kind of the control batch's first record; kOther for kinds of Kafka's own log and for a batch without records.
/// IOError when it is no control batch or broken.
Result<ControlType> ReadControlType(const BatchView& batch);

}  // namespace lotic::kafka_protocol
