# SPDX-License-Identifier: Apache-2.0
# Where things are. Sourced by every script, under bash, with `root` set to the source folder.
#
#   LOTIC_CACHE   the user's cache folder of Lotic: downloads, fetched packages, builds of read-only source folders
#   LOTIC_DEPS    fetched packages, one folder per name and version; CMake's option of the same name
#   LOTIC_JOBS    compile jobs: min(cores, memory / 2 GiB), at least 1

LOTIC_CACHE=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/lotic
LOTIC_DEPS=$LOTIC_CACHE/deps

# Versions and checksums are pinned in scripts/packages.sh; these names are part of paths that others know too.
DUCKDB_FOLDER=duckdb-1.5.6
RDKAFKA_FOLDER=librdkafka-2.15.1
ATHENA_SDK_FOLDER=athena-sdk-2026.24.1
BOTO3_FOLDER=boto3-1.44.5
PYARROW_FOLDER=pyarrow-26.0.1
KINESIS_LOCAL_FOLDER=kinesis-local-0.6.2
DUCKDB_PYTHON_FOLDER=duckdb-python-1.5.6
PINOTDB_FOLDER=pinotdb-9.2.2
CLANG_FORMAT_FOLDER=clang-format-14.0.6
FLINK_FOLDER=flink-1.20.3
PYSPARK_FOLDER=pyspark-4.3.0
SPARK_KAFKA_FOLDER=spark-kafka-4.2.0
PINOT_FOLDER=pinot-0.11.0

say() { printf '%s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

lotic_jobs() {
  local cores kib limit
  cores=$(nproc 2>/dev/null || echo 1)
  kib=$(awk '/^MemTotal:/ {print $2}' /proc/meminfo 2>/dev/null || true)
  # A container's memory limit counts, where it is smaller.
  if [ -r /sys/fs/cgroup/memory.max ]; then
    limit=$(cat /sys/fs/cgroup/memory.max)
    if [ "$limit" != max ] && [ $((limit / 1024)) -lt "${kib:-0}" ]; then kib=$((limit / 1024)); fi
  fi
  local by_memory=$((${kib:-2097152} / 2097152))
  local jobs=$((cores < by_memory ? cores : by_memory))
  echo $((jobs < 1 ? 1 : jobs))
}
LOTIC_JOBS=${LOTIC_JOBS:-$(lotic_jobs)}

# build_folder PRESET: build/PRESET in the source folder, or a folder of the cache where the source cannot be written.
build_folder() {
  if [ -w "$root/build" ] || { [ ! -e "$root/build" ] && [ -w "$root" ]; }; then
    echo "$root/build/$1"
  else
    echo "$LOTIC_CACHE/build/$(printf '%s' "$root" | cksum | cut -d' ' -f1)/$1"
  fi
}
