// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace lotic::athena::internal {

/// Base64 of `count` bytes, a multiple of 3, to `out`: 4 characters for each 3 bytes. Neither reads nor writes outside of that.
using Base64Kernel = void (*)(const uint8_t* in, size_t count, char* out);

void Base64Plain(const uint8_t* in, size_t count, char* out);
#if defined(__x86_64__)
/// Needs AVX2.
void Base64Avx2(const uint8_t* in, size_t count, char* out);
#endif

/// The fastest of this machine.
Base64Kernel ChosenBase64Kernel();

}  // namespace lotic::athena::internal
