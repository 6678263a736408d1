// SPDX-License-Identifier: Apache-2.0
#include "connector/athena/sent_constraints.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

namespace lotic::athena_source {
namespace {

bool AnyValue(const ValueSet& set, const std::function<bool(const Scalar&)>& is) {
  for (const ValueRange& range : set.ranges) {
    if ((range.low && is(*range.low)) || (range.high && is(*range.high))) return true;
  }
  return std::any_of(set.values.begin(), set.values.end(), is);
}

bool IsZero(const Scalar& value) {
  const double* number = std::get_if<double>(&value);
  return number != nullptr && *number == 0;
}

// UTF-8 bytes from EE on begin U+E000 and later; ED, with A0 and more behind it, would be a surrogate, which text never holds.
bool SortsAlikeInBothOrders(const Scalar& value) {
  const std::string* text = std::get_if<std::string>(&value);
  return text == nullptr || std::all_of(text->begin(), text->end(), [](char c) { return static_cast<unsigned char>(c) < 0xEE; });
}

// Why a set over this column must not be sent; empty if it may.
std::string ReasonToKeepBack(const athena::WireType& type, const ValueSet& set) {
  if (type.kind == athena::WireKind::kTimestamp) return "the function would tell one instant in two zones apart";
  if (type.kind == athena::WireKind::kFloat && AnyValue(set, IsZero)) return "the function would tell -0.0 and 0.0 apart";
  if (type.kind == athena::WireKind::kUtf8 && !set.ranges.empty() && AnyValue(set, [](const Scalar& value) { return !SortsAlikeInBothOrders(value); })) {
    return "the function orders such text otherwise";
  }
  return "";
}

}  // namespace

Result<SentConstraints> ChooseConstraints(const ScanRequest& request, const athena::WireSchema& table, bool takes_limit) {
  SentConstraints out;
  for (const auto& [name, set] : request.constraints.columns) {
    PushedConstraint line{name, name, Pushdown::kHint, "sent to the function, which may prune by it"};
    const auto index = table.IndexOf(name);
    if (!request.layout.IndexOf(name) || !index) {
      return Status::Invalid("table ", request.table.ToString(), ": a constraint names column \"", name, "\", which the layout lacks");
    }
    line.reason = ReasonToKeepBack(table.fields[*index].type, set);
    if (line.reason.empty()) {
      Constraints one;
      one.columns.emplace(name, set);
      Result<athena::WireConstraints> wire = athena::ToWireConstraints(one, table);
      if (wire.ok()) {
        line.reason = "sent to the function, which may prune by it";
        for (auto& entry : wire->summary) out.wire.summary.push_back(std::move(entry));
      } else {
        line.pushdown = Pushdown::kNot;
        line.reason = "not sent: " + wire.status().message();
      }
    } else {
      line.pushdown = Pushdown::kNot;
      line.reason = "not sent: " + line.reason;
    }
    out.report.push_back(std::move(line));
  }
  for (const Expression& expression : request.constraints.expressions) {
    out.report.push_back({expression.ToString(), "", Pushdown::kNot, "not sent: the function's own evaluation may drop rows that SQL keeps"});
  }
  if (request.limit) {
    PushedConstraint line{"LIMIT " + std::to_string(*request.limit), "LIMIT", Pushdown::kNot, ""};
    const bool alone = request.constraints.empty() && request.order_by.empty();
    if (!alone) {
      line.reason = "rows are counted only after constraints and order";
    } else {
      line.pushdown = Pushdown::kExact;
      line.reason = takes_limit ? "the reader stops, and so may the function" : "the reader stops";
      if (takes_limit) out.wire.limit = *request.limit;
    }
    out.report.push_back(std::move(line));
  }
  if (!request.order_by.empty())
    out.report.push_back({"ORDER BY " + request.order_by[0].column, "ORDER BY", Pushdown::kNot, "rows come as the function has them"});
  return out;
}

}  // namespace lotic::athena_source
