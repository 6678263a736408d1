// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "lotic/batch.h"
#include "lotic/batch_builder.h"
#include "lotic/call_context.h"
#include "lotic/status.h"
#include "lotic/udf_cell.h"

// Scalar functions of the user, written as plain C++ functions:
//
//   lotic::UdfRegistry functions;
//   LOTIC_RETURN_NOT_OK(functions.Add("area", [](double width, std::optional<double> height) { return width * height.value_or(1); }));
//
// NULL: a std::optional parameter sees NULL as nullopt. A parameter that is no optional never sees one: the result is then NULL, and the function is not
// called. A result std::optional<T> may be NULL. A function that can fail returns Result<T>; the failure fails the call, as does what it throws.

namespace lotic {

/// What a function takes and gives, in Athena's words: "ROW(id INTEGER, completed BOOLEAN)".
struct UdfSignature {
  std::string name;
  std::vector<std::string> arguments;
  std::string result;
  std::string ToString() const;  ///< "area(DOUBLE, DOUBLE) DOUBLE"
};

namespace udf {

template <typename T>
struct WithoutOptional {
  using Type = T;
  static constexpr bool kOptional = false;
};
template <typename T>
struct WithoutOptional<std::optional<T>> {
  using Type = T;
  static constexpr bool kOptional = true;
};
template <typename T>
struct WithoutResult {
  using Type = T;
};
template <typename T>
struct WithoutResult<Result<T>> {
  using Type = T;
};

template <typename Parameter>
using ParameterValue = typename WithoutOptional<std::remove_cvref_t<Parameter>>::Type;
template <typename Returned>
using ResultValue = typename WithoutOptional<typename WithoutResult<std::remove_cvref_t<Returned>>::Type>::Type;

/// Whether functions may have such a parameter (T, const T&, std::optional<T>) and such a result.
template <typename T>
inline constexpr bool kIsParameter = Cell<ParameterValue<T>>::kParameter;
template <typename T>
inline constexpr bool kIsResult = Cell<ResultValue<T>>::kResult;

inline constexpr int64_t kRowsPerCheck = 4096;  ///< between two looks at the context

/// A function without its C++ types.
struct Overload {
  UdfSignature signature;
  std::function<bool(const Schema& arguments)> takes;
  std::function<bool(const Type& result)> gives;
  std::function<Status(const CallContext& ctx, const Batch& arguments, ColumnBuilder& out)> run;
};

/// Says which row an error is of.
Status AtRow(std::string_view name, int64_t row, const Status& status);

template <typename Parameter>
decltype(auto) Argument(const NullableReader<ParameterValue<Parameter>>& reader, int64_t row) {
  if constexpr (WithoutOptional<std::remove_cvref_t<Parameter>>::kOptional) {
    return reader.GetNullable(row);
  } else {
    return reader.Get(row);
  }
}
template <typename Parameter>
bool IsMissing(const NullableReader<ParameterValue<Parameter>>& reader, int64_t row) {
  return !WithoutOptional<std::remove_cvref_t<Parameter>>::kOptional && reader.IsNull(row);
}

template <typename T, typename Returned>
Status AppendResult(typename Cell<T>::Writer& writer, const Returned& value) {
  if constexpr (!std::is_same_v<typename WithoutResult<Returned>::Type, Returned>) {
    return value.ok() ? AppendResult<T>(writer, *value) : value.status();
  } else if constexpr (WithoutOptional<Returned>::kOptional) {
    return AppendNullable<T>(writer, value);
  } else {
    return writer.Append(value);
  }
}

template <typename Returned, typename... Parameters>
class Signature {
 public:
  explicit Signature(const std::function<Returned(Parameters...)>&) {}
  static_assert((kIsParameter<Parameters> && ...),
                "a parameter of this type cannot be had: see udf_cell.h for those that can; there is no MAP and no instant (TIMESTAMP WITH TIME ZONE)");
  static_assert(kIsResult<Returned>,
                "a result of this type cannot be had: see udf_cell.h for those that can; there is no MAP, no instant (TIMESTAMP WITH TIME ZONE), and no view");

