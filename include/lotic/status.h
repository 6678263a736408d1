// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lotic {

/// What kind of failure a Status is. Exit codes and Athena error classes follow from these; see docs/reference/exit-codes.md.
enum class StatusCode : unsigned char {
  kOk,
  kInvalid,           ///< the caller's input
  kNotFound,          ///< a name that does not exist
  kUnauthorized,      ///< refused by the source: authentication or permission
  kIOError,           ///< the world: network, disk, a broken answer
  kThrottled,         ///< the source asks for patience
  kDataLoss,          ///< what was asked for is gone, or a result would be incomplete
  kCancelled,         ///< someone stopped it
  kDeadlineExceeded,  ///< the deadline of the call has passed
  kNotImplemented,    ///< known, not built
  kCapacityError,     ///< a named limit was reached
  kUnknownError,      ///< a gap in our own mapping
};

/// The code's name as it is printed: "Invalid", "IOError", ...
std::string_view StatusCodeName(StatusCode code);

/// More about a failure than its message: what a caller may do next. Compared by `type_id`.
class StatusDetail {
 public:
  virtual ~StatusDetail() = default;
  /// A process-wide unique name of the detail's class.
  virtual const char* type_id() const = 0;
  virtual std::string ToString() const = 0;
};

/// The outcome of an operation: OK, or a code, a message and optionally a typed detail. Cheap when OK (one null pointer).
/// Immutable once made; copies share. Any thread.
class [[nodiscard]] Status {
 public:
  Status() = default;
  /// `code` must not be kOk.
  Status(StatusCode code, std::string message, std::shared_ptr<const StatusDetail> detail = nullptr)
      : state_(std::make_shared<const State>(State{code, std::move(message), std::move(detail)})) {}

  static Status OK() { return Status(); }
  template <typename... Args>
  static Status Invalid(Args&&... args) {
    return Make(StatusCode::kInvalid, std::forward<Args>(args)...);
  }
  template <typename... Args>
  static Status NotFound(Args&&... args) {
    return Make(StatusCode::kNotFound, std::forward<Args>(args)...);
  }
  template <typename... Args>
  static Status Unauthorized(Args&&... args) {
    return Make(StatusCode::kUnauthorized, std::forward<Args>(args)...);
  }
  template <typename... Args>
  static Status IOError(Args&&... args) {
    return Make(StatusCode::kIOError, std::forward<Args>(args)...);
  }
  template <typename... Args>
  static Status Throttled(Args&&... args) {
    return Make(StatusCode::kThrottled, std::forward<Args>(args)...);
  }
  template <typename... Args>
  static Status DataLoss(Args&&... args) {
    return Make(StatusCode::kDataLoss, std::forward<Args>(args)...);
  }
  template <typename... Args>
  static Status Cancelled(Args&&... args) {
    return Make(StatusCode::kCancelled, std::forward<Args>(args)...);
  }
  template <typename... Args>
  static Status DeadlineExceeded(Args&&... args) {
    return Make(StatusCode::kDeadlineExceeded, std::forward<Args>(args)...);
  }
  template <typename... Args>
  static Status NotImplemented(Args&&... args) {
    return Make(StatusCode::kNotImplemented, std::forward<Args>(args)...);
  }
  template <typename... Args>
  static Status CapacityError(Args&&... args) {
    return Make(StatusCode::kCapacityError, std::forward<Args>(args)...);
  }
  template <typename... Args>
  static Status UnknownError(Args&&... args) {
    return Make(StatusCode::kUnknownError, std::forward<Args>(args)...);
  }

  bool ok() const { return state_ == nullptr; }
  StatusCode code() const { return state_ ? state_->code : StatusCode::kOk; }
  /// Empty when OK. Valid while this Status or a copy lives.
  const std::string& message() const;
  const std::shared_ptr<const StatusDetail>& detail() const;

  /// The same code and detail under a message put together from `args`.
  template <typename... Args>
  Status WithMessage(Args&&... args) const {
    return ok() ? *this : Status(code(), Concat(std::forward<Args>(args)...), state_->detail);
  }
  Status WithDetail(std::shared_ptr<const StatusDetail> detail) const { return ok() ? *this : Status(code(), state_->message, std::move(detail)); }
  /// "Invalid: what was wrong (detail)"; "OK".
  std::string ToString() const;

  bool IsCancelled() const { return code() == StatusCode::kCancelled; }

  friend std::ostream& operator<<(std::ostream& out, const Status& status) { return out << status.ToString(); }

 private:
  struct State {
    StatusCode code;
    std::string message;
    std::shared_ptr<const StatusDetail> detail;
  };
  template <typename... Args>
  static std::string Concat(Args&&... args) {
    std::ostringstream out;
    (out << ... << std::forward<Args>(args));
    return out.str();
  }
  template <typename... Args>
  static Status Make(StatusCode code, Args&&... args) {
    return Status(code, Concat(std::forward<Args>(args)...));
  }

  std::shared_ptr<const State> state_;
};

namespace internal {
[[noreturn]] void CheckFailed(const char* file, int line, const char* what, const std::string& more);
}

/// Stops the process when an invariant of our own is broken. User or network input never reaches one.
#define LOTIC_CHECK(condition) ((condition) ? (void)0 : ::lotic::internal::CheckFailed(__FILE__, __LINE__, #condition, ""))

/// A value, or the Status that says why there is none (never an OK one).
template <typename T>
class [[nodiscard]] Result {
 public:
  using ValueType = T;
  Result(Status status) : status_(std::move(status)) {  // NOLINT: implicit on purpose, so that `return status;` reads well
    LOTIC_CHECK(!status_.ok());
  }
  template <typename U = T, typename = std::enable_if_t<std::is_constructible_v<T, U&&> && !std::is_same_v<std::remove_cvref_t<U>, Status> &&
                                                        !std::is_same_v<std::remove_cvref_t<U>, Result>>>
  Result(U&& value) : value_(std::forward<U>(value)) {}  // NOLINT: implicit on purpose

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return std::move(*value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

  /// The value; stops the process if there is none. For tests and for invariants.
  T& ValueOrDie() & { return Checked(), *value_; }
  const T& ValueOrDie() const& { return Checked(), *value_; }
  T ValueOrDie() && { return Checked(), std::move(*value_); }

 private:
  void Checked() const {
    if (!ok()) internal::CheckFailed(__FILE__, __LINE__, "Result has a value", status_.ToString());
  }
  std::optional<T> value_;
  Status status_;
};

#define LOTIC_CONCAT_INNER(a, b) a##b
#define LOTIC_CONCAT(a, b) LOTIC_CONCAT_INNER(a, b)

/// Returns the Status of `expression` from the enclosing function if it is not OK.
#define LOTIC_RETURN_NOT_OK(expression)            \
  do {                                             \
    ::lotic::Status lotic_status_ = (expression);  \
    if (!lotic_status_.ok()) return lotic_status_; \
  } while (false)

#define LOTIC_ASSIGN_OR_RETURN_IMPL(result, declaration, expression) \
  auto result = (expression);                                        \
  if (!result.ok()) return result.status();                          \
  declaration = std::move(*result)

/// `LOTIC_ASSIGN_OR_RETURN(std::string text, ReadFile(path));`: the value, or the failure passed up unchanged.
#define LOTIC_ASSIGN_OR_RETURN(declaration, expression) LOTIC_ASSIGN_OR_RETURN_IMPL(LOTIC_CONCAT(lotic_result_, __LINE__), declaration, expression)

}  // namespace lotic
