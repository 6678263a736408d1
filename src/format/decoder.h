// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lotic/batch_builder.h"
#include "lotic/status.h"
#include "lotic/type.h"

// From the bytes of messages to columns, a run of messages at a time. What a cell is: docs/reference/json.md.

namespace lotic {

/// The payload of one message, borrowed. Null `data`: a tombstone, which has no payload (an empty payload is not one).
struct PayloadView {
  const uint8_t* data = nullptr;
  uint32_t size = 0;
};

/// A column to fill: `path` is a JSON Pointer of member names ("/a/b"; "~0" and "~1" stand for "~" and "/"; no array
/// indexes).
struct DecoderField {
  std::string name;  ///< as messages call it
  Type type;
  std::string path;
};

/// What a decoder did, added up over its calls.
struct DecodeCounts {
  int64_t undecodable_values = 0;  ///< cells (and elements inside nested cells) that are NULL because the value did not fit
  int64_t bad_messages = 0;        ///< messages whose text broke before every wanted member was found; their cells are in the count above
  int64_t fast_rows = 0;           ///< rows located by a learned shape: how often speculation paid
  int64_t general_rows = 0;        ///< rows located by the general path
};

struct DecoderOptions {
  /// Bytes that may be read after the end of every payload, whatever they hold. Below kDecoderPadding each run is
  /// copied first.
  size_t readable_padding = 0;
  /// Learn the shape of messages and compare instead of parse. Off: every row takes the general path. The answers are
  /// the same.
  bool speculate = true;
  /// Numbers and booleans may also be written as text ("12", "NaN"; blanks around are dropped; every text but true is false), as Flink's json format
  /// reads them; a DECIMAL with more places than the column is rounded HALF_UP.
  bool lenient = false;
  /// Of a checker: a number that is too large for its DECIMAL fits all the same; the decoder gives NULL for it, counted.
  bool null_for_large_decimals = false;
};

constexpr size_t kDecoderPadding = 64;
/// A larger message is a bad one: all its cells are NULL, counted.
constexpr uint32_t kMaxMessageBytes = 256u << 20;
/// Objects and lists may be nested this deep inside a wanted value; deeper: NULL, counted.
constexpr int kMaxNesting = 64;
/// Fields a decoder takes, and members in one path.
constexpr size_t kMaxDecoderFields = 4096;
constexpr size_t kMaxPathMembers = 32;

/// Turns messages into columns. One thread at a time. Cells never depend on which fields a decoder was made for, so
/// that one decoder can fill the columns a filter needs and a second one the others, for the rows that are left.
class MessageDecoder {
 public:
  virtual ~MessageDecoder() = default;

  /// Appends one row for each of `selection` (indexes into `payloads`, ascending) to each of `out` (one per field, of
  /// its type). Tombstones give NULLs; so does, counted, what does not fit: this never fails. Best called with hundreds
  /// of messages. No column gets more bytes of text than the payloads hold: a caller sees to bytes_size() + payload
  /// bytes < 2^31.
  virtual void Decode(std::span<const PayloadView> payloads, std::span<const uint32_t> selection, std::span<ColumnBuilder* const> out) = 0;
  /// The same for all of `payloads`.
  void DecodeAll(std::span<const PayloadView> payloads, std::span<ColumnBuilder* const> out);

  virtual const DecodeCounts& counts() const = 0;

 private:
  std::vector<uint32_t> all_;  // 0, 1, 2, ...
};

/// A message that OnError::kSkip drops and OnError::kFail stops at.
struct BadMessage {
  uint32_t payload = 0;  ///< index into the payloads
  std::string reason;    ///< one sentence, with the column and the value where that is what is wrong
};

/// Judges whole messages, for OnError::kSkip and kFail: valid JSON (RFC 8259, UTF-8), an object, and every declared
/// column fits, whatever a query asks for. What it passes decodes without an undecodable value. One thread at a time.
class MessageChecker {
 public:
  virtual ~MessageChecker() = default;
  /// Appends the indexes of the good ones among `selection` to `good` (tombstones are good), in order, and describes
  /// the first bad one in `first_bad` if that is not null. @return how many are bad.
  virtual int64_t Check(std::span<const PayloadView> payloads, std::span<const uint32_t> selection, std::vector<uint32_t>* good, BadMessage* first_bad) = 0;
};

/// Errors: Invalid, naming the field: a path that is no JSON Pointer of member names, a type JSON cannot fill (a map
/// whose keys are not VARCHAR); CapacityError: a limit above.
Result<std::unique_ptr<MessageDecoder>> MakeJsonDecoder(std::span<const DecoderField> fields, const DecoderOptions& options);
/// `declared`: all columns of the table. Errors: as above.
Result<std::unique_ptr<MessageChecker>> MakeJsonChecker(std::span<const DecoderField> declared, const DecoderOptions& options);

/// The fields of `schema`'s columns, whose paths are their metadata kPathMetadata; one without is the top-level member
/// of its name.
std::vector<DecoderField> JsonFields(const Schema& schema);

/// Field metadata: where in the message the column is, as a JSON Pointer.
inline constexpr const char* kPathMetadata = "lotic:path";
/// Field metadata: what an expert would write instead of the bare column, such as epoch_ms(ts).
inline constexpr const char* kHintMetadata = "lotic:hint";

/// "/" and the member's name, escaped.
std::string PointerTo(std::string_view member);

}  // namespace lotic
