// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "athena_protocol/base64_kernel.h"

namespace lotic::athena {

/// Base64 of bytes that come in pieces of any size, appended to a string. One thread.
class Base64Stream {
 public:
  explicit Base64Stream(std::string* out) : out_(*out) {}
  void Append(const uint8_t* bytes, size_t count);
  /// The last group, padded.
  void Finish();

 private:
  void Encode(const uint8_t* bytes, size_t count);  // a multiple of 3
  const internal::Base64Kernel kernel_ = internal::ChosenBase64Kernel();
  std::string& out_;
  uint8_t held_[3] = {};
  size_t num_held_ = 0;
};

}  // namespace lotic::athena
