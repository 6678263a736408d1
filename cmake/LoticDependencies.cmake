# SPDX-License-Identifier: Apache-2.0
# Debian's packages by find_package or pkg-config; the fetched ones from LOTIC_DEPS (scripts/setup). DESIGN: docs/architecture.md.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(EDIT REQUIRED IMPORTED_TARGET libedit)
find_package(Snappy REQUIRED)
find_package(simdjson REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
if(LOTIC_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
endif()
# The folder names carry the versions, as scripts/environment.sh has them.
if(LOTIC_SQL)
  set(duckdb_folder ${LOTIC_DEPS}/duckdb-1.5.6)
  if(NOT EXISTS ${duckdb_folder}/lib/libduckdb.so)
    message(FATAL_ERROR "DuckDB 1.5.6 is not in LOTIC_DEPS (${LOTIC_DEPS}): run scripts/setup and pass the folder it prints, "
      "or configure with -DLOTIC_SQL=OFF")
  endif()
  add_library(duckdb SHARED IMPORTED)
  set_target_properties(duckdb PROPERTIES IMPORTED_LOCATION ${duckdb_folder}/lib/libduckdb.so
    IMPORTED_SONAME libduckdb.so)
  target_include_directories(duckdb SYSTEM INTERFACE ${duckdb_folder}/include)
endif()
# librdkafka, the oracle of tests and benchmarks: target `rdkafka` where scripts/setup --test has built it.
set(rdkafka_folder ${LOTIC_DEPS}/librdkafka-2.15.1)
if(LOTIC_TESTS AND EXISTS ${rdkafka_folder}/lib/librdkafka.a)
  add_library(rdkafka STATIC IMPORTED)
  set_target_properties(rdkafka PROPERTIES IMPORTED_LOCATION ${rdkafka_folder}/lib/librdkafka.a
    INTERFACE_LINK_LIBRARIES "OpenSSL::SSL;OpenSSL::Crypto;ZLIB::ZLIB;PkgConfig::ZSTD;Threads::Threads;m;dl")
  target_include_directories(rdkafka SYSTEM INTERFACE ${rdkafka_folder}/include)
endif()
