// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lotic::catalog {

inline constexpr size_t kMaxPinotDocumentBytes = size_t{1} << 20;  ///< of a schema or table document: CapacityError
inline constexpr int kMaxPinotDocumentDepth = 32;                  ///< objects and arrays within each other: CapacityError

/// What a document says, and what its author should hear.
template <typename T>
struct Parsed {
  T value;
  std::vector<std::string> warnings;  ///< one sentence each, in the order of the document
  std::string unrecognized = "{}";    ///< a JSON object: the dotted path of each unknown key ("/a/b" in Pinot's replies is "a.b" here) with the value given
};

/// The value of a variable that `${NAME}` in a table document names; nothing: it is not set. Called while parsing, on the same thread.
using VariableLookup = std::function<std::optional<std::string>(std::string_view name)>;

}  // namespace lotic::catalog
