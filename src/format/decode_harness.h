// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests and fuzz targets of this folder: messages in, cells as text out.

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "format/decoder.h"
#include "lotic/batch.h"
#include "lotic/batch_builder.h"

namespace lotic::format_testing {

/// "NULL", numbers in decimal, text in quotes, "[1, NULL]", "{\"a\": 1}", "MAP{\"k\": 1}"; dates and times as their
/// integers.
std::string CellText(const Column& column, int64_t row);

struct Decoded {
  Batch batch;
  DecodeCounts counts;
  /// All columns of a row, separated by " | ".
  std::string Row(int64_t row) const;
};

/// Runs a decoder over `messages` (`tombstones` of them by index), `run_size` at a time. Each payload is a heap block
/// of exactly its size unless `padded`, so that a sanitizer sees a read too many. Stops the process if the batch does
/// not validate.
Decoded DecodeMessages(const std::vector<DecoderField>& fields, const std::vector<std::string>& messages, bool speculate, bool padded, size_t run_size = 300,
                       const std::vector<size_t>& tombstones = {});

/// Random messages, alike as those of a topic are: a few shapes with random values, some of them mutated.
class MessageGenerator {
 public:
  explicit MessageGenerator(uint64_t seed) : random_(seed) {}
  /// `mutation_percent` of the messages have a few bytes changed, removed, doubled or cut off.
  std::vector<std::string> Messages(size_t count, int mutation_percent);
  std::string Value(int depth);

 private:
  std::string Message();
  std::string String();
  std::string Number();
  std::string Mutate(std::string message);
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  std::mt19937_64 random_;
};

/// The columns that MessageGenerator's messages mostly have, of every type.
std::vector<DecoderField> GeneratorFields();

/// The messages of a fuzz target's input, one a line, at most kMaxFuzzMessages; then all of them again, so that shapes learned from the first time meet the messages again.
inline constexpr size_t kMaxFuzzMessages = 64;
std::vector<std::string> FuzzMessages(std::string_view input);

}  // namespace lotic::format_testing
