# SPDX-License-Identifier: Apache-2.0
# One call per target. Every folder under src/ is one library named after it; the arrows between folders are checked by
# tests/structure, from the #include lines themselves.

# lotic_library(NAME SOURCES a.cc b.cc [DEPS target...]): the static library of a folder.
function(lotic_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PUBLIC ${arg_DEPS})
  if(LOTIC_PRECOMPILE)
    target_precompile_headers(${name} REUSE_FROM lotic_precompiled)
  endif()
endfunction()

# lotic_test(NAME SOURCES x_test.cc [DEPS target...] [LABEL quick|kafka|...] [TIMEOUT seconds]): a GoogleTest program, one ctest case
# per program. LABEL quick is the default; the other labels are packs, run by ./test --packs. Tests run in the top build folder, where
# LOTIC_TESTDATA, a relative path, leads to testdata/: an absolute one in a definition would cost every hit of the compiler cache.
# A second label, `bytes`, marks the tests of the folders that take apart what others sent (LOTIC_BYTES_FOLDERS); target lotic_bytes
# builds them and the corpus replays, which is what ./test --packs runs once more under the sanitizers.
set(LOTIC_BYTES_FOLDERS src/kafka_protocol src/athena_protocol src/format)
if(LOTIC_TESTS)
  add_custom_target(lotic_bytes)
endif()

function(lotic_test name)
  if(NOT LOTIC_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL quick)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE LOTIC_TESTDATA="testdata")
  target_link_libraries(${name} PRIVATE ${arg_DEPS} GTest::gmock GTest::gtest_main)
  # ./test counts the cases of this report.
  add_test(NAME ${name} COMMAND ${name} --gtest_output=xml:${CMAKE_BINARY_DIR}/test-results/${name}.xml)
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  if(folder IN_LIST LOTIC_BYTES_FOLDERS)
    list(APPEND arg_LABEL bytes)
    add_dependencies(lotic_bytes ${name})
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

# lotic_benchmark(NAME SOURCES x_benchmark.cc [DEPS ...]): a Google Benchmark program, run once briefly in the quick suite.
function(lotic_benchmark name)
  if(NOT LOTIC_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} benchmark::benchmark_main)
  if(NOT LOTIC_SANITIZE)
    add_test(NAME ${name} COMMAND ${name} --benchmark_min_time=0.001)
    set_tests_properties(${name} PROPERTIES LABELS quick TIMEOUT 60)
  endif()
endfunction()

# lotic_fuzz(NAME SOURCES x_fuzz.cc CORPUS dir [DEPS ...]): a libFuzzer target under clang; under any compiler a program that
# replays the corpus (label `corpus`). Sources define LLVMFuzzerTestOneInput.
function(lotic_fuzz name)
  if(NOT LOTIC_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "CORPUS" "SOURCES;DEPS" ${ARGN})
  add_executable(${name}_replay ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cc)
  target_link_libraries(${name}_replay PRIVATE ${arg_DEPS})
  add_dependencies(lotic_bytes ${name}_replay)
  add_test(NAME ${name}_replay COMMAND ${name}_replay ${arg_CORPUS})
  set_tests_properties(${name}_replay PROPERTIES LABELS corpus TIMEOUT 900)
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE ${arg_DEPS})
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()
