// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/decoder.h"
#include "lotic/batch_builder.h"
#include "lotic/status.h"
#include "lotic/type.h"

// From the bytes of messages to columns by the rules of Apache Pinot's ingestion, a run of messages at a time: unlike MessageDecoder, every message is judged as a whole, the last member of a
// name counts, and a value is converted where Pinot converts it. The rules: docs/reference/realtime-json.md.

namespace lotic {

/// What a column's cells are made into.
enum class PinotCell : uint8_t {
  kInt,         ///< Int32
  kLong,        ///< Int64
  kFloat,       ///< Float32
  kDouble,      ///< Float64
  kBigDecimal,  ///< String: plain digits, without an exponent
  kBoolean,     ///< Bool
  kTimestamp,   ///< Timestamp(ms, UTC)
  kString,      ///< String
  kJson,        ///< String: JSON without space between its tokens
  kBytes,       ///< Binary
  kRaw,         ///< String: what the message has, unconverted: the text of a string, the token of a number or boolean, the JSON of lists and objects
};

/// What happens to a STRING, JSON or BYTES value of more than `max_length`.
enum class PinotTooLong : uint8_t { kTrim, kKeep, kError, kDefault };

/// A column to fill.
struct PinotDecoderField {
  std::string name;  ///< the top-level member; two fields may have one name
  PinotCell cell = PinotCell::kString;
  bool single_value = true;           ///< else a list of such cells
  bool strict_numbers = false;        ///< a number out of the type's range is an error instead of wrapping (integers) or saturating (floats)
  bool allow_trailing_zeros = false;  ///< kBigDecimal
  /// Text is cut at a NUL, and held to max_length, -0.0 becomes 0.0 and NaN NULL: off for what an expression reads first.
  bool finish = true;
  /// In UTF-16 units for text, as Java counts (a character is never cut in two), bytes for kBytes.
  int32_t max_length = std::numeric_limits<int32_t>::max();
  PinotTooLong too_long = PinotTooLong::kTrim;
  std::string default_value;  ///< for PinotTooLong::kDefault, as the column stores it
  /// A list or object is taken as if the member were not there, unless it is a list and so is the column: the column of a transform, whose result replaces it.
  bool nested_is_missing = false;
  /// kTimestamp: milliseconds of a text. False if it is none.
  bool (*parse_timestamp)(std::string_view text, int64_t* ms) = nullptr;

  /// Of the column.
  Type type() const;
};

constexpr size_t kMaxPinotFields = 16384;
/// Objects and lists may be nested this deep in a message; deeper: undecodable.
constexpr int kMaxPinotNesting = 1000;
/// Digits of a BIG_DECIMAL written plainly; more: it does not convert.
constexpr size_t kMaxBigDecimalDigits = 1000;
constexpr size_t kMaxPinotDefaultBytes = 64 * 1024;
/// Problems of one call that are described; further ones have no reason.
constexpr size_t kMaxPinotReasons = 256;

/// Why a message gave no row, or a column of its row is NULL although the message has a value.
struct PinotProblem {
  static constexpr int32_t kMessage = -1;
  uint32_t payload = 0;       ///< index into the payloads
  int32_t column = kMessage;  ///< index of the field; kMessage: the message is undecodable
  std::string reason;         ///< one sentence with the value, for people; empty beyond kMaxPinotReasons
};

struct PinotOutcome {
  std::vector<uint32_t> rows;          ///< the payloads that gave a row each, in order
  std::vector<PinotProblem> problems;  ///< ascending by payload, then column
  void Clear() { rows.clear(), problems.clear(); }
};

/// One thread at a time. What a message gives depends on nothing but the message.
class PinotDecoder {
 public:
  virtual ~PinotDecoder() = default;

  /// Appends a row to each of `out` (one per field, of its type) for each decodable one of `selection` (indexes into `payloads`, ascending, none of them a tombstone), and says in `outcome`,
  /// appending, what became of each. Up to `readable_end` bytes may be read, whatever they hold; it may be the end of the last payload. Best called with hundreds of messages. A column grows by at most the
  /// messages' bytes, and kMaxBigDecimalDigits or the default value for each cell: a caller sees to it that bytes_size() stays below 2^31.
  virtual void Decode(std::span<const PayloadView> payloads, std::span<const uint32_t> selection, const uint8_t* readable_end,
                      std::span<ColumnBuilder* const> out, PinotOutcome* outcome) = 0;

  virtual const DecodeCounts& counts() const = 0;  ///< fast_rows and general_rows, bad_messages
};

/// Converts texts that are no message's: keys, headers, stream metadata. The rules for strings of a message hold. One thread at a time.
class PinotTextCells {
 public:
  virtual ~PinotTextCells() = default;
  /// Appends one cell to `out` (of the field's type). False, with a NULL appended and `reason` (may be null) set, if `text` (valid UTF-8) does not convert.
  virtual bool Append(std::string_view text, ColumnBuilder& out, std::string* reason) = 0;
  /// The same for bytes, as they are, of a kBytes field.
  virtual bool AppendBytes(std::string_view bytes, ColumnBuilder& out, std::string* reason) = 0;
};
std::unique_ptr<PinotTextCells> MakePinotTextCells(const PinotDecoderField& field);

/// What PinotDecoderField::finish does, for a column filled by other means: `in` (of the field's type) to `out`, row by row; rows that break PinotTooLong::kError are NULL and listed in `bad`.
void FinishPinotColumn(const PinotDecoderField& field, const Column& in, ColumnBuilder& out, std::vector<int64_t>* bad);

}  // namespace lotic
