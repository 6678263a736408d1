// SPDX-License-Identifier: Apache-2.0
#include "sql/seam.h"

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "duckdb/common/complex_json.hpp"
#include "duckdb/common/exception.hpp"
#include "duckdb/common/string_util.hpp"
#include "sql/engine.h"

namespace lotic::sql {
namespace {

// A Status travels through DuckDB as a number in the exception's extra information. The newest kMaxCarried are kept: an error is taken
// out again within the query that met it, and a query meets a handful at most.
constexpr size_t kMaxCarried = 64;
constexpr const char* kCarriedKey = "lotic_status";

struct Carried {
  std::mutex mutex;
  uint64_t next = 1;
  std::deque<std::pair<uint64_t, Status>> statuses;
};
Carried& TheCarried() {
  static Carried carried;
  return carried;
}

std::string Carry(const Status& status) {
  Carried& carried = TheCarried();
  std::lock_guard lock(carried.mutex);
  carried.statuses.emplace_back(carried.next, status);
  if (carried.statuses.size() > kMaxCarried) carried.statuses.pop_front();
  return std::to_string(carried.next++);
}

std::optional<Status> TakeOut(const std::string& number) {
  Carried& carried = TheCarried();
  std::lock_guard lock(carried.mutex);
  for (const auto& [key, status] : carried.statuses) {
    if (std::to_string(key) == number) return status;
  }
  return std::nullopt;
}

duckdb::ExceptionType TypeFor(StatusCode code) {
  switch (code) {
    case StatusCode::kInvalid: return duckdb::ExceptionType::BINDER;
    case StatusCode::kNotFound: return duckdb::ExceptionType::CATALOG;
    case StatusCode::kCancelled: return duckdb::ExceptionType::INTERRUPT;
    case StatusCode::kNotImplemented: return duckdb::ExceptionType::NOT_IMPLEMENTED;
    default: return duckdb::ExceptionType::IO;
  }
}

StatusCode CodeFor(const duckdb::ErrorData& error) {
  using duckdb::ExceptionType;
  switch (error.Type()) {
    case ExceptionType::CATALOG: {
      const auto subtype = error.ExtraInfo().find("error_subtype");
      const bool missing = subtype != error.ExtraInfo().end() && subtype->second == "MISSING_ENTRY";
      return missing ? StatusCode::kNotFound : StatusCode::kInvalid;
    }
    case ExceptionType::INTERRUPT: return StatusCode::kCancelled;
    case ExceptionType::OUT_OF_MEMORY:
    case ExceptionType::OBJECT_SIZE: return StatusCode::kCapacityError;
    case ExceptionType::IO:
    case ExceptionType::NETWORK:
    case ExceptionType::CONNECTION:
    case ExceptionType::HTTP: return StatusCode::kIOError;
    case ExceptionType::NOT_IMPLEMENTED:
    case ExceptionType::MISSING_EXTENSION:
    case ExceptionType::AUTOLOAD: return StatusCode::kNotImplemented;
    case ExceptionType::PERMISSION: return StatusCode::kUnauthorized;
    case ExceptionType::INVALID:
    case ExceptionType::FATAL:
    case ExceptionType::INTERNAL:
    case ExceptionType::NULL_POINTER:
    case ExceptionType::SCHEDULER:
    case ExceptionType::EXECUTOR:
    case ExceptionType::OPTIMIZER:
    case ExceptionType::STAT: return StatusCode::kUnknownError;
    default: return StatusCode::kInvalid;
  }
}

/// The sentence alone. Our connections have errors_as_json set: otherwise DuckDB replaces the position by a drawing under the message.
std::string MessageOf(const duckdb::ErrorData& error) {
  std::string message = error.RawMessage();
  if (!message.empty() && message[0] == '{') {
    const auto members = duckdb::StringUtil::ParseJSONMap(message, true)->Flatten();
    if (const auto at = members.find("exception_message"); at != members.end()) message = at->second;
  }
  if (const size_t drawing = message.find("\n\nLINE "); drawing != std::string::npos) message.resize(drawing);
  return message;
}

}  // namespace

void ThrowStatus(const Status& status, std::optional<size_t> position) {
  LOTIC_CHECK(!status.ok());
  std::unordered_map<std::string, std::string> extra;
  extra[kCarriedKey] = Carry(status);
  if (position) extra["position"] = std::to_string(*position);
  duckdb::unordered_map<duckdb::string, duckdb::string> info(extra.begin(), extra.end());
  throw duckdb::Exception(info, TypeFor(status.code()), status.message());
}

Status StatusFrom(const duckdb::ErrorData& error) {
  std::optional<size_t> position;
  if (const auto at = error.ExtraInfo().find("position"); at != error.ExtraInfo().end()) {
    position = static_cast<size_t>(std::strtoull(at->second.c_str(), nullptr, 10));
  }
  if (const auto at = error.ExtraInfo().find(kCarriedKey); at != error.ExtraInfo().end()) {
    if (std::optional<Status> carried = TakeOut(at->second)) {
      if (position && carried->detail() == nullptr) return carried->WithDetail(std::make_shared<SqlErrorDetail>(position));
      return *carried;
    }
  }
  std::string message = MessageOf(error);
  const StatusCode code = CodeFor(error);
  std::shared_ptr<const StatusDetail> detail;
  if (code == StatusCode::kInvalid || code == StatusCode::kNotFound) detail = std::make_shared<SqlErrorDetail>(position);
  return Status(code, std::move(message), std::move(detail));
}

}  // namespace lotic::sql
