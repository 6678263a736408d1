// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "connector/athena/function_client.h"

namespace lotic::cli {

/// Looks at every answer that a client gets, as bytes: its form, and what in it the client may refuse. One thread at a time.
class ExchangeObserver {
 public:
  explicit ExchangeObserver(std::string catalog) : catalog_(std::move(catalog)) {}

  void Observe(const athena_source::Exchange& exchange);

  /// A check begins: what was contradicted before belongs to others.
  void Begin() { contradicted_.clear(); }
  /// The check that the last answer fails, where that is known; else empty.
  const std::string& contradicted() const { return contradicted_; }
  /// By request ("GetTableRequest"): the first fault of its answers' form, empty if none has one.
  const std::map<std::string, std::string>& strict_faults() const { return strict_; }
  const std::string& arrow_fault() const { return arrow_fault_; }
  int legacy_messages() const { return legacy_messages_; }
  /// Of spilled answers: an object that is called a directory. Empty: none; so is `spilled_blocks` of a function that never spilled.
  const std::string& place_fault() const { return place_fault_; }
  size_t spilled_blocks() const { return spilled_blocks_; }

 private:
  const std::string catalog_;
  std::string contradicted_;
  std::map<std::string, std::string> strict_;
  std::string arrow_fault_;
  int legacy_messages_ = 0;
  std::string place_fault_;
  size_t spilled_blocks_ = 0;
};

}  // namespace lotic::cli
