// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "table/table_view.h"

namespace lotic::table {

/// The views behind tokens that were given out a moment ago, so that one query sees one state of the manifests. Any thread.
class KeptViews {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  static constexpr size_t kMax = 64;  ///< the least recently used goes first
  static constexpr std::chrono::seconds kKeep{
      120};  ///< from when a view was first kept, however often it is asked for: well below the time that replaced files stay

  /// Null: none is kept for this token.
  std::shared_ptr<const TableView> Find(const std::string& token, Instant now);
  void Keep(const std::string& token, std::shared_ptr<const TableView> view, Instant now);

 private:
  struct Kept {
    std::string token;
    std::shared_ptr<const TableView> view;
    Instant since;
  };
  void Expire(Instant now);
  std::mutex mutex_;  // guards all members below
  std::list<Kept> views_;
};

}  // namespace lotic::table
