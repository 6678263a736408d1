// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <cstddef>
#include <cstdint>

namespace lotic {

bool IsUtf8(std::string_view text) {
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  const size_t n = text.size();
  for (size_t i = 0; i < n;) {
    const uint8_t lead = p[i];
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const size_t more = lead >= 0xc2 && lead <= 0xdf ? 1 : (lead & 0xf0) == 0xe0 ? 2 : lead >= 0xf0 && lead <= 0xf4 ? 3 : 0;
    if (more == 0 || i + more >= n) return false;
    for (size_t k = 1; k <= more; ++k) {
      if ((p[i + k] & 0xc0) != 0x80) return false;
    }
    if (lead == 0xe0 && p[i + 1] < 0xa0) return false;  // overlong
    if (lead == 0xed && p[i + 1] > 0x9f) return false;  // surrogates
    if (lead == 0xf0 && p[i + 1] < 0x90) return false;  // overlong
    if (lead == 0xf4 && p[i + 1] > 0x8f) return false;  // above U+10FFFF
    i += more + 1;
  }
  return true;
}

}  // namespace lotic
