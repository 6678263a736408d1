// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lotic/batch.h"
#include "lotic/constraints.h"
#include "lotic/type.h"

namespace lotic::kafka {

/// A value set made ready for columns of one scalar type: plain loops for integers, times, floats and text, the reference evaluator
/// (ValueSetAllows) for the rest. The answers are the reference's. One thread at a time.
class ValueFilter {
 public:
  /// `set` is normalised.
  ValueFilter(Type type, ValueSet set, CompareOptions options);

  /// Clears keep[i] where the column's row i is not allowed. keep.size() == column.length.
  void Apply(const Column& column, std::span<uint8_t> keep) const;
  /// Did the plain loops fit? For tests.
  bool is_fast() const { return fast_; }

 private:
  template <typename T>
  struct Interval {
    T low;   // inclusive
    T high;  // inclusive
  };
  bool CompileIntegers();
  bool CompileFloats();
  bool CompileText() const;
  template <typename Stored, typename Wide>
  void ApplyIntegers(const Column& column, const std::vector<Interval<Wide>>& intervals, std::span<uint8_t> keep) const;
  template <typename Stored>
  void ApplyFloats(const Column& column, std::span<uint8_t> keep) const;
  void ApplyText(const Column& column, std::span<uint8_t> keep) const;
  bool TextAllowed(std::string_view text) const;
  void ApplyNulls(const Column& column, std::span<const uint8_t> before, std::span<uint8_t> keep) const;

  Type type_;
  ValueSet set_;
  CompareOptions options_;
  bool fast_ = false;
  bool negated_ = false;  // kUnlisted: the intervals are what is not allowed
  std::vector<Interval<int64_t>> signed_;
  std::vector<Interval<uint64_t>> unsigned_;
};

}  // namespace lotic::kafka
