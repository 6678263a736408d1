// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "format/decoder.h"
#include "lotic/status.h"
#include "lotic/type.h"

// Which columns a topic has, from some of its messages. The rules: docs/reference/json.md.

namespace lotic {

enum class PayloadFormat : uint8_t {
  kRaw,   ///< no columns: only the key and the message itself can be asked for
  kJson,  ///< every message is a JSON object
};
std::string_view PayloadFormatName(PayloadFormat format);  // "raw", "json"

/// What the schema was inferred from.
struct SampleInfo {
  int64_t records = 0;  ///< all that were looked at, tombstones included
  int64_t bytes = 0;    ///< of payload
  int64_t tombstones = 0;
  std::string cut;  ///< "time", "bytes" or "" : the limit that ended the sample before its planned number of records
  bool operator==(const SampleInfo&) const = default;
};

/// A topic's schema as DESCRIBE shows it and --schema FILE takes it:
///   {"topic": "orders", "format": "json", "columns": [{"name": "id", "type": "BIGINT", "path": "/id"}, ...],
///    "sample": {"records": 1000, "bytes": 68123, "tombstones": 0, "cut": null}}
/// In `columns` each field has the metadata kPathMetadata and, if there is one, kHintMetadata ("hint" in JSON).
struct SchemaDocument {
  std::string topic;
  PayloadFormat format = PayloadFormat::kRaw;
  Schema columns;
  SampleInfo sample;
  bool operator==(const SchemaDocument&) const = default;
};

/// Indented, one column a line, members in the order above.
std::string ToJson(const SchemaDocument& document);
/// Reads it back. "path" (default: the member named as the column), "hint", "sample" and "topic" may be missing;
/// nothing else may be there. Errors: Invalid, with the place; an unknown key names the nearest known one; two columns
/// of one name.
Result<SchemaDocument> SchemaDocumentFromJson(std::string_view json);

/// Columns beyond these are left out; DESCRIBE says so by `columns_left_out`.
constexpr size_t kMaxInferredColumns = 1000;
/// Members of one object that an inferred STRUCT can have; with more of them it becomes VARCHAR.
constexpr size_t kMaxInferredMembers = 1000;
/// Nested deeper than this a value becomes VARCHAR holding its JSON text.
constexpr int kMaxInferredDepth = 16;

/// Looks at messages one after another. The same messages in the same order give the same schema; in another order the
/// same types, with columns in another order. One thread at a time.
class SchemaSampler {
 public:
  SchemaSampler();
  ~SchemaSampler();
  SchemaSampler(SchemaSampler&&) noexcept;
  SchemaSampler& operator=(SchemaSampler&&) noexcept;

  /// Tombstones are counted, and say nothing about the format.
  void Add(PayloadView payload);
  /// A limit ended the sample: "time" or "bytes".
  void Cut(std::string_view limit);
  int64_t records() const;
  int64_t bytes() const;
  /// Columns that kMaxInferredColumns left out.
  int64_t columns_left_out() const;

  /// The schema of what was added so far. Without any message that is not a tombstone: raw.
  SchemaDocument Finish(std::string topic) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lotic
