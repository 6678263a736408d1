# SPDX-License-Identifier: Apache-2.0
# A first ./run compiles every file once on a machine whose compiler cache is empty, and a fifth of that would be spent on the same headers again and
# again. With LOTIC_PRECOMPILE they are parsed once. ./test has it off: each file is compiled as it stands, so that none leans on what another
# one includes, and so that the compiler cache serves other checkouts.
set(LOTIC_STANDARD_HEADERS
  <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <cstdint> <cstring> <functional> <limits> <map> <memory> <mutex>
  <optional> <set> <span> <stop_token> <string> <string_view> <thread> <utility> <variant> <vector>)
if(LOTIC_PRECOMPILE)
  file(WRITE ${PROJECT_BINARY_DIR}/precompiled.cc "")
  add_library(lotic_precompiled STATIC ${PROJECT_BINARY_DIR}/precompiled.cc)
  target_precompile_headers(lotic_precompiled PRIVATE ${LOTIC_STANDARD_HEADERS})
  # gcc forgets that a precompiled header is the system's, and warns of what it inlines from there. Our own warnings are ./test's.
  add_compile_options(-w)
endif()
