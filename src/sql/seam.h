// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "duckdb/common/error_data.hpp"
#include "lotic/status.h"

// Where DuckDB's exceptions and our Status meet. Nothing else in this folder catches or maps them.

namespace lotic::sql {

/// Inside a callback of DuckDB throwing is the protocol: throws an exception that carries `status` whole, so that
/// StatusFrom gives it back with code, message and detail. `status` must not be OK. Any thread.
/// @param position  byte offset in the statement, where known.
[[noreturn]] void ThrowStatus(const Status& status, std::optional<size_t> position = std::nullopt);
inline void ThrowIfError(const Status& status) {
  if (!status.ok()) ThrowStatus(status);
}
template <typename T>
T ValueOrThrow(Result<T> result) {
  if (!result.ok()) ThrowStatus(result.status());
  return std::move(*result);
}

/// DuckDB's error as a Status: one of ours that it carried, or its own by type (parser, binder, catalog → Invalid or NotFound with
/// SqlErrorDetail; interrupt → Cancelled; out of memory → CapacityError; IO → IOError; internal → UnknownError).
Status StatusFrom(const duckdb::ErrorData& error);

/// Runs `fn`, which returns a Status or a Result, and turns what DuckDB throws into a Status.
template <typename Fn>
std::invoke_result_t<Fn> GuardDuckDb(Fn&& fn) {
  try {
    return std::forward<Fn>(fn)();
  } catch (const std::exception& thrown) {
    return StatusFrom(duckdb::ErrorData(thrown));
  }
}

}  // namespace lotic::sql
