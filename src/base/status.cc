// SPDX-License-Identifier: Apache-2.0
#include "lotic/status.h"

#include <cstdio>
#include <cstring>

#include "lotic/source_error.h"

namespace lotic {

std::string_view StatusCodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk: return "OK";
    case StatusCode::kInvalid: return "Invalid";
    case StatusCode::kNotFound: return "NotFound";
    case StatusCode::kUnauthorized: return "Unauthorized";
    case StatusCode::kIOError: return "IOError";
    case StatusCode::kThrottled: return "Throttled";
    case StatusCode::kDataLoss: return "DataLoss";
    case StatusCode::kCancelled: return "Cancelled";
    case StatusCode::kDeadlineExceeded: return "DeadlineExceeded";
    case StatusCode::kNotImplemented: return "NotImplemented";
    case StatusCode::kCapacityError: return "CapacityError";
    case StatusCode::kUnknownError: return "UnknownError";
  }
  return "UnknownError";
}

const std::string& Status::message() const {
  static const std::string empty;
  return state_ ? state_->message : empty;
}

const std::shared_ptr<const StatusDetail>& Status::detail() const {
  static const std::shared_ptr<const StatusDetail> none;
  return state_ ? state_->detail : none;
}

std::string Status::ToString() const {
  if (ok()) return "OK";
  std::string text(StatusCodeName(code()));
  text += ": ";
  text += state_->message;
  if (state_->detail) text += " (" + state_->detail->ToString() + ")";
  return text;
}

const SourceError* SourceError::From(const Status& status) {
  const StatusDetail* detail = status.detail().get();
  if (detail == nullptr || std::strcmp(detail->type_id(), "lotic::SourceError") != 0) return nullptr;
  return static_cast<const SourceError*>(detail);
}

namespace internal {

void CheckFailed(const char* file, int line, const char* what, const std::string& more) {
  std::fprintf(stderr, "%s:%d: internal error, please report it: broken invariant: %s%s%s\n", file, line, what, more.empty() ? "" : ": ", more.c_str());
  std::abort();
}

}  // namespace internal
}  // namespace lotic