  template <typename Fn>
  Overload Make(std::string name, Fn fn) const {
    using T = ResultValue<Returned>;
    Overload made;
    made.signature = {name, {Cell<ParameterValue<Parameters>>::Name()...}, Cell<T>::Name()};
    made.takes = [](const Schema& arguments) { return Takes(arguments, std::index_sequence_for<Parameters...>()); };
    made.gives = [](const Type& result) { return Cell<T>::Matches(result) && Complete<T>::Of(result); };
    made.run = [name = std::move(name), fn = std::move(fn)](const CallContext& ctx, const Batch& arguments, ColumnBuilder& out) {
      return Run(ctx, name, fn, arguments, out, std::index_sequence_for<Parameters...>());
    };
    return made;
  }

 private:
  template <size_t... i>
  static bool Takes(const Schema& arguments, std::index_sequence<i...>) {
    return arguments.fields.size() == sizeof...(i) && (Cell<ParameterValue<Parameters>>::Matches(arguments.fields[i].type) && ...);
  }

  template <typename Fn, size_t... i>
  static Status Run(const CallContext& ctx, const std::string& name, const Fn& fn, const Batch& arguments, ColumnBuilder& out, std::index_sequence<i...>) {
    using T = ResultValue<Returned>;
    [[maybe_unused]] const std::tuple<NullableReader<ParameterValue<Parameters>>...> readers(
        NullableReader<ParameterValue<Parameters>>(arguments.column(i))...);
    typename Cell<T>::Writer writer(out);
    int64_t row = 0;
    try {
      for (; row < arguments.num_rows(); ++row) {
        if (row % kRowsPerCheck == 0) LOTIC_RETURN_NOT_OK(ctx.Check(name));
        if ((IsMissing<Parameters>(std::get<i>(readers), row) || ...)) {
          out.AppendNull();
          continue;
        }
        const Status appended = AppendResult<T>(writer, fn(Argument<Parameters>(std::get<i>(readers), row)...));
        if (!appended.ok()) return AtRow(name, row, appended);
      }
    } catch (const std::exception& thrown) {  // the function's own
      return AtRow(name, row, Status::UnknownError(thrown.what()));
    } catch (...) {
      return AtRow(name, row, Status::UnknownError("it threw something that is no std::exception"));
    }
    return Status::OK();
  }
};

}  // namespace udf

/// The functions of a connector or of a function of their own. Filled by one thread; calls then come from any thread, also several at once, so that
/// functions must bear that.
class UdfRegistry {
 public:
  /// Adds a function. `fn` is callable as const, with a plain signature (no template, no overload set) of the types in udf_cell.h; others do not compile.
  /// The name is in lower case, as Athena sends it: letters, digits, underscores. Several functions may have one name if their arguments differ by more than
  /// the members of a ROW or the items of an ARRAY. Errors: Invalid, naming the function.
  template <typename Fn>
  [[nodiscard]] Status Add(std::string name, Fn fn) {
    const udf::Signature signature{std::function(fn)};
    return AddOverload(signature.Make(std::move(name), std::move(fn)));
  }

  /// Evaluates a whole batch: a column of `result`'s name and type, one row for each row of `arguments`, in their order. The function is found by its exact name
  /// and exact types (widths too; of DECIMAL any precision and scale); names of arguments do not matter. All that can be decided once a batch is.
  /// Errors: NotImplemented (no such function: the signatures there are), Invalid (another type of result than the function has), the function's own,
  /// with its name and the row; Cancelled, DeadlineExceeded.
  Result<Batch> Call(const CallContext& ctx, std::string_view name, const Batch& arguments, const Field& result) const;

  std::vector<UdfSignature> functions() const;
  bool empty() const { return overloads_.empty(); }

 private:
  Status AddOverload(udf::Overload overload);
  std::vector<udf::Overload> overloads_;
};

}  // namespace lotic
