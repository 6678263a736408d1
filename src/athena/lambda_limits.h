// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

// What AWS Lambda allows an invocation, in bytes and in time. Follows: AWS Lambda quotas (synchronous invocation).

namespace lotic::athena {

inline constexpr size_t kMaxPayloadInBytes = 6'291'456;   ///< of the payload that comes in: 6 MiB
inline constexpr size_t kMaxPayloadOutBytes = 6'291'556;  ///< of the payload that goes out, an error's included: 6 MiB and 100 bytes
inline constexpr std::chrono::seconds kMaxInvocationTime{900};

/// A function is asked to be done this much before the end of its invocation, so that its error still gets out.
inline constexpr std::chrono::milliseconds kDeadlineMargin{500};
/// At most one part in so many of the time that is left goes to the margin.
inline constexpr int kDeadlineMarginShare = 4;

/// The deadline for the function of an invocation that ends at `end`.
std::chrono::steady_clock::time_point FunctionDeadline(std::chrono::steady_clock::time_point now, std::chrono::steady_clock::time_point end);

}  // namespace lotic::athena
