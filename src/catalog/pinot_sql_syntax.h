// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/pinot_sql.h"
#include "lotic/status.h"

namespace lotic::catalog {

struct PinotExpr;
using PinotExprPtr = std::shared_ptr<const PinotExpr>;

/// An expression as Pinot sees it: a literal, a name or a call; operators are calls too ("plus", "greater_than"), so that one form serves names and translation. Immutable, shared.
struct PinotExpr {
  enum class Kind : uint8_t { kLong, kDouble, kText, kBool, kNull, kName, kCall };
  Kind kind = Kind::kNull;
  std::string text;                ///< kText: its value; kName: as written, parts joined with dots; kCall: the canonical name
  int64_t integer = 0;             ///< kLong, kBool
  double real = 0;                 ///< kDouble
  bool folded = false;             ///< kLong that arithmetic over literals gave: its type is DOUBLE, its value exact
  std::vector<PinotExprPtr> args;  ///< kCall
  size_t at = 0;                   ///< byte in the text, for messages
  int depth = 1;                   ///< of the tree
  size_t size = 1;                 ///< nodes of the tree, shared ones counted each time

  bool is_literal() const { return kind < Kind::kName; }
  bool is_call(std::string_view name) const { return kind == Kind::kCall && text == name; }
};

PinotExprPtr PinotLong(int64_t value, size_t at);
PinotExprPtr PinotDouble(double value, size_t at);
PinotExprPtr PinotText(std::string value, size_t at);
PinotExprPtr PinotBool(bool value, size_t at);
PinotExprPtr PinotNull(size_t at);
PinotExprPtr PinotName(std::string name, size_t at);
/// `name` is canonical: see CanonicalPinotFunction.
PinotExprPtr PinotCall(std::string name, std::vector<PinotExprPtr> args, size_t at);

struct PinotSelectItem {
  PinotExprPtr expr;  ///< the name "*" stands for all columns
  std::optional<std::string> alias;
};
struct PinotOrderItem {
  PinotExprPtr expr;
  bool descending = false;
  std::optional<bool> nulls_first;
};

/// A SELECT. After ParsePinotQuery: aliases and ordinals are put in, literals are folded, and what Pinot's own checks refuse is refused.
struct PinotSelect {
  bool distinct = false;  ///< also for GROUP BY without aggregates
  std::vector<PinotSelectItem> items;
  std::string table;
  std::string table_alias;
  PinotExprPtr where, having;  ///< null: none
  std::vector<PinotExprPtr> group_by;
  std::vector<PinotOrderItem> order_by;
  std::optional<int64_t> limit;
  int64_t offset = 0;
};

/// An error of this front, with its number.
template <typename... Args>
Status PinotError(PinotErrorCode code, Args&&... args) {
  return Status::Invalid(std::forward<Args>(args)...).WithDetail(std::make_shared<PinotErrorDetail>(code));
}
template <typename... Args>
Status PinotNotSupported(PinotErrorCode code, Args&&... args) {
  return Status::NotImplemented(std::forward<Args>(args)...).WithDetail(std::make_shared<PinotErrorDetail>(code));
}

/// Whether the canonical name is that of an aggregate of Pinot's, known here or not.
bool IsPinotAggregate(std::string_view canonical);
/// Whether an aggregate stands anywhere in it.
bool HasPinotAggregate(const PinotExpr& expr);

}  // namespace lotic::catalog
