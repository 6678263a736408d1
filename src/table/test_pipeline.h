// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests of the record pipeline: raw records, and expressions in a language of a few words.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lotic/batch.h"
#include "table/ports.h"

namespace lotic::table::testing_pipeline {

struct RawRecord {
  std::optional<std::string> value;
  std::optional<std::string> key = std::nullopt;
  std::vector<std::pair<std::string, std::vector<std::optional<std::string>>>> headers = {};
  std::optional<int64_t> timestamp_ms = 1'700'000'000'000;
};

/// In `layout` (of RawLayout); offsets count from `first_offset`.
Batch RawBatch(const Schema& layout, const std::vector<RawRecord>& records, int64_t first_offset = 100);

/// Functions over the text of cells; NULL if one of them is. join(a, b): "a|b". size(a): its length; fails where the text is "bad". list(a): of one element. one(): 1. is_drop(a): the
/// filter that is true for "drop", and fails for "bad".
class WordExpressions final : public Expressions {
 public:
  Result<std::vector<std::string>> Inputs(const std::string& text) override;
  Result<std::unique_ptr<CompiledExpressions>> Compile(std::span<const NamedExpression> expressions, const Schema& input) override;

  int64_t evaluations = 0;
  std::vector<std::string> compiled;  ///< "join(a, b) over a VARCHAR raw, b BIGINT"
};

}  // namespace lotic::table::testing_pipeline
